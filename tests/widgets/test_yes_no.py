"""The checkbox says its state in words, not in colour alone."""

from textual.app import App, ComposeResult

from console.widgets.yes_no import YesNo


class _One(App[None]):
    def compose(self) -> ComposeResult:
        yield YesNo("it is so", "it is not so", id="one")


async def test_the_mark_and_the_words_follow_the_value() -> None:
    """Off shows no X and says no; on shows it and says yes."""
    async with _One().run_test() as pilot:
        box = pilot.app.query_one(YesNo)
        assert (str(box.label), box.BUTTON_INNER) == ("no, it is not so", " ")
        await pilot.press("space")
        assert (str(box.label), box.BUTTON_INNER) == ("yes, it is so", "X")
        await pilot.press("space")
        assert (str(box.label), box.BUTTON_INNER) == ("no, it is not so", " ")

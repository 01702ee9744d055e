"""What ended the console once, each by itself: keys that come twice, too early, or for something that is gone."""

from collections.abc import Iterator

import pytest
from textual import events
from textual.widgets import Input

from console.app.application import ConsoleApp
from console.screens.danger import DangerDialog
from console.screens.help import HelpDialog
from console.screens.palette import PaletteDialog
from console.screens.panic import PanicDialog
from console.widgets.rows import Rows
from tests.screens.conftest import opened, press, settle, type_slowly
from tests.support.fakes import RUN_ID, FakeBackend
from tests.support.unpainted import painted


@pytest.fixture(autouse=True)
def _painted() -> Iterator[None]:
    """What is painted after a key can end a console too."""
    with painted():
        yield


def _at_once(app: ConsoleApp, *keys: str) -> None:
    """Keys that are all there before the first of them has been handled."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize(
    "keys",
    [
        ("ctrl+p", "ctrl+x", "ctrl+p"),
        ("ctrl+p", "ctrl+p", "ctrl+p"),
        ("ctrl+p", "pagedown", "pageup"),
        ("question_mark", "escape", "escape", "escape"),
        ("question_mark", "question_mark"),
        ("ctrl+x", "escape", "escape", "enter", "enter"),
        ("ctrl+x", "s", "s", "s"),
        ("3", "A", "escape", "escape", "1"),
        ("3", "A", "A", "enter", "enter"),
        ("4", "i", "ctrl+y", "ctrl+y"),
        ("2", "p", "L", "ctrl+y", "ctrl+y"),
        ("1", "2", "3", "4", "5", "6", "1"),
        ("9", "t", "x", "t", "1", "9", "x"),
        ("ctrl+r", "enter", "enter", "escape", "1", "ctrl+r", "e", "escape"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("waiting", [False, True], ids=["at once", "one by one"])
async def test_these_keys_leave_the_console_where_it_can_be_used(keys: tuple[str, ...], *, waiting: bool) -> None:
    async with opened(FakeBackend()) as (app, pilot):
        if waiting:
            await press(pilot, *keys)
        else:
            _at_once(app, *keys)
        await settle(pilot)
        await press(pilot, "escape", "escape", "escape", "ctrl+x")
        assert isinstance(app.screen, PanicDialog)


async def test_a_dialog_gives_its_answer_once() -> None:
    """Enter twice, or Esc behind it: the screen below is not left with it, and nothing is done twice."""
    backend = FakeBackend()
    async with opened(backend, "3", "A") as (app, pilot):
        dialog = app.screen
        assert isinstance(dialog, DangerDialog)
        dialog.query_one("#confirm", Input).value = RUN_ID
        for _ in range(3):
            dialog.action_confirm()
        dialog.action_no()
        await settle(pilot)
        assert [call for call in backend.calls if call.startswith("arm")] == [f"arm {RUN_ID} {RUN_ID}"]
        assert len(app.screen_stack) == 1


async def test_a_dialog_below_another_is_not_dismissed_by_what_comes_late() -> None:
    """The answer of the one above would go to the wrong question."""
    async with opened(FakeBackend(), "question_mark", "ctrl+x") as (app, pilot):
        below = app.screen_stack[-2]
        assert isinstance(below, HelpDialog)
        below.action_no()
        await settle(pilot)
        assert isinstance(app.screen, PanicDialog)


async def test_a_dialog_that_is_left_before_it_was_built_is_no_failure() -> None:
    async with opened(FakeBackend()) as (app, pilot):
        for _ in range(20):
            dialog = PanicDialog()
            app.push_screen(dialog)
            dialog.dismiss(None)
        await settle(pilot)
        await press(pilot, "escape", "escape")
        assert app.is_running


@pytest.mark.parametrize("action", ["stop", "no"])
async def test_the_stop_key_counts_before_its_dialog_was_built(action: str) -> None:
    """`^X s` in one breath ended the console, and nothing was stopped."""
    backend = FakeBackend()
    async with opened(backend) as (app, pilot):
        app.action_panic()
        await app.screen.run_action(action)
        await settle(pilot)
        assert len([call for call in backend.calls if call.startswith("panic")]) == (action == "stop")
        assert not isinstance(app.screen, PanicDialog)


@pytest.mark.parametrize(
    "keys", [("question_mark",), ("ctrl+p",), ("3", "A"), ("4", "i"), ("2", "p", "L")], ids=" ".join
)
async def test_no_other_dialog_does_anything_before_it_was_built(keys: tuple[str, ...]) -> None:
    """A key that comes too early does nothing; it was a failure."""
    backend = FakeBackend()
    async with opened(backend, *keys) as (app, pilot):
        made = type(app.screen)
        # The palette keeps no scope: it is that of the screen below.
        kept = (getattr(app.screen, name) for name in _MADE_WITH.get(made.__name__, ()))
        arguments = [app.console_screens()[-1].SCOPE] if made.__name__ == "PaletteDialog" else [*kept]
        early = made(*arguments)
        app.push_screen(early)
        for binding in list(early._bindings.key_to_bindings.values()):
            await early.run_action(binding[0].action)
        await settle(pilot)
        assert app.is_running


_MADE_WITH = {
    "HelpDialog": ("_subject", "_scope"),
    "DangerDialog": ("_danger", "_run_id"),
    "ImportDialog": ("_view",),
    "StartLiveDialog": ("_request", "_n_units", "_target"),
    "StartRepealDialog": ("_docprefix", "_law", "_target"),
}


async def test_a_key_for_a_widget_that_is_not_there_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last net below all of these: whatever screen it is, and whatever it looked for."""

    def looks_for_nothing(app: ConsoleApp) -> None:
        app.screen.query_one("#not-there")

    monkeypatch.setattr(ConsoleApp, "action_theme", looks_for_nothing)
    async with opened(FakeBackend()) as (app, pilot):
        await press(pilot, "ctrl+t", "ctrl+x")
        assert isinstance(app.screen, PanicDialog)


async def test_the_palette_finds_by_letters_and_takes_what_is_chosen() -> None:
    async with opened(FakeBackend(), "ctrl+p") as (app, pilot):
        assert isinstance(app.screen, PaletteDialog)
        await type_slowly(pilot, "go")
        await press(pilot, "space")
        await type_slowly(pilot, "drift")
        await press(pilot, "enter")
        assert app.screen.query("#difference-list")


async def test_page_keys_in_an_empty_palette_and_enter_on_nothing_do_nothing() -> None:
    async with opened(FakeBackend(), "ctrl+p", *"zzz", "pagedown", "pageup", "down", "up", "enter") as (app, _pilot):
        assert isinstance(app.screen, PaletteDialog)
        assert app.screen.query_one("#found", Rows).row_count == 0


async def test_the_palette_takes_an_action_of_the_screen_below() -> None:
    """A dangerous one opens its dialog, as its key does."""
    async with opened(FakeBackend(), "3", "ctrl+p", "a", "r", "m", "space", "t", "h", "e", "enter") as (app, _pilot):
        assert isinstance(app.screen, DangerDialog)


async def test_an_answer_for_a_screen_that_was_left_draws_nothing_and_ends_nothing() -> None:
    async with opened(FakeBackend()) as (app, pilot):
        _at_once(app, "3", "4", "3", "A", "escape", "2", "p", "1")
        await settle(pilot)
        app.exit(0)
        app.measure()
        app.action_refresh()
    assert app.return_code == 0

"""Keys that arrive together do in a field what they do one by one."""

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Input

from console.widgets.field import Field

NAMES = {"\x7f": "backspace", "\t": "tab", "←": "left", "⇤": "shift+tab", "⏎": "enter", "⌫": "ctrl+u", "¡": "ctrl+y"}


class Form(App[None]):
    """Two fields, of which the second has a text, and a key that reads the first one."""

    BINDINGS = [Binding("ctrl+y", "read", priority=True)]  # noqa: RUF012 - as Textual wants it

    def compose(self) -> ComposeResult:
        """Compose the fields."""
        yield Field(id="first")
        yield Field("old", id="second")

    def on_mount(self) -> None:
        """Begin with nothing read."""
        self.seen: list[str] = []

    def action_read(self) -> None:
        """Read the first field."""
        self.seen.append(self.query_one("#first", Field).value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the field that was submitted."""
        self.seen.append(event.value)


async def burst(pilot: Pilot[None], keys: str) -> None:
    """Send keys as a line that was slow delivers them: all at once."""
    for key in keys:
        name = NAMES.get(key, key)
        pilot.app.post_message(events.Key(name, None if key in NAMES else key))
    await pilot.pause()


@pytest.mark.parametrize(
    ("keys", "first", "second"),
    [
        ("wrong\x7f\x7f\x7f\x7f\x7fright", "right", "old"),
        ("ac←b", "abc", "old"),
        ("one\ttwo", "one", "two"),
        ("one\ttwo⇤three", "three", "two"),
        ("one\t\x7ftwo", "one", "two"),
        ("onetwo⌫three", "three", "old"),
    ],
)
async def test_keys_that_arrive_together_act_in_their_order(keys: str, first: str, second: str) -> None:
    async with Form().run_test() as pilot:
        await burst(pilot, keys)
        assert pilot.app.query_one("#first", Field).value == first
        assert pilot.app.query_one("#second", Field).value == second


@pytest.mark.parametrize("key", ["⏎", "¡"])
async def test_what_was_typed_before_a_key_is_there_when_it_acts(key: str) -> None:
    form = Form()
    async with form.run_test() as pilot:
        await burst(pilot, f"wrn\x7fong{key}")
        assert form.seen == ["wrong"]


async def test_the_cursor_of_a_field_does_not_blink() -> None:
    """Twice a second it would send bytes down a slow line, and a picture would depend on the moment."""
    async with Form().run_test() as pilot:
        for field in pilot.app.query(Field):
            field.focus()
            await pilot.pause()
            assert field._cursor_visible
            assert field._blink_timer is not None
            assert not field._blink_timer._active.is_set()


async def test_a_field_is_selected_when_it_is_entered_again() -> None:
    async with Form().run_test() as pilot:
        await burst(pilot, "one\t")
        await burst(pilot, "⇤")
        await burst(pilot, "two")
        assert pilot.app.query_one("#first", Field).value == "two"


@pytest.mark.parametrize("text", ["", "some text"])
@pytest.mark.parametrize("key", sorted({key for binding in Input.BINDINGS for key in binding.key.split(",")}))  # type: ignore[union-attr]
async def test_every_key_of_an_input_is_safe_in_a_field_with_nothing_selected(key: str, text: str) -> None:
    async with Form().run_test() as pilot:
        field = pilot.app.query_one("#first", Field)
        field.value, field.cursor_position = text, 0
        pilot.app.post_message(events.Key(key, None))
        await pilot.pause()
        await burst(pilot, "¡")
        assert pilot.app.is_running


async def test_a_key_that_a_field_has_no_use_for_goes_to_the_application() -> None:
    """The keys that copy what is selected are somebody else's while nothing is."""
    form = Form()
    async with form.run_test() as pilot:
        form.bind("super+c", "read")
        form.post_message(events.Key("super+c", None))
        await pilot.pause()
        assert form.seen == [""]

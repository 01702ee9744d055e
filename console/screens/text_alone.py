"""A text alone on the screen, to be marked with the mouse where the terminal takes no OSC 52."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.actions.keys_in_force import keys_of_action
from console.screens.drawable import Steady, was_built
from console.widgets.line import Span, line
from console.widgets.panel import Lines
from console.widgets.plain_text import CommandText, PlainText


class TextAlone(Steady, ModalScreen[None]):
    """A text on the whole screen, without frame, numbers or colours; Esc closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False, priority=True),
    ]
    CSS_PATH = ["rows.tcss", "text_alone.tcss"]  # noqa: RUF012

    def __init__(self, text: str, *, is_command: bool = False) -> None:
        super().__init__()
        self._text = text
        self._is_command = is_command
        self._bindings.bind(",".join(keys_of_action("show_alone")), "close", "Close", show=False)

    def compose(self) -> ComposeResult:
        """Compose the text and the keys."""
        yield CommandText("", id="alone") if self._is_command else PlainText("", id="alone")
        yield Lines(id="alone-keys")

    def on_mount(self) -> None:
        """Show the text, unless the screen was closed before it was built."""
        if was_built(self):
            text = self.query_one("#alone", PlainText)
            text.show_text(self._text)
            text.focus()
            self.query_one("#alone-keys", Lines).show(
                [
                    line(
                        Span("Esc", "accent"),
                        " back   ",
                        Span("Shift", "accent"),
                        " and the mouse mark text in most terminals",
                    )
                ]
            )

    def action_close(self) -> None:
        """Go back."""
        if self.app.screen is self:
            self.dismiss(None)

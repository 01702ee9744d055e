"""The dialog that asks for a word or a place. It changes nothing, so Enter takes what is typed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from console.backend.model.safe_text import safe_text
from console.screens.dialog import Dialog
from console.widgets.field import Field
from console.widgets.line import Line, Span, line


class TypedDialog(Dialog[str]):
    """A dialog that answers with what was typed, or None."""

    LINES: ClassVar[tuple[str, ...]] = ()
    HINT: ClassVar[str] = ""
    CANCEL: ClassVar[str] = "Cancel"
    AUTO_FOCUS = "#typed"
    FIELD: ClassVar[str] = "#typed"

    def __init__(self, before: str = "") -> None:
        super().__init__()
        self._before = before

    def question(self) -> ComposeResult:
        """Compose the field."""
        yield Field(self._before, id="typed", placeholder=self.HINT, compact=True)

    def opened(self) -> None:
        """Say what can be typed."""
        super().opened()
        self.body([line(words) for words in self.lines()])

    def lines(self) -> tuple[str, ...]:
        """Return the lines above the field."""
        return self.LINES

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(Span("Enter", "accent"), " take it   ", Span("Esc", "accent"), " no", *self.stop_hint())

    def say(self, words: str) -> None:
        """Say below what can be typed why it was not taken."""
        self.body([*(line(row) for row in self.lines()), line(Span(safe_text(words), "bad"))])

    def take(self, typed: str) -> None:
        """Answer with what was typed."""
        self.dismiss(typed)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        self.take(event.value.strip())

"""The dialog that chooses one of many by some letters: the palette, and the list of journals."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.screens.dialog import Dialog
from console.widgets.field import Field
from console.widgets.line import Line, Span, line
from console.widgets.rows import Rows

C = TypeVar("C")


class ChoosingDialog(Dialog[C], Generic[C]):
    """A dialog that answers with what was chosen, or None. The letters keep the focus; Up and Down move in the list."""

    TALL: ClassVar[bool] = True
    AUTO_FOCUS = "#search"
    FIELD: ClassVar[str] = "#search"
    HINT: ClassVar[str] = ""
    """Words in the empty field."""
    NOTHING: ClassVar[str] = ""
    """The text of a list in which nothing matches."""
    NO: ClassVar[str] = "no"
    """Word for what Esc does."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "turn('move', 1)", "Down", show=False),
        Binding("up", "turn('move', -1)", "Up", show=False),
        Binding("pagedown", "turn('page', 1)", "Page down", show=False),
        Binding("pageup", "turn('page', -1)", "Page up", show=False),
    ]

    def __init__(self, matching: Callable[[str], tuple[C, ...]], row: Callable[[C], Line]) -> None:
        super().__init__()
        self._matching_of, self._row = matching, row
        self._matching: tuple[C, ...] = ()

    def question(self) -> ComposeResult:
        """Compose the field and the list that it filters."""
        yield Field(id="search", placeholder=self.HINT, compact=True)
        yield Rows("", empty=self.NOTHING, id="found")

    def opened(self) -> None:
        """Show every choice before a letter is typed."""
        super().opened()
        self.query_one("#dialog-body").display = False
        self._search("")

    def _search(self, typed: str) -> None:
        self._matching = self._matching_of(typed)
        rows = self.query_one("#found", Rows)
        rows.show(tuple(self._row(choice) for choice in self._matching))
        rows.cursor = 0

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        self._search(event.value)

    @on(Input.Submitted, "#search")
    @on(Rows.Chosen, "#found")
    def _choose(self) -> None:
        index = self.query_one("#found", Rows).cursor
        if index < len(self._matching):
            self.dismiss(self._matching[index])

    def action_turn(self, how: str, by: int) -> None:
        """Move in the list while the letters keep the focus."""
        rows = self.query_one("#found", Rows)
        (rows.action_page if how == "page" else rows.action_move)(by)

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(
            Span("Enter", "accent"), " takes it   ", Span("Up Down", "accent"), " choose   ",
            Span("Esc", "accent"), f" {self.NO}", *self.stop_hint(),
        )  # fmt: skip


def has_words(text: str, typed: str) -> bool:
    """Return whether every typed word occurs in the text, in any case of its letters."""
    return all(word in text.casefold() for word in typed.casefold().split())

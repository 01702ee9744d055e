"""The dialogs of Journal: a word, a place, another run. None of them changes anything, so Enter takes what is typed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.backend.runs.journals import JournalFile
from console.screens.dialog import Dialog
from console.screens.journal_text import file_row
from console.widgets.field import Field
from console.widgets.line import Line, Span, line
from console.widgets.rows import Rows


class _Typed(Dialog[str]):
    """A dialog that answers with what was typed, or None."""

    LINES: ClassVar[tuple[str, ...]] = ()
    HINT: ClassVar[str] = ""
    CANCEL: ClassVar[str] = "Cancel"
    AUTO_FOCUS = "#typed"

    def __init__(self, before: str = "") -> None:
        super().__init__()
        self._before = before

    def question(self) -> ComposeResult:
        """Compose the field."""
        yield Field(self._before, id="typed", placeholder=self.HINT, compact=True)

    def opened(self) -> None:
        """Say what can be typed."""
        super().opened()
        self.body([line(words) for words in self.LINES])

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(Span("Enter", "accent"), " take it   ", Span("Esc", "accent"), " no", *self.stop_hint())

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())


class WordDialog(_Typed):
    """Asks for the word that records must have."""

    WORDS: ClassVar[str] = "Filter the journal by a word"
    LINES: ClassVar[tuple[str, ...]] = (
        "Records in which it occurs: a phase, a field or its value, a time, a hash.",
        "Small and capital letters are the same. Empty: all records.",
    )
    HINT: ClassVar[str] = "such as cut_leg_a, xid, FAIL, 2026-11-28T02:4"


class PlaceDialog(_Typed):
    """Asks for a place in the journal."""

    WORDS: ClassVar[str] = "Go to a record or a time"
    LINES: ClassVar[tuple[str, ...]] = (
        "123: the record of this number",
        "02:40: this time of the journal's last day, in UTC",
        "2026-11-28: the first record of the day",
        "2026-11-28T02:40Z, or with +07:00 in place of Z: from that time on",
    )
    HINT: ClassVar[str] = "number or time"


class JournalsDialog(Dialog[str]):
    """Answers with the run whose journal is wanted, or None."""

    WORDS: ClassVar[str] = "Whose journal?"
    TALL: ClassVar[bool] = True
    CANCEL: ClassVar[str] = "Cancel"
    AUTO_FOCUS = "#search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "turn('move', 1)", "Down", show=False),
        Binding("up", "turn('move', -1)", "Up", show=False),
        Binding("pagedown", "turn('page', 1)", "Page down", show=False),
        Binding("pageup", "turn('page', -1)", "Page up", show=False),
    ]

    def __init__(self, files: tuple[JournalFile, ...]) -> None:
        super().__init__()
        self._files = files
        self._matching = files

    def question(self) -> ComposeResult:
        """Compose the field and the list that it filters."""
        yield Field(id="search", placeholder="some letters of the run's id", compact=True)
        yield Rows("", empty="No journal of a run with these letters.", id="found")

    def opened(self) -> None:
        """Show every journal before a letter is typed."""
        super().opened()
        self.query_one("#dialog-body").display = False
        self._search("")

    def _search(self, typed: str) -> None:
        wanted = typed.casefold().split()
        self._matching = tuple(file for file in self._files if all(word in file.run_id.casefold() for word in wanted))
        rows = self.query_one("#found", Rows)
        rows.show(tuple(file_row(file) for file in self._matching))
        rows.cursor = 0

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        self._search(event.value)

    @on(Input.Submitted, "#search")
    @on(Rows.Chosen, "#found")
    def _choose(self) -> None:
        index = self.query_one("#found", Rows).cursor
        if index < len(self._matching):
            self.dismiss(self._matching[index].run_id)

    def action_turn(self, how: str, by: int) -> None:
        """Move in the list while the letters keep the focus."""
        rows = self.query_one("#found", Rows)
        (rows.action_page if how == "page" else rows.action_move)(by)

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(
            Span("Enter", "accent"), " takes it   ", Span("Up Down", "accent"), " choose   ",
            Span("Esc", "accent"), " no", *self.stop_hint(),
        )  # fmt: skip

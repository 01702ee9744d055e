"""The dialogs of Journal: a word, a place, another run. None of them changes anything, so Enter takes what is typed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from console.backend.runs.journals import JournalFile
from console.screens.choosing import ChoosingDialog, has_words
from console.screens.dialog import Dialog
from console.screens.journal_text import file_row
from console.widgets.field import Field
from console.widgets.line import Line, Span, line


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


class JournalsDialog(ChoosingDialog[JournalFile]):
    """Answers with the journal that is wanted, or None."""

    WORDS: ClassVar[str] = "Whose journal?"
    HINT: ClassVar[str] = "some letters of the run's id"
    NOTHING: ClassVar[str] = "No journal of a run with these letters."

    def __init__(self, files: tuple[JournalFile, ...]) -> None:
        super().__init__(lambda typed: tuple(file for file in files if has_words(file.run_id, typed)), file_row)

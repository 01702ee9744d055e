"""The dialogs of Journal: a word, a place, another run. None of them changes anything, so Enter takes what is typed."""

from typing import ClassVar

from console.backend.runs.journals import JournalFile
from console.screens.choosing import ChoosingDialog, has_words
from console.screens.journal_text import file_row
from console.screens.typed import TypedDialog


class WordDialog(TypedDialog):
    """Asks for the word that records must have."""

    WORDS: ClassVar[str] = "Filter the journal by a word"
    LINES: ClassVar[tuple[str, ...]] = (
        "Records in which it occurs: a phase, a field or its value, a time, a hash.",
        "Small and capital letters are the same. Empty: all records.",
    )
    HINT: ClassVar[str] = "such as cut_leg_a, xid, FAIL, 2026-11-28T02:4"


class PlaceDialog(TypedDialog):
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

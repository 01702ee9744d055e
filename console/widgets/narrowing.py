"""Filters of lists and searches in texts: what is typed, which rows it takes, and what it hides; pure functions.

Every list has the same filter. What it hides is counted, and a hidden row that fails, or could not be measured, is
counted by its word: a filter must not make anything look better than it is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol, runtime_checkable

from rich.cells import cell_len

from console.backend.model.folding import searched
from console.widgets.formatting import count, shortened
from console.widgets.line import Line, Span, plain

_TERM = re.compile(r'(?P<out>!)?(?:(?P<column>\w+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))')
_GRAVE = ("FAIL", "INVALID", "REFUSED", "INTERRUPTED", "UNSETTLED", "INCONCLUSIVE")
"""Words that are told first, in this order."""


class Term(NamedTuple):
    """A word or a phrase that must occur, or must not; in one column, or anywhere if `column` is empty."""

    word: str
    column: str
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list that can be filtered.

    `key` tells the row from others, also after the list was read again. `alarm` is the word that is counted if the row
    is hidden: FAIL, INCONCLUSIVE or another state that nobody may miss. `more` has words that are searched and not
    drawn; `columns` are the names and texts that `name:word` looks in. `shows` is False if another filter than the
    typed one hides the row.
    """

    line: Line
    key: str = ""
    alarm: str = ""
    more: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    shows: bool = True

    @property
    def text(self) -> str:
        """Return the words of the row."""
        return plain(self.line)


@dataclass(frozen=True, slots=True)
class Needle:
    """The text of a filter and its terms. Each must hold: `word`, `"two words"`, `!word` for not, `column:word`."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    @classmethod
    def of(cls, text: str, columns: frozenset[str] = frozenset()) -> "Needle":
        """Read what was typed; a column that the list does not have is part of a word."""
        return cls(text, tuple(term for match in _TERM.finditer(text) if (term := _term(match, columns)) is not None))

    def takes(self, row: Row) -> bool:
        """Return whether every term holds for the row."""
        return not self.terms or self._takes(row)

    def _takes(self, row: Row) -> bool:
        whole = _of_row(row)
        columns = {name: searched(text) for name, text in row.columns} if any(t.column for t in self.terms) else {}
        return all(
            (term.word in (columns.get(term.column, "") if term.column else whole)) is term.is_wanted
            for term in self.terms
        )

    def is_in(self, text: str) -> bool:
        """Return whether every term holds for a text that `searched` has made."""
        return bool(self.terms) and all((term.word in text) is term.is_wanted for term in self.terms)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return begin and end of each place of a wanted word, in order and without overlaps."""
        words = [term.word for term in self.terms if term.is_wanted]
        if not words:
            return []
        letters, indexes = [], []
        for index, char in enumerate(text):
            for letter in _letters(char):
                letters.append(letter)
                indexes.append(index)
        pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        return [
            (indexes[match.start()], indexes[match.end() - 1] + 1) for match in re.finditer(pattern, "".join(letters))
        ]

    def marked(self, spans: Line) -> Line:
        """Return the line with its matches in the tone of a match."""
        places = self.places(plain(spans))
        if not places:
            return spans
        marked: list[Span] = []
        at = 0
        for span in spans:
            end = at + len(span.text)
            marked += _cut(span, [(max(begin, at) - at, min(stop, end) - at) for begin, stop in places])
            at = end
        return tuple(marked)


def _term(match: re.Match[str], columns: frozenset[str]) -> Term | None:
    column = (match["column"] or "").lower()
    is_wanted = not match["out"]
    word = searched(match["phrase"] if match["phrase"] is not None else match["word"])
    if column and column not in columns:
        word, column = f"{column}:{word}", ""
    # The beginning of a term, such as `!` or `state:`, asks nothing yet.
    if match[0] == "!" or (not column and word.endswith(":") and word[:-1] in columns):
        return None
    return Term(word, column, is_wanted) if word else None


@lru_cache(4096)
def _letters(char: str) -> str:
    return searched(char)


def _of_row(row: Row) -> str:
    return searched(f"{row.text} {row.more}")


def _cut(span: Span, places: Iterable[tuple[int, int]]) -> list[Span]:
    pieces, at = [], 0
    for begin, end in places:
        if begin < end:
            pieces += [Span(span.text[at:begin], span.tone), Span(span.text[begin:end], "match")]
            at = end
    pieces.append(Span(span.text[at:], span.tone))
    return [piece for piece in pieces if piece.text]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The rows that a filter lets through, and what it hides."""

    visible: tuple[int, ...]
    total: int
    hidden: tuple[tuple[str, int], ...]
    """Words of hidden rows that nobody may miss, with their numbers; the gravest first."""

    @property
    def hides(self) -> bool:
        """Return whether a row is hidden."""
        return len(self.visible) < self.total

    @property
    def told(self) -> str:
        """Return text such as `3 of 12, hidden: 1 FAIL, 2 INCONCLUSIVE`."""
        number = f"{count(len(self.visible))} of {count(self.total)}"
        hidden = ", ".join(f"{count(n)} {word}" for word, n in self.hidden)
        return f"{number}, hidden: {hidden}" if hidden else number


def narrowed(rows: Sequence[Row], needle: Needle) -> Narrowing:
    """Apply a filter to rows."""
    visible = tuple(index for index, row in enumerate(rows) if row.shows and needle.takes(row))
    if len(visible) == len(rows):
        return Narrowing(visible, len(rows), ())
    shown = set(visible)
    hidden = Counter(row.alarm for index, row in enumerate(rows) if index not in shown and row.alarm)
    ordered = sorted(hidden.items(), key=lambda item: _GRAVE.index(item[0]) if item[0] in _GRAVE else len(_GRAVE))
    return Narrowing(visible, len(rows), tuple(ordered))


def told_of(narrowing: Narrowing, needle: Needle, width: int) -> str:
    """Return the words in the lower border of a list: numbers first, then what was typed, in this many cells.

    Empty if nothing was typed and nothing is hidden.
    """
    if not needle.text and not narrowing.hides:
        return ""
    return with_needle(narrowing.told, needle, width)


def with_needle(numbers: str, needle: Needle, width: int) -> str:
    """Return numbers and what was typed; what was typed is shortened, numbers never."""
    if not needle.text:
        return numbers
    from console.backend.model.safe_text import safe_text

    room = width - cell_len(numbers) - 2
    return f"{numbers} /{shortened(safe_text(needle.text), max(room, 4))}"


@runtime_checkable
class Narrowed(Protocol):
    """A list that is filtered, or a text that is searched."""

    @property
    def needle(self) -> Needle:
        """Return what was typed."""

    @property
    def told(self) -> str:
        """Return the numbers: rows that show, or matches."""

    def narrow(self, text: str) -> None:
        """Filter or search by this text at once; an empty one ends it."""


class Together:
    """Several lists that are filtered as one."""

    def __init__(self, *lists: Narrowed) -> None:
        self._lists = lists

    @property
    def needle(self) -> Needle:
        """Return what was typed."""
        return next((part.needle for part in self._lists if part.needle.text), Needle())

    @property
    def told(self) -> str:
        """Return the numbers of each list."""
        return "; ".join(part.told for part in self._lists)

    def narrow(self, text: str) -> None:
        """Filter all of them."""
        for part in self._lists:
            part.narrow(text)

"""The lines of a text by number, and the pieces of it that are dropped."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from console.backend.documents.furniture_rules import SPACES
from console.backend.model.plan import DropRule

FULL_LINE = 40
"""Characters beyond which a line can be a full one; table cells and headings are shorter."""


class Piece(NamedTuple):
    """A stretch of text that is dropped, by offset in characters."""

    start: int
    end: int
    rule: DropRule
    mark: str = ""
    """Number of the footnote."""


class Page(NamedTuple):
    """Lines of one page, without its head: the first, and the one behind the last."""

    first: int
    end: int


class Lines:
    """The lines of a text. Numbers begin with 0 here."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self.count = len(self._lines)
        self._texts = [line.strip(SPACES) for line in self._lines]
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._starts[-1] = len(text)  # The last line may lack its LF.

    def text(self, number: int) -> str:
        """Return a line without the spaces around it."""
        return self._texts[number]

    def raw(self, number: int) -> str:
        """Return a line as it stands."""
        return self._lines[number]

    def start(self, number: int) -> int:
        """Return the offset at which a line begins; of the one behind the last, the length of the text."""
        return self._starts[number]

    def at(self, offset: int) -> int:
        """Return the line that holds an offset, or begins there."""
        return bisect_right(self._starts, offset, hi=self.count) - 1 if offset < self._starts[-1] else self.count

    def is_blank(self, number: int) -> bool:
        """Return whether a line shows nothing."""
        return not self._texts[number]

    def over_blanks(self, first: int, last: int) -> tuple[int, int]:
        """Return a range of lines with the blank ones above and below it."""
        while first > 0 and self.is_blank(first - 1):
            first -= 1
        while last < self.count and self.is_blank(last):
            last += 1
        return first, last

    def holding(self, words: str) -> Iterator[int]:
        """Yield the lines that hold these words."""
        return (number for number, line in enumerate(self._lines) if words in line)

    def width(self) -> int:
        """Return how many characters a full line of the text has."""
        return width_of(self._lines)

    def piece(self, first: int, last: int, rule: DropRule, mark: str = "") -> Piece:
        """Return whole lines as a piece, up to the one before `last`."""
        return Piece(self._starts[first], self._starts[last], rule, mark)


def width_of(lines: Iterable[str]) -> int:
    """Return how many characters a full one of these lines has: the median; 0 if all are short."""
    full = sorted(length for line in lines if (length := len(line)) > FULL_LINE)
    return full[len(full) // 2] if full else 0

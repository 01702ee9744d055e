"""The marks of footnotes in the text of a page: where one stands, and whether the digits can be anything else."""

import re
from functools import cached_property
from typing import NamedTuple

from console.backend.documents.furniture_rules import MARK, Furniture
from console.backend.documents.page_lines import Lines

_DIGITS = re.compile(r"\d+")
_WORD_BEFORE = re.compile(r"[^\W\d_]{3}[.,;:”)]{0,2}\Z")
"""A word of three letters or more, and what ends its sentence: m2, km2 and CO2 are none."""
_STRUCK_OUT = re.compile(r"[,;]|[ \t]*$")
_DECIMAL = re.compile(r"[ \t]*(\d{1,3})\.\d")
_FIRST = "1"
_SIGN_WITHIN = 40
"""Number of characters in which the number of a unit, with a mark glued to it, stands."""


class _Run(NamedTuple):
    """Digits in a line."""

    line: int
    start: int
    digits: str
    text: str

    def ends_with(self, mark: str) -> bool:
        return self.digits.endswith(mark)

    @property
    def before(self) -> str:
        return self.text[max(0, self.start - 2) : self.start]


class PageMarks:
    """The digits of the lines of one page, above its footnotes."""

    def __init__(self, lines: Lines, rules: Furniture, first: int, end: int, above: int) -> None:
        """Read the lines from `first` on; the page before begins with the line `above`."""
        self._lines = lines
        self._rules = rules
        self._range = range(above, end)
        self._text = range(first, end)

    @cached_property
    def _runs(self) -> list[_Run]:
        """Return the digits of the page; most pages have no footnote that they are looked for."""
        return [
            _Run(number, match.start(), match[0], match.string)
            for number in self._text
            for match in _DIGITS.finditer(self._lines.raw(number))
        ]

    def is_seen(self, mark: str) -> bool:
        """Return whether the mark stands on the page, glued to a word, a sign or a number.

        The first one of a document is not glued to a number: years and amounts end with 1 everywhere.
        """
        return any(
            run.ends_with(mark) and _is_glued(run, mark) and (mark != _FIRST or run.digits == mark)
            for run in self._runs
        )

    def place(self, mark: str) -> tuple[int, int] | None:
        """Return the line and the column of a mark that can be nothing else; None if there is a doubt.

        It is glued to the number of a unit, or to a word and nowhere else on the page.
        """
        runs = [run for run in self._runs if run.ends_with(mark)]
        glued = [run for run in runs if run.digits == mark and run.before[-1:].strip() and not _goes_on(run)]
        signs = [run for run in runs if self._is_at_sign(run, mark)]
        if len(signs) == 1:
            inside = signs[0].digits != mark
            if self._is_decimal(signs[0].line) or (inside and glued):
                return None
            return signs[0].line, signs[0].start + len(signs[0].digits) - len(mark)
        if signs or len(glued) != 1 or not _WORD_BEFORE.search(glued[0].text, 0, glued[0].start):
            return None
        return glued[0].line, glued[0].start

    def _is_at_sign(self, run: _Run, mark: str) -> bool:
        at = run.start + len(run.digits) - len(mark)
        if at > _SIGN_WITHIN:
            return False
        replaced = f"{run.text[:at]}{MARK}{run.text[at + len(mark) :]}"
        return any(sign.match(replaced) is not None for sign in self._rules.signs)

    def _is_decimal(self, number: int) -> bool:
        """Return whether another line of this page or the one above has a decimal number of the same first part."""
        decimal = _DECIMAL.match(self._lines.raw(number))
        if decimal is None:
            return False
        others = (_DECIMAL.match(self._lines.raw(other)) for other in self._range if other != number)
        return any(other is not None and other[1] == decimal[1] for other in others)


def _is_glued(run: _Run, mark: str) -> bool:
    if run.digits != mark or run.before[-1:].strip():
        return bool(run.before[-1:].strip()) or run.digits != mark
    # Where the word before the mark was struck out, a space stands there, and a comma or the line's end behind.
    behind = _STRUCK_OUT.match(run.text, run.start + len(mark))
    return run.before[-1:] == " " and bool(run.before[:1].strip()) and behind is not None


def _goes_on(run: _Run) -> bool:
    after = run.text[run.start + len(run.digits) :][:1]
    return after.isalnum() or after == "_"

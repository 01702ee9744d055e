"""Footnotes at the feet of pages: their blocks, and their marks where they are glued to the number of a unit."""

import re
from statistics import median

from console.backend.documents.furniture_rules import Furniture
from console.backend.documents.page_lines import Lines, Page, Piece
from console.backend.model.plan import DropRule, Problem

_ENDS = (".", "”", '"', "»", "…")
"""Last characters of a footnote that is finished."""
_SAYS_WITHIN = 2000
_SMALLER = 1.07
"""A footnote is set in smaller type: its full lines have at least so many times the characters of the text's."""
_FULL_LINE = 40
_RULE = 20
"""Number of spaces that a rule across the page leaves as text."""
_WORD_BEFORE = re.compile(r"[^\W\d_]{3}[.,;:”)]{0,2}\Z")
_DECIMAL = re.compile(r"[ \t]*(\d{1,3})\.\d")


class Footnotes:
    """The footnotes of one document, read page by page."""

    def __init__(self, lines: Lines, rules: Furniture) -> None:
        self._lines = lines
        self._rules = rules
        self._expected = 1
        self._open = ""
        """Text of the last footnote so far, if it can go on on the next page; empty otherwise."""
        self._open_line = 0
        self._above: Page | None = None
        self.pieces: list[Piece] = []
        self.problems: list[Problem] = []

    def read(self, page: Page) -> None:
        """Take the footnotes out of a page: the last lines on it, behind a blank one."""
        if not self._rules.footnote:
            return
        end = page.end
        while end > page.first and self._lines.is_blank(end - 1):
            end -= 1
        block = end
        while block > page.first and not self._lines.is_blank(block - 1):
            block -= 1
        if block > page.first or (self._open and block < end and self._is_ruled(block)):
            self._read_block(page, block, end)
        elif self._open and block < end:
            self._unclear()
        self._above = page

    def _read_block(self, page: Page, block: int, end: int) -> None:
        starts = self._starts(page, block, end)
        goes_on = bool(self._open) and (not starts or starts[0] > block)
        if not starts and not goes_on:
            self._refuse_unexpected(block, end)
            return
        if starts and starts[0] > block and not self._open:
            self._refuse_unexpected(block, end)
            self._expected -= len(starts)
            return
        if goes_on and not self._continues(page, block, starts[0] if starts else end, numbered=bool(starts)):
            self._expected -= len(starts)
            self._unclear()
            return
        self._take(page, block, end, starts, goes_on=goes_on)

    def _take(self, page: Page, block: int, end: int, starts: list[int], *, goes_on: bool) -> None:
        first = self._expected - len(starts)
        edges = [*([block] if goes_on else []), *starts, end]
        marks = [*([first - 1] if goes_on else []), *range(first, self._expected)]
        if not goes_on:
            self._open = ""
        above = block
        while above > page.first and self._lines.is_blank(above - 1):
            above -= 1
        edges[0] = above
        for mark, start, following in zip(marks, edges[:-1], edges[1:], strict=True):
            self.pieces.append(self._lines.piece(start, following, DropRule.FOOTNOTE, str(mark)))
        last = starts[-1] if starts else block
        self._open = self._open_text(last, end, carried="" if starts else self._open)
        self._open_line = last + 1
        for mark in range(first, self._expected):
            self._take_mark(page, above, str(mark))

    def _starts(self, page: Page, block: int, end: int) -> list[int]:
        """Return the lines of the block at which the next footnotes begin, in order; their numbers count as taken."""
        starts: list[int] = []
        above = "\n".join(self._lines.raw(number) for number in range(page.first, block))
        for number in range(block, end):
            match = self._rules.opens_footnote.fullmatch(self._lines.text(number))
            if match is None or match["mark"] != str(self._expected):
                continue
            said = self._said(number, end)
            gone = self._rules.strikes is not None and self._rules.strikes.match(match.string, match.end("mark"))
            if (gone or _is_seen(match["mark"], above)) and self._rules.says.search(said):
                starts.append(number)
                self._expected += 1
        return starts

    def _said(self, first: int, end: int) -> str:
        return " ".join(self._lines.text(number) for number in range(first, end))[:_SAYS_WITHIN]

    def _open_text(self, first: int, end: int, carried: str) -> str:
        """Return the text of the last footnote if it is not finished: a quotation is open, or its sentence."""
        text = " ".join([carried, *(self._lines.text(number) for number in range(first, end))]).strip()
        quoted = text.count("“") > text.count("”") or text.count('"') % 2 == 1
        return text if quoted or not text.endswith(_ENDS) else ""

    def _continues(self, page: Page, block: int, end: int, *, numbered: bool) -> bool:
        """Return whether the lines from `block` on are the rest of the open footnote: it ends there, or its type tells."""
        rest = [self._lines.text(number) for number in range(block, end)]
        words = " ".join(rest)
        closes = words.count("”") > words.count("“") or words.count('"') % 2 == 1
        full = [len(line) for line in rest[:-1] if len(line) > _FULL_LINE]
        texts = [len(line) for n in range(page.first, block) if len(line := self._lines.text(n)) > _FULL_LINE]
        smaller = bool(full and texts) and median(full) >= _SMALLER * median(texts)
        return smaller or (closes and numbered) or self._is_ruled(block)

    def _is_ruled(self, block: int) -> bool:
        """Return whether the line above shows the rule between text and footnotes: as text it is a row of spaces."""
        return block > 0 and len(self._lines.raw(block - 1)) >= _RULE

    def _refuse_unexpected(self, block: int, end: int) -> None:
        """Refuse lines that read like a footnote with another number than the next, or whose mark is nowhere."""
        if self._open:
            self._unclear()
        match = self._rules.opens_footnote.fullmatch(self._lines.text(block))
        if match is not None and self._rules.says.search(self._said(block, end)):
            message = (
                f"reads like footnote {match['mark']}, but footnote {self._expected} comes next, or its mark does not "
                "stand on the page: remove the footnote from the text, or leave no blank line above it"
            )
            self.problems.append(Problem(code="FOOTNOTE_UNCLEAR", line=block + 1, message=message))
            # The ones behind it are no fault of their own.
            self._expected = int(match["mark"]) + 1

    def _unclear(self) -> None:
        message = (
            f"footnote {self._expected - 1} seems to go on on the next page, and nothing tells where its text ends: move "
            "the whole footnote to one page, or close its quotation"
        )
        self.problems.append(Problem(code="FOOTNOTE_UNCLEAR", line=self._open_line, message=message))
        self._open = ""

    def _take_mark(self, page: Page, end: int, mark: str) -> None:
        """Drop a mark that can be nothing else: glued to the number of a unit, or to a word and nowhere else on the page."""
        texts = [(number, self._lines.raw(number)) for number in range(page.first, end)]
        seen = [(number, match) for number, text in texts for match in _glued(mark).finditer(text)]
        signs = self._rules.glued(mark)
        places = [(n, match) for n, text in texts for sign in signs if (match := sign.match(text)) is not None]
        if len(places) == 1:
            number, match = places[0]
            behind_digit = match.string[match.start("mark") - 1].isdigit()
            if self._is_decimal(page, number) or (behind_digit and seen):
                return
        elif len(seen) == 1 and not places and _follows_a_word(seen[0][1]):
            number, match = seen[0]
        else:
            return
        start = self._lines.start(number)
        self.pieces.append(Piece(start + match.start("mark"), start + match.end("mark"), DropRule.FOOTNOTE_MARK, mark))

    def _is_decimal(self, page: Page, number: int) -> bool:
        """Return whether another line of this page or the one above has a decimal number of the same first part."""
        decimal = _DECIMAL.match(self._lines.raw(number))
        if decimal is None:
            return False
        first = self._above.first if self._above is not None else page.first
        others = (
            match for n in range(first, page.end) if n != number and (match := _DECIMAL.match(self._lines.raw(n)))
        )
        return any(other[1] == decimal[1] for other in others)


def _seen(mark: str) -> re.Pattern[str]:
    # Where the word before the mark was struck out, a space stands there, and a comma or the line's end behind.
    return re.compile(rf"(?<=\S){mark}(?!\d)|(?<=\S ){mark}(?=[,;]|[ \t]*$)", re.MULTILINE)


def _glued(mark: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=[^\s\d])(?P<mark>{mark})(?!\w)")


def _follows_a_word(match: re.Match[str]) -> bool:
    """Return whether a mark stands behind a word of three letters or more: m2, km2 and CO2 are none."""
    return _WORD_BEFORE.search(match.string, 0, match.start("mark")) is not None


def _is_seen(mark: str, text: str) -> bool:
    """Return whether the mark stands in the text, glued to a word, a sign or a number."""
    return _seen(mark).search(text) is not None

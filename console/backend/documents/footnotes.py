"""Footnotes at the feet of pages: where each begins, on how many pages it stands, and what stays unclear."""

import re
from itertools import pairwise
from statistics import median

from console.backend.documents.footnote_marks import PageMarks
from console.backend.documents.furniture_rules import Furniture
from console.backend.documents.page_lines import FULL_LINE, Lines, Page, Piece
from console.backend.model.plan import DropRule, Problem

_ENDS = (".", "”", '"', "»", "…")
"""Last characters of a footnote that is finished."""
_SAYS_WITHIN = 400
_SMALLER = 1.07
"""A footnote is set in smaller type: its full lines have at least so many times the characters of the text's."""
_RULE = 20
"""Number of spaces that a rule across the page leaves as text."""


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
        else:
            self._refuse_below_text(page, block, end)
        self._above = page

    def _read_block(self, page: Page, block: int, end: int) -> None:
        above = self._above.first if self._above is not None else page.first
        marks = PageMarks(self._lines, self._rules, page.first, block, above)
        starts = self._starts(marks, block, end)
        is_first = bool(starts) and starts[0] == block
        if is_first or (self._open and self._continues(page, block, starts[0] if starts else end, bool(starts))):
            self._take(page, block, end, starts)
            self._take_marks(marks, len(starts))
        elif self._open:
            self._unclear()
        elif starts and self._expected > 1:
            self._refuse_directly(starts[0], len(starts))
        elif not starts and not self._refuse_below_text(page, block, end):
            self._refuse_unexpected(block, end)

    def _take(self, page: Page, block: int, end: int, starts: list[int]) -> None:
        goes_on = not starts or starts[0] > block
        edges = [*([block] if goes_on else []), *starts, end]
        edges[0] = self._lines.over_blanks(block, end)[0]
        first = self._expected - goes_on
        for mark, (start, following) in enumerate(pairwise(edges), first):
            self.pieces.append(self._lines.piece(max(start, page.first), following, DropRule.FOOTNOTE, str(mark)))
        last = starts[-1] if starts else block
        self._open = self._open_text(last, end, carried="" if starts else self._open)
        self._open_line = last
        self._expected += len(starts)

    def _take_marks(self, marks: PageMarks, number: int) -> None:
        for mark in map(str, range(self._expected - number, self._expected)):
            place = marks.place(mark)
            if place is not None:
                start = self._lines.start(place[0]) + place[1]
                self.pieces.append(Piece(start, start + len(mark), DropRule.FOOTNOTE_MARK, mark))

    def _starts(self, marks: PageMarks, block: int, end: int) -> list[int]:
        """Return the lines of the block at which the next footnotes begin, in order."""
        starts: list[int] = []
        for number in range(block, end):
            match = self._rules.opens_footnote.fullmatch(self._lines.text(number))
            if match is None or match["mark"] != str(self._expected + len(starts)):
                continue
            seen = self._is_struck_out(match) or marks.is_seen(match["mark"])
            if seen and self._rules.says.search(self._said(number, end)):
                starts.append(number)
        return starts

    def _is_struck_out(self, match: re.Match[str]) -> bool:
        """Return whether a footnote is on words that are gone; its mark may have gone with them."""
        strikes = self._rules.strikes
        return strikes is not None and strikes.match(match.string, match.end("mark")) is not None

    def _said(self, first: int, end: int) -> str:
        return " ".join(self._lines.text(number) for number in range(first, end))[:_SAYS_WITHIN]

    def _open_text(self, first: int, end: int, carried: str) -> str:
        """Return the text of the last footnote if it is not finished: a quotation is open, or its sentence."""
        text = " ".join([carried, *(self._lines.text(number) for number in range(first, end))]).strip()
        quoted = text.count("“") > text.count("”") or text.count('"') % 2 == 1
        return text if quoted or not text.endswith(_ENDS) else ""

    def _continues(self, page: Page, block: int, end: int, numbered: bool) -> bool:
        """Return whether the lines from `block` on are the rest of the open footnote: it ends there, or its type tells."""
        rest = [self._lines.text(number) for number in range(block, end)]
        words = " ".join(rest)
        closes = words.count("”") > words.count("“") or words.count('"') % 2 == 1
        full = [len(line) for line in rest[:-1] if len(line) > FULL_LINE]
        texts = [len(line) for n in range(page.first, block) if len(line := self._lines.text(n)) > FULL_LINE]
        smaller = bool(full and texts) and median(full) >= _SMALLER * median(texts)
        return smaller or (closes and numbered) or self._is_ruled(block)

    def _is_ruled(self, block: int) -> bool:
        """Return whether the line above shows the rule between text and footnotes: as text it is a row of spaces."""
        return block > 0 and self._lines.is_blank(block - 1) and len(self._lines.raw(block - 1)) >= _RULE

    def _refuse_below_text(self, page: Page, block: int, end: int) -> bool:
        """Refuse the next footnote within the last lines of a page, if its mark above it can be nothing else."""
        wanted = str(self._expected)
        for number in range(block + 1, end):
            match = self._rules.opens_footnote.fullmatch(self._lines.text(number))
            if match is None or match["mark"] != wanted or not self._rules.says.search(self._said(number, end)):
                continue
            marks = PageMarks(self._lines, self._rules, page.first, number, page.first)
            if self._is_struck_out(match) or marks.place(wanted) is not None:
                self._refuse_directly(number, 1)
                return True
        return False

    def _refuse_directly(self, line: int, footnotes: int) -> None:
        self._refuse(line, "stands directly below text, which may be law: leave a blank line above it")
        self._expected += footnotes

    def _refuse_unexpected(self, block: int, end: int) -> None:
        """Refuse lines that read like a footnote with another number than the next, or whose mark is nowhere."""
        match = self._rules.opens_footnote.fullmatch(self._lines.text(block))
        if match is None or not self._rules.says.search(self._said(block, end)):
            return
        self._refuse(
            block,
            f"reads like footnote {match['mark']}, but footnote {self._expected} comes next, or its mark does not stand on "
            "the page: remove the footnote from the text, or leave no blank line above it",
        )
        # The ones behind it are no fault of their own.
        self._expected = int(match["mark"]) + 1

    def _unclear(self) -> None:
        self._refuse(
            self._open_line,
            f"footnote {self._expected - 1} seems to go on on the next page, and nothing tells where its text ends: move "
            "the whole footnote to one page, or close its quotation",
        )
        self._open = ""

    def _refuse(self, line: int, message: str) -> None:
        self.problems.append(Problem(code="FOOTNOTE_UNCLEAR", line=line + 1, message=message))

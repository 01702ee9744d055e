"""What covers a line, so that it opens no unit: fenced code, comments, quotations, lists, tables, footnotes (37)."""

import re
from dataclasses import dataclass

from console.backend.plan import Problem

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_QUOTE = re.compile(r'(?P<open>„|(?<![^\s(\[{*_/>-])(?:["“»‟](?=\S)|«))|(?P<close>[“”"«»])')
_LIST = re.compile(r"( *)(?:[-*+•]|\d{1,9}[.)])([ \t]+)\S")
_BLOCK = re.compile(r" {0,3}(?:>|\||\[\^[^\]]+\]:)|\t| {4}")


@dataclass(slots=True)
class _Cover:
    """Something that has been opened and not yet closed, and what it hid so far."""

    what: str
    line: int
    hidden: int = 0
    """First line that would have opened a unit; 0: none."""


class Guard:
    """Follows a document line by line. What is still open at the end and has hidden a unit is a problem."""

    def __init__(self) -> None:
        self._fence = ""
        self._comment = False
        self._quotes = 0
        self._cover: _Cover | None = None
        self._list_indent = 0

    def covers(self, line: str, number: int) -> bool:
        """Whether the line stands in, or opens, something that hides units; call once for every line, in order."""
        if self._fence:
            self._close_fence(line)
            return True
        if self._comment:
            self._comment = "-->" not in line
            return True
        covered = self._quotes > 0
        if ("`" in line or "~" in line) and not covered and self._opens_fence(line, number):
            return True
        if "<!--" in line and "-->" not in line.rpartition("<!--")[2]:
            self._comment, self._cover = True, self._cover or _Cover("comment", number)
            return covered or line.lstrip().startswith("<!--")
        if _QUOTE.search(line):
            self._count_quotes(line, number)
        return covered or _BLOCK.match(line) is not None

    def continues_list(self, line: str) -> bool:
        """Whether the line is indented as far as the text of the list item before it; call for non-blank lines."""
        indent = len(line) - len(line.lstrip(" \t"))
        inside = 0 < self._list_indent <= indent
        item = _LIST.match(line)
        if item:
            self._list_indent = len(item[1]) + 2
        elif indent == 0:
            self._list_indent = 0
        return inside

    def hide(self, number: int) -> None:
        """Note that the line would have opened a unit."""
        if self._cover is not None and not self._cover.hidden:
            self._cover.hidden = number

    def problems(self) -> tuple[Problem, ...]:
        """What was never closed and has hidden a unit, at the end of the document."""
        cover = self._cover
        if cover is None or not cover.hidden or not (self._fence or self._comment or self._quotes):
            return ()
        return (
            Problem(
                code=f"UNCLOSED_{cover.what.upper()}",
                line=cover.line,
                message=f"{cover.what} is opened here and never closed; it hides what looks like a unit in line "
                f"{cover.hidden}: close it, or mark the quotation with `>`",
            ),
        )

    def _opens_fence(self, line: str, number: int) -> bool:
        match = _FENCE.match(line)
        if match is None:
            return False
        self._fence, self._cover = match[1], _Cover("fence", number)
        return True

    def _close_fence(self, line: str) -> None:
        rest = line.strip()
        if rest and len(rest) >= len(self._fence) and not rest.strip(self._fence[0]):
            self._fence, self._cover = "", None

    def _count_quotes(self, line: str, number: int) -> None:
        for match in _QUOTE.finditer(line):
            if match.lastgroup == "open":
                self._quotes += 1
                if self._quotes == 1:
                    self._cover = _Cover("quotation", number)
            elif self._quotes:
                self._quotes -= 1
                if not self._quotes:
                    self._cover = None

"""Regions in which no unit opens: fenced code, comments, quotations, list items."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from console.backend.model.plan import Problem

_FENCE = re.compile(r"\n( {0,3})(`{3,}|~{3,})([^\n]*)")
_QUOTES: Final = '"„“”«»‟'
_COMMENT = re.compile("<!--|-->")
_LIST = re.compile(r"( *)(?:[-*+•]|\d{1,9}[.)])[ \t]+\S")
_BEFORE_OPENING: Final = frozenset(" \t\n([{*_/>-–—")
_EMPHASIS: Final = 3
"""Number of signs of Markdown that stress a text most."""
_LIST_REACH: Final = 200
"""Lines above an indented one that are looked at for the list item it may belong to."""

Event = tuple[int, str, str]
"""Offset, what (`quotation`, `comment`, `fence`), and the text that says whether it opens or closes."""


@dataclass(slots=True)
class Cover:
    """A stretch of text that hides units, by offset."""

    what: str
    start: int
    end: int
    closed: bool
    hidden: int = 0
    """First line that would have opened a unit; 0: none."""


@dataclass(slots=True)
class Guards:
    """The covers of a text, in order and disjoint."""

    covers: list[Cover]
    _starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._starts = [cover.start for cover in self.covers]

    def at(self, offset: int) -> Cover | None:
        """The cover that a line beginning at that offset stands in."""
        if not self._starts:
            return None
        place = bisect_right(self._starts, offset) - 1
        cover = self.covers[place] if place >= 0 else None
        return cover if cover is not None and cover.start < offset < cover.end else None

    def unclosed_quotation(self) -> Cover | None:
        """Return the quotation that is never closed and has hidden a unit; only the last cover can be one."""
        last = self.covers[-1] if self.covers else None
        return last if last is not None and last.what == "quotation" and last.hidden and not last.closed else None

    def problems(self, text: str, line_of: Callable[[int], int]) -> tuple[Problem, ...]:
        """Return what is never closed and has hidden a unit."""
        return tuple(
            Problem(
                code=f"UNCLOSED_{cover.what.upper()}",
                line=line_of(text.count("\n", 0, cover.start) + 1),
                message=f"{cover.what} is opened here and never closed; it hides what looks like a unit in line "
                f"{line_of(cover.hidden)}: close it, or mark the quotation with `>`",
            )
            for cover in self.covers
            if cover.hidden and not cover.closed
        )


def find_guards(text: str, start: int, plain_marks: frozenset[int] = frozenset()) -> Guards:
    """The covers of the text from an offset on; the quotation marks at `plain_marks` are text."""
    streams = [_quotations(text, mark, start, plain_marks) for mark in _QUOTES if mark in text]
    if "<!--" in text:
        streams.append((m.start(), "comment", m[0]) for m in _COMMENT.finditer(text, start))
    if "```" in text or "~~~" in text:
        streams.append(_fences(text, start))
    return Guards(_covers(sorted(chain.from_iterable(streams)), text))


def _fences(text: str, start: int) -> Iterator[Event]:
    end = text.find("\n", start)
    first = _FENCE.match("\n" + text[start : end if end >= 0 else len(text)])
    if first:
        yield start, "fence", first[2] + first[3]
    for match in _FENCE.finditer(text, start):
        yield match.start(2), "fence", match[2] + match[3]


def _quotations(text: str, mark: str, start: int, plain_marks: frozenset[int]) -> Iterator[Event]:
    """Yield where a quotation mark stands; one that is rare is found faster this way than by a pattern."""
    at = text.find(mark, start)
    while at >= 0:
        if at not in plain_marks:
            yield at, "quotation", _direction(text, at)
        at = text.find(mark, at + 1)


def _covers(events: Iterable[Event], text: str) -> list[Cover]:
    # One pass with one region open at a time: inside a fence a comment is text, and the other way round.
    covers: list[Cover] = []
    region, start, mark, depth = "", 0, "", 0
    for offset, kind, sign in events:
        if not region:
            if _opens(kind, sign):
                region, start, mark, depth = kind, offset, sign, 1
            continue
        if kind != region:
            continue
        if kind == "quotation":
            # Alone on a line, it closes what is open. “ closes what „ opened, whatever stands beside it.
            german = text[start] == "„" and text[offset] == "“"
            depth += 1 if sign == "open" and not german else -1
        elif (kind == "comment" and sign == "-->") or (kind == "fence" and _ends_fence(mark, sign)):
            depth = 0
        if depth == 0:
            if text.find("\n", start, offset) >= 0:
                covers.append(Cover(region, start, offset, closed=True))
            region = ""
    return [*covers, Cover(region, start, len(text) + 1, closed=False)] if region else covers


def _opens(kind: str, sign: str) -> bool:
    if kind == "fence":
        run = sign[0] * (len(sign) - len(sign.lstrip(sign[0])))
        return sign[0] == "~" or "`" not in sign[len(run) :]
    return sign in {"open", "either", "<!--"}


def _ends_fence(opening: str, line: str) -> bool:
    least = len(opening) - len(opening.lstrip(opening[0]))
    rest = line.strip()
    return len(rest) >= least and not rest.strip(opening[0])


def _direction(text: str, at: int) -> str:
    """Say whether a quotation mark opens or closes, by its shape and its neighbours: “ does either."""
    mark = text[at]
    if mark == "„":
        return "open"
    before = at - 1
    # Emphasis stands on both sides: in `**"term"**` and in `"**term**"` the letter behind it decides.
    while before >= max(0, at - _EMPHASIS) and text[before] in "*_":
        before -= 1
    if mark == "”" or (before >= 0 and text[before] not in _BEFORE_OPENING):
        return "close"
    after = text[at + 1 : at + 2]
    if mark not in "«»" and text[at - 1 : at] in {"", "\n"} and after in {"", "\n"}:
        return "either"
    return "open" if mark == "«" or (after and not after.isspace()) else "close"


def in_list(text: str, start: int, indent: int) -> bool:
    """Return whether a line indented so far, beginning at `start`, continues a list item above it."""
    end = start - 1
    for _ in range(_LIST_REACH):
        if end < 0:
            return False
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end]
        end = begin - 1
        if not line or line.isspace():
            continue
        item = _LIST.match(line)
        if item and len(item[1]) + 2 <= indent:
            return True
        if line[0] not in " \t":
            return False
    return False

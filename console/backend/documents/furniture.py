"""Finds page furniture and footnotes by the rules of a profile. What is not certain is left in the text, or refused."""

import re
from itertools import pairwise
from typing import NamedTuple

from console.backend.documents.footnotes import Footnotes
from console.backend.documents.furniture_rules import Furniture
from console.backend.documents.page_lines import Lines, Page, Piece
from console.backend.model.plan import DropRule, Problem

_LONE_NUMBER = re.compile(r"\d{1,4}")
_LEAST_STAMP = 3
"""Lines that make a stamp; fewer of them could be the text of a form."""
_LEAST_DOUBLED = 3
_ENDS = (".", ";", ":", "!", "?", "”", '"', "»")
_FULL = 0.8
"""Share of the text's width that a line has at least, if its sentence goes on in the next one."""


class _Head(NamedTuple):
    """A running head, and the numbers that could be its page's."""

    line: int
    text: str
    numbers: tuple[tuple[int, int], ...]
    """Number and line; the nearest first."""


def find_furniture(text: str, rules: Furniture) -> tuple[list[Piece], list[Problem]]:
    """Return what is no text of the law, in order and disjoint, and the footnotes whose end nothing tells."""
    if rules.holds not in text:
        return [], []
    lines = Lines(text)
    breaks = _page_breaks(lines, rules)
    if not breaks:
        return [], []
    pieces = [lines.piece(first, last, DropRule.PAGE_BREAK) for first, last in breaks]
    footnotes = Footnotes(lines, rules)
    for page in _pages(lines, breaks):
        stamp = _stamp(lines, page, rules)
        if stamp is not None:
            pieces.append(lines.piece(stamp, page.end, DropRule.STAMP))
        footnotes.read(Page(page.first, page.end if stamp is None else stamp))
    pieces.extend(footnotes.pieces)
    return _with_ends_of_paragraphs(lines, sorted(pieces)), footnotes.problems


def _page_breaks(lines: Lines, rules: Furniture) -> list[tuple[int, int]]:
    """Return the first line of each page's head with the blank ones around it, and the line behind them."""
    heads = [head for number in lines.holding(rules.holds) if (head := _head(lines, number, rules)) is not None]
    breaks: list[tuple[int, int]] = []
    doubled: list[tuple[int, int]] = []
    for head, number, number_line in _numbered(heads):
        first, last = min(head.line, number_line), max(head.line, number_line) + 1
        first, last = lines.over_blanks(first, last)
        breaks.append((first, last))
        doubled.append(_with_second_number(lines, first, last, str(number)))
    # A rotated page has its number twice. Once or twice, the other can be the cell of a table.
    if sum(wide != narrow for wide, narrow in zip(doubled, breaks, strict=True)) >= _LEAST_DOUBLED:
        breaks = doubled
    return _apart(lines, breaks)


def _apart(lines: Lines, breaks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the breaks that share nothing but blank lines, as behind an empty page; the upper one has these."""
    apart: list[tuple[int, int]] = []
    end = 0
    for first, last in breaks:
        if last > end and all(map(lines.is_blank, range(first, end))):
            apart.append((max(first, end), last))
            end = last
    return apart


def _with_second_number(lines: Lines, first: int, last: int, number: str) -> tuple[int, int]:
    """Return a page break with the lines that repeat the page's number, parted from the head by blank lines alone."""
    if first > 0 and lines.is_blank(first) and lines.text(first - 1) == number:
        first -= 1
    if last < lines.count and lines.is_blank(last - 1) and lines.text(last) == number:
        last += 1
    return lines.over_blanks(first, last)


def _head(lines: Lines, number: int, rules: Furniture) -> _Head | None:
    line = lines.text(number)
    match = rules.head.fullmatch(line)
    if match is None:
        return None
    beside = match["before"] or match["behind"]
    numbers = [(int(beside), number)] if beside else []
    for distance in (1, 2):
        for at in (number - distance, number + distance):
            if beside or not 0 <= at < lines.count or not _LONE_NUMBER.fullmatch(lines.text(at)):
                continue
            if distance == 1 or lines.is_blank((at + number) // 2):
                numbers.append((int(lines.text(at)), at))
    return _Head(number, " ".join(match["head"].split()), tuple(numbers))


def _numbered(heads: list[_Head]) -> list[tuple[_Head, int, int]]:
    """Return the heads whose page number is the next after the page before, or before the page behind.

    With each stands its number and the line of that; the heads of different issues are numbered apart.
    """
    issues: dict[str, list[_Head]] = {}
    for head in heads:
        issues.setdefault(head.text, []).append(head)
    return sorted(entry for issue in issues.values() for entry in _certain(issue))


def _certain(heads: list[_Head]) -> list[tuple[_Head, int, int]]:
    chosen: list[tuple[_Head, int, int]] = []
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        expected = chosen[-1][1] + 1 if chosen else None
        coming = {number - 1 for number, _ in following.numbers} if following is not None else set()
        fitting = [pair for pair in head.numbers if pair[0] == expected] or [
            pair for pair in head.numbers if pair[0] in coming
        ]
        if fitting:
            chosen.append((head, *fitting[0]))
    # One page alone is numbered by nothing that goes on: its number could be any.
    goes_on = {
        at for pair in pairwise(range(len(chosen))) for at in pair if chosen[pair[1]][1] == chosen[pair[0]][1] + 1
    }
    return [entry for at, entry in enumerate(chosen) if at in goes_on]


def _pages(lines: Lines, breaks: list[tuple[int, int]]) -> list[Page]:
    edges = [0, *(edge for pair in breaks for edge in pair), lines.count]
    return [Page(first, end) for first, end in zip(edges[::2], edges[1::2], strict=True) if first < end]


def _with_ends_of_paragraphs(lines: Lines, pieces: list[Piece]) -> list[Piece]:
    """Leave a blank line where a paragraph ended at the foot of a page: its last line is short, and no sign ends it.

    Without it, a heading at the top of the next page would be the rest of a table or of a signature.
    """
    kept: list[Piece] = []
    first, shortest = 0, _FULL * lines.width()
    for at, piece in enumerate(pieces):
        if at and pieces[at - 1].end != piece.start:
            first = at
        last_line = lines.at(piece.end) - 1
        is_last = at + 1 == len(pieces) or pieces[at + 1].start != piece.end
        above = lines.at(pieces[first].start) - 1
        if piece.rule is not DropRule.PAGE_BREAK or not is_last or not _ends_short(lines, above, shortest):
            kept.append(piece)
        elif lines.is_blank(last_line):
            kept.append(piece._replace(end=lines.start(last_line)))
        else:
            line = lines.at(piece.start)
            kept.append(piece._replace(start=lines.start(line + lines.is_blank(line))))
    return kept


def _ends_short(lines: Lines, number: int, shortest: float) -> bool:
    text = lines.text(number) if number >= 0 else ""
    return bool(text) and not text.endswith(_ENDS) and len(text) < shortest


def _stamp(lines: Lines, page: Page, rules: Furniture) -> int | None:
    """Return the first line of a stamp that ends the page; with the blank lines above it."""
    if not rules.stamps:
        return None
    at, wanted, seen = page.end, len(rules.stamps) - 1, 0
    while at > page.first and lines.is_blank(at - 1):
        at -= 1
    while at > page.first and wanted >= 0:
        fitting = next((n for n in range(wanted, -1, -1) if rules.stamps[n].fullmatch(lines.text(at - 1))), None)
        if fitting is None:
            break
        at, wanted, seen = at - 1, fitting - 1, seen + 1
    if seen < min(_LEAST_STAMP, len(rules.stamps)) or not rules.stamps[0].fullmatch(lines.text(at)):
        return None
    while at > page.first and lines.is_blank(at - 1):
        at -= 1
    return at

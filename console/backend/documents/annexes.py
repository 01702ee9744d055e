"""Annexes whose inner numbering does not hold: they become opaque, each beginning in them is told, and nothing is guessed."""

from bisect import bisect_left, bisect_right

from console.backend.documents.acceptances import (
    ADDRESS_REPEATED,
    AMBIGUOUS,
    FOREIGN_LETTER,
    NUMBER_BACKWARDS,
    NUMBER_GAP,
)
from console.backend.documents.matching import Mark
from console.backend.documents.nesting import Node
from console.backend.documents.profiles import Role
from console.backend.model.plan import Problem

_OF_NUMBERING = AMBIGUOUS | {NUMBER_GAP, NUMBER_BACKWARDS, ADDRESS_REPEATED, FOREIGN_LETTER, "ANNEX_INTERRUPTED"}


def unclear_annexes(problems: list[Problem], nodes: list[Node], marks: tuple[Mark, ...]) -> frozenset[int]:
    """Return the lines of the annexes that may become opaque, if all problems lie in the numbering of such annexes.

    A form or a table within an annex numbers as it likes. Empty if another problem refuses the document anyway.
    """
    tops = [node for node in nodes if node.parent is None]
    lines = [node.mark.line for node in tops]
    mark_lines = [mark.line for mark in marks]
    unclear: set[int] = set()
    for problem in problems:
        at = bisect_right(lines, problem.line) - 1
        top = tops[at] if at >= 0 else None
        if top is None or problem.code not in _OF_NUMBERING or not top.level.opaque_if_unclear:
            return frozenset()
        if _opens_annex(problem.line, marks, mark_lines) or problem.line == top.mark.line:
            return frozenset()
        unclear.add(top.mark.line)
    return frozenset(unclear)


def _opens_annex(line: int, marks: tuple[Mark, ...], lines: list[int]) -> bool:
    at = bisect_left(lines, line)
    level = marks[at].level if at < len(marks) and lines[at] == line else None
    return level is not None and level.role is Role.ANNEX

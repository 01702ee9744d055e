"""The shape of a plan: depths, children and lines of its units, in arrays that hold 100,000 units."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Unit(Protocol):
    """The attributes of a planned unit that an outline needs."""

    @property
    def address(self) -> str:
        """Canonical address."""

    @property
    def parent(self) -> str | None:
        """The parent's address."""

    @property
    def line_start(self) -> int:
        """First line, 1-based."""

    @property
    def line_end(self) -> int:
        """Last line, 1-based."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Units in document order; `ends[i]` is the index after the last descendant of unit i."""

    depths: tuple[int, ...]
    ends: tuple[int, ...]
    starts: tuple[int, ...]
    last_lines: tuple[int, ...]

    def has_children(self, index: int) -> bool:
        """Return whether this unit has children."""
        return self.ends[index] > index + 1

    def unit_at_line(self, number: int) -> int | None:
        """Return the unit that the line (1-based) belongs to, or None."""
        index = bisect_right(self.starts, number) - 1
        return index if index >= 0 and number <= self.last_lines[index] else None

    def ancestors(self, index: int) -> list[int]:
        """Return the units above this one, the nearest first."""
        ancestors: list[int] = []
        depth = self.depths[index]
        for above in range(index - 1, -1, -1):
            if depth == 0:
                break
            if self.depths[above] < depth:
                ancestors.append(above)
                depth = self.depths[above]
        return ancestors

    def visible(self, collapsed: frozenset[int] | set[int]) -> list[int]:
        """Return the indices that show when these units are collapsed."""
        shown: list[int] = []
        index = 0
        while index < len(self.depths):
            shown.append(index)
            index = self.ends[index] if index in collapsed else index + 1
        return shown

    def collapsed_below(self, depth: int) -> set[int]:
        """Return the units to collapse so that only this many levels show."""
        return {i for i, d in enumerate(self.depths) if d >= depth - 1 and self.has_children(i)}


def outline(units: Sequence[Unit]) -> Outline:
    """Make the outline of units in document order; a unit without an earlier parent stands at the top."""
    depth_of: dict[str, int] = {}
    depths: list[int] = []
    for unit in units:
        depth = depth_of[unit.parent] + 1 if unit.parent in depth_of else 0
        depth_of[unit.address] = depth
        depths.append(depth)
    return Outline(
        tuple(depths),
        tuple(_ends(depths)),
        tuple(unit.line_start for unit in units),
        tuple(unit.line_end for unit in units),
    )


def _ends(depths: list[int]) -> list[int]:
    ends = [len(depths)] * len(depths)
    # The path from the root to the last unit: a unit ends where the next one of its depth or above begins.
    open_units: list[int] = []
    for index, depth in enumerate(depths):
        while open_units and depths[open_units[-1]] >= depth:
            ends[open_units.pop()] = index
        open_units.append(index)
    return ends

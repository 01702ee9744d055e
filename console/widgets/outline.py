"""The shape of a plan: depths, children and the lines between units, in arrays that 100,000 units fit in."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Unit(Protocol):
    """What an outline needs to know of a planned unit."""

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
        """Return whether anything hangs below this unit."""
        return self.ends[index] > index + 1

    def unit_at_line(self, number: int) -> int | None:
        """The unit that the line (1-based) belongs to, or None where it belongs to none."""
        index = bisect_right(self.starts, number) - 1
        return index if index >= 0 and number <= self.last_lines[index] else None

    def ancestors(self, index: int) -> list[int]:
        """The units above this one, the nearest first."""
        found: list[int] = []
        depth = self.depths[index]
        for above in range(index - 1, -1, -1):
            if depth == 0:
                break
            if self.depths[above] < depth:
                found.append(above)
                depth = self.depths[above]
        return found

    def visible(self, collapsed: frozenset[int] | set[int]) -> list[int]:
        """The indices that show when these units are collapsed."""
        shown: list[int] = []
        index = 0
        while index < len(self.depths):
            shown.append(index)
            index = self.ends[index] if index in collapsed else index + 1
        return shown

    def collapsed_below(self, depth: int) -> set[int]:
        """The units to collapse so that only this many levels show."""
        return {i for i, d in enumerate(self.depths) if d >= depth - 1 and self.has_children(i)}


def outline(units: Sequence[Unit]) -> Outline:
    """The outline of units in document order; a unit whose parent did not come before it stands at the top."""
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
    open_units: list[int] = []
    for index, depth in enumerate(depths):
        while open_units and depths[open_units[-1]] >= depth:
            ends[open_units.pop()] = index
        open_units.append(index)
    return ends

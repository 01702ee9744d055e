"""Suspects as a person reads them: the lines of one quotation or of one annex are one entry, each by itself in the plan."""

from itertools import groupby
from typing import NamedTuple

from console.backend.model.plan import Suspect, SuspectReason

_FOLDED = frozenset({SuspectReason.QUOTED, SuspectReason.IN_ANNEX, SuspectReason.NO_PLACE})


class SuspectGroup(NamedTuple):
    """Suspects of one reason, one behind the other in one unit; nearly always a single one."""

    suspects: tuple[Suspect, ...]

    @property
    def first(self) -> Suspect:
        """Return the first of them, by whose line and text the group is shown."""
        return self.suspects[0]

    @property
    def line(self) -> int:
        """Return the line of the first."""
        return self.first.line

    @property
    def lines(self) -> str:
        """Return the line, or the first and the last."""
        last = self.suspects[-1].line
        return str(self.line) if last == self.line else f"{self.line}-{last}"


def grouped(suspects: tuple[Suspect, ...]) -> tuple[SuspectGroup, ...]:
    """Return the suspects in groups, in their order; none is left out."""
    entries = groupby(
        enumerate(suspects),
        # A number of its own keeps every other suspect apart.
        key=lambda entry: (entry[1].reason, entry[1].swallowed_by, -1 if entry[1].reason in _FOLDED else entry[0]),
    )
    return tuple(SuspectGroup(tuple(suspect for _, suspect in group)) for _, group in entries)

"""A bounded number of points of what was measured so far: the history that Overview draws."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.backend.model.outcome import Outcome
    from console.backend.model.readiness import Board
    from console.backend.model.recording import Moment
    from console.backend.model.view_models import Status

MOST_POINTS = 720
"""Two hours of measurements every ten seconds; after that every second point is left out, again and again."""


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement, without what no history shows."""

    at: datetime
    switch: str
    """State of the kill switch in a word; empty if nothing was measured."""
    reached: bool
    counts: tuple[tuple[str, int | None], ...]
    """Rows by table; None for a table that could not be read."""
    gates: "Outcome | None"
    """The most urgent outcome of the board; None as long as there is none."""


class History:
    """The points of this console, the oldest first."""

    def __init__(self) -> None:
        self._points: list[Point] = []

    @property
    def points(self) -> tuple[Point, ...]:
        """Return the points that are kept."""
        return tuple(self._points)

    def add(self, point: Point) -> None:
        """Add the newest point. Of too many, points that repeat the one before are left out first, changes in words last."""
        self._points.append(point)
        if len(self._points) > MOST_POINTS:
            self._points = _thinned(self._points)


def point_of(at: datetime, status: "Status | None", board: "Board | None") -> Point:
    """Return the point of a measurement."""
    # Imported here: the first frame is painted before it, and the libraries that it needs, are loaded.
    from console.backend.model.readiness import urgency

    gates = min((gate.outcome for gate in board.gates), key=urgency) if board is not None and board.gates else None
    if status is None:
        return Point(at, switch="", reached=False, counts=(), gates=gates)
    counts = tuple((view.table, view.rows) for view in status.counts)
    return Point(at, status.switch.state.value, reached=status.target is not None, counts=counts, gates=gates)


def history_of(moments: "Iterable[Moment]") -> History:
    """Return the history of a recording, up to the last of these moments."""
    history = History()
    for moment in moments:
        history.add(point_of(moment.at, moment.status, moment.board))
    return history


def _thinned(points: list[Point]) -> list[Point]:
    """Return about half of the points: first and last, each that changes something in words, and every second other one."""
    kept = [points[0]]
    for number, point in enumerate(points[1:-1], 1):
        before = points[number - 1]
        is_change = (point.switch, point.reached, point.gates) != (before.switch, before.reached, before.gates)
        if number % 2 == 0 or is_change:
            kept.append(point)
    # If nearly every point is a change, half of these go too: the number of points has a limit in any case.
    kept = kept if len(kept) < len(points) * 3 // 4 else points[:-1:2]
    return [*kept, points[-1]]

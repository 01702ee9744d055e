"""Moves of another console or of a command, as two statuses show them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.backend.model.view_models import Status


def stand_of(status: "Status") -> object:
    """Return what another console or a command can move, of all that a status says."""
    counts = tuple((count.table, count.rows) for count in status.counts)
    return *stand_without_counts(status), counts


def stand_without_counts(status: "Status") -> tuple[object, ...]:
    """Return runs, switch and server; the counts of a database at work may move with every status."""
    switch = status.switch
    return status.current_run, status.waiting, (switch.state, switch.run_id, switch.since), status.target


class Moves:
    """Compares each status with the one before it."""

    def __init__(self, stand: "Callable[[Status], object]" = stand_of) -> None:
        self._stand = stand
        self._last: object = None

    def begin(self, status: "Status") -> None:
        """Compare the next status with this one: what is read from now on is newer than it."""
        self._last = self._stand(status)

    def moved(self, status: "Status") -> bool:
        """Return whether something has moved since the status before; False for the first one."""
        last = self._last
        self.begin(status)
        return last is not None and last != self._last

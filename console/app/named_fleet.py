"""Reads the user's named installations for the Fleet screen."""

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.backend.fleet import FleetReader
    from console.backend.model.fleet import Fleet

_LIMIT_S = 3
"""Limit of one reading; a silent one is told as silent, and its answer is taken at a later reading."""


def no_fleet() -> "Fleet":
    """Return a fleet without an installation: a demo asks no database but its own."""
    from console.backend.model.fleet import Fleet

    return Fleet(measured_at=datetime.now(UTC), limit_s=_LIMIT_S, rows=())


class NamedFleet:
    """A reader that is made at the first reading; called in threads, one at a time."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._reader: FleetReader | None = None

    def __call__(self) -> "Fleet":
        """Return a row for each installation of the file. Raises UsageError for a file that is not as it must be."""
        # Here, because nothing of it is needed for the first paint.
        from console.backend.fleet import FleetReader
        from console.backend.host.named_installations import read_named
        from console.cli.installation import operator

        with self._alone:
            self._reader = self._reader or FleetReader(operator())
            return self._reader.read(read_named().installation, _LIMIT_S)

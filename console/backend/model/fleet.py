"""Many databases at one look: a row for each installation of the fleet, with what was measured or the reason why not."""

from datetime import datetime
from enum import StrEnum

from console.backend.model.outcome import Outcome, worst_known
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.model.view_models import Status, SwitchState


class FleetGates(StrEnum):
    """State of the gates in a fleet. They ask far more than one look may cost."""

    NOT_MEASURED = "not measured"


class FleetJournal(Value):
    """Verdict on the journal of the run that is under way."""

    run_id: SafeText
    outcome: Outcome
    detail: SafeText


class FleetRow(Value):
    """One installation of the fleet."""

    name: SafeText
    banner: SafeText = ""
    root: SafeText
    read_only: bool
    outcome: Outcome
    status: Status | None
    """Answer of `status`; None if the installation did not answer in time, or could not be asked."""
    reason: SafeText = ""
    """Reason why the database was not measured; empty if it was."""
    next_action: SafeText = ""
    last_measured_at: datetime | None = None
    """Last time that this reader has measured the database; None if it never has."""
    journal: FleetJournal | None = None
    journal_note: SafeText = ""
    """Reason why there is no verdict on a journal; empty if there is one."""
    gates: FleetGates = FleetGates.NOT_MEASURED
    same_database_as: tuple[SafeText, ...] = ()
    """Names of other rows that have measured the same database of the same server."""

    @property
    def waits(self) -> int:
        """Return the number of things that wait for a person."""
        return len(self.status.waiting) if self.status is not None else 0

    @property
    def is_held(self) -> bool:
        """Return whether a HOLD is set, as far as it is known."""
        return self.status is not None and self.status.switch.state is SwitchState.HOLD


class Fleet(Value):
    """All rows, in the order in which they were asked for, read at the same time."""

    measured_at: datetime
    limit_s: int
    """Time that was waited for the answers, in seconds."""
    rows: tuple[FleetRow, ...]

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of the rows; a measured FAIL goes before what could not be measured."""
        return worst_known([row.outcome for row in self.rows])


def with_same_databases(rows: tuple[FleetRow, ...]) -> tuple[FleetRow, ...]:
    """Return the rows, each naming those that have measured the same database; pure.

    Two names that lead to one database are mostly a mistake in a service file, and would hide the other database.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if (place := _place(row)) is not None:
            places.setdefault(place, []).append(row.name)
    shared = {place: names for place, names in places.items() if len(names) > 1}
    return tuple(
        row.model_copy(update={"same_database_as": tuple(name for name in shared[place] if name != row.name)})
        if (place := _place(row)) in shared and place is not None
        else row
        for row in rows
    )


def _place(row: FleetRow) -> tuple[str, str] | None:
    target = row.status.target if row.status is not None else None
    return (target.system_identifier, target.database) if target is not None else None

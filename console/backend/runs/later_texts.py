"""The moment from which a text is in force, before its second ruling is drafted."""

from datetime import UTC, datetime

from console.backend.host.installation import Installation
from console.backend.model.errors import Refused, StopCode
from console.backend.model.purposes import Purpose
from console.backend.postgres.base_units import newest_state
from console.backend.postgres.connections import connect
from console.backend.postgres.records import RunRow


def require_later(moment: datetime | None, purpose: Purpose, installation: Installation, row: RunRow) -> None:
    """Raise Refused if a text cannot be in force from this moment, or from its enactment if none is named.

    The database refuses the same at the import, when it is signed.
    """
    run_id, now = row.run_id, installation.context.now()
    if purpose is Purpose.ENACT and row.operation.of_law:
        with connect(installation.settings.database.verifier, read_only=True) as connection:
            law = newest_state(connection, row.docprefix)
        if law is not None and max(now, moment or now) < law.in_force_from:
            begins = law.in_force_from.astimezone(UTC)
            raise Refused(
                StopCode.REFUSED_INPUT,
                f"the text of {row.docprefix} that this one follows, of run {law.run_id}, is in force from {begins.isoformat()}:"
                " this one cannot be in force before it",
                f"Name that moment or a later one: cutter-console approval draft {run_id} --in-force-from {begins.isoformat()}",
            )
    if moment is None:
        return
    if purpose is not Purpose.ENACT:
        message = f"run {run_id} waits for a ruling to {purpose}; SG_2 alone says from when a text is in force"
        raise Refused(
            StopCode.REFUSED_INPUT, message, f"Draft it without a moment: cutter-console approval draft {run_id}"
        )
    if moment <= now:
        message = f"{moment.isoformat()} has passed: a text is in force from its enactment, or later"
        raise Refused(StopCode.REFUSED_INPUT, message, "Name a later moment, or none.")

"""Arming the switch for one run and one purpose; the database checks run, stage, ruling, backup and HOLD itself."""

from console.backend.database import ledger
from console.backend.journal_record import Field
from console.backend.kill_switch import armed_for, require_no_hold
from console.backend.runs.inspection import known_run
from console.backend.runs.operations import committing, operation
from console.backend.runs.site import Site


def arm(site: Site, run_id: str, purpose: str) -> None:
    """Open the lease; where the switch is armed for exactly this already, nothing is to be done.

    Raises Held under a HOLD, Refused where the database says no, NotKnownYet where it cannot be told whether it is armed.
    """
    require_no_hold(site)
    if armed_for(site, run_id, purpose):
        return
    known = known_run(site, run_id)
    said = (Field(key="purpose", value=purpose),)
    with (
        operation(site, known.workspace, known.request, "arm", said, ends=purpose == "revert") as journal,
        committing(site, journal, run_id, "arm", has_event=False) as promise,
    ):
        ledger.arm(promise.connection, run_id, purpose, site.operator, site.context.host, site.settings.lease_minutes)

"""Arming the switch for one run and one purpose; the database checks run, stage, ruling, backup and HOLD itself."""

from functools import partial

import psycopg

from console.backend.host.installation import Installation
from console.backend.journal.journal_record import Field
from console.backend.model.errors import Unmeasured
from console.backend.model.purposes import Operation, Purpose
from console.backend.postgres import ledger
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import CommitUnknown
from console.backend.postgres.effects import Effect, EffectKind
from console.backend.runs.kill_switch import is_for, switch_without_hold
from console.backend.runs.known_run import requested
from console.backend.runs.lease import LeaseHolder
from console.backend.runs.operations import commit_without_event, note_attempt, operation, settle_lost
from console.backend.runs.phase_context import Role
from console.backend.runs.settling import Attempt


def arm(installation: Installation, run_id: str, purpose: Purpose) -> None:
    """Open the lease for a session that takes it up later; if the switch is armed for exactly this, do nothing.

    Raises Held under a HOLD, Refused if the database refuses, NotKnownYet if it is unknown whether the switch is armed.
    """
    switch = switch_without_hold(installation)
    if is_for(switch.lease, run_id, purpose):
        return
    workspace, request = requested(installation, run_id)
    fields = (Field(key="purpose", value=purpose),)
    with operation(installation, workspace, request, Operation.ARM, fields, ends=purpose is Purpose.REVERT) as journal:
        commit_without_event(
            installation,
            journal,
            run_id,
            Operation.ARM,
            partial(_arm, installation=installation, run_id=run_id, purpose=purpose),
        )


def arm_and_hold(installation: Installation, run_id: str, purpose: Purpose, holder: LeaseHolder) -> None:
    """Open the lease and take it up in one transaction: at no moment is it open without the session that holds it.

    Raises as `arm` does. A COMMIT that was not answered costs the lease, because its session is ended to settle it.
    """
    switch = switch_without_hold(installation)
    # A lease that was armed before, and that nobody has taken up, serves as well.
    if holder.take(purpose, seen=(switch.lease,)):
        return
    workspace, request = requested(installation, run_id)
    fields = (Field(key="purpose", value=purpose),)
    with operation(installation, workspace, request, Operation.ARM, fields, ends=purpose is Purpose.REVERT) as journal:
        attempt: Attempt | None = None
        try:
            with holder.arming() as connection:
                write = partial(_arm_and_take, installation=installation, run_id=run_id, purpose=purpose)
                attempt = note_attempt(connection, journal, Operation.ARM, Role.EXECUTOR, write)
        except CommitUnknown as lost:
            if attempt is None:
                raise
            outcome = settle_lost(installation, journal, run_id, attempt, lost)
            message = f"{lost.message}; {outcome}, and the lease ended with its session: the switch is off"
            raise Unmeasured(lost.code, message, "Do it again.") from lost


def _arm_and_take(connection: psycopg.Connection, installation: Installation, run_id: str, purpose: Purpose) -> Effect:
    with Asking(connection) as asking:
        lease = asking.ask(partial(_arm, installation=installation, run_id=run_id, purpose=purpose))
        asking.ask(lambda connection: ledger.take_lease(connection, run_id, purpose))
    return lease.value


def _arm(connection: psycopg.Connection, installation: Installation, run_id: str, purpose: Purpose) -> Effect:
    lease = ledger.arm(
        connection,
        run_id,
        purpose,
        installation.operator,
        installation.context.host,
        installation.settings.lease_minutes,
    )
    return Effect(kind=EffectKind.LEASE, key=lease)

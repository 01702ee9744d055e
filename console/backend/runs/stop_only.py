"""The stop of a console that only reads: a HOLD as the role that may set one and nothing else, and what still runs, as the monitoring role sees it.

The role cancels nothing. To cancel another role's statement it would have to be a member of `cutter_exec`, or of
`pg_signal_backend`, which reaches into every database of the server; so what runs is refused by the HOLD instead.
"""

import time
from contextlib import suppress

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import StopStep, SwitchState, SwitchView
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.holds import StillOpen, still_open
from console.backend.postgres.measure import privileges_beyond_a_hold
from console.backend.runs.kill_switch import measure_in_database

LIMIT_S = 3.0
"""Time limit for each statement of a stop, by the server's clock: a stop must not wait long."""
LOOKS, PAUSE_S = 15, 0.2
_STATEMENTS = "running statements"


def has_stopper(installation: Installation) -> bool:
    """Return whether a connection of the role that may set a HOLD and nothing else is configured."""
    return bool(installation.settings.database.stopper)


def require_only_a_hold(installation: Installation) -> None:
    """Raise Refused if the role that is configured to stop could write anything else. One that cannot be asked is no obstacle to reading."""
    if not has_stopper(installation):
        return
    with (
        suppress(Unmeasured),
        connect(
            installation.settings.database.stopper, read_only=True, timeout_s=LIMIT_S, purpose="role"
        ) as connection,
    ):
        if privileges := privileges_beyond_a_hold(connection):
            message = f"the role of `database.stopper` has {privileges} privileges to write beside that to set a HOLD"
            raise Refused(
                StopCode.GRANT_DELTA, message, "Give `database.stopper` the role that only stops: cutter_stop."
            )


def hold_as_stopper(installation: Installation, reason: str) -> str:
    """Set a HOLD unless one is set. Return in words which of the two it was. Raises CutterError if there is none now."""
    if not has_stopper(installation):
        raise Refused(
            StopCode.GRANT_DELTA,
            "a console that only reads sets it through `database.stopper`, and that is not configured",
            "As an operator, on the server: cutter-console panic",
        )
    try:
        # Not replicated: while a standby is away, its COMMIT would wait without an end.
        with connect(
            installation.settings.database.stopper, timeout_s=LIMIT_S, purpose="panic", replicated=False
        ) as connection:
            is_new = ledger.ensure_hold(connection, reason, installation.operator)
    except Drifted as error:
        if error.code is not StopCode.IDENTITY_MISMATCH:
            raise
        message = "`database.stopper` leads to a standby, which takes no HOLD; it is set on the primary"
        raise Drifted(error.code, message, "On the primary's server: cutter-console panic") from error
    return "set" if is_new else "was set already, and stays"


def measured_after(installation: Installation, *, is_set: bool) -> SwitchView:
    """Return the switch in the database; a HOLD that was set is waited for where the monitoring role reads a standby."""
    for look in range(LOOKS):
        time.sleep(PAUSE_S if look else 0.0)
        switch = measure_in_database(installation)
        if not is_set or switch.state not in {SwitchState.OFF, SwitchState.ARMED}:
            break
    return switch


def statements_step(installation: Installation) -> StopStep:
    """Wait a little for the transactions of writing roles to end, which this console cannot cancel, and tell what is left."""
    try:
        left = _left(installation)
    except CutterError as error:
        return StopStep(what=_STATEMENTS, done=False, detail=safe_text(f"not known: {error.message}"))
    if left.is_standby:
        detail = "not known: the monitoring connection leads to a standby, where nothing of the primary runs"
        return StopStep(what=_STATEMENTS, done=False, detail=detail)
    if not left.transactions:
        return StopStep(what=_STATEMENTS, done=True, detail="none is running")
    detail = (
        f"{left.transactions} open of roles that may write, and not cancelled: this role may not. What still writes looks for"
        " the HOLD at its end, and is refused"
    )
    return StopStep(what=_STATEMENTS, done=False, detail=detail)


def _left(installation: Installation) -> StillOpen:
    with connect(
        installation.settings.database.monitor, read_only=True, timeout_s=LIMIT_S, purpose="panic"
    ) as connection:
        for look in range(LOOKS):
            time.sleep(PAUSE_S if look else 0.0)
            left = still_open(connection)
            if not left.transactions or left.is_standby:
                break
    return left

"""Panic: every way to stop, each tried by itself, and a report of what was done; it needs no authority.

The HOLD file comes first, then the HOLD in the database, the running statements and the lease. A step that fails keeps none
of the others from being done.
"""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, Held, StopCode
from console.backend.model.reasons import MOST_CHARACTERS, kept_reason
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import StopStep, SwitchState, SwitchView
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect, finish
from console.backend.postgres.sessions import Session
from console.backend.runs.kill_switch import combined, hold_in_file, measure_in_database, unreadable, write_hold_file

_LIMIT_S = 3.0
"""Time limit for each statement of panic, by the server's clock: a stop must not wait long."""
_LOOKS, _PAUSE_S = 15, 0.2


def panic(installation: Installation, reason: str) -> SwitchView:
    """Stop everything; works without the database, and without the root.

    Never refuses a reason: a long one is cut, which `note` says. `steps` tells what was done, item by item; if one
    was not, `incomplete` says which, and `complete_with` has the command that tries all of it again. Raises Held only if
    neither the file nor the database took the HOLD.
    """
    short_reason, was_cut = kept_reason(reason)
    stored_reason = short_reason or "panic, no reason given"
    not_written = write_hold_file(installation, stored_reason)
    refused, cancelled = _hold_in_database(installation, stored_reason)
    if not_written and refused is not None:
        raise Held(
            StopCode.PANIC,
            f"the HOLD could be set nowhere: {not_written}; the database: {refused.message}",
            f"By hand: touch {shlex.quote(str(installation.hold_file))}; see: ls -la {shlex.quote(str(installation.hold_file))}",
        ) from refused
    is_unreachable = refused is not None and refused.code is StopCode.UNREACHABLE
    # A database that did not answer is not asked again for each step: every try costs the time of a connection.
    steps = (
        _file_step(installation, not_written),
        _step("HOLD in the database", f"not set: {refused.message}" if refused else "", "set"),
        _not_tried("running statements") if is_unreachable else cancelled or _cancel(installation),
    )
    in_database = unreadable(refused) if refused is not None and is_unreachable else measure_in_database(installation)
    switch = combined(installation, hold_in_file(installation), in_database)
    lease = _not_tried("lease") if is_unreachable else _lease_step(in_database)
    return _with_steps(installation, switch, (*steps, lease), not_written, refused, was_cut=was_cut)


def _hold_in_database(installation: Installation, stored_reason: str) -> tuple[CutterError | None, StopStep | None]:
    """Set the HOLD as the executing role or, if that one cannot connect, as the verifying role.

    Returns why it was not set, if it was not, and what was cancelled on the same session, if that could be asked.
    """
    # The executor's error is reported even if the verifier fails too: its cause is the one to repair.
    first_error: CutterError | None = None
    cancelled: StopStep | None = None
    is_set = False
    for conninfo in (installation.settings.database.executor, installation.settings.database.verifier):
        try:
            with _session(conninfo) as connection:
                ledger.set_hold(connection, stored_reason, installation.operator, None)
                # Committed before anything is cancelled: what is stopped must not begin again.
                finish(connection)
                is_set = True
                if conninfo == installation.settings.database.executor:
                    cancelled = _cancel_on(connection)
        except CutterError as error:
            # What fails after the COMMIT takes nothing back; the statements are cancelled on another session then.
            first_error = first_error or error
        if is_set:
            return None, cancelled
    return first_error, None


@contextmanager
def _session(conninfo: str) -> Iterator[Session]:
    # Not replicated: while a standby is away, its COMMIT would wait without an end.
    with connect(conninfo, timeout_s=_LIMIT_S, purpose="panic", replicated=False) as connection:
        yield connection


def _cancel(installation: Installation) -> StopStep:
    """Cancel what the executing role runs, on a session of its own."""
    try:
        with _session(installation.settings.database.executor) as connection:
            return _cancel_on(connection)
    except CutterError as error:
        return _step("running statements", f"not cancelled: {error.message}", "")


def _cancel_on(connection: psycopg.Connection) -> StopStep:
    """Cancel what the executing role runs, and see that it ends; a COMMIT that waits for a standby is left alone and told."""
    most_running = 0
    for look in range(_LOOKS):
        running, waiting = ledger.cancel_running(connection)
        # The largest number that was seen: of those that have ended, later answers know nothing.
        most_running = max(most_running, running)
        if not running:
            break
        time.sleep(_PAUSE_S if look else 0.0)
    if running:
        return _step("running statements", f"{running} asked to stop, still running", "")
    if waiting:
        detail = (
            f"{waiting} COMMIT waits for a synchronous standby: it is committed here, and a cancel would only hide that"
        )
        return _step("running statements", detail, "")
    return _step("running statements", "", f"{most_running} cancelled" if most_running else "none was running")


def _file_step(installation: Installation, not_written: str) -> StopStep:
    return _step("HOLD file", f"not written: {not_written}" if not_written else "", str(installation.hold_file))


def _lease_step(in_database: SwitchView) -> StopStep:
    match in_database.state:
        case SwitchState.ARMED:
            return _step("lease", f"still open for run {in_database.run_id}", "")
        case SwitchState.UNREADABLE:
            return _step("lease", f"not known: {in_database.reason}", "")
        case SwitchState.OFF | SwitchState.HOLD:
            return _step("lease", "", "none is open")


def _not_tried(name: str) -> StopStep:
    return _step(name, "not known", "")


def _step(name: str, problem: str, detail: str) -> StopStep:
    return StopStep(what=name, done=not problem, detail=safe_text(problem or detail))


def _with_steps(
    installation: Installation,
    switch: SwitchView,
    steps: tuple[StopStep, ...],
    not_written: str,
    refused: CutterError | None,
    *,
    was_cut: bool,
) -> SwitchView:
    """Add the steps, and what is missing, to the measured switch."""
    changes: dict[str, object] = {"steps": steps}
    again = f"cutter-console panic --reason {shlex.quote(switch.reason)}"
    # The last two steps; of the first two, what is missing is said in words of its own.
    missing = [f"{step.what}: {step.detail}" for step in steps[2:] if not step.done]
    if refused is not None:
        missing.insert(
            0, f"the database did not take the HOLD; consoles of this host alone are stopped: {refused.message}"
        )
    elif not_written:
        file_note = "; what is there stops this host's consoles all the same" if switch.in_file else ""
        missing.insert(0, f"the database has the HOLD, its file was not written: {not_written}{file_note}")
        again = again if len(missing) > 1 else f"ls -la {shlex.quote(str(installation.hold_file))}"
    if missing:
        changes |= {"incomplete": safe_text("; ".join(missing)), "complete_with": again}
    if was_cut:
        changes["note"] = f"the reason was cut to {MOST_CHARACTERS} characters"
    return switch.model_copy(update=changes)

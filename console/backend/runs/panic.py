"""Panic: every way to stop, each tried by itself, and a report of what was done; it needs no authority.

The HOLD file comes first, then the HOLD in the database, the running statements and the lease. A step that fails keeps none
of the others from being done. A console that only reads opens no session that could do more than set the HOLD (`stop_only`).
"""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

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
from console.backend.runs.stop_only import (
    LIMIT_S,
    LOOKS,
    PAUSE_S,
    has_stopper,
    hold_as_stopper,
    measured_after,
    statements_step,
)


class _InDatabase(NamedTuple):
    """The HOLD in the database: why it was not set, or in words that it is; and what was done with the running statements."""

    refused: CutterError | None
    detail: str = "set"
    statements: StopStep | None = None
    """None if nobody was asked yet."""
    by_stopper: bool = False


def panic(installation: Installation, reason: str, *, read_only: bool = False) -> SwitchView:
    """Stop everything; works without the database, and without the root.

    Never refuses a reason: a long one is cut, which `note` says. `steps` tells what was done, item by item; if one
    was not, `incomplete` says which, and `complete_with` has the command that tries all of it again. Raises Held only if
    neither the file nor the database took the HOLD. `read_only` uses no role but the one that may set a HOLD and nothing else.
    """
    short_reason, was_cut = kept_reason(reason)
    stored_reason = short_reason or "panic, no reason given"
    not_written = write_hold_file(installation, stored_reason)
    held = _hold_as_stopper(installation, stored_reason) if read_only else _hold(installation, stored_reason)
    refused = held.refused
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
        _step("HOLD in the database", f"not set: {refused.message}" if refused else "", held.detail),
        _not_tried("running statements") if is_unreachable else _statements(installation, held, read_only=read_only),
    )
    if refused is not None:
        in_database = unreadable(refused) if is_unreachable else measure_in_database(installation)
    else:
        in_database = measured_after(installation, is_set=held.by_stopper)
    switch = combined(installation, hold_in_file(installation), in_database)
    lease = _not_tried("lease") if is_unreachable else _lease_step(in_database)
    return _with_steps(installation, switch, (*steps, lease), not_written, refused, was_cut=was_cut)


def _hold(installation: Installation, stored_reason: str) -> _InDatabase:
    """Set the HOLD as the executing role or, if that one cannot connect, as the verifying role, or as the one that only stops."""
    # The executor's error is reported even if the others fail too: its cause is the one to repair.
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
            return _InDatabase(None, statements=cancelled)
    if has_stopper(installation):
        held = _hold_as_stopper(installation, stored_reason)
        return held if held.refused is None else _InDatabase(first_error)
    return _InDatabase(first_error)


def _hold_as_stopper(installation: Installation, stored_reason: str) -> _InDatabase:
    """Set the HOLD as the role that may do nothing else."""
    try:
        return _InDatabase(None, hold_as_stopper(installation, stored_reason), by_stopper=True)
    except CutterError as error:
        return _InDatabase(error)


def _statements(installation: Installation, held: _InDatabase, *, read_only: bool) -> StopStep:
    """Return what was done with the running statements: they are cancelled, or refused by the HOLD of a role that may not cancel."""
    if held.by_stopper:
        return statements_step(installation)
    if read_only:
        detail = "not cancelled: a console that only reads may not, and there is no HOLD that refuses them"
        return _step("running statements", detail, "")
    return held.statements or _cancel(installation)


@contextmanager
def _session(conninfo: str) -> Iterator[Session]:
    # Not replicated: while a standby is away, its COMMIT would wait without an end.
    with connect(conninfo, timeout_s=LIMIT_S, purpose="panic", replicated=False) as connection:
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
    for look in range(LOOKS):
        running, waiting = ledger.cancel_running(connection)
        # The largest number that was seen: of those that have ended, later answers know nothing.
        most_running = max(most_running, running)
        if not running:
            break
        time.sleep(PAUSE_S if look else 0.0)
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

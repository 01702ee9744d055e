"""Panic: every way to stop, each tried by itself, and a report of what was done; it needs no authority.

The HOLD file comes first, then the HOLD in the database, the running statements and the lease. A step that fails keeps none
of the others from being done, and one that has no answer keeps the report from coming no longer than `ALL_S`. A console
that only reads opens no session that could do more than set the HOLD (`stop_only`).
"""

import shlex
from concurrent.futures import Future
from functools import partial

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, Held, StopCode
from console.backend.model.reasons import MOST_CHARACTERS, kept_reason
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import OnStep, StopStep, SwitchState, SwitchView, untold
from console.backend.runs.hold_attempts import (
    ALL_S,
    Deadline,
    HoldAttempts,
    HoldInDatabase,
    begun,
    cancel_on,
    panic_session,
    stop_step,
)
from console.backend.runs.kill_switch import combined, hold_in_file, unreadable, write_hold_file
from console.backend.runs.stop_only import measured_after, statements_step

_HOLD = "HOLD in the database"


def panic(installation: Installation, reason: str, *, read_only: bool = False, on_step: OnStep = untold) -> SwitchView:
    """Stop everything; works without the database, and without the root.

    Never refuses a reason: a long one is cut, which `note` says. `steps` tells what was done, item by item; if one
    was not, `incomplete` says which, and `complete_with` has the command that tries all of it again. `on_step` is told
    of the file, and of a HOLD that the database has not taken at the first try, before it is tried on. Raises Held only if
    neither the file nor the database took the HOLD. `read_only` uses no role but the one that may set a HOLD and nothing else.
    """
    deadline = Deadline()
    short_reason, was_cut = kept_reason(reason)
    stored_reason = short_reason or "panic, no reason given"
    not_written = write_hold_file(installation, stored_reason)
    in_file = _file_step(installation, not_written)
    on_step(in_file)
    held = HoldAttempts(installation, stored_reason, deadline).set(
        read_only=read_only,
        on_failure=lambda error: on_step(stop_step(_HOLD, f"not set yet, and tried on: {error.message}", "")),
    )
    refused = held.refused
    if not_written and refused is not None:
        raise Held(
            StopCode.PANIC,
            f"the HOLD could be set nowhere: {not_written}; the database: {refused.message}",
            f"By hand: touch {shlex.quote(str(installation.hold_file))}; see: ls -la {shlex.quote(str(installation.hold_file))}",
        ) from refused
    is_unreachable = refused is not None and refused.code is StopCode.UNREACHABLE
    # A database that did not answer is not asked again for each step: every try costs the time of a connection.
    if refused is not None and is_unreachable:
        in_database, statements = unreadable(refused), _not_tried("running statements")
    else:
        # Begun before the statements are cancelled: a cancel without an answer takes all the time that is left.
        measured = begun(partial(measured_after, installation, is_set=held.by_stopper), "switch")
        statements = _statements(installation, held, deadline, read_only=read_only)
        in_database = _measured(measured, deadline)
    set_in_database = stop_step(_HOLD, f"not set: {refused.message}" if refused else "", held.detail)
    switch = combined(installation, hold_in_file(installation), in_database)
    lease = _not_tried("lease") if is_unreachable else _lease_step(in_database)
    steps = (in_file, set_in_database, statements, lease)
    return _with_steps(installation, switch, steps, not_written, refused, was_cut=was_cut)


def _measured(measured: Future[SwitchView], deadline: Deadline) -> SwitchView:
    try:
        return deadline.answer(measured)
    except CutterError as error:
        return unreadable(error)


def _statements(installation: Installation, held: HoldInDatabase, deadline: Deadline, *, read_only: bool) -> StopStep:
    """Return what was done with the running statements: they are cancelled, or refused by the HOLD of a role that may not cancel."""
    if read_only and not held.by_stopper:
        detail = "not cancelled: a console that only reads may not, and there is no HOLD that refuses them"
        return stop_step("running statements", detail, "")
    try:
        if held.by_stopper:
            return deadline.bounded(partial(statements_step, installation), "statements")
        return _cancelled(installation, held, deadline)
    except CutterError as error:
        return stop_step("running statements", f"not cancelled: {error.message}", "")


def _cancelled(installation: Installation, held: HoldInDatabase, deadline: Deadline) -> StopStep:
    if held.statements is not None:
        try:
            return deadline.answer(held.statements)
        except CutterError:
            if not deadline.left(ALL_S):
                raise
    return deadline.bounded(partial(_cancel, installation), "cancel")


def _cancel(installation: Installation) -> StopStep:
    """Cancel what the executing role runs, on a session of its own."""
    with panic_session(installation.settings.database.executor) as connection:
        return cancel_on(connection)


def _file_step(installation: Installation, not_written: str) -> StopStep:
    return stop_step("HOLD file", f"not written: {not_written}" if not_written else "", str(installation.hold_file))


def _lease_step(in_database: SwitchView) -> StopStep:
    match in_database.state:
        case SwitchState.ARMED:
            return stop_step("lease", f"still open for run {in_database.run_id}", "")
        case SwitchState.UNREADABLE:
            return stop_step("lease", f"not known: {in_database.reason}", "")
        case SwitchState.OFF | SwitchState.HOLD:
            return stop_step("lease", "", "none is open")


def _not_tried(name: str) -> StopStep:
    return stop_step(name, "not known", "")


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

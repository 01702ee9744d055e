"""Panic: every way to stop, each tried by itself, and a report of what was done; it needs no authority.

The HOLD file comes first, then the HOLD in the database, the running statements and the lease. A step that fails keeps none
of the others from being done, and one that has no answer keeps the report from coming no longer than `ALL_S`; the file is
waited for `FILE_S`, and asked about once more at the end. A console that only reads opens no session that could do more
than set the HOLD (`stop_only`).
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
from console.backend.runs.hold_file import FILE_S, HoldFile
from console.backend.runs.kill_switch import combined, hold_in_file, unreadable
from console.backend.runs.stop_only import measured_after, statements_step

_FILE, _HOLD = "HOLD file", "HOLD in the database"


def panic(installation: Installation, reason: str, *, read_only: bool = False, on_step: OnStep = untold) -> SwitchView:
    """Stop everything; works without the database, and without the root.

    Never refuses a reason: a long one is cut, which `note` says. `steps` tells what was done, item by item; if one
    was not, `incomplete` says which, and `complete_with` has the command that tries all of it again. `on_step` is told
    of the file, and of a HOLD that the database has not taken at the first try, before it is tried again. Raises Held
    only if neither the file nor the database took the HOLD. `read_only` uses no role but the one that may set a HOLD
    and nothing else.
    """
    deadline = Deadline()
    short_reason, was_cut = kept_reason(reason)
    stored_reason = short_reason or "panic, no reason given"
    file = HoldFile(installation, stored_reason)
    not_written = file.problem(FILE_S)
    on_step(_file_step(installation, not_written))
    held = HoldAttempts(installation, stored_reason, deadline).set(
        read_only=read_only,
        on_failure=lambda error: on_step(stop_step(_HOLD, f"not set yet, still trying: {error.message}", "")),
    )
    refused, is_answered, not_written = held.refused, file.is_answered, file.problem(0)
    if not_written and refused is not None:
        path = shlex.quote(str(installation.hold_file))
        raise Held(
            StopCode.PANIC,
            f"the HOLD could be set nowhere: {not_written}; the database: {refused.message}",
            f"By hand: touch {path}; see: ls -la {path}" if is_answered else f"Again: {_again(stored_reason)}",
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
    lease = _not_tried("lease") if is_unreachable else _lease_step(in_database)
    # Asked again: what took long to be written may be there by now.
    is_answered, not_written = file.is_answered, file.problem(0)
    # A file system that has not answered to the write is not asked for what is there.
    in_file = hold_in_file(installation) if is_answered else None
    switch = combined(installation, in_file, in_database)
    if not is_answered:
        switch = switch.model_copy(update={"in_file": None})
    steps = (_file_step(installation, not_written), set_in_database, statements, lease)
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
    return stop_step(_FILE, f"not written: {not_written}" if not_written else "", str(installation.hold_file))


def _again(reason: str) -> str:
    return f"cutter-console panic --reason {shlex.quote(reason)}"


def _completes_file(installation: Installation, switch: SwitchView, again: str) -> str:
    """Return the command that completes a stop whose HOLD is in the database and not in the file."""
    path = shlex.quote(str(installation.hold_file))
    if switch.in_file:
        # Whatever is there stops this host: nothing is missing but a look at it.
        return f"ls -la {path}"
    return f"touch {path}" if installation.root.is_dir() else f"cutter-console init && {again}"


def _lease_step(in_database: SwitchView) -> StopStep:
    match in_database.state:
        case SwitchState.ARMED:
            return stop_step("lease", f"still open for run {in_database.run_id}", "")
        case SwitchState.UNREADABLE:
            repair = f". {in_database.clears_with}" if in_database.clears_with else ""
            return stop_step("lease", f"not known: {in_database.reason}{repair}", "")
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
    again = _again(switch.reason)
    # The last two steps; of the first two, what is missing is said in words of its own.
    missing = [f"{step.what}: {step.detail}" for step in steps[2:] if not step.done]
    if refused is not None:
        stopped = "the database did not take the HOLD; consoles of this host alone are stopped"
        # The same command again helps once what refused it was put right.
        repair = f". {refused.next_action}" if refused.next_action else ""
        missing.insert(0, f"{stopped}: {refused.message}{repair}")
    elif not_written:
        file_note = "; what is there stops this host's consoles all the same" if switch.in_file else ""
        missing.insert(0, f"the database has the HOLD, its file was not written: {not_written}{file_note}")
        is_known = switch.in_file is not None
        again = _completes_file(installation, switch, again) if is_known and len(missing) == 1 else again
    if missing:
        changes |= {
            "incomplete": safe_text("; ".join(part.removesuffix(".") for part in missing)),
            "complete_with": again,
        }
    if was_cut:
        changes["note"] = f"the reason was cut to {MOST_CHARACTERS} characters"
    return switch.model_copy(update=changes)

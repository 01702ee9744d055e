"""Traces of a stopped phase: the run's state, its event, its journal, and a HOLD if one is due."""

from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import Field, RecordKind
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import CutterError, Drifted, Held, StopCode, Unmeasured
from console.backend.model.purposes import Operation
from console.backend.model.reasons import kept_reason
from console.backend.model.states import Family, Phase
from console.backend.postgres import ledger
from console.backend.postgres.connections import CommitUnknown
from console.backend.postgres.ledger import Event
from console.backend.runs.hold_file import FILE_S, HoldFile
from console.backend.runs.kill_switch import set_hold
from console.backend.runs.operations import committing, intended
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.workspace import PhaseRecord

_RESUMABLE = frozenset(
    {
        StopCode.APPROVAL_REQUIRED,
        StopCode.APPROVAL_INVALID,
        StopCode.EXECUTION_DISABLED,
        StopCode.BACKUP_GPG_PUBKEY_MISSING,
        StopCode.BACKUP_NOT_PROVEN,
        StopCode.LOCKED,
        StopCode.HOLD,
        StopCode.PANIC,
        StopCode.UNREACHABLE,
    }
)


def family_after(error: CutterError, phase: Phase) -> Family:
    """Pure: what may come right by itself or by the operator's hand stops the run; the rest fails it.

    A closeout is only ever stopped: its units are law, and closing it is the one way on.
    """
    if phase is Phase.CLOSEOUT or isinstance(error, Unmeasured | Drifted) or error.code in _RESUMABLE:
        return Family.STOPPED
    return Family.FAILED


def hold_after(error: CutterError, context: PhaseContext, phase: Phase) -> Held | None:
    """Set a HOLD if counts differ from the plan, before anything is recorded: a full disk must not prevent it.

    Returns the error that says that no HOLD could be set; None if one is set, or none is due.
    """
    if error.code is not StopCode.COUNT_MISMATCH:
        return None
    if not context.is_live:  # A dry run writes no row, not even this one.
        HoldFile(context.installation, kept_reason(f"{phase}: {error.message}")[0]).problem(FILE_S)
        return None
    return set_hold(context.installation, error.code, f"{phase}: {error.message}", context.run_id)


def record_failure(
    error: CutterError, context: PhaseContext, phase: Phase, failed: PhaseRecord, journal: Journal
) -> None:
    """Record the stop.

    Where the database cannot be reached the journal alone says it, and the run is shown as interrupted.
    """
    # No result: what became of the phase is not known, and an open intent is settled by the next operation.
    if isinstance(error, CommitUnknown) or error.code is StopCode.UNREACHABLE:
        journal.append(RecordKind.NOTE, phase, (Field(key="stopped", value=f"{error.code}: {error.message}"),))
        return
    journal.append(
        RecordKind.RESULT, phase, (Field(key="outcome", value=failed.outcome), Field(key="detail", value=failed.detail))
    )
    if not context.is_live:
        return
    family = family_after(error, phase)
    # A failed run is named by its gate, a stopped one by the reason, which can be removed.
    reason = phase.value if family is Family.FAILED else error.code.removeprefix("STOP_").lower()
    try:
        with intended(context.installation, context.request, journal, Operation.STOP):
            _record(context, failed, (family, reason), journal)
    except CutterError as second:
        journal.append(RecordKind.NOTE, phase, (Field(key="not_recorded", value=f"{second.code}: {second.message}"),))


def _record(context: PhaseContext, failed: PhaseRecord, end: tuple[Family, str], journal: Journal) -> None:
    with committing(context.installation, journal, context.run_id, Operation.STOP) as promise:
        connection = promise.connection
        record = canonical_json(failed).decode()
        event = Event(phase=failed.phase, outcome=failed.outcome, record=record, anchor=promise.head)
        key = context.workspace.journal_key()
        ledger.leave(connection, context.run_id, *end, ledger.event_json(connection, context.run_id, event, key))

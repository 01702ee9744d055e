"""Take-over of a run whose holder is gone: this console holds it from then on, and the former holder is fenced.

Without the run's files a journal of its own begins, and what needs the plan is not offered: the run is voided, reverted
or closed, or goes on once its bundle is accepted. With its files, as after a hand-over that nobody accepted, it goes on.
"""

from contextlib import closing

from console.backend.host.installation import Installation
from console.backend.host.signals import at_work
from console.backend.journal.journal import REPLACES, Journal, read_journal, verify_journal
from console.backend.journal.journal_key import JournalKey
from console.backend.journal.journal_record import Field, RecordKind
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Operation
from console.backend.model.states import Move, is_ended
from console.backend.postgres import custody as custody_rows
from console.backend.postgres.connections import connect
from console.backend.postgres.transactions import end_session
from console.backend.runs.anchoring import come_to_rest
from console.backend.runs.custody import (
    TAKEN,
    changing_hands,
    held_elsewhere,
    is_held_here,
    is_here,
    is_in_no_change_of_hands,
)
from console.backend.runs.hands import begins_anew
from console.backend.runs.known_run import Known, known_run
from console.backend.runs.moves import require_move
from console.backend.runs.operations import committing, intended, open_former
from console.backend.runs.phase_context import Role, conninfo_of
from console.backend.runs.run_state import anchored_events
from console.backend.runs.run_views import measure_facts
from console.backend.runs.workspace import RunRequestFile, Workspace

_WENT_ON = "the run went on elsewhere, in a journal that is not here"


def take_over(installation: Installation, run_id: str) -> bool:
    """Make this console the holder of the run; return False if it is already.

    Raises Refused if the run is over or its files are here and nobody else holds it, and what an operation raises.
    """
    known = known_run(installation, run_id)
    if known.row is None:
        message = f"run {run_id} is not in the database: a dry run is held by the root that has it"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Look at it: cutter-console run show {run_id}")
    directory = known.workspace.directory
    if is_ended(known.row.stage, known.row.family):
        message = f"run {run_id} is over: {known.row.state.name}"
        raise Refused(StopCode.EXECUTION_DISABLED, message, f"Look at it: cutter-console run show {run_id}")
    if is_held_here(directory, known.row) and _is_whole(known):
        return False
    if not held_elsewhere(directory, known.row) and _is_whole(known):
        message = f"run {run_id} is held here: its files are below {installation.root}"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Look at it: cutter-console run show {run_id}")
    with at_work(), _opened(installation, known) as journal:
        begins = _begins(known)
        with intended(installation, known.request, journal, Operation.TAKE_OVER, _fields(installation, known)):
            _end_sessions(installation, journal, run_id)
            _commit(installation, known, journal, begins=begins)
        come_to_rest(installation, known.workspace, known.request, journal)
    return True


def hold_to_end(installation: Installation, run_id: str, move: Move) -> None:
    """Take over a run that this move ends from here and whose files are not here; do nothing for any other.

    Its end is then an event of a journal that the database knows. Without it, the journal that begins here would be judged
    as the run's own, which it never was. Raises as `take_over` does, and before it as `require_move` does.
    """
    known = known_run(installation, run_id)
    if known.row is None or held_elsewhere(known.workspace.directory, known.row):
        return
    if not is_here(known.workspace.directory, known.row):
        require_move(move, measure_facts(installation, run_id), run_id)
        take_over(installation, run_id)


def _is_whole(known: Known) -> bool:
    """Return whether this directory has a journal that the run's events are anchored in, and its key."""
    journal = known.workspace.journal
    verdict = verify_journal(
        journal, anchored_events(known.recorded, known.workspace.directory), known.workspace.run_id
    )
    return verdict.outcome is not Outcome.FAIL and JournalKey.is_usable(known.workspace.directory)


def _opened(installation: Installation, known: Known) -> "closing[Journal]":
    """Open the journal that goes on: the run's own if this root has it whole, else one that begins here.

    A journal that ends where the run went on elsewhere is kept beside it: two consoles do not continue one journal.
    """
    workspace, request = known.workspace, known.request
    if not JournalKey.is_usable(workspace.directory):
        workspace.set_key_aside()
    if not workspace.journal.exists():
        return closing(_begun(installation, workspace, request))
    try:
        journal = open_former(installation, workspace, request)
    except Drifted as damaged:
        if damaged.code is not StopCode.INVARIANT_FAILED:
            raise
        return closing(Journal.replace(workspace.journal, request.run_id, installation.context, damaged.message))
    if not _begins(known) or _has_just_begun(known):
        return closing(journal)
    journal.close()
    return closing(Journal.replace(workspace.journal, request.run_id, installation.context, _WENT_ON))


def _has_just_begun(known: Known) -> bool:
    """Return whether the journal is that of a take-over which was not committed."""
    journal = known.workspace.journal
    if not is_in_no_change_of_hands(journal, known.recorded):
        return False
    return any(record.value(TAKEN) or record.value(REPLACES) for record in read_journal(journal)[:2])


def _begun(installation: Installation, workspace: Workspace, request: RunRequestFile) -> Journal:
    workspace.restore_request(request)
    journal = Journal.create(workspace.journal, request.run_id, installation.context)
    journal.append(RecordKind.NOTE, Operation.TAKE_OVER, (Field(key=TAKEN, value="without the files of the run"),))
    return journal


def _begins(known: Known) -> bool:
    return begins_anew(known.workspace, known.recorded)


def _fields(installation: Installation, known: Known) -> tuple[Field, ...]:
    former = "" if known.row is None else held_elsewhere(known.workspace.directory, known.row)
    return (
        Field(key="operator", value=installation.operator),
        Field(key="host", value=installation.context.host),
        Field(key="former", value=former or f"{known.request.operator} on {known.request.host}"),
    )


def _end_sessions(installation: Installation, journal: Journal, run_id: str) -> None:
    """End what the former holder has left at the server: the session of its lease, and open transactions on the run."""
    for role in (Role.EXECUTOR, Role.VERIFIER):
        with connect(conninfo_of(installation, role), purpose="fence") as connection:
            for session in custody_rows.former_sessions(connection, run_id):
                state = end_session(connection, session.pid, session.started)
                fields = (
                    Field(key="session", value=f"{session.pid} since {session.started}"),
                    Field(key="state", value=state or "is gone"),
                )
                journal.append(RecordKind.NOTE, Operation.TAKE_OVER, fields)


def _commit(installation: Installation, known: Known, journal: Journal, *, begins: bool) -> None:
    with committing(installation, journal, known.workspace.run_id, Operation.TAKE_OVER) as promise:
        change = changing_hands(installation, known.workspace, promise.head)
        custody_rows.take_over(promise.connection, change, known.workspace.journal_key(), begins=begins)

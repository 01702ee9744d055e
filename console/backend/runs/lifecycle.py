"""Starting a run, reverting its cut, voiding it: the moves that are no phase."""

from contextlib import AbstractContextManager

import psycopg

from console.backend.approvals.statement import new_run_id
from console.backend.host.installation import Installation
from console.backend.host.signals import at_work
from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import Field, RecordKind
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan_binding import PlanBinding
from console.backend.model.purposes import Operation, Purpose, RunOperation
from console.backend.model.redaction import redact
from console.backend.model.states import CUT_STAGES, Family, Mode, Move
from console.backend.model.value import Value
from console.backend.model.view_models import RunRequest
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.ledger import Event
from console.backend.postgres.measure import measure_identity, readers_digest, revert_digest
from console.backend.postgres.records import RunRow, all_runs
from console.backend.runs.anchoring import noted
from console.backend.runs.kill_switch import stop_under_hold
from console.backend.runs.lease import LeaseHolder
from console.backend.runs.moves import command_of, require_move
from console.backend.runs.operations import committing, intended, open_to_end, operation
from console.backend.runs.run_state import VOIDED
from console.backend.runs.run_views import known_run, measure_facts
from console.backend.runs.sources import planned, read_source
from console.backend.runs.workspace import RunRequestFile, Workspace


class Created(Value):
    """A new run, or the run that has cut the same plan before: then nothing is to be done."""

    run_id: str
    is_new: bool


def create_run(installation: Installation, request: RunRequest) -> Created:
    """Make a run's id, files, journal and, for LIVE, its row.

    Raises Refused (REPLAY_CONFLICT) where the document has been cut from another text: cut once.
    """
    run_id = new_run_id(installation.context)
    asked = RunRequestFile(
        run_id=run_id,
        mode=request.mode,
        origin=request.origin,
        docprefix=request.docprefix,
        profile=request.profile,
        ordinals=request.ordinals,
        operator=installation.operator,
        host=installation.context.host,
        started_at=installation.context.now(),
    )
    same = _cut_before(installation, asked)
    if same is not None:
        return Created(run_id=same.run_id, is_new=False)
    workspace = Workspace.create(installation.root, asked)
    with at_work(), Journal.create(workspace.journal, run_id, installation.context) as journal:
        said = (Field(key="request", value=canonical_json(asked).decode()),)
        if request.mode is Mode.DRYRUN:
            journal.append(RecordKind.NOTE, Operation.START, said)
            return Created(run_id=run_id, is_new=True)
        with (
            intended(installation, asked, journal, Operation.START, said),
            committing(installation, journal, run_id, Operation.START) as promise,
        ):
            event = noted(promise.connection, workspace, Operation.START, asked.model_dump(mode="json"), promise.head)
            ledger.create_run(promise.connection, run_row(asked, RunOperation.CUT), event)
    return Created(run_id=run_id, is_new=True)


def run_row(asked: RunRequestFile, operation: RunOperation) -> ledger.NewRun:
    """Return what the database is told of a run that begins; `operation` is cut or edit."""
    return ledger.NewRun(
        run_id=asked.run_id,
        operation=operation,
        docprefix=asked.docprefix,
        origin=asked.origin,
        profile=asked.profile,
        operator=asked.operator,
        host=asked.host,
    )


def _cut_before(installation: Installation, asked: RunRequestFile) -> RunRow | None:
    """The run that cut this very text; None where the document is uncut."""
    document = planned(installation, asked, read_source(installation, asked.origin))
    with connect(installation.settings.database.executor, read_only=True, purpose="cut once") as connection:
        before = [row for row in all_runs(connection) if row.docprefix == asked.docprefix and row.stage in CUT_STAGES]
    standing = next((row for row in before if row.family is not Family.REVERTED), None)
    if standing is not None and standing.content_digest == document.content_digest:
        return standing
    if before:
        how = "and reverted " if standing is None else ""
        message = f"{asked.docprefix} was cut {how}by run {before[0].run_id} from {before[0].content_digest}, this is {document.content_digest}"
        raise Refused(
            StopCode.REPLAY_CONFLICT, message, "Its addresses are taken for ever: use another document prefix."
        )
    return None


def revert_cut(installation: Installation, run_id: str, lease: LeaseHolder) -> tuple[Check, ...]:
    """Supersede the drafts under an armed lease to revert, then check that readers see what they saw without them.

    Raises Held, and sets a HOLD, when the readers' view is another one afterwards.
    """
    workspace, request = _of(installation, run_id)
    world = _world(workspace)
    with operation(installation, workspace, request, Operation.REVERT, ends=True) as journal:
        if not lease.take(Purpose.REVERT):
            raise Refused(
                StopCode.EXECUTION_DISABLED,
                f"the switch is not armed for run {run_id} to revert",
                command_of(Move.REVERT, run_id),
            )
        with _reading(installation) as connection:
            wanted = revert_digest(connection, run_id)
        journal.append(RecordKind.NOTE, Operation.REVERT, (Field(key="readers_digest_wanted", value=wanted),))
        with committing(
            installation, journal, run_id, Operation.REVERT, timeout_s=installation.settings.statement_limit_s
        ) as promise:
            event = Event(
                phase=Operation.REVERT, outcome=Outcome.PASS, record='{"status": "reverted"}', anchor=promise.head
            )
            said = ledger.event_json(promise.connection, run_id, event, workspace.journal_key())
            units = ledger.revert(promise.connection, run_id, said)
        now = _readers_view_after(installation, run_id)
        read = (Field(key="units", value=str(units)), Field(key="readers_digest", value=now))
        journal.append(RecordKind.NOTE, Operation.REVERT, read)
    if now != wanted:
        message = f"after the revert of {run_id} the readers' view is {now}, without its units it was {wanted}"
        stop_under_hold(installation, StopCode.INVARIANT_FAILED, message, run_id)
    same = world is not None and now == world.baseline_digest
    detail = (
        "equals the baseline digest again"
        if same
        else "as before without these units; other runs have moved the baseline since"
    )
    evidence = Evidence(
        id="E-readers-view",
        asked="readers' view",
        source="the database, as cutter_verify",
        answer=now,
        measured_at=installation.context.now(),
    )
    return (Check(name="readers' view", outcome=Outcome.PASS, detail=detail, evidence=(evidence,)),)


def _readers_view_after(installation: Installation, run_id: str) -> str:
    """The digest of what readers see after the COMMIT. Raises Unmeasured, saying that the revert stands."""
    try:
        with _reading(installation) as connection:
            return readers_digest(connection)
    except CutterError as error:
        message = f"the revert of run {run_id} is committed; the readers' view could not be compared: {error.message}"
        by_hand = (
            "Nothing repeats the comparison: look at what readers see; the journal has the digest that was wanted."
        )
        raise Unmeasured(error.code, message, by_hand) from error


def _reading(installation: Installation) -> AbstractContextManager[psycopg.Connection]:
    limit_s = installation.settings.statement_limit_s
    return connect(installation.settings.database.verifier, read_only=True, timeout_s=limit_s, purpose="readers' view")


def void_run(installation: Installation, run_id: str, reason: str) -> None:
    """End a run that has cut nothing; once more is nothing to do. Raises Refused where it has: that is reverted instead."""
    if not reason.strip():
        raise Refused(StopCode.REFUSED_INPUT, "a run is voided for a reason", "Give one: --reason TEXT")
    reason = redact(reason)
    workspace, request = _of(installation, run_id)
    facts = measure_facts(installation, run_id)
    if facts.state.family is Family.VOIDED and not facts.is_unsettled:
        return
    said = (Field(key="reason", value=reason),)
    if request.mode is Mode.DRYRUN:
        with open_to_end(installation, workspace, request) as journal:
            journal.append(RecordKind.NOTE, Operation.VOID, said)
            workspace.write(VOIDED, _word(reason).encode())
        return
    with operation(installation, workspace, request, Operation.VOID, said, ends=True) as journal:
        facts = measure_facts(installation, run_id, at_rest=True)
        if facts.state.family is Family.VOIDED:
            return
        require_move(Move.VOID, facts, run_id)
        if not facts.is_known:
            with connect(installation.settings.database.monitor, read_only=True, purpose="void") as connection:
                measure_identity(connection, installation.context.host)
            workspace.write(VOIDED, _word(reason).encode())
            return
        with committing(installation, journal, run_id, Operation.VOID) as promise:
            event = noted(promise.connection, workspace, Operation.VOID, {"reason": reason}, promise.head)
            ledger.leave(promise.connection, run_id, Family.VOIDED, _word(reason), event)


def _of(installation: Installation, run_id: str) -> tuple[Workspace, RunRequestFile]:
    """The run's directory, which may be gone, and what it was started with."""
    known = known_run(installation, run_id)
    return known.workspace, known.request


def _world(workspace: Workspace) -> PlanBinding | None:
    """Return the plan's binding; None if its file is gone or damaged, which does not prevent a revert."""
    try:
        return workspace.plan().world
    except Refused:
        return None


def _word(reason: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in reason.lower()).split()
    return "_".join(words)[:60] or "by_hand"

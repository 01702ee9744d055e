"""Starting a run, reverting its cut, voiding it: the moves that are no phase."""

from contextlib import AbstractContextManager
from functools import partial

import psycopg

from console.backend.approvals.statement import new_run_id
from console.backend.documents.acceptances import acceptances_for
from console.backend.documents.canonical import Handover
from console.backend.documents.limits import limits_of
from console.backend.documents.own_profiles import ChosenProfile, choose_profile
from console.backend.host.installation import Installation
from console.backend.host.signals import at_work
from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import Field, RecordKind
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan import DocumentPlan
from console.backend.model.plan_binding import PlanBinding
from console.backend.model.profile_names import REPEAL_PROFILE
from console.backend.model.purposes import Operation, Purpose, RunOperation
from console.backend.model.redaction import redact
from console.backend.model.repeal import repeal_origin
from console.backend.model.states import CUT_STAGES, ENACTED_STAGES, Family, Mode, Move
from console.backend.model.value import Value
from console.backend.model.view_models import RunRequest
from console.backend.postgres import ledger
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.ledger import Event
from console.backend.postgres.measure import measure_identity, readers_digest, revert_digest
from console.backend.postgres.records import RunRow, runs_of_document
from console.backend.runs.amendments import require_law, require_not_repealed
from console.backend.runs.anchoring import change_event
from console.backend.runs.interruption import records_at_rest
from console.backend.runs.kill_switch import stop_under_hold
from console.backend.runs.known_plans import EarlierRuns, known_plan, planner
from console.backend.runs.known_run import known_run
from console.backend.runs.lease import LeaseHolder
from console.backend.runs.moves import command_of, require_move
from console.backend.runs.operations import committing, intended, open_to_end, operation, unfinished
from console.backend.runs.run_ids import require_live
from console.backend.runs.run_state import VOIDED
from console.backend.runs.run_views import measure_facts
from console.backend.runs.site_preflight import refuse_all_but_a_cut
from console.backend.runs.sources import planned, source_of
from console.backend.runs.takeover import hold_to_end
from console.backend.runs.workspace import RunRequestFile, Workspace

_OF_LAW = {RunOperation.AMEND: "an amendment", RunOperation.REPEAL: "a repeal"}


class Created(Value):
    """A new run, or the run that has cut the same plan before: then nothing is to be done."""

    run_id: str
    is_new: bool
    planned: DocumentPlan | None = None
    """The document as it was planned for a new run; None for the other one."""


def create_run(
    installation: Installation,
    request: RunRequest,
    *,
    run_id: str = "",
    batch_id: str = "",
    earlier: EarlierRuns | None = None,
) -> Created:
    """Make a run's id, files, journal and, for LIVE, its row; a member of a batch has its id already.

    `earlier` are the runs whose plans it may take, as the batch has read them.

    Raises Refused (REPLAY_CONFLICT) if the document has been cut before, from another text or by a run that was reverted.
    """
    run_id, accept = run_id or new_run_id(installation.context), request.accept.encode()
    operation_of_run = _operation(request)
    if operation_of_run is RunOperation.REPEAL:
        # A prefix that is none would be found unknown here; a repeal has no text, and no profile reads it.
        request = request.model_copy(update={"origin": repeal_origin(request.docprefix), "profile": REPEAL_PROFILE})
    profile = _chosen(installation, request)
    request_file = RunRequestFile(
        run_id=run_id,
        mode=request.mode,
        origin=request.origin,
        docprefix=request.docprefix,
        profile=request.profile,
        ordinals=request.ordinals,
        accept_sha256=sha256_hex(accept) if accept else "",
        profile_sha256=profile.sha256,
        operation=operation_of_run,
        moved=request.moved,
        batch_id=batch_id,
        planner=planner(installation),
        operator=installation.operator,
        host=installation.context.host,
        started_at=installation.context.now(),
    )
    if operation_of_run.of_law:
        refuse_all_but_a_cut(installation, _OF_LAW[operation_of_run])
    # Before anything is made: what cannot be planned, or was cut before, leaves no directory of a run behind.
    document, planned_in = _planned(installation, request_file, profile, accept, earlier)
    if operation_of_run.of_law:
        _require_law(installation, request.docprefix, operation_of_run)
    elif (standing_run := _earlier_cut(installation, request_file, document)) is not None:
        return Created(run_id=standing_run.run_id, is_new=False)
    workspace = Workspace.create(installation.root, request_file, accept, profile.data)
    with at_work(), Journal.create(workspace.journal, run_id, installation.context) as journal:
        # The journal keeps the request too: a run whose request.json is lost can still be ended.
        fields = (
            Field(key="request", value=canonical_json(request_file).decode()),
            *((Field(key="first_pass_of", value=planned_in),) if planned_in else ()),
        )
        if request.mode is Mode.DRYRUN:
            journal.append(RecordKind.NOTE, Operation.START, fields)
            return Created(run_id=run_id, is_new=True, planned=document)
        with (
            intended(installation, request_file, journal, Operation.START, fields),
            committing(installation, journal, run_id, Operation.START) as promise,
        ):
            record = request_file.model_dump(mode="json")
            event = change_event(promise.connection, workspace, Operation.START, record, promise.head, promise.turn)
            ledger.create_run(promise.connection, run_row(request_file, request_file.operation), event)
    return Created(run_id=run_id, is_new=True, planned=document)


def run_row(request: RunRequestFile, operation: RunOperation) -> ledger.NewRun:
    """Return what the database is told of a run that begins."""
    return ledger.NewRun(
        run_id=request.run_id,
        operation=operation,
        docprefix=request.docprefix,
        origin=request.origin,
        profile=request.profile,
        operator=request.operator,
        host=request.host,
    )


def _operation(request: RunRequest) -> RunOperation:
    if request.repeal:
        return RunOperation.REPEAL
    return RunOperation.AMEND if request.amend else RunOperation.CUT


def _require_law(installation: Installation, docprefix: str, operation_of_run: RunOperation) -> None:
    """Raise Refused if nothing of the document is law, Drifted if another run holds it."""
    with connect(installation.settings.database.executor, read_only=True, purpose=operation_of_run) as connection:
        require_law(connection, docprefix, operation_of_run)


def _chosen(installation: Installation, request: RunRequest) -> ChosenProfile:
    """Return the profile of a request. Raises Refused if its file is another one than the plan was shown with."""
    if request.repeal:
        return ChosenProfile(request.profile)
    profile = choose_profile(request.profile, installation.profiles)
    if request.profile_sha256 and request.profile_sha256 != profile.sha256:
        message = f"profile {profile.name} has changed since the plan was made: its sha256 was {request.profile_sha256}, and is {profile.sha256}"
        raise Refused(StopCode.REFUSED_INPUT, message, "Plan the document again, look at the plan, then start the run.")
    return profile


def _planned(
    installation: Installation,
    request: RunRequestFile,
    profile: ChosenProfile,
    accept: bytes,
    earlier: EarlierRuns | None,
) -> tuple[DocumentPlan, str]:
    """Return the document as it is planned, and the run that it was planned in; empty if it is planned now."""
    raw, most = Handover(source_of(installation, request)), limits_of(installation.settings)
    # A dry run plans in both passes.
    is_live = request.mode is Mode.LIVE
    known = known_plan(installation.root, request, sha256_hex(raw.data), earlier) if is_live else None
    if known is not None:
        planned_in, document = known
        return document, planned_in
    acceptances = acceptances_for(raw.data, accept, "the accept file", most) if accept else ()
    return planned(installation, request, raw, profile, acceptances), ""


def _earlier_cut(installation: Installation, request: RunRequestFile, document: DocumentPlan) -> RunRow | None:
    """Return the run that has cut this very text; None if the document is uncut. Raises Refused (REPLAY_CONFLICT) otherwise."""
    with (
        connect(installation.settings.database.executor, read_only=True, purpose="cut once") as connection,
        Asking(connection) as asking,
    ):
        asking.ask(partial(require_not_repealed, docprefix=request.docprefix))
        runs = asking.ask(partial(runs_of_document, docprefix=request.docprefix))
    cut_runs = [row for row in runs.value if row.stage in CUT_STAGES]
    standing_run = next((row for row in cut_runs if row.family is not Family.REVERTED), None)
    if standing_run is not None and standing_run.content_digest == document.content_digest:
        return standing_run
    if cut_runs:
        addition = "and reverted " if standing_run is None else ""
        message = f"{request.docprefix} was cut {addition}by run {cut_runs[0].run_id} from {cut_runs[0].content_digest}, this is {document.content_digest}"
        is_law = any(row.stage in ENACTED_STAGES for row in cut_runs)
        raise Refused(
            StopCode.REPLAY_CONFLICT,
            message,
            "It is law: a revised text amends it, run start with --amend."
            if is_law
            else "Its addresses are taken for ever: use another document prefix.",
        )
    return None


def revert_cut(installation: Installation, run_id: str, lease: LeaseHolder) -> tuple[Check, ...]:
    """Supersede the drafts under an armed lease to revert, then check that readers see what they saw without them.

    Raises Held, and sets a HOLD, when the readers' view is another one afterwards.
    """
    workspace, request = _workspace_and_request(installation, run_id)
    binding = _plan_binding(workspace)
    with operation(installation, workspace, request, Operation.REVERT, ends=True) as journal:
        if not lease.take(Purpose.REVERT):
            raise Refused(
                StopCode.EXECUTION_DISABLED,
                f"the switch is not armed for run {run_id} to revert",
                command_of(Move.REVERT, run_id),
            )
        with _reading(installation) as connection:
            # Computed before the revert, and noted: a comparison that fails afterwards can then be made by hand.
            wanted_digest = revert_digest(connection, run_id)
        journal.append(RecordKind.NOTE, Operation.REVERT, (Field(key="readers_digest_wanted", value=wanted_digest),))
        with committing(
            installation, journal, run_id, Operation.REVERT, timeout_s=installation.settings.statement_limit_s
        ) as promise:
            event = Event(
                phase=Operation.REVERT, outcome=Outcome.PASS, record='{"status": "reverted"}', anchor=promise.head
            )
            event_json = ledger.event_json(promise.connection, run_id, event, workspace.journal_key(), promise.turn)
            units = ledger.revert(promise.connection, run_id, event_json)
        # On a fresh connection of another role: the success that the function reports is not taken as proof.
        digest_after = _readers_view_after(installation, run_id)
        fields = (Field(key="units", value=str(units)), Field(key="readers_digest", value=digest_after))
        journal.append(RecordKind.NOTE, Operation.REVERT, fields)
    if digest_after != wanted_digest:
        message = f"after the revert of {run_id} the readers' view is {digest_after}, without its units it was {wanted_digest}"
        stop_under_hold(installation, StopCode.INVARIANT_FAILED, message, run_id)
    is_baseline = binding is not None and digest_after == binding.baseline_digest
    detail = (
        "equals the baseline digest again"
        if is_baseline
        else "as before without these units; other runs have moved the baseline since"
    )
    evidence = Evidence(
        id="E-readers-view",
        asked="readers' view",
        source="the database, as cutter_verify",
        answer=digest_after,
        measured_at=installation.context.now(),
    )
    return (Check(name="readers' view", outcome=Outcome.PASS, detail=detail, evidence=(evidence,)),)


def _readers_view_after(installation: Installation, run_id: str) -> str:
    """Return the digest of what readers see after the COMMIT. Raises Unmeasured, saying that the revert stands."""
    try:
        with _reading(installation) as connection:
            return readers_digest(connection)
    except CutterError as error:
        message = f"the revert of run {run_id} is committed; the readers' view could not be compared: {error.message}"
        next_action = (
            "Nothing repeats the comparison: look at what readers see; the journal has the digest that was wanted."
        )
        raise Unmeasured(error.code, message, next_action) from error


def _reading(installation: Installation) -> AbstractContextManager[psycopg.Connection]:
    limit_s = installation.settings.statement_limit_s
    return connect(installation.settings.database.verifier, read_only=True, timeout_s=limit_s, purpose="readers' view")


def void_run(installation: Installation, run_id: str, reason: str) -> None:
    """End a run that has cut nothing; if it is void already, do nothing. Raises Refused if it has cut: revert it instead."""
    if not reason.strip():
        raise Refused(StopCode.REFUSED_INPUT, "a run is voided for a reason", "Give one: --reason TEXT")
    # Before it is stored anywhere: in the journal, in a file, and in the database.
    reason = redact(reason)
    workspace, request = _workspace_and_request(installation, run_id)
    facts = measure_facts(installation, run_id)
    # Killed in the middle of its last record, a void has ended the run and has a torn end: nobody else writes to it any more.
    if facts.state.family is Family.VOIDED and unfinished(records_at_rest(workspace)) is None:
        return
    fields = (Field(key="reason", value=reason),)
    hold_to_end(installation, run_id, Move.VOID)
    if request.mode is Mode.DRYRUN:
        with open_to_end(installation, workspace, request) as journal:
            journal.append(RecordKind.NOTE, Operation.VOID, fields)
            workspace.write(VOIDED, _reason_word(reason).encode())
        return

    def require() -> None:
        # Measured again under the journal's lock: another console may have gone on with the run meanwhile.
        nonlocal facts
        facts = measure_facts(installation, run_id, at_rest=True)
        if facts.state.family is not Family.VOIDED:
            require_move(Move.VOID, facts, run_id)

    with operation(installation, workspace, request, Operation.VOID, fields, ends=True, require=require) as journal:
        if facts.state.family is Family.VOIDED:
            return
        if not facts.is_known:
            with connect(installation.settings.database.monitor, read_only=True, purpose="void") as connection:
                measure_identity(connection, installation.context.host)
            workspace.write(VOIDED, _reason_word(reason).encode())
            return
        with committing(installation, journal, run_id, Operation.VOID) as promise:
            event = change_event(promise.connection, workspace, Operation.VOID, {"reason": reason}, promise.head)
            ledger.leave(promise.connection, run_id, Family.VOIDED, _reason_word(reason), event)


def replan_run(installation: Installation, run_id: str) -> None:
    """Return a run that has written nothing to its pinned source, to be planned again for the server at hand.

    Raises Refused if the plan is for this server already, or something was written under it.
    """
    require_live(installation, run_id)
    workspace, request = _workspace_and_request(installation, run_id)

    def require() -> None:
        require_move(Move.REPLAN, measure_facts(installation, run_id, at_rest=True), run_id)

    with operation(installation, workspace, request, Operation.REPLAN, require=require) as journal:
        plan = workspace.plan_facts()
        with committing(installation, journal, run_id, Operation.REPLAN) as promise:
            record: dict[str, object] = {
                "plan_digest": plan.plan_digest if plan else "",
                "target": plan.target.model_dump(mode="json") if plan else None,
            }
            event = change_event(promise.connection, workspace, Operation.REPLAN, record, promise.head)
            ledger.replan(promise.connection, run_id, event)


def _workspace_and_request(installation: Installation, run_id: str) -> tuple[Workspace, RunRequestFile]:
    """Return the run's directory, which may be gone, and the request that it was started with."""
    run = known_run(installation, run_id)
    return run.workspace, run.request


def _plan_binding(workspace: Workspace) -> PlanBinding | None:
    """Return the plan's binding; None if its file is gone or damaged, which does not prevent a revert."""
    try:
        return workspace.plan().world
    except Refused:
        return None


def _reason_word(reason: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in reason.lower()).split()
    return "_".join(words)[:60] or "by_hand"

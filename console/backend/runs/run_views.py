"""A run as it is shown: what was asked, where it stands by evidence, its phases, its legal moves."""

from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import ValidationError

from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_mapping
from console.backend.journal.journal import JournalVerdict, verify_journal
from console.backend.journal.journal_key import JournalKey
from console.backend.model.bars import Bar
from console.backend.model.ended_runs import Standing, became
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.plan import CutPlan
from console.backend.model.profile_names import EDIT_PROFILE
from console.backend.model.purposes import KIND_AT, Operation, Purpose, RunOperation
from console.backend.model.shell_word import shell_word
from console.backend.model.states import PHASE_TABLE, Family, Mode, Move, Phase, Stage, is_over
from console.backend.model.view_models import Interruption, PhaseStatus, PhaseView, RunView
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.document_runs import DocumentRun, runs_beside
from console.backend.postgres.records import (
    EventRow,
    RunRow,
    require_run,
)
from console.backend.runs.bars import measure_bar
from console.backend.runs.binding import Displacement, displacement
from console.backend.runs.custody import (
    bundle_of_hand_over,
    change_of_hands,
    first_hash,
    held_elsewhere,
    is_here,
    is_of_a_take_over_that_never_was,
    is_unaccepted,
    not_the_holder,
    was_begun_to_take_over,
)
from console.backend.runs.edit_steps import steps_of_edit
from console.backend.runs.hands import refusal_of_hand_over, take_over_in_words
from console.backend.runs.interruption import interruption, records_at_rest
from console.backend.runs.known_run import Known, known_run, run_in_database
from console.backend.runs.moves import RunFacts, command_of, moves_of
from console.backend.runs.run_state import anchored_events, at_work
from console.backend.runs.statement_status import leads_to_ruling, statement_to_import, usable_kinds
from console.backend.runs.workspace import (
    ACCEPT_FILE,
    PROFILE_FILE,
    SOURCE,
    PhaseRecord,
    Workspace,
)

_PAUSES = {
    Stage.AWAITING_CUT_AUTHORIZATION: "SG_1, the sovereign's ruling to cut into draft; then the armed switch",
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: "SG_2, the sovereign's ruling to enact",
}
_PAUSES_OF_REPEAL = {
    Stage.AWAITING_CUT_AUTHORIZATION: "SG_1, the sovereign's ruling to prepare the repeal; then the armed switch",
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: "SG_2, the sovereign's ruling that repeals the document",
}
_PAUSES_OF_EDIT = {
    Stage.AWAITING_CUT_AUTHORIZATION: "SG_1, the sovereign's ruling to edit a draft; then: cutter-console run apply {run} --confirm {run}",
}

_RULED = frozenset({Move.ARM, Move.ENACT, Move.APPLY})
"""Moves that go on under a ruling."""


def view_run(installation: Installation, run_id: str) -> RunView:
    """Return one run, whole. Raises Refused if there is no such run, Unmeasured if the database is needed and down."""
    return view_known(installation, known_run(installation, run_id))


def view_known(installation: Installation, known: Known) -> RunView:
    """Return the view of a run that was just read."""
    workspace, request, row = known.workspace, known.request, known.row
    run_id = workspace.run_id
    records = records_at_rest(workspace)
    cut_short = interruption(installation, request, records, is_over=is_over(known.state))
    verdict = _journal(workspace, run_id, known.recorded)
    facts = _facts(installation, known, cut_short, verdict)
    plan = workspace.plan_facts() if row is None or row.plan_digest else None
    is_repeal = plan is not None and plan.amendment is not None and plan.amendment.is_repeal
    moves = moves_of(facts)
    pauses = _PAUSES_OF_EDIT if facts.is_edit else _PAUSES_OF_REPEAL if is_repeal else _PAUSES
    ours, n_units = _by_the_console(known.recorded), plan.n_units if plan else row.n_units if row else None
    busy = at_work(workspace.journal)
    phases = _phases_of_edit(workspace, ours) if facts.is_edit else _phases(workspace, ours, request.mode, busy)
    whose = elsewhere(installation, row) if row is not None else ""
    has_nobody = row is not None and is_unaccepted(row)
    bundle = bundle_of_hand_over(records, known.recorded) if has_nobody else ""
    return RunView(
        run_id=run_id,
        mode=request.mode,
        state=facts.state,
        docprefix=request.docprefix,
        origin=request.origin,
        profile=request.profile,
        profile_sha256=request.profile_sha256,
        n_units=n_units,
        n_suspects=plan.n_suspects if plan else 0,
        n_acceptances=plan.n_acceptances if plan else 0,
        n_dropped=plan.n_dropped if plan else 0,
        amendment=plan.amendment if plan else None,
        plan_digest=plan.plan_digest if plan else "",
        content_digest=plan.content_digest if plan else "",
        operator=request.operator,
        started_at=request.started_at,
        target=plan.target if plan else None,
        deltas=plan.deltas if plan else (),
        phases=phases,
        steps=steps_of_edit(phases, ours, known.rulings, facts.state, n_units) if facts.is_edit else (),
        moves=moves,
        at_work=busy,
        leads_to_ruling=_leads_to_ruling(installation, known, facts),
        waits_for=_acceptance_of(bundle)
        if has_nobody
        else _waits_for(facts, pauses, moves, run_id).replace("{run}", run_id),
        interruption=cut_short,
        journal=_journal_in_words(verdict, whose, has_journal=workspace.journal.exists()),
        displaced=facts.displaced.said if facts.displaced is not None else "",
        bar=facts.bar,
        elsewhere=whose,
        changed_hands=row is not None and row.held_by_way_of is not None,
        is_unaccepted=has_nobody,
        bundle=bundle,
        can_hand_over=not facts.is_unsettled
        and refusal_of_hand_over(workspace, request, row, has_files=facts.has_plan) is None,
        take_over=take_over_in_words(workspace, known.recorded, has_files=facts.has_plan)
        if Move.TAKE_OVER in moves
        else "",
        became=became_of(row, known.standing) if row is not None else became(request.mode, facts.state),
    )


def _leads_to_ruling(installation: Installation, known: Known, facts: RunFacts) -> str:
    if facts.mode is not Mode.LIVE or facts.is_ruled or facts.state.family is not Family.ACTIVE:
        return ""
    if (kind := KIND_AT.get(facts.state.stage)) is None:
        return ""
    # A member of a batch is ruled on with it.
    named = known.request.batch_id or known.request.run_id
    recorded = {digest for ruling in known.rulings for digest in (ruling.statement_sha256, ruling.batch_ruling)}
    return leads_to_ruling(named, statement_to_import(installation, recorded, installation.context.now(), named, kind))


def _journal_in_words(verdict: JournalVerdict, whose: str, *, has_journal: bool) -> str:
    """Return the verdict; that a journal is missing which lies with another console is none."""
    if whose and not has_journal:
        return f"{Outcome.INCONCLUSIVE}: it is not below this root: {whose}"
    return f"{verdict.outcome}: {verdict.detail}"


def _acceptance_of(bundle: str) -> str:
    file = shell_word(bundle) if bundle else "FILE"
    return f"whoever accepts it, on the next host or here: cutter-console run accept {file}"


def _waits_for(facts: RunFacts, pauses: Mapping[Stage, str], moves: tuple[Move, ...], run_id: str) -> str:
    if facts.mode is not Mode.LIVE or facts.is_unsettled or facts.is_fenced:
        return ""
    if facts.bar is not None:
        return facts.bar.waits_for
    step = next((move for move in moves if move in _RULED), None)
    reads_only = facts.displaced is not None and facts.displaced.is_standby
    if facts.is_ruled and facts.state.family is Family.ACTIVE and (step is not None or reads_only):
        kind = KIND_AT[facts.state.stage]
        next_there = f"next: {command_of(step, run_id)}" if step is not None else "it goes on at the primary"
        return f"the operator: {kind} is imported; {next_there}"
    return pauses.get(facts.state.stage, "") if facts.state.family is Family.ACTIVE else ""


def elsewhere(installation: Installation, row: RunRow) -> str:
    """Return who holds a run that has changed hands, or who started it and on which host, if it is not held below this root.

    Another console has its plan, its journal and its statements: here it can only be looked at, ended or taken back.
    """
    directory = Workspace.open(installation.root, row.run_id).directory
    if row.held_by_way_of is not None:
        return held_elsewhere(directory, row)
    return "" if is_here(directory, row) else f"{row.operator} on {row.host}"


def require_here(installation: Installation, run_id: str, *, by_host: bool = False) -> None:
    """Raise Refused if another root has the files of the run: it goes on there, and is not ended for want of them.

    Another root of this host is known by its operator; `by_host` takes the files of each run of this host for lost.
    """
    directory = Workspace.open(installation.root, run_id).directory
    if directory.is_dir() and not was_begun_to_take_over(directory):
        return
    row, recorded, *_ = run_in_database(installation, run_id)
    if directory.is_dir() and not is_of_a_take_over_that_never_was(directory, recorded):
        return
    if row is not None and (held := held_elsewhere(directory, row)):
        raise not_the_holder(run_id, held)
    if row is None or (row.host == installation.context.host and (by_host or row.operator == installation.operator)):
        return
    place = "there" if row.host != installation.context.host else "from the root that has them"
    raise Refused(
        StopCode.REFUSED_INPUT,
        f"the files of run {run_id} are not below {installation.root}: {row.operator} started it on {row.host}, and it goes on {place}",
        f"Look at it: cutter-console run show {run_id}",
    )


def measure_facts(installation: Installation, run_id: str, *, at_rest: bool = False) -> RunFacts:
    """Return what the moves of a run depend on, measured now. Raises as `view_run` does.

    `at_rest` is said by who holds the journal's lock, and has settled what was unfinished in it.
    """
    known = known_run(installation, run_id)
    cut_short = None if at_rest else interruption(installation, known.request, records_at_rest(known.workspace))
    return _facts(installation, known, cut_short, _journal(known.workspace, run_id, known.recorded))


def run_and_plan(installation: Installation, run_id: str) -> tuple[RunRow, CutPlan, Bar | None]:
    """Return a run's row, its plan, and what bars it. Raises Refused if the file is not the recorded plan."""
    monitor = installation.settings.database.monitor
    with connect(monitor, read_only=True, purpose="run") as connection, Asking(connection) as asking:
        recorded = asking.ask(partial(require_run, run_id=run_id))
        writers = asking.ask(partial(runs_beside, run_id=run_id))
    plan, bar = plan_and_bar(installation, recorded.value, writers.value)
    return recorded.value, plan, bar


def plan_and_bar(installation: Installation, row: RunRow, writers: Sequence[DocumentRun]) -> tuple[CutPlan, Bar | None]:
    """Return the plan of a run that was read, and what bars it. Raises Refused if the file is not the recorded plan."""
    plan = Workspace.open(installation.root, row.run_id).plan()
    if plan.plan_digest != row.plan_digest:
        raise Refused(
            StopCode.INVARIANT_FAILED,
            f"the plan file of run {row.run_id} is not the recorded plan",
            "Start another run; keep this one's files for the auditor.",
        )
    return plan, measure_bar(installation, row, writers)


def _facts(
    installation: Installation, known: Known, cut_short: Interruption | None, verdict: JournalVerdict
) -> RunFacts:
    row = known.row
    has_journal = verdict.outcome is not Outcome.FAIL and JournalKey.is_usable(known.workspace.directory)
    # The database takes no event of a run that changed hands but from the journal that its holder's key stands for.
    held = held_elsewhere(known.workspace.directory, row) if row is not None else ""
    is_fenced = bool(held) or (row is not None and row.held_by_way_of is not None and not has_journal)
    return RunFacts(
        state=known.state,
        mode=known.request.mode,
        is_edit=known.request.profile == EDIT_PROFILE,
        has_editable_drafts=known.row is not None and _has_editable_drafts(installation, known.row),
        is_edited=known.place is not None and known.place.is_edited,
        is_ruled=_is_ruled(installation, known),
        is_armed=known.armed_to == Purpose.CUT,
        is_known=known.row is not None or known.request.mode is Mode.DRYRUN,
        has_plan=known.row is None or has_its_files(known, known.row),
        has_journal=has_journal,
        is_unsettled=cut_short is not None and not cut_short.is_settled,
        is_in_batch=bool(known.request.batch_id),
        displaced=_displaced(known),
        is_fenced=is_fenced,
        held=held,
        is_elsewhere=known.row is not None and not is_here(known.workspace.directory, known.row),
        bar=measure_bar(installation, known.row, known.writers) if known.row is not None else None,
    )


def _is_ruled(installation: Installation, known: Known) -> bool:
    row, place = known.row, known.place
    if row is None or place is None or (kind := KIND_AT.get(row.stage)) is None:
        return False
    now = installation.context.now()
    return kind in usable_kinds(known.rulings, row.run_id, row.plan_digest, place.timeline, now)


def _has_editable_drafts(installation: Installation, row: RunRow) -> bool:
    """Return whether the run's drafts are of a first cut, and written by this program itself."""
    if row.operation is not RunOperation.CUT or row.stage is not Stage.AWAITING_LIFECYCLE_AUTHORIZATION:
        return False
    try:
        return kept_mapping(installation).mapping is None
    except CutterError:
        # A mapping that cannot be read is one: what is offered must not be refused.
        return False


def _displaced(known: Known) -> Displacement | None:
    if known.row is None or known.place is None or is_over(known.row.state):
        return None
    plan = known.workspace.plan_facts() if known.row.plan_digest else None
    return displacement(known.row.stage, plan.target if plan else None, known.place)


def has_its_files(known: Known, row: RunRow) -> bool:
    """Return whether the run can go on with what is in its directory: its own journal's files, as they were pinned."""
    return _has_plan(known, row) and not _begins_anew(known)


def _has_plan(known: Known, row: RunRow) -> bool:
    """Return whether what its phases read is there as it was pinned: the plan, and what it was made from."""
    workspace, accept_sha256 = known.workspace, known.request.accept_sha256
    profile_sha256 = known.request.profile_sha256
    source = row.source_sha256 is None or workspace.has_whole(SOURCE, row.source_sha256)
    plan = row.plan_digest is None or workspace.has_whole("plan.json", row.plan_digest)
    accept = not accept_sha256 or workspace.has_whole(ACCEPT_FILE, accept_sha256)
    profile = not profile_sha256 or workspace.has_whole(PROFILE_FILE, profile_sha256)
    return plan and source and accept and profile


def _begins_anew(known: Known) -> bool:
    """Return whether the journal began when the run was taken over without its files: nothing else of it is whole either."""
    first = first_hash(known.workspace.journal)
    changes = (change_of_hands(event) for event in known.recorded)
    return any(change is not None and change.begins and change.journal == first for change in changes)


def became_of(row: RunRow, standing: Standing | None) -> str:
    """Return what became of a recorded run, in words; empty while nothing has."""
    return became(Mode.LIVE, row.state, row.operation, row.changed_at, standing)


def _by_the_console(recorded: tuple[EventRow, ...]) -> tuple[EventRow, ...]:
    """Leave out events that were written without the journal's key, and those of a plan that was made again since."""
    ours = tuple(event for event in recorded if event.vouched is not False)
    again = max((number for number, event in enumerate(ours) if event.phase == Operation.REPLAN), default=0)
    return tuple(event for number, event in enumerate(ours) if number >= again or event.phase == Phase.SOURCE_PIN)


def _phases(workspace: Workspace, recorded: tuple[EventRow, ...], mode: Mode, busy: str) -> tuple[PhaseView, ...]:
    in_database = {event.phase: event for event in recorded}
    views = (_phase(phase, workspace, in_database.get(phase.value), busy) for phase in Phase)
    return tuple(map(_of_dry_run, views)) if mode is Mode.DRYRUN else tuple(views)


def _of_dry_run(view: PhaseView) -> PhaseView:
    """Return the phase as it is said of a dry run: what only writes is not done there."""
    is_checked = view.status is PhaseStatus.DONE and PHASE_TABLE[view.phase].only_checks
    return view.model_copy(update={"status": PhaseStatus.CHECKED}) if is_checked else view


def _phases_of_edit(workspace: Workspace, recorded: tuple[EventRow, ...]) -> tuple[PhaseView, ...]:
    """Edits of drafts are one transaction: a backup before it and a verification after it, and no other phase."""
    in_database = {event.phase: event for event in recorded}
    detail = "edits of drafts are one transaction, not phases"
    return tuple(
        _phase(phase, workspace, in_database[phase.value], "")
        if phase.value in in_database
        else PhaseView(phase=phase, status=PhaseStatus.NOT_RUN, outcome=Outcome.NOT_RUN, detail=detail)
        for phase in Phase
    )


def _phase(phase: Phase, workspace: Workspace, event: EventRow | None, busy: str) -> PhaseView:
    """Return a phase; while it is at work, as that, whatever an earlier try of it came to."""
    if busy == phase.value:
        return PhaseView(phase=phase, status=PhaseStatus.RUNNING, outcome=Outcome.NOT_RUN)
    record = _recorded(event) or workspace.record(phase)
    if record is None:
        return PhaseView(phase=phase, status=PhaseStatus.PENDING, outcome=Outcome.NOT_RUN)
    return PhaseView(
        phase=phase,
        status=_status(record.outcome),
        outcome=record.outcome,
        detail=record.detail,
        started_at=record.started_at,
        took_ms=record.took_ms,
        evidence=tuple(piece for check in record.checks for piece in check.evidence),
    )


def _recorded(event: EventRow | None) -> PhaseRecord | None:
    if event is None:
        return None
    try:
        return PhaseRecord.model_validate_json(event.record)
    except ValidationError:
        return None


def _status(outcome: Outcome) -> PhaseStatus:
    match outcome:
        case Outcome.PASS | Outcome.PARTIAL:
            return PhaseStatus.DONE
        case Outcome.NOT_RUN:
            return PhaseStatus.NOT_RUN
        case Outcome.FAIL | Outcome.INCONCLUSIVE:
            return PhaseStatus.FAILED


def _journal(workspace: Workspace, run_id: str, recorded: tuple[EventRow, ...]) -> JournalVerdict:
    try:
        return verify_journal(workspace.journal, anchored_events(recorded, workspace.directory), run_id)
    except CutterError as error:
        return JournalVerdict(outcome=Outcome.INCONCLUSIVE, detail=error.message)

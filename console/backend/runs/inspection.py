"""A run as it is shown: what was asked, where it stands by evidence, its phases, its legal moves."""

from pydantic import ValidationError

from console.backend.database.connections import connect
from console.backend.database.records import EventRow, RunRow, all_runs, events, open_lease, require_run
from console.backend.errors import CutterError
from console.backend.journal import verify_journal
from console.backend.outcome import Outcome
from console.backend.runs.site import Site
from console.backend.runs.standing import anchored_events, dry_run_end, dry_run_state, interruption, is_running
from console.backend.runs.states import Family, Mode, Move, Phase, Stage, is_over, legal_moves
from console.backend.runs.workspace import EDIT_PROFILE, PhaseRecord, RunRequestFile, Workspace
from console.backend.views import PhaseStatus, PhaseView, RunSummary, RunView

_PAUSES = {
    Stage.AWAITING_CUT_AUTHORIZATION: "SG_1, the sovereign's ruling to cut into draft; then the armed switch",
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: "SG_2, the sovereign's ruling to enact",
}


def view_run(site: Site, run_id: str) -> RunView:
    """One run, whole. Raises Refused where there is no such run here, Unmeasured where the database is needed and down."""
    workspace = Workspace.open(site.root, run_id)
    request = workspace.request()
    row, recorded, armed = _from_database(site, request)
    state = row.state if row is not None else dry_run_state(workspace)
    plan = workspace.plan_facts()
    return RunView(
        run_id=run_id,
        mode=request.mode,
        state=state,
        docprefix=request.docprefix,
        origin=request.origin,
        profile=request.profile,
        n_units=plan.n_units if plan else None,
        plan_digest=plan.plan_digest if plan else "",
        content_digest=plan.content_digest if plan else "",
        operator=request.operator,
        started_at=request.started_at,
        target=plan.target if plan else None,
        deltas=plan.deltas if plan else (),
        phases=(_phases_of_edit if request.profile == EDIT_PROFILE else _phases)(workspace, _by_the_console(recorded)),
        moves=moves_now(legal_moves(state, request.mode), armed=armed),
        waits_for=_PAUSES.get(state.stage, "") if request.mode is Mode.LIVE and state.family is Family.ACTIVE else "",
        interruption=interruption(site, workspace, request),
        journal=_journal(workspace, run_id, recorded),
    )


def list_runs(site: Site) -> tuple[RunSummary, ...]:
    """All runs of this root and this database, the newest first; dry runs are known to the root alone."""
    with connect(site.settings.database.monitor, read_only=True, purpose="runs") as connection:
        rows = all_runs(connection)
    return summaries(site, rows)


def summaries(site: Site, rows: tuple[RunRow, ...]) -> tuple[RunSummary, ...]:
    """The same, where the rows have been read already.

    A run that is over has no phase left to be interrupted in, so only the journals of the others are read.
    """
    known = {row.run_id for row in rows}
    here = [path.name for path in (site.root / "runs").glob("ictr-*") if path.name not in known]
    found = [_of_row(site, row) for row in rows]
    found += [_of_files(site, run_id) for run_id in here if (site.root / "runs" / run_id / "request.json").exists()]
    return tuple(sorted(found, key=lambda run: (run.started_at, run.run_id), reverse=True))


def _of_row(site: Site, row: RunRow) -> RunSummary:
    stuck = False
    if not is_over(row.state):
        workspace = Workspace.open(site.root, row.run_id)
        stuck = workspace.journal.exists() and interruption(site, workspace, workspace.request()) is not None
    return RunSummary(
        run_id=row.run_id,
        mode=Mode.LIVE,
        state=row.state.name,
        docprefix=row.docprefix,
        n_units=row.n_units,
        started_at=row.started_at,
        operator=row.operator,
        interrupted=stuck,
    )


def _of_files(site: Site, run_id: str) -> RunSummary:
    workspace = Workspace.open(site.root, run_id)
    request = workspace.request()
    plan = workspace.plan_facts()
    dry = dry_run_end(workspace) if request.mode is Mode.DRYRUN else None
    over = dry is not None and is_over(dry)
    return RunSummary(
        run_id=run_id,
        mode=request.mode,
        state=dry.name if dry is not None else "not_in_this_database",
        docprefix=request.docprefix,
        n_units=plan.n_units if plan else None,
        started_at=request.started_at,
        operator=request.operator,
        interrupted=not over and interruption(site, workspace, request) is not None,
    )


def moves_now(moves: tuple[Move, ...], *, armed: bool) -> tuple[Move, ...]:
    """Pure: with the switch armed for this run it can go on; without, it is armed first."""
    if Move.ARM not in moves:
        return moves
    rest = tuple(move for move in moves if move not in {Move.ARM, Move.CONTINUE})
    return (Move.CONTINUE, *rest) if armed else (Move.ARM, *rest)


def _from_database(site: Site, request: RunRequestFile) -> tuple[RunRow | None, tuple[EventRow, ...], bool]:
    if request.mode is Mode.DRYRUN:
        return None, (), False
    with connect(site.settings.database.monitor, read_only=True, purpose="run") as connection:
        lease = open_lease(connection)
        armed = lease is not None and lease.run_id == request.run_id
        return require_run(connection, request.run_id), events(connection, request.run_id), armed


def _by_the_console(recorded: tuple[EventRow, ...]) -> tuple[EventRow, ...]:
    """Without what somebody has written who has not the journal's key: it tells nothing of a phase."""
    return tuple(event for event in recorded if event.vouched is not False)


def _phases(workspace: Workspace, recorded: tuple[EventRow, ...]) -> tuple[PhaseView, ...]:
    in_database = {event.phase: event for event in recorded}
    return tuple(_phase(phase, workspace, in_database.get(phase.value)) for phase in Phase)


def _phases_of_edit(workspace: Workspace, recorded: tuple[EventRow, ...]) -> tuple[PhaseView, ...]:
    """Edits of drafts are one transaction: a backup before it and a verification after it, and no other phase."""
    in_database = {event.phase: event for event in recorded}
    detail = "edits of drafts are one transaction, not phases"
    return tuple(
        _phase(phase, workspace, in_database[phase.value])
        if phase.value in in_database
        else PhaseView(phase=phase, status=PhaseStatus.NOT_RUN, outcome=Outcome.NOT_RUN, detail=detail)
        for phase in Phase
    )


def _phase(phase: Phase, workspace: Workspace, event: EventRow | None) -> PhaseView:
    record = _recorded(event) or workspace.record(phase)
    if record is None:
        running = is_running(workspace.journal) and _is_next(phase, workspace)
        status = PhaseStatus.RUNNING if running else PhaseStatus.PENDING
        return PhaseView(phase=phase, status=status, outcome=Outcome.NOT_RUN)
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


def _is_next(phase: Phase, workspace: Workspace) -> bool:
    return phase.number == 1 or workspace.record(list(Phase)[phase.number - 2]) is not None


def _status(outcome: Outcome) -> PhaseStatus:
    match outcome:
        case Outcome.PASS | Outcome.PARTIAL:
            return PhaseStatus.DONE
        case Outcome.NOT_RUN:
            return PhaseStatus.NOT_RUN
        case Outcome.FAIL | Outcome.INCONCLUSIVE:
            return PhaseStatus.FAILED


def _journal(workspace: Workspace, run_id: str, recorded: tuple[EventRow, ...]) -> str:
    try:
        verdict = verify_journal(workspace.journal, anchored_events(recorded), run_id)
    except CutterError as error:
        return error.message
    return f"{verdict.outcome}: {verdict.detail}"

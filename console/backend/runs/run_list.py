"""The runs of this root and this database, a line each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import psycopg

from console.backend.host.installation import Installation
from console.backend.journal.journal import acknowledged_and_gone
from console.backend.journal.journal_record import Anchor
from console.backend.model.ended_runs import Standing, became
from console.backend.model.errors import Refused
from console.backend.model.states import ENACTED_STAGES, Mode, is_over
from console.backend.model.view_models import RunSummary
from console.backend.postgres.asking import Asking
from console.backend.postgres.document_states import standings
from console.backend.postgres.records import RunRow, all_runs, anchors_by_run, open_runs, recorded_runs, runs_of
from console.backend.runs.document_states import reading
from console.backend.runs.interruption import interruption, records_at_rest
from console.backend.runs.known_run import NOT_THERE, request_of
from console.backend.runs.run_ids import run_directories
from console.backend.runs.run_state import VOIDED, dry_run_end
from console.backend.runs.run_views import became_of, elsewhere
from console.backend.runs.workspace import REQUEST_FILE, Workspace


def list_runs(installation: Installation) -> tuple[RunSummary, ...]:
    """All runs of this root and this database, the newest first; dry runs are known to the root alone."""
    with reading(installation, purpose="runs") as connection:
        rows = all_runs(connection)
        with Asking(connection) as asking:
            anchors = asking.ask(partial(anchors_by_run, rows=rows))
            in_force = asking.ask(partial(standings_of, rows=rows))
    return summaries(installation, rows, anchors.value, frozenset(row.run_id for row in rows), in_force.value)


def open_run_summaries(installation: Installation, also: str = "") -> tuple[RunSummary, ...]:
    """The runs of this root and this database that are not at their end, the one of the id `also`, and the dry runs; the newest first."""
    with reading(installation, purpose="runs") as connection:
        with Asking(connection) as asking:
            still_open = asking.ask(open_runs)
            recorded = asking.ask(partial(recorded_runs, run_ids=tuple(run_directories(installation))))
        rows, known = still_open.value, recorded.value
        if also and all(row.run_id != also for row in rows):
            rows += tuple(runs_of(connection, (also,)).values())
        with Asking(connection) as asking:
            anchors = asking.ask(partial(anchors_by_run, rows=rows))
            in_force = asking.ask(partial(standings_of, rows=rows))
    return summaries(installation, rows, anchors.value, known, in_force.value)


def standings_of(connection: psycopg.Connection, rows: tuple[RunRow, ...]) -> Mapping[str, Standing]:
    """Return from when to when counts what those of these runs have enacted that have; nothing is asked if none has."""
    enacted = [row.run_id for row in rows if row.state.stage in ENACTED_STAGES]
    return standings(connection, enacted) if enacted else {}


def summaries(
    installation: Installation,
    rows: tuple[RunRow, ...],
    anchors: Mapping[str, frozenset[Anchor]],
    known: frozenset[str],
    in_force: Mapping[str, Standing],
) -> tuple[RunSummary, ...]:
    """List the runs from rows and anchors of their journals that have been read already.

    A run that is over has nothing left to be interrupted in, so only the journals of the others are read. `known` are the
    runs that the database has, though there be no row of them here; the other directories are those of dry runs. `in_force`
    is of those that have enacted something.
    """
    unknown_ids = [name for name in run_directories(installation) if name not in known]
    run_summaries = [
        _summary_of_row(installation, row, anchors.get(row.run_id, frozenset()), in_force.get(row.run_id))
        for row in rows
    ]
    run_summaries += [
        _summary_of_files(installation, run_id)
        for run_id in unknown_ids
        if (installation.root / "runs" / run_id / REQUEST_FILE).exists()
    ]
    return tuple(sorted(run_summaries, key=lambda run: (run.started_at, run.run_id), reverse=True))


def _summary_of_row(
    installation: Installation, row: RunRow, anchors: frozenset[Anchor], standing: Standing | None
) -> RunSummary:
    workspace, request = Workspace.open(installation.root, row.run_id), request_of(row)
    records = () if is_over(row.state) else records_at_rest(workspace)
    cut_short = interruption(installation, request, records)
    return RunSummary(
        run_id=row.run_id,
        mode=Mode.LIVE,
        state=row.state.name,
        docprefix=row.docprefix,
        n_units=row.n_units,
        started_at=row.started_at,
        operator=row.operator,
        is_over=is_over(row.state),
        interrupted=cut_short is not None,
        unsettled=cut_short is not None and not cut_short.is_settled,
        gone=acknowledged_and_gone(records, anchors),
        elsewhere=elsewhere(installation, row),
        became=became_of(row, standing),
    )


def _summary_of_files(installation: Installation, run_id: str) -> RunSummary:
    workspace = Workspace.open(installation.root, run_id)
    try:
        request = workspace.request()
    except Refused:
        return _summary_of_damaged(workspace)
    plan = workspace.plan_facts()
    ended = request.mode is Mode.DRYRUN or (workspace.directory / VOIDED).exists()
    state = dry_run_end(workspace) if ended else NOT_THERE
    records = () if is_over(state) else records_at_rest(workspace)
    cut_short = interruption(installation, request, records)
    return RunSummary(
        run_id=run_id,
        mode=request.mode,
        state=state.name,
        docprefix=request.docprefix,
        n_units=plan.n_units if plan else None,
        started_at=request.started_at,
        operator=request.operator,
        is_over=is_over(state),
        interrupted=cut_short is not None,
        unsettled=cut_short is not None and not cut_short.is_settled,
        gone=acknowledged_and_gone(records, ()),
        became=became(request.mode, state),
    )


def _summary_of_damaged(workspace: Workspace) -> RunSummary:
    """Summarise a directory without a readable request, of a run that the database does not have."""
    since = datetime.fromtimestamp(workspace.directory.lstat().st_mtime, UTC)
    return RunSummary(
        run_id=workspace.run_id,
        mode=Mode.DRYRUN,
        state="damaged",
        docprefix="",
        n_units=None,
        started_at=since,
        operator="",
        is_over=True,
    )

"""A run as its directory and the database have it, read at one moment."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from pydantic import ValidationError

from console.backend.host.installation import Installation
from console.backend.model.ended_runs import Standing
from console.backend.model.errors import Refused
from console.backend.model.states import Family, Mode, RunState, Stage
from console.backend.postgres.asking import Asking
from console.backend.postgres.document_runs import DocumentRun, runs_beside
from console.backend.postgres.document_states import standings
from console.backend.postgres.places import PlaceRow, place_of_run
from console.backend.postgres.recorded_plans import recorded_manifests
from console.backend.postgres.records import (
    ApprovalRow,
    EventRow,
    LeaseRow,
    RunRow,
    approvals,
    current_hold,
    events,
    find_run,
    open_lease,
)
from console.backend.runs.document_states import reading
from console.backend.runs.interruption import records_at_rest
from console.backend.runs.kill_switch import SwitchRows
from console.backend.runs.ruling_facts import RulingFacts
from console.backend.runs.run_ids import unknown_run
from console.backend.runs.run_state import VOIDED, dry_run_state
from console.backend.runs.workspace import RunRequestFile, Workspace

NOT_THERE = RunState(stage=Stage.CREATED, family=Family.STOPPED, reason="not_in_this_database")
"""A directory whose run the database does not have: it never began, or another database has it."""


@dataclass(frozen=True)
class Known:
    """A run as directory and database have it; one of them may be missing."""

    workspace: Workspace
    request: RunRequestFile
    row: RunRow | None
    recorded: tuple[EventRow, ...]
    place: PlaceRow | None = None
    """The server at hand, and the one that verified the drafts; None for a dry run."""
    writers: tuple[DocumentRun, ...] = ()
    """The runs that have written units of the document, or repealed it."""
    rulings: tuple[ApprovalRow, ...] = ()
    """The run's imported rulings, the newest first."""
    lease: LeaseRow | None = None
    """The open lease, whoever it is for."""
    switch: SwitchRows | None = None
    """The switch as it was read with the run; None if its ruling was not asked for, and for a dry run."""
    facts: RulingFacts | None = None
    """Facts that a ruling of the run is judged by, without its cut; None if it was not asked for, or the run is not recorded."""
    standing: Standing | None = None
    """From when to when counts what it has enacted; None if that is nothing."""

    @property
    def armed_to(self) -> str:
        """Purpose that the switch is armed for, for this run; empty if it is not armed."""
        lease = self.lease
        return lease.purpose if lease is not None and lease.run_id == self.request.run_id else ""

    @property
    def state(self) -> RunState:
        """Return where the run stands, by the database's row or, without one, by its directory."""
        if self.row is not None:
            return self.row.state
        if self.request.mode is Mode.DRYRUN or (self.workspace.directory / VOIDED).exists():
            return dry_run_state(self.workspace)
        return NOT_THERE


def known_run(installation: Installation, run_id: str, *, for_ruling: bool = False) -> Known:
    """Return what there is of a run; `for_ruling` asks for what its ruling is judged by, too.

    Raises Refused if neither the root nor the database has one of that id.
    """
    workspace = Workspace.open(installation.root, run_id)
    try:
        request = workspace.request()
    except Refused as error:
        in_database = run_in_database(installation, run_id, for_ruling=for_ruling)
        if in_database.row is None:
            raise unknown_run(installation, run_id, error) from None
        return Known(workspace, _request_in_journal(workspace) or request_of(in_database.row), *in_database)
    # A dry run is in no database, so it can be shown without one.
    if request.mode is Mode.DRYRUN:
        return Known(workspace, request, None, ())
    return Known(workspace, request, *run_in_database(installation, run_id, for_ruling=for_ruling))


def requested(installation: Installation, run_id: str) -> tuple[Workspace, RunRequestFile]:
    """Return the directory of a run and what it was started with; the database is asked only for what is not there."""
    workspace = Workspace.open(installation.root, run_id)
    try:
        return workspace, workspace.request()
    except Refused:
        run = known_run(installation, run_id)
        return run.workspace, run.request


def _request_in_journal(workspace: Workspace) -> RunRequestFile | None:
    """Return what the run was started with, as its journal has it."""
    records = records_at_rest(workspace)
    request_text = next((record.value("request") for record in records if record.value("request")), "")
    try:
        return RunRequestFile.model_validate_json(request_text) if request_text else None
    except ValidationError:
        return None


def request_of(row: RunRow) -> RunRequestFile:
    """Return the request that a run was started with from the database's row, for a run without a usable directory."""
    return RunRequestFile(
        run_id=row.run_id,
        mode=Mode.LIVE,
        origin=row.origin,
        docprefix=row.docprefix,
        profile=row.profile,
        ordinals=False,
        operation=row.operation,
        operator=row.operator,
        host=row.host,
        started_at=row.started_at,
    )


class _InDatabase(NamedTuple):
    """Rows that the database has of a run; the fields are those of `Known`."""

    row: RunRow | None
    recorded: tuple[EventRow, ...]
    place: PlaceRow
    writers: tuple[DocumentRun, ...]
    rulings: tuple[ApprovalRow, ...]
    lease: LeaseRow | None
    switch: SwitchRows | None
    facts: RulingFacts | None
    standing: Standing | None


def run_in_database(installation: Installation, run_id: str, *, for_ruling: bool = False) -> _InDatabase:
    """Return what the database has of a run at one moment, asked in one exchange as the monitoring role.

    Raises CutterError if it cannot be asked.
    """
    with reading(installation, purpose="run") as connection, Asking(connection) as asking:
        lease, place = asking.ask(open_lease), asking.ask(partial(place_of_run, run_id=run_id))
        row, recorded = asking.ask(partial(find_run, run_id=run_id)), asking.ask(partial(events, run_id=run_id))
        writers = asking.ask(partial(runs_beside, run_id=run_id))
        rulings = asking.ask(partial(approvals, run_id=run_id))
        in_force = asking.ask(partial(standings, run_ids=(run_id,)))
        hold = asking.ask(current_hold) if for_ruling else None
        manifests = asking.ask(partial(recorded_manifests, run_ids=(run_id,))) if for_ruling else None
    facts = None
    if manifests is not None and row.value is not None:
        manifest = manifests.value.get(run_id)
        facts = RulingFacts(row.value, writers.value, place.value, manifest, None, rulings.value)
    return _InDatabase(
        row.value,
        recorded.value,
        place.value,
        writers.value,
        rulings.value,
        lease.value,
        SwitchRows(hold.value, lease.value) if hold is not None else None,
        facts,
        in_force.value.get(run_id),
    )

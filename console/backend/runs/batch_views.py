"""A batch as it stands: its members' states by the database, what it waits for, and its legal moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from console.backend.host.installation import Installation
from console.backend.model.bars import Bar
from console.backend.model.batches import (
    LAW,
    BatchFile,
    BatchMember,
    BatchMove,
    BatchProgress,
    BatchView,
    MemberView,
    OnFailure,
    SetAside,
)
from console.backend.model.counting import counted
from console.backend.model.ended_runs import Standing, became
from console.backend.model.errors import Refused, StopCode
from console.backend.model.purposes import Kind, Purpose
from console.backend.model.safe_text import safe_text
from console.backend.model.states import Family, Mode, RunState, Stage
from console.backend.postgres.batches import BatchRow, BatchRulingRow, batches_of, ruled_members, rulings_over
from console.backend.postgres.document_runs import DocumentRun, runs_of_documents
from console.backend.postgres.records import LeaseRow, RunRow, open_lease, runs_of
from console.backend.runs.bars import bar_by_holder, measure_bars
from console.backend.runs.batch_files import BatchFolder
from console.backend.runs.custody import held_elsewhere
from console.backend.runs.document_states import reading
from console.backend.runs.run_list import standings_of
from console.backend.runs.run_state import dry_run_state
from console.backend.runs.run_views import became_of
from console.backend.runs.statement_status import leads_to_ruling, statement_to_import
from console.backend.runs.workspace import REQUEST_FILE, Workspace

BEFORE_CUT = frozenset(
    {
        *(Stage.CREATED, Stage.SOURCE_PINNED, Stage.MARKED, Stage.CUTPLAN_OK),
        *(Stage.PRE_WRITE_BACKUP_TAKEN, Stage.GRANTS_PROBED),
    }
)
"""Stages of a member that has not come to its first pause."""
CUTTING = frozenset(
    {
        Stage.AWAITING_CUT_AUTHORIZATION,
        *(Stage.CUT_LEG_A_COMMITTED, Stage.STRUCTURAL_VERIFIED, Stage.LEG_B_RECORDED, Stage.WRITE_VERIFIED),
    }
)
"""Stages of a member that the lease to cut is for."""
_GOES_ON = (BatchMove.RESUME, BatchMove.REPORT)
_OUT = frozenset({Family.VOIDED, Family.REVERTED})


def view_batch(installation: Installation, batch_id: str, *, is_ours: bool = False) -> BatchView:
    """Return the batch, measured now; `is_ours` if this process works on it. Raises Refused if this root has none of that id."""
    folder = _Folder.read(BatchFolder.open(installation.root, batch_id), is_ours=is_ours)
    return _view(installation, folder, _recorded(installation, (folder,)))


def all_batches(installation: Installation, most: int | None = None) -> tuple[BatchView, ...]:
    """Return the batches of this root, the newest first; `most` limits how many. One whose files are damaged says so.

    Raises Unmeasured if the database cannot be asked about those that are LIVE.
    """
    folders: list[_Folder | BatchView] = []
    for folder in BatchFolder.all_of(installation.root)[:most]:
        try:
            folders.append(_Folder.read(folder))
        except Refused as damaged:
            folders.append(_damaged(installation, folder, damaged))
    whole = tuple(folder for folder in folders if isinstance(folder, _Folder))
    facts = _recorded(installation, whole)
    return tuple(folder if isinstance(folder, BatchView) else _view(installation, folder, facts) for folder in folders)


@dataclass(frozen=True)
class _Folder:
    """The files of a batch, read."""

    batch: BatchFile
    asides: Mapping[int, SetAside]
    is_worked_on: bool
    progress: BatchProgress | None
    is_ours: bool

    @classmethod
    def read(cls, folder: BatchFolder, *, is_ours: bool = False) -> Self:
        # Asked first: of a process that begins or ends meanwhile, what it has done is read.
        is_worked_on = not is_ours and folder.is_worked_on()
        progress = folder.progress() if is_worked_on else None
        return cls(folder.batch(), folder.set_aside(), is_worked_on, progress, is_ours)


class _Recorded(NamedTuple):
    """Rows of the batches, read at one moment."""

    batches: Mapping[str, BatchRow] = {}
    runs: Mapping[str, RunRow] = {}
    rulings: tuple[BatchRulingRow, ...] = ()
    ruled: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    """Runs with an unused ruling to cut, and to enact."""
    lease: LeaseRow | None = None
    writers: tuple[DocumentRun, ...] = ()
    """Runs that have written units of the members' documents."""
    in_force: Mapping[str, Standing] = {}
    """From when to when counts what the runs have enacted."""


def _recorded(installation: Installation, folders: tuple[_Folder, ...]) -> _Recorded:
    """Read the rows of these batches; of dry runs alone nothing is asked."""
    live = tuple(folder.batch for folder in folders if folder.batch.mode is Mode.LIVE)
    if not live:
        return _Recorded()
    batch_ids = tuple(batch.batch_id for batch in live)
    run_ids = tuple(member.run_id for batch in live for member in batch.members)
    docprefixes = {member.docprefix for batch in live for member in batch.members}
    with reading(installation, purpose="batch") as connection:
        runs = runs_of(connection, run_ids)
        return _Recorded(
            runs=runs,
            in_force=standings_of(connection, tuple(runs.values())),
            batches=batches_of(connection, batch_ids),
            lease=open_lease(connection),
            rulings=rulings_over(connection, batch_ids),
            writers=runs_of_documents(connection, docprefixes),
            ruled=(
                ruled_members(connection, run_ids, Purpose.CUT),
                ruled_members(connection, run_ids, Purpose.ENACT),
            ),
        )


def _damaged(installation: Installation, folder: BatchFolder, damaged: Refused) -> BatchView:
    now = installation.context.now()
    return BatchView(
        measured_at=now,
        batch_id=safe_text(folder.directory.name),
        mode=Mode.LIVE,
        on_failure=OnFailure.STOP,
        operator="",
        host="",
        started_at=now,
        is_recorded=False,
        digest="",
        phase=f"NOT KNOWN: {damaged.message}. {damaged.next_action}",
        members=(),
        n_done=0,
        n_open=0,
        n_units_done=0,
        n_units_open=0,
        rulings=(),
        moves=(),
    )


def _members(installation: Installation, folder: _Folder, facts: _Recorded) -> tuple[MemberView, ...]:
    """Return the members of a LIVE batch by their rows: with what bars those that another run or console keeps from going on."""
    members, asides = folder.batch.members, folder.asides
    recorded = (facts.runs.get(member.run_id) for member in members if member.position not in asides)
    rows = tuple(row for row in recorded if row is not None)
    waiting = (row for row in rows if row.stage is Stage.AWAITING_CUT_AUTHORIZATION)
    bars = {**measure_bars(installation, waiting, facts.writers), **measure_holders(installation, rows)}
    return tuple(_member(member, facts, asides, bars.get(member.run_id)) for member in members)


def measure_holders(installation: Installation, rows: Iterable[RunRow]) -> dict[str, Bar]:
    """Return what bars each of these members that changed hands and is not held here, by its run's id."""
    runs = installation.root / "runs"
    bars = ((row.run_id, bar_by_holder(row, held_elsewhere(runs / row.run_id, row))) for row in rows)
    return {run_id: bar for run_id, bar in bars if bar is not None}


def _member(member: BatchMember, facts: _Recorded, asides: Mapping[int, SetAside], bar: Bar | None) -> MemberView:
    aside, row = asides.get(member.position), facts.runs.get(member.run_id)
    return MemberView(
        position=member.position,
        run_id=member.run_id,
        name=member.name,
        docprefix=member.docprefix,
        state=row.state.name if row else "not started",
        stage=row.stage if row else None,
        family=row.family if row else None,
        n_units=row.n_units if row else None,
        plan_digest=(row.plan_digest or "") if row else "",
        set_aside=aside.reason if aside else _ended(row),
        bar=bar,
        became=became_of(row, facts.in_force.get(row.run_id)) if row else "",
    )


def _ended(row: RunRow | None) -> str:
    """Return why a run that has ended by itself is none of the batch's any more; empty for any other."""
    return f"its run is {row.state.name}" if row is not None and row.family in _OUT else ""


def _dry_members(
    installation: Installation, batch: BatchFile, asides: Mapping[int, SetAside]
) -> tuple[MemberView, ...]:
    return tuple(_dry_member(installation, member, asides.get(member.position)) for member in batch.members)


def _dry_member(installation: Installation, member: BatchMember, aside: SetAside | None) -> MemberView:
    workspace = Workspace.open(installation.root, member.run_id)
    state: RunState | None = None
    if (workspace.directory / REQUEST_FILE).exists():
        try:
            state = dry_run_state(workspace)
        except Refused:
            state = None
    plan = workspace.plan_facts() if state else None
    return MemberView(
        position=member.position,
        run_id=member.run_id,
        name=member.name,
        docprefix=member.docprefix,
        state=state.name if state else "not started",
        stage=state.stage if state else None,
        family=state.family if state else None,
        n_units=plan.n_units if plan else None,
        plan_digest=plan.plan_digest if plan else "",
        set_aside=aside.reason if aside else "",
        became=became(Mode.DRYRUN, state) if state else "",
    )


def _view(installation: Installation, folder: _Folder, facts: _Recorded) -> BatchView:
    batch, is_live = folder.batch, folder.batch.mode is Mode.LIVE
    members = _members(installation, folder, facts) if is_live else _dry_members(installation, batch, folder.asides)
    usable = frozenset(m.run_id for m in members if m.run_id in facts.ruled[m.stage not in BEFORE_CUT | CUTTING])
    row = facts.batches.get(batch.batch_id) if is_live else None
    lease = facts.lease if facts.lease is not None and facts.lease.run_id == batch.batch_id else None
    inside = tuple(member for member in members if not member.set_aside)
    armed = lease.purpose if lease is not None else ""
    phase, behind, moves = _standing(batch.mode, inside, usable, armed, is_recorded=row is not None)
    still_open = tuple(member for member in inside if member not in behind)
    is_taken = lease is not None and lease.taken_at is not None
    at_work = not folder.is_ours and (folder.is_worked_on or is_taken)
    allowed = _moves(moves, inside, batch.on_failure, at_work=at_work)
    return BatchView(
        measured_at=installation.context.now(),
        batch_id=batch.batch_id,
        mode=batch.mode,
        on_failure=batch.on_failure,
        operator=batch.operator,
        host=batch.host,
        started_at=batch.started_at,
        is_recorded=row is not None,
        digest=row.digest if row else "",
        phase=phase,
        members=members,
        n_done=len(behind),
        n_open=len(still_open),
        n_units_done=sum(member.n_units or 0 for member in behind),
        n_units_open=sum(member.n_units or 0 for member in still_open),
        rulings=tuple(
            f"{Purpose(ruling.purpose).kind} {ruling.statement_sha256}"
            for ruling in facts.rulings
            if ruling.batch_id == batch.batch_id
        ),
        armed_to=armed,
        armed_until=lease.expires_at if lease is not None else None,
        is_taken=is_taken,
        at_work=at_work,
        progress=folder.progress,
        moves=allowed,
        leads_to_ruling=_leads_to_ruling(installation, batch.batch_id, allowed, facts),
    )


def _leads_to_ruling(installation: Installation, batch_id: str, moves: tuple[BatchMove, ...], facts: _Recorded) -> str:
    kind = _KIND_OF_DRAFT.get(moves[0]) if moves else None
    if kind is None:
        return ""
    recorded = {ruling.statement_sha256 for ruling in facts.rulings}
    statement = statement_to_import(installation, recorded, installation.context.now(), batch_id, kind)
    return leads_to_ruling(batch_id, statement)


def _moves(
    moves: tuple[BatchMove, ...], inside: tuple[MemberView, ...], on_failure: OnFailure, *, at_work: bool
) -> tuple[BatchMove, ...]:
    """Pure: the moves that are accepted. While a process works on the batch none is.

    What has failed can be set aside, and what may fail on the way: the first move stays the one that goes on.
    """
    if at_work:
        return ()
    has_failed = any(member.family is Family.FAILED for member in inside)
    if on_failure is OnFailure.SET_ASIDE or not (has_failed or BatchMove.RESUME in moves):
        return moves
    return (*moves[:1], BatchMove.SET_ASIDE, *moves[1:])


_KIND_OF_DRAFT = {BatchMove.DRAFT_SG_1: Kind.SG_1, BatchMove.DRAFT_SG_2: Kind.SG_2}
_Standing = tuple[str, tuple[MemberView, ...], tuple[BatchMove, ...]]


def _standing(
    mode: Mode, inside: tuple[MemberView, ...], ruled: frozenset[str], armed: str, *, is_recorded: bool
) -> _Standing:
    """Pure: where the batch stands in words, the members that the step is behind, and the legal moves."""
    closed = tuple(member for member in inside if member.stage is Stage.CLOSEOUT_REPORTED)
    if len(closed) == len(inside):
        words = "every dry run has ended" if mode is Mode.DRYRUN else LAW
        return words if inside else "every document was set aside", closed, (BatchMove.REPORT,)
    if mode is Mode.DRYRUN:
        return "dry runs", closed, _GOES_ON
    words, behind, moves = _live_standing(inside, closed, ruled, armed, is_recorded=is_recorded)
    # Whatever the step is: the database takes nothing of that member from here, and a ruling is over all of them.
    if lost := tuple(member for member in inside if member.bar is not None and member.bar.code is StopCode.LOCKED):
        return _barred(lost, "does not go on here"), behind, (BatchMove.REPORT,)
    return words, behind, moves


def _live_standing(
    inside: tuple[MemberView, ...],
    closed: tuple[MemberView, ...],
    ruled: frozenset[str],
    armed: str,
    *,
    is_recorded: bool,
) -> _Standing:
    paused = tuple(member for member in inside if member.stage is not None and member.stage not in BEFORE_CUT)
    if len(paused) < len(inside) or not is_recorded:
        return "is brought to its first pause", paused, _GOES_ON
    cut = tuple(member for member in inside if member.stage not in CUTTING)
    if len(cut) < len(inside):
        return _cutting(tuple(member for member in inside if member.stage in CUTTING), cut, ruled, armed)
    return _enacting(inside, closed, ruled)


def _enacting(inside: tuple[MemberView, ...], closed: tuple[MemberView, ...], ruled: frozenset[str]) -> _Standing:
    enacted = tuple(member for member in inside if member.stage is not Stage.AWAITING_LIFECYCLE_AUTHORIZATION)
    waiting = tuple(member for member in inside if member not in enacted)
    if not waiting:
        return "is closed", closed, _GOES_ON
    if unruled := _unruled(waiting, ruled):
        return f"{unruled} of SG_2", enacted, (BatchMove.DRAFT_SG_2, BatchMove.REPORT)
    return "SG_2 is imported: it can be enacted", enacted, (BatchMove.ENACT, BatchMove.REPORT)


def _cutting(
    cutting: tuple[MemberView, ...], cut: tuple[MemberView, ...], ruled: frozenset[str], armed: str
) -> _Standing:
    waiting = tuple(member for member in cutting if member.stage is Stage.AWAITING_CUT_AUTHORIZATION)
    barred = tuple(member for member in waiting if member.bar is not None)
    if barred:
        return _barred(barred, "cannot be cut"), cut, (BatchMove.REPORT,)
    unruled = _unruled(tuple(member for member in waiting if member.family is Family.ACTIVE), ruled)
    if unruled:
        return f"{unruled} of SG_1", cut, (BatchMove.DRAFT_SG_1, BatchMove.REPORT)
    if armed == Purpose.CUT:
        return "armed: it can be cut", cut, _GOES_ON
    return "SG_1 is imported: it can be armed", cut, (BatchMove.ARM, BatchMove.REPORT)


def _barred(barred: tuple[MemberView, ...], reason: str) -> str:
    more = f" and {len(barred) - 1} more" if len(barred) > 1 else ""
    return f"{barred[0].docprefix}{more} {reason}: {barred[0].bar.said if barred[0].bar else ''}"


def _unruled(waiting: tuple[MemberView, ...], ruled: frozenset[str]) -> str:
    """Return how many of these wait for a ruling, in words; empty if each has one."""
    number = sum(member.run_id not in ruled for member in waiting)
    return f"{counted(number, 'document')} in need" if number else ""

"""A batch as it stands: its members' states by the database, what it waits for, and its legal moves."""

from collections.abc import Mapping

from console.backend.host.installation import Installation
from console.backend.model.batches import BatchFile, BatchMember, BatchMove, BatchView, MemberView, SetAside
from console.backend.model.counting import counted
from console.backend.model.errors import Refused
from console.backend.model.purposes import Purpose
from console.backend.model.states import Family, Mode, RunState, Stage
from console.backend.postgres.batches import BatchRow, BatchRulingRow, batch_rulings, find_batch, ruled_members
from console.backend.postgres.connections import connect
from console.backend.postgres.records import LeaseRow, RunRow, open_lease, runs_of
from console.backend.runs.batch_files import BatchFolder
from console.backend.runs.run_state import dry_run_state
from console.backend.runs.workspace import Workspace

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


def view_batch(installation: Installation, batch_id: str) -> BatchView:
    """Return the batch, measured now. Raises Refused if this root has none of that id."""
    folder = BatchFolder.open(installation.root, batch_id)
    batch, asides = folder.batch(), folder.set_aside()
    if batch.mode is Mode.DRYRUN:
        return _view(installation, batch, _dry_members(installation, batch, asides), None, (), frozenset(), None)
    run_ids = tuple(member.run_id for member in batch.members)
    with connect(installation.settings.database.monitor, read_only=True, purpose="batch") as connection:
        rows = runs_of(connection, run_ids)
        row, lease = find_batch(connection, batch_id), open_lease(connection)
        rulings = batch_rulings(connection, batch_id)
        ruled = ruled_members(connection, run_ids, Purpose.CUT), ruled_members(connection, run_ids, Purpose.ENACT)
    members = tuple(_member(member, rows.get(member.run_id), asides) for member in batch.members)
    usable = frozenset(
        member.run_id for member in members if member.run_id in ruled[member.stage not in BEFORE_CUT | CUTTING]
    )
    return _view(installation, batch, members, row, rulings, usable, lease)


def all_batches(installation: Installation) -> tuple[BatchView, ...]:
    """Return the batches of this root, the newest first."""
    return tuple(view_batch(installation, folder.directory.name) for folder in BatchFolder.all_of(installation.root))


def _member(member: BatchMember, row: RunRow | None, asides: Mapping[int, SetAside]) -> MemberView:
    aside = asides.get(member.position)
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
    if (workspace.directory / "request.json").exists():
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
    )


def _view(
    installation: Installation,
    batch: BatchFile,
    members: tuple[MemberView, ...],
    row: BatchRow | None,
    rulings: tuple[BatchRulingRow, ...],
    ruled: frozenset[str],
    lease: LeaseRow | None,
) -> BatchView:
    armed = lease.purpose if lease is not None and lease.run_id == batch.batch_id else ""
    inside = tuple(member for member in members if not member.set_aside)
    phase, behind, moves = _standing(batch.mode, inside, ruled, armed, is_recorded=row is not None)
    still_open = tuple(member for member in inside if member not in behind)
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
        rulings=tuple(f"{Purpose(ruling.purpose).kind} {ruling.statement_sha256}" for ruling in rulings),
        armed_to=armed,
        moves=moves,
    )


_Standing = tuple[str, tuple[MemberView, ...], tuple[BatchMove, ...]]


def _standing(
    mode: Mode, inside: tuple[MemberView, ...], ruled: frozenset[str], armed: str, *, is_recorded: bool
) -> _Standing:
    """Pure: where the batch stands in words, the members that the step is behind, and the legal moves."""
    closed = tuple(member for member in inside if member.stage is Stage.CLOSEOUT_REPORTED)
    if len(closed) == len(inside):
        words = "every dry run has ended" if mode is Mode.DRYRUN else "law"
        return words if inside else "every document was set aside", closed, (BatchMove.REPORT,)
    if mode is Mode.DRYRUN:
        return "dry runs", closed, _GOES_ON
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
    unruled = _unruled(tuple(member for member in waiting if member.family is Family.ACTIVE), ruled)
    if unruled:
        return f"{unruled} of SG_1", cut, (BatchMove.DRAFT_SG_1, BatchMove.REPORT)
    if armed == Purpose.CUT:
        return "armed: it can be cut", cut, _GOES_ON
    return "SG_1 is imported: it can be armed", cut, (BatchMove.ARM, BatchMove.REPORT)


def _unruled(waiting: tuple[MemberView, ...], ruled: frozenset[str]) -> str:
    """Return how many of these wait for a ruling, in words; empty if each has one."""
    number = sum(member.run_id not in ruled for member in waiting)
    return f"{counted(number, 'document')} in need" if number else ""

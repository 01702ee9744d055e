"""Bars of a run that has written nothing: another run of its document keeps it from going on.

A cut is the first of its document and an amendment is one of the law that it was planned against; while the drafts of
another run are neither law nor taken back, nothing else of the document is prepared. The database refuses all of this
as well; here it is said before a move is offered.
"""

from collections.abc import Iterable, Sequence

from console.backend.host.installation import Installation
from console.backend.model.bars import Bar
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.model.purposes import RunOperation
from console.backend.model.states import BEFORE_CUT, DRAFT_STAGES, Family, Move, is_ended
from console.backend.postgres.connections import connect
from console.backend.postgres.document_runs import DocumentRun
from console.backend.postgres.records import RunRow
from console.backend.postgres.units import first_taken_addresses
from console.backend.runs.workspace import Workspace

_LEFT = frozenset({Move.VOID, Move.REPORT})


def bar_of(row: RunRow, base_run_id: str, writers: Iterable[DocumentRun]) -> Bar | None:
    """Pure: return what bars the next step of a run, as far as the rows tell; None if nothing does, and for a run that is over or has written.

    `base_run_id` is the run whose law its plan amends, empty without a plan; `writers` are as `runs_beside` returns them.
    """
    if row.stage not in BEFORE_CUT or row.family not in {Family.ACTIVE, Family.STOPPED}:
        return None
    others = tuple(run for run in writers if run.docprefix == row.docprefix and run.run_id != row.run_id)
    if row.operation.of_law:
        return _of_law(row, base_run_id, others)
    return _of_edit(row, others) if row.operation is RunOperation.EDIT else _of_cut(row, others)


def measure_bar(installation: Installation, row: RunRow, writers: Sequence[DocumentRun]) -> Bar | None:
    """Return what bars the next step of a run, by the rows that were read and the plan in its directory.

    Asks the database once more in the one case that the rows do not tell: another run was reverted since this one began,
    and may have left a unit at an address that this one's plan takes for a new one.
    """
    if not writers or row.stage not in BEFORE_CUT:
        return None
    workspace = Workspace.open(installation.root, row.run_id)
    plan = workspace.plan_facts() if row.plan_digest and row.operation.of_law else None
    bar = bar_of(row, plan.base_run_id if plan else "", writers)
    reverted = next((run for run in writers if _is_left_since(row, run)), None)
    if bar is not None or reverted is None or plan is None or not (made := _made(workspace)):
        return bar
    try:
        # The monitoring role sees no unit that was never law.
        with connect(installation.settings.database.verifier, read_only=True, purpose="taken") as connection:
            taken = first_taken_addresses(connection, made)
    except CutterError as error:
        reason = f"run {reverted.run_id} was reverted since, and what it has left could not be asked: {error.message}"
        return Bar(
            said=reason, run_id=reverted.run_id, is_for_good=False, code=error.code, next_action=error.next_action
        )
    if not taken:
        return None
    reason = f"run {reverted.run_id} was reverted since: {taken[0]}, new in the plan of this run, is there already"
    return _for_good(row, reverted, reason, StopCode.DRIFT)


def measure_bars(installation: Installation, rows: Iterable[RunRow], writers: Iterable[DocumentRun]) -> dict[str, Bar]:
    """Return what bars each of these runs that is barred, by its id."""
    of_document = by_document(writers)
    measured = ((row.run_id, measure_bar(installation, row, of_document.get(row.docprefix, []))) for row in rows)
    return {run_id: bar for run_id, bar in measured if bar is not None}


def bar_by_holder(row: RunRow, elsewhere: str) -> Bar | None:
    """Pure: return what bars a member of a batch that another console holds, or nobody; None for one that is held here.

    The batch's other members wait for it: its console ends it, or this one takes it over again.
    """
    if is_ended(row.stage, row.family) or not elsewhere:
        return None
    return Bar(
        said=f"another console holds it: {elsewhere}",
        run_id=row.run_id,
        is_for_good=False,
        code=StopCode.LOCKED,
        next_action=f"Have it ended there, or take it over: cutter-console run take-over {row.run_id} --confirm {row.run_id}",
    )


def by_document(writers: Iterable[DocumentRun]) -> dict[str, list[DocumentRun]]:
    """Return the runs by the prefix of the document that they have written, in their order."""
    grouped: dict[str, list[DocumentRun]] = {}
    for writer in writers:
        grouped.setdefault(writer.docprefix, []).append(writer)
    return grouped


def _made(workspace: Workspace) -> list[str]:
    try:
        amendment = workspace.plan().amendment
    except Refused:
        # A damaged plan has moves of its own: the run is voided.
        return []
    return list(amendment.made) if amendment is not None else []


def _is_left_since(row: RunRow, run: DocumentRun) -> bool:
    is_other = run.docprefix == row.docprefix and run.run_id != row.run_id
    return is_other and run.family is Family.REVERTED and run.changed_at >= row.started_at


def _of_law(row: RunRow, base_run_id: str, others: tuple[DocumentRun, ...]) -> Bar | None:
    newest = max((run for run in others if run.state is not None), key=lambda run: run.state or 0, default=None)
    if newest is not None and newest.operation is RunOperation.REPEAL:
        reason = f"{row.docprefix} was repealed by run {newest.run_id}, for good"
        return _for_good(row, newest, reason, StopCode.REPLAY_CONFLICT)
    if newest is not None and row.plan_digest and base_run_id not in {"", newest.run_id}:
        reason = f"run {newest.run_id} was enacted since: {row.docprefix} is not the law any more that this run was planned against"
        return _for_good(row, newest, reason, StopCode.DRIFT)
    return bar_by_drafts(others)


def _of_cut(row: RunRow, others: tuple[DocumentRun, ...]) -> Bar | None:
    if not others:
        return None
    other = others[0]
    word = "cut and reverted" if other.family is Family.REVERTED else "cut"
    reason = f"{row.docprefix} was {word} by run {other.run_id}: a document is cut once, and its addresses are taken for ever"
    return _for_good(row, other, reason, StopCode.REPLAY_CONFLICT)


def _of_edit(row: RunRow, others: tuple[DocumentRun, ...]) -> Bar | None:
    """The drafts of a first cut are edited; when they are law or taken back, there is nothing left of them to edit.

    Those of an amendment are none of them.
    """
    cuts = tuple(run for run in others if run.operation is RunOperation.CUT)
    if not cuts or _holder(cuts) is not None:
        return None
    other = cuts[0]
    word = "reverted" if other.family is Family.REVERTED else "enacted"
    reason = f"run {other.run_id} was {word}: {row.docprefix} has no drafts any more that could be edited"
    return _for_good(row, other, reason, StopCode.DRIFT)


def bar_by_drafts(others: Iterable[DocumentRun]) -> Bar | None:
    """Pure: return what bars a change of the law while one of these runs of its document is neither law nor taken back; None if none is."""
    holder = _holder(others)
    if holder is None:
        return None
    return Bar(
        said=f"run {holder.run_id} has {_held(holder)} of {holder.docprefix}, neither enacted nor reverted",
        run_id=holder.run_id,
        is_for_good=False,
        code=StopCode.DRIFT,
        next_action=f"Enact or revert that run first: cutter-console run show {holder.run_id}",
    )


def _holder(others: Iterable[DocumentRun]) -> DocumentRun | None:
    return next((run for run in others if run.stage in DRAFT_STAGES and run.family is not Family.REVERTED), None)


def _held(holder: DocumentRun) -> str:
    """Return what a run has of its document: an amendment of which no unit differs has no draft, and holds it all the same."""
    match holder.operation:
        case RunOperation.REPEAL:
            return "a repeal"
        case RunOperation.AMEND:
            return "an amendment"
        case _:
            return "drafts"


def _for_good(row: RunRow, other: DocumentRun, reason: str, code: StopCode) -> Bar:
    return Bar(
        said=reason,
        run_id=other.run_id,
        is_for_good=True,
        code=code,
        next_action=f"Void this run: cutter-console run void {row.run_id} --reason TEXT",
    )


def moves_barred(moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Return the moves that are left of these while another run bars the next step."""
    return tuple(move for move in moves if move in _LEFT)


def barred_error(bar: Bar, message: str) -> CutterError:
    """Return the refusal of a move that is barred."""
    kinds = {StopCode.DRIFT: Drifted, StopCode.REPLAY_CONFLICT: Refused, StopCode.LOCKED: Refused}
    kind = kinds.get(bar.code, Unmeasured)
    return kind(bar.code, f"{message}; {bar.said}", str(bar.next_action))

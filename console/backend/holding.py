"""All that there is to know before a HOLD is released: what stands stopped, which runs need a decision, what a release does."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import psycopg

from console.backend import confirmations
from console.backend.confirmations import RunDanger, effects_of
from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError
from console.backend.model.holds import HeldRun, HoldEvent, HoldView, RecoveryMove, RecoveryStep
from console.backend.model.outcome import Outcome
from console.backend.model.reasons import kept_reason
from console.backend.model.states import Family, Mode, Move, Phase
from console.backend.model.view_models import (
    Danger,
    PhaseStatus,
    RunSummary,
    RunView,
    StopStep,
    SwitchState,
    SwitchView,
)
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.holds import HoldEventRow, hold_history, open_transactions, shown
from console.backend.postgres.kept_sessions import with_kept_sessions
from console.backend.postgres.records import open_lease
from console.backend.runs.answers import Answers
from console.backend.runs.kill_switch import combined, hold_in_file, measure_in_database, release_steps
from console.backend.runs.moves import NOT_YET, OfferedMove, offered_moves
from console.backend.runs.recovery import STEPS, compensation_runbook
from console.backend.runs.run_list import open_run_summaries
from console.backend.runs.run_views import view_run

MOST_RUNS, MOST_EVENTS = 20, 200
"""Runs and events that are shown."""
_LIMIT_S = 5
_DANGERS: dict[Move, RunDanger] = {
    Move.ARM: Danger.ARM,
    Move.ENACT: Danger.ENACT,
    Move.REVERT: Danger.REVERT,
    Move.VOID: Danger.VOID,
    Move.TAKE_OVER: Danger.TAKE_OVER,
}
T = TypeVar("T")


class HoldAnswers(Answers):
    """The answers of a backend about a HOLD and what it stopped. None of them writes."""

    @with_kept_sessions
    def hold(self) -> HoldView:
        """Measure the HOLD, what it stopped, and what would be done about it; see `view_hold`."""
        return view_hold(self.installation)


def view_hold(installation: Installation) -> HoldView:
    """Measure a HOLD and what it stopped. What cannot be measured is named in the answer, and raises nothing."""
    in_file, in_database = hold_in_file(installation), measure_in_database(installation)
    switch = combined(installation, in_file, in_database)
    no_runs: tuple[RunSummary, ...] = ()
    no_events: tuple[HoldEventRow, ...] = ()
    summaries, runs_unread = _tried(lambda: open_run_summaries(installation, switch.run_id), no_runs)
    needing = [summary for summary in summaries if _needs_decision(summary, switch.run_id)]
    rows, history_unread = _tried(
        lambda: _asked(installation, lambda connection: hold_history(connection, MOST_EVENTS)), no_events
    )
    is_unread = switch.state is SwitchState.UNREADABLE or runs_unread or history_unread
    return HoldView(
        measured_at=installation.context.now(),
        outcome=Outcome.INCONCLUSIVE if is_unread else Outcome.PASS,
        switch=switch,
        stopped=_stopped(installation, in_file, in_database),
        runs=tuple(_held_run(installation, summary) for summary in needing[:MOST_RUNS]),
        more_runs=max(len(needing) - MOST_RUNS, 0),
        runs_unread=runs_unread,
        release=confirmations.brief(installation, Danger.RELEASE_HOLD, ""),
        steps=release_steps(installation),
        history=tuple(
            HoldEvent(
                is_set=row.is_set,
                at=row.at,
                by=row.by,
                role=row.role,
                reason=kept_reason(row.reason)[0],
                run_id=row.run_id,
            )
            for row in rows
        ),
        history_unread=history_unread,
    )


def _tried(question: Callable[[], T], nothing: T) -> tuple[T, str]:
    """Return the answer, or nothing and the reason why there is none."""
    try:
        return question(), ""
    except CutterError as error:
        return nothing, error.message


def _asked(installation: Installation, question: Callable[[psycopg.Connection], T]) -> T:
    with connect(
        installation.settings.database.monitor, read_only=True, timeout_s=_LIMIT_S, purpose="hold"
    ) as connection:
        return question(connection)


def _stopped(installation: Installation, in_file: SwitchView | None, in_database: SwitchView) -> tuple[StopStep, ...]:
    """Return what panic does, item by item, as it stands: the same four things, in the same order."""
    if in_file is None:
        file = StopStep(what="HOLD file", done=False, detail=f"{installation.hold_file} is not there")
    else:
        is_hold = in_file.state is SwitchState.HOLD
        file = StopStep(
            what="HOLD file", done=is_hold, detail=str(installation.hold_file) if is_hold else in_file.reason
        )
    if in_database.state is SwitchState.UNREADABLE:
        unknown = f"not known: {in_database.reason}"
        names = ("HOLD in the database", "running statements", "lease")
        return (file, *(StopStep(what=name, done=False, detail=unknown) for name in names))
    is_set = in_database.state is SwitchState.HOLD
    set_by = f"set by {in_database.by}" if is_set else "not set"
    return (
        file,
        StopStep(what="HOLD in the database", done=is_set, detail=set_by),
        _running(installation),
        _lease(installation),
    )


def _running(installation: Installation) -> StopStep:
    number, unread = _tried(lambda: _asked(installation, open_transactions), 0)
    if unread:
        return StopStep(what="running statements", done=False, detail=f"not known: {unread}")
    detail = f"{number} transactions of roles that may write are open" if number else "none is running"
    return StopStep(what="running statements", done=not number, detail=detail)


def _lease(installation: Installation) -> StopStep:
    lease, unread = _tried(lambda: _asked(installation, open_lease), None)
    if unread:
        return StopStep(what="lease", done=False, detail=f"not known: {unread}")
    detail = "none is open" if lease is None else f"open for {lease.run_id} to {lease.purpose}"
    return StopStep(what="lease", done=lease is None, detail=detail)


def _needs_decision(summary: RunSummary, held: str) -> bool:
    """Return whether a run was interrupted, has lost something, was stopped, or failed behind what it wrote; or is the HOLD's."""
    if summary.interrupted or summary.gone or (held and summary.run_id == held):
        return True
    is_out = summary.state.startswith((Family.FAILED.value, Family.STOPPED.value))
    return is_out and summary.mode is Mode.LIVE


def _held_run(installation: Installation, summary: RunSummary) -> HeldRun:
    run, unread = _tried(lambda: view_run(installation, summary.run_id), None)
    if run is None:
        return HeldRun(
            run_id=summary.run_id, mode=summary.mode, state=summary.state, docprefix=summary.docprefix, unread=unread
        )
    left_behind, plan = _plan_of(run)
    return HeldRun(
        run_id=run.run_id,
        mode=run.mode,
        state=run.state.name,
        docprefix=run.docprefix,
        interruption=run.interruption,
        happened=tuple(_happened(run, summary)),
        moves=tuple(_move(offer, run) for offer in offered_moves(run)),
        left_behind=left_behind,
        plan=plan,
    )


def _happened(run: RunView, summary: RunSummary) -> Iterable[str]:
    for view in run.phases:
        if view.status is PhaseStatus.FAILED:
            yield f"{view.phase} {view.outcome}: {view.detail}"
    if summary.gone:
        yield f"acknowledged, and gone from the database: {', '.join(summary.gone)}"
    if run.displaced:
        yield str(run.displaced)
    if run.bar is not None:
        yield str(run.bar.said)
    if run.elsewhere:
        yield run.elsewhere_in_words
    if run.waits_for:
        yield f"waits for {run.waits_for}"


def _move(offer: OfferedMove, run: RunView) -> RecoveryMove:
    danger = _DANGERS.get(offer.move)
    effects = effects_of(danger, run) if danger is not None else ()
    if offer.is_barred:
        effects = (NOT_YET, *effects)
    # The last values, the reason and the event, are made when the move is.
    statements = {
        Move.REVERT: shown(ledger.REVERT_CUT, run.run_id, None),
        Move.VOID: shown(ledger.LEAVE_RUN, run.run_id, Family.VOIDED.value, None, None),
    }
    return RecoveryMove(move=offer.move, command=offer.command, effects=effects, runs=statements.get(offer.move, ""))


def _plan_of(run: RunView) -> tuple[str, tuple[RecoveryStep, ...]]:
    """Return what a failure behind a COMMIT may have left, and the plan for it, as gate G4 proves it; nothing elsewhere.

    An interruption is none: what it left is settled first, and its moves lead on from there.
    """
    phase = _failed_phase(run)
    if phase is None or run.target is None or run.mode is not Mode.LIVE:
        return "", ()
    runbook = compensation_runbook(run.target, "", run.run_id)
    plan = next(plan for plan in runbook.plans if plan.phase is phase)
    return plan.left_behind, tuple(RecoveryStep(purpose=step.purpose, command=step.command) for step in plan.steps)


def _failed_phase(run: RunView) -> Phase | None:
    """Return the phase with a plan of its own in which the run has failed, or None."""
    return next((view.phase for view in run.phases if view.status is PhaseStatus.FAILED and view.phase in STEPS), None)

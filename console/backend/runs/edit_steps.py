"""Steps of an edit of drafts, which is one transaction under a ruling of its own: what was done, and what comes next."""

from collections.abc import Iterable

from console.backend.model.counting import counted
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Kind, Operation
from console.backend.model.states import Family, Phase, RunState
from console.backend.model.view_models import PhaseStatus, PhaseView, StepView
from console.backend.postgres.records import ApprovalRow, EventRow

_PHASES = (Phase.PRE_WRITE_BACKUP, Phase.WRITE_VERIFY)


def steps_of_edit(
    phases: tuple[PhaseView, ...],
    recorded: tuple[EventRow, ...],
    rulings: Iterable[ApprovalRow],
    state: RunState,
    n_units: int | None,
) -> tuple[StepView, ...]:
    """Return planning, backup, ruling, write and verification, each as the database has it."""
    by_name = {event.phase: event for event in recorded if event.outcome != Outcome.FAIL}
    by_phase = {view.phase: view for view in phases}
    backup, verified = (_of_phase(by_phase[phase], state) for phase in _PHASES)
    units = "the draft" if n_units == 1 else counted(n_units or 0, "draft")
    return (
        _of_event("plan", by_name.get(Operation.PLAN_EDITS), f"another text of {units} is planned", state),
        backup,
        _ruling(rulings, state),
        _of_event("write", by_name.get(Operation.EDIT), f"{units} got another text, in one transaction", state),
        verified,
    )


def _later(state: RunState) -> PhaseStatus:
    return PhaseStatus.PENDING if state.family in {Family.ACTIVE, Family.STOPPED} else PhaseStatus.NOT_RUN


def _of_event(name: str, event: EventRow | None, detail: str, state: RunState) -> StepView:
    if event is None:
        return StepView(name=name, status=_later(state), detail="")
    return StepView(name=name, status=PhaseStatus.DONE, detail=detail, at=event.at)


def _of_phase(view: PhaseView, state: RunState) -> StepView:
    """Return the step of a phase that an edit has, too; the other phases of a run say of an edit that they are not run."""
    status = _later(state) if view.status is PhaseStatus.NOT_RUN else view.status
    detail = "" if view.status is PhaseStatus.NOT_RUN else view.detail
    return StepView(name=view.phase.value, status=status, detail=detail, at=view.started_at, phase=view.phase)


def _ruling(rulings: Iterable[ApprovalRow], state: RunState) -> StepView:
    """Return the step of SG_1: the ruling that was used, or else the last one that was imported."""
    own = [ruling for ruling in rulings if ruling.kind == Kind.SG_1]
    ruling = next((ruling for ruling in own if ruling.used_for), next(iter(own), None))
    if ruling is None:
        return StepView(name="ruling SG_1", status=_later(state), detail="")
    return StepView(
        name="ruling SG_1",
        status=PhaseStatus.DONE,
        detail=f"{ruling.statement_sha256[:16]} imported by {ruling.imported_by}{', and used' if ruling.used_for else ''}",
        at=ruling.used_at or ruling.imported_at,
    )

"""What the fake backend says of edits of drafts; for what screens draw, and for the keys that lead there."""

from dataclasses import dataclass, field

from console.backend.documents.amendment_report import changed_report
from console.backend.documents.comparison import compare
from console.backend.model.compared_unit import ComparedUnit
from console.backend.model.errors import Refused, RunHasEnded, StopCode, Unmeasured
from console.backend.model.profile_names import EDIT_PROFILE
from console.backend.model.states import Move, Phase, RunState, Stage
from console.backend.model.view_models import Confirmation, Danger, PhaseStatus, RunView, StepView
from console.backend.runs.draft_edits import EditBriefing, EditView, draft_digest
from console.backend.runs.edits import expected_edit_deltas
from console.backend.runs.typed_edits import TypedEdit
from tests.support.fake_units import FakeUnits


def _steps(view: RunView, *, is_ruled: bool) -> tuple[StepView, ...]:
    began = view.started_at
    ruled = PhaseStatus.DONE if is_ruled else PhaseStatus.PENDING
    return (
        StepView(name="plan", status=PhaseStatus.DONE, detail="another text of the draft is planned", at=began),
        StepView(
            name="pre_write_backup",
            status=PhaseStatus.DONE,
            detail="2 checks PASS",
            at=began,
            phase=Phase.PRE_WRITE_BACKUP,
        ),
        StepView(name="ruling SG_1", status=ruled, detail="5e5e5e5e5e5e5e5e imported by anna" if is_ruled else ""),
        StepView(name="write", status=PhaseStatus.PENDING, detail=""),
        StepView(name="write_verify", status=PhaseStatus.PENDING, detail="", phase=Phase.WRITE_VERIFY),
    )


EDIT_RUN = "ictr-20260301T140000Z-ed17ed17"


@dataclass
class FakeEdits(FakeUnits):
    """The part of the fake backend that answers about edits; the drafts are those of its units."""

    planned: bool = False
    """Whether the run of an edit waits for SG_1, in the place of the cut."""
    is_ruled: bool = False
    """Whether the ruling of the planned edit is imported."""
    can_edit: bool = False
    """Whether the drafts of the cut can be edited."""
    kept: dict[str, TypedEdit] = field(default_factory=dict)
    """What was typed, by writer."""
    has_ended: bool = False
    """Whether the cut has ended, so that no text is kept beside it."""
    may_not_write: bool = False
    """Whether the console only reads, so that it refuses to keep a text."""
    is_full: bool = False
    """Whether there is no room for what is typed."""
    edits: list[tuple[str, str, str, str]] = field(default_factory=list)

    def _call(self, name: str) -> None:
        raise NotImplementedError

    def brief(self, danger: Danger, run_id: str) -> Confirmation:
        """What is said of every danger."""
        raise NotImplementedError

    def run(self, run_id: str) -> RunView:
        """One of the runs."""
        raise NotImplementedError

    def edit_of(self, view: RunView) -> RunView:
        """The cut, whose drafts can be edited; or in its place the run of an edit, where one is planned."""
        if view.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION and self.can_edit:
            view = view.model_copy(update={"moves": (*view.moves, Move.EDIT)})
        if not self.planned:
            return view
        command = f"cutter-console run apply {view.run_id} --confirm {view.run_id}"
        waits = f"SG_1, the sovereign's ruling to edit a draft; then: {command}"
        if self.is_ruled:
            waits = f"the operator: SG_1 is imported; next: {command}"
        update = {
            "state": RunState(stage=Stage.AWAITING_CUT_AUTHORIZATION),
            "moves": (Move.APPLY if self.is_ruled else Move.IMPORT_SG_1, Move.VOID),
            "steps": _steps(view, is_ruled=self.is_ruled),
            "profile": EDIT_PROFILE,
            "n_units": 1,
            "origin": f"edits:{view.docprefix}",
            "deltas": expected_edit_deltas(1),
            "waits_for": waits,
        }
        return view.model_copy(update=update)

    def _view(self, run_id: str, address: str, body: str, title: str) -> EditView:
        unit = self.unit(address)
        old = ComparedUnit(
            address=address,
            parent=None,
            unit_kind="law_unit",
            section_type="paragraph",
            number="",
            title=str(unit.title),
            body=unit.body or "",
        )
        comparison = compare((old,), (old._replace(title=title, body=body),))
        if not comparison.changed:
            raise Refused(
                StopCode.REFUSED_INPUT, f"{address} has exactly this text and title", "There is nothing to edit."
            )
        return EditView(
            run_id=run_id,
            docprefix="LAW-00000",
            address=address,
            title=title,
            changed=changed_report(comparison.changed[0]),
            deltas=expected_edit_deltas(1),
            edit_run="",
            seen=draft_digest(old.title, old.body),
        )

    def brief_edit(self, run_id: str, address: str, body: str, title: str) -> EditBriefing:
        """The difference, by the real comparison."""
        confirmation: Confirmation = self.brief(Danger.EDIT, run_id)
        view = self._view(run_id, address, body, title)
        update = {
            "deltas": view.deltas,
            "n_units": 1,
            "seen": view.seen,
            "effects": ("Takes and proves a backup, and makes a run of the edit, which waits for an SG_1 of its own.",),
            "reversible": True,
            "reversal": "the run of the edit can be voided until it is applied",
        }
        return EditBriefing(view=view, confirmation=confirmation.model_copy(update=update))

    def typed_edits(self, run_id: str, address: str) -> tuple[TypedEdit, ...]:
        """What was typed before."""
        self._call(f"typed {run_id}")
        return tuple(kept for kept in reversed(self.kept.values()) if kept.address == address)

    def keep_typed(
        self, run_id: str, typed: TypedEdit, writer: str, instead: TypedEdit | None = None, *, looks: bool = True
    ) -> None:
        """Kept here, unless there is no room, or it is refused."""
        self._call(f"keep {run_id}{'' if looks else ' without a look'}")
        if self.may_not_write:
            raise Refused(StopCode.EXECUTION_DISABLED, "this console only reads", "Open one that may write.")
        if self.has_ended:
            message = f"run {run_id} has ended: it has no drafts any more"
            raise RunHasEnded(StopCode.EXECUTION_DISABLED, message, f"See: cutter-console run show {run_id}")
        if self.is_full:
            message = "/srv/runs/x could not be written: No space left on device"
            raise Unmeasured(StopCode.INVARIANT_FAILED, message, "Make room on the disk.")
        self.kept = {
            key: kept for key, kept in self.kept.items() if key != writer and (instead is None or kept != instead)
        }
        self.kept[writer] = typed

    def drop_typed(self, run_id: str, typed: TypedEdit) -> None:
        """Kept no longer."""
        self._call(f"drop {run_id}")
        self.kept = {key: kept for key, kept in self.kept.items() if kept.text != typed.text}

    def start_edit(self, run_id: str, address: str, body: str, title: str, seen: str = "") -> EditView:
        """Planned."""
        view = self._view(run_id, address, body, title)
        self.edits.append((run_id, title, body, seen))
        self.planned = True
        return view.model_copy(update={"edit_run": EDIT_RUN})

    def apply_edit(self, run_id: str, confirm: str) -> RunView:
        """Written."""
        self._call(f"apply {run_id} {confirm}")
        closed = RunState(stage=Stage.CLOSEOUT_REPORTED)
        return self.run(run_id).model_copy(update={"state": closed, "moves": (Move.REPORT,)})

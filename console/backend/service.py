"""The backend on this host: the one implementation behind the console and the command line."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from console.backend import confirmations
from console.backend.approvals.signatures import require_named
from console.backend.batches import BatchAnswers, Batches
from console.backend.confirmations import RunDanger
from console.backend.custody_confirmations import brief_custody
from console.backend.documents.acceptances import acceptances_for
from console.backend.documents.intake import read_accept_beside
from console.backend.documents.limits import limits_of
from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.own_profiles import choose_profile, known_names
from console.backend.documents.planning import PlanResult
from console.backend.documents.title_parts import title_in_words
from console.backend.gates.arming_checks import drift_code, readiness, refusal_code
from console.backend.holding import HoldAnswers
from console.backend.host.site_files import run_tables
from console.backend.measuring import MeasuringService
from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured, UsageError, Waiting
from console.backend.model.full_command import command_to_confirm
from console.backend.model.ids import is_batch
from console.backend.model.outcome import Check
from console.backend.model.plan import bind
from console.backend.model.purposes import KIND_AT, Purpose
from console.backend.model.readiness import BundleView, GateReport, ReportView
from console.backend.model.reasons import require_short_reason
from console.backend.model.states import ENACTED_STAGES, Family, Mode, Move, RunState, Stage
from console.backend.model.unit_search import UnitHits, UnitQuery, UnitView, VersionDiff
from console.backend.model.view_models import (
    ApprovalView,
    Confirmation,
    Danger,
    IntakeView,
    OnProgress,
    PlanView,
    RunRequest,
    RunView,
    SourceText,
    SwitchView,
)
from console.backend.postgres.kept_sessions import with_kept_sessions, with_kept_writers
from console.backend.reports.shelf import ReportAnswers
from console.backend.runs import approval_workflow, arming, batch_rulings, kill_switch, lifecycle
from console.backend.runs.accepting import accept_run
from console.backend.runs.backup_shelf import BackupAnswers
from console.backend.runs.backups import ensure_backup
from console.backend.runs.bars import barred_error
from console.backend.runs.bundle_shelf import BundleAnswers
from console.backend.runs.custody import not_the_holder
from console.backend.runs.draft_edits import EditBriefing, EditView, require_edit_run, start_edit
from console.backend.runs.edits import apply_edits
from console.backend.runs.engine import Engine
from console.backend.runs.handover import hand_over
from console.backend.runs.intake_list import intake_views
from console.backend.runs.journals import JournalAnswers
from console.backend.runs.known_run import Known, known_run, requested
from console.backend.runs.lease import LeaseHolder
from console.backend.runs.moves import command_of, require_move
from console.backend.runs.operations import settle_run
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.reverify import verify_drafts
from console.backend.runs.revision import compare_if_law, compare_with_nothing
from console.backend.runs.run_ids import require_live
from console.backend.runs.run_views import measure_facts, require_here, view_known
from console.backend.runs.sources import read_source
from console.backend.runs.takeover import hold_to_end, take_over
from console.backend.runs.typed_edits import TypedAnswers, drop_typed
from console.backend.runs.unit_search import search_units
from console.backend.runs.unit_view import compare_versions, view_unit

_BY_PERSON = frozenset({Move.ARM, Move.APPLY, Move.ENACT})
"""Steps that a person confirms behind a ruling."""
_GOES_ON = frozenset({Move.SETTLE, Move.CONTINUE, Move.ARM, Move.IMPORT_SG_1, Move.IMPORT_SG_2, Move.ENACT})


class BackendService(
    MeasuringService,
    BackupAnswers,
    BatchAnswers,
    BundleAnswers,
    HoldAnswers,
    JournalAnswers,
    ReportAnswers,
    TypedAnswers,
):
    """Answers `console.backend.api.Backend`. Every method measures again; nothing is remembered between calls."""

    @with_kept_sessions
    def intake(self) -> tuple[IntakeView, ...]:
        """Return the files of the intake folder, and the live documents of the database if it can be reached."""
        return intake_views(self.installation)

    def plan(self, origin: str, docprefix: str, profile: str, ordinals: bool) -> PlanView:
        """Plan a document without any effect, with the accept file beside it if there is one."""
        accept = self._accept_beside(origin)
        result = self.plan_result(origin, docprefix, profile, ordinals=ordinals, accept=accept)
        digest = bind(result.plan, None).plan_digest if result.plan else ""
        text = SourceText(result.canonical)
        title = title_in_words(result.title_parts, result.canonical, result.plan.dropped if result.plan else ())
        own = result.request.profile_sha256
        deltas = run_tables(self.installation).cut(len(result.plan.units)) if result.plan else ()
        return PlanView(result.plan, result.problems, text, digest, accept.decode(), own, title, deltas)

    def _accept_beside(self, origin: str) -> bytes:
        kind, _, name = origin.partition(":")
        return read_accept_beside(self.installation.intake, name) if kind == "file" and name else b""

    def plan_result(
        self, origin: str, docprefix: str, profile: str, *, ordinals: bool, accept: bytes = b""
    ) -> PlanResult:
        """Plan a document, and return the full result, which the command line reports. Raises Refused."""
        raw = read_source(self.installation, origin)
        return plan_chosen(
            choose_profile(profile, self.installation.profiles),
            raw,
            origin=origin,
            docprefix=docprefix,
            ordinals=ordinals,
            acceptances=acceptances_for(
                raw, accept, "the accept file beside the document", limits_of(self.installation.settings)
            )
            if accept
            else (),
            limits=limits_of(self.installation.settings),
        )

    def compare(self, plan: PlanView, moved: tuple[Moved, ...] = ()) -> AmendmentReport | None:
        """Compare a planned document with what is law, read as the monitoring role; None if nothing of it ever was."""
        if plan.document is None:
            return None
        revision = compare_if_law(self.installation, plan.document, plan.text.data, moved)
        return revision.report() if revision is not None else None

    def repealed_by_plan(self, docprefix: str) -> AmendmentReport:
        """Return what the repeal of a document would end, read as the monitoring role. Raises Refused if it is no law."""
        return compare_with_nothing(self.installation, docprefix).report()

    def profiles(self) -> tuple[str, ...]:
        """Return the names of the profiles: those that are shipped, then the operator's own."""
        return known_names(self.installation.profiles)

    @with_kept_writers
    def start(self, request: RunRequest, on_progress: OnProgress) -> RunView:
        """Start a run; the same plan again starts no new run, but returns the one that cut it."""
        self._require_writable()
        kill_switch.require_no_hold(self.installation)
        created = lifecycle.create_run(self.installation, request)
        run_id = created.run_id
        if created.is_new:
            engine = Engine(self.installation, run_id, on_progress, planned=created.planned)
            # The engine alone has the plan now, and lets go of it once it is marked: it may be large.
            del created
            self._walk(engine)
        return self.run(run_id)

    @with_kept_writers
    def resume(self, run_id: str, on_progress: OnProgress) -> RunView:
        """Go on from where the run rests. Raises Waiting or Refused if it waits for a ruling or the switch."""
        self._require_writable()
        kill_switch.require_no_hold(self.installation)
        require_here(self.installation, run_id)
        before = self.run(run_id)
        if before.is_lost:
            raise not_the_holder(run_id, before.elsewhere)
        if not _GOES_ON & set(before.moves):
            message = f"run {run_id} at {before.state.name} does not go on; legal now: {', '.join(before.moves)}"
            if before.displaced:
                message = f"{message}; {before.displaced}"
                raise Drifted(StopCode.IDENTITY_MISMATCH, message, command_of(before.moves[0], run_id))
            if before.bar is not None:
                raise barred_error(before.bar, message)
            raise Refused(StopCode.EXECUTION_DISABLED, message, command_of(before.moves[0], run_id))
        self._walk(Engine(self.installation, run_id, on_progress))
        after = self.run(run_id)
        if before.state == after.state and after.state.family is Family.ACTIVE:
            self._refuse_standstill(after)
        return after

    @with_kept_sessions
    def settle(self, run_id: str) -> RunView:
        """Ask again what became of every operation of the run that was begun and not finished."""
        self._require_writable()
        known = known_run(self.installation, run_id)
        settle_run(self.installation, known.workspace, known.request)
        return self.run(run_id)

    @with_kept_sessions
    def replan(self, run_id: str, on_progress: OnProgress) -> RunView:
        """Plan a run again for the server at hand, up to its first pause; another statement is signed there."""
        self._require_writable()
        kill_switch.require_no_hold(self.installation)
        require_here(self.installation, run_id)
        lifecycle.replan_run(self.installation, run_id)
        self._walk(Engine(self.installation, run_id, on_progress))
        return self.run(run_id)

    def verify(self, run_id: str) -> tuple[Check, ...]:
        """Verify a draft cut, or those of a batch; at the second pause the verdict is recorded, unless this console only reads."""
        if is_batch(run_id):
            return Batches(self.installation).verify(run_id, self.verify)
        return verify_drafts(self.installation, self.run(run_id), record=not self.read_only)

    def approvals(self) -> tuple[ApprovalView, ...]:
        """Return the statements that were drafted or imported, the newest first; a batch's stands for those of its members."""
        over_batches, carried = batch_rulings.all_views(self.installation)
        of_runs = approval_workflow.all_views(self.installation, carried)
        return approval_workflow.newest_first((*over_batches, *of_runs))

    @with_kept_sessions
    def draft_statement(
        self, run_id: str, *, revert: bool = False, in_force_from: datetime | None = None
    ) -> ApprovalView:
        """Draft the statement that the run, or the batch, waits for; with `revert`, the one that takes exactly a run's drafts back."""
        self._require_writable()
        if is_batch(run_id):
            if revert or in_force_from is not None:
                message = "a batch is ruled on to cut and to enact, from the enactment; other rulings are over one run"
                raise Refused(StopCode.REFUSED_INPUT, message, f"cutter-console approval draft {run_id}")
            return batch_rulings.draft(self.installation, run_id)
        require_live(self.installation, run_id)
        require_here(self.installation, run_id)
        return approval_workflow.draft(self.installation, run_id, revert=revert, in_force_from=in_force_from)

    @with_kept_sessions
    def check_statement(self, statement: Path) -> ApprovalView:
        """Check a statement and the signature files beside it."""
        if batch_rulings.is_over_batch(statement):
            return batch_rulings.view(self.installation, statement)
        return approval_workflow.view(self.installation, statement)

    @with_kept_writers
    def import_statement(self, statement: Path, signatures: tuple[Path, ...]) -> ApprovalView:
        """Check, then record in the database."""
        self._require_writable()
        require_named(signatures)
        if batch_rulings.is_over_batch(statement):
            return batch_rulings.import_statement(self.installation, statement, signatures)
        return approval_workflow.import_statement(self.installation, statement, signatures)

    @with_kept_sessions
    def brief(self, danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        """Return what a dangerous action would do, and what stands in its way."""
        if danger is Danger.HAND_OVER or danger is Danger.ACCEPT:
            # A bundle is unpacked below the root to be looked at.
            self._require_writable()
            return brief_custody(self.installation, danger, run_id, file)
        if is_batch(run_id) and danger is not Danger.RELEASE_HOLD:
            return Batches(self.installation).brief(danger, run_id)
        return confirmations.brief(self.installation, danger, run_id)

    @with_kept_writers
    def arm(self, run_id: str, confirm: str) -> SwitchView:
        """Arm the switch for this run, or this batch, to cut; if it is armed for that already, do nothing."""
        if is_batch(run_id):
            return self.arm_batch(run_id, confirm)
        known = self._known_if_typed(run_id, confirm)
        if known is not None and known.armed_to == Purpose.CUT:
            self._require_no_hold(known)
            note = {"note": "it was armed for this run already; nothing was done"}
            return kill_switch.measure_switch(self.installation).model_copy(update=note)
        require_here(self.installation, run_id)
        self._require_confirmed(Danger.ARM, run_id, confirm, known)
        self._arm(run_id, Purpose.CUT)
        return kill_switch.measure_switch(self.installation)

    @with_kept_sessions
    def disarm(self) -> SwitchView:
        """End the lease, whoever holds it."""
        return kill_switch.disarm(self.installation, f"disarmed by {self.installation.operator}")

    @with_kept_sessions
    def release_hold(self, confirm: str, seen: str = "") -> SwitchView:
        """Clear the HOLD, if it is the one that was seen."""
        self._require_writable()
        return kill_switch.release_hold(self.installation, confirm, seen)

    @with_kept_writers
    def enact(self, run_id: str, confirm: str, on_progress: OnProgress) -> RunView:
        """Enact a verified draft cut under SG_2, and close the run; the switch is armed for this alone.

        A run that has been enacted already is only closed, if it is not closed yet.
        """
        known = self._known_if_typed(run_id, confirm)
        if (finished_run := self._run_if_done(known, _is_enacted)) is not None:
            return self.resume(run_id, on_progress) if Move.CONTINUE in finished_run.moves else finished_run
        require_here(self.installation, run_id)
        self._require_confirmed(Danger.ENACT, run_id, confirm, known)
        # The session that holds the lease opens it: a kill between two sessions left the switch armed for minutes.
        with LeaseHolder(self.installation, run_id) as holder:
            self._arm(run_id, Purpose.ENACT, holder)
            self._walk(Engine(self.installation, run_id, on_progress, holder), enact=True)
        return self.run(run_id)

    @with_kept_sessions
    def revert(self, run_id: str, confirm: str) -> RunView:
        """Take a draft cut back; if it is taken back already, do nothing."""
        known = self._known_if_typed(run_id, confirm)
        if (finished_run := self._run_if_done(known, _is_reverted)) is not None:
            return finished_run
        self._require_confirmed(Danger.REVERT, run_id, confirm, known)
        hold_to_end(self.installation, run_id, Move.REVERT)
        with LeaseHolder(self.installation, run_id) as holder:
            self._arm(run_id, Purpose.REVERT, holder)
            try:
                lifecycle.revert_cut(self.installation, run_id, holder)
            finally:
                self._switch_off(run_id, "the revert ended", holder.pid)
        self._report(run_id, "reverted")
        return self.run(run_id)

    @with_kept_sessions
    def start_edit(self, run_id: str, address: str, body: str, title: str, seen: str = "") -> EditView:
        """Make the run of an edit of a draft, which waits for SG_1; what was typed for it is kept no longer."""
        self._require_writable()
        kill_switch.require_no_hold(self.installation)
        view = start_edit(self.installation, run_id, address, body, title, seen)
        drop_typed(self.installation, run_id, address, title, body)
        return view

    @with_kept_sessions
    def brief_edit(self, run_id: str, address: str, body: str, title: str) -> EditBriefing:
        """Return what an edit of a draft would change, and what stands in its way."""
        return confirmations.brief_edit(self.installation, run_id, address, body, title)

    @with_kept_sessions
    def apply_edit(self, run_id: str, confirm: str) -> RunView:
        """Write a signed edit of a draft and read it back; if that is done already, do nothing."""
        self._require_typed("run apply", run_id, confirm)
        kill_switch.require_no_hold(self.installation)
        if require_edit_run(self.installation, run_id).stage is Stage.CLOSEOUT_REPORTED:
            return self.run(run_id)
        require_move(Move.APPLY, measure_facts(self.installation, run_id), run_id)
        with LeaseHolder(self.installation, run_id) as holder:
            self._arm(run_id, Purpose.EDIT, holder)
            try:
                apply_edits(self.installation, run_id, holder)
            finally:
                self._switch_off(run_id, "the edit ended", holder.pid)
        return self.run(run_id)

    @with_kept_sessions
    def void(self, run_id: str, reason: str) -> RunView:
        """End a run that has written nothing."""
        self._require_writable()
        lifecycle.void_run(self.installation, run_id, require_short_reason(reason, f"cutter-console run void {run_id}"))
        return self.run(run_id)

    @with_kept_sessions
    def hand_over(self, run_id: str, to: Path) -> tuple[RunView, bool]:
        """Write the bundle of a run and let go of it; return it, and False if this console has handed it over already."""
        self._require_writable()
        manifest = hand_over(self.installation, run_id, to)
        return self.run(run_id), manifest is not None

    @with_kept_sessions
    def accept_run(self, bundle: Path, seen: str = "") -> tuple[RunView, bool]:
        """Verify a bundle and hold its run; return it, and False if this console holds it by this bundle already."""
        self._require_writable()
        run_id, is_new = accept_run(self.installation, bundle, seen)
        return self.run(run_id), is_new

    @with_kept_sessions
    def take_over(self, run_id: str, confirm: str) -> tuple[RunView, bool]:
        """Hold a run whose holder is gone; return it, and False if this console holds it already."""
        self._require_typed("run take-over", run_id, confirm)
        is_new = take_over(self.installation, run_id)
        return self.run(run_id), is_new

    @with_kept_sessions
    def search_units(self, query: UnitQuery) -> UnitHits:
        """Return a page of units by address, word, document and lifecycle."""
        return search_units(self.installation, query)

    @with_kept_sessions
    def unit(self, address: str, as_of: datetime | None = None) -> UnitView:
        """Return a unit with its text and history."""
        return view_unit(self.installation, address, as_of)

    @with_kept_sessions
    def compare_versions(self, address: str, old: int | None = None, new: int | None = None) -> VersionDiff:
        """Compare two versions of a unit by words."""
        return compare_versions(self.installation, address, old, new)

    @with_kept_sessions
    def readiness(self, run_id: str = "") -> GateReport:
        """Measure the checks before arming."""
        return readiness(self.installation, run_id, read_only=self.read_only)

    @with_kept_sessions
    def report(self, run_id: str) -> ReportView:
        """Write the documents of a run; the same record gives the same bytes."""
        from console.backend.reports.run.report import write_run_report

        self._require_writable()
        return write_run_report(self.installation, run_id)

    @with_kept_sessions
    def bundle(self, on_progress: OnProgress, sign_with: str = "") -> BundleView:
        """Measure everything and write the readiness bundle."""
        from console.backend.reports.bundle.bundle import write_bundle

        self._require_writable()
        return write_bundle(self.installation, on_progress, sign_with)

    def sign_as_demo_sovereign(self, statement: Path) -> Path:
        """Sign with the demo's key; exists in the demo only."""
        if self._demo_signer is None:
            raise Refused(
                StopCode.APPROVAL_REQUIRED,
                "the console never signs",
                "The sovereign signs elsewhere: gpg --detach-sign",
            )
        return self._demo_signer(statement)

    def _walk(self, engine: Engine, *, enact: bool = False) -> None:
        """Walk the run; close the switch even if it could not begin, unless another console is in the run."""
        run_id = engine.request.run_id
        try:
            state = engine.walk(enact=enact)
        except CutterError as error:
            if engine.request.mode is Mode.LIVE and error.code is not StopCode.LOCKED:
                self._switch_off(run_id, "the run could not go on", None)
            raise
        if state.stage is Stage.CLOSEOUT_REPORTED:
            self._report(run_id, "closed")

    def _switch_off(self, run_id: str, reason: str, holder_pid: int | None) -> None:
        """End the lease if the database can be reached; one that is left expires, and ends with its session."""
        # An error of the disarm must not hide the one that ended the run or the revert.
        with suppress(CutterError):
            kill_switch.disarm_run(self.installation, run_id, reason, holder_pid)

    def _known_if_typed(self, run_id: str, confirm: str) -> Known | None:
        """Return the run as it is now, if its id was typed: whatever was typed instead is refused before anything is asked."""
        if confirm == run_id:
            self._require_writable()
            return known_run(self.installation, run_id, for_ruling=True)
        return None

    def _run_if_done(self, known: Known | None, is_reached: Callable[[RunState], bool]) -> RunView | None:
        """Return the LIVE run if its state is reached already and nothing of it waits to be settled, else None."""
        if known is None:
            return None
        run = view_known(self.installation, known)
        is_finished = run.mode is Mode.LIVE and is_reached(run.state) and Move.SETTLE not in run.moves
        return run if is_finished else None

    def _report(self, run_id: str, outcome: str) -> None:
        """Write the run's report. Raises Unmeasured if that fails, and says that the effect stands."""
        try:
            self.report(run_id)
        except CutterError as error:
            message = f"run {run_id} is {outcome}; its report could not be written: {error.message}"
            action = f"See what is wrong, then: cutter-console report {run_id}"
            raise Unmeasured(error.code, message, action) from error

    def _arm(self, run_id: str, purpose: Purpose, holder: LeaseHolder | None = None) -> None:
        """Take a proven backup if there is no fresh one, without which the database opens no lease; then open it."""
        workspace, request = requested(self.installation, run_id)
        ensure_backup(PhaseContext(self.installation, workspace, request, lambda *_: None))
        if holder is None:
            arming.arm(self.installation, run_id, purpose)
        else:
            arming.arm_and_hold(self.installation, run_id, purpose, holder)

    def _require_typed(self, command: str, run_id: str, confirm: str) -> None:
        self._require_writable()
        if confirm != run_id:
            message = f"what was typed is not the run id {run_id}"
            raise UsageError(StopCode.EXECUTION_DISABLED, message, command_to_confirm(command, run_id))

    def _require_no_hold(self, known: Known) -> None:
        switch = known.switch
        kill_switch.require_no_hold(self.installation, None if switch is None else switch.view)

    def _require_confirmed(self, danger: RunDanger, run_id: str, confirm: str, known: Known | None) -> None:
        self._require_typed(danger, run_id, confirm)
        assert known is not None, "what is typed is the run id"
        self._require_no_hold(known)
        require_live(self.installation, run_id)
        # Measured again: what the dialog showed may have changed while the operator read and typed.
        blocking = confirmations.brief(self.installation, danger, run_id, is_made_now=True, known=known).open_checks
        if blocking:
            open_checks = "; ".join(f"{check.name}: {check.detail}" for check in blocking)
            message = f"{danger} of {run_id} is refused: {open_checks}"
            if (code := drift_code(blocking)) is not None:
                raise Drifted(code, message, blocking[0].next_action)
            raise Refused(refusal_code(blocking), message, blocking[0].next_action)

    def _refuse_standstill(self, run: RunView) -> None:
        kind = KIND_AT.get(run.state.stage)
        step = next((move for move in run.moves if move in _BY_PERSON), None)
        if kind is None and run.state.stage is not Stage.STRUCTURAL_VERIFIED:
            return
        command = command_of(step or run.moves[0], run.run_id)
        if kind is not None and run.leads_to_ruling:
            behind = f"; then: {command}" if step is not None else ""
            raise approval_workflow.waiting(run.run_id, kind, f"{run.leads_to_ruling}{behind}")
        if step is None:
            message = f"run {run.run_id} rests at {run.state.name}; legal now: {', '.join(run.moves)}"
            raise Refused(StopCode.EXECUTION_DISABLED, message, command)
        if kind is not None:
            # It waits for a person, as it does for a ruling, and ends with the same status.
            message = f"run {run.run_id} waits for the operator: {kind} is imported"
            raise Waiting(StopCode.EXECUTION_DISABLED, message, command)
        message = f"run {run.run_id} waits for the switch to record its cut"
        raise Refused(StopCode.EXECUTION_DISABLED, message, command)


def _is_enacted(state: RunState) -> bool:
    return state.stage in ENACTED_STAGES


def _is_reverted(state: RunState) -> bool:
    return state.family is Family.REVERTED

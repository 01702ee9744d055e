"""The backend's answers about batches to both front ends."""

import time
from collections.abc import Callable

from console.backend.gates import arming_checks
from console.backend.gates.dry_runs import judge_dry_run, measure_dry_runs
from console.backend.host.installation import Installation
from console.backend.host.site_files import run_tables
from console.backend.model.batches import (
    BatchMove,
    BatchPlan,
    BatchSource,
    BatchView,
    MemberView,
    OnBatch,
    OnFailure,
    command_of_batch,
)
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured, UsageError
from console.backend.model.full_command import command_to_confirm
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.purposes import Kind, Purpose
from console.backend.model.readiness import ReportView
from console.backend.model.reversals import REVERT_OF_CUT
from console.backend.model.run_tables import RunTables, summed
from console.backend.model.states import Mode, Stage
from console.backend.model.view_models import Confirmation, Danger, OnProgress, RunRequest, SwitchState, SwitchView
from console.backend.postgres.connections import connect
from console.backend.postgres.kept_sessions import with_kept_sessions
from console.backend.postgres.measure import measure_identity
from console.backend.reports.batch import write_batch_report
from console.backend.reports.run.report import write_run_report
from console.backend.runs import approval_workflow, batch_rulings
from console.backend.runs.answers import Answers
from console.backend.runs.backups import ensure_backup
from console.backend.runs.bars import barred_error
from console.backend.runs.batch_sources import PlannedSource
from console.backend.runs.batch_views import CUTTING, all_batches, view_batch
from console.backend.runs.batches import BatchWalk, arm_batch, create_batch, first_waiting
from console.backend.runs.kill_switch import armed_for, measure_switch, require_no_hold
from console.backend.runs.known_run import known_run
from console.backend.runs.lease import LeaseHolder
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.site_creation import OTHERS, Limit, others_tried_there, phase_limit
from console.backend.runs.workspace import Workspace

_NAMED = 12
"""Documents that a confirmation names; the screen behind it lists all of them."""


class Batches:
    """The batches of one installation. Every method measures again; nothing is remembered between calls."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def list_all(self, most: int | None = None) -> tuple[BatchView, ...]:
        """Return the batches of this root, the newest first; `most` limits how many."""
        return all_batches(self._installation, most)

    def view(self, batch_id: str) -> BatchView:
        """Return one batch, decided by evidence."""
        return view_batch(self._installation, batch_id)

    def plan(self, source: BatchSource) -> BatchPlan:
        """Plan the documents of a folder or queue, without any effect. Raises Refused if it has none."""
        return self._planned(source).plan

    def _planned(self, source: BatchSource) -> PlannedSource:
        installation = self._installation
        return PlannedSource.of(installation.root, installation.settings, source, installation.context.now)

    def start_planned(
        self,
        source: BatchSource,
        seen: BatchPlan,
        mode: Mode,
        on_failure: OnFailure,
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> BatchView:
        """Plan the source again, and start a batch of it. Raises Refused if its plans are not those that were shown."""
        require_no_hold(self._installation)
        planned = self._planned(source)
        planned.require_as_seen(seen)
        planned.require_startable(on_failure)
        return self.start(planned.requests(self._installation, mode), mode, on_failure, on_batch, on_progress)

    def start(
        self,
        requests: tuple[tuple[str, RunRequest], ...],
        mode: Mode,
        on_failure: OnFailure,
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> BatchView:
        """Start a batch of these documents, and go on to the first pause, or through every dry run."""
        require_no_hold(self._installation)
        batch = create_batch(self._installation, requests, mode, on_failure)
        return BatchWalk(self._installation, batch.batch_id, on_batch, on_progress).resume()

    def resume(
        self,
        batch_id: str,
        on_failure: OnFailure | None,
        on_batch: OnBatch,
        on_progress: OnProgress,
        seen: str = "",
    ) -> BatchView:
        """Go on from where the batch rests. Raises Waiting or Refused if it waits for a ruling or for the switch."""
        require_no_hold(self._installation)
        walk = BatchWalk(self._installation, batch_id, on_batch, on_progress)
        _require_seen(self.view(batch_id), seen)
        if on_failure is not None:
            walk.change_on_failure(on_failure)
        before = self.view(batch_id)
        if BatchMove.RESUME not in before.moves:
            self._refuse_standstill(before)
        return self._reported(walk.resume())

    def set_aside(self, batch_id: str, seen: str = "") -> BatchView:
        """Go on without what has failed, and from now on without what fails; nothing else is done."""
        view = self.view(batch_id)
        self._require(BatchMove.SET_ASIDE, view)
        _require_seen(view, seen)
        BatchWalk(self._installation, batch_id, lambda _: None, lambda _: None).change_on_failure(OnFailure.SET_ASIDE)
        return self.view(batch_id)

    def arm(self, batch_id: str, confirm: str, seen: str = "") -> SwitchView:
        """Arm the switch for this batch to cut; if it is armed for that already, do nothing."""
        _require_typed("arm", batch_id, confirm)
        if armed_for(self._installation, batch_id, Purpose.CUT):
            note = {"note": "it was armed for this batch already; nothing was done"}
            return measure_switch(self._installation).model_copy(update=note)
        view = self.view(batch_id)
        self._require(BatchMove.ARM, view)
        _require_seen(view, seen)
        run_id = first_waiting(self._installation, view)
        _require_all(batch_id, self.arming_checks(view, is_made_now=True))
        self._back_up(run_id)
        arm_batch(self._installation, batch_id, Purpose.CUT)
        return measure_switch(self._installation)

    def enact(
        self, batch_id: str, confirm: str, on_batch: OnBatch, on_progress: OnProgress, seen: str = ""
    ) -> BatchView:
        """Enact every verified member under SG_2, and close them; the switch is armed for this alone."""
        _require_typed("enact", batch_id, confirm)
        view = self.view(batch_id)
        self._require(BatchMove.ENACT, view)
        _require_seen(view, seen)
        run_id = first_waiting(self._installation, view)
        _require_all(batch_id, self.enacting_checks(view))
        self._back_up(run_id)
        with LeaseHolder(self._installation, batch_id) as holder:
            arm_batch(self._installation, batch_id, Purpose.ENACT, holder)
            after = BatchWalk(self._installation, batch_id, on_batch, on_progress).enact(holder)
        return self._reported(after)

    def verify(self, batch_id: str, verify: Callable[[str], tuple[Check, ...]]) -> tuple[Check, ...]:
        """Verify each member at the second pause by `verify`; a check's name begins with the member's document."""
        waiting = _WAITING[BatchMove.ENACT]
        return tuple(
            check.model_copy(update={"name": f"{member.docprefix}: {check.name}"})
            for member in self.view(batch_id).members
            if member.stage in waiting and not member.set_aside
            for check in verify(member.run_id)
        )

    def report(self, batch_id: str) -> ReportView:
        """Write the report of the batch: a row for each document."""
        return write_batch_report(self._installation, batch_id)

    def brief(self, danger: Danger, batch_id: str) -> Confirmation:
        """Return all that the dialog of a dangerous action shows, measured now; an open check prevents the action.

        Raises Refused for what is done with single runs alone.
        """
        view, move = self.view(batch_id), _MOVES.get(danger)
        if move is None:
            message = f"a batch cannot be taken as one to {danger}; each of its documents is a run"
            raise Refused(StopCode.REFUSED_INPUT, message, f"See them: cutter-console batch status {batch_id}")
        checks: tuple[Check, ...] = (self._legal_move(move, view),)
        if move in view.moves:
            checks += self.arming_checks(view) if move is BatchMove.ARM else self.enacting_checks(view)
        waiting = tuple(m for m in view.members if not m.set_aside and m.stage in _WAITING[move])
        n_units = sum(member.n_units or 0 for member in waiting)
        return Confirmation(
            danger=danger,
            run_id=batch_id,
            docprefix=counted(len(waiting), "document"),
            target=self._target(),
            n_units=n_units,
            effects=_effects(move, view, waiting, n_units),
            deltas=_deltas(self._installation, move, waiting),
            reversible=move is BatchMove.ARM,
            reversal=_REVERSALS[move],
            confirm_text=batch_id,
            checks=checks,
            seen=view.standing,
        )

    def _target(self) -> Target:
        with connect(self._installation.settings.database.monitor, read_only=True, purpose="batch") as connection:
            return measure_identity(connection, self._installation.context.host).target

    def _legal_move(self, move: BatchMove, view: BatchView) -> Check:
        advice = f"Legal now: {', '.join(view.moves)}" if view.moves else "Wait until the other process has ended."
        if view.bar is not None:
            advice = str(view.bar.next_action)
        elif view.moves:
            advice += f". The first: {command_of_batch(view.moves[0], view.batch_id)}"
        return self._check("legal move", f"the batch: {view.phase}", move in view.moves, advice)

    def arming_checks(self, view: BatchView, *, is_made_now: bool = False) -> tuple[Check, ...]:
        """Measure what must hold before the batch is armed to cut; `is_made_now` as for `confirmations.brief`."""
        trial_command = "" if is_made_now else command_of_batch(BatchMove.ARM, view.batch_id)
        waits = batch_rulings.waiting_runs(self._installation, view.batch_id, Purpose.CUT)
        # The one that goes on first; members that were cut already are not compared with their plans any more.
        run_id = waits[0] if waits else first_waiting(self._installation, view)
        ruling = (batch_rulings.imported(self._installation, view.batch_id, Purpose.CUT),) if waits else ()
        first = (*ruling, self._dry_runs(waits)) if waits else ()
        ends_at = time.monotonic() + arming_checks.DEADLINE_S
        checks = (
            *first,
            self._switch(view, Purpose.CUT),
            *arming_checks.before(self._installation, run_id, arming_checks.OF_BATCH, trial_command),
        )
        # What is refused already needs no trial more.
        others = waits[1:] if all(check.outcome in {Outcome.PASS, Outcome.PARTIAL} for check in checks) else ()
        return (*checks, *self._others_tried(others, trial_command, ends_at))

    def _others_tried(self, run_ids: tuple[str, ...], trial_command: str, ends_at: float) -> tuple[Check, ...]:
        """Try the documents behind the first one at the organisation, where cuts are written through its functions."""
        if not run_ids:
            return ()
        workspaces = [Workspace.open(self._installation.root, run_id) for run_id in run_ids]
        try:
            contexts = [PhaseContext(self._installation, each, each.request(), lambda *_: None) for each in workspaces]
            limit = phase_limit(contexts[0])
            if trial_command:
                minutes = self._installation.settings.statement_minutes
                advice = f"The command gives it {minutes} min: {trial_command}"
                limit = Limit(max(ends_at - time.monotonic(), 0.0), advice)
            return others_tried_there(contexts, limit)
        except CutterError as error:
            check = self._check(OTHERS, f"{error.code}: {error.message}", good=False, advice=error.next_action)
            return (check.model_copy(update={"outcome": Outcome.INCONCLUSIVE}),)

    def enacting_checks(self, view: BatchView) -> tuple[Check, ...]:
        """Measure what must hold before the batch is enacted."""
        run_id = first_waiting(self._installation, view)
        return (
            batch_rulings.imported(self._installation, view.batch_id, Purpose.ENACT),
            self._switch(view, Purpose.ENACT),
            *arming_checks.before(self._installation, run_id, arming_checks.AGAIN_OF_BATCH),
        )

    def _dry_runs(self, run_ids: tuple[str, ...]) -> Check:
        """Check that a dry run of each member's very content was green on this very database."""
        green = measure_dry_runs(self._installation)
        wrong: list[str] = []
        for run_id in run_ids:
            request, plan = (
                known_run(self._installation, run_id).request,
                Workspace.open(self._installation.root, run_id).plan_facts(),
            )
            own = tuple(
                dry_run
                for dry_run in green
                if plan is not None
                and (dry_run.docprefix, dry_run.content_digest) == (request.docprefix, plan.content_digest)
            )
            verdict = judge_dry_run(own, plan.target, "") if plan is not None else None
            if verdict is None or verdict.outcome is not Outcome.PASS:
                wrong.append(f"{request.docprefix}: {verdict.detail if verdict else 'it has no plan'}")
        answer = f"{len(wrong)} without, first {'; '.join(wrong[:3])}" if wrong else f"one for each of {len(run_ids)}"
        return self._check("green dry runs", answer, not wrong, "A dry run of all: cutter-console batch start FOLDER")

    def _switch(self, view: BatchView, purpose: Purpose) -> Check:
        switch = measure_switch(self._installation)
        own = (switch.run_id, switch.purpose) == (view.batch_id, purpose)
        is_free = switch.state is SwitchState.OFF or (switch.state is SwitchState.ARMED and own)
        return self._check("switch", f"{switch.state} {switch.reason}".strip(), is_free, switch.clears_with)

    def _check(self, name: str, answer: str, good: bool, advice: str) -> Check:
        evidence = Evidence(
            id=f"E-{name.replace(' ', '-')}",
            asked=name,
            source="measured now",
            answer=answer,
            measured_at=self._installation.context.now(),
        )
        outcome = Outcome.PASS if good else Outcome.FAIL
        return Check(
            name=name, outcome=outcome, detail=answer, evidence=(evidence,), next_action="" if good else advice
        )

    def _back_up(self, run_id: str) -> None:
        """Take a proven backup if there is no fresh one, without which the database opens no lease."""
        known = known_run(self._installation, run_id)
        ensure_backup(PhaseContext(self._installation, known.workspace, known.request, lambda *_: None))

    def _reported(self, view: BatchView) -> BatchView:
        """Write the report of each member that is law, now that the switch is off, and that of the batch."""
        closed = [member for member in view.members if member.stage is Stage.CLOSEOUT_REPORTED]
        if view.mode is not Mode.LIVE or not closed:
            return view
        try:
            for member in closed:
                write_run_report(self._installation, member.run_id)
            write_batch_report(self._installation, view.batch_id)
        except CutterError as error:
            message = f"{counted(len(closed), 'document')} of batch {view.batch_id} are law; a report could not be written: {error.message}"
            action = f"See what is wrong, then: cutter-console batch report {view.batch_id}"
            raise Unmeasured(error.code, message, action) from error
        return view

    def _require(self, move: BatchMove, view: BatchView) -> None:
        require_no_hold(self._installation)
        if move not in view.moves:
            self._refuse_standstill(view)

    @staticmethod
    def _refuse_standstill(view: BatchView) -> None:
        """Raise what the batch waits for, with the command that gives it."""
        batch_id = view.batch_id
        if not view.moves:
            raise Refused(
                StopCode.LOCKED,
                f"another process works on batch {batch_id}",
                f"See how far it is: cutter-console batch status {batch_id}",
            )
        if view.bar is not None:
            raise barred_error(view.bar, f"batch {batch_id} does not go on")
        match view.moves[0]:
            case BatchMove.DRAFT_SG_1 as move:
                then = f"{command_of_batch(move, batch_id)}; then arm: {command_of_batch(BatchMove.ARM, batch_id)}"
                raise approval_workflow.waiting(batch_id, Kind.SG_1, then)
            case BatchMove.DRAFT_SG_2 as move:
                then = f"{command_of_batch(move, batch_id)}; then: {command_of_batch(BatchMove.ENACT, batch_id)}"
                raise approval_workflow.waiting(batch_id, Kind.SG_2, then)
            case move:
                action = command_of_batch(move, batch_id)
                raise Refused(StopCode.EXECUTION_DISABLED, f"batch {batch_id}: {view.phase}", action)


_MOVES = {Danger.ARM: BatchMove.ARM, Danger.ENACT: BatchMove.ENACT}
_WAITING = {BatchMove.ARM: CUTTING, BatchMove.ENACT: frozenset({Stage.AWAITING_LIFECYCLE_AUTHORIZATION})}
_REVERSALS = {
    BatchMove.ARM: f"disarm ends it at once. Each draft cut can be reverted by itself, which {REVERT_OF_CUT}",
    BatchMove.ENACT: "CANNOT BE UNDONE: enacted units can only be superseded by a new version",
}


def _effects(move: BatchMove, view: BatchView, waiting: tuple[MemberView, ...], n_units: int) -> tuple[str, ...]:
    documents, units = counted(len(waiting), "document"), counted(n_units, "unit")
    names = ", ".join(member.docprefix for member in waiting[:_NAMED])
    more = f" and {len(waiting) - _NAMED} more" if len(waiting) > _NAMED else ""
    left = f" {counted(len(view.set_aside), 'document')} set aside stay as they are." if view.set_aside else ""
    if move is BatchMove.ARM:
        return (
            f"Arms the switch for batch {view.batch_id} alone, until the lease expires; it is never extended.",
            f"The batch may then cut {units} of {documents} into DRAFT, one after the other.{left}",
            f"The documents: {names}{more}.",
        )
    return (
        f"{units} of {documents} become ENACTED LAW, each document in one transaction of its own.{left}",
        f"The documents: {names}{more}.",
        "Readers act on enacted units, and enacted units are immutable.",
    )


def _of_plan(tables: RunTables, installation: Installation, member: MemberView) -> RunTables:
    """Return the tables of a member's later steps. Its plan is read only where they depend on it: a dialog is shown at once."""
    if tables.site is None or tables.site.governance is None:
        return tables
    facts = Workspace.open(installation.root, member.run_id).plan_facts()
    return tables.of_plan(facts.deltas) if facts is not None else tables


def _deltas(installation: Installation, move: BatchMove, waiting: tuple[MemberView, ...]) -> tuple[TableDelta, ...]:
    """Return the rows that are still to come, table by table, added up over the documents."""
    tables, rows = run_tables(installation), list[TableDelta]()
    for member in waiting:
        n_units = member.n_units or 0
        if move is BatchMove.ENACT:
            rows += _of_plan(tables, installation, member).enactment(n_units)
        # Of a document that was cut already a part of the rows is there.
        elif member.stage is Stage.AWAITING_CUT_AUTHORIZATION:
            rows += tables.cut(n_units)
    return summed(rows)


def _require_seen(view: BatchView, seen: str) -> None:
    if seen and seen != view.standing:
        message = f"batch {view.batch_id} is not as it was when you decided; now: {view.phase}"
        raise Refused(StopCode.REPLAY_CONFLICT, message, "Look at it again, then decide.")


def _require_typed(command: str, batch_id: str, confirm: str) -> None:
    if confirm != batch_id:
        message = f"what was typed is not the batch's id {batch_id}"
        raise UsageError(StopCode.EXECUTION_DISABLED, message, command_to_confirm(command, batch_id))


def _require_all(batch_id: str, checks: tuple[Check, ...]) -> None:
    """Raise Refused naming each check that stops it; Drifted if all of them are drifts."""
    stopping = [check for check in checks if check.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_RUN}]
    if stopping:
        message = f"batch {batch_id} is refused: {'; '.join(f'{check.name}: {check.detail}' for check in stopping)}"
        if (code := arming_checks.drift_code(tuple(stopping))) is not None:
            raise Drifted(code, message, stopping[0].next_action)
        raise Refused(StopCode.EXECUTION_DISABLED, message, stopping[0].next_action)


class BatchAnswers(Answers):
    """The answers of a backend about batches."""

    def batches(self, most: int | None = None) -> tuple[BatchView, ...]:
        """Return the batches of this root, the newest first; `most` limits how many."""
        return Batches(self.installation).list_all(most)

    @with_kept_sessions
    def batch(self, batch_id: str) -> BatchView:
        """Return one batch, decided by evidence."""
        return Batches(self.installation).view(batch_id)

    def plan_batch(self, source: BatchSource) -> BatchPlan:
        """Plan the documents of a folder or queue together, without any effect."""
        return Batches(self.installation).plan(source)

    @with_kept_sessions
    def start_planned_batch(
        self,
        source: BatchSource,
        seen: BatchPlan,
        mode: Mode,
        on_failure: OnFailure,
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> BatchView:
        """Start a batch of what was planned from this source; `seen` are the plans that were shown."""
        self._require_writable()
        return Batches(self.installation).start_planned(source, seen, mode, on_failure, on_batch, on_progress)

    @with_kept_sessions
    def start_batch(
        self,
        requests: tuple[tuple[str, RunRequest], ...],
        mode: Mode,
        on_failure: OnFailure,
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> BatchView:
        """Start a batch of these documents, each with its name, up to the first pause (LIVE) or through all dry runs."""
        self._require_writable()
        return Batches(self.installation).start(requests, mode, on_failure, on_batch, on_progress)

    @with_kept_sessions
    def resume_batch(
        self,
        batch_id: str,
        on_failure: OnFailure | None,
        on_batch: OnBatch,
        on_progress: OnProgress,
        seen: str = "",
    ) -> BatchView:
        """Go on from where the batch rests; `on_failure` changes what it does if a document fails."""
        self._require_writable()
        return Batches(self.installation).resume(batch_id, on_failure, on_batch, on_progress, seen)

    @with_kept_sessions
    def set_aside(self, batch_id: str, seen: str = "") -> BatchView:
        """Set aside the documents of a batch that have failed, and those that fail from now on."""
        self._require_writable()
        return Batches(self.installation).set_aside(batch_id, seen)

    def arm_batch(self, batch_id: str, confirm: str, seen: str = "") -> SwitchView:
        """Arm the switch for this batch to cut; if it is armed for that already, do nothing."""
        self._require_writable()
        return Batches(self.installation).arm(batch_id, confirm, seen)

    @with_kept_sessions
    def enact_batch(
        self, batch_id: str, confirm: str, on_batch: OnBatch, on_progress: OnProgress, seen: str = ""
    ) -> BatchView:
        """Enact every verified document of the batch under SG_2, and close them; the switch is armed for this alone."""
        self._require_writable()
        return Batches(self.installation).enact(batch_id, confirm, on_batch, on_progress, seen)

    @with_kept_sessions
    def report_batch(self, batch_id: str) -> ReportView:
        """Write the report of a batch: a row for each document."""
        self._require_writable()
        return Batches(self.installation).report(batch_id)

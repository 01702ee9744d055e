"""A batch on its way: each member is an ordinary run, walked by the one engine; what fails stops the batch or is set aside.

Nothing here is remembered between calls: where a batch goes on is told by its members' states. So it can be killed at any
point, and is resumed by the operator's hand with nothing done twice.
"""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import psycopg

from console.backend.approvals.statement import new_run_id
from console.backend.host.installation import Installation
from console.backend.host.signals import is_ending
from console.backend.model.batches import (
    BatchFile,
    BatchMember,
    BatchMove,
    BatchProgress,
    BatchView,
    MemberView,
    OnBatch,
    OnFailure,
    SetAside,
)
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.ids import BATCH_PREFIX
from console.backend.model.plan import DocumentPlan
from console.backend.model.purposes import Operation, Purpose
from console.backend.model.states import Family, Mode, Stage
from console.backend.model.view_models import OnProgress, RunRequest
from console.backend.postgres import batches as recorded
from console.backend.postgres import ledger
from console.backend.postgres.connections import CommitUnknown, connect
from console.backend.postgres.effects import Effect, EffectKind
from console.backend.postgres.kept_sessions import writers_kept
from console.backend.postgres.records import runs_of
from console.backend.runs.batch_files import BatchFolder
from console.backend.runs.batch_views import BEFORE_CUT, CUTTING, view_batch
from console.backend.runs.engine import Engine
from console.backend.runs.kill_switch import armed_for, disarm_run, require_no_hold
from console.backend.runs.known_plans import EarlierRuns
from console.backend.runs.known_run import known_run
from console.backend.runs.lease import LeaseHolder, MemberLease
from console.backend.runs.lifecycle import create_run, void_run
from console.backend.runs.phase_context import Role, SchemaDigest, conninfo_of
from console.backend.runs.settling import commit_alone
from console.backend.runs.workspace import Workspace

_OF_ALL = frozenset(
    {
        *(StopCode.HOLD, StopCode.PANIC, StopCode.UNREACHABLE, StopCode.LOCKED, StopCode.EXECUTION_DISABLED),
        *(StopCode.COUNT_MISMATCH, StopCode.IDENTITY_MISMATCH, StopCode.GRANT_DELTA, StopCode.POLICY_UNSATISFIABLE),
        *(StopCode.BACKUP_NOT_PROVEN, StopCode.BACKUP_GPG_PUBKEY_MISSING, StopCode.DRIFT),
    }
)
"""Errors that every other document would meet too: the batch stops, whatever it does with a document that fails."""


def create_batch(
    installation: Installation, requests: tuple[tuple[str, RunRequest], ...], mode: Mode, on_failure: OnFailure
) -> BatchFile:
    """Make a batch's id and directory; each request comes with the name of its document. No run is started yet."""
    context = installation.context
    batch = BatchFile(
        batch_id=f"{BATCH_PREFIX}{context.now().astimezone(UTC):%Y%m%dT%H%M%SZ}-{context.token_hex(4)}",
        mode=mode,
        on_failure=on_failure,
        operator=installation.operator,
        host=context.host,
        started_at=context.now(),
        members=tuple(
            BatchMember(
                position=position,
                run_id=new_run_id(context),
                name=name,
                origin=request.origin,
                docprefix=request.docprefix,
                profile=request.profile,
                ordinals=request.ordinals,
                accept=request.accept,
            )
            for position, (name, request) in enumerate(requests, 1)
        ),
    )
    BatchFolder.create(installation.root, batch)
    return batch


class BatchWalk:
    """One batch in this process, from where it stands to its next pause or its end."""

    def __init__(self, installation: Installation, batch_id: str, on_batch: OnBatch, on_progress: OnProgress) -> None:
        self._installation = installation
        self._folder = BatchFolder.open(installation.root, batch_id)
        self._batch_id = batch_id
        self._on_batch, self._on_progress = on_batch, on_progress
        self._schema = SchemaDigest()
        self._earlier: EarlierRuns | None = None

    def change_on_failure(self, on_failure: OnFailure) -> None:
        """Change what the batch does if one of its documents fails. Those that have failed already are set aside, if it is that."""
        with self._folder.working():
            batch = self._folder.batch().model_copy(update={"on_failure": on_failure})
            self._folder.write(batch)
            if on_failure is OnFailure.SET_ASIDE:
                for member in self._view().members:
                    if member.family is Family.FAILED and not member.set_aside:
                        self._put_aside(member, "STOP_INVARIANT_FAILED", f"its run is {member.state}")

    def resume(self) -> BatchView:
        """Go on to the next pause: to the first one, or through the cut if it is armed, or to the end of what is law.

        Raises what stopped it; Waiting and Refused if it waits for a ruling or for the switch.
        """
        require_no_hold(self._installation)
        with self._folder.working():
            self._go_on()
            return self._view()

    def _go_on(self) -> None:
        view = self._view()
        self._require_none_failed(view)
        if BatchMove.RESUME not in view.moves:
            return
        if view.mode is Mode.DRYRUN:
            self._each("dry run", view.members, _is_closed, self._walk_dry)
        elif view.armed_to == Purpose.CUT and not self._has_before(view):
            self._cut()
        elif self._has_before(view) or not view.is_recorded:
            self._prepare(view)
        else:
            self._each("close", view.members, _is_closed, self._close)

    def enact(self, holder: LeaseHolder) -> BatchView:
        """Enact each member under the batch's lease, which `holder` has, and close it."""
        with self._folder.working():
            try:
                self._each("enact", self._view().members, _is_closed, lambda member: self._enact_one(member, holder))
            finally:
                self._let_go(holder)
            return self._view()

    def _enact_one(self, member: MemberView, holder: LeaseHolder) -> None:
        try:
            self._engine(member.run_id, holder).walk(enact=True)
        except Refused as error:
            if error.code is not StopCode.EXECUTION_DISABLED:
                raise
            # The run would name a command of its own.
            action = f"cutter-console enact {self._batch_id} --confirm {self._batch_id}"
            raise Refused(error.code, error.message, action) from error

    def _view(self) -> BatchView:
        """Return the batch as this walk finds it: that it is worked on is by itself."""
        return view_batch(self._installation, self._batch_id, is_ours=True)

    @staticmethod
    def _has_before(view: BatchView) -> bool:
        return any(not m.set_aside and (m.stage is None or m.stage in BEFORE_CUT) for m in view.members)

    def _require_none_failed(self, view: BatchView) -> None:
        failed = next((m for m in view.members if m.family is Family.FAILED and not m.set_aside), None)
        if failed is None:
            return
        if self._folder.batch().on_failure is OnFailure.SET_ASIDE:
            self._put_aside(failed, "STOP_INVARIANT_FAILED", f"its run is {failed.state}")
            self._require_none_failed(self._view())
            return
        message = f"batch {self._batch_id} stopped at {failed.docprefix}: run {failed.run_id} is {failed.state}"
        action = f"Go on without it: cutter-console batch resume {self._batch_id} --on-failure set-aside"
        raise Refused(StopCode.INVARIANT_FAILED, message, action)

    # ----- to the first pause -----

    def _prepare(self, view: BatchView) -> None:
        """Plan every document, record the batch, then bring each member to its pause; the first one takes the backup."""
        if not view.is_recorded:
            self._each("plan", view.members, _is_planned, self._plan)
            if is_ending():
                return
            self._record()
        self._each("prepare", self._view().members, _is_paused, lambda member: self._engine(member.run_id).walk())

    def _plan(self, member: MemberView) -> None:
        self._started(member).walk(until=Stage.CUTPLAN_OK)

    def _started(self, member: MemberView) -> Engine:
        """Create the member's run, unless it is there, and return its engine with the plan that was made to create it."""
        document = self._start(member)
        # The member may have got another id.
        return self._engine(self._folder.batch().members[member.position - 1].run_id, planned=document)

    def _start(self, member: MemberView) -> DocumentPlan | None:
        """Create the member's run, unless it is there. What a kill has left of one that is not recorded is voided."""
        if member.stage is not None:
            return None
        batch = self._folder.batch()
        entry = batch.members[member.position - 1]
        if Workspace.open(self._installation.root, entry.run_id).directory.exists():
            if self._is_there(batch.mode, entry.run_id):
                return None
            void_run(self._installation, entry.run_id, "interrupted before it was recorded")
            entry = entry.model_copy(update={"run_id": new_run_id(self._installation.context)})
            members = tuple(entry if other.position == entry.position else other for other in batch.members)
            self._folder.write(batch.model_copy(update={"members": members}))
        request = RunRequest(
            origin=entry.origin,
            docprefix=entry.docprefix,
            profile=entry.profile,
            ordinals=entry.ordinals,
            accept=entry.accept,
            mode=batch.mode,
        )
        earlier = self._earlier = self._earlier or EarlierRuns(self._installation.root, len(batch.members))
        created = create_run(self._installation, request, run_id=entry.run_id, batch_id=self._batch_id, earlier=earlier)
        if not created.is_new:
            raise Refused(
                StopCode.REPLAY_CONFLICT,
                f"run {created.run_id} has cut this very text of {entry.docprefix}",
                f"See: cutter-console run show {created.run_id}",
            )
        return created.planned

    def _is_there(self, mode: Mode, run_id: str) -> bool:
        """Return whether a run was started whole: a dry run with its directory, any other with its row."""
        if mode is Mode.DRYRUN:
            return True
        with connect(self._installation.settings.database.monitor, read_only=True, purpose="member") as connection:
            return run_id in runs_of(connection, [run_id])

    def _record(self) -> None:
        installation, members = self._installation, [m for m in self._view().members if not m.set_aside]
        if not members:
            message = f"no document of batch {self._batch_id} can be cut"
            raise Refused(StopCode.REFUSED_INPUT, message, f"See why: cutter-console batch status {self._batch_id}")
        run_ids = tuple(member.run_id for member in members)
        try:
            with connect(conninfo_of(installation, Role.EXECUTOR), purpose="batch") as connection:
                recorded.record_batch(
                    connection, self._batch_id, run_ids, installation.operator, installation.context.host
                )
        except CommitUnknown as lost:
            # Recorded again with the same members it does nothing.
            message = f"batch {self._batch_id}: not known yet whether it was recorded: {lost.message}"
            raise Unmeasured(lost.code, message, f"cutter-console batch resume {self._batch_id}") from lost

    # ----- through the cut -----

    def _cut(self) -> None:
        with LeaseHolder(self._installation, self._batch_id) as holder:
            try:
                self._each("cut", self._view().members, _is_cut, lambda member: self._cut_one(member, holder))
            finally:
                self._let_go(holder)

    def _cut_one(self, member: MemberView, holder: LeaseHolder) -> None:
        if self._engine(member.run_id, holder).walk().stage in CUTTING and not is_ending():
            message = f"the switch is not armed any more for batch {self._batch_id} to cut"
            raise Refused(StopCode.EXECUTION_DISABLED, message, self._arm_command())

    def _arm_command(self) -> str:
        return f"cutter-console arm {self._batch_id} --confirm {self._batch_id}"

    def _let_go(self, holder: LeaseHolder) -> None:
        """End the batch's lease, after success and after failure alike."""
        pid = holder.pid
        holder.let_go()
        try:
            disarm_run(self._installation, self._batch_id, "the batch came to rest", pid)
        except CutterError:
            # It ends with its session, which is closed, for everybody who asks.
            return

    def _close(self, member: MemberView) -> None:
        self._engine(member.run_id).walk()

    def _walk_dry(self, member: MemberView) -> None:
        self._started(member).walk()

    # ----- one after the other -----

    def _engine(self, run_id: str, holder: LeaseHolder | None = None, planned: DocumentPlan | None = None) -> Engine:
        lease = None if holder is None else MemberLease(holder)
        return Engine(self._installation, run_id, self._on_progress, lease, planned, self._schema)

    def _each(
        self,
        step: str,
        members: Iterable[MemberView],
        is_done: Callable[[MemberView], bool],
        work: Callable[[MemberView], object],
    ) -> None:
        """Do the work for each member that it is to be done for, in their order, with progress after each."""
        inside = [member for member in members if not member.set_aside]
        waiting = [member for member in inside if not is_done(member)]
        pace = _Pace(self._batch_id, step, inside, waiting, self._installation.context.now)
        with writers_kept():
            for member in waiting:
                if is_ending():
                    return
                self._report_progress(pace.at(member))
                try:
                    work(member)
                except CutterError as error:
                    self._failed(member, error)
                pace.passed(member)
        self._report_progress(pace.at(None))

    def _report_progress(self, progress: BatchProgress) -> None:
        """Tell whoever called, and whoever looks from another process."""
        self._folder.report_progress(progress)
        self._on_batch(progress)

    def _failed(self, member: MemberView, error: CutterError) -> None:
        """Raise the error, or set the document aside, as the batch was started to do."""
        batch = self._folder.batch()
        if is_ending() or error.code in _OF_ALL or isinstance(error, CommitUnknown):
            raise error
        if batch.on_failure is OnFailure.STOP:
            action = f"{error.next_action} Then: cutter-console batch resume {self._batch_id}; or without the document: cutter-console batch resume {self._batch_id} --on-failure set-aside"
            raise type(error)(error.code, f"{member.docprefix}: {error.message}", action) from error
        self._put_aside(member, error.code, error.message)

    def _put_aside(self, member: MemberView, code: str, reason: str) -> None:
        entry = self._folder.batch().members[member.position - 1]
        self._folder.put_aside(
            SetAside(
                position=member.position,
                run_id=entry.run_id,
                name=member.name,
                docprefix=member.docprefix,
                code=code,
                reason=reason,
                at=self._installation.context.now(),
            )
        )


def _is_planned(member: MemberView) -> bool:
    return member.stage is Stage.CUTPLAN_OK


def _is_paused(member: MemberView) -> bool:
    return member.stage is not None and member.stage not in BEFORE_CUT


def _is_cut(member: MemberView) -> bool:
    return member.stage not in CUTTING


def _is_closed(member: MemberView) -> bool:
    return member.stage is Stage.CLOSEOUT_REPORTED


class _Pace:
    """Rate of a step: by units since it began in this process, by documents as long as no units are known."""

    def __init__(
        self,
        batch_id: str,
        step: str,
        inside: list[MemberView],
        waiting: list[MemberView],
        now: Callable[[], datetime],
    ) -> None:
        self._batch_id, self._step, self._now = batch_id, step, now
        self._total, self._done = len(inside), len(inside) - len(waiting)
        self._units_total = sum(member.n_units or 0 for member in inside)
        self._units_left = sum(member.n_units or 0 for member in waiting)
        self._left, self._passed, self._units_passed = len(waiting), 0, 0
        self._began = time.monotonic()

    def passed(self, member: MemberView) -> None:
        """Count a member as behind the step."""
        self._done, self._passed, self._left = self._done + 1, self._passed + 1, self._left - 1
        self._units_passed += member.n_units or 0
        self._units_left -= member.n_units or 0

    def at(self, member: MemberView | None) -> BatchProgress:
        """Return the progress before this member; None after the last one."""
        elapsed = time.monotonic() - self._began
        by_units = self._units_passed > 0
        share = (
            (self._units_left / self._units_passed) if by_units else (self._left / self._passed if self._passed else 0)
        )
        return BatchProgress(
            batch_id=self._batch_id,
            step=self._step,
            docprefix=member.docprefix if member else "",
            done=self._done,
            total=self._total,
            units_done=self._units_total - self._units_left,
            units_total=self._units_total,
            units_per_s=round(self._units_passed / elapsed, 1) if by_units and elapsed > 0 else None,
            remaining_s=round(elapsed * share, 1) if self._passed else None,
            at=self._now(),
        )


def arm_batch(installation: Installation, batch_id: str, purpose: Purpose, holder: LeaseHolder | None = None) -> None:
    """Open the batch's lease; with `holder` in the session that holds it from then on. If it is armed already, do nothing.

    Raises Held under a HOLD, Refused if the database refuses, Unmeasured if COMMIT was not answered.
    """
    require_no_hold(installation)
    if holder is None:
        if not armed_for(installation, batch_id, purpose):
            commit_alone(
                installation, Operation.ARM, lambda connection: _arm(connection, installation, batch_id, purpose)
            )
        return
    if holder.take(purpose):
        return
    try:
        with holder.arming() as connection:
            _arm(connection, installation, batch_id, purpose)
            ledger.take_lease(connection, batch_id, purpose)
    except CommitUnknown as lost:
        # Whatever became of it, the lease has ended with its session: nothing was written under it.
        raise Unmeasured(lost.code, f"{lost.message}; the switch is off", "Do it again.") from lost


def _arm(connection: psycopg.Connection, installation: Installation, batch_id: str, purpose: Purpose) -> Effect:
    minutes = installation.settings.lease_minutes
    lease = recorded.arm_batch(connection, batch_id, purpose, installation.operator, installation.context.host, minutes)
    return Effect(kind=EffectKind.LEASE, key=lease)


def first_waiting(installation: Installation, view: BatchView) -> str:
    """Return the run of the first member that the present step is still before. Raises Refused if there is none."""
    for member in view.members:
        if not member.set_aside and member.stage in CUTTING | {Stage.AWAITING_LIFECYCLE_AUTHORIZATION}:
            return known_run(installation, member.run_id).request.run_id
    message = f"batch {view.batch_id} {view.phase}: no document waits to be cut or enacted"
    raise Refused(StopCode.EXECUTION_DISABLED, message, f"See: cutter-console batch status {view.batch_id}")

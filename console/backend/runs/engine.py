"""The engine that walks a run through its phases: one transaction per phase, which also updates the run's state."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from console.backend.host.installation import Installation
from console.backend.host.signals import at_work, is_ending
from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import Field, RecordKind
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Outcome, whole_ms, worst
from console.backend.model.plan import DocumentPlan
from console.backend.model.purposes import Operation, Purpose
from console.backend.model.states import (
    PHASE_TABLE,
    Family,
    Mode,
    Move,
    Phase,
    RunState,
    Stage,
    next_phase,
    only_closes,
)
from console.backend.model.view_models import Progress
from console.backend.postgres import ledger
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import CommitUnknown, connect
from console.backend.postgres.ledger import Event
from console.backend.postgres.records import HoldRow, LeaseRow, require_run
from console.backend.postgres.transactions import assigned_transaction_id
from console.backend.runs.anchoring import change_event, come_to_rest
from console.backend.runs.failures import hold_after, record_failure
from console.backend.runs.kill_switch import disarm_run, require_no_hold, switch_of, switch_rows
from console.backend.runs.known_run import requested
from console.backend.runs.lease import Lease, LeaseHolder
from console.backend.runs.moves import command_of
from console.backend.runs.operations import (
    committing,
    effect_stands,
    intended,
    note_event,
    open_journal,
    settle_lost,
    settle_unfinished,
)
from console.backend.runs.phase_context import PhaseContext, PhaseWork, Role, SchemaDigest, conninfo_of
from console.backend.runs.phase_watch import watched
from console.backend.runs.phases import PHASES
from console.backend.runs.run_state import dry_run_end
from console.backend.runs.settling import Attempt
from console.backend.runs.typed_edits import drop_all_typed
from console.backend.runs.workspace import PhaseRecord

_NEEDS_SWITCH = frozenset(phase for phase, entry in PHASE_TABLE.items() if entry.needs_switch)
_ENDED = frozenset({StopCode.PANIC, StopCode.UNREACHABLE})
"""Errors that end a phase which was cancelled, or lost its line, because the program is to end."""
_WORK = {work.phase: work for work in PHASES}


class Look(NamedTuple):
    """State of a run, and of a LIVE run the HOLD and the open lease, as they were read together."""

    state: RunState
    hold: HoldRow | None = None
    lease: LeaseRow | None = None


class Engine:
    """One run on its way. Not shared between threads; the journal's lock keeps a second one out."""

    def __init__(
        self,
        installation: Installation,
        run_id: str,
        on_progress: Callable[[Progress], None],
        holder: Lease | None = None,
        planned: DocumentPlan | None = None,
        schema: SchemaDigest | None = None,
    ) -> None:
        """`holder` holds the lease already; without one it is taken up when it is needed.

        `planned` is the document as it was planned just before, for the phase that plans it first; `schema` the schema's digest
        that other runs of this command have asked for.
        """
        self._planned = planned
        self._schema = schema or SchemaDigest()
        self.installation = installation
        self.workspace, self.request = requested(installation, run_id)
        self._on_progress = on_progress
        self._lease: Lease = holder or LeaseHolder(installation, run_id)

    def _look(self) -> Look:
        """Look where the run stands and whether it may go on: in the database for LIVE, in the records for DRYRUN."""
        if self.request.mode is Mode.DRYRUN:
            return Look(dry_run_end(self.workspace))
        monitor = self.installation.settings.database.monitor
        with connect(monitor, read_only=True, purpose="state") as connection:
            with Asking(connection) as asking:
                row = asking.ask(partial(require_run, run_id=self.request.run_id))
                switch = asking.ask(switch_rows)
            return Look(row.value.state, *switch.value)

    def walk(self, *, enact: bool = False, until: Stage | None = None) -> RunState:
        """Go on to the next pause or the end. `enact` lets a LIVE run pass the second pause, `until` ends at a stage before one.

        Raises the CutterError that stopped it, after the run's state and journal say so.
        """
        with at_work(), open_journal(self.installation, self.workspace, self.request) as journal:
            look: Look | None = None
            try:
                look = self._resume_stopped_run(journal, self._look())
                while not is_ending() and (phase := self._next(look, enact=enact, until=until)) is not None:
                    seen, look = look, None
                    self._pass(_WORK[phase], journal, seen)
                    look = self._look()
            finally:
                # Read before the session ends: the database knows by it which lease is this run's own.
                holder = self._lease.pid
                self._lease.let_go()
                self._disarm_at_rest(journal, holder, look)
                # Last, so that the anchor covers what the disarming has written into the journal.
                come_to_rest(self.installation, self.workspace, self.request, journal)
            if look.state.stage is Stage.CLOSEOUT_REPORTED:
                drop_all_typed(self.workspace)
            return look.state

    def _next(self, look: Look, *, enact: bool, until: Stage | None = None) -> Phase | None:
        state, seen = look.state, (look.lease,)
        phase = next_phase(state.stage) if state.family is Family.ACTIVE and state.stage is not until else None
        if self.request.mode is Mode.DRYRUN or phase not in _NEEDS_SWITCH:
            return phase
        if phase is Phase.LIFECYCLE_ENACT:
            # Refused, and not a pause: whoever enacts has armed just before, so the lease was lost since.
            if enact and not self._lease.take(Purpose.ENACT, seen=seen):
                message = f"the switch is not armed any more for run {self.request.run_id} to enact"
                raise Refused(StopCode.EXECUTION_DISABLED, message, command_of(Move.ENACT, self.request.run_id))
            return phase if enact else None
        return phase if self._lease.take(Purpose.CUT, seen=seen) else None

    def _pass(self, work: PhaseWork, journal: Journal, look: Look) -> None:
        context = PhaseContext(
            self.installation, self.workspace, self.request, self._reporter(work.phase), self._planned, self._schema
        )
        if work.phase is Phase.MARK:
            # Only that phase wants it, and it may be large.
            self._planned = None
        if context.is_live:
            require_no_hold(self.installation, switch_of(look.hold, look.lease))
        context.report("begins", 0, None)
        # Before any effect: an intent without a result is how an interrupted phase is found.
        journal.append(RecordKind.INTENT, work.phase, (Field(key="mode", value=self.request.mode),))
        started, clock = self.installation.context.now(), time.perf_counter()
        checks: list[Check] = []

        def record(outcome: Outcome, detail: str) -> PhaseRecord:
            took = whole_ms(time.perf_counter() - clock)
            return PhaseRecord(
                phase=work.phase, outcome=outcome, detail=detail, started_at=started, took_ms=took, checks=tuple(checks)
            )

        try:
            phase_record = self._transact(work, context, journal, checks, record)
        except (KeyboardInterrupt, SystemExit):
            # The statement was cancelled and rolled back, or COMMIT had been answered: the server says which.
            with suppress(CutterError):
                settle_unfinished(self.installation, self.workspace, self.request, journal, at_own_end=True)
            raise
        except CutterError as error:
            if is_ending() and error.code in _ENDED:
                settle_unfinished(self.installation, self.workspace, self.request, journal, at_own_end=True)
                raise
            # The HOLD comes before the records: a disk that takes no record must not prevent it.
            no_hold = hold_after(error, context, work.phase)
            failed = record(_outcome_of(error), f"{error.code}: {error.message}")
            try:
                self.workspace.write_record(failed)
                record_failure(error, context, work.phase, failed, journal)
            except CutterError as second:
                # The disk takes no more records; the intent without a result says so later.
                raise (no_hold or error) from second
            if no_hold is not None:
                raise no_hold from error
            raise
        try:
            self.workspace.write_record(phase_record)
            journal.append(RecordKind.RESULT, work.phase, _summary(phase_record))
        except CutterError as error:
            if not context.is_live:
                raise
            # The transaction is committed: the phase must not be shown as failed.
            raise effect_stands(context.run_id, work.phase, error) from error
        context.report(f"{phase_record.outcome}: {phase_record.detail}", 1, 1)

    def _transact(
        self,
        work: PhaseWork,
        context: PhaseContext,
        journal: Journal,
        checks: list[Check],
        record: Callable[[Outcome, str], PhaseRecord],
    ) -> PhaseRecord:
        if PHASE_TABLE[work.phase].needs_rows and not context.is_live:
            return record(Outcome.NOT_RUN, "a dry run has written no rows to look at")
        checks += work.prepare(context)
        _require(work.phase, checks)
        conninfo, limit_s = conninfo_of(self.installation, work.role), self.installation.settings.statement_limit_s
        attempt: Attempt | None = None
        try:
            measured = self._measure_in_snapshot(work, context, conninfo)
            with (
                connect(conninfo, read_only=not context.is_live, timeout_s=limit_s, purpose=work.phase) as connection,
                watched(self.installation, connection, conninfo, context.report),
            ):
                measured = work.measure(context, connection) if measured is None else measured
                checks += measured
                _require(work.phase, checks)
                if not context.is_live:
                    # Asked last: each statement before could have assigned an id.
                    checks.append(_nothing_written(context, connection))
                    _require(work.phase, checks)
                    return record(Outcome.PASS, _detail(checks))
                checks += work.promise(context)
                phase_record = record(Outcome.PASS, _detail(checks))
                # Noted before COMMIT, or a COMMIT that is not answered could not be settled.
                attempt, turn = note_event(connection, journal, context.run_id, work.phase, work.role)
                work.write(context, connection, self._event(connection, attempt, turn, phase_record), measured)
        except CommitUnknown as lost:
            # No attempt was noted: only reading was to be committed, and there is nothing to settle.
            if attempt is None:
                raise
            outcome = settle_lost(self.installation, journal, context.run_id, attempt, lost)
            checks.append(context.passed("settled after a lost COMMIT", outcome, "pg_xact_status()"))
            phase_record = record(Outcome.PASS, _detail(checks))
        return phase_record

    def _measure_in_snapshot(self, work: PhaseWork, context: PhaseContext, conninfo: str) -> tuple[Check, ...] | None:
        """Measure a verifier's phase in a transaction of its own; None for other roles, which measure in the transaction that writes."""
        if work.role is not Role.VERIFIER:
            return None
        limit_s = self.installation.settings.statement_limit_s
        with (
            connect(conninfo, read_only=True, timeout_s=limit_s, purpose=work.phase) as connection,
            watched(self.installation, connection, conninfo, context.report),
        ):
            return work.measure(context, connection)

    def _event(
        self, connection: psycopg.Connection, attempt: Attempt, turn: ledger.Turn, phase_record: PhaseRecord
    ) -> Jsonb:
        """Return the event for the function that has the effect; the journal names the transaction already."""
        record = canonical_json(phase_record).decode()
        event = Event(phase=phase_record.phase, outcome=phase_record.outcome, record=record, anchor=attempt.anchor)
        return ledger.event_json(connection, self.request.run_id, event, self.workspace.journal_key(), turn)

    def _resume_stopped_run(self, journal: Journal, look: Look) -> Look:
        """Return a stopped run to its way, and look again; any other goes on as it was seen."""
        state = look.state
        if self.request.mode is Mode.DRYRUN or (state.family is not Family.STOPPED and not only_closes(state)):
            return look
        fields = (Field(key="by", value=self.installation.operator), Field(key="from", value=state.name))
        with (
            intended(self.installation, self.request, journal, Operation.RESUME, fields),
            committing(self.installation, journal, self.request.run_id, Operation.RESUME) as promise,
        ):
            event = change_event(
                promise.connection, self.workspace, Operation.RESUME, {"from": state.name}, promise.head, promise.turn
            )
            ledger.return_to_way(promise.connection, self.request.run_id, event)
        return self._look()

    def _disarm_at_rest(self, journal: Journal, holder_pid: int | None, look: Look | None) -> None:
        """End the run's lease, after success and after failure alike; a lease that another session holds is left alone.

        `look` is how the run was seen to come to rest; None after a failure.
        """
        if self.request.mode is Mode.DRYRUN:
            return
        if look is not None and holder_pid is None and (look.lease is None or look.lease.run_id != self.request.run_id):
            return
        try:
            disarm_run(self.installation, self.request.run_id, "the run came to rest", holder_pid)
        except CutterError as error:
            with suppress(CutterError):
                journal.append(RecordKind.NOTE, "disarm", (Field(key="not_confirmed", value=error.message),))

    def _reporter(self, phase: Phase) -> Callable[[str, int, int | None], None]:
        def report(step: str, done: int, total: int | None) -> None:
            self._on_progress(Progress(run_id=self.request.run_id, phase=phase, step=step, done=done, total=total))

        return report


def _require(phase: Phase, checks: list[Check]) -> None:
    failed = [check for check in checks if check.outcome is not Outcome.PASS]
    if not failed:
        return
    failures = "; ".join(f"{check.name}: {check.detail}" for check in failed)
    if worst([check.outcome for check in failed]) is Outcome.INCONCLUSIVE:
        raise Unmeasured(StopCode.UNREACHABLE, f"{phase}: {failures}", failed[0].next_action)
    code = StopCode.COUNT_MISMATCH if any(check.name == "deltas" for check in failed) else StopCode.INVARIANT_FAILED
    raise Refused(code, f"{phase}: {failures}", failed[0].next_action)


def _nothing_written(context: PhaseContext, connection: psycopg.Connection) -> Check:
    xid = assigned_transaction_id(connection)
    unassigned = xid is None
    answer = "no transaction id was assigned" if unassigned else f"transaction id {xid}"
    return context.check(
        "nothing written", answer, "pg_current_xact_id_if_assigned()", unassigned, "Report this: a dry run wrote."
    )


def _detail(checks: list[Check]) -> str:
    return checks[-1].detail if len(checks) == 1 else f"{len(checks)} checks PASS" if checks else "done"


def _summary(phase_record: PhaseRecord) -> tuple[Field, ...]:
    return (Field(key="outcome", value=phase_record.outcome), Field(key="detail", value=phase_record.detail))


def _outcome_of(error: CutterError) -> Outcome:
    return Outcome.INCONCLUSIVE if isinstance(error, Unmeasured) else Outcome.FAIL

"""Walks a run through its phases: one transaction a phase, the state in the effect's transaction (design section 5)."""

import time
from collections.abc import Callable

import psycopg
from psycopg.types.json import Jsonb

from console.backend.canonical_json import canonical_json
from console.backend.database import ledger
from console.backend.database.connections import CommitUnknown, connect, scalar
from console.backend.database.ledger import Event
from console.backend.database.records import find_run, open_lease, require_run
from console.backend.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.journal import Journal
from console.backend.journal_record import Anchor, Field, RecordKind
from console.backend.kill_switch import armed_for, require_no_hold
from console.backend.outcome import Check, Outcome, worst
from console.backend.runs.anchoring import come_to_rest, noted
from console.backend.runs.failures import leave_after
from console.backend.runs.hold_watch import cancelled_by_hold
from console.backend.runs.phases import PHASES
from console.backend.runs.site import Site
from console.backend.runs.standing import anchor_of, dry_run_state, settle_interruption
from console.backend.runs.states import PHASE_TO, Family, Mode, Phase, RunState, next_phase
from console.backend.runs.step import PhaseWork, Role, Step
from console.backend.runs.workspace import PhaseRecord, Workspace
from console.backend.views import Progress

_NEEDS_SWITCH = frozenset({Phase.CUT_LEG_A, Phase.LEG_B_RECORD, Phase.LIFECYCLE_ENACT})
"""A LIVE run rests before these until the switch is armed for it."""
_WORK = {work.phase: work for work in PHASES}


class Engine:
    """One run on its way. Not shared between threads; the journal's lock keeps a second one out."""

    def __init__(self, site: Site, run_id: str, on_progress: Callable[[Progress], None]) -> None:
        self.site = site
        self.workspace = Workspace.open(site.root, run_id)
        self.request = self.workspace.request()
        self._on_progress = on_progress

    def state(self) -> RunState:
        """Where the run is: the database's word for LIVE, the records' for DRYRUN."""
        if self.request.mode is Mode.DRYRUN:
            return dry_run_state(self.workspace)
        with connect(self.site.settings.database.monitor, read_only=True, purpose="state") as connection:
            return require_run(connection, self.request.run_id).state

    def walk(self, *, enact: bool = False) -> RunState:
        """Go on to the next pause or the end. `enact` lets a LIVE run pass the second pause.

        Raises the CutterError that stopped it, after the run's state and journal say so.
        """
        with Journal.resume(self.workspace.journal, self.request.run_id, self.site.context, self._anchor()) as journal:
            settle_interruption(self.site, self.workspace, self.request, journal)
            self._return_to_way(journal)
            try:
                while (phase := self._next(self.state(), enact=enact)) is not None:
                    self._pass(_WORK[phase], journal)
            finally:
                self._disarm_at_rest(journal)
                come_to_rest(self.site, self.workspace, self.request, journal)
            return self.state()

    def _next(self, state: RunState, *, enact: bool) -> Phase | None:
        phase = next_phase(state.stage) if state.family is Family.ACTIVE else None
        if self.request.mode is Mode.DRYRUN or phase not in _NEEDS_SWITCH:
            return phase
        if phase is Phase.LIFECYCLE_ENACT:
            return phase if enact else None
        return phase if armed_for(self.site, self.request.run_id, "cut") else None

    def _pass(self, work: PhaseWork, journal: Journal) -> None:
        step = Step(self.site, self.workspace, self.request, self._reporter(work.phase))
        if step.is_live:
            require_no_hold(self.site)
        step.report("begins", 0, None)
        journal.append(RecordKind.INTENT, work.phase, (Field(key="mode", value=self.request.mode),))
        started, clock = self.site.context.now(), time.perf_counter()
        checks: list[Check] = []

        def record(outcome: Outcome, detail: str) -> PhaseRecord:
            took = (time.perf_counter() - clock) * 1000
            return PhaseRecord(
                phase=work.phase, outcome=outcome, detail=detail, started_at=started, took_ms=took, checks=tuple(checks)
            )

        try:
            done = self._transact(work, step, journal, checks, record)
        except CutterError as error:
            failed = record(_outcome_of(error), f"{error.code}: {error.message}")
            self.workspace.write_record(failed)
            leave_after(error, step, work.phase, failed, journal)
            raise
        self.workspace.write_record(done)
        journal.append(RecordKind.RESULT, work.phase, _summary(done))
        step.report(f"{done.outcome}: {done.detail}", 1, 1)

    def _transact(
        self,
        work: PhaseWork,
        step: Step,
        journal: Journal,
        checks: list[Check],
        record: Callable[[Outcome, str], PhaseRecord],
    ) -> PhaseRecord:
        if work.needs_rows and not step.is_live:
            return record(Outcome.NOT_RUN, "a dry run has written no rows to look at")
        checks += work.prepare(step)
        _require(work.phase, checks)
        database = self.site.settings.database
        conninfo = database.verifier if work.role is Role.VERIFIER else database.executor
        xid = ""
        try:
            measured = self._measured_apart(work, step, conninfo)
            with (
                connect(conninfo, read_only=not step.is_live, timeout_s=0, purpose=work.phase) as connection,
                cancelled_by_hold(self.site, connection),
            ):
                measured = work.measure(step, connection) if measured is None else measured
                checks += measured
                _require(work.phase, checks)
                if not step.is_live:
                    checks.append(_nothing_written(step, connection))
                    _require(work.phase, checks)
                    return record(Outcome.PASS, _detail(checks))
                checks += work.promise(step)
                done = record(Outcome.PASS, _detail(checks))
                xid, event = self._event(connection, work.phase, journal, done)
                work.write(step, connection, event, measured)
        except CommitUnknown as lost:
            checks.append(self._settle(step, work.phase, xid, lost))
            done = record(Outcome.PASS, _detail(checks))
        return done

    def _measured_apart(self, work: PhaseWork, step: Step, conninfo: str) -> tuple[Check, ...] | None:
        """What the verifier measures in one snapshot; its record is written in a transaction that sees the present."""
        if work.role is not Role.VERIFIER:
            return None
        with (
            connect(conninfo, read_only=True, timeout_s=0, purpose=work.phase) as connection,
            cancelled_by_hold(self.site, connection),
        ):
            return work.measure(step, connection)

    def _event(
        self, connection: psycopg.Connection, phase: Phase, journal: Journal, done: PhaseRecord
    ) -> tuple[str, Jsonb]:
        """The transaction's id, journalled before COMMIT, and the event for the function that has the effect."""
        xid = str(scalar(connection, "SELECT pg_current_xact_id()::text"))
        head = journal.append(RecordKind.NOTE, phase, (Field(key="xid", value=xid),))
        event = Event(phase=phase, outcome=done.outcome, record=canonical_json(done).decode(), anchor=head)
        return xid, ledger.event_json(connection, self.request.run_id, event, self.workspace.journal_key())

    def _settle(self, step: Step, phase: Phase, xid: str, lost: CommitUnknown) -> Check:
        """COMMIT was sent and the line went dead: the rows decide (incident 26)."""
        with connect(self.site.settings.database.executor, read_only=True, purpose="settle") as connection:
            row = find_run(connection, self.request.run_id)
        reached = row is not None and row.stage in PHASE_TO[phase]
        if not reached:
            raise Unmeasured(
                lost.code, f"{lost.message}; the database did not take transaction {xid}", lost.next_action
            ) from lost
        return step.passed("settled after a lost COMMIT", f"transaction {xid} is in the database", "run.stage")

    def _return_to_way(self, journal: Journal) -> None:
        state = self.state()
        if state.family is not Family.STOPPED or self.request.mode is Mode.DRYRUN:
            return
        said = (Field(key="by", value=self.site.operator), Field(key="from", value=state.name))
        head = journal.append(RecordKind.NOTE, "resume", said)
        with connect(self.site.settings.database.executor, purpose="resume") as connection:
            event = noted(connection, self.workspace, "resume", {"from": state.name}, head)
            ledger.return_to_way(connection, self.request.run_id, event)

    def _disarm_at_rest(self, journal: Journal) -> None:
        """The switch is off after success and after failure alike (design section 8); out of reach, the lease expires."""
        if self.request.mode is Mode.DRYRUN:
            return
        try:
            with connect(self.site.settings.database.monitor, read_only=True, purpose="lease") as connection:
                lease = open_lease(connection)
            if lease is not None and lease.run_id == self.request.run_id:
                with connect(self.site.settings.database.executor, purpose="disarm") as connection:
                    ledger.disarm(connection, "the run came to rest")
        except CutterError as error:
            journal.append(RecordKind.NOTE, "disarm", (Field(key="not_confirmed", value=error.message),))

    def _anchor(self) -> Anchor | None:
        return anchor_of(self.site, self.request)

    def _reporter(self, phase: Phase) -> Callable[[str, int, int | None], None]:
        def report(step: str, done: int, total: int | None) -> None:
            self._on_progress(Progress(run_id=self.request.run_id, phase=phase, step=step, done=done, total=total))

        return report


def _require(phase: Phase, checks: list[Check]) -> None:
    bad = [check for check in checks if check.outcome is not Outcome.PASS]
    if not bad:
        return
    said = "; ".join(f"{check.name}: {check.detail}" for check in bad)
    if worst([check.outcome for check in bad]) is Outcome.INCONCLUSIVE:
        raise Unmeasured(StopCode.UNREACHABLE, f"{phase}: {said}", bad[0].next_action)
    code = StopCode.COUNT_MISMATCH if any(check.name == "deltas" for check in bad) else StopCode.INVARIANT_FAILED
    raise Refused(code, f"{phase}: {said}", bad[0].next_action)


def _nothing_written(step: Step, connection: psycopg.Connection) -> Check:
    xid = connection.execute("SELECT pg_current_xact_id_if_assigned()::text").fetchone()
    unassigned = xid == (None,)
    answer = "no transaction id was assigned" if unassigned else f"transaction id {xid}"
    return step.check(
        "nothing written", answer, "pg_current_xact_id_if_assigned()", unassigned, "Report this: a dry run wrote."
    )


def _detail(checks: list[Check]) -> str:
    return checks[-1].detail if len(checks) == 1 else f"{len(checks)} checks PASS" if checks else "done"


def _summary(done: PhaseRecord) -> tuple[Field, ...]:
    return (Field(key="outcome", value=done.outcome), Field(key="detail", value=done.detail))


def _outcome_of(error: CutterError) -> Outcome:
    return Outcome.INCONCLUSIVE if isinstance(error, Unmeasured) else Outcome.FAIL

"""An in-memory backend with canned scenarios and a pinned clock, for what the screens draw; it proves nothing else."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from console.backend.api import Backend
from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.bars import Bar
from console.backend.model.ended_runs import Standing, became
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan import Problem
from console.backend.model.plan_binding import Target, expected_cut_deltas
from console.backend.model.profile_names import SHIPPED_NAMES
from console.backend.model.purposes import Purpose
from console.backend.model.states import PHASE_TABLE, Mode, Move, Phase, RunState, Stage, legal_moves
from console.backend.model.view_models import (
    ApprovalStatus,
    ApprovalView,
    Confirmation,
    CountView,
    Danger,
    IntakeView,
    Interruption,
    OnProgress,
    OnStep,
    PhaseStatus,
    PhaseView,
    PlanView,
    Progress,
    RunRequest,
    RunSummary,
    RunView,
    Status,
    SwitchState,
    SwitchView,
    TitlePart,
    WaitView,
    untold,
)
from console.backend.runs.bars import moves_barred
from tests.support import fake_gates
from tests.support.fake_batches import BATCH_ID, FakeBatches
from tests.support.fake_custody import FakeCustody
from tests.support.fake_documents import SAMPLE, plan_of, refused_plan
from tests.support.fake_edits import FakeEdits
from tests.support.fake_holds import FakeHolds
from tests.support.fake_journals import FakeJournals
from tests.support.fake_law import law_before, law_repealed
from tests.support.fake_shelves import FakeReports, FakeShelves
from tests.support.fake_units import FakeUnits

NOW = fake_gates.NOW
TARGET = Target(host="db01.example.org", database="directus", system_identifier="7312345678901234567", timeline=3)
RUN_ID = "ictr-20260301T135200Z-9f3c21ab"
DRY_ID = "ictr-20260301T121500Z-0b7744de"
SHA = "c0ffee" + "5" * 58


def evidence(asked: str, answer: str, number: int = 1) -> Evidence:
    """One measured fact."""
    return Evidence(id=f"E{number}", asked=asked, source="cutter_ro", answer=answer, measured_at=NOW, took_ms=12.0)


def passed(name: str, answer: str) -> Check:
    """A check that passed, with its evidence."""
    return Check(name=name, outcome=Outcome.PASS, detail=answer, evidence=(evidence(name, answer),))


def failed(name: str, detail: str, next_action: str) -> Check:
    """A check that did not."""
    return Check(name=name, outcome=Outcome.FAIL, detail=detail, next_action=next_action)


def counts() -> tuple[CountView, ...]:
    """The demo's counts; one table cannot be read."""
    rows = {
        "public.information_unit": 158,
        "public.unit_version": 165,
        "public.iu_lifecycle_log": 60,
        "cutter_governance.manifest_envelope": 4,
        "cutter_governance.manifest_unit_block": 158,
        "cutter_governance.review_decision": 5,
        "cutter_governance.cut_change_set": 4,
        "cutter_governance.cut_change_set_affected_row": 158,
        "cutter_governance.dot_pair_signature": 5,
        "cutter_governance.decision_backlog_entry": 4,
        "cutter_governance.decision_backlog_history": 4,
    }
    read = [CountView(table=t, rows=n, baseline=n, outcome=Outcome.PASS) for t, n in rows.items()]
    unread = CountView(
        table="cutter_governance.verify_result",
        rows=None,
        baseline=1,
        outcome=Outcome.INCONCLUSIVE,
        detail="42501: cutter_ro lacks SELECT",
    )
    return (*read, unread)


def summary(state: str, mode: Mode = Mode.LIVE, run_id: str = RUN_ID, *, interrupted: bool = False) -> RunSummary:
    """A line of the list of runs."""
    return RunSummary(
        run_id=run_id,
        mode=mode,
        state=state,
        docprefix="BDSG-2018",
        n_units=7,
        started_at=NOW - timedelta(minutes=11),
        operator="anna",
        interrupted=interrupted,
        became=_became(mode, state),
    )


def _became(mode: Mode, state: str) -> str:
    if state == "reverted":
        return "reverted 2026-02-01"
    return became(mode, RunState(stage=Stage(state)), standing=IN_FORCE) if state in set(Stage) else ""


IN_FORCE = Standing(
    since=NOW - timedelta(minutes=4) + timedelta(milliseconds=250), until=None, has_begun=True, has_ended=False
)
"""Of an enactment, which has fractions of a second where a ruled moment has none."""
OFF = SwitchView(state=SwitchState.OFF)
ARMED = SwitchView(
    state=SwitchState.ARMED,
    run_id=RUN_ID,
    purpose="cut",
    by="anna",
    since=NOW - timedelta(minutes=2),
    expires_at=NOW + timedelta(minutes=13),
    clears_with="cutter-console disarm",
)
HOLD = SwitchView(
    state=SwitchState.HOLD,
    run_id=RUN_ID,
    by="anna",
    since=NOW - timedelta(minutes=1),
    reason="count mismatch in public.unit_version: planned +7, found +6",
    clears_with="cutter-console hold release --confirm RELEASE",
)
SIGN_WITH = (
    "gpg --local-user SOVEREIGN --detach-sign --output SG_1.anna.sig /var/lib/cutter/approvals/SG_1-9f3c21ab.json"
)


@dataclass
class FakeBackend(FakeEdits, FakeCustody, FakeBatches, FakeUnits, FakeJournals, FakeHolds, FakeShelves, FakeReports):
    """Answers from fields that a test may set before or while the console runs."""

    switch: SwitchView = OFF
    stage: Stage = Stage.AWAITING_CUT_AUTHORIZATION
    live: bool = True
    has_run: bool = True
    interrupted: bool = False
    unsettled: bool = False
    """Whether what was interrupted is not known yet."""
    displaced: bool = False
    """Whether a standby was promoted since the run came to its pause."""
    bar: Bar | None = None
    """Another run of the document that keeps each run from its next step."""
    unreachable_status: bool = False
    refused: bool = False
    open_checks: bool = False
    approvals_checks: tuple[Check, ...] = ()
    demo: bool = False
    read_only: bool = False
    stopper: bool = False
    trouble: str = ""
    """The role that may set a HOLD and nothing else is configured."""
    root: str = "/var/lib/cutter"
    text: str = SAMPLE
    title: tuple[TitlePart, ...] = ()
    """Parts of the title of the text."""
    with_problems: bool = False
    is_law: bool = False
    """Whether the documents are law, in an older text."""
    fail_with: Exception | None = None
    hit: Exception | None = None
    """What every question but the status and the gates ends with."""
    gate: threading.Event | None = None
    progress: tuple[Progress, ...] = ()
    calls: list[str] = field(default_factory=list)
    requests: list[RunRequest] = field(default_factory=list)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.hit is not None:
            raise self.hit
        if self.down:
            raise Unmeasured(
                StopCode.UNREACHABLE, "connection to db01.example.org refused", "Start the database, then r"
            )

    def explained(self, error: CutterError) -> CutterError:
        """The database has this product's layout."""
        return error

    def status(self) -> Status:
        """As the scenario has it."""
        self.calls.append("status")
        if self.gate is not None and not self.has_run:
            self.gate.wait(10)
        if self.unreachable_status:
            raise Unmeasured(StopCode.UNREACHABLE, "the console's own state could not be read", "See the root's rights")
        armed = self.switch.state is SwitchState.ARMED and (self.switch.run_id, self.switch.purpose) == (RUN_ID, "cut")
        goes_on = WaitView(
            what="BDSG-2018 is armed: cut into draft of 7 units" + self.hostile,
            run_id=RUN_ID,
            since=self.switch.since,
            waits_for="the operator",
            next_action=f"cutter-console run resume {RUN_ID}",
            goes_on=True,
        )
        waits = (
            goes_on
            if armed
            else WaitView(
                what="Cut of BDSG-2018 into draft (7 units)" + self.hostile,
                run_id=RUN_ID,
                since=NOW - timedelta(minutes=9),
                waits_for="SG_1, signed by 1 of 1 sovereigns" + self.hostile,
                next_action="Import the signed statement: 4, then i",
                expires_at=NOW + timedelta(hours=23),
            ),
        )
        return Status(
            measured_at=self.clock(),
            outcome=Outcome.INCONCLUSIVE if self.down else Outcome.PASS,
            target=None if self.down else TARGET,
            unreachable="connection to db01.example.org:5432 refused" if self.down else "",
            role="" if self.down else "cutter_exec" + self.hostile,
            server_version="" if self.down else "16.4",
            root=self.root,
            read_only=self.read_only,
            demo=self.demo,
            switch=SwitchView(state=SwitchState.UNREADABLE, reason="the database cannot be reached")
            if self.down
            else self.switch,
            counts=() if self.down else counts(),
            current_run=self._summary() if self.has_run and not self.down else None,
            waiting=waits if self.has_run and self.stage is Stage.AWAITING_CUT_AUTHORIZATION and not self.down else (),
        )

    def _summary(self) -> RunSummary:
        found = summary(self._state().name, self._mode(), interrupted=self.interrupted)
        return RunSummary(**{**dict(found), "operator": "anna" + self.hostile})

    def _mode(self) -> Mode:
        return Mode.LIVE if self.live else Mode.DRYRUN

    def _state(self) -> RunState:
        return RunState(stage=self.stage)

    def intake(self) -> tuple[IntakeView, ...]:
        """Three documents, one refused."""
        self._call("intake")
        return (
            IntakeView(
                name="bdsg_2018.md" + self.hostile,
                origin="file:bdsg_2018.md",
                bytes=4096,
                docprefix="BDSG-2018",
                profile="de-law",
                standing="in force since 2026-02-01 08:00:00 UTC" + self.hostile,
                last_run=RUN_ID,
                last_run_state="closeout_reported",
                last_run_became="law",
            ),
            IntakeView(name="hien-phap.md", origin="file:hien-phap.md", bytes=181_300, profile="vi-law", standing=""),
            IntakeView(
                name="policies",
                origin="live:policies",
                bytes=None,
                docprefix="POL",
                profile="atx",
                standing="registered",
            ),
            IntakeView(
                name="scan.bin",
                origin="file:scan.bin",
                bytes=12,
                refused="not UTF-8 at byte 3" + self.hostile,
                standing="",
            ),
        )

    def plan(self, origin: str, docprefix: str, profile: str, ordinals: bool) -> PlanView:
        """The sample as units, or its problems."""
        self._call(f"plan {origin} {docprefix} {profile} {ordinals}")
        if self.with_problems:
            return refused_plan(
                self.text + self.hostile,
                (
                    Problem(code="DUPLICATE_ADDRESS", line=5, message="BDSG-2018-S1-P1 also at line 3" + self.hostile),
                    Problem(code="EMPTY_BODY", line=9, message="this heading has no text before the next one"),
                ),
            )
        return plan_of(self.text, docprefix, profile, ordinals=ordinals, title_suffix=self.hostile, title=self.title)

    def compare(self, plan: PlanView, moved: tuple[Moved, ...] = ()) -> AmendmentReport | None:
        """The sample as it was law before, if it was."""
        self._call("compare")
        return law_before(plan, self.hostile, moved) if self.is_law else None

    def repealed_by_plan(self, docprefix: str) -> AmendmentReport:
        """The sample as it is law, if it is."""
        self._call(f"repeal {docprefix}")
        if not self.is_law:
            raise Refused(
                StopCode.DOCUMENT_UNKNOWN, f"nothing of {docprefix} is law", "See: cutter-console document list"
            )
        return law_repealed(plan_of(self.text, docprefix, "de-law", ordinals=False))

    def profiles(self) -> tuple[str, ...]:
        """Those that are shipped, with their options."""
        return SHIPPED_NAMES

    def runs(self) -> tuple[RunSummary, ...]:
        """The run of the scenario, and an older dry run."""
        self._call("runs")
        if not self.has_run:
            return ()
        return (self._summary(), summary("closeout_reported", Mode.DRYRUN, DRY_ID))

    def run(self, run_id: str) -> RunView:
        """Whole."""
        self._call(f"run {run_id}")
        if run_id == DRY_ID:
            return self._run_view(RunState(stage=Stage.CLOSEOUT_REPORTED), Mode.DRYRUN, DRY_ID)
        return self.edit_of(self._run_view(self._state(), self._mode(), RUN_ID))

    def _run_view(self, state: RunState, mode: Mode, run_id: str) -> RunView:
        cut = self.interrupted and run_id == RUN_ID
        return RunView(
            run_id=run_id,
            became=became(mode, state, changed_at=NOW, standing=IN_FORCE),
            mode=mode,
            state=state,
            docprefix="BDSG-2018",
            origin="file:bdsg_2018.md" + self.hostile,
            profile="de-law",
            n_units=7,
            plan_digest="b4" * 32,
            content_digest="d1" * 32,
            operator="anna" + self.hostile,
            started_at=NOW - timedelta(minutes=11),
            target=TARGET,
            deltas=expected_cut_deltas(7),
            phases=self._phases(state, mode, cut=cut),
            moves=self._moves(state, mode, run_id),
            waits_for=f"whoever accepts it, on the next host or here: cutter-console run accept {self.handed_over}"
            if self.handed_over
            else self.bar.waits_for
            if self.bar is not None
            else "SG_1: one signed statement, then the armed switch"
            if "await" in state.name and not self.taken_over
            else "",
            interruption=Interruption(
                what=Phase.CUT_LEG_A,
                since=NOW - timedelta(minutes=4),
                is_settled=not self.unsettled,
                database_says="transaction 48211 aborted: nothing of this phase is in the database" + self.hostile,
            )
            if cut
            else None,
            journal="/var/lib/cutter/runs/" + run_id + "/journal.jsonl",
            displaced="the drafts were verified on server 7, timeline 3; this is server 7, timeline 4" + self.hostile
            if self.displaced
            else "",
            elsewhere=self._holder(),
            changed_hands=self.taken_over or bool(self.handed_over),
            is_unaccepted=bool(self.handed_over),
            bundle=self.handed_over,
            can_hand_over=self.can_hand_over and not self.handed_over,
            take_over=self.comes_to,
            bar=self.bar,
        )

    def _holder(self) -> str:
        if self.handed_over:
            return "handed over by anna on db1 at 2026-03-01 14:00:12 UTC, not accepted by anybody yet" + self.hostile
        return "taken over by bob on db2 at 2026-11-28 09:12:31 UTC" + self.hostile if self.taken_over else ""

    def _moves(self, state: RunState, mode: Mode, run_id: str) -> tuple[Move, ...]:
        """Armed for this run it goes on, and unsettled it is settled, as with the real backend."""
        if self.unsettled and run_id == RUN_ID:
            return (Move.SETTLE,)
        if self.taken_over or self.handed_over:
            return (Move.TAKE_OVER,)
        if self.displaced:
            cut = state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
            return (Move.VERIFY, Move.REVERT) if cut else (Move.REPLAN, Move.VOID)
        moves = legal_moves(state, mode)
        if self.bar is not None:
            return moves_barred(moves)
        armed = (self.switch.state, self.switch.run_id) == (SwitchState.ARMED, run_id)
        return tuple(Move.CONTINUE if armed and move is Move.ARM else move for move in moves)

    def _phases(self, state: RunState, mode: Mode, *, cut: bool) -> tuple[PhaseView, ...]:
        reached = {
            Stage.AWAITING_CUT_AUTHORIZATION: 5,
            Stage.AWAITING_LIFECYCLE_AUTHORIZATION: 9,
            Stage.CLOSEOUT_REPORTED: 11,
        }
        done = reached.get(state.stage, 0)
        return tuple(self._phase(phase, done, mode, cut=cut) for phase in Phase)

    def _phase(self, phase: Phase, done: int, mode: Mode, *, cut: bool) -> PhaseView:
        if phase.number <= done:
            is_checked = mode is Mode.DRYRUN and PHASE_TABLE[phase].only_checks
            return PhaseView(
                phase=phase,
                status=PhaseStatus.CHECKED if is_checked else PhaseStatus.DONE,
                outcome=Outcome.PASS,
                detail="as expected" + self.hostile,
                started_at=NOW - timedelta(minutes=10),
                took_ms=240.0,
                evidence=(
                    evidence("sha256 of the canonical text", SHA + self.hostile),
                    evidence("rows that this phase wrote", "0: no transaction id was assigned", 2),
                ),
            )
        if cut and phase is Phase.CUT_LEG_A:
            return PhaseView(
                phase=phase, status=PhaseStatus.RUNNING, outcome=Outcome.INCONCLUSIVE, detail="began, not finished"
            )
        return PhaseView(phase=phase, status=PhaseStatus.PENDING, outcome=Outcome.NOT_RUN)

    def _work(self, name: str, on_progress: OnProgress) -> RunView:
        self._call(name)
        for progress in self.progress:
            on_progress(progress)
        self._pause()
        return self._run_view(self._state(), self._mode(), RUN_ID)

    def _pause(self) -> None:
        if self.gate is not None:
            self.gate.wait(10)
        if self.fail_with is not None:
            raise self.fail_with

    def start(self, request: RunRequest, on_progress: OnProgress) -> RunView:
        """To its first pause."""
        self.requests.append(request)
        operation = " of a repeal" if request.repeal else " of an amendment" if request.amend else ""
        return self._work(f"start {request.mode.value}{operation}", on_progress)

    def resume(self, run_id: str, on_progress: OnProgress) -> RunView:
        """Go on."""
        return self._work(f"resume {run_id}", on_progress)

    def settle(self, run_id: str) -> RunView:
        """Ask again; now it is known."""
        self._call(f"settle {run_id}")
        self.interrupted = self.unsettled = False
        return self.run(run_id)

    def replan(self, run_id: str, on_progress: OnProgress) -> RunView:
        """Plan it again; it is at its first pause."""
        self._call(f"replan {run_id}")
        return self.run(run_id)

    def verify(self, run_id: str) -> tuple[Check, ...]:
        """One check, which is PASS."""
        self._call(f"verify {run_id}")
        evidence = Evidence(id="E1", asked="drafts", source="the database", answer="as signed", measured_at=NOW)
        return (Check(name="as signed", outcome=Outcome.PASS, detail="every draft is as signed", evidence=(evidence,)),)

    def approvals(self) -> tuple[ApprovalView, ...]:
        """One statement where the run waits."""
        self._call("approvals")
        return (self._approval(),) if self.has_run else ()

    def _approval(self) -> ApprovalView:
        checks: tuple[Check, ...] = (
            passed("statement is canonical", "bytes equal their canonical form"),
            passed("target is this database", "directus at db01.example.org"),
            passed("plan digest equals the run's", "b4b4b4b4"),
            failed(
                "signed by the policy's keys",
                "0 of 1 signatures found" + self.hostile,
                "Have the sovereign sign the file",
            ),
        )
        status = ApprovalStatus.DRAFTED
        if self.refused:
            status = ApprovalStatus.INVALID
            checks = (
                *checks[:3],
                failed(
                    "signature is valid",
                    "EXPKEYSIG: the key 3F2A 91C0 expired 2026-02-28",
                    "Renew the key, then sign again",
                ),
                failed("signer is in the policy", "primary key 77AA is not listed", "Have a listed sovereign sign"),
            )
        return ApprovalView(
            kind="SG_1",
            purpose=Purpose.CUT,
            run_id=RUN_ID,
            docprefix="BDSG-2018",
            status=status,
            statement_path=Path("/var/lib/cutter/approvals/SG_1-9f3c21ab.json"),
            statement_sha256=SHA,
            statement_lines=(
                "{",
                '  "allowance": "explicit",',
                '  "document": "BDSG-2018' + self.hostile + '",',
                '  "n": 7',
                "}",
            ),
            expires_at=NOW + timedelta(hours=23),
            checks=checks,
            sign_with=SIGN_WITH,
            signature_paths=(Path("/var/lib/cutter/approvals/SG_1-9f3c21ab.json.anna.sig"),) if self.refused else (),
        )

    def draft_statement(
        self, run_id: str, *, revert: bool = False, in_force_from: datetime | None = None
    ) -> ApprovalView:
        """The one statement."""
        self._call(f"draft {run_id}")
        return self._approval()

    def check_statement(self, statement: Path) -> ApprovalView:
        """The one statement."""
        self._call(f"check {statement.name}")
        return self._approval()

    def import_statement(self, statement: Path, signatures: tuple[Path, ...]) -> ApprovalView:
        """Refused where the scenario says so."""
        self._call(f"import {statement.name} {' '.join(path.name for path in signatures)}")
        if self.refused:
            raise Refused(StopCode.APPROVAL_INVALID, "signature is valid: EXPKEYSIG", "Renew the key, then sign again")
        return self._approval()

    def brief(self, danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        """What it would do."""
        self._call(f"brief {danger.value}")
        if file is not None:
            return self.custody_confirmation(danger, run_id or RUN_ID, file, TARGET)
        checks: tuple[Check, ...] = (
            passed("SG_1 is recorded", "approval c0ffee5"),
            passed("backup is FRESH", "taken 12 min ago, restored, digests equal"),
        )
        if self.open_checks:
            checks = (
                failed(
                    "SG_1 is recorded",
                    "no approval of this run" + self.hostile,
                    "Import the signed statement: 4, then i",
                ),
                *checks[1:],
            )
        hold = danger is Danger.RELEASE_HOLD
        over_batch = run_id == BATCH_ID
        return Confirmation(
            danger=danger,
            run_id=run_id,
            docprefix="3 documents" if over_batch else "BDSG-2018",
            target=TARGET,
            n_units=1_253 if over_batch else 7,
            effects=("Seven draft units become law that readers act on." + self.hostile,)
            if danger is Danger.ENACT
            else ("One run may write to this database for 15 minutes." + self.hostile,),
            deltas=() if hold else expected_cut_deltas(7),
            reversible=danger is not Danger.ENACT,
            reversal="Enacted units are only superseded by a later cut."
            if danger is Danger.ENACT
            else "The lease ends by itself.",
            confirm_text="RELEASE" if hold else run_id,
            checks=checks,
            seen=self.batch_view().standing if over_batch else "",
        )

    def arm(self, run_id: str, confirm: str) -> SwitchView:
        """Armed."""
        self._call(f"arm {run_id} {confirm}")
        self.switch = ARMED
        return ARMED

    def disarm(self) -> SwitchView:
        """Off."""
        self._call("disarm")
        self.switch = OFF
        return OFF

    def follow(self, on_change: Callable[[], None], ended: threading.Event) -> None:
        """Nothing moves here by itself."""

    def can_stop(self) -> bool:
        """As the service says it."""
        return not self.read_only or self.stopper

    def hook_trouble(self) -> str:
        """Nothing, unless a test says so."""
        return self.trouble

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        """A HOLD."""
        self.calls.append(f"panic {reason}")
        self.switch = HOLD
        return HOLD

    def release_hold(self, confirm: str, seen: str = "") -> SwitchView:
        """Off."""
        self._call(f"release {confirm}")
        self.switch = OFF
        return OFF

    def enact(self, run_id: str, confirm: str, on_progress: OnProgress) -> RunView:
        """Done."""
        return self._work(f"enact {run_id} {confirm}", on_progress)

    def revert(self, run_id: str, confirm: str) -> RunView:
        """Done."""
        return self._work(f"revert {run_id} {confirm}", lambda _progress: None)

    def void(self, run_id: str, reason: str) -> RunView:
        """Done."""
        self._call(f"void {run_id} {reason}")
        return self._run_view(self._state(), self._mode(), RUN_ID)

    def sign_as_demo_sovereign(self, statement: Path) -> Path:
        """A signature file."""
        self._call(f"demo sign {statement.name}")
        return statement.with_suffix(".json.demo.sig")


def as_backend(fake: FakeBackend) -> Backend:
    """The fake as what screens ask for; mypy checks every method of the protocol here."""
    return fake

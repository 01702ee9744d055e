"""The main job without a screen: one document enacted, one reverted; every step shows its evidence."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import letter_of
from console.backend.model.states import Family, Mode, Stage
from console.backend.model.tables import READERS_TABLES
from console.backend.model.view_models import RunRequest, RunView, SwitchState
from console.backend.postgres.connections import connect
from console.backend.postgres.units import enacted_counts
from console.backend.postgres.write_attempts import call_cut_apply
from console.backend.publication.sums import verify_sums
from console.backend.service import BackendService
from console.cli.runs import verification
from console.demo.installation import sign

Say = Callable[[str], None]
_LETS_ARM = frozenset({Outcome.PASS, Outcome.PARTIAL})


@dataclass
class _Tour:
    """The tour's backend and output, and the numbers of passed and failed steps."""

    backend: BackendService
    say: Say
    passed: int = 0
    failed: int = 0

    def step(self, description: str, good: bool, evidence: str) -> None:
        """Count a step and print its line."""
        self.passed += good
        self.failed += not good
        self.say(f"{'PASS' if good else 'FAIL'}  {description}: {evidence}")

    def refused(self, description: str, code: StopCode, attempt: Callable[[], object]) -> None:
        """Count a step that must be refused with this code."""
        try:
            attempt()
        except CutterError as error:
            self.step(description, error.code is code, f"{error.code}: {error.message}")
        else:
            self.step(description, good=False, evidence="it was not refused")


def tour_of(backend: BackendService, say: Say) -> bool:
    """Run the tour and return whether every step passed."""
    tour = _Tour(backend, say)
    try:
        _seeded(tour)
        _gates(tour)
        _plan(tour)
        _dry_run(tour)
        run_id = _to_draft(tour)
        _to_law(tour, run_id)
        _taken_back(tour)
        _bundle(tour)
        _stopped(tour)
    except CutterError as error:
        tour.step("tour ended early", good=False, evidence=f"{error.code}: {error.message}; next: {error.next_action}")
    say(f"{tour.passed} steps passed, {tour.failed} failed")
    return tour.failed == 0 and tour.passed > 0


def _rows(tour: _Tour) -> tuple[int | None, ...]:
    counts = {count.table: count.rows for count in tour.backend.status().counts}
    return tuple(counts[table] for table in READERS_TABLES)


def _seeded(tour: _Tour) -> None:
    units, versions, log = _rows(tour)
    tour.step(
        "demo data cut, enacted and edited by the product itself",
        # Seven of the 158 units have a second version; the 60 units of one document are enacted.
        (units, versions, log) == (158, 165, 60),
        f"{units} units, {versions} versions, {log} log rows",
    )


def _gates(tour: _Tour) -> None:
    board = tour.backend.gates()
    tally = {outcome: sum(gate.outcome is outcome for gate in board.gates) for outcome in Outcome}
    wrong = {Outcome.FAIL, Outcome.NOT_RUN} & {check.outcome for gate in board.gates for check in gate.checks}
    tour.step(
        "gates measured",
        not wrong,
        f"{', '.join(f'{count} {outcome}' for outcome, count in tally.items() if count)} in {board.took_ms} ms",
    )


def _bundle(tour: _Tour) -> None:
    written = tour.backend.bundle(lambda _: None)
    tour.step(
        "readiness bundle written",
        written.letter >= letter_of([written.board.outcome]) and verify_sums(Path(written.directory)).sound,
        f"{len(written.documents)} documents, {written.letter}: {written.headline}; sums {written.sums_sha256[:16]}",
    )


def _plan(tour: _Tour) -> None:
    view = tour.backend.plan("file:charter.md", "DEMO-CHARTER", "atx", ordinals=False)
    document = view.document
    good = document is not None and document.coverage.lossless
    tour.step(
        "charter.md planned",
        good,
        f"{len(document.units) if document else 0} units, lossless, plan digest {view.plan_digest[:16]}",
    )


def _dry_run(tour: _Tour) -> None:
    before = _rows(tour)
    run = tour.backend.start(RunRequest(origin="file:charter.md", docprefix="DEMO-CHARTER"), lambda _: None)
    answers = [piece.answer for phase in run.phases for piece in phase.evidence if piece.id == "E-nothing-written"]
    unassigned = bool(answers) and all(answer == "no transaction id was assigned" for answer in answers)
    tour.step(
        "dry run",
        run.state.stage is Stage.CLOSEOUT_REPORTED and unassigned and _rows(tour) == before,
        f"{len(answers)} transactions, none got an id; counts unchanged",
    )


def _to_draft(tour: _Tour) -> str:
    backend = tour.backend
    request = RunRequest(origin="file:charter.md", docprefix="DEMO-CHARTER", mode=Mode.LIVE)
    run = backend.start(request, lambda _: None)
    run_id = run.run_id
    tour.step(
        "LIVE run waits for SG_1",
        run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION,
        f"{run_id}, backup proven, {run.waits_for}",
    )
    tour.refused(
        "resume without SG_1 refused", StopCode.APPROVAL_REQUIRED, lambda: backend.resume(run_id, lambda _: None)
    )
    tour.refused("arm without SG_1 refused", StopCode.EXECUTION_DISABLED, lambda: backend.arm(run_id, run_id))
    tour.refused("cut by hand as cutter_exec refused", StopCode.EXECUTION_DISABLED, lambda: _by_hand(backend, run_id))
    sign(backend, run_id)
    armed = backend.arm(run_id, run_id)
    tour.step(
        "SG_1 imported, switch armed",
        armed.state is SwitchState.ARMED and armed.run_id == run_id,
        f"until {armed.expires_at:%H:%M:%S} UTC" if armed.expires_at else "no expiry",
    )
    run = backend.resume(run_id, lambda _: None)
    switch = backend.status().switch.state
    tour.step(
        "cut into draft, verified, disarmed",
        run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION and switch is SwitchState.OFF,
        f"{counted(run.n_units or 0, 'unit')}, switch {switch}",
    )
    return run_id


def _by_hand(backend: BackendService, run_id: str) -> None:
    with connect(backend.installation.settings.database.executor) as connection:
        call_cut_apply(connection, run_id)


def _to_law(tour: _Tour, run_id: str) -> None:
    backend = tour.backend
    checks = verification(backend, run_id)
    good = all(check.outcome is Outcome.PASS for check in checks)
    tour.step(
        "verified as cutter_verify",
        good and len(checks) >= 10,
        f"{len(checks)} checks: " + ", ".join(check.name for check in checks),
    )
    sign(backend, run_id)
    run = backend.enact(run_id, run_id, lambda _: None)
    tour.step(
        "enacted with SG_2",
        run.state.stage is Stage.CLOSEOUT_REPORTED and _enacted(backend, run_id) == run.n_units,
        f"{counted(run.n_units or 0, 'unit')} are law; {run.journal}",
    )
    report = backend.report(run_id)
    tour.step(
        "report written again, the same bytes",
        report.unchanged and len(report.documents) == 13,
        f"{len(report.documents)} documents, sums {report.sums_sha256[:16]}",
    )
    again = backend.start(
        RunRequest(origin="file:charter.md", docprefix="DEMO-CHARTER", mode=Mode.LIVE), lambda _: None
    )
    tour.step("the same plan started again", again.run_id == run_id, "no new run; the existing one is named")
    tour.refused("revert of enacted units refused", StopCode.EXECUTION_DISABLED, lambda: backend.revert(run_id, run_id))


def _enacted(backend: BackendService, run_id: str) -> int:
    with connect(backend.installation.settings.database.verifier, read_only=True) as connection:
        return enacted_counts(connection, run_id).enacted


def _taken_back(tour: _Tour) -> None:
    backend = tour.backend
    request = RunRequest(origin="file:hostile.md", docprefix="DEMO-HOSTILE", mode=Mode.LIVE)
    run_id = backend.start(request, lambda _: None).run_id
    sign(backend, run_id)
    tour.refused("arm without a dry run refused", StopCode.EXECUTION_DISABLED, lambda: backend.arm(run_id, run_id))
    backend.start(request.model_copy(update={"mode": Mode.DRYRUN}), lambda _: None)
    checks = backend.readiness(run_id).checks
    open_now = [check.name for check in checks if check.outcome not in _LETS_ARM]
    evidence = ", ".join(open_now) or f"{len(checks)} checks"
    tour.step("dry run passed, no arming check stops arming", not open_now, evidence)
    backend.arm(run_id, run_id)
    run: RunView = backend.resume(run_id, lambda _: None)
    tour.step(
        "a hostile document is cut like any other",
        run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION,
        f"{counted(run.n_units or 0, 'unit')}",
    )
    run = backend.revert(run_id, run_id)
    tour.step(
        "the same cut reverted",
        run.state.family is Family.REVERTED,
        "its units are superseded; readers see the baseline again",
    )


def _stopped(tour: _Tour) -> None:
    switch = tour.backend.panic("the tour shows the panic key")
    tour.step("panic", switch.state is SwitchState.HOLD, switch.reason)
    request = RunRequest(origin="file:charter.md", docprefix="DEMO-OTHER", mode=Mode.LIVE)
    tour.refused("start during a HOLD refused", StopCode.HOLD, lambda: tour.backend.start(request, lambda _: None))
    switch = tour.backend.release_hold("RELEASE")
    tour.step("HOLD released by typing RELEASE", switch.state is SwitchState.OFF, f"switch {switch.state}")

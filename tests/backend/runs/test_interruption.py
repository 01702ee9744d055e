"""After a crash nothing goes on by itself: the run is shown as interrupted, with what the database says."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console.backend.journal.journal import Journal, read_journal
from console.backend.journal.journal_record import Record, RecordKind
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured, Waiting
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, Move, Phase, Stage
from console.backend.model.view_models import PhaseStatus, Progress, SwitchState
from console.backend.postgres.session import Session
from console.backend.runs.interruption import interruption, records_at_rest
from console.backend.runs.kill_switch import disarm
from console.backend.runs.moves import offered_moves
from console.backend.runs.operations import close, interrupted_by
from console.backend.runs.run_state import at_work
from console.backend.runs.settling import Fate
from console.backend.runs.workspace import Workspace
from tests.support.lost_commit import CutsTheLine
from tests.support.passage import WAITS_AT_MOST, Passage
from tests.support.waiting import LONGEST_S, until, until_the_executor_is_blocked

At = Callable[[str], Passage]
_TERMINATED = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE usename = 'cutter_exec' AND wait_event_type = 'Lock' AND datname = current_database()
"""
_OF_A_CUT = ("public.information_unit", "public.unit_version", "cutter_governance.approval_use")


def _written(passage: Passage) -> list[object]:
    """Rows of each table that leg A writes, and the events of its phase."""
    counts = [passage.rows(f"SELECT count(*) FROM {table}") for table in _OF_A_CUT]
    return [*counts, passage.rows("SELECT phase FROM cutter_governance.run_event WHERE phase = 'cut_leg_a'")]


def _killed_in_leg_a(passage: Passage) -> None:
    """`run resume` in a process of its own, killed -9 while a lock keeps it in the middle of leg A."""
    program = "from console.cli.main import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, "--root", str(passage.installation.root), "run", "resume", passage.run_id]
    with passage.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as victim:
            until_the_executor_is_blocked(passage, victim)
            victim.send_signal(signal.SIGKILL)
            victim.wait(LONGEST_S)
    _await_no_backend(passage)


def _await_no_backend(passage: Passage) -> None:
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'cutter_exec' AND datname = current_database()"
    passage.execute(query)


def test_a_run_killed_in_mid_phase_is_shown_as_interrupted_and_goes_on_by_hand(at: At) -> None:
    """Locks die with their holder; the database says that nothing of the phase is there."""
    passage = at("armed")
    _killed_in_leg_a(passage)
    run = passage.run()
    assert run.interruption is not None
    assert run.interruption.what == Phase.CUT_LEG_A
    assert run.interruption.is_settled
    assert "no COMMIT was sent" in run.interruption.database_says
    assert run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    assert passage.backend.runs()[0].interrupted
    (wait,) = passage.backend.status().waiting
    assert wait.what.startswith("INTERRUPTED: ")
    # No plan for a failure is shown with it, whose steps would be refused.
    (held,) = passage.backend.hold().runs
    assert [move.move for move in held.moves] == [offer.move for offer in offered_moves(run)] == [Move.ARM, Move.VOID]
    assert held.plan == ()
    assert passage.lifecycles() == []
    disarm(passage.installation, "after the crash")
    with pytest.raises(Waiting):
        passage.resume()
    passage.arm()
    after = passage.resume()
    assert (after.state.stage, after.interruption) == (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, None)
    assert after.journal.startswith("PASS")
    assert passage.lifecycles() == ["draft"] * 3


def test_a_run_that_another_process_is_in_is_running_and_not_interrupted(at: At) -> None:
    passage = at("armed")
    seen: list[object] = []

    def look(progress: Progress) -> None:
        if (progress.phase, progress.step, progress.done) == (Phase.CUT_LEG_A, "cutting", 0):
            run = passage.run()
            seen.extend([run.interruption, next(view.status for view in run.phases if view.phase is Phase.CUT_LEG_A)])
            with pytest.raises(Refused) as caught:
                passage.resume()
            seen.append(caught.value.code)

    passage.resume(look)
    assert seen == [None, PhaseStatus.RUNNING, StopCode.LOCKED]


def test_a_lost_commit_of_leg_a_is_settled_by_evidence(
    at: At, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COMMIT was sent, the line went dead, the server had committed: the run goes on, once."""
    passage = at("armed")
    proxy = CutsTheLine(tmp_path_factory.mktemp("p"), passage.cluster.socket_dir / ".s.PGSQL.5432")
    real, through = Session.connect, f"host={proxy.directory} port=5432 dbname={passage.database} user=cutter_exec"

    def lose_leg_a(conninfo: str, **options: object) -> Session:
        mine = str(options.get("application_name")).endswith(" cut_leg_a")
        return real(through if mine else conninfo, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "connect", lose_leg_a)
    run = passage.resume()
    monkeypatch.undo()
    proxy.close()
    assert proxy.commit_seen.is_set()
    assert run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    leg_a = passage.installation.root / "runs" / passage.run_id / f"{Phase.CUT_LEG_A.number:02d}-cut_leg_a.json"
    assert "settled after a lost COMMIT" in leg_a.read_text(encoding="utf-8")
    assert passage.lifecycles() == ["draft"] * 3


def test_a_backend_that_is_killed_in_mid_phase_leaves_nothing_and_the_run_goes_on_by_hand(at: At) -> None:
    passage = at("armed")
    before = _written(passage)
    with passage.connect() as blocker, blocker.transaction(), ThreadPoolExecutor(1) as pool:
        # Its units are written by then.
        blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
        killer = pool.submit(
            until, lambda: bool(passage.rows(_TERMINATED)), "the executor waits in the middle of leg A"
        )
        with pytest.raises(CutterError) as caught:
            passage.resume()
        killer.result()
    assert caught.value.code is StopCode.UNREACHABLE
    run = passage.run()
    assert run.interruption is not None
    assert _written(passage) == before
    assert passage.backend.status().switch.state is SwitchState.OFF
    with pytest.raises(Waiting):
        passage.resume()
    assert passage.run().interruption is None
    passage.arm()
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert passage.lifecycles() == ["draft"] * 3


def test_the_switch_is_off_after_a_failure(at: At) -> None:
    """Off after success and after failure alike."""
    passage = at("armed")

    def drop(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.STRUCTURAL_VERIFY, "begins"):
            passage.execute("REVOKE SELECT ON public.information_unit FROM cutter_verify")

    with pytest.raises(CutterError, match="42501"):
        passage.resume(drop)
    assert passage.backend.status().switch.state is SwitchState.OFF
    assert passage.run().state.family is Family.STOPPED
    passage.execute("GRANT SELECT ON public.information_unit TO cutter_verify")
    assert passage.resume().state.stage is Stage.STRUCTURAL_VERIFIED


def test_the_switch_is_off_where_the_journal_refuses_the_run(at: At) -> None:
    """An enactment that cannot even begin closes what it had opened."""
    passage = at("SG_2 imported")
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"phase":"mark"', b'"phase":"mask"'))
    with pytest.raises(CutterError):
        passage.enact()
    assert passage.backend.status().switch.state is SwitchState.OFF
    assert passage.lifecycles() == ["draft"] * 3


def test_a_start_that_was_killed_before_its_journal_does_not_hide_the_other_runs(at: At) -> None:
    passage = at("waits for SG_2")
    left = passage.installation.root / "runs" / "ictr-20260101T000000Z-0000dead"
    left.mkdir()
    (left / "request.json").write_bytes(
        (passage.installation.root / "runs" / passage.run_id / "request.json")
        .read_bytes()
        .replace(passage.run_id.encode(), left.name.encode())
    )
    listed = {run.run_id: run for run in passage.backend.runs()}
    assert {run_id for run_id, run in listed.items() if run.mode is Mode.LIVE} == {passage.run_id, left.name}
    status = passage.backend.status()
    assert status.target is not None
    assert status.counts[0].rows is not None


def test_a_live_run_that_the_database_does_not_know_is_shown_as_such_and_can_only_be_voided(at: At) -> None:
    """A run without its row has done nothing here, whatever its files say, and it must be possible to end it."""
    passage = at("waits for SG_2")
    run_id = "ictr-20260101T000000Z-0000dead"
    _started_without_row(passage, run_id)
    assert {run.run_id: run.state for run in passage.backend.runs()}[run_id] == "stopped_not_in_this_database"
    shown = passage.backend.run(run_id)
    assert (shown.state.name, shown.moves) == ("stopped_not_in_this_database", (Move.VOID,))
    with pytest.raises(Refused) as refused:
        passage.backend.resume(run_id, lambda _: None)
    assert refused.value.next_action == f"cutter-console run void {run_id} --reason TEXT"
    assert passage.backend.void(run_id, "never began").moves == (Move.REPORT,)
    assert {run.run_id: run.state for run in passage.backend.runs()}[run_id] == "voided_never_began"


def _started_without_row(passage: Passage, run_id: str) -> None:
    asked = Workspace.open(passage.installation.root, passage.run_id).request().model_copy(update={"run_id": run_id})
    workspace = Workspace.create(passage.installation.root, asked)
    Journal.create(workspace.journal, run_id, passage.installation.context).close()


def test_a_damaged_journal_of_one_run_does_not_hide_the_others(at: At) -> None:
    passage = at("waits for SG_2")
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"phase":"mark"', b'"phase":"mask"'))
    listed = [(run.run_id, run.mode) for run in passage.backend.runs()]
    assert (len(listed), listed[0]) == (2, (passage.run_id, Mode.LIVE))
    assert passage.backend.status().target is not None
    assert passage.run().journal.startswith("FAIL")
    with pytest.raises(CutterError):
        passage.resume()


def test_a_revert_that_failed_leaves_a_run_that_can_be_shown_and_reverted(at: At) -> None:
    passage = at("waits for SG_2")
    passage.execute(WAITS_AT_MOST.format("200ms"))
    with passage.connect() as other, other.transaction():
        other.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
        with pytest.raises(CutterError) as caught:
            passage.backend.revert(passage.run_id, passage.run_id)
    assert caught.value.code is StopCode.LOCKED
    assert passage.backend.status().switch.state is SwitchState.OFF
    assert passage.run().interruption is None
    passage.execute(WAITS_AT_MOST.format("10s"))
    assert passage.backend.revert(passage.run_id, passage.run_id).state.family is Family.REVERTED


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the journals that are read from now on to the end of the test."""
    read: list[Path] = []

    def counted(path: Path) -> tuple[Record, ...]:
        read.append(path)
        return read_journal(path)

    monkeypatch.setattr("console.backend.runs.interruption.read_journal", counted)
    return read


def _a_minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a minute have passed for files that were just written."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)


def test_a_journal_that_nobody_has_touched_is_proved_once(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that rests asked for the records of each open run every ten seconds, and took a third of its time for them."""
    passage = at("SG_1 imported")
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    read = _counted(monkeypatch)
    _a_minute_later(monkeypatch)
    records = records_at_rest(workspace)
    assert len(records) > 5
    assert records_at_rest(workspace) == records
    assert read == [workspace.journal]


def _copies(workspace: Workspace, number: int) -> list[Workspace]:
    """Return workspaces whose journals are copies of this one."""
    copies = [Workspace.open(workspace.directory.parents[1], f"{workspace.directory.name}-{n}") for n in range(number)]
    for copy in copies:
        copy.directory.mkdir()
        copy.journal.write_bytes(workspace.journal.read_bytes())
        copy.journal.chmod(0o600)
    return copies


def test_the_journals_of_many_open_runs_are_each_proved_once(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("SG_1 imported")
    copies = _copies(Workspace.open(passage.installation.root, passage.run_id), 40)
    read = _counted(monkeypatch)
    _a_minute_later(monkeypatch)
    for _ in range(2):
        assert all(records_at_rest(copy) for copy in copies)
    assert read == [copy.journal for copy in copies]


def test_of_the_journals_that_are_kept_the_sizes_together_have_a_bound(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was asked for longest ago is dropped."""
    passage = at("SG_1 imported")
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    first, second, third = _copies(workspace, 3)
    read = _counted(monkeypatch)
    _a_minute_later(monkeypatch)
    monkeypatch.setattr("console.backend.runs.interruption._kept", {})
    monkeypatch.setattr("console.backend.runs.interruption._MOST_BYTES", 2 * workspace.journal.stat().st_size)
    for asked in (first, second, first, third, first, second):
        assert records_at_rest(asked)
    assert read == [first.journal, second.journal, third.journal, second.journal]


def test_a_journal_larger_than_all_that_are_kept_takes_the_place_of_none(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    small, large = _copies(Workspace.open(passage.installation.root, passage.run_id), 2)
    with Journal.resume(large.journal, passage.run_id, passage.installation.context) as journal:
        journal.append(RecordKind.NOTE, "probe")
    read = _counted(monkeypatch)
    _a_minute_later(monkeypatch)
    monkeypatch.setattr("console.backend.runs.interruption._MOST_BYTES", large.journal.stat().st_size - 1)
    for asked in (small, large, small, large):
        assert records_at_rest(asked)
    assert read == [small.journal, large.journal, large.journal]


def test_a_journal_in_which_a_byte_was_changed_is_met_whatever_its_size_and_time_say(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    _a_minute_later(monkeypatch)
    assert records_at_rest(workspace)
    before, data = workspace.journal.stat(), workspace.journal.read_bytes()
    workspace.journal.write_bytes(data.replace(b"intent", b"1ntent", 1))
    os.utime(workspace.journal, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = workspace.journal.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert records_at_rest(workspace) == ()
    workspace.journal.write_bytes(data)
    assert records_at_rest(workspace)


def test_a_journal_that_was_touched_a_moment_ago_is_proved_again(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the files goes by steps: a change within one of them would not be seen."""
    passage = at("SG_1 imported")
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    os.utime(workspace.journal)
    now = workspace.journal.stat().st_ctime_ns
    monkeypatch.setattr(time, "time_ns", lambda: now + 1_000_000)
    read = _counted(monkeypatch)
    records_at_rest(workspace)
    records_at_rest(workspace)
    assert read == [workspace.journal] * 2


def test_a_phase_that_its_own_process_gave_up_is_shown_as_interrupted(at: At) -> None:
    """As a signal does it, which is raised where the program is: here between two statements of leg A."""
    passage = at("armed")

    def given_up(progress: Progress) -> None:
        if (progress.phase, progress.step, progress.done) == (Phase.CUT_LEG_A, "cutting", 0):
            raise SystemExit(129)

    with pytest.raises(SystemExit):
        passage.resume(given_up)
    run = passage.run()
    assert run.interruption is not None
    assert (run.interruption.what, run.interruption.is_settled) == (Phase.CUT_LEG_A, True)
    assert run.interruption.database_says.startswith("rolled back: ")
    assert passage.backend.runs()[0].interrupted
    assert [held.run_id for held in passage.backend.hold().runs] == [passage.run_id]
    (wait,) = passage.backend.status().waiting
    assert wait.what.startswith("INTERRUPTED: ")
    passage.arm()
    assert passage.run().interruption is None


def test_an_end_that_was_recorded_is_told_until_something_else_begins(at: At) -> None:
    """Of the last intent alone: one that is open is asked about, and another result is no interruption."""
    passage = at("waits for SG_1")
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    request, mark = workspace.request(), interrupted_by(Fate.ROLLED_BACK)
    shown: list[tuple[str, str]] = []

    def look() -> None:
        cut_short = interruption(passage.installation, request, read_journal(workspace.journal))
        shown.append((str(cut_short.what), str(cut_short.database_says)) if cut_short is not None else ("", ""))

    with Journal.resume(workspace.journal, passage.run_id, passage.installation.context) as journal:
        for name, more in (("cut_leg_a", mark), ("arm", ()), ("closeout", mark)):
            journal.append(RecordKind.INTENT, name)
            look()
            close(journal, name, Outcome.INCONCLUSIVE, "interrupted; no COMMIT was sent", *more)
            look()
        records = read_journal(workspace.journal)

    ended = "rolled back: no COMMIT was sent"
    assert [shown[1], shown[3], shown[5]] == [("cut_leg_a", ended), ("", ""), ("closeout", ended)]
    assert [shown[0][0], shown[2][0], shown[4][0]] == ["cut_leg_a", "arm", "closeout"]
    assert interruption(passage.installation, request, records, is_over=True) is None


def test_a_phase_that_is_tried_again_is_running_whatever_the_last_try_came_to(at: At) -> None:
    """It stood there as failed, with the outcome of the last try, for as long as the next one worked."""
    passage, tries = at("armed"), list[tuple[PhaseStatus, Outcome, str]]()

    def in_leg_a(progress: Progress) -> None:
        if (progress.phase, progress.step, progress.done) != (Phase.CUT_LEG_A, "cutting", 0):
            return
        run = passage.run()
        view = next(view for view in run.phases if view.phase is Phase.CUT_LEG_A)
        tries.append((view.status, view.outcome, str(run.at_work)))
        running = [view.phase for view in run.phases if view.status is PhaseStatus.RUNNING]
        assert running == [Phase.CUT_LEG_A]
        if len(tries) == 1:
            raise Unmeasured(StopCode.BACKUP_NOT_PROVEN, "something did not answer", "try again")

    with pytest.raises(Unmeasured):
        passage.resume(in_leg_a)
    failed = next(view for view in passage.run().phases if view.phase is Phase.CUT_LEG_A)
    assert (failed.status, failed.outcome) == (PhaseStatus.FAILED, Outcome.INCONCLUSIVE)
    passage.arm()
    after = passage.resume(in_leg_a)
    assert tries == [(PhaseStatus.RUNNING, Outcome.NOT_RUN, Phase.CUT_LEG_A.value)] * 2
    assert (after.at_work, after.state.stage) == ("", Stage.AWAITING_LIFECYCLE_AUTHORIZATION)


def test_what_is_at_work_is_read_of_the_journal_of_a_process_that_lives(at: At) -> None:
    passage = at("waits for SG_1")
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    assert at_work(workspace.journal) == ""
    with Journal.resume(workspace.journal, passage.run_id, passage.installation.context) as journal:
        assert at_work(workspace.journal) == ""
        journal.append(RecordKind.INTENT, "arm")
        assert at_work(workspace.journal) == "arm"
        journal.append(RecordKind.NOTE, "arm")
        with workspace.journal.open("ab") as torn:
            torn.write(b'{"a record that is being written')
        assert at_work(workspace.journal) == "arm"
    assert at_work(workspace.journal) == ""
    assert at_work(workspace.directory / "nothing there") == ""

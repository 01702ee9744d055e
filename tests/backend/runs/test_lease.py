"""The switch is off after any death: a lease that was taken up ends with the session that holds it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from console.backend.journal.journal import read_journal
from console.backend.journal.journal_record import RecordKind
from console.backend.model.errors import CutterError, Refused, StopCode, Waiting
from console.backend.model.purposes import Purpose
from console.backend.model.states import Move, Phase, Stage
from console.backend.model.view_models import Progress, SwitchState
from console.backend.runs import arming, kill_switch
from console.backend.runs.lease import LeaseHolder
from console.screens.run_text import phase_rows
from console.widgets.line import plain
from tests.backend.postgres.tampering import tamper
from tests.support.passage import UNITS, Passage
from tests.support.waiting import until, until_the_executor_is_blocked

At = Callable[[str], Passage]
_LONGEST_S = 60.0
_HOLDER = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE starts_with(application_name, 'cutter-console lease ')"
_ENDED = "SELECT ended_at IS NOT NULL, end_reason FROM cutter_governance.execution_lease WHERE run_id = %s"
_PROGRAM = "import sys; from console.cli.command_line import main; sys.exit(main())"


def _switch(passage: Passage) -> SwitchState:
    return kill_switch.measure_switch(passage.installation).state


def _cutting(passage: Passage, ended_by: signal.Signals) -> tuple[int, str]:
    """End a process that waits, in mid-cut, for a lock; its exit status and what it said."""
    command = [
        sys.executable,
        "-c",
        _PROGRAM,
        "--root",
        str(passage.installation.root),
        "run",
        "resume",
        passage.run_id,
    ]
    with passage.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as victim:
            until_the_executor_is_blocked(passage, victim)
            assert _switch(passage) is SwitchState.ARMED
            os.kill(victim.pid, ended_by)
            _, said = victim.communicate(timeout=_LONGEST_S)
            assert victim.returncode is not None
    return victim.returncode, said


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT], ids=lambda one: one.name
)
def test_a_signal_cancels_the_statement_closes_the_switch_and_is_recorded(at: At, number: signal.Signals) -> None:
    passage = at("armed")
    status, said = _cutting(passage, number)
    assert (status, "Traceback" in said) == (128 + number, False)
    assert _switch(passage) is SwitchState.OFF
    assert passage.lifecycles() == []
    _tells_of_the_interruption(passage)
    records = read_journal(passage.installation.root / "runs" / passage.run_id / "journal.jsonl")
    result = next(record for record in reversed(records) if record.kind is RecordKind.RESULT)
    assert (result.phase, result.value("outcome")) == (Phase.CUT_LEG_A, "INCONCLUSIVE")
    assert "interrupted" in result.value("detail")
    passage.arm()
    assert passage.run().interruption is None
    after = passage.resume()
    assert (after.state.stage, after.interruption) == (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, None)


def _tells_of_the_interruption(passage: Passage) -> None:
    """Whoever looks next learns of it wherever a run is shown, as of a kill; the journal alone had it when a terminal was closed."""
    run = passage.run()
    assert run.interruption is not None
    assert (run.interruption.what, run.interruption.is_settled) == (Phase.CUT_LEG_A, True)
    assert run.interruption.database_says.startswith("rolled back: ")
    assert Move.SETTLE not in run.moves
    assert run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    row = next(row for row in map(plain, (row.line for row in phase_rows(run))) if Phase.CUT_LEG_A in row)
    assert "interrupted" in row
    assert passage.backend.runs()[0].interrupted
    (wait,) = passage.backend.status().waiting
    assert wait.what.startswith("INTERRUPTED: ")
    (held,) = passage.backend.hold().runs
    assert held.interruption == run.interruption
    assert held.plan == ()


def test_a_kill_closes_the_switch_at_that_moment(at: At) -> None:
    passage = at("armed")
    status, _ = _cutting(passage, signal.SIGKILL)
    assert status == -signal.SIGKILL
    with passage.connect() as watcher:
        # The server has read the end of the connection of the session that did nothing but hold the lease.
        query = "SELECT 1 FROM pg_stat_activity WHERE starts_with(application_name, 'cutter-console lease ')"
        until(lambda: not watcher.execute(query).fetchall(), "the server has read the end of the connection")
    assert _switch(passage) is SwitchState.OFF
    assert passage.lifecycles() == []
    run = passage.run()
    assert run.interruption is not None
    assert (run.interruption.what, run.interruption.is_settled) == (Phase.CUT_LEG_A, True)
    assert "no COMMIT was sent" in run.interruption.database_says
    assert run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    assert passage.backend.runs()[0].interrupted
    (wait,) = passage.backend.status().waiting
    assert wait.what.startswith("INTERRUPTED: ")
    # No plan for a failure is shown with it, whose steps would be refused.
    (held,) = passage.backend.hold().runs
    assert (tuple(move.move for move in held.moves), held.plan) == ((Move.ARM, Move.VOID), ())
    # The lease of the dead session is there as an open one, until it is ended with the operator's word.
    assert passage.rows(_ENDED, passage.run_id) == [(False, None)]
    assert kill_switch.disarm(passage.installation, "after the crash").state is SwitchState.OFF
    assert passage.rows(_ENDED, passage.run_id) == [(True, "after the crash")]
    with pytest.raises(Waiting):
        passage.resume()
    passage.arm()
    after = passage.resume()
    assert (after.state.stage, after.interruption) == (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, None)
    assert after.journal.startswith("PASS")
    assert passage.lifecycles() == ["draft"] * UNITS


def test_a_write_whose_holder_is_gone_is_refused_at_its_commit(at: At) -> None:
    """Also a COMMIT that a dead line delivers late: the database asks for the holder when it comes."""
    passage = at("armed")

    def end_the_holder(progress: Progress) -> None:
        if (progress.phase, progress.step, progress.done) == (Phase.CUT_LEG_A, "cutting", UNITS):
            assert passage.rows(_HOLDER) == [(True,)]

    with pytest.raises(Refused, match="ended before COMMIT") as refused:
        passage.resume(end_the_holder)
    assert refused.value.code is StopCode.EXECUTION_DISABLED
    assert passage.lifecycles() == []
    assert _switch(passage) is SwitchState.OFF


def test_a_write_whose_lease_is_ended_meanwhile_is_refused_at_its_commit(at: At) -> None:
    passage = at("armed")

    def disarm(progress: Progress) -> None:
        if (progress.phase, progress.step, progress.done) == (Phase.CUT_LEG_A, "cutting", UNITS):
            passage.backend.disarm()

    with pytest.raises(CutterError, match="ended before COMMIT"):
        passage.resume(disarm)
    assert passage.lifecycles() == []


def test_a_lease_that_another_session_holds_is_not_taken_over(at: At) -> None:
    passage = at("armed")
    with (
        LeaseHolder(passage.installation, passage.run_id) as first,
        LeaseHolder(passage.installation, passage.run_id) as second,
    ):
        assert first.take(Purpose.CUT)
        assert first.take(Purpose.CUT)
        with pytest.raises(Refused, match="another session holds the lease") as refused:
            second.take(Purpose.CUT)
        assert refused.value.code is StopCode.LOCKED
        assert _switch(passage) is SwitchState.ARMED


def test_a_lease_ends_with_the_server_that_it_was_armed_on(at: At) -> None:
    passage = at("armed")
    tamper(
        passage, "UPDATE cutter_governance.execution_lease SET server_started = server_started - interval '1 second'"
    )
    assert _switch(passage) is SwitchState.OFF
    passage.arm()
    assert _switch(passage) is SwitchState.ARMED


@pytest.mark.parametrize("role", ["cutter_ro", "cutter_exec"])
def test_a_stranger_who_takes_the_holders_name_holds_no_lease(at: At, role: str) -> None:
    """Everybody may name its session as it likes; its role and its process are nobody's to choose."""
    passage = at("armed")
    with LeaseHolder(passage.installation, passage.run_id) as holder, passage.connect(role) as stranger:
        assert holder.take(Purpose.CUT)
        named = passage.rows("SELECT 'cutter-console lease ' || id, holder_pid FROM cutter_governance.v_lease")
        stranger.execute("SELECT set_config('application_name', %s, false)", (named[0][0],))
        holder.let_go()
        with passage.connect() as watcher:
            while watcher.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (named[0][1],)).fetchall():
                pass
        assert _switch(passage) is SwitchState.OFF


def test_a_voided_run_holds_no_lease(at: At) -> None:
    passage = at("armed")
    passage.backend.void(passage.run_id, "a test")
    assert _switch(passage) is SwitchState.OFF


def test_a_run_that_comes_to_rest_leaves_a_lease_that_another_session_has_taken_up(at: At) -> None:
    """Whoever was refused because another console is at work must not end what that console works under."""
    passage = at("armed")
    with LeaseHolder(passage.installation, passage.run_id) as other:
        assert other.take(Purpose.CUT)
        kill_switch.disarm_run(passage.installation, passage.run_id, "a test")
        assert _switch(passage) is SwitchState.ARMED
        kill_switch.disarm_run(passage.installation, passage.run_id, "a test", other.pid)
        assert _switch(passage) is SwitchState.OFF


def test_a_lease_of_another_run_is_left_to_it(at: At) -> None:
    passage = at("armed")
    kill_switch.disarm_run(passage.installation, "ictr-20260101T000000Z-00000000", "a test")
    assert _switch(passage) is SwitchState.ARMED


def test_the_record_says_when_a_lease_ended_and_why(at: At) -> None:
    """It is over with its session anyway; an auditor reads that the run came to rest, and not that a session was lost."""
    passage = at("waits for SG_2")
    assert passage.rows(_ENDED, passage.run_id) == [(True, "the run came to rest")]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_to_enact_arms_and_takes_up_in_one_transaction(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a kill between the two would leave a switch that is armed for law, and no console."""
    passage = at("SG_2 imported")
    with LeaseHolder(passage.installation, passage.run_id) as holder, monkeypatch.context() as patch:
        patch.setattr("console.backend.runs.arming.ledger.take_lease", _killed)
        with pytest.raises(KeyboardInterrupt):
            arming.arm_and_hold(passage.installation, passage.run_id, Purpose.ENACT, holder)
        assert _switch(passage) is SwitchState.OFF
    taken = (
        "SELECT taken_at IS NOT NULL AND holder_pid = %s FROM cutter_governance.execution_lease WHERE ended_at IS NULL"
    )
    with LeaseHolder(passage.installation, passage.run_id) as holder:
        arming.arm_and_hold(passage.installation, passage.run_id, Purpose.ENACT, holder)
        assert passage.rows(taken, holder.pid) == [(True,)]
    until(lambda: _switch(passage) is SwitchState.OFF, "the switch is off, its session being gone")


def test_a_lease_that_nobody_has_taken_up_serves_who_would_arm_and_hold(at: At) -> None:
    passage = at("armed")
    before = passage.rows("SELECT id FROM cutter_governance.execution_lease")
    with LeaseHolder(passage.installation, passage.run_id) as holder:
        arming.arm_and_hold(passage.installation, passage.run_id, Purpose.CUT, holder)
        assert passage.rows("SELECT id FROM cutter_governance.execution_lease") == before
        assert passage.rows("SELECT holder_pid FROM cutter_governance.execution_lease") == [(holder.pid,)]


def test_to_arm_twice_is_to_arm_once(at: At) -> None:
    passage = at("SG_1 imported")
    passage.arm()
    before = passage.rows("SELECT id FROM cutter_governance.execution_lease")
    passage.arm()
    assert passage.rows("SELECT id FROM cutter_governance.execution_lease") == before
    assert json.dumps(passage.run().moves[0]) == '"continue"'


@pytest.mark.parametrize(
    ("role", "name", "elsewhere", "state"),
    [
        ("cutter_exec", "", False, SwitchState.ARMED),
        ("cutter_ro", "", False, SwitchState.OFF),
        ("cutter_exec", " of another", False, SwitchState.OFF),
        ("cutter_exec", "", True, SwitchState.OFF),
    ],
    ids=["as the holder's", "of another role", "of another name", "in another database"],
)
def test_a_session_that_gets_the_holder_s_number_holds_no_lease(
    at: At, role: str, name: str, *, elsewhere: bool, state: SwitchState
) -> None:
    """A number is given again: role, database and name of the session must be those of the holder too."""
    passage = at("armed")
    with LeaseHolder(passage.installation, passage.run_id) as holder:
        assert holder.take(Purpose.CUT)
        ((named,),) = passage.rows("SELECT 'cutter-console lease ' || id FROM cutter_governance.v_lease")
        where = "postgres" if elsewhere else passage.database
        with psycopg.connect(passage.cluster.conninfo(where, role), autocommit=True) as session:
            session.execute("SELECT set_config('application_name', %s, false)", (f"{named}{name}",))
            number = f"holder_pid = {session.info.backend_pid}"
            tamper(passage, f"UPDATE cutter_governance.execution_lease SET {number} WHERE ended_at IS NULL")
            assert _switch(passage) is state

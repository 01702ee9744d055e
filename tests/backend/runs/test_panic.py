"""A panic stops everything it can reach, needs no authority, and tells item by item what was done."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from console.backend.model.errors import CutterError, Held, StopCode
from console.backend.model.states import Family, Phase
from console.backend.model.view_models import Progress, StopStep, SwitchState, SwitchView
from console.backend.postgres import ledger, stops
from console.backend.postgres.connections import CommitUnknown, connect, scalar
from console.backend.runs import hold_attempts
from console.backend.scratch.cluster import PORT
from tests.support.black_hole import BlackHole
from tests.support.passage import NOWHERE, Passage
from tests.support.waiting import LONGEST_S, until, until_the_executor_is_blocked
from tests.torture.proxy import FAULTS, proxy

At = Callable[[str], Passage]


def test_a_panic_holds_in_file_and_database_and_ends_the_lease(at: At) -> None:
    passage = at("armed")
    switch = passage.backend.panic("something is wrong")
    assert (switch.state, switch.reason, switch.by) == (SwitchState.HOLD, "something is wrong", "tester")
    assert passage.rows("SELECT action, reason FROM cutter_governance.hold_event") == [("set", "something is wrong")]
    assert passage.rows("SELECT end_reason FROM cutter_governance.execution_lease") == [("a HOLD was set",)]


def test_a_panic_works_without_the_database(at: At) -> None:
    passage = at("SG_1 imported")
    assert passage.without_database().backend.panic("").state is SwitchState.HOLD
    with pytest.raises(Held):
        passage.arm()


def test_a_panic_works_without_a_reason_and_from_a_read_only_console(at: At) -> None:
    passage = at("armed")
    reader = type(passage.backend)(passage.installation, read_only=True)
    assert reader.panic("").reason == "panic, no reason given"


def test_a_panic_works_without_the_root(at: At) -> None:
    passage = at("SG_1 imported")
    passage.installation.hold_file.mkdir()
    passage.backend.panic("the disk is broken")
    assert passage.rows("SELECT count(*) FROM cutter_governance.v_hold") == [(1,)]


def test_a_panic_that_can_be_set_nowhere_says_so_and_how_to_do_it_by_hand(at: At) -> None:
    passage = at("SG_1 imported").without_database()
    passage.installation.hold_file.mkdir()
    with pytest.raises(Held, match="could be set nowhere") as caught:
        passage.backend.panic("stop")
    assert str(passage.installation.hold_file) in caught.value.next_action


def test_a_panic_cancels_the_running_statement_and_nothing_of_the_phase_is_left(at: At) -> None:
    passage = at("armed")
    blocker = passage.connect()
    blocker.execute("BEGIN")
    blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
    panicked = threading.Thread(target=_panic_when_blocked, args=(passage,))

    def go(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.CUT_LEG_A, "begins"):
            panicked.start()

    with pytest.raises(CutterError) as caught:
        passage.resume(go)
    panicked.join(20)
    blocker.close()
    assert caught.value.code in {StopCode.PANIC, StopCode.HOLD}
    assert passage.lifecycles() == []
    assert passage.run().state.family is Family.STOPPED
    assert passage.backend.status().switch.state is SwitchState.HOLD


def test_what_begins_after_the_hold_is_not_cancelled_with_what_ran(at: At) -> None:
    """It is refused by the HOLD, or records that the run was stopped; a cancel would leave the run without that record."""
    passage = at("SG_1 imported")
    waits = "SELECT pg_advisory_lock(1)"
    blocked = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    executor = passage.installation.settings.database.executor
    with (
        passage.connect() as blocker,
        passage.connect("cutter_exec") as ran,
        passage.connect("cutter_exec") as records,
        ThreadPoolExecutor(2) as pool,
    ):
        blocker.execute(waits)
        try:
            first = pool.submit(ran.execute, waits)
            until(lambda: len(passage.rows(blocked)) == 1, "the statement waits")
            with connect(executor, purpose="panic") as panics:
                panics.execute("SELECT 1")
                second = pool.submit(records.execute, waits)
                until(lambda: len(passage.rows(blocked)) == 2, "both statements wait")
                assert stops.cancel_running(panics) == (1, 0)
            with pytest.raises(psycopg.errors.QueryCanceled):
                first.result(LONGEST_S)
        finally:
            blocker.execute("SELECT pg_advisory_unlock_all()")
        assert second.result(LONGEST_S).fetchall() == [("",)]


def _panic_when_blocked(passage: Passage) -> None:
    until_the_executor_is_blocked(passage)
    passage.backend.panic("stop at once")


def test_a_panic_does_not_wait_at_a_fifo(at: At) -> None:
    passage = at("SG_1 imported")
    os.mkfifo(passage.installation.hold_file)

    passage.backend.panic("look")

    assert passage.rows("SELECT count(*) FROM cutter_governance.v_hold") == [(1,)]


def test_a_panic_that_the_database_did_not_take_says_so(at: At) -> None:
    """Panic answered 0 and HOLD where the file alone had been written."""
    passage = at("SG_1 imported").without_database()
    switch = passage.backend.panic("stop")
    assert (switch.state, switch.reason) == (SwitchState.HOLD, "stop")
    assert "the database did not take the HOLD; consoles of this host alone are stopped" in switch.incomplete
    assert switch.complete_with == "cutter-console panic --reason stop"


def test_a_panic_whose_role_may_not_hold_says_so(at: At) -> None:
    """The database answers, and is not held. What repairs that was told only where it could not be reached."""
    passage = at("SG_1 imported")
    passage.execute("REVOKE EXECUTE ON FUNCTION cutter_console.fn_hold_set FROM cutter_exec, cutter_verify")
    switch = passage.backend.panic("stop")
    assert "the database did not take the HOLD" in switch.incomplete
    assert switch.incomplete.endswith("Compare the grants: cutter-console drift")
    assert switch.in_database is False


def test_a_panic_whose_executing_role_is_kept_out_sets_the_hold_as_the_verifying_one(at: At) -> None:
    """No connection left, an expired certificate, a changed password: whoever may still stop everything does."""
    passage = at("armed")
    database = passage.installation.settings.database.model_copy(update={"executor": NOWHERE})
    switch = passage.settings(database=database).backend.panic("stop")
    assert (switch.in_file, switch.in_database) == (True, True)
    assert {step.what: step.done for step in switch.steps} == {
        "HOLD file": True,
        "HOLD in the database": True,
        "running statements": False,
        "lease": True,
    }
    assert "running statements: not cancelled" in switch.incomplete


def test_a_panic_tells_item_by_item_what_was_done(at: At) -> None:
    passage = at("armed")
    steps = passage.backend.panic("stop").steps
    assert [(step.what, step.done) for step in steps] == [
        ("HOLD file", True),
        ("HOLD in the database", True),
        ("running statements", True),
        ("lease", True),
    ]
    assert [step.detail for step in steps[2:]] == ["none was running", "none is open"]


@pytest.fixture
def hole(at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Passage, BlackHole]]:
    """A run that waits to be armed, a dead line to its database, and a panic that waits for seconds where it waits for half a minute."""
    passage = at("SG_1 imported")
    line = BlackHole(tmp_path, passage.cluster.socket_dir / ".s.PGSQL.5432")
    line.swallow()
    for name, seconds in (("FIRST_S", 0.2), ("HOLD_S", 0.6), ("ALL_S", 1.0)):
        monkeypatch.setattr(hold_attempts, name, seconds)
    yield passage, line
    line.close()


def _told(passage: Passage, **lines: str) -> tuple[SwitchView, list[StopStep]]:
    """A panic with these connections in the place of the passage's, and what it has told before its end."""
    told: list[StopStep] = []
    database = passage.installation.settings.database.model_copy(update=lines)
    return passage.settings(database=database).backend.panic("stop", told.append), told


def test_on_a_dead_line_a_panic_tells_at_once_what_was_not_done_and_answers_in_time(
    hole: tuple[Passage, BlackHole],
) -> None:
    """Three logins of ten seconds were waited for, one after the other, and a COMMIT for three quarters of a minute."""
    passage, line = hole
    dead = {
        role: line.conninfo(passage.database, name)
        for role, name in {"executor": "cutter_exec", "verifier": "cutter_verify", "monitor": "cutter_ro"}.items()
    }
    switch, told = _told(passage, **dead)
    assert [(step.what, step.done) for step in told] == [("HOLD file", True), ("HOLD in the database", False)]
    assert "not set yet, still trying: no answer within" in told[1].detail
    assert [(step.what, step.done) for step in switch.steps] == [
        ("HOLD file", True),
        ("HOLD in the database", False),
        ("running statements", False),
        ("lease", False),
    ]
    assert "the database did not take the HOLD; consoles of this host alone are stopped" in switch.incomplete


def test_while_one_role_has_no_answer_the_others_set_the_hold(hole: tuple[Passage, BlackHole]) -> None:
    passage, line = hole
    passage.arm()
    switch, told = _told(passage, executor=line.conninfo(passage.database, "cutter_exec"))
    assert [step.done for step in told] == [True, False]
    assert (switch.in_file, switch.in_database) == (True, True)
    (statements,) = [step for step in switch.steps if step.what == "running statements"]
    assert (statements.done, "not cancelled: no answer within" in statements.detail) == (False, True)
    assert passage.rows("SELECT end_reason FROM cutter_governance.execution_lease") == [("a HOLD was set",)]


def test_of_the_roles_that_try_at_once_one_sets_the_hold(at: At) -> None:
    passage = at("SG_1 imported")
    stopper = passage.cluster.conninfo(passage.database, "cutter_stop")
    switch, told = _told(passage, executor=NOWHERE, stopper=stopper)
    assert switch.in_database is True
    assert [step.what for step in told if not step.done] == ["HOLD in the database"]
    assert passage.rows("SELECT action FROM cutter_governance.hold_event") == [("set",)]


def test_a_defect_in_one_try_keeps_no_other_role_from_setting_the_hold(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("SG_1 imported")
    set_hold, tries = ledger.set_hold, list[str]()

    def broken_at_first(connection: psycopg.Connection, reason: str, by: str, run_id: str | None) -> None:
        tries.append(reason)
        if len(tries) == 1:
            raise LookupError("a secret")
        set_hold(connection, reason, by, run_id)

    monkeypatch.setattr(ledger, "set_hold", broken_at_first)
    switch, told = _told(passage)
    assert switch.in_database is True
    assert "the console failed in itself: LookupError" in told[1].detail
    assert "a secret" not in told[1].detail


def test_a_cancel_that_the_server_refuses_at_first_is_tried_again_and_told(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HOLD is committed by then: whatever the server answers, the report comes."""
    passage = at("SG_1 imported")
    passage.execute("CREATE SEQUENCE public.tries; GRANT USAGE ON SEQUENCE public.tries TO cutter_exec")
    # A number that is taken stays taken, whatever becomes of the transaction: the first try divides by zero.
    monkeypatch.setattr(stops, "CANCEL", "SELECT 0 / (nextval('public.tries') - 1), 0")
    switch, told = _told(passage)
    assert switch.in_database is True
    assert [step.what for step in (*told, *switch.steps) if not step.done] == []
    assert passage.rows("SELECT last_value FROM public.tries") == [(2,)]


@pytest.mark.parametrize("setting", ["session_replication_role = replica", "default_transaction_read_only = on"])
def test_a_hold_that_is_committed_counts_whatever_is_wrong_with_the_session(at: At, setting: str) -> None:
    """A session in which triggers do not fire may write nothing else; a stop needs no authority, and is told as it is."""
    passage = at("armed")
    passage.execute(f"ALTER ROLE cutter_exec IN DATABASE {passage.database} SET {setting}")
    switch, _ = _told(passage)
    assert passage.rows("SELECT count(*) FROM cutter_governance.v_hold") == [(1,)]
    assert (switch.in_database, switch.incomplete) == (True, "")


def test_a_hold_whose_answer_is_lost_is_not_told_as_set_by_that_role(at: At) -> None:
    """Whether it is committed is not known then; the verifying role sets one, and the statements are cancelled by another session."""
    passage = at("armed")
    with proxy(passage.cluster.socket_dir / f".s.PGSQL.{PORT}") as line:
        executor = line.conninfo(passage.installation.settings.database.executor)
        line.arm(FAULTS["answer lost"], "fn_hold_set")
        with pytest.raises(CommitUnknown, match="lost at COMMIT"), hold_attempts.panic_session(executor) as panics:
            stops.hold_at_once(panics, "stop", "tester", cancels=True, limit_s=10)
        line.arm(FAULTS["answer lost"], "fn_hold_set")
        switch, told = _told(passage, executor=executor)
    assert "the connection was lost at COMMIT" in told[1].detail
    assert (switch.in_database, switch.incomplete) == (True, "")
    assert passage.rows("SELECT count(*) FROM cutter_governance.hold_event") == [(3,)]


def test_a_panic_that_cannot_be_read_back_says_what_repairs_that(at: At) -> None:
    passage = at("armed")
    passage.execute("REVOKE SELECT ON cutter_governance.v_hold FROM cutter_ro")
    switch, _ = _told(passage)
    assert passage.rows("SELECT count(*) FROM cutter_governance.v_hold") == [(1,)]
    assert "lease: not known: not permitted" in switch.incomplete
    assert switch.incomplete.endswith("Compare the grants: cutter-console drift")


def test_a_stop_leaves_its_session_the_settings_that_it_had(at: At) -> None:
    """Behind a pooler it would be somebody else's next, with commits that wait for no standby."""
    passage = at("SG_1 imported")
    shown = "SELECT current_setting('synchronous_commit') || ' ' || current_setting('statement_timeout')"
    with passage.connect("cutter_exec") as session:
        ((before,),) = session.execute(shown.encode()).fetchall()
    executor = passage.installation.settings.database.executor
    with hold_attempts.panic_session(executor, sets_hold=True) as panics:
        stops.hold_at_once(panics, "stop", "tester", cancels=True, limit_s=10)
        panics.rollback()
        panics.begins_with(None)
        assert scalar(panics, shown) == before


def test_nothing_is_cancelled_behind_a_hold_that_was_refused(at: At) -> None:
    """What is stopped could begin again."""
    passage = at("SG_1 imported")
    passage.execute("REVOKE EXECUTE ON FUNCTION cutter_console.fn_hold_set FROM cutter_exec")
    executor = passage.installation.settings.database.executor
    with passage.connect() as blocker, passage.connect("cutter_exec") as ran, ThreadPoolExecutor(1) as pool:
        blocker.execute("SELECT pg_advisory_lock(1)")
        try:
            running = pool.submit(ran.execute, "SELECT pg_advisory_lock(1)")
            waits = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            until(lambda: len(passage.rows(waits)) == 1, "the statement waits")
            with (
                hold_attempts.panic_session(executor) as panics,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                stops.hold_at_once(panics, "stop", "tester", cancels=True, limit_s=10)
        finally:
            blocker.execute("SELECT pg_advisory_unlock_all()")
        assert running.result(LONGEST_S).fetchall() == [("",)]


def test_a_host_that_has_no_thread_left_is_stopped_all_the_same(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_call: object, _name: str) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(hold_attempts, "start", none_left)
    switch, _ = _told(at("SG_1 imported"))
    assert switch.in_database is True
    assert [step.done for step in switch.steps] == [True] * 4


def test_a_call_whose_own_time_is_over_has_answered() -> None:
    """A limit of time that a call keeps by itself is an answer, and not the end of the panic's time."""

    def late() -> None:
        raise TimeoutError("the address was not resolved in time")

    with pytest.raises(TimeoutError, match="the address was not resolved in time"):
        hold_attempts.Deadline().bounded(late, "address")

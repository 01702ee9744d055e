"""A console that only reads stops as the role that may set a HOLD and nothing else, and tells what that role could not do."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.model.errors import CutterError, Held, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Phase
from console.backend.model.view_models import Progress, SwitchState
from console.backend.postgres.connections import counted
from console.backend.runs import stop_only
from console.backend.service import BackendService
from tests.support.passage import NOWHERE, Passage
from tests.support.standby import follower_of
from tests.support.waiting import until_the_executor_is_blocked

At = Callable[[str], Passage]
ITEMS = ("HOLD file", "HOLD in the database", "running statements", "lease")
_HOLDS = "SELECT action, reason, by, role FROM cutter_governance.hold_event ORDER BY id"


def _with(passage: Passage, **connections: str) -> Passage:
    """The same installation, with these connections in the place of its own."""
    return passage.settings(database=passage.installation.settings.database.model_copy(update=connections))


def _reader(passage: Passage, **connections: str) -> BackendService:
    """A console that only reads; whoever may stop is configured, and nobody who could write is reachable."""
    stopper = passage.cluster.conninfo(passage.database, "cutter_stop")
    where = {"stopper": stopper, "executor": NOWHERE, "verifier": NOWHERE} | connections
    return BackendService(_with(passage, **where).installation, read_only=True)


def test_a_read_only_console_sets_the_hold_and_ends_the_lease(at: At) -> None:
    passage = at("armed")
    switch = _reader(passage).panic("the text is wrong")
    assert passage.rows(_HOLDS) == [("set", "the text is wrong", "tester", "cutter_stop")]
    assert passage.rows("SELECT end_reason FROM cutter_governance.execution_lease") == [("a HOLD was set",)]
    assert (switch.state, switch.in_file, switch.in_database) == (SwitchState.HOLD, True, True)
    assert [(step.what, step.done) for step in switch.steps] == [(item, True) for item in ITEMS]
    assert not switch.incomplete


def test_it_opens_no_session_of_a_role_that_could_write(at: At) -> None:
    """Not even where one is configured and would answer."""
    passage = at("SG_1 imported")
    database = passage.installation.settings.database
    reader = _reader(passage, executor=database.executor, verifier=database.verifier)
    with counted() as opened:
        reader.panic("look")
    assert {seen.conninfo for seen in opened} == {
        reader.installation.settings.database.stopper,
        database.monitor,
    }


def test_without_the_role_it_sets_the_file_alone_and_says_who_can_do_more(at: At) -> None:
    passage = at("armed")
    reader = _reader(passage, stopper="")
    assert not reader.can_stop()
    switch = reader.panic("look")
    assert {step.what: step.done for step in switch.steps} == dict.fromkeys(ITEMS, False) | {"HOLD file": True}
    assert "`database.stopper`, and that is not configured" in switch.incomplete
    assert switch.complete_with == "cutter-console panic --reason look"
    assert passage.rows(_HOLDS) == []


def test_a_hold_that_stands_stays_as_it_is_however_often_somebody_stops(at: At) -> None:
    passage = at("SG_1 imported")
    for reason in ("the first", "the second", "the third"):
        switch = _reader(passage).panic(reason)
    assert [row[1] for row in passage.rows(_HOLDS)] == ["the first"]
    assert switch.steps[1].detail == "was set already, and stays"
    assert not switch.incomplete


def _on_another_host(reader: BackendService, root: Path) -> BackendService:
    """The same console over another root: its HOLD file stops nobody here."""
    context = replace(reader.installation.context, root=root)
    return BackendService(replace(reader.installation, context=context), read_only=True)


def test_what_runs_is_refused_by_the_hold_and_told_as_not_cancelled(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the HOLD of the database stops this cut, which waits for a lock when it is set."""
    monkeypatch.setattr(stop_only, "LOOKS", 2)
    passage = at("armed")
    reader, told = _on_another_host(_reader(passage), tmp_path), list[str]()
    blocker = passage.connect()
    blocker.execute("BEGIN")
    blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")

    def stop() -> None:
        until_the_executor_is_blocked(passage)
        try:
            told.append(reader.panic("stop at once").steps[2].detail)
        finally:
            blocker.close()

    stops = threading.Thread(target=stop)

    def go(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.CUT_LEG_A, "begins"):
            stops.start()

    with pytest.raises(CutterError) as caught:
        passage.resume(go)
    stops.join(30)
    assert caught.value.code is StopCode.HOLD
    assert "not cancelled: this role may not" in told[0]
    assert passage.lifecycles() == []
    assert [row[3] for row in passage.rows(_HOLDS)] == ["cutter_stop"]


@contextmanager
def _no_connection_left(passage: Passage, *roles: str) -> Iterator[None]:
    try:
        for role in roles:
            passage.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        yield
    finally:
        for role in roles:
            passage.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")


def test_the_command_stops_as_that_role_where_no_other_one_has_a_connection_left(at: At) -> None:
    passage = at("SG_1 imported")
    stopper = passage.cluster.conninfo(passage.database, "cutter_stop")
    with _no_connection_left(passage, "cutter_exec", "cutter_verify"):
        switch = _with(passage, stopper=stopper).backend.panic("stop")
    assert [row[3] for row in passage.rows(_HOLDS)] == ["cutter_stop"]
    assert not switch.incomplete


def test_where_nobody_can_connect_the_cause_of_the_executor_is_told(at: At) -> None:
    passage = at("SG_1 imported")
    stopper = passage.cluster.conninfo(passage.database, "cutter_stop")
    with _no_connection_left(passage, "cutter_exec", "cutter_verify", "cutter_stop"):
        switch = _with(passage, stopper=stopper).backend.panic("stop")
        passage.installation.hold_file.unlink()
        passage.installation.hold_file.mkdir()
        with pytest.raises(Held, match=r"could be set nowhere.*cutter_stop") as caught:
            _reader(passage).panic("stop")
    assert '"cutter_exec"' in switch.incomplete
    assert str(passage.installation.hold_file) in caught.value.next_action


def test_a_role_that_reads_by_default_stops_all_the_same(at: At) -> None:
    passage = at("SG_1 imported")
    setting = f"ALTER ROLE cutter_stop IN DATABASE {passage.database} {{}} default_transaction_read_only"
    passage.execute(setting.format("SET") + " = on")
    try:
        assert not _reader(passage).panic("stop").incomplete
    finally:
        passage.execute(setting.format("RESET"))


def test_on_a_standby_it_says_that_no_hold_is_set_there_and_what_is_not_known(at: At) -> None:
    passage = at("SG_1 imported")
    with follower_of(passage.cluster) as standby:
        monitor, stopper = (standby.conninfo(passage.database, role) for role in ("cutter_ro", "cutter_stop"))
        switch = _reader(passage, monitor=monitor, stopper=stopper).panic("stop")
        assert {step.what: step.done for step in switch.steps} == dict.fromkeys(ITEMS, False) | {
            "HOLD file": True,
            "lease": True,
        }
        assert "leads to a standby, which takes no HOLD; it is set on the primary" in switch.incomplete
        assert switch.complete_with == "cutter-console panic --reason stop"
        # With the primary in the service of the role, it is set there, and seen as soon as the standby has it.
        primary = passage.cluster.conninfo(passage.database, "cutter_stop")
        switch = _reader(passage, monitor=monitor, stopper=primary).panic("stop")
        assert switch.in_database is True
        assert switch.steps[2].detail.startswith("not known: the monitoring connection leads to a standby")
        assert "running statements" in switch.incomplete


def test_a_read_only_console_refuses_a_role_to_stop_that_could_do_more(at: At) -> None:
    passage = at("SG_1 imported")
    _reader(passage).require_read_only_role()
    for role in ("cutter_exec", "postgres"):
        with pytest.raises(Refused, match="beside that to set a HOLD") as caught:
            _reader(passage, stopper=passage.cluster.conninfo(passage.database, role)).require_read_only_role()
        assert caught.value.code is StopCode.GRANT_DELTA
    # One that cannot be asked keeps nobody from reading.
    _reader(passage, stopper=NOWHERE).require_read_only_role()


def test_the_gates_say_that_the_role_is_missing_and_are_no_worse_for_it(at: At) -> None:
    passage = at("SG_1 imported")
    stopper = passage.cluster.conninfo(passage.database, "cutter_stop")

    def connections(backend: BackendService) -> tuple[Outcome, str]:
        (report,) = backend.gates(("G1",)).gates
        (check,) = [check for check in report.checks if check.name == "connections"]
        return check.outcome, check.detail

    outcome, detail = connections(passage.backend)
    assert outcome is Outcome.PASS
    assert "`database.stopper` is not configured: a read-only console sets no HOLD" in detail
    outcome, detail = connections(_with(passage, stopper=stopper).backend)
    assert (outcome, "stopper as cutter_stop" in detail) == (Outcome.PASS, True)
    wrong = passage.installation.settings.database.verifier
    outcome, detail = connections(_with(passage, stopper=wrong).backend)
    assert (outcome, "stopper is cutter_verify, not cutter_stop" in detail) == (Outcome.FAIL, True)


def test_a_role_that_only_stops_and_cannot_be_asked_keeps_nobody_from_working(at: At) -> None:
    """The gate says so each time; another way to stop is left, and whoever arms knows."""
    passage = at("SG_1 imported")
    there = _with(passage, stopper=NOWHERE)
    (report,) = there.backend.gates(("G1",)).gates
    (check,) = [check for check in report.checks if check.name == "connections"]
    assert (check.outcome, "executor as cutter_exec" in check.detail) == (Outcome.PARTIAL, True)
    assert "the connection of `database.stopper` cannot be asked: " in check.detail
    assert check.next_action
    there.arm()
    assert there.backend.status().switch.state is SwitchState.ARMED

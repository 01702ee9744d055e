"""Nobody waits without an end, and whoever waits for a lock is told for whom."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.model.states import Move, Phase
from console.backend.model.view_models import Progress, SwitchState
from console.backend.postgres import connections, sessions
from console.backend.postgres.connections import CommitUnknown, connect, scalar
from console.backend.postgres.transactions import LockWait, is_session_there, lock_wait
from console.backend.runs import phase_watch, settling
from console.backend.runs.panic import panic
from console.backend.runs.phase_watch import watched
from console.backend.runs.settling import NotKnownYet
from tests.support.black_hole import BlackHole
from tests.support.passage import NOWHERE, Passage
from tests.support.waiting import until

At = Callable[[str], Passage]
SLEEPS = "SELECT pg_sleep(60)"


@pytest.fixture
def hole(at: At, tmp_path: Path) -> Iterator[tuple[Passage, BlackHole]]:
    """A passage whose roles all reach the server through a line that can go dead."""
    passage = at("SG_1 imported")
    line = BlackHole(tmp_path, passage.cluster.socket_dir / ".s.PGSQL.5432")
    through = {
        name: line.conninfo(passage.database, role)
        for name, role in (("executor", "cutter_exec"), ("verifier", "cutter_verify"), ("monitor", "cutter_ro"))
    }
    database = passage.installation.settings.database.model_copy(update=through)
    yield passage.settings(database=database), line
    line.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of a line, much shorter than they are."""
    for module, name, value in (
        (sessions, "ANSWER_MARGIN_S", 0.2),
        (sessions, "CONNECT_TIMEOUT_S", 2),
        (phase_watch, "_LOOK_EVERY_S", 0.05),
        (settling, "LIMIT_S", 0.1),
        (settling, "_ASK_S", 0.2),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.mark.usefixtures("hurried")
def test_a_statement_that_a_dead_line_swallows_ends_in_a_named_outcome(hole: tuple[Passage, BlackHole]) -> None:
    passage, line = hole
    conninfo = passage.installation.settings.database.executor
    with pytest.raises(Unmeasured, match="the line is dead") as caught, connect(conninfo, timeout_s=0.1) as connection:  # noqa: PT012
        line.swallow()
        connection.execute(SLEEPS)
    assert caught.value.code is StopCode.UNREACHABLE


@pytest.mark.usefixtures("hurried")
def test_a_commit_that_a_dead_line_swallows_is_not_known(hole: tuple[Passage, BlackHole]) -> None:
    passage, line = hole
    conninfo = passage.installation.settings.database.executor
    with pytest.raises(CommitUnknown), connect(conninfo, commit_limit_s=0.1) as connection:  # noqa: PT012
        connection.execute("SELECT pg_current_xact_id()")
        line.swallow()


@pytest.mark.usefixtures("hurried")
def test_a_long_statement_ends_when_the_server_answers_nobody_any_more(hole: tuple[Passage, BlackHole]) -> None:
    """A cut may take an hour; a line that is dead is found all the same, by asking on another one."""
    passage, line = hole
    conninfo = passage.installation.settings.database.executor
    with (  # noqa: PT012
        pytest.raises(Unmeasured) as caught,
        connect(conninfo, timeout_s=3600) as connection,
        watched(passage.installation, connection, conninfo, lambda *_: None),
    ):
        line.swallow()
        connection.execute(SLEEPS)
    assert caught.value.code is StopCode.UNREACHABLE


def test_a_long_statement_ends_when_the_server_knows_nothing_of_its_session(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    monkeypatch.setattr(phase_watch, "lock_wait", lambda *_: None)
    monkeypatch.setattr(phase_watch, "_LOOK_EVERY_S", 0.05)
    conninfo = passage.installation.settings.database.executor
    with (
        pytest.raises(Unmeasured) as caught,
        connect(conninfo, timeout_s=3600) as connection,
        watched(passage.installation, connection, conninfo, lambda *_: None),
    ):
        connection.execute(SLEEPS)
    assert caught.value.code is StopCode.UNREACHABLE


def test_a_long_statement_ends_when_its_session_has_gone_and_another_one_has_its_number(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system gives the numbers of processes that have ended to others."""
    passage, looks = at("SG_1 imported"), list[int]()
    monkeypatch.setattr(phase_watch, "_LOOK_EVERY_S", 0.05)
    conninfo = passage.installation.settings.database.executor
    with passage.connect("cutter_exec") as other:

        def after_the_first(connection: psycopg.Connection, pid: int) -> LockWait | None:
            looks.append(pid)
            return lock_wait(connection, pid if len(looks) == 1 else other.info.backend_pid)

        monkeypatch.setattr(phase_watch, "lock_wait", after_the_first)
        with (
            pytest.raises(Unmeasured) as caught,
            connect(conninfo, timeout_s=3600) as connection,
            watched(passage.installation, connection, conninfo, lambda *_: None),
        ):
            connection.execute(SLEEPS)
    assert caught.value.code is StopCode.UNREACHABLE


def test_a_session_is_known_by_its_number_role_and_beginning(at: At) -> None:
    passage = at("SG_1 imported")
    with passage.connect("cutter_exec") as session, passage.connect("cutter_exec") as other:
        wait = lock_wait(other, session.info.backend_pid)
        assert wait is not None
        pid, started = str(session.info.backend_pid), wait.started or ""
        assert is_session_there(other, pid, "cutter_exec", started)
        assert is_session_there(other, pid, "cutter_exec", "")
        assert not is_session_there(other, pid, "cutter_verify", started)
        assert not is_session_there(other, pid, "cutter_exec", "2026-03-01 00:00:00+00")
        with passage.connect("cutter_ro") as monitor:
            assert lock_wait(monitor, session.info.backend_pid) is None


def test_a_wait_for_a_session_without_a_name_has_no_empty_brackets(at: At) -> None:
    passage = at("SG_1 imported")
    with (
        passage.connect("cutter_exec") as holder,
        passage.connect("cutter_exec") as waiting,
        passage.connect("cutter_exec") as looks,
    ):
        holder.execute("SET application_name = ''")
        holder.execute("SELECT pg_advisory_lock(4711)")
        holder.commit()
        pid = holder.info.backend_pid
        thread = threading.Thread(target=lambda: waiting.execute("SELECT pg_advisory_lock(4711)"))
        thread.start()
        wait = _waits(looks, waiting.info.backend_pid)
        holder.execute("SELECT pg_advisory_unlock(4711)")
        thread.join()
    assert str(wait).count(f"cutter_exec, process {pid}") == 1
    assert "()" not in str(wait)


def _waits(connection: psycopg.Connection, pid: int) -> LockWait:
    while True:
        wait = lock_wait(connection, pid)
        connection.rollback()
        if wait is not None and wait[0]:
            return wait


@pytest.mark.parametrize("words", ["too many connections", "zu viele Verbindungen"])
def test_a_role_that_may_have_no_session_more_is_no_dead_line(
    at: At, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """Beside the lease and the session that writes: each statement of more than six seconds ended there, or where the server has other words."""
    passage, looks = at("SG_1 imported"), list[object]()
    conninfo = passage.installation.settings.database.executor
    monkeypatch.setattr(phase_watch, "_LOOK_EVERY_S", 0.02)

    @contextmanager
    def looking(asked: str, **options: Any) -> Iterator[psycopg.Connection]:
        looks.extend([asked] if asked == conninfo else [])
        try:
            with connect(asked, **options) as session:
                yield session
        except Unmeasured as error:
            raise Unmeasured(error.code, error.message.replace("too many connections", words), "") from error.__cause__

    monkeypatch.setattr(phase_watch, "connect", looking)
    passage.execute("ALTER ROLE cutter_exec CONNECTION LIMIT 2")
    try:
        with (
            passage.connect("cutter_exec"),
            connect(conninfo, timeout_s=3600) as connection,
            watched(passage.installation, connection, conninfo, lambda *_: None),
        ):
            connection.execute("SELECT 1")
            until(lambda: len(looks) > 2 * phase_watch._MOST_SILENCES, "it was looked for often")
            assert scalar(connection, "SELECT 2") == 2
    finally:
        passage.execute("ALTER ROLE cutter_exec CONNECTION LIMIT -1")


def _answering(monkeypatch: pytest.MonkeyPatch, conninfo: str, error: Unmeasured) -> list[str]:
    """Have each look of a watch at this connection string end so; the list gets what was asked."""
    asked: list[str] = []

    @contextmanager
    def looking(other: str, **options: Any) -> Iterator[psycopg.Connection]:
        asked.append(other)
        if other == conninfo:
            raise error from error.__cause__
        with connect(other, **options) as session:
            yield session

    monkeypatch.setattr(phase_watch, "_LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(phase_watch, "connect", looking)
    return asked


def test_where_nobody_answers_in_time_the_monitoring_role_is_not_waited_for_too(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A black hole would take its time for each of them."""
    passage = at("SG_1 imported")
    conninfo = passage.installation.settings.database.executor
    error = Unmeasured(StopCode.UNREACHABLE, "no answer", "")
    error.__cause__ = psycopg.errors.ConnectionTimeout()
    asked = _answering(monkeypatch, conninfo, error)
    with (
        pytest.raises(Unmeasured),
        connect(conninfo, timeout_s=3600) as connection,
        watched(passage.installation, connection, conninfo, lambda *_: None),
    ):
        connection.execute(SLEEPS)
    assert asked == [conninfo] * phase_watch._MOST_SILENCES


def test_a_server_that_refuses_with_a_reason_has_answered(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("SG_1 imported")
    conninfo = passage.installation.settings.database.executor
    asked = _answering(monkeypatch, conninfo, Unmeasured(StopCode.IDENTITY_MISMATCH, "another server", ""))
    with (
        connect(conninfo, timeout_s=3600) as connection,
        watched(passage.installation, connection, conninfo, lambda *_: None),
    ):
        until(lambda: len(asked) > 2 * phase_watch._MOST_SILENCES, "it was looked for often")
        assert scalar(connection, "SELECT 2") == 2
    assert set(asked) == {conninfo}


def test_whoever_waits_for_a_lock_is_told_for_whom(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("armed")
    monkeypatch.setattr(phase_watch, "_LOOK_EVERY_S", 0.05)
    told: list[str] = []
    with passage.connect() as blocker:
        blocker.execute("SET application_name = 'a report'")
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE public.information_unit IN ACCESS EXCLUSIVE MODE")
        pid = blocker.info.backend_pid

        def release(progress: Progress) -> None:
            if progress.phase is Phase.CUT_LEG_A and "waits for a lock" in progress.step and not told:
                told.append(progress.step)
                blocker.execute("ROLLBACK")

        passage.resume(release)
    assert f"postgres, process {pid} (a report) holds" in told[0]
    assert passage.lifecycles() == ["draft"] * 3


def test_whoever_waits_long_is_told_how_long_it_may_take(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("SG_1 imported")
    monkeypatch.setattr(phase_watch, "_LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(phase_watch, "_LONG_S", 0.0)
    told: list[str] = []
    conninfo = passage.installation.settings.database.executor
    with (
        connect(conninfo) as connection,
        watched(passage.installation, connection, conninfo, lambda step, *_: told.append(step)),
    ):
        until(lambda: told, "it is told")
    assert told[0].endswith("s; 60 min a statement at most")


@pytest.mark.usefixtures("hurried")
def test_a_cut_in_a_black_hole_leaves_the_run_to_be_settled_and_panic_says_what_it_did(
    hole: tuple[Passage, BlackHole], monkeypatch: pytest.MonkeyPatch
) -> None:
    passage, line = hole
    passage.arm()
    monkeypatch.setattr(connections, "COMMIT_LIMIT_S", 0.2)

    def swallow(progress: Progress) -> None:
        if (progress.phase, progress.step, progress.done) == (Phase.CUT_LEG_A, "cutting", 3):
            line.swallow()

    with pytest.raises(CutterError) as caught:
        passage.resume(swallow)
    assert isinstance(caught.value, NotKnownYet)
    seen = panic(passage.installation, "stop")
    assert seen.state is SwitchState.HOLD
    assert [step.done for step in seen.steps] == [True, False, False, False]
    line.close()
    direct = passage.settings(
        database=passage.installation.settings.database.model_copy(
            update={
                name: passage.cluster.conninfo(passage.database, role)
                for name, role in (("executor", "cutter_exec"), ("verifier", "cutter_verify"), ("monitor", "cutter_ro"))
            }
        )
    )
    monkeypatch.undo()
    settled = direct.backend.settle(direct.run_id)
    assert settled.interruption is None
    assert Move.SETTLE not in settled.moves
    assert direct.lifecycles() in ([], ["draft"] * 3)


def test_a_server_that_the_monitoring_role_does_not_reach_either_does_not_answer(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if that role is led to another server, which knows nothing of the session."""
    passage = at("SG_1 imported")
    monkeypatch.setattr(phase_watch, "_LOOK_EVERY_S", 0.02)
    conninfo = passage.installation.settings.database.executor
    database = passage.installation.settings.database.model_copy(
        update={"monitor": passage.cluster.conninfo("postgres", "cutter_ro")}
    )
    with (
        pytest.raises(Unmeasured) as caught,
        connect(conninfo, timeout_s=3600) as connection,
        watched(passage.settings(database=database).installation, connection, NOWHERE, lambda *_: None),
    ):
        connection.execute(SLEEPS)
    assert caught.value.code is StopCode.UNREACHABLE

"""A command uses the session of what it has read for its next question, and nothing of the one before is left in it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.backend.model.errors import CutterError, Drifted, Unmeasured
from console.backend.postgres import kept_sessions, large_values, sessions
from console.backend.postgres.connections import CommitUnknown, connect, scalar
from console.backend.postgres.kept_sessions import for_another_thread, sessions_kept, with_kept_sessions, writers_kept
from console.backend.postgres.lines import may_be_a_limit
from console.backend.postgres.session import Session
from tests.backend.postgres.signed_cut import start_cut
from tests.conftest import Database
from tests.support.descriptors import numbers_beyond_select
from tests.support.waiting import LONGEST_S, until

PID = "SELECT pg_backend_pid()"
WRITE = "SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)"
SETTINGS = """
    SELECT concat_ws('; ', current_setting('transaction_isolation'), current_setting('transaction_read_only'),
                     current_setting('statement_timeout'), current_setting('application_name'), current_setting('search_path'))
"""
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename IN ('cutter_ro', 'cutter_exec') AND datname = current_database()"


def _asked(conninfo: str, query: str = PID, *, read_only: bool = True, purpose: str = "") -> object:
    with connect(conninfo, read_only=read_only, purpose=purpose) as connection:
        return scalar(connection, query)


def _sessions(database: Database) -> object:
    """The sessions of both roles that the server still has; one that is closed may take a moment to go."""
    with database.connect() as administrator:
        return scalar(administrator, SESSIONS)


def _comes_to(database: Database, sessions: int) -> None:
    until(lambda: _sessions(database) == sessions, f"the server has {sessions} of these sessions")


def test_a_session_is_kept_whatever_the_number_of_its_file_descriptor(database: Database) -> None:
    with numbers_beyond_select(), sessions_kept():
        first = _asked(database.conninfo("cutter_ro"))
        assert _asked(database.conninfo("cutter_ro")) == first


def test_what_reads_leaves_its_session_to_the_next_question_of_the_command(database: Database) -> None:
    reader = database.conninfo("cutter_ro")
    with sessions_kept():
        assert _asked(reader) == _asked(reader)
        _comes_to(database, 1)
    _comes_to(database, 0)


def test_a_session_that_is_interrupted_while_it_is_left_is_closed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = database.conninfo("cutter_ro")
    left: list[Session] = []

    def interrupted(session: Session) -> None:
        left.append(session)
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "leave", interrupted)
    with sessions_kept():
        with pytest.raises(KeyboardInterrupt):
            _asked(reader)
        assert [session.closed for session in left] == [True]
        _comes_to(database, 0)


def test_outside_a_command_nothing_is_kept(database: Database) -> None:
    reader = database.conninfo("cutter_ro")
    _asked(reader)
    _comes_to(database, 0)


def test_a_transaction_that_may_write_has_a_session_of_its_own_that_ends_with_it(database: Database) -> None:
    """Of an unanswered COMMIT, the session's end is what settles it; and a role may have two sessions at most."""
    executor = database.conninfo("cutter_exec")
    with sessions_kept():
        before = _asked(executor)
        with connect(executor) as connection:
            connection.execute(WRITE)
            assert scalar(connection, PID) != before
            _comes_to(database, 1)
        _comes_to(database, 0)
        assert _asked(executor, "SELECT count(*) FROM cutter_governance.v_hold") == 1


def test_a_session_that_has_written_ends_with_the_block_that_keeps_it(database: Database) -> None:
    """Documents of a batch, one after the other, are written by the same sessions; a command that goes on has none of them."""
    executor = database.conninfo("cutter_exec")
    with sessions_kept():
        with writers_kept():
            first = _asked(executor, read_only=False)
            assert _asked(executor, read_only=False) == first == _asked(executor)
            _comes_to(database, 1)
        _comes_to(database, 0)
        assert _asked(executor) == _asked(executor) != first
        _comes_to(database, 1)
    _comes_to(database, 0)


@pytest.mark.parametrize(("size", "is_kept"), [(1 << 10, True), (1 << 20, False)], ids=["little", "much"])
def test_a_session_that_has_sent_much_ends_with_its_transaction(database: Database, size: int, is_kept: bool) -> None:
    """libpq keeps room for the largest message of a session: that of a large cut was half as much again as the verification needs."""
    executor = database.conninfo("cutter_exec")
    with writers_kept():
        with connect(executor) as connection:
            first = scalar(connection, PID)
            (text,) = large_values.large_values(connection, b"x" * size)
            assert scalar(connection, "SELECT length(%b)", text) == size
        _comes_to(database, 1 if is_kept else 0)
        assert (_asked(executor, read_only=False) == first) is is_kept


def test_the_session_of_a_large_cut_has_sent_much(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused, because nobody has signed it; its text was sent by then."""
    monkeypatch.setattr(large_values, "MUCH", 1)
    cut = start_cut(database)
    opened: list[psycopg.Connection] = []

    def applied() -> None:
        with connect(database.conninfo("cutter_exec")) as connection:
            opened.append(connection)
            cut.apply(connection)

    with pytest.raises(CutterError):
        applied()
    assert [isinstance(session, Session) and session.has_sent_much for session in opened] == [True]


def test_a_session_that_has_written_begins_its_next_transaction_as_a_new_one(database: Database) -> None:
    """What one transaction has committed is there for others, and what it has set is not there for the next."""
    executor = database.conninfo("cutter_exec")
    with writers_kept():
        with connect(executor, timeout_s=3, purpose="first") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute(WRITE)
            connection.execute("SELECT set_config('search_path', 'public', false)")
            first = scalar(connection, PID)
        assert _asked(database.conninfo("cutter_ro"), "SELECT count(*) FROM cutter_governance.v_hold") == 1
        with connect(executor, purpose="second") as connection:
            assert scalar(connection, PID) == first
            assert (
                scalar(connection, SETTINGS) == "read committed; off; 30s; cutter-console second; pg_catalog, pg_temp"
            )
        with connect(executor, read_only=True) as connection:
            assert scalar(connection, PID) == first
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute(WRITE)


def test_no_statement_of_a_session_that_is_kept_is_planned_for_values_that_are_not_known(database: Database) -> None:
    """From the sixth call on, a function in a session that a whole batch shares was executed by a plan for empty tables."""
    executor, planned = database.conninfo("cutter_exec"), []
    with writers_kept():
        for number in range(8):
            with connect(executor) as connection:
                if not number:
                    connection.execute(
                        "PREPARE asked (text) AS SELECT count(*) FROM pg_catalog.pg_class WHERE relname = $1"
                    )
                connection.execute("EXECUTE asked ('pg_class')")
                planned = connection.execute(
                    "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
                ).fetchall()
    assert planned == [(0, 8)]


@pytest.mark.parametrize("query", ["SELECT 1 / 0", WRITE], ids=["at the server", "in the block"])
def test_the_session_of_a_write_that_failed_is_closed(database: Database, query: str) -> None:
    executor = database.conninfo("cutter_exec")
    with writers_kept():
        with pytest.raises((CutterError, KeyError)), connect(executor) as connection:  # noqa: PT012
            connection.execute(query.encode())
            raise KeyError
        _comes_to(database, 0)
        assert _asked(executor, "SELECT count(*) FROM cutter_governance.v_hold") == 0


def test_the_session_of_a_commit_that_was_not_answered_is_closed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end is what settles it."""
    executor = database.conninfo("cutter_exec")

    def lost(session: Session) -> None:
        session.pgconn.finish()
        raise psycopg.OperationalError("the line is dead")

    with writers_kept():
        with monkeypatch.context() as patch:
            patch.setattr(Session, "commit", lost)
            with pytest.raises(CommitUnknown), connect(executor) as connection:
                connection.execute(WRITE)
        _comes_to(database, 0)


def test_nothing_of_one_transaction_is_left_for_the_next(database: Database) -> None:
    """Isolation, limits, name and any other setting are those of a new session."""
    ask = """
        SELECT concat_ws('; ', current_setting('transaction_isolation'), current_setting('statement_timeout'),
                         current_setting('application_name'), current_setting('search_path'), current_setting('DateStyle'))
    """
    reader = database.conninfo("cutter_ro")
    fresh = _asked(reader, ask, purpose="second")
    with sessions_kept():
        with connect(reader, read_only=True, timeout_s=3, purpose="first") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            first = scalar(connection, PID)
            connection.execute(
                "SELECT set_config('search_path', 'public', false), set_config('DateStyle', 'German', false)"
            )
        with connect(reader, read_only=True, purpose="second") as connection:
            assert scalar(connection, PID) == first
            assert scalar(connection, ask) == fresh
            assert scalar(connection, "SHOW transaction_read_only") == "on"


@pytest.mark.parametrize("query", ["SELECT 1 / 0", PID], ids=["at the server", "in the block"])
def test_the_session_of_a_question_that_failed_is_closed(database: Database, query: str) -> None:
    """Kept, it would be a transaction that stays open for as long as the command works."""
    reader = database.conninfo("cutter_ro")
    with sessions_kept():
        with pytest.raises((CutterError, KeyError)), connect(reader, read_only=True) as connection:  # noqa: PT012
            connection.execute(query.encode())
            raise KeyError
        _comes_to(database, 0)
        assert _asked(reader)


def test_a_session_that_the_server_has_ended_is_replaced(database: Database) -> None:
    """A restart between two questions of a command is no failure of the second one."""
    reader = database.conninfo("cutter_ro")
    with sessions_kept():
        first = _asked(reader)
        with database.connect() as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s, 10000)", (first,))
        assert _asked(reader) != first


def test_two_questions_at_a_time_have_two_sessions(database: Database) -> None:
    reader = database.conninfo("cutter_ro")
    with sessions_kept(), connect(reader, read_only=True) as connection:
        assert _asked(reader) != scalar(connection, PID)


def test_threads_of_one_command_share_its_sessions(database: Database) -> None:
    reader, answers = database.conninfo("cutter_ro"), list[object]()

    def in_thread(call: Callable[[], object]) -> None:
        thread = threading.Thread(target=lambda: answers.append(call()))
        thread.start()
        thread.join()

    with sessions_kept():
        mine = _asked(reader)
        in_thread(for_another_thread(lambda: _asked(reader)))
        in_thread(lambda: _asked(reader))
    assert answers[0] == mine != answers[1]
    _comes_to(database, 0)


@contextmanager
def _allowed(database: Database, sessions: int) -> Iterator[None]:
    """The monitoring role may have so many sessions; roles belong to the cluster, so that this is taken back."""
    limit = "ALTER ROLE cutter_ro CONNECTION LIMIT {}"
    with database.connect() as administrator:
        administrator.execute(limit.format(sessions).encode())
        try:
            yield
        finally:
            administrator.execute(limit.format(-1).encode())


def test_a_role_that_is_allowed_two_sessions_answers_all_threads_of_a_command(database: Database) -> None:
    """Each of a board's gates asked on a connection of its own, and most were told that there are too many."""
    reader, answers = database.conninfo("cutter_ro"), list[object]()
    with _allowed(database, 2), sessions_kept():
        call = for_another_thread(lambda: answers.append(_asked(reader, "SELECT 1 FROM pg_sleep(0.02)")))
        threads = [threading.Thread(target=call) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [1] * 12


def test_a_thread_that_itself_has_all_sessions_of_its_role_is_refused_at_once(database: Database) -> None:
    """It would wait for itself."""
    reader = database.conninfo("cutter_ro")
    with _allowed(database, 1), sessions_kept(), connect(reader, read_only=True) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(Unmeasured, match="too many connections"):
            _asked(reader)


def _paused(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> list[float]:
    """The pauses of this command's logins; after each of them this is done."""
    pauses = list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        then()

    monkeypatch.setattr(kept_sessions, "time", SimpleNamespace(sleep=pause, monotonic=time.monotonic))
    return pauses


def _refused_in(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Have the server's refusals say this, as one that speaks another language does; libpq tells nothing else of them."""
    log_in = sessions.log_in

    def refused(conninfo: str, **options: Any) -> Session:
        try:
            return log_in(conninfo, **options)
        except psycopg.OperationalError as error:
            raise psycopg.OperationalError(str(error).replace("too many connections", words)) from error

    monkeypatch.setattr(kept_sessions, "log_in", refused)


def test_nothing_but_words_is_told_of_a_login_that_was_refused(database: Database) -> None:
    """As soon as the code is told, it is to be read instead: 53300."""
    with _allowed(database, 0), pytest.raises(psycopg.OperationalError, match="too many connections") as refused:
        psycopg.connect(database.conninfo("cutter_ro"))
    assert refused.value.sqlstate is None
    assert refused.value.diag.sqlstate is None


@pytest.mark.parametrize("words", ["too many connections", "zu viele Verbindungen"])
def test_a_login_is_tried_again_while_a_session_that_this_command_has_closed_may_still_count(
    database: Database, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    reader = database.conninfo("cutter_ro")
    _refused_in(monkeypatch, words)
    with _allowed(database, 1), sessions_kept():
        # A session that may write is closed when it is given back.
        with connect(reader) as connection:
            connection.execute("SELECT 1")
        _comes_to(database, 0)
        still_counts = psycopg.connect(reader)

        def end() -> None:
            still_counts.close()
            _comes_to(database, 0)

        pauses = _paused(monkeypatch, end)
        _asked(reader)
    assert len(pauses) == 1


def test_a_login_that_was_not_answered_is_not_tried_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try on a dead line takes ten seconds."""
    reader = database.conninfo("cutter_ro")
    tries = list[str]()

    def no_answer(conninfo: str, **_: object) -> Session:
        tries.append(conninfo)
        raise psycopg.errors.ConnectionTimeout("connection timeout expired")

    with sessions_kept():
        with connect(reader) as connection:
            connection.execute("SELECT 1")
        pauses = _paused(monkeypatch, lambda: None)
        monkeypatch.setattr(kept_sessions, "log_in", no_answer)
        with pytest.raises(Unmeasured, match="connection timeout expired"):
            _asked(reader)
    assert (len(tries), pauses) == (1, [])


@pytest.mark.parametrize(
    "elsewhere",
    [
        pytest.param({"host": "/nonexistent"}, id="no server"),
        pytest.param({"host": "127.0.0.1", "port": "1"}, id="refused"),
        pytest.param({"dbname": "nowhere"}, id="no database"),
        pytest.param({"user": "nobody_at_all"}, id="no role"),
    ],
)
def test_a_login_that_was_refused_for_another_reason_is_not_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, elsewhere: dict[str, str]
) -> None:
    """Each command beside a server that is down took two seconds more to say so."""
    reader, log_in = database.conninfo("cutter_ro"), sessions.log_in
    other = make_conninfo(reader, **elsewhere)
    with sessions_kept():
        with connect(reader) as connection:
            connection.execute("SELECT 1")
        pauses = _paused(monkeypatch, lambda: None)
        monkeypatch.setattr(kept_sessions, "log_in", lambda _, **options: log_in(other, **options))
        with pytest.raises(Unmeasured):
            _asked(reader)
    assert pauses == []


@pytest.mark.parametrize(
    ("words", "may_be"),
    [
        ('connection to server on socket "s" failed: FATAL:  too many connections for role "cutter_ro"', True),
        ('connection to server on socket "s" failed: ВАЖНО:  слишком много подключений для роли "cutter_ro"', True),
        ('connection to server on socket "s" failed: FATAL:  sorry, too many clients already', True),
        ('connection to server on socket "s" failed: FATAL:  password authentication failed for user "x"', False),
        ('connection to server on socket "s" failed: FATAL:  the database system is shutting down', False),
        ("connection timeout expired", False),
        ('connection to server at "a" failed: Connection refused\n\tIs the server running on that host?', False),
        ('to "a" failed: Connection refused\nto "b" failed: FATAL:  too many connections for role "x"', True),
    ],
)
def test_what_was_refused_is_told_from_a_limit_by_the_words(words: str, may_be: bool) -> None:
    assert may_be_a_limit(psycopg.OperationalError(words)) is may_be


def test_a_login_at_the_limit_is_refused_at_once_where_this_command_has_closed_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a board with a dozen gates each would wait, and the board be late."""
    reader = database.conninfo("cutter_ro")
    pauses = _paused(monkeypatch, lambda: None)
    limit = pytest.raises(Unmeasured, match="too many connections")
    with _allowed(database, 1), psycopg.connect(reader), sessions_kept(), limit:
        _asked(reader)
    assert pauses == []


def test_a_login_that_was_refused_for_long_is_refused_at_once_from_then_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = database.conninfo("cutter_ro")
    with _allowed(database, 1), sessions_kept():
        with connect(reader) as connection:
            connection.execute("SELECT 1")
        _comes_to(database, 0)
        with psycopg.connect(reader):
            pauses = _paused(monkeypatch, lambda: None)
            for _ in range(3):
                with pytest.raises(Unmeasured, match="too many connections"):
                    _asked(reader)
    assert len(pauses) == 10


def test_the_session_of_another_thread_is_waited_for_no_longer_than_the_time_of_a_statement(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that hangs with it would keep the others, and the command with them, for ever."""
    reader, has_it, may_end = database.conninfo("cutter_ro"), threading.Event(), threading.Event()
    monkeypatch.setattr(kept_sessions, "_WAIT_S", 0.2)

    def hangs() -> None:
        with connect(reader, read_only=True) as connection:
            connection.execute("SELECT 1")
            has_it.set()
            may_end.wait(LONGEST_S)

    with _allowed(database, 1), sessions_kept():
        thread = threading.Thread(target=for_another_thread(hangs))
        thread.start()
        try:
            assert has_it.wait(LONGEST_S)
            with pytest.raises(Unmeasured, match="too many connections"):
                _asked(reader)
            assert not may_end.is_set()
            assert thread.is_alive(), "it was waited for until it had ended"
        finally:
            may_end.set()
            thread.join()


def test_a_login_is_tried_again_no_longer_than_the_time_of_a_statement(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try can take long by itself."""
    reader, now = database.conninfo("cutter_ro"), [0.0]
    with _allowed(database, 1), sessions_kept():
        with connect(reader) as connection:
            connection.execute("SELECT 1")
        _comes_to(database, 0)
        with psycopg.connect(reader):
            pauses = list[float]()

            def pause(seconds: float) -> None:
                pauses.append(seconds)
                now[0] += 6.0

            monkeypatch.setattr(kept_sessions, "time", SimpleNamespace(sleep=pause, monotonic=lambda: now[0]))
            with pytest.raises(Unmeasured, match="too many connections"):
                _asked(reader)
    assert len(pauses) == 2


def test_a_thread_that_outlives_its_command_leaves_no_session(database: Database) -> None:
    """A gate that is late is left to its thread, and answers when nobody asks any more."""
    is_connected, is_over = threading.Event(), threading.Event()

    def late() -> None:
        with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
            connection.execute("SELECT 1")
            is_connected.set()
            is_over.wait()

    with sessions_kept():
        thread = threading.Thread(target=for_another_thread(late))
        thread.start()
        is_connected.wait()
    is_over.set()
    thread.join()
    _comes_to(database, 0)


def test_a_command_that_fails_leaves_no_session(database: Database) -> None:
    @with_kept_sessions
    def command() -> None:
        _asked(database.conninfo("cutter_ro"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        command()
    _comes_to(database, 0)


def test_a_later_login_of_a_command_is_refused_with_its_first_statement(database: Database) -> None:
    """The first one has said that no pooler is in between; this one is asked what it is together with what it does."""
    executor = database.conninfo("cutter_exec")
    with sessions_kept(), database.connect() as administrator:
        _asked(executor)
        place = f"ROLE cutter_exec IN DATABASE {database.name}"
        administrator.execute(f"ALTER {place} SET session_replication_role = replica".encode())
        with pytest.raises(Drifted, match="session_replication_role is replica"), connect(executor) as connection:
            connection.execute(WRITE)
        administrator.execute(f"ALTER {place} RESET session_replication_role".encode())
        assert _asked(executor, "SELECT count(*) FROM cutter_governance.v_hold") == 0

"""Statements that are sent together: one wait for all their answers, and the error is that of the statement that failed."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest

from console.backend.model.errors import CutterError, StopCode
from console.backend.postgres.connections import connect, finish, scalar
from console.backend.postgres.kept_sessions import sessions_kept
from console.backend.postgres.session import Session
from console.backend.postgres.sessions import log_in
from console.backend.scratch.cluster import PORT
from tests.conftest import Database
from tests.support.round_trips import CountingProxy, counting_proxy
from tests.support.waiting import until

HOLD = "SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)"
HOLDS = "SELECT count(*) FROM cutter_governance.v_hold"


@pytest.fixture
def line(database: Database) -> Iterator[CountingProxy]:
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        yield proxy


@contextmanager
def _session(conninfo: str, *, read_only: bool = True) -> Iterator[Session]:
    with closing(
        log_in(conninfo, application="cutter-console", statement_timeout_s=30, read_only=read_only)
    ) as session:
        yield session


def _trips(line: CountingProxy) -> list[int]:
    return [seen.trips for seen in line.taken()]


def test_a_question_begins_its_transaction_and_the_next_one_of_the_command_ends_it(
    database: Database, line: CountingProxy
) -> None:
    """One for the login, and one for each question."""
    reader = line.conninfo(database.conninfo("cutter_ro"))
    with sessions_kept():
        for _ in range(3):
            with connect(reader, read_only=True) as connection:
                assert scalar(connection, HOLDS) == 0
                assert scalar(connection, "SHOW transaction_read_only") == "on"
    assert _trips(line) == [1 + 3 * 2]


def test_a_transaction_that_writes_has_one_for_its_commit_alone(database: Database, line: CountingProxy) -> None:
    """What decides about a COMMIT has been answered before it is sent."""
    with connect(line.conninfo(database.conninfo("cutter_exec"))) as connection:
        connection.execute(HOLD)
    (sent,) = line.taken()
    assert sent.statements[-1] == f"{sent.trips}: COMMIT"
    assert sent.trips == 2 + 1 + 1


def test_what_is_sent_together_is_answered_together(database: Database, line: CountingProxy) -> None:
    with _session(line.conninfo(database.conninfo("cutter_ro"))) as session:
        with session.together():
            cursors = [session.execute("SELECT %s::int", (number,)) for number in range(20)]
        assert [cursor.fetchall() for cursor in cursors] == [[(number,)] for number in range(20)]
    assert _trips(line) == [2 + 1]


@pytest.mark.parametrize(
    "large", ["1", "repeat('x', 1000000)"], ids=["small answers", "an answer before that comes at once"]
)
def test_the_error_is_that_of_the_statement_that_failed_and_nothing_behind_it_was_done(
    database: Database, large: str
) -> None:
    with _session(database.conninfo("cutter_exec"), read_only=False) as session:
        with pytest.raises(psycopg.errors.DivisionByZero), session.together():  # noqa: PT012
            session.execute(f"SELECT {large}".encode())
            session.execute("SELECT 1 / 0")
            session.execute(HOLD)
            session.execute("SELECT 'no number'::int")
        session.rollback()
        assert scalar(session, HOLDS) == 0


def test_the_first_statement_is_blamed_for_itself(database: Database) -> None:
    """It is sent together with what begins the transaction, in a new session and in one that was kept."""
    reader = database.conninfo("cutter_ro")
    with sessions_kept():
        for _ in range(2):
            with connect(reader, read_only=True) as connection:
                scalar(connection, HOLDS)
            with (
                pytest.raises(CutterError, match="permission denied") as caught,
                connect(reader, read_only=True) as connection,
            ):
                connection.execute("SELECT rolpassword FROM pg_authid")
            assert caught.value.code is StopCode.GRANT_DELTA
            with pytest.raises(CutterError, match="25006") as caught, connect(reader, read_only=True) as connection:
                connection.execute("CREATE TABLE public.never (i int)")
            assert caught.value.code is StopCode.IDENTITY_MISMATCH


@pytest.mark.parametrize("before", ["", HOLD], ids=["its first statement", "a later one"])
def test_a_transaction_in_which_a_statement_failed_is_never_taken_for_committed(
    database: Database, before: str
) -> None:
    """The server answers its COMMIT with ROLLBACK, and no error, though nothing is written."""
    writer = database.conninfo("cutter_exec")
    with pytest.raises(CutterError, match="had failed before its COMMIT"), connect(writer) as connection:  # noqa: PT012
        if before:
            connection.execute(before.encode())
        with suppress(psycopg.Error):
            connection.execute("SELECT 1 / 0")
    with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
        assert scalar(connection, HOLDS) == 0


def test_what_is_asked_after_a_commit_is_waited_for_as_before_it(database: Database) -> None:
    """A stop sets its HOLD and goes on with the same session."""
    with _session(database.conninfo("cutter_exec"), read_only=False) as session:
        limit = session.answer_limit_s
        session.execute(HOLD)
        finish(session)
        assert session.answer_limit_s == limit


def test_no_operator_of_the_databases_is_used_before_the_search_path_is_set(database: Database) -> None:
    """It would run as the role that logs in."""
    with database.connect() as administrator:
        administrator.execute(
            "CREATE FUNCTION public.spy(text, text) RETURNS boolean LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'it runs as %', session_user; END $$;"
            " CREATE OPERATOR public.~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = public.spy)"
        )
        name = psycopg.sql.Identifier(database.name)
        administrator.execute(psycopg.sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog").format(name))
    with connect(database.conninfo("cutter_exec")) as connection:
        assert scalar(connection, HOLDS) == 0


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_what_ends_a_block_otherwise_is_what_is_raised(database: Database, error: type[BaseException]) -> None:
    with _session(database.conninfo("cutter_exec"), read_only=False) as session:
        with pytest.raises(error), session.together():  # noqa: PT012
            session.execute(HOLD)
            raise error
        session.rollback()
        assert scalar(session, HOLDS) == 0


def test_a_transaction_that_was_left_holds_nothing(database: Database) -> None:
    """Its end is sent at once, though nobody waits for the answer: a lock would stay for as long as the command works."""
    with sessions_kept(), database.connect() as administrator:
        with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
            pid = scalar(connection, f"SELECT pg_backend_pid() FROM ({HOLDS}) h")
            held = "SELECT count(*) FROM pg_locks WHERE pid = %s AND locktype = 'relation'"
            assert int(str(scalar(administrator, held, pid))) > 0
        until(lambda: scalar(administrator, held, pid) == 0, "the locks are gone")
        assert scalar(administrator, "SELECT xact_start FROM pg_stat_activity WHERE pid = %s", pid) is None


def test_a_session_that_is_dropped_asks_nothing_more(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Whenever the garbage collector comes: its line may be gone, and its lock another thread's."""
    session = log_in(
        database.conninfo("cutter_ro"), application="cutter-console", statement_timeout_s=30, read_only=True
    )
    session.execute(HOLDS)
    session.leave()
    session.pgconn.finish()
    with caplog.at_level(logging.DEBUG, "psycopg"):
        del session
        gc.collect()

    assert caplog.messages == []


LIMIT = "SELECT set_config('idle_in_transaction_session_timeout', %s, false)"


def _alone(session: Session) -> None:
    session.execute(LIMIT, ("50",))


def _together(session: Session) -> None:
    with session.together():
        session.execute(HOLD)
        session.execute(LIMIT, ("50",))


def _after_another_one(session: Session) -> None:
    session.execute(HOLD)
    _together(session)


def _for_many(session: Session) -> None:
    session.begin()
    session.cursor().executemany(LIMIT, [("70",), ("50",)])


def _after_a_copy(session: Session) -> None:
    _alone(session)
    with session.cursor().copy("COPY (SELECT 1) TO STDOUT") as copy:
        assert list(copy)


def _after_rows_one_by_one(session: Session) -> None:
    _alone(session)
    assert list(session.cursor().stream("SELECT generate_series(1, 9)"))


def _after_rows_that_nobody_took(session: Session) -> None:
    _alone(session)
    rows = session.cursor().stream("SELECT generate_series(1, 9)")
    next(rows)
    rows.close()  # type: ignore[attr-defined]


def _after_a_savepoint(session: Session) -> None:
    with session.transaction():
        session.execute("SELECT 1")
    _alone(session)
    with session.transaction(), session.together():
        session.execute("SELECT 1")


def _limited_from_now_on(session: Session) -> None:
    """Set the limit and commit it in one exchange: what the failed transaction sets is gone with it, and between two the limit would pass."""
    with session.together():
        session.execute(LIMIT, ("50",))
        session.execute("COMMIT")


def _failed(session: Session) -> None:
    _limited_from_now_on(session)
    with suppress(psycopg.errors.DivisionByZero), session.together():
        session.execute("SELECT 1")
        session.execute("SELECT 1 / 0")
        session.execute(HOLD)


def _failed_for_one_of_many(session: Session) -> None:
    _limited_from_now_on(session)
    with suppress(psycopg.errors.DivisionByZero):
        session.cursor().executemany("SELECT 1 / %s::int", [(1,), (0,), (2,)])


def _given_up(session: Session) -> None:
    """A block that is left by something that is no error of the server's."""
    with suppress(KeyError), session.together():
        session.execute(LIMIT, ("50",))
        raise KeyError


@pytest.mark.parametrize(
    "silent",
    [
        *(_alone, _together, _after_another_one, _for_many, _after_a_copy, _after_rows_one_by_one),
        *(_after_rows_that_nobody_took, _after_a_savepoint, _failed, _failed_for_one_of_many, _given_up),
    ],
)
def test_the_servers_limit_ends_the_transaction_of_whoever_falls_silent_after_an_exchange(
    database: Database, silent: Callable[[Session], None]
) -> None:
    """A message that follows the end of the exchange would stop the server's clock: a lost COMMIT leaves its locks for ever."""
    with _session(database.conninfo("cutter_exec"), read_only=False) as session, database.connect() as administrator:
        pid = session.info.backend_pid
        silent(session)
        until(
            lambda: scalar(administrator, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid) == 0,
            "the server has ended it",
        )


@pytest.mark.parametrize("megabytes", [1, 8])
def test_what_the_line_does_not_take_at_once_is_sent_whole(database: Database, megabytes: int) -> None:
    """A manifest has megabytes, and goes with the first statement of its transaction."""
    length, value = "SELECT length(%s::text)", "x" * (megabytes * 1_000_000)
    with _session(database.conninfo("cutter_ro")) as session:
        assert scalar(session, length, value) == len(value)
        session.rollback()
        with session.together():
            cursors = [session.execute(length, (value,)) for _ in range(2)]
        assert [cursor.fetchall() for cursor in cursors] == [[(len(value),)]] * 2


def test_an_exchange_can_be_cancelled(database: Database) -> None:
    with _session(database.conninfo("cutter_ro")) as session, database.connect() as administrator:
        pid = session.info.backend_pid
        asleep = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %s"

        def cancel() -> None:
            until(lambda: scalar(administrator, asleep, pid) is True, "it sleeps")
            session.cancel_safe(timeout=5)

        canceller = threading.Thread(target=cancel)
        canceller.start()
        with pytest.raises(psycopg.errors.QueryCanceled), session.together():  # noqa: PT012
            session.execute("SELECT 1")
            session.execute("SELECT pg_sleep(60)")
            session.execute("SELECT 2")
        canceller.join()
        session.rollback()
        assert scalar(session, "SELECT 3") == 3


def test_a_session_that_ends_within_an_exchange_says_so(database: Database) -> None:
    with _session(database.conninfo("cutter_ro")) as session, database.connect() as administrator:
        with session.together():
            pid = session.execute("SELECT pg_backend_pid()")
        administrator.execute("SELECT pg_terminate_backend(%s, 10000)", pid.fetchone())
        with pytest.raises(psycopg.OperationalError) as caught, session.together():  # noqa: PT012
            session.execute("SELECT 1")
            session.execute("SELECT 2")
        assert not isinstance(caught.value, psycopg.errors.PipelineAborted)
        assert session.broken


def _copied(session: Session) -> object:
    with session.cursor().copy("COPY (SELECT 1) TO STDOUT") as copy:
        return list(copy)


def _in_savepoint(session: Session) -> object:
    with session.transaction():
        return scalar(session, "SELECT 1")


Block = Callable[[Session], object]
FIRST: dict[str, Block] = {
    "stream": lambda session: list(session.cursor().stream("SELECT 1")),
    "copy": _copied,
    "savepoint": _in_savepoint,
}


@pytest.mark.parametrize("first", FIRST)
def test_a_transaction_begins_with_whatever_comes_first(database: Database, first: str) -> None:
    with _session(database.conninfo("cutter_ro")) as session:
        assert FIRST[first](session)
        assert session.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
        assert scalar(session, "SHOW transaction_read_only") == "on"


def test_rows_that_arrived_one_by_one_leave_nothing_to_the_statements_behind_them(database: Database) -> None:
    with _session(database.conninfo("cutter_ro")) as session:
        for _ in range(2):
            assert sum(number for (number,) in session.cursor().stream("SELECT generate_series(1, 3)", size=2)) == 6
            with session.together():
                cursors = [session.execute("SELECT generate_series(1, 3)") for _ in range(2)]
            assert [cursor.fetchall() for cursor in cursors] == [[(1,), (2,), (3,)]] * 2
            session.rollback()

"""Questions that are asked together are answered as they would be one after the other, in fewer exchanges."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import psycopg
import pytest
from psycopg import sql

from console.backend.model.errors import Refused, StopCode
from console.backend.postgres.asking import Asking, ask_together
from console.backend.postgres.connections import read_column, read_rows, scalar
from console.backend.postgres.session import Session
from console.backend.postgres.sessions import log_in
from console.backend.scratch.cluster import PORT
from tests.conftest import Database
from tests.support.round_trips import counting_proxy


@contextmanager
def _session(conninfo: str) -> Iterator[Session]:
    with closing(log_in(conninfo, application="cutter-console", statement_timeout_s=30, read_only=True)) as session:
        yield session


def _numbers(connection: psycopg.Connection, most: int) -> tuple[int, ...]:
    return read_rows(connection, int, "SELECT generate_series(1, %s::int)", (most,))


def _of_two_steps(connection: psycopg.Connection) -> tuple[str, int]:
    """The second statement depends on the answer to the first; that one has several rows."""
    most = sum(_numbers(connection, 3))
    return str(scalar(connection, "SELECT repeat('x', %s::int)", most)), len(_numbers(connection, most))


def _refuses(connection: psycopg.Connection, code: StopCode) -> None:
    raise Refused(code, str(scalar(connection, "SELECT 'refused'")), "Do something else.")


def test_questions_are_answered_in_one_exchange_for_each_step(database: Database) -> None:
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        with _session(proxy.conninfo(database.conninfo("cutter_ro"))) as session:
            with Asking(session) as asking:
                steps, three = asking.ask(_of_two_steps), asking.ask(partial(_numbers, most=3))
                nothing = asking.ask(lambda _: "asks nothing")
                names = asking.ask(partial(read_column, query="SELECT 'a' UNION SELECT 'b' ORDER BY 1"))
            assert steps.value == ("xxxxxx", 6)
            assert three.value == (1, 2, 3)
            assert nothing.value == "asks nothing"
            assert names.value == ("a", "b")
        (line,) = proxy.taken()
    assert line.trips == 2 + 3


def test_a_question_puts_a_statement_together_as_on_a_connection_of_its_own(database: Database) -> None:
    def composed(connection: psycopg.Connection) -> object:
        text = sql.SQL("SELECT {}").format(sql.Literal("ä'")).as_string(connection)
        return scalar(connection, text)

    with _session(database.conninfo("cutter_ro")) as session:
        assert ask_together(session, composed) == ("ä'",)


def test_what_two_questions_ask_alike_is_sent_once_and_read_by_both(database: Database) -> None:
    alike, apart = partial(scalar, query="SELECT 7"), partial(_numbers, most=3)
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        with _session(proxy.conninfo(database.conninfo("cutter_ro"))) as session:
            assert ask_together(session, alike, apart, alike, apart) == (7, (1, 2, 3), 7, (1, 2, 3))
            assert ask_together(session, alike, alike) == (7, 7)
        (line,) = proxy.taken()
    assert [statement.partition(": ")[2] for statement in line.statements].count("SELECT 7") == 2


def test_a_connection_that_sends_each_statement_by_itself_gives_the_same(database: Database) -> None:
    with database.connect("cutter_ro") as plain, _session(database.conninfo("cutter_ro")) as session:
        questions = (_of_two_steps, _of_two_steps)
        assert ask_together(plain, *questions) == ask_together(session, *questions)


def test_the_question_that_would_have_failed_first_is_the_one_that_is_told(database: Database) -> None:
    with _session(database.conninfo("cutter_ro")) as session:
        first, second = partial(_refuses, code=StopCode.DRIFT), partial(_refuses, code=StopCode.HOLD)
        with pytest.raises(Refused) as caught:
            ask_together(session, first, second)
        assert caught.value.code is StopCode.DRIFT
        with pytest.raises(psycopg.errors.DivisionByZero):
            ask_together(session, partial(scalar, query="SELECT 1 / 0"), partial(scalar, query="SELECT 'x'::int"))
        session.rollback()
        assert ask_together(session, partial(scalar, query="SELECT 1")) == (1,)


def test_all_of_them_are_of_one_transaction(database: Database) -> None:
    with _session(database.conninfo("cutter_ro")) as session:
        when = partial(scalar, query="SELECT now()")
        assert len(set(ask_together(session, when, when, when))) == 1

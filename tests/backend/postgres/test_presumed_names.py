"""The first question of a session goes out before the server has said what the session is; what was presumed never counts."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import psycopg
import pytest

from console.backend.model.errors import Drifted
from console.backend.model.schema_names import BESIDE, OWN, SchemaNames
from console.backend.postgres import kept_sessions
from console.backend.postgres.asking import ask_together
from console.backend.postgres.connections import connect, scalar
from console.backend.postgres.kept_sessions import sessions_kept, writers_kept
from console.backend.postgres.rendering import rendered, schema_names
from console.backend.postgres.session import Session, sent_together
from console.backend.postgres.sessions import log_in
from console.backend.postgres.stops import CANCEL, Running, hold_at_once
from console.backend.runs.hold_attempts import cancel_on, panic_session
from console.backend.scratch.cluster import PORT
from tests.conftest import Database
from tests.support.round_trips import counting_proxy

HOLDS = "SELECT count(*) FROM cutter_governance.v_hold"
SET_HOLD = "SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)"


def _session(conninfo: str, presumed: SchemaNames) -> Session:
    return log_in(conninfo, application="cutter-console", statement_timeout_s=30, read_only=True, presumed=presumed)


@pytest.fixture
def misled(database: Database) -> Iterator[Session]:
    """A session that takes the database for one whose tables stand beside an organisation's."""
    with closing(_session(database.conninfo("cutter_ro"), BESIDE)) as session:
        yield session


def _copied(session: Session) -> object:
    with session.cursor().copy(f"COPY ({HOLDS}) TO STDOUT") as copy:
        return int(b"".join(map(bytes, copy)))


def _in_savepoint(session: Session) -> object:
    with session.transaction():
        return scalar(session, HOLDS)


def _sent_together(session: Session) -> object:
    with sent_together(session):
        answer = session.execute(HOLDS.encode())
    return answer.fetchall()[0][0]


def _streamed(session: Session) -> object:
    return next(row for (row,) in session.cursor().stream(HOLDS.encode()))


FIRST: dict[str, Callable[[Session], object]] = {
    "a statement": lambda session: scalar(session, HOLDS),
    "a question": lambda session: ask_together(session, partial(scalar, query=HOLDS))[0],
    "statements together": _sent_together,
    "stream": _streamed,
    "copy": _copied,
    "savepoint": _in_savepoint,
}


@pytest.mark.parametrize("first", FIRST)
def test_what_was_asked_by_other_names_is_asked_again_by_those_of_the_database(misled: Session, first: str) -> None:
    assert FIRST[first](misled) == 0
    assert misled.names == OWN
    assert misled.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
    assert scalar(misled, "SHOW transaction_read_only") == "on"


def _named(connection: psycopg.Connection) -> tuple[str, object]:
    """The names are taken before the statement, as where it is put together of them."""
    names = schema_names(connection)
    return names.ledger, scalar(connection, HOLDS)


def test_questions_asked_together_are_all_begun_anew(misled: Session) -> None:
    """Also one that asked no statement: its value was made of the names."""
    answers = ask_together(misled, lambda connection: (schema_names(connection).ledger, 0), _named)
    assert answers == (("cutter_governance", 0), ("cutter_governance", 0))


def test_whoever_takes_the_names_first_has_those_of_the_database(misled: Session) -> None:
    assert schema_names(misled) == OWN


@pytest.mark.parametrize(("presumed", "trips"), [(OWN, 1 + 1), (BESIDE, 1 + 2)])
def test_what_is_presumed_costs_one_exchange_if_it_is_not_so(
    database: Database, presumed: SchemaNames, trips: int
) -> None:
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        with closing(_session(proxy.conninfo(database.conninfo("cutter_ro")), presumed)) as session:
            assert scalar(session, HOLDS) == 0
        (line,) = proxy.taken()
    assert line.trips == trips


def test_what_the_session_is_decides_before_the_answer_to_its_first_question(database: Database) -> None:
    with database.connect() as administrator:
        place = f"ROLE cutter_ro IN DATABASE {database.name}"
        administrator.execute(f"ALTER {place} SET session_replication_role = replica".encode())
        reader = connect(database.conninfo("cutter_ro"), read_only=True)
        with pytest.raises(Drifted, match="session_replication_role is replica"), reader as connection:
            scalar(connection, HOLDS)
        administrator.execute(f"ALTER {place} RESET session_replication_role".encode())


def test_a_write_by_other_names_than_another_connection_has_seen_is_refused_and_takes_no_effect(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All connections are to one database; one that is to another is not written to by names that were never its own."""
    monkeypatch.setattr(kept_sessions._Kept, "presumed", lambda _: BESIDE)
    with sessions_kept():
        writer = connect(database.conninfo("cutter_exec"))
        with pytest.raises(Drifted, match="this connection is to another database"), writer as connection:
            connection.execute(SET_HOLD.encode())
    with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
        assert scalar(connection, HOLDS) == 0


def test_names_that_were_refused_are_not_kept_as_those_of_the_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = database.conninfo("cutter_exec")
    with sessions_kept():
        with monkeypatch.context() as patch:
            patch.setattr(kept_sessions._Kept, "presumed", lambda _: BESIDE)
            writer = connect(executor)
            with pytest.raises(Drifted), writer as connection:
                connection.execute(SET_HOLD.encode())
        with connect(executor, read_only=True) as connection:
            assert scalar(connection, HOLDS) == 0


def test_a_session_that_has_asked_nothing_is_not_handed_on_to_write(database: Database) -> None:
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        executor = proxy.conninfo(database.conninfo("cutter_exec"))
        with writers_kept():
            with connect(executor, read_only=True):
                pass
            with connect(executor) as connection:
                connection.execute(SET_HOLD.encode())
        _, line = proxy.taken()
    (sent,) = [statement for statement in line.statements if "fn_hold_set" in statement]
    assert sent.startswith("3: ")


@pytest.mark.parametrize(("sets_hold", "times"), [(True, 2), (False, 1)])
def test_a_cancel_goes_out_once_and_only_where_the_session_is_known(
    database: Database, monkeypatch: pytest.MonkeyPatch, sets_hold: bool, times: int
) -> None:
    """It has its effect though it is rolled back, and the second one would say that nothing was running."""
    monkeypatch.setattr(kept_sessions, "OWN", BESIDE)
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        with panic_session(proxy.conninfo(database.conninfo("cutter_exec")), sets_hold=sets_hold) as connection:
            assert cancel_on(connection).done
        (line,) = proxy.taken()
    assert sum("pg_cancel_backend" in statement for statement in line.statements) == times


def test_a_stop_sets_one_hold_whatever_the_names_of_the_database_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is committed in the exchange in which the server says other names."""
    monkeypatch.setattr(kept_sessions, "OWN", BESIDE)
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        with panic_session(proxy.conninfo(database.conninfo("cutter_exec")), sets_hold=True) as connection:
            assert hold_at_once(connection, "stop", "tester", cancels=True, limit_s=10) == (Running(0, 0), None)
            assert connection.names == OWN
        (line,) = proxy.taken()
    assert sum("fn_hold_set" in statement for statement in line.statements) == 1
    with database.connect() as owner:
        assert owner.execute("SELECT count(*) FROM cutter_governance.hold_event").fetchall() == [(1,)]


@pytest.mark.parametrize("names", [OWN, BESIDE])
def test_what_a_stop_sends_is_the_same_under_any_names(names: SchemaNames) -> None:
    for statement in ("SELECT cutter_console.fn_hold_set(%s, %s, %s)", CANCEL):
        assert rendered(names, statement) == statement


def test_a_write_that_is_the_first_of_a_command_goes_out_when_the_server_has_said_what_the_session_is(
    database: Database,
) -> None:
    with counting_proxy(database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        with sessions_kept(), connect(proxy.conninfo(database.conninfo("cutter_exec"))) as connection:
            connection.execute(SET_HOLD.encode())
        (line,) = proxy.taken()
    (sent,) = [statement for statement in line.statements if "fn_hold_set" in statement]
    assert sent.startswith("3: ")

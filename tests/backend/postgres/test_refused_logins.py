"""A login that a server refuses for a right or a rule: the next action says what lets it in, and is tried."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from console.backend.model.errors import StopCode, Unmeasured
from console.backend.postgres.connections import connect, translate
from tests.conftest import Database
from tests.support.waiting import until

_ROLE = 'caller "of" theirs'
_QUOTED = '"caller ""of"" theirs"'


@pytest.fixture
def caller(database: Database) -> Iterator[str]:
    """A role of the server, and the connection of it."""
    name = sql.Identifier(_ROLE)
    with database.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    yield database.conninfo(_ROLE)
    with database.connect() as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(name))


def _refused(conninfo: str) -> Unmeasured:
    with pytest.raises(Unmeasured) as refused, connect(conninfo, read_only=True):
        pytest.fail("it was let in")
    assert refused.value.code is StopCode.UNREACHABLE
    return refused.value


def _let_in(conninfo: str) -> None:
    with connect(conninfo, read_only=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_role_that_may_not_log_in_is_let_in_by_the_command_that_is_named(database: Database, caller: str) -> None:
    with database.connect() as connection:
        connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(_ROLE)))

    refused = _refused(caller)

    assert "is not permitted to log in" in refused.message
    assert f"a member of {_ROLE} and of no other" in refused.next_action
    with database.connect() as connection:
        connection.execute(refused.next_action.rpartition("log in itself: ")[2].encode())
    _let_in(caller)


def test_a_role_without_a_right_to_connect_is_let_in_by_the_command_that_is_named(
    database: Database, caller: str
) -> None:
    with database.connect() as connection:
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database.name)))

    refused = _refused(caller)

    command = refused.next_action.rpartition(": ")[2]
    assert command == f'GRANT CONNECT ON DATABASE "{database.name}" TO ROLE'
    with database.connect() as connection:
        connection.execute(command.replace("TO ROLE", f"TO {_QUOTED}").encode())
    _let_in(caller)
    with database.connect() as connection:
        connection.execute(f"{command.replace('GRANT', 'REVOKE').replace('TO ROLE', 'FROM')} {_QUOTED}".encode())
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO PUBLIC").format(sql.Identifier(database.name)))


def test_a_closed_database_is_opened_by_the_command_that_is_named(database: Database) -> None:
    elsewhere = psycopg.connect(database.cluster.conninfo("postgres"), autocommit=True)
    with elsewhere:
        close = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(database.name))
        elsewhere.execute(close)
        refused = _refused(database.conninfo())
        elsewhere.execute(refused.next_action.rpartition("another database: ")[2].encode())
    _let_in(database.conninfo())


@contextmanager
def _ruled(database: Database, rule: str) -> Iterator[None]:
    """Let the server begin its rules with this one."""
    rules = database.cluster.data_dir / "pg_hba.conf"
    before = rules.read_bytes()
    count = b"SELECT count(*) FROM pg_hba_file_rules"

    def reload(text: bytes) -> None:
        with database.connect() as connection:
            rules.write_bytes(text)
            connection.execute("SELECT pg_reload_conf()")
            assert connection.execute(count).fetchone() is not None

    reload(f"{rule}\n".encode() + before)
    try:
        yield
    finally:
        reload(before)


def _is_let_in(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize(
    ("method", "words"), [("reject", "let this host, role and database in"), ("peer", "map the system's user")]
)
def test_a_rule_of_the_server_is_named_with_the_file_that_has_it(
    database: Database, caller: str, method: str, words: str
) -> None:
    with _ruled(database, f"local all {_QUOTED} {method}"):
        until(lambda: not _is_let_in(caller), "the rule holds")
        refused = _refused(caller)
    until(lambda: _is_let_in(caller), "the rule is gone")
    assert words in refused.next_action
    assert "pg_hba.conf" in refused.next_action


_FAILED = 'connection to server at "192.0.2.7", port 5432 failed: FATAL:  no pg_hba.conf entry for host'


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (f'{_FAILED} "192.0.2.9", user "u", database "d", no encryption', "sslmode=verify-full"),
        (
            f'{_FAILED} "192.0.2.9", user "u", database "d", SSL encryption\n'
            f'{_FAILED} "192.0.2.9", user "u", database "d", no encryption',
            "let this host, role and database in",
        ),
        (f'{_FAILED} "192.0.2.9", user "u", database "d", SSL encryption', "let this host, role and database in"),
        (f'{_FAILED} "[local]", user "u", database "d", no encryption', "let this host, role and database in"),
    ],
    ids=["plain text", "with TLS and without", "with TLS", "over a Unix socket"],
)
def test_a_line_without_tls_is_the_reason_only_where_it_can_be(message: str, words: str) -> None:
    assert words in translate(psycopg.OperationalError(message)).next_action

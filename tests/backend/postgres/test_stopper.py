"""The role that only stops is made by `migrate` where it may, missed by nothing where it is not, and let in when it comes."""

from collections.abc import Iterator

import pytest
from psycopg import sql

from console.backend.model.outcome import Outcome
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.guards import guard_faults
from console.backend.postgres.migrations import migrate, migrations
from console.backend.postgres.triggers import triggers
from console.backend.scratch.cluster import TransientCluster
from tests.conftest import DEFAULT_MAJOR, Database
from tests.support.older_schemas import BEFORE_THE_MOVE, install

_ROLES = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'cutter\\_%' ORDER BY 1"
_FOUR = [("cutter_exec",), ("cutter_owner",), ("cutter_ro",), ("cutter_verify",)]
_MAY = """
    SELECT p.proname::text FROM pg_proc p
     WHERE p.pronamespace = 'cutter_console'::regnamespace AND has_schema_privilege('cutter_stop', p.pronamespace, 'USAGE')
       AND has_function_privilege('cutter_stop', p.oid, 'EXECUTE')
"""


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[TransientCluster]:
    """A cluster of its own: roles belong to the whole of one."""
    with TransientCluster.start(DEFAULT_MAJOR) as cluster:
        yield cluster


@pytest.fixture
def older(own_cluster: TransientCluster) -> Iterator[Database]:
    """A database of an older program, without the role, and an administrator who may not make one."""
    database = Database(own_cluster, "older")
    with Database(own_cluster, "postgres").connect() as connection:
        connection.execute("CREATE DATABASE older TEMPLATE template0")
    install(database.conninfo(), BEFORE_THE_MOVE)
    with database.connect() as connection:
        connection.execute("DROP ROLE cutter_stop; CREATE ROLE builder LOGIN IN ROLE cutter_owner")
        connection.execute("ALTER DATABASE older OWNER TO builder")
        connection.execute(
            "INSERT INTO cutter_governance.schema_pin (batch, line) SELECT 2, line FROM cutter_governance.v_schema_line"
        )
        yield database
    with Database(own_cluster, "postgres").connect() as connection:
        connection.execute("DROP DATABASE older WITH (FORCE)")
        for role in ("builder", "cutter_exec", "cutter_verify", "cutter_ro", "cutter_stop", "cutter_owner"):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def _rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def test_who_may_make_no_role_brings_an_older_database_up_to_date_without_it(older: Database) -> None:
    assert migrate(older.conninfo("builder")).applied[-1] == migrations()[-1].name
    assert _rows(older, _ROLES) == _FOUR
    assert measure_drift(older.conninfo("cutter_ro")).outcome is Outcome.PASS
    with older.connect() as connection:
        assert guard_faults(triggers(connection)) == ()


def test_a_role_that_comes_later_is_let_in_by_the_next_migrate_that_accepts_it(older: Database) -> None:
    migrate(older.conninfo("builder"))
    with older.connect() as connection:
        connection.execute("CREATE ROLE cutter_stop LOGIN")
    assert _rows(older, _MAY) == []
    seen = measure_drift(older.conninfo("cutter_ro"))
    assert [difference.subject for difference in seen.differences] == ["cutter_stop"]

    assert not migrate(older.conninfo("builder")).pinned
    assert _rows(older, _MAY) == []

    assert migrate(older.conninfo("builder"), accept=seen.schema_digest).pinned
    assert _rows(older, _MAY) == [("fn_hold_ensure",)]
    assert measure_drift(older.conninfo("cutter_ro")).outcome is Outcome.PASS


def test_a_migration_makes_it_where_the_administrator_may(older: Database) -> None:
    migrate(older.conninfo(), accept=measure_drift(older.conninfo("cutter_ro")).schema_digest)
    assert ("cutter_stop",) in _rows(older, _ROLES)
    assert _rows(older, _MAY) == [("fn_hold_ensure",)]
    assert measure_drift(older.conninfo("cutter_ro")).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "change",
    [
        "ALTER ROLE cutter_stop CREATEROLE",
        "GRANT cutter_exec TO cutter_stop",
        "ALTER ROLE cutter_stop SET search_path = public",
    ],
)
def test_a_change_of_the_role_is_a_drift(older: Database, change: str) -> None:
    migrate(older.conninfo(), accept=measure_drift(older.conninfo("cutter_ro")).schema_digest)
    with older.connect() as connection:
        connection.execute(change.encode())
    assert measure_drift(older.conninfo("cutter_ro")).outcome is Outcome.FAIL

"""The digest that is kept is that of the same rows, and of no other database, setting or server."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from console.backend.postgres import inventory
from console.backend.runs.phase_context import SchemaDigest
from tests.conftest import Database, fresh_database
from tests.support.digest_once import digest_once

COMPUTED = "SELECT cutter_console.fn_schema_digest()"
"""What the database computes each time that it is asked."""
_BREAKS = (
    "GRANT UPDATE ON public.unit_version TO cutter_exec",
    "CREATE OR REPLACE FUNCTION cutter_console.fn_hold_reason() RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$",
    "ALTER TABLE public.unit_version DISABLE TRIGGER ALL",
    "ALTER DATABASE {0} SET work_mem = '1MB'",
    "GRANT TEMPORARY ON DATABASE {0} TO cutter_ro",
    "ALTER DATABASE {0} OWNER TO cutter_owner",
)


def _both(connection: psycopg.Connection) -> tuple[str, object]:
    """The digest as tests are answered, and as the database computes it."""
    row = connection.execute(COMPUTED).fetchone()
    return inventory.schema_digest(connection), row[0] if row else None


@pytest.mark.parametrize("statement", _BREAKS)
def test_whatever_changes_is_computed_again(database: Database, statement: str) -> None:
    with database.connect() as connection:
        before, computed = _both(connection)
        assert before == computed
        connection.execute(statement.format(database.name).encode())

        after, computed = _both(connection)

    assert before != after == computed


@pytest.fixture
def copied(database: Database, template_of: Callable[[int], str]) -> Iterator[Database]:
    """Another copy of what the test's database was copied from."""
    yield from fresh_database(database.cluster, template_of(database.cluster.major), "copied_without_settings")


def test_what_is_set_for_one_database_is_not_taken_for_its_copy(database: Database, copied: Database) -> None:
    with database.connect() as connection:
        connection.execute(f"ALTER DATABASE {database.name} SET work_mem = '1MB'".encode())
        here = inventory.schema_digest(connection)
    with copied.connect() as connection:
        there, computed = _both(connection)

    assert here != there == computed


def test_the_same_rows_are_answered_without_computing_and_as_the_program_has_them(database: Database) -> None:
    with digest_once(), database.connect() as connection:
        if connection.info.server_version < 150000:
            pytest.skip("the server has no pg_stat_force_next_flush, by which its count of calls is read at once")
        first, again = SchemaDigest(), SchemaDigest()
        first.now(connection)
        assert first._last == inventory.placed_digest(connection)
        connection.execute("SET track_functions = 'all'")
        connection.execute("SELECT pg_stat_reset()")

        assert again.now(connection) == first.last(connection)
        assert again._last == first._last
        assert _computed(connection) == []

        inventory.placed_digest(connection)
        assert "fn_schema_line" in _computed(connection)


def _computed(connection: psycopg.Connection) -> list[str]:
    """The functions of the digest that the server has run since its counts were reset."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    query = "SELECT funcname::text FROM pg_stat_user_functions WHERE funcname LIKE 'fn_schema%'"
    return [row[0] for row in connection.execute(query)]

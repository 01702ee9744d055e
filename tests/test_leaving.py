"""The operator guide's way out and its passwords, as they are printed, on a server of the test's own."""

from collections.abc import Iterator

import psycopg
import pytest

from console.backend.postgres.databases import create_database
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from tests.conftest import DEFAULT_MAJOR
from tests.support.guide_code import code_of

_LEFT = """
    SELECT datname::text FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')
    UNION ALL
    SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user
"""


@pytest.fixture
def rules() -> Iterator[TransientCluster]:
    """A server with a database `rules` of the console's own, and nothing else."""
    with TransientCluster.start(DEFAULT_MAJOR) as cluster:
        create_database(cluster.conninfo(), "rules", "test")
        migrate(cluster.conninfo("rules"))
        yield cluster


def test_what_the_guide_has_dropped_is_all_that_there_was(rules: TransientCluster) -> None:
    statements = [line for line in code_of("Take the console away") if line.startswith("DROP ")]
    with psycopg.connect(rules.conninfo(), autocommit=True) as connection:
        assert len(connection.execute(_LEFT.encode()).fetchall()) > len(statements)
        for statement in statements:
            connection.execute(statement.encode())
        assert connection.execute(_LEFT.encode()).fetchall() == []


def test_each_role_that_logs_in_is_given_a_password_and_has_its_line(rules: TransientCluster) -> None:
    """Each but that of the stop, which has its own chapter."""
    code = code_of("2. Name the connections")
    given = {line.split()[1] for line in code if line.startswith("\\password ")}
    with psycopg.connect(rules.conninfo()) as connection:
        log_in = {
            name
            for (name,) in connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'cutter_%%'"
            )
        }
    assert given == log_in - {"cutter_stop"}
    assert {line.split(":")[3] for line in code if line.startswith("*:5432:")} == given

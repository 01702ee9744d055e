"""Where a session of the product looks for names does not depend on what its role or database begins with."""

from psycopg import sql

from console.backend.postgres.connections import connect, scalar
from tests.conftest import Database


def test_a_session_looks_for_names_in_the_catalog_whatever_a_role_begins_with(database: Database) -> None:
    with database.connect() as administrator:
        name = sql.Identifier(database.name)
        administrator.execute(sql.SQL("ALTER DATABASE {} SET search_path = nowhere, pg_catalog").format(name))
    with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
        assert scalar(connection, "SHOW search_path") == "pg_catalog, pg_temp"

"""The digest over the rows of the catalogues moves with each row that the inventory is made of."""

import re

import psycopg
import pytest
from psycopg import sql

from console.backend.postgres.catalogue_rows import catalogue_rows, rows_query
from tests.conftest import Database

_NAMED = """
    SELECT DISTINCT k.relname
      FROM pg_class k
     CROSS JOIN pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE k.relnamespace = 'pg_catalog'::regnamespace
       AND k.relkind IN ('r', 'v')
       AND n.nspname = 'cutter_console'
       AND p.proname LIKE 'fn\\_schema\\_%'
       AND p.prosrc ~ ('\\m' || k.relname || '\\M')
"""
_BEHIND = {"pg_publication_tables": {"pg_publication", "pg_publication_rel", "pg_publication_namespace"}}
"""Catalogues behind a view that is not read as it is."""
_SINCE_15 = {"pg_publication_namespace", "pg_parameter_acl"}
_OFTEN_EMPTY = {
    *("pg_policy", "pg_inherits", "pg_event_trigger", "pg_parameter_acl", "pg_default_acl", "pg_db_role_setting"),
    *("pg_publication", "pg_publication_rel", "pg_publication_namespace", "pg_subscription_rel"),
}
_TOUCH = "UPDATE pg_catalog.{0} SET {1} = {1} WHERE ctid = (SELECT min(ctid) FROM pg_catalog.{0})"
_COLUMN = "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum = 1"


def _read(connection: psycopg.Connection) -> set[str]:
    """Return the catalogues that the inventory is made of, by the text of its functions."""
    named = {str(name) for (name,) in connection.execute(_NAMED.encode())}
    behind = set().union(*(_BEHIND[view] for view in named & _BEHIND.keys()))
    since = _SINCE_15 if connection.info.server_version >= 150000 else set()
    return (named - _BEHIND.keys() | behind) - (_SINCE_15 - since)


def test_every_catalogue_that_the_inventory_reads_is_looked_at(each_database: Database) -> None:
    with each_database.connect() as connection:
        read = _read(connection)
        looked_at = set(re.findall(r"FROM (pg_\w+)", rows_query(connection)))

    assert {"pg_class", "pg_proc", "pg_trigger", "pg_policy", "pg_roles", "pg_auth_members", "pg_default_acl"} <= read
    assert {"pg_rewrite", "pg_event_trigger", "pg_publication_rel", "pg_subscription", "pg_db_role_setting"} <= read
    assert sorted(read - looked_at) == []


def test_a_row_that_is_written_again_in_any_of_them_is_another_digest(each_database: Database) -> None:
    """Also where nothing in it has changed: what is not known to be the same is read again."""
    touched, without_rows = [], []
    with each_database.connect(autocommit=False) as connection:
        connection.execute("SET allow_system_table_mods = on")
        for catalogue in sorted(_read(connection) - {"pg_roles", "pg_subscription"}):
            before = catalogue_rows(connection)
            column = str((connection.execute(_COLUMN, (f"pg_catalog.{catalogue}",)).fetchone() or ("",))[0])
            touch = sql.SQL(_TOUCH).format(sql.Identifier(catalogue), sql.Identifier(column))
            if connection.execute(touch).rowcount == 0:
                without_rows.append(catalogue)
                continue
            touched.append(catalogue)
            assert catalogue_rows(connection) != before, catalogue
            connection.rollback()
            connection.execute("SET allow_system_table_mods = on")
            assert catalogue_rows(connection) == before, catalogue

    assert {"pg_class", "pg_attribute", "pg_proc", "pg_trigger", "pg_constraint", "pg_auth_members"} <= set(touched)
    # What is made below has them.
    assert set(without_rows) <= _OFTEN_EMPTY


@pytest.mark.parametrize(
    "statements",
    [
        "ALTER ROLE cutter_exec CONNECTION LIMIT 7",
        "ALTER ROLE cutter_exec SET work_mem = '5MB'",
        "CREATE SUBSCRIPTION one CONNECTION '' PUBLICATION one WITH (connect = false)",
        "CREATE PUBLICATION one FOR TABLE public.information_unit",
        "CREATE POLICY one ON public.information_unit",
        "CREATE TABLE public.one () INHERITS (public.information_unit)",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO cutter_ro",
        "CREATE FUNCTION public.one() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        " CREATE EVENT TRIGGER one ON ddl_command_end EXECUTE FUNCTION public.one()",
    ],
    ids=lambda statements: " ".join(str(statements).split()[:3]),
)
def test_what_is_made_or_changed_is_another_digest_and_taken_back_the_same(database: Database, statements: str) -> None:
    with database.connect(autocommit=False) as connection:
        before = catalogue_rows(connection)
        connection.execute(statements.encode())
        assert catalogue_rows(connection) != before
        connection.rollback()
        assert catalogue_rows(connection) == before

"""Every table, column, view and function of the product says in the database what it is, beside what an organisation says."""

import psycopg
import pytest

from console.backend.postgres.drift import measure_drift
from console.backend.postgres.migrations import migrate
from tests.conftest import Database
from tests.support.older_schemas import VERSION_0_2_0, put_older

_SILENT = """
    SELECT CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || c.oid::regclass FROM pg_class c
     WHERE c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND NOT EXISTS (SELECT FROM pg_description d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0)
    UNION ALL
    SELECT 'column ' || c.oid::regclass || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console') AND c.relkind IN ('r', 'p', 'f')
       AND a.attnum > 0 AND NOT a.attisdropped
       AND NOT EXISTS (SELECT FROM pg_description d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = a.attnum)
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure FROM pg_proc p
     WHERE p.pronamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console')
       AND NOT EXISTS (SELECT FROM pg_description d WHERE d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid)
"""

_OWNER = """
    DO $$ BEGIN
        IF to_regrole('cutter_owner') IS NULL THEN CREATE ROLE cutter_owner NOLOGIN; END IF;
    END $$
"""


def silent(connection: psycopg.Connection) -> list[str]:
    """Everything of the product that has no comment."""
    return sorted(str(name) for (name,) in connection.execute(_SILENT).fetchall())


def test_everything_of_the_product_has_a_comment(database: Database) -> None:
    with database.connect() as connection:
        assert silent(connection) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("COMMENT ON TABLE public.unit_version IS NULL", "table unit_version"),
        ("COMMENT ON COLUMN cutter_governance.run.stage IS NULL", "column cutter_governance.run.stage"),
        ("COMMENT ON FUNCTION cutter_console.fn_target() IS NULL", "function cutter_console.fn_target()"),
        ("CREATE VIEW cutter_governance.v_new AS SELECT 1 AS one", "view cutter_governance.v_new"),
    ],
)
def test_what_has_no_comment_is_found(database: Database, statement: str, found: str) -> None:
    with database.connect() as connection:
        connection.execute(statement.encode())
        assert silent(connection) == [found]


def test_an_installation_of_version_0_2_0_gets_the_comments_too(empty_database: Database) -> None:
    put_older(empty_database.cluster, empty_database.name, VERSION_0_2_0)
    with empty_database.connect() as connection:
        assert len(silent(connection)) > 300

    migrate(empty_database.conninfo())

    with empty_database.connect() as connection:
        assert silent(connection) == []


def test_an_organisations_own_words_are_kept(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute(_OWNER)
        connection.execute("CREATE TABLE public.dot_config (key text PRIMARY KEY, value text NOT NULL, note text)")
        connection.execute("ALTER TABLE public.dot_config OWNER TO cutter_owner")
        connection.execute("COMMENT ON TABLE public.dot_config IS 'Ours.'")
        connection.execute("COMMENT ON COLUMN public.dot_config.key IS 'Our key.'")

    migrate(empty_database.conninfo())

    with empty_database.connect() as connection:
        row = connection.execute(
            "SELECT obj_description(t, 'pg_class'), col_description(t, 1), col_description(t, 2), col_description(t, 3)"
            " FROM CAST('public.dot_config' AS regclass) AS t"
        ).fetchone()
    assert row == ("Ours.", "Our key.", "Its value.", None)


def test_another_comment_is_no_drift(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("COMMENT ON TABLE public.unit_version IS 'Other words.'")

    assert measure_drift(database.conninfo("cutter_ro")).differences == ()

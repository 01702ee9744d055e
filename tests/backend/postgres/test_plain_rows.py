"""Which tables a dump of them alone does not restore: each is odd for one reason."""

import psycopg
import pytest

from console.backend.postgres.plain_rows import needing_more, plain_columns, plain_hashes
from tests.conftest import Database

ODD = {
    "an enumeration": "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (a mood)",
    "a domain": "CREATE DOMAIN code AS text; CREATE TABLE t (a code)",
    "an array": "CREATE TABLE t (a text[])",
    "a type without a hash": "CREATE TABLE t (a json)",
    "a generated column": "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED)",
    "a default of a function": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a int DEFAULT f())",
    "a check by a function": "CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE TABLE t (a int CHECK (f(a)))",
    "a sequence of its own": "CREATE SEQUENCE s; CREATE TABLE t (a int DEFAULT nextval('s'))",
    "a sequence that may not be read": "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); REVOKE ALL ON t_a_seq FROM reader",
    "parts": "CREATE TABLE t (a int) PARTITION BY LIST (a)",
    "a table that it is a part of": "CREATE TABLE u (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF u DEFAULT",
    "a table that inherits from it": "CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t)",
    "a type of its rows": "CREATE TYPE row AS (a int); CREATE TABLE t OF row",
    "a collation": 'CREATE TABLE t (a text COLLATE "C")',
    "a compression": "CREATE TABLE t (a text COMPRESSION pglz)",
}
ORDINARY = {
    "what any server has": "CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL DEFAULT 'x', c timestamptz DEFAULT now(), d jsonb CHECK (d <> '{}'))",
    "a serial number": "CREATE TABLE t (a serial); GRANT SELECT ON t_a_seq TO reader",
    "a number by identity": "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); GRANT SELECT ON t_a_seq TO reader",
}


def _needing_more(database: Database, tables: str) -> tuple[str, ...]:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE reader")
        connection.execute(tables.encode())
        connection.execute("GRANT USAGE ON SCHEMA public TO reader; SET LOCAL ROLE reader")
        return needing_more(connection, ("public.t",))


@pytest.mark.parametrize("tables", ODD.values(), ids=ODD.keys())
def test_a_table_that_needs_more_than_itself_is_named(empty_database: Database, tables: str) -> None:
    assert _needing_more(empty_database, tables) == ("public.t",)


@pytest.mark.parametrize("tables", ORDINARY.values(), ids=ORDINARY.keys())
def test_a_table_that_any_server_restores_is_not_named(empty_database: Database, tables: str) -> None:
    assert _needing_more(empty_database, tables) == ()


def test_texts_that_a_collation_calls_equal_are_two_in_a_digest(each_empty_database: Database) -> None:
    """Else a backup would be proven whose texts are others in upper and lower case; only ICU, where a server has it, calls such equal."""
    with each_empty_database.connect() as connection:
        connection.execute("CREATE TABLE public.t (a text, b varchar(9), c integer)")
        values = {column.name: column.value for column in plain_columns(connection, "public.t")}
        assert values == {"a": 't.a COLLATE pg_catalog."C"', "b": 't.b COLLATE pg_catalog."C"', "c": "t.c"}
        try:
            connection.execute(
                "CREATE COLLATION public.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            )
        except psycopg.errors.FeatureNotSupported:
            return
        connection.execute("ALTER TABLE public.t ALTER a TYPE text COLLATE public.any_case")
        connection.execute("INSERT INTO public.t VALUES ('Rule')")
        before = plain_hashes(connection, "public.t")
        connection.execute("UPDATE public.t SET a = 'RULE' WHERE a = 'rule'")

        assert connection.execute("SELECT a FROM public.t").fetchone() == ("RULE",), "the collation calls them equal"
        assert plain_hashes(connection, "public.t") != before

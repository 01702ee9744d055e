"""Every function of the product stands in the console's own schema; older databases are carried over, and nobody else's schema is touched."""

import re

import psycopg
import pytest

from console.backend.model.console_schema import CONSOLE_SCHEMA, CONSOLE_SCHEMA_COMMENT, CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import Drifted, Refused
from console.backend.model.outcome import Outcome
from console.backend.postgres.definitions import definition_of
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.guards import guard_faults
from console.backend.postgres.migrations import migrate, migrations
from console.backend.postgres.triggers import triggers
from tests.conftest import Database
from tests.support.fingerprint import fingerprint
from tests.support.older_schemas import BEFORE_THE_MOVE, VERSION_0_2_0, put_older

_WHERE = """
    SELECT DISTINCT p.pronamespace::regnamespace::text FROM pg_proc p
     WHERE p.proowner = 'cutter_owner'::regrole OR p.proname ~ '^(fn|guard|keep)_'
"""
_USAGE = """
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END, x.privilege_type
      FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) x WHERE n.nspname = 'cutter_console' ORDER BY 1, 2
"""
_SCHEMA = """
    SELECT pg_get_userbyid(nspowner), obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'cutter_console'
"""
_FUNCTIONS = """
    SELECT p.oid::bigint, p.proname::text, p.proacl::text, p.proconfig, p.prosecdef, p.provolatile, p.proparallel, p.procost, p.prorows,
           p.proisstrict, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), obj_description(p.oid, 'pg_proc')
      FROM pg_proc p WHERE p.proowner = 'cutter_owner'::regrole AND p.proname NOT IN ('fn_schema_line', 'fn_schema_way', 'fn_hold_ensure',
           'fn_base_lines', 'fn_event_run', 'fn_custody_write', 'fn_run_hand_over', 'fn_run_accept', 'fn_run_take_over',
           'fn_unit_page', 'fn_units_with', 'fn_draft_rows', 'fn_draft_differences') ORDER BY 1
"""
_REPLACED = re.compile(r"canonical_address_alias_pkey|PRIMARY KEY \(alias\)")
"""Of a constraint that a later migration replaces by another one (0028)."""
_MADE_AGAIN = "SELECT p.oid::bigint FROM pg_proc p WHERE p.proname = 'fn_unit_page'"
"""Of a function that a later migration drops, and makes with another result (0029)."""
_BODIES = """
    SELECT format('FUNCTION %s.%I(%s)', p.pronamespace::regnamespace, p.proname, pg_get_function_identity_arguments(p.oid)), encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')
      FROM pg_proc p WHERE p.pronamespace = 'cutter_console'::regnamespace
"""
_TWINS = """
    SELECT format('CREATE FUNCTION public.%I(%s) RETURNS text LANGUAGE sql AS $$ SELECT ''the organisation''''s own''::text $$',
                  p.proname, pg_get_function_identity_arguments(p.oid) || CASE p.pronargs WHEN 0 THEN '' ELSE ', ' END || 'theirs text')
      FROM pg_proc p WHERE p.pronamespace = 'cutter_governance'::regnamespace AND p.prorettype <> 'trigger'::regtype AND p.proargmodes IS NULL
"""
_THEIRS = """
    SELECT p.oid::bigint, pg_get_functiondef(p.oid), p.proowner::regrole::text, p.proacl::text FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace ORDER BY 1
"""


def _rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def _execute(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_all_that_can_be_called_stands_in_one_schema_that_is_closed_to_the_public(each_database: Database) -> None:
    assert _rows(each_database, _WHERE) == [(CONSOLE_SCHEMA,)]
    assert _rows(each_database, _USAGE) == [
        ("cutter_exec", "USAGE"),
        ("cutter_owner", "CREATE"),
        ("cutter_owner", "USAGE"),
        ("cutter_ro", "USAGE"),
        ("cutter_stop", "USAGE"),
        ("cutter_verify", "USAGE"),
    ]
    assert _rows(each_database, _SCHEMA) == [(CONSOLE_SCHEMA_OWNER, CONSOLE_SCHEMA_COMMENT)]


def test_each_function_is_the_one_that_the_program_knows(database: Database) -> None:
    """By the program's own rule, with which a repair is printed: each text is moved as the migration moves it."""
    rows = _rows(database, _BODIES)
    assert len(rows) > 150
    for signature, sha256 in rows:
        known = definition_of(str(signature))
        assert known is not None, signature
        assert known.body_sha256 == sha256, signature


@pytest.mark.parametrize("last", [VERSION_0_2_0, BEFORE_THE_MOVE])
def test_an_older_database_becomes_what_a_new_one_is(
    each_empty_database: Database, database: Database, last: int
) -> None:
    put_older(each_empty_database.cluster, each_empty_database.name, last)
    report = migrate(each_empty_database.conninfo())
    assert report.applied[-1] == migrations()[-1].name
    assert _rows(each_empty_database, _WHERE) == [(CONSOLE_SCHEMA,)]
    if each_empty_database.cluster is database.cluster:
        assert report.schema_digest == migrate(database.conninfo()).schema_digest
    assert measure_drift(each_empty_database.conninfo("cutter_ro")).outcome is Outcome.PASS
    with each_empty_database.connect() as connection:
        assert guard_faults(triggers(connection)) == ()


def test_functions_keep_what_they_are_and_what_calls_them(empty_database: Database) -> None:
    """Objects by oid: triggers, views and the index of words go on calling the same function."""
    put_older(empty_database.cluster, empty_database.name, BEFORE_THE_MOVE)
    functions, before = _rows(empty_database, _FUNCTIONS), fingerprint(empty_database)
    made_again = {("function", oid) for (oid,) in _rows(empty_database, _MADE_AGAIN)}
    migrate(empty_database.conninfo())
    known = {row[0] for row in functions}
    assert [row for row in _rows(empty_database, _FUNCTIONS) if row[0] in known] == functions
    now = fingerprint(empty_database)
    kinds = {"relation", "constraint", "schema"}
    kept = {row for row in before.objects if row[0] in kinds and not _REPLACED.search(str(row[2]))}
    assert kept <= set(now.objects)
    moved = {"trigger", "function"}
    assert {row[:2] for row in before.objects if row[0] in moved} - made_again <= {row[:2] for row in now.objects}
    untouched = set(before.rows) - set(now.rows)
    assert {table for table, _, _ in untouched} <= {
        "cutter_governance.schema_migration",
        "cutter_governance.schema_pin",
    }


def test_an_organisations_functions_of_the_same_names_are_left_alone(empty_database: Database) -> None:
    """In public, each with an argument more: they have the same definitions, owners and grants, and are reached as before."""
    put_older(empty_database.cluster, empty_database.name, BEFORE_THE_MOVE)
    twins = [str(statement) for (statement,) in _rows(empty_database, _TWINS)]
    assert len(twins) > 100
    _execute(empty_database, *twins, "CREATE VIEW public.theirs AS SELECT public.fn_hold_reason('x') AS said")
    before = _rows(empty_database, _THEIRS)

    migrate(empty_database.conninfo(), accept=measure_drift(empty_database.conninfo("cutter_ro")).schema_digest)

    assert _rows(empty_database, _THEIRS) == before
    assert _rows(empty_database, "SELECT fn_hold_reason('x'), said FROM public.theirs") == [
        ("the organisation's own", "the organisation's own")
    ]


def _drift(database: Database) -> set[str]:
    return {difference.subject for difference in measure_drift(database.conninfo("cutter_ro")).differences}


FOREIGN: dict[str, tuple[str, ...]] = {
    "another owner's": ("CREATE SCHEMA cutter_console",),
    "another owner's, with our words": (
        "CREATE SCHEMA cutter_console",
        f"COMMENT ON SCHEMA cutter_console IS '{CONSOLE_SCHEMA_COMMENT}'",
    ),
    "our owner's, without a word of ours": ("CREATE SCHEMA cutter_console AUTHORIZATION cutter_owner",),
    "with a table in it": ("CREATE SCHEMA cutter_console", "CREATE TABLE cutter_console.orders (id integer)"),
    "with functions of our names": (
        "CREATE SCHEMA cutter_console",
        "CREATE FUNCTION cutter_console.fn_schema_digest() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
    ),
}


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("last", [0, VERSION_0_2_0, BEFORE_THE_MOVE])
def test_somebody_elses_schema_of_the_name_is_refused_before_anything_is_changed(
    empty_database: Database, database: Database, foreign: str, last: int
) -> None:
    if last:
        put_older(empty_database.cluster, empty_database.name, last)
    _execute(empty_database, *FOREIGN[foreign])
    before = fingerprint(empty_database)

    with pytest.raises(Refused, match="schema cutter_console is there already, and somebody else's") as refused:
        migrate(empty_database.conninfo())

    assert "ALTER SCHEMA cutter_console RENAME TO another_name" in refused.value.next_action
    assert fingerprint(empty_database) == before
    _execute(empty_database, "ALTER SCHEMA cutter_console RENAME TO another_name")
    assert migrate(empty_database.conninfo()).applied[-1] == migrations()[-1].name


def test_a_schema_that_adopt_has_prepared_is_this_products(empty_database: Database, database: Database) -> None:
    """Owner and comment are those of its script; what stands in it stays."""
    _execute(
        empty_database,
        "CREATE SCHEMA cutter_console AUTHORIZATION cutter_owner",
        f"COMMENT ON SCHEMA cutter_console IS '{CONSOLE_SCHEMA_COMMENT}'",
        "SET ROLE cutter_owner; CREATE TABLE cutter_console.site_mapping (sha256 text PRIMARY KEY, toml text NOT NULL)",
        "INSERT INTO cutter_console.site_mapping VALUES ('x', 'y')",
    )
    migrate(empty_database.conninfo())
    assert _rows(empty_database, "SELECT * FROM cutter_console.site_mapping") == [("x", "y")]
    assert measure_drift(empty_database.conninfo("cutter_ro")).outcome is Outcome.PASS


def test_a_function_of_somebody_else_in_the_ledgers_schema_stays_where_it_is(empty_database: Database) -> None:
    put_older(empty_database.cluster, empty_database.name, BEFORE_THE_MOVE)
    _execute(empty_database, "CREATE FUNCTION cutter_governance.theirs() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$")
    migrate(empty_database.conninfo(), accept=measure_drift(empty_database.conninfo("cutter_ro")).schema_digest)
    assert _rows(empty_database, "SELECT cutter_governance.theirs()") == [("x",)]


def test_a_function_of_the_owners_that_cannot_move_is_named(empty_database: Database) -> None:
    put_older(empty_database.cluster, empty_database.name, BEFORE_THE_MOVE)
    _execute(
        empty_database,
        "GRANT CREATE ON SCHEMA public TO cutter_owner",
        "CREATE FUNCTION public.helper() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
        "ALTER FUNCTION public.helper() OWNER TO cutter_owner",
    )
    digest = measure_drift(empty_database.conninfo("cutter_ro")).schema_digest
    with pytest.raises(Drifted, match=r"not moved into the schema cutter_console: public\.helper\(\)"):
        migrate(empty_database.conninfo(), accept=digest)
    assert _rows(empty_database, "SELECT to_regnamespace('cutter_console')::text") == [(None,)]


@pytest.mark.parametrize("schema", ["cutter_console", "cutter_governance"])
def test_a_function_that_appears_in_either_schema_is_a_drift(database: Database, schema: str) -> None:
    _execute(database, f"CREATE FUNCTION {schema}.fn_planted() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$")
    assert f"{schema}.fn_planted(): body" in _drift(database)


def test_a_table_in_the_consoles_schema_is_a_drift(database: Database) -> None:
    """Also of somebody who is neither its owner nor a superuser."""
    _execute(
        database,
        "CREATE TABLE cutter_console.later (id integer)",
        "ALTER TABLE cutter_console.later OWNER TO cutter_ro",
    )
    assert "cutter_console.later" in _drift(database)


def test_the_public_in_the_consoles_schema_is_a_drift_that_the_printed_repair_ends(database: Database) -> None:
    _execute(database, "GRANT USAGE ON SCHEMA cutter_console TO PUBLIC")
    (difference,) = measure_drift(database.conninfo("cutter_ro")).differences
    _execute(database, *(line for line in difference.repair if not line.startswith("--")))
    assert measure_drift(database.conninfo("cutter_ro")).outcome is Outcome.PASS


def test_no_role_makes_anything_in_the_consoles_schema(database: Database) -> None:
    for role in ("cutter_exec", "cutter_verify", "cutter_ro", "cutter_stop"):
        with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE FUNCTION cutter_console.fn_mine() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$")


def test_a_guard_that_calls_a_function_of_the_same_name_elsewhere_is_no_guard(database: Database) -> None:
    _execute(
        database,
        "CREATE FUNCTION public.guard_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "DROP TRIGGER guard_immutable ON public.unit_version",
        "CREATE TRIGGER guard_immutable BEFORE UPDATE ON public.unit_version FOR EACH ROW EXECUTE FUNCTION public.guard_refuse()",
        "ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER guard_immutable",
    )
    with database.connect() as connection:
        faults = guard_faults(triggers(connection))
    assert faults == ("guard_immutable on public.unit_version calls public.guard_refuse, not guard_refuse",)

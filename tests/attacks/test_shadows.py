"""Objects of the attacker's with the names that the product uses, and settings of the session: none of them is ever asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from console.backend.scratch.cluster import TransientCluster
from tests.attacks.world import EXECUTOR, MONITOR, ROLES, VERIFIER, Prey, attack, bring, call, look, make_stranger
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, stopped
from tests.conftest import Database, fresh_database
from tests.support.sovereign import sovereign

FUNCTIONS = (
    "sha256(bytea) RETURNS bytea",
    "encode(bytea, text) RETURNS text",
    "decode(text, text) RETURNS bytea",
    "convert_from(bytea, name) RETURNS text",
    "convert_to(text, name) RETURNS bytea",
    "clock_timestamp() RETURNS timestamptz",
    "now() RETURNS timestamptz",
    "current_database() RETURNS name",
    "current_setting(text) RETURNS text",
    "pg_has_role(name, name, text) RETURNS boolean",
    "pg_current_xact_id() RETURNS xid8",
    "pg_current_xact_id_if_assigned() RETURNS xid8",
    "starts_with(text, text) RETURNS boolean",
    "octet_length(bytea) RETURNS integer",
    "jsonb_typeof(jsonb) RETURNS text",
    "to_json(text) RETURNS json",
    "gen_random_uuid() RETURNS uuid",
    "hashtext(text) RETURNS integer",
    "fn_stop(text, text, text, text) RETURNS void",
    "fn_assert_no_hold() RETURNS void",
    "fn_openpgp_check(bytea, bytea) RETURNS text",
    "fn_signers(bytea, bytea[], text, text, timestamptz, timestamptz) RETURNS text[]",
    "textin(cstring) RETURNS text",
    "mod(numeric, numeric) RETURNS numeric",
    "coalesce(text, text) RETURNS text",
)
TABLES = (
    "run",
    "run_event",
    "approval",
    "approval_use",
    "execution_lease",
    "execution_lock",
    "hold_event",
    "backup_proof",
    "manifest_seal",
    "manifest_envelope",
    "manifest_unit_block",
    "policy_pin",
    "signing_key",
    "information_unit",
    "unit_version",
    "unit_vocabulary",
    "new_row",
    "old_row",
    "v_lease",
    "v_reader",
    "pg_proc",
    "pg_class",
)
TYPES = ("text", "bytea", "jsonb", "timestamptz", "interval", "boolean", "numeric", "uuid", "xid8")
OPERATORS = (
    ("=", "text", "text"),
    ("<>", "text", "text"),
    ("||", "bytea", "bytea"),
    ("->>", "jsonb", "text"),
    (">", "timestamptz", "timestamptz"),
)


def shadow(connection: psycopg.Connection, schema: str) -> int:
    """Make what can be made of them in a schema. A function or operator that is asked raises; a table answers nothing."""
    made = 0
    for signature in FUNCTIONS:
        head, _, returned = signature.partition(" RETURNS ")
        made += _try(
            connection,
            f"CREATE FUNCTION {schema}.{head} RETURNS {returned} LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the shadow was asked'; END $$",
        )
    for table in TABLES:
        made += _try(connection, f"CREATE TABLE {schema}.{table} (run_id text, id uuid, body text)")
    for kind in TYPES:
        made += _try(connection, f"CREATE DOMAIN {schema}.{kind} AS pg_catalog.int4 CHECK (value > 0)")
    for name, left, right in OPERATORS:
        function = f"shadow_{left}_{right}"
        made += _try(
            connection,
            f"CREATE FUNCTION {schema}.{function}(pg_catalog.{left}, pg_catalog.{right}) RETURNS pg_catalog.bool LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'the shadow was asked'; END $$",
        )
        made += _try(
            connection,
            f"CREATE OPERATOR {schema}.{name} (LEFTARG = pg_catalog.{left}, RIGHTARG = pg_catalog.{right}, FUNCTION = {schema}.{function})",
        )
    return made


def _try(connection: psycopg.Connection, statement: str) -> int:
    try:
        connection.execute(statement.encode())
    except psycopg.Error:
        return 0
    return 1


@dataclass(frozen=True)
class Haunted(SignedCut):
    """A run whose every session begins with something of the attacker's."""

    begin: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()

    @contextmanager
    def _as(self, role: str) -> Iterator[psycopg.Connection]:
        connection = self.database.connect(role, autocommit=True)
        try:
            for schema in self.schemas:
                made = shadow(connection, schema)
                assert made > 0
            for statement in self.begin:
                connection.execute(statement.encode())
            connection.autocommit = False
            yield connection
            connection.commit()
        finally:
            connection.close()


def haunted(cut: SignedCut, *begin: str, schemas: tuple[str, ...] = ()) -> Haunted:
    """The same run, seen by such sessions."""
    return Haunted(
        database=cut.database, run_id=cut.run_id, plan=cut.plan, canonical=cut.canonical, begin=begin, schemas=schemas
    )


def passage(plain: SignedCut, run: Haunted) -> None:
    """From the first pause to law by calls of the product's functions alone; what the client asks itself is asked in a plain session."""
    for purpose in ("cut", "enact"):
        statement = plain.statement(purpose)
        with run.verifier() as connection:
            call(connection, "fn_approval_import", statement, [sovereign().sign(statement)])
        run.arm(purpose)
        with run.executor() as connection:
            (run.apply if purpose == "cut" else run.enact)(connection)
        if purpose == "cut":
            run.record()
            with run.verifier() as connection:
                call(connection, "fn_verify_record", run.run_id, "PASS", Jsonb({}), event())
        run.disarm()


def is_law_as_signed(cut: SignedCut) -> None:
    """The document is law, and its rows are the signed ones; asked by a session of the superuser's own."""
    with cut.database.connect() as connection:
        query = "SELECT u.canonical_address, v.title, v.body, u.lifecycle_status FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref ORDER BY 1"
        there = [tuple(row) for row in connection.execute(query)]
        stored = connection.execute(
            "SELECT bool_and(statement_sha256 = encode(sha256(statement), 'hex')) FROM cutter_governance.approval"
        ).fetchone()
    assert there == [(unit.address, unit.title, cut.body(unit), "enacted") for unit in cut.units]
    assert stored == (True,)


PATHS = (
    "SET search_path = pg_temp, public, pg_catalog",
    "SET search_path = pg_temp, pg_catalog",
    "SET search_path = ''",
)


@pytest.mark.parametrize("path", PATHS)
def test_shadows_in_the_temporary_schema_are_never_asked(cut: SignedCut, path: str) -> None:
    """The whole passage in sessions where tables, types, functions and operators of these names come first."""
    passage(cut, haunted(cut, path, schemas=("pg_temp",)))
    is_law_as_signed(cut)


@pytest.mark.parametrize("where", ["public", "mine"])
def test_shadows_in_a_schema_that_the_roles_may_write_are_never_asked(cut: SignedCut, where: str) -> None:
    """As on a server where everybody may create in public, which before PostgreSQL 15 was the rule."""
    with cut.database.connect() as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {where}; GRANT ALL ON SCHEMA {where} TO PUBLIC".encode())
        connection.execute("SET ROLE cutter_exec")
        assert shadow(connection, where) > 20
    passage(cut, haunted(cut, f"SET search_path = {where}, pg_catalog, pg_temp"))
    is_law_as_signed(cut)


@pytest.mark.parametrize("role", ROLES)
def test_a_function_that_is_called_in_a_haunted_session_answers_as_in_any_other(prey: Prey, role: str) -> None:
    queries = {
        "cutter_ro": (
            "SELECT cutter_console.fn_readers_digest()",
            "SELECT cutter_console.fn_hold_reason()",
            "SELECT count(*) FROM cutter_governance.v_reader",
        ),
        "cutter_exec": (
            "SELECT cutter_console.fn_readers_digest()",
            "SELECT count(*) FROM cutter_governance.v_schema_line",
        ),
        "cutter_verify": (
            "SELECT cutter_console.fn_schema_digest()",
            f"SELECT cutter_console.fn_draft_digest('{prey.drafts.run_id}')",
        ),
        "cutter_stop": ("SELECT 1",),
        "passer_by": ("SELECT 1",),
    }[role]
    with attack(prey.database):
        with prey.session(role) as plain:
            expected = [plain.execute(query.encode()).fetchall() for query in queries]
        with prey.session(role) as connection:
            assert shadow(connection, "pg_temp") > 20
            connection.execute("SET search_path = pg_temp, public, pg_catalog")
            assert [connection.execute(query.encode()).fetchall() for query in queries] == expected


SETTINGS = {
    "backslashes in strings": (
        "SET standard_conforming_strings = off",
        "SET escape_string_warning = off",
        "SET backslash_quote = on",
    ),
    "German dates": ("SET DateStyle = 'German, DMY'",),
    "SQL dates": ("SET DateStyle = 'SQL, DMY'", "SET IntervalStyle = 'sql_standard'"),
    "another time zone": ("SET TimeZone = 'Pacific/Kiritimati'",),
    "a zone that is no zone": ("SET TimeZone = '<-15:30>15:30'",),
    "bytes escaped": ("SET bytea_output = escape",),
    "identifiers quoted": ("SET quote_all_identifiers = on",),
    "= NULL as IS NULL": ("SET transform_null_equals = on",),
    "no NULL in arrays": ("SET array_nulls = off",),
    "few digits": ("SET extra_float_digits = -15",),
    "few messages": ("SET client_min_messages = error",),
    "plans without indexes": (
        "SET enable_indexscan = off",
        "SET enable_bitmapscan = off",
        "SET enable_hashjoin = off",
        "SET enable_nestloop = off",
    ),
    "no memory": ("SET work_mem = '64kB'", "SET temp_buffers = 100"),
    "generic plans": ("SET plan_cache_mode = force_generic_plan", "SET jit = off"),
    "custom plans": ("SET plan_cache_mode = force_custom_plan", "SET geqo_threshold = 2"),
    "every error of plpgsql": ("SET plpgsql.extra_errors = 'too_many_rows'",),
    "columns before variables": ("SET plpgsql.variable_conflict = use_column",),
    "a small index limit": ("SET gin_fuzzy_search_limit = 1",),
    "constraints excluded": ("SET constraint_exclusion = on",),
    "no row security": ("SET row_security = off",),
    "asynchronous commits": ("SET synchronous_commit = off",),
    "temporary files elsewhere": ("SET temp_tablespaces = ''", "SET default_tablespace = ''"),
    "unchecked bodies": ("SET check_function_bodies = off",),
    "an application name with a quote": ("SET application_name = 'x''; DROP TABLE run; --'",),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_setting_that_a_role_may_change_changes_what_is_written(cut: SignedCut, setting: str) -> None:
    """A setting of the roles turned stored signatures into text. The whole passage, in sessions that begin so."""
    haunted(cut, *SETTINGS[setting]).enacted()
    is_law_as_signed(cut)


@pytest.mark.parametrize(
    "name",
    [
        "session_replication_role",
        "allow_system_table_mods",
        "zero_damaged_pages",
        "session_preload_libraries",
        "dynamic_library_path",
        "track_counts",
        "log_statement",
        "lo_compat_privileges",
        "max_stack_depth",
        "temp_file_limit",
        "commit_delay",
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_the_settings_that_matter_are_a_superusers(prey: Prey, role: str, name: str) -> None:
    with attack(prey.database), prey.session(role) as connection:
        row = connection.execute("SELECT setting FROM pg_settings WHERE name = %s", (name,)).fetchone()
        value = row[0] if row is not None else "x"
        for form in (sql.SQL("SET {} = {}"), sql.SQL("ALTER ROLE CURRENT_USER SET {} = {}")):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(form.format(sql.Identifier(name), sql.Literal(value)))


def test_a_setting_of_plpgsql_that_is_a_superusers_is_dropped_when_plpgsql_comes(prey: Prey) -> None:
    """Before the language is loaded everybody may set it; PostgreSQL throws the value away then."""
    with prey.session(EXECUTOR) as connection:
        connection.execute("SET plpgsql.variable_conflict = use_column")
        with stopped("STOP_EXECUTION_DISABLED"):
            call(connection, "fn_cut_enact", prey.drafts.run_id, event())
        assert connection.execute("SHOW plpgsql.variable_conflict").fetchone() == ("error",)


OWN = {
    "isolation": "default_transaction_isolation = 'serializable'",
    "reading": "default_transaction_read_only = on",
    "search path": "search_path = pg_temp, public",
    "strings": "standard_conforming_strings = off",
    "timeouts": "statement_timeout = 1",
    "locks": "lock_timeout = 1",
}


@pytest.mark.parametrize("which", OWN)
@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER, MONITOR])
def test_a_role_that_changes_its_own_settings_is_seen_by_the_inventory(
    database: Database, role: str, which: str
) -> None:
    """It may, and it writes nothing that is not signed by it; the gate that compares the inventory turns red."""
    before = _drifted(database)
    with database.connect(role) as connection:
        connection.execute(f"ALTER ROLE CURRENT_USER SET {OWN[which]}".encode())
    try:
        assert _drifted(database) == before + 1
    finally:
        with database.connect() as connection:
            connection.execute(f"ALTER ROLE {role} RESET ALL".encode())


def _drifted(database: Database) -> int:
    query = "SELECT count(*) FROM (SELECT line FROM cutter_governance.v_schema_line EXCEPT SELECT line FROM cutter_governance.v_schema_pin) d"
    with database.connect() as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("isolation", ["serializable", "repeatable read"])
def test_a_role_that_changes_its_own_isolation_only_stops_itself(cut: SignedCut, isolation: str) -> None:
    bring(cut, "armed")
    run = haunted(cut, f"SET default_transaction_isolation = '{isolation}'")
    before = look(cut.database)
    with stopped("STOP_INVARIANT_FAILED"), run.executor() as connection:
        cut.apply(connection)
    assert look(cut.database) == before


# --- functions of the attacker's that are called on rows ----------------------------------------------------------------

PLANS = (
    "",
    "SET enable_nestloop = off",
    "SET enable_hashjoin = off; SET enable_nestloop = off",
    "SET enable_seqscan = off",
    "SET join_collapse_limit = 1",
)


def _overheard(database: Database, role: str, plan: str, query: str) -> set[str]:
    """What a cheap function of the role's own is called with while a view is read."""
    heard: set[str] = set()
    with database.connect(role) as connection:
        connection.add_notice_handler(lambda said: heard.add(str(said.message_primary)))
        connection.execute(
            "CREATE FUNCTION pg_temp.listen(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
        )
        connection.execute(plan.encode())
        connection.execute(query.encode())
    return heard


@pytest.mark.parametrize("plan", PLANS)
def test_the_readers_view_hides_what_is_no_longer_in_force_from_cheap_functions_too(
    beside_a_draft: SignedCut, plan: str
) -> None:
    """Bodies that were taken back are behind the view alone for the monitoring role.

    Without a unit that the view shows, no plan would read a version.
    """
    query = (
        "SELECT canonical_address FROM cutter_governance.v_reader WHERE pg_temp.listen(body) AND pg_temp.listen(title)"
    )
    with beside_a_draft.database.connect(MONITOR) as connection:
        shown = connection.execute("SELECT title, body FROM cutter_governance.v_reader").fetchall()
    heard = _overheard(beside_a_draft.database, MONITOR, plan, query)
    assert {text.strip() for text in heard} == {str(text).strip() for row in shown for text in row} != set()


@pytest.mark.parametrize("plan", PLANS)
def test_a_lease_that_is_over_is_not_overheard(reverted: SignedCut, plan: str) -> None:
    query = "SELECT 1 FROM cutter_governance.v_lease WHERE pg_temp.listen(operator) OR pg_temp.listen(run_id)"
    assert _overheard(reverted.database, MONITOR, plan, query) == set()


@pytest.fixture(scope="module")
def beside_a_draft(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """A document that was cut and taken back, beside the draft of another one."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        run = start_cut(database)
        run.to_second_pause()
        run.reverted()
        start_cut(database, "OTHER-LAW", "# Seen\n\nWhat readers see.\n", 2).to_second_pause()
        yield run


@pytest.fixture(scope="module")
def reverted(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """A document that was cut and taken back: nothing of it is in force."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        make_stranger(database)
        run = start_cut(database)
        run.to_second_pause()
        run.arm("revert")
        with run.executor() as connection:
            run.revert(connection)
        run.disarm()
        yield run


def test_a_function_of_the_attackers_own_is_run_as_the_attacker(prey: Prey) -> None:
    """Called in a query beside the product's functions, it has the rights of its caller and no more."""
    with attack(prey.database), prey.session(EXECUTOR) as connection:
        connection.execute(
            "CREATE FUNCTION pg_temp.me() RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE public.unit_version SET body = 'x'; RETURN 'x'; END $$"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT cutter_console.fn_manifest_digest(pg_temp.me())")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM cutter_governance.v_run WHERE pg_temp.me() = run_id")


def test_a_definer_of_the_attackers_own_gives_the_attackers_rights_only(prey: Prey) -> None:
    with attack(prey.database), prey.session(VERIFIER) as connection:
        connection.execute(
            "CREATE FUNCTION pg_temp.me() RETURNS void SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN PERFORM cutter_console.fn_lease_arm('x', 'cut', 'o', 'h', 5); END $$"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_temp.me()")


def test_a_temporary_view_as_its_invoker_shows_what_its_invoker_may_see(prey: Prey) -> None:
    with attack(prey.database), prey.session(MONITOR) as connection:
        connection.execute("CREATE TEMP VIEW units AS SELECT * FROM public.information_unit")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM units")


def test_a_cast_of_the_attackers_own_type_is_not_asked_by_the_product(prey: Prey) -> None:
    with attack(prey.database), prey.session(EXECUTOR) as connection:
        connection.execute("CREATE TYPE pg_temp.mine AS (t text)")
        connection.execute(
            "CREATE FUNCTION pg_temp.to_text(pg_temp.mine) RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE public.unit_version SET body = 'x'; RETURN 'x'; END $$"
        )
        connection.execute("CREATE CAST (pg_temp.mine AS text) WITH FUNCTION pg_temp.to_text(pg_temp.mine) AS IMPLICIT")
        with stopped("42501"):
            connection.execute("SELECT cutter_console.fn_manifest_digest(ROW('x')::pg_temp.mine)")


def test_a_string_is_never_sql(prey: Prey) -> None:
    """Names and texts with quotes, dollars and semicolons in every parameter that takes one."""
    evil = "x'; UPDATE public.unit_version SET body = 'x'; --$$\\"
    with attack(prey.database), prey.session(EXECUTOR) as connection:
        for function, values, code in (
            ("fn_lease_arm", (evil, evil, evil, evil, 5), "STOP_EXECUTION_DISABLED"),
            ("fn_run_leave", (evil, evil, evil, event()), "STOP_INVARIANT_FAILED"),
            ("fn_run_advance", (evil, evil, event()), "STOP_INVARIANT_FAILED"),
            ("fn_run_create", (evil, evil, evil, evil, evil, evil, evil, event()), "23514"),
            ("fn_cut_enact", (evil, event()), "STOP_EXECUTION_DISABLED"),
            ("fn_source_pin", (evil, 1, evil, evil, evil, event()), "STOP_REFUSED_INPUT"),
        ):
            with stopped(code):
                call(connection, function, *values)
        count = connection.execute("SELECT count(*) FROM public.unit_version WHERE body = 'x'").fetchone()
    assert count == (0,)

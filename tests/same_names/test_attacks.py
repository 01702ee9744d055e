"""Attacks beside tables of the same names: answers and triggers of the organisation's, marks and schemas that are forged, kills."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.schema_names import BESIDE, LEDGER_COMMENT, OWN, UNITS_COMMENT, SchemaNames
from console.backend.model.states import Stage
from console.backend.postgres.connections import connect, scalar
from console.backend.postgres.kept_sessions import sessions_kept
from console.backend.postgres.measure import measure_counts
from console.backend.postgres.migrations import migrate
from console.backend.runs.site_inspection import preparing_script
from console.backend.service import BackendService
from tests.adoption.conftest import TEMPLATE
from tests.conftest import Database, fresh_database
from tests.same_names.conftest import AFTER_CUT, BEFORE, Beside, theirs
from tests.support.fingerprint import fingerprint
from tests.support.killed import resumed_and_killed
from tests.support.passage import UNITS, Passage

_ARGUMENTS = (
    "p_address text, p_title text, p_body text, p_actor text, p_unit_kind text DEFAULT 'law_unit', p_section_type text DEFAULT 'section',"
    " p_owner_ref text DEFAULT 'library', p_publication_type text DEFAULT 'internal', p_parent uuid DEFAULT NULL"
)
_GIVEN = "p_address, p_title, p_body, p_actor, p_unit_kind, p_section_type, p_owner_ref, p_publication_type, p_parent"


def _answering(status: str) -> str:
    return (
        "ALTER FUNCTION public.fn_iu_create RENAME TO create_it;"
        f" CREATE FUNCTION public.fn_iu_create({_ARGUMENTS}) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        f" RETURN CASE WHEN p_title = 'Beta' THEN jsonb_build_object('status', '{status}')"
        f" ELSE public.create_it({_GIVEN}) END; END $$;"
        " GRANT EXECUTE ON FUNCTION public.fn_iu_create TO cutter_owner"
    )


def _trigger(body: str, at: str, table: str = "unit_version") -> str:
    return (
        "CREATE FUNCTION public.hostile() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public"
        f" AS $$ BEGIN {body} END $$;"
        f" CREATE TRIGGER hostile {at} ON public.{table} FOR EACH ROW EXECUTE FUNCTION public.hostile()"
    )


_TWINS = """
    CREATE TABLE public.reached (who text, name text);
    GRANT INSERT ON public.reached TO PUBLIC;
    DO $do$ DECLARE f record; BEGIN
        FOR f IN SELECT * FROM (VALUES ('jsonb_build_object', 'text, jsonb', '$1, $2', 'jsonb'), ('jsonb_build_object', 'text, bigint', '$1, $2', 'jsonb'),
                                       ('jsonb_build_array', 'text', '$1', 'jsonb'), ('jsonb_build_array', 'text, text', '$1, $2', 'jsonb'),
                                       ('to_jsonb', 'jsonb', '$1', 'jsonb'), ('format', 'text, text', '$1, $2', 'text')) v (name, takes, given, gives) LOOP
            EXECUTE format('CREATE FUNCTION public.%1$s(%2$s) RETURNS %4$s LANGUAGE plpgsql AS'
                           ' $twin$ BEGIN INSERT INTO public.reached VALUES (CURRENT_USER, %1$L); RETURN pg_catalog.%1$s(%3$s); END $twin$',
                           f.name, f.takes, f.given, f.gives);
        END LOOP;
    END $do$;
    CREATE FUNCTION public.no_json(jsonb, jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';
    CREATE OPERATOR public.-> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = public.no_json);
    CREATE OPERATOR public.->> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = public.no_json)
"""
"""Functions whose arguments fit better than those of PostgreSQL's own, which take any, and operators that stand for two with a literal."""
_TWINS_OF_RIGHTS = """
    CREATE TABLE public.reached (who text, name text);
    GRANT INSERT ON public.reached TO PUBLIC;
    CREATE FUNCTION public.format(text, text, name) RETURNS text LANGUAGE plpgsql AS $twin$
        BEGIN INSERT INTO public.reached VALUES (CURRENT_USER, 'format'); RETURN pg_catalog.format($1, $2, $3); END $twin$;
    CREATE FUNCTION public.differs(oid, integer) RETURNS boolean LANGUAGE plpgsql AS $twin$
        BEGIN INSERT INTO public.reached VALUES (CURRENT_USER, '<>'); RETURN $1 OPERATOR(pg_catalog.<>) $2::oid; END $twin$;
    CREATE OPERATOR public.<> (LEFTARG = oid, RIGHTARG = integer, FUNCTION = public.differs)
"""
"""What fits the arguments of the printed script's own statements better than PostgreSQL's own does."""
_WORDS = {"SELECT", "WHERE", "EXISTS", "coalesce"}
"""Words of SQL before a bracket, which name nothing."""


def changed(passage: Passage, statements: str) -> None:
    """Change the organisation's side as the owner of its tables."""
    with passage.connect() as connection:
        connection.execute(b"SET ROLE directus")
        connection.execute(statements.encode())


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (_answering("exists_complete"), StopCode.REPLAY_CONFLICT, "answered exists_complete"),
        (_answering("exists_missing_version"), StopCode.REPLAY_CONFLICT, "answered exists_missing_version"),
        (
            _trigger("INSERT INTO iu_lifecycle_log (unit_id, to_status, actor) VALUES (NEW.id, 'draft', 'x'); RETURN NULL;", "AFTER INSERT", "information_unit"),
            StopCode.COUNT_MISMATCH,
            "public.iu_lifecycle_log 3, expected 0",
        ),
        (
            _trigger("NEW.body := upper(NEW.body); RETURN NEW;", "BEFORE INSERT"),
            StopCode.COUNT_MISMATCH,
            "another body than signed",
        ),
        (
            # Whoever owns the tables of the organisation has no right on those of the console.
            _trigger("UPDATE cutter_console_units.unit_version SET body = 'Mine'; RETURN NEW;", "BEFORE INSERT"),
            StopCode.INVARIANT_FAILED,
            "permission denied for schema cutter_console_units",
        ),
        (
            f"CREATE FUNCTION public.fn_iu_create({_ARGUMENTS}, p_more text DEFAULT '') RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb $$",
            StopCode.DRIFT,
            "not SECURITY DEFINER|is not unique",
        ),
    ],
    ids=["there already", "there in part", "a row too many", "another text", "reaches for the console", "an overload"],
)  # fmt: skip
def test_what_the_organisations_side_does_takes_the_whole_leg_back(
    beside: Beside, signed: Passage, change: str, code: StopCode, message: str
) -> None:
    # Behind the arming, which tries the units: what is met at the write holds by itself.
    signed.arm()
    changed(signed, change)
    before = theirs(signed)

    with pytest.raises(CutterError, match=message) as refused:
        signed.resume()

    assert refused.value.code in {code, StopCode.GRANT_DELTA}
    assert theirs(signed) == before
    for table in ("information_unit", "unit_version"):
        assert signed.rows(f"SELECT count(*) FROM {beside.names.units}.{table}") == [(0,)], table
    for table in ("manifest_envelope", "approval_use"):
        assert signed.rows(f"SELECT count(*) FROM {beside.names.ledger}.{table}") == [(0,)], table


def test_a_backend_that_is_killed_in_the_middle_leaves_nothing_and_the_run_goes_on(signed: Passage) -> None:
    changed(signed, _trigger("IF NEW.title = 'Beta' THEN PERFORM pg_sleep(60); END IF; RETURN NEW;", "BEFORE INSERT"))
    signed.arm()
    resumed_and_killed(signed)

    assert theirs(signed) == BEFORE
    changed(signed, "DROP TRIGGER hostile ON public.unit_version")
    signed.arm()
    signed.resume()
    assert theirs(signed) == AFTER_CUT


def test_a_name_in_the_organisation_s_path_stands_for_none_of_postgresql_s(beside: Beside, signed: Passage) -> None:
    """Whoever may create in a schema of the path would have run code as a role that inserts into the governance tables."""
    assert "public" in beside.mapping.functions.search_path
    changed(signed, _TWINS)
    signed.arm()
    signed.resume()
    signed.sign()
    assert signed.enact().state.stage is Stage.CLOSEOUT_REPORTED

    assert signed.rows("SELECT DISTINCT who, name FROM public.reached WHERE who LIKE 'cutter%%'") == []
    assert theirs(signed) == {**AFTER_CUT, "public.iu_lifecycle_log": BEFORE["public.iu_lifecycle_log"] + UNITS}


def test_a_name_in_the_administrator_s_path_stands_for_none_of_postgresql_s_in_the_printed_script(
    tied: Passage,
) -> None:
    """Whoever may create in `public`, as every role before version 15, would have run code as the administrator."""
    changed(tied, _TWINS_OF_RIGHTS)
    tied.execute("GRANT EXECUTE ON FUNCTION cutter_console.fn_site_create TO directus")
    with tied.connect() as connection:
        connection.execute(b"SELECT format('%s %I', 'a'::text, 'b'::name), 1::oid <> 2")
        reached = connection.execute(b"DELETE FROM public.reached RETURNING name").fetchall()
        assert sorted(reached) == [("<>",), ("format",)], "in a session of the administrator's they are found"
        connection.execute(preparing_script(tied.installation).encode())

    assert tied.rows("SELECT DISTINCT who, name FROM public.reached") == []
    assert tied.rows(
        "SELECT has_function_privilege('directus', p.oid, 'EXECUTE') FROM pg_proc p WHERE p.proname = 'fn_site_create'"
    ) == [(False,)]


def test_what_runs_in_the_organisation_s_path_names_nothing_without_a_schema(signed: Passage) -> None:
    bodies = signed.rows(
        "SELECT split_part(prosrc, 'true);', 2) FROM pg_proc WHERE prosrc LIKE '%%PERFORM pg_catalog.set_config%%'"
    )
    texts = [
        re.sub(r"--[^\n]*|'[^']*'|\"[^\"]*\"|OPERATOR\([^)]+\)|:=|=>|DIAGNOSTICS n =", "", str(text))
        for (text,) in bodies
    ]

    assert len(texts) == 4
    for text in texts:
        called = set(re.findall(r"(?<![.\w])(\w+) ?\(", text)) - _WORDS
        operators = set(re.findall(r"[-+*/<>=~!@#%^&|`?]+", text))
        assert (called, operators) == (set(), set()), text


@pytest.fixture
def bare(beside: Beside) -> Iterator[Database]:
    """The likeness without anything of the console's, in the cluster whose roles are there."""
    yield from fresh_database(beside.cluster, TEMPLATE, "bare")


def _names(database: Database, role: str = "watcher") -> SchemaNames:
    with connect(database.conninfo(role), read_only=True) as session:
        return session.names


def test_marks_that_are_not_one_of_each_kind_stop_every_session(tied: Passage) -> None:
    monitor = tied.installation.settings.database.monitor
    forged = (
        "CREATE SCHEMA cutter_console_more AUTHORIZATION cutter_owner; COMMENT ON SCHEMA cutter_console_more IS '{}'"
    )
    for change in (
        forged.format(UNITS_COMMENT),
        forged.format(LEDGER_COMMENT),
        "COMMENT ON SCHEMA cutter_console_units IS NULL",
        "ALTER SCHEMA cutter_console_ledger RENAME TO library",
    ):
        with tied.connect() as connection, connection.transaction(force_rollback=False):
            connection.execute(change.encode())
        with pytest.raises(Drifted, match="not one of each kind"), connect(monitor, read_only=True) as session:
            scalar(session, "SELECT 1")
        with tied.connect() as connection:
            connection.execute("DROP SCHEMA IF EXISTS cutter_console_more")
            if "RENAME" in change:
                connection.execute("ALTER SCHEMA library RENAME TO cutter_console_ledger")
            connection.execute(f"COMMENT ON SCHEMA cutter_console_units IS '{UNITS_COMMENT}'".encode())

    assert tied.backend.drift().differences == ()


def test_the_remark_of_somebody_else_marks_nothing(bare: Database) -> None:
    with bare.connect() as connection:
        for name, comment in ((BESIDE.units, UNITS_COMMENT), (BESIDE.ledger, LEDGER_COMMENT)):
            connection.execute(f"CREATE SCHEMA {name} AUTHORIZATION directus".encode())
            connection.execute(f"COMMENT ON SCHEMA {name} IS '{comment}'".encode())

    assert _names(bare) == OWN


def test_schemas_that_change_while_a_command_runs_stop_it(tied: Passage) -> None:
    monitor = tied.installation.settings.database.monitor
    with sessions_kept():
        with connect(monitor, read_only=True) as session:
            measure_counts(session)
        tied.execute("ALTER SCHEMA cutter_console_ledger RENAME TO cutter_console_other")
        with pytest.raises(CutterError) as refused, connect(monitor, read_only=True) as session:
            measure_counts(session)

    assert refused.value.code is StopCode.DRIFT
    assert "changed while this command ran" in refused.value.message


def test_migrate_uses_no_schema_that_somebody_else_has_made(bare: Database) -> None:
    with bare.connect() as connection:
        connection.execute(b"CREATE SCHEMA cutter_console_ledger AUTHORIZATION directus")
    before = fingerprint(bare)

    with pytest.raises(Refused, match="cutter_console_ledger is there already, and not marked"):
        migrate(bare.conninfo(), names=BESIDE)

    assert fingerprint(bare) == before


@pytest.mark.parametrize("names", [BESIDE, SchemaNames(units="cutter_console_a", ledger="cutter_console_b")])
def test_migrate_makes_no_second_set_of_tables_where_the_marks_are_gone(
    beside: Beside, tied: Passage, names: SchemaNames
) -> None:
    administrator = tied.installation.settings.database.administrator
    for schema in (beside.names.units, beside.names.ledger):
        tied.execute(f"COMMENT ON SCHEMA {schema} IS NULL")
    before = fingerprint(Database(tied.cluster, tied.database))

    with pytest.raises(Refused, match="the remarks by which they are known are gone") as refused:
        migrate(administrator, names=names)

    assert fingerprint(Database(tied.cluster, tied.database)) == before
    tied.execute(refused.value.next_action.partition("in psql: ")[2])
    assert tied.backend.drift().differences == ()


def test_a_monitor_that_may_write_a_table_of_the_organisation_makes_no_reading_console(tied: Passage) -> None:
    reader = BackendService(tied.installation, read_only=True)
    reader.require_read_only_role()
    tied.execute("GRANT INSERT ON public.unit_version TO watcher")

    with pytest.raises(CutterError) as refused:
        reader.require_read_only_role()

    assert refused.value.code is StopCode.GRANT_DELTA


def test_migrate_moves_nothing_to_other_schemas(tied: Passage) -> None:
    administrator = tied.installation.settings.database.administrator

    for names in (OWN, SchemaNames(units="cutter_console_a", ledger="cutter_console_b")):
        with pytest.raises(Refused, match="stand in cutter_console_units and cutter_console_ledger"):
            migrate(administrator, names=names)


def test_migrate_without_the_mapping_changes_nothing_on_such_a_database(bare: Database) -> None:
    before = fingerprint(bare)

    with pytest.raises(Refused, match="existing tables do not fit") as refused:
        migrate(bare.conninfo())

    assert fingerprint(bare) == before
    assert "public.information_unit: owner is directus, wanted cutter_owner" in refused.value.message
    assert "ALTER TABLE" not in f"{refused.value.message} {refused.value.next_action}"


def test_the_marks_can_be_read_under_a_hostile_search_path(beside: Beside, tied: Passage) -> None:
    tied.execute(
        "CREATE SCHEMA evil; CREATE FUNCTION evil.pg_get_userbyid(oid) RETURNS name LANGUAGE sql AS $$ SELECT 'nobody'::name $$;"
        " CREATE TABLE evil.pg_namespace (oid oid, nspname name, nspowner oid); GRANT USAGE ON SCHEMA evil TO PUBLIC;"
        " GRANT SELECT ON evil.pg_namespace TO PUBLIC"
    )
    with psycopg.connect(tied.cluster.conninfo(), autocommit=True) as connection:
        connection.execute(
            f"ALTER ROLE watcher IN DATABASE {tied.database} SET search_path = evil, pg_catalog".encode()
        )
        try:
            with connect(tied.installation.settings.database.monitor, read_only=True) as session:
                assert session.known_names == beside.names
        finally:
            connection.execute(f"ALTER ROLE watcher IN DATABASE {tied.database} RESET search_path".encode())


@pytest.mark.parametrize("role", ["cutter_verify", "directus"])
def test_a_monitor_that_is_a_member_of_more_than_cutter_ro_arms_nothing(signed: Passage, role: str) -> None:
    with psycopg.connect(signed.cluster.conninfo(), autocommit=True) as connection:
        connection.execute(f"GRANT {role} TO watcher".encode())
        try:
            with pytest.raises(CutterError, match="monitor is watcher, not cutter_ro"):
                signed.arm()
            lines = [
                check
                for gate in signed.backend.gates(("G1",)).gates
                for check in gate.checks
                if check.name == "connections"
            ]
        finally:
            connection.execute(f"REVOKE {role} FROM watcher".encode())

    assert [(line.outcome, "monitor is watcher, not cutter_ro" in line.detail) for line in lines] == [
        (Outcome.FAIL, True)
    ]

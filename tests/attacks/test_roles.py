"""What the four roles try with plain SQL, beside the functions: everything that PostgreSQL offers."""

from contextlib import suppress

import psycopg
import pytest

from console.backend.postgres import migrations
from tests.attacks.world import EXECUTOR, MONITOR, ROLES, VERIFIER, Prey, attack, bring, refused, session
from tests.backend.postgres.signed_cut import SignedCut, stopped

REFUSED = {
    # privileges and roles
    "become the owner": "SET ROLE cutter_owner",
    "become a superuser": "SET ROLE postgres",
    "another session's user": "SET SESSION AUTHORIZATION postgres",
    "a superuser's attribute": "ALTER ROLE CURRENT_USER SUPERUSER",
    "the right to make roles": "ALTER ROLE CURRENT_USER CREATEROLE",
    "the right to replicate": "ALTER ROLE CURRENT_USER REPLICATION",
    "past row security": "ALTER ROLE CURRENT_USER BYPASSRLS",
    "the owner's password": "ALTER ROLE cutter_owner LOGIN PASSWORD 'x'",
    "another role's password": "ALTER ROLE postgres PASSWORD 'x'",
    "settings of the owner": "ALTER ROLE cutter_owner SET search_path = public",
    "settings of the database": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public', current_database()); END $$",
    "settings of everybody": "ALTER ROLE ALL SET session_replication_role = replica",
    "settings of the server": "ALTER SYSTEM SET session_replication_role = replica",
    "a setting that loads code": "ALTER ROLE CURRENT_USER SET session_preload_libraries = 'x'",
    "replica mode": "SET session_replication_role = replica",
    "replica mode from the start": "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
    "replica mode by a function": "SELECT set_config('session_replication_role', 'replica', false)",
    "changes of the catalogue": "SET allow_system_table_mods = on",
    "a membership": "GRANT cutter_owner TO CURRENT_USER",
    "a membership of the writers": "GRANT pg_write_all_data TO CURRENT_USER",
    "a grant on a function of the owner": "GRANT EXECUTE ON FUNCTION cutter_console.fn_cut_write TO PUBLIC",
    "everything of the owner": "REASSIGN OWNED BY cutter_owner TO CURRENT_USER",
    "nothing of the owner": "DROP OWNED BY cutter_owner",
    "a role": "CREATE ROLE another LOGIN",
    "a database": "CREATE DATABASE another",
    "a tablespace": "CREATE TABLESPACE another LOCATION '/tmp'",
    "the owner's default privileges": "ALTER DEFAULT PRIVILEGES FOR ROLE cutter_owner GRANT ALL ON TABLES TO PUBLIC",
    # definitions
    "a table in public": "CREATE TABLE public.information_units (i int)",
    "a table in the schema": "CREATE TABLE cutter_governance.run2 (i int)",
    "a function in public": "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT null::timestamptz'",
    "a function in the schema": "CREATE FUNCTION cutter_console.fn_stop(text) RETURNS void LANGUAGE sql AS 'SELECT'",
    "a function of the catalogue": "CREATE FUNCTION pg_catalog.sha256(text) RETURNS bytea LANGUAGE sql AS 'SELECT null::bytea'",
    "another body of a function": "CREATE OR REPLACE FUNCTION cutter_console.fn_assert_no_hold() RETURNS void LANGUAGE sql AS 'SELECT'",
    "another owner of a function": "ALTER FUNCTION cutter_console.fn_assert_no_hold() OWNER TO CURRENT_USER",
    "another search path of a function": "ALTER FUNCTION cutter_console.fn_assert_no_hold() RESET ALL",
    "no function": "DROP FUNCTION cutter_console.fn_assert_no_hold()",
    "a schema": "CREATE SCHEMA mine",
    "a schema's name": "ALTER SCHEMA cutter_governance RENAME TO elsewhere",
    "an operator in public": "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "an operator of the catalogue": "CREATE OPERATOR pg_catalog.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "a cast": "CREATE CAST (text AS bytea) WITHOUT FUNCTION AS IMPLICIT",
    "a cast with a function": "CREATE CAST (jsonb AS bytea) WITH INOUT AS IMPLICIT",
    "a domain in public": "CREATE DOMAIN public.text AS pg_catalog.text",
    "a type in the schema": "CREATE TYPE cutter_governance.uuid AS (i int)",
    "a collation in public": "CREATE COLLATION public.mine (locale = 'C')",
    "a trigger on units": "CREATE TRIGGER mine AFTER INSERT ON public.information_unit FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a trigger on the ledger": "CREATE TRIGGER mine AFTER INSERT ON cutter_governance.approval FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "no trigger": "ALTER TABLE public.information_unit DISABLE TRIGGER ALL",
    "no guard": "DROP TRIGGER guard_write ON public.information_unit",
    "a rule on units": "CREATE RULE mine AS ON INSERT TO public.information_unit DO INSTEAD NOTHING",
    "a rule on a view": "CREATE RULE mine AS ON INSERT TO cutter_governance.v_run DO INSTEAD NOTHING",
    "an event trigger": "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a policy": "CREATE POLICY mine ON public.information_unit USING (false)",
    "row security": "ALTER TABLE public.information_unit ENABLE ROW LEVEL SECURITY",
    "a child of a product's table": "CREATE TEMP TABLE mine () INHERITS (public.information_unit)",
    "a partition of a product's table": "CREATE TEMP TABLE mine PARTITION OF public.information_unit DEFAULT",
    "a parent of a product's table": "ALTER TABLE public.information_unit INHERIT cutter_governance.run",
    "an index with a function": "CREATE INDEX ON public.information_unit (lower(canonical_address))",
    "statistics with a function": "CREATE STATISTICS mine ON lower(canonical_address), unit_kind FROM public.information_unit",
    "a foreign key to a product's table": "CREATE TEMP TABLE mine (id text REFERENCES cutter_governance.run (run_id) ON DELETE CASCADE)",
    "a column": "ALTER TABLE public.unit_version ADD COLUMN mine text DEFAULT 'x'",
    "a default": "ALTER TABLE cutter_governance.approval_use ALTER COLUMN xid SET DEFAULT '1'",
    "no constraint": "ALTER TABLE cutter_governance.approval DROP CONSTRAINT approval_check",
    "another view": "CREATE OR REPLACE VIEW cutter_governance.v_lease AS SELECT * FROM cutter_governance.execution_lease",
    "a view as its invoker": "ALTER VIEW cutter_governance.v_reader SET (security_invoker = true)",
    "a publication": "CREATE PUBLICATION mine FOR TABLE public.information_unit",
    "a subscription": "CREATE SUBSCRIPTION mine CONNECTION 'host=x' PUBLICATION y WITH (connect = false)",
    "a language": "CREATE LANGUAGE plpython3u",
    "a foreign server": "CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw",
    "dblink": "CREATE EXTENSION dblink",
    "file_fdw": "CREATE EXTENSION file_fdw",
    "a security label": "SECURITY LABEL ON TABLE public.information_unit IS 'x'",
    "a comment": "COMMENT ON TABLE public.information_unit IS 'x'",
    # rows
    "units": "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type) VALUES ('X/1', 'x', 'x')",
    "versions": "INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash) VALUES (gen_random_uuid(), 1, 'x', 'x')",
    "the log of lifecycles": "INSERT INTO public.iu_lifecycle_log (unit_id, from_status, to_status, actor) VALUES (gen_random_uuid(), 'x', 'x', 'x')",
    "a lifecycle": "INSERT INTO public.iu_lifecycle_vocab VALUES ('decree', 'x')",
    "the vocabulary": "INSERT INTO cutter_governance.unit_vocabulary VALUES ('decree', 'decree')",
    "the configuration": "INSERT INTO public.dot_config VALUES ('x', 'y')",
    "an alias of an address": "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('X/1', 'ACME-LAW/ONE')",
    "a run": "INSERT INTO cutter_governance.run SELECT * FROM cutter_governance.run",
    "a stage": "UPDATE cutter_governance.run SET stage = 'lifecycle_enacted'",
    "a journal's lock": "UPDATE cutter_governance.run SET journal_lock = repeat('a', 64)",
    "an event": "INSERT INTO cutter_governance.run_event (run_id, phase, stage, family, outcome, record, journal_seq, journal_head, vouched)"
    " SELECT run_id, 'x', stage, family, 'PASS', '{}', 1, repeat('a', 64), true FROM cutter_governance.run",
    "a verification": "INSERT INTO cutter_governance.verify_result (run_id, outcome, checks) SELECT run_id, 'PASS', '{}' FROM cutter_governance.run",
    "a review decision": "INSERT INTO cutter_governance.review_decision SELECT gen_random_uuid(), run_id, 'enact', 'x', statement_sha256, signers, now() FROM cutter_governance.approval",
    "a change set": "INSERT INTO cutter_governance.cut_change_set_affected_row VALUES (gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid())",
    "a source": "INSERT INTO cutter_governance.source_document_version_registry (docprefix, origin, raw_bytes, sha256, canonical_sha256, canon_rule) VALUES ('ACME-LAW', 'x', 1, 'x', 'x', 'x')",
    "a document": "INSERT INTO cutter_governance.source_document_registry (docprefix, origin, profile, live_query) VALUES ('ACME-X', 'x', 'x', 'DROP TABLE x')",
    "the inventory": "INSERT INTO cutter_governance.schema_pin (batch, line) VALUES (99, 'x')",
    "a migration": "INSERT INTO cutter_governance.schema_migration (number, name, sha256) VALUES (99, 'x', 'x')",
    "a baseline": "INSERT INTO cutter_governance.baseline_pin (run_id, table_name, rows) VALUES ('x', 'x', 1)",
    "the text of the law": "UPDATE public.unit_version SET body = 'x'",
    "a deleted unit": "DELETE FROM public.information_unit",
    "no unit at all": "TRUNCATE public.information_unit",
    "no table at all": "DROP TABLE public.information_unit",
    "through a view": "UPDATE cutter_governance.v_batch SET operator = 'x'",
    "into a view": "INSERT INTO cutter_governance.v_hold SELECT * FROM cutter_governance.v_hold",
    "out of a view": "DELETE FROM cutter_governance.v_lease",
    "with a CTE that writes": "WITH w AS (UPDATE public.unit_version SET body = 'x' RETURNING 1) SELECT * FROM w",
    "for update": "SELECT * FROM public.information_unit FOR UPDATE",
    "for share": "SELECT * FROM cutter_governance.run FOR SHARE",
    "for key share": "SELECT * FROM cutter_governance.approval FOR KEY SHARE",
    # files, programs and the server
    "rows from a file": "COPY public.information_unit FROM '/etc/passwd'",
    "rows into a file": "COPY (SELECT 1) TO '/tmp/cutter-attack'",
    "a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "rows from a program": "CREATE TEMP TABLE got (t text); COPY got FROM PROGRAM 'id'",
    "a file": "SELECT pg_read_file('/etc/passwd')",
    "a file of bytes": "SELECT pg_read_binary_file('/etc/passwd')",
    "a folder": "SELECT pg_ls_dir('/')",
    "a large object from a file": "SELECT lo_import('/etc/passwd')",
    "a large object into a file": "SELECT lo_export(1, '/tmp/cutter-attack')",
    "another configuration": "SELECT pg_reload_conf()",
    "another log file": "SELECT pg_rotate_logfile()",
    "a WAL file": "SELECT pg_switch_wal()",
    "a restore point": "SELECT pg_create_restore_point('x')",
    "a checkpoint": "CHECKPOINT",
    "a promotion": "SELECT pg_promote()",
    "a replication slot": "SELECT pg_create_physical_replication_slot('x')",
    "a logical slot": "SELECT pg_create_logical_replication_slot('x', 'test_decoding')",
    "no statistics": "SELECT pg_stat_reset()",
    "a library": "LOAD '/tmp/x.so'",
    "a C function": "CREATE FUNCTION pg_temp.c() RETURNS int LANGUAGE c AS '/tmp/x.so', 'x'",
    "an internal function": "CREATE FUNCTION pg_temp.i() RETURNS int LANGUAGE internal AS 'x'",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "a sequence forward": "SELECT nextval('public.iu_lifecycle_log_id_seq')",
    "a sequence back": "SELECT setval('cutter_governance.run_event_id_seq', 1)",
    "a sequence again": "ALTER SEQUENCE public.iu_lifecycle_log_id_seq RESTART",
    "a free lock of a table": "BEGIN; LOCK TABLE public.information_unit IN ROW SHARE MODE",
}
NOT_PERMITTED = "42501"
NOT_TO_BE_HAD = {
    "a foreign key to a product's table": "42P16",
    "a foreign server": "42704",
    "a language": "0A000",
    "a partition of a product's table": "42809",
    "a security label": "22023",
    "dblink": "0A000",
    "file_fdw": "0A000",
    "into a view": "55000",
    "out of a view": "55000",
}
"""What is refused before anybody's privileges are looked at, and how: no such extension, wrapper or label, no such view or table."""

SHRUGGED = {
    "ANALYZE": "ANALYZE public.information_unit",
    "ANALYZE of the ledger": "ANALYZE cutter_governance.approval",
    "VACUUM": "VACUUM public.information_unit",
    "NOTIFY": "NOTIFY cutter, 'x'",
    "LISTEN": "LISTEN cutter",
    "a message in the log of writes": "SELECT pg_logical_emit_message(false, 'cutter', 'x')",
    "a message in a transaction": "SELECT pg_logical_emit_message(true, 'cutter', 'x')",
    "an exported snapshot": "SELECT pg_export_snapshot()",
    "a large object": "SELECT lo_unlink(lo_from_bytea(0, '\\x00'))",
    "a temporary table": "CREATE TEMP TABLE run (run_id text)",
    "a temporary copy of units": "CREATE TEMP TABLE information_unit (LIKE pg_class)",
    "a temporary function": "CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT null::timestamptz'",
    "a temporary sequence": "CREATE TEMP SEQUENCE run_event_id_seq",
    "an advisory lock": f"SELECT pg_advisory_lock({migrations._LOCK}), pg_advisory_unlock_all()",
    "its own privileges for later": "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO CURRENT_USER",
    "EXPLAIN of what it may not do": "EXPLAIN SELECT 1",
    "DISCARD": "DISCARD ALL",
    "transaction as read only": "SET default_transaction_read_only = on",
    "a prepared transaction where there are none": "PREPARE TRANSACTION 'x'",
    "the catalogue": "SELECT count(*) FROM pg_proc WHERE proname LIKE 'fn\\_%'",
}
"""Allowed by PostgreSQL to everybody, or answered with a warning; none of them changes anything of the product."""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", REFUSED)
def test_no_role_takes_more_than_it_was_given(prey: Prey, role: str, what: str) -> None:
    with refused(prey.database, *_codes(what)), prey.session(role) as connection:
        connection.execute(REFUSED[what].encode())


def _codes(what: str) -> set[str]:
    return {NOT_PERMITTED, NOT_TO_BE_HAD.get(what, NOT_PERMITTED)}


def test_no_role_takes_more_than_it_was_given_on_any_version(each_cut: SignedCut) -> None:
    bring(each_cut, "armed")
    with attack(each_cut.database):
        for role in ROLES:
            # A statement that is refused leaves nothing of a session that commits by itself.
            with session(each_cut.database, role) as connection:
                for what, statement in REFUSED.items():
                    with stopped(*_codes(what)):
                        connection.execute(statement.encode())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", SHRUGGED)
def test_what_everybody_may_do_changes_nothing_of_the_product(prey: Prey, role: str, what: str) -> None:
    with attack(prey.database), prey.session(role) as connection, suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute(SHRUGGED[what].encode())


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER, MONITOR])
def test_no_role_hands_its_rights_on(prey: Prey, role: str) -> None:
    """PostgreSQL answers a grant without a grant option with a warning, or with a refusal: nothing is granted."""
    with attack(prey.database), prey.session(role) as connection:
        for statement in (
            "GRANT SELECT ON cutter_governance.v_run TO passer_by WITH GRANT OPTION",
            "GRANT USAGE ON SCHEMA cutter_governance TO passer_by",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cutter_governance TO passer_by",
            "GRANT ALL ON ALL TABLES IN SCHEMA cutter_governance TO PUBLIC",
        ):
            try:
                connection.execute(statement.encode())
            except psycopg.Error as error:
                assert error.sqlstate == "42501"  # noqa: PT017


@pytest.mark.parametrize("role", ROLES)
def test_no_role_ends_or_cancels_the_sessions_of_another(prey: Prey, role: str) -> None:
    for other in (*ROLES, "postgres"):
        if other == role:
            continue
        with prey.session(other) as victim:
            for function in ("pg_terminate_backend", "pg_cancel_backend"):
                with refused(prey.database, "42501"), prey.session(role) as connection:
                    connection.execute(f"SELECT {function}(%s)".encode(), (victim.info.backend_pid,))
            assert victim.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "mode",
    [
        "ROW SHARE",
        "ROW EXCLUSIVE",
        "SHARE UPDATE EXCLUSIVE",
        "SHARE",
        "SHARE ROW EXCLUSIVE",
        "EXCLUSIVE",
        "ACCESS EXCLUSIVE",
    ],
)
def test_no_role_takes_a_lock_that_stops_a_writer(prey: Prey, role: str, mode: str) -> None:
    for table in (
        "public.information_unit",
        "cutter_governance.run",
        "cutter_governance.execution_lock",
        "cutter_governance.hold_event",
        "cutter_governance.v_reader",
    ):
        with refused(prey.database, "42501"), prey.session(role, autocommit=False) as connection:
            connection.execute(f"LOCK TABLE {table} IN {mode} MODE".encode())


def test_the_stranger_sees_no_row_of_the_product(prey: Prey) -> None:
    with prey.database.connect() as connection:
        names = [
            str(name)
            for (name,) in connection.execute(
                "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'v', 'S')"
                " AND c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console')"
            )
        ]
    assert len(names) > 40
    with prey.session("passer_by") as connection:
        for name in names:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {name}".encode())


def test_the_monitoring_role_does_not_see_past_its_views(prey: Prey) -> None:
    with prey.session(MONITOR) as connection:
        for table in (
            "public.information_unit",
            "public.unit_version",
            "cutter_governance.approval",
            "cutter_governance.run",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {table}".encode())


@pytest.mark.parametrize("role", ROLES)
def test_a_prepared_transaction_does_not_outlive_its_session(prey: Prey, role: str) -> None:
    """A cut that is prepared could be committed after a HOLD; the server has no prepared transactions."""
    with refused(prey.database, "55000"), prey.session(role, autocommit=False) as connection:
        connection.execute("SELECT pg_current_xact_id()")
        connection.execute("PREPARE TRANSACTION 'later'")

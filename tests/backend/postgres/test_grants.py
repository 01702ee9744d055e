"""Roles, grants and functions are the installed ones, and every change of them is seen."""

import json
from collections.abc import Callable, Iterator

import pytest

from console.backend.model.outcome import Outcome
from console.backend.postgres.drift import measure_drift
from console.backend.postgres.measure import privileges_to_write
from console.backend.postgres.site_roles import SITE_ROLES
from console.backend.scratch.cluster import TransientCluster
from tests.conftest import Database, fresh_database

_DEFINERS = """
    SELECT p.oid::regprocedure::text, p.prosecdef, coalesce(array_to_string(p.proconfig, ';'), ''), pg_get_userbyid(p.proowner),
           has_function_privilege('pg_monitor', p.oid, 'EXECUTE')
      FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('cutter_governance', 'cutter_console') OR p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'fn\\_%'
"""
_EXECUTABLE = """
    SELECT p.proname FROM pg_proc p
     WHERE (p.pronamespace::regnamespace::text IN ('cutter_governance', 'cutter_console') OR p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'fn\\_%%')
       AND has_function_privilege(%s, p.oid, 'EXECUTE') ORDER BY 1
"""
_READABLE = """
    SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'v') AND c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console')
       AND has_any_column_privilege(%s, c.oid, 'SELECT') AND c.relkind = %s
"""
_DIFFERENT = """
    (SELECT line FROM cutter_governance.v_schema_line EXCEPT SELECT line FROM cutter_governance.v_schema_pin)
    UNION ALL (SELECT line FROM cutter_governance.v_schema_pin EXCEPT SELECT line FROM cutter_governance.v_schema_line)
"""
_WRITABLE = """
    SELECT c.oid::regclass::text, r.rolname FROM pg_class c, pg_roles r
     WHERE c.relkind IN ('r', 'v', 'S') AND c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console') AND r.rolname LIKE 'cutter\\_%'
       AND r.rolname <> 'cutter_owner' AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(r.oid, c.oid, 'USAGE, UPDATE')
           ELSE has_table_privilege(r.oid, c.oid, 'DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE, REFERENCES') END
"""
CUT_FUNCTIONS = {"fn_cut_apply", "fn_edit_apply", "fn_cut_record", "fn_cut_enact", "fn_cut_revert"}
RECORDING = {
    "fn_approval_import",
    "fn_structure_record",
    "fn_verify_record",
    "fn_edit_verify_record",
    "fn_backup_record",
    "fn_batch_import",
}
NOBODYS = {
    *(
        "fn_approval_spend",
        "fn_authorise",
        "fn_ruling",
        "fn_assert_target",
        "fn_signers",
        "fn_statement",
        "fn_policy_pin",
        "fn_signing_key_pin",
    ),
    *("fn_signing_key_end", "fn_event_write", "fn_run_step", "fn_baseline_write", "fn_manifest_seal", "fn_cut_write"),
    *("fn_approval_take", "fn_approval_signers", "fn_ruling_found", "fn_lease_open", "fn_batch_of", "fn_batch_listed"),
    *("fn_record_write", "fn_revert_write", "fn_write_lock", "fn_lock", "fn_table_digest", "fn_assert_backup"),
    *("fn_event_run", "fn_custody_write"),
    *("fn_base_rows", "fn_base_seal", "fn_base_known", "fn_keep_base", "fn_document_known"),
    *("fn_folded", "fn_search_vector", "fn_search_query", "fn_units_with", "fn_units_among", "fn_states_at"),
}
FIXED = {
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "lock_timeout": "10s",
    "enable_nestloop": "off",
    "enable_hashjoin": "on",
    "enable_mergejoin": "on",
    "enable_seqscan": "off",
    "enable_sort": "on",
    "work_mem": "64MB",
    "enable_indexscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "cpu_tuple_cost": "1000000",
}
"""What a function may fix besides its search_path, so that its caller cannot."""


BY_INDEX = (
    "cutter_console.fn_draft_lines(text)",
    "cutter_console.fn_draft_differences(text)",
    "cutter_console.fn_draft_rows(text)",
    "cutter_console.fn_document_drafts(text)",
    "cutter_console.fn_amended_standing(text,text)",
)
PLANNED_EACH_TIME = {
    f"cutter_console.{name}": {"plan_cache_mode": "force_custom_plan"}
    for name in ("fn_amended_standing(text,text)", "fn_draft_rows(text)", "fn_draft_differences(text)")
}
"""They choose between two plans by the number of units: one that was kept would be of another document."""


def test_every_function_has_a_pinned_search_path_one_owner_and_no_public_execute(each_database: Database) -> None:
    with each_database.connect() as connection:
        rows = connection.execute(_DEFINERS.encode()).fetchall()
    assert len(rows) > 35
    for name, _, settings, owner, by_everybody in rows:
        fixed = dict(setting.split("=", 1) for setting in settings.split(";"))
        assert (fixed.pop("search_path"), owner, by_everybody) == ("pg_catalog, pg_temp", "cutter_owner", False), name
        assert {setting.lower() for setting in fixed} <= {setting.lower() for setting in FIXED}, name
        # On again in those that find the rows of one document by index.
        values = FIXED | ({"enable_nestloop": "on"} if name in BY_INDEX else {}) | PLANNED_EACH_TIME.get(name, {})
        assert all(fixed[one] == value for one, value in values.items() if one in fixed), name


def test_the_roles_are_ordinary_and_the_owner_cannot_log_in(each_database: Database) -> None:
    with each_database.connect() as connection:
        rows = connection.execute(
            "SELECT rolname, rolcanlogin, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,"
            " EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid) FROM pg_roles r WHERE rolname LIKE 'cutter\\_%' ORDER BY 1"
        ).fetchall()
    # Those of a printed script are there if another database of the cluster is tied to an organisation's functions.
    assert {row[1:] for row in rows if row[0] in SITE_ROLES} <= {(False, False, False)}
    assert [row for row in rows if row[0] not in SITE_ROLES] == [
        ("cutter_exec", True, False, False),
        ("cutter_owner", False, False, False),
        ("cutter_ro", True, False, False),
        ("cutter_stop", True, False, False),
        ("cutter_verify", True, False, False),
    ]


def test_the_monitoring_role_reads_views_and_of_the_tables_only_the_public_keys(database: Database) -> None:
    with database.connect() as connection:
        tables = connection.execute(_READABLE.encode(), ("cutter_ro", "r")).fetchall()
        views = connection.execute(_READABLE.encode(), ("cutter_ro", "v")).fetchall()
    assert sorted(name for (name,) in tables) == ["signing_key", "signing_key_end", "signing_key_term"]
    assert len(views) >= 10


def test_the_monitoring_role_executes_reading_functions_alone(database: Database) -> None:
    with database.connect() as connection:
        names = [name for (name,) in connection.execute(_EXECUTABLE.encode(), ("cutter_ro",))]
    assert names == [
        "fn_batch_digest",
        "fn_batch_waiting",
        "fn_count_audit",
        "fn_document_digest",
        "fn_document_in_force",
        "fn_documents_not_kept",
        "fn_hold_reason",
        "fn_in_force",
        "fn_next_stage",
        "fn_openpgp_check",
        "fn_readers_digest",
        "fn_schema_digest",
        "fn_schema_line",
        "fn_schema_way",
        "fn_state_altered",
        "fn_state_cut_sha256",
        "fn_state_pieces",
        "fn_state_text",
        "fn_state_units",
        "fn_state_versions",
        "fn_unit_page",
        "fn_unit_states",
        "fn_unit_versions",
    ]


def test_the_role_that_stops_executes_one_function_and_reads_nothing(each_database: Database) -> None:
    with each_database.connect() as connection:
        names = [name for (name,) in connection.execute(_EXECUTABLE.encode(), ("cutter_stop",))]
        tables = connection.execute(_READABLE.encode(), ("cutter_stop", "r")).fetchall()
        views = connection.execute(_READABLE.encode(), ("cutter_stop", "v")).fetchall()
    assert (names, tables, views) == (["fn_hold_ensure"], [], [])


def test_the_executor_imports_no_approval_and_the_verifier_writes_no_unit(each_database: Database) -> None:
    with each_database.connect() as connection:
        executor = {name for (name,) in connection.execute(_EXECUTABLE.encode(), ("cutter_exec",))}
        verifier = {name for (name,) in connection.execute(_EXECUTABLE.encode(), ("cutter_verify",))}
    assert executor >= CUT_FUNCTIONS
    assert verifier >= RECORDING
    assert not executor & RECORDING
    assert not verifier & (
        CUT_FUNCTIONS
        | {"fn_run_hand_over", "fn_run_accept", "fn_run_take_over"}
        | {"fn_lease_arm", "fn_batch_arm", "fn_batch_record", "fn_hold_release", "fn_run_create", "fn_run_plan"}
    )
    assert not (executor | verifier) & (NOBODYS | {"fn_hold_ensure"})


def test_no_role_changes_a_row_of_any_table_or_view_by_itself(each_database: Database) -> None:
    """Not one INSERT is granted: every row is written by a function that derives it."""
    with each_database.connect() as connection:
        assert connection.execute(_WRITABLE.encode()).fetchall() == []


def test_the_owner_of_everything_is_the_nologin_role(each_database: Database) -> None:
    with each_database.connect() as connection:
        strangers = connection.execute(
            "SELECT c.oid::regclass::text, pg_get_userbyid(c.relowner) FROM pg_class c"
            " WHERE c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'cutter_console') AND c.relowner <> 'cutter_owner'::regrole"
        ).fetchall()
    assert strangers == []


def test_a_fresh_database_has_not_drifted(each_database: Database) -> None:
    report = measure_drift(each_database.conninfo("cutter_ro"))
    assert (report.outcome, report.differences) == (Outcome.PASS, ())
    assert report.schema_digest == report.pinned_digest


CHANGES = {
    "a grant on a table": "GRANT UPDATE ON public.information_unit TO cutter_exec",
    "a grant on a column": "GRANT UPDATE (body) ON public.unit_version TO cutter_exec",
    "a grant to everybody": "GRANT SELECT ON public.information_unit TO PUBLIC",
    "a revoked grant": "REVOKE SELECT ON cutter_governance.unit_vocabulary FROM cutter_exec",
    "a grant on a schema": "GRANT CREATE ON SCHEMA cutter_governance TO cutter_exec",
    "a grant on a function": "GRANT EXECUTE ON FUNCTION cutter_console.fn_approval_import TO cutter_exec",
    "a grant to pin policies": "GRANT EXECUTE ON FUNCTION cutter_console.fn_policy_pin TO cutter_verify",
    "a grant to insert into the manifest": "GRANT INSERT ON cutter_governance.manifest_unit_block TO cutter_exec",
    "a changed function": "CREATE OR REPLACE FUNCTION cutter_console.fn_assert_no_hold() RETURNS void LANGUAGE sql AS 'SELECT'",
    "a function's search_path": "ALTER FUNCTION cutter_console.fn_cut_apply RESET search_path",
    "a function's owner": "ALTER FUNCTION cutter_console.fn_cut_apply OWNER TO postgres",
    "a disabled trigger": "ALTER TABLE public.information_unit DISABLE TRIGGER guard_write",
    "a trigger that replica mode skips": "ALTER TABLE public.information_unit ENABLE TRIGGER guard_write",
    "a dropped trigger": "DROP TRIGGER guard_immutable ON public.unit_version",
    "a foreign trigger": "CREATE TRIGGER stranger BEFORE INSERT ON public.unit_version FOR EACH ROW EXECUTE FUNCTION pg_temp.noop()",
    "a guard that does nothing": "CREATE OR REPLACE TRIGGER guard_write BEFORE INSERT ON public.information_unit FOR EACH STATEMENT"
    " EXECUTE FUNCTION pg_temp.noop(); ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER guard_write",
    "a rewrite rule": "CREATE RULE swallow AS ON INSERT TO public.unit_version DO INSTEAD NOTHING",
    "a changed view": "CREATE OR REPLACE VIEW cutter_governance.v_hold AS SELECT * FROM cutter_governance.hold_event WHERE false",
    "a dropped constraint": "DROP INDEX cutter_governance.execution_lease_one_open",
    "a dropped check": "ALTER TABLE cutter_governance.approval DROP CONSTRAINT approval_signers_check",
    "row security": "ALTER TABLE public.information_unit ENABLE ROW LEVEL SECURITY",
    "a table's owner": "ALTER TABLE cutter_governance.run OWNER TO postgres",
}


@pytest.fixture(scope="module")
def shared(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[Database]:
    """A database in which every change is rolled back."""
    yield from fresh_database(cluster, template_of(cluster.major))


def _seen_after(database: Database, change: str) -> list[str]:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "CREATE FUNCTION pg_temp.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        connection.execute(change.encode())
        return [line for (line,) in connection.execute(_DIFFERENT.encode())]


@pytest.mark.parametrize("how", CHANGES)
def test_a_change_of_what_may_be_done_is_seen(shared: Database, how: str) -> None:
    """The executor lacked two grants, and a trigger that no catalogue listed blocked the first cut."""
    assert 1 <= len(_seen_after(shared, CHANGES[how])) <= 12


@pytest.mark.parametrize("role", ["cutter_owner", "cutter_exec"])
def test_a_new_member_of_a_role_is_seen(shared: Database, role: str) -> None:
    """Membership is a grant too, and it belongs to the cluster."""
    seen = _seen_after(shared, f"CREATE ROLE mallory_of_{role} LOGIN IN ROLE {role}")
    assert [json.loads(line)[:4] for line in seen] == [["membership", role, "postgres", f"mallory_of_{role}"]]


def test_drift_names_what_is_gone_and_what_came(database: Database) -> None:
    """As the command shows it, by the monitoring role."""
    with database.connect() as connection:
        connection.execute("ALTER TABLE public.information_unit DISABLE TRIGGER guard_write")
    report = measure_drift(database.conninfo("cutter_ro"))
    assert report.outcome is Outcome.FAIL
    assert [(one.what, one.subject, one.expected, one.actual) for one in report.differences] == [
        ("trigger state", "guard_write on public.information_unit", "ENABLE ALWAYS", "disabled")
    ]


def test_drift_is_the_same_whatever_the_search_path(database: Database) -> None:
    digests = set()
    with database.connect() as connection:
        for path in ("public", "cutter_governance, public", "pg_catalog", "pg_temp"):
            connection.execute(f"SET search_path = {path}".encode())
            digests.add(connection.execute("SELECT cutter_console.fn_schema_digest()").fetchone())
            assert connection.execute(_DIFFERENT.encode()).fetchall() == []
    assert len(digests) == 1


GRANTS_TO_WRITE = {
    "a table": "GRANT INSERT ON public.information_unit TO cutter_ro",
    "a column": "GRANT UPDATE (body) ON public.unit_version TO cutter_ro",
    "a function of the ledger": "GRANT EXECUTE ON FUNCTION cutter_console.fn_hold_release TO cutter_ro",
    "a function on units": "GRANT EXECUTE ON FUNCTION cutter_console.fn_cut_apply TO cutter_ro",
    "a part of a function": "GRANT EXECUTE ON FUNCTION cutter_console.fn_approval_spend TO cutter_ro",
    "a function of the verifier": "GRANT EXECUTE ON FUNCTION cutter_console.fn_backup_record TO cutter_ro",
}


@pytest.mark.parametrize("how", GRANTS_TO_WRITE)
def test_a_monitoring_role_that_can_write_is_known_as_such(database: Database, how: str) -> None:
    """A READ ONLY transaction is a second belt; the privileges are the boundary."""
    with database.connect("cutter_ro") as monitor, database.connect() as administrator:
        assert privileges_to_write(monitor) == 0
        administrator.execute(GRANTS_TO_WRITE[how].encode())
        assert privileges_to_write(monitor) > 0

"""Code of the organisation's that a reading or a call runs never has the rights of the console's owner."""

import psycopg
import pytest

from console.backend.model.errors import CutterError
from console.backend.postgres.site_roles import role_sql
from tests.gateway.conftest import AFTER_CUT, BEFORE, changed, cut, theirs
from tests.support.passage import Passage

_MINE = """
    CREATE FUNCTION library.mine(integer DEFAULT 1) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
        IF current_user = 'cutter_owner' THEN
            RAISE EXCEPTION 'it runs as the owner of the console''s tables';
        END IF;
        RETURN 'mine';
    END $$;
"""
_VIEW = (
    "ALTER TABLE library.{0} RENAME TO kept;"
    " CREATE VIEW library.{0} AS SELECT * FROM library.kept WHERE library.mine() = 'mine'; GRANT ALL ON library.{0} TO PUBLIC"
)
_POLICY = (
    "ALTER TABLE library.{0} ENABLE ROW LEVEL SECURITY;"
    " CREATE POLICY mine ON library.{0} USING (library.mine() = 'mine')"
)
_DEFAULT = "DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('library.fn_iu_{0}'::regproc), '{1}', '{2}'); END $do$"
_UNLOGGED = "ALTER TABLE library.iu_lifecycle_log SET UNLOGGED"
_DEFERRED = """
    CREATE FUNCTION library.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_user LIKE 'cutter%' AND current_user <> 'cutter_site_reader' THEN
            RAISE EXCEPTION 'it runs as the owner of the console''s tables: %', current_user;
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON library.information_unit DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION library.at_commit();
"""
_PART = (
    "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far;"
    " CREATE FOREIGN TABLE library.far () INHERITS (library.iu_lifecycle_log) SERVER far"
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_VIEW.format("iu_lifecycle_log"), "library.iu_lifecycle_log is no plain table"),
        (_POLICY.format("unit_version"), "row-level security policy for table"),
        (_UNLOGGED, "library.iu_lifecycle_log is not kept in a crash"),
    ],
    ids=["a view", "a policy", "an unlogged table"],
)
def test_nothing_is_written_where_a_table_is_no_plain_one_any_more(signed: Passage, change: str, said: str) -> None:
    changed(signed, _MINE + change)

    with pytest.raises(CutterError, match=said):
        cut(signed)

    assert theirs(signed) == BEFORE


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX ON library.iu_lifecycle_log ((library.mine(1)))",
        _DEFERRED,
        _DEFAULT.format(
            "create", "p_owner_ref text DEFAULT ''library''::text", "p_owner_ref text DEFAULT library.mine()"
        ),
    ],
    ids=["an index", "a trigger at COMMIT", "a default of the function that makes"],
)
def test_code_that_a_cut_runs_has_no_right_of_the_console_s(signed: Passage, change: str) -> None:
    changed(signed, _MINE + change)

    cut(signed)

    assert theirs(signed) == AFTER_CUT


def test_code_that_an_enactment_runs_has_no_right_of_the_console_s(drafted: Passage) -> None:
    drafted.sign()
    changed(
        drafted,
        _MINE
        + _DEFERRED
        + _DEFAULT.format(
            "enact",
            "p_change_set_id uuid DEFAULT NULL::uuid",
            "p_change_set_id uuid DEFAULT nullif(library.mine(), ''mine'')::uuid",
        ),
    )

    # Its deferred trigger fires there as who may read, like the default that its function has.
    drafted.enact()

    log = "SELECT count(*) FROM library.iu_lifecycle_log"
    assert int(str(drafted.rows(log)[0][0])) > BEFORE["library.iu_lifecycle_log"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("SELECT", None),
        (_VIEW.format("iu_lifecycle_log"), "library.iu_lifecycle_log is no plain table, or a part of it is none"),
        (_PART, "library.iu_lifecycle_log is no plain table, or a part of it is none"),
        (_POLICY.format("unit_version"), "library.unit_version has row security"),
        (_UNLOGGED, "library.iu_lifecycle_log is not kept in a crash"),
    ],
    ids=["plain tables", "a view", "a part elsewhere", "a policy", "an unlogged table"],
)
def test_each_table_whose_rows_cannot_be_counted_on_is_named(signed: Passage, change: str, named: str | None) -> None:
    with signed.connect() as connection:
        connection.execute((_MINE + change).encode())

    assert signed.rows("SELECT cutter_console.fn_site_odd_tables()") == [(named,)]


@pytest.mark.parametrize("member", ["who_logs_in", ""])
@pytest.mark.parametrize("role", ["cutter_site_reader", "cutter_site_caller"])
def test_a_role_that_somebody_else_can_use_is_refused(signed: Passage, role: str, member: str) -> None:
    """Roles are of the whole cluster; what is done to them here is rolled back."""
    with signed.connect() as connection, connection.transaction(force_rollback=True):
        given = f"CREATE ROLE {member} LOGIN; GRANT {role} TO {member}" if member else f"ALTER ROLE {role} LOGIN"
        connection.execute(given.encode())
        with pytest.raises(psycopg.errors.RaiseException, match=f"the role {role} is there already"):
            connection.execute(role_sql(role))


def test_code_that_a_probe_runs_has_no_right_of_the_console_s(signed: Passage) -> None:
    changed(signed, _MINE + _DEFERRED)

    with signed.connect("cutter_verify") as connection:
        row = connection.execute(b"SELECT cutter_console.fn_probe_cut('{3}', true)").fetchone()

    assert row is not None
    assert [(probe["n"], probe.get("failed"), probe.get("done")) for probe in row[0]["probes"]] == [(3, None, True)]


def test_the_owner_of_the_console_s_tables_may_read_and_write_nothing_of_theirs(signed: Passage) -> None:
    tables = signed.rows(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v')"
        " AND c.relnamespace::regnamespace::text IN ('library', 'library_governance')"
        " AND has_table_privilege('cutter_owner', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')"
    )

    assert tables == []

"""No row of a unit changes but through the functions; the record only grows; whoever asks."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.backend.postgres.signed_cut import SignedCut, counts, start_cut
from tests.conftest import Database

UNIT_TABLES = ("public.information_unit", "public.unit_version")
LEDGER = (
    "public.iu_lifecycle_log",
    "public.iu_lifecycle_vocab",
    *(
        f"cutter_governance.{name}"
        for name in (
            "unit_vocabulary",
            "source_document_registry",
            "source_document_version_registry",
            "run_event",
            "run_effect",
            "manifest_envelope",
            "manifest_unit_block",
            "manifest_seal",
            "policy_pin",
            "backup_proof",
            "signing_key",
            "signing_key_term",
            "signing_key_end",
            "approval",
            "approval_use",
            "hold_event",
            "baseline_pin",
            "review_decision",
            "cut_change_set",
            "cut_change_set_affected_row",
            "verify_result",
            "dot_pair_signature",
            "canonical_address_alias",
            "decision_backlog_entry",
            "decision_backlog_history",
            "schema_pin",
            "schema_migration",
        )
    ),
)
NEVER_DELETED = ("cutter_governance.run", "cutter_governance.execution_lease", "cutter_governance.execution_lock")
LOGIN_ROLES = ("cutter_exec", "cutter_verify", "cutter_ro")

WRITES = {
    "insert": "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type) VALUES ('X/1', 'a', 'b')",
    "insert version": "INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash) VALUES (gen_random_uuid(), 1, 'b', 'h')",
    "copy": "COPY public.information_unit (canonical_address, unit_kind, section_type) FROM PROGRAM 'printf \"X/1\\ta\\tb\\n\"'",
    "update": "UPDATE public.information_unit SET owner_ref = 'mallory'",
    "update of nothing": "UPDATE public.unit_version SET title = 'x' WHERE false",
    "upsert": "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type) VALUES ('ACME-LAW/ONE', 'a', 'b')"
    " ON CONFLICT (canonical_address) DO UPDATE SET owner_ref = 'mallory'",
    "delete": "DELETE FROM public.information_unit",
    "delete version": "DELETE FROM public.unit_version WHERE false",
    "truncate": "TRUNCATE public.information_unit, public.unit_version",
    "truncate version": "TRUNCATE public.unit_version CASCADE",
}
STANCES = {
    "superuser": "SELECT 1",
    "superuser as the owner": "SET ROLE cutter_owner",
    "superuser in replica mode": "SET session_replication_role = replica",
}


def _refused(connection: psycopg.Connection, statement: str) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(statement.encode())
    return caught.value


@pytest.fixture(scope="module")
def stances(law: SignedCut) -> Iterator[dict[str, psycopg.Connection]]:
    """A superuser's connection in each of the ways in which it could try."""
    with ExitStack() as stack:
        found = {name: stack.enter_context(law.database.connect()) for name in STANCES}
        for name, connection in found.items():
            connection.execute(STANCES[name].encode())
        yield found


@pytest.mark.parametrize("stance", STANCES)
@pytest.mark.parametrize("write", WRITES)
def test_a_direct_write_to_units_is_refused_whoever_asks(
    stances: dict[str, psycopg.Connection], write: str, stance: str
) -> None:
    """TRUNCATE passed row triggers, the owner and replica mode passed ordinary ones."""
    error = _refused(stances[stance], WRITES[write])
    if (write, stance) != ("copy", "superuser as the owner"):  # the owner may run no program
        assert error.sqlstate == "CU004", error


@pytest.mark.parametrize("role", LOGIN_ROLES)
@pytest.mark.parametrize("write", WRITES)
def test_a_direct_write_to_units_is_not_granted_to_any_role(law: SignedCut, write: str, role: str) -> None:
    with law.database.connect(role) as connection:
        assert _refused(connection, WRITES[write]).sqlstate == "42501"


@pytest.mark.parametrize("table", [*LEDGER, *NEVER_DELETED])
@pytest.mark.parametrize("stance", STANCES)
def test_the_record_is_never_deleted_or_truncated(
    stances: dict[str, psycopg.Connection], table: str, stance: str
) -> None:
    connection = stances[stance]
    assert _refused(connection, f"DELETE FROM {table}").sqlstate == "CU004"
    assert _refused(connection, f"TRUNCATE {table} CASCADE").sqlstate == "CU004"


@pytest.mark.parametrize("table", LEDGER)
def test_a_ledger_row_is_never_updated(stances: dict[str, psycopg.Connection], table: str) -> None:
    column = (
        stances["superuser"]
        .execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", (table,))
        .fetchone()
    )
    assert column is not None
    for connection in stances.values():
        assert _refused(connection, f"UPDATE {table} SET {column[0]} = DEFAULT").sqlstate == "CU004"


@pytest.mark.parametrize("role", LOGIN_ROLES)
@pytest.mark.parametrize("table", [*LEDGER, *NEVER_DELETED])
def test_no_role_changes_the_record_directly(law: SignedCut, table: str, role: str) -> None:
    with law.database.connect(role) as connection:
        assert _refused(connection, f"DELETE FROM {table}").sqlstate == "42501"
        assert _refused(connection, f"TRUNCATE {table}").sqlstate == "42501"
        assert _refused(connection, f"INSERT INTO {table} DEFAULT VALUES").sqlstate == "42501"


@pytest.mark.parametrize("table", ["manifest_envelope", "manifest_unit_block"])
def test_nobody_adds_to_a_sealed_manifest(stances: dict[str, psycopg.Connection], table: str) -> None:
    """A copy of a row of its own, or a row of another run with it: the seal is looked at for each run that is named."""
    for connection in stances.values():
        values = "run_id, 99, address || '/X', parent_address, unit_kind, section_type, section_code, title, body, body_sha256"
        places = "byte_start, byte_end, line_start, line_end, gen_random_uuid(), gen_random_uuid()"
        more = {
            "manifest_envelope": "SELECT * FROM cutter_governance.manifest_envelope",
            "manifest_unit_block": f"SELECT {values}, {places} FROM cutter_governance.manifest_unit_block LIMIT 1",
        }
        error = _refused(connection, f"INSERT INTO cutter_governance.{table} {more[table]}")
        assert error.sqlstate in {"CU004", "23505"}, error


@pytest.mark.parametrize(
    "change",
    [
        "run SET plan_digest = 'another'",
        "run SET run_id = 'ictr-20260101T000000Z-ffffffff'",
        "run SET operator = 'somebody else'",
        "run SET source_sha256 = repeat('0', 64)",
        "run SET canonical_sha256 = repeat('0', 64)",
        "run SET baseline_digest = repeat('0', 64)",
        "run SET n_units = n_units + 1",
        "execution_lease SET expires_at = expires_at + interval '1 minute'",
        "execution_lease SET ended_at = NULL, end_reason = NULL",
        "execution_lease SET run_id = run_id || 'x'",
    ],
)
def test_a_run_keeps_its_plan_and_a_lease_is_never_extended_or_reopened(
    stances: dict[str, psycopg.Connection], change: str
) -> None:
    for connection in stances.values():
        assert _refused(connection, f"UPDATE cutter_governance.{change}").sqlstate == "CU004"


def test_every_guard_is_enabled_always(each_database: Database) -> None:
    with each_database.connect() as connection:
        rows = connection.execute(
            "SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE tgname LIKE 'guard%' AND NOT tgisinternal"
        ).fetchall()
    assert len(rows) > 30
    assert [row for row in rows if row[2] != "A"] == []


def test_every_table_of_the_record_has_a_guard(database: Database) -> None:
    with database.connect() as connection:
        bare = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'cutter_governance'::regnamespace"
            " AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname LIKE 'guard%' AND t.tgtype & 32 > 0)"
        ).fetchall()
    assert bare == []


def _in_an_approved_transaction(run: SignedCut, statement: str) -> psycopg.Error:
    """The worst case: the owner, inside a transaction that has used an approval."""
    with run.database.connect(autocommit=False) as connection:
        connection.execute("SET ROLE cutter_owner")
        run.apply(connection)
        error = _refused(connection, statement)
        connection.rollback()
    return error


@pytest.mark.parametrize(
    "change",
    [
        "information_unit SET canonical_address = 'OTHER/1'",
        "information_unit SET owner_ref = 'mallory'",
        "information_unit SET version_anchor_ref = gen_random_uuid()",
        "information_unit SET deleted_at = now()",
        "information_unit SET lifecycle_status = 'draft'",
        "information_unit SET lifecycle_status = 'retired'",
        "unit_version SET body = 'another body'",
        "unit_version SET title = 'another title'",
        "unit_version SET content_hash = repeat('0', 64)",
        "unit_version SET enacted_at = NULL",
        "unit_version SET lifecycle_status = 'draft'",
    ],
)
def test_an_enacted_row_is_immutable_even_under_an_approval(law: SignedCut, change: str) -> None:
    other = _other_run(law)
    error = _in_an_approved_transaction(other, f"UPDATE public.{change} WHERE lifecycle_status = 'enacted'")
    assert error.sqlstate == "CU004"


_OTHERS: dict[str, SignedCut] = {}


def _other_run(law: SignedCut) -> SignedCut:
    """A second run in the database of the law, ruled and armed once."""
    if law.database.name not in _OTHERS:
        other = start_cut(law.database, "ACME-OTHER", number=2)
        other.rule()
        other.arm()
        _OTHERS[law.database.name] = other
    return _OTHERS[law.database.name]


def test_nothing_that_was_tried_has_changed_a_row(law: SignedCut) -> None:
    assert law.lifecycles() == ["enacted"] * 3
    assert counts(law.database)["public.information_unit"] == 3

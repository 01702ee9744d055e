"""Kept numbers are those of the rows, nobody writes them, and a difference from the rows is found."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.backup.table_digest import document_proofs
from console.backend.model.tables import LARGE_TABLES
from console.backend.postgres.connections import scalar
from console.backend.postgres.kept import count_audit, document_digest, documents_not_kept, kept_documents
from tests.backend.postgres.signed_cut import SignedCut, start_cut, start_edit, stopped, walked
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database
from tests.support.passage import Passage

KEPT = ("kept_count", "kept_document")
_RECORD = "SELECT cutter_console.fn_backup_record(%s, %s)"
_PROOF = """
    SELECT jsonb_build_object('file_name', 'x.dump.gpg', 'sha256', repeat('0', 64), 'bytes', 1, 'recipient', repeat('A', 40),
             'documents', jsonb_build_array(%(of)s), 'standing', cutter_console.fn_standing(),
             'tables', (SELECT jsonb_agg(jsonb_build_object('table', n, 'rows', d.rows, 'digest', d.digest))
                          FROM cutter_console.fn_backup_tables() n, cutter_console.fn_document_rows_digest(n, ARRAY[%(of)s]) d))
"""


def at_law(database: Database) -> tuple[SignedCut, ...]:
    """A run whose document is law."""
    run = start_cut(database)
    run.enacted()
    return (run,)


@pytest.fixture
def lawful(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """A run whose document is law."""
    for (run,) in walked(request, at_law):
        yield run


def asleep(database: Database | Passage, table: str, statement: str) -> None:
    """Change rows as an administrator who switches every trigger of the table off meanwhile."""
    with database.connect() as connection, connection.transaction():
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        connection.execute(statement.encode())
        rows = connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", (table,)
        ).fetchall()
        for (name,) in rows:
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}".encode())


def as_kept(database: Database) -> None:
    """Every kept number is that of the rows now; what has changed since has no digest."""
    with database.connect("cutter_ro") as connection:
        counts = count_audit(connection)
        assert [row.table for row in counts] == sorted(LARGE_TABLES)
        assert all(row.kept == row.counted for row in counts)
        assert documents_not_kept(connection) == ()
        for row in kept_documents(connection):
            if row.digest is not None:
                assert document_digest(connection, row.docprefix) == (row.units, row.digest)


def _taken_back(cut: SignedCut) -> None:
    cut.cut()
    cut.reverted()


STEPS: dict[str, Callable[[SignedCut], None]] = {
    "cut": lambda cut: cut.cut(),
    "second pause": lambda cut: cut.to_second_pause(),
    "enacted": lambda cut: cut.enacted(),
    "reverted": _taken_back,
}


@pytest.mark.parametrize("step", STEPS)
def test_the_kept_numbers_are_those_of_the_rows_after_each_step(cut: SignedCut, step: str) -> None:
    as_kept(cut.database)
    STEPS[step](cut)
    as_kept(cut.database)


def test_an_edit_keeps_the_numbers_too(drafted: SignedCut) -> None:
    start_edit(drafted).edited()
    as_kept(drafted.database)


def test_a_change_leaves_no_old_digest_and_a_verification_keeps_the_new_one(cut: SignedCut) -> None:
    cut.cut()
    with cut.database.connect("cutter_ro") as connection:
        assert [row.digest for row in kept_documents(connection)] == [None]
    cut.record()
    cut.verify()
    with cut.database.connect("cutter_ro") as connection:
        (row,) = kept_documents(connection)
        assert (row.docprefix, row.units) == (cut.docprefix, len(cut.units))


def digests(database: Database, *values: object) -> tuple[object, object]:
    """The readers' digest as a small database computes it, and as a large one has it kept."""
    query = "SELECT cutter_console.fn_readers_digest(%s)" if values else "SELECT cutter_console.fn_readers_digest()"
    with database.connect() as connection, connection.transaction(force_rollback=True):
        small = scalar(connection, query, *values)
        connection.execute("UPDATE cutter_governance.kept_count SET rows = 50001")
        return small, scalar(connection, query, *values)


def test_the_readers_digest_is_the_same_kept_and_computed(drafted: SignedCut) -> None:
    computed, kept = digests(drafted.database)
    without, without_kept = digests(drafted.database, drafted.run_id)
    assert (computed, without) == (kept, without_kept)
    assert without != computed
    with drafted.database.connect() as connection:
        addresses = [unit.address for unit in drafted.units]
        assert scalar(connection, "SELECT cutter_console.fn_readers_digest_without(%s)", addresses) == without


def test_what_was_changed_past_the_triggers_shows_at_once_in_a_small_database(drafted: SignedCut) -> None:
    before, _ = digests(drafted.database)
    asleep(drafted.database, "public.unit_version", "UPDATE public.unit_version SET body = body || '!'")
    computed, kept = digests(drafted.database)
    assert (computed != before, kept == before) == (True, True)


def test_units_of_a_document_that_is_not_kept_show_in_any_database(drafted: SignedCut) -> None:
    before, _ = digests(drafted.database)
    alien = (
        f"UPDATE public.information_unit SET doc_code = NULL WHERE canonical_address = '{drafted.units[-1].address}'"
    )
    asleep(drafted.database, "public.information_unit", alien)
    assert before not in digests(drafted.database)
    with drafted.database.connect("cutter_ro") as connection:
        assert documents_not_kept(connection) == ("",)


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify", "cutter_ro"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cutter_governance.kept_count SET rows = 0",
        "INSERT INTO cutter_governance.kept_count VALUES ('public.dot_config', 0)",
        "DELETE FROM cutter_governance.kept_count",
        "TRUNCATE cutter_governance.kept_count",
        "UPDATE cutter_governance.kept_document SET kept_at = now()",
        "INSERT INTO cutter_governance.kept_document (docprefix) VALUES ('X')",
        "DELETE FROM cutter_governance.kept_document",
        "TRUNCATE cutter_governance.kept_document",
        "SELECT cutter_console.fn_keep_documents()",
        "SELECT cutter_console.fn_readers_root(NULL, NULL)",
    ],
)
def test_nobody_writes_what_is_kept(database: Database, role: str, statement: str) -> None:
    with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("verb", ["DELETE FROM", "TRUNCATE"])
def test_what_is_kept_is_never_deleted(database: Database, table: str, verb: str) -> None:
    with database.connect() as connection, stopped("STOP_INVARIANT_FAILED"):
        connection.execute(f"{verb} cutter_governance.{table}".encode())


@pytest.mark.parametrize("table", LARGE_TABLES)
def test_a_row_that_was_removed_past_the_triggers_is_missed(lawful: SignedCut, table: str) -> None:
    query = f"DELETE FROM {table} WHERE ctid = (SELECT max(ctid) FROM {table})"
    asleep(lawful.database, table, query)
    with lawful.database.connect("cutter_ro") as connection:
        wrong = [row.table for row in count_audit(connection) if row.kept != row.counted]
    assert wrong == [table]


def test_a_row_that_was_removed_with_the_guards_asleep_is_counted(cut: SignedCut) -> None:
    """The triggers that keep numbers are no guards: whoever wakes them late has the count of what is there."""
    cut.enacted()
    tamper(cut.database, "DELETE FROM public.iu_lifecycle_log")
    as_kept(cut.database)


def test_the_session_of_a_replica_is_counted_like_others(cut: SignedCut) -> None:
    cut.enacted()
    tamper(cut.database, "SET LOCAL session_replication_role = replica", "DELETE FROM public.iu_lifecycle_log")
    as_kept(cut.database)


def test_a_text_that_was_changed_past_the_triggers_has_another_digest(drafted: SignedCut) -> None:
    asleep(
        drafted.database,
        "public.unit_version",
        "UPDATE public.unit_version SET body = body || '!' WHERE version_seq = 1",
    )
    with drafted.database.connect("cutter_ro") as connection:
        (row,) = kept_documents(connection)
        assert document_digest(connection, row.docprefix) != (row.units, row.digest)


def test_units_of_a_document_that_is_not_kept_are_found(drafted: SignedCut) -> None:
    alien = "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type, doc_code) VALUES ('ALIEN/1', 'x', 'x', '{}')"
    for prefix in ("AAA-ALIEN", "ZZZ-ALIEN"):
        asleep(drafted.database, "public.information_unit", alien.format(prefix).replace("ALIEN/1", f"{prefix}/1"))
    with drafted.database.connect("cutter_ro") as connection:
        assert documents_not_kept(connection) == ("AAA-ALIEN", "ZZZ-ALIEN")


def test_the_rows_of_a_document_are_the_same_to_the_console_and_to_the_database(cut: SignedCut) -> None:
    cut.enacted()
    start_cut(cut.database, docprefix="OTHER-LAW", number=2).cut()
    query = "SELECT n, d.rows, d.digest FROM cutter_console.fn_backup_tables() n, cutter_console.fn_document_rows_digest(n, %s) d"
    with cut.database.connect() as connection:
        for documents in ((cut.docprefix,), ("OTHER-LAW",), (cut.docprefix, "OTHER-LAW"), ("NONE",)):
            rows = connection.execute(query.encode(), (list(documents),)).fetchall()
            proofs = document_proofs(connection, tuple(name for name, *_ in rows), documents)
            assert [(proof.table, proof.rows, proof.digest) for proof in proofs] == rows
            assert sum(proof.rows for proof in proofs) == 0 if documents == ("NONE",) else rows[0][1] > 0


def by_document(cut: SignedCut, *docprefixes: str) -> dict[str, object]:
    """What the console has found in a backup of the cut's document, or of these, that it has just restored."""
    names = ", ".join(f"'{name}'" for name in docprefixes or (cut.docprefix,))
    with cut.database.connect() as connection:
        proof = scalar(connection, _PROOF.replace("%(of)s", names))
    assert isinstance(proof, dict)
    return proof


def record_by_document(cut: SignedCut, *docprefixes: str) -> None:
    """Record such a backup for the cut's run."""
    with cut.verifier() as connection:
        connection.execute(_RECORD, (cut.run_id, Jsonb(by_document(cut, *docprefixes))))


def test_a_backup_of_the_runs_document_is_recorded_with_what_stands_of_the_others(cut: SignedCut) -> None:
    proof = by_document(cut)
    with cut.verifier() as connection:
        connection.execute(_RECORD, (cut.run_id, Jsonb(proof)))
    with cut.database.connect() as connection:
        row = connection.execute(
            "SELECT documents, standing FROM cutter_governance.backup_proof ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert row == ([cut.docprefix], proof["standing"])


BENT: dict[str, Callable[[dict[str, object]], dict[str, object]]] = {
    "no standing": lambda proof: proof | {"standing": None},
    "another readers' digest": lambda proof: proof | {"standing": proof["standing"] | {"readers_digest": "0" * 64}},  # type: ignore[operator]
    "other rows": lambda proof: proof | {"standing": proof["standing"] | {"rows": {}}},  # type: ignore[operator]
    "no tables": lambda proof: proof | {"tables": []},
    "no documents": lambda proof: proof | {"documents": []},
    "a document by itself": lambda proof: proof | {"documents": "ACME-LAW"},
}


@pytest.mark.parametrize("how", BENT)
def test_a_backup_by_document_that_does_not_hold_is_not_recorded(drafted: SignedCut, how: str) -> None:
    with stopped("STOP_BACKUP_NOT_PROVEN"), drafted.verifier() as connection:
        connection.execute(_RECORD, (drafted.run_id, Jsonb(BENT[how](by_document(drafted)))))


def test_a_backup_of_another_document_is_no_proof_for_the_run(cut: SignedCut) -> None:
    start_cut(cut.database, docprefix="OTHER-LAW", number=2)
    with stopped("STOP_BACKUP_NOT_PROVEN"), cut.verifier() as connection:
        connection.execute(_RECORD, (cut.run_id, Jsonb(by_document(cut, "OTHER-LAW"))))


def test_a_backup_by_document_from_before_a_write_to_another_is_no_proof_afterwards(cut: SignedCut) -> None:
    before = by_document(cut)
    start_cut(cut.database, docprefix="OTHER-LAW", number=2).cut()
    with stopped("STOP_BACKUP_NOT_PROVEN"), cut.verifier() as connection:
        connection.execute(_RECORD, (cut.run_id, Jsonb(before)))

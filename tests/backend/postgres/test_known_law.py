"""What is kept of a law counts as long as no row of it moves, whoever moves it; then its rows are read again."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, walked
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.test_amended_drafts import first_law_and_its_amendment
from tests.backend.postgres.test_enactment import extra

LAW = "ACME-LAW"
_KNOWN = "SELECT digest, units, readers FROM cutter_console.fn_base_known(%s)"
_DIGEST = "SELECT cutter_console.fn_base_digest(%s)"
_BETA = "canonical_address = 'ACME-LAW/ONE/BETA'"
_OF_BETA = f"id = (SELECT version_anchor_ref FROM public.information_unit WHERE {_BETA})"
_TABLES = ("public.information_unit", "public.unit_version")


@pytest.fixture
def drafted(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """An amendment at its second pause: its verification has kept the law that it changes."""
    for runs in walked(request, first_law_and_its_amendment):
        yield runs[1]


@contextmanager
def unguarded(run: SignedCut) -> Iterator[psycopg.Connection]:
    """A transaction of an administrator who has put the triggers to sleep; it is rolled back."""
    with run.database.connect() as connection, connection.transaction(force_rollback=True):
        for table in _TABLES:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        yield connection


def known(connection: psycopg.Connection) -> tuple[object, ...] | None:
    """What is kept of the law, if it counts."""
    return connection.execute(_KNOWN, (LAW,)).fetchone()


def digest(connection: psycopg.Connection) -> object:
    """The digest of the law, out of what is kept or of the rows."""
    return scalar(connection, _DIGEST, LAW)


def forget(connection: psycopg.Connection) -> None:
    """Take what is kept away."""
    connection.execute("UPDATE cutter_governance.kept_document SET base_seal = NULL")


def document(connection: psycopg.Connection, function: str, *without: str) -> tuple[object, ...] | None:
    """Units and digest of the document as readers see it, without these addresses."""
    query = f"SELECT units, digest FROM cutter_console.{function}(%s, %s)"
    return connection.execute(query.encode(), (LAW, list(without) or None)).fetchone()


def test_what_is_kept_of_a_law_is_what_its_rows_have(drafted: SignedCut) -> None:
    made = drafted.plan.amendment.made if drafted.plan.amendment else ()
    with unguarded(drafted) as connection:
        kept = known(connection)
        assert kept is not None
        lines = connection.execute("SELECT * FROM cutter_console.fn_base_lines(%s)", (LAW,)).fetchall()
        drafts = connection.execute("SELECT * FROM cutter_console.fn_draft_lines(%s)", (drafted.run_id,)).fetchall()
        forget(connection)
        assert known(connection) is None
        assert kept == (digest(connection), *(document(connection, "fn_document_digest", *made) or ()))
        assert lines == connection.execute("SELECT * FROM cutter_console.fn_base_lines(%s)", (LAW,)).fetchall()
        read = connection.execute("SELECT * FROM cutter_console.fn_draft_lines(%s)", (drafted.run_id,)).fetchall()
        assert drafts == read


def test_what_readers_see_is_the_same_kept_and_read_whatever_is_left_out(drafted: SignedCut) -> None:
    new, law = f"{LAW}/ONE/DELTA", f"{LAW}/ONE/BETA"
    with drafted.database.connect() as connection:
        for without in ((), (new,), (law,), (new, law)):
            known_of = document(connection, "fn_document_known", *without)
            assert known_of == document(connection, "fn_document_digest", *without)


CHANGED: dict[str, tuple[str, ...]] = {
    "another body": (f"UPDATE public.unit_version SET body = 'Forged.' WHERE {_OF_BETA}",),
    "another title": (f"UPDATE public.unit_version SET title = 'Forged' WHERE {_OF_BETA}",),
    "another parent": (f"UPDATE public.information_unit SET parent_or_container_ref = NULL WHERE {_BETA}",),
    "another document": (f"UPDATE public.information_unit SET doc_code = 'OTHER' WHERE {_BETA}",),
    "law no more": (f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {_BETA}",),
    "the draft for the law": (
        "UPDATE public.information_unit u SET version_anchor_ref = v.id FROM public.unit_version v"
        " WHERE v.unit_id = u.id AND v.lifecycle_status = 'draft' AND u.lifecycle_status = 'enacted'",
    ),
    "no version": (f"DELETE FROM public.unit_version WHERE {_OF_BETA}",),
    "a unit more": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'", "enacted"),
}


def test_whatever_is_changed_behind_the_guards_is_read(drafted: SignedCut) -> None:
    for how, statements in CHANGED.items():
        with unguarded(drafted) as connection:
            before = digest(connection)
            for statement in statements:
                connection.execute(statement.encode())
            assert known(connection) is None, how
            assert digest(connection) != before, how


def test_a_row_that_is_written_again_as_it_was_is_read_again(drafted: SignedCut) -> None:
    for statement in (
        f"UPDATE public.unit_version SET body = body WHERE {_OF_BETA}",
        f"UPDATE public.information_unit SET updated_at = updated_at WHERE {_BETA}",
    ):
        with unguarded(drafted) as connection:
            before = digest(connection)
            connection.execute(statement.encode())
            assert (known(connection), digest(connection)) == (None, before)


def test_rows_that_are_only_looked_after_are_known(drafted: SignedCut) -> None:
    with drafted.database.connect() as connection:
        for table in _TABLES:
            connection.execute(f"VACUUM (FREEZE, ANALYZE) {table}".encode())
        assert known(connection) is not None


def test_a_row_in_the_place_of_one_that_was_read_is_another_row(drafted: SignedCut) -> None:
    place = f"SELECT ctid::text FROM public.unit_version WHERE {_OF_BETA}"
    with drafted.database.connect() as connection:
        # So that there is no free place but that of the row which comes back: the first one is taken.
        connection.execute("VACUUM FULL public.unit_version")
        connection.execute("SELECT cutter_console.fn_keep_base(%s)", (LAW,))
        assert known(connection) is not None
        before = scalar(connection, place)
    tamper(
        drafted.database,
        f"CREATE TABLE public.aside AS SELECT * FROM public.unit_version WHERE {_OF_BETA}",
        f"DELETE FROM public.unit_version WHERE {_OF_BETA}",
    )
    with drafted.database.connect() as connection:
        connection.execute("VACUUM public.unit_version")
    tamper(drafted.database, "INSERT INTO public.unit_version SELECT * FROM public.aside", "DROP TABLE public.aside")
    with drafted.database.connect() as connection:
        assert scalar(connection, place) == before
        assert known(connection) is None


@pytest.mark.parametrize(
    "forged",
    [
        "base_digest = repeat('0', 64)",
        "base_units = 7",
        "base_readers = repeat('0', 64)",
        "base_seal = repeat('0', 64)",
    ],
)
def test_what_is_kept_is_not_believed_without_its_seal(drafted: SignedCut, forged: str) -> None:
    with unguarded(drafted) as connection:
        true = digest(connection)
        connection.execute(f"UPDATE cutter_governance.kept_document SET {forged}".encode())
        assert (known(connection), digest(connection)) == (None, true)


def test_what_was_computed_on_another_server_or_timeline_does_not_count(drafted: SignedCut) -> None:
    for target in ("'1'::text, 1", "t.system_identifier, t.timeline + 1"):
        with unguarded(drafted) as connection:
            connection.execute("ALTER FUNCTION cutter_console.fn_target RENAME TO fn_target_here")
            connection.execute(
                "CREATE FUNCTION cutter_console.fn_target(OUT database text, OUT system_identifier text, OUT timeline integer)"
                f" LANGUAGE sql AS $$ SELECT t.database, {target} FROM cutter_console.fn_target_here() t $$".encode()
            )
            assert known(connection) is None


def test_a_row_that_moves_while_the_law_is_read_is_not_known(drafted: SignedCut) -> None:
    """What was read is what stood there before; the rows' places were taken before that."""
    with unguarded(drafted) as connection:
        forget(connection)
        connection.execute("ALTER FUNCTION cutter_console.fn_merkle_root RENAME TO fn_merkle_root_of")
        connection.execute(
            "CREATE FUNCTION cutter_console.fn_merkle_root(p_leaves text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
            f" UPDATE public.unit_version SET body = 'Forged.' WHERE {_OF_BETA};"
            " RETURN cutter_console.fn_merkle_root_of(p_leaves); END $$".encode()
        )
        connection.execute("SELECT cutter_console.fn_keep_base(%s)", (LAW,))
        assert known(connection) is None


def test_of_a_law_with_a_false_sha256_nothing_is_kept(drafted: SignedCut) -> None:
    with unguarded(drafted) as connection:
        true = digest(connection)
        connection.execute(f"UPDATE public.unit_version SET content_hash = repeat('0', 64) WHERE {_OF_BETA}".encode())
        connection.execute("SELECT cutter_console.fn_keep_base(%s)", (LAW,))
        assert (known(connection), digest(connection)) == (None, true)


def test_the_drafts_of_an_amendment_are_hashed_whatever_is_known_of_its_law(drafted: SignedCut) -> None:
    changed = "UPDATE public.unit_version SET body = 'Forged.' WHERE lifecycle_status = 'draft' AND version_seq = 2"
    with unguarded(drafted) as connection:
        connection.execute(changed.encode())
        assert known(connection) is not None
        differences = ledger.draft_differences(connection, drafted.run_id)
        assert differences == (f"{LAW}/ONE/ALPHA: another body than signed",)


def test_an_enactment_leaves_nothing_known_until_the_new_law_is_read(drafted: SignedCut) -> None:
    drafted.lawful()
    with drafted.database.connect() as connection:
        assert known(connection) is None
        read = digest(connection)
        connection.execute("SELECT cutter_console.fn_keep_documents()")
        assert (known(connection) or ())[:1] == (read,)

"""Drafts that a verification has read are known by their digests as long as no row of them moves, whoever moves it."""

from collections.abc import Callable

import pytest

from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, start_amendment, start_cut, start_edit, start_repeal
from tests.backend.postgres.tampering import tamper
from tests.backend.postgres.test_enactment import CHANGED as CHANGED_DRAFTS
from tests.backend.postgres.test_enactment import FIRST, OF_FIRST
from tests.conftest import Database

_KNOWN = "SELECT digest, file_sha256, n FROM cutter_console.fn_draft_known(%s)"
_RESULT = "(SELECT id FROM cutter_governance.verify_result)"


def known(run: SignedCut) -> tuple[object, ...] | None:
    """The digests of the run's drafts, if they are known."""
    with run.verifier() as connection:
        return connection.execute(_KNOWN, (run.run_id,)).fetchone()


def in_the_rows(run: SignedCut) -> tuple[object, ...]:
    """The same, read out of the rows as they are."""
    with run.verifier() as connection:
        state = ledger.draft_state(connection, run.run_id)
    return state.digest, state.file_sha256, state.count


def _cut(database: Database) -> SignedCut:
    run = start_cut(database)
    run.to_second_pause()
    return run


def _edited(database: Database) -> SignedCut:
    run = _cut(database)
    start_edit(run).edited()
    assert known(run) is None
    run.verify()
    return run


def _amendment(database: Database) -> SignedCut:
    law = start_cut(database)
    law.enacted()
    run = start_amendment(law, "# One\n\nOne.\n\n## Alpha\n\nAnother alpha.\n\n## Gamma\n\nGamma.\n")
    run.to_second_pause()
    return run


def _repeal(database: Database) -> SignedCut:
    law = start_cut(database)
    law.enacted()
    run = start_repeal(law)
    run.to_second_pause()
    return run


@pytest.mark.parametrize("made", [_cut, _edited, _amendment, _repeal])
def test_drafts_are_known_from_their_verification_on_by_what_stands_in_the_rows(
    database: Database, made: Callable[[Database], SignedCut]
) -> None:
    run = made(database)
    assert known(run) == in_the_rows(run)
    with run.verifier() as connection:
        # No line was read for it: those of the signed manifests are the same.
        assert scalar(connection, "SELECT lines FROM cutter_console.fn_draft_reading(%s)", run.run_id) is None
        refused, state = ledger.draft_reading(connection, run.run_id)
        assert (refused, state.lines.data) == ("", ledger.draft_state(connection, run.run_id).lines.data)
    run.lawful()


def test_drafts_that_were_not_verified_are_not_known(cut: SignedCut) -> None:
    cut.cut()
    cut.record()
    assert known(cut) is None


def test_after_a_verification_that_failed_nothing_is_known(drafted: SignedCut) -> None:
    drafted.verify("FAIL")
    assert known(drafted) is None


@pytest.mark.parametrize("how", CHANGED_DRAFTS)
def test_whatever_is_changed_behind_the_guards_is_known_no_more(drafted: SignedCut, how: str) -> None:
    """With all guards off, and so by nothing that a trigger keeps."""
    assert known(drafted) is not None
    tamper(drafted.database, *CHANGED_DRAFTS[how])
    assert known(drafted) is None


def test_a_row_that_is_written_again_as_it_was_is_read_again(drafted: SignedCut) -> None:
    tamper(drafted.database, f"UPDATE public.unit_version SET body = body WHERE {OF_FIRST}")
    assert known(drafted) is None
    drafted.lawful()


def test_a_row_that_takes_the_place_of_the_one_that_was_read_is_another_row(drafted: SignedCut) -> None:
    place = f"SELECT ctid::text FROM public.unit_version WHERE {OF_FIRST}"
    with drafted.database.connect() as connection:
        before = scalar(connection, place)
    tamper(
        drafted.database,
        f"CREATE TABLE public.aside AS SELECT * FROM public.unit_version WHERE {OF_FIRST}",
        f"DELETE FROM public.unit_version WHERE {OF_FIRST}",
    )
    with drafted.database.connect() as connection:
        connection.execute("VACUUM public.unit_version")
    tamper(drafted.database, "INSERT INTO public.unit_version SELECT * FROM public.aside", "DROP TABLE public.aside")
    with drafted.database.connect() as connection:
        assert scalar(connection, place) == before
    assert known(drafted) is None


def test_rows_that_are_only_looked_after_are_known(drafted: SignedCut) -> None:
    with drafted.database.connect() as connection:
        for table in ("public.information_unit", "public.unit_version", "cutter_governance.manifest_unit_block"):
            connection.execute(f"VACUUM (FREEZE, ANALYZE) {table}".encode())
    assert known(drafted) == in_the_rows(drafted)


OTHER_DIGESTS = {
    "another root": "UPDATE cutter_governance.dot_pair_signature SET signed_digest = repeat('0', 64)"
    f" WHERE verify_result_id IN {_RESULT}",
    "another file": "UPDATE cutter_governance.verify_result SET draft_file_sha256 = repeat('0', 64)",
    "another number": "UPDATE cutter_governance.verify_result SET n_drafts = 2",
    "another seal": "UPDATE cutter_governance.verify_result SET draft_seal = repeat('0', 64)",
    "no seal": "UPDATE cutter_governance.verify_result SET draft_seal = NULL",
}


@pytest.mark.parametrize("how", OTHER_DIGESTS)
def test_digests_that_are_not_those_of_the_verification_are_not_believed(drafted: SignedCut, how: str) -> None:
    true = known(drafted)
    tamper(drafted.database, OTHER_DIGESTS[how])
    assert known(drafted) is None
    with drafted.verifier() as connection:
        row = connection.execute(
            "SELECT digest, file_sha256, n FROM cutter_console.fn_draft_reading(%s)", (drafted.run_id,)
        ).fetchone()
    assert row == true


def test_a_row_that_moves_before_its_verification_ends_is_not_known(drafted: SignedCut) -> None:
    """What the verification compares is what stands there then; the rows' places were taken before."""
    with drafted.database.connect() as connection:
        connection.execute(
            "CREATE FUNCTION public.meanwhile() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN UPDATE public.information_unit SET updated_at = updated_at WHERE {FIRST}; RETURN NULL; END $$".encode()
        )
        connection.execute(
            "CREATE TRIGGER meanwhile AFTER UPDATE ON cutter_governance.run FOR EACH ROW"
            " WHEN (NEW.stage = 'awaiting_lifecycle_authorization') EXECUTE FUNCTION public.meanwhile()"
        )
        connection.execute("ALTER TABLE public.information_unit DISABLE TRIGGER USER")
    drafted.verify()
    assert known(drafted) is None


@pytest.mark.parametrize("made", [_cut, _amendment])
def test_what_moves_in_another_document_leaves_these_drafts_known(
    database: Database, made: Callable[[Database], SignedCut]
) -> None:
    run = made(database)
    other = start_cut(database, "ACME-OTHER", number=7)
    other.to_second_pause()
    assert known(run) == in_the_rows(run)


def test_lines_that_are_not_of_the_known_digest_are_read_from_the_rows(drafted: SignedCut) -> None:
    with drafted.database.connect() as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION cutter_console.fn_draft_signed_lines(p_run_id text)"
            " RETURNS TABLE (seq bigint, line text) LANGUAGE sql AS $$ SELECT 1::bigint, 'forged' $$"
        )
    with drafted.verifier() as connection:
        refused, state = ledger.draft_reading(connection, drafted.run_id)
    assert (refused, state.digest, state.file_sha256, state.count) == ("", *in_the_rows(drafted))


_OTHERS = (
    "ALTER TABLE public.information_unit DISABLE TRIGGER ALL",
    "ALTER TABLE public.unit_version DISABLE TRIGGER ALL",
    """INSERT INTO public.information_unit
       SELECT c.* FROM (SELECT * FROM public.information_unit LIMIT 1) u
        CROSS JOIN generate_series(1, 2000) n
        CROSS JOIN LATERAL jsonb_populate_record(NULL::public.information_unit, to_jsonb(u) || jsonb_build_object(
              'id', md5(n::text)::uuid, 'canonical_address', 'OTHERS/' || n, 'doc_code', 'OTHERS')) c""",
    """INSERT INTO public.unit_version
       SELECT c.* FROM (SELECT * FROM public.unit_version LIMIT 1) v
        CROSS JOIN generate_series(1, 2000) n
        CROSS JOIN LATERAL jsonb_populate_record(NULL::public.unit_version, to_jsonb(v) || jsonb_build_object(
              'id', md5(n::text)::uuid, 'unit_id', md5(n::text)::uuid)) c""",
)


@pytest.mark.parametrize(
    "asked", ["SELECT cutter_console.fn_draft_rows(%s)", "SELECT * FROM cutter_console.fn_draft_differences(%s)"]
)
def test_for_a_small_document_the_rows_of_the_others_are_not_read(database: Database, asked: str) -> None:
    """Counted are passes over a whole table. More than twenty versions for each of its units make a document a small one."""
    run = _cut(database)
    scans = "SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname IN ('information_unit', 'unit_version')"
    settings = "SELECT current_setting('enable_hashjoin') || ', ' || current_setting('enable_mergejoin')"
    passes, answers = list[int](), list[object]()
    with database.connect(autocommit=False) as connection:
        for statement in _OTHERS:
            connection.execute(statement.encode())
        for versions in (20 * len(run.units), 20 * len(run.units) + 1):
            connection.execute(
                "UPDATE cutter_governance.kept_count SET rows = %s WHERE table_name = 'public.unit_version'",
                (versions,),
            )
            before = int(str(scalar(connection, scans)))
            answers.append(connection.execute(asked.encode(), (run.run_id,)).fetchall())
            passes.append(int(str(scalar(connection, scans))) - before)
            assert scalar(connection, settings) == "on, on"
        connection.rollback()
    assert answers[0] == answers[1]
    assert passes[0] > passes[1] == 0

"""Law is only what was signed to be cut, was verified since, and is named by SG_2; the database compares row by row."""

from collections.abc import Iterator

import pytest

from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import (
    SignedCut,
    assert_not_enacted,
    at_the_second_pause,
    event,
    start_cut,
    stopped,
    walked,
)
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database

FIRST = "canonical_address = 'ACME-LAW/ONE/ALPHA'"
OF_FIRST = f"unit_id = (SELECT id FROM public.information_unit WHERE {FIRST})"
_UNIT = """
    INSERT INTO public.information_unit (canonical_address, unit_kind, section_type, section_code, doc_code, owner_ref, version_anchor_ref, lifecycle_status)
    VALUES ('{address}', 'document_unit', 'article', '', {doc}, 'sovereign', '11111111-2222-3333-4444-555555555555', '{status}')
"""
_VERSION = """
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, lifecycle_status)
    SELECT '11111111-2222-3333-4444-555555555555', id, 1, 'Extra', 'Extra.', encode(sha256('Extra.'), 'hex'), lifecycle_status
      FROM public.information_unit WHERE version_anchor_ref = '11111111-2222-3333-4444-555555555555'
"""


def extra(address: str, doc: str = "NULL", status: str = "draft") -> tuple[str, ...]:
    """A unit that nobody has signed, with its version."""
    return (_UNIT.format(address=address, doc=doc, status=status), _VERSION)


CHANGED: dict[str, tuple[str, ...]] = {
    "another body": (f"UPDATE public.unit_version SET body = 'Forged.' WHERE {OF_FIRST}",),
    "another body with its digest": (
        f"UPDATE public.unit_version SET body = 'Forged.', content_hash = encode(sha256('Forged.'), 'hex') WHERE {OF_FIRST}",
        f"UPDATE public.information_unit SET content_anchor_ref = encode(sha256('Forged.'), 'hex') WHERE {FIRST}",
    ),
    "a space behind the body": (f"UPDATE public.unit_version SET body = body || ' ' WHERE {OF_FIRST}",),
    "another digest of the body": (f"UPDATE public.unit_version SET content_hash = repeat('0', 64) WHERE {OF_FIRST}",),
    "another title": (f"UPDATE public.unit_version SET title = 'Forged' WHERE {OF_FIRST}",),
    "no title": (f"UPDATE public.unit_version SET title = NULL WHERE {OF_FIRST}",),
    "another parent": (
        f"UPDATE public.information_unit SET parent_or_container_ref = 'ACME-LAW/ONE/BETA' WHERE {FIRST}",
    ),
    "no parent": (f"UPDATE public.information_unit SET parent_or_container_ref = NULL WHERE {FIRST}",),
    "another kind": (f"UPDATE public.information_unit SET unit_kind = 'law_unit' WHERE {FIRST}",),
    "another section type": (f"UPDATE public.information_unit SET section_type = 'principle' WHERE {FIRST}",),
    "another number": (f"UPDATE public.information_unit SET section_code = '7' WHERE {FIRST}",),
    "another address": (f"UPDATE public.information_unit SET canonical_address = 'ACME-LAW/ONE/GAMMA' WHERE {FIRST}",),
    "an address elsewhere": (f"UPDATE public.information_unit SET canonical_address = 'OTHER/ONE' WHERE {FIRST}",),
    "another document": (f"UPDATE public.information_unit SET doc_code = 'OTHER' WHERE {FIRST}",),
    "another owner": (f"UPDATE public.information_unit SET owner_ref = 'mallory' WHERE {FIRST}",),
    "another kind of publication": (f"UPDATE public.information_unit SET publication_type = 'draft' WHERE {FIRST}",),
    "another unit under the address": (f"UPDATE public.information_unit SET id = gen_random_uuid() WHERE {FIRST}",),
    "another version": (
        f"INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash) SELECT gen_random_uuid(), unit_id, 2, title, 'Forged.', content_hash FROM public.unit_version WHERE {OF_FIRST}",
        f"UPDATE public.information_unit SET version_anchor_ref = (SELECT id FROM public.unit_version WHERE {OF_FIRST} AND version_seq = 2) WHERE {FIRST}",
    ),
    "a version more": (
        f"INSERT INTO public.unit_version (unit_id, version_seq, title, body, content_hash) SELECT unit_id, 2, title, 'Forged.', content_hash FROM public.unit_version WHERE {OF_FIRST}",
    ),
    "a version of another unit": (
        f"UPDATE public.information_unit SET version_anchor_ref = (SELECT version_anchor_ref FROM public.information_unit WHERE canonical_address = 'ACME-LAW/ONE/BETA') WHERE {FIRST}",
    ),
    "no version": (f"DELETE FROM public.unit_version WHERE {OF_FIRST}",),
    "a unit missing": (
        f"DELETE FROM public.unit_version WHERE {OF_FIRST}",
        f"DELETE FROM public.information_unit WHERE {FIRST}",
    ),
    "a unit superseded": (f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {FIRST}",),
    "a unit enacted": (f"UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE {FIRST}",),
    "a version superseded": (f"UPDATE public.unit_version SET lifecycle_status = 'superseded' WHERE {OF_FIRST}",),
    "a unit deleted softly": (f"UPDATE public.information_unit SET deleted_at = now() WHERE {FIRST}",),
    "a unit more of the document": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'"),
    "a unit more under its prefix": extra("ACME-LAW/ONE/EXTRA"),
    "a unit more in its name": extra("OTHER/EXTRA", "'ACME-LAW'"),
    "a unit more that is enacted already": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'", "enacted"),
    "a unit more that is superseded": extra("ACME-LAW/ONE/EXTRA", "'ACME-LAW'", "superseded"),
    "another manifest": ("UPDATE cutter_governance.manifest_unit_block SET title = 'Forged' WHERE seq = 1",),
    "a manifest of more rows": (
        "INSERT INTO cutter_governance.manifest_unit_block SELECT run_id, 99, address || 'X', parent_address, unit_kind, section_type, section_code, title,"
        " body, body_sha256, byte_start, byte_end, line_start, line_end FROM cutter_governance.manifest_unit_block LIMIT 1",
    ),
    "no seal": ("DELETE FROM cutter_governance.manifest_seal",),
}
"""What a superuser changes while the guards are off, of drafts that were signed, cut, recorded and verified."""


def _differences(run: SignedCut) -> tuple[str, ...]:
    with run.verifier() as connection:
        return ledger.draft_differences(connection, run.run_id)


def test_drafts_that_stand_as_they_were_signed_show_no_difference(drafted: SignedCut) -> None:
    assert _differences(drafted) == ()
    with drafted.verifier() as connection:
        assert ledger.draft_reading(connection, drafted.run_id)[0] == ""


def ruled_at_the_second_pause(database: Database) -> tuple[SignedCut, ...]:
    """A run with its drafts, and the ruling to enact them."""
    (run,) = at_the_second_pause(database)
    run.rule("enact")
    return (run,)


@pytest.fixture
def ruled(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """A run at its second pause, with its SG_2."""
    for (run,) in walked(request, ruled_at_the_second_pause):
        yield run


@pytest.mark.parametrize("how", CHANGED)
def test_a_difference_from_what_was_signed_is_named_and_stops_everything(ruled: SignedCut, how: str) -> None:
    """After SG_2 was signed, after it was imported, after the switch was armed: whenever it comes about."""
    ruled.arm("enact")

    tamper(ruled.database, *CHANGED[how])

    assert_not_enacted(ruled)


@pytest.mark.parametrize("how", CHANGED)
def test_no_ruling_is_taken_over_drafts_that_are_not_what_was_signed(drafted: SignedCut, how: str) -> None:
    """The signer would sign what stands there; but what stands there is not what was cut."""
    tamper(drafted.database, *CHANGED[how])
    with stopped("STOP_DRIFT", "STOP_APPROVAL_INVALID"):
        drafted.rule("enact", {"n_units": 3})
    with stopped("STOP_DRIFT", "STOP_APPROVAL_INVALID"):
        drafted.rule("enact")


@pytest.mark.parametrize("how", CHANGED)
def test_the_structure_of_a_cut_is_not_found_where_something_differs(cut: SignedCut, how: str) -> None:
    cut.cut()
    tamper(cut.database, *CHANGED[how])
    with stopped("STOP_COUNT_MISMATCH"):
        cut.record()
    assert cut.stage() == "cut_leg_a_committed/active"


def test_every_difference_is_named_by_its_address_and_the_first_ones_in_the_refusal(drafted: SignedCut) -> None:
    tamper(drafted.database, "UPDATE public.unit_version SET title = 'Forged'", *extra("ACME-LAW/Z"))
    assert set(_differences(drafted)) == {
        "ACME-LAW/ONE/ALPHA: another title than signed",
        "ACME-LAW/ONE/BETA: another title than signed",
        "ACME-LAW/ONE: another title than signed",
        "ACME-LAW/Z: there, and not signed",
    }
    with drafted.verifier() as connection:
        refusal = ledger.draft_reading(connection, drafted.run_id)[0]
    assert refusal.startswith("4 units are not what was signed: ACME-LAW/ONE: another title than signed")


def test_units_of_another_document_are_no_difference(drafted: SignedCut) -> None:
    tamper(drafted.database, *extra("ACME-LAWS/ONE", "'ACME-LAWS'"))
    assert _differences(drafted) == ()
    drafted.lawful()


def test_drafts_that_were_never_verified_are_not_enacted(cut: SignedCut) -> None:
    cut.cut()
    cut.record()
    with cut.verifier() as connection:
        refusal = ledger.draft_reading(connection, cut.run_id)[0]
    assert refusal == "the drafts were never verified"
    with stopped("STOP_DRIFT"):
        cut.rule("enact")


@pytest.mark.parametrize("when", ["before the ruling", "after the ruling", "after arming"])
def test_a_fail_that_is_newer_than_the_pass_blocks_the_enactment_and_a_newer_pass_opens_it(
    drafted: SignedCut, when: str
) -> None:
    if when == "before the ruling":
        drafted.verify("FAIL")
        with stopped("STOP_DRIFT"):
            drafted.rule("enact")
        drafted.verify()
    drafted.rule("enact")
    if when == "after the ruling":
        drafted.verify("FAIL")
    drafted.arm("enact")
    if when == "after arming":
        drafted.verify("FAIL")
    if when != "before the ruling":
        with stopped("STOP_DRIFT"), drafted.executor() as connection:
            drafted.enact(connection)
        drafted.verify()
    with drafted.executor() as connection:
        drafted.enact(connection)
    assert drafted.lifecycles() == ["enacted"] * 3


def test_a_unit_that_has_changed_since_it_was_verified_is_verified_again_first(drafted: SignedCut) -> None:
    """Changed and changed back: the rows are the same, and nobody has looked since."""
    tamper(drafted.database, f"UPDATE public.information_unit SET updated_at = clock_timestamp() WHERE {FIRST}")
    with stopped("STOP_DRIFT"):
        drafted.rule("enact")
    drafted.verify()
    drafted.lawful()


def test_verifications_at_the_second_pause_are_kept_one_after_the_other(drafted: SignedCut) -> None:
    drafted.verify()
    drafted.verify("FAIL")
    with drafted.verifier() as connection:
        rows = connection.execute(
            "SELECT outcome, verified_by, signed_digest = cutter_console.fn_draft_digest(run_id) FROM cutter_governance.verify_result v"
            " JOIN cutter_governance.dot_pair_signature g ON g.verify_result_id = v.id ORDER BY verified_at"
        ).fetchall()
    assert rows == [("PASS", "cutter_verify", True)] * 2 + [("FAIL", "cutter_verify", True)]
    assert drafted.stage() == "awaiting_lifecycle_authorization/active"


@pytest.mark.parametrize("outcome", ["INCONCLUSIVE", "PARTIAL", "NOT_RUN", "pass", ""])
def test_a_verification_is_pass_or_fail(drafted: SignedCut, outcome: str) -> None:
    with stopped("STOP_INVARIANT_FAILED"), drafted.verifier() as connection:
        ledger.record_verification(connection, drafted.run_id, outcome, "{}", event())


def test_a_verification_needs_its_checks_and_they_are_bounded(drafted: SignedCut) -> None:
    for checks in (None, '"' + "x" * 8_400_000 + '"'):
        with stopped("STOP_INVARIANT_FAILED"), drafted.verifier() as connection:
            connection.execute(
                "SELECT cutter_console.fn_verify_record(%s, 'PASS', %s::jsonb, %s)",
                (drafted.run_id, checks, event()),
            )


def test_nothing_is_verified_before_leg_b_or_behind_the_enactment(cut: SignedCut) -> None:
    with stopped("STOP_INVARIANT_FAILED"):
        cut.verify()
    cut.cut()
    with stopped("STOP_INVARIANT_FAILED"):
        cut.verify()
    cut.record()
    cut.verify()
    cut.disarm()
    cut.lawful()
    with stopped("STOP_INVARIANT_FAILED"):
        cut.verify()


def test_sg_2_over_other_drafts_does_not_enact_these(drafted: SignedCut) -> None:
    """A row that was planted: whole in itself, with the digest of other drafts."""
    digest = drafted.rule("enact")
    drafted.arm("enact")
    tamper(
        drafted.database,
        f"UPDATE cutter_governance.approval SET draft_digest = repeat('0', 64) WHERE statement_sha256 = '{digest}'",
    )
    with stopped("STOP_DRIFT"), drafted.executor() as connection:
        drafted.enact(connection)
    assert drafted.lifecycles() == ["draft"] * 3


def test_the_digest_of_drafts_is_the_root_over_their_lines(drafted: SignedCut) -> None:
    with drafted.verifier() as connection:
        state = ledger.draft_state(connection, drafted.run_id)
        root = scalar(connection, "SELECT cutter_console.fn_merkle_root(%s::text[])", list(state.lines))
    assert root == state.digest
    assert tuple(state.lines) == tuple(
        "\t".join(
            (
                unit.address,
                unit.parent or "",
                unit.unit_kind,
                unit.section_type,
                unit.number,
                unit.title,
                unit.body_sha256,
            )
        )
        for unit in drafted.units
    )


def test_an_enactment_is_done_once(drafted: SignedCut) -> None:
    drafted.rule("enact")
    drafted.arm("enact")
    with drafted.executor() as connection:
        drafted.enact(connection)
    with stopped("STOP_APPROVAL_USED"), drafted.executor() as connection:
        drafted.enact(connection)
    with stopped("STOP_EXECUTION_DISABLED"):
        drafted.disarm()
        drafted.arm("enact")


def test_two_documents_are_enacted_each_by_its_own_ruling(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.to_second_pause()
    other.to_second_pause()
    one.lawful()
    assert (one.lifecycles(), other.lifecycles()) == (["enacted"] * 3, ["draft"] * 3)
    other.lawful()
    assert other.lifecycles() == ["enacted"] * 3

"""What somebody with all rights changes in two places, so that the two still agree, is seen all the same."""

from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, stopped
from tests.backend.postgres.tampering import tamper

_SUPERSEDED = (
    "UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE canonical_address = 'ACME-LAW/ONE/BETA'",
    "UPDATE public.unit_version SET lifecycle_status = 'superseded' WHERE title = 'Beta'",
)
_EXTRA = (
    "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type, doc_code, version_anchor_ref)"
    " VALUES ('ACME-LAW/EXTRA', 'document_unit', 'section', 'ACME-LAW', '11111111-2222-3333-4444-555555555555')",
    "INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash)"
    " SELECT version_anchor_ref, id, 1, 'Extra', 'Unsigned.', 'h' FROM public.information_unit WHERE canonical_address = 'ACME-LAW/EXTRA'",
)


def test_a_unit_and_its_manifest_that_were_changed_alike_are_not_what_was_signed(drafted: SignedCut) -> None:
    """The seal has the digest that was signed: rows that agree with each other do not agree with it."""
    tamper(
        drafted.database,
        "UPDATE public.unit_version SET title = 'Forged' WHERE title = 'Beta'",
        "UPDATE cutter_governance.manifest_unit_block SET title = 'Forged' WHERE title = 'Beta'",
    )
    with drafted.verifier() as connection:
        assert "no sealed manifest of the signed digest" in " ".join(
            ledger.draft_differences(connection, drafted.run_id)
        )


def test_the_ruling_of_a_cut_does_not_take_back_another_unit_in_the_place_of_one_of_its_own(drafted: SignedCut) -> None:
    """As many drafts as were signed to be cut, and not those."""
    tamper(drafted.database, *_SUPERSEDED, *_EXTRA)
    drafted.arm("revert")
    with stopped("STOP_COUNT_MISMATCH"), drafted.executor() as connection:
        drafted.revert(connection)

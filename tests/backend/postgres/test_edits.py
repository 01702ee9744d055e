"""A draft is edited by a signed plan of its own: a new version of that unit and of nothing else, and verified again."""

from typing import Any

import pytest

from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import (
    SignedCut,
    counts,
    event,
    grown,
    start_cut,
    start_edit,
    stopped,
)
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database

_VERSIONS = """
    SELECT v.version_seq, v.title, v.body, v.lifecycle_status, v.review_state, v.id = u.version_anchor_ref
      FROM public.unit_version v JOIN public.information_unit u ON u.id = v.unit_id WHERE u.canonical_address = %s ORDER BY 1
"""
BETA = "ACME-LAW/ONE/BETA"


def _versions(run: SignedCut) -> list[tuple[Any, ...]]:
    with run.verifier() as connection:
        return connection.execute(_VERSIONS, (BETA,)).fetchall()


def _others(run: SignedCut) -> object:
    with run.verifier() as connection:
        return scalar(connection, "SELECT cutter_console.fn_readers_digest_without(%s)", [BETA])


def test_an_edit_adds_a_version_and_touches_no_other_unit(drafted: SignedCut) -> None:
    edit, before, others = start_edit(drafted), counts(drafted.database), _others(drafted)
    edit.edited()
    assert grown(before, counts(drafted.database)) == {
        "public.unit_version": 1,
        "cutter_governance.manifest_envelope": 1,
        "cutter_governance.manifest_unit_block": 1,
    }
    assert _versions(drafted) == [
        (1, "Beta", drafted.body(drafted.units[-1]), "draft", "cut", False),
        (2, "Edited", "Edited.\n", "draft", "edited", True),
    ]
    assert _others(drafted) == others
    assert edit.stage() == "closeout_reported/active"


def test_an_edit_is_verified_anew_before_it_is_law_and_the_edited_text_is_the_law(drafted: SignedCut) -> None:
    start_edit(drafted).edited()
    with stopped("STOP_DRIFT"):
        drafted.rule("enact")
    drafted.verify()
    drafted.lawful()
    assert drafted.lifecycles() == ["enacted"] * 3
    assert _versions(drafted) == [
        (1, "Beta", drafted.body(drafted.units[-1]), "superseded", "cut", False),
        (2, "Edited", "Edited.\n", "enacted", "enacted", True),
    ]
    with drafted.verifier() as connection:
        log = scalar(connection, "SELECT count(*) FROM public.iu_lifecycle_log WHERE to_status = 'enacted'")
    assert log == 3


def test_sg_2_over_the_drafts_before_the_edit_does_not_enact_the_edit(drafted: SignedCut) -> None:
    drafted.rule("enact")
    start_edit(drafted).edited()
    drafted.arm("enact")
    with stopped("STOP_DRIFT"), drafted.executor() as connection:
        drafted.enact(connection)
    drafted.verify()
    with stopped("STOP_DRIFT"), drafted.executor() as connection:
        drafted.enact(connection)


def test_the_last_of_several_edits_counts_whatever_number_its_run_has(drafted: SignedCut) -> None:
    start_edit(drafted, run_number=300, title="First edit").edited()
    start_edit(drafted, run_number=200, title="Second edit").edited()
    with drafted.verifier() as connection:
        assert ledger.draft_differences(connection, drafted.run_id) == ()
    drafted.verify()
    drafted.lawful()
    assert [(title, status) for _, title, _, status, _, _ in _versions(drafted)] == [
        ("Beta", "superseded"),
        ("First edit", "superseded"),
        ("Second edit", "enacted"),
    ]


def test_an_edit_before_the_structure_was_found_is_found_with_it(cut: SignedCut) -> None:
    cut.cut()
    cut.disarm()
    start_edit(cut).edited()
    cut.arm()
    cut.record()
    cut.verify()
    assert cut.stage() == "awaiting_lifecycle_authorization/active"


WRONG: dict[str, dict[str, Any]] = {
    "an address outside of the document": {"address": "OTHER/ONE"},
    "an address of a document that begins alike": {"address": "ACME-LAWS/ONE"},
    "an address that is no unit": {"address": "ACME-LAW/ONE/GAMMA"},
    "another kind": {"unit_kind": "law_unit"},
    "another section type": {"section_type": "principle"},
    "another number": {"number": "9"},
    "another parent": {"parent": "ACME-LAW/ONE/ALPHA"},
    "no parent": {"parent": None},
    "a body that is not in the text": {"byte_end": 99},
    "a body of another digest": {"body_sha256": "0" * 64},
}


@pytest.mark.parametrize("how", WRONG)
def test_an_edit_changes_title_and_body_of_a_draft_and_nothing_else(drafted: SignedCut, how: str) -> None:
    """Whatever was signed: place and kind are the cut's, and a unit of another document is none of its own."""
    edit = start_edit(drafted, **WRONG[how])
    before = counts(drafted.database)
    edit.rule("edit")
    edit.arm("edit")
    with stopped("STOP_INVARIANT_FAILED", "STOP_REFUSED_INPUT"), edit.executor() as connection:
        edit.edit(connection)
    assert grown(before, counts(drafted.database)) == {}
    assert edit.stage() == "awaiting_cut_authorization/active"


@pytest.mark.parametrize("end", ["enacted", "reverted"])
def test_only_drafts_are_edited(drafted: SignedCut, end: str) -> None:
    edit = start_edit(drafted)
    edit.rule("edit")
    if end == "enacted":
        drafted.lawful()
    else:
        drafted.reverted()
    edit.arm("edit")
    with stopped("STOP_INVARIANT_FAILED"), edit.executor() as connection:
        edit.edit(connection)
    assert len(_versions(drafted)) == 1


def test_an_edit_of_another_document_does_not_reach_this_one(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.to_second_pause()
    other.to_second_pause()
    edit = start_edit(other, address=BETA, parent="ACME-LAW/ONE")
    edit.rule("edit")
    edit.arm("edit")
    with stopped("STOP_INVARIANT_FAILED"), edit.executor() as connection:
        edit.edit(connection)
    assert len(_versions(one)) == 1


def test_an_edit_is_another_than_was_signed_in_not_one_byte(drafted: SignedCut) -> None:
    edit = start_edit(drafted)
    edit.rule("edit")
    edit.arm("edit")
    for manifest, text in (
        (ledger.manifest_bytes(edit.units), b"edited.\n"),
        (ledger.manifest_bytes(edit.units).replace(b"Edited", b"edited"), edit.canonical),
    ):
        with stopped("STOP_APPROVAL_INVALID"), edit.executor() as connection:
            connection.execute(
                "SELECT cutter_console.fn_edit_apply(%s, %s, %s, %s)", (edit.run_id, manifest, text, event())
            )
    assert len(_versions(drafted)) == 1


def test_a_signed_edit_is_used_once_and_its_manifest_is_sealed(drafted: SignedCut) -> None:
    edit = start_edit(drafted)
    edit.rule("edit")
    edit.arm("edit")
    with edit.executor() as connection:
        edit.edit(connection)
    with stopped("STOP_APPROVAL_USED"), edit.executor() as connection:
        edit.edit(connection)
    with edit.database.connect() as connection, stopped("STOP_INVARIANT_FAILED"):
        connection.execute(
            "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body, body_sha256,"
            " byte_start, byte_end, line_start, line_end) SELECT run_id, 99, address, unit_kind, section_type, section_code, title, body, body_sha256,"
            " byte_start, byte_end, line_start, line_end FROM cutter_governance.manifest_unit_block WHERE run_id = %s",
            (edit.run_id,),
        )
    edit.disarm()
    with stopped("STOP_EXECUTION_DISABLED"):
        edit.arm("edit")


@pytest.mark.parametrize("purpose", ["cut", "enact", "revert"])
def test_a_run_to_edit_does_nothing_else(drafted: SignedCut, purpose: str) -> None:
    edit = start_edit(drafted)
    edit.rule("edit")
    with stopped("STOP_EXECUTION_DISABLED"):
        edit.arm(purpose)


def test_a_run_to_cut_does_not_edit(drafted: SignedCut) -> None:
    with stopped("STOP_EXECUTION_DISABLED"):
        drafted.arm("edit")


def _verify_edit(run: SignedCut, outcome: str = "PASS") -> None:
    with run.verifier() as connection:
        ledger.record_edit_verification(connection, run.run_id, event("write_verify", outcome))


def test_an_edit_that_was_read_back_is_recorded_by_the_verifying_role(drafted: SignedCut) -> None:
    edit = start_edit(drafted)
    with stopped("STOP_INVARIANT_FAILED"):
        _verify_edit(edit)
    edit.edited()
    _verify_edit(edit)
    with edit.database.connect("cutter_exec") as connection, stopped("42501"):
        ledger.record_edit_verification(connection, edit.run_id, event())
    with stopped("STOP_INVARIANT_FAILED"):
        _verify_edit(drafted)


CHANGES = {
    "another body": "UPDATE public.unit_version SET body = 'Forged.' WHERE version_seq = 2",
    "another title": "UPDATE public.unit_version SET title = 'Forged' WHERE version_seq = 2",
    "the version of before": "UPDATE public.information_unit u SET version_anchor_ref = v.id FROM public.unit_version v WHERE v.unit_id = u.id AND v.version_seq = 1",
    "no such unit": "UPDATE public.information_unit SET canonical_address = 'ACME-LAW/GONE' WHERE canonical_address = 'ACME-LAW/ONE/BETA'",
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_pass_is_taken_only_where_the_edit_is_there_and_a_fail_always(drafted: SignedCut, how: str) -> None:
    edit = start_edit(drafted)
    edit.edited()
    tamper(edit.database, CHANGES[how])
    with stopped("STOP_COUNT_MISMATCH"):
        _verify_edit(edit)
    _verify_edit(edit, "FAIL")
    with stopped("STOP_INVARIANT_FAILED"):
        drafted.verify()


def test_a_document_with_an_edit_can_be_taken_back_under_the_ruling_of_its_cut(drafted: SignedCut) -> None:
    assert drafted.plan.world is not None
    start_edit(drafted).edited()
    drafted.reverted()
    assert drafted.lifecycles() == ["superseded"] * 3
    assert {row[3] for row in _versions(drafted)} == {"superseded"}
    with drafted.verifier() as connection:
        assert scalar(connection, "SELECT cutter_console.fn_readers_digest()") == drafted.plan.world.baseline_digest

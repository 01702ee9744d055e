"""A ruling is read out of its signed bytes, and its signatures are verified by the database: at the import and at each use."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from console.backend.postgres.rulings import used_rulings
from tests.backend.postgres.signed_cut import SignedCut, start_cut, start_edit, stopped
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database
from tests.support.sovereign import sovereign

ZERO = "0" * 64
Changes = Mapping[str, object]


def _at(**from_now: float) -> str:
    return f"{datetime.now(UTC) + timedelta(**from_now):%Y-%m-%dT%H:%M:%SZ}"


def _target(run: SignedCut, **changes: object) -> Changes:
    assert run.plan.world is not None
    return {"target": run.plan.world.target.model_dump(mode="json") | changes}


def _document(run: SignedCut, **changes: object) -> Changes:
    return {"document": {"docprefix": run.docprefix, "origin": run.plan.document.source.origin} | changes}


def _always(code: str, **changes: object) -> Callable[[SignedCut], tuple[str, Changes]]:
    return lambda _run: (code, changes)


INVALID, ELSEWHERE, DRIFT = "STOP_APPROVAL_INVALID", "STOP_IDENTITY_MISMATCH", "STOP_DRIFT"
invalid = partial(_always, INVALID)

CUT_REFUSED: dict[str, Callable[[SignedCut], tuple[str, Changes]]] = {
    "another schema": invalid(schema="cutter-console/statement/1"),
    "no schema": invalid(schema=None),
    "another kind": invalid(kind="SG_2"),
    "an unknown kind": invalid(kind="SG_3"),
    "no kind": invalid(kind=None),
    "another purpose": invalid(purpose="edit"),
    "a purpose of version 0.2.0": invalid(purpose="retire"),
    "no purpose": invalid(purpose=None),
    "another allowance": invalid(allowance="implied"),
    "no allowance": invalid(allowance=None),
    "another policy": invalid(policy_sha256=ZERO),
    "no policy": invalid(policy_sha256=None),
    "another run": invalid(run_id="ictr-20260101T000000Z-ffffffff"),
    "no run": invalid(run_id=None),
    "another plan": invalid(plan_digest=ZERO),
    "no plan": invalid(plan_digest=None),
    "another baseline": invalid(baseline_digest=ZERO),
    "no baseline": invalid(baseline_digest=None),
    "another source": invalid(source_sha256=ZERO),
    "no source": invalid(source_sha256=None),
    "another text": invalid(canonical_sha256=ZERO),
    "no text": invalid(canonical_sha256=None),
    "another document": lambda run: (INVALID, _document(run, docprefix="ACME-OTHER")),
    "another origin": lambda run: (INVALID, _document(run, origin="file:other.md")),
    "no document": invalid(document=None),
    "more units": invalid(n_units=4),
    "fewer units": invalid(n_units=2),
    "no units": invalid(n_units=None),
    "units that are no number": invalid(n_units="three"),
    "units beyond all numbers": invalid(n_units=10**30),
    "no manifest": invalid(manifest_digest=None),
    "the digest of drafts": invalid(draft_digest=ZERO),
    "a review decision": invalid(review_decision_id="11111111-2222-3333-4444-555555555555"),
    "another database": lambda run: (ELSEWHERE, _target(run, database="elsewhere")),
    "another cluster": lambda run: (ELSEWHERE, _target(run, system_identifier="1")),
    "another timeline": lambda run: (ELSEWHERE, _target(run, timeline=99)),
    "a timeline that is no number": lambda run: (INVALID, _target(run, timeline="one")),
    "no target": _always(ELSEWHERE, target=None),
    "expired": lambda _run: (INVALID, {"not_before": _at(hours=-2), "expires": _at(seconds=-1)}),
    "not yet valid": lambda _run: (INVALID, {"not_before": _at(minutes=5)}),
    "valid for longer than a day": lambda _run: (INVALID, {"not_before": _at(), "expires": _at(hours=24, seconds=5)}),
    "no end": invalid(expires=None),
    "no beginning": invalid(not_before=None),
    "an end before the beginning": lambda _run: (INVALID, {"not_before": _at(minutes=1), "expires": _at(seconds=30)}),
    "a time with a zone": lambda _run: (INVALID, {"expires": _at(hours=1).replace("Z", "+00:00")}),
    "a time without seconds": lambda _run: (INVALID, {"expires": _at(hours=1)[:-4] + "Z"}),
    "a time that is a word": invalid(expires="infinity"),
    "a day out of the calendar": invalid(expires="2026-13-45T00:00:00Z"),
    "a placeholder approval": invalid(approval="kb:approval-sovereign-prod-write-1"),
    "another placeholder approval": invalid(approval="KB:APPROVAL-U-W4B-GRANT-1"),
}
"""What is changed in a statement that the sovereign has validly signed, and what the database says."""


def _approvals(run: SignedCut) -> int:
    with run.verifier() as connection:
        return int(str(scalar(connection, "SELECT count(*) FROM cutter_governance.approval")))


@pytest.mark.parametrize("how", CUT_REFUSED)
def test_a_statement_with_one_field_changed_is_refused_and_leaves_no_row(cut: SignedCut, how: str) -> None:
    """Placeholder ids, and a sandbox beside production; a valid signature does not help them."""
    code, changes = CUT_REFUSED[how](cut)
    with stopped(code):
        cut.rule(changes=changes)
    assert _approvals(cut) == 0
    with stopped("STOP_APPROVAL_REQUIRED"):
        cut.arm()


ENACT_REFUSED: dict[str, tuple[str, Changes]] = {
    "another kind": (INVALID, {"kind": "SG_1"}),
    "a manifest": (INVALID, {"manifest_digest": ZERO}),
    "no digest of the drafts": (INVALID, {"draft_digest": None}),
    "another digest of the drafts": (DRIFT, {"draft_digest": ZERO}),
    "no review decision": (INVALID, {"review_decision_id": None}),
    "a review decision that is no id": (INVALID, {"review_decision_id": "the one of yesterday"}),
    "another SG_1": (DRIFT, {"sg1_sha256": ZERO}),
    "no SG_1": (DRIFT, {"sg1_sha256": None}),
    "fewer units": (INVALID, {"n_units": 2}),
    "no drafts": (DRIFT, {"drafts": None}),
    "a list of none": (DRIFT, {"drafts": {"count": 3, "units": []}}),
    "a list of NULL": (DRIFT, {"drafts": {"count": 3, "units": None}}),
    "another file of drafts": (DRIFT, {"drafts": {"count": 3, "file": "drafts.txt", "file_sha256": ZERO}}),
    "a ruling of more than twelve hours": (INVALID, {"expires": ""}),
}


@pytest.mark.parametrize("how", ENACT_REFUSED)
def test_a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row(drafted: SignedCut, how: str) -> None:
    code, changes = ENACT_REFUSED[how]
    if "expires" in changes:
        changes = {"not_before": _at(), "expires": _at(hours=12, seconds=5)}
    with stopped(code):
        drafted.rule("enact", changes)
    assert _approvals(drafted) == 1


def _listed(run: SignedCut) -> list[dict[str, str]]:
    with run.verifier() as connection:
        units = scalar(connection, "SELECT cutter_console.fn_draft_units(%s)", run.run_id)
    assert isinstance(units, list)
    return units


LISTS: dict[str, Callable[[list[dict[str, str]]], object]] = {
    "another title": lambda units: [{**units[0], "title": "Harmless"}, *units[1:]],
    "another body": lambda units: [{**units[0], "body_sha256": ZERO}, *units[1:]],
    "another address": lambda units: [{**units[0], "address": "ACME-LAW/OTHER"}, *units[1:]],
    "one missing": lambda units: units[:-1],
    "one twice": lambda units: [*units, units[0]],
    "another order": lambda units: units[::-1],
    "a field more": lambda units: [{**units[0], "note": "x"}, *units[1:]],
}


@pytest.mark.parametrize("how", LISTS)
def test_what_a_signer_reads_in_a_second_ruling_is_what_stands_in_the_rows(drafted: SignedCut, how: str) -> None:
    units = LISTS[how](_listed(drafted))
    with stopped(DRIFT):
        drafted.rule("enact", {"drafts": {"count": 3, "units": units}})
    for count in (2, 4, "3", "three", None):
        with stopped(DRIFT):
            drafted.rule("enact", {"drafts": {"count": count, "units": _listed(drafted)}})


def test_a_second_ruling_may_name_a_file_of_the_drafts_instead(drafted: SignedCut) -> None:
    with drafted.verifier() as connection:
        lines = ledger.draft_state(connection, drafted.run_id).lines
    named = {"count": 3, "file": "drafts.txt", "file_sha256": sha256_hex("\n".join(lines).encode())}
    drafted.rule("enact", {"drafts": named})
    drafted.arm("enact")
    with drafted.executor() as connection:
        drafted.enact(connection)
    assert drafted.lifecycles() == ["enacted"] * 3


@pytest.mark.parametrize("purpose", ["enact", "revert"])
def test_there_is_no_ruling_over_drafts_before_there_are_drafts(cut: SignedCut, purpose: str) -> None:
    with stopped(DRIFT, INVALID):
        cut.rule(purpose, {"n_units": 3, "drafts": {"count": 3, "units": []}})


@pytest.mark.parametrize("name", ["kb:approval-sovereign-prod-write-1", "kb:approval-u-w4b-grant-1"])
def test_a_placeholder_approval_is_refused_by_name(cut: SignedCut, name: str) -> None:
    """Placeholder ids lay about in packages; wherever one stands in a statement, it is refused."""
    with stopped(INVALID):
        cut.rule(changes={"remark": {"see": [f"as in {name}."]}})


def test_every_column_is_what_the_signed_bytes_say(cut: SignedCut) -> None:
    statement = cut.statement()
    signature = sovereign().sign(statement)
    with cut.verifier() as connection:
        digest = ledger.import_approval(connection, statement, (signature,))
        row = connection.execute(
            "SELECT kind, purpose, run_id, plan_digest, manifest_digest, canonical_sha256, policy_sha256, n_units, signers, statement,"
            " signatures, draft_digest, review_decision_id, imported_by FROM cutter_governance.approval WHERE statement_sha256 = %s",
            (digest,),
        ).fetchone()
    assert row == (
        *(
            "SG_1",
            "cut",
            cut.run_id,
            cut.plan.plan_digest,
            ledger.manifest_digest(cut.units),
            sha256_hex(cut.canonical),
        ),
        *(sovereign().policy.sha256, 3, [sovereign().fingerprint], statement, [signature], None, None, "cutter_verify"),
    )


def _import(run: SignedCut, statement: bytes, *signatures: bytes) -> str:
    with run.verifier() as connection:
        return ledger.import_approval(connection, statement, signatures)


def test_a_second_import_is_the_same_ruling(cut: SignedCut) -> None:
    statement = cut.statement()
    signature = sovereign().sign(statement)
    first = _import(cut, statement, signature)
    assert _import(cut, statement, signature) == first
    assert _approvals(cut) == 1
    cut.arm()


def test_a_second_import_after_the_use_is_no_second_use(cut: SignedCut) -> None:
    statement = cut.statement()
    signature = sovereign().sign(statement)
    _import(cut, statement, signature)
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
    _import(cut, statement, signature)
    assert _approvals(cut) == 1
    with stopped("STOP_APPROVAL_USED"), cut.executor() as connection:
        cut.apply(connection)


PLANTED = {
    "purpose": "'revert'",
    "run_id": "'ictr-20260101T000000Z-00000002'",
    "plan_digest": f"'{ZERO}'",
    "manifest_digest": f"'{ZERO}'",
    "canonical_sha256": f"'{ZERO}'",
    "policy_sha256": f"'{ZERO}'",
    "baseline_digest": f"'{ZERO}'",
    "n_units": "99",
    "database": "'elsewhere'",
    "system_identifier": "'1'",
    "timeline": "99",
    "not_before": "not_before - interval '1 day'",
    "expires": "expires + interval '1 year'",
}


@pytest.mark.parametrize("column", PLANTED)
def test_a_row_that_was_planted_under_the_digest_of_a_statement_is_told_loudly(database: Database, column: str) -> None:
    """A row with the sovereign's own bytes and other columns: it must never be taken for what was signed."""
    run = start_cut(database)
    start_cut(database, "ACME-OTHER", number=2)
    statement = run.statement()
    signature = sovereign().sign(statement)
    _import(run, statement, signature)
    tamper(database, f"UPDATE cutter_governance.approval SET {column} = {PLANTED[column]}")
    with stopped("STOP_REPLAY_CONFLICT"):
        _import(run, statement, signature)


@pytest.mark.parametrize("purpose", ["enact", "revert"])
def test_a_run_to_edit_takes_no_other_ruling(drafted: SignedCut, purpose: str) -> None:
    edit = start_edit(drafted)
    with stopped(INVALID):
        edit.rule(purpose)
    with stopped(INVALID):
        edit.rule("cut")


def test_the_rulings_that_were_used_last_are_verified_again_whenever_their_runs_began(drafted: SignedCut) -> None:
    """The newest runs were taken for it: fifty later runs hid an enactment of today from the gate."""
    later = start_cut(drafted.database, "OTHER-LAW", number=2)
    assert later.run_id > drafted.run_id
    later.to_second_pause()
    drafted.lawful()
    last_used = [(drafted.run_id, "SG_2"), (later.run_id, "SG_1"), (drafted.run_id, "SG_1")]
    with drafted.database.connect("cutter_ro") as monitor:
        for most in (1, 2, 3):
            assert [(ruling.run_id, ruling.kind) for ruling in used_rulings(monitor, most)] == last_used[:most]

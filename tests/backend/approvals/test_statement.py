"""The statement: one spelling, its own fields, a bounded life, and every binding checked by being broken."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from console.backend.approvals.bindings import PLACEHOLDERS, Expectation, canonical_form, fact_checks, no_placeholder
from console.backend.approvals.policy import Policy, Signer, Thresholds
from console.backend.approvals.statement import (
    RunFacts,
    Statement,
    StatementAmendment,
    StatementDrafts,
    StatementProfile,
    draft_statement,
    list_drafts,
    new_run_id,
    parse_statement,
    read_statement,
    statement_bytes,
    statement_sha256,
    write_statement,
)
from console.backend.host.context import Context
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.draft_units import DraftUnit, draft_unit
from console.backend.model.errors import Refused, StopCode
from console.backend.model.merkle import merkle_root
from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import Target, expected_cut_deltas
from console.backend.model.purposes import Kind, Purpose
from tests.backend.approvals.conftest import CUT_DECISION, DRAFT, FACTS, NOW, SIGNED, draft_of, expectation

POLICY = Policy(
    signers=(Signer(name="Sovereign", fingerprint="A" * 40),),
    thresholds=Thresholds(SG_1=1, SG_2=1),
    solo=False,
    operators=(),
)


@pytest.mark.parametrize("line", ["", "one\ttwo", "\t".join("abcdefgh")])
def test_a_line_with_other_fields_is_no_draft(line: str) -> None:
    with pytest.raises(ValueError, match="fields"):
        draft_unit(line)


def test_a_statement_does_not_count_other_drafts_than_it_lists() -> None:
    unit = DraftUnit(address="A/1", title="One", body_sha256="0" * 64)
    said = {"file": "units.tsv", "file_sha256": "0" * 64}
    assert StatementDrafts.model_validate({**said, "count": 1, "units": [unit]}).count == 1
    with pytest.raises(ValidationError, match="1 drafts are listed, 2 counted"):
        StatementDrafts.model_validate({**said, "count": 2, "units": [unit]})


def test_a_time_without_a_zone_is_no_time_of_a_statement(context: Context) -> None:
    raw = json.loads(statement_bytes(draft_of(Kind.SG_1, "a" * 64, context)))
    with pytest.raises(ValidationError, match="a time needs its zone"):
        Statement.model_validate({**raw, "not_before": "2026-03-01T12:00:00"})


def _changed(statement: Statement, **fields: object) -> bytes:
    raw = json.loads(statement_bytes(statement)) | fields
    kept = {name: value for name, value in raw.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _failed(statement: Statement, expected: Expectation) -> set[str]:
    checks = fact_checks(statement, POLICY, expected, SIGNED)
    return {check.name for check in checks if check.outcome is not Outcome.PASS}


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_signed_reads_back_to_the_byte(context: Context, kind: Kind) -> None:
    statement = _draft(kind, context)
    data = statement_bytes(statement)
    assert parse_statement(data) == statement
    assert statement_sha256(statement) == sha256_hex(data)
    assert b'"schema":"cutter-console/statement/2"' in data
    assert b'"not_before":"2026-03-02T09:00:00Z"' in data
    assert b'"allowance":"explicit"' in data


def _draft(kind: Kind, context: Context) -> Statement:
    return draft_of(kind, POLICY.sha256, context)


def test_the_first_ruling_has_none_of_the_second_rulings_fields(context: Context) -> None:
    fields = json.loads(statement_bytes(_draft(Kind.SG_1, context)))
    assert not {"sg1_sha256", "draft_digest", "drafts", "review_decision_id"} & set(fields)
    assert (fields["irreversible"], fields["compensation"]) == (False, "soft_revert")


def test_the_second_ruling_has_a_decision_of_its_own(context: Context) -> None:
    """The decision that allowed the cut does not enact it."""
    statement = _draft(Kind.SG_2, context)
    assert statement.review_decision_id not in {None, CUT_DECISION}
    reused = parse_statement(_changed(statement, review_decision_id=CUT_DECISION))
    assert _failed(reused, expectation(Kind.SG_2)) == {"review_decision_id"}


@pytest.mark.parametrize(
    "spelling",
    [
        lambda d: d + b"\n",
        lambda d: b" " + d,
        lambda d: d.replace(b'":"', b'": "', 1),
        lambda d: d.replace(b"hi\xe1\xba\xbfn", rb"hi\u1ebfn"),
        lambda d: d.replace(b"09:00:00Z", b"09:00:00+00:00"),
        lambda d: d.replace(b'"n_units":60', b'"n_units":60,"n_units":60'),
        lambda d: d.replace(b'"n_units":60', b'"n_units":60.0'),
        lambda d: d.replace(b'"schema"', b'"schema_id"'),
        lambda d: d.replace(b'"kind"', b'"sg1_sha256":null,"kind"'),
        lambda d: json.dumps(json.loads(d)).encode(),
        lambda d: d[:-1],
        lambda d: b"\xff" + d,
        lambda d: b"[" * 60_000,
        lambda d: d + b" " * 70_000,
        lambda d: d.replace(b"2026-03-02T09", b"0001-01-01T00").replace(b":00:00Z", b":00:00+14:00"),
        lambda d: b"",
    ],
)
def test_any_other_spelling_is_refused(context: Context, spelling: object) -> None:
    assert callable(spelling)
    data = spelling(statement_bytes(_draft(Kind.SG_1, context)))
    with pytest.raises(Refused) as refused:
        parse_statement(data)
    assert refused.value.code is StopCode.APPROVAL_INVALID
    statement, check = canonical_form(data, NOW)
    assert statement is None
    assert check.outcome is Outcome.FAIL


@settings(max_examples=80)
@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_no_bytes_make_the_check_raise(data: bytes) -> None:
    """Validators return a structured FAIL and never raise."""
    statement, check = canonical_form(data, NOW)
    expected = expectation(Kind.SG_1)
    assert (statement, check.outcome) == (None, Outcome.FAIL)
    assert {one.outcome for one in fact_checks(statement, POLICY, expected, NOW)} == {Outcome.NOT_RUN}


_EFFECTS = {
    "base_run_id": FACTS.run_id,
    "base_digest": "9" * 64,
    "unchanged": 3,
    "changed": 2,
    "new": 1,
    "gone": 1,
    "moved": [],
}


def test_an_amendment_with_its_effects_is_read(context: Context) -> None:
    signed = parse_statement(_changed(_draft(Kind.SG_1, context), operation="amend", amendment=_EFFECTS))
    assert signed.amendment is not None
    assert signed.amendment.operation == "amend"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.SG_1, {"draft_digest": "5" * 64}),
        (Kind.SG_1, {"purpose": "enact"}),
        (Kind.SG_1, {"purpose": "revert"}),
        (Kind.SG_1, {"manifest_digest": None}),
        (Kind.SG_2, {"purpose": "cut"}),
        (Kind.SG_2, {"manifest_digest": "7" * 64}),
        (Kind.SG_2, {"drafts": None}),
        (Kind.SG_2, {"n_units": 61}),
        (Kind.SG_1, {"irreversible": True}),
        (Kind.SG_1, {"compensation": "none"}),
        (Kind.SG_1, {"expires": "2026-03-03T09:00:01Z"}),
        (Kind.SG_1, {"expires": "2026-03-02T09:00:00Z"}),
        (Kind.SG_1, {"allowance": "implicit"}),
        (Kind.SG_1, {"run_id": "ictr-today-0a1b2c3d"}),
        (Kind.SG_1, {"n_units": 0}),
        (Kind.SG_1, {"deploy_manifest_sha256": ""}),
        (Kind.SG_1, {"surprise": 1}),
        (Kind.SG_1, {"operation": "amend"}),
        (Kind.SG_1, {"amendment": _EFFECTS}),
        (Kind.SG_1, {"operation": "repeal", "amendment": _EFFECTS}),
        (Kind.SG_1, {"operation": "amend", "amendment": _EFFECTS | {"unchanged": 0, "changed": 0, "new": 0}}),
        (Kind.SG_1, {"in_force_from": "2026-04-01T00:00:00Z"}),
        (Kind.SG_2, {"sg1_sha256": None}),
        (Kind.SG_2, {"review_decision_id": None}),
        (Kind.SG_2, {"irreversible": False}),
        (Kind.SG_2, {"expires": "2026-03-02T21:00:01Z"}),
    ],
)
def test_a_statement_outside_its_kind_cannot_be_read(context: Context, kind: Kind, fields: dict[str, object]) -> None:
    with pytest.raises(Refused):
        parse_statement(_changed(_draft(kind, context), **fields))


def test_a_statement_is_drafted_by_a_run(context: Context) -> None:
    """Without a run id there is nothing to draft, and another run's id does not pass."""
    with pytest.raises(ValidationError):
        RunFacts(**dict(FACTS) | {"run_id": ""})
    other = FACTS.model_copy(update={"run_id": "ictr-20260302T085900Z-ffffffff"})
    assert _failed(_draft(Kind.SG_1, context), expectation(Kind.SG_1, other)) == {"run_id"}


def test_a_new_run_id_reads_as_one(context: Context) -> None:
    assert new_run_id(context) == "ictr-20260302T090000Z-00000001"
    assert RunFacts(**dict(FACTS) | {"run_id": new_run_id(context)}).run_id.endswith("00000002")


AMENDMENT = StatementAmendment(
    base_run_id="ictr-20260101T000000Z-00000001", base_digest="9" * 64, unchanged=1, changed=2, new=3, gone=4
)
BROKEN = {
    "document": FACTS.document.model_copy(update={"origin": "file:other.md"}),
    "plan_digest": "9" * 64,
    "source_sha256": "9" * 64,
    "canonical_sha256": "9" * 64,
    "manifest_digest": "9" * 64,
    "deploy_manifest_sha256": "9" * 64,
    "baseline_digest": "9" * 64,
    "target": Target(host="db1", database="rules", system_identifier="7312345678901234567", timeline=5),
    "n_units": 61,
    "n_suspects": 3,
    "n_acceptances": 7,
    "n_dropped": 4,
    "own_profile": StatementProfile(name="rule-book", sha256="9" * 64),
    "operation": "amend",
    "amendment": AMENDMENT,
    "expected_deltas": expected_cut_deltas(61),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_binding_is_checked_by_itself(context: Context, name: str) -> None:
    facts = FACTS.model_copy(update={name: BROKEN[name]})
    assert _failed(_draft(Kind.SG_1, context), expectation(Kind.SG_1, facts)) == {name}


def test_the_own_profile_that_was_signed_is_the_runs(context: Context) -> None:
    facts = FACTS.model_copy(update={"own_profile": BROKEN["own_profile"]})
    signed = draft_statement(Purpose.CUT, facts, POLICY.sha256, context)
    assert _failed(signed, expectation(Kind.SG_1, facts)) == set()
    assert _failed(signed, expectation(Kind.SG_1)) == {"own_profile"}
    other = facts.model_copy(update={"own_profile": StatementProfile(name="rule-book", sha256="8" * 64)})
    assert _failed(signed, expectation(Kind.SG_1, other)) == {"own_profile"}


def test_a_signed_amendment_is_the_runs_and_of_its_base(context: Context) -> None:
    facts = FACTS.model_copy(update={"operation": "amend", "amendment": AMENDMENT})
    signed = draft_statement(Purpose.CUT, facts, POLICY.sha256, context)
    assert _failed(signed, expectation(Kind.SG_1, facts)) == set()
    assert _failed(signed, expectation(Kind.SG_1)) == {"operation", "amendment"}
    other = facts.model_copy(update={"amendment": AMENDMENT.model_copy(update={"base_digest": "8" * 64})})
    assert _failed(signed, expectation(Kind.SG_1, other)) == {"amendment"}


def test_every_binding_is_among_them() -> None:
    assert set(BROKEN) == set(RunFacts.model_fields) - {"run_id"}


OTHER_DRAFTS = {
    "sg1_sha256": "9" * 64,
    "draft_digest": "9" * 64,
    "drafts": StatementDrafts(count=60, file="drafts.tsv", file_sha256="9" * 64),
}


@pytest.mark.parametrize("name", OTHER_DRAFTS)
def test_each_binding_of_the_draft_is_checked_by_itself(context: Context, name: str) -> None:
    draft = DRAFT.model_copy(update={name: OTHER_DRAFTS[name]})
    assert _failed(_draft(Kind.SG_2, context), expectation(Kind.SG_2, draft=draft)) == {name}


def test_a_statement_of_another_policy_is_refused(context: Context) -> None:
    """A quorum lowered after the signature does not pass."""
    strict = POLICY.model_copy(update={"thresholds": Thresholds(SG_1=3, SG_2=3)})
    statement = draft_of(Kind.SG_1, strict.sha256, context)
    assert _failed(statement, expectation(Kind.SG_1)) == {"policy_sha256"}


def test_a_statement_is_valid_from_its_draft_to_its_expiry(context: Context) -> None:
    statement, expected = _draft(Kind.SG_1, context), expectation(Kind.SG_1)

    def failed(minutes: float) -> set[str]:
        checks = fact_checks(statement, POLICY, expected, NOW + timedelta(minutes=minutes))
        return {check.name for check in checks if check.outcome is not Outcome.PASS}

    assert failed(-3) == {"not_before"}
    assert failed(0) == failed(24 * 60 - 1) == set()
    assert failed(24 * 60) == {"expires"}


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
@pytest.mark.parametrize("place", ["content", "statement name", "signature name"])
def test_placeholders_are_refused_by_name(context: Context, placeholder: str, place: str) -> None:
    """Placeholder approval ids lay about in packages."""
    statement, expected = _draft(Kind.SG_1, context), expectation(Kind.SG_1)
    data = _changed(statement, nonce=placeholder) if place == "content" else statement_bytes(statement)
    as_file = placeholder.replace(":", "_").upper()
    names = {"statement name": (f"{as_file}.json",), "signature name": ("sg.json", f"{as_file}.asc")}.get(place, ())
    check = no_placeholder(data, names, expected, NOW)
    assert check.outcome is Outcome.FAIL
    assert placeholder in check.detail
    assert no_placeholder(statement_bytes(statement), ("sg.json",), expected, NOW).outcome is Outcome.PASS


def test_an_enactment_expects_its_draft() -> None:
    with pytest.raises(ValidationError):
        Expectation(purpose=Purpose.ENACT, facts=FACTS)
    with pytest.raises(ValidationError):
        Expectation(purpose=Purpose.CUT, facts=FACTS, draft=DRAFT)


def test_a_statement_file_is_whole_0640_and_never_replaced(context: Context, tmp_path: Path) -> None:
    path, first = tmp_path / "sg1.json", _draft(Kind.SG_1, context)
    write_statement(path, first)
    assert read_statement(path) == statement_bytes(first)
    assert path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(Refused):
        write_statement(path, _draft(Kind.SG_1, context))
    assert read_statement(path) == statement_bytes(first)
    assert [p.name for p in tmp_path.iterdir()] == ["sg1.json"]


def test_a_hostile_origin_is_signed_as_it_is_shown(context: Context) -> None:
    document = type(FACTS.document)(docprefix="HP-2026", origin="file:\x1b[2Jx\u202e.md")
    statement = draft_statement(Purpose.CUT, FACTS.model_copy(update={"document": document}), POLICY.sha256, context)
    assert b"\x1b" not in statement_bytes(statement)
    assert parse_statement(statement_bytes(statement)) == statement


def _lines(count: int) -> tuple[str, ...]:
    return tuple(f"HP-2026/{n}\t\tdocument_unit\tarticle\t{n}\tTitle {n}\t{'0' * 64}" for n in range(count))


@pytest.mark.parametrize(("count", "listed"), [(1, True), (200, True), (201, False), (5000, False)])
def test_drafts_are_listed_where_they_are_not_too_many_and_always_in_a_file(count: int, listed: bool) -> None:
    drafts = list_drafts(_lines(count), "drafts.tsv")
    assert drafts.count == count
    assert drafts.file_sha256 == sha256_hex("\n".join(_lines(count)).encode())
    assert (drafts.units is not None) is listed
    if drafts.units:
        assert (drafts.units[0].address, drafts.units[0].title) == ("HP-2026/0", "Title 0")


def test_a_statement_with_listed_drafts_stays_below_its_limit(context: Context) -> None:
    """Long titles: what would not fit is not listed, and the file has it."""
    lines = tuple(line.replace("Title", "T" * 600) for line in _lines(200))
    assert list_drafts(lines, "drafts.tsv").units is None


def test_a_ruling_to_revert_names_its_drafts_and_cannot_be_taken_back(context: Context) -> None:
    facts = FACTS.model_copy(update={"manifest_digest": None, "n_units": 4})
    draft = DRAFT.model_copy(update={"drafts": list_drafts(_lines(4), "drafts.tsv")})
    statement = draft_statement(Purpose.REVERT, facts, POLICY.sha256, context, draft)
    said = json.loads(statement_bytes(statement))
    assert (said["kind"], said["purpose"], said["irreversible"], said["compensation"]) == (
        "SG_1",
        "revert",
        True,
        "none",
    )
    assert not {"sg1_sha256", "review_decision_id", "manifest_digest"} & set(said)
    assert parse_statement(statement_bytes(statement)) == statement


# RFC 6962, section 2.1.3: leaves of the example tree, by their text form here.
@pytest.mark.parametrize(
    ("leaves", "root"),
    [
        ((), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (("",), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ],
)
def test_the_merkle_root_is_that_of_rfc_6962(leaves: tuple[str, ...], root: str) -> None:
    assert merkle_root(leaves) == root


@pytest.mark.parametrize("count", [2, 3, 5, 8, 13])
def test_the_merkle_root_moves_with_each_leaf_and_with_their_order(count: int) -> None:
    leaves = _lines(count)
    roots = {merkle_root((*leaves[:i], "other", *leaves[i + 1 :])) for i in range(count)}
    assert len(roots | {merkle_root(leaves), merkle_root(leaves[::-1])}) == count + 2

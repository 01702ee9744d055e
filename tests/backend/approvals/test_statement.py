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
    Kind,
    RunFacts,
    Statement,
    draft_sg1,
    draft_sg2,
    new_run_id,
    parse_statement,
    read_statement,
    statement_bytes,
    statement_sha256,
    write_statement,
)
from console.backend.canonical_json import sha256_hex
from console.backend.context import Context
from console.backend.errors import Refused, StopCode
from console.backend.outcome import Outcome
from console.backend.world import Target, expected_cut_deltas
from tests.backend.approvals.conftest import CUT_DECISION, DRAFT, FACTS, NOW, SIGNED

POLICY = Policy(
    signers=(Signer(name="Sovereign", fingerprint="A" * 40),),
    thresholds=Thresholds(SG_1=1, SG_2=1),
    solo=False,
    operators=(),
)


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
    assert b'"schema":"cutter-console/statement/1"' in data
    assert b'"not_before":"2026-03-02T09:00:00Z"' in data
    assert b'"allowance":"explicit"' in data


def _draft(kind: Kind, context: Context) -> Statement:
    if kind is Kind.SG_1:
        return draft_sg1(FACTS, POLICY.sha256, context)
    return draft_sg2(FACTS, DRAFT, POLICY.sha256, context)


def test_the_first_ruling_has_none_of_the_second_rulings_fields(context: Context) -> None:
    fields = json.loads(statement_bytes(_draft(Kind.SG_1, context)))
    assert not {"sg1_sha256", "draft_digest", "review_decision_id"} & set(fields)
    assert (fields["irreversible"], fields["compensation"]) == (False, "soft_revert")


def test_incident_13_the_second_ruling_has_a_decision_of_its_own(context: Context) -> None:
    """Incident 13: the decision that allowed the cut does not enact it."""
    statement = _draft(Kind.SG_2, context)
    assert statement.review_decision_id not in {None, CUT_DECISION}
    reused = parse_statement(_changed(statement, review_decision_id=CUT_DECISION))
    assert _failed(reused, Expectation(kind=Kind.SG_2, facts=FACTS, draft=DRAFT)) == {"review_decision_id"}


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


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_incident_7_no_bytes_make_the_check_raise(data: bytes) -> None:
    """Incident 7: validators return a structured FAIL and never raise."""
    statement, check = canonical_form(data, NOW)
    expected = Expectation(kind=Kind.SG_1, facts=FACTS)
    assert (statement, check.outcome) == (None, Outcome.FAIL)
    assert {one.outcome for one in fact_checks(statement, POLICY, expected, NOW)} == {Outcome.NOT_RUN}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.SG_1, {"draft_digest": "5" * 64}),
        (Kind.SG_1, {"irreversible": True}),
        (Kind.SG_1, {"compensation": "none"}),
        (Kind.SG_1, {"expires": "2026-03-03T09:00:01Z"}),
        (Kind.SG_1, {"expires": "2026-03-02T09:00:00Z"}),
        (Kind.SG_1, {"allowance": "implicit"}),
        (Kind.SG_1, {"run_id": "ictr-today-0a1b2c3d"}),
        (Kind.SG_1, {"n_units": 0}),
        (Kind.SG_1, {"deploy_manifest_sha256": ""}),
        (Kind.SG_1, {"surprise": 1}),
        (Kind.SG_2, {"sg1_sha256": None}),
        (Kind.SG_2, {"review_decision_id": None}),
        (Kind.SG_2, {"irreversible": False}),
        (Kind.SG_2, {"expires": "2026-03-02T21:00:01Z"}),
    ],
)
def test_a_statement_outside_its_kind_cannot_be_read(context: Context, kind: Kind, fields: dict[str, object]) -> None:
    with pytest.raises(Refused):
        parse_statement(_changed(_draft(kind, context), **fields))


def test_incident_20_a_statement_is_drafted_by_a_run(context: Context) -> None:
    """Incident 20: without a run id there is nothing to draft, and another run's id does not pass."""
    with pytest.raises(ValidationError):
        RunFacts(**dict(FACTS) | {"run_id": ""})
    other = FACTS.model_copy(update={"run_id": "ictr-20260302T085900Z-ffffffff"})
    assert _failed(_draft(Kind.SG_1, context), Expectation(kind=Kind.SG_1, facts=other)) == {"run_id"}


def test_a_new_run_id_reads_as_one(context: Context) -> None:
    assert new_run_id(context) == "ictr-20260302T090000Z-00000001"
    assert RunFacts(**dict(FACTS) | {"run_id": new_run_id(context)}).run_id.endswith("00000002")


BROKEN = {
    "document": FACTS.document.model_copy(update={"origin": "file:other.md"}),
    "plan_digest": "9" * 64,
    "source_sha256": "9" * 64,
    "deploy_manifest_sha256": "9" * 64,
    "baseline_digest": "9" * 64,
    "target": Target(host="db1", database="rules", system_identifier="7312345678901234567", timeline=5),
    "n_units": 61,
    "expected_deltas": expected_cut_deltas(61),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_binding_is_checked_by_itself(context: Context, name: str) -> None:
    facts = FACTS.model_copy(update={name: BROKEN[name]})
    assert _failed(_draft(Kind.SG_1, context), Expectation(kind=Kind.SG_1, facts=facts)) == {name}


@pytest.mark.parametrize("name", ["sg1_sha256", "draft_digest"])
def test_each_binding_of_the_draft_is_checked_by_itself(context: Context, name: str) -> None:
    draft = DRAFT.model_copy(update={name: "9" * 64})
    assert _failed(_draft(Kind.SG_2, context), Expectation(kind=Kind.SG_2, facts=FACTS, draft=draft)) == {name}


def test_incident_18_a_statement_of_another_policy_is_refused(context: Context) -> None:
    """Incident 18: a quorum lowered after the signature does not pass."""
    strict = POLICY.model_copy(update={"thresholds": Thresholds(SG_1=3, SG_2=3)})
    statement = draft_sg1(FACTS, strict.sha256, context)
    assert _failed(statement, Expectation(kind=Kind.SG_1, facts=FACTS)) == {"policy_sha256"}


def test_a_statement_is_valid_from_its_draft_to_its_expiry(context: Context) -> None:
    statement, expected = _draft(Kind.SG_1, context), Expectation(kind=Kind.SG_1, facts=FACTS)

    def failed(minutes: float) -> set[str]:
        checks = fact_checks(statement, POLICY, expected, NOW + timedelta(minutes=minutes))
        return {check.name for check in checks if check.outcome is not Outcome.PASS}

    assert failed(-3) == {"not_before"}
    assert failed(0) == failed(24 * 60 - 1) == set()
    assert failed(24 * 60) == {"expires"}


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
@pytest.mark.parametrize("place", ["content", "statement name", "signature name"])
def test_incident_14_placeholders_are_refused_by_name(context: Context, placeholder: str, place: str) -> None:
    """Incident 14: placeholder approval ids lay about in packages."""
    statement, expected = _draft(Kind.SG_1, context), Expectation(kind=Kind.SG_1, facts=FACTS)
    data = _changed(statement, nonce=placeholder) if place == "content" else statement_bytes(statement)
    as_file = placeholder.replace(":", "_").upper()
    names = {"statement name": (f"{as_file}.json",), "signature name": ("sg.json", f"{as_file}.asc")}.get(place, ())
    check = no_placeholder(data, names, expected, NOW)
    assert check.outcome is Outcome.FAIL
    assert placeholder in check.detail
    assert no_placeholder(statement_bytes(statement), ("sg.json",), expected, NOW).outcome is Outcome.PASS


def test_an_enactment_expects_its_draft() -> None:
    with pytest.raises(ValidationError):
        Expectation(kind=Kind.SG_2, facts=FACTS)
    with pytest.raises(ValidationError):
        Expectation(kind=Kind.SG_1, facts=FACTS, draft=DRAFT)


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
    statement = draft_sg1(FACTS.model_copy(update={"document": document}), POLICY.sha256, context)
    assert b"\x1b" not in statement_bytes(statement)
    assert parse_statement(statement_bytes(statement)) == statement

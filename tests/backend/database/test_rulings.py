"""A ruling is read out of its signed bytes, and its signatures are verified by the database: at the import and at each use."""

import hashlib
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest

from console.backend.approvals.policy import Policy, Signer, Thresholds
from console.backend.canonical_json import canonical_json, sha256_hex
from console.backend.database import ledger
from console.backend.database.connections import scalar
from tests.backend.database.signed_cut import SignedCut, start_cut, start_edit, stopped
from tests.backend.database.tampering import tamper
from tests.conftest import Database
from tests.sovereign import Sovereign, sovereign, usurper

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
    """Incidents 14 and 27: placeholder ids, and a sandbox beside production; a valid signature does not help them."""
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
def test_a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row(cut: SignedCut, how: str) -> None:
    cut.to_second_pause()
    code, changes = ENACT_REFUSED[how]
    if "expires" in changes:
        changes = {"not_before": _at(), "expires": _at(hours=12, seconds=5)}
    with stopped(code):
        cut.rule("enact", changes)
    assert _approvals(cut) == 1


def _listed(run: SignedCut) -> list[dict[str, str]]:
    with run.verifier() as connection:
        units = scalar(connection, "SELECT cutter_governance.fn_draft_units(%s)", run.run_id)
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
def test_what_a_signer_reads_in_a_second_ruling_is_what_stands_in_the_rows(cut: SignedCut, how: str) -> None:
    cut.to_second_pause()
    units = LISTS[how](_listed(cut))
    with stopped(DRIFT):
        cut.rule("enact", {"drafts": {"count": 3, "units": units}})
    for count in (2, 4, "3", "three", None):
        with stopped(DRIFT):
            cut.rule("enact", {"drafts": {"count": count, "units": _listed(cut)}})


def test_a_second_ruling_may_name_a_file_of_the_drafts_instead(cut: SignedCut) -> None:
    cut.to_second_pause()
    with cut.verifier() as connection:
        lines = ledger.draft_state(connection, cut.run_id).lines
    named = {"count": 3, "file": "drafts.txt", "file_sha256": sha256_hex("\n".join(lines).encode())}
    cut.rule("enact", {"drafts": named})
    cut.arm("enact")
    with cut.executor() as connection:
        cut.enact(connection)
    assert cut.lifecycles() == ["enacted"] * 3


@pytest.mark.parametrize("purpose", ["enact", "revert"])
def test_there_is_no_ruling_over_drafts_before_there_are_drafts(cut: SignedCut, purpose: str) -> None:
    with stopped(DRIFT, INVALID):
        cut.rule(purpose, {"n_units": 3, "drafts": {"count": 3, "units": []}})


@pytest.mark.parametrize("name", ["kb:approval-sovereign-prod-write-1", "kb:approval-u-w4b-grant-1"])
def test_incident_14_a_placeholder_approval_is_refused_by_name(cut: SignedCut, name: str) -> None:
    """Incident 14: placeholder ids lay about in packages; wherever one stands in a statement, it is refused."""
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
    first = _import(cut, statement, sovereign().sign(statement))
    assert _import(cut, statement, sovereign().sign(statement)) == first
    assert _approvals(cut) == 1
    cut.arm()


def test_a_second_import_after_the_use_is_no_second_use(cut: SignedCut) -> None:
    statement = cut.statement()
    _import(cut, statement, sovereign().sign(statement))
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
    _import(cut, statement, sovereign().sign(statement))
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


def _signed_by(run: SignedCut, *signers: Sovereign) -> tuple[bytes, tuple[bytes, ...]]:
    statement = run.statement()
    return statement, tuple(signer.sign(statement) for signer in signers)


def test_the_signature_of_somebody_without_authority_is_refused(cut: SignedCut) -> None:
    with stopped(INVALID):
        cut.rule(signer=usurper())
    assert _approvals(cut) == 0


def test_a_key_that_is_pinned_and_not_in_the_policy_does_not_rule(cut: SignedCut) -> None:
    with cut.database.connect() as connection:
        connection.execute(
            "SELECT cutter_governance.fn_signing_key_pin(%b, %s)", (usurper().export(), usurper().fingerprint)
        )
    with stopped(INVALID):
        cut.rule(signer=usurper())


def test_a_signature_under_another_statement_is_refused(cut: SignedCut) -> None:
    statement, other = cut.statement(), cut.statement()
    with stopped(INVALID):
        _import(cut, statement, sovereign().sign(other))
    assert _approvals(cut) == 0


def test_a_signature_that_is_given_twice_is_refused(cut: SignedCut) -> None:
    statement = cut.statement()
    signature = sovereign().sign(statement)
    for again in (signature, sovereign().sign(statement)):
        with stopped(INVALID):
            _import(cut, statement, signature, again)


def test_one_bad_signature_spoils_the_good_ones(cut: SignedCut) -> None:
    for bad in (usurper(), sovereign()):
        statement = cut.statement()
        with stopped(INVALID):
            _import(cut, statement, sovereign().sign(statement), bad.sign(b"something else"))


BROKEN: dict[str, Callable[[bytes], tuple[bytes, ...]]] = {
    "no signature": lambda _signature: (),
    "an empty one": lambda _signature: (b"",),
    "words": lambda _signature: (b"signed, the sovereign",),
    "one cut off": lambda signature: (signature[:-1],),
    "one with a byte behind": lambda signature: (signature + b"\0",),
    "one with a byte flipped": lambda signature: (signature[:-1] + bytes([signature[-1] ^ 1]),),
    "two in one": lambda signature: (signature + signature,),
    "sixty-five": lambda signature: (signature,) * 65,
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_no_whole_signature_does_not_rule(cut: SignedCut, how: str) -> None:
    statement = cut.statement()
    with stopped(INVALID, "STOP_APPROVAL_REQUIRED"):
        _import(cut, statement, *BROKEN[how](sovereign().sign(statement)))
    assert _approvals(cut) == 0


def test_null_for_a_signature_does_not_rule(cut: SignedCut) -> None:
    statement = cut.statement()
    for signatures in ("NULL", "ARRAY[NULL]::bytea[]", "'{}'::bytea[]"):
        with stopped(INVALID, "STOP_APPROVAL_REQUIRED"), cut.verifier() as connection:
            query = f"SELECT cutter_governance.fn_approval_import(%b, {signatures})"
            connection.execute(query.encode(), (statement,))


def test_an_armoured_signature_counts_as_the_same(cut: SignedCut) -> None:
    statement = cut.statement()
    _import(cut, statement, sovereign().sign(statement, "--armor"))
    cut.arm()


def test_a_statement_that_is_signed_in_line_is_none(cut: SignedCut) -> None:
    statement = cut.statement()
    with stopped(INVALID):
        _import(cut, statement, sovereign().gpg("--clear-sign", data=statement))


def _policy(solo: bool = True, both: int = 2, operators: tuple[str, ...] = ()) -> Policy:
    """Two signers, of whom each ruling takes so many."""
    signers = tuple(
        Signer(name=name, fingerprint=who.fingerprint) for name, who in (("one", sovereign()), ("two", usurper()))
    )
    return Policy(signers=signers, thresholds=Thresholds(SG_1=both, SG_2=1), solo=solo, operators=operators)


def _pin(database: Database, policy: Policy) -> Changes:
    """As an administrator; returns what a statement under it says of the policy."""
    with database.connect() as connection:
        exports = [sovereign().export(), usurper().export()]
        connection.execute("SELECT cutter_governance.fn_policy_pin(%b, %b)", (canonical_json(policy), exports))
    return {"policy_sha256": policy.sha256}


def test_a_policy_of_two_takes_two(cut: SignedCut) -> None:
    under = _pin(cut.database, _policy())
    statement = cut.statement(changes=under)
    one, two = sovereign().sign(statement), usurper().sign(statement)
    for few in ((one,), (two,)):
        with stopped("STOP_APPROVAL_REQUIRED"):
            _import(cut, statement, *few)
    _import(cut, statement, two, one)
    with cut.verifier() as connection:
        signers = scalar(connection, "SELECT signers FROM cutter_governance.approval")
    assert signers == [usurper().fingerprint, sovereign().fingerprint]
    cut.arm()


def test_more_signatures_than_it_takes_are_all_kept(cut: SignedCut) -> None:
    under = _pin(cut.database, _policy(both=1))
    statement = cut.statement(changes=under)
    _import(cut, statement, sovereign().sign(statement), usurper().sign(statement))
    with cut.verifier() as connection:
        assert scalar(connection, "SELECT cardinality(signatures) FROM cutter_governance.approval") == 2


def test_an_operator_does_not_rule_where_solo_is_not_declared(cut: SignedCut) -> None:
    under = _pin(cut.database, _policy(solo=False, both=1, operators=(usurper().fingerprint,)))
    with stopped(INVALID):
        cut.rule(changes=under, signer=usurper())
    cut.rule(changes=under)


def test_an_operator_rules_where_solo_is_declared(cut: SignedCut) -> None:
    under = _pin(cut.database, _policy(solo=True, both=1, operators=(usurper().fingerprint,)))
    cut.rule(changes=under, signer=usurper())


def _withdraw(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("SELECT cutter_governance.fn_signing_key_end(%s, 'lost')", (sovereign().fingerprint,))


@pytest.mark.parametrize("when", ["import", "arm", "apply"])
def test_a_key_that_is_withdrawn_rules_no_more_at_whatever_step(cut: SignedCut, when: str) -> None:
    if when == "import":
        _withdraw(cut.database)
    with ExitStack() as refused:
        if when == "import":
            refused.enter_context(stopped(INVALID))
        cut.rule()
    if when == "arm":
        _withdraw(cut.database)
        with stopped(INVALID):
            cut.arm()
    if when == "apply":
        cut.arm()
        _withdraw(cut.database)
        with stopped(INVALID), cut.executor() as connection:
            cut.apply(connection)
    assert cut.lifecycles() == []


@pytest.mark.parametrize("when", ["import", "arm", "apply"])
def test_a_ruling_under_a_policy_that_is_pinned_no_more_rules_no_more(cut: SignedCut, when: str) -> None:
    """Incident 18: a quorum cannot be lowered, or raised, behind the signature."""
    if when == "import":
        _pin(cut.database, _policy())
        with stopped(INVALID):
            cut.rule()
    cut_rule = when != "import"
    if cut_rule:
        cut.rule()
    if when == "arm":
        _pin(cut.database, _policy())
        with stopped("STOP_POLICY_UNSATISFIABLE"):
            cut.arm()
    if when == "apply":
        cut.arm()
        _pin(cut.database, _policy())
        with stopped("STOP_POLICY_UNSATISFIABLE"), cut.executor() as connection:
            cut.apply(connection)
    assert cut.lifecycles() == []


def test_a_policy_that_is_pinned_again_counts_again(cut: SignedCut) -> None:
    cut.rule()
    _pin(cut.database, _policy())
    with cut.database.connect() as connection:
        sovereign().pin(connection)
    cut.arm()


@pytest.mark.parametrize(
    "change",
    [
        "statement = convert_to('{}', 'UTF8'), statement_sha256 = encode(sha256(convert_to('{}', 'UTF8')), 'hex')",
        "signatures = ARRAY[''::bytea]",
        "expires = expires + interval '1 year', signatures = ARRAY[substring(signatures[1] FROM 1 FOR 20)]",
    ],
)
def test_a_row_whose_signature_does_not_hold_does_not_arm(cut: SignedCut, change: str) -> None:
    """A planted row: the signatures are verified again wherever a ruling is used."""
    cut.rule()
    tamper(cut.database, f"UPDATE cutter_governance.approval SET {change}")
    with stopped(INVALID):
        cut.arm()


def test_a_signature_that_was_made_before_the_statement_s_time_does_not_count(cut: SignedCut) -> None:
    """It was made for something else: a statement is drafted first, then signed."""
    statement = cut.statement(changes={"not_before": _at(minutes=1, seconds=55), "expires": _at(hours=1)})
    early = sovereign().sign(
        statement, "--faked-system-time", f"{datetime.now(UTC) - timedelta(seconds=30):%Y%m%dT%H%M%S}!"
    )
    with stopped(INVALID):
        _import(cut, statement, early)


@pytest.mark.parametrize("purpose", ["enact", "revert"])
def test_a_run_to_edit_takes_no_other_ruling(cut: SignedCut, purpose: str) -> None:
    cut.to_second_pause()
    edit = start_edit(cut)
    with stopped(INVALID):
        edit.rule(purpose)
    with stopped(INVALID):
        edit.rule("cut")


def test_the_hash_of_a_signature_may_be_any_of_the_strong_ones_and_no_weak_one(cut: SignedCut) -> None:
    for algorithm in ("SHA256", "SHA384", "SHA512"):
        statement = cut.statement()
        _import(cut, statement, sovereign().gpg("--digest-algo", algorithm, "--detach-sign", data=statement))
    statement = cut.statement()
    try:
        weak = sovereign().gpg("--digest-algo", "SHA1", "--allow-weak-digest-algos", "--detach-sign", data=statement)
    except subprocess.CalledProcessError:
        return
    with stopped(INVALID):
        _import(cut, statement, weak)


def test_the_digest_of_a_ruling_is_that_of_its_bytes(cut: SignedCut) -> None:
    statement = cut.statement()
    digest = _import(cut, statement, sovereign().sign(statement))
    assert digest == hashlib.sha256(statement).hexdigest()
    with stopped("23514"), cut.database.connect() as connection:
        tamper_row = "INSERT INTO cutter_governance.approval SELECT (jsonb_populate_record(a, jsonb_build_object('statement_sha256', repeat('0', 64)))).* FROM cutter_governance.approval a"
        connection.execute(tamper_row.encode())


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_ro"])
def test_only_the_verifying_role_imports(cut: SignedCut, role: str) -> None:
    statement, signatures = _signed_by(cut, sovereign())
    with cut.database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT cutter_governance.fn_approval_import(%b, %b)", (statement, list(signatures)))

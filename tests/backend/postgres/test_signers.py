"""Whose signatures make a ruling: verified by the database with pinned keys, at the import and at each use."""

import hashlib
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from console.backend.approvals.policy import Policy, Signer, Thresholds
from console.backend.model.canonical_json import canonical_json
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, stopped
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database
from tests.support.sovereign import Sovereign, sovereign, usurper

Changes = Mapping[str, object]
INVALID = "STOP_APPROVAL_INVALID"


def _at(**from_now: float) -> str:
    return f"{datetime.now(UTC) + timedelta(**from_now):%Y-%m-%dT%H:%M:%SZ}"


def _approvals(run: SignedCut) -> int:
    with run.verifier() as connection:
        return int(str(scalar(connection, "SELECT count(*) FROM cutter_governance.approval")))


def _import(run: SignedCut, statement: bytes, *signatures: bytes) -> str:
    with run.verifier() as connection:
        return ledger.import_approval(connection, statement, signatures)


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
            "SELECT cutter_console.fn_signing_key_pin(%b, %s)", (usurper().export(), usurper().fingerprint)
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
            query = f"SELECT cutter_console.fn_approval_import(%b, {signatures})"
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
        connection.execute("SELECT cutter_console.fn_policy_pin(%b, %b)", (canonical_json(policy), exports))
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
        connection.execute("SELECT cutter_console.fn_signing_key_end(%s, 'lost')", (sovereign().fingerprint,))


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
    """A quorum cannot be lowered, or raised, behind the signature."""
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


@pytest.mark.parametrize(
    ("begins", "ends", "counts"),
    [
        ("-1 minute", "1 hour", True),
        ("1 minute", "1 hour", True),
        ("3 minutes", "1 hour", False),
        ("-2 hours", "-1 second", False),
    ],
)
def test_a_signature_is_of_the_time_of_its_statement(cut: SignedCut, begins: str, ends: str, counts: bool) -> None:
    """A statement is drafted first and signed then; one that was signed before, or behind its end, was meant for something else."""
    statement = cut.statement()
    signed = datetime.now(UTC).replace(microsecond=0)
    signatures = [sovereign().sign(statement)]
    query = "SELECT cutter_console.fn_signers(%s, %s, %s, 'SG_1', %s + %s::interval, %s + %s::interval)"
    with cut.database.connect() as connection, ExitStack() as refused:
        if not counts:
            refused.enter_context(stopped(INVALID))
        connection.execute(query, (statement, signatures, sovereign().policy.sha256, signed, begins, signed, ends))


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
        connection.execute("SELECT cutter_console.fn_approval_import(%b, %b)", (statement, list(signatures)))

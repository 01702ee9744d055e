"""The policy that the database believes is pinned whole, with keys that it can verify with, or not at all."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.approvals.policy import Policy, Signer, Thresholds
from console.backend.model.canonical_json import canonical_json
from tests.backend.postgres.signed_cut import canonical, stopped
from tests.conftest import Database
from tests.support.sovereign import sovereign, usurper

_PIN = "SELECT cutter_console.fn_policy_pin(%b, %b)"
_PINS = "SELECT policy_sha256, pinned_by FROM cutter_governance.v_policy_pin"


def _policy(**changes: object) -> dict[str, object]:
    """The sovereign's policy with these fields changed; a change of None takes the field away."""
    signers = [{"name": "test sovereign", "fingerprint": sovereign().fingerprint}]
    said: dict[str, object] = {
        "schema": "cutter-console/policy/1",
        "signers": signers,
        "thresholds": {"SG_1": 1, "SG_2": 1},
        "solo": True,
        "operators": [],
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def _named(*fingerprints: str) -> list[dict[str, str]]:
    return [{"name": f"signer {number}", "fingerprint": one} for number, one in enumerate(fingerprints)]


REFUSED: dict[str, Callable[[], bytes]] = {
    "another schema": lambda: canonical(_policy(schema="cutter-console/policy/2")),
    "no schema": lambda: canonical(_policy(schema=None)),
    "a space": lambda: canonical(_policy()).replace(b",", b", ", 1),
    "a line break behind": lambda: canonical(_policy()) + b"\n",
    "nobody": lambda: canonical(_policy(signers=[])),
    "no signers": lambda: canonical(_policy(signers=None)),
    "operators alone, and no solo": lambda: canonical(_policy(solo=False, operators=[sovereign().fingerprint])),
    "no word on solo": lambda: canonical(_policy(solo=None)),
    "solo in other words": lambda: canonical(_policy(solo="yes")),
    "a key twice": lambda: canonical(_policy(signers=_named(sovereign().fingerprint, sovereign().fingerprint))),
    "a key that is not exported": lambda: canonical(_policy(signers=_named("0" * 40))),
    "a key of another export": lambda: canonical(_policy(signers=_named(usurper().fingerprint))),
    "a fingerprint that is a key id": lambda: canonical(_policy(signers=_named(sovereign().fingerprint[-16:]))),
    "a signer without a key": lambda: canonical(_policy(signers=[{"name": "x"}])),
    "no thresholds": lambda: canonical(_policy(thresholds=None)),
    "no threshold of SG_2": lambda: canonical(_policy(thresholds={"SG_1": 1})),
    "a threshold of none": lambda: canonical(_policy(thresholds={"SG_1": 0, "SG_2": 1})),
    "a threshold below none": lambda: canonical(_policy(thresholds={"SG_1": 1, "SG_2": -1})),
    "a threshold that cannot be met": lambda: canonical(_policy(thresholds={"SG_1": 2, "SG_2": 1})),
    "two signers and one export": lambda: canonical(
        _policy(signers=_named(sovereign().fingerprint, usurper().fingerprint))
    ),
    "an array": lambda: b"[]",
}


def _pin(database: Database, policy: bytes, *exports: bytes) -> str:
    with database.connect() as connection:
        row = connection.execute(_PIN, (policy, list(exports))).fetchone()
    assert row is not None
    return str(row[0])


def _pinned(database: Database) -> list[tuple[str, str]]:
    with database.connect("cutter_ro") as connection:
        return connection.execute(_PINS.encode()).fetchall()


@pytest.mark.parametrize("how", REFUSED)
def test_a_policy_that_cannot_be_satisfied_is_not_pinned(database: Database, how: str) -> None:
    """It is asked before it is needed."""
    with database.connect() as connection:
        sovereign().pin_if_none(connection)
    before = _pinned(database)
    with stopped("STOP_POLICY_UNSATISFIABLE"):
        _pin(database, REFUSED[how](), sovereign().export())
    assert _pinned(database) == before == [(sovereign().policy.sha256, "postgres")]


NO_POLICY = {
    b"": "22P02",
    b"not JSON": "22P02",
    b"\xff": "22021",
    b'{"a":"\\u0000"}': "22P05",
    b"null": "STOP_POLICY_UNSATISFIABLE",
}
"""Bytes, and what refuses them: PostgreSQL, where they are no text or no JSON."""


@pytest.mark.parametrize("data", NO_POLICY)
def test_bytes_that_are_no_policy_are_not_pinned(database: Database, data: bytes) -> None:
    before = _pinned(database)
    with stopped(NO_POLICY[data]):
        _pin(database, data, sovereign().export())
    assert _pinned(database) == before


def _revocation() -> bytes:
    """The certificate that gpg lays aside with a new key, for the day on which its owner revokes it."""
    kept = sovereign().keys.home / "openpgp-revocs.d" / f"{sovereign().fingerprint}.rev"
    armour = kept.read_text().partition(":-----BEGIN")[2]
    return sovereign().gpg("--dearmor", data=f"-----BEGIN{armour}".encode())


EXPORTS: dict[str, Callable[[], tuple[bytes, ...]]] = {
    "none": lambda: (),
    "an empty one": lambda: (b"",),
    "one cut off": lambda: (sovereign().export()[:-10],),
    "one of another key": lambda: (usurper().export(),),
    "one twice": lambda: (sovereign().export(), sovereign().export()),
    "an armoured one": lambda: (sovereign().gpg("--armor", "--export", sovereign().fingerprint),),
    "one with the key's revocation": lambda: (sovereign().export() + _revocation(),),
}


@pytest.mark.parametrize("how", EXPORTS)
def test_a_policy_without_its_keys_is_not_pinned_though_they_were_pinned_before(database: Database, how: str) -> None:
    """Each pin stands on the keys that come with it: a signer may have revoked a key since the last one."""
    with stopped("STOP_POLICY_UNSATISFIABLE"):
        _pin(database, canonical(_policy(solo=False)), *EXPORTS[how]())


def test_the_policy_is_pinned_as_the_program_writes_it_and_the_last_one_counts(database: Database) -> None:
    signers = tuple(Signer(name=one.fingerprint[:4], fingerprint=one.fingerprint) for one in (sovereign(), usurper()))
    both = Policy(signers=signers, thresholds=Thresholds(SG_1=2, SG_2=2), solo=False, operators=())
    assert _pin(database, canonical_json(both), sovereign().export(), usurper().export()) == both.sha256
    assert _pinned(database) == [(both.sha256, "postgres")]
    with database.connect() as connection:
        sovereign().pin(connection)
    assert _pinned(database) == [(sovereign().policy.sha256, "postgres")]


def test_the_order_of_the_exports_is_that_of_the_signers(database: Database) -> None:
    policy = canonical(_policy(signers=_named(sovereign().fingerprint, usurper().fingerprint)))
    with stopped("STOP_POLICY_UNSATISFIABLE"):
        _pin(database, policy, usurper().export(), sovereign().export())


def test_a_policy_whose_signer_is_withdrawn_is_not_pinned_again(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("SELECT cutter_console.fn_signing_key_end(%s, 'lost')", (sovereign().fingerprint,))
    with stopped("STOP_POLICY_UNSATISFIABLE"):
        _pin(database, canonical(_policy()), sovereign().export())


def test_withdrawing_a_primary_key_withdraws_its_subkeys_for_a_policy_too(database: Database) -> None:
    """A pinned subkey is left over, by which nothing would ever be verified."""
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO cutter_governance.signing_key (fingerprint, primary_fingerprint, algorithm, packet, key_created)"
            " SELECT repeat('A', 40), fingerprint, algorithm, packet, key_created FROM cutter_governance.signing_key"
        )
        connection.execute("SELECT cutter_console.fn_signing_key_end(%s, 'lost')", (sovereign().fingerprint,))
    with stopped("STOP_POLICY_UNSATISFIABLE"):
        _pin(database, canonical(_policy()), sovereign().export())


def test_a_key_that_expires_after_the_pin_rules_no_more(database: Database) -> None:
    statement = b'{"a":1}'
    signature = sovereign().sign(statement)
    check = "SELECT verdict FROM cutter_console.fn_openpgp_check(%b, %b)"
    with database.connect() as connection:
        sovereign().pin_if_none(connection)
        assert connection.execute(check, (signature, statement)).fetchone() == ("good",)
        connection.execute(
            "INSERT INTO cutter_governance.signing_key_term (fingerprint, signed_at, expires)"
            " SELECT fingerprint, clock_timestamp(), clock_timestamp() FROM cutter_governance.signing_key"
        )
        assert connection.execute(check, (signature, statement)).fetchone() == ("key expired",)


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify", "cutter_ro"])
def test_no_role_of_the_console_pins_a_policy_or_a_key(database: Database, role: str) -> None:
    calls = (
        ("fn_policy_pin(%b, %b)", (canonical(_policy()), [sovereign().export()])),
        ("fn_signing_key_pin(%b, %s)", (usurper().export(), usurper().fingerprint)),
        ("fn_signing_key_end(%s, %s)", (sovereign().fingerprint, "lost")),
    )
    for call, parameters in calls:
        with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT cutter_console.{call}".encode(), parameters)

"""policy show and policy pin: whom the database believes, and that nobody pins what they have not read."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.approvals.policy import load_policy
from console.backend.model.canonical_json import canonical_json
from tests.backend.gates.conftest import unpin
from tests.cli.conftest import Run, stop_of
from tests.support.passage import Passage

PINNED = "SELECT policy_sha256 FROM cutter_governance.policy_pin ORDER BY id"


@pytest.fixture
def fresh(at: Callable[[str], Passage]) -> Passage:
    """A site whose policy is pinned."""
    return at("fresh")


def _policy(passage: Passage, **changes: object) -> str:
    """The policy file with changes; its digest."""
    policy = json.loads(passage.installation.policy.read_bytes())
    passage.installation.policy.write_text(json.dumps({**policy, **changes}))
    passage.installation.policy.write_bytes(canonical_json(load_policy(passage.installation.policy)))
    return load_policy(passage.installation.policy).sha256


def test_where_host_and_database_agree_it_says_so_in_one_object(fresh: Passage, command: Run) -> None:
    policy = load_policy(fresh.installation.policy)

    status, answer = command(fresh, "policy", "show")

    assert (status, answer["outcome"], answer["schema"]) == (0, "PASS", "cutter-console/policy-show/1")
    assert set(answer) == {"schema", "outcome", "measured_at", "policy_sha256", "pinned", "keys", "withdrawn"}
    assert answer["policy_sha256"] == policy.sha256
    pinned = answer["pinned"]
    assert isinstance(pinned, dict)
    assert set(pinned) == {"policy_sha256", "pinned_by", "pinned_at"}
    assert pinned["policy_sha256"] == policy.sha256
    fingerprint = policy.signers[0].fingerprint
    assert answer["keys"] == [{"fingerprint": fingerprint, "primary_fingerprint": fingerprint}]


def test_a_database_that_has_pinned_nothing_is_a_fail_until_it_is_pinned(fresh: Passage, command: Run) -> None:
    unpin(fresh)
    status, answer = command(fresh, "policy", "show")
    assert (status, answer["outcome"], answer["pinned"], answer["keys"]) == (1, "FAIL", None, [])

    digest = load_policy(fresh.installation.policy).sha256
    status, answer = command(fresh, "policy", "pin", "--confirm", digest)

    assert (status, answer["outcome"], answer["schema"]) == (0, "PASS", "cutter-console/policy-pin/1")
    assert command(fresh, "policy", "show")[0] == 0
    assert fresh.rows(PINNED) == [(digest,)]


def test_another_policy_than_the_pinned_one_is_a_fail_until_it_is_pinned_too(fresh: Passage, command: Run) -> None:
    before = load_policy(fresh.installation.policy).sha256
    digest = _policy(fresh, first_run_max_units=9)
    status, answer = command(fresh, "policy", "show")
    assert (status, answer["outcome"]) == (1, "FAIL")
    assert (answer["policy_sha256"], before) == (digest, answer["pinned"]["policy_sha256"])  # type: ignore[index]

    assert command(fresh, "policy", "pin", "--confirm", digest)[0] == 0

    assert command(fresh, "policy", "show")[0] == 0
    assert fresh.rows(PINNED) == [(before,), (digest,)]


@pytest.mark.parametrize("typed", ["", "0" * 64, "yes", "THE PINNED ONE"])
def test_a_digest_that_was_not_read_off_the_policy_pins_nothing(fresh: Passage, command: Run, typed: str) -> None:
    before = load_policy(fresh.installation.policy).sha256
    digest = _policy(fresh, first_run_max_units=9)

    words = ("--confirm", before if typed == "THE PINNED ONE" else typed) if typed else ()
    status, answer = command(fresh, "policy", "pin", *words)

    assert (status, stop_of(answer)) == (2, "STOP_POLICY_UNSATISFIABLE")
    assert f"policy pin --confirm {digest}" in str(answer["stop"])
    assert fresh.rows(PINNED) == [(before,)]


def _key(home: Path, algorithm: str, usage: str) -> str:
    """A new key's fingerprint."""
    gpg = ["gpg", "--homedir", str(home), "--batch", "--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-generate-key", "somebody", algorithm, usage, "1y"], check=True, capture_output=True)
    listed = subprocess.run([*gpg, "--with-colons", "--list-keys"], check=True, capture_output=True, text=True).stdout
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


@pytest.mark.parametrize(
    "how", ["no key", "a key that only gpg can use", "a key that may not sign", "a signer without a key"]
)
def test_a_policy_whose_signers_could_not_sign_pins_nothing(
    fresh: Passage, command: Run, gnupg_home: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    before = fresh.rows(PINNED)
    if how == "no key":
        monkeypatch.setenv("GNUPGHOME", str(gnupg_home))
        digest = load_policy(fresh.installation.policy).sha256
    elif how == "a key that only gpg can use":
        monkeypatch.setenv("GNUPGHOME", str(gnupg_home))
        digest = _policy(fresh, signers=[{"name": "curve", "fingerprint": _key(gnupg_home, "nistp256", "sign")}])
    elif how == "a key that may not sign":
        monkeypatch.setenv("GNUPGHOME", str(gnupg_home))
        digest = _policy(fresh, signers=[{"name": "certifier", "fingerprint": _key(gnupg_home, "ed25519", "cert")}])
    else:
        policy = load_policy(fresh.installation.policy)
        signers = [*(signer.model_dump() for signer in policy.signers), {"name": "nobody", "fingerprint": "B" * 40}]
        digest = _policy(fresh, signers=signers)

    status, answer = command(fresh, "policy", "pin", "--confirm", digest)

    assert (status, stop_of(answer)) == (4, "STOP_POLICY_UNSATISFIABLE")
    assert fresh.rows(PINNED) == before


def test_a_role_that_is_no_administrator_pins_nothing(
    fresh: Passage, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, digest = fresh.rows(PINNED), load_policy(fresh.installation.policy).sha256
    monkeypatch.setenv("CUTTER_ADMINISTRATOR", fresh.installation.settings.database.executor)

    status, answer = command(fresh, "policy", "pin", "--confirm", digest)

    assert status in {4, 7}, answer
    stop_of(answer)
    assert fresh.rows(PINNED) == before


def test_a_missing_policy_is_refused_with_what_to_do(fresh: Passage, command: Run) -> None:
    fresh.installation.policy.unlink()

    for words in (("policy", "show"), ("policy", "pin", "--confirm", "0" * 64)):
        status, answer = command(fresh, *words)
        assert status == 4
        stop_of(answer)


def test_a_database_that_cannot_be_asked_is_inconclusive(
    fresh: Passage, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTTER_MONITOR", "host=/nonexistent dbname=x")

    status, answer = command(fresh, "policy", "show")

    assert (status, stop_of(answer)) == (7, "STOP_UNREACHABLE")

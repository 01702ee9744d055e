"""Signature files: what counts, what does not, and that gpg's status lines alone decide."""

import itertools
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from console.backend.approvals.check import StatementCheck, raise_if_invalid
from console.backend.approvals.keyring import measure_keyring
from console.backend.approvals.statement import statement_bytes
from console.backend.host import gpg
from console.backend.model.errors import ExitStatus, Refused, StopCode, Unmeasured, Waiting
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Kind
from tests.backend.approvals.conftest import NOW, SIGNED, Desk, names_of, policy_of, revoke


def _detail(check: StatementCheck, name: str) -> str:
    return next(one.detail for one in check.checks if one.name == name)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_signed_statement_of_this_run_passes_every_check(desk: Desk, kind: Kind) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy, kind))
    check = desk.check(data, desk.sign(data, "alice"), policy=policy, kind=kind)
    assert check.outcome is Outcome.PASS
    assert check.failed == ()
    assert [(one.signer, one.primary_fingerprint) for one in check.signed_by] == [("alice", desk.keys["alice"])]
    raise_if_invalid(check)


def test_a_gpg_that_does_not_start_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is never taken for a ring without keys."""

    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "gpg")

    monkeypatch.setattr(gpg, "finished", missing)
    found = measure_keyring(desk.keys.home, SIGNED)
    assert (found.keys, found.unreadable.startswith("gpg does not start on ")) == ((), True)


def test_an_armoured_signature_counts_too(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    assert desk.check(data, desk.sign(data, "alice", "--armor"), policy=policy).outcome is Outcome.PASS


def test_without_signatures_the_run_waits(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    check = desk.check(statement_bytes(desk.draft(policy)), policy=policy)
    assert names_of(check) == {"quorum"}
    with pytest.raises(Waiting) as waiting:
        raise_if_invalid(check)
    assert (waiting.value.code, waiting.value.exit_status) == (StopCode.APPROVAL_REQUIRED, ExitStatus.WAITING)


def test_an_expired_key_is_refused_although_gpg_exits_0(desk: Desk) -> None:
    """The exit code says nothing about the key's expiry."""
    policy = policy_of(desk.keys, "short-lived")
    data = statement_bytes(desk.draft(policy))
    signature = desk.sign(data, "short-lived")
    assert desk.check(data, signature, policy=policy).outcome is Outcome.PASS
    later = NOW + timedelta(hours=2)
    check = desk.check(data, signature, policy=policy, now=later)
    clock = f"{int(later.timestamp())}!"
    command = ["gpg", "--homedir", str(desk.keys.home), "--faked-system-time", clock, "--verify", str(signature)]
    verified = subprocess.run([*command, f"{signature}.data"], capture_output=True, check=False)
    assert verified.returncode == 0
    assert "signature.short-lived.sig" in names_of(check)
    assert "expired" in _detail(check, "signature.short-lived.sig")


def test_a_key_that_expired_long_ago_is_refused(desk: Desk) -> None:
    """Also where the signature claims a time at which the key was still good."""
    policy = policy_of(desk.keys, "old")
    data = statement_bytes(desk.draft(policy))
    signature = desk.sign(data, "old", at=NOW - timedelta(days=364))
    check = desk.check(data, signature, policy=policy)
    assert {"signature.old.sig", "quorum", "policy.key.old", "policy.satisfiable.SG_1"} <= names_of(check)


def test_a_revoked_key_is_refused_although_gpg_exits_0(desk: Desk) -> None:
    """REVKEYSIG."""
    policy = policy_of(desk.keys, "gone")
    data = statement_bytes(desk.draft(policy))
    signature = desk.sign(data, "gone")
    revoke(desk.keys.home, desk.keys["gone"])
    check = desk.check(data, signature, policy=policy)
    assert "revoked" in _detail(check, "signature.gone.sig")
    assert "policy.key.gone" in names_of(check)
    with pytest.raises(Refused) as refused:
        raise_if_invalid(check)
    assert refused.value.code is StopCode.POLICY_UNSATISFIABLE


@pytest.mark.parametrize("armour", [(), ("--armor",)])
@pytest.mark.parametrize("order", [("alice", "outsider"), ("outsider", "alice")])
def test_two_signatures_in_one_file_are_refused(desk: Desk, armour: tuple[str, ...], order: tuple[str, str]) -> None:
    """The last signature's verdict would stand for both."""
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    both = desk.folder / "both.sig"
    both.write_bytes(b"".join(desk.sign(data, name, *armour).read_bytes() for name in order))
    check = desk.check(data, both, policy=policy)
    assert "more than one signature" in _detail(check, "signature.both.sig")
    assert check.signed_by == ()


def test_two_subkeys_of_one_key_count_once(desk: Desk) -> None:
    """Distinct primary keys make a quorum."""
    policy = policy_of(desk.keys, "carol", "alice", threshold=2)
    data = statement_bytes(desk.draft(policy))
    listing = desk.keys.gpg("--with-colons", "--list-keys", desk.keys["carol"]).split("\n")
    subkeys = [line.split(":")[9] for before, line in itertools.pairwise(listing) if before[:3] == "sub"]
    signatures = [desk.sign(data, f"{subkey}!") for subkey in subkeys]
    check = desk.check(data, *signatures, policy=policy)
    assert len(subkeys) == 2
    assert names_of(check) == {"quorum"}
    assert _detail(check, "quorum") == "1 of 2 distinct signers"
    assert desk.check(data, *signatures, desk.sign(data, "alice"), policy=policy).outcome is Outcome.PASS


def test_a_signature_of_another_statement_does_not_count(desk: Desk) -> None:
    """Signatures of one statement never validate another."""
    policy = policy_of(desk.keys, "alice")
    first, second = statement_bytes(desk.draft(policy)), statement_bytes(desk.draft(policy))
    assert first != second
    check = desk.check(second, desk.sign(first, "alice"), policy=policy)
    assert {"signature.alice.sig", "quorum"} == names_of(check)


def test_a_signature_of_the_first_ruling_does_not_enact(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    check = desk.check(data, desk.sign(data, "alice"), policy=policy, kind=Kind.SG_2)
    assert {"kind", "sg1_sha256", "draft_digest", "review_decision_id"} <= names_of(check)


def test_a_user_id_cannot_forge_a_status_line(desk: Desk) -> None:
    """The second byte of Å is a line end in Latin-1; what follows it must not become a verdict."""
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    check = desk.check(data, desk.sign(data, "forger"), policy=policy)
    assert _detail(check, "signature.forger.sig") == f"key {desk.keys['forger']} is not in the policy"


@pytest.mark.parametrize("algorithm", ["SHA1", "RIPEMD160"])
def test_a_weak_digest_is_refused(desk: Desk, algorithm: str) -> None:
    policy = policy_of(desk.keys, "rsa")
    data = statement_bytes(desk.draft(policy))
    weak = ("--digest-algo", algorithm)
    check = desk.check(data, desk.sign(data, "rsa", *weak), policy=policy)
    assert "too weak" in _detail(check, "signature.rsa.sig") or "could not" in _detail(check, "signature.rsa.sig")
    strong = desk.sign(data, "rsa", "--digest-algo", "SHA512", name="strong")
    assert desk.check(data, strong, policy=policy).outcome is Outcome.PASS


def test_a_text_signature_is_not_a_signature_of_the_bytes(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    check = desk.check(data, desk.sign(data, "alice", "--textmode"), policy=policy)
    assert "--textmode" in _detail(check, "signature.alice.sig")


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (NOW - timedelta(minutes=3), "before the statement was drafted"),
        (NOW + timedelta(hours=1), "in the future"),
    ],
)
def test_a_signature_made_at_a_wrong_time_is_refused(desk: Desk, at: datetime, why: str) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    signature = desk.sign(data, "alice", at=at)
    assert why in _detail(desk.check(data, signature, policy=policy), "signature.alice.sig")


def test_a_signature_within_the_clock_skew_counts(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    signature = desk.sign(data, "alice", at=NOW - timedelta(minutes=1))
    assert desk.check(data, signature, policy=policy, now=NOW).outcome is Outcome.PASS


def test_a_signature_made_after_the_expiry_is_refused(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    late = NOW + timedelta(hours=24, minutes=1)
    check = desk.check(data, desk.sign(data, "alice", at=late), policy=policy, now=late)
    assert {"expires", "signature.alice.sig", "quorum"} == names_of(check)


def test_a_signer_outside_the_policy_is_refused(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    outsider = desk.sign(data, "outsider")
    check = desk.check(data, outsider, policy=policy)
    assert names_of(check) == {"signature.outsider.sig", "quorum"}
    with pytest.raises(Refused) as refused:
        raise_if_invalid(check)
    assert refused.value.code is StopCode.APPROVAL_INVALID
    assert "signature.outsider.sig" in refused.value.message
    beside = desk.check(data, desk.sign(data, "alice"), outsider, policy=policy)
    assert names_of(beside) == {"signature.outsider.sig"}
    assert [one.signer for one in beside.signed_by] == ["alice"]
    raise_if_invalid(beside)


def test_the_operator_signs_only_under_a_declared_solo(desk: Desk) -> None:
    undeclared = policy_of(desk.keys, "operator", "alice")
    data = statement_bytes(desk.draft(undeclared))
    check = desk.check(data, desk.sign(data, "operator"), policy=undeclared)
    assert {"signature.operator.sig", "policy.solo", "quorum"} == names_of(check)
    solo = policy_of(desk.keys, "operator", solo=True)
    data = statement_bytes(desk.draft(solo))
    check = desk.check(data, desk.sign(data, "operator", name="solo"), policy=solo)
    assert check.outcome is Outcome.PASS
    assert check.solo
    assert "SOLO" in _detail(check, "quorum")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"not a signature", "holds"),
        (b"\x00" * (64 * 1024 + 1), "larger than"),
        (b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n", ""),
    ],
    ids=["empty", "text", "large", "armour"],
)
def test_a_bad_file_gets_a_verdict_and_no_exception(desk: Desk, content: bytes, why: str) -> None:
    """Validators return a structured FAIL."""
    policy = policy_of(desk.keys, "alice")
    bad = desk.folder / "bad.sig"
    bad.write_bytes(content)
    check = desk.check(statement_bytes(desk.draft(policy)), bad, policy=policy)
    assert {"signature.bad.sig", "quorum"} == names_of(check)
    assert why in _detail(check, "signature.bad.sig")


def test_a_missing_file_a_directory_and_a_symlink_are_refused(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    (desk.folder / "folder.sig").mkdir()
    (desk.folder / "link.sig").symlink_to(desk.sign(data, "alice"))
    paths = [desk.folder / name for name in ("missing.sig", "folder.sig", "link.sig")]
    assert {f"signature.{path.name}" for path in paths} < names_of(desk.check(data, *paths, policy=policy))


def test_a_signed_message_is_not_a_detached_signature(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    (desk.folder / "message").write_bytes(data)
    inline = desk.folder / "inline.sig"
    desk.keys.gpg("-u", desk.keys["alice"], "--output", str(inline), "--sign", str(desk.folder / "message"), at=SIGNED)
    assert "signature.inline.sig" in names_of(desk.check(data, inline, policy=policy))


def test_without_gpg_it_is_inconclusive(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    signature = desk.sign(data, "alice")
    monkeypatch.setenv("PATH", str(desk.folder))
    check = desk.check(data, signature, policy=policy)
    assert check.outcome is Outcome.INCONCLUSIVE
    assert all(one.next_action for one in check.failed)
    with pytest.raises(Unmeasured):
        raise_if_invalid(check)


def test_a_missing_keyring_is_inconclusive(desk: Desk, tmp_path: Path) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    signature = desk.sign(data, "alice")
    elsewhere = Desk(type(desk.keys)(tmp_path / "none", desk.keys.fingerprints), desk.context, tmp_path)
    assert elsewhere.check(data, signature, policy=policy).outcome is Outcome.INCONCLUSIVE


def test_more_signature_files_than_anyone_needs_are_refused(desk: Desk) -> None:
    policy = policy_of(desk.keys, "alice")
    data = statement_bytes(desk.draft(policy))
    paths = [desk.sign(data, "alice"), *(desk.folder / f"missing-{number}.sig" for number in range(64))]
    check = desk.check(data, *paths, policy=policy)
    assert _detail(check, "quorum") == "65 signature files, more than 64"
    assert "quorum" in names_of(check)

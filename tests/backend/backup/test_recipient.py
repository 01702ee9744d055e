"""No usable key, no backup: each reason is named, with the command that fixes it."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.backup import recipient
from console.backend.backup.recipient import (
    KeyListing,
    KeyPart,
    RecipientUnusable,
    check_known_recipient,
    check_recipient,
    judge_key,
    list_key,
)
from console.backend.host.gpg import gpg_command
from console.backend.model.errors import StopCode
from tests.backend.backup.conftest import make_key

NOW = datetime.now(UTC)
FPR = "A" * 40


def part(*, primary: bool = True, validity: str = "u", days: int | None = None, caps: str = "scESC") -> KeyPart:
    expires = None if days is None else NOW + timedelta(days=days, hours=1)
    return KeyPart(primary=primary, validity=validity, expires=expires, capabilities=caps)


def sub(days: int | None = None, validity: str = "u") -> KeyPart:
    return part(primary=False, validity=validity, days=days, caps="e")


def test_a_real_key_is_accepted_with_its_days_left(gnupg_home: Path) -> None:
    key = make_key(gnupg_home, life="30d")
    found = check_recipient(key, gnupg_home, datetime.now(UTC))
    assert (found.fingerprint, found.days_left) == (key, 29)
    assert found.gpg_version.startswith("2.")


def test_a_key_that_is_not_there_is_refused_with_the_command(gnupg_home: Path) -> None:
    with pytest.raises(RecipientUnusable, match="not in the key ring") as refused:
        check_recipient(FPR, gnupg_home, NOW)
    assert refused.value.code is StopCode.BACKUP_GPG_PUBKEY_MISSING
    assert refused.value.next_action == f"gpg --homedir {gnupg_home} --import PUBLIC-KEY-FILE"


def test_gpg_is_asked_again_about_a_key_if_its_home_has_changed_and_the_time_is_that_of_now(
    gnupg_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dry runs of a batch ask for the same key, one after the other."""
    asked: list[str] = []

    def listed(fingerprint: str, home: Path | None) -> KeyListing:
        asked.append(fingerprint)
        return list_key(fingerprint, home)

    monkeypatch.setattr(recipient, "list_key", listed)
    key = make_key(gnupg_home, life="30d")
    # At its first listing gpg writes what it trusts.
    first = check_recipient(key, gnupg_home, NOW)
    assert check_known_recipient(key, gnupg_home, NOW) == first == check_known_recipient(key, gnupg_home, NOW)
    assert asked == [key, key]
    with pytest.raises(RecipientUnusable, match="expired since"):
        check_known_recipient(key, gnupg_home, NOW + timedelta(days=40))
    assert len(asked) == 2
    subprocess.run(
        gpg_command(gnupg_home, "--yes", "--delete-secret-and-public-key", key), capture_output=True, check=True
    )
    with pytest.raises(RecipientUnusable, match="not in the key ring"):
        check_known_recipient(key, gnupg_home, NOW)


def test_no_fingerprint_is_not_set(gnupg_home: Path) -> None:
    with pytest.raises(RecipientUnusable, match="backup_gpg_fpr is not set"):
        check_recipient("", gnupg_home, NOW)


@pytest.mark.parametrize("name", ["backup@example.org", "ABCD1234", "a" * 40, "-" * 40])
def test_only_a_full_fingerprint_names_a_recipient(gnupg_home: Path, name: str) -> None:
    with pytest.raises(RecipientUnusable, match="not a full fingerprint"):
        check_recipient(name, gnupg_home, NOW)


def test_an_expired_key_is_refused(gnupg_home: Path) -> None:
    key = make_key(gnupg_home, "old@example.org", "--faked-system-time", "20200101T000000", life="1d")
    with pytest.raises(RecipientUnusable, match="expired since 2020-01-02"):
        check_recipient(key, gnupg_home, NOW)


def test_a_revoked_key_is_refused(gnupg_home: Path) -> None:
    key = make_key(gnupg_home)
    certificate = gnupg_home / "openpgp-revocs.d" / f"{key}.rev"
    armed = certificate.read_text().replace(":-----BEGIN", "-----BEGIN")
    subprocess.run(gpg_command(gnupg_home, "--import"), input=armed.encode(), capture_output=True, check=True)
    with pytest.raises(RecipientUnusable, match="revoked"):
        check_recipient(key, gnupg_home, NOW)


def test_a_key_that_only_signs_is_refused(gnupg_home: Path) -> None:
    subprocess.run(
        gpg_command(gnupg_home, "--passphrase", "", "--quick-gen-key", "signer", "ed25519", "sign", "1d"),
        capture_output=True,
        check=True,
    )
    listing = subprocess.run(
        gpg_command(gnupg_home, "--with-colons", "--list-keys"), capture_output=True, text=True, check=True
    ).stdout
    key = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
    with pytest.raises(RecipientUnusable, match="it has no encryption key"):
        check_recipient(key, gnupg_home, NOW)


def test_a_disabled_key_is_refused_with_the_command_that_enables_it() -> None:
    with pytest.raises(RecipientUnusable, match="disabled") as refused:
        judge_key((part(caps="scDESC"), sub()), FPR, NOW)
    assert refused.value.next_action == f"gpg --edit-key {FPR} enable save"


@pytest.mark.parametrize(("bad", "why"), [(sub(days=-2), "expired"), (sub(validity="r"), "revoked")])
def test_a_key_whose_only_encryption_key_is_bad_is_refused(bad: KeyPart, why: str) -> None:
    with pytest.raises(RecipientUnusable, match=f"cannot encrypt: its encryption key is {why}"):
        judge_key((part(), bad), FPR, NOW)


def test_the_days_left_end_with_the_primary_key_or_the_last_encryption_key() -> None:
    assert judge_key((part(days=9), sub(days=5), sub(days=7)), FPR, NOW) == 7
    assert judge_key((part(days=3), sub(days=5)), FPR, NOW) == 3
    assert judge_key((part(), sub(days=5), sub()), FPR, NOW) is None

"""The self-test leaves the host's key ring, and the machine, as they were."""

from pathlib import Path

import pytest

from console.backend.backup.record import BackupNotProven
from console.backend.backup.selftest import count_keys, selftest, throw_away_home
from console.backend.host import gpg
from console.backend.host.context import Context
from console.backend.host.gpg import gpg_command
from console.backend.model.outcome import Outcome


def test_the_round_trip_passes_and_the_key_ring_is_unchanged(
    gnupg_home: Path, backup_key: str, context: Context
) -> None:
    check = selftest(context, gnupg_home)
    assert check.outcome is Outcome.PASS
    assert "keys in the ring: 1 before, 1 after" in check.detail
    assert count_keys(gnupg_home) == 1


def test_the_throw_away_home_is_private_and_gone_afterwards() -> None:
    with throw_away_home() as home:
        assert home.stat().st_mode & 0o777 == 0o700
    assert not home.exists()


def test_a_gpg_that_does_not_encrypt_is_found_out(
    gnupg_home: Path, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is tested by breaking what it checks."""
    lazy = tmp_path / "lazy"
    lazy.write_text('#!/bin/sh\ncase "$*" in *--encrypt*|*--decrypt*) exec cat;; *) exec gpg "$@";; esac\n')
    lazy.chmod(0o755)

    def broken(home: Path | None, *arguments: str) -> list[str]:
        return [str(lazy), *gpg_command(home, *arguments)[1:]]

    monkeypatch.setattr(gpg, "gpg_command", broken)
    with pytest.raises(BackupNotProven, match="the ciphertext holds the plain text; a truncated ciphertext"):
        selftest(context, gnupg_home)

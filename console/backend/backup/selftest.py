"""Test that this machine can encrypt and decrypt a backup, with a throw-away key that is deleted afterwards."""

import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.backend.backup.recipient import gpg_version
from console.backend.backup.record import BackupNotProven
from console.backend.host.cluster_directory import GPG_PREFIX, default_parents, owned_directory
from console.backend.host.context import Context
from console.backend.host.gpg import GpgAnswer, GpgUnanswered, end_agent, list_keys, run_gpg
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

_SAMPLE_BYTES = 1 << 18
_GPG_S = 60.0


class RoundTrip(Value):
    """Result of encrypting and decrypting a sample with a throw-away key."""

    gpg_version: SafeText
    bytes: int
    keys_before: int
    """Public keys in the host's key ring, which the test does not use."""
    keys_after: int
    failures: tuple[SafeText, ...]
    """Failed expectations, in words; empty if all held."""

    @property
    def answer(self) -> str:
        """Return the result on one line."""
        if self.failures:
            return "; ".join(self.failures)
        return (
            f"{self.bytes} bytes came back equal; truncated: refused; "
            f"keys in the ring: {self.keys_before} before, {self.keys_after} after"
        )


def selftest(context: Context, gnupg_home: Path | None = None) -> Check:
    """Return the round trip as a check. Raises BackupNotProven naming what failed."""
    result = round_trip(gnupg_home)
    if result.failures:
        raise BackupNotProven(result.answer, "check the gpg installation")
    evidence = Evidence(
        id="backup-selftest",
        asked="round trip with a throw-away key",
        source=f"gpg {result.gpg_version}",
        answer=result.answer,
        measured_at=context.now(),
    )
    return Check(name="backup selftest", outcome=Outcome.PASS, detail=result.answer, evidence=(evidence,))


def round_trip(gnupg_home: Path | None = None) -> RoundTrip:
    """Encrypt and decrypt random bytes, and half of the ciphertext; `gnupg_home` is the key ring that must stay as it is.

    Raises BackupNotProven naming the step of gpg that failed, RecipientUnusable if there is no gpg.
    """
    version, before = gpg_version(), count_keys(gnupg_home)
    sample = secrets.token_bytes(_SAMPLE_BYTES)
    with throw_away_home() as home:
        is_private = stat.S_IMODE(home.stat().st_mode) == 0o700
        key = _make_key(home)
        ciphertext = _gpg(home, ("--trust-model", "always", "-z", "0", "--recipient", key, "--encrypt"), sample).stdout
        plaintext = _gpg(home, ("--decrypt",), ciphertext).stdout
        cut_status = _run(home, ("--decrypt",), ciphertext[: len(ciphertext) // 2]).exit_status
    after = count_keys(gnupg_home)
    failures = {
        "what was decrypted is not what was encrypted": plaintext != sample,
        "the ciphertext holds the plain text": sample[:64] in ciphertext,
        "a truncated ciphertext was decrypted without complaint": cut_status == 0,
        f"the key ring had {before} keys and has {after}": before != after,
        f"{home} was open to others": not is_private,
        f"{home} is still there": home.exists(),
    }
    failed = tuple(failure for failure, occurred in failures.items() if occurred)
    return RoundTrip(gpg_version=version, bytes=_SAMPLE_BYTES, keys_before=before, keys_after=after, failures=failed)


@contextmanager
def throw_away_home() -> Iterator[Path]:
    """Make a GNUPGHOME of mode 0700 with a path short enough for the agent's socket; agent and keys end with the block."""
    home = owned_directory(default_parents()[0], GPG_PREFIX)
    try:
        yield home
    finally:
        end_agent(home)
        shutil.rmtree(home, ignore_errors=True)


def count_keys(home: Path | None) -> int:
    """Count the public keys in a key ring; 0 if its directory does not exist."""
    if home is not None and not home.is_dir():
        return 0
    return sum(fields[0] == "pub" for fields in list_keys(home).listing)


def _make_key(home: Path) -> str:
    arguments = ("--passphrase", "", "--quick-gen-key", "selftest@localhost", "future-default", "default", "1d")
    return next(fields[1] for fields in _gpg(home, arguments, b"").fields_of("KEY_CREATED"))


def _run(home: Path, arguments: tuple[str, ...], data: bytes) -> GpgAnswer:
    try:
        return run_gpg(home, *arguments, timeout_s=_GPG_S, data=data)
    except GpgUnanswered as error:
        raise BackupNotProven(
            f"gpg {arguments[-1]}: {error.reason}",
            "See whether gpg answers: gpg --version. An agent that hangs is ended by: gpgconf --kill gpg-agent",
        ) from error


def _gpg(home: Path, arguments: tuple[str, ...], data: bytes) -> GpgAnswer:
    result = _run(home, arguments, data)
    if result.exit_status != 0:
        complaint = safe_text(result.complaint)
        raise BackupNotProven(
            f"gpg {arguments[-1]} exited with {result.exit_status}: {complaint}", "check the gpg installation"
        )
    return result

"""What a GNUPGHOME holds: primary keys, until when each can sign, read through gpg's colon listing."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from console.backend.host.processes import Ended, finished
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_LONGEST_S = 30.0


class KeyFact(Value):
    """One primary key as gpg lists it."""

    fingerprint: str
    """Of the primary key, 40 upper-case hex digits."""
    user_id: SafeText
    created_at: datetime
    sign_until: datetime | None
    """The end of the last day on which it, or a subkey of it, can sign; None: it has no expiry."""
    can_sign: bool
    disabled_because: str = ""
    """`revoked`, `disabled`, `invalid`, or empty; expiry is judged by time, not by this."""

    def unusable_because(self, now: datetime) -> str:
        """Return why it cannot sign at this time; empty where it can."""
        if self.created_at > now:  # gpg calls it invalid, which does not say that a clock is wrong.
            return f"is from the future ({self.created_at:%Y-%m-%d %H:%M} UTC)"
        if self.disabled_because or not self.can_sign:
            return self.disabled_because or "has no signing key"
        if self.sign_until is not None and self.sign_until <= now:
            return f"expired on {self.sign_until:%Y-%m-%d %H:%M} UTC"
        return ""


class Keyring(Value):
    """The keys of one GNUPGHOME, or why they could not be read; unreadable is never the same as empty."""

    home: SafeText
    keys: tuple[KeyFact, ...]
    measured_at: datetime
    took_ms: float = 0.0
    unreadable: SafeText = ""

    def find(self, fingerprint: str) -> KeyFact | None:
        """The key with this primary fingerprint."""
        return next((key for key in self.keys if key.fingerprint == fingerprint), None)


class GpgMissing(Exception):
    """There is no gpg, no such GNUPGHOME, or no answer; the message says which."""


def ask_gpg(home: Path, now: datetime, *words: str, data: bytes = b"", pass_fds: tuple[int, ...] = ()) -> Ended:
    """Ask gpg about this home, judging at `now`, with no configuration file and no network. Raises GpgMissing.

    The trust database plays no part: the policy says whose signature counts.
    """
    program = shutil.which("gpg")
    if program is None:
        raise GpgMissing("gpg is not on the PATH")
    if not home.is_dir():
        raise GpgMissing(f"there is no GNUPGHOME {home}")
    options = ["--no-options", "--batch", "--no-tty", "--disable-dirmngr", "--no-auto-key-retrieve"]
    clock = ["--trust-model", "always", "--faked-system-time", f"{int(now.timestamp())}!"]
    try:
        command = [program, "--homedir", str(home), *options, *clock, *words]
        return finished(command, timeout_s=_LONGEST_S, data=data, pass_fds=pass_fds)
    except subprocess.TimeoutExpired as error:
        raise GpgMissing(f"gpg did not answer about {home} within {_LONGEST_S:.0f} s, and was ended") from error
    except (OSError, ValueError) as error:
        raise GpgMissing(f"gpg does not start on {home}: {error}") from error


def measure_keyring(home: Path, now: datetime) -> Keyring:
    """Read the public keys; a missing gpg or home is part of the answer, not an exception."""
    try:
        listed = ask_gpg(home, now, "--with-colons", "--fixed-list-mode", "--list-keys")
    except GpgMissing as missing:
        return Keyring(home=str(home), keys=(), measured_at=now, unreadable=str(missing))
    return Keyring(home=str(home), keys=parse_colons(listed.text), measured_at=now)


def parse_colons(listing: str) -> tuple[KeyFact, ...]:
    """The primary keys in a `--with-colons` listing."""
    blocks: list[list[list[str]]] = []
    for line in listing.split("\n"):
        fields = line.split(":")
        if fields[0] == "pub":
            blocks.append([])
        if blocks:
            blocks[-1].append(fields)
    return tuple(_key_fact(block) for block in blocks)


_GONE = {"r": "revoked", "d": "disabled", "i": "invalid"}


def _key_fact(block: list[list[str]]) -> KeyFact:
    public = block[0]
    signing = [f for f in block if f[0] in {"pub", "sub"} and "s" in f[11] and f[1] not in _GONE]
    return KeyFact(
        fingerprint=next(f[9] for f in block if f[0] == "fpr"),
        user_id=next((f[9] for f in block if f[0] == "uid"), ""),
        created_at=_moment(public[5]),
        sign_until=_sign_until(public, signing),
        can_sign=bool(signing),
        disabled_because=_GONE.get(public[1], "disabled" if "D" in public[11] else ""),
    )


def _sign_until(public: list[str], signing: list[list[str]]) -> datetime | None:
    last = None if any(not key[6] for key in signing) else max((_moment(key[6]) for key in signing), default=None)
    ends = [end for end in (last, _moment(public[6]) if public[6] else None) if end is not None]
    return min(ends, default=None)


def _moment(epoch: str) -> datetime:
    return datetime.fromtimestamp(int(epoch), UTC)

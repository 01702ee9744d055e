"""Primary keys of a GNUPGHOME and until when each can sign, read from gpg's colon listing."""

from datetime import UTC, datetime
from pathlib import Path

from console.backend.host.gpg import GpgUnanswered, list_keys
from console.backend.model.outcome import Milliseconds
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class KeyFact(Value):
    """One primary key as gpg lists it."""

    fingerprint: str
    """Fingerprint of the primary key, 40 upper-case hex digits."""
    user_id: SafeText
    created_at: datetime
    sign_until: datetime | None
    """Time until which the primary key or a subkey of it can sign; None if it does not expire."""
    can_sign: bool
    disabled_because: str = ""
    """`revoked`, `disabled`, `invalid`, or empty; expiry is judged by time, not by this."""

    def unusable_because(self, now: datetime) -> str:
        """Return why the key cannot sign at this time; empty if it can."""
        if self.created_at > now:  # gpg calls it invalid, which does not say that a clock is wrong.
            return f"is from the future ({self.created_at:%Y-%m-%d %H:%M} UTC)"
        if self.disabled_because or not self.can_sign:
            return self.disabled_because or "has no signing key"
        if self.sign_until is not None and self.sign_until <= now:
            return f"expired on {self.sign_until:%Y-%m-%d %H:%M} UTC"
        return ""


class Keyring(Value):
    """The keys of one GNUPGHOME. If they could not be read, `unreadable` says why: that is not an empty key ring."""

    home: SafeText
    keys: tuple[KeyFact, ...]
    measured_at: datetime
    took_ms: Milliseconds = 0
    unreadable: SafeText = ""

    def find(self, fingerprint: str) -> KeyFact | None:
        """Return the key with this primary fingerprint, or None."""
        return next((key for key in self.keys if key.fingerprint == fingerprint), None)


def measure_keyring(home: Path, now: datetime) -> Keyring:
    """Read the public keys. A missing gpg or home makes the key ring unreadable; nothing is raised."""
    if not home.is_dir():
        return Keyring(home=str(home), keys=(), measured_at=now, unreadable=f"there is no GNUPGHOME {home}")
    try:
        listed = list_keys(home, at=now)
    except GpgUnanswered as unanswered:
        return Keyring(home=str(home), keys=(), measured_at=now, unreadable=unanswered.message)
    return Keyring(home=str(home), keys=_primary_keys(listed.listing), measured_at=now)


def _primary_keys(listing: tuple[tuple[str, ...], ...]) -> tuple[KeyFact, ...]:
    """Parse the primary keys in a `--with-colons` listing: each begins with `pub` and ends before the next."""
    blocks: list[list[tuple[str, ...]]] = []
    for fields in listing:
        if fields[0] == "pub":
            blocks.append([])
        if blocks:
            blocks[-1].append(fields)
    return tuple(_key_fact(block) for block in blocks)


_GONE = {"r": "revoked", "d": "disabled", "i": "invalid"}


def _key_fact(block: list[tuple[str, ...]]) -> KeyFact:
    """Read one key. Fields by index, as gpg's doc/DETAILS numbers them from 1: 1 validity, 5 created, 6 expires, 9 text, 11 use."""
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


def _sign_until(public: tuple[str, ...], signing: list[tuple[str, ...]]) -> datetime | None:
    last = None if any(not key[6] for key in signing) else max((_moment(key[6]) for key in signing), default=None)
    # A subkey is of no use after its primary key has expired, whatever its own expiry says.
    ends = [end for end in (last, _moment(public[6]) if public[6] else None) if end is not None]
    return min(ends, default=None)


def _moment(epoch: str) -> datetime:
    return datetime.fromtimestamp(int(epoch), UTC)

"""Checks of the key that backups are encrypted to, from gpg's colon listing."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

from console.backend.host import gpg
from console.backend.host.gpg import GpgUnanswered, list_keys
from console.backend.model.errors import Refused, StopCode
from console.backend.model.value import Value

FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
"""A primary key's fingerprint, in full."""
ENCRYPT = ("--trust-model", "always", "-z", "0", "--status-fd", "{status}")
"""Options of an encryption to a checked fingerprint; compressing is pg_dump's business; see Member for `{status}`."""
_UNUSABLE = {"r": "revoked", "e": "expired", "i": "invalid", "n": "not valid"}


class RecipientUnusable(Refused):
    """Refusal of a key that cannot be used to encrypt or decrypt; the next action is the command that fixes it."""

    def __init__(self, problem: str, next_action: str) -> None:
        super().__init__(StopCode.BACKUP_GPG_PUBKEY_MISSING, problem, next_action)


class Recipient(Value):
    """Usable encryption key; `days_left` is None for a key that does not expire."""

    fingerprint: str
    days_left: int | None
    gpg_version: str


class KeyPart(Value):
    """One primary key or subkey of the listing."""

    primary: bool
    validity: str
    expires: datetime | None
    capabilities: str


class KeyListing(Value):
    """One key as gpg lists it: its parts, and which private halves this machine holds."""

    fingerprint: str
    parts: tuple[KeyPart, ...]
    """The primary key first; empty if the key ring has no such key."""
    private: tuple[str, ...]
    """Keygrips whose private key lies in the key ring; backups are opened elsewhere, so there should be none."""


def gpg_version() -> str:
    """Return gpg's version. Raises RecipientUnusable if there is no gpg."""
    try:
        return gpg.gpg_version()
    except GpgUnanswered as error:
        raise RecipientUnusable(
            f"gpg cannot be run: {error.reason}", "install gnupg (apt-get install gnupg)"
        ) from error


def check_recipient(fingerprint: str, home: Path | None, now: datetime) -> Recipient:
    """Measure and judge the key. Raises RecipientUnusable with the command that fixes it."""
    return _judged(gpg_version(), partial(list_key, fingerprint, home), fingerprint, home, now)


def check_known_recipient(fingerprint: str, home: Path, now: datetime) -> Recipient:
    """Judge the key as `check_recipient` does; gpg is asked only if it or a file of its home is another one than before."""
    files = _files(home)
    return _judged(_version_of(files), partial(_listed_of, fingerprint, home, files), fingerprint, home, now)


@lru_cache(maxsize=4)
def _version_of(_files: tuple[object, ...]) -> str:
    return gpg_version()


@lru_cache(maxsize=4)
def _listed_of(fingerprint: str, home: Path, _files: tuple[object, ...]) -> KeyListing:
    return list_key(fingerprint, home)


def _files(home: Path) -> tuple[object, ...]:
    """Return gpg and the files of its home, each with what changes when it is written."""
    paths = (gpg.program(), *sorted(home.glob("*")), *sorted(home.glob("*/*")))
    return tuple(map(_status, paths))


def _status(path: Path) -> tuple[object, ...]:
    try:
        status = path.stat()
    except OSError as error:
        return path, error.errno
    return path, status.st_ino, status.st_size, status.st_mtime_ns


RECIPIENT_NOT_SET = "backup_gpg_fpr is not set: no key is named that backups are encrypted to"
SET_RECIPIENT = "Set backup_gpg_fpr, or the variable BACKUP_GPG_FPR, to the 40 hex digits that gpg --fingerprint shows, without spaces"


def _judged(
    version: str, listed: Callable[[], KeyListing], fingerprint: str, home: Path | None, now: datetime
) -> Recipient:
    if not FINGERPRINT.fullmatch(fingerprint):
        problem = (
            f"the backup recipient {fingerprint!r} is not a full fingerprint" if fingerprint else RECIPIENT_NOT_SET
        )
        raise RecipientUnusable(problem, SET_RECIPIENT)
    try:
        parts = listed().parts
    except GpgUnanswered as error:
        raise RecipientUnusable(f"gpg does not list the key: {error.reason}", "see: gpg --list-keys") from error
    days_left = judge_key(parts, fingerprint, now, f" --homedir {home}" if home else "")
    return Recipient(fingerprint=fingerprint, days_left=days_left, gpg_version=version)


def list_key(fingerprint: str, home: Path | None) -> KeyListing:
    """Ask gpg for one key; private halves are looked for among the files of the agent, so that no agent is started.

    Raises GpgUnanswered.
    """
    answer = list_keys(home, "--with-keygrip", key=fingerprint)
    listing = answer.listing if answer.exit_status == 0 else ()
    grips = [fields[9] for fields in listing if fields[0] == "grp"]
    key_folder = (home if home is not None else Path.home() / ".gnupg") / "private-keys-v1.d"
    private = tuple(grip for grip in grips if (key_folder / f"{grip}.key").exists())
    return KeyListing(fingerprint=fingerprint, parts=tuple(_parts(listing)), private=private)


def judge_key(parts: tuple[KeyPart, ...], fingerprint: str, now: datetime, home_option: str = "") -> int | None:
    """Return the days that the key can still be encrypted to; None if it does not expire. Raises RecipientUnusable."""
    import_command = f"gpg{home_option} --import PUBLIC-KEY-FILE"
    if not parts:
        raise RecipientUnusable(f"the key {fingerprint} is not in the key ring", import_command)
    primary = parts[0]
    if problem := _problem(primary, now):
        raise RecipientUnusable(f"the key {fingerprint} is {problem}; import a renewed or another one", import_command)
    if "D" in primary.capabilities:
        raise RecipientUnusable(
            f"the key {fingerprint} is disabled", f"gpg{home_option} --edit-key {fingerprint} enable save"
        )
    usable = [part for part in parts if "e" in part.capabilities and not _problem(part, now)]
    if not usable:
        problems = [problem for part in parts if "e" in part.capabilities and (problem := _problem(part, now))]
        problem = f"its encryption key is {problems[0]}" if problems else "it has no encryption key"
        raise RecipientUnusable(
            f"the key {fingerprint} cannot encrypt: {problem}; import a renewed or another one", import_command
        )
    ends = [end for end in (primary.expires, _last_end(usable)) if end is not None]
    return (min(ends) - now).days if ends else None


def _last_end(parts: list[KeyPart]) -> datetime | None:
    ends = [part.expires for part in parts]
    return None if None in ends else max(end for end in ends if end is not None)


def _problem(part: KeyPart, now: datetime) -> str:
    if part.expires is not None and part.expires <= now:
        return f"expired since {part.expires:%Y-%m-%d %H:%M}Z"
    return _UNUSABLE.get(part.validity, "")


def _parts(listing: tuple[tuple[str, ...], ...]) -> Iterator[KeyPart]:
    """Fields by number, as gpg's doc/DETAILS defines them: 2 validity, 7 expiry, 12 capabilities."""
    for fields in listing:
        if fields[0] in {"pub", "sub"} and len(fields) > 11:
            yield KeyPart(
                primary=fields[0] == "pub",
                validity=fields[1],
                expires=datetime.fromtimestamp(int(fields[6]), UTC) if fields[6] else None,
                capabilities=fields[11],
            )

"""An operator's own profiles: files of a folder beside the configuration, which is trusted as far as its owner is."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.backend.documents.profiles import load_profile, split_name
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode, UsageError
from console.backend.model.profile_names import AKN_PROFILE, EDIT_PROFILE, PROFILE_NAMES, REPEAL_PROFILE, SHIPPED_NAMES

SUFFIX: Final = ".toml"
MOST_BYTES: Final = 256 * 1024
"""Limit for a profile's file."""
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_TAKEN: Final = frozenset({*PROFILE_NAMES, EDIT_PROFILE, REPEAL_PROFILE})
_WRITABLE_BY_OTHERS: Final = 0o022


@dataclass(frozen=True, slots=True)
class ChosenProfile:
    """A profile by its name and, of an operator's own one, the bytes of its file."""

    name: str
    data: bytes = b""
    """Empty for a profile that is shipped."""

    @property
    def is_own(self) -> bool:
        """Return whether it is an operator's own profile."""
        return bool(self.data)

    @property
    def sha256(self) -> str:
        """Return the digest of its file; empty for a profile that is shipped."""
        return sha256_hex(self.data) if self.data else ""


def choose_profile(name: str, folder: Path) -> ChosenProfile:
    """Return the profile of that name, shipped or out of the folder of own ones.

    Raises UsageError for a name that neither has, listing both; Refused for a file that cannot be trusted, and for one
    that has the name of a shipped profile: nobody could tell which of the two a plan was made with.
    """
    base, options = split_name(name)
    if base in PROFILE_NAMES:
        if os.path.lexists(folder / f"{base}{SUFFIX}"):
            raise _taken(folder / f"{base}{SUFFIX}")
        if options and base == AKN_PROFILE:
            fault = f"profile {AKN_PROFILE} has no options: the structure is that of the markup"
            raise UsageError(StopCode.REFUSED_INPUT, fault, f"choose {AKN_PROFILE}")
        if options:
            load_profile(name)
        return ChosenProfile(name)
    if _NAME.fullmatch(base) is None or base in _TAKEN or not os.path.lexists(folder / f"{base}{SUFFIX}"):
        raise _unknown(name, folder)
    return ChosenProfile(name, read_own(folder, base))


def own_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the folder's profiles in order, those included that are refused when they are used.

    A folder that is not there has none. Raises OSError if it cannot be listed.
    """
    return tuple(name for name in _stems(folder) if _NAME.fullmatch(name))


def misnamed(folder: Path) -> tuple[str, ...]:
    """Return the names of the folder's files that would be profiles if a profile could have that name, in order.

    Raises OSError if the folder is there and cannot be listed.
    """
    return tuple(name for name in _stems(folder) if not _NAME.fullmatch(name))


def _stems(folder: Path) -> list[str]:
    try:
        return sorted(path.name.removesuffix(SUFFIX) for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except FileNotFoundError:
        return []


def known_names(folder: Path) -> tuple[str, ...]:
    """Return the names that can be chosen: the shipped ones with each of their options, then the own ones.

    Those are left out if their folder cannot be listed.
    """
    try:
        own = own_names(folder)
    except OSError:
        own = ()
    return (*SHIPPED_NAMES, *(name for name in own if name not in _TAKEN))


def read_own(folder: Path, name: str) -> bytes:
    """Return the bytes of an own profile's file. Raises Refused, saying what to do, if it cannot be trusted or read."""
    path = folder / f"{name}{SUFFIX}"
    if name in _TAKEN:
        raise _taken(path)
    try:
        # Opened by the folder that was looked at: a path could lead through another one by now.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(folder, _reason(error), f"See: ls -ld {folder}") from error
    try:
        _require_trusted(folder, os.fstat(descriptor))
        return _read(descriptor, path)
    finally:
        os.close(descriptor)


def name_fault(name: str) -> str:
    """Return why no own profile can have this name; empty if it can."""
    if name in _TAKEN:
        return f"{name!r} is the name of a profile that is shipped, or reserved: give it another one"
    if _NAME.fullmatch(name) is None:
        return f"{name[:80]!r} is no name of a profile: a small letter, then small letters, digits and '-', at most 40"
    return ""


def read_profile_file(path: Path) -> bytes:
    """Return the bytes of a profile's file anywhere, to check it. Raises Refused if it is none that could be one."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(path, _reason(error), f"See: ls -l {path}") from error
    return _content(descriptor, path, is_trusted=False)


def _read(folder: int, path: Path) -> bytes:
    try:
        # Non-blocking, so that a FIFO is refused instead of waited for.
        descriptor = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        raise _refused(path, _reason(error), f"Put the profile itself there; see: ls -l {path}") from error
    return _content(descriptor, path, is_trusted=True)


def _require_trusted(path: Path, status: os.stat_result) -> None:
    """Raise Refused if somebody else could have written it: a profile decides what becomes law."""
    if status.st_uid not in {0, os.geteuid()}:
        owner = f"belongs to uid {status.st_uid}, neither to root nor to this account"
        raise _refused(path, owner, f"Look at it, then: chown {os.geteuid()} {path}")
    if status.st_mode & _WRITABLE_BY_OTHERS:
        raise _refused(path, "can be written by other accounts", f"Look at it, then: chmod go-w {path}")


def _content(descriptor: int, path: Path, *, is_trusted: bool) -> bytes:
    """Return what an open file holds, and close it; with `is_trusted` it must be out of the hands of others."""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _refused(path, "is no regular file", f"Put the profile itself there; see: ls -l {path}")
        if is_trusted:
            _require_trusted(path, status)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise _refused(path, _reason(error), "Look at the disk.") from error
    finally:
        os.close(descriptor)
    if len(data) > MOST_BYTES:
        raise _refused(path, f"is longer than {MOST_BYTES:,} bytes", "Write a shorter profile.")
    if not data.strip():
        raise _refused(
            path,
            "is empty",
            "Copy the profile of this page into it, and change that: cutter-console help a profile for a rule book",
        )
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(path, f"is not UTF-8 in line {line}", "Save it as UTF-8.") from error
    return data


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "cannot be read by this account"
    # ELOOP is said of a symbolic link where none is followed, ENOTDIR of a folder that is one.
    return f"cannot be opened, or is a symbolic link: {error.strerror}"


def _unknown(name: str, folder: Path) -> UsageError:
    try:
        own = [own_name for own_name in own_names(folder) if own_name not in _TAKEN]
        listed = f"your own in {folder}: {', '.join(own)}" if own else f"there is none of your own in {folder}"
    except OSError as error:
        listed = f"your own in {folder} cannot be listed: {error.strerror}"
    action = f"choose one of {', '.join(SHIPPED_NAMES)}; {listed}"
    return UsageError(StopCode.REFUSED_INPUT, f"unknown profile {name[:80]!r}", action)


def _taken(path: Path) -> Refused:
    fault = "has the name of a profile that is shipped, or one that is reserved"
    return _refused(path, fault, f"Rename it, also in its key name: mv {path} {path.with_name('own-' + path.name)}")


def _refused(path: Path, fault: str, action: str) -> Refused:
    return Refused(StopCode.REFUSED_INPUT, f"profile {path} {fault}", action)

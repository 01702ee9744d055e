"""Temporary directories and files: who made them is in their name, so that leftovers can be told and removed."""

import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from console.backend.model.errors import StopCode, Unmeasured

TMPFS = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
PREFIX = "cutter-pg-"
GPG_PREFIX = "cutter-gpg-"
DEMO_PREFIX = "cutter-demo-"
_PROC = Path("/proc")
_MACHINE = Path("/etc/machine-id")
"""Hosts that were cloned have the same name; systemd gives each an id of its own (machine-id(5))."""
_NAME = re.compile(rf"(?:{PREFIX}|{GPG_PREFIX}|{DEMO_PREFIX})(\d+)-(\d+)-[^/]+")
_UNNAMED = re.compile(rf"(?:{GPG_PREFIX}|{DEMO_PREFIX})[a-z0-9_]{{8}}")
_HIDDEN = re.compile(r"\..+\.(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{8}\.part(?:ial)?")
_UIDS = range(61184, 65520)
"""The range that systemd, too, hands out to services without an account."""


@dataclass(frozen=True)
class ServerUser:
    """The numeric user and group that a server runs as."""

    uid: int
    gid: int


def server_user() -> ServerUser | None:
    """None for an ordinary user; for root a number without an account, for PostgreSQL refuses to run as root.

    An account such as `nobody` is shared with other services, which could then read the scratch data.
    """
    if os.geteuid() != 0:
        return None
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    number = next(uid for uid in (*_UIDS[os.getpid() % len(_UIDS) :], *_UIDS) if uid not in taken)
    return ServerUser(uid=number, gid=number)


def initdb_user() -> ServerUser | None:
    """Return `server_user`, or a user with an account, as only initdb requires one; the files are handed over later."""
    if os.geteuid() != 0:
        return None
    accounts = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    best = next((entry for entry in accounts if entry.pw_name == "nobody"), accounts[0] if accounts else None)
    if best is None:
        raise Unmeasured(
            StopCode.UNREACHABLE,
            "PostgreSQL does not run as root, and this machine has no other account",
            "add an account (nobody is enough), or run the console as an ordinary user",
        )
    return ServerUser(uid=best.pw_uid, gid=best.pw_gid)


def default_parents() -> tuple[Path, ...]:
    """Return where transient clusters go: memory first, then the temporary directories."""
    places = (TMPFS, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - private directories
    return tuple(dict.fromkeys(place for place in places if place.is_dir()))


def reachable(place: Path, user: ServerUser | None) -> bool:
    """Return whether the server's user can get to files below this directory; as root, by its modes alone."""
    if user is None:
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    place = place.resolve()
    return place.is_dir() and all(one.stat().st_mode & 0o001 for one in (place, *place.parents))


def choose_parent(parents: tuple[Path, ...], need_bytes: int, user: ServerUser | None) -> Path:
    """The first of these that the server can reach and that has room. Raises Unmeasured with a reason for each."""
    reasons = []
    for place in parents:
        if not reachable(place, user):
            reasons.append(f"{place}: not reachable for the server's user")
        elif (free := shutil.disk_usage(place).free) < need_bytes:
            reasons.append(f"{place}: {free} bytes free, {need_bytes} needed")
        else:
            return place
    raise Unmeasured(
        StopCode.UNREACHABLE,
        f"no place for a transient cluster: {'; '.join(reasons)}",
        "make room in one of these places, or set TMPDIR to a directory that every user may enter",
    )


def owned_directory(parent: Path, prefix: str = PREFIX) -> Path:
    """Make a directory, mode 0700, whose name holds this process's id and start time.

    Raises Unmeasured if /proc does not tell the start time: nobody could see later that the directory is a leftover.
    """
    pid = os.getpid()
    try:
        started = _start_time(pid)
    except OSError as error:
        message = f"{error.filename}: {error.strerror}: when this process started is not known"
        raise Unmeasured(StopCode.UNREACHABLE, message, f"mount -t proc proc {_PROC}") from error
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{pid}-{started}-", dir=parent))


def hidden_name(name: str, ending: str = "part") -> str:
    """A name for a temporary file that becomes `name`: hidden, no other process's, and it tells who is writing it."""
    pid = os.getpid()
    try:
        started = _start_time(pid)
    except OSError:
        started = 0
    return f".{name}.{pid}-{started}-{_processes()}-{secrets.token_hex(4)}.{ending}"


def is_abandoned(name: str) -> bool | None:
    """Return whether a temporary file of this name was being written by a process that is no longer alive.

    False for every other name, None where the process was one of another host or container, which cannot be looked for.
    """
    match = _HIDDEN.fullmatch(name)
    if match is None:
        return False
    return None if match[3] != _processes() else not _alive(int(match[1]), int(match[2]))


@lru_cache(maxsize=1)
def _processes() -> str:
    """Return which processes are seen from here: a root on a shared volume is written from other hosts and containers too."""
    space = machine = ""
    with suppress(OSError):
        space = str((_PROC / "self/ns/pid").stat().st_ino)
    with suppress(OSError, UnicodeDecodeError):
        machine = _MACHINE.read_text()
    return hashlib.sha256(f"{socket.gethostname()}:{space}:{machine}".encode()).hexdigest()[:8]


def leftovers(parents: tuple[Path, ...]) -> tuple[Path, ...]:
    """Directories whose starters are no longer alive; the next start of a transient cluster sweeps them."""
    return tuple(place for parent in parents for place in _below(parent) if _is_leftover(place))


def sweep(parents: tuple[Path, ...]) -> tuple[Path, ...]:
    """End and remove what starters that are no longer alive have left here; the directories that went."""
    return tuple(place for parent in parents for place in _below(parent) if _is_leftover(place) and _remove(place))


def sweep_unnamed(parents: tuple[Path, ...], before: float) -> tuple[Path, ...]:
    """Remove what earlier versions have left here, whose names do not say who made it, if it is older than `before`."""
    found = (place for parent in parents for place in _below(parent, _UNNAMED) if _is_ours(place))
    return tuple(place for place in found if place.lstat().st_mtime < before and _remove(place))


def _below(parent: Path, names: re.Pattern[str] = _NAME) -> list[Path]:
    try:
        return sorted(place for place in parent.iterdir() if names.fullmatch(place.name))
    except OSError:
        return []


def _start_time(pid: int) -> int:
    """Clock ticks since boot at which the process started; with its id it names a process for good."""
    fields = (_PROC / str(pid) / "stat").read_text("ascii", "replace")
    return int(fields.rpartition(")")[2].split()[19])


def _is_leftover(place: Path) -> bool:
    match = _NAME.fullmatch(place.name)
    return match is not None and _is_ours(place) and not _alive(int(match[1]), int(match[2]))


def _alive(pid: int, start_time: int) -> bool:
    try:
        return _start_time(pid) == start_time
    except (FileNotFoundError, ProcessLookupError):
        # Without /proc every process looks dead: then nobody's directory is taken for a leftover.
        return not (_PROC / str(os.getpid())).exists()


def _is_ours(place: Path) -> bool:
    try:
        found = place.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    me = os.geteuid()
    return found.st_uid == me or (me == 0 and (found.st_uid in _UIDS or found.st_uid == _initdb_uid()))


def _initdb_uid() -> int | None:
    user = initdb_user()
    return user.uid if user else None


def _remove(place: Path) -> bool:
    for process in _PROC.iterdir():
        if process.name.isdigit() and _works_in(process, place):
            _kill(int(process.name))
    shutil.rmtree(place, ignore_errors=True)
    return not place.exists()


def _works_in(process: Path, place: Path) -> bool:
    """Return whether it works there, or is the agent of a GNUPGHOME there: agents work in /."""
    try:
        if (process / "cwd").readlink().is_relative_to(place):
            return True
        words = [os.fsdecode(word) for word in (process / "cmdline").read_bytes().split(b"\0")]
    except OSError:
        return False
    named = (home for flag, home in pairwise(words) if flag == "--homedir")
    return any(Path(home).is_relative_to(place) for home in named)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return

"""Temporary directories and files: their names hold their maker, so that leftovers are recognised and removed."""

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
    """Return the user that a server runs as: None for the present one, or, as root, a number without an account.

    PostgreSQL refuses to run as root. An account such as `nobody` is shared with other services, which could then read
    the scratch data.
    """
    if os.geteuid() != 0:
        return None
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    # Begun at a place of its own in each process: two consoles then mostly take two numbers.
    number = next(uid for uid in (*_UIDS[os.getpid() % len(_UIDS) :], *_UIDS) if uid not in taken)
    return ServerUser(uid=number, gid=number)


def initdb_user() -> ServerUser | None:
    """Return the user that initdb runs as: None for the present one, or, as root, `nobody` or another account.

    Only initdb requires an account; its files are handed over to `server_user` later. Raises Unmeasured if root is the
    only account.
    """
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
    """Return the directories for transient clusters in the order of preference: memory, then the temporary ones."""
    places = (TMPFS, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - private directories
    return tuple(dict.fromkeys(place for place in places if place.is_dir()))


def reachable(place: Path, user: ServerUser | None) -> bool:
    """Return whether the server's user can get to files below this directory; as root, by its modes alone."""
    if user is None:
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    place = place.resolve()
    return place.is_dir() and all(directory.stat().st_mode & 0o001 for directory in (place, *place.parents))


def choose_parent(parents: tuple[Path, ...], need_bytes: int, user: ServerUser | None) -> Path:
    """Return the first directory that the server's user can reach and that has room. Raises Unmeasured with reasons."""
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
    """Return a hidden, unique name for a temporary file that becomes `name`; it holds the writer and its host."""
    pid = os.getpid()
    try:
        started = _start_time(pid)
    except OSError:
        # Without /proc the file must be written all the same; `_alive` then takes nobody for dead.
        started = 0
    return f".{name}.{pid}-{started}-{_processes()}-{secrets.token_hex(4)}.{ending}"


def is_abandoned(name: str) -> bool | None:
    """Return whether a temporary file of this name belonged to a process of this host that is no longer alive.

    False also for every other name; None for a process of another host or container, which cannot be looked up.
    """
    match = _HIDDEN.fullmatch(name)
    if match is None:
        return False
    return None if match[3] != _processes() else not _alive(int(match[1]), int(match[2]))


@lru_cache(maxsize=1)
def _processes() -> str:
    """Return a digest of host, process namespace and machine: others may write to the same volume."""
    space = machine = ""
    with suppress(OSError):
        space = str((_PROC / "self/ns/pid").stat().st_ino)
    with suppress(OSError, UnicodeDecodeError):
        machine = _MACHINE.read_text()
    return hashlib.sha256(f"{socket.gethostname()}:{space}:{machine}".encode()).hexdigest()[:8]


def leftovers(parents: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the directories whose makers are no longer alive; the next start of a transient cluster removes them."""
    return tuple(place for parent in parents for place in _below(parent) if _is_leftover(place))


def sweep(parents: tuple[Path, ...]) -> tuple[Path, ...]:
    """Kill what runs in directories whose makers are no longer alive, remove them, and return the removed ones."""
    return tuple(place for parent in parents for place in _below(parent) if _is_leftover(place) and _remove(place))


def sweep_unnamed(parents: tuple[Path, ...], before: float) -> tuple[Path, ...]:
    """Remove directories of earlier versions, whose names hold no maker, if older than `before` (Unix time)."""
    directories = (place for parent in parents for place in _below(parent, _UNNAMED) if _is_ours(place))
    return tuple(place for place in directories if place.lstat().st_mtime < before and _remove(place))


def _below(parent: Path, names: re.Pattern[str] = _NAME) -> list[Path]:
    try:
        return sorted(place for place in parent.iterdir() if names.fullmatch(place.name))
    except OSError:
        return []


def _start_time(pid: int) -> int:
    """Return the process's start in clock ticks since boot; with the id it identifies a process until the next boot."""
    fields = (_PROC / str(pid) / "stat").read_text("ascii", "replace")
    # The second field is the program's name in parentheses, which may itself hold blanks and parentheses.
    return int(fields.rpartition(")")[2].split()[19])


def _is_leftover(place: Path) -> bool:
    match = _NAME.fullmatch(place.name)
    return match is not None and _is_ours(place) and not _alive(int(match[1]), int(match[2]))


def _alive(pid: int, start_time: int) -> bool:
    """Return whether the process lives or may live: where that cannot be told, nobody's file is taken for a leftover."""
    try:
        return _start_time(pid) == start_time
    except (FileNotFoundError, ProcessLookupError):
        # Without /proc, or where it hides the processes of other users (hidepid), every process looks dead there.
        return not (_PROC / str(os.getpid())).exists() or _exists(pid)
    except OSError:
        return True


def _exists(pid: int) -> bool:
    """Return whether the kernel knows a process of this id, of whichever user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_ours(place: Path) -> bool:
    try:
        status = place.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    # Other users can make directories of these names in /tmp, with the id of a dead process; those are left alone.
    me = os.geteuid()
    return status.st_uid == me or (me == 0 and (status.st_uid in _UIDS or status.st_uid == _initdb_uid()))


def _initdb_uid() -> int | None:
    user = initdb_user()
    return user.uid if user else None


def _remove(place: Path) -> bool:
    # First the processes: a server that still runs would write into the directory while it is removed.
    for process in _PROC.iterdir():
        if process.name.isdigit() and _works_in(process, place):
            _kill(int(process.name))
    shutil.rmtree(place, ignore_errors=True)
    return not place.exists()


def _works_in(process: Path, place: Path) -> bool:
    """Return whether a process works in this directory, or is the agent of a GNUPGHOME in it: agents work in /."""
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

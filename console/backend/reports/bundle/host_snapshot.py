"""The host as a bundle must leave it: the files of the installation, the key ring, the processes that belong to it."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from console.backend.host.gpg import list_keys
from console.backend.host.installation import Installation
from console.backend.host.regular_file import sha256_file
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

_MOST_BYTES = 4 << 20
"""A larger file is compared by its size, times and place on disk alone, so that backups cost nothing."""
_KEY_FILES = ("pubring.kbx", "pubring.gpg", "secring.gpg", "trustdb.gpg", "private-keys-v1.d", "openpgp-revocs.d")
_RINGS = ("pubring.kbx", "pubring.gpg", "public-keys.d")
_AGENTS = ("gpg-agent", "keyboxd", "scdaemon", "dirmngr")
_PROC = Path("/proc")
"""The real one, wherever the host's files are said to be: only here are this process and its children."""


class FileEntry(Value):
    """One entry below the root as `lstat` has it."""

    path: SafeText
    mode: str
    """Kind and permissions as `ls -l` shows them."""
    owner: int
    size: int
    changed_ns: int
    """The later of mtime and ctime, in ns since 1970: a program can set back the first, not the second."""
    place: str
    """Device and inode: a file that was replaced by an equal one has another."""
    sha256: str = ""
    """Of a regular file's content, if it is small enough; of a symlink's target; otherwise empty."""


class KeyRing(Value):
    """A GNUPGHOME: the public keys that gpg lists, and the files in which keys and trust lie."""

    home: SafeText
    keys: int
    """Primary public keys."""
    fingerprints: tuple[str, ...]
    """Of every key and subkey."""
    files: tuple[FileEntry, ...]


class ProcessSeen(Value):
    """A process that this console has started, or an agent of its key ring."""

    pid: int
    started: str
    """Ticks since the host started; with the pid it names one process for ever."""
    name: SafeText


def files_of(installation: Installation) -> tuple[FileEntry, ...]:
    """Return all entries below the root outside reports/, and those configured to be elsewhere, sorted by path."""
    settings = installation.settings
    configured = (installation.intake, installation.policy, settings.under(installation.root, settings.deploy_manifest))
    elsewhere = [path for path in configured if not path.is_relative_to(installation.root) and path.exists()]
    entries = (
        *_walk(installation.root, installation.root / "reports"),
        *(entry for path in elsewhere for entry in _walk(path, None)),
    )
    return tuple(sorted(entries, key=lambda entry: entry.path))


def _walk(top: Path, without: Path | None) -> Iterator[FileEntry]:
    yield _entry(top)
    pending = [top] if top.is_dir() and not top.is_symlink() else []
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if path == without:
                    continue
                yield _entry(path)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)


def _entry(path: Path) -> FileEntry:
    status = path.lstat()
    return FileEntry(
        path=str(path),
        mode=stat.filemode(status.st_mode),
        owner=status.st_uid,
        size=status.st_size,
        changed_ns=max(status.st_mtime_ns, status.st_ctime_ns),
        place=f"{status.st_dev}:{status.st_ino}",
        sha256=_content(path, status),
    )


def _content(path: Path, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return sha256_hex(os.fsencode(path.readlink()))
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        return ""
    return sha256_file(path)


def key_ring_of(installation: Installation) -> KeyRing:
    """Return what gpg lists, and the key files. Raises Unmeasured if gpg does not answer, instead of an empty ring."""
    home = installation.gnupg_home
    if not any((home / name).exists() for name in _RINGS):
        return KeyRing(home=str(home), keys=0, fingerprints=(), files=())  # Asked here, gpg would make a ring.
    # The listing must not be a change itself: no update of the trust database, no agent that starts.
    answer = list_keys(home, "--no-auto-check-trustdb", "--trust-model", "always", "--no-autostart")
    if answer.exit_status != 0:
        complaint = safe_text(answer.complaint)
        raise Unmeasured(StopCode.UNREACHABLE, f"gpg does not list {home}: {complaint}", "See: gpg --list-keys")
    files = tuple(entry for name in _KEY_FILES if (home / name).exists() for entry in _walk(home / name, None))
    return KeyRing(
        home=str(home),
        keys=sum(fields[0] == "pub" for fields in answer.listing),
        fingerprints=tuple(sorted(fields[9] for fields in answer.listing if fields[0] == "fpr")),
        files=tuple(sorted(files, key=lambda entry: entry.path)),
    )


def processes_of(installation: Installation) -> tuple[ProcessSeen, ...]:
    """Return this process's children, and the agents that serve its key ring, sorted by pid.

    Grandchildren are left out: a server that a demo has started keeps starting and ending processes of its own.
    Raises OSError if /proc cannot be read, Unmeasured if nothing is mounted there.
    """
    own_pid, home = os.getpid(), os.fsencode(installation.gnupg_home)
    processes = (process for process, parent in _processes() if parent == own_pid or _serves(process, home))
    return tuple(sorted(processes, key=lambda process: process.pid))


def _processes() -> Iterator[tuple[ProcessSeen, int]]:
    names = os.listdir(_PROC)  # noqa: PTH208 - names are all that is wanted of very many entries
    # An empty directory, with nothing mounted, would look like a host on which no process was started.
    if str(os.getpid()) not in names:
        raise Unmeasured(
            StopCode.UNREACHABLE, f"{_PROC} does not show this process itself", f"mount -t proc proc {_PROC}"
        )
    for name in names:
        if not name.isdigit():
            continue
        try:
            stat_line = (_PROC / name / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # It has ended meanwhile.
        # The name stands in parentheses and may hold any character, parentheses and spaces included.
        name_in_stat, _, rest = stat_line.partition("(")[2].rpartition(")")
        fields = rest.split()
        # A zombie has ended, and is listed until its parent asks for its status.
        if fields[0] != "Z":
            yield ProcessSeen(pid=int(name), started=fields[19], name=name_in_stat), int(fields[1])


def _serves(process: ProcessSeen, home: bytes) -> bool:
    if process.name not in _AGENTS:
        return False
    try:
        return home in (_PROC / str(process.pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def listing_digest(values: tuple[Value, ...]) -> str:
    """Return the sha256 over the entries' JSON, one line each, in their order."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(value.model_dump_json().encode() + b"\n")
    return digest.hexdigest()

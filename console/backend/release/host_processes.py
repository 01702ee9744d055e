"""Processes of the console on this host, and what could start it without an operator: units, timers, cron entries."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.redaction import redact
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

DEFAULT_ROOT = "/var/lib/cutter"
READING = frozenset(
    {
        ("status",),
        ("counts",),
        ("drift",),
        ("gates",),
        ("plan",),
        ("run", "list"),
        ("run", "show"),
        ("approval", "check"),
        ("hold", "show"),
        ("backup", "list"),
        ("journal", "verify"),
        ("policy", "show"),
        ("manifest", "verify"),
        ("fleet", "status"),
    }
)
"""Commands that change nothing."""
_PROGRAM = "cutter-console"
_PYTHON = re.compile(r"python[\d.]*$")
_OPTIONS_WITH_VALUE = ("--root", "--config", "--installation", "-P")
_MENTION = re.compile(rb"cutter[-_]console|-m\s+console(\.cli)?\b")
_UNIT_PLACES = (
    "etc/systemd/system",
    "etc/systemd/user",
    "run/systemd/system",
    "run/systemd/transient",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
    "etc/init.d",
    "etc/rc.local",
)
_CRON_PLACES = (
    "etc/crontab",
    "etc/anacrontab",
    "etc/cron.d",
    "etc/cron.hourly",
    "etc/cron.daily",
    "etc/cron.weekly",
    "etc/cron.monthly",
    "var/spool/cron",
    "var/spool/at",
)
_MOST_BYTES = 1 << 20


class ConsoleProcess(Value):
    """Another process of the console on this host."""

    pid: int
    words: SafeText
    """Its command line."""
    terminal: bool
    reads_only: bool
    """Monitoring (`--read-only`), or a command that changes nothing."""
    demo: bool
    """Its command is `demo`."""
    elsewhere: bool
    """It works on another runtime tree: another installation, or a demo on a root of its own."""


class Scan(Value):
    """Files that were looked through, and those that mention the console."""

    looked_at: int
    found: tuple[SafeText, ...]
    """Absolute paths on this host."""


def console_processes(filesystem: Path, root: Path, own_pid: int) -> tuple[ConsoleProcess, ...]:
    """Return every process of the console but this one, its ancestors and its descendants, sorted by pid.

    Raises Unmeasured if not all processes are shown (other users' are hidden, nothing is mounted), OSError if there is
    no proc.
    """
    proc = filesystem / "proc"
    pids = sorted(int(name) for name in os.listdir(proc) if name.isdecimal())  # noqa: PTH208 - names alone, and quickly
    # Process 1 runs on every host and in every container: where it is not shown, others are not either.
    if not pids:
        raise Unmeasured(StopCode.UNREACHABLE, f"{proc} shows no process at all", f"mount -t proc proc {proc}")
    if 1 not in pids:
        raise Unmeasured(StopCode.UNREACHABLE, f"{proc} hides the processes of other users", "Ask as root.")
    candidates = [(pid, words) for pid in pids if (words := _console_words(_arguments(proc, pid))) is not None]
    if not candidates:
        return ()
    family = set(_ancestors(proc, own_pid))
    return tuple(
        _process(proc, pid, words, root)
        for pid, words in candidates
        if pid not in family and own_pid not in _ancestors(proc, pid)
    )


def service_units(filesystem: Path) -> Scan:
    """Find units, timers, sockets and start scripts that mention the console: the host's, and this account's own.

    Raises OSError if one of them may not be read.
    """
    # Not root's own units as well: another account cannot read them, and its G0 would never be measured.
    return _scan(filesystem, (*_UNIT_PLACES, f"{Path.home()}/.config/systemd/user".lstrip("/")))


def cron_entries(filesystem: Path) -> Scan:
    """Find cron tables and scripts, and jobs of at, that mention the console. Raises OSError if one may not be read."""
    return _scan(filesystem, _CRON_PLACES)


def _arguments(proc: Path, pid: int) -> list[str]:
    """Return the process's command line in words; none if it has just ended."""
    try:
        with open(f"{proc}/{pid}/cmdline", "rb") as stream:  # noqa: PTH123 - asked of every process
            data = stream.read(65536)
    except (FileNotFoundError, ProcessLookupError):
        return []
    return data.rstrip(b"\0").decode("utf-8", "replace").split("\0")


def _console_words(arguments: list[str]) -> list[str] | None:
    """Return the words after the program's name; None for another program, such as an editor that has the file open."""
    program, *rest = arguments or [""]
    if Path(program).name == _PROGRAM:
        return rest
    if not _PYTHON.search(program):
        return None
    # Python's own options come first; -m and -c end them.
    while rest and rest[0].startswith("-") and rest[0] not in {"-m", "-c"}:
        rest = rest[1:]
    match rest:
        case ["-m", "console" | "console.cli" | "console.cli.main", *words]:
            return words
        case [script, *words] if Path(script).name == _PROGRAM:
            return words
    return None


def _process(proc: Path, pid: int, words: list[str], root: Path) -> ConsoleProcess:
    plain, used_root, is_named = _without_options(words)
    command = tuple(word for word in plain if not word.startswith("-"))
    demo = command[:1] == ("demo",)
    reads = "--read-only" in words or command[:1] in READING or command[:2] in READING
    return ConsoleProcess(
        pid=pid,
        words=redact(" ".join([_PROGRAM, *words])),
        terminal=_terminal(proc, pid),
        reads_only=reads,
        demo=demo,
        # A demo makes a root of its own unless it is given one. Given this one, it is another console here.
        # A name of its user's file has a root that the command line does not tell: it may be this one.
        elsewhere=not is_named and ((demo and not used_root) or not _may_be(root, used_root, proc, pid)),
    )


def _without_options(words: list[str]) -> tuple[list[str], str, bool]:
    """Return the words without the options that have a value; the root that was named, or an empty text; and whether -P was used."""
    plain, root, skip, is_named = [], "", "", False
    for word in words:
        name, equals, value = word.partition("=")
        if skip:
            root = word if skip == "--root" else root
            skip = ""
            continue
        # The command line takes an option's name shortened too.
        name = next((option for option in _OPTIONS_WITH_VALUE if len(name) > 2 and option.startswith(name)), name)
        is_named = is_named or word.startswith("-P") or name == "--installation"
        if name in _OPTIONS_WITH_VALUE:
            root = value if equals and name == "--root" else root
            skip = "" if equals else name
        else:
            plain.append(word)
    return plain, root, is_named


def _may_be(root: Path, named_root: str, proc: Path, pid: int) -> bool:
    """Return whether a process may work on this root; if that cannot be found out, it may."""
    try:
        root_word = named_root or _environment_root(proc, pid)
        path = root_word if Path(root_word).is_absolute() else str((proc / str(pid) / "cwd").readlink() / root_word)
    except OSError:
        return True
    return os.path.realpath(path) == os.path.realpath(root)


def _environment_root(proc: Path, pid: int) -> str:
    variables = (proc / str(pid) / "environ").read_bytes().split(b"\0")
    variable = next((entry for entry in variables if entry.startswith(b"CUTTER_ROOT=")), b"")
    return variable.partition(b"=")[2].decode("utf-8", "replace") or DEFAULT_ROOT


def _stat(proc: Path, pid: int) -> list[str]:
    """Return the fields after the program's name: state, parent, group, session, terminal; none if it has ended."""
    try:
        # The name stands in parentheses and may hold any character, parentheses and spaces included.
        return (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _terminal(proc: Path, pid: int) -> bool:
    fields = _stat(proc, pid)
    return len(fields) > 4 and fields[4] != "0"


def _ancestors(proc: Path, pid: int) -> Iterator[int]:
    """Yield the process itself, its parent, and so on."""
    visited: set[int] = set()
    while pid and pid not in visited:
        visited.add(pid)
        yield pid
        fields = _stat(proc, pid)
        pid = int(fields[1]) if len(fields) > 1 else 0


def _scan(filesystem: Path, places: tuple[str, ...]) -> Scan:
    # Some of these are links to others, as /lib is on many hosts: each directory is looked through once.
    real = {os.path.realpath(filesystem / place): filesystem / place for place in reversed(places)}
    looked_at, mentioning = 0, []
    for path in (path for place in real.values() for path in _files(place)):
        looked_at += 1
        if _MENTION.search(os.fsencode(path.rpartition("/")[2])) or _mentions(path):
            mentioning.append(f"/{os.path.relpath(path, filesystem)}")
    return Scan(looked_at=looked_at, found=tuple(sorted(mentioning)))


def _files(place: Path) -> Iterator[str]:
    """Yield all files below a directory, or the file itself; nothing for a place that is not there."""
    if place.is_file():
        yield str(place)
        return
    pending = [str(place)] if place.exists() else []
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    yield entry.path


def _mentions(path: str) -> bool:
    """Return whether a line that is no comment names the console; a dangling link or a device has no lines."""
    if not os.path.isfile(path):  # noqa: PTH113 - as below
        return False
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - asked of hundreds of files
        data = stream.read(_MOST_BYTES)
    return _MENTION.search(data) is not None and any(
        _MENTION.search(line) and not line.lstrip().startswith((b"#", b";")) for line in data.splitlines()
    )

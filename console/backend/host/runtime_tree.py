"""The runtime tree: seven directories and two files, created once, checked often, removable as a whole."""

import contextlib
import errno
import os
import re
import shlex
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from console.backend.host.durable import write_new_file
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Check, Evidence, Outcome

DIRECTORIES = ("runs", "approvals", "artifacts", "backups", "rollback", "reports", "locks")
CONFIG_NAME = "orchestrator.config.json"
README_NAME = "README.md"
DIRECTORY_MODE = 0o750
FILE_MODE = 0o640
_README = """# Runtime tree of cutter-console

Made by `cutter-console init`. It holds records, drafts and encrypted backups, no passwords and no keys;
it can be removed as a whole when no run is open.

- `runs/` a directory a run: its plan, its pinned source, its journal
- `approvals/` statements that were drafted, and the signatures on them
- `artifacts/` the deploy manifest
- `backups/` encrypted dumps
- `rollback/` kept for what a revert may need; nothing is written there today
- `reports/` readiness bundles and run reports
- `locks/` kept for locks of the host; today each journal carries its own, which dies with its holder
- `orchestrator.config.json` the settings
"""
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MANY = 20


def init_tree(root: Path, config: bytes) -> tuple[Path, ...]:
    """Create the missing parts of the tree and return them; mode and content of existing parts are left as they are.

    `config` is the content of orchestrator.config.json. Raises Refused (REFUSED_INPUT) if a name is taken by something
    of another kind, a symlink included, and if this user may not write there.
    """
    try:
        return _made(root, config)
    except OSError as error:
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        message = f"{error.filename or root}: {error.strerror}"
        own = "Name a folder that you may write: cutter-console --root DIR init; or as root: sudo cutter-console init"
        raise _refused(message, own) from error


def _made(root: Path, config: bytes) -> tuple[Path, ...]:
    made = [] if _is_there(root, stat.S_ISDIR) else [_make_root(root)]
    for name in DIRECTORIES:
        if not _is_there(root / name, stat.S_ISDIR):
            made.append(_make_directory(root / name))
    for name, content in ((README_NAME, _README.encode()), (CONFIG_NAME, config)):
        if not _is_there(root / name, stat.S_ISREG):
            write_new_file(root / name, content)
            made.append(root / name)
    return tuple(made)


def within(root: Path, *parts: str) -> Path:
    """Return the path of these ids and names below the root.

    Raises Refused (REFUSED_INPUT) for a part that is not a plain name, and if a symlink leads out of the root.
    """
    for part in parts:
        if not _PART.fullmatch(part):
            raise _refused(f"{part!r} is not a plain name", "Use the id as the console shows it.")
    path = root.joinpath(*parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise _refused(f"{path} leads out of {root}", "Remove the symlink.")
    return path


def check_tree(
    root: Path, now: datetime, owner_uid: int | None = None, also_allowed: frozenset[str] = frozenset()
) -> tuple[Check, ...]:
    """Check the tree's parts, owners, modes, symlinks and unknown entries.

    The owner must be `owner_uid` (default: that of this process, which is root in production). `also_allowed` are
    further names at the top. A tree that cannot be read is INCONCLUSIVE.
    """
    uid = os.geteuid() if owner_uid is None else owner_uid
    try:
        entries = tuple(_walk(root))
    except OSError as error:
        return (_unread(root, error),)
    evidence = Evidence(
        id=f"tree:{root}",
        asked="lstat of every entry",
        source=str(root),
        answer=f"{len(entries)} entries",
        measured_at=now,
    )
    modes = _wrong_modes(root, entries, also_allowed)
    questions = (
        ("tree.complete", _missing(root, entries), "Make it: cutter-console init"),
        ("tree.strangers", _strangers(root, entries, also_allowed), "Look at it, then move it away."),
        ("tree.symlinks", [p for p, s in entries if stat.S_ISLNK(s.st_mode)], "Replace it with what it points to."),
        ("tree.kinds", special := [p for p, s in entries if _is_special(s)], _command("rm", special)),
        ("tree.owner", owners := [p for p, s in entries if s.st_uid != uid], _command(f"chown -h {uid}", owners)),
        ("tree.mode", modes, _closing(modes, dict(entries))),
    )
    return tuple(_verdict(name, wrong, advice, evidence) for name, wrong, advice in questions)


Entry = tuple[Path, os.stat_result]


def _walk(root: Path) -> Iterator[Entry]:
    yield root, root.lstat()
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                yield Path(entry.path), entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))


def _missing(root: Path, entries: tuple[Entry, ...]) -> list[Path]:
    kinds = {path: status.st_mode for path, status in entries}
    directories = [root / n for n in DIRECTORIES if not stat.S_ISDIR(kinds.get(root / n, 0))]
    return directories + [root / n for n in (README_NAME, CONFIG_NAME) if not stat.S_ISREG(kinds.get(root / n, 0))]


def _strangers(root: Path, entries: tuple[Entry, ...], also_allowed: frozenset[str]) -> list[Path]:
    known = {*DIRECTORIES, README_NAME, CONFIG_NAME, *also_allowed}
    return [path for path, _ in entries if path.parent == root and path.name not in known]


def _is_special(status: os.stat_result) -> bool:
    """Return whether it is a FIFO, a socket or a device: reading one could wait for ever or have no end."""
    return not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode))


def _wrong_modes(root: Path, entries: tuple[Entry, ...], also_allowed: frozenset[str]) -> list[Path]:
    """Return the entries that are too open. Below a name of `also_allowed` others may read, but not write."""
    exact = {root: DIRECTORY_MODE, **{root / name: DIRECTORY_MODE for name in DIRECTORIES}}
    exact |= {root / README_NAME: FILE_MODE, root / CONFIG_NAME: FILE_MODE}
    own = tuple(f"{root / name}/" for name in also_allowed)
    return [
        path
        for path, status in entries
        if _too_open(path, status, exact, 0o022 if f"{path}/".startswith(own) else 0o027)
    ]


def _too_open(path: Path, status: os.stat_result, exact: dict[Path, int], forbidden: int) -> bool:
    mode = stat.S_IMODE(status.st_mode)
    # Linux gives every symlink the mode 0777; the check of symlinks names it.
    if stat.S_ISLNK(status.st_mode):
        return False
    return mode != exact[path] if path in exact else bool(mode & forbidden)


def _closing(wrong: list[Path], statuses: dict[Path, os.stat_result]) -> str:
    """Return the chmod commands that close these entries, one for directories and one for files."""
    directories = [path for path in wrong if stat.S_ISDIR(statuses[path].st_mode)]
    files = [path for path in wrong if path not in directories]
    return "; ".join(
        _command(f"chmod {mode:04o}", some)
        for mode, some in ((DIRECTORY_MODE, directories), (FILE_MODE, files))
        if some
    )


def _command(command: str, paths: list[Path]) -> str:
    """Return the command for the first twenty paths; the next measurement shows the rest."""
    return shlex.join([*command.split(), *map(str, paths[:_MANY])])


def _verdict(name: str, wrong: list[Path], advice: str, evidence: Evidence) -> Check:
    if not wrong:
        return Check(name=name, outcome=Outcome.PASS, detail=evidence.answer, evidence=(evidence,))
    shown = ", ".join(map(str, wrong[:_MANY])) + (f" and {len(wrong) - _MANY} more" if len(wrong) > _MANY else "")
    return Check(name=name, outcome=Outcome.FAIL, detail=shown, evidence=(evidence,), next_action=advice)


def _unread(root: Path, error: OSError) -> Check:
    detail = f"{error.filename or root}: {error.strerror}"
    return Check(
        name="tree",
        outcome=Outcome.INCONCLUSIVE,
        detail=detail,
        next_action="Make it (cutter-console init), or name it (--root).",
    )


def _is_there(path: Path, kind: object) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not (stat.S_ISDIR(mode) if kind is stat.S_ISDIR else stat.S_ISREG(mode)):
        raise _refused(f"{path} is in the way (a symlink, or not what it should be)", "Move it away.")
    return True


def _make_root(root: Path) -> Path:
    root.parent.mkdir(parents=True, exist_ok=True)
    return _make_directory(root)


def _make_directory(path: Path) -> Path:
    # The umask may take bits of mkdir's mode away; until chmod nobody else gets in.
    path.mkdir(mode=0o700)
    path.chmod(DIRECTORY_MODE)
    return path


def _refused(message: str, advice: str) -> Refused:
    return Refused(StopCode.REFUSED_INPUT, message, advice)


def to_write_below(parent: Path) -> str:
    """Return what is to be done where nothing could be written in a folder of the tree."""
    if not parent.is_dir():
        return "Make the runtime tree, or name it (--root): cutter-console init"
    return f"Make room below {parent}, and see that it can be written; then the same command again."


def close_to_others(root: Path, path: Path) -> None:
    """Give a file that was copied into the runtime tree the tree's mode; a link, a folder or a file elsewhere stays as it is."""
    if not path.resolve().is_relative_to(root.resolve()):
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.fchmod(descriptor, FILE_MODE)
        finally:
            os.close(descriptor)

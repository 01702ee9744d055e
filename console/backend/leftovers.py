"""Removes what processes that are no longer alive have left below the root and in the temporary directories."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from console.backend.host import cluster_directory
from console.backend.publication.publishing import remove_leftovers

FOLDERS = ("", "approvals", "artifacts", "backups", "reports")
"""Directories of temporary files; each run's directory has them too."""
_BEGUN = re.compile(r"\.(?:journal\.jsonl|anchor\.key)\.[0-9a-f]{8}")
"""Names under which earlier versions wrote a run's journal and its key for a moment, before renaming them."""
_A_MOMENT = timedelta(hours=1)
_A_DAY = timedelta(days=1)
_CRASH_LOG = re.compile(r"console-crash-\d{8}T\d{6}Z-[0-9a-f-]+\.log")
CRASH_LOGS_KEPT = timedelta(days=30)


def sweep_leftovers(root: Path, now: datetime) -> tuple[str, ...]:
    """Remove leftovers, and return one line for each. What cannot be removed is left to the next start.

    Nothing that a living process is writing is touched: its id and its start time are in the name. A crash log is kept
    for 30 days.
    """
    parents = cluster_directory.default_parents()
    lines = [f"removed {place}, left behind by a process that is no longer alive" for place in _swept(parents)]
    # Directories of earlier versions do not name their maker: after a day nobody is taken to use them.
    unnamed = _unnamed(parents, (now - _A_DAY).timestamp())
    lines += [f"removed {place}, left behind by an earlier version more than a day ago" for place in unnamed]
    for path, reason in _files(root, now):
        with suppress(OSError):
            path.unlink()
            lines.append(f"removed {path}, {reason}")
    for entry in _entries(root / "runs"):
        if entry.is_dir(follow_symlinks=False) and (reason := _reason(entry, now)):
            with suppress(OSError):
                shutil.rmtree(entry.path)
                lines.append(f"removed {entry.path}, {reason}")
    with suppress(OSError):
        reports = root / "reports"
        lines += [f"removed {reports / name}, the draft of a report" for name in remove_leftovers(reports)]
    return tuple(lines)


def _swept(parents: tuple[Path, ...]) -> tuple[Path, ...]:
    try:
        return cluster_directory.sweep(parents)
    except OSError:
        return ()


def _unnamed(parents: tuple[Path, ...], before: float) -> tuple[Path, ...]:
    try:
        return cluster_directory.sweep_unnamed(parents, before)
    except OSError:
        return ()


def _files(root: Path, now: datetime) -> Iterator[tuple[Path, str]]:
    runs = [entry.path for entry in _entries(root / "runs") if entry.is_dir(follow_symlinks=False)]
    for folder in (*(root / name for name in FOLDERS), *map(Path, runs)):
        for entry in _entries(folder):
            if entry.is_file(follow_symlinks=False) and (reason := _reason(entry, now)):
                yield Path(entry.path), reason
    with suppress(FileNotFoundError):  # No place for temporary files can be written.
        for entry in _entries(Path(tempfile.gettempdir())):
            # Anybody may write here: a link, or another account's file of such a name, is left alone.
            if _CRASH_LOG.fullmatch(entry.name) and _is_ours(entry) and (reason := _reason(entry, now)):
                yield Path(entry.path), reason


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_ours(entry: os.DirEntry[str]) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()


def _reason(entry: os.DirEntry[str], now: datetime) -> str:
    """Return why the entry is a leftover, or an empty text if it is none."""
    abandoned = cluster_directory.is_abandoned(entry.name)
    if abandoned:
        return "begun by a process that is no longer alive"
    # Whether a process of another host or container lives cannot be asked here: only age is left to judge by.
    if abandoned is None and _age(entry, now) > _A_DAY:
        return "begun on another host or in another container, more than a day ago"
    if _BEGUN.fullmatch(entry.name) and _age(entry, now) > _A_MOMENT:
        return "begun and never finished"
    if _CRASH_LOG.fullmatch(entry.name) and _age(entry, now) > CRASH_LOGS_KEPT:
        return f"a crash log older than {CRASH_LOGS_KEPT.days} days"
    return ""


def _age(entry: os.DirEntry[str], now: datetime) -> timedelta:
    try:
        return now - datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, now.tzinfo)
    except OSError:
        return timedelta(0)

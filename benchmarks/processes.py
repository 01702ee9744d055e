"""Processor time and memory of processes, as the kernel counts them."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
"""Parts of a second that the kernel counts in, a hundred as a rule."""


def _fields(pid: int) -> list[str]:
    # Behind the name, which may hold anything: state, parent, and from the twelfth on the times.
    return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()


def parent(pid: int) -> int:
    """Return the process that has started this one."""
    return int(_fields(pid)[1])


def process_seconds(pid: int) -> float:
    """Return the processor seconds of a process and of its children that have ended."""
    return sum(map(int, _fields(pid)[11:15])) / _TICKS


def family_seconds(pid: int) -> float:
    """Return the processor seconds of a process and of all its children, those that are at work too."""
    seconds = process_seconds(pid)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = _fields(int(folder.name))
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == pid:
            seconds += sum(map(int, fields[11:13])) / _TICKS
    return seconds


def own_mb(pid: int) -> tuple[float, float]:
    """Return the megabytes in memory with what is shared counted in part (PSS), and without what is shared (USS)."""
    sizes: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if rest.endswith(" kB"):
            sizes[name] = int(rest.split()[0]) * 1024 / 1e6
    return sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


def resident_mb(pid: int) -> float:
    """Return the megabytes of a process that are in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

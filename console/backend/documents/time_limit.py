"""Limits of time and memory for what patterns that nobody has measured do, in a process of its own."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_GRACE_S = 10
"""Seconds of computing after the alarm in which it must have been heard; then the kernel ends the process."""

_MOST_MEMORY = 4 << 30
"""Address space in bytes; a document of 64 MB with a hundred thousand units takes an eighth of it."""


class TimeUp(Exception):
    """The limit was reached."""


def _ring(_signum: int, _frame: FrameType | None) -> None:
    raise TimeUp


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the block after so many seconds, and MemoryError beyond 4 GiB.

    In the main thread of a process of its own alone: the engine of regular expressions asks for signals while it searches,
    so that the alarm is heard in a pattern that would take for ever. Should it not be, the process is ended by its limit of
    processor time. A pattern that matches across a whole document needs a hundred bytes for each of its characters.
    """
    before = signal.signal(signal.SIGALRM, _ring)
    used = resource.getrusage(resource.RUSAGE_SELF)
    last_s = int(used.ru_utime + used.ru_stime + seconds) + _GRACE_S
    limits_before = [_lowered(resource.RLIMIT_CPU, last_s), _lowered(resource.RLIMIT_AS, _MOST_MEMORY)]
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        for limit, soft_and_hard in limits_before:
            resource.setrlimit(limit, soft_and_hard)


def _lowered(limit: int, most: int) -> tuple[int, tuple[int, int]]:
    """Lower a soft limit of this process, and return what it was."""
    soft, hard = resource.getrlimit(limit)
    if soft == resource.RLIM_INFINITY or most < soft:
        resource.setrlimit(limit, (most, hard))
    return limit, (soft, hard)

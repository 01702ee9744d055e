"""A limit of time for what patterns that nobody has measured do: an alarm in the process's main thread."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_GRACE_S = 10
"""Seconds of computing after the alarm in which it must have been heard; then the kernel ends the process."""


class TimeUp(Exception):
    """The limit was reached."""


def _ring(_signum: int, _frame: FrameType | None) -> None:
    raise TimeUp


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the block after so many seconds; in the main thread of a process of its own alone.

    The engine of regular expressions asks for signals while it searches, so that the alarm is heard in a pattern that
    would take for ever. Should it not be, the process is ended by its limit of processor time.
    """
    before = signal.signal(signal.SIGALRM, _ring)
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    last_s = int(used.ru_utime + used.ru_stime + seconds) + _GRACE_S
    if hard == resource.RLIM_INFINITY or last_s < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (last_s, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))

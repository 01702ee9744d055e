"""End the program on a signal: cancel and roll back a running statement, but wait for a COMMIT.

A command is ended by an exception in its main thread. The console's work is done in other threads, which no exception
reaches: they are asked to end, and waited for.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class _State:
    """Of the main thread, which alone hears of signals."""

    deferrals = 0
    pending: int | None = None


class _Work:
    """Work on runs that is in progress, in any thread."""

    ending = threading.Event()
    changed = threading.Condition()
    under_way = 0


def end_soon() -> None:
    """Ask all work to end: what runs in the database is cancelled, no phase begins any more."""
    _Work.ending.set()


def end_work(limit_s: float) -> None:
    """Ask all work to end, and wait for it: by COMMIT or ROLLBACK, and its record says which. Then work may begin again.

    Where the limit comes first it stays asked: nothing begins in a program that is about to end.
    """
    end_soon()
    if wait_for_work(limit_s):
        _Work.ending.clear()


def is_ending() -> bool:
    """Return whether that was asked."""
    return _Work.ending.is_set()


@contextmanager
def at_work() -> Iterator[None]:
    """Something is done to a run while the block lasts; whoever ends the program waits for it."""
    with _Work.changed:
        _Work.under_way += 1
    try:
        yield
    finally:
        with _Work.changed:
            _Work.under_way -= 1
            _Work.changed.notify_all()


def wait_for_work(limit_s: float) -> bool:
    """Wait until nothing is done any more, but not longer than this. Returns whether all of it has ended."""
    with _Work.changed:
        return _Work.changed.wait_for(lambda: _Work.under_way == 0, limit_s)


def end_by_exception() -> None:
    """Let SIGINT, SIGTERM, SIGHUP and SIGQUIT raise in the main thread: a statement that runs is cancelled and rolled back.

    A signal that is ignored, as SIGHUP is under nohup, stays ignored. The exit status is 128 and the signal's number.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _heard)


@contextmanager
def deferred() -> Iterator[None]:
    """Keep signals waiting for as long as the block lasts; one that came is raised at its end. In other threads nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _State.deferrals += 1
    try:
        yield
    finally:
        _State.deferrals -= 1
        if not _State.deferrals and (number := _State.pending) is not None:
            _State.pending = None
            _end(number)


def _heard(number: int, _frame: FrameType | None) -> None:
    if _State.deferrals:
        _State.pending = number
    else:
        _end(number)


def _end(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)

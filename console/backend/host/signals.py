"""Handling of signals: a running statement is cancelled and rolled back, and a COMMIT is waited for.

A command is ended by an exception in its main thread. The console's work is done in other threads, which no exception
reaches: they are asked to end, and waited for.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_MOMENT_S = 0.01
"""Time after which a signal is raised again: by then the object that was being taken away mostly is."""


class _State:
    """State of the main thread, in which alone Python runs signal handlers."""

    deferrals = 0
    pending: int | None = None
    lost = signal.SIGINT
    """The signal that is to be raised again."""


class _Work:
    """Operations on runs that are under way, in any thread."""

    ending = threading.Event()
    changed = threading.Condition()
    under_way = 0


def end_soon() -> None:
    """Ask all work to end: running statements are cancelled, and no further phase begins."""
    _Work.ending.set()


def end_work(limit_s: float) -> None:
    """Ask all work to end, and wait for it, `limit_s` seconds at most. Other work can begin after it has ended in time.

    If the limit comes first the request stands: nothing begins in a program that is about to end.
    """
    end_soon()
    if wait_for_work(limit_s):
        _Work.ending.clear()


def is_ending() -> bool:
    """Return whether work was asked to end."""
    return _Work.ending.is_set()


@contextmanager
def at_work() -> Iterator[None]:
    """Count the block as work on a run, which `end_work` waits for."""
    with _Work.changed:
        _Work.under_way += 1
    try:
        yield
    finally:
        with _Work.changed:
            _Work.under_way -= 1
            _Work.changed.notify_all()


def wait_for_work(limit_s: float) -> bool:
    """Wait until no work is under way, `limit_s` seconds at most. Return whether all of it has ended."""
    with _Work.changed:
        return _Work.changed.wait_for(lambda: _Work.under_way == 0, limit_s)


def end_by_exception() -> None:
    """Let SIGINT, SIGTERM, SIGHUP and SIGQUIT raise in the main thread, so that a running statement is rolled back.

    A signal that is ignored, as SIGHUP is under nohup, stays ignored. The exit status is 128 plus the signal's number.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _heard)


@contextmanager
def deferred() -> Iterator[None]:
    """Defer signals until the end of the block, where the last one is raised. Does nothing in other threads."""
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


def raise_again(lost: BaseException | None) -> None:
    """Raise the signal again of which this exception is, in a moment: it was raised where none is heard.

    Python runs a handler between any two steps of the main thread. While that takes an object away (its `__del__`, the
    callback of a weak reference) an exception is dropped, and the program would go on as if nobody had ended it.
    """
    if threading.current_thread() is not threading.main_thread():
        # No handler raises there, and none can be set from there.
        return
    if isinstance(lost, KeyboardInterrupt):
        _State.lost = signal.SIGINT
    elif isinstance(lost, SystemExit) and lost.code in {128 + number for number in _ENDING}:
        _State.lost = signal.Signals(int(str(lost.code)) - 128)
    else:
        return
    # An alarm, and no handler at once: that would raise here, where nothing is heard either.
    signal.signal(signal.SIGALRM, _raise_lost)
    signal.setitimer(signal.ITIMER_REAL, _MOMENT_S)


def _raise_lost(_number: int, frame: FrameType | None) -> None:
    _heard(_State.lost, frame)


def _heard(number: int, _frame: FrameType | None) -> None:
    if _State.deferrals:
        _State.pending = number
    else:
        _end(number)


def _end(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)

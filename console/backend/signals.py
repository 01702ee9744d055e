"""Signals end the program by an exception where that is safe; while a COMMIT is under way they wait for its answer."""

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

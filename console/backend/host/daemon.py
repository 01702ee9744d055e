"""Calls in daemon threads of their own, so that a call that hangs cannot keep the program alive."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def start(call: Callable[[], T], name: str) -> Future[T]:
    """Begin the call in a thread `name`; the future gets its result or its exception. The call cannot be cancelled.

    Raises RuntimeError if the host has no thread left.
    """
    answer, work = _answered(call)
    threading.Thread(target=work, name=name, daemon=True).start()
    return answer


def made_here(call: Callable[[], T]) -> Future[T]:
    """Make the call in this thread; the future has its result or its exception."""
    answer, work = _answered(call)
    work()
    return answer


def _answered(call: Callable[[], T]) -> tuple[Future[T], Callable[[], None]]:
    answer: Future[T] = Future()
    # From now on `cancel` has no effect: a future that was cancelled would refuse the result.
    answer.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - carried over to the one who waits, not swallowed
            answer.set_exception(error)
        else:
            answer.set_result(result)

    return answer, work

"""Calls in daemon threads of their own, so that a call that hangs cannot keep the program alive."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def start(call: Callable[[], T], name: str) -> Future[T]:
    """Begin the call; the future gets its result, or whatever it raised. Giving up the wait leaves the call to end by itself."""
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - carried over to the one who waits, not swallowed
            answer.set_exception(error)
        else:
            answer.set_result(result)

    threading.Thread(target=work, name=name, daemon=True).start()
    return answer

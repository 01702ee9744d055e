"""Backend calls in threads of their own: daemon threads, so that a call that hangs cannot keep the program alive."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Run the call in a thread and wait for it. Cancelling the wait leaves the call to finish by itself."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(act: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if answer.done() else act())

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - carried over to the one who waits, not swallowed
            failure = error
            deliver(lambda: answer.set_exception(failure))
        else:
            deliver(lambda: answer.set_result(result))

    threading.Thread(target=work, name="backend-call", daemon=True).start()
    return await answer

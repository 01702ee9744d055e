"""Backend calls awaited from the event loop, each in a daemon thread of its own."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from console.backend.daemon import start

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Run the call in a thread and wait for it. Cancelling the wait leaves the call to finish by itself."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    future = start(call, "backend-call")

    def wake(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(wake)
    await done.wait()
    return future.result()

"""Backend calls awaited from the event loop, each in a daemon thread of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

from textual.worker import WorkType

from console.backend.host.daemon import start

T = TypeVar("T")
P = ParamSpec("P")


async def in_thread(call: Callable[[], T]) -> T:
    """Run the call in a thread and wait for it. If the wait is cancelled, the call still runs to its end."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    # A daemon thread: a call that hangs does not keep the console from ending.
    future = start(call, "backend-call")

    def wake(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(wake)
    await done.wait()
    return future.result()


def work(call: Callable[P, Coroutine[Any, Any, None]], *args: P.args, **kwargs: P.kwargs) -> WorkType[None]:
    """Return the call for a worker. No coroutine is made until the worker runs, which it may never do."""
    return cast("WorkType[None]", partial(call, *args, **kwargs))

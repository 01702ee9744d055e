"""Waits for a console of a test until it is quiet, and no longer.

Textual's pilot sleeps three to five times for each key. It takes a console for quiet when the process used little
processor time for a fiftieth of a second; on a busy machine a process that has work to do may use as little.
Here a console is quiet as soon as its event loop has nothing to do: no callback is due, no timer is due soon, and no
thread is at work. A thread that waits, for a database or a lock, is not at work: the test that asked it waits for its answer.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any, cast

import pytest
import textual.app
import textual.pilot

SOON_S = 1 / 50
"""Seconds. A timer that is due within them is waited for. A screen that has something to draw sets one for half of that."""
_GRANULARITY_S = 1 / 250
_IDLE_S = _GRANULARITY_S / 10
"""Processor time that waiting takes; a thread that answers a question takes more."""
_LONGEST_S = 1.0


async def is_quiet(min_sleep: float = 0, max_sleep: float = _LONGEST_S) -> None:
    """Wait until the event loop has nothing to do now or soon; as long as Textual's own at most, for a console that never is."""
    loop = cast(Any, asyncio.get_running_loop())
    end = loop.time() + max_sleep
    while True:
        used = process_time()
        await asyncio.sleep(max(min_sleep, _GRANULARITY_S))
        is_at_work = process_time() - used > _IDLE_S or _has_something_to_do(loop)
        if not is_at_work or loop.time() > end:
            return


def _has_something_to_do(loop: Any) -> bool:
    soon = loop.time() + SOON_S
    return bool(loop._ready) or any(not timer.cancelled() and timer.when() < soon for timer in loop._scheduled)


@contextmanager
def quiet() -> Iterator[None]:
    """Have every pilot of this process wait so, for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (textual.app, textual.pilot):
            patch.setattr(module, "wait_for_idle", is_quiet)
        yield

"""While a phase is in its transaction: a HOLD file that appears cancels the running statement (design section 8)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from console.backend.kill_switch import hold_in_file
from console.backend.runs.site import Site

_EVERY_S = 0.25


@contextmanager
def cancelled_by_hold(site: Site, connection: psycopg.Connection) -> Iterator[None]:
    """Watch for the HOLD file during the block; the cancelled statement rolls its transaction back, and the
    engine ends the lease. A cancel that does not get through is sent again."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY_S):
            # Any entry of that name, as everywhere else: `exists` follows a link, and raises where the root is closed.
            if hold_in_file(site) is not None and _cancelled(connection):
                return

    watcher = threading.Thread(target=watch, name="hold-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(10)


def _cancelled(connection: psycopg.Connection) -> bool:
    try:
        connection.cancel_safe(timeout=5)
    except psycopg.Error:
        return False
    return True

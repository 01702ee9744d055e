"""While a phase is in its transaction: a HOLD file that appears cancels the running statement (design section 8)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from console.backend.kill_switch import disarm
from console.backend.runs.site import Site

_EVERY_S = 0.25


@contextmanager
def cancelled_by_hold(site: Site, connection: psycopg.Connection) -> Iterator[None]:
    """Watch for the HOLD file during the block; the cancelled statement rolls its transaction back."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY_S):
            if site.hold_file.exists():
                connection.cancel_safe(timeout=5)
                disarm(site, "HOLD file")
                return

    watcher = threading.Thread(target=watch, name="hold-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(10)

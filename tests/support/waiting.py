"""Bounded waiting for a condition, without keeping a processor busy."""

import time
from collections.abc import Callable
from subprocess import Popen
from threading import Thread

from tests.conftest import Database
from tests.support.passage import Passage

LONGEST_S = 60.0
"""Far more than any of these waits takes; whoever waits for longer has found a failure."""
_WAITING = """
    SELECT usename FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY usename
"""
_BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE usename = 'cutter_exec' AND cardinality(pg_blocking_pids(pid)) > 0"


def until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as this is so. Raises AssertionError where it does not become so in all the time."""
    end = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < end, f"{what}: not so in {LONGEST_S:.0f} seconds"
        time.sleep(0.02)


def until_somebody_waits(database: Database | Passage, thread: Thread) -> str:
    """The role that waits for a lock. Raises AssertionError where the thread ends before, or nobody waits in all the time."""
    with database.connect() as connection:

        def waits() -> list[tuple[object, ...]]:
            waiting = connection.execute(_WAITING.encode()).fetchall()
            assert waiting or thread.is_alive(), "the thread has ended, and had nothing to wait for"
            return waiting

        until(waits, "somebody waits for a lock")
        return str(waits()[0][0])


def until_the_executor_is_blocked(passage: Passage, victim: "Popen[str] | Popen[bytes] | None" = None) -> None:
    """A session of the executor waits for a lock. Raises AssertionError where the program that should has ended before."""
    with passage.connect() as connection:

        def is_blocked() -> bool:
            blocked = bool(connection.execute(_BLOCKED).fetchall())
            assert blocked or victim is None or victim.poll() is None, victim.communicate() if victim else ""
            return blocked

        until(is_blocked, "the executor waits for a lock")

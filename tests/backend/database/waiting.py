"""A second session that must come to wait for a lock, found by what the server says and never waited for without end."""

import time
from threading import Thread

from tests.conftest import Database
from tests.passage import Passage

LONGEST_S = 30.0
"""Far more than any of these waits takes; whoever waits for longer has found a failure."""
_WAITING = """
    SELECT usename FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY usename
"""


def until_somebody_waits(database: Database | Passage, thread: Thread) -> str:
    """The role that waits for a lock. Raises AssertionError where the thread ends before, or nobody waits in all the time."""
    until = time.monotonic() + LONGEST_S
    with database.connect() as connection:
        while not (waiting := connection.execute(_WAITING.encode()).fetchall()):
            assert thread.is_alive(), "the thread has ended, and had nothing to wait for"
            assert time.monotonic() < until, f"nobody has waited for a lock in {LONGEST_S:.0f} seconds"
            time.sleep(0.01)
    return str(waiting[0][0])

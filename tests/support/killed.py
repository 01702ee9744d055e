"""A run whose server process dies while it waits in a trigger of the organisation's."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from console.backend.model.errors import CutterError
from tests.support.passage import Passage
from tests.support.waiting import until

_TERMINATED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


def resumed_and_killed(passage: Passage) -> None:
    """Resume the run, and terminate its session as soon as it sleeps in a trigger."""
    with ThreadPoolExecutor(1) as pool:
        killer = pool.submit(
            until, lambda: bool(passage.rows(_TERMINATED)), "the executor waits in the organisation's trigger"
        )
        with pytest.raises(CutterError):
            passage.resume()
        killer.result()

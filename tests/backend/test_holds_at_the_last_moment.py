"""A HOLD file that appears after everything else was checked still stops arming, and the statement that is running."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from console.backend import kill_switch
from console.backend.errors import CutterError, Held
from console.backend.runs.states import Phase
from console.backend.views import Progress
from tests.passage import Passage

At = Callable[[str], Passage]
_BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE usename = 'cutter_exec' AND cardinality(pg_blocking_pids(pid)) > 0"
_LONGEST_S = 5.0


def test_a_hold_file_stops_the_arming_itself(at: At) -> None:
    """Whoever calls it, and whatever was looked at before; the database knows nothing of the file."""
    passage = at("SG_1 imported")
    passage.site.hold_file.touch()
    with pytest.raises(Held):
        kill_switch.arm(passage.site, passage.run_id, "cut")
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease") == [(0,)]


HOLDS: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.touch(),
    "a link into nowhere": lambda path: path.symlink_to("/nonexistent/hold"),
}


@pytest.mark.parametrize("how", HOLDS)
def test_a_hold_file_that_appears_while_a_statement_runs_cancels_it(at: At, how: str) -> None:
    """The file alone: nobody cancels in the database, and the lock that keeps the cut waiting is let go too late."""
    passage = at("SG_1 imported")
    passage.arm()
    blocked = Event()
    with passage.connect() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
        holder = Thread(target=_hold_when_blocked, args=(passage, blocker, blocked, HOLDS[how]))

        def go(progress: Progress) -> None:
            if (progress.phase, progress.step) == (Phase.CUT_LEG_A, "begins"):
                holder.start()

        with pytest.raises(CutterError):
            passage.resume(go)
        holder.join(_LONGEST_S * 2)
    assert blocked.is_set()
    assert passage.lifecycles() == []


def _hold_when_blocked(
    passage: Passage, blocker: psycopg.Connection, blocked: Event, hold: Callable[[Path], object]
) -> None:
    with passage.connect() as watcher:
        while not watcher.execute(_BLOCKED.encode()).fetchall():
            time.sleep(0.01)
        blocked.set()
        hold(passage.site.hold_file)
        until = time.monotonic() + _LONGEST_S
        while watcher.execute(_BLOCKED.encode()).fetchall() and time.monotonic() < until:
            time.sleep(0.05)
    blocker.execute("COMMIT")

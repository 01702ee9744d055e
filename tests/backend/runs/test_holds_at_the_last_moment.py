"""A HOLD file that appears after everything else was checked still stops arming, and the statement that is running."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, Held, StopCode
from console.backend.model.purposes import Purpose
from console.backend.model.states import Phase
from console.backend.runs import arming
from console.backend.runs.lease import LeaseHolder
from tests.support.passage import Passage
from tests.support.waiting import LONGEST_S, until_somebody_waits

At = Callable[[str], Passage]


def _arm_and_hold(installation: Installation, run_id: str, purpose: Purpose) -> None:
    with LeaseHolder(installation, run_id) as holder:
        arming.arm_and_hold(installation, run_id, purpose, holder)


ARMS = pytest.mark.parametrize("arm", [pytest.param(arming.arm, id="left"), pytest.param(_arm_and_hold, id="held")])


@ARMS
def test_a_hold_file_stops_the_arming_itself(at: At, arm: Callable[[Installation, str, Purpose], None]) -> None:
    """Whoever calls it, and whatever was looked at before; the database knows nothing of the file."""
    passage = at("SG_1 imported")
    passage.installation.hold_file.touch()
    with pytest.raises(Held):
        arm(passage.installation, passage.run_id, Purpose.CUT)
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease") == [(0,)]


@ARMS
def test_a_hold_file_stops_the_arming_whatever_the_database_answers(
    at: At, arm: Callable[[Installation, str, Purpose], None]
) -> None:
    passage = at("SG_1 imported").without_database()
    passage.installation.hold_file.touch()
    with pytest.raises(Held):
        arm(passage.installation, passage.run_id, Purpose.CUT)


HOLDS: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.touch(),
    "a link into nowhere": lambda path: path.symlink_to("/nonexistent/hold"),
}


@pytest.mark.parametrize("how", HOLDS)
def test_a_hold_file_that_appears_while_a_statement_runs_cancels_it(at: At, how: str) -> None:
    """The file alone: nobody cancels in the database, and the lock that keeps the cut waiting is not let go before it ends."""
    passage = at("armed")
    seen: list[tuple[Phase | None, str]] = []
    refused: list[CutterError] = []

    def resume() -> None:
        try:
            passage.resume(lambda progress: seen.append((progress.phase, progress.step)))
        except CutterError as error:
            refused.append(error)

    with passage.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE public.unit_version IN ACCESS EXCLUSIVE MODE")
        thread = Thread(target=resume, daemon=True)
        thread.start()
        assert until_somebody_waits(passage, thread) == "cutter_exec"
        assert seen[-1] == (Phase.CUT_LEG_A, "cutting")
        HOLDS[how](passage.installation.hold_file)
        thread.join(LONGEST_S)
        assert [error.code for error in refused] == [StopCode.PANIC]
        assert "user request" in refused[0].message
    assert passage.lifecycles() == []

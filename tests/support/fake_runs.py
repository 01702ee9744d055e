"""A list of many runs for the tests of the Run screen, of which some failed, stopped or were interrupted."""

from datetime import timedelta

from console.backend.model.states import Mode
from console.backend.model.view_models import RunSummary, RunView
from tests.support.fakes import DRY_ID, NOW, FakeBackend, summary

_STATES = {3: "failed_G3", 7: "stopped_panic", 9: "cut_leg_a_committed"}


class ManyRuns(FakeBackend):
    """600 runs: the one that waits, 598 of ben, and a dry run."""

    def runs(self) -> tuple[RunSummary, ...]:
        """The newest first."""
        self._call("runs")
        return (
            self._summary(),
            *(_run(number) for number in range(1, 599)),
            summary("closeout_reported", Mode.DRYRUN, DRY_ID),
        )

    def run(self, run_id: str) -> RunView:
        """The run of the scenario, under the id that was asked for."""
        return super().run(run_id).model_copy(update={"run_id": run_id})


def _run(number: int) -> RunSummary:
    state = _STATES.get(number, "closeout_reported")
    run = summary(state, Mode.LIVE, f"ictr-20260201T000000Z-{number:08x}", interrupted=number == 9)
    began = NOW - timedelta(days=number)
    return run.model_copy(update={"docprefix": f"LAW-{number:03}", "operator": "ben", "started_at": began})

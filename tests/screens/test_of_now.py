"""What a screen says of now is of now: after a move, during work, and of what a key found done already."""

from dataclasses import dataclass

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.states import Phase, RunState, Stage
from console.backend.model.view_models import ApprovalStatus, Interruption, PhaseStatus, RunView
from console.screens.approvals_text import drafted
from console.screens.danger import DangerDialog
from console.widgets.line import plain
from console.widgets.list_panel import ListPanel
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from tests.screens.conftest import Clock, opened, press, settle
from tests.support.fakes import ARMED, HOLD, NOW, OFF, FakeBackend


def _words(panel: Panel) -> str:
    return " ".join(" ".join(plain(spans) for spans in panel.shown).split())


@pytest.mark.parametrize("moved", [ARMED, HOLD, None], ids=["armed", "HOLD", "not reached for a while"])
async def test_after_a_move_nobody_may_act_by_the_gates_of_before(moved: object) -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, clock=clock) as (app, pilot):

        def first_line() -> str:
            panel = app.screen.query_one("#waiting", ListPanel)
            return " ".join(" ".join(plain(spans) for spans in panel.shown).split())

        assert first_line().startswith("A gate stops a cut (5)")
        clock.forward(minutes=1)
        backend.down = moved is None
        backend.switch = OFF if moved is None else moved  # type: ignore[assignment]
        app.measure()
        await settle(pilot)
        backend.down, backend.switch = False, OFF if moved is not ARMED else ARMED
        app.measure()
        await settle(pilot)
        assert first_line().startswith("NOT KNOWN if you may act: the gates are of BEFORE THE LAST MOVE, ")
        assert "(r measures)" in first_line()
        await press(pilot, "r")
        assert first_line().startswith("You may act" if moved is ARMED else "A gate stops a cut (5)")


@dataclass
class _AtWork(FakeBackend):
    """Another console is at leg A of the run, for the second time."""

    phase: Phase = Phase.CUT_LEG_A

    def run(self, run_id: str) -> RunView:
        run = super().run(run_id)
        phases = tuple(
            view.model_copy(update={"status": PhaseStatus.RUNNING, "outcome": Outcome.NOT_RUN})
            if view.phase is self.phase
            else view
            for view in run.phases
        )
        return run.model_copy(update={"phases": phases, "at_work": self.phase.value})


@pytest.mark.parametrize("key", ["V", "A", "s"])
async def test_no_move_is_offered_or_begun_while_something_is_at_work(key: str) -> None:
    backend = _AtWork()
    async with opened(backend, "3") as (app, pilot):
        assert "allowed now nothing while cut_leg_a is under way" in _words(app.screen.query_one("#run-head", Panel))
        await press(pilot, key)
        assert not isinstance(app.screen, DangerDialog)
        assert not [call for call in backend.calls if call.startswith(("draft", "void", "arm"))]
        assert not backend.requests


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_phase_that_is_at_work_is_on_the_screen(phase: Phase, size: tuple[int, int]) -> None:
    """At 80x24 it was below the edge: the list has three rows there, two with a notice."""
    backend = FakeBackend()
    async with opened(backend, "3", size=size) as (app, pilot):
        at_work = _AtWork(phase=phase).run(backend.runs()[0].run_id)
        app.screen.draw_run(at_work)  # type: ignore[attr-defined]
        await settle(pilot)
        phases = app.screen.query_one("#phases", ListRows)
        first = phases.scroll_offset.y
        assert first <= phase.number - 1 < first + phases.scrollable_content_region.height


@pytest.mark.parametrize("phase", list(Phase))
async def test_the_phase_that_was_interrupted_is_on_the_screen(phase: Phase) -> None:
    backend = FakeBackend()
    async with opened(backend, "3") as (app, pilot):
        run = backend.run(backend.runs()[0].run_id)
        cut_short = Interruption(what=phase.value, since=NOW, is_settled=True, database_says="rolled back: nothing")
        app.screen.draw_run(run.model_copy(update={"interruption": cut_short, "state": RunState(stage=Stage.MARKED)}))  # type: ignore[attr-defined]
        await settle(pilot)
        phases = app.screen.query_one("#phases", ListRows)
        first = phases.scroll_offset.y
        assert first <= phase.number - 1 < first + phases.scrollable_content_region.height
        assert "interrupted" in plain(phases.row(phases.cursor))


@pytest.mark.parametrize("status", ApprovalStatus)
def test_a_statement_that_is_recorded_already_is_not_said_to_be_drafted(status: ApprovalStatus) -> None:
    view = FakeBackend().approvals()[0].model_copy(update={"status": status})
    notice = drafted(view)
    is_recorded = status in {ApprovalStatus.IMPORTED, ApprovalStatus.USED}
    assert ("Nothing was drafted" in notice.what) is is_recorded
    assert ("Have it signed" in notice.next_action) is not is_recorded

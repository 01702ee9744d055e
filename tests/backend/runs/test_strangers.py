"""What somebody with a role's password says of a run is told as theirs, and never as what a phase has done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.states import Phase
from console.backend.model.view_models import PhaseStatus
from tests.backend.postgres.signed_cut import event
from tests.support.passage import Passage

RECORD = {
    "phase": "cut_leg_a",
    "outcome": "PASS",
    "detail": "a tale of a cut",
    "started_at": "2026-03-01T14:00:00Z",
    "took_ms": 1.0,
    "checks": [],
}


@pytest.fixture
def passage(at: Callable[[str], Passage]) -> Passage:
    """A run that waits to be armed, and that somebody has stopped with the executor's password, telling of a cut."""
    passage = at("SG_1 imported")
    with passage.connect("cutter_exec") as connection:
        told = event("cut_leg_a", record=RECORD)
        connection.execute("SELECT cutter_console.fn_run_leave(%s, 'stopped', 'mine', %s)", (passage.run_id, told))
    return passage


def test_a_run_is_not_shown_with_a_phase_that_its_console_has_not_passed(passage: Passage) -> None:
    run = passage.run()

    phase = next(one for one in run.phases if one.phase is Phase.CUT_LEG_A)
    assert (phase.status, phase.outcome) == (PhaseStatus.PENDING, Outcome.NOT_RUN)
    assert run.journal.startswith("PARTIAL: ")
    assert "cut_leg_a, by cutter_exec" in run.journal


def test_a_report_tells_it_as_a_strangers_step(passage: Passage) -> None:
    view = passage.backend.report(passage.run_id)

    texts = {path.name[3:]: path.read_text() for path in Path(view.directory).glob("*.md")}
    assert "a tale of a cut" not in texts["cut-leg-a.md"]
    assert "came to **PASS**" not in texts["cut-leg-a.md"]
    assert "cut_leg_a, written by cutter_exec without the journal's key" in texts["closeout.md"].replace("\\", "")


def test_the_run_goes_on_by_the_hand_of_its_console(passage: Passage) -> None:
    assert passage.resume().state.name == "awaiting_cut_authorization"
    passage.arm()

    assert passage.resume().state.name == "awaiting_lifecycle_authorization"

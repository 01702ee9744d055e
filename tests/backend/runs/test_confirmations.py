"""Briefings before dangerous actions: each says what is written where and how it is undone, and what stands in the way."""

from collections.abc import Callable

import pytest

from console.backend.confirmations import RunDanger, brief
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Danger
from tests.support.passage import Passage

At = Callable[[str], Passage]
FREE: dict[Danger, str] = {
    Danger.ARM: "SG_1 imported",
    Danger.ENACT: "SG_2 imported",
    Danger.REVERT: "waits for SG_2",
    Danger.VOID: "waits for SG_1",
}
"""The stage at which nothing stands in the way."""


@pytest.mark.parametrize("danger", FREE, ids=lambda one: one.value)
def test_a_briefing_says_what_happens_and_what_does_not(at: At, danger: RunDanger) -> None:
    passage = at(FREE[danger])
    said = brief(passage.installation, danger, passage.run_id)
    assert (said.open_checks, said.confirm_text, said.run_id) == ((), passage.run_id, passage.run_id)
    assert said.effects
    assert said.reversible is (danger is Danger.ARM)
    assert said.reversible or said.reversal.startswith("CANNOT BE UNDONE")
    assert bool(said.deltas) is (danger is not Danger.VOID)


def test_arming_says_of_a_revert_what_the_revert_says(at: At) -> None:
    """One said that a draft can be reverted, as if it then could be cut again; the other that this cannot be undone."""
    passage = at("waits for SG_2")
    arm, revert = (brief(passage.installation, danger, passage.run_id) for danger in (Danger.ARM, Danger.REVERT))
    assert revert.reversal.startswith("CANNOT BE UNDONE: ")
    assert (arm.reversible, revert.reversible) == (True, False)
    assert arm.reversal.startswith("disarm ends it at once. ")
    assert arm.reversal.endswith(str(revert.reversal))


@pytest.mark.parametrize(
    ("danger", "stage", "check", "advice"),
    [
        (Danger.ENACT, "waits for SG_2", "SG_2", "approval draft"),
        (Danger.ENACT, "waits for SG_1", "legal move", "arm"),
        (Danger.VOID, "waits for SG_2", "legal move", "approval draft"),
    ],
)
def test_what_stands_in_the_way_is_named_with_a_command_for_this_run(
    at: At, danger: RunDanger, stage: str, check: str, advice: str
) -> None:
    passage = at(stage)
    found = next(one for one in brief(passage.installation, danger, passage.run_id).open_checks if one.name == check)
    assert found.outcome is Outcome.FAIL
    assert f"cutter-console {advice} {passage.run_id}" in found.next_action


def test_the_release_of_a_hold_is_briefed_only_where_there_is_one(at: At) -> None:
    passage = at("fresh")
    (check,) = brief(passage.installation, Danger.RELEASE_HOLD, "").open_checks
    assert check.name == "HOLD"
    passage.backend.panic("a test")
    said = brief(passage.installation, Danger.RELEASE_HOLD, "")
    assert said.open_checks == ()
    assert "panic key" in said.reversal

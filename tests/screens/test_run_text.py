"""What is said of a run when a step has ended."""

import pytest

from console.backend.model.amendment import AmendmentCounts
from console.backend.model.states import Family, Mode, RunState, Stage
from console.backend.model.view_models import SwitchState, SwitchView
from console.screens.overview_text import run_line
from console.screens.run_text import RunRows, came_to, head, how_it_ended, written
from console.widgets.line import plain
from console.widgets.narrowing import Needle
from tests.support.fakes import NOW, RUN_ID, FakeBackend, summary

ACTIVE = {
    (
        Stage.AWAITING_CUT_AUTHORIZATION,
        Mode.LIVE,
    ): "7 units of BDSG-2018 planned. Next: SG_1, the ruling to cut (3, then s).",
    (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, Mode.LIVE): (
        "7 units of BDSG-2018 written as drafts and verified. Next: SG_2, the ruling to enact (3, then s)."
    ),
    (Stage.CLOSEOUT_REPORTED, Mode.LIVE): "7 units of BDSG-2018 are law.",
    (Stage.CLOSEOUT_REPORTED, Mode.DRYRUN): (
        "The dry run of BDSG-2018 passed: 7 units planned, nothing written. Next: the LIVE run (2, then L)."
    ),
    (Stage.CUT_LEG_A_COMMITTED, Mode.LIVE): "R has come as far as cut_leg_a_committed.",
}


@pytest.mark.parametrize(("at", "said"), ACTIVE.items(), ids=lambda value: str(value)[:40])
def test_a_step_ends_in_a_sentence_and_a_pause_names_the_next_one(at: tuple[Stage, Mode], said: str) -> None:
    stage, mode = at
    assert came_to(FakeBackend()._run_view(RunState(stage=stage), mode, "R")) == said


AMENDMENT = AmendmentCounts(unchanged=4, changed=1, new=1, gone=1)


@pytest.mark.parametrize(("at", "said"), ACTIVE.items(), ids=lambda value: str(value)[:40])
def test_a_step_of_an_amendment_counts_its_changes(at: tuple[Stage, Mode], said: str) -> None:
    stage, mode = at
    run = FakeBackend()._run_view(RunState(stage=stage), mode, "R").model_copy(update={"amendment": AMENDMENT})
    assert came_to(run) == (said if mode is Mode.DRYRUN else said.replace("7 units", "3 changes"))


def test_the_dry_run_of_a_repeal_names_the_key_of_a_repeal() -> None:
    run = FakeBackend()._run_view(RunState(stage=Stage.CLOSEOUT_REPORTED), Mode.DRYRUN, "R")
    repeal = run.model_copy(update={"amendment": AmendmentCounts(unchanged=0, changed=0, new=0, gone=7)})

    assert came_to(repeal).endswith("nothing written. Next: the LIVE run (2, then R).")
    assert came_to(repeal).startswith("The dry run of the repeal of BDSG-2018 passed: 7 units to go out of force,")


def test_the_head_of_an_amendment_says_what_it_does_to_the_law() -> None:
    run = FakeBackend()._run_view(RunState(stage=Stage.AWAITING_CUT_AUTHORIZATION), Mode.LIVE, "R")
    lines = head(run.model_copy(update={"amendment": AMENDMENT}), run.started_at, (), None)
    assert "amends what is law: 4 unchanged, 1 changed, 1 new, 1 gone" in [plain(shown) for shown in lines]
    assert not any("amends" in plain(shown) for shown in head(run, run.started_at, (), None))


@pytest.mark.parametrize(
    ("family", "reason", "words"),
    [
        (Family.STOPPED, "panic", "R is stopped: panic."),
        (Family.STOPPED, "not_in_this_database", "R is stopped: not in this database."),
        (Family.FAILED, "write_verify", "R failed in write_verify."),
        (Family.VOIDED, "replaced", "R is voided: replaced."),
        (Family.REVERTED, "", "R was reverted: its drafts are taken back."),
    ],
)
def test_a_run_that_left_its_way_at_a_pause_is_not_told_to_go_on(family: Family, reason: str, words: str) -> None:
    """In a sentence, and not by the name of the state alone."""
    state = RunState(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION, family=family, reason=reason)
    assert came_to(FakeBackend()._run_view(state, Mode.LIVE, "R")) == words


def test_what_became_of_a_run_stands_whole_in_its_row_of_80_columns_and_is_found_there() -> None:
    """Of a dry run, an edit and a text that was law for a year it was `closeout_reported`."""
    for words in ("dry run passed", "law since 2026-02-01", "was law until 2026-06-01", "reverted 2026-02-01"):
        run = summary("closeout_reported").model_copy(update={"became": words})
        (row,) = RunRows().rows((run,), {}, "", NOW, in_full=False)
        assert plain(row.line).endswith(f" {words}")
        assert len(plain(row.line)) <= 76
        (broad,) = RunRows().rows((run,), {}, "", NOW, in_full=True)
        assert f"  {words}  " in plain(broad.line)
        for found_by in (f"state:{words.split()[0]}", "state:closeout_reported"):
            assert Needle.of(found_by, frozenset({"state"})).takes(row), found_by
        assert plain(run_line(run)).endswith(f" {words}")
        view = FakeBackend().run(RUN_ID).model_copy(update={"became": words})
        assert plain(head(view, NOW, (), None)[0]).endswith(f"state {words}")


def test_the_longest_words_for_a_closed_run_have_room_in_the_list() -> None:
    words = "was repealed until 2026-12-31 23:00 UTC"
    run = summary("closeout_reported").model_copy(update={"became": words})
    (broad,) = RunRows().rows((run,), {}, "", NOW, in_full=True)
    assert f"  {words}  " in plain(broad.line)


def test_a_ruled_moment_has_room_in_a_row_of_80_columns() -> None:
    run = summary("closeout_reported").model_copy(update={"became": "law from 2026-12-31 23:00 UTC"})
    (row,) = RunRows().rows((run,), {}, "", NOW, in_full=False)
    assert plain(row.line).endswith(" law from 2026-12-31 23:00")
    assert len(plain(row.line)) <= 76


def test_a_run_that_was_interrupted_is_not_said_to_be_law() -> None:
    view = FakeBackend(interrupted=True)._run_view(RunState(stage=Stage.CLOSEOUT_REPORTED), Mode.LIVE, RUN_ID)

    assert view.interruption is not None
    assert came_to(view).startswith(f"{RUN_ID} was interrupted in {view.interruption.what}: ")


def test_a_single_change_is_law() -> None:
    run = FakeBackend()._run_view(RunState(stage=Stage.CLOSEOUT_REPORTED), Mode.LIVE, "R")
    alone = AMENDMENT.model_copy(update={"new": 0, "gone": 0})
    assert came_to(run.model_copy(update={"amendment": alone})) == "1 change of BDSG-2018 is law."


LATER = "law from 2027-01-01"


@pytest.mark.parametrize(
    ("became", "told", "told_before"),
    [
        (LATER, f"7 units of BDSG-2018 are enacted: {LATER}.", f"7 units of BDSG-2018 were enacted before: {LATER}."),
        (
            "was law until 2026-06-01",
            "7 units of BDSG-2018 are enacted: was law until 2026-06-01.",
            "7 units of BDSG-2018 were enacted before: was law until 2026-06-01.",
        ),
        ("enacted", "7 units of BDSG-2018 are enacted.", "7 units of BDSG-2018 were enacted before."),
        (
            "law since 2026-02-01",
            "7 units of BDSG-2018 are law.",
            "7 units of BDSG-2018 were enacted before, and are law.",
        ),
        (
            "law since 2026-02-01, to be closed",
            "7 units of BDSG-2018 are law.",
            "7 units of BDSG-2018 were enacted before, and are law.",
        ),
    ],
)
def test_what_counts_later_or_no_more_is_not_said_to_be_law(became: str, told: str, told_before: str) -> None:
    run = FakeBackend()._run_view(RunState(stage=Stage.CLOSEOUT_REPORTED), Mode.LIVE, "R")
    run = run.model_copy(update={"became": became})
    assert came_to(run) == told
    assert written(run) == told_before


@pytest.mark.parametrize(
    ("became", "told"),
    [
        ("repealed since 2026-02-01", "BDSG-2018 is repealed: 7 units went out of force."),
        ("repealed from 2027-01-01", "The repeal of 7 units of BDSG-2018 is enacted: repealed from 2027-01-01."),
        ("repeal enacted", "The repeal of 7 units of BDSG-2018 is enacted."),
    ],
)
def test_a_repeal_that_begins_later_has_put_nothing_out_of_force(became: str, told: str) -> None:
    run = FakeBackend()._run_view(RunState(stage=Stage.CLOSEOUT_REPORTED), Mode.LIVE, "R")
    repeal = run.model_copy(
        update={"became": became, "amendment": AmendmentCounts(unchanged=0, changed=0, new=0, gone=7)}
    )
    assert repeal.is_repeal
    assert came_to(repeal) == told
    before = written(repeal)
    assert ("out of force" in before) == ("since" in became)
    assert (became in before) == (became == "repealed from 2027-01-01")


def test_a_new_text_that_begins_later_is_not_said_to_be_law() -> None:
    run = FakeBackend()._run_view(RunState(stage=Stage.CLOSEOUT_REPORTED), Mode.LIVE, "R")
    untouched = AmendmentCounts(unchanged=7, changed=0, new=0, gone=0)
    run = run.model_copy(update={"became": LATER, "amendment": untouched})
    assert came_to(run) == f"The new text of BDSG-2018 is enacted: {LATER}; none of its 7 units has changed."


def test_a_reverted_amendment_leaves_the_law_and_says_so() -> None:
    state = RunState(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION, family=Family.REVERTED)
    run = FakeBackend()._run_view(state, Mode.LIVE, "R")
    assert "The addresses stay in use." in plain(how_it_ended(run)[1])
    assert "The law is as it was" in plain(how_it_ended(run.model_copy(update={"amendment": AMENDMENT}))[1])


def test_under_a_hold_the_head_says_that_no_unit_is_written_where_a_move_is_shown() -> None:
    def words(stage: Stage, state: SwitchState) -> str:
        run = FakeBackend()._run_view(RunState(stage=stage), Mode.LIVE, RUN_ID)
        return "\n".join(plain(shown) for shown in head(run, run.started_at, (), SwitchView(state=state)))

    hold = "HOLD: no unit is written before its release: h"
    assert hold in words(Stage.AWAITING_LIFECYCLE_AUTHORIZATION, SwitchState.HOLD)
    assert hold not in words(Stage.AWAITING_LIFECYCLE_AUTHORIZATION, SwitchState.OFF)
    assert hold not in words(Stage.CLOSEOUT_REPORTED, SwitchState.HOLD)

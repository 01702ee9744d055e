"""The server that the next step of a run is bound to, beside the one at hand; and the moves that are left elsewhere."""

import pytest

from console.backend.model.errors import Drifted, StopCode
from console.backend.model.plan_binding import Target
from console.backend.model.purposes import Purpose
from console.backend.model.states import Mode, Move, RunState, Stage
from console.backend.postgres.places import PlaceRow
from console.backend.runs.approval_workflow import said_elsewhere
from console.backend.runs.binding import displacement, enactment_target
from console.backend.runs.moves import RunFacts, moves_of, require_move

PLANNED = Target(host="db01", database="law", system_identifier="7", timeline=1)
RUN = "ictr-20260101T000000Z-00000001"


def at(
    timeline: int, verified: int | None = None, *, system: str = "7", on: str = "7", standby: bool = False
) -> PlaceRow:
    """A server of the planned database on this timeline, and the one on which the drafts were verified."""
    return PlaceRow("law", system, timeline, standby, on if verified else None, verified)


def moves(stage: Stage, place: PlaceRow, *, edit: bool = False, in_batch: bool = False) -> tuple[Move, ...]:
    """The moves of a LIVE run there."""
    displaced = displacement(stage, PLANNED, place)
    state = RunState(stage=stage)
    return moves_of(RunFacts(state=state, mode=Mode.LIVE, is_edit=edit, is_in_batch=in_batch, displaced=displaced))


@pytest.mark.parametrize("stage", list(Stage))
def test_on_the_server_that_it_is_bound_to_nothing_is_displaced(stage: Stage) -> None:
    assert displacement(stage, PLANNED, at(1, 1)) is None


def test_on_a_later_timeline_the_drafts_are_verified_again_first() -> None:
    waiting = Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert moves(waiting, at(2, 1)) == (Move.VERIFY, Move.REVERT)
    # Verified there it goes on, whatever the plan was bound to; after the next promotion it does not.
    assert moves(waiting, at(2, 2)) == (Move.IMPORT_SG_2, Move.ENACT, Move.REVERT)
    assert moves(waiting, at(3, 2)) == (Move.VERIFY, Move.REVERT)


def test_on_a_later_timeline_a_plan_is_made_again() -> None:
    waiting = Stage.AWAITING_CUT_AUTHORIZATION
    assert moves(waiting, at(2)) == (Move.REPLAN, Move.VOID)
    # A plan of edits is over drafts, and that of a member is part of the batch's.
    assert moves(waiting, at(2), edit=True) == (Move.VOID,)
    assert moves(waiting, at(2), in_batch=True) == (Move.VOID,)
    assert moves(Stage.MARKED, at(2)) == (Move.CONTINUE, Move.VOID)


def test_the_rest_of_a_cut_is_not_written_on_a_later_timeline() -> None:
    assert moves(Stage.CUT_LEG_A_COMMITTED, at(2)) == (Move.CONTINUE, Move.REVERT)
    assert moves(Stage.STRUCTURAL_VERIFIED, at(2)) == (Move.REVERT,)
    assert moves(Stage.LEG_B_RECORDED, at(2)) == (Move.CONTINUE, Move.REVERT)
    assert moves(Stage.LIFECYCLE_ENACTED, at(2)) == (Move.CONTINUE,)


def test_another_database_is_left_alone() -> None:
    assert moves(Stage.AWAITING_CUT_AUTHORIZATION, at(1, system="8")) == (Move.VOID,)
    assert moves(Stage.AWAITING_LIFECYCLE_AUTHORIZATION, at(1, 1, system="8")) == (Move.REVERT,)


@pytest.mark.parametrize("stage", [Stage.AWAITING_CUT_AUTHORIZATION, Stage.AWAITING_LIFECYCLE_AUTHORIZATION])
def test_a_standby_takes_no_step(stage: Stage) -> None:
    assert moves(stage, at(1, 1, standby=True)) == (Move.REPORT,)


def test_a_refused_move_names_the_two_servers_and_the_one_that_goes_on() -> None:
    state = RunState(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION)
    displaced = displacement(state.stage, PLANNED, at(2, 1))
    with pytest.raises(Drifted, match="verified on server 7, timeline 1; this is server 7, timeline 2") as refused:
        require_move(Move.ENACT, RunFacts(state=state, mode=Mode.LIVE, displaced=displaced), RUN)
    assert (refused.value.code, refused.value.next_action) == (
        StopCode.IDENTITY_MISMATCH,
        f"cutter-console verify {RUN}",
    )


def test_an_enactment_is_bound_to_the_server_that_verified() -> None:
    assert enactment_target(PLANNED, at(1, 1), "db02") == PLANNED
    assert enactment_target(PLANNED, at(2, 2), "db02") == PLANNED.model_copy(update={"host": "db02", "timeline": 2})
    # Another system identifier is another database: the plan's stays the one that is compared.
    assert enactment_target(PLANNED, at(2, 2, on="8"), "db02") == PLANNED


def test_a_statement_for_the_old_timeline_names_what_goes_before_another_one() -> None:
    assert said_elsewhere(PLANNED, RUN, Purpose.CUT, at(1)) == ("", "")
    words, action = said_elsewhere(PLANNED, RUN, Purpose.CUT, at(2))
    assert words == "it is for law on server 7, timeline 1; this is law on server 7, timeline 2"
    assert action.endswith(f"cutter-console run replan {RUN}")
    assert f"cutter-console run void {RUN}" in said_elsewhere(PLANNED, RUN, Purpose.CUT, at(2), in_batch=True)[1]
    assert f"cutter-console verify {RUN}" in said_elsewhere(PLANNED, RUN, Purpose.ENACT, at(2, 1))[1]
    assert "another database" in said_elsewhere(PLANNED, RUN, Purpose.ENACT, at(1, 1, system="8"))[1]

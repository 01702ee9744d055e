"""Every state has a legal way out, and every walk along legal moves comes to an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from console.backend.model.errors import CutterError, Drifted, Held, Refused, StopCode, Unmeasured, UsageError, Waiting
from console.backend.model.states import (
    PHASE_TO,
    Family,
    Mode,
    Move,
    Phase,
    RunState,
    Stage,
    is_over,
    legal_moves,
    next_phase,
)
from console.backend.runs.failures import family_after
from console.backend.runs.moves import RunFacts, command_of, moves_of, require_move

_REASONED = {Family.FAILED, Family.STOPPED, Family.VOIDED}
_CUT = tuple(Stage)[tuple(Stage).index(Stage.CUT_LEG_A_COMMITTED) :]
_DRAFT = _CUT[:5]
_BEFORE_CUT = tuple(Stage)[: tuple(Stage).index(Stage.CUT_LEG_A_COMMITTED)]


def _state(stage: Stage, family: Family) -> RunState:
    return RunState(stage=stage, family=family, reason="a_reason" if family in _REASONED else "")


STATES = [
    _state(stage, family)
    for stage in Stage
    for family in Family
    if not (family is Family.REVERTED and stage not in _DRAFT) and not (family is Family.VOIDED and stage in _CUT)
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: f"{state.stage}-{state.family}")
def test_a_run_is_over_where_nothing_but_a_report_or_the_way_back_is_left(state: RunState) -> None:
    """Whatever may still be gone on with, or closed, is not over: lists and the Overview go by that."""
    onward = {Move.CONTINUE, Move.ARM, Move.IMPORT_SG_1, Move.IMPORT_SG_2, Move.ENACT}
    assert is_over(state) == (not onward & set(legal_moves(state, Mode.LIVE)))


ENDS = (Family.VOIDED, Family.REVERTED)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("state", STATES, ids=lambda state: f"{state.stage}-{state.family}")
def test_every_state_of_every_family_has_a_legal_exit(state: RunState, mode: Mode) -> None:
    """`mark_verified` and `cut_failed` had no way out."""
    moves = legal_moves(state, mode)
    assert moves
    at_rest = state.stage is Stage.CLOSEOUT_REPORTED or state.family in ENDS
    if not at_rest:
        assert set(moves) - {Move.REPORT}


def after(state: RunState, move: Move) -> RunState:
    """Where a move leads when it succeeds."""
    match move:
        case Move.CONTINUE | Move.ARM | Move.ENACT:
            phase = next_phase(state.stage)
            return state if phase is None else RunState(stage=PHASE_TO[phase][-1])
        case Move.REVERT:
            return RunState(stage=state.stage, family=Family.REVERTED)
        case Move.VOID:
            return RunState(stage=state.stage, family=Family.VOIDED, reason="by_hand")
        case (
            Move.SETTLE
            | Move.REPLAN
            | Move.VERIFY
            | Move.IMPORT_SG_1
            | Move.IMPORT_SG_2
            | Move.TAKE_OVER
            | Move.REPORT
            | Move.EDIT
            | Move.APPLY
        ):
            return state


@given(st.sampled_from(STATES), st.sampled_from(list(Mode)), st.data())
def test_any_walk_of_legal_moves_ends_and_no_cut_run_is_ever_voided(
    start: RunState, mode: Mode, data: st.DataObject
) -> None:
    """Neither roll back nor complete nor start; here every walk of effective moves comes to an end."""
    state, has_cut = start, start.stage in _CUT and mode is Mode.LIVE
    for _ in range(len(Stage) + 1):
        effective = [move for move in legal_moves(state, mode) if after(state, move) != state]
        if not effective:
            break
        move = data.draw(st.sampled_from(effective))
        assert not (has_cut and move is Move.VOID)
        state = after(state, move)
        has_cut = has_cut or (state.stage in _CUT and mode is Mode.LIVE)
    assert not [move for move in legal_moves(state, mode) if after(state, move) != state]


@pytest.mark.parametrize("stage", Stage)
def test_all_fourteen_stages_are_reached_by_phases(stage: Stage) -> None:
    reached = {Stage.CREATED, *(to for stages in PHASE_TO.values() for to in stages)}
    assert stage in reached


@pytest.mark.parametrize("stage", _DRAFT)
def test_a_failed_draft_is_reverted_and_a_failed_law_is_not(stage: Stage) -> None:
    assert legal_moves(_state(stage, Family.FAILED), Mode.LIVE) == (Move.REVERT, Move.REPORT)
    for law in (Stage.LIFECYCLE_ENACTED, Stage.CLOSEOUT_REPORTED):
        assert Move.REVERT not in legal_moves(_state(law, Family.FAILED), Mode.LIVE)


def test_a_dry_run_offers_nothing_that_writes() -> None:
    offered = {move for state in STATES if state.family is Family.ACTIVE for move in legal_moves(state, Mode.DRYRUN)}
    assert offered == {Move.CONTINUE, Move.VOID, Move.REPORT}


def test_an_armed_run_goes_on_and_an_unarmed_one_is_armed_first() -> None:
    facts = RunFacts(state=_state(Stage.AWAITING_CUT_AUTHORIZATION, Family.ACTIVE), mode=Mode.LIVE)
    armed = moves_of(facts.model_copy(update={"is_armed": True}))
    assert (armed[0], Move.ARM in armed) == (Move.CONTINUE, False)
    assert (moves_of(facts)[0], Move.CONTINUE in moves_of(facts)) == (Move.ARM, False)


FACTS = st.builds(
    RunFacts,
    state=st.sampled_from(STATES),
    mode=st.sampled_from(list(Mode)),
    is_edit=st.booleans(),
    is_armed=st.booleans(),
    is_known=st.booleans(),
    has_plan=st.booleans(),
    has_journal=st.booleans(),
    is_unsettled=st.booleans(),
)


@given(FACTS)
def test_whatever_is_missing_a_run_that_is_not_over_has_a_move_that_gets_it_on(facts: RunFacts) -> None:
    """A missing plan, journal, row or directory locks no run; only a law whose journal is gone can but be reported."""
    moves = moves_of(facts)
    law_without_journal = facts.state.stage is Stage.LIFECYCLE_ENACTED and not facts.has_journal
    edit_in_the_passage = facts.is_edit and facts.state.stage not in _BEFORE_CUT
    is_over = facts.state.family in ENDS or facts.state.stage is Stage.CLOSEOUT_REPORTED
    if not (is_over or law_without_journal or edit_in_the_passage):
        assert set(moves) - {Move.REPORT}, facts


@given(FACTS)
def test_what_is_not_known_yet_is_asked_again_and_nothing_else_is_offered(facts: RunFacts) -> None:
    moves = moves_of(facts)
    assert (moves == (Move.SETTLE,)) is facts.is_unsettled
    assert (Move.SETTLE in moves) is facts.is_unsettled


@given(FACTS, st.sampled_from(list(Move)))
def test_exactly_the_moves_that_are_shown_are_accepted(facts: RunFacts, move: Move) -> None:
    if move in moves_of(facts):
        require_move(move, facts, "ictr-1")
        return
    with pytest.raises(Refused) as refused:
        require_move(move, facts, "ictr-1")
    assert command_of(moves_of(facts)[0], "ictr-1") == refused.value.next_action


@pytest.mark.parametrize("family", Family)
def test_a_state_has_a_reason_exactly_where_one_is_due(family: Family) -> None:
    wrong = "" if family in _REASONED else "a reason"
    with pytest.raises(ValidationError):
        RunState(stage=Stage.MARKED, family=family, reason=wrong)


FAMILIES: list[tuple[CutterError, Family]] = [
    (Unmeasured(StopCode.GRANT_DELTA, "m", "n"), Family.STOPPED),
    (Unmeasured(StopCode.PANIC, "m", "n"), Family.STOPPED),
    (Drifted(StopCode.DRIFT, "m", "n"), Family.STOPPED),
    (Held(StopCode.HOLD, "m", "n"), Family.STOPPED),
    (Waiting(StopCode.APPROVAL_REQUIRED, "m", "n"), Family.STOPPED),
    (Refused(StopCode.LOCKED, "m", "n"), Family.STOPPED),
    (Refused(StopCode.BACKUP_NOT_PROVEN, "m", "n"), Family.STOPPED),
    (Held(StopCode.COUNT_MISMATCH, "m", "n"), Family.FAILED),
    (Refused(StopCode.INVARIANT_FAILED, "m", "n"), Family.FAILED),
    (Refused(StopCode.REFUSED_INPUT, "m", "n"), Family.FAILED),
    (UsageError(StopCode.REFUSED_INPUT, "m", "n"), Family.FAILED),
]


@pytest.mark.parametrize(("error", "family"), FAMILIES, ids=str)
def test_what_may_come_right_stops_a_run_and_the_rest_fails_it(error: CutterError, family: Family) -> None:
    assert family_after(error, Phase.CUT_LEG_A) is family


@pytest.mark.parametrize(("error", "family"), FAMILIES, ids=str)
def test_a_closeout_is_stopped_by_whatever_it_meets_and_never_failed(error: CutterError, family: Family) -> None:
    assert family in {Family.STOPPED, Family.FAILED}
    assert family_after(error, Phase.CLOSEOUT) is Family.STOPPED

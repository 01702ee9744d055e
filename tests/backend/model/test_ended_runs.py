"""What became of a run, in words: true of the law as it is now, and the same wherever people read it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from console.backend.model.ended_runs import Standing, became, when_it_counts
from console.backend.model.purposes import RunOperation
from console.backend.model.states import ENACTED_STAGES, Family, Mode, RunState, Stage

# The day in UTC is not the one in the zone in which the database may give it.
BEGAN = datetime(2026, 2, 2, 1, 30, 7, 250_000, tzinfo=timezone(timedelta(hours=7)))
"""An enactment has fractions of a second; a moment that was ruled has none."""
RULED = datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=1)))
ENDED = datetime(2026, 6, 1, tzinfo=UTC)
CLOSED = RunState(stage=Stage.CLOSEOUT_REPORTED)


def _standing(
    since: datetime, *, until: datetime | None = None, has_begun: bool = True, has_ended: bool = False
) -> Standing:
    return Standing(since=since, until=until, has_begun=has_begun, has_ended=has_ended)


IN_FORCE = _standing(BEGAN)


@pytest.mark.parametrize(
    ("operation", "standing", "words"),
    [
        (RunOperation.CUT, IN_FORCE, "law since 2026-02-01"),
        (RunOperation.AMEND, IN_FORCE, "law since 2026-02-01"),
        (RunOperation.REPEAL, IN_FORCE, "repealed since 2026-02-01"),
        (RunOperation.CUT, _standing(BEGAN, until=ENDED), "law since 2026-02-01"),
        (RunOperation.CUT, _standing(BEGAN, has_begun=False), "law from 2026-02-01"),
        (RunOperation.REPEAL, _standing(BEGAN, has_begun=False), "repealed from 2026-02-01"),
        (RunOperation.CUT, _standing(BEGAN, until=ENDED, has_ended=True), "was law until 2026-06-01"),
        (RunOperation.REPEAL, _standing(BEGAN, until=ENDED, has_ended=True), "was repealed until 2026-06-01"),
        (RunOperation.CUT, _standing(ENDED, until=ENDED, has_ended=True), "enacted, never in force"),
        (RunOperation.CUT, _standing(RULED, has_begun=False), "law from 2026-12-31 23:00 UTC"),
        (RunOperation.AMEND, _standing(RULED), "law since 2026-12-31 23:00 UTC"),
        (RunOperation.CUT, _standing(BEGAN, until=RULED, has_ended=True), "was law until 2026-12-31 23:00 UTC"),
        (RunOperation.REPEAL, _standing(RULED, has_begun=False), "repealed from 2026-12-31 23:00 UTC"),
        (RunOperation.CUT, None, "enacted"),
        (RunOperation.REPEAL, None, "repeal enacted"),
        (RunOperation.EDIT, None, "edited 2026-02-01"),
    ],
    ids=str,
)
def test_a_closed_run_is_told_by_what_it_did_and_what_counts_of_it(
    operation: RunOperation, standing: Standing | None, words: str
) -> None:
    assert became(Mode.LIVE, CLOSED, operation, BEGAN, standing) == words
    if operation is not RunOperation.EDIT:
        enacted = RunState(stage=Stage.LIFECYCLE_ENACTED)
        assert became(Mode.LIVE, enacted, operation, BEGAN, standing) == f"{words}, to be closed"


def test_a_dry_run_is_never_said_to_be_law() -> None:
    for operation in RunOperation:
        assert became(Mode.DRYRUN, CLOSED, operation, BEGAN, IN_FORCE) == "dry run passed"
        assert became(Mode.DRYRUN, RunState(stage=Stage.LIFECYCLE_ENACTED), operation, BEGAN, IN_FORCE) == ""


def test_what_was_taken_back_is_told_so_and_what_goes_on_or_failed_has_its_state_alone() -> None:
    for stage in Stage:
        reverted = RunState(stage=stage, family=Family.REVERTED)
        assert became(Mode.LIVE, reverted, changed_at=BEGAN, standing=IN_FORCE) == "reverted 2026-02-01"
        voided = RunState(stage=stage, family=Family.VOIDED, reason="wrong_text")
        assert became(Mode.LIVE, voided, changed_at=BEGAN) == "voided: wrong_text"
        for family in (Family.FAILED, Family.STOPPED):
            assert became(Mode.LIVE, RunState(stage=stage, family=family, reason="panic"), standing=IN_FORCE) == ""
        if stage not in ENACTED_STAGES:
            assert became(Mode.LIVE, RunState(stage=stage), changed_at=BEGAN, standing=IN_FORCE) == ""


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (_standing(BEGAN), ": law since 2026-02-01"),
        (_standing(RULED, has_begun=False), ": law from 2026-12-31 23:00 UTC"),
        (_standing(BEGAN, until=ENDED, has_ended=True), ": was law until 2026-06-01"),
        (_standing(ENDED, until=ENDED, has_ended=True), ": never in force"),
        (None, ""),
    ],
    ids=str,
)
def test_from_when_or_until_when_it_counts_is_told_alone_of_a_closed_run_and_of_one_to_be_closed(
    standing: Standing | None, words: str
) -> None:
    for stage in (Stage.CLOSEOUT_REPORTED, Stage.LIFECYCLE_ENACTED):
        assert when_it_counts(became(Mode.LIVE, RunState(stage=stage), standing=standing)) == words


def test_of_a_run_of_which_nothing_was_read_it_is_not_told_when_it_counts() -> None:
    assert when_it_counts(became(Mode.LIVE, CLOSED, RunOperation.REPEAL)) == ""
    assert when_it_counts(became(Mode.LIVE, RunState(stage=Stage.MARKED))) == ""

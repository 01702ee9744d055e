"""What became of a run, in words: true of the law as it is now, and the same wherever people read it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from console.backend.model.ended_runs import Standing, became
from console.backend.model.purposes import RunOperation
from console.backend.model.states import ENACTED_STAGES, Family, Mode, RunState, Stage

# The day in UTC is not the one in the zone in which the database may give it.
BEGAN = datetime(2026, 2, 2, 1, 30, 7, 250_000, tzinfo=timezone(timedelta(hours=7)))
"""An enactment has fractions of a second; a moment that was ruled has none."""
RULED = datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=1)))
ENDED = datetime(2026, 6, 1, tzinfo=UTC)
CLOSED = RunState(stage=Stage.CLOSEOUT_REPORTED)
IN_FORCE = Standing(since=BEGAN, until=None, has_begun=True, has_ended=False)


@pytest.mark.parametrize(
    ("operation", "standing", "words"),
    [
        (RunOperation.CUT, IN_FORCE, "law since 2026-02-01"),
        (RunOperation.AMEND, IN_FORCE, "law since 2026-02-01"),
        (RunOperation.REPEAL, IN_FORCE, "repealed since 2026-02-01"),
        (RunOperation.CUT, Standing(since=BEGAN, until=ENDED, has_begun=True, has_ended=False), "law since 2026-02-01"),
        (RunOperation.CUT, Standing(since=BEGAN, until=None, has_begun=False, has_ended=False), "law from 2026-02-01"),
        (
            RunOperation.REPEAL,
            Standing(since=BEGAN, until=None, has_begun=False, has_ended=False),
            "repealed from 2026-02-01",
        ),
        (
            RunOperation.CUT,
            Standing(since=BEGAN, until=ENDED, has_begun=True, has_ended=True),
            "was law until 2026-06-01",
        ),
        (
            RunOperation.REPEAL,
            Standing(since=BEGAN, until=ENDED, has_begun=True, has_ended=True),
            "was repealed until 2026-06-01",
        ),
        (
            RunOperation.CUT,
            Standing(since=ENDED, until=ENDED, has_begun=True, has_ended=True),
            "enacted, never in force",
        ),
        (
            RunOperation.CUT,
            Standing(since=RULED, until=None, has_begun=False, has_ended=False),
            "law from 2026-12-31 23:00 UTC",
        ),
        (
            RunOperation.AMEND,
            Standing(since=RULED, until=None, has_begun=True, has_ended=False),
            "law since 2026-12-31 23:00 UTC",
        ),
        (
            RunOperation.CUT,
            Standing(since=BEGAN, until=RULED, has_begun=True, has_ended=True),
            "was law until 2026-12-31 23:00 UTC",
        ),
        (
            RunOperation.REPEAL,
            Standing(since=RULED, until=None, has_begun=False, has_ended=False),
            "repealed from 2026-12-31 23:00 UTC",
        ),
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

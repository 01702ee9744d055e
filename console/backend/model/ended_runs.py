"""Words for what became of a run that has ended: the same ones in each list, on each screen and in each answer."""

from datetime import UTC, datetime, time
from typing import Self

from console.backend.model.purposes import RunOperation
from console.backend.model.states import ENACTED_STAGES, Family, Mode, RunState, Stage
from console.backend.model.value import Value

_CLOSED = RunState(stage=Stage.CLOSEOUT_REPORTED)
_TO_BE_CLOSED = ", to be closed"
_ENACTED, _REPEAL_ENACTED = "enacted", "repeal enacted"
"""Words for runs of which was not read what counts."""
_BEFORE_WHEN = f"{_ENACTED}, "


class Standing(Value):
    """From when to when counts what a run has enacted, by the database's clock."""

    since: datetime
    until: datetime | None
    """Beginning of the next state of the document; None if there is none."""
    has_begun: bool
    has_ended: bool

    @classmethod
    def at(cls, now: datetime, since: datetime, until: datetime | None) -> Self:
        """Return how what counts from `since` until `until` stands at the moment `now`."""
        return cls(since=since, until=until, has_begun=since <= now, has_ended=until is not None and until <= now)


def became(
    mode: Mode,
    state: RunState,
    operation: RunOperation = RunOperation.CUT,
    changed_at: datetime | None = None,
    standing: Standing | None = None,
) -> str:
    """Return what became of the run; empty while nothing has, and of one that failed or was stopped, whose state says so.

    `changed_at` is the time of its last step.
    """
    words = ""
    if state.family is Family.VOIDED:
        words = f"voided: {state.reason}"
    elif state.family is Family.REVERTED:
        words = f"reverted{_day(changed_at)}"
    elif state == _CLOSED and (mode is Mode.DRYRUN or operation is RunOperation.EDIT):
        words = "dry run passed" if mode is Mode.DRYRUN else f"edited{_day(changed_at)}"
    elif state.family is Family.ACTIVE and state.stage in ENACTED_STAGES and mode is Mode.LIVE:
        words = _of_law(operation, standing) + ("" if state == _CLOSED else _TO_BE_CLOSED)
    return words


def counts_now(words: str) -> bool:
    """Return whether these words for what became of a run say that what it has enacted counts now."""
    return words.startswith(("law since", "repealed since"))


def when_it_counts(words: str) -> str:
    """Return from when or until when counts what these words for a run tell of, behind a colon; empty if it was not read."""
    when = words.removesuffix(_TO_BE_CLOSED).removeprefix(_BEFORE_WHEN)
    return "" if when in {"", _ENACTED, _REPEAL_ENACTED} else f": {when}"


def _of_law(operation: RunOperation, standing: Standing | None) -> str:
    word = "repealed" if operation is RunOperation.REPEAL else "law"
    if standing is None:  # What counts was not read, so that it is not said to be law.
        return _REPEAL_ENACTED if operation is RunOperation.REPEAL else _ENACTED
    if standing.until is not None and standing.until <= standing.since:
        return f"{_BEFORE_WHEN}never in force"
    if standing.has_ended:
        return f"was {word} until{_moment(standing.until)}"
    return f"{word} {'since' if standing.has_begun else 'from'}{_moment(standing.since)}"


def _moment(moment: datetime | None) -> str:
    """Return the day in UTC; of a ruled moment, which is a whole second, the minute too: its day may differ in its zone."""
    if moment is None or moment.microsecond or moment.astimezone(UTC).time() == time():
        return _day(moment)
    return f" {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _day(moment: datetime | None) -> str:
    return f" {moment.astimezone(UTC):%Y-%m-%d}" if moment is not None else ""

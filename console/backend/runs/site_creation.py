"""A trial of what a run writes at the organisation, before its ruling is asked for and before it is spent: units and governance rows."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from psycopg import IsolationLevel

from console.backend.host.site_files import kept_mapping
from console.backend.model.counting import counted
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Check, Outcome
from console.backend.model.planned_units import PlannedUnits, UnitFields
from console.backend.model.purposes import RunOperation
from console.backend.model.written_plan import as_written, kept_bytes
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.ledger import manifest_digest
from console.backend.postgres.site_creation_trial import (
    CreationTrial,
    TriedRun,
    TriedUnit,
    can_try_units,
    limit_trial,
    try_units,
)
from console.backend.postgres.site_gateway import tied_mapping
from console.backend.runs.kill_switch import hold_in_file, require_no_hold
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.phase_watch import watched
from console.backend.runs.sources import canonical_bytes

NAME = "units tried there"
ROWS = "governance rows tried there"
OTHERS = "other documents tried there"
_SOURCE = "fn_site_try_units, as the executor"
_OWNER = "Ask the owner of the function and of the tables to let such units in, or change the text; then plan it again."
_OWNER_OF_ROWS = (
    "Ask the owner of the table to let such rows in, or correct [governance] in the site mapping"
    " (see: cutter-console adopt check); then plan it again."
)
_TIE = "Have an administrator run what this prints: cutter-console adopt apply"
_WHOLE = 50
"""Most units of a plan that is tried as a whole at once; of a longer one a sample is tried first."""
_NAMED = 3
"""Documents that a sentence about several names."""
_MORE_TRIES = 2
_AGAIN = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
)
_LOCK_S = 2.0
"""Seconds that a trial waits for a lock of somebody else's: meanwhile others wait for those that it holds itself."""
_LEAST_S = 0.05
"""Seconds with which no trial is begun, nor is one that the server ended by its limit taken for one that somebody cancelled."""


class Limit(NamedTuple):
    """Seconds that a trial may take with all that it has to repeat, and the next action once they are over."""

    seconds: float
    next_action: str

    @property
    def words(self) -> str:
        """Return the seconds as a sentence has them."""
        return f"{round(self.seconds, 1):g} s"


class TrialOver(Unmeasured):
    """The limit of a trial is over; of what was tried nothing is known, or that a part of it was refused."""

    def __init__(self, message: str, next_action: str, known: str) -> None:
        super().__init__(StopCode.PANIC, f"{message}{known}", next_action)
        self.known = known


def phase_limit(context: PhaseContext) -> Limit:
    """Return the limit of a statement of a phase, for a trial that is made once."""
    minutes = context.installation.settings.statement_minutes
    action = f"Find out what takes so long there, or raise `statement_minutes` ({minutes}); then do the same again."
    return Limit(context.installation.settings.statement_limit_s, action)


def has_trial(context: PhaseContext) -> bool:
    """Return whether the run cuts through an organisation's function, so that its units can be tried there."""
    return context.request.operation is RunOperation.CUT and kept_mapping(context.installation).mapping is not None


def tried_there(context: PhaseContext, limit: Limit) -> tuple[Check, ...]:
    """Try units of a cut, and the governance rows of its leg B, as the executor, and take them back; nothing without a site mapping.

    Raises CutterError if they could not be tried, Unmeasured if the limit is over or somebody holds a lock there: what is
    not known must not be signed. A HOLD file ends it.
    """
    if not has_trial(context):
        return ()
    with _trying(context, limit) as trials:
        return _not_tied(context) if trials is None else _judged(context, _Text(context), trials)


def others_tried_there(contexts: Sequence[PhaseContext], limit: Limit) -> tuple[Check, ...]:
    """Try these documents of a batch as `tried_there` does, each alone; nothing without a site mapping.

    One limit holds for all of them. Who could not be tried within it is named, and stops nothing: its units were
    tried in its own run. Raises CutterError for what says nothing of any document, and for one of which a part was
    refused when the limit ended the trial of the whole.
    """
    waiting = [context for context in contexts if has_trial(context)]
    if not waiting:
        return ()
    refused: list[tuple[PhaseContext, Check]] = []
    untried: list[PhaseContext] = []
    # Of no seconds a session would make no limit at all.
    if limit.seconds < _LEAST_S:
        return (_of_others(waiting[0], len(waiting), refused, waiting, limit),)
    with _trying(waiting[0], limit) as trials:
        if trials is None:
            return _not_tied(waiting[0])
        for number, context in enumerate(waiting):
            try:
                checks = _judged(context, _Text(context), trials)
            except TrialOver as over:
                # Behind a refusal of another document it is no matter any more: that one stops the batch.
                if over.known and not refused:
                    raise Unmeasured(
                        over.code, f"{context.request.docprefix}: {over.message}", over.next_action
                    ) from over
                untried = waiting[number:]
                break
            refused += [(context, check) for check in checks if check.outcome is not Outcome.PASS]
    return (_of_others(waiting[0], len(waiting), refused, untried, limit),)


def _of_others(
    context: PhaseContext,
    number: int,
    refused: list[tuple[PhaseContext, Check]],
    untried: list[PhaseContext],
    limit: Limit,
) -> Check:
    """Judge the trial of so many documents: a refusal stops, a document that was not reached is named."""
    if refused:
        named = (f"{of.request.docprefix}: {check.name}: {check.detail}" for of, check in refused[:_NAMED])
        words = f"{counted(len(refused), 'refusal')}: {'; '.join(named)}"
        return context.check(OTHERS, words, _SOURCE, good=False, next_action=refused[0][1].next_action)
    if untried:
        names = ", ".join(left.request.docprefix for left in untried[:_NAMED])
        more = f" and {len(untried) - _NAMED} more" if len(untried) > _NAMED else ""
        words = f"not tried again within {limit.words}: {names}{more}; each was in its own run. Tried: {number - len(untried)}"
        check = context.check(OTHERS, words, _SOURCE, good=False, next_action=limit.next_action)
        return check.model_copy(update={"outcome": Outcome.PARTIAL})
    return context.passed(OTHERS, f"{counted(number, 'document')} more, each alone, with its units and rows", _SOURCE)


@contextmanager
def _trying(context: PhaseContext, limit: Limit) -> Iterator["_Trials | None"]:
    """Open a session for trials; None if the script that was run cannot try what this host's mapping says."""
    kept = kept_mapping(context.installation)
    executor = context.installation.settings.database.executor
    governed = kept.mapping is not None and kept.mapping.governance is not None
    with (
        connect(executor, timeout_s=limit.seconds, purpose="trial") as connection,
        watched(context.installation, connection, executor, context.report),
    ):
        trials = _Trials(context, connection, limit, governed=governed)
        # The first trial goes on in this transaction.
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with Asking(connection) as asking:
            tied, can_try = asking.ask(tied_mapping), asking.ask(can_try_units)
        yield trials if tied.value == kept.sha256 and can_try.value else None


def _not_tied(context: PhaseContext) -> tuple[Check, ...]:
    detail = "the script that was run is for another mapping, or cannot try units with their governance rows"
    return (context.check(NAME, detail, _SOURCE, good=False, next_action=_TIE),)


class _Text:
    """The units of a plan with their texts, as a cut writes them."""

    def __init__(self, context: PhaseContext) -> None:
        document = context.workspace.plan().document
        canonical = canonical_bytes(context.installation, context.request, context.workspace.source())
        self._bytes = kept_bytes(canonical, document.dropped)
        written = as_written(document).units
        self.units = tuple(PlannedUnits.of(written).fields())
        self._ordinals = {unit.address: number for number, unit in enumerate(self.units, 1)}
        self.run = TriedRun(context.run_id, manifest_digest(written))

    def tried(self, units: Sequence[UnitFields]) -> tuple[TriedUnit, ...]:
        """Return these units with their texts."""
        return tuple(
            TriedUnit(
                unit.address,
                unit.title,
                self._bytes[unit.byte_start : unit.byte_end].decode(),
                unit.unit_kind,
                unit.section_type,
                unit.parent,
                self._ordinals[unit.address],
            )
            for unit in units
        )


def _judged(context: PhaseContext, text: _Text, trials: "_Trials") -> tuple[Check, ...]:
    units = text.units if len(text.units) <= _WHOLE else sample(text.units)
    trial = trials.tried(text.tried(units), text.run)
    if trial.refused and len(units) < len(text.units):
        # What a part of a text is refused for may hold of the whole: that decides.
        units = text.units
        trial = trials.tried(text.tried(units), text.run, f"; a part of them was refused: {_refusal(trial)}")
    if trial.refused and not trial.part:
        return (context.check(NAME, _refusal(trial), _SOURCE, good=False, next_action=_OWNER),)
    of_all = "" if len(units) == len(text.units) else f" of {len(text.units)}"
    answer = f"{counted(len(units), 'unit')}{of_all} made by the organisation's function, read back, and taken back"
    of_units = context.passed(NAME, answer, _SOURCE)
    if not trials.governed:
        return (of_units,)
    if trial.refused:
        return (of_units, context.check(ROWS, _refusal(trial), _SOURCE, good=False, next_action=_OWNER_OF_ROWS))
    answer = f"{counted(trial.rows, 'row')} of leg B added to the organisation's tables, read back, and taken back"
    return (of_units, context.passed(ROWS, answer, _SOURCE))


def _refusal(trial: CreationTrial) -> str:
    return f"{trial.place}: {trial.refused}" if trial.place else trial.refused


class _Trials:
    """Trials on one connection, which have one limit together."""

    def __init__(self, context: PhaseContext, connection: psycopg.Connection, limit: Limit, *, governed: bool) -> None:
        self._context, self._connection, self._limit = context, connection, limit
        self.governed = governed
        self._ends_at = time.monotonic() + limit.seconds

    def tried(self, units: tuple[TriedUnit, ...], run: TriedRun, known: str = "") -> CreationTrial:
        """Try them in a transaction that sees no row of anybody else's; again, if another one was in its way.

        Raises Unmeasured, with what is `known` by then, once the limit is over; and if a lock is not free at the last try.
        """
        for is_last in (*[False] * _MORE_TRIES, True):
            try:
                return self._try_once(units, run, known)
            except _AGAIN as error:
                if is_last and isinstance(error, psycopg.errors.LockNotAvailable):
                    raise _locked() from error
                if is_last:
                    raise
                self._context.report("another session was in the way of the trial there; it is made again", 0, None)
            finally:
                self._connection.rollback()
        raise AssertionError("the last try returns or raises")

    def _try_once(self, units: tuple[TriedUnit, ...], run: TriedRun, known: str) -> CreationTrial:
        # The watch has nothing to cancel between two statements.
        if hold_in_file(self._context.installation) is not None:
            require_no_hold(self._context.installation)
        if (left_s := self._ends_at - time.monotonic()) < _LEAST_S:
            raise self._is_over(units, known)
        try:
            with Asking(self._connection) as asking:
                asking.ask(lambda connection: limit_trial(connection, left_s, min(_LOCK_S, left_s)))
                trial = asking.ask(lambda connection: try_units(connection, units, run))
        except psycopg.errors.QueryCanceled as cancelled:
            # Whoever stops everything cancels it as the server does at its limit.
            if self._ends_at - time.monotonic() > _LEAST_S or hold_in_file(self._context.installation) is not None:
                raise
            raise self._is_over(units, known) from cancelled
        return trial.value

    def _is_over(self, units: tuple[TriedUnit, ...], known: str) -> TrialOver:
        message = f"{NAME}: {counted(len(units), 'unit')} could not be tried within {self._limit.words}"
        return TrialOver(message, self._limit.next_action, known)


def _locked() -> Unmeasured:
    message = f"{NAME}: another session holds a lock there that was waited for, for {_LOCK_S:g} s at a time"
    return Unmeasured(StopCode.LOCKED, message, "Once that session has ended, do the same again.")


def sample(units: Sequence[UnitFields]) -> tuple[UnitFields, ...]:
    """Pure: the first unit of each kind, the longest ones by body, title and address, and all that these stand below; in order."""
    longest: tuple[Callable[[UnitFields], int], ...] = (
        lambda unit: unit.byte_end - unit.byte_start,
        lambda unit: len(unit.title),
        lambda unit: len(unit.address),
    )
    chosen = {max(units, key=length).address for length in longest}
    kinds: dict[tuple[str, str], str] = {}
    parents: dict[str, str | None] = {}
    for unit in units:
        kinds.setdefault((unit.unit_kind, unit.section_type), unit.address)
        parents[unit.address] = unit.parent
    wanted = {above for address in (*kinds.values(), *chosen) for above in _upwards(parents, address)}
    return tuple(unit for unit in units if unit.address in wanted)


def _upwards(parents: dict[str, str | None], address: str) -> Iterator[str]:
    above: str | None = address
    while above is not None and above in parents:
        yield above
        above = parents[above]

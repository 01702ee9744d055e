"""A trial of a plan's units through the organisation's own function, before its ruling is asked for and before it is spent."""

from collections.abc import Callable, Iterator, Sequence

import psycopg
from psycopg import IsolationLevel

from console.backend.host.site_files import kept_mapping
from console.backend.model.counting import counted
from console.backend.model.outcome import Check
from console.backend.model.planned_units import PlannedUnits, UnitFields
from console.backend.model.purposes import RunOperation
from console.backend.model.written_plan import as_written, kept_bytes
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.site_creation_trial import CreationTrial, TriedUnit, can_try_units, try_units
from console.backend.postgres.site_gateway import tied_mapping
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.sources import canonical_bytes

NAME = "units tried there"
_SOURCE = "fn_site_try_units, as the executor"
_OWNER = "Ask the owner of the function and of the tables to let such units in, or change the text; then plan it again."
_TIE = "Have an administrator run what this prints: cutter-console adopt apply"
_WHOLE = 50
"""Most units of a plan that is tried as a whole at once; of a longer one a sample is tried first."""
_MORE_TRIES = 2
_AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


def tried_there(context: PhaseContext) -> tuple[Check, ...]:
    """Try units of a cut through the organisation's function, as the executor, and take them back; nothing without a site mapping.

    Raises CutterError if they could not be tried: what is not known must not be signed.
    """
    kept = kept_mapping(context.installation)
    if kept.mapping is None or context.request.operation is not RunOperation.CUT:
        return ()
    executor = context.installation.settings.database.executor
    limit_s = context.installation.settings.statement_limit_s
    with connect(executor, timeout_s=limit_s, purpose="trial") as connection:
        with Asking(connection) as asking:
            tied, can_try = asking.ask(tied_mapping), asking.ask(can_try_units)
        connection.rollback()
        if tied.value != kept.sha256 or not can_try.value:
            detail = "the database is tied by another mapping, or by a script of an earlier release"
            return (context.check(NAME, detail, _SOURCE, good=False, next_action=_TIE),)
        return (_judged(context, _Text(context), connection),)


class _Text:
    """The units of a plan with their texts, as a cut writes them."""

    def __init__(self, context: PhaseContext) -> None:
        document = context.workspace.plan().document
        canonical = canonical_bytes(context.installation, context.request, context.workspace.source())
        self._bytes = kept_bytes(canonical, document.dropped)
        self.units = tuple(PlannedUnits.of(as_written(document).units).fields())

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
            )
            for unit in units
        )


def _judged(context: PhaseContext, text: _Text, connection: psycopg.Connection) -> Check:
    units = text.units if len(text.units) <= _WHOLE else sample(text.units)
    trial = _tried(connection, text.tried(units))
    if trial.refused and len(units) < len(text.units):
        # What a part of a text is refused for may hold of the whole: that decides.
        units = text.units
        trial = _tried(connection, text.tried(units))
    if trial.refused:
        place = f"{trial.place}: " if trial.place else ""
        return context.check(NAME, f"{place}{trial.refused}", _SOURCE, good=False, next_action=_OWNER)
    of_all = "" if len(units) == len(text.units) else f" of {len(text.units)}"
    answer = f"{counted(len(units), 'unit')}{of_all} made by the organisation's function, read back, and taken back"
    return context.passed(NAME, answer, _SOURCE)


def _tried(connection: psycopg.Connection, units: tuple[TriedUnit, ...]) -> CreationTrial:
    """Try them in a transaction that sees no row of anybody else's; again, if another one was in its way."""
    for is_last in (*[False] * _MORE_TRIES, True):
        try:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            return try_units(connection, units)
        except _AGAIN:
            if is_last:
                raise
        finally:
            connection.rollback()
    raise AssertionError("the last try returns or raises")


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

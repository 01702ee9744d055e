"""The states of a document that are in force at two moments, compared unit by unit."""

from datetime import UTC, datetime, time

import psycopg

from console.backend.documents.amendment_report import piece_report
from console.backend.documents.between import changes_between
from console.backend.documents.comparison import ChangedUnit, Comparison, compare
from console.backend.host.installation import Installation
from console.backend.model.amendment_report import PieceReport
from console.backend.model.compared_unit import ComparedUnit, UnitField
from console.backend.model.diff_text import DiffedPart
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.safe_text import SafeText
from console.backend.model.shown_time import shown_time
from console.backend.model.value import Value
from console.backend.postgres.document_states import StateRow, state_pieces, state_units
from console.backend.postgres.server import server_clock
from console.backend.runs.document_states import reading, require_states, state_at


class ComparedState(Value):
    """One of the two states."""

    as_of: datetime
    state: int
    run_id: str
    n_units: int


class FieldChange(Value):
    """A field of a unit that differs, but for its body."""

    field: UnitField
    old: SafeText | None
    new: SafeText | None


class UnitChange(Value):
    """A unit of the same address in both states that differs."""

    address: SafeText
    fields: tuple[FieldChange, ...]
    body: tuple[DiffedPart, ...]
    """Kept and removed parts are the old body, kept and added ones the new; empty if the bodies are equal."""


class UnitNamed(Value):
    """A unit that one of the states has."""

    address: SafeText
    title: SafeText


class ProbableMove(Value):
    """A unit that is gone and a new one of the same words; a probable renumbering, never an assumed one."""

    old: SafeText
    new: SafeText


class DocumentDiff(Value):
    """Differences between the states of a document that are in force at two moments."""

    docprefix: str
    old: ComparedState
    new: ComparedState
    unchanged: int
    changed: tuple[UnitChange, ...]
    added: tuple[UnitNamed, ...]
    gone: tuple[UnitNamed, ...]
    renumbered: tuple[ProbableMove, ...]
    reordered: int
    """Least number of units that moved to come from the old order to the new one."""
    between: tuple[PieceReport, ...] | None
    """Of the text that stands in no unit, in the order of the new state; empty if it is the same or one of the states is
    that of a repeal, None if version 0.2.0 did not keep it."""


def compare_states(installation: Installation, docprefix: str, old: datetime, new: datetime | None) -> DocumentDiff:
    """Compare what is in force at two moments; None is now. Raises Refused if nothing was enacted or in force then.

    Of today, whose end is ahead, what is law now is compared. Raises UsageError if the first moment is the later one.
    """
    with reading(installation) as connection:
        rows, now = require_states(connection, docprefix), server_clock(connection)
        if new is None and old == datetime.combine(now.astimezone(UTC), time.max, UTC):
            old = now
        _require_order(docprefix, old, new or now)
        old_row, new_row = state_at(rows, docprefix, old), state_at(rows, docprefix, new or now)
        old_units = _units(connection, old_row)
        new_units = old_units if new_row == old_row else _units(connection, new_row)
        between = _between(connection, old_row, new_row)
    return _diff(
        docprefix,
        _side(old, old_row, len(old_units)),
        _side(new or now, new_row, len(new_units)),
        compare(old_units, new_units),
        between,
    )


def _require_order(docprefix: str, old: datetime, new: datetime) -> None:
    if old > new:
        earlier, later = (moment.astimezone(UTC).isoformat() for moment in (new, old))
        raise UsageError(
            StopCode.REFUSED_INPUT,
            f"--from is {shown_time(old)}, later than --to, {shown_time(new)}",
            f"Exchange them: cutter-console document diff {docprefix} --from {earlier} --to {later}",
        )


def _between(connection: psycopg.Connection, old: StateRow, new: StateRow) -> tuple[PieceReport, ...] | None:
    """Return the difference of what stands in no unit of two states; None if that was not kept of one of them."""
    if old == new:
        return ()
    before, after = (state_pieces(connection, row.run_id) for row in (old, new))
    changes = changes_between(before, after, is_repealed=old.is_repeal or new.is_repeal)
    return None if changes is None else tuple(map(piece_report, changes))


def _side(moment: datetime, row: StateRow, n_units: int) -> ComparedState:
    return ComparedState(as_of=moment.astimezone(UTC), state=row.state, run_id=row.run_id, n_units=n_units)


def _units(connection: psycopg.Connection, row: StateRow) -> tuple[ComparedUnit, ...]:
    return tuple(ComparedUnit(*unit) for unit in state_units(connection, row.run_id))


def _diff(
    docprefix: str,
    old: ComparedState,
    new: ComparedState,
    compared: Comparison,
    between: tuple[PieceReport, ...] | None,
) -> DocumentDiff:
    return DocumentDiff(
        docprefix=docprefix,
        old=old,
        new=new,
        unchanged=len(compared.unchanged),
        changed=tuple(_change(unit) for unit in compared.changed),
        added=tuple(UnitNamed(address=unit.address, title=unit.title) for unit in compared.added),
        gone=tuple(UnitNamed(address=unit.address, title=unit.title) for unit in compared.gone),
        renumbered=tuple(ProbableMove(old=move.old.address, new=move.new.address) for move in compared.renumberings),
        reordered=compared.reordered,
        between=between,
    )


def _change(unit: ChangedUnit) -> UnitChange:
    fields = tuple(
        FieldChange(field=field, old=getattr(unit.old, field.value), new=getattr(unit.new, field.value))
        for field in unit.fields
        if field is not UnitField.BODY
    )
    body = unit.body_diff().parts if UnitField.BODY in unit.fields else ()
    return UnitChange(
        address=unit.address, fields=fields, body=tuple(DiffedPart(kind=part.kind, text=part.text) for part in body)
    )

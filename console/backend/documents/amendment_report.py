"""Makes the report of a revised text out of its comparison with what is law."""

from datetime import datetime

from console.backend.documents.between import PieceChange
from console.backend.documents.comparison import ChangedUnit, Comparison
from console.backend.documents.word_diff import NO_DIFFERENCE
from console.backend.model.amendment import Amendment
from console.backend.model.amendment_report import (
    AmendmentReport,
    ChangedReport,
    FieldReport,
    PartReport,
    PieceReport,
    RenumberingReport,
    ShiftReport,
    UnitReport,
)
from console.backend.model.compared_unit import UnitField
from console.backend.model.diff_text import DiffedPart
from console.backend.model.plan_binding import expected_amendment_deltas, expected_enactment_deltas


def amendment_report(
    comparison: Comparison,
    amendment: Amendment,
    state: int,
    in_force_from: datetime,
    between: tuple[PieceChange, ...] | None,
) -> AmendmentReport:
    """Return the report of a comparison with the state of this number.

    `between` is the difference of what stands in no unit; None if that was not kept of the state.
    """
    n_units = len(comparison.new)
    return AmendmentReport(
        base_run_id=amendment.base_run_id,
        base_state=state,
        base_in_force_from=in_force_from,
        base_digest=amendment.base_digest,
        unchanged=amendment.unchanged,
        changed=tuple(changed_report(unit) for unit in comparison.changed),
        new=tuple(UnitReport(address=unit.address, title=unit.title, line=unit.line) for unit in comparison.added),
        gone=tuple(UnitReport(address=unit.address, title=unit.title, line=None) for unit in comparison.gone),
        returning=amendment.returning,
        reordered=comparison.reordered,
        between=None if between is None else tuple(map(piece_report, between)),
        moved=amendment.moved,
        renumberings=tuple(
            RenumberingReport(old=pair.old.address, new=pair.new.address, title=pair.new.title)
            for pair in comparison.renumberings
        ),
        shifted=tuple(ShiftReport(old=pair.old.address, new=pair.new.address) for pair in comparison.shifted),
        deltas_at_cut=expected_amendment_deltas(n_units, amendment.counts),
        deltas_at_enactment=expected_enactment_deltas(n_units, amendment.counts),
    )


def piece_report(change: PieceChange) -> PieceReport:
    """Return the report of a piece of the text that stands in no unit."""
    parts = tuple(DiffedPart(kind=part.kind, text=part.text) for part in change.diff.parts)
    return PieceReport(
        old_place=change.old_place, new_place=change.new_place, parts=parts, is_coarse=change.diff.is_coarse
    )


def changed_report(unit: ChangedUnit) -> ChangedReport:
    """Return the report of one unit that is not the same."""
    has_body = UnitField.BODY in unit.fields
    diff = unit.body_diff() if has_body else NO_DIFFERENCE
    return ChangedReport(
        address=unit.address,
        title=unit.new.title,
        line=unit.new.line,
        fields=unit.fields,
        values=tuple(
            FieldReport(field=field, old=getattr(unit.old, field) or "", new=getattr(unit.new, field) or "")
            for field in unit.fields
            if field is not UnitField.BODY
        ),
        body_diff=tuple(PartReport(kind=part.kind, text=part.text) for part in diff.parts) if has_body else (),
        only_space=has_body and diff.only_space,
        is_coarse=diff.is_coarse,
    )

"""A revised text beside what is law, as `plan --against` shows it: one closed model, and its lines."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator

from console.backend.documents.comparison import ChangedUnit, Comparison
from console.backend.documents.diff_text import diff_lines, marked, space_changes
from console.backend.documents.word_diff import DiffKind, DiffPart
from console.backend.model.amendment import Amendment, Moved
from console.backend.model.compared_unit import ComparedUnit, UnitField
from console.backend.model.counting import counted
from console.backend.model.plan_binding import TableDelta, expected_amendment_deltas, expected_enactment_deltas
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value


def _safe_block(text: str) -> str:
    return "\n".join(safe_text(line) for line in text.split("\n"))


class PartReport(Value):
    """A part of two bodies: kept, removed or added. Joined in order they are both bodies, byte for byte, but for
    characters that a terminal would obey: those are made visible."""

    kind: DiffKind
    text: Annotated[str, AfterValidator(_safe_block)]


class FieldReport(Value):
    """A field other than the body that differs."""

    field: UnitField
    old: SafeText
    new: SafeText


class ChangedReport(Value):
    """A unit of the same address that is not the same."""

    address: SafeText
    title: SafeText
    line: int
    """1-based line of the new text."""
    fields: tuple[UnitField, ...]
    values: tuple[FieldReport, ...]
    """Of the fields other than the body."""
    body_diff: tuple[PartReport, ...]
    """Empty if the body is the same."""
    only_space: bool
    """True if the bodies differ in nothing but space and line ends; False if they are the same."""
    is_coarse: bool
    """True if the bodies are too long to compare each word: equal lines were looked for first."""

    @classmethod
    def of(cls, unit: ChangedUnit) -> Self:
        """Return the report of a changed unit."""
        has_body = UnitField.BODY in unit.fields
        diff = unit.body_diff()
        return cls(
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


class UnitReport(Value):
    """A unit that is new or gone."""

    address: SafeText
    title: SafeText
    line: int | None
    """1-based line of the new text; None for one that is gone."""

    @classmethod
    def of(cls, unit: ComparedUnit) -> Self:
        """Return the report of a unit."""
        return cls(address=unit.address, title=unit.title, line=unit.line or None)


class RenumberingReport(Value):
    """A unit that is gone and a new one with the same words: shown, never assumed."""

    old: SafeText
    new: SafeText
    title: SafeText

    @property
    def argument(self) -> str:
        """Return the argument that states it."""
        return f"--moved {self.old}={self.new}"


class AmendmentReport(Value):
    """Effects of a revised text on the newest enacted state of its document."""

    base_run_id: str
    base_state: int
    """Number of the state that the text is compared with; 1 for the first."""
    base_in_force_from: datetime
    base_digest: str
    """Merkle root over the units of that state, by address."""
    unchanged: int
    changed: tuple[ChangedReport, ...]
    new: tuple[UnitReport, ...]
    gone: tuple[UnitReport, ...]
    returning: tuple[SafeText, ...]
    """New addresses that have a unit already, which gets a version more."""
    reordered: int
    """Number of units that stand at another place among the others; no row is written for that alone."""
    moved: tuple[Moved, ...]
    """Renumberings that the operator stated."""
    renumberings: tuple[RenumberingReport, ...]
    """Probable ones that nobody stated; nothing follows from them."""
    deltas_at_cut: tuple[TableDelta, ...]
    """Rows that the run adds by the end of leg B."""
    deltas_at_enactment: tuple[TableDelta, ...]

    @classmethod
    def of(cls, comparison: Comparison, amendment: Amendment, state: int, in_force_from: datetime) -> Self:
        """Return the report of a comparison with the state of this number."""
        n_units = len(comparison.new)
        return cls(
            base_run_id=amendment.base_run_id,
            base_state=state,
            base_in_force_from=in_force_from,
            base_digest=amendment.base_digest,
            unchanged=amendment.unchanged,
            changed=tuple(ChangedReport.of(unit) for unit in comparison.changed),
            new=tuple(UnitReport.of(unit) for unit in comparison.added),
            gone=tuple(UnitReport.of(unit) for unit in comparison.gone),
            returning=amendment.returning,
            reordered=comparison.reordered,
            moved=amendment.moved,
            renumberings=tuple(
                RenumberingReport(old=pair.old.address, new=pair.new.address, title=pair.new.title)
                for pair in comparison.renumberings
            ),
            deltas_at_cut=expected_amendment_deltas(n_units, amendment),
            deltas_at_enactment=expected_enactment_deltas(n_units, amendment),
        )

    @property
    def counts(self) -> str:
        """Return the numbers of units by effect."""
        return f"{self.unchanged} unchanged, {len(self.changed)} changed, {len(self.new)} new, {len(self.gone)} gone"


def amendment_lines(report: AmendmentReport) -> list[str]:
    """Return the report in lines of plain text."""
    returning = set(report.returning)
    return [
        f"compared with state {report.base_state}, in force from {report.base_in_force_from.isoformat()}, run {report.base_run_id}",
        *(line for unit in report.changed for line in _changed_lines(unit)),
        *(
            f"new: line {unit.line}: {unit.address}  {unit.title}".rstrip()
            + ("  (it was law or drafted before: its unit gets a version more)" if unit.address in returning else "")
            for unit in report.new
        ),
        *(f"gone: {unit.address}  {unit.title}".rstrip() for unit in report.gone),
        *(f"moved: {pair.old} is now {pair.new}, as stated" for pair in report.moved),
        *(
            f"probably renumbered: {pair.old} is now {pair.new}: the same words; if so, state it: {pair.argument}"
            for pair in report.renumberings
        ),
        *(
            [f"{counted(report.reordered, 'unit')} at another place in the order: no row is written for that alone"]
            if report.reordered
            else []
        ),
        report.counts,
        f"rows at the cut: {_deltas(report.deltas_at_cut)}",
        f"rows at the enactment: {_deltas(report.deltas_at_enactment)}",
        f"base digest {report.base_digest}",
    ]


def _changed_lines(unit: ChangedReport) -> list[str]:
    spaces = space_changes(DiffPart(part.kind, part.text) for part in unit.body_diff)
    notes = [
        *(["only space and line ends of the body differ"] if unit.only_space else []),
        *([f"{counted(spaces, 'place')} in space alone"] if spaces and not unit.only_space else []),
        *(["too long to compare each word: lines were compared first"] if unit.is_coarse else []),
    ]
    return [
        f"changed: line {unit.line}: {unit.address}: {', '.join(unit.fields)}{''.join(f'; {note}' for note in notes)}",
        *(f"    {value.field}: {marked(value.old, value.new)}" for value in unit.values),
        *(f"    {line}" for line in diff_lines(DiffPart(part.kind, part.text) for part in unit.body_diff)),
    ]


def _deltas(deltas: tuple[TableDelta, ...]) -> str:
    return ", ".join(f"{delta.table.partition('.')[2]} +{delta.rows}" for delta in deltas if delta.rows) or "none"

"""A revised text beside what is law, as `plan --against` and the Documents screen show it: one model, and its lines."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from console.backend.model.amendment import Moved
from console.backend.model.compared_unit import UnitField
from console.backend.model.counting import counted
from console.backend.model.diff_text import DiffedPart, DiffKind, DiffPart, diff_lines, marked, shortened, space_changes
from console.backend.model.plan_binding import TableDelta
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.shown_time import shown_time
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


class PieceReport(Value):
    """A piece of the text that stands in no unit, and is not in both texts as it is, or stands elsewhere."""

    old_place: SafeText | None
    """Address of the unit that it stands behind in the law, empty in front of every unit; None if it is not there."""
    new_place: SafeText | None
    """The same in the new text. Where the two differ the piece is the same, and has moved."""
    parts: tuple[DiffedPart, ...]
    is_coarse: bool
    """As of a unit."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Return its place, then what differs, on one line each and inert; a piece that differs in space alone has no line."""
        place = _place_in_words(self.old_place, self.new_place)
        parts = [DiffPart(part.kind, _safe_block(part.text)) for part in self.parts]
        if self.is_moved:
            return (f"  {place}", f"    {shortened(''.join(part.text for part in parts))}")
        lines = diff_lines(parts)
        coarse = ("    (too long to compare each word: lines were compared first)",) if self.is_coarse else ()
        return (f"  {place}", *(f"    {line}" for line in lines), *coarse) if lines else ()

    @property
    def is_moved(self) -> bool:
        """Return whether it is the same piece at another place."""
        return None not in {self.old_place, self.new_place} and self.old_place != self.new_place


def _place_in_words(old: str | None, new: str | None) -> str:
    """Return where a piece of the text between the units stands, and where it stood if that is another place."""
    here = _behind(old or "") if new is None else _behind(new)
    return here if None in {old, new} or old == new else f"{here}, until now {_behind(old or '')}"


def _behind(place: str) -> str:
    return f"behind {place}" if place else "at the beginning"


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

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the differences do not show."""
        spaces = space_changes(self._parts)
        return (
            *(("only space and line ends of the body differ",) if self.only_space else ()),
            *((f"{counted(spaces, 'place')} in space alone",) if spaces and not self.only_space else ()),
            *(("too long to compare each word: lines were compared first",) if self.is_coarse else ()),
        )

    @property
    def differences(self) -> tuple[str, ...]:
        """Return each field that differs, then the places of the body, in plain text on one line each."""
        return (
            *(f"{value.field}: {marked(value.old, value.new)}" for value in self.values),
            *diff_lines(self._parts),
        )

    @property
    def _parts(self) -> tuple[DiffPart, ...]:
        return tuple(DiffPart(part.kind, part.text) for part in self.body_diff)


class UnitReport(Value):
    """A unit that is new or gone."""

    address: SafeText
    title: SafeText
    line: int | None
    """1-based line of the new text; None for one that is gone."""


class RenumberingReport(Value):
    """A unit that is gone and a new one with the same words: shown, never assumed."""

    old: SafeText
    new: SafeText
    title: SafeText

    @property
    def argument(self) -> str:
        """Return the argument that states it."""
        return f"--moved {self.old}={self.new}"


class ShiftReport(Value):
    """Words of one address in force that a changed or new unit of another address has in the new text."""

    old: SafeText
    new: SafeText


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
    between: tuple[PieceReport, ...] | None
    """Of the text that stands in no unit, in the order of the new text; empty if it is the same, None if version 0.2.0 did
    not keep it."""
    moved: tuple[Moved, ...]
    """Renumberings that the operator stated."""
    renumberings: tuple[RenumberingReport, ...]
    """Probable ones that nobody stated; nothing follows from them."""
    shifted: tuple[ShiftReport, ...]
    """Units of which the words moved to an address that stays; nothing can be stated of them, and nothing follows."""
    deltas_at_cut: tuple[TableDelta, ...]
    """Rows that the run adds by the end of leg B."""
    deltas_at_enactment: tuple[TableDelta, ...]

    @property
    def counts(self) -> str:
        """Return the numbers of units by effect."""
        return f"{self.unchanged} unchanged, {len(self.changed)} changed, {len(self.new)} new, {len(self.gone)} gone"

    @property
    def between_lines(self) -> tuple[str, ...]:
        """Return what is to be said of the text that stands in no unit, on one line each; nothing if it is the same."""
        if self.between is None:
            return ("the text between the units is not compared: version 0.2.0 did not keep that of the law",)
        if not self.between:
            return ()
        lines = [line for piece in self.between for line in piece.lines]
        if not lines:
            return ("the text between the units differs in space and line ends alone",)
        return ("the text between the units differs; no row is written for that alone", *lines)

    @property
    def is_same_text(self) -> bool:
        """Return whether nothing differs, not even the order of the units or the text between them."""
        return not (self.changed or self.new or self.gone or self.reordered) and self.between == ()


def amendment_lines(report: AmendmentReport) -> list[str]:
    """Return the report in lines of plain text."""
    returning = set(report.returning)
    return [
        f"compared with state {report.base_state}, in force from {shown_time(report.base_in_force_from)}, run {report.base_run_id}",
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
        *(f"shifted: the words of {pair.old} stand at {pair.new} in the new text" for pair in report.shifted),
        *(
            [f"{counted(report.reordered, 'unit')} at another place in the order: no row is written for that alone"]
            if report.reordered
            else []
        ),
        *report.between_lines,
        *(["the text is the one that is law: there is nothing to amend"] if report.is_same_text else []),
        report.counts,
        f"rows at the cut: {_deltas(report.deltas_at_cut)}",
        f"rows at the enactment: {_deltas(report.deltas_at_enactment)}",
        f"base digest {report.base_digest}",
    ]


def _changed_lines(unit: ChangedReport) -> list[str]:
    notes = "".join(f"; {note}" for note in unit.notes)
    return [
        f"changed: line {unit.line}: {unit.address}: {', '.join(unit.fields)}{notes}",
        *(f"    {line}" for line in unit.differences),
    ]


def _deltas(deltas: tuple[TableDelta, ...]) -> str:
    return ", ".join(f"{delta.table.partition('.')[2]} +{delta.rows}" for delta in deltas if delta.rows) or "none"

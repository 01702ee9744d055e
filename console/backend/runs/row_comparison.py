"""The units of a document in the database beside those of its plan, compared as the rows arrive and not kept."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Self

from console.backend.documents.coverage import spans
from console.backend.model.amendment import Amendment
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import CutPlan, DocumentPlan
from console.backend.model.planned_units import PlannedUnits, UnitFields
from console.backend.model.value import Value
from console.backend.model.written_plan import cut_as_written
from console.backend.postgres.units import AmendedRows, EditRow, UnitRow

_NAMED = 3
_THERE, _PLACED, _FAITHFUL, _JOINED = 1, 2, 4, 8


class Wrong(Value):
    """Number of faults of one kind, and the first of them."""

    count: int = 0
    first: tuple[str, ...] = ()

    @classmethod
    def of(cls, problems: Iterable[str]) -> Self:
        """Return the number of problems and the first of them."""
        remaining = iter(problems)
        first = tuple(islice(remaining, _NAMED))
        return cls(count=len(first) + sum(1 for _ in remaining), first=first)


class PinnedText(Value):
    """The text that the bodies are slices of, as it was read for the comparison."""

    size: int
    sha256: str


class Comparison(Value):
    """Result of comparing the rows of a document with its plan, or with the source that it was planned from."""

    rows: int
    edited: int = 0
    """Units whose text a signed edit has changed."""
    addresses: Wrong = Wrong()
    """Planned addresses that have no row."""
    anchors: Wrong = Wrong()
    hierarchy: Wrong = Wrong()
    lifecycle: Wrong = Wrong()
    effects: Wrong = Wrong()
    """Of an amendment: units that it does something else to."""
    bodies: Wrong = Wrong()
    """Bodies that are neither a slice of the source nor what an edit was signed to make of it."""
    is_covered: bool = False
    """True if the bodies, and what stands between them, are the source."""
    drafts: Wrong = Wrong()
    """Of an edit: drafts that do not read as it was signed."""


Compare = Callable[[Iterable[UnitRow], Mapping[str, EditRow]], Comparison]
"""Takes the rows and the signed edits of the document."""
AtOnce = Callable[[Callable[[], AmendedRows]], Comparison | None]
"""Takes what the database has compared; answers if all is as planned."""


def compared(plan: CutPlan, kept: bytes | None = None) -> Compare:
    """Return the comparison with the plan of a cut; with the bodies too if the source that they are slices of is given."""

    def compare(rows: Iterable[UnitRow], edited: Mapping[str, EditRow]) -> Comparison:
        comparer = _Comparer(cut_as_written(plan), edited, kept)
        for row in rows:
            comparer.add(row)
        return comparer.result()

    return compare


def all_as_planned(plan: CutPlan, read: Callable[[], AmendedRows], text: PinnedText | None = None) -> Comparison | None:
    """Return the comparison of an amendment whose every unit reads as planned, or None: then the units are read, and told.

    `read` answers with what the database has compared with the sealed manifest, whose blocks are the plan's if they are as
    many and of one digest with it. With the `text` the bodies were compared too: they are slices of the one that was planned.
    """
    document, amendment = cut_as_written(plan).document, plan.amendment
    if amendment is None or (text is not None and text.sha256 != document.source.canonical_sha256):
        return None
    units, rows = PlannedUnits.of(document.units), read()
    counted = (rows.blocks, rows.manifest_digest, rows.unchanged)
    if counted != (len(units), units.digest, amendment.unchanged):
        return None
    pairs = ((rows.changed, amendment.changed), (rows.new, amendment.made), (rows.returning, amendment.returning))
    if any(sorted(seen.splitlines()) != sorted(planned) for seen, planned in pairs):
        return None
    return Comparison(rows=rows.blocks, is_covered=text is not None and _meet(document, text.size))


def _meet(document: DocumentPlan, size: int) -> bool:
    """Return whether the spans of a plan begin where the one before ends, from the first to the last byte."""
    at = 0
    for span in spans(document):
        if span.byte_start != at:
            return False
        at = span.byte_end
    return at == size


def compared_with_edits(plan: CutPlan) -> Compare:
    """Return the comparison with the plan of an edit: which of its drafts do not read as planned."""

    def compare(rows: Iterable[UnitRow], _: Mapping[str, EditRow]) -> Comparison:
        planned, read, count = {unit.address: unit for unit in plan.document.units}, set(), 0
        for row in rows:
            count += 1
            unit = planned.get(row.address)
            if unit is not None and (row.lifecycle, row.title) == ("draft", unit.title):
                read |= {row.address} if sha256_hex(_body(row)) == unit.body_sha256 else set()
        return Comparison(rows=count, drafts=Wrong.of(address for address in planned if address not in read))

    return compare


class _Comparer:
    """Marks what is right of each planned unit; what is wrong of a row that nobody planned is kept as text."""

    def __init__(self, plan: CutPlan, edited: Mapping[str, EditRow], kept: bytes | None) -> None:
        self._plan, self._edited, self._kept = plan, edited, kept
        self._units = PlannedUnits.of(plan.document.units)
        self._places = {address: place for place, address in enumerate(self._units.addresses())}
        self._right = bytearray(len(self._units))
        self._effects = _effects(plan, plan.amendment) if plan.amendment is not None else None
        self._count = 0
        self._unanchored: list[str] = []
        self._not_drafts: list[str] = []
        self._other_effects: list[str] = []

    def add(self, row: UnitRow) -> None:
        """Compare one row."""
        self._count += 1
        address = row.address
        place, edit = self._places.get(address), self._edited.get(address)
        if self._effects is None:
            if not _anchored(row, edit):
                self._unanchored.append(address)
            if row.lifecycle != "draft":
                self._not_drafts.append(address)
        else:
            if not row.anchored:
                self._unanchored.append(address)
            if row.effect != self._effects.get(address):
                self._other_effects.append(f"{address} {row.effect}")
        if place is not None:
            unit = self._units.at(place)
            self._right[place] = _THERE | _placed(unit, row, edit) | self._read(unit, row, edit)

    def _read(self, unit: UnitFields, row: UnitRow, edit: EditRow | None) -> int:
        """Return whether the body is the one of the source, or of its signed edit, which stands for its slice."""
        if self._kept is None:
            return 0
        body = _body(row)
        if edit is not None:
            return _JOINED | (_FAITHFUL if sha256_hex(body) == edit.body_sha256 else 0)
        return _JOINED | _FAITHFUL if body == self._kept[unit.byte_start : unit.byte_end] else 0

    def result(self) -> Comparison:
        """Return what was seen, in the order of the plan where it is about planned units."""
        return Comparison(
            rows=self._count,
            edited=len(self._edited),
            addresses=self._without(_THERE),
            anchors=Wrong.of(self._unanchored),
            hierarchy=self._without(_PLACED),
            lifecycle=Wrong.of(self._not_drafts),
            effects=Wrong.of(self._other_effects),
            bodies=self._without(_FAITHFUL) if self._kept is not None else Wrong(),
            is_covered=self._is_covered(),
        )

    def _without(self, mark: int) -> Wrong:
        return Wrong.of(self._units.at(place).address for place, right in enumerate(self._right) if not right & mark)

    def _is_covered(self) -> bool:
        """Return whether the bodies in the order of their spans, with the text between them, are the source."""
        if self._kept is None or not all(right & _JOINED for right in self._right):
            return False
        return _meet(self._plan.document, len(self._kept))


def _effects(plan: CutPlan, amendment: Amendment) -> dict[str, str]:
    return (
        dict.fromkeys(PlannedUnits.of(plan.document.units).addresses(), "unchanged")
        | dict.fromkeys(amendment.changed, "changed")
        | dict.fromkeys(amendment.new, "new")
        | dict.fromkeys(amendment.returning, "returns")
    )


def _anchored(row: UnitRow, edit: EditRow | None) -> bool:
    versions = 1 + (edit.edits if edit else 0)
    return bool(row.anchored) and row.version_seq == versions and row.versions == versions


def _placed(unit: UnitFields, row: UnitRow, edit: EditRow | None) -> int:
    place = (unit.parent, unit.unit_kind, unit.section_type, unit.number, edit.title if edit else unit.title)
    return _PLACED if (row.parent, row.unit_kind, row.section_type, row.number, row.title) == place else 0


def _body(row: UnitRow) -> bytes:
    return (row.body or "").encode()

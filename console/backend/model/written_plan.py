"""The plan as the database gets it: bodies are slices of the text without what was dropped, and spans refer to that."""

from bisect import bisect_right
from itertools import accumulate

from console.backend.model.plan import CutPlan, DocumentPlan, DroppedSpan, OtherSpan
from console.backend.model.planned_units import PlannedUnits, UnitFields


def kept_bytes(canonical: bytes, dropped: tuple[DroppedSpan, ...]) -> bytes:
    """Return a canonical text without its dropped spans."""
    if not dropped:
        return canonical
    starts = [0, *(span.byte_end for span in dropped)]
    ends = [*(span.byte_start for span in dropped), len(canonical)]
    return b"".join(canonical[start:end] for start, end in zip(starts, ends, strict=True))


def as_written(document: DocumentPlan) -> DocumentPlan:
    """Return the plan with spans of the text that is written; without dropped spans, the plan itself."""
    if not document.dropped:
        return document
    shift = _Shift(document.dropped)
    units = PlannedUnits(shift.unit(unit) for unit in PlannedUnits.of(document.units).fields())
    others = tuple(moved for span in document.others if (moved := shift.other(span)).byte_end > moved.byte_start)
    return document.model_copy(update={"units": units, "others": others, "dropped": ()})


def cut_as_written(plan: CutPlan) -> CutPlan:
    """Return a cut plan with the document as it is written. Its digest is not the one that is signed."""
    return plan.model_copy(update={"document": as_written(plan.document)}) if plan.document.dropped else plan


def pieces_between(document: DocumentPlan, canonical: bytes) -> dict[str, bytes]:
    """Return the bytes of a planned text that are written and stand in no unit, by the unit that they stand behind.

    What stands in front of every unit is behind the empty address. `canonical` is the text that the plan's spans refer to.
    """
    kept = kept_bytes(canonical, document.dropped)
    units = sorted((unit.byte_start, unit.byte_end, unit.address) for unit in as_written(document).units.fields())
    starts = [("", 0), *((address, end) for _, end, address in units)]
    ends = [*(start for start, _, _ in units), len(kept)]
    pieces = {address: kept[start:end] for (address, start), end in zip(starts, ends, strict=True)}
    return {address: piece for address, piece in pieces.items() if piece}


def text_between(document: DocumentPlan, canonical: bytes) -> bytes:
    """Return the bytes of a planned text that are written and stand in no unit, in their order, as `pieces_between` does."""
    return b"".join(pieces_between(document, canonical).values())


class _Shift:
    """Moves bytes of the source to those of the text without the dropped spans."""

    def __init__(self, dropped: tuple[DroppedSpan, ...]) -> None:
        self._ends = [span.byte_end for span in dropped]
        self._removed = [0, *accumulate(span.byte_end - span.byte_start for span in dropped)]

    def unit(self, unit: UnitFields) -> UnitFields:
        return unit._replace(byte_start=self._place(unit.byte_start), byte_end=self._place(unit.byte_end))

    def other(self, span: OtherSpan) -> OtherSpan:
        start, end = self._place(span.byte_start), self._place(span.byte_end)
        return span.model_copy(update={"byte_start": start, "byte_end": end})

    def _place(self, byte: int) -> int:
        return byte - self._removed[bisect_right(self._ends, byte)]

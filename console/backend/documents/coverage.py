"""The acceptance algebra: a cut is accepted because its spans add up, not because something parsed."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter

from console.backend.documents.canonical import CanonicalText
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import DocumentPlan, OtherSpan, Problem
from console.backend.model.planned_units import PlannedUnits, UnitFields
from console.backend.model.vocabulary import VOCABULARY, SectionType
from console.backend.model.written_plan import as_written, kept_bytes

Span = UnitFields | OtherSpan
_STARTS = attrgetter("byte_start")

_RANKS: dict[str, int] = {
    t.value: rank
    for rank, group in enumerate(
        (
            {SectionType.PREAMBLE, SectionType.ANNEX, SectionType.CLOSING},
            {t for t in SectionType if t.value in {"section", "book", "part", "chapter", "subchapter"}}
            | {SectionType.DIVISION, SectionType.SUBDIVISION, SectionType.TITLE, SectionType.SUBTITLE},
            {SectionType.ARTICLE},
            {SectionType.PRINCIPLE, SectionType.PARAGRAPH},
            {SectionType.POINT},
        )
    )
    for t in group
}
_CONTAINER_RANK = 1
_ARTICLE_RANK = 2
_NESTING = frozenset({SectionType.PRINCIPLE.value, SectionType.POINT.value})
"""Types that can nest in themselves: depth four and more of Markdown, and `(i)` below `(a)`."""


def check_algebra(
    plan: DocumentPlan, canonical: bytes | CanonicalText, limits: Limits = DEFAULT_LIMITS
) -> tuple[Problem, ...]:
    """Every way in which the plan is not a lossless, unambiguous cut of these bytes. Empty: accepted. Never raises."""
    text = canonical if isinstance(canonical, CanonicalText) else CanonicalText("", canonical)
    kept = CanonicalText("", kept_bytes(text.data, plan.dropped)) if plan.dropped else text
    return (
        *_source(plan, kept),
        *_dropped(plan, text),
        *_count(plan, limits),
        *_spans_and_units(plan, text, kept),
    )


def spans(plan: DocumentPlan) -> Iterator[Span]:
    """Yield units and other spans in the order of their bytes."""
    units, others = PlannedUnits.of(plan.units), sorted(plan.others, key=_STARTS)
    if units.in_order:
        return _merged(units.fields(), others)
    return iter(sorted((*units.fields(), *others), key=_STARTS))


def _merged(units: Iterator[UnitFields], others: list[OtherSpan]) -> Iterator[Span]:
    """Yield both in order: of others there are few."""
    waiting = others[::-1]
    for unit in units:
        while waiting and waiting[-1].byte_start < unit.byte_start:
            yield waiting.pop()
        yield unit
    yield from reversed(waiting)


def _source(plan: DocumentPlan, kept: CanonicalText) -> Iterator[Problem]:
    if kept.sha256() != plan.source.canonical_sha256:
        yield Problem(code="SOURCE_DIFFERS", line=0, message="the text is not the one the plan was made from")


def _dropped(plan: DocumentPlan, canonical: CanonicalText) -> Iterator[Problem]:
    """Dropped spans are in order, disjoint, not empty, and hold the bytes that they state."""
    at = 0
    for span in plan.dropped:
        data = canonical.body(span.byte_start, span.byte_end)
        if span.byte_start < at or not data or span.byte_end > canonical.size:
            yield Problem(code="DROPPED_OUT_OF_ORDER", line=span.line, message="a dropped span is out of order")
        elif sha256_hex(data) != span.sha256:
            yield Problem(code="DROPPED_DIFFERS", line=span.line, message="the sha256 of a dropped span differs")
        at = span.byte_end


def _count(plan: DocumentPlan, limits: Limits) -> Iterator[Problem]:
    if not plan.units:
        yield _no_units(plan)
    if len(plan.units) > limits.max_units:
        yield Problem(
            code="STOP_CAP_EXCEEDED",
            line=plan.units[limits.max_units].line_start,
            message=f"{len(plan.units):,} units, the limit is {limits.max_units:,}",
        )


def _no_units(plan: DocumentPlan) -> Problem:
    message = f"profile {plan.profile} finds no unit in this document"
    if not plan.suspects:
        return Problem(code="NO_UNITS", line=0, message=f"{message}: choose another profile, or mark its headings")
    first = plan.suspects[0]
    more = f" and {len(plan.suspects) - 1:,} more lines read" if len(plan.suspects) > 1 else " reads"
    message = f"{message}; {first.text!r}{more} like a beginning: correct how it is written, or choose another profile"
    return Problem(code="NO_UNITS", line=first.line, message=message)


def _spans_and_units(plan: DocumentPlan, canonical: CanonicalText, kept: CanonicalText) -> Iterator[Problem]:
    """Return what is wrong with the spans, and then with the units, in one pass over them: a large plan has many."""
    partition, lines, units, inside, outside = _Partition(), _Lines(canonical), _Units(plan, kept), 0, 0
    in_order = PlannedUnits.of(plan.units).in_order
    for span in spans(plan):
        partition.add(span)
        lines.add(span)
        if isinstance(span, UnitFields):
            inside += span.byte_end - span.byte_start
            if in_order:
                units.add(span)
        else:
            outside += span.byte_end - span.byte_start
    for unit in () if in_order else PlannedUnits.of(plan.units).fields():
        units.add(unit)
    yield from partition.problems
    if partition.at != canonical.size:
        yield Problem(code="NOT_COVERING", line=0, message=f"spans end at byte {partition.at} of {canonical.size}")
    stated = plan.coverage
    if (stated.unit_bytes, stated.other_bytes) != (inside, outside) or not stated.lossless:
        yield Problem(code="COVERAGE_WRONG", line=0, message="the stated coverage is not that of the spans")
    yield from lines.problems
    yield from units.problems()


class _Partition:
    """Ordered, disjoint, covering: each span begins where the one before ends, from 0 to the last byte."""

    def __init__(self) -> None:
        self.at = 0
        self.problems: list[Problem] = []

    def add(self, span: Span) -> None:
        if span.byte_start != self.at or span.byte_end <= self.at:
            self.problems.append(
                Problem(
                    code="SPANS_DO_NOT_MEET",
                    line=span.line_start,
                    message=f"a span of bytes {span.byte_start} to {span.byte_end} where {self.at} was expected",
                )
            )
        self.at = span.byte_end


class _Lines:
    """Spans begin at the beginning of the line that they state, and end on the one they state."""

    def __init__(self, canonical: CanonicalText) -> None:
        self._canonical = canonical
        self._at, self._line = 0, 1
        self.problems: list[Problem] = []

    def add(self, span: Span) -> None:
        canonical, start, end, line = self._canonical, span.byte_start, span.byte_end, self._line
        if start > self._at:
            line += canonical.line_breaks(self._at, start)
        last = line + canonical.line_breaks(start, end - 1)
        whole = start == 0 or canonical.body(start - 1, start) == b"\n"
        if not whole or (span.line_start, span.line_end) != (line, last):
            message = f"the span begins in line {line} and ends in {last}"
            self.problems.append(Problem(code="LINES_WRONG", line=span.line_start, message=message))
        self._at, self._line = end, last + 1


class _Units:
    """Units in the order of the plan: each of them, and where it hangs."""

    def __init__(self, plan: DocumentPlan, kept: CanonicalText) -> None:
        self._plan = plan
        self._tree, self._bodies, self._before = _Tree(plan), _Bodies(kept), 0
        self._order: list[Problem] = []

    def add(self, unit: UnitFields) -> None:
        if unit.byte_start < self._before:
            message = f"{unit.address} is out of order"
            self._order.append(Problem(code="UNITS_OUT_OF_ORDER", line=unit.line_start, message=message))
        self._before = unit.byte_end
        self._tree.add(unit)
        if not self._plan.dropped:
            self._bodies.add(unit)

    def problems(self) -> Iterator[Problem]:
        """Return what is wrong with them, once all were added."""
        for unit in PlannedUnits.of(as_written(self._plan).units).fields() if self._plan.dropped else ():
            self._bodies.add(unit)
        yield from (*self._order, *self._tree.problems, *self._bodies.problems)


class _Tree:
    """Addresses are unique and of the document, and each unit hangs below one that may contain it."""

    def __init__(self, plan: DocumentPlan) -> None:
        self._plan = plan
        self._seen: dict[str, str] = {}
        """Section type of each address."""
        self.problems: list[Problem] = []

    def add(self, unit: UnitFields) -> None:
        address, above = unit.address, unit.parent
        outer = None if above is None else self._seen.get(above)
        if address in self._seen:
            first = next(
                known.line_start for known in PlannedUnits.of(self._plan.units).fields() if known.address == address
            )
            self._problem("ADDRESS_REPEATED", unit, f"{address} is in line {first} already")
        if not (address.startswith(f"{self._plan.docprefix}/") and address.isascii()):
            self._problem("ADDRESS_FOREIGN", unit, f"{address!r} is not an address")
        if outer is None and above is not None:
            self._problem("PARENT_MISSING", unit, f"no {above} before this unit")
        if outer is not None and not _may_contain(outer, unit.section_type):
            self._problem("LEVEL_ILLEGAL", unit, f"{unit.section_type} {address} below {outer} {above}")
        self._seen.setdefault(address, unit.section_type)

    def _problem(self, code: str, unit: UnitFields, message: str) -> None:
        self.problems.append(Problem(code=code, line=unit.line_start, message=message))


@lru_cache(maxsize=1024)
def _may_contain(above: str, below: str) -> bool:
    outer, inner = _RANKS.get(above, 9), _RANKS.get(below, -1)
    same = outer == inner and (outer in {_CONTAINER_RANK, _ARTICLE_RANK} or below in _NESTING)
    # An article of an amending law may group another law's chapters.
    groups = outer == _ARTICLE_RANK and inner == _CONTAINER_RANK
    return outer < inner or same or groups


class _Bodies:
    """Bodies are slices of the text that is written, not blank, with the stated digest and a known kind."""

    def __init__(self, kept: CanonicalText) -> None:
        self._kept = kept
        self.problems: list[Problem] = []

    def add(self, unit: UnitFields) -> None:
        body = self._kept.body(unit.byte_start, unit.byte_end)
        if sha256(body).hexdigest() != unit.body_sha256:
            self._problem("BODY_DIFFERS", unit, f"{unit.address}: the body's sha256 differs")
        if body.isspace() or not body:
            self._problem("BODY_EMPTY", unit, f"{unit.address} has no text")
        if (unit.unit_kind, unit.section_type) not in VOCABULARY:
            message = f"{unit.unit_kind}/{unit.section_type} is not in the vocabulary"
            self._problem("VOCABULARY_UNKNOWN", unit, message)

    def _problem(self, code: str, unit: UnitFields, message: str) -> None:
        self.problems.append(Problem(code=code, line=unit.line_start, message=message))

"""The acceptance algebra: a cut is accepted because its spans add up, not because something parsed."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from operator import attrgetter

from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import DocumentPlan, OtherSpan, PlannedUnit, Problem
from console.backend.model.vocabulary import VOCABULARY, SectionType
from console.backend.model.written_plan import as_written, kept_bytes

Span = PlannedUnit | OtherSpan

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
_LF = ord("\n")


def check_algebra(plan: DocumentPlan, canonical: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Problem, ...]:
    """Every way in which the plan is not a lossless, unambiguous cut of these bytes. Empty: accepted. Never raises."""
    ordered = spans(plan)
    written, kept = as_written(plan), kept_bytes(canonical, plan.dropped)
    return (
        *_source(plan, kept),
        *_dropped(plan, canonical),
        *_count(plan, limits),
        *_partition(plan, ordered, canonical),
        *_coverage(plan),
        *_lines(ordered, canonical),
        *_tree(plan),
        *_units(written, kept),
    )


def spans(plan: DocumentPlan) -> list[Span]:
    """Units and other spans in the order of their bytes."""
    return sorted((*plan.units, *plan.others), key=attrgetter("byte_start"))


def _source(plan: DocumentPlan, kept: bytes) -> Iterator[Problem]:
    if sha256_hex(kept) != plan.source.canonical_sha256:
        yield Problem(code="SOURCE_DIFFERS", line=0, message="the text is not the one the plan was made from")


def _dropped(plan: DocumentPlan, canonical: bytes) -> Iterator[Problem]:
    """Dropped spans are in order, disjoint, not empty, and hold the bytes that they state."""
    at = 0
    for span in plan.dropped:
        data = canonical[span.byte_start : span.byte_end]
        if span.byte_start < at or not data or span.byte_end > len(canonical):
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


def _partition(plan: DocumentPlan, ordered: list[Span], canonical: bytes) -> Iterator[Problem]:
    """Ordered, disjoint, covering: each span begins where the one before ends, from 0 to the last byte."""
    at = 0
    for span in ordered:
        if span.byte_start != at or span.byte_end <= at:
            yield Problem(
                code="SPANS_DO_NOT_MEET",
                line=span.line_start,
                message=f"a span of bytes {span.byte_start} to {span.byte_end} where {at} was expected",
            )
        at = span.byte_end
    if at != len(canonical):
        yield Problem(code="NOT_COVERING", line=0, message=f"spans end at byte {at} of {len(canonical)}")
    for before, after in pairwise(plan.units):
        if after.byte_start < before.byte_end:
            yield Problem(code="UNITS_OUT_OF_ORDER", line=after.line_start, message=f"{after.address} is out of order")


def _coverage(plan: DocumentPlan) -> Iterator[Problem]:
    unit_bytes = sum(u.byte_end - u.byte_start for u in plan.units)
    other_bytes = sum(o.byte_end - o.byte_start for o in plan.others)
    stated = plan.coverage
    if (stated.unit_bytes, stated.other_bytes) != (unit_bytes, other_bytes) or not stated.lossless:
        yield Problem(code="COVERAGE_WRONG", line=0, message="the stated coverage is not that of the spans")


def _lines(ordered: list[Span], canonical: bytes) -> Iterator[Problem]:
    """Spans begin at the beginning of the line that they state, and end on the one they state."""
    at, line = 0, 1
    for span in ordered:
        start, end = span.byte_start, span.byte_end
        if start > at:
            line += canonical.count(b"\n", at, start)
        last = line + canonical.count(b"\n", start, end - 1)
        whole = start == 0 or canonical[start - 1] == _LF
        if not whole or (span.line_start, span.line_end) != (line, last):
            yield Problem(
                code="LINES_WRONG", line=span.line_start, message=f"the span begins in line {line} and ends in {last}"
            )
        at, line = end, last + 1


def _tree(plan: DocumentPlan) -> Iterator[Problem]:
    seen: dict[str, PlannedUnit] = {}
    prefix = f"{plan.docprefix}/"
    for unit in plan.units:
        address, above = unit.address, unit.parent
        parent = None if above is None else seen.get(above)
        if address in seen:
            first = seen[address].line_start
            yield Problem(
                code="ADDRESS_REPEATED", line=unit.line_start, message=f"{address} is in line {first} already"
            )
        if not (address.startswith(prefix) and address.isascii()):
            yield Problem(code="ADDRESS_FOREIGN", line=unit.line_start, message=f"{address!r} is not an address")
        if parent is None and above is not None:
            yield Problem(code="PARENT_MISSING", line=unit.line_start, message=f"no {above} before this unit")
        if parent is not None and not _may_contain(parent.section_type, unit.section_type):
            yield Problem(
                code="LEVEL_ILLEGAL",
                line=unit.line_start,
                message=f"{unit.section_type} {address} below {parent.section_type} {above}",
            )
        seen.setdefault(address, unit)


@lru_cache(maxsize=1024)
def _may_contain(above: str, below: str) -> bool:
    outer, inner = _RANKS.get(above, 9), _RANKS.get(below, -1)
    same = outer == inner and (outer in {_CONTAINER_RANK, _ARTICLE_RANK} or below in _NESTING)
    # An article of an amending law may group another law's chapters.
    groups = outer == _ARTICLE_RANK and inner == _CONTAINER_RANK
    return outer < inner or same or groups


def _units(plan: DocumentPlan, canonical: bytes) -> Iterator[Problem]:
    for unit in plan.units:
        body = canonical[unit.byte_start : unit.byte_end]
        if sha256(body).hexdigest() != unit.body_sha256:
            yield Problem(
                code="BODY_DIFFERS", line=unit.line_start, message=f"{unit.address}: the body's sha256 differs"
            )
        if body.isspace() or not body:
            yield Problem(code="BODY_EMPTY", line=unit.line_start, message=f"{unit.address} has no text")
        if (unit.unit_kind, unit.section_type) not in VOCABULARY:
            yield Problem(
                code="VOCABULARY_UNKNOWN",
                line=unit.line_start,
                message=f"{unit.unit_kind}/{unit.section_type} is not in the vocabulary",
            )

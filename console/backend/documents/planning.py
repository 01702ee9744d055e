"""Documents to plans: the public entry of this package. Bad content gives problems, never an exception."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from pydantic import TypeAdapter

from console.backend.documents.acceptances import Accepted
from console.backend.documents.addresses import addresses, docprefix_problem, number_of
from console.backend.documents.canonical import CanonicalText, RefusedText, canonical_text, source_version
from console.backend.documents.coverage import check_algebra
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.documents.list_ends import behind_lists
from console.backend.documents.matching import Matcher, matcher
from console.backend.documents.nesting import Node
from console.backend.documents.profiles import Profile
from console.backend.documents.scanner import Scan, scan
from console.backend.documents.suspects import find_suspects
from console.backend.documents.tree import build
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import StopCode
from console.backend.model.plan import (
    Acceptance,
    Coverage,
    DocumentPlan,
    OtherSpan,
    PlannedUnit,
    Problem,
    SourceVersion,
    Suspect,
)

MAX_PROBLEMS = 200
"""Problems kept of one document; the last one says how many more there are."""
_CANDIDATES_PER_UNIT = 5
"""Limit of the lines that are looked at as suspects, as a multiple of the limit of units."""


class _UnitFields(TypedDict):
    """A planned unit before it is one: a hundred thousand are validated in one call, which takes half the time."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: str
    title: str
    line_start: int
    line_end: int
    byte_start: int
    byte_end: int
    body_sha256: str


_UNITS = TypeAdapter(tuple[PlannedUnit, ...])

PlanText = Callable[[CanonicalText, SourceVersion], tuple[DocumentPlan | None, tuple[Problem, ...]]]
"""Plans a text that was read: the plan, or the problems that refuse it."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Options for planning a document."""

    docprefix: str
    profile: str
    ordinals: bool = False
    acceptances: tuple[Acceptance, ...] = ()
    profile_sha256: str = ""
    """Digest of the file of an operator's own profile; empty for a profile that is shipped."""


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan, or the problems that refuse it; never both, never neither."""

    request: PlanRequest
    plan: DocumentPlan | None
    problems: tuple[Problem, ...]
    source: SourceVersion | None
    """None if the bytes are not text."""
    canonical: bytes
    """Text that spans and digests refer to; empty if the bytes are not text."""

    @property
    def histogram(self) -> dict[str, int]:
        """Units by section type, in order of their name."""
        return dict(sorted(Counter(u.section_type for u in self.plan.units).items())) if self.plan else {}


def plan_document(
    raw: bytes,
    *,
    origin: str,
    docprefix: str,
    profile: str,
    ordinals: bool = False,
    acceptances: tuple[Acceptance, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> PlanResult:
    """Plan one document. The only thing that raises is a profile that doesn't exist (UsageError).

    `origin` is `file:<name>` or `live:<registered name>`; with `ordinals` repeated headings get -2, -3 instead of
    being refused, and the plan says so. Each of the `acceptances` must meet its finding.
    """
    compiled = matcher(profile)
    return plan_by(
        compiled, raw, origin=origin, docprefix=docprefix, ordinals=ordinals, acceptances=acceptances, limits=limits
    )


def plan_by(
    compiled: Matcher,
    raw: bytes,
    *,
    origin: str,
    docprefix: str,
    ordinals: bool = False,
    acceptances: tuple[Acceptance, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
    profile_sha256: str = "",
) -> PlanResult:
    """Plan one document by a compiled profile. Never raises for what the document says."""
    request = PlanRequest(docprefix, compiled.profile.name, ordinals, acceptances, profile_sha256)
    return plan_text(
        request, raw, origin, limits, lambda text, source: _planned(text, source, request, compiled, limits)
    )


def plan_text(request: PlanRequest, raw: bytes, origin: str, limits: Limits, planned: PlanText) -> PlanResult:
    """Read the document's text, and let `planned` plan it; without a text, or with an unfit prefix, it is refused."""
    try:
        text = canonical_text(raw, limits)
    except RefusedText as refused:
        problem = Problem(code=refused.code, line=refused.line, message=f"{refused.message}: {refused.next_action}")
        return PlanResult(request, None, (problem,), None, b"")
    source = source_version(raw, text.data, origin)
    unfit = docprefix_problem(request.docprefix)
    if unfit is not None:
        return PlanResult(request, None, (unfit,), source, text.data)
    plan, problems = planned(text, source)
    return PlanResult(request, None if problems else plan, problems, source, text.data)


def _planned(
    text: CanonicalText, source: SourceVersion, request: PlanRequest, compiled: Matcher, limits: Limits
) -> tuple[DocumentPlan | None, tuple[Problem, ...]]:
    rules = compiled.profile
    accepted = Accepted(request.acceptances)
    scanned = scan(text.text, compiled, limits.max_units, limits.max_units * _CANDIDATES_PER_UNIT, accepted)
    if len(scanned.candidates) + len(scanned.sightings) > limits.max_units * _CANDIDATES_PER_UNIT:
        line = max(seen[-1].line for seen in (scanned.candidates, scanned.sightings) if seen)
        message = (
            f"more than {limits.max_units * _CANDIDATES_PER_UNIT:,} lines that could be beginnings of units: this is no "
            "document of rules, or it is too long"
        )
        return None, (Problem(code=StopCode.CAP_EXCEEDED, line=line, message=message),)
    if len(scanned.marks) > limits.max_units:
        line = scanned.marks[limits.max_units].line
        message = f"more than {limits.max_units:,} units: split the document, or raise the limit max_units"
        return None, (Problem(code=StopCode.CAP_EXCEEDED, line=line, message=message),)
    nodes, order_problems, sightings = build(text.text, rules, scanned.marks, accepted)
    names, address_problems = addresses(nodes, request.docprefix, request.ordinals, accepted)
    problems = [*scanned.problems, *order_problems, *address_problems, *accepted.unmet()]
    if problems:
        return None, _bounded(problems)
    suspects = find_suspects(
        text.text,
        compiled,
        scanned.guards,
        scanned.candidates,
        [*sightings, *scanned.sightings, *behind_lists(text.text, nodes)],
        nodes,
        names,
    )
    plan = _assemble(text, source, request, rules, scanned, nodes, names, suspects)
    return plan, _bounded(list(check_algebra(plan, text.data, limits)))


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    ordered = sorted(problems, key=lambda p: (p.line, p.code, p.message))
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    more = len(ordered) - MAX_PROBLEMS
    last = Problem(code="MORE", line=ordered[MAX_PROBLEMS].line, message=f"{more:,} more problems")
    return (*ordered[:MAX_PROBLEMS], last)


def _assemble(
    text: CanonicalText,
    source: SourceVersion,
    request: PlanRequest,
    rules: Profile,
    scanned: Scan,
    nodes: list[Node],
    names: list[str],
    suspects: tuple[Suspect, ...],
) -> DocumentPlan:
    starts = [node.mark.start for node in nodes]
    first = starts[0] if starts else len(text.text)
    edges = _byte_offsets(text, [scanned.front_end, first, *starts, len(text.text)])
    last_line = text.text.count("\n") + (not text.text.endswith("\n"))
    lines = [*(node.mark.line for node in nodes), last_line + 1]
    others = _before(scanned, edges, lines[0])
    units: list[_UnitFields] = []
    kind = rules.unit_kind.value
    for i, node in enumerate(nodes):
        start, end = edges[i + 2], edges[i + 3]
        if node.other:
            others.append(_other(node.other, lines[i], lines[i + 1] - 1, start, end))
            continue
        units.append(
            {
                "address": names[i],
                "parent": names[node.parent] if node.parent is not None else None,
                "unit_kind": kind,
                "section_type": node.level.type_name,
                "number": number_of(node),
                "title": node.mark.title,
                "line_start": lines[i],
                "line_end": lines[i + 1] - 1,
                "byte_start": start,
                "byte_end": end,
                "body_sha256": sha256_hex(text.data[start:end]),
            }
        )
    covered = sum(u["byte_end"] - u["byte_start"] for u in units)
    outside = sum(o.byte_end - o.byte_start for o in others)
    return DocumentPlan(
        docprefix=request.docprefix,
        profile=request.profile,
        profile_sha256=request.profile_sha256,
        ordinals=request.ordinals,
        source=source,
        units=_UNITS.validate_python(units),
        others=tuple(others),
        coverage=Coverage(unit_bytes=covered, other_bytes=outside, lossless=covered + outside == len(text.data)),
        suspects=suspects,
        acceptances=tuple(sorted(request.acceptances, key=lambda accepted: (accepted.line, accepted.code))),
    )


def _before(scanned: Scan, edges: list[int], first_line: int) -> list[OtherSpan]:
    """Return what stands before the first unit: front matter and the document's own title."""
    front, first = edges[0], edges[1]
    result = [_other("front matter", 1, scanned.front_lines, 0, front)] if front else []
    if first > front:
        result.append(_other("title", scanned.front_lines + 1, first_line - 1, front, first))
    return result


def _other(name: str, line_start: int, line_end: int, start: int, end: int) -> OtherSpan:
    return OtherSpan(name=name, line_start=line_start, line_end=line_end, byte_start=start, byte_end=end)


def _byte_offsets(text: CanonicalText, places: list[int]) -> list[int]:
    """Byte offsets of ascending character offsets; each stretch is encoded once."""
    if len(text.data) == len(text.text):
        return places
    result: list[int] = []
    at = offset = 0
    for place in places:
        offset += len(text.text[at:place].encode())
        at = place
        result.append(offset)
    return result

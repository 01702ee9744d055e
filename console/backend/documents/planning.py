"""Documents to plans: the public entry of this package. Bad content gives problems, never an exception."""

import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from console.backend.documents.acceptances import MORE, Accepted
from console.backend.documents.addresses import addresses, docprefix_problem, number_of
from console.backend.documents.annexes import unclear_annexes
from console.backend.documents.canonical import CanonicalText, Handover, RefusedText, canonical_text, source_version
from console.backend.documents.coverage import check_algebra
from console.backend.documents.kept_text import KeptText, keep
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.documents.list_ends import behind_lists
from console.backend.documents.matching import Matcher, matcher
from console.backend.documents.nesting import Node
from console.backend.documents.page import page_mark
from console.backend.documents.profiles import Profile
from console.backend.documents.scanner import Scan, scan
from console.backend.documents.source_text import canonical_of
from console.backend.documents.suspects import Sighting, find_suspects
from console.backend.documents.title_parts import title_parts
from console.backend.documents.tree import build
from console.backend.documents.uncollected import uncollected
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import StopCode
from console.backend.model.plan import (
    Acceptance,
    Coverage,
    DocumentPlan,
    DroppedSpan,
    OtherSpan,
    Problem,
    SourceVersion,
    Suspect,
)
from console.backend.model.planned_units import PlannedUnits, UnitFields
from console.backend.model.profile_names import AKN_PROFILE

_IS_XML = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml[ \t\r\n]|<(?:\w{1,20}:)?akomaNtoso[ \t\r\n>])")
MAX_PROBLEMS = 200
"""Problems kept of one document; the last one says how many more there are."""
_CANDIDATES_PER_UNIT = 5
"""Limit of the lines that are looked at as suspects, as a multiple of the limit of units."""


Offsets: TypeAlias = "array[int]"
"""Places in a text; as a list of integers, those of a large document take five times the memory."""

PlanText = Callable[[CanonicalText, SourceVersion], tuple[DocumentPlan | None, tuple[Problem, ...]]]
"""Plans a text that was read: the plan, or the problems that refuse it."""


class _Front(NamedTuple):
    """YAML front matter: its characters and lines."""

    end: int
    lines: int


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
    text: bytes | CanonicalText
    """Text as `canonical` has it; one in ASCII becomes bytes, which are as long, only where they are asked for."""
    title_parts: tuple[OtherSpan, ...] = ()
    """Named parts of what stands above the first unit; read out of the text, and no part of the plan."""

    @property
    def canonical(self) -> bytes:
        """Return the text that spans and digests refer to.

        It is empty if the bytes are not text, and of markup that is refused the file itself.
        """
        return self.text.data if isinstance(self.text, CanonicalText) else self.text

    @property
    def histogram(self) -> dict[str, int]:
        """Units by section type, in order of their name."""
        return dict(sorted(Counter(u.section_type for u in self.plan.units.fields()).items())) if self.plan else {}


def plan_document(
    raw: bytes | Handover,
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
    if profile == AKN_PROFILE:
        request = PlanRequest(docprefix, profile, ordinals, acceptances)
        return _plan_markup(raw.take() if isinstance(raw, Handover) else raw, origin, request, limits)
    compiled = matcher(profile)
    return plan_by(
        compiled, raw, origin=origin, docprefix=docprefix, ordinals=ordinals, acceptances=acceptances, limits=limits
    )


def _plan_markup(raw: bytes, origin: str, request: PlanRequest, limits: Limits) -> PlanResult:
    """Plan a document whose structure is that of its markup. Problems have lines of the file, the plan those of the text."""
    # Loaded for this profile alone: it brings an XML library.
    from console.backend.documents.akn.intake import plan_akn

    try:
        planned = plan_akn(raw, origin, request.docprefix, ordinals=request.ordinals, limits=limits)
    except RefusedText as refused:
        problem = Problem(code=refused.code, line=refused.line, message=f"{refused.message}: {refused.next_action}")
        return PlanResult(request, None, (problem,), None, raw)
    unmet = Accepted(request.acceptances).unmet()
    unfit = docprefix_problem(request.docprefix)
    problems = _bounded([*([unfit] if unfit is not None else []), *planned.problems, *unmet])
    if planned.plan is None or problems:
        return PlanResult(request, None, problems, planned.source, raw)
    return PlanResult(request, planned.plan, (), planned.source, planned.canonical)


@uncollected()
def plan_by(
    compiled: Matcher,
    raw: bytes | Handover,
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
    given = raw.take() if isinstance(raw, Handover) else raw
    text = text_of(request, given, origin, limits)
    if isinstance(text, PlanResult):
        return text
    kept, unclear = keep(text, compiled.profile.furniture)
    source = kept.source(given, origin)
    del given, text
    return _plan_kept(kept, unclear, source, request, compiled, limits)


def text_of(request: PlanRequest, raw: bytes, origin: str, limits: Limits) -> CanonicalText | PlanResult:
    """Return the document's text, or the refusal of what is none, is markup, or has an unfit prefix."""
    if _IS_XML.match(raw):
        message = f"this is XML, and profile {request.profile} reads text: plan it with the profile {AKN_PROFILE}"
        problem = Problem(code=StopCode.REFUSED_INPUT, line=1, message=message)
        return PlanResult(request, None, (problem,), None, raw)
    try:
        text = canonical_text(raw, limits)
    except RefusedText as refused:
        problem = Problem(code=refused.code, line=refused.line, message=f"{refused.message}: {refused.next_action}")
        return PlanResult(request, None, (problem,), None, b"")
    unfit = docprefix_problem(request.docprefix)
    if unfit is not None:
        return PlanResult(request, None, (unfit,), source_version(raw, text, origin), text.data)
    return text


def _plan_kept(
    kept: KeptText,
    unclear: list[Problem],
    source: SourceVersion,
    request: PlanRequest,
    compiled: Matcher,
    limits: Limits,
) -> PlanResult:
    plan, problems = _planned(kept, source, request, compiled, limits)
    wider = compiled.wider_for(kept.kept.text) if problems else None
    if wider is not None:
        wider_plan, refusals = _planned(kept, source, request, wider, limits)
        plan, problems = (plan, problems) if refusals else (wider_plan, refusals)
    problems, whole = _bounded([*unclear, *problems]) if unclear else problems, kept.whole
    if problems or plan is None:
        return PlanResult(request, None, problems, source, whole)
    return PlanResult(request, plan, problems, source, whole, title_parts(plan, whole, compiled.profile))


def pinned_source(raw: bytes, *, origin: str, profile: str, limits: Limits = DEFAULT_LIMITS) -> SourceVersion:
    """Return the snapshot that a plan of these bytes by that shipped profile is pinned to. Raises RefusedText."""
    text = canonical_of(raw, profile, limits)
    if profile == AKN_PROFILE:
        return source_version(raw, text, origin, text.rule)
    kept, _ = keep(text, matcher(profile).profile.furniture)
    return kept.source(raw, origin)


def _planned(
    kept: KeptText, source: SourceVersion, request: PlanRequest, compiled: Matcher, limits: Limits
) -> tuple[DocumentPlan | None, tuple[Problem, ...]]:
    # The marks of a large document are gone by the time that its plan is checked.
    plan, problems = _cut(kept, source, request, compiled, limits)
    return plan, problems if plan is None else _bounded(list(check_algebra(plan, kept.whole, limits)))


def _cut(
    kept: KeptText, source: SourceVersion, request: PlanRequest, compiled: Matcher, limits: Limits
) -> tuple[DocumentPlan | None, tuple[Problem, ...]]:
    rules, text = compiled.profile, kept.kept
    accepted = Accepted(request.acceptances)
    most_candidates = limits.max_units * _CANDIDATES_PER_UNIT
    scanned = kept.located(scan(text, compiled, limits.max_units, most_candidates, accepted, kept.line))
    if len(scanned.candidates) + len(scanned.sightings) > most_candidates:
        last = max(seen[-1].start for seen in (scanned.candidates, scanned.sightings) if seen)
        line = kept.line(text.text.count("\n", 0, last) + 1)
        message = (
            f"more than {most_candidates:,} lines that could be beginnings of units: this is no "
            "document of rules, or it is too long"
        )
        return None, (Problem(code=StopCode.CAP_EXCEEDED, line=line, message=message),)
    if len(scanned.marks) > limits.max_units:
        line = scanned.marks[limits.max_units].line
        message = f"more than {limits.max_units:,} units: split the document, or raise the limit max_units"
        return None, (Problem(code=StopCode.CAP_EXCEEDED, line=line, message=message),)
    nodes, names, sightings, problems = _built(kept, request, rules, scanned, accepted.again(), frozenset())
    opaque = unclear_annexes(problems, nodes, scanned.marks)
    if opaque:
        nodes, names, sightings, problems = _built(kept, request, rules, scanned, accepted, opaque)
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
        kept,
    )
    front = _Front(scanned.front_end, scanned.front_lines)
    # From here on each node goes as its unit is written: for a moment there would be two of everything.
    del scanned, sightings
    return _assemble(kept, source, request, rules, front, nodes, names, suspects), ()


def _built(
    kept: KeptText,
    request: PlanRequest,
    rules: Profile,
    scanned: Scan,
    accepted: Accepted,
    opaque: frozenset[int],
) -> tuple[list[Node], list[str], list[Sighting], list[Problem]]:
    """Return nodes, addresses, what was seen and opens nothing, and all problems."""
    nodes, order, sightings = build(kept.kept.text, rules, scanned.marks, accepted, kept.lines_between, opaque)
    if not (scanned.marks or scanned.candidates or scanned.sightings):
        page = page_mark(kept.kept.text, rules, scanned.front_end, scanned.front_lines)
        nodes = [Node(page, rules.level[0], 0, None)] if page is not None else []
    names, repeated = addresses(nodes, request.docprefix, request.ordinals, accepted)
    return nodes, names, sightings, [*scanned.problems, *order, *repeated, *accepted.unmet()]


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    ordered = sorted(problems, key=lambda p: (p.line, p.code, p.message))
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    more = len(ordered) - MAX_PROBLEMS
    last = Problem(code=MORE, line=ordered[MAX_PROBLEMS].line, message=f"{more:,} more problems")
    return (*ordered[:MAX_PROBLEMS], last)


def _assemble(
    kept: KeptText,
    source: SourceVersion,
    request: PlanRequest,
    rules: Profile,
    front: _Front,
    nodes: list[Node],
    names: list[str],
    suspects: tuple[Suspect, ...],
) -> DocumentPlan:
    """Return the plan of the nodes, which are taken out of their list."""
    text = kept.kept
    starts = array("Q", (node.mark.start for node in nodes))
    first = starts[0] if starts else len(text.text)
    places = array("Q", [front.end, first, *starts, len(text.text)])
    edges = _byte_offsets(text, places)
    # Spans refer to the whole text, and bodies to what is kept of it.
    spans = _spans(kept, places, has_front=bool(front.end)) if kept.pieces else edges
    last_line = kept.whole.text.count("\n") + (not kept.whole.text.endswith("\n"))
    lines = array("Q", (node.mark.line for node in nodes))
    lines.append(last_line + 1)
    others = _before(front, spans, lines[0])
    others += [
        _other(node.other, lines[i], lines[i + 1] - 1, spans[i + 2], spans[i + 3])
        for i, node in enumerate(nodes)
        if node.other
    ]
    covered = sum(spans[i + 3] - spans[i + 2] for i, node in enumerate(nodes) if not node.other)
    kind = rules.unit_kind.value
    units = PlannedUnits(
        UnitFields(
            address=names[i],
            parent=names[node.parent] if node.parent is not None else None,
            unit_kind=kind,
            section_type=node.level.type_name,
            number=number_of(node),
            title=node.mark.title,
            byte_start=spans[i + 2],
            byte_end=spans[i + 3],
            line_start=lines[i],
            line_end=lines[i + 1] - 1,
            body_sha256=sha256_hex(text.body(edges[i + 2], edges[i + 3])),
        )
        for i, node in enumerate(_taken(nodes))
        if not node.other
    )
    outside = sum(o.byte_end - o.byte_start for o in others)
    return DocumentPlan(
        docprefix=request.docprefix,
        profile=request.profile,
        profile_sha256=request.profile_sha256,
        ordinals=request.ordinals,
        source=source,
        units=units,
        others=tuple(others),
        coverage=Coverage(unit_bytes=covered, other_bytes=outside, lossless=covered + outside == kept.whole.size),
        suspects=suspects,
        acceptances=tuple(sorted(request.acceptances, key=lambda accepted: (accepted.line, accepted.code))),
        dropped=_dropped(kept, units, others),
    )


def _taken(nodes: list[Node]) -> Iterator[Node]:
    """Yield the nodes in order, and take each out of the list."""
    nodes.reverse()
    while nodes:
        yield nodes.pop()


def _spans(kept: KeptText, places: Offsets, *, has_front: bool) -> Offsets:
    """Return the byte offsets in the whole text of places in what is kept of it."""
    mapped = array("Q", map(kept.offset, places))
    mapped[0] = mapped[0] if has_front else 0
    return _byte_offsets(kept.whole, mapped)


def _dropped(kept: KeptText, units: PlannedUnits, others: list[OtherSpan]) -> tuple[DroppedSpan, ...]:
    """Return what was dropped, each with the unit or the named span around it."""
    if not kept.pieces:
        return ()
    around = sorted(
        [*((u.byte_start, u.address) for u in units.fields()), *((o.byte_start, f"({o.name})") for o in others)]
    )
    starts = [start for start, _ in around]
    return tuple(
        span.model_copy(update={"within": around[bisect_right(starts, span.byte_start) - 1][1]})
        for span in kept.dropped()
    )


def _before(matter: _Front, edges: Offsets, first_line: int) -> list[OtherSpan]:
    """Return what stands before the first unit: front matter and the document's own title."""
    front, first = edges[0], edges[1]
    result = [_other("front matter", 1, matter.lines, 0, front)] if front else []
    if first > front:
        result.append(_other("title", matter.lines + 1, first_line - 1, front, first))
    return result


def _other(name: str, line_start: int, line_end: int, start: int, end: int) -> OtherSpan:
    return OtherSpan(name=name, line_start=line_start, line_end=line_end, byte_start=start, byte_end=end)


def _byte_offsets(text: CanonicalText, places: Offsets) -> Offsets:
    """Byte offsets of ascending character offsets; each stretch is encoded once."""
    if text.text.isascii():
        return places
    result = array("Q")
    at = offset = 0
    for place in places:
        offset += len(text.text[at:place].encode())
        at = place
        result.append(offset)
    return result

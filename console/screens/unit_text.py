"""The texts of the Units screen: pure functions of what was read."""

from functools import partial

from rich.cells import cell_len

from console.actions.keys_in_force import told
from console.backend.model.safe_text import safe_text
from console.backend.model.unit_search import (
    SearchedBy,
    UnitHit,
    UnitHits,
    UnitQuery,
    UnitVersion,
    UnitView,
    VersionDiff,
)
from console.widgets.formatting import count, without_middle
from console.widgets.line import Line, Span, Tone, line
from console.widgets.wrap import hanging, labelled

FILTERS: tuple[tuple[str, ...], ...] = ((), ("draft",), ("enacted",), ("superseded",), ("retired",))
"""The lifecycles that `f` goes through; none is what readers see."""
_TONES: dict[str, Tone] = {
    "enacted": "good",
    "draft": "warn",
    "superseded": "muted",
    "retired": "muted",
    "begins later": "accent",
}
_pair = partial(labelled, column=9)
_LEAD = 14
"""Most characters of the text before the first hit in a row of the list."""
_HIT, _ROOMY = 16, 70
"""Cells that are left for the hit itself; cells of a row from which on the lifecycles have a column of their own."""


def row(unit: UnitHit, width: int) -> Line:
    """Return one row of the list: the hit among its words if there is one, else the title."""
    lifecycle, is_hit = unit.lifecycle or "?", any(part.hit for part in unit.snippet)
    shown_lifecycle = f"{lifecycle:<10} " if width > _ROOMY else f"{lifecycle:<8} "
    room = max(width - len(shown_lifecycle) - _HIT - _LEAD, _HIT)
    head = (
        Span(shown_lifecycle, _TONES.get(lifecycle, "plain")),
        Span(f"{without_middle(unit.address, room) if is_hit else unit.address}  ", "strong"),
        *((Span("deleted  ", "bad"),) if unit.deleted else ()),
    )
    if is_hit:
        return (*head, *_hit(unit, width - sum(cell_len(span.text) for span in head)))
    return (*head, Span(unit.title or "", "plain"))


def _hit(unit: UnitHit, room: int) -> Line:
    """Return the hit with what stands around it; before it only so much that the hit itself is on the screen."""
    most = max(min(room - _HIT, _LEAD), 0)
    first = next(index for index, part in enumerate(unit.snippet) if part.hit)
    lead = "".join(part.text for part in unit.snippet[:first])
    before = Span(lead if len(lead) <= most else f"…{lead[len(lead) - most :]}", "muted")
    rest = (Span(f"[{part.text}]", "accent") if part.hit else Span(part.text, "muted") for part in unit.snippet[first:])
    return (before, *rest)


def list_title(query: UnitQuery, hits: UnitHits | None, looked: str = "") -> str:
    """Return the title of the list: what was searched for, by which filters, and how far was looked for it."""
    parts = []
    if query.text:
        by = {SearchedBy.ADDRESS: "address ", SearchedBy.EITHER: "address ", SearchedBy.WORDS: "words "}.get(
            hits.searched_by if hits else SearchedBy.NOTHING, ""
        )
        parts.append(f"{by}{safe_text(query.text)}")
    parts += [f"document {safe_text(query.document)}"] if query.document else []
    parts += list(query.lifecycles)
    parts += [f"in force at {query.as_of:%Y-%m-%d %H:%M:%SZ}"] if query.as_of is not None else []
    index = ", no index: units are looked at one by one" if hits is not None and not hits.has_index else ""
    return f"Units: {', '.join(parts) or 'drafts and law'}{index}{looked}"


def looked_words(before: str, behind: str) -> str:
    """Return how far was looked beyond the two ends of a list, each empty if that was not to a page's end."""
    ends = [f"back to {before}"] if before else []
    ends += [f"as far as {behind}"] if behind else []
    return f", looked for {' and '.join(ends)}" if ends else ""


def nothing(query: UnitQuery, hits: UnitHits, *, is_last: bool = False) -> str:
    """Return the text of an empty list, also of one that was not looked for to its end."""
    if hits.looked_to:
        text = f"No unit as far as {hits.looked_to}, in the time of one answer. {'Up' if is_last else 'Down'} looks on"
        ways = [] if query.document else ["a document"]
        ways += ["a rarer word"] if hits.searched_by is SearchedBy.WORDS else []
        narrower = " or ".join(ways)
        return f"{text}; {told(f'<find> takes {narrower}.')}" if ways else f"{text}."
    if query.text or query.document or query.lifecycles or query.as_of is not None:
        return told("No unit has this. <unit_all> shows all, <find> searches for something else.")
    return told("No unit yet. Documents (<documents>) plans a text; a cut makes units of it.")


def head(unit: UnitView, full: str, width: int) -> list[Line]:
    """Return what is known of a unit above its text."""
    standing: Tone = "good" if unit.standing.startswith("in force") else "warn"
    kind = " ".join(part for part in (unit.unit_kind, unit.section_type, unit.number) if part) or "-"
    lines = [
        *_pair("title", unit.title or "-", width, "strong"),
        *_pair(
            "state", f"{unit.standing}{f', version {unit.version_seq}' if unit.version_seq else ''}", width, standing
        ),
        *_pair("kind", f"{kind}, {unit.lifecycle or '?'}, below {unit.parent or '-'}", width),
    ]
    if unit.followed:
        lines += _pair("was", f"{' is now '.join((*unit.followed, unit.address))}", width)
    if unit.former:
        lines += _pair("before", ", ".join(unit.former), width)
    if unit.run_id:
        lines += _pair("run", f"{unit.run_id}{f', edited by {unit.edited_by}' if unit.edited_by else ''}", width)
    if unit.statement_sha256:
        lines += _pair("ruling", unit.statement_sha256, width)
    if unit.run_id:
        where = unit.reports[-1] if unit.reports else f"none on this host; to write it: {full}"
        lines += _pair("report", where, width)
    for problem in unit.problems:
        lines += _pair("problem", problem, width, "bad")
    for missing in unit.not_measured:
        lines += _pair("unknown", f"{missing.subject}: {missing.reason}", width, "warn")
    return lines


def version_row(version: UnitVersion, *, marked: bool) -> Line:
    """Return one row of the versions."""
    period = version.periods[-1] if version.periods else None
    since = ""
    if period is not None:
        until = f" to {period.in_force_until:%Y-%m-%d %H:%MZ}" if period.in_force_until else ""
        since = f"  {period.in_force_from:%Y-%m-%d %H:%MZ}{until}"
    tone: Tone = "good" if version.standing == "in force" else "plain"
    return line(
        Span("* " if marked else "  ", "accent"),
        Span(f"{version.version_seq:>3}  ", "strong"),
        Span(version.standing, tone),
        since,
        Span(f"  {version.operation} {version.run_id}", "muted"),
    )


def version_detail(
    unit: UnitView, version: UnitVersion, diff: VersionDiff | None, why_none: str, width: int
) -> list[Line]:
    """Return where a version came from, and its difference from another one."""
    lines = _pair("written", f"{version.operation or '-'} run {version.run_id or '-'}", width)
    lines += _pair("ruling", version.statement_sha256 or "-", width)
    for period in version.periods:
        until = f" to {period.in_force_until:%Y-%m-%d %H:%M:%SZ}" if period.in_force_until else ""
        lines += _pair(
            "in force", f"{period.in_force_from:%Y-%m-%d %H:%M:%SZ}{until}, run {period.run_id}", width, "good"
        )
        lines += _pair("", f"ruling {period.statement_sha256}", width, "muted")
    lines.append(line(""))
    if diff is None:
        return [*lines, *hanging((), why_none, width, "muted")]
    lines += hanging(
        (), f"{unit.address}: from version {diff.old} to version {diff.new}, [-removed-] {{+added+}}", width, "strong"
    )
    if diff.old_title != diff.new_title:
        lines += _pair("title", f"[-{diff.old_title}-]{{+{diff.new_title}+}}", width)
    if not diff.lines:
        same = "The texts are equal." if not diff.body else "The texts differ in space and line ends alone."
        lines += hanging((), same, width, "muted")
    for text in diff.lines:
        lines += [*hanging((Span("  "),), text, width)]
    if diff.is_coarse:
        lines += hanging((), "The texts are long: lines were compared before words.", width, "muted")
    return lines


def versions_title(unit: UnitView) -> str:
    """Return the title of the versions."""
    return f"Versions of {unit.address}: {count(len(unit.versions))}"

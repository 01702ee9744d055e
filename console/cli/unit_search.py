"""unit search, unit diff: units by address or by word, and two versions of one; read as the monitoring role."""

import shlex

from console.backend.model.as_of import moment_of
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.shown_time import shown_time
from console.backend.model.unit_search import SearchedBy, UnitHit, UnitHits, UnitQuery
from console.backend.runs.unit_search import search_units
from console.backend.runs.unit_view import compare_versions
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.output import as_typed, emit_law, missing_line, narrate, report
from console.cli.unit_requests import MEANINGS, DiffVersions, SearchUnits

_ADDRESS = 40
_LIFECYCLE = 12


def search(options: Options, request: SearchUnits) -> ExitStatus:
    """List a page of the units that were searched for; the command that goes on with the next page is told."""
    hits = search_units(
        installation_of(options),
        UnitQuery(
            text=request.text,
            by=SearchedBy(request.by or SearchedBy.EITHER),
            document=request.document,
            lifecycles=(request.lifecycle,) if request.lifecycle else (),
            as_of=moment_of("--as-of", request.as_of) if request.as_of else None,
            after=request.after,
            limit=request.limit,
        ),
    )
    outcome = Outcome.PASS if not hits.not_measured else Outcome.PARTIAL
    if options.json:
        return report(options, "unit search", outcome, (), hits)
    emit_law(line for unit in hits.units for line in _lines(unit))
    narrate(_summary(hits))
    if hits.looked_to:
        narrate(f"Looked for as far as {hits.looked_to}, in the time of one answer.{_fewer(request, hits)}")
    if hits.more:
        narrate(as_typed(options, f"next: {_next_page(request, hits)}"))
    for missing in hits.not_measured:
        narrate(as_typed(options, missing_line(missing)))
    return ExitStatus.DONE


def _lines(unit: UnitHit) -> list[str]:
    standing = f"{unit.lifecycle or '?'}{', deleted' if unit.deleted else ''}"
    head = f"{unit.address:<{_ADDRESS}}  {standing:<{_LIFECYCLE}}  {unit.document or '?'}  {unit.title or '-'}"
    snippet = "".join(f"[{part.text}]" if part.hit else part.text for part in unit.snippet)
    return [head, *([f"    {snippet}"] if snippet else [])]


def _summary(hits: UnitHits) -> str:
    by = {
        SearchedBy.ADDRESS: ", by address",
        SearchedBy.WORDS: ", by words",
        SearchedBy.EITHER: ", by address so far: words are searched for if no unit has it",
    }.get(hits.searched_by, "")
    at = f", in force at {shown_time(hits.as_of)}" if hits.as_of is not None else ""
    return f"{counted(len(hits.units), 'unit')}{' of more' if hits.more and not hits.looked_to else ''}{by}{at}"


def _fewer(request: SearchUnits, hits: UnitHits) -> str:
    """Return what makes the units fewer that have to be looked at, as a sentence behind another one."""
    ways = [] if request.document else ["a document (--document P)"]
    ways += ["a rarer word"] if hits.searched_by is SearchedBy.WORDS else []
    return f" Fewer are looked at with {' or '.join(ways)}." if ways else ""


def _next_page(request: SearchUnits, hits: UnitHits) -> str:
    after = hits.looked_to or hits.units[-1].address
    words = ["cutter-console unit search", shlex.quote(request.text)]
    words += ["--by", hits.searched_by] if hits.searched_by in MEANINGS else []
    words += ["--document", shlex.quote(request.document)] if request.document else []
    words += ["--lifecycle", request.lifecycle] if request.lifecycle else []
    words += ["--as-of", request.as_of] if request.as_of else []
    return " ".join(
        [*words, *(["--limit", str(request.limit)] if request.limit != 50 else []), "--after", shlex.quote(after)]
    )


def diff(options: Options, request: DiffVersions) -> ExitStatus:
    """Compare two versions of a unit: each place that differs on one line."""
    compared = compare_versions(installation_of(options), request.address, request.from_, request.to)
    if options.json:
        return report(options, "unit diff", Outcome.PASS, (), compared)
    if compared.old == compared.new and request.from_ is None and request.to is None:
        emit_law([f"{compared.address}: version {compared.new} is the only one that can be read"])
        return ExitStatus.DONE
    lines = [f"{compared.address}, version {compared.old} and version {compared.new}"]
    if compared.old_title != compared.new_title:
        lines.append(f"title  [-{compared.old_title}-]{{+{compared.new_title}+}}")
    lines += list(compared.lines)
    if not compared.body:
        lines.append("the texts are equal")
    elif not compared.lines:
        lines.append("the texts differ in space and line ends alone")
    emit_law([*lines, *(["the texts are long: lines were compared before words"] if compared.is_coarse else [])])
    return ExitStatus.DONE

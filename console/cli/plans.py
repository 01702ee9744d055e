"""plan: plans a document, or all below a folder, without any effect.

It needs a database, and loads a driver, only to compare the text with what is law.
"""

from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.acceptances import MORE, acceptances_for, proposal
from console.backend.documents.folder_report import FolderRequest
from console.backend.documents.limits import Limits, limits_of
from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.own_profiles import choose_profile
from console.backend.documents.planning import PlanResult
from console.backend.documents.refusals import place_of
from console.backend.documents.report import PlanReport
from console.backend.host.context import Context
from console.backend.host.durable import write_durably
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.host.settings import Settings
from console.backend.host.site_files import run_tables
from console.backend.model.amendment import Amendment, Moved
from console.backend.model.amendment_report import AmendmentReport, amendment_lines
from console.backend.model.canonical_json import canonical_json
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Acceptance, DroppedSpan, bind, dropped_in_words, omissions_in_words
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.run_tables import RunTables, rows_in_words
from console.backend.model.suspect_groups import SuspectGroup, grouped
from console.cli.arguments import Options
from console.cli.output import narrate, report
from console.cli.plan_request import PlanFile
from console.cli.settings import found_below, found_path, root_of, settings_of

_SHOWN = 60
"""Number of characters of a dropped span that the list shows; the report as JSON has all of them."""


def plan(options: Options, request: PlanFile) -> ExitStatus:
    """Plan a document without any effect; without a database, unless it is compared with what is law."""
    root = root_of(options)
    settings = settings_of(options, root)
    limits = limits_of(settings)
    profile = choose_profile(request.profile, settings.under(root, settings.profiles))
    if request.folder is not None:
        # Loaded for a folder alone: it brings what starts processes.
        from console.cli.folders import plan_folder

        return plan_folder(
            options,
            FolderRequest(found_path(options, request.folder), profile, request.ordinals, limits),
            Context(root=root),
            lines=request.lines,
        )
    # What lies in the intake folder is named without it in the guide.
    file = found_below(settings.under(root, settings.intake), Path(request.file))
    source = intake.read_source(file, folder=file.parent, limits=limits)
    result = plan_chosen(
        profile,
        source.raw,
        origin=source.origin,
        docprefix=request.docprefix,
        ordinals=request.ordinals,
        acceptances=read_acceptances(request.accept, source.raw, limits),
        limits=limits,
    )
    amendment, compared = _compared(options, request, result)
    tables = _tables(root, settings)
    if request.out is not None and result.plan is not None:
        keep_new_file(request.out, canonical_json(bind(result.plan, None, amendment)))
    if request.propose_acceptances is not None:
        _propose(request.propose_acceptances, source.origin, result)
    outcome = Outcome.PASS if result.plan is not None else Outcome.FAIL
    answer = PlanReport.of(result, Context(root=root).now(), amendment, compared, tables)
    lines = [*_plan_lines(result, amendment), *(amendment_lines(compared) if compared is not None else [])]
    lines += _site_lines(tables, answer)
    status = report(options, "plan", outcome, lines, answer)
    if result.plan is not None:
        return status
    if not options.json:
        narrate(f"next: {_after_refusal(result)}")
    return ExitStatus.REFUSED


def _after_refusal(result: PlanResult) -> str:
    """Return what to do about a refused document, with the command that shows the page of its first code."""
    code = result.problems[0].code
    step = "the prefix" if code.startswith("DOCPREFIX_") else "the document, or plan it in another way"
    return f"correct {step}; what a code means: cutter-console help {code}"


def _tables(root: Path, settings: Settings) -> RunTables:
    """Return the tables that a cut writes, an organisation's by the mapping of this host; whose plan it is, nobody asks."""
    return run_tables(Installation(Context(root=root), settings, ""))


def _site_lines(tables: RunTables, answer: PlanReport) -> list[str]:
    """Return the rows of a cut where they stand in an organisation's tables too; no line where they do not."""
    if tables.site is None or not answer.expected_deltas:
        return []
    lines = [f"rows of the cut, by the site mapping: {rows_in_words(answer.expected_deltas)}"]
    if tables.site.governance is not None and tables.site.governance.document is not None:
        lines.append(
            "a document, or a version of it, that is registered there already gets no row: a run asks the database"
        )
    return lines


def _compared(
    options: Options, request: PlanFile, result: PlanResult
) -> tuple[Amendment | None, AmendmentReport | None]:
    """Return the effects on what is law with their report; None for a text that is refused, or not to be compared."""
    if not request.against or result.plan is None:
        return None, None
    # Loaded for a comparison alone: it brings the driver.
    from console.backend.runs.revision import compare_with_law
    from console.cli.installation import installation_of

    moved = tuple(Moved(old=old, new=new) for old, _, new in (pair.partition("=") for pair in request.moved))
    revision = compare_with_law(installation_of(options), result.plan, result.canonical, moved)
    return revision.amendment, revision.report()


def read_acceptances(path: Path | None, raw: bytes, limits: Limits) -> tuple[Acceptance, ...]:
    """Return the acceptances of an accept file for this text; none without a file. Raises Refused."""
    return () if path is None else acceptances_for(raw, intake.read_accept(path), str(path), limits)


def _propose(path: Path, origin: str, result: PlanResult) -> None:
    """Write the accept file that a person completes, and say what it lacks."""
    text = proposal(result.canonical, origin.removeprefix("file:"), result.request.acceptances, result.problems)
    if text is None:
        narrate(f"{path} is not written: the text has no finding that can be accepted")
        return
    keep_new_file(path, text.encode(), "--propose-acceptances")
    narrate(f"wrote {path}: write a reason into each entry that is right, then plan again with --accept {path}")
    for problem in result.problems:
        if problem.code == MORE:
            narrate(f"{path} is not all: {problem.message}; propose again with --accept {path} once these are accepted")


def keep_new_file(path: Path, data: bytes, argument: str = "--out", *, or_same: bool = False) -> None:
    """Write a new file. Raises Refused if it exists or cannot be written; with `or_same` one that has these bytes is as good."""
    try:
        write_durably(path, data)
    except OSError as error:
        is_other = or_same and isinstance(error, FileExistsError)
        if is_other and _has(path, data):
            return
        message = "is there already, with another content; nothing was written" if is_other else f"{error.strerror}"
        raise Refused(StopCode.REFUSED_INPUT, f"{path}: {message}", f"Name a new file with {argument}.") from error


def _has(path: Path, data: bytes) -> bool:
    try:
        return read_regular(path, len(data) + 1) == data
    except OSError:
        return False


def _plan_lines(result: PlanResult, amendment: Amendment | None) -> list[str]:
    if result.plan is None:
        return [f"{place_of(problem)}{problem.code}: {problem.message}" for problem in result.problems]
    depths: dict[str, int] = {}
    lines = [_unit_line(unit, depths) for unit in result.plan.units]
    kinds = ", ".join(f"{count} {kind}" for kind, count in result.histogram.items())
    coverage = result.plan.coverage
    own = result.plan.profile_sha256
    return [
        *(f"title: lines {part.line_start}-{part.line_end}: {part.name}" for part in result.title_parts),
        *lines,
        *(_suspects_line(group) for group in grouped(result.plan.suspects)),
        *(
            f"accepted: line {accepted.line}: {accepted.code}: {accepted.reason}"
            for accepted in result.plan.acceptances
        ),
        *(_dropped_line(span) for span in result.plan.dropped),
        f"{counted(len(result.plan.suspects), 'suspect')}: lines that read like the beginning of a unit and open none",
        *(
            [f"{len(result.plan.acceptances)} accepted: findings of the enacted text itself"]
            if result.plan.acceptances
            else []
        ),
        *([f"dropped {dropped_in_words(result.plan.dropped)}"] if result.plan.dropped else []),
        *(
            [f"not in the text: {omissions_in_words(result.plan.omissions)}; the file itself stays the pinned source"]
            if result.plan.omissions
            else []
        ),
        f"{counted(len(lines), 'unit')}: {kinds}",
        f"{counted(coverage.unit_bytes, 'byte')} in units, {coverage.other_bytes} outside, lossless: {'yes' if coverage.lossless else 'no'}",
        *([f"profile {result.plan.profile} is your own, sha256 {own}"] if own else []),
        f"plan digest {bind(result.plan, None, amendment).plan_digest} (bound to no database)",
    ]


def _suspects_line(group: SuspectGroup) -> str:
    # A quotation can have thousands of lines; the report as JSON names each.
    number = f" ({counted(len(group.suspects), 'line')})" if len(group.suspects) > 1 else ""
    first = group.first
    return f"suspect: line {group.lines}: {first.reason}{number}: {first.text}  in {first.swallowed_by}"


def _dropped_line(span: DroppedSpan) -> str:
    mark = f" {span.mark}" if span.mark else ""
    shown = " ".join(span.text.split())[:_SHOWN]
    size = span.byte_end - span.byte_start
    return (
        f"dropped: line {span.line}: {span.rule}{mark}: {size} bytes, sha256 {span.sha256}: {shown}  in {span.within}"
    )


def _unit_line(unit: PlannedUnit, depths: dict[str, int]) -> str:
    depth = depths[unit.address] = depths.get(unit.parent or "", -1) + 1
    return f"{unit.line_start:>7}  {'  ' * depth}{unit.section_type} {unit.number} {unit.title}  [{unit.address}]"

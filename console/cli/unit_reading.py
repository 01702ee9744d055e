"""unit list|show: the units that the database has, in this product's layout or in another one, read as the monitoring role."""

import shlex

from console.backend.model.as_of import moment_of
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, ExitStatus, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import safe_lines
from console.backend.model.shown_time import in_force, shown_time
from console.backend.model.unit_list import ListedUnit, UnitPage
from console.backend.runs.other_layout import NOT_INSTALLED, is_elsewhere
from console.backend.runs.site import SiteUnit, unit_of_site
from console.backend.runs.unit_list import page_of_units
from console.backend.runs.unit_states import ShownUnit, unit_as_of
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.output import as_typed, emit_law, missing_line, narrate, report
from console.cli.state_requests import ShowUnit
from console.cli.states import followed_line
from console.cli.unit_requests import ListUnits

_MOST_ADDRESS = 40


def list_all(options: Options, request: ListUnits) -> ExitStatus:
    """List a page of units by address; the command that goes on with the next page is told."""
    page = page_of_units(installation_of(options), request.docprefix, request.after)
    outcome = Outcome.PARTIAL if page.not_measured else Outcome.PASS
    if options.json:
        return report(options, "unit list", outcome, (), page)
    emit_law(_line(unit) for unit in page.units)
    narrate(_summary(page))
    if page.more:
        document = f" {request.docprefix}" if request.docprefix else ""
        behind = page.looked_to or page.units[-1].address
        narrate(as_typed(options, f"next: cutter-console unit list{document} --after {shlex.quote(behind)}"))
    for missing in page.not_measured:
        narrate(as_typed(options, missing_line(missing)))
    return ExitStatus.DONE


def show(options: Options, request: ShowUnit) -> ExitStatus:
    """Show a unit with its text: as it is in force at a moment or, in another layout, as it stands there."""
    installation = installation_of(options)
    moment = moment_of("--as-of", request.as_of) if request.as_of else None
    try:
        unit = unit_as_of(installation, request.address, moment)
    except CutterError as error:
        if not is_elsewhere(installation, error):
            raise
    else:
        if options.json:
            return report(options, "unit show", Outcome.PASS, (), unit)
        emit_law([*_unit_lines(unit), *_text(unit.body)])
        return ExitStatus.DONE
    if moment is not None:
        message = f"{NOT_INSTALLED}: when a text was in force is not recorded there"
        raise Unmeasured(
            StopCode.DRIFT, message, f"See the unit as it stands: cutter-console unit show {request.address}"
        )
    there = unit_of_site(installation, request.address)
    if options.json:
        return report(options, "unit show", Outcome.PARTIAL, (), there)
    emit_law([*_site_lines(options, there), *(_text(there.body) if there.body is not None else [])])
    return ExitStatus.DONE


def _line(unit: ListedUnit) -> str:
    standing = f"{unit.lifecycle or '?'}{', deleted' if unit.deleted else ''}"
    return f"{unit.address:<{_MOST_ADDRESS}}  {standing:<12}  {unit.unit_kind or '?'}  {unit.section_type or '?'}  {unit.title or '-'}"


def _summary(page: UnitPage) -> str:
    looked = f", looked for as far as {page.looked_to}" if page.looked_to else ""
    return f"{counted(len(page.units), 'unit')}{' of more' if page.more and not page.looked_to else ''}{looked}"


def _text(body: str) -> list[str]:
    return [f"  {line}" for line in safe_lines(body.removesuffix("\n"))]


def _site_lines(options: Options, unit: SiteUnit) -> list[str]:
    return [
        f"address    {unit.address}",
        f"document   {unit.document or '?'}",
        f"parent     {unit.parent or '-'}",
        f"kind       {unit.unit_kind or '?'}  {unit.section_type or '?'}",
        f"number     {unit.number or '-'}",
        f"title      {unit.title or '-'}",
        f"lifecycle  {unit.lifecycle or '?'}{', deleted' if unit.deleted else ''}",
        f"version    {unit.version_seq or '?'} of {'?' if unit.versions is None else unit.versions}, {unit.version_lifecycle or '?'}"
        + (f", enacted {shown_time(unit.enacted_at)}" if unit.enacted_at else ""),
        f"body       {f'sha256 {unit.body_sha256}' if unit.body_sha256 else 'not read'}",
        *(f"problem    {problem}" for problem in unit.problems),
        *(as_typed(options, missing_line(missing)) for missing in unit.not_measured),
    ]


def _unit_lines(unit: ShownUnit) -> list[str]:
    return [
        *followed_line(unit.address, unit.followed),
        f"address    {unit.address}",
        f"document   {unit.docprefix}, state {unit.state}",
        f"parent     {unit.parent or '-'}",
        f"kind       {unit.unit_kind}  {unit.section_type}",
        f"number     {unit.number or '-'}",
        f"title      {unit.title or '-'}",
        f"version    {unit.version_seq}  {in_force(unit.in_force_from, unit.in_force_until, is_later=unit.is_later)}",
        f"law by     run {unit.run_id}, ruling {unit.statement_sha256}",
        *([f"edited by  run {unit.edited_by}"] if unit.edited_by else []),
        f"body       sha256 {unit.body_sha256}",
    ]

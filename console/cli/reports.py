"""reports list|show|export: what lies in reports/, whether it is as it was written, and a copy of it elsewhere."""

from collections.abc import Iterator

from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import safe_lines
from console.backend.model.shown_time import shown_time
from console.backend.reports.shelf import (
    ReportEntry,
    ReportVerdict,
    Verdicts,
    directory_of,
    export_report,
    list_reports,
    report_text,
    verdict_on,
    verify_reports,
)
from console.cli.arguments import Options
from console.cli.evidence_requests import ExportReport, ShowReport
from console.cli.installation import installation_of
from console.cli.operations import Nothing
from console.cli.output import emit_law, narrate, report


def list_all(options: Options, _request: Nothing) -> ExitStatus:
    """List every report with its verdict."""
    installation = installation_of(options)
    shelf = list_reports(installation)
    names = tuple(entry.name for entry in shelf.reports)
    by_name = {verdict.name: verdict for verdict in (verify_reports(installation, names) if names else ())}
    # A report that went while the others were read has no verdict, and is not listed.
    entries = tuple(entry for entry in shelf.reports if entry.name in by_name)
    verdicts = Verdicts(folder=shelf.folder, reports=entries, verdicts=tuple(by_name[entry.name] for entry in entries))
    lines = [_line(entry, by_name[entry.name]) for entry in entries]
    return report(options, "reports list", verdicts.outcome, lines or ["no reports"], verdicts)


def _line(entry: ReportEntry, verdict: ReportVerdict) -> str:
    written = shown_time(entry.written_at)
    words = verdict.detail if verdict.outcome is not Outcome.PASS else verdict.signature
    return f"{verdict.outcome:<13} {entry.name}  {entry.kind}, written {written}  {words}"


def show(options: Options, request: ShowReport) -> ExitStatus:
    """Show the files of a report beside its sums, or the text of one of them."""
    installation = installation_of(options)
    if request.file:
        text = report_text(installation, request.name, request.file)
        outcome = Outcome.PASS if text.state == "as written" else Outcome.FAIL
        if options.json:
            return report(options, "reports show", outcome, (), text)
        emit_law(safe_lines(text.text.removesuffix("\n")))
        narrate(f"{request.file}: {text.state}{'' if text.is_whole else '; this is its beginning alone'}")
        return report(options, "reports show", outcome, ())
    directory = directory_of(installation, request.name)
    verdict = verdict_on(installation, directory)
    entry = next(entry for entry in list_reports(installation).reports if entry.name == verdict.name)
    verdicts = Verdicts(folder=str(directory.parent), reports=(entry,), verdicts=(verdict,))
    return report(options, "reports show", verdict.outcome, _lines(entry, verdict), verdicts)


def _lines(entry: ReportEntry, verdict: ReportVerdict) -> Iterator[str]:
    yield f"report     {entry.path}"
    yield f"kind       {entry.kind}{f' of {entry.subject}' if entry.subject else ''}"
    yield f"outcome    {verdict.outcome}  {verdict.detail}"
    yield f"signature  {verdict.signature}"
    yield f"sums       {verdict.sums_sha256 or '-'}"
    for file in verdict.files:
        yield f"file       {file.state:<11} {file.bytes if file.bytes is not None else '-':>9}  {file.name}"


def export(options: Options, request: ExportReport) -> ExitStatus:
    """Copy a report into a folder."""
    exported = export_report(installation_of(options), request.name, request.to.absolute())
    lines = [
        f"exported   {exported.path}",
        f"files      {exported.n_files}, {exported.bytes} bytes, as {request.name} has them",
    ]
    return report(options, "reports export", Outcome.PASS, lines, exported)

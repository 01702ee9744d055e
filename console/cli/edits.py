"""run edit, run apply: another text for a draft, under a ruling of its own."""

from console.backend.documents import intake
from console.backend.documents.canonical import canonical_text
from console.backend.documents.limits import limits_of
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.runs.draft_edits import EditView, look_at_edit
from console.cli.arguments import Options
from console.cli.installation import backend_of
from console.cli.output import as_typed, report
from console.cli.run_requests import ConfirmedRun
from console.cli.runs import told_lines
from console.cli.unit_requests import EditDraft


def edit(options: Options, request: EditDraft) -> ExitStatus:
    """Show what an edit of a draft would change; with --live make its run, which waits for SG_1."""
    backend = backend_of(options)
    most = limits_of(backend.installation.settings)
    raw = intake.read_source(request.text, folder=request.text.parent, limits=most).raw
    wanted = (request.run, request.address, canonical_text(raw, most).text, request.title)
    if not request.live:
        view = look_at_edit(backend.installation, *wanted)
        return report(options, "run edit", Outcome.PASS, _lines(options, view), view)
    view = backend.start_edit(*wanted)
    report(options, "run edit", Outcome.PARTIAL, _lines(options, view), view)
    return ExitStatus.WAITING


def apply(options: Options, request: ConfirmedRun) -> ExitStatus:
    """Write the new version of a signed edit; the switch is armed for this alone, and the draft read back."""
    run = backend_of(options).apply_edit(request.run, request.confirm)
    return report(options, "run apply", Outcome.PASS, [*told_lines(options, run), *_then(run.docprefix)], run)


def _lines(options: Options, view: EditView) -> list[str]:
    rows = ", ".join(f"{delta.table.partition('.')[2]} +{delta.rows}" for delta in view.deltas)
    lines = [
        f"{view.address}  {view.title}: {', '.join(view.changed.fields)}",
        *(f"    {line}" for line in (*view.changed.differences, *view.changed.notes)),
        f"rows: {rows}",
    ]
    if not view.edit_run:
        return [*lines, "nothing was written; the same with --live makes the run of the edit, which waits for SG_1"]
    return [
        *lines,
        as_typed(options, f"run {view.edit_run} waits for SG_1: cutter-console approval draft {view.edit_run}"),
        as_typed(options, f"then: cutter-console run apply {view.edit_run} --confirm {view.edit_run}"),
    ]


def _then(docprefix: str) -> list[str]:
    return [
        f"the drafts of {docprefix} are others than were verified: verify their cut again, then draft its SG_2, which lists the edited draft",
    ]

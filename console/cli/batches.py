"""batch plan|start|list|status|resume|report, and the enactment of a batch."""

from collections.abc import Iterator

from console.backend.host.context import Context
from console.backend.model.batches import (
    BatchMove,
    BatchPlan,
    BatchProgress,
    BatchSource,
    BatchView,
    OnFailure,
)
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode
from console.backend.model.value import Value
from console.backend.model.view_models import Progress
from console.backend.runs.batch_sources import PlannedSource
from console.cli.arguments import Options
from console.cli.batch_requests import OneBatch, PlanBatch, ResumeBatch, StartBatch, WatchedBatch
from console.cli.installation import backend_of
from console.cli.output import as_typed, narrate, narrating, report
from console.cli.settings import found_path, root_of, settings_of
from console.cli.taking_in import narrate_taken_in
from console.cli.watching import Watching

_WAITS = frozenset({BatchMove.DRAFT_SG_1, BatchMove.DRAFT_SG_2, BatchMove.ARM, BatchMove.ENACT})


class BatchList(Value):
    """The list of batches."""

    batches: tuple[BatchView, ...]


def plan(options: Options, request: PlanBatch) -> ExitStatus:
    """Plan many documents together, without any effect and without a database."""
    planned = _planned(options, request).plan
    report(options, "batch plan", planned.outcome, _plan_lines(planned), planned)
    match planned.outcome:
        case Outcome.PASS:
            return ExitStatus.DONE
        case Outcome.INCONCLUSIVE:
            return ExitStatus.INCONCLUSIVE
        case _:
            return ExitStatus.REFUSED


def _planned(options: Options, request: PlanBatch) -> PlannedSource:
    root = root_of(options)
    source = BatchSource(path=found_path(options, request.source), profile=request.profile, ordinals=request.ordinals)
    return PlannedSource.of(root, settings_of(options, root), source, Context(root=root).now)


def _plan_lines(planned: BatchPlan) -> Iterator[str]:
    for document in planned.documents:
        name = f"{document.position:>4}  {document.docprefix:<32}  {document.name}"
        if document.outcome is Outcome.PASS:
            yield f"{name}  {counted(document.n_units, 'unit')}  {document.plan_digest[:16]}"
        else:
            yield f"{name}  REFUSED {document.detail}"
    yield f"{counted(planned.n_planned, 'document')} planned, {planned.n_refused} refused, {counted(planned.n_units, 'unit')}, {planned.seconds:.1f} s with {counted(planned.workers, 'worker')}"
    yield f"digest {planned.digest}"


def start(options: Options, request: StartBatch) -> ExitStatus:
    """Plan the documents, then start a run for each of them: DRYRUN unless --live."""
    planned, on_failure = _planned(options, request), OnFailure(request.on_failure)
    backend = backend_of(options)
    for refused in planned.refused:
        narrate(f"refused: {refused}")
    planned.require_startable(on_failure)
    mode = Mode.LIVE if request.live else Mode.DRYRUN
    requests = planned.requests(backend.installation, mode, narrate_taken_in)
    view = backend.start_batch(requests, mode, on_failure, narrating(_progress_words), narrating(_step_words))
    return _report(options, "batch start", view)


def list_all(options: Options, _request: Watching) -> ExitStatus:
    """List all batches, the newest first."""
    batches = backend_of(options).batches()
    lines = [
        f"{batch.batch_id}  {batch.mode:<6}  {counted(len(batch.members), 'document'):<14}  {batch.in_words}"
        for batch in batches
    ]
    return report(options, "batch list", Outcome.PASS, lines or ["no batches"], BatchList(batches=batches))


def status(options: Options, request: WatchedBatch) -> ExitStatus:
    """Print one batch: each document, and its legal moves."""
    return _report(options, "batch status", backend_of(options).batch(request.batch), ExitStatus.DONE)


def resume(options: Options, request: ResumeBatch) -> ExitStatus:
    """Go on from where the batch rests, up to its next pause."""
    on_failure = OnFailure(request.on_failure) if request.on_failure else None
    view = backend_of(options).resume_batch(
        request.batch, on_failure, narrating(_progress_words), narrating(_step_words)
    )
    return _report(options, "batch resume", view)


def enact(options: Options, batch_id: str, confirm: str) -> ExitStatus:
    """Enact the verified documents of a batch under SG_2."""
    return _report(
        options,
        "enact",
        backend_of(options).enact_batch(batch_id, confirm, narrating(_progress_words), narrating(_step_words)),
    )


def write_report(options: Options, request: OneBatch) -> ExitStatus:
    """Write the report of a batch."""
    written = backend_of(options).report_batch(request.batch)
    lines = [f"report     {written.directory}", *(f"           {name}" for name in written.documents)]
    return report(options, "batch report", Outcome.PASS, lines, written)


def _step_words(progress: Progress) -> str:
    """Return the steps of one run only as far as they are slow: a batch has hundreds of them."""
    if progress.step in {"begins", "cutting"} or progress.step.startswith("PASS"):
        return ""
    return f"     {progress.phase or ''} {progress.step}"


def _progress_words(progress: BatchProgress) -> str:
    rate = f", {progress.units_per_s:,.0f} units per second" if progress.units_per_s is not None else ""
    left = f", {progress.remaining_s:.0f} s left" if progress.remaining_s is not None and progress.docprefix else ""
    return f"{progress.step:<8} {progress.done:>4} of {progress.total}  {progress.docprefix}{rate}{left}"


def _report(options: Options, command: str, view: BatchView, exit_status: ExitStatus | None = None) -> ExitStatus:
    outcome = Outcome.PASS if view.is_over and not view.set_aside else Outcome.PARTIAL
    done = report(options, command, outcome, _lines(options, view), view)
    if exit_status is not None:
        return exit_status
    return ExitStatus.WAITING if _WAITS & set(view.moves[:1]) else done


def _lines(options: Options, view: BatchView) -> Iterator[str]:
    yield f"batch      {view.batch_id}  {view.mode}"
    yield f"state      {view.in_words}"
    yield f"documents  {counted(len(view.members), 'document')}, {counted(view.n_units, 'unit')}; {view.n_done} behind this step, {view.n_open} before it, {len(view.set_aside)} set aside"
    yield f"failure    {view.on_failure}"
    yield f"digest     {view.digest or '-'}"
    for ruling in view.rulings:
        yield f"ruling     {ruling}"
    for member in view.members:
        units = counted(member.n_units, "unit") if member.n_units else "- units"
        aside = f"  SET ASIDE: {member.set_aside}" if member.set_aside else ""
        yield f"{member.position:>4}  {member.docprefix:<32}  {member.run_id}  {member.in_words}  {units}{aside}"
    if view.armed_until is not None:
        yield f"armed      to {view.armed_to}, until {view.armed_until:%H:%M:%S} UTC"
    if view.at_work:
        yield f"at work    {_progress_words(view.progress) if view.progress is not None else 'another process'}"
        yield "legal      nothing: another process works on it"
        return
    yield f"legal      {', '.join(view.moves)}"
    step = str(view.bar.next_action) if view.bar is not None else view.next_command
    yield f"next       {as_typed(options, step)}"

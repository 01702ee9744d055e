"""run hand-over, accept and take-over."""

from console.backend.model.errors import ExitStatus
from console.cli.arguments import Options
from console.cli.custody_requests import AcceptRun, HandOverRun
from console.cli.installation import backend_of
from console.cli.output import narrate
from console.cli.run_requests import ConfirmedRun
from console.cli.runs import report_run


def hand_over(options: Options, request: HandOverRun) -> ExitStatus:
    """Write the bundle of a run and let go of it."""
    run, is_new = backend_of(options).hand_over(request.run, request.to.absolute())
    narrate(
        f"the run is in {request.to.absolute()}: carry it to the next host; there: cutter-console run accept FILE"
        if is_new
        else f"nothing to do: run {run.run_id} was {run.elsewhere}"
    )
    return report_run(options, "run hand-over", run, ExitStatus.DONE)


def accept(options: Options, request: AcceptRun) -> ExitStatus:
    """Verify the bundle of a run and hold the run here."""
    run, is_new = backend_of(options).accept_run(request.file.absolute())
    if not is_new:
        narrate(f"nothing to do: this console holds run {run.run_id} by this bundle already")
    return report_run(options, "run accept", run, ExitStatus.DONE)


def take_over(options: Options, request: ConfirmedRun) -> ExitStatus:
    """Hold a run whose holder is gone."""
    backend = backend_of(options)
    before = backend.run(request.run)
    if before.take_over and request.confirm == request.run:
        # Said before it is done: where the run went on elsewhere, old files of it are no way to go on.
        narrate(f"taking run {before.run_id} over: {before.take_over}")
    run, is_new = backend.take_over(request.run, request.confirm)
    if not is_new:
        narrate(f"nothing to do: this console holds run {run.run_id} already")
    return report_run(options, "run take-over", run, ExitStatus.DONE)

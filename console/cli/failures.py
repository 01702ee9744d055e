"""Reports a failed command: a known cause outside by its name, anything else as a defect of this program."""

from datetime import UTC, datetime

import psycopg

from console.backend.host import crash
from console.backend.host.context import default_root
from console.backend.model.errors import CutterError, ExitStatus, StopCode, Unmeasured, for_the_run
from console.backend.outside import describe_outside_error
from console.backend.runs.other_layout import explained
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.output import report_error


class Defect(Unmeasured):
    """A defect of this program: an error that nothing outside explains. Effects of the command before it stand."""


def report_failure(options: Options, command: str, error: Exception, about: str = "") -> ExitStatus:
    """Print what stopped the command and return its exit status; an unexpected error is logged, without values.

    `about` is the text of the request: if it names a run, the commands of the next action name it too.
    """
    known = _explained(options, describe_outside_error(error) or _defect(options, error))
    known.next_action = for_the_run(about, known.next_action)
    return report_error(options, command, known)


def _explained(options: Options, error: CutterError) -> CutterError:
    """Return the error or, where the database has another layout than this product's, what is possible there."""
    if not isinstance(error.__cause__, psycopg.Error):
        return error
    try:
        return explained(installation_of(options), error)
    except CutterError:
        return error


def _defect(options: Options, error: Exception) -> CutterError:
    place = (options.root or default_root()) / "reports"
    log = crash.write_log(error, place, datetime.now(UTC))
    where = crash.where(error)
    return Defect(
        StopCode.INVARIANT_FAILED,
        f"this is a defect of the program: {type(error).__name__}{f' at {where}' if where else ''};"
        " what the command had done until then stands",
        f"See what is so: cutter-console status; then send this file to those who maintain the program: {log}"
        if log
        else "See what is so: cutter-console status; a log could not be written",
    )

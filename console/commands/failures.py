"""Where every failed command ends: named for what the outside did, and for the rest told as a defect of this program."""

import os
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from console import crash
from console.backend.context import default_root
from console.backend.database.connections import translate
from console.backend.errors import CutterError, ExitStatus, StopCode, Unmeasured
from console.backend.processes import why
from console.backend.safe_text import safe_text
from console.commands.output import report_error
from console.commands.requests import Options


class Defect(Unmeasured):
    """This program is wrong somewhere; what the command has done until then is not known to it."""


def report_failure(options: Options, command: str, error: Exception) -> ExitStatus:
    """Say what stopped the command; what nobody has foreseen goes into a log, without values of variables."""
    return report_error(options, command, named(error) or _defect(options, error))


def named(error: Exception) -> CutterError | None:
    """Return the error as one that says what to do, or None where nothing outside the program explains it."""
    match error:
        case CutterError():
            return error
        case psycopg.Error():
            return _server(error)
        case subprocess.TimeoutExpired() | subprocess.CalledProcessError():
            return _program(error)
        case MemoryError():
            return Unmeasured(StopCode.CAP_EXCEEDED, "there is not enough memory", "Free some; then the same command.")
        case OSError():
            return _file(error)
        case _:
            return None


def _server(error: psycopg.Error) -> CutterError | None:
    """What the server or the way to it said; None where psycopg was used in a wrong way."""
    if isinstance(error, psycopg.InterfaceError):
        lost = f"the connection was lost: {safe_text(str(error))}"
        return Unmeasured(StopCode.UNREACHABLE, lost, "See what is so: cutter-console status")
    said = error.sqlstate is not None or isinstance(error, psycopg.OperationalError)
    return translate(error) if said else None


def _program(error: subprocess.TimeoutExpired | subprocess.CalledProcessError) -> CutterError:
    command = [os.fsdecode(part) for part in ([error.cmd] if isinstance(error.cmd, str | bytes) else error.cmd)]
    by_hand = f"Try it by hand: {shlex.join([command[0], '--version'])}"
    return Unmeasured(StopCode.UNREACHABLE, f"{Path(command[0]).name}: {why(error)}", by_hand)


def _file(error: OSError) -> CutterError:
    reason = error.strerror or type(error).__name__
    if error.filename is None:
        look = "Make room, or raise the limit that it names; then the same command again."
        return CutterError(StopCode.INVARIANT_FAILED, f"the system refused: {reason}", look)
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename)
    look = f"See who may do what there: ls -ld {shlex.quote(str(Path(name).parent))} {shlex.quote(name)}"
    return CutterError(StopCode.INVARIANT_FAILED, f"{name}: {reason}", look)


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

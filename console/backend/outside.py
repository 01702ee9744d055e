"""Turns errors from outside (server, program, file, memory) into errors that name the next action."""

import os
import shlex
from pathlib import Path

import psycopg

from console.backend.host.processes import ProgramFailed, ProgramTimeout, why
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.postgres.connections import translate

_NO_THREAD = "can't start new thread"
_CIRCLE = "Symlink loop from "
"""The words of the interpreter, which has no errors of its own for these; that of a later one for links is an OSError."""


def describe_outside_error(error: Exception) -> CutterError | None:
    """Return the error as one that says what to do, or None if nothing outside the program explains it."""
    match error:
        case CutterError():
            return error
        case psycopg.Error():
            return _server(error)
        case ProgramTimeout() | ProgramFailed():
            return _program(error)
        case OSError():
            return _file(error)
        case MemoryError() | RuntimeError():
            return _interpreter(error)
        case _:
            return None


def _interpreter(error: MemoryError | RuntimeError) -> CutterError | None:
    """Return the error of missing memory, or one that the interpreter has no kind of its own for; None for any other."""
    if isinstance(error, MemoryError):
        return Unmeasured(StopCode.CAP_EXCEEDED, "there is not enough memory", "Free some; then the same command.")
    words = str(error)
    if words == _NO_THREAD:
        raised = (
            "Raise the limits of processes and memory (ulimit -u, ulimit -v), or end others; then the same command."
        )
        return Unmeasured(StopCode.CAP_EXCEEDED, "the system gives no further thread", raised)
    if words.startswith(_CIRCLE):
        look = "See where the links lead: namei -l PATH; then the same command again."
        return Unmeasured(StopCode.INVARIANT_FAILED, f"links that lead in a circle: {words}", look)
    return None


def _server(error: psycopg.Error) -> CutterError | None:
    """Return the error of the server or of the connection; None if psycopg was used in a wrong way."""
    is_from_server = error.sqlstate is not None or isinstance(error, psycopg.OperationalError)
    return translate(error) if is_from_server else None


def _program(error: ProgramTimeout | ProgramFailed) -> CutterError:
    command = [os.fsdecode(part) for part in ([error.cmd] if isinstance(error.cmd, str | bytes) else error.cmd)]
    by_hand = f"Try it by hand: {shlex.join([command[0], '--version'])}"
    return Unmeasured(StopCode.UNREACHABLE, f"{Path(command[0]).name}: {why(error)}", by_hand)


def _file(error: OSError) -> CutterError:
    reason = error.strerror or type(error).__name__
    if error.filename is None:
        look = "Make room, or raise the limit that it names; then the same command again."
        return Unmeasured(StopCode.INVARIANT_FAILED, f"the system refused: {reason}", look)
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename)
    look = f"See who may do what there: ls -ld {shlex.quote(str(Path(name).parent))} {shlex.quote(name)}"
    return Unmeasured(StopCode.INVARIANT_FAILED, f"{name}: {reason}", look)

"""The one writer of the command line: data to standard output, narration to standard error."""

import json
import os
import shlex
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from console.backend.errors import CutterError, ExitStatus, StopCode
from console.backend.outcome import Outcome
from console.backend.redaction import redact
from console.backend.safe_text import safe_text
from console.commands.requests import Options

_EXIT = {
    Outcome.PASS: ExitStatus.DONE,
    Outcome.PARTIAL: ExitStatus.DONE,
    Outcome.NOT_RUN: ExitStatus.FAIL,
    Outcome.FAIL: ExitStatus.FAIL,
    Outcome.INCONCLUSIVE: ExitStatus.INCONCLUSIVE,
}


def report(
    options: Options, command: str, outcome: Outcome, lines: Iterable[str], payload: BaseModel | None = None
) -> ExitStatus:
    """Print the answer: with --json one object, else the lines. Returns the exit status of the outcome."""
    if options.json:
        data = payload.model_dump(mode="json", by_alias=True) if payload is not None else {}
        _print_json(command, outcome, data)
    else:
        for line in lines:
            sys.stdout.write(safe_text(redact(line)) + "\n")
    return _EXIT[outcome]


def report_error(options: Options, command: str, error: CutterError) -> ExitStatus:
    """Say what stopped the command, its STOP code and what to do; with --json the same as an object."""
    if options.json:
        outcome = Outcome.INCONCLUSIVE if error.exit_status is ExitStatus.INCONCLUSIVE else Outcome.FAIL
        stop = {"code": error.code.value, "message": redact(error.message), "next_action": error.next_action}
        _print_json(command, outcome, {"stop": stop})
    for number, line in enumerate(error.message.split("\n")):
        narrate(f"{error.code}: {line}" if number == 0 else line)
    narrate(f"next: {error.next_action}")
    return error.exit_status


def report_file_error(options: Options, command: str, error: OSError) -> ExitStatus:
    """Say which file the system refused; where that is standard output itself, only standard error is told."""
    reason = error.strerror or type(error).__name__
    if error.filename is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        narrate(f"{StopCode.INVARIANT_FAILED}: the answer could not be printed, or a file not written: {reason}")
        narrate("next: Make room where the output goes, and see that it can be written; then the same command again.")
        return ExitStatus.FAIL
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else str(error.filename)
    look = f"See who may do what there: ls -ld {shlex.quote(str(Path(name).parent))} {shlex.quote(name)}"
    return report_error(options, command, CutterError(StopCode.INVARIANT_FAILED, f"{name}: {reason}", look))


def narrate(line: str) -> None:
    """One line of narration to standard error."""
    sys.stderr.write(safe_text(redact(line)) + "\n")


def _print_json(command: str, outcome: Outcome, data: dict[str, Any]) -> None:
    head = {
        "schema": f"cutter-console/{command.replace(' ', '-')}/1",
        "outcome": outcome.value,
        "measured_at": datetime.now(UTC).isoformat(),
    }
    sys.stdout.write(
        json.dumps({**head, **{key: value for key, value in data.items() if key not in head}}, ensure_ascii=False)
        + "\n"
    )

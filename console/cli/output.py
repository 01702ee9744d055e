"""Writes the answers of all commands: data to standard output, narration to standard error."""

import json
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

from console.backend.host.context import default_root
from console.backend.model.answers import answer_object
from console.backend.model.errors import CutterError, ExitStatus
from console.backend.model.full_command import command_for, full_command
from console.backend.model.outcome import Outcome
from console.backend.model.redaction import known_hidden, redact
from console.backend.model.safe_text import NOT_INERT, safe_text
from console.backend.model.site_mapping import NotMeasured
from console.cli.arguments import Options
from console.cli.printing import emit, is_unicode, say

P = TypeVar("P")
_SURROGATES = re.compile("[\ud800-\udfff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
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
        emit("".join(f"{safe_text(redact(line))}\n" for line in lines))
    return _EXIT[outcome]


def exit_status_of(outcome: Outcome) -> ExitStatus:
    """Return the exit status of an answer with this outcome."""
    return _EXIT[outcome]


def as_typed(options: Options, text: str) -> str:
    """Return the text with its commands as they must be typed for this root, or for the installation that -P names."""
    if len(options.installation) == 1:
        return command_for(text, options.installation[0])
    return full_command(text, str((options.root or default_root()).absolute()))


def missing_line(missing: NotMeasured) -> str:
    """Return one line of what could not be measured or mapped."""
    return f"not measured: {missing.subject}: {missing.reason}; next: {missing.next_action}"


def report_line(command: str, outcome: Outcome, payload: BaseModel) -> None:
    """Print one of several JSON objects, which only a command whose help says so does."""
    _print_json(command, outcome, payload.model_dump(mode="json", by_alias=True))


def report_error(options: Options, command: str, error: CutterError) -> ExitStatus:
    """Print what stopped the command, its STOP code and what to do; with --json as an object too."""
    next_action = as_typed(options, error.next_action)
    if options.json:
        outcome = Outcome.INCONCLUSIVE if error.exit_status is ExitStatus.INCONCLUSIVE else Outcome.FAIL
        stop = {"code": error.code.value, "message": redact(error.message), "next_action": next_action}
        _print_json(command, outcome, {"stop": stop})
    for number, line in enumerate(error.message.split("\n")):
        narrate(f"{error.code}: {line}" if number == 0 else line)
    narrate(f"next: {next_action}")
    return error.exit_status


def emit_law(lines: Iterable[str]) -> None:
    """Print lines with text of law: as it is, but for control characters and the secrets that are known.

    The rules for what reads like a secret are left out: they would change the words of a law about passwords.
    """
    hide = known_hidden()
    emit("".join(f"{safe_text(hide(line))}\n" for line in lines))


class _Narrated:
    """Counts the lines of narration, by which progress knows that another one stands between."""

    lines = 0


def narrate(line: str) -> None:
    """Write one line of narration to standard error."""
    say(safe_text(redact(line)) + "\n")
    _Narrated.lines += 1


def narrating(words: Callable[[P], str]) -> Callable[[P], None]:
    """Return what narrates progress in these words; no words are not told.

    Words that stay the same are told once, as long as they are of the same run and no other line stands between.
    """
    last: tuple[str, str, int] | None = None

    def tell(progress: P) -> None:
        nonlocal last
        line, run_id = words(progress), str(getattr(progress, "run_id", ""))
        if line and (line, run_id, _Narrated.lines) != last:
            narrate(line)
            last = line, run_id, _Narrated.lines

    return tell


def _print_json(command: str, outcome: Outcome, data: dict[str, Any]) -> None:
    text = json.dumps(answer_object(command, outcome, data), ensure_ascii=False)
    emit(_inert(text, ascii_only=not is_unicode(sys.stdout)) + "\n")


def _inert(text: str, *, ascii_only: bool) -> str:
    """Return the text with lone surrogates shown, and JSON escapes for control characters; with `ascii_only`, for all but ASCII."""
    text = _SURROGATES.sub(lambda match: f"<U+{ord(match.group()):04X}>", text)
    # Escapes of JSON, which mean the same text: a terminal would obey the characters themselves.
    if not text.isprintable():
        text = NOT_INERT.sub(lambda match: json.dumps(match.group())[1:-1], text)
    return _NOT_ASCII.sub(lambda match: json.dumps(match.group())[1:-1], text) if ascii_only else text

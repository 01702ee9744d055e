"""--watch: the answer of a command that only reads, again and again; imports no library. Part of the table of commands."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from console.backend.model.shown_time import shown_time
from console.cli.arguments import Options, number
from console.cli.printing import ReaderGone, Unprinted, emit

LONGEST_S = 86400


class Watched:
    """A request of a command that can be watched; `watch` is 0 for one answer."""

    __slots__ = ()
    watch: int


def watch_option() -> Any:
    """Return the field of the option, which every request has for itself."""
    text = "answer again after so many seconds, until Ctrl-C; with --json a line each time"
    return field(default=0, kw_only=True, metadata=number("SECONDS", text, 1, LONGEST_S))


@dataclass(frozen=True, slots=True)
class Watching(Watched):
    """A command without other arguments that can be watched."""

    watch: int = watch_option()


def answers(handler: Callable[[Options, Any], int], command: str, options: Options, request: object) -> int:
    """Ask the handler once or, with --watch, until a signal or its reader ends it. Returns the exit status.

    Raises what the first answer raises. Later a failure that lies outside is printed like an answer, and the next one
    is waited for; a defect of the program is raised.
    """
    pause = request.watch if isinstance(request, Watched) else 0
    status = _answer(handler, options, request, is_watched=bool(pause))
    while pause:
        time.sleep(pause)
        try:
            _answer(handler, options, request, is_watched=True)
        except (ReaderGone, Unprinted):
            raise
        except Exception as error:
            from console.backend.outside import describe_outside_error
            from console.cli.failures import report_failure

            if describe_outside_error(error) is None:
                raise
            report_failure(options, command, error, repr(request))
    return status


def _answer(handler: Callable[[Options, Any], int], options: Options, request: object, *, is_watched: bool) -> int:
    if is_watched and not options.json:
        emit(f"at {shown_time(datetime.now(UTC))}\n")
    status = handler(options, request)
    if is_watched and not options.json:
        emit("\n")
    return status

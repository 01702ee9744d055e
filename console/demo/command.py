"""The demo command: the console on an embedded PostgreSQL, or the main job as a tour without a screen."""

import signal
from types import FrameType
from typing import NoReturn

from console.app.launch import show
from console.app.terminal import refusal_here
from console.backend.model.errors import ExitStatus
from console.cli.arguments import Options
from console.cli.installation_requests import Demo
from console.cli.output import narrate
from console.cli.printing import emit
from console.demo.installation import demo_installation


def run(options: Options, request: Demo) -> int:
    """Start the embedded server, seed it, and open the console; with `--tour`, or without a terminal, run the tour."""
    tour = request.tour or bool(refusal_here())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with demo_installation(options.root, narrate) as backend:
        if tour:
            from console.demo.tour import tour_of

            return ExitStatus.DONE if tour_of(backend, _say) else ExitStatus.FAIL
        return show(lambda: backend, read_only=False, demo=True)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """Exit in order, so that server, keys and root are removed."""
    raise SystemExit(128 + number)


def _say(line: str) -> None:
    emit(f"{line}\n")

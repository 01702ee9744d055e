"""Opens the console in this terminal; backend and libraries load after the first paint."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from console.app.terminal import refusal_here
from console.backend.host.context import default_root
from console.backend.model.errors import ExitStatus
from console.cli.arguments import Open, Options
from console.cli.printing import say

if TYPE_CHECKING:
    from console.backend.service import BackendService


def open_console(options: Options, request: Open) -> int:
    """Open the console, or refuse and name `status` if there is no terminal."""
    swept: list[str] = []
    crash_folder = (options.root or default_root()) / "reports"
    try:
        return show(
            lambda: _backend(options, swept, read_only=request.read_only),
            read_only=request.read_only,
            demo=False,
            crash_folder=crash_folder,
        )
    finally:  # While the console is drawn, nothing else may print.
        say("".join(f"{line}\n" for line in swept))


def show(
    backend: "Callable[[], BackendService]", *, read_only: bool, demo: bool, crash_folder: Path | None = None
) -> int:
    """Run the console with the backend that `backend` makes, and return its exit status."""
    refused = refusal_here()
    if refused:
        say(f"{refused}\n")
        return ExitStatus.USAGE

    def after_the_first_paint() -> "BackendService":
        gc.enable()
        return backend()

    gc.disable()  # Nothing of what is loaded for the first paint becomes garbage; to search it costs a tenth of the time.
    try:
        from console.app.application import ConsoleApp, run
        from console.cli.logs import after_the_screen

        with after_the_screen():
            return run(ConsoleApp(after_the_first_paint, read_only=read_only, demo=demo, crash_folder=crash_folder))
    finally:
        gc.enable()


def _backend(options: Options, swept: list[str], *, read_only: bool) -> "BackendService":
    """Make the backend, in a thread after the first paint. `swept` gets a line for each leftover that was removed."""
    from console.backend.leftovers import sweep_leftovers
    from console.cli.installation import backend_of

    backend = backend_of(options, read_only=read_only)
    if read_only:
        backend.require_read_only_role()
    else:
        swept += sweep_leftovers(backend.installation.root, backend.installation.context.now())
    return backend

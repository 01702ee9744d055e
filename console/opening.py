"""Opens the console in this terminal; the backend and its libraries load after the first paint."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.backend.errors import ExitStatus
from console.commands.requests import Open, Options
from console.printing import say
from console.terminal import refusal_here

if TYPE_CHECKING:
    from console.backend.local import LocalBackend


def open_console(options: Options, request: Open) -> int:
    """The console, or, where there is no terminal, a refusal that names `status`."""
    return show(lambda: _backend(options, read_only=request.read_only), read_only=request.read_only, demo=False)


def show(backend: "Callable[[], LocalBackend]", *, read_only: bool, demo: bool) -> int:
    """Run the console on what `backend` makes. Returns its exit status."""
    refused = refusal_here()
    if refused:
        say(f"{refused}\n")
        return ExitStatus.USAGE
    from console.app import ConsoleApp, run

    return run(ConsoleApp(backend, read_only=read_only, demo=demo))


def _backend(options: Options, *, read_only: bool) -> "LocalBackend":
    from console.commands.site import backend_of

    backend = backend_of(options, read_only=read_only)
    if read_only:
        backend.require_read_only_role()
    return backend

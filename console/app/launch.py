"""Opens the console in this terminal; backend and libraries load after the first paint."""

import gc
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from console.app.face import NO_FACE, Face
from console.app.terminal import in_browser, refusal_here
from console.app.visited import taken_lifeline
from console.backend.host.context import default_root
from console.backend.host.memory import addresses_at_most, keep_one_heap
from console.backend.model.errors import ExitStatus, StopCode
from console.cli.arguments import Open, Options
from console.cli.printing import say

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.host.installation import Installation
    from console.backend.measuring import MeasuringService
    from console.backend.recording import Recorder

LEAST_MIB = 256
"""Addresses that the console takes at most while its screens are looked at, in MiB."""


def open_console(options: Options, request: Open) -> int:
    """Open the console, or refuse and name `status` if there is no terminal."""
    if request.replay is not None:
        return _replay(request.replay, mouse=not request.no_mouse)
    face, read_only, has_only_names = NO_FACE, request.read_only, False
    lifeline = taken_lifeline()
    if options.installation:
        options, face, names_read_only = _named(options)
        read_only = read_only or names_read_only
        if lifeline is not None:
            face = face.opened_by_fleet(lifeline)
    elif has_only_names := _has_only_names(options):
        face = replace(face, start_screen="fleet")
    swept: list[str] = []
    crash_folder = (options.root or default_root()) / "reports"
    recorder = _recorder(request.record) if request.record is not None and not refusal_here() else None
    try:
        return show(
            lambda: _backend(options, swept, recorder, read_only=read_only, anywhere=has_only_names),
            read_only=read_only,
            demo=False,
            crash_folder=crash_folder,
            recorder=recorder,
            face=face,
            mouse=not request.no_mouse,
        )
    finally:  # While the console is drawn, nothing else may print.
        say("".join(f"{line}\n" for line in swept))
        if recorder is not None:
            recorder.close()
            say(f"{recorder.ending}\n")


def _named(options: Options) -> "tuple[Options, Face, bool]":
    """Return the options and the face of the installation that -P names, and whether it is for reading only."""
    from console.backend.host.named_installations import named, require_settings

    name = options.installation[0]
    entry = named(name)
    require_settings(name, entry)
    face = Face(
        name, entry.banner, entry.refresh_seconds, entry.start_screen.value, theme=entry.theme, mouse=entry.mouse
    )
    return replace(options, root=entry.root, config=entry.config), face, entry.read_only


def _has_only_names(options: Options) -> bool:
    """Return whether there is no configuration on this host, and the user has named installations: Fleet shows those."""
    if options.root is not None or options.config is not None:
        return False
    # Here, and only for a host without the file: the first paint does not wait for the library of the settings.
    root = default_root()
    if any(os.path.lexists(root / name) for name in ("orchestrator.config.json", "runs")):
        return False
    from console.backend.host.named_installations import read_named
    from console.backend.host.settings import ENVIRONMENT
    from console.backend.model.errors import UsageError

    if any(os.environ.get(name) for name in ENVIRONMENT):
        return False
    try:
        return bool(read_named().installation)
    except UsageError:
        # Fleet says what is wrong with the file.
        return True


def _recorder(path: Path) -> "Recorder":
    from console.backend.recording import Recorder

    return Recorder(path)


def _replay(path: Path, *, mouse: bool) -> int:
    """Open a recording. Raises UsageError for what is none."""
    if refused := refusal_here():
        say(f"{refused}\n")
        return ExitStatus.USAGE
    from console.actions.keymap_file import read_console
    from console.app.application import run
    from console.app.replay_app import ReplayApp
    from console.backend.recording import Replay, open_recording
    from console.cli.logs import after_the_screen

    own = read_console()
    replay = Replay(open_recording(path))
    with after_the_screen():
        return run(ReplayApp(replay, own.keymap, NO_FACE.completed_by(own)), mouse=mouse)


def show(
    backend: "Callable[[], Backend]",
    *,
    read_only: bool,
    demo: bool,
    crash_folder: Path | None = None,
    recorder: "Recorder | None" = None,
    face: Face = NO_FACE,
    mouse: bool = True,
) -> int:
    """Run the console with the backend that `backend` makes, and return its exit status."""
    refused = refusal_here()
    if refused or (in_browser() and not read_only):
        say(f"{refused or 'A console in a browser only reads: cutter-console serve --read-only'}\n")
        return ExitStatus.USAGE

    if too_few := _too_few_addresses():
        say(too_few)
        return ExitStatus.INCONCLUSIVE

    def after_the_first_paint() -> "Backend":
        gc.enable()
        return backend()

    keep_one_heap()
    gc.disable()  # Nothing of what is loaded for the first paint becomes garbage; to search it costs a tenth of the time.
    try:
        from console.actions.actions import registry
        from console.actions.keymap_file import read_console

        own = read_console()
        face = face.completed_by(own)
        known = registry(read_only=read_only, demo=demo).with_keys(own.keymap)
        if face.fleet_behind is not None:
            from console.actions.visits import leading_back

            known = leading_back(known)
        from console.app.application import ConsoleApp, run
        from console.cli.logs import after_the_screen

        app = ConsoleApp(
            after_the_first_paint,
            read_only=read_only,
            demo=demo,
            crash_folder=crash_folder,
            recorder=recorder,
            actions=known,
            face=face,
            refresh_seconds=face.refresh_seconds,
        )
        with after_the_screen():
            return run(app, mouse=mouse)
    finally:
        gc.enable()


def _too_few_addresses() -> str:
    """Return why the console cannot be drawn with the memory that this process may have; empty if it can.

    Below this a library that gets none ends the process, and leaves the terminal as it is.
    """
    limit = addresses_at_most()
    if limit is None or limit >= LEAST_MIB << 20:
        return ""
    return (
        f"{StopCode.CAP_EXCEEDED}: a process may have {limit >> 20} MiB of memory here (ulimit -v), the console takes up to {LEAST_MIB}\n"
        "next: Raise the limit: ulimit -v unlimited; or use a command: cutter-console status\n"
    )


def _backend(
    options: Options, swept: list[str], recorder: "Recorder | None", *, read_only: bool, anywhere: bool = False
) -> "Backend":
    """Make the backend, in a thread after the first paint. `swept` gets a line for each leftover that was removed.

    `anywhere` takes a root that is not there, for a console that opens others from Fleet.
    """
    from console.backend.late_service import loaded_late
    from console.backend.leftovers import sweep_leftovers
    from console.cli.installation import measuring_of

    made = measuring_of(options, read_only=read_only, anywhere=anywhere)
    backend = without_stop(made) if in_browser() else made
    if read_only:
        backend.require_read_only_role()
    else:
        swept += sweep_leftovers(backend.installation.root, backend.installation.context.now())
    shown = _told_to_hooks(loaded_late(backend), backend.installation, options)
    if recorder is None:
        return shown
    from console.backend.recording import recorded

    return recorded(shown, recorder)


def without_stop(backend: "MeasuringService") -> "MeasuringService":
    """Return the backend without the role that may set a HOLD: whoever reaches a page has not said who he is."""
    installation = backend.installation
    database = installation.settings.database.model_copy(update={"stopper": ""})
    settings = installation.settings.model_copy(update={"database": database})
    return backend.made_as(type(backend), installation=replace(installation, settings=settings), read_only=True)


def _told_to_hooks(backend: "Backend", installation: "Installation", options: Options) -> "Backend":
    """Return the backend, with what it measures told to the hooks of its configuration, if there are any."""
    if in_browser() or not installation.settings.hooks.programs:
        return backend  # Each page of a browser is a process: they would all tell the same.
    from console.backend.hooks import hooked
    from console.cli.hooks import teller_of

    return hooked(backend, teller_of(options, installation))

"""Runs the console on the fake backend in this process's terminal: `python -m tests.terminal.runner SCENARIO`."""

import asyncio
import errno
import itertools
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import console
from console.app.application import ConsoleApp, run
from console.app.launch import open_console
from console.app.steady_driver import SteadyDriver
from console.backend.api import Backend
from console.backend.model.view_models import OnStep, Status, SwitchView, untold
from console.cli.arguments import Open, Options
from console.cli.ending import leave
from console.widgets.notice import Notice
from tests.screens import chaos
from tests.support.fakes import ARMED, NOW, FakeBackend

NOTHING_READ = "reads-of-nothing"
MAY_STOP = "may-stop"
HOSTILE = "\x1b]0;OWNED\x07\x1b[31mRED\x9b35m\u202eevil\u2066\u200b[/x][bold]\x00\x08\x7f$HOME"


class CrashingBackend(FakeBackend):
    """Fails in a way that nobody foresaw, with a secret among its locals and in its message."""

    def status(self) -> Status:
        """Raise."""
        password = "hunter2-in-a-local"
        raise RuntimeError(f"password={password} postgresql://anna:hunter2-in-a-url@db01/directus")


class StoppingBackend(FakeBackend):
    """Stops as soon as a file is there."""

    def __init__(self, told: Path) -> None:
        super().__init__(switch=ARMED)
        self._told = told

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        """Wait, then stop."""
        while not self._told.exists():  # The test ends this process, whatever becomes of it.
            time.sleep(0.02)
        return super().panic(reason, on_step)


def main(scenario: str, folder: str) -> int:
    """Run one scenario; the exit status is the console's."""
    if scenario in {"record", "replay"}:
        file = Path(folder) / "day.jsonl"
        request = Open(record=file) if scenario == "record" else Open(replay=file)
        return open_console(Options(root=Path(folder)), request)
    if scenario == "named":
        return open_console(Options(installation=("prod",)), Open())
    if scenario == "unconfigured":
        return open_console(Options(), Open())
    if scenario in chaos.STATES:
        return _noisy(scenario, Path(folder))
    backends: dict[str, Callable[[], Backend]] = {
        "rest": FakeBackend,
        "armed": lambda: FakeBackend(switch=ARMED),
        "hostile": lambda: FakeBackend(hostile=HOSTILE, refused=True, switch=ARMED, interrupted=True, demo=True),
        "hostile-problems": lambda: FakeBackend(hostile=HOSTILE, with_problems=True, open_checks=True, has_run=False),
        "crash": CrashingBackend,
        "loop-ends": FakeBackend,
        "thread-ends": FakeBackend,
        "slow": lambda: FakeBackend(switch=ARMED),
        "stops-when-told": lambda: StoppingBackend(Path(folder) / MAY_STOP),
    }
    apps: dict[str, type[ConsoleApp]] = {"slow": MarkingApp, "loop-ends": LoopEndsApp, "thread-ends": ThreadEndsApp}
    app = apps.get(scenario, ConsoleApp)(
        backends[scenario], read_only=False, demo=True, clock=lambda: NOW, refresh_seconds=10, crash_folder=Path(folder)
    )
    return run(app)


def _noisy(state: str, folder: Path) -> int:
    """A console that stays where quitting is asked for; what is asked of its backend is in `calls`."""
    backend = chaos.backend(state, random.Random(state))
    backend.calls = _Written(folder / "calls")
    app = chaos.StayingApp(
        backend, read_only=state == "read-only", demo=True, clock=lambda: NOW, refresh_seconds=0.5, crash_folder=folder
    )
    return run(app)


class _Written(list[str]):
    """Is in a file too, at once: the console may be ended without order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("a", buffering=1)

    def append(self, call: str, /) -> None:
        """In both."""
        super().append(call)
        self._file.write(f"{call!r}\n")


class LoopEndsApp(ConsoleApp):
    """Loses its event loop when `r` is pressed, and has no memory for its own end."""

    CSS_PATH = str(Path(console.__file__).with_name("app") / "console.tcss")

    def action_refresh(self) -> None:
        """Not as the console does it."""
        assert self._driver is not None
        self._driver.stop_application_mode = _without_memory  # type: ignore[method-assign]
        asyncio.get_running_loop().stop()


class ThreadEndsApp(ConsoleApp):
    """Loses a thread when `r` is pressed, for which there was no memory; what is taken away then fails as well."""

    CSS_PATH = str(Path(console.__file__).with_name("app") / "console.tcss")

    def action_refresh(self) -> None:
        """Not as the console does it."""
        threading.Thread(target=_without_memory, name="a thread").start()


def _without_memory() -> None:
    raise MemoryError


class MarkingApp(ConsoleApp):
    """Leaves a file when its stop dialog has been opened, and one when the stop has been answered."""

    CSS_PATH = str(Path(console.__file__).with_name("app") / "console.tcss")

    def action_panic(self) -> None:
        """As the console does it."""
        super().action_panic()
        self._mark_once_said("asked")

    def give_notice(self, notice: Notice) -> None:
        """As the console does it."""
        super().give_notice(notice)
        if notice.what.startswith("Stopped"):
            self._mark_once_said("stopped")

    def _mark_once_said(self, name: str) -> None:
        """The writer's thread may come to the words later; until then the line takes what was there before them."""
        line = self._driver._line if isinstance(self._driver, SteadyDriver) else None
        if line is not None and line._urgent:
            self.set_timer(0.02, partial(self._mark_once_said, name))
        else:
            _mark(name)


def _mark(name: str) -> None:
    (Path(sys.argv[2]) / name).touch()


def count_reads_of_nothing(folder: Path, most: int = 5000) -> None:
    """Write a byte into a file for each read of the terminal that brings nothing, at once, up to `most`."""
    real, counted = os.read, os.open(folder / NOTHING_READ, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    terminal, left = sys.stdin.fileno(), itertools.count(most, -1)

    def read(descriptor: int, size: int) -> bytes:
        try:
            data = real(descriptor, size)
        except OSError:
            data = None
        if descriptor == terminal and not data and next(left) > 0:
            os.write(counted, b".")
        if data is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return data

    os.read = read


if __name__ == "__main__":
    count_reads_of_nothing(Path(sys.argv[2]))
    exit_status = main(sys.argv[1], sys.argv[2])
    leave(exit_status)  # as the program itself
    sys.exit(exit_status)

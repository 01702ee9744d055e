"""Consoles on the fake backend for a terminal: scenarios of runner.py, which loads them for those alone that it plays."""

import asyncio
import random
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import console
from console.app.application import ConsoleApp, run
from console.app.steady_driver import SteadyDriver
from console.backend.api import Backend
from console.backend.model.view_models import OnStep, Status, SwitchView, untold
from console.widgets.notice import Notice
from tests.support.fakes import ARMED, NOW, FakeBackend
from tests.terminal.runner import HOSTILE, MAY_STOP


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


NOISE = "noise: "
"""How the scenario of a console begins that is handed bytes at random; the state of its backend follows."""


def main(scenario: str, folder: Path) -> int:
    """Run one scenario; the exit status is the console's."""
    backends: dict[str, Callable[[], Backend]] = {
        "rest": FakeBackend,
        "no-mouse": FakeBackend,
        "armed": lambda: FakeBackend(switch=ARMED),
        "hostile": lambda: FakeBackend(hostile=HOSTILE, refused=True, switch=ARMED, interrupted=True, demo=True),
        "hostile-problems": lambda: FakeBackend(hostile=HOSTILE, with_problems=True, open_checks=True, has_run=False),
        "crash": CrashingBackend,
        "loop-ends": FakeBackend,
        "thread-ends": FakeBackend,
        "slow": lambda: FakeBackend(switch=ARMED),
        "stops-when-told": lambda: StoppingBackend(folder / MAY_STOP),
    }
    if scenario.startswith(NOISE):
        return _noisy(scenario.removeprefix(NOISE), folder)
    apps: dict[str, type[ConsoleApp]] = {"slow": MarkingApp, "loop-ends": LoopEndsApp, "thread-ends": ThreadEndsApp}
    app = apps.get(scenario, ConsoleApp)(
        backends[scenario], read_only=False, demo=True, clock=lambda: NOW, refresh_seconds=10, crash_folder=folder
    )
    return run(app, mouse=scenario != "no-mouse")


def _noisy(state: str, folder: Path) -> int:
    """A console that stays where quitting is asked for; what is asked of its backend is in `calls`."""
    # It loads what tests are made with, which takes as long as the rest.
    from tests.screens import chaos

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

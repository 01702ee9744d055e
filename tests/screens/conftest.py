"""Screens on the fake backend with a pinned clock; snapshots live in snapshots/ and only count on the pinned Textual."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import textual
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from console.app.application import ConsoleApp
from tests.support.fakes import NOW, FakeBackend
from tests.support.unpainted import paint
from tests.support.waiting import LONGEST_S

PINNED_TEXTUAL = "8.2.8"
_MOST_ROUNDS = 1000
SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's terminal says must not change a screen."""
    for name in ("NO_COLOR", "TEXTUAL", "TEXTUAL_THEME", "TEXTUAL_FILTERS", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")


class Clock:
    """A clock of the test's own: it stands until the test moves it on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The time of this clock."""
        return self.now

    def forward(self, **by: float) -> None:
        """Move on, by minutes=7 for instance."""
        self.now += timedelta(**by)


def console_on(
    backend: FakeBackend, *, read_only: bool = False, demo: bool = False, clock: Clock | None = None
) -> ConsoleApp:
    """A console that measures only when it is asked to; with a clock, it and its backend go by that one."""
    if clock is not None:
        backend.clock = clock
    return ConsoleApp(backend, read_only=read_only, demo=demo, clock=clock or (lambda: NOW), refresh_seconds=86_400)


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until no backend call is under way and all messages are handled."""
    quiet = 0
    for _ in range(_MOST_ROUNDS):
        await pilot.pause()
        quiet = 0 if pilot.app.workers else quiet + 1
        await asyncio.wait_for(pilot.app.workers.wait_for_complete(), LONGEST_S)
        if quiet == 2:  # a screen that is gone to asks only after its own messages
            return
    raise AssertionError(f"the console asks its backend again and again: {_MOST_ROUNDS} rounds")


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, settling after each; what is typed into a field comes at once, as from a fast typist or a paste.

    A test of what each letter of it asks for types it letter by letter (`type_slowly`).
    """
    rest = list(keys)
    while rest:
        letters = list(takewhile(lambda key: len(key) == 1, rest))
        if len(letters) > 1 and isinstance(pilot.app.focused, (Input, TextArea)):
            await type_at_once(pilot, "".join(letters))
            del rest[: len(letters)]
        else:
            await pilot.press(rest.pop(0))
        await settle(pilot)


async def type_at_once(pilot: Pilot[Any], text: str) -> None:
    """Send each letter of a text before any is answered; the pilot waits for the whole screen behind each of them."""
    app = pilot.app
    assert app._driver is not None
    for letter in text:
        key = events.Key(letter if letter.isalnum() else _character_to_key(letter), letter)
        key.set_sender(app)
        app._driver.send_message(key)
    await pilot.pause()


async def type_slowly(pilot: Pilot[Any], text: str) -> None:
    """Type a text whose every letter is answered before the next one comes."""
    for letter in text:
        await press(pilot, letter)


async def until(pilot: Pilot[Any], condition: Callable[[], bool], steps: int = 3000) -> None:
    """Let the console go on until this is so; a bounded number of steps, however long a busy machine takes for them."""
    for _ in range(steps):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"not so after {steps} steps")


@asynccontextmanager
async def opened(
    backend: FakeBackend,
    *keys: str,
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    demo: bool = False,
    clock: Clock | None = None,
) -> AsyncIterator[tuple[ConsoleApp, Pilot[Any]]]:
    """A console on this backend, after these keys; at the end it is painted once, because until then it was not."""
    app = console_on(backend, read_only=read_only, demo=demo, clock=clock)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        yield app, pilot
        if backend.gate is not None:
            backend.gate.set()
            await settle(pilot)
        if app.is_running:
            paint(app)


class _TopLevel(SVGImageExtension):
    """Snapshots beside the sources, reviewed like code."""

    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        """The top-level directory."""
        return str(SNAPSHOTS / str(test_location.basename))


@pytest.fixture
def screen_snapshot(snapshot: SnapshotAssertion, request: pytest.FixtureRequest) -> SnapshotAssertion:
    """Compares an exported SVG. Skipped, saying so, on another Textual; `--snapshot-update` refuses there."""
    if textual.__version__ != PINNED_TEXTUAL:
        if request.config.getoption("update_snapshots"):
            pytest.fail(f"snapshots are only updated on Textual {PINNED_TEXTUAL}, this is {textual.__version__}")
        pytest.skip(f"snapshots count only on Textual {PINNED_TEXTUAL}, this is {textual.__version__}")
    return snapshot.use_extension(_TopLevel)

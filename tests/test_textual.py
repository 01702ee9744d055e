"""What the console overrides or reads of Textual's private parts: each of these fails on a Textual where it is another."""

import inspect
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import textual
from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from console.app.application import ConsoleApp
from console.app.backend_app import BackendApp
from console.app.keyboard import Keyboard
from console.app.steady_driver import MOST_COLUMNS, MOST_ROWS, SteadyDriver
from console.screens.base import ConsoleScreen
from console.screens.dialog import Dialog
from console.screens.drawable import Steady
from tests.screens.conftest import PINNED_TEXTUAL, console_on, opened
from tests.support.fakes import FakeBackend

ROOT = Path(__file__).parents[1]


def test_textual_is_pinned_to_the_one_version_that_these_tests_were_made_for() -> None:
    """Where private methods are overridden a newer one can break them without a word."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"textual=={PINNED_TEXTUAL}" in asked
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert re.search(rf"^textual=={re.escape(PINNED_TEXTUAL)} ", (ROOT / name).read_text(), re.MULTILINE)
    assert textual.__version__ == PINNED_TEXTUAL


def test_what_is_overridden_is_still_there_to_be_overridden() -> None:
    for owner, names in {
        App: ("_handle_exception", "_fatal_error", "panic", "_close_messages_no_wait"),
        Screen: ("_on_resize", "dismiss"),
        Input: ("_forward_event",),
        LinuxDriver: (
            "run_input_thread",
            "_run_input_thread",
            "process_message",
            "_get_terminal_size",
            "start_application_mode",
            "write",
            "close",
        ),
    }.items():
        assert [name for name in names if name not in vars(owner) and not hasattr(owner, name)] == []
    assert "self.run_input_thread()" in inspect.getsource(LinuxDriver._run_input_thread)
    assert "self.write(" in inspect.getsource(LinuxDriver.stop_application_mode)
    assert "self._file = sys.__stderr__" in inspect.getsource(LinuxDriver.__init__)
    assert "exit_event" in inspect.getsource(LinuxDriver.__init__)
    assert not inspect.iscoroutinefunction(LinuxDriver.run_input_thread)


async def test_an_error_in_a_handler_comes_to_the_consoles_own_end(tmp_path: Path) -> None:
    """`_handle_exception` and `_fatal_error`: no locals on the terminal, and the cause is kept."""
    ended: list[str] = []

    class Watched(ConsoleApp):
        CSS_PATH = str(ROOT / "console" / "app" / "console.tcss")

        def _fatal_error(self) -> None:
            ended.append(type(self._exception).__name__)
            super()._fatal_error()

        def action_theme(self) -> None:
            raise ZeroDivisionError

    app = Watched(FakeBackend(), read_only=False, demo=False, refresh_seconds=86_400, crash_folder=tmp_path)
    with _ends_with(ZeroDivisionError):
        async with app.run_test() as pilot:
            await pilot.press("ctrl+t")
            await pilot.pause()
    assert ended == ["ZeroDivisionError"]


async def test_an_error_while_the_console_ends_already_does_not_change_how_it_ends() -> None:
    """`_exit`: a screen that was being built when SIGTERM came is no failure; the status is that of the signal."""
    app = console_on(FakeBackend())
    async with app.run_test() as pilot:
        await pilot.pause()
        app.leave(143)
        app._handle_exception(ZeroDivisionError())
    assert app.return_code == 143


@contextmanager
def _ends_with(error: type[Exception]) -> Iterator[None]:
    try:
        yield
    except error:
        return
    raise AssertionError(f"{error.__name__} did not come out")


def test_the_console_reads_its_terminal_through_its_own_driver() -> None:
    app = console_on(FakeBackend())
    assert isinstance(app, BackendApp)
    assert app.driver_class is SteadyDriver
    assert SteadyDriver.run_input_thread is not LinuxDriver.run_input_thread


@pytest.mark.parametrize("size", [(65_000, 65_000), (1, 65_000), (2_000_000_000, 24), (80, 24)])
async def test_no_more_cells_are_drawn_than_somebody_looks_at(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """A terminal can have any size, and COLUMNS any number: 65,000 columns by 65,000 rows took all memory."""
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size(size))
    app = console_on(FakeBackend())
    app._driver = driver = SteadyDriver(app)

    drawn = (min(size[0], MOST_COLUMNS), min(size[1], MOST_ROWS))
    assert driver._get_terminal_size() == drawn
    assert tuple(app.size) == drawn, "before the first event of a size"


async def test_the_reader_goes_on_after_input_that_there_was_no_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread ended: no key did anything any more, the stop key neither."""
    driver = SteadyDriver(console_on(FakeBackend()))
    came: list[MemoryError | list[Message]] = [MemoryError(), [events.Key("x", "x")]]
    heard: list[Message] = []

    def read(_keyboard: Keyboard) -> list[Message]:
        if not came:
            driver.exit_event.set()
            return []
        data = came.pop(0)
        if isinstance(data, MemoryError):
            raise data
        return data

    monkeypatch.setattr(driver, "_read", read)
    monkeypatch.setattr(driver, "process_message", heard.append)
    driver.run_input_thread()
    assert [message.key for message in heard if isinstance(message, events.Key)] == ["x"]


def test_the_parser_takes_one_whole_sequence_and_gives_its_event_at_once() -> None:
    """`Keyboard` hands it nothing else, and makes a new one each time."""

    def told(sequence: str) -> list[Message]:
        return list(XTermParser().feed(sequence))

    assert [event.key for event in told("\x1b[A") if isinstance(event, events.Key)] == ["up"]
    assert [type(event) for event in told("\x1b[<0;5;5M")] == [events.MouseDown]
    assert [type(event) for event in told("\x1b[I")] == [events.AppFocus]
    assert told("\x1b[?62;22c") == []
    assert (XTermParser().last_x, XTermParser().last_y) == (0, 0)


async def test_two_sizes_at_once_do_not_chase_each_other_for_ever() -> None:
    """`_on_resize` of Textual's screen lays out for any size it is told; here only for the one that the terminal has."""
    for screen_class in (ConsoleScreen, Dialog):
        resolved = screen_class.__mro__
        assert resolved.index(Steady) < resolved.index(Screen)
    handled: list[Size] = []
    async with opened(FakeBackend(), "4") as (app, pilot):
        screen, sizes = app.screen, (Size(40, 10), Size(120, 40))
        old_layout = screen._refresh_layout

        def counted(size: Size | None = None, scroll: bool = False) -> None:
            handled.append(size or screen.size)
            assert len(handled) < 200, "the screen lays itself out again and again"
            old_layout(size, scroll)

        screen._refresh_layout = counted  # type: ignore[method-assign]
        app._size = sizes[1]
        for number in range(8):
            screen.post_message(events.Resize(sizes[number % 2], sizes[number % 2]))
            screen.call_later(lambda: None)  # so that the two are not merged in the queue
        for _ in range(20):
            await pilot.pause()
        assert screen.size == sizes[1]
        assert len(handled) < 60


def test_no_handler_calls_the_one_of_its_base_which_textual_calls_too() -> None:
    """Called by both, a frame was drawn twice at each change of the window."""
    twice = re.compile(r"    (?:async )?def (on_\w+)\(.*\).*:\n(?:(?!    (?:async )?def ).*\n)*?.*super\(\)\.\1\(")
    # `on_event` of an application is no handler of a message; Textual calls it alone.
    found = [
        f"{path.name}: {match[1]}"
        for path in (ROOT / "console").rglob("*.py")
        for match in twice.finditer(path.read_text(encoding="utf-8"))
        if match[1] != "on_event"
    ]
    assert found == []

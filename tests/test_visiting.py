"""A console and the one that its Fleet has opened in its terminal: which of them ends first, and that none is left."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from console.actions.actions import Registry, Scope, registry
from console.actions.visits import leading_back
from console.app import application, visiting
from console.app.application import ConsoleApp
from console.app.face import Face
from console.app.visited import FLEET_BEHIND, taken_lifeline, watch
from console.app.visiting import STOP_GROUP, VisitingApp
from console.backend.host.processes import Lifeline
from console.screens.panic import PanicDialog
from console.widgets.bars import key_line
from console.widgets.line import plain
from tests.screens.conftest import until
from tests.support import fake_fleet
from tests.support.fakes import NOW, FakeBackend
from tests.support.waiting import LONGEST_S


def test_what_waits_for_the_end_of_the_console_behind_it_is_told_by_its_pipe() -> None:
    """Whatever ends that console, the kernel closes the pipe; a terminal hangs up only with the leader of its session."""
    ours, behind = os.pipe()
    told = threading.Event()
    watch(ours, told.set)
    assert not told.is_set()
    os.close(behind)
    assert told.wait(60), "nobody was told"
    os.close(ours)


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> "Hosts":
    """A console that is away, whose guests are programs that do not end by themselves."""
    monkeypatch.setattr(visiting, "visit_command", lambda *_, **__: ["sleep", "120"])
    monkeypatch.setattr(visiting, "_require", lambda _: None)
    return Hosts(monkeypatch)


class Hosts:
    """A console without a screen, the statuses that it has ended with, and what became of the terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app = app = VisitingApp(FakeBackend())
        self.ended: list[tuple[int, int]] = []
        self.steps: list[str] = []
        self.guests: list[asyncio.subprocess.Process] = []
        for name, value in {"read_only": True, "_is_away": True, "suspend": self._suspended}.items():
            monkeypatch.setattr(app, name, value, raising=False)
        monkeypatch.setattr(app, "_busy", lambda: "")
        monkeypatch.setattr(app, "exit", lambda result, return_code: self.ended.append((result, return_code)))

    @contextmanager
    def _suspended(self) -> Iterator[None]:
        self.steps.append("given away")
        yield
        self.steps.append("taken back")

    async def guest(self) -> asyncio.subprocess.Process:
        """Wait for the console that has the terminal."""
        for _ in range(6000):
            if self.app._guest is not None:
                return self.app._guest
            await asyncio.sleep(0.01)
        raise AssertionError("no console was opened")


async def test_a_signal_ends_the_console_that_has_the_terminal_and_then_this_one(hosts: "Hosts") -> None:
    """This one ends with the status of the signal, and only behind the other one: the terminal is that one's until then."""
    visit = asyncio.create_task(hosts.app._visit("prod", "elsewhere"))
    guest = await hosts.guest()
    hosts.app.leave(128 + signal.SIGTERM)
    assert hosts.ended == [], "the terminal is the other one's still"
    await visit
    assert guest.returncode == -signal.SIGTERM
    assert hosts.steps == ["given away", "taken back"]
    assert hosts.ended == [(143, 143)]


@pytest.mark.parametrize("mouse", [True, False])
def test_the_console_that_is_opened_leaves_the_mouse_to_the_terminal_as_this_one_does(
    *, mouse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []

    async def started(*command: str, **_options: object) -> object:
        commands.append(command)
        raise FileNotFoundError(errno.ENOENT, "no program")

    app = ConsoleApp(FakeBackend(), read_only=False, demo=False)
    monkeypatch.setattr(app, "run", lambda **_: None)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", started)
    application.run(app, mouse=mouse)
    with Lifeline() as lifeline, pytest.raises(FileNotFoundError):
        asyncio.run(app._guest_of("prod", lifeline))
    assert commands == [tuple(visiting.visit_command("prod", read_only=False, mouse=mouse))]
    assert ("--no-mouse" in commands[0]) is not mouse


async def test_a_signal_that_comes_while_the_other_console_is_being_started_ends_both(
    hosts: "Hosts", monkeypatch: pytest.MonkeyPatch
) -> None:
    """There was no process yet to be ended: it must not begin to wait for a person."""
    start = asyncio.create_subprocess_exec

    async def started_late(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        hosts.app.leave(128 + signal.SIGHUP)
        hosts.guests.append(await start(*command, **options))
        return hosts.guests[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", started_late)
    await asyncio.wait_for(hosts.app._visit("prod", "elsewhere"), LONGEST_S)
    assert hosts.guests[0].returncode == -signal.SIGTERM
    assert hosts.ended == [(129, 129)]


async def test_a_console_whose_visit_is_broken_off_leaves_no_other_one_behind(hosts: "Hosts") -> None:
    """As where an application is ended without a signal: the other one would go on reading from the shell's terminal."""
    visit = asyncio.create_task(hosts.app._visit("prod", "elsewhere"))
    guest = await hosts.guest()
    visit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await visit
    assert guest.returncode == -signal.SIGTERM


@pytest.fixture
async def at_fleet(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["AtFleet"]:
    """A console that has a terminal to give away, and is held up before it does."""
    monkeypatch.setattr(HeadlessDriver, "can_suspend", True)
    app = ConsoleApp(FakeBackend(), read_only=False, demo=False, clock=lambda: NOW, refresh_seconds=86_400)
    held = AtFleet(app)
    monkeypatch.setattr(visiting, "_require", held.require)
    monkeypatch.setattr(app, "_hosted", held.hosted)
    async with app.run_test(size=(80, 24)) as pilot:
        held.pilot = pilot
        yield held
        held.may_go_on.set()


class AtFleet:
    """The console, and the names that it has asked the settings of and opened."""

    pilot: "Pilot[int]"

    def __init__(self, app: ConsoleApp) -> None:
        self.app, self.may_go_on = app, threading.Event()
        self.asked: list[str] = []
        self.opened: list[str] = []

    def require(self, name: str) -> None:
        """Wait for the test, as for a slow file system."""
        self.asked.append(name)
        assert self.may_go_on.wait(LONGEST_S)

    async def hosted(self, name: str) -> int:
        """Let the other console end at once."""
        self.opened.append(name)
        return 0

    def visit(self) -> None:
        """Press Enter on the first row."""
        self.app.visit(fake_fleet.normal().rows[0], "cutter-console -P prod --read-only")


async def test_a_second_enter_opens_no_second_console(at_fleet: "AtFleet") -> None:
    """Two would read from the terminal at once. When the first one has ended, a key opens one again."""
    at_fleet.visit()
    await until(at_fleet.pilot, lambda: at_fleet.asked == ["prod"])
    at_fleet.visit()
    at_fleet.may_go_on.set()
    await until(at_fleet.pilot, lambda: not at_fleet.app._is_away)
    assert at_fleet.asked == at_fleet.opened == ["prod"]
    at_fleet.visit()
    await until(at_fleet.pilot, lambda: at_fleet.opened == ["prod", "prod"])


async def test_what_began_while_the_settings_were_read_is_not_covered_either(at_fleet: "AtFleet") -> None:
    """A file system may take its time, and the stop key opens its question meanwhile."""
    at_fleet.visit()
    await until(at_fleet.pilot, lambda: at_fleet.asked == ["prod"])
    await at_fleet.pilot.press("ctrl+x")
    at_fleet.may_go_on.set()
    await until(at_fleet.pilot, lambda: not at_fleet.app._is_away)
    assert at_fleet.app.notice.what == "prod was not opened: a question is open in this console."
    assert at_fleet.opened == []


@pytest.mark.parametrize("keys", [("ctrl+f",), ("g",)])
def test_a_console_that_fleet_has_opened_has_no_fleet_of_its_own_and_the_same_key_leads_back(
    keys: tuple[str, ...],
) -> None:
    known = registry(read_only=False, demo=False).with_keys({"fleet": keys})
    back = leading_back(known)
    (way,) = (action for action in back.actions if action.name == "fleet")
    assert (way.keys, way.title, way.short, way.command) == (keys, "Back to the fleet", "Fleet", "")
    assert back.in_scope(Scope.FLEET) == ()
    others = [action for action in known.actions if action.name != "fleet" and action.scope is not Scope.FLEET]
    assert [action for action in back.actions if action is not way] == others


@pytest.mark.parametrize("width", [34, 80, 200])
@pytest.mark.parametrize("scope", [scope for scope in Scope if scope not in {Scope.EVERYWHERE, Scope.FLEET}])
def test_the_way_back_to_the_fleet_is_never_dropped_from_the_footer(scope: Scope, width: int) -> None:
    def footer(known: Registry) -> str:
        return plain(key_line([*known.in_scope(scope), *known.in_scope(Scope.EVERYWHERE)], width))

    known = registry(read_only=False, demo=False)
    assert footer(leading_back(known)).startswith(" ^X STOP  ^F Fleet  ? Help ")
    assert footer(known).startswith(" ^X STOP  ? Help ")
    assert "^F" not in footer(known)


def test_a_console_that_fleet_has_opened_keeps_its_face_and_begins_with_no_fleet() -> None:
    face = Face("prod", "PRODUCTION", refresh_seconds=3.0, start_screen="run")
    assert face.opened_by_fleet(7) == Face("prod", "PRODUCTION", 3.0, "run", fleet_behind=7)
    assert replace(face, start_screen="fleet").opened_by_fleet(7).start_screen == "overview"
    assert face.fleet_behind is None


def test_the_pipe_to_the_console_behind_it_is_taken_once_and_handed_to_no_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, behind = os.pipe()
    os.set_inheritable(ours, True)  # noqa: FBT003 - it takes no name
    monkeypatch.setenv(FLEET_BEHIND, str(ours))
    assert taken_lifeline() == ours
    assert not os.get_inheritable(ours)
    assert FLEET_BEHIND not in os.environ
    assert taken_lifeline() is None
    os.close(ours)
    os.close(behind)


@pytest.mark.parametrize("text", ["", "-1", " 5", "5x", "²", "٣", "1" * 10, "999999"])
def test_what_is_no_descriptor_is_not_taken_for_that_pipe(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FLEET_BEHIND, text)
    assert taken_lifeline() is None
    assert FLEET_BEHIND not in os.environ


def test_a_file_is_not_taken_for_that_pipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A console that watched one would never be told."""
    with (tmp_path / "file").open("wb") as file:
        monkeypatch.setenv(FLEET_BEHIND, str(file.fileno()))
        assert taken_lifeline() is None


@pytest.mark.parametrize("number", [0, 1, 2])
def test_neither_input_nor_output_is_taken_for_that_pipe_although_they_can_be_pipes(number: int) -> None:
    """A console in a pipeline would end with what it reads from."""
    program = "from console.app.visited import taken_lifeline; print(taken_lifeline())"
    environment = {**os.environ, FLEET_BEHIND: str(number)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, input=b"", capture_output=True, check=True)
    assert done.stdout == b"None\n"


async def test_the_terminal_is_taken_back_where_the_other_console_cannot_be_started(
    hosts: "Hosts", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Textual takes it back only behind a block that raises nothing: this console would neither draw nor hear a key."""

    async def no_process_left(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(asyncio, "create_subprocess_exec", no_process_left)
    with pytest.raises(OSError, match="unavailable"):
        await hosts.app._hosted("prod")
    assert hosts.steps == ["given away", "taken back"]


async def test_nothing_that_is_under_way_here_is_covered_by_another_console() -> None:
    """Its progress and its answer would not be seen, and the stop key would act on the other database."""
    app = ConsoleApp(FakeBackend(), read_only=False, demo=False, clock=lambda: NOW, refresh_seconds=86_400)
    ended = asyncio.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        assert app._busy() == ""
        app.push_screen(PanicDialog())
        await until(pilot, lambda: "a question is open" in app._busy())
        app.pop_screen()
        app.run_worker(ended.wait(), group=STOP_GROUP, exclusive=False)
        await until(pilot, lambda: "a stop is under way" in app._busy())
        ended.set()
        await until(pilot, lambda: app._busy() == "")

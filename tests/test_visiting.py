"""A console and the one that its Fleet has opened in its terminal: which of them ends first, and that none is left."""

import asyncio
import errno
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.app.application import ConsoleApp
from console.app.visited import watch
from console.app.visiting import STOP_GROUP, VisitingApp
from console.screens.panic import PanicDialog
from tests.screens.conftest import until
from tests.support.fakes import NOW, FakeBackend


def test_what_waits_for_the_end_of_the_console_behind_it_is_told_by_its_pipe() -> None:
    """Whatever ends that console, the kernel closes the pipe; a terminal hangs up only with the leader of its session."""
    ours, behind = os.pipe()
    told = threading.Event()
    watch(ours, told.set)
    assert not told.is_set()
    os.close(behind)
    assert told.wait(60), "nobody was told"
    os.close(ours)


async def test_a_signal_ends_the_console_that_has_the_terminal_and_then_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = VisitingApp(FakeBackend())
    ended: list[int] = []
    monkeypatch.setattr(app, "exit", lambda status, **_: ended.append(status))
    guest = await asyncio.create_subprocess_exec("sleep", "1000")
    monkeypatch.setattr(app, "_is_away", True)
    monkeypatch.setattr(app, "_guest", guest)
    app.leave(128 + signal.SIGTERM)
    assert ended == [], "the terminal is the other one's still"
    assert await guest.wait() == -signal.SIGTERM


async def test_the_terminal_is_taken_back_where_the_other_console_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Textual takes it back only behind a block that raises nothing: this console would neither draw nor hear a key."""
    app = VisitingApp(FakeBackend())
    steps: list[str] = []

    @contextmanager
    def suspended() -> Iterator[None]:
        steps.append("given away")
        yield
        steps.append("taken back")

    async def no_process_left(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(app, "read_only", True, raising=False)
    monkeypatch.setattr(app, "suspend", suspended)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", no_process_left)
    with pytest.raises(OSError, match="unavailable"):
        await app._hosted("prod")
    assert steps == ["given away", "taken back"]


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

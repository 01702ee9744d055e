"""A console and the one that its Fleet has opened in its terminal: which of them ends first, and that none is left."""

import asyncio
import os
import signal
import threading

import pytest

from console.app.visited import watch
from console.app.visiting import VisitingApp
from tests.support.fakes import FakeBackend


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

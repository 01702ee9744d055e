"""Ends of the console on a host that has nothing to spare: they come all the same."""

import asyncio
import os
import pty
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from console.app import terminal
from console.app.terminal import EXIT_SIGHUP, TerminalGuard
from tests.support.waiting import LONGEST_S


@pytest.fixture
def line() -> Iterator[tuple[int, Callable[[], None]]]:
    """The console's side of a terminal, and what hangs it up."""
    ours, its = pty.openpty()
    is_open = True

    def hang_up() -> None:
        nonlocal is_open
        is_open = False
        os.close(ours)

    yield its, hang_up
    if is_open:
        hang_up()
    os.close(its)


async def _until_ended(ended: list[int]) -> None:
    async with asyncio.timeout(LONGEST_S):
        while not ended:
            await asyncio.sleep(0.01)


async def test_a_signal_ends_a_console_without_a_thread_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    reading, writing = os.pipe()
    guard = TerminalGuard(ended.append, fileno=reading)
    guard.install(asyncio.get_running_loop())
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", _no_thread)
        os.kill(os.getpid(), signal.SIGTERM)
        await _until_ended(ended)
        guard.release()
    os.close(reading)
    os.close(writing)
    assert ended == [128 + signal.SIGTERM]


async def test_a_lost_terminal_ends_a_console_without_a_file_descriptor_to_spare(
    line: tuple[int, Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    its, hang_up = line
    ended: list[int] = []
    guard = TerminalGuard(ended.append, fileno=its)
    monkeypatch.setattr(terminal, "_point_at_nothing", _no_descriptor)
    # Instead of the thread that ends this process by force.
    monkeypatch.setattr(TerminalGuard, "_arm_deadline", lambda _guard, _status: None)
    guard.install(asyncio.get_running_loop())
    hang_up()
    await _until_ended(ended)
    guard.release()
    assert ended == [EXIT_SIGHUP]


def _no_thread(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def _no_descriptor(_fileno: int) -> None:
    raise OSError(24, "Too many open files")

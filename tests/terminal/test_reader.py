"""The reader of the terminal: it sleeps while nobody types, and wakes for a key, for a moment's silence behind one, and for its end."""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from textual import events
from textual.message import Message

from console.app import steady_driver
from console.app.steady_driver import MOMENT_SECONDS, SteadyDriver
from tests.support.waiting import LONGEST_S, until


class _Reader(SteadyDriver):
    """A driver that reads from a pipe, and keeps what it is told."""

    def __init__(self, fileno: int) -> None:
        self.fileno, self.messages = fileno, list[Message]()
        self.exit_event = self._end = steady_driver._EndOfInput()

    def process_message(self, message: Message) -> None:
        self.messages.append(message)


class _Waits(list[float | None]):
    """How long each wait for the terminal may take; None without an end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        select_ = select.select

        def counted(readers: list[int], *rest: Any) -> Any:
            self.append(rest[-1])
            return select_(readers, *rest)

        monkeypatch.setattr("console.app.steady_driver.select.select", counted)


@contextmanager
def _reading() -> Iterator[tuple[_Reader, int]]:
    """A reader at work, and the end of its pipe that one types into."""
    keys, typed = os.pipe()
    reader = _Reader(keys)
    thread = Thread(target=reader.run_input_thread)
    thread.start()
    try:
        yield reader, typed
    finally:
        reader.exit_event.set()
        thread.join(LONGEST_S)
        os.close(keys)
        os.close(typed)
    assert not thread.is_alive()


@pytest.mark.parametrize("has_descriptor", [True, False])
def test_nothing_wakes_the_reader_but_a_key_and_its_end(has_descriptor: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looked up ten times a second. Without a descriptor to spare it still does, so that it ends."""

    def none_to_spare(*_: object) -> int:
        raise OSError(24, "Too many open files")

    waits, longest = _Waits(monkeypatch), None if has_descriptor else MOMENT_SECONDS
    if not has_descriptor:
        monkeypatch.setattr(os, "eventfd", none_to_spare)
    with _reading() as (reader, typed):
        os.write(typed, b"\x1b")
        until(lambda: bool(reader.messages), "the escape key comes")
        (key,) = reader.messages
        assert isinstance(key, events.Key)
        assert key.key == "escape"
        # Behind the escape byte a moment decides; then nothing does.
        assert MOMENT_SECONDS in waits
        until(lambda: waits[-1] == longest, "it waits as it does at rest")
    if has_descriptor:
        assert select.select([reader._end.descriptor], [], [], 0)[0], "its end wakes it"
    reader.exit_event.clear()
    assert not reader.exit_event.is_set()
    # Else a reader that is started again would never sleep.
    if has_descriptor:
        assert select.select([reader._end.descriptor], [], [], 0) == ([], [], [])


@pytest.mark.parametrize(
    "unfinished", [b"\x1b[200~text", b"\x1b]0;title"], ids=["a paste", "an answer of the terminal"]
)
def test_what_is_unfinished_keeps_the_reader_awake_until_it_is_given_up(
    unfinished: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asleep it would be unfinished for ever, and what is typed next would go into it."""
    monkeypatch.setattr("console.app.keyboard.PASTE_SECONDS", 0.0)
    monkeypatch.setattr("console.app.keyboard.SEQUENCE_SECONDS", 0.0)
    waits = _Waits(monkeypatch)
    with _reading() as (reader, typed):
        os.write(typed, unfinished)
        until(lambda: MOMENT_SECONDS in waits and waits[-1] is None, "it was given up")
        os.write(typed, b"q")
        until(lambda: any(isinstance(message, events.Key) for message in reader.messages), "the next key is a key")

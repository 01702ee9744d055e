"""The reader of the terminal: it sleeps while nobody types, and wakes for a key, for a moment's silence behind one, and for its end."""

import os
import select
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


@pytest.mark.parametrize("has_descriptor", [True, False])
def test_nothing_wakes_the_reader_but_a_key_and_its_end(has_descriptor: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looked up ten times a second. Without a descriptor to spare it still does, so that it ends."""
    waits, longest = list[float | None](), None if has_descriptor else MOMENT_SECONDS

    def counted(readers: list[int], *rest: Any) -> Any:
        waits.append(rest[-1])
        return select_(readers, *rest)

    def none_to_spare(*_: object) -> int:
        raise OSError(24, "Too many open files")

    select_ = select.select
    monkeypatch.setattr("console.app.steady_driver.select.select", counted)
    if not has_descriptor:
        monkeypatch.setattr(os, "eventfd", none_to_spare)
    keys, typed = os.pipe()
    reader = _Reader(keys)
    thread = Thread(target=reader.run_input_thread)
    thread.start()
    try:
        os.write(typed, b"\x1b")
        until(lambda: bool(reader.messages), "the escape key comes")
        (key,) = reader.messages
        assert isinstance(key, events.Key)
        assert key.key == "escape"
        # Behind the escape byte a moment decides; then nothing does.
        assert MOMENT_SECONDS in waits
        until(lambda: waits[-1] == longest, "it waits as it does at rest")
    finally:
        reader.exit_event.set()
        thread.join(LONGEST_S)
    assert not thread.is_alive()
    reader.exit_event.clear()
    assert not reader.exit_event.is_set()

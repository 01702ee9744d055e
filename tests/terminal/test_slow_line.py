"""On a line that takes next to nothing: the stop key is heard, its question and its answer come before any picture."""

import os
import select
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.app import line_writer
from console.app.line_writer import LineWriter
from tests.support.waiting import LONGEST_S
from tests.terminal.pty_session import PtySession

MOST_BEFORE = 5_000
"""Bytes that may come before the words: what the system has given to the other end and does not take back (4,096 on
Linux), a piece that was being written, and the words' own sequence. One picture has three times as many."""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[PtySession]:
    """A console in a big terminal, armed."""
    made = PtySession("slow", tmp_path, size=(160, 50))
    made.see(b"Counts, measured")
    made.read(0.3)
    made.forget()
    yield made
    made.close()


def _until(condition: Callable[[], bool]) -> None:
    """Wait without reading a byte."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError


def _bytes_before(session: PtySession, words: bytes) -> int:
    """Read as a slow line does, a little at a time."""
    found = b""
    while words not in found:
        assert select.select([session.master], [], [], 30)[0], found[-500:]
        found += os.read(session.master, 128)
        time.sleep(0.005)
    return found.index(words)


def test_the_stop_is_asked_and_answered_before_any_picture_that_is_under_way(
    session: PtySession, tmp_path: Path
) -> None:
    """Nothing is read while the pictures of six screens pile up; Textual's own writer makes the console itself wait."""
    for key in "2345612345612345612":
        session.press(key)
        time.sleep(0.05)
    session.press("\x18")
    _until((tmp_path / "asked").exists)
    assert _bytes_before(session, b"STOP everything?") < MOST_BEFORE

    session.press("s")
    _until((tmp_path / "stopped").exists)
    assert _bytes_before(session, b"Stopped. The switch is HOLD.") < MOST_BEFORE


def test_after_it_the_whole_screen_is_drawn(session: PtySession, tmp_path: Path) -> None:
    session.press("3")
    session.see(b"Phases")
    session.press("1")
    # The stop key overtakes keys that were not acted on yet, so the Overview must be there.
    session.see(b"Counts, measured")
    session.press("\x18")
    _until((tmp_path / "asked").exists)
    session.see(b"Sets a HOLD: nothing is written until a person releases it.")
    session.forget()
    session.press("s")
    for words in (b"Kill switch", b"HOLD: everything is stopped", b"Counts, measured", b"Stopped."):
        session.see(words)


def test_pictures_that_a_line_cannot_take_are_left_out_and_the_last_one_is_whole(session: PtySession) -> None:
    """Six screens again and again, nothing read: the console goes on, and draws the last screen once the line is free."""
    for key in "23456" * 8 + "2":
        session.press(key)
        time.sleep(0.02)
    session.read(1.0)
    session.press("3")
    session.see(b"Phases")
    session.press("2")
    session.see(b"How to read it")
    assert len(session.output) < 40 * 20_000


class _Terminal:
    """A pseudo-terminal whose other end is read when the test says so."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.redraws = 0
        self.writer = LineWriter(self.slave, "utf-8", self._redraw)
        self.writer.start()

    def _redraw(self) -> None:
        self.redraws += 1

    def read_all(self) -> bytes:
        found = b""
        while select.select([self.master], [], [], 0.5)[0]:
            found += os.read(self.master, 65536)
        return found

    def close(self) -> None:
        self.writer.stop()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal() -> Iterator[_Terminal]:
    made = _Terminal()
    yield made
    made.close()


def test_what_is_written_comes_in_order_and_whole(terminal: _Terminal) -> None:
    pictures = [f"<{number:03}>" * 300 for number in range(5)]
    for picture in pictures:
        terminal.writer.write(picture)
    assert terminal.read_all().decode() == "".join(pictures)
    assert terminal.redraws == 0


def test_what_there_was_no_memory_for_is_drawn_again_and_the_writer_goes_on(
    terminal: _Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread ended, and the screen stood still for good."""
    _without_memory_once(terminal, monkeypatch)
    terminal.writer.write("lost " * 100)
    _until(lambda: terminal.redraws == 1)
    terminal.writer.write("drawn again")
    assert terminal.read_all() == b"drawn again"


def test_a_mode_that_there_was_no_memory_for_is_written_all_the_same(
    terminal: _Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the screen would be wrong for good, or the terminal behind the console."""
    _without_memory_once(terminal, monkeypatch)
    terminal.writer.write("\x1b[?1049l")
    assert terminal.read_all() == b"\x1b[?1049l"


def test_a_mode_that_was_begun_is_gone_on_with_and_not_written_again(
    terminal: _Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sequence in the middle of which another one begins is none, and its rest would stand on the screen as text."""
    _without_memory_once(terminal, monkeypatch, after=b"\x1b[?10")
    terminal.writer.write("\x1b[?1049l")
    assert terminal.read_all() == b"\x1b[?1049l"


def test_urgent_words_are_no_part_of_a_mode_that_was_begun(
    terminal: _Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system holds of it is forgotten, as all that stands in the way of a stop."""
    _without_memory_once(terminal, monkeypatch, after=b"\x1b[?10", then=lambda: terminal.writer.pass_by("STOP"))
    terminal.writer.write("\x1b[?1049l")
    mode, end_of_any, urgent = terminal.read_all().partition(b"\x1b\\")
    assert b"\x1b[?1049l".startswith(mode)
    assert end_of_any
    assert urgent.endswith(b"STOP")


def _without_memory_once(
    terminal: _Terminal,
    monkeypatch: pytest.MonkeyPatch,
    after: bytes = b"",
    then: Callable[[], None] = lambda: None,
) -> None:
    """Let the line take these bytes, and then be without memory once; `then` comes between the two."""
    write = terminal.writer._write_piece
    pieces = iter([after] if after else [])
    failures = [MemoryError()]

    def without_memory(piece: bytes) -> int:
        if (first := next(pieces, b"")) and piece.startswith(first):
            return write(first)
        if failures:
            then()
            raise failures.pop()
        return write(piece)

    monkeypatch.setattr(terminal.writer, "_write_piece", without_memory)


def test_leaving_does_not_wait_for_a_picture_that_nobody_takes(terminal: _Terminal) -> None:
    terminal.writer.write("\x1b[?1049h")
    terminal.writer.write("old " * 50_000)
    _until(lambda: not terminal.writer._waiting)
    terminal.writer.write("older still " * 1000)
    terminal.writer.stop()
    assert not terminal.writer.is_alive()


def test_leaving_does_not_wait_for_a_line_that_takes_nothing_either(
    terminal: _Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mode is never left out; a line that is stopped takes it never."""
    monkeypatch.setattr(line_writer, "STOP_SECONDS", 0.2)
    terminal.writer.write("old " * 50_000)
    _until(lambda: not terminal.writer._waiting)
    terminal.writer.write("\x1b[?1049l")
    terminal.writer.stop()
    terminal.writer.join(LONGEST_S)
    assert not terminal.writer.is_alive()


def test_writing_never_waits_and_modes_are_never_left_out(terminal: _Terminal) -> None:
    for number in range(200):
        terminal.writer.write(f"{number:03}," * 2000)
        terminal.writer.write(f"\x1b[?{number}h")
    found = terminal.read_all().decode()
    assert [number for number in range(200) if f"\x1b[?{number}h" not in found] == []
    assert f"{199:03}," * 2000 in found
    assert len(found) < 20 * 8000
    assert terminal.redraws >= 1


def test_what_passes_by_comes_first_and_what_was_under_way_is_broken_off(terminal: _Terminal) -> None:
    terminal.writer.write("old " * 50_000)
    terminal.writer.write("older still " * 1000)
    _until(lambda: len(terminal.writer._waiting) <= 1)
    terminal.writer.pass_by("STOP")
    found = terminal.read_all()
    assert found.index(b"STOP") < MOST_BEFORE
    assert found.endswith(b"STOP")
    assert len(found) < 2 * MOST_BEFORE

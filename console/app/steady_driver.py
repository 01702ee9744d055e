"""The driver, which reads the terminal through `Keyboard` and writes through `LineWriter`."""

import os
import select
import sys
import time
from contextlib import suppress
from threading import Event
from typing import Any

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from console.app.frames import Frames
from console.app.keyboard import Keyboard
from console.app.line_writer import LineWriter

MOMENT_SECONDS = 0.1
"""Silence after which an escape byte is the escape key."""
_MOST_READ = 4096
MOST_COLUMNS, MOST_ROWS = 1000, 500
"""Size up to which a terminal is filled: a larger one, which none is that somebody looks at, would take minutes and all memory."""


class _EndOfInput(Event):
    """The end of the reading, which a reader that waits for the terminal notices at once: its descriptor can be read then."""

    def __init__(self) -> None:
        super().__init__()
        try:
            self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        except OSError:
            # Without a descriptor to spare the reader looks up every moment.
            self.descriptor = -1

    def set(self) -> None:
        """Set it, and wake the reader."""
        super().set()
        if self.descriptor >= 0:
            os.eventfd_write(self.descriptor, 1)

    def clear(self) -> None:
        """Begin again."""
        super().clear()
        if self.descriptor >= 0:
            with suppress(BlockingIOError):
                os.eventfd_read(self.descriptor)


class SteadyDriver(LinuxDriver):
    """Textual's driver for this system with another reader and writer."""

    _line: LineWriter | None = None
    _frames: Frames
    _end: _EndOfInput
    _started_before: bool = False
    _has_terminal: bool = False
    """True from the start, or the return from the background, until the terminal is given back."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._frames = Frames()
        super().__init__(*arguments, **options)
        self.exit_event = self._end = _EndOfInput()
        # Else the application would ask for the size itself before the first event of one.
        self._size = self._size or self._get_terminal_size()

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return columns and rows of the terminal, as many of them as are drawn."""
        columns, rows = super()._get_terminal_size()
        return min(columns, MOST_COLUMNS), min(rows, MOST_ROWS)

    def start_application_mode(self) -> None:
        """Start, or come back from the background, with a new writer."""
        terminal = sys.__stderr__
        if terminal is not None:
            self._line = LineWriter(terminal.fileno(), terminal.encoding or "utf-8", self.draw_again)
            self._line.start()
        self._frames.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # In the background it starts nothing, and stops itself.
        self._has_terminal = self._key_thread is not None and self._key_thread.is_alive()
        if self._started_before:
            self.draw_again()
        self._started_before = True

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self._has_terminal = False
        super().stop_application_mode()

    def _sigcont_application(self, *arguments: Any) -> None:
        """Come back. After SIGSTOP, which nobody can answer, the terminal is given back first.

        Otherwise its modes, as this program has set them, would be kept as those to give back at the end: it would be left without an echo.
        """
        if self._has_terminal and self._auto_restart:
            self.suspend_application_mode()
        super()._sigcont_application(*arguments)

    def draw_again(self) -> None:
        """Draw the whole screen again, and take nothing of it for shown: frames were left out, or somebody else has written."""
        self._frames.forget()
        self._app.call_later(self._app.refresh)

    def write(self, data: str) -> None:
        """Write without waiting for the line, and nothing that the terminal shows already."""
        if self._line is not None and (sent := self._frames.shortened(data)):
            self._line.write(sent)

    def pass_by(self, words: str) -> None:
        """Show these words in the first line now, before any waiting frame; the next frame replaces them."""
        if self._line is not None:
            self._frames.forget()
            self._line.pass_by(f"\x1b[1;1H\x1b[7m{words}\x1b[0m\x1b[K")

    def close(self) -> None:
        """Write what is left."""
        if self._line is not None:
            self._line.stop()
            self._line = None
        super().close()

    def run_input_thread(self) -> None:
        """Pass on input until the console ends; a terminal that is gone is handled by the guard."""
        keyboard = Keyboard()
        while not self.exit_event.is_set():
            try:
                for message in self._read(keyboard):
                    self.process_message(message)
            except MemoryError:
                # What was typed is lost, and nothing of it half understood.
                keyboard = Keyboard()
                self.exit_event.wait(MOMENT_SECONDS)

    def _read(self, keyboard: Keyboard) -> list[Message]:
        try:
            # At rest nothing is decided by time: without a key there is nothing to look up for.
            wakes = [self.fileno, *([self._end.descriptor] if self._end.descriptor >= 0 else [])]
            longest = None if len(wakes) > 1 and not keyboard.is_waiting else MOMENT_SECONDS
            if self.fileno not in select.select(wakes, [], [], longest)[0]:
                return keyboard.tick(time.monotonic())
            data = os.read(self.fileno, _MOST_READ)
        except (OSError, ValueError):
            data = b""
        if not data:
            # A terminal that is gone is always ready; without the pause this thread would keep a core busy.
            self.exit_event.wait(MOMENT_SECONDS)
            return []
        return keyboard.feed(data, time.monotonic())

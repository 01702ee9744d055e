"""A writer for a slow terminal: it never blocks the console, drops outdated frames, and sends urgent words first."""

import math
import os
import select
import termios
import threading
import time
from collections import deque
from collections.abc import Callable

PIECE = 256
"""Number of bytes per write: urgent words wait for no more than these."""
STOP_SECONDS = 3.0
"""Longest wait for the terminal to take its last modes."""
LOOK_AGAIN_MS = 50
"""Longest wait for the line before urgent words are looked for."""
SMALL = 200
"""Size up to which data is never dropped: it can be a mode of the terminal instead of a frame."""
MOST_BEHIND = 8 * 1024
"""Number of bytes that may wait; a line that is further behind gets only the newest frame."""
_CLEAN = b"\x1b\\\x1b[?2026l\x1b[0m"
"""Sequence that ends any interrupted sequence, frame or style."""


class LineWriter(threading.Thread):
    """A thread between the console and its terminal. It calls `redraw` after frames were dropped.

    Textual's own writer queues thirty frames and then makes the console wait: keys, the stop key too, are then handled
    only after a slow line has taken all of them.
    """

    def __init__(self, fileno: int, encoding: str, redraw: Callable[[], None]) -> None:
        super().__init__(name="terminal-output", daemon=True)
        self._fileno = opened_again(fileno)
        self._poll = select.poll()
        self._poll.register(self._fileno, select.POLLOUT)
        self._encoding = encoding
        self._redraw = redraw
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._cut = False
        """True if the frame that is being written must be broken off."""
        self._urgent = False
        """True if the first item must overtake everything that the system still holds."""
        self._left_out = False
        self._ended = self._is_over = False
        self._until = math.inf
        """Time at which the terminal is given up."""

    def write(self, text: str) -> None:
        """Queue this text and return at once."""
        data = text.encode(self._encoding, "backslashreplace")
        if not data:
            return
        with self._changed:
            # A slow line would otherwise show frames that are minutes old.
            if len(data) > SMALL and sum(map(len, self._waiting)) > MOST_BEHIND:
                self._leave_out()
            self._waiting.append(data)
            self._changed.notify()

    def _leave_out(self) -> None:
        # Small items can be changes of the terminal's modes, without which the screen would be wrong for good.
        small_items = [data for data in self._waiting if len(data) <= SMALL]
        self._left_out = self._left_out or len(small_items) < len(self._waiting)
        self._waiting = deque(small_items)

    def pass_by(self, text: str) -> None:
        """Write this now, before everything that waits or is being written; the console then draws its screen again."""
        with self._changed:
            self._leave_out()
            self._left_out = False
            self._cut = self._urgent = True
            self._waiting.appendleft(_CLEAN + text.encode(self._encoding, "backslashreplace"))
            self._changed.notify()

    def _forget_what_the_system_holds(self) -> None:
        """Discard what the system has not sent yet. Only in this thread: a write that waits elsewhere would not wake."""
        try:
            termios.tcflush(self._fileno, termios.TCOFLUSH)
        except (termios.error, OSError, ValueError):  # no terminal any more: the guard ends the console
            return

    def stop(self) -> None:
        """Restore the terminal's modes and end; a frame that is still being written is broken off.

        A line that takes nothing at all is given up after STOP_SECONDS.
        """
        with self._changed:
            if self._ended:
                return
            self._leave_out()
            self._cut = self._ended = True
            self._until = time.monotonic() + STOP_SECONDS
            self._changed.notify()
        self.join(STOP_SECONDS + 1)
        if not self.is_alive():  # A copy of the terminal's descriptor may still wait for it.
            os.close(self._fileno)

    def run(self) -> None:
        """Write until the writer is stopped. What there is no memory for is left out; the whole screen is drawn again then."""
        while not self._is_over:
            try:
                self._write_next()
            except MemoryError:
                self._left_out = True
                time.sleep(LOOK_AGAIN_MS / 1000)

    def _write_next(self) -> None:
        data = self._next()
        if data is None:
            self._is_over = True
        else:
            self._write_in_pieces(data)

    def _next(self) -> bytes | None:
        with self._changed:
            while not self._waiting:
                if self._ended:
                    return None
                if self._left_out:
                    self._left_out = False
                    self._redraw()
                self._changed.wait()
            if self._urgent:
                self._forget_what_the_system_holds()
            self._cut = self._urgent = False
            return self._waiting.popleft()

    def _write_in_pieces(self, data: bytes) -> None:
        place = 0
        while place < len(data) and not (self._cut and len(data) > SMALL) and time.monotonic() < self._until:
            try:
                place += self._write_piece(data[place : place + PIECE])
            except MemoryError:
                # A small one can be a mode of the terminal, as what `_leave_out` keeps: it is gone on with.
                if len(data) > SMALL:
                    raise
                time.sleep(LOOK_AGAIN_MS / 1000)
            except OSError:  # the terminal is gone
                return

    def _write_piece(self, piece: bytes) -> int:
        """Return the number of bytes that the line has taken; 0 after a wait if it takes none."""
        try:
            return os.write(self._fileno, piece)
        except BlockingIOError:
            self._poll.poll(LOOK_AGAIN_MS)
            return 0


def opened_again(fileno: int) -> int:
    """Return a non-blocking descriptor of the same terminal; others that share the old one are not affected.

    If the terminal cannot be opened it is a copy of the old one; urgent words then wait for the piece being written.
    """
    try:
        return os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return os.dup(fileno)

"""The terminal of the console: whether there is one, the signals that end it, and its loss."""

import asyncio
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from console.app.line_writer import opened_again
from console.backend.host.signals import end_soon, end_work, wait_for_work

EXIT_SIGHUP = 128 + signal.SIGHUP
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

WORK_SECONDS = 10.0
"""Longest wait for a phase to be cancelled and recorded; then the server rolls it back."""
GRACE_SECONDS = 0.7
"""Longest wait for an orderly end after a signal."""

# No bracketed paste, no mouse, no kitty keyboard, no focus events; line wrap, the normal screen and the cursor come back.
_RESTORE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m"
)


def refusal(environ: Mapping[str, str], stdin_is_tty: bool, stderr_is_tty: bool) -> str:
    """Return the reason why the console cannot be drawn here, with what to use instead; "" if it can."""
    instead = "Use a command instead, for example: cutter-console status --json"
    if not (stdin_is_tty and stderr_is_tty):
        return f"The console needs a terminal, and there is none here. {instead}"
    if environ.get("TERM", "") in {"", "dumb", "unknown"}:
        return (
            f"The terminal {environ.get('TERM') or '(TERM is not set)'} cannot position text on the screen. {instead}"
        )
    return ""


def in_browser(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether this process was started by `serve`, to draw a page of a browser."""
    return (os.environ if environ is None else environ).get("TEXTUAL_DRIVER") == "textual.drivers.web_driver:WebDriver"


def refusal_here() -> str:
    """Return `refusal` for this process; a page of a browser is no terminal, and can be drawn."""
    if in_browser():
        return ""
    return refusal(os.environ, *(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)))


_WITHOUT_DRAWING = frozenset({"linux", "vt100", "vt102", "vt220", "ansi", "cygwin", "sun"})
"""Terminals whose fonts lack rounded corners, marks and shades, if they have lines at all."""


def terminal_encoding() -> str:
    """Return the encoding in which the terminal is written."""
    stream = sys.__stderr__
    return (stream.encoding if stream is not None else "") or "utf-8"


def draws_in_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """Return whether the terminal cannot be relied on to have more than ASCII: by its encoding, its name or the locale.

    The locale C alone says nothing: it is what a host without any has, and the terminal is somewhere else. As LC_ALL it was chosen.
    """
    if encoding.lower().replace("_", "-") not in {"utf-8", "utf8"} or environ.get("TERM", "") in _WITHOUT_DRAWING:
        return True
    if environ.get("LC_ALL", "") in {"C", "POSIX"}:
        return True
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    charset = locale.partition("@")[0].partition(".")[2].lower().replace("-", "")
    return charset not in {"", "utf8"}


_THREAD_ERRORS = (RuntimeError, MemoryError)
"""Exceptions that the start of a thread raises on a host that has none to spare."""


@dataclass
class TerminalGuard:
    """A guard that ends the program in order after a signal or a lost terminal, and by force if that takes too long.

    `leave(exit_status)` is called on the event loop. `release` puts everything back; the caller does it at the end.
    """

    leave: Callable[[int], None]
    fileno: int = 0

    def __post_init__(self) -> None:
        self._attributes = termios.tcgetattr(self.fileno) if os.isatty(self.fileno) else None
        self._deadline: threading.Timer | None = None
        self._exit_status = 0
        self._released = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Install signal handlers on this loop, and a thread that sleeps until the terminal hangs up."""
        self._loop = loop
        for number in _ENDING:
            # Under nohup, SIGHUP is ignored on purpose; it stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._end, 128 + number)
        if self._attributes is not None:
            threading.Thread(target=self._watch, name="terminal-watch", daemon=True).start()

    def release(self) -> None:
        """Wait for writes to end, then stop listening and cancel the forced end."""
        end_work(WORK_SECONDS)
        self._released.set()
        if self._deadline is not None:
            self._deadline.cancel()
            # A thread that still reads from the terminal that has gone must not keep the program alive.
            last = threading.Timer(GRACE_SECONDS, os._exit, (self._exit_status,))
            last.daemon = True
            with suppress(*_THREAD_ERRORS):
                last.start()

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self.fileno, 0)  # A hang-up is reported without being asked for.
        while not self._released.is_set():
            gone = any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _fd, event in poll.poll(60_000))
            if gone and not self._released.is_set() and self._loop is not None:
                with suppress(OSError):  # without a descriptor to spare its reader stays busy, until the end
                    _point_at_nothing(self.fileno)
                self._arm_deadline(EXIT_SIGHUP)
                self._loop.call_soon_threadsafe(self._end, EXIT_SIGHUP)
                return

    def _end(self, exit_status: int) -> None:
        end_soon()
        self._arm_deadline(exit_status)
        self.leave(exit_status)

    def _arm_deadline(self, exit_status: int) -> None:
        if self._deadline is None:
            self._exit_status = exit_status
            self._deadline = threading.Timer(GRACE_SECONDS, self._end_without_order, (exit_status,))
            self._deadline.daemon = True
            # Without a thread to spare the end in order is all there is, and must still come.
            with suppress(*_THREAD_ERRORS):
                self._deadline.start()

    def _end_without_order(self, exit_status: int) -> None:
        if self._released.is_set():
            return
        # A statement under way gets the time to be cancelled and recorded; killed here, the run would be interrupted.
        wait_for_work(WORK_SECONDS)
        self.give_back()
        os._exit(exit_status)

    def give_back(self) -> None:
        """Give the terminal back as it was, without the driver: it has no more to say, or cannot."""
        if self._attributes is None or not os.isatty(self.fileno):
            return
        with suppress(OSError, termios.error):
            # The modes first: they need no memory, and what is left to be written may have to wait.
            termios.tcsetattr(self.fileno, termios.TCSANOW, self._attributes)
            # What the line has not taken yet would keep these from it, on a stopped line for ever.
            termios.tcflush(self.fileno, termios.TCOFLUSH)
            os.write(opened_again(self.fileno), _RESTORE)


def _point_at_nothing(fileno: int) -> None:
    """Replace a dead terminal by /dev/null: a dead one is always ready and would keep its reader busy."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in {fileno, 1, 2}:
        if descriptor == fileno or os.isatty(descriptor) or _is_dead(descriptor):
            os.dup2(nothing, descriptor)
    os.close(nothing)


def _is_dead(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _fd, event in poll.poll(0))

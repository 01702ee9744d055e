"""A program in a real pseudo-terminal: its bytes, its keys, its end."""

import atexit
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from tests.support.waiting import until
from tests.terminal.starter import Starter, new_starter

ROOT = Path(__file__).parents[2]
_OF_THE_SURROUNDINGS = {"NO_COLOR", "TEXTUAL", "COLORTERM", "COLUMNS", "LINES"}
"""Variables that would decide instead of the test; a size in them goes before the terminal's own."""


class PtySession:
    """Runs `python -m tests.terminal.runner SCENARIO FOLDER` in a terminal of this size.

    It is forked from a process that has imported the console, unless it is to have an interpreter of its own.
    """

    def __init__(
        self, scenario: str, folder: Path, *, size: tuple[int, int] = (80, 24), env: Mapping[str, str] | None = None,
        ignore_hangup: bool = False, own_interpreter: bool = False,
    ) -> None:  # fmt: skip
        self.output = b""
        environ = {k: v for k, v in os.environ.items() if k not in _OF_THE_SURROUNDINGS}
        environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **(env or {})}
        self.master, terminal = os.openpty()
        # Before the program runs: it would read another size, or change the modes, while a busy machine is elsewhere.
        _resize(terminal, *size)
        self.before = termios.tcgetattr(terminal)
        if own_interpreter:
            self.pid = os.fork()
            if self.pid == 0:
                os.login_tty(terminal)
                os.chdir(ROOT)
                signal.signal(signal.SIGHUP, signal.SIG_IGN if ignore_hangup else signal.SIG_DFL)
                command = [sys.executable, "-m", "tests.terminal.runner", scenario, str(folder)]
                os.execve(sys.executable, command, environ)
        else:
            self.pid = _starter().start(terminal, scenario, folder, environ, ignore_hangup=ignore_hangup)
        os.close(terminal)
        self.status: int | None = None

    def read(self, seconds: float) -> None:
        """Take what comes within this time."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            if not self._take(rest):
                return

    def _take(self, timeout: float) -> bool:
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def wait_for(self, condition: Callable[[bytes], bool], seconds: float = 20.0) -> None:
        """Read until the output fulfils the condition. Raises TimeoutError with the end of the output."""
        end = time.monotonic() + seconds
        while not condition(self.output):
            if time.monotonic() > end or not self._take(0.1):
                raise TimeoutError(self.output[-2000:])

    def see(self, words: bytes) -> None:
        """Read until these words have come since the last `forget`."""
        self.wait_for(lambda output: words in output)

    def forget(self) -> bytes:
        """Give what has come so far, and start again."""
        output, self.output = self.output, b""
        return output

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def send(self, data: bytes) -> None:
        """Send these bytes, taking what comes meanwhile: a console that draws must not be kept from reading."""
        while data:
            self._take(0)
            if select.select([], [self.master], [], 0.1)[1]:
                data = data[os.write(self.master, data[:512]) :]

    def wait_until_stopped(self) -> None:
        """A SIGCONT that comes before the process has stopped itself would be in vain."""
        stat = Path(f"/proc/{self.pid}/stat")
        until(lambda: stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T", "the console has stopped")

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the system tells the program by a signal."""
        _resize(self.master, columns, rows)

    def kill(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal, as a dropped line does."""
        os.close(self.master)
        self.master = -1

    def end(self, seconds: float = 60.0) -> int:
        """Wait for the end; the exit status, negative for a signal. Raises TimeoutError where none comes."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                if self.master >= 0:
                    self.read(0.3)
                return self.status
            if self.master >= 0:
                self._take(0.01)
            else:
                time.sleep(0.01)
        raise TimeoutError(self.output[-2000:])

    def close(self) -> None:
        """End the program, whatever it does."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.master >= 0:
            os.close(self.master)


@cache
def _starter() -> Starter:
    """The process of this worker that starts consoles."""
    starter = new_starter()
    atexit.register(starter.close)
    return starter


def _resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

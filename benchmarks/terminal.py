"""What the console takes of its terminal and its host, all in one run: bytes for each action, bytes and CPU at rest, memory, key to frame.

Every console here is a process of its own in a pseudo-terminal, on a real database. Bytes are counted until the line has been
silent for a while, so that nothing that an action draws later is missed. A key's frame is compared with that of an empty
Textual application, which is asked in turn with the console, so that both meet the same load of the machine.

No bar holds by silence: what a console does at rest counts only if it hears a key behind it, and an action that draws nothing
is not measured, which is as bad as a bar that is missed.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread

import psycopg

from benchmarks.demo import crowded_demo
from benchmarks.first_frame import made_root
from benchmarks.processes import own_mb, process_seconds, resident_mb
from benchmarks.units import LARGE, fill, rows
from console.backend.scratch.cluster import TransientCluster

SIZES = ((120, 40), (80, 24))
KIB = 1024
BYTES: dict[str, tuple[float, float]] = {
    "start": (60, 30),
    "change of screen, the most": (16, 10),
    "palette": (16, 10),
    "help": (20, 12),
    "panic dialog": (8, 6),
    "closing a dialog, the most": (16, 10),
    "refresh of Overview": (1.5, 0.8),
}
"""Most KiB to the terminal at 120x40 and at 80x24."""
IDLE_BYTES, IDLE_SHARE = 150.0, 0.005
RESIDENT_MB, UPDATES, GROWTH = 70.0, 10_000, 1.02
LOOKS = 10
"""Looks at the memory, evenly over all updates."""
KEYS, OVER_EMPTY = 300, 2.0

_COMMAND = str(Path(sys.executable).with_name("cutter-console"))
_SCREENS = ("2", "3", "4", "5", "6", "7", "8", "9", "0", "1")
_SILENCE_S, _LATE_S, _IDLE_S, _LONGEST_S = 1.5, 6.0, 40.0, 60.0
_MEASURED_S = 12.0
"""Time after which the gates are measured, and the status once more."""
_STILL_S = 4.0
"""Time for which nobody types into a field."""
_LOOK_S = 300.0
"""Longest wait for the next look at the memory, many times as long as the updates before it take."""
_FRAME_ENDS = b"\x1b[?2026l"
_EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App[None]):
    def compose(self):
        self.number = 0
        yield Static("0")
    def on_key(self):
        self.number += 1
        self.query_one(Static).update(str(self.number))
Empty().run()
"""
_UPDATED = """
import gc, os, sys
from pathlib import Path
import console
from console.app.application import ConsoleApp, run
from console.backend.late_service import loaded_late
from console.cli.arguments import Options
from console.cli.installation import measuring_of
most, looks, root, told = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), open(sys.argv[4], "a", buffering=1)
class Updated(ConsoleApp):
    CSS_PATH = str(Path(console.__file__).with_name("app") / "console.tcss")
    number = 0
    def _measured(self, status):
        super()._measured(status)
        self.number += 1
        if self.number % (most // looks) == 0:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            told.write(f"{self.number} {resident} {len(os.listdir('/proc/self/fd'))}\\n")
        if self.number == most:
            self.exit(0)
run(Updated(lambda: loaded_late(measuring_of(Options(root=root))), read_only=False, demo=False, refresh_seconds=0.001))
"""


class NotMeasured(Exception):
    """A program that was to be measured drew nothing, or has ended."""


@dataclass
class Terminal:
    """A program in a pseudo-terminal, which answers as a terminal with synchronised frames does."""

    command: list[str]
    size: tuple[int, int]
    pid: int = 0
    _master: int = -1

    def __enter__(self) -> "Terminal":
        """Start it."""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(self.command[0], self.command)
        columns, rows = self.size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it does."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)

    def take(self, seconds: float) -> bytes:
        """Return what comes next within this time; nothing if nothing does. Raises NotMeasured if the program has ended."""
        if not select.select([self._master], [], [], max(seconds, 0.0))[0]:
            return b""
        try:
            piece = os.read(self._master, 65536)
        except OSError as error:
            raise NotMeasured("the program has ended") from error
        if b"\x1b[?2026$p" in piece:
            os.write(self._master, b"\x1b[?2026;2$y")
        return piece

    def next(self, seconds: float, subject: str) -> bytes:
        """Return what comes next within this time. Raises NotMeasured if nothing does."""
        if piece := self.take(seconds):
            return piece
        raise NotMeasured(f"{subject}: nothing was drawn within {seconds:.0f} s")

    def until_silent(self, silence: float = _SILENCE_S) -> int:
        """Return the number of bytes that come until none has come for a while."""
        count, end = 0, time.monotonic() + _LONGEST_S
        while (piece := self.take(silence)) and time.monotonic() < end:
            count += len(piece)
        return count

    def during(self, seconds: float) -> int:
        """Return the number of bytes that come in all of this time."""
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            count += len(self.take(end - time.monotonic()))
        return count

    def started(self) -> int:
        """Return the number of bytes until its first screen is drawn, with what was measured behind it."""
        return len(self.next(_LONGEST_S, "the start")) + self.until_silent(_LATE_S)

    def press(self, keys: str) -> int:
        """Type; return the number of bytes that come of it, which on a busy machine may come late."""
        os.write(self._master, keys.encode())
        return len(self.next(_LATE_S, f"the key {keys!r}")) + self.until_silent()

    def key_to_frame(self, key: str) -> float:
        """Return the seconds from a key to the end of the first frame behind it."""
        started = time.perf_counter()
        os.write(self._master, key.encode())
        drawn = b""
        while _FRAME_ENDS not in drawn:
            if time.perf_counter() > started + _LONGEST_S:
                raise NotMeasured(f"the key {key!r}: no frame has ended within {_LONGEST_S:.0f} s")
            drawn += self.next(_LONGEST_S, f"the key {key!r}")
        passed = time.perf_counter() - started
        self.until_silent(0.03)
        return passed


def bytes_of_actions(root: Path, size: tuple[int, int]) -> dict[str, float]:
    """Return the KiB that each action sends to a terminal of this size."""
    with Terminal([_COMMAND, "--root", str(root)], size) as terminal:
        measured = {"start": float(terminal.started())}
        for key in _SCREENS:  # the first visit loads and measures
            terminal.press(key)
        changes = [terminal.press(key) for key in _SCREENS]
        opened, closed = {}, []
        for name, key in (("palette", "\x10"), ("help", "?"), ("panic dialog", "\x18")):
            opened[name] = float(terminal.press(key))
            closed.append(terminal.press("\x1b"))
        refreshes = [terminal.press("r") for _ in range(5)]
    measured |= {"change of screen, the most": float(max(changes)), **opened}
    measured |= {"closing a dialog, the most": float(max(closed)), "refresh of Overview": float(max(refreshes))}
    return {name: count / KIB for name, count in measured.items()}


def blink(root: Path) -> int:
    """Return the number of bytes that a field with the cursor sends while nobody types."""
    with Terminal([_COMMAND, "--root", str(root)], SIZES[1]) as terminal:
        terminal.started()
        terminal.press("\x10")
        count = terminal.during(_STILL_S)
        # Only a field that has the cursor draws what is typed.
        terminal.press("z")
        return count


def resident_on_overview(root: Path, command: str = "") -> tuple[float, float, float]:
    """Return RSS, PSS and USS of a connected console on Overview, its gates measured; of an empty application for `command`."""
    started = [sys.executable, "-c", command] if command else [_COMMAND, "--root", str(root)]
    with Terminal(started, SIZES[0]) as terminal:
        terminal.started()
        terminal.during(_MEASURED_S)
        return resident_mb(terminal.pid), *own_mb(terminal.pid)


def at_rest(root: Path) -> tuple[float, float, float]:
    """Return bytes a second, the share of a core, and the resident megabytes of a connected console at rest."""
    with Terminal([_COMMAND, "--root", str(root)], SIZES[0]) as terminal:
        terminal.started()
        for key in _SCREENS:
            terminal.press(key)
        before = process_seconds(terminal.pid)
        count = terminal.during(_IDLE_S)
        share = (process_seconds(terminal.pid) - before) / _IDLE_S
        resident = resident_mb(terminal.pid)
        terminal.press(_SCREENS[0])
        return count / _IDLE_S, share, resident


def updated(root: Path, updates: int) -> list[tuple[int, float, int]]:
    """Return updates, resident megabytes and open files, at each look on the way through so many updates."""
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as told:
        command = [sys.executable, "-c", _UPDATED, str(updates), str(LOOKS), str(root), told.name]
        with Terminal(command, SIZES[0]) as terminal:
            lines, last, is_alive = list[str](), time.monotonic(), True
            while is_alive and len(lines) < LOOKS and time.monotonic() < last + _LOOK_S:
                try:
                    terminal.take(0.5)
                except NotMeasured:
                    # Behind its last update it ends.
                    is_alive = False
                if more := told.readlines():
                    lines, last = [*lines, *more], time.monotonic()
    if len(lines) < LOOKS:
        end = "then it ended" if not is_alive else f"then none for {_LOOK_S:.0f} s"
        raise NotMeasured(f"{updates:,} updates: {len(lines)} of {LOOKS} looks at the memory, {end}")
    return [(int(number), int(resident) / 1e6, int(files)) for number, resident, files in map(str.split, lines)]


@contextmanager
def a_run_in_progress(conninfo: str) -> Iterator[None]:
    """Let units come in meanwhile, a hundred at a time, as a cut of another console writes them."""
    left = Event()

    def write() -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            first = LARGE * 2
            while not left.wait(0.1):
                connection.execute(rows(first, first + 99))
                first += 100

    writer = Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        left.set()
        writer.join()


def keys_to_frames(units: int) -> tuple[list[float], list[float]]:
    """Return the seconds from key to frame of the console on so many units, and of an empty application."""
    with TransientCluster.start(18) as cluster, tempfile.TemporaryDirectory() as folder:
        root = made_root(Path(folder), cluster)
        fill(cluster.conninfo("bench"), units)
        console = [_COMMAND, "--root", str(root), "--read-only"]
        with (
            Terminal(console, SIZES[0]) as ours,
            Terminal([sys.executable, "-c", _EMPTY], SIZES[0]) as empty,
            a_run_in_progress(cluster.conninfo("bench")),
        ):
            ours.started()
            empty.started()
            ours.press("8")
            pairs = []
            for number in range(KEYS + 20):
                # Down a page and up again: each is a frame with another row under the cursor.
                key = "\x1b[B" if number // 15 % 2 == 0 else "\x1b[A"
                pairs.append((ours.key_to_frame(key), empty.key_to_frame("x")))
    mine, theirs = zip(*pairs[20:], strict=True)
    return sorted(mine), sorted(theirs)


def _line(name: str, value: str, bar: str, *, holds: bool) -> int:
    sys.stdout.write(f"  {name:<40} {value:>14}  {bar:<16} {'holds' if holds else 'MISSED'}\n")
    sys.stdout.flush()
    return int(not holds)


def _bytes(root: Path, column: int) -> int:
    missed, size = 0, SIZES[column]
    kibs = bytes_of_actions(root, size)
    for name, bars in BYTES.items():
        title, bar = f"{name}, {size[0]}x{size[1]}", bars[column]
        missed += _line(title, f"{kibs[name]:.2f} KiB", f"≤ {bar} KiB", holds=kibs[name] <= bar)
    return missed


def _blink(root: Path) -> int:
    count = blink(root)
    return _line(f"cursor that stands, for {_STILL_S:.0f} s", f"{count} bytes", "0 bytes", holds=count == 0)


def _rest(root: Path) -> int:
    rate, share, megabytes = at_rest(root)
    missed = _line("bytes a second at rest", f"{rate:.0f}", f"≤ {IDLE_BYTES:.0f}", holds=rate <= IDLE_BYTES)
    missed += _line("share of a core at rest", f"{share:.2%}", f"≤ {IDLE_SHARE:.1%}", holds=share <= IDLE_SHARE)
    return missed + _line(
        "resident, every screen seen", f"{megabytes:.1f} MB", f"≤ {RESIDENT_MB} MB", holds=megabytes <= RESIDENT_MB
    )


def _resident(root: Path) -> int:
    for name, figures in (
        ("empty", resident_on_overview(root, _EMPTY)),
        ("console", ours := resident_on_overview(root)),
    ):
        sys.stdout.write(f"    {name}: {figures[0]:.1f} MB resident, {figures[1]:.1f} PSS, {figures[2]:.1f} USS\n")
    return _line(
        "resident, Overview, gates measured", f"{ours[0]:.1f} MB", f"≤ {RESIDENT_MB} MB", holds=ours[0] <= RESIDENT_MB
    )


def _updates(root: Path, updates: int) -> int:
    looks = updated(root, updates)
    sys.stdout.write("".join(f"    {n:>6} updates: {mb:.1f} MB, {files} files\n" for n, mb, files in looks))
    growth = looks[-1][1] / looks[0][1]
    missed = _line(f"growth over {updates:,} updates", f"{growth:.3f}", f"≤ {GROWTH}", holds=growth <= GROWTH)
    more = looks[-1][2] - looks[0][2]
    return missed + _line("further open files", f"{more}", "≤ 0", holds=more <= 0)


def _keys(units: int) -> int:
    mine, theirs = keys_to_frames(units)
    last = int(len(mine) * 0.99) - 1
    ratio = mine[last] / theirs[last]
    middle = len(mine) // 2
    sys.stdout.write(
        f"    console: median {mine[middle] * 1000:.1f} ms, p99 {mine[last] * 1000:.1f} ms;"
        f" empty: median {theirs[middle] * 1000:.1f} ms, p99 {theirs[last] * 1000:.1f} ms\n"
    )
    title = f"key to frame, p99 over an empty one's, {units:,}"
    return _line(title, f"{ratio:.2f}", f"≤ {OVER_EMPTY}", holds=ratio <= OVER_EMPTY)


def missed_in(part: Callable[[], int]) -> int:
    """Return how many bars of a part are missed; what was not measured is one."""
    try:
        return part()
    except NotMeasured as error:
        sys.stdout.write(f"  NOT MEASURED: {error}\n")
        return 1


def main(updates: int = UPDATES, units: int = LARGE) -> int:
    """Print each figure beside its bar; 1 if one is missed or was not measured."""
    with crowded_demo() as backend:
        root = backend.installation.root
        parts: list[Callable[[], int]] = [partial(_bytes, root, column) for column in range(len(SIZES))]
        parts += [
            partial(_blink, root),
            partial(_resident, root),
            partial(_rest, root),
            partial(_updates, root, updates),
        ]
        missed = sum(map(missed_in, parts))
    return int(bool(missed + missed_in(partial(_keys, units))))


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))

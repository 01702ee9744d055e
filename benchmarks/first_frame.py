"""The first frame of the read-only console, its database up, beside an empty Textual application's, each in a pty."""

import compileall
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from statistics import median

import psycopg

import console
from console.backend.host.runtime_tree import init_tree
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.canonical_json import canonical_json
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster

ROUNDS = 7
OVER_EMPTY_APPLICATION = 1.3
"""The console's first frame comes at most so many times as late as an empty application's."""

_ROWS, _COLUMNS = 40, 120
_MARK = b"FIRST-FRAME"
_EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App[None]):
    def compose(self):
        yield Static("FIRST-FRAME")
Empty().run()
"""
_CONSOLE_MARK = b"Overview"
"""Stands in the tab line of the console; its bytes come with the first frame, which is drawn from top to bottom."""
_FRAME_ENDS = b"\x1b[?2026l"
"""Textual closes each frame with the end of a synchronised update."""
_TIMEOUT_S = 30.0


def first_frame_seconds(command: list[str], mark: bytes) -> float:
    """From the spawn to the end of the first frame that holds the mark, as a terminal at the other end sees it."""
    start = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    try:
        _await_frame(terminal, mark)
        return time.perf_counter() - start
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def _await_frame(terminal: int, mark: bytes) -> None:
    drawn = b""
    deadline = time.monotonic() + _TIMEOUT_S
    while mark not in drawn or _FRAME_ENDS not in drawn[drawn.index(mark) :]:
        readable, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            raise TimeoutError(f"no frame within {_TIMEOUT_S:.0f} s; drawn: {drawn[-400:]!r}")
        piece = os.read(terminal, 65536)
        if b"\x1b[?2026$p" in piece:
            os.write(terminal, b"\x1b[?2026;2$y")
        drawn += piece


def made_root(folder: Path, cluster: TransientCluster) -> Path:
    """A runtime tree whose settings name this cluster."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
    migrate(cluster.conninfo("bench"))
    database = DatabaseSettings(
        executor=cluster.conninfo("bench", "cutter_exec"),
        verifier=cluster.conninfo("bench", "cutter_verify"),
        monitor=cluster.conninfo("bench", "cutter_ro"),
        administrator=cluster.conninfo("bench"),
    )
    root = folder / "root"
    init_tree(root, json.dumps(json.loads(canonical_json(Settings(database=database)))).encode())
    return root


def main() -> int:
    """Print the ratio beside its bar; 1 if it is missed."""
    command = str(Path(sys.executable).with_name("cutter-console"))
    # As an installer does, and as Textual is: a source that has just been changed would be compiled in each round.
    compileall.compile_dir(Path(console.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as folder, TransientCluster.start() as cluster:
        opened = [command, "--root", str(made_root(Path(folder), cluster)), "--read-only"]
        empty = [sys.executable, "-c", _EMPTY]
        pairs = [(first_frame_seconds(opened, _CONSOLE_MARK), first_frame_seconds(empty, _MARK)) for _ in range(ROUNDS)]
    ours, floor = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(mine / theirs for mine, theirs in pairs)
    sys.stdout.write(f"  console {ours * 1000:.0f} ms, empty application {floor * 1000:.0f} ms\n")
    holds = ratio <= OVER_EMPTY_APPLICATION
    verdict = "holds" if holds else "MISSED"
    sys.stdout.write(f"{'first frame over an empty one':<32} {ratio:6.2f}  ≤ {OVER_EMPTY_APPLICATION}  {verdict}\n")
    return int(not holds)


if __name__ == "__main__":
    raise SystemExit(main())

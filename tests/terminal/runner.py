"""Runs a console in this process's terminal: `python -m tests.terminal.runner SCENARIO`; on the fake backend those of scenarios.py."""

import errno
import itertools
import os
import sys
from pathlib import Path

from console.app.launch import open_console
from console.cli.arguments import Open, Options
from console.cli.ending import leave

NOTHING_READ = "reads-of-nothing"
MAY_STOP = "may-stop"
HOSTILE = "\x1b]0;OWNED\x07\x1b[31mRED\x9b35m\u202eevil\u2066\u200b[/x][bold]\x00\x08\x7f$HOME"


def main(scenario: str, folder: str) -> int:
    """Run one scenario; the exit status is the console's."""
    if scenario in {"record", "replay"}:
        file = Path(folder) / "day.jsonl"
        request = Open(record=file) if scenario == "record" else Open(replay=file)
        return open_console(Options(root=Path(folder)), request)
    if scenario == "named":
        return open_console(Options(installation=("prod",)), Open())
    if scenario == "unconfigured":
        return open_console(Options(), Open())
    from tests.terminal import scenarios

    return scenarios.main(scenario, Path(folder))


def count_reads_of_nothing(folder: Path, most: int = 5000) -> None:
    """Write a byte into a file for each read of the terminal that brings nothing, at once, up to `most`."""
    real, counted = os.read, os.open(folder / NOTHING_READ, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    terminal, left = sys.stdin.fileno(), itertools.count(most, -1)

    def read(descriptor: int, size: int) -> bytes:
        try:
            data = real(descriptor, size)
        except OSError:
            data = None
        if descriptor == terminal and not data and next(left) > 0:
            os.write(counted, b".")
        if data is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return data

    os.read = read


def play(scenario: str, folder: str) -> int:
    """Run one scenario to its end, as the program itself ends."""
    count_reads_of_nothing(Path(folder))
    exit_status = main(scenario, folder)
    leave(exit_status)
    return exit_status


if __name__ == "__main__":
    sys.exit(play(sys.argv[1], sys.argv[2]))

"""The HOLD file, written within a limit of time: a root on a file system that hangs holds up nothing else of a stop.

A process of its own writes it (`host/hold_file.py`). One that has no answer in time is not ended: the HOLD was asked
for, and is set as soon as the file system answers, also if this command has ended by then.
"""

import os
import sys
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Lock

from console.backend.host import hold_file, processes
from console.backend.host.daemon import made_here, start
from console.backend.host.installation import Installation
from console.backend.model.safe_text import safe_text

FILE_S = 3.0
"""Seconds that the file is waited for before the rest of a stop goes on without it."""
MOST_BY = 100
"""Characters of the operator's name in the file."""
_UNDER_WAY: dict[Path, Future[str]] = {}
"""Writes without an answer yet, by path: another stop waits for the same one, so that no processes pile up."""
_LOCK = Lock()


class HoldFile:
    """The HOLD file of one stop, which is being written."""

    def __init__(self, installation: Installation, reason: str) -> None:
        self.path = installation.hold_file
        content = f"{reason}\n{safe_text(installation.operator)[:MOST_BY]}\n".encode()
        with _LOCK:
            under_way = _UNDER_WAY.get(self.path)
            self._answer = under_way if under_way and not under_way.done() else _begun(self.path, content)
            _UNDER_WAY[self.path] = self._answer

    @property
    def is_answered(self) -> bool:
        """Return whether it is known by now if the file was written."""
        return self._answer.done()

    def problem(self, limit_s: float) -> str:
        """Wait for the file, no longer than this; return the reason if it is not written, or not yet."""
        try:
            problem = self._answer.result(limit_s)
        except TimeoutError:
            return f"no answer from the file system of {self.path} yet; the write goes on"
        # One that an earlier stop has begun may have been taken away by a release before its end.
        gone = not problem and not os.path.lexists(self.path)
        return f"{self.path} was written, and is not there any more" if gone else problem


def is_being_written(installation: Installation) -> bool:
    """Return whether a HOLD file that this process has begun to write has no answer yet."""
    with _LOCK:
        under_way = _UNDER_WAY.get(installation.hold_file)
    return under_way is not None and not under_way.done()


def _begun(path: Path, content: bytes) -> Future[str]:
    call = partial(_written, path, content)
    try:
        return start(call, "HOLD file")
    except RuntimeError:  # The host has no thread left.
        return made_here(partial(hold_file.write, str(path), content))


def _written(path: Path, content: bytes) -> str:
    """Let a process of its own write the file, and wait for it without a limit; write it here if none can be started."""
    # Isolated and without site: it starts sooner, and nothing in the environment changes what it imports.
    command = [sys.executable, "-I", "-S", hold_file.__file__, str(path)]
    try:
        process = processes.start(
            command, stdin=processes.PIPE, stdout=processes.PIPE, stderr=processes.NOWHERE, cwd="/"
        )
    except OSError:
        return hold_file.write(str(path), content)
    with process:
        answer, _ = process.communicate(content)
    if process.returncode != 0:
        # Killed, or no Python in its place any more.
        return hold_file.write(str(path), content)
    return safe_text(answer.decode("utf-8", "replace"))

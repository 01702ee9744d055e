"""Starts other programs, as the one module that does: each in a group of its own, which is ended as a whole.

A program that takes long runs under a guard (`process_guard`), which ends it if the console is killed. A program that
answers soon is ended by this process alone.
"""

import errno
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self, TypeAlias

from console.backend.host import process_guard
from console.backend.host.child_environment import child_environment

_GRACE_S = 5.0
_LOOK_S = 0.1
_PART = 1 << 16
PIPE = subprocess.PIPE
NOWHERE = subprocess.DEVNULL
Process: TypeAlias = "subprocess.Popen[bytes]"
ProgramError: TypeAlias = subprocess.SubprocessError
"""A program that was started has no answer: one of the next two."""
ProgramTimeout: TypeAlias = subprocess.TimeoutExpired
ProgramFailed: TypeAlias = subprocess.CalledProcessError


@dataclass(frozen=True)
class Ended:
    """A program that has ended, with what it wrote."""

    status: int
    """Its exit status; negative for the signal that killed it."""
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Return its standard output as text; bytes that are not UTF-8 are replaced."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def complaint(self) -> str:
        """Return its standard error as text."""
        return self.stderr.decode("utf-8", "replace").strip()


class Lifeline:
    """A pipe whose writing end only this process holds: the guard ends its program when the end is gone."""

    def __init__(self) -> None:
        self.for_guard, self._mine = os.pipe()

    def command(
        self, command: Sequence[str], user: tuple[int, int] | None = None, *, with_all: bool = False
    ) -> list[str]:
        """Return the command under a guard that listens to this lifeline, as `user` (uid, gid) if one is given.

        `with_all` ends with it what has left its group, too, if it is ended.
        """
        reach = "tree" if with_all else "group"
        who = ("-", "-") if user is None else (str(user[0]), str(user[1]))
        # Isolated and without site: the guard starts sooner, and nothing in the environment changes what it imports.
        return [sys.executable, "-I", "-S", process_guard.__file__, str(self.for_guard), reach, *who, *command]

    def started(self) -> None:
        """Close the guard's end in this process, after the guard was started or could not be."""
        os.close(self.for_guard)

    def cut(self) -> None:
        """Let the guard end the program with its group. May be called again."""
        if self._mine >= 0:
            os.close(self._mine)
            self._mine = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cut()


def why(error: OSError | ProgramError) -> str:
    """Return the cause in words why a program has no answer, with its own complaint if there is one."""
    match error:
        case ProgramTimeout():
            return f"it did not end within {error.timeout:.0f} s, and was ended"
        case ProgramFailed():
            complaint = str(error.stderr or "").strip()
            return f"it ended with status {error.returncode}{f': {complaint}' if complaint else ''}"
        case _:
            return str(error)


def start(
    command: Sequence[str],
    *,
    stdin: int = NOWHERE,
    stdout: int | IO[bytes] = NOWHERE,
    stderr: int | IO[bytes] = PIPE,
    pass_fds: tuple[int, ...] = (),
    environment: Mapping[str, str] | None = None,
    cwd: str | None = None,
) -> Process:
    """Start a program in a session of its own, in `child_environment` unless another is given; the caller ends it.

    For programs that are streamed to or that serve; they are started under a guard. Raises OSError.
    """
    return subprocess.Popen(
        list(command),
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=child_environment() if environment is None else environment,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def finished(
    command: Sequence[str],
    *,
    timeout_s: float,
    data: bytes = b"",
    pass_fds: tuple[int, ...] = (),
    check: bool = False,
    user: tuple[int, int] | None = None,
) -> Ended:
    """Run a program that answers soon to its end, in `child_environment`, with `data` on its standard input.

    Raises OSError if it cannot be started, ProgramTimeout if it does not end in time (it and its group are ended
    first), ProgramFailed with `check` if its exit status is not 0.
    """
    with subprocess.Popen(
        list(command),
        cwd="/" if user else None,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=child_environment(),
        pass_fds=pass_fds,
        start_new_session=True,
        user=user[0] if user else None,
        group=user[1] if user else None,
        extra_groups=[] if user else None,
    ) as process:
        try:
            stdout, stderr = process.communicate(data, timeout_s)
        except BaseException:
            # Before `with` waits: it would wait without a limit, for children that hold the pipes too.
            _end_group(process)
            raise
    return _answer(process, command, stdout, stderr, check=check)


def finished_under_guard(
    command: Sequence[str], *, timeout_s: float, data: bytes = b"", user: tuple[int, int] | None = None
) -> Ended:
    """Run a program that takes long to its end, with `data` on its standard input, under a guard.

    It runs as another user (uid, gid) if one is given.
    Raises OSError, ProgramTimeout. A program that cannot be started ends with status 127 and complains of the cause.
    """
    with Lifeline() as lifeline:
        try:
            process = start(
                lifeline.command(command, user),
                cwd="/",
                stdin=PIPE if data else NOWHERE,
                stdout=PIPE,
                pass_fds=(lifeline.for_guard,),
            )
        finally:
            lifeline.started()
        with process:
            try:
                stdout, stderr = process.communicate(data or None, timeout_s)
            except BaseException:
                end(process, lifeline)
                raise
    return _answer(process, command, stdout, stderr, check=False)


def finished_bounded(command: Sequence[str], *, timeout_s: float, data: bytes, keep: int, most: int) -> Ended:
    """Run a program that nobody vouches for to its end, under a guard, and keep the first `keep` bytes that it writes.

    It is not waited for longer than `timeout_s`, whether it reads `data` or not, nor are its children that hold its
    output; those of its group end with it, and those that have left it, if it is ended. Raises OSError, also for one that
    writes more than `most` bytes; ProgramTimeout.
    """
    with Lifeline() as lifeline:
        try:
            process = start(
                lifeline.command(command, with_all=True),
                cwd="/",
                stdin=PIPE,
                stdout=PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(lifeline.for_guard,),
            )
        finally:
            lifeline.started()
        with process:
            try:
                written = _exchange(process, data, timeout_s, keep, most)
            except BaseException:
                end(process, lifeline)
                raise
    return _answer(process, command, written, b"", check=False)


def _exchange(process: Process, data: bytes, timeout_s: float, keep: int, most: int) -> bytes:
    """Write `data` and read until the program ends. Return the first `keep` bytes; raise ProgramTimeout or OSError."""
    assert process.stdin is not None
    assert process.stdout is not None
    ends_at, kept, read = time.monotonic() + timeout_s, b"", 0
    with selectors.DefaultSelector() as streams:
        for stream, event in ((process.stdin, selectors.EVENT_WRITE), (process.stdout, selectors.EVENT_READ)):
            os.set_blocking(stream.fileno(), False)
            streams.register(stream, event)
        while True:
            has_ended = process.poll() is not None  # Before the look at what it wrote: then nothing of it is missed.
            ready = {key.fileobj for key, _ in streams.select(0 if has_ended else _LOOK_S)}
            if process.stdin in ready:
                data = _fed(process.stdin, data)
                if not data:
                    streams.unregister(process.stdin)
                    with suppress(BrokenPipeError):
                        process.stdin.close()
            if process.stdout in ready:
                if not (part := process.stdout.read(_PART)):
                    streams.unregister(process.stdout)
                kept, read = (kept + (part or b""))[:keep], read + len(part or b"")
            elif has_ended:
                return kept
            if read > most:
                raise OSError(errno.EFBIG, f"it wrote more than {most} bytes, and was ended")
            if time.monotonic() > ends_at:
                raise ProgramTimeout(process.args, timeout_s)


def _fed(stdin: IO[bytes], data: bytes) -> bytes:
    """Write as much as the pipe takes, and return the rest; nothing is left for a program that does not read."""
    try:
        return data[os.write(stdin.fileno(), data) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return b""


def end(process: Process, lifeline: Lifeline) -> None:
    """End a guarded program with its group, and its guard, which is killed if it does not exit within five seconds."""
    lifeline.cut()
    try:
        process.wait(_GRACE_S)
    except ProgramTimeout:
        process.kill()
        process.wait()


def _end_group(process: Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _answer(process: Process, command: Sequence[str], stdout: bytes, stderr: bytes, *, check: bool) -> Ended:
    ended = Ended(process.returncode, stdout, stderr)
    if check and ended.status != 0:
        raise ProgramFailed(ended.status, list(command), ended.text, ended.complaint)
    return ended

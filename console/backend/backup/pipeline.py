"""One byte stream copied into several programs at once, with a deadline; each with the end of its standard error and its exit status."""

import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import IO, Self, TypeVar

from console.backend.backup.record import BackupNotProven
from console.backend.host.processes import NOWHERE, Lifeline, ProgramTimeout, end, start
from console.backend.model.safe_text import safe_text

_LAST_LINES = 6


class _Lines:
    """The last lines of a stream, read by a thread of its own so that the writer never blocks."""

    def __init__(self, stream: IO[bytes], keep: int | None) -> None:
        self._lines: deque[str] = deque(maxlen=keep)
        self._thread = Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._lines.append(safe_text(line.decode("utf-8", "replace").rstrip("\n")))

    def all(self) -> tuple[str, ...]:
        """Return the lines that are kept, once the writer has closed its end, or after ten seconds."""
        self._thread.join(10)
        return tuple(self._lines)


class Member:
    """A running program under a guard; `name` is its name in refusals.

    It ends with its group at the end of the `with` block, and with this process. Its environment is
    `child_environment` unless another is given. With `with_status`, `{status}` in its command is replaced by the number
    of a descriptor that it writes status lines to.
    """

    def __init__(
        self,
        name: str,
        command: Iterable[str],
        *,
        stdin: int = NOWHERE,
        stdout: int = NOWHERE,
        environment: dict[str, str] | None = None,
        with_status: bool = False,
    ) -> None:
        self.name = name
        self.killed = False
        self._lifeline = Lifeline()
        readable, writable = os.pipe() if with_status else (-1, -1)
        passed_fds = (writable,) if with_status else ()
        try:
            self.process = start(
                self._lifeline.command([part.replace("{status}", str(writable)) for part in command]),
                stdin=stdin,
                stdout=stdout,
                environment=environment,
                pass_fds=(self._lifeline.for_guard, *passed_fds),
            )
        except OSError:
            self._lifeline.cut()
            if with_status:
                os.close(readable)
            raise
        finally:
            self._lifeline.started()
            # This side's copy of the status pipe must go, or its reader would never see the end.
            for descriptor in passed_fds:
                os.close(descriptor)
        assert self.process.stderr is not None
        self._stderr = _Lines(self.process.stderr, _LAST_LINES)
        self._status = _Lines(os.fdopen(readable, "rb"), None) if with_status else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        self._lifeline.cut()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                stream.close()
        self.last_words()
        self.status_keywords()

    def kill(self) -> None:
        """End the program and its group now if it still runs; bounded."""
        if self.process.poll() is None:
            self.killed = True
            end(self.process, self._lifeline)

    @property
    def failed(self) -> bool:
        """Return True if it ended by itself with another exit status than 0."""
        return not self.killed and self.process.poll() not in {0, None}

    def last_words(self) -> str:
        """Return the last lines of its standard error, inert, on one line."""
        return " | ".join(self._stderr.all())

    def status_keywords(self) -> frozenset[str]:
        """Return the keywords of gpg's status lines; none without `with_status`."""
        lines = self._status.all() if self._status else ()
        return frozenset(words[1] for words in (line.split() for line in lines) if len(words) > 1)

    def verdict(self) -> str:
        """Return how it ended, for a refusal."""
        code = self.process.poll()
        ending = f"was killed by signal {-code}" if code is not None and code < 0 else f"exited with {code}"
        return f"{self.name} {ending}: {self.last_words() or 'it said nothing'}"


STALL_S = 60.0
"""Seconds without a byte moved after which a program of the pipeline counts as hung."""
# Also asked for as the pipes' size: 1 MiB is the most that Linux grants without privileges by default.
_CHUNK = 1 << 20
_TICK_S = 0.1
_R = TypeVar("_R")


def never() -> bool:
    """Return False: the default of `cancelled`, for a caller that never cancels."""
    return False


@dataclass
class Watch:
    """Limits of a pipeline: a deadline, a limit without progress, and a question that is asked ten times a second."""

    timeout_s: float
    cancelled: Callable[[], bool] = never
    on_tick: Callable[[], None] = lambda: None
    stall_s: float = STALL_S
    subject: str = "backup"
    """Name of what is watched, for refusals."""
    _started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raises BackupNotProven after the deadline or when cancelled."""
        self.on_tick()
        if self.cancelled():
            raise BackupNotProven(f"the {self.subject} was cancelled", "begin it again when wanted")
        if time.monotonic() - self._started > self.timeout_s:
            message = f"the {self.subject} took longer than {self.timeout_s:.0f} s"
            raise BackupNotProven(message, "raise its time limit")

    def result(self, future: Future[_R]) -> _R:
        """Return the future's result. Raises BackupNotProven after the deadline or when cancelled."""
        while not future.done():
            with suppress(FutureTimeout):
                future.exception(_TICK_S)
            self.check()
        return future.result()

    def pump(self, pool: Executor, tee: "Tee") -> None:
        """Let the tee run to its end; a program that moves nothing for longer than the limit has hung."""
        running, steps, last_progress = pool.submit(tee.run), tee.steps, time.monotonic()
        while not running.done():
            # exception() waits without raising the error of the tee, which result() raises at the end.
            with suppress(FutureTimeout):
                running.exception(_TICK_S)
            self.check()
            if tee.steps != steps:
                steps, last_progress = tee.steps, time.monotonic()
            elif time.monotonic() - last_progress > self.stall_s:
                raise self._hung(tee.waits_for)
        running.result()

    def wait(self, member: Member) -> None:
        """Wait until the member has ended; its input and output are closed, so it has nothing left to wait for."""
        started = time.monotonic()
        while member.process.poll() is None:
            with suppress(ProgramTimeout):
                member.process.wait(_TICK_S)
            self.check()
            # Polled again: the member may have ended since.
            if time.monotonic() - started > self.stall_s and member.process.poll() is None:
                raise self._hung(member)

    def _hung(self, member: Member) -> BackupNotProven:
        return BackupNotProven(
            f"{member.name} did nothing for {self.stall_s:.0f} s, and was ended",
            f"see whether it works by itself ({member.name} --version), and what the server waits for; then take the"
            " backup again. If it is only slow, raise backup_stall_seconds",
        )


class Tee:
    """Copier of one member's output into the standard inputs of others; `moved` counts the bytes.

    `steps` changes whenever anything moves, and `waits_for` is the member that is waited for meanwhile.
    """

    def __init__(self, source: Member, sinks: tuple[Member, ...]) -> None:
        self.moved = 0
        self.steps = 0
        self.waits_for = source
        self.gone: Member | None = None
        self._member = source
        self._source = _pipe(source.process.stdout)
        self._sinks = tuple((sink, _pipe(sink.process.stdin)) for sink in sinks)

    def run(self) -> None:
        """Copy to the end of the stream, or until a reader has gone, which `gone` then names."""
        try:
            while self.gone is None and (chunk := os.read(self._source.fileno(), _CHUNK)):
                self._pass_on(chunk)
                self.moved += len(chunk)
                self.waits_for = self._member
        finally:
            for _, pipe in self._sinks:
                pipe.close()

    def _pass_on(self, chunk: bytes) -> None:
        for member, pipe in self._sinks:
            self.waits_for = member
            try:
                self._write_all(pipe.fileno(), chunk)
            except BrokenPipeError:
                self.gone = member
                return

    def _write_all(self, descriptor: int, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
            self.steps += 1


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "members of a tee have pipes"
    # A larger pipe only saves system calls: if the limit of the user is reached, the default size works too.
    with suppress(OSError):
        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _CHUNK)
    return stream

"""One byte stream copied into several programs at once, with a deadline."""

import fcntl
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TypeVar

from console.backend.backup.failures import BackupNotProven
from console.backend.backup.pipeline_process import Member
from console.backend.host.processes import ProgramTimeout

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
    _started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raises BackupNotProven after the deadline or when cancelled."""
        self.on_tick()
        if self.cancelled():
            raise BackupNotProven("the backup was cancelled", "take it again when wanted")
        if time.monotonic() - self._started > self.timeout_s:
            raise BackupNotProven(f"the backup took longer than {self.timeout_s:.0f} s", "raise its time limit")

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

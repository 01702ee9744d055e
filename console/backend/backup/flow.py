"""Moves one byte stream into several programs at once, and waits for them with a deadline."""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TypeVar

from console.backend.backup.failures import BackupNotProven
from console.backend.backup.member import Member

_CHUNK = 1 << 20
_TICK_S = 0.1
_R = TypeVar("_R")


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass
class Watch:
    """When to give up: a deadline and a question that is asked ten times a second."""

    timeout_s: float
    cancelled: Callable[[], bool] = never
    on_tick: Callable[[], None] = lambda: None
    _started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raises BackupNotProven after the deadline or when cancelled."""
        self.on_tick()
        if self.cancelled():
            raise BackupNotProven("the backup was cancelled", "take it again when wanted")
        if time.monotonic() - self._started > self.timeout_s:
            raise BackupNotProven(f"the backup took longer than {self.timeout_s:.0f} s", "raise its time limit")

    def result(self, future: Future[_R]) -> _R:
        """The future's result, or the end of patience."""
        while not future.done():
            with suppress(FutureTimeout):
                future.exception(_TICK_S)
            self.check()
        return future.result()

    def wait(self, member: Member) -> None:
        """Until the member has ended."""
        while member.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                member.process.wait(_TICK_S)
            self.check()


class Tee:
    """Copies what one member writes into the standard inputs of others; `moved` counts the bytes."""

    def __init__(self, source: Member, sinks: tuple[Member, ...]) -> None:
        self.moved = 0
        self.gone: Member | None = None
        self._source = _pipe(source.process.stdout)
        self._sinks = tuple((sink, _pipe(sink.process.stdin)) for sink in sinks)

    def run(self) -> None:
        """To the end of the stream, or until a reader has gone, which `gone` then names."""
        try:
            while self.gone is None and (chunk := os.read(self._source.fileno(), _CHUNK)):
                self._pass_on(chunk)
                self.moved += len(chunk)
        finally:
            for _, pipe in self._sinks:
                pipe.close()

    def _pass_on(self, chunk: bytes) -> None:
        for member, pipe in self._sinks:
            try:
                _write_all(pipe.fileno(), chunk)
            except BrokenPipeError:
                self.gone = member
                return


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "members of a tee have pipes"
    with suppress(OSError):
        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _CHUNK)
    return stream


def _write_all(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]

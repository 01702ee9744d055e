"""One program of a pipeline: its process, the end of its standard error, and its exit status."""

import os
from collections import deque
from collections.abc import Iterable
from threading import Thread
from types import TracebackType
from typing import IO, Self

from console.backend.host.processes import NOWHERE, Lifeline, end, start
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

"""The means by which a gate measures: connections and files within a deadline, and each answer kept as evidence."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar, cast

import psycopg

from console.backend.gates.measurement import Measurement
from console.backend.host.daemon import start
from console.backend.host.installation import Installation
from console.backend.host.processes import ProgramError, why
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.model.outcome import Evidence, whole_ms
from console.backend.postgres.asking import Question
from console.backend.postgres.connections import connect, translate, uncommitted
from console.backend.postgres.kept_sessions import for_another_thread
from console.backend.postgres.server import DatabaseRow, answering_database
from console.backend.runs.other_layout import has_another_layout, not_installed
from console.backend.runs.phase_context import Role

T = TypeVar("T")
LAYOUT = "layout"
"""Name of the question whether the database has another layout."""
ANSWERING = "answering database"
"""Name of the question which database and server answer the monitoring role."""

UNMEASURED = (
    *(CutterError, psycopg.Error, OSError, ProgramError),
    *(ValueError, RecursionError, MemoryError),
)
"""Errors that stop a measurement; the last three come from files that are not what they should be."""


class NotAsked(Exception):
    """A question that was to be asked ahead was not, or has no answer: whoever needs it asks for itself."""


class _Promised(NamedTuple):
    """An answer that is on its way."""

    answer: "Future[object]"
    until: float
    """Time at which it is not waited for any more, on the clock of `time.monotonic`."""


class Asked:
    """Questions that several gates of one board share: asked once, by whichever gate comes first, with one answer for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Future[object]] = {}
        self._promised: dict[str, _Promised] = {}

    def once(self, name: str, measure: Callable[[], T], seconds: float) -> T:
        """Return the answer, or raise what measuring raised. Raises TimeoutError after `seconds`."""
        ends_at = time.monotonic() + seconds
        if (promised := self._promised.get(name)) is not None:
            try:
                return cast("Future[T]", promised.answer).result(max(promised.until - time.monotonic(), 0.0))
            except (NotAsked, TimeoutError):
                # One that comes later is nobody's any more: a question has one answer for all gates.
                self._promised.pop(name, None)
        # The lock is held while the call is started, not while it runs: other questions do not wait for its answer.
        with self._lock:
            if name not in self._answers:
                self._answers[name] = start(for_another_thread(measure), name)
            answer = cast("Future[T]", self._answers[name])
        return answer.result(max(ends_at - time.monotonic(), 0.0))

    def promise(self, names: Iterable[str], until: float) -> "dict[str, Future[object]]":
        """Let whoever needs one of these answers wait until it is given, NotAsked is set in its place, or the time is over.

        `until` is on the clock of `time.monotonic`, in seconds. To be called before any of them is asked.
        """
        self._promised = {name: _Promised(Future(), until) for name in names}
        return {name: promised.answer for name, promised in self._promised.items()}

    def know(self, name: str, value: object) -> None:
        """Keep an answer that was measured together with others, unless the question was asked before."""
        answer: Future[object] = Future()
        answer.set_result(value)
        with self._lock:
            self._answers.setdefault(name, answer)


@dataclass(frozen=True)
class Probe:
    """The access of one gate to what it measures. `ends_at` is on the clock of `time.monotonic`, in seconds.

    `read_only` is true in a monitoring console: it asks nothing but the monitoring role and the files.
    """

    installation: Installation
    gate: str
    ends_at: float
    read_only: bool = False
    asked: Asked = field(default_factory=Asked, compare=False)
    """Shared by the gates that are measured together."""

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the deadline; at least a moment, because a statement timeout of 0 would mean none."""
        return max(self.ends_at - time.monotonic(), 0.05)

    def once(self, name: str, measure: Callable[[], T]) -> T:
        """Measure now, or take the answer that another gate of this board got. Raises what measuring raised."""
        return self.asked.once(name, measure, self.seconds_left)

    def is_of_another_layout(self) -> bool:
        """Return whether the database has another layout than this product's: then its own tables cannot be asked.

        Raises CutterError or TimeoutError if that cannot be found out: a role of that name may be somebody else's.
        """
        return self.once(LAYOUT, lambda: has_another_layout(self.installation))

    def require_own_layout(self) -> None:
        """Raise Unmeasured if the database has another layout: a question that is only put to this product's own."""
        if self.is_of_another_layout():
            raise not_installed()

    def is_standby(self) -> bool:
        """Return whether the server only replays what another one writes. Raises CutterError or TimeoutError if it does not say."""
        row = self.answering()
        return row is not None and row.in_recovery

    def answering(self) -> DatabaseRow | None:
        """Return which database and server answer the monitoring role, asked once. Raises CutterError or TimeoutError if none does."""
        return self.of_monitor(ANSWERING, answering_database, is_own=False)

    def of_monitor(self, name: str, question: Question[T], *, is_own: bool = True) -> T:
        """Return the answer of the monitoring role to a question of this name: asked ahead with others, or now.

        It is about this product's own tables if it `is_own`. Raises what `of_the_console` raises, or `monitor`.
        """

        def ask() -> T:
            with self.of_the_console() if is_own else self.monitor() as connection:
                return question(connection)

        return self.once(name, ask)

    def require_primary(self) -> None:
        """Raise Unmeasured on a standby, before a write is tried that is rolled back."""
        if self.is_standby():
            raise Unmeasured(
                StopCode.IDENTITY_MISMATCH,
                "the server is a standby: what is tried in a write and rolled back is measured on the primary",
                "Measure it there; a standby is for reading: cutter-console status",
            )

    @contextmanager
    def monitor(self) -> Iterator[psycopg.Connection]:
        """Open a READ ONLY transaction of the monitoring role, within the deadline."""
        conninfo = self.installation.settings.database.monitor
        with connect(conninfo, read_only=True, timeout_s=self.seconds_left, purpose=f"gate {self.gate}") as connection:
            yield connection

    @contextmanager
    def of_the_console(self) -> Iterator[psycopg.Connection]:
        """Open the same to ask for this product's own tables. Raises Unmeasured, and opens nothing, in a database of another layout."""
        self.require_own_layout()
        with self.monitor() as connection:
            yield connection

    @contextmanager
    def writing(self, role: Role) -> Iterator[psycopg.Connection]:
        """Open a transaction of a role that could write; it is always rolled back.

        Raises Unmeasured in a monitoring console, on a standby, and in a database of another layout: the role of that
        name is another one.
        """
        conninfo = self._conninfo(role)
        self.require_primary()
        with uncommitted(conninfo, timeout_s=self.seconds_left, purpose=f"gate {self.gate}") as connection:
            yield connection

    @contextmanager
    def reading(self, role: Role) -> Iterator[psycopg.Connection]:
        """Open a READ ONLY transaction of a role that could write. Raises Unmeasured where `writing` does."""
        conninfo = self._conninfo(role)
        with connect(conninfo, read_only=True, timeout_s=self.seconds_left, purpose=f"gate {self.gate}") as connection:
            yield connection

    def _conninfo(self, role: Role) -> str:
        self.require_own_layout()
        if self.read_only:
            raise Unmeasured(
                StopCode.EXECUTION_DISABLED,
                f"a monitoring console does not connect as the {role}",
                f"Measure it from a console without --read-only: cutter-console gates {self.gate}",
            )
        database = self.installation.settings.database
        return database.executor if role is Role.EXECUTOR else database.verifier

    def ask(
        self,
        name: str,
        question: str,
        source: str,
        measure: Callable[[], T],
        answer: Callable[[T], str] = str,
        *,
        digest: Callable[[T], str] | None = None,
        otherwise: str = "",
    ) -> Measurement[T]:
        """Measure now. What cannot be measured becomes a fact without a value that says why, never an exception.

        `name` is unique within the gate; `question` and `source` say in words what was asked and of whom; `answer` and
        `digest` put the value into words for the record; `otherwise` is the next action if none comes with the error.
        """
        began, started = self.installation.context.now(), time.perf_counter()

        def evidence(text: str, sha256: str = "") -> Evidence:
            return Evidence(
                id=f"{self.gate}.{name}",
                asked=question,
                source=source,
                answer=text,
                digest=sha256,
                measured_at=began,
                took_ms=whole_ms(time.perf_counter() - started),
            )

        try:
            value = measure()
        except UNMEASURED as error:
            reason, repair = _reason(self._explained(error))
            repair = repair or otherwise or f"Make it measurable, then: cutter-console gates {self.gate}"
            return Measurement[T](evidence=evidence(f"not measured: {reason}"), unmeasured=reason, next_action=repair)
        return Measurement[T](evidence=evidence(answer(value), digest(value) if digest else ""), value=value)

    def _explained(self, error: Exception) -> Exception:
        """Return the error, or the one that says why the server answered so: the database has another layout."""
        known = translate(error) if isinstance(error, psycopg.Error) else error
        is_of_the_server = isinstance(error, psycopg.Error) or isinstance(error.__cause__, psycopg.Error)
        if not isinstance(known, CutterError) or not is_of_the_server or known.code is StopCode.UNREACHABLE:
            return error
        try:
            return not_installed(known) if self.is_of_another_layout() else error
        except (CutterError, TimeoutError):
            return error


def _reason(error: Exception) -> tuple[str, str]:
    match error:
        case CutterError():
            repeated = error.message.startswith("STOP_")  # what another fact of the gate could not measure, told on
            return error.message if repeated else f"{error.code}: {error.message}", error.next_action
        case psycopg.Error():
            translated = translate(error)
            return f"{translated.code}: {translated.message}", translated.next_action
        case OSError():
            return f"{error.filename or type(error).__name__}: {error.strerror or error}", ""
        case ProgramError():
            return why(error), ""
        case _:  # the text of the others repeats what was read
            return f"what is there cannot be read: {type(error).__name__}", ""

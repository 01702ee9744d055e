"""The last answers about readiness, kept with their age until newer ones arrive."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from textual.worker import WorkType

from console.backend.model.errors import CutterError
from console.screens.moved import Moves
from console.widgets.jobs import work

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.readiness import Board, DriftReport, GateReport
    from console.backend.model.view_models import Status

T = TypeVar("T")


class Asking(Protocol):
    """The part of the application that measuring needs."""

    clock: Callable[[], datetime]
    status: "Status | None"

    async def ask(self, question: "Callable[[Backend], T]") -> T:
        """Ask the backend in a thread. Raises CutterError."""

    def begin_work(self, work: WorkType[None], group: str) -> None:
        """Run work beside the screens until it ends or the application does."""

    def show_readiness(self) -> None:
        """Draw the answers about readiness on the screens that show them."""


class Kept(Generic[T]):
    """The last answer to one question, and the failure of a newer attempt."""

    def __init__(self, console: "Asking") -> None:
        self.answer: T | None = None
        self.failure: CutterError | None = None
        self.failed_at: datetime | None = None
        self.asking = ""
        """Name of what is being measured now; empty at rest."""
        self.asked_at: datetime | None = None
        """Time at which the last answer was asked for; None if it came with something else."""
        self._console = console
        self._next: tuple[str, Callable[[Backend], T]] | None = None

    @property
    def was_asked(self) -> bool:
        """Return whether the question was ever asked."""
        return bool(self.asking) or self.answer is not None or self.failure is not None

    def ask(self, subject: str, question: "Callable[[Backend], T]") -> None:
        """Measure in the background. During a measurement the latest other request waits; the same one is dropped."""
        if self.asking:
            if subject != self.asking:
                self._next = (subject, question)
            return
        self.asking = subject
        self._console.begin_work(work(self._ask, question, self._console.clock()), "readiness")
        self._console.show_readiness()

    async def _ask(self, question: "Callable[[Backend], T]", asked_at: datetime) -> None:
        try:
            answer = await self._console.ask(question)
        except CutterError as error:
            self.failure, self.failed_at = error, self._console.clock()
        else:
            self.keep(answer)
            self.asked_at = asked_at
        finally:
            self.asking = ""
        # After the answer was kept: `measure_gate` joins its gate to the newest board.
        waiting, self._next = self._next, None
        if waiting is not None:
            self.ask(*waiting)
        self._console.show_readiness()

    def keep(self, answer: T) -> None:
        """Keep the newest answer."""
        self.answer = answer
        self.failure = self.failed_at = self.asked_at = None


class ReadinessWatch:
    """The board of the gates, the arming checks of the current run, and the drift."""

    def __init__(self, console: "Asking") -> None:
        self.board: Kept[Board] = Kept(console)
        self.pre: Kept[GateReport] = Kept(console)
        self.drift: Kept[DriftReport] = Kept(console)
        self.pre_run = ""
        """The run of the last arming checks; empty for none."""
        self.moved_at: datetime | None = None
        """Time at which the last move of a run, the switch or the counts was seen; None before there was one."""
        self._moves = Moves()
        self._was_away = False
        """True if the database was not reached by the last measurement."""
        self._console = console

    def look(self, status: "Status") -> None:
        """Note if something has moved since the status before: what was measured earlier may be untrue by now."""
        if status.target is None:
            self._was_away = True
            return
        # Who was not reached for a while may have been restarted, or be another server of the same name.
        if self._moves.moved(status) or self._was_away:
            # Now, and not when that status was begun: the move can have come between the two.
            self.moved_at = self._console.clock()
        self._was_away = False

    def moved_since(self, kept: "Kept[Board] | Kept[GateReport] | Kept[DriftReport]") -> datetime | None:
        """Return when the last move was seen, if the answer, or the oldest part of it, may be of before; else None."""
        if kept.answer is None or self.moved_at is None:
            return None
        measured_at = min(kept.answer.measured_at, kept.asked_at or kept.answer.measured_at)
        return self.moved_at if measured_at < self.moved_at else None

    def measure_board(self) -> None:
        """Measure every gate."""
        self.board.ask("all gates", lambda backend: backend.gates())

    def measure_gate(self, name: str) -> None:
        """Measure this gate only; the others keep their answers."""
        before = self.board

        def question(backend: "Backend") -> "Board":
            from console.backend.model.readiness import joined

            fresh = backend.gates((name,))
            return fresh if before.answer is None else joined(before.answer, fresh)

        self.board.ask(name, question)

    def _current_run(self) -> str:
        status = self._console.status
        return status.current_run.run_id if status is not None and status.current_run is not None else ""

    @property
    def pre_is_of_another_run(self) -> bool:
        """Return whether the arming checks are those of an earlier run."""
        return self.pre.was_asked and self.pre_run != self._current_run()

    def measure_pre(self) -> None:
        """Measure the arming checks for the current run, or without a run."""
        run = self._current_run()
        if run != self.pre_run:  # Checks of another run must not be shown while these are measured.
            self.pre = Kept(self._console)
            self.pre_run = run
        self.pre.ask(f"PRE for {run}" if run else "PRE", lambda backend: backend.readiness(run))

    def measure_drift(self) -> None:
        """Compare the whole database."""
        self.drift.ask("the drift", lambda backend: backend.drift())

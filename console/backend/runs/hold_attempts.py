"""The HOLD in the database, within a bounded time: the executing role tries first, then all roles that may set one at once.

Each try is a call in a thread of its own, which is left to itself when the time is over: a login on a dead line, or a
name that is not resolved, has limits that add up. What comes late sets a HOLD that was asked for.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from threading import Condition
from typing import NamedTuple, TypeVar

import psycopg

from console.backend.host.daemon import made_here, start
from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.view_models import StopStep
from console.backend.postgres import stops
from console.backend.postgres.connections import translate, uncommitted
from console.backend.postgres.session import Session
from console.backend.runs.stop_only import LIMIT_S, LOOKS, PAUSE_S, has_stopper, hold_as_stopper

FIRST_S, HOLD_S, ALL_S = 12.0, 35.0, 50.0
"""Seconds from the beginning of a panic: for the first role alone, for the HOLD by any role, and for all that it does."""
_COMMIT_S = 10.0
_TURN_S = 5.0
T = TypeVar("T")


class HoldInDatabase(NamedTuple):
    """The HOLD in the database: why it was not set, or in words that it is; and what was done with the running statements."""

    refused: CutterError | None
    detail: str = "set"
    statements: "Future[StopStep] | None" = None
    """The answer of the session that has set it, if it cancels what runs; None if another one has to."""
    by_stopper: bool = False


class Deadline:
    """The time at which a panic answers, whatever was not answered to it."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def left(self, limit_s: float) -> float:
        """Return the seconds that are left until `limit_s` after the beginning, 0 if none are."""
        return max(self._began + limit_s - time.monotonic(), 0.0)

    def bounded(self, call: Callable[[], T], name: str) -> T:
        """Return what the call returns. Raises what it raises, and Unmeasured if it has no answer before the time is over."""
        return self.answer(begun(call, name))

    def answer(self, begun_call: "Future[T]") -> T:
        """Return the answer of a call that was begun; raises as `bounded` does."""
        try:
            return begun_call.result(self.left(ALL_S))
        except TimeoutError as error:
            if begun_call.done():
                raise
            raise no_answer(ALL_S) from error


def begun(call: Callable[[], T], name: str) -> "Future[T]":
    """Begin a call in a thread of its own, with the sessions that this command keeps; here, if the host has no thread left."""
    try:
        return start(partial(copy_context().run, call), f"panic {name}")
    except RuntimeError:
        return made_here(call)


def told(error: BaseException, names: SchemaNames = OWN) -> CutterError:
    """Return the error as it is told: that of the server in words, by the names of its database, and of a defect its name alone."""
    match error:
        case CutterError():
            return error
        case psycopg.Error():
            return translate(error, names)
        case _:
            message = f"the console failed in itself: {type(error).__name__}"
            return Unmeasured(StopCode.INVARIANT_FAILED, message, "Stop on the server: cutter-console panic")


def no_answer(limit_s: float) -> Unmeasured:
    """Return the error of what had no answer in time; it may be done yet."""
    message = f"no answer within {limit_s:.0f} s; it is still under way, and may be done yet"
    return Unmeasured(StopCode.UNREACHABLE, message, "Ask again: cutter-console hold show")


class HoldAttempts:
    """The tries to set one HOLD by several roles."""

    def __init__(self, installation: Installation, reason: str, deadline: Deadline) -> None:
        self._installation, self._reason, self._deadline = installation, reason, deadline
        self._changed = Condition()
        self._held: HoldInDatabase | None = None
        self._first_error: CutterError | None = None
        """Of the role that was tried first, as far as it has failed: it is the one to repair."""
        self._pending = 0
        self._at_turn = False

    def set(self, *, read_only: bool, on_failure: Callable[[CutterError], object]) -> HoldInDatabase:
        """Set the HOLD: by the first role, or after its failure, which is told, by the first of all roles that can."""
        roles: list[Callable[[], None]] = []
        if not read_only:
            database = self._installation.settings.database
            roles = [
                partial(self._as_role, database.executor, cancels=True),
                partial(self._as_role, database.verifier, cancels=False),
            ]
        if read_only or has_stopper(self._installation):
            roles.append(self._as_stopper)
        self._begin(roles[0])
        if (held := self._wait(FIRST_S)) is not None:
            return held
        with self._changed:
            first = self._first_error or no_answer(FIRST_S)
            # A first try that has no answer yet goes on beside the others.
            again = roles if self._pending == 0 else roles[1:]
        on_failure(first)
        for role in again:
            self._begin(role)
        return self._wait(HOLD_S) or HoldInDatabase(first)

    def _begin(self, attempt: Callable[[], None]) -> None:
        with self._changed:
            self._pending += 1
        begun(attempt, "HOLD").add_done_callback(self._ended)

    def _ended(self, answer: "Future[None]") -> None:
        """Note why a try has failed, if it has: what fails after the COMMIT takes nothing back, and a defect keeps no other role from it."""
        error = answer.exception()
        with self._changed:
            self._pending -= 1
            self._first_error = self._first_error or (told(error) if error is not None else None)
            self._changed.notify_all()

    def _wait(self, limit_s: float) -> HoldInDatabase | None:
        """Wait until the HOLD is set, no try is under way, or the time is over; return how it was set."""
        with self._changed:
            self._changed.wait_for(lambda: self._held is not None or self._pending == 0, self._deadline.left(limit_s))
            return self._held

    def _as_role(self, conninfo: str, *, cancels: bool) -> None:
        with panic_session(conninfo, sets_hold=True) as connection, self._turn() as is_needed:
            if not is_needed:
                return
            operator = self._installation.operator
            behind = stops.hold_at_once(connection, self._reason, operator, cancels=cancels, limit_s=_COMMIT_S)
            if not cancels:
                self._is_set(HoldInDatabase(None))
                return
            statements: Future[StopStep] = Future()
            self._is_set(HoldInDatabase(None, statements=statements))
            if behind.error is not None:
                statements.set_exception(told(behind.error, connection.names))
                return
            try:
                statements.set_result(cancel_on(connection, behind.running))
            except BaseException as error:
                statements.set_exception(told(error, connection.names))
                raise

    def _as_stopper(self) -> None:
        with self._turn() as is_needed:
            if is_needed:
                detail = hold_as_stopper(self._installation, self._reason)
                self._is_set(HoldInDatabase(None, detail, by_stopper=True))

    def _is_set(self, held: HoldInDatabase) -> None:
        with self._changed:
            self._held = self._held or held
            self._changed.notify_all()

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Wait while another role sets the HOLD, and yield whether it is still to be set; a role that hangs is not waited for long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._at_turn or self._held is not None, _TURN_S)
            is_needed, self._at_turn = self._held is None, True
        try:
            yield is_needed
        finally:
            with self._changed:
                self._at_turn = False
                self._changed.notify_all()


@contextmanager
def panic_session(conninfo: str, *, sets_hold: bool = False) -> Iterator[Session]:
    """Open a session of a stop, which waits for no standby: while one is away, its COMMIT would wait without an end.

    What it sets it commits itself; what it cancels is cancelled without one. One that `sets_hold` sends that at once, with
    the cancel behind it (`stops.hold_at_once`); a cancel that comes first waits until the server has said what the session is:
    it would be sent again, and the second one would say that nothing was running.
    """
    with uncommitted(conninfo, timeout_s=LIMIT_S, purpose="panic", replicated=False, presumes=sets_hold) as connection:
        yield connection


def cancel_on(connection: Session, first: stops.Running | None = None) -> StopStep:
    """Cancel what the executing role runs, and see that it ends; a COMMIT that waits for a standby is left alone and told.

    `first` is the answer of a first cancel that was sent already.
    """
    most_running = 0
    for look in range(LOOKS):
        running, waiting = first if first is not None and not look else stops.cancel_running(connection)
        # The largest number that was seen: of those that have ended, later answers know nothing.
        most_running = max(most_running, running)
        if not running:
            break
        time.sleep(PAUSE_S if look else 0.0)
    if running:
        return stop_step("running statements", f"{running} asked to stop, still running", "")
    if waiting:
        detail = (
            f"{waiting} COMMIT waits for a synchronous standby: it is committed here, and a cancel would only hide that"
        )
        return stop_step("running statements", detail, "")
    return stop_step("running statements", "", f"{most_running} cancelled" if most_running else "none was running")


def stop_step(name: str, problem: str, detail: str) -> StopStep:
    """Return one step of a stop: not done for this problem, or done in this detail."""
    return StopStep(what=name, done=not problem, detail=safe_text(problem or detail))

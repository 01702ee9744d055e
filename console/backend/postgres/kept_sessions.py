"""The sessions of one command: what only reads leaves its session to the command's next transaction of the same role.

A login costs the server a process and every cache of its own, and a command asks dozens of times. A transaction that
may write has a session of its own, which ends with it: of an unanswered COMMIT, the session's end is what settles it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from console.backend.postgres.sessions import Session, begin_again, open_session

T = TypeVar("T")
P = ParamSpec("P")


class _Kept:
    """The idle sessions of one command, by connection string; its threads share them, each session in one hand at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: dict[str, list[Session]] = {}
        self._is_over = False

    def take(self, conninfo: str) -> Session | None:
        """Return an idle session of this connection string, which is the caller's from now on."""
        with self._lock:
            idle = self._idle.get(conninfo)
            return idle.pop() if idle else None

    def put(self, conninfo: str, session: Session) -> None:
        """Keep the session, or close it if the command is over: a thread may have outlived it."""
        with self._lock:
            if not self._is_over:
                self._idle.setdefault(conninfo, []).append(session)
                return
        session.close()

    def drop(self, conninfo: str) -> None:
        """Close the idle sessions of this connection string: a role may have no more than two at a time."""
        with self._lock:
            sessions = self._idle.pop(conninfo, [])
        for session in sessions:
            session.close()

    def end(self) -> None:
        """Close every session that is idle, and each that is put back from now on."""
        with self._lock:
            self._is_over = True
            sessions = [session for idle in self._idle.values() for session in idle]
            self._idle.clear()
        for session in sessions:
            session.close()


_kept: ContextVar[_Kept | None] = ContextVar("kept_sessions", default=None)


@contextmanager
def _keeping(kept: _Kept) -> Iterator[None]:
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)


@contextmanager
def sessions_kept() -> Iterator[None]:
    """Keep sessions that only read until the end of the block; inside another such block, until the end of that one."""
    if _kept.get() is not None:
        yield
        return
    kept = _Kept()
    try:
        with _keeping(kept):
            yield
    finally:
        kept.end()


def with_kept_sessions(command: Callable[P, T]) -> Callable[P, T]:
    """Make each call of a function one command, see `sessions_kept`."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with sessions_kept():
            return command(*args, **kwargs)

    return call


def for_another_thread(call: Callable[[], T]) -> Callable[[], T]:
    """Return the call, to be made in another thread as a part of this thread's command."""
    kept = _kept.get()
    if kept is None:
        return call

    def shared() -> T:
        with _keeping(kept):
            return call()

    return shared


def take_session(conninfo: str, *, application: str, statement_timeout_s: float, read_only: bool) -> Session:
    """Return a new session; or, to read only, one that was kept, with the settings and limits of a new one.

    The server may have ended a kept session, by a restart or by order; then a new one is opened. Raises what
    `open_session` raises.
    """
    kept = _kept.get()
    session = None
    if kept is not None and read_only:
        session = kept.take(conninfo)
    elif kept is not None:
        kept.drop(conninfo)
    if session is not None:
        try:
            begin_again(session, application=application, statement_timeout_s=statement_timeout_s)
        except psycopg.Error:
            session.close()
        except BaseException:
            session.close()
            raise
        else:
            return session
    return open_session(conninfo, application=application, statement_timeout_s=statement_timeout_s)


def leave_session(conninfo: str, session: Session) -> None:
    """Keep a session that only read and is between transactions, within a command; close any other."""
    kept = _kept.get()
    is_idle = not session.closed and session.info.transaction_status is TransactionStatus.IDLE
    if kept is not None and session.read_only and is_idle:
        kept.put(conninfo, session)
    else:
        session.close()

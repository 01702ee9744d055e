"""The sessions of one command: what only reads leaves its session to the command's next transaction of the same role.

A login costs the server a process and every cache of its own, and a command asks dozens of times. A transaction that
may write has a session of its own, which ends with it: of an unanswered COMMIT, the session's end is what settles it.
In a batch, and in the commands that start, sign, arm, cut and enact a run, a session whose COMMIT was answered is kept,
too (`writers_kept`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Condition, get_ident
from typing import ParamSpec, TypeVar

import psycopg

from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.postgres.lines import may_be_a_limit
from console.backend.postgres.session import Names, Session
from console.backend.postgres.sessions import begin_again, log_in

T = TypeVar("T")
P = ParamSpec("P")
_WAIT_S = 10.0
"""Longest wait for a session of another thread."""
_TRIES_AT_LIMIT, _PAUSE_S = 10, 0.2
"""Number of further tries of a login that may have been refused as one session more than the role is allowed, and the pause between them."""


class _Kept:
    """The sessions of one command, by connection string; its threads share them, each session in one hand at a time."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._idle: dict[str, list[Session]] = {}
        self._in_use: dict[str, list[int]] = {}
        """The thread of each session that is in use."""
        self._known: dict[str, SchemaNames] = {}
        """Those of whose sessions the server has said what they are, with the schemas of the console's own tables."""
        self._closed: set[str] = set()
        """Those of which a session was closed, which may count at the server for a moment."""
        self._given_back = 0
        self._is_over = False
        self.keeps_writers = False
        """True while a session that has written is kept, if its COMMIT was answered."""

    def take(self, conninfo: str) -> Session | None:
        """Return an idle session of this connection string, which is the caller's from now on."""
        with self._changed:
            idle = self._idle.get(conninfo)
            if not idle:
                return None
            self._in_use.setdefault(conninfo, []).append(get_ident())
            return idle.pop()

    def known(self, conninfo: str) -> SchemaNames | None:
        """Return the schemas of the console's own tables if the server has said what a session of this connection string is."""
        with self._changed:
            return self._known.get(conninfo)

    def presumed(self) -> SchemaNames | None:
        """Return those that it has said on any connection of this command: to another one they are a presumption."""
        with self._changed:
            return next(iter(self._known.values()), None)

    def know(self, conninfo: str, names: SchemaNames) -> None:
        """Note that it has."""
        with self._changed:
            self._known[conninfo] = names

    def given_back(self) -> int:
        """Return how many sessions have been given back so far."""
        with self._changed:
            return self._given_back

    def opening(self, conninfo: str) -> None:
        """Note that the caller opens a session, which counts as in use from now on."""
        with self._changed:
            self._in_use.setdefault(conninfo, []).append(get_ident())

    def not_opened(self, conninfo: str) -> None:
        """Note that the caller got none."""
        with self._changed:
            self._in_use[conninfo].remove(get_ident())
            self._changed.notify_all()

    def put(self, conninfo: str, session: Session, *, keep: bool) -> None:
        """Take a session back: keep it, or close it, as after the end of the command, which a thread may have outlived."""
        with self._changed:
            is_kept = keep and not self._is_over
            if is_kept:
                self._idle.setdefault(conninfo, []).append(session)
            else:
                self._closed.add(conninfo)
        if not is_kept:
            session.close()
        with self._changed:
            if get_ident() in (threads := self._in_use.get(conninfo, [])):
                threads.remove(get_ident())
            self._given_back += 1
            self._changed.notify_all()

    def drop(self, conninfo: str) -> None:
        """Close the idle sessions of this connection string: a role may have no more than two at a time."""
        with self._changed:
            sessions = self._idle.pop(conninfo, [])
            if sessions:
                self._closed.add(conninfo)
        for session in sessions:
            session.close()

    def drop_writers(self) -> None:
        """Close the idle sessions that have written."""
        with self._changed:
            writers = {
                conninfo: [session for session in idle if session.has_written] for conninfo, idle in self._idle.items()
            }
            for conninfo, sessions in writers.items():
                self._idle[conninfo] = [session for session in self._idle[conninfo] if not session.has_written]
                self._closed |= {conninfo} if sessions else set()
        for sessions in writers.values():
            for session in sessions:
                session.close()

    def may_still_count(self, conninfo: str) -> bool:
        """Return whether a session of this connection string was closed since the last login that was refused for good."""
        with self._changed:
            return conninfo in self._closed

    def refused_for_good(self, conninfo: str) -> None:
        """Note that the server still refuses, long after the last of them was closed."""
        with self._changed:
            self._closed.discard(conninfo)

    def wait_for_another(self, conninfo: str, before: int, deadline: float) -> bool:
        """Wait until more than `before` sessions were given back; False if no other thread has one, or not in time."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._given_back != before
                    or all(thread == get_ident() for thread in self._in_use.get(conninfo, ()))
                ),
                deadline - time.monotonic(),
            )
            return self._given_back != before and time.monotonic() < deadline

    def end(self) -> None:
        """Close every session that is idle, and each that is put back from now on."""
        with self._changed:
            self._is_over = True
            sessions = [session for idle in self._idle.values() for session in idle]
            self._idle.clear()
        for session in sessions:
            session.close()


_kept: ContextVar[_Kept | None] = ContextVar("kept_sessions", default=None)
_standing: ContextVar[tuple[str, Session] | None] = ContextVar("standing_session", default=None)


def stands(conninfo: str, session: Session | None) -> None:
    """Note the session that stands open beside a command's transactions, as that of the lease does; None for no longer."""
    _standing.set(None if session is None else (conninfo, session))


def standing_session(conninfo: str) -> Session | None:
    """Return the session of this connection string that stands open, to ask where the role may have no other; None without one."""
    standing = _standing.get()
    if standing is None or standing[0] != conninfo or standing[1].closed:
        return None
    return standing[1]


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


@contextmanager
def writers_kept() -> Iterator[None]:
    """Keep sessions that have written, too, until the end of the block, if their COMMIT was answered."""
    with sessions_kept():
        kept = _kept.get()
        assert kept is not None
        if kept.keeps_writers:
            yield
            return
        kept.keeps_writers = True
        try:
            yield
        finally:
            kept.keeps_writers = False
            kept.drop_writers()


def close_idle(conninfo: str) -> None:
    """Close the sessions of this connection string that are kept: who waits for the end of one must not hold it himself."""
    if (kept := _kept.get()) is not None:
        kept.drop(conninfo)


def with_kept_sessions(command: Callable[P, T]) -> Callable[P, T]:
    """Make each call of a function one command, see `sessions_kept`."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with sessions_kept():
            return command(*args, **kwargs)

    return call


def with_kept_writers(command: Callable[P, T]) -> Callable[P, T]:
    """Make each call of a function one command whose transactions that write share a session, see `writers_kept`."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with writers_kept():
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


def take_session(
    conninfo: str, *, application: str, statement_timeout_s: float, read_only: bool, presumes: bool = False
) -> Session:
    """Return a new session; or, to read only, one that was kept, whose transaction begins as that of a new one; likewise
    to write, while writers are kept. What a new one is may be asked with its first statement, if it `presumes` or only reads.

    The server may have ended a kept session, by a restart or by order; then a new one is opened. A role may be allowed
    few sessions: while another thread of the command has one, it is waited for, for the time of a statement. Raises what
    `log_in` raises. Give it back by `leave_session`.
    """

    def new() -> Session:
        known = kept.known(conninfo) if kept is not None else None
        presumed = kept.presumed() if kept is not None else None
        session = log_in(
            conninfo,
            application=application,
            statement_timeout_s=statement_timeout_s,
            read_only=read_only,
            known=known or (None if asks_with_first else presumed),
            presumed=presumed or OWN if asks_with_first else None,
        )
        if kept is not None and session.names_are is Names.SAID:
            kept.know(conninfo, session.names)
        session.has_written = not read_only
        return session

    kept, asks_with_first = _kept.get(), presumes or read_only
    if kept is None:
        return new()
    deadline = time.monotonic() + min(statement_timeout_s or _WAIT_S, _WAIT_S)
    tries = _TRIES_AT_LIMIT
    while True:
        before = kept.given_back()
        if not read_only and not kept.keeps_writers:
            kept.drop(conninfo)
        elif (session := kept.take(conninfo)) is not None:
            if session.is_silent():
                begin_again(
                    session, application=application, statement_timeout_s=statement_timeout_s, read_only=read_only
                )
                session.has_written = session.has_written or not read_only
                return session
            kept.put(conninfo, session, keep=False)
            continue
        kept.opening(conninfo)
        try:
            return new()
        except psycopg.OperationalError as error:
            kept.not_opened(conninfo)
            # libpq keeps the code of a refused login to itself, and its words are in the server's language: while others are
            # logged in, any refusal may be the limit of the role.
            if not kept.wait_for_another(conninfo, before, deadline):
                # A session that was closed just now counts until its process at the server has ended. No answer is no refusal.
                if not may_be_a_limit(error) or not kept.may_still_count(conninfo):
                    raise
                if tries == 0 or time.monotonic() > deadline:
                    kept.refused_for_good(conninfo)
                    raise
                tries -= 1
                time.sleep(_PAUSE_S)
        except BaseException:
            kept.not_opened(conninfo)
            raise


def leave_session(conninfo: str, session: Session, *, failed: bool) -> None:
    """Keep a session that only read, within a command, or whose COMMIT was answered, while writers are kept; close any other,
    and what it has begun. One that has sent much is closed, too."""
    kept = _kept.get()
    if kept is None:
        session.close()
        return
    keep = False
    if session.names_are is Names.SAID:
        kept.know(conninfo, session.names)
    try:
        # What was not answered, or with a warning, has failed.
        # One that has asked nothing is not known: its next transaction may be one that writes.
        is_of_use = (
            (session.reads_only or kept.keeps_writers) and not session.has_sent_much and session.names_are is Names.SAID
        )
        if is_of_use and not failed and not session.closed:
            session.leave()
            keep = True
    except psycopg.Error:
        pass
    finally:
        # Interrupted, too: it would stay logged in until the garbage collector comes, and count for the limit of its role.
        kept.put(conninfo, session, keep=keep)

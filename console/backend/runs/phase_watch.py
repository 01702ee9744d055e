"""Watch over a phase's transaction: a HOLD file cancels its statement, a dead connection ends the wait, a lock's holder is named."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.signals import is_ending
from console.backend.model.errors import CutterError, StopCode
from console.backend.model.safe_text import safe_text
from console.backend.postgres.connections import connect
from console.backend.postgres.transactions import LockWait, is_session_there, lock_wait
from console.backend.runs.kill_switch import hold_in_file

_EVERY_S = 0.25
_LOOK_EVERY_S = 2.0
_LONG_S = 10.0
"""Seconds of work after which the operator is told how long a statement may take."""
_MOST_SILENCES = 3
"""Failed attempts to look, in a row, after which the connection counts as dead; each is bounded by the limit of a connection."""

Report = Callable[[str, int, int | None], None]


@contextmanager
def watched(
    installation: Installation, connection: psycopg.Connection, conninfo: str, report: Report
) -> Iterator[None]:
    """Watch over the connection's statements during the block.

    A statement that is cancelled rolls its transaction back, and the engine ends the lease. A cancel that does not get
    through is sent again. `conninfo` is of the same role: others are not told what its session waits for.
    """
    watch = _Watch(installation, connection, conninfo, report)
    watchers = [
        threading.Thread(target=target, name=target.__name__, daemon=True) for target in (watch.hold, watch.line)
    ]
    try:
        for watcher in watchers:
            watcher.start()
        yield
    finally:
        watch.end()
        if watchers[0].ident is not None:  # else the system gave no thread for it
            watchers[0].join(10)


class _Watch:
    """Two loops that run until the block is over and act at once on what they see."""

    def __init__(
        self, installation: Installation, connection: psycopg.Connection, conninfo: str, report: Report
    ) -> None:
        self._installation = installation
        self._connection = connection
        self._pid, self._role = connection.info.backend_pid, connection.info.user
        self._conninfo = conninfo
        self._started = ""
        """Beginning of the session, as the server said at the first look; its number can be given to another one."""
        self._report = report
        self._over = threading.Event()
        self._socket = threading.Lock()
        """Lock that keeps the connection open while it is held, so that its descriptor cannot become another file's."""
        self._began = time.monotonic()

    def end(self) -> None:
        """End the watch: after this nothing touches the connection."""
        with self._socket:
            self._over.set()

    def hold(self) -> None:
        """Cancel the statement as soon as there is a HOLD file, or the program is to end."""
        while not self._over.wait(_EVERY_S):
            # Any entry of that name, as everywhere else: `exists` follows a link, and raises where the root is closed.
            stops = is_ending() or hold_in_file(self._installation) is not None
            if stops and _cancel_statement(self._connection):
                return

    def line(self) -> None:
        """Break the connection if the server does not answer new ones either, or no longer has the session."""
        silences, waited_since = 0, 0.0
        while not self._over.wait(_LOOK_EVERY_S):
            try:
                with connect(self._conninfo, read_only=True, timeout_s=5, purpose="watch") as connection:
                    wait = self._same_session(lock_wait(connection, self._pid))
            except CutterError as error:
                silences = silences + 1 if self._is_silent(error) else 0
            else:
                # The server answers and no longer has the session: its answer will never come.
                silences = 0 if wait is not None else _MOST_SILENCES
                waited_since = self._report_wait(wait, waited_since)
            if silences >= _MOST_SILENCES:
                with self._socket:
                    # Under the lock, and asked again: the block may have ended, and its connection be closed.
                    if not self._over.is_set():
                        break_line(self._connection)
                return

    def _same_session(self, wait: LockWait | None) -> LockWait | None:
        """Return the answer, or None if it is about another session, to which the server has given the number since."""
        if wait is None:
            return None
        self._started = self._started or wait.started or ""
        return wait if wait.started == self._started else None

    def _is_silent(self, error: CutterError) -> bool:
        """Return whether the server has not answered; that the role has no session more, beside the lease's and this one, is an answer.

        libpq keeps the code of a refused login to itself, and its words are in the server's language. So another role is asked for the session.
        """
        if error.code is not StopCode.UNREACHABLE:
            return False
        return isinstance(error.__cause__, psycopg.errors.ConnectionTimeout) or not self._is_seen()

    def _is_seen(self) -> bool:
        """Return whether the monitoring role sees the session, by a line that may be another one."""
        monitor = self._installation.settings.database.monitor
        with suppress(CutterError), connect(monitor, read_only=True, timeout_s=5, purpose="watch") as connection:
            return is_session_there(connection, str(self._pid), self._role, self._started)
        return False

    def _report_wait(self, wait: LockWait | None, since: float) -> float:
        """Report who holds a lock that is waited for, and the limit of long work; return the time when the wait began, or 0."""
        if wait is None or self._over.is_set():
            return 0.0
        if not wait.waits:
            if (took := time.monotonic() - self._began) >= _LONG_S:
                minutes = self._installation.settings.statement_minutes
                self._say(f"at work for {took:.0f} s; {minutes} min a statement at most")
            return 0.0
        since = since or time.monotonic()
        holders = safe_text(wait.holders) if wait.holders else "a session that has just ended"
        self._say(f"waits for a lock that {holders} holds, for {time.monotonic() - since:.0f} s")
        return since

    def _say(self, message: str) -> None:
        # A front end that has closed takes no more reports; the connection is watched all the same.
        with suppress(RuntimeError):
            self._report(message, 0, None)


def break_line(connection: psycopg.Connection) -> None:
    """End this side's wait: a read from the socket sees its end, as if the server had closed it."""
    # Of a duplicate: shutdown acts on the connection itself, and libpq keeps its own descriptor to close.
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)


def _cancel_statement(connection: psycopg.Connection) -> bool:
    try:
        connection.cancel_safe(timeout=5)
    except psycopg.Error:
        return False
    return True

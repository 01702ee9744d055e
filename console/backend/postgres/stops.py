"""The HOLD of a stop, and the cancel of what runs, as the executing role sends them."""

from typing import NamedTuple

import psycopg
from psycopg.rows import TupleRow

from console.backend.model.errors import CutterError
from console.backend.postgres import ledger
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import committing
from console.backend.postgres.session import Session

CANCEL = """
    SELECT count(*) FILTER (WHERE s.wait_event IS DISTINCT FROM 'SyncRep' AND pg_cancel_backend(s.pid)), count(*) FILTER (WHERE s.wait_event = 'SyncRep')
      FROM pg_stat_activity s
     WHERE s.usename = current_user AND s.pid <> pg_backend_pid() AND s.datname = current_database() AND s.state = 'active'
       AND s.application_name <> 'cutter-console confirm'
       -- What has begun since is refused by the HOLD; or it records that a run was stopped, which must not be cancelled.
       AND s.xact_start <= now()
       -- A session that has left its transaction, and is told so with the answer to its next one, does nothing.
       AND s.query <> 'ROLLBACK'
"""


class Running(NamedTuple):
    """The statements of the executing role's other sessions: how many were cancelled, and how many COMMITs were left alone."""

    cancelled: int
    waiting: int


class Behind(NamedTuple):
    """The answer behind a HOLD that is committed: what ran, or the error in its place; neither if nothing was to be cancelled."""

    running: Running | None = None
    error: CutterError | psycopg.Error | None = None


def hold_at_once(connection: Session, reason: str, by: str, *, cancels: bool, limit_s: float) -> Behind:
    """Set a HOLD, COMMIT, and then cancel what runs, if that `cancels`, in one exchange with what begins the session.

    The server executes the cancel only behind a COMMIT that has succeeded: what is stopped must not begin again. None of the
    three names a table, so that nothing has to be known of the session before; and a HOLD that is committed is one,
    whatever is wrong with the session beside. Raises as `committing` does, and what the server has refused the HOLD with.
    """
    commit: psycopg.Cursor[TupleRow] | None = None
    cancel: psycopg.Cursor[TupleRow] | None = None
    error: CutterError | psycopg.Error | None = None
    with committing(connection, limit_s):
        try:
            with connection.together(names_nothing=True):
                ledger.set_hold(connection, reason, by, None)
                commit = connection.execute(b"COMMIT")
                if cancels:
                    connection.begin_next()
                    cancel = connection.execute(CANCEL.encode())
        except (CutterError, psycopg.Error) as failure:
            if commit is None or commit.statusmessage != "COMMIT":
                raise
            error = failure
    if cancel is None or cancel.pgresult is None:
        return Behind(error=error)
    return Behind(_running(cancel))


def cancel_running(connection: psycopg.Connection) -> Running:
    """Cancel the statements of the executor's other connections. Return how many were cancelled, and how many left.

    Left alone is a COMMIT that waits for a synchronous standby: it is committed on this server, and a cancel would only
    end the wait, so that a failover could lose what was acknowledged.
    """
    # pg_stat_activity is read once per transaction and kept; sessions that began since would be missed.
    with Asking(connection) as asking:
        asking.ask(lambda connection: connection.execute("SELECT pg_stat_clear_snapshot()"))
        numbers = asking.ask(lambda connection: _running(connection.execute(CANCEL.encode())))
    return numbers.value


def _running(answer: psycopg.Cursor[TupleRow]) -> Running:
    row = answer.fetchone()
    assert row is not None
    return Running(*map(int, row))

"""Transactions and the sessions that sent them: named before their COMMIT, looked up afterwards."""

from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_row, read_rows, scalar


class TransactionName(NamedTuple):
    """A transaction with an id, its backend, and the server and timeline on which the id counts."""

    xid: str
    pid: str
    backend_start: str
    system_identifier: str
    timeline: str


class ServerPosition(NamedTuple):
    """A server and its timeline, which is empty on a standby."""

    system_identifier: str
    timeline: str


class LockWait(NamedTuple):
    """Wait of a running session: if it waits for a lock, the sessions that hold the lock, in words, and when it began."""

    waits: bool | None
    holders: str | None
    started: str | None


_NAME = """
    SELECT pg_current_xact_id()::text, pg_backend_pid()::text, (SELECT s.backend_start::text FROM pg_stat_get_activity(pg_backend_pid()) s),
           c.system_identifier::text, (('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int)::text
      FROM pg_control_system() c
"""
_POSITION = """
    SELECT c.system_identifier::text, CASE WHEN pg_is_in_recovery() THEN '' ELSE (('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int)::text END
      FROM pg_control_system() c
"""
# A session that waits for a synchronous standby has committed already; ending it would only make the wait look like a success.
_END_SESSION = """
    SELECT CASE WHEN s.wait_event = 'SyncRep' THEN 'waits for a synchronous standby'
                WHEN pg_terminate_backend(s.pid) THEN 'is being ended' ELSE 'could not be ended' END
      FROM pg_stat_activity s WHERE s.pid = %s::integer AND s.backend_start = %s::timestamptz
"""
# A role without pg_read_all_stats is not told when another role's session began; then number and role have to do.
_STILL_THERE = """
    SELECT 1 FROM pg_stat_activity s
     WHERE s.pid = %s::integer AND s.usename = %s AND s.datname = current_database()
       AND (s.backend_start = nullif(%s, '')::timestamptz) IS NOT FALSE
"""
_ASKED_ALREADY = """
    SELECT 1 FROM pg_stat_activity s WHERE s.usename = current_user AND s.application_name = %s AND s.wait_event = 'SyncRep'
"""
ASSIGNED_ID = "SELECT pg_current_xact_id_if_assigned()::text"
"""The id of the open transaction, NULL while it has written nothing; none is assigned."""
_BEHIND_IT = "SELECT pg_logical_emit_message(true, 'cutter-console', 'settled')"
_LOCK_WAIT = """
    SELECT s.wait_event_type = 'Lock', (SELECT string_agg(format('%%s, process %%s%%s', coalesce(b.usename::text, b.backend_type, 'a server process'),
                                                                           b.pid, ' (' || nullif(b.application_name, '') || ')'),
                                                                    '; ' ORDER BY b.pid)
                                          FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(s.pid))),
           s.backend_start::text
      FROM pg_stat_activity s WHERE s.pid = %s AND s.usename = current_user AND s.datname = current_database()
"""


def name_transaction(connection: psycopg.Connection) -> TransactionName:
    """Assign an id to the open transaction, and return what identifies it after its COMMIT."""
    return read_row(connection, TransactionName, _NAME)


def assigned_transaction_id(connection: psycopg.Connection) -> str | None:
    """Return the id of the open transaction, or None while it has written nothing. Assigns no id."""
    xid = scalar(connection, ASSIGNED_ID)
    return None if xid is None else str(xid)


def server_position(connection: psycopg.Connection) -> ServerPosition:
    """Return server and timeline of the connection: on others the same id may belong to another transaction."""
    return read_row(connection, ServerPosition, _POSITION)


def end_session(connection: psycopg.Connection, pid: str, started: str) -> str | None:
    """Terminate the session of this backend and start time. Return its state in words, or None if it is gone."""
    # The start time as well: the system may have given the process id to another session since.
    answers = read_rows(connection, str, _END_SESSION, (pid, started))
    return answers[0] if answers else None


def is_session_there(connection: psycopg.Connection, pid: str, role: str, started: str) -> bool:
    """Return whether the backend of this id and start time, empty if not known, still serves the role in this database."""
    return connection.execute(_STILL_THERE, (pid, role, started)).fetchone() is not None


def waits_for_standby(connection: psycopg.Connection, application: str) -> bool:
    """Return whether a session of the connection's role and this application name waits for a synchronous standby."""
    return connection.execute(_ASKED_ALREADY, (application,)).fetchone() is not None


def write_behind(connection: psycopg.Connection) -> None:
    """Write a message into the WAL: a standby that confirms it has every COMMIT before it too."""
    connection.execute(_BEHIND_IT)


def lock_wait(connection: psycopg.Connection, pid: int) -> LockWait | None:
    """Return for which sessions this backend of the same role waits, or None if the server has no such backend."""
    return next(iter(read_rows(connection, LockWait, _LOCK_WAIT, (pid,))), None)

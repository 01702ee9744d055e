"""Reads of the server: which one answers and since when, its clock, and settings that weaken a COMMIT."""

from datetime import datetime
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_column, read_row, read_rows, scalar


class DatabaseRow(NamedTuple):
    """Identity of the server; the timeline is 0 for a server in recovery."""

    database: str
    system_identifier: str
    in_recovery: bool
    timeline: int


class SessionRow(NamedTuple):
    """The role of a session, and the server in words: database, system identifier, when it was started."""

    role: str
    server: str
    stands_for_reader: bool
    """True if cutter_ro may not log in here, and the role has its rights and is a member of no other role."""
    limit: int
    """Sessions that the role may have at a time; -1 for any number."""


# The timeline comes from the WAL, not from pg_control; a standby has none to give.
_DATABASE = """
    SELECT current_database()::text, c.system_identifier::text, pg_is_in_recovery(),
           CASE WHEN pg_is_in_recovery() THEN 0
                ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
      FROM pg_control_system() c
"""
# A copy of the files has the system identifier and the timeline of its original, but was started by itself.
_SESSION = """
    SELECT session_user::text, format('%s on system %s, started %s', current_database(), c.system_identifier,
           to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')),
           EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'cutter_ro' AND NOT r.rolcanlogin AND pg_has_role(session_user, r.oid, 'USAGE'))
           AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname NOT IN ('cutter_ro', session_user) AND pg_has_role(session_user, r.oid, 'MEMBER')),
           (SELECT CASE WHEN r.rolsuper THEN -1 ELSE r.rolconnlimit END FROM pg_roles r WHERE r.rolname = session_user)
      FROM pg_control_system() c
"""
_WEAK_DURABILITY = """
    SELECT name || ' = ' || setting FROM pg_settings WHERE (name, setting) IN (('fsync', 'off'), ('full_page_writes', 'off'),
           ('synchronous_commit', 'off'), ('wal_level', 'minimal'))
    UNION ALL
    SELECT c.setting || ' for ' || CASE WHEN s.setrole = 0 AND s.setdatabase <> 0 THEN format('DATABASE %I', current_database())
                ELSE CASE WHEN r.rolname IS NULL THEN 'ROLE ALL' ELSE format('ROLE %I', r.rolname) END || CASE WHEN s.setdatabase = 0 THEN '' ELSE format(' IN DATABASE %I', current_database()) END END
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
     CROSS JOIN unnest(s.setconfig) AS c (setting) WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND c.setting ~ '^synchronous_commit=(off|false|no|0)$' ORDER BY 1
"""


def answering_database(connection: psycopg.Connection) -> DatabaseRow | None:
    """Return the identity of the database that answers, on a standby too; None if the server gives no row."""
    return next(iter(read_rows(connection, DatabaseRow, _DATABASE)), None)


def session_of(connection: psycopg.Connection) -> SessionRow:
    """Return the connection's role, and the running server in words."""
    return read_row(connection, SessionRow, _SESSION)


def server_clock(connection: psycopg.Connection) -> datetime:
    """Return the server's present time, not that of the transaction's start."""
    now = scalar(connection, "SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    return now


def weak_durability(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return settings under which an acknowledged COMMIT could be lost, each `name = value` or `name=value for WHOM`."""
    return read_column(connection, _WEAK_DURABILITY)

"""The history of HOLDs, and what still runs under one."""

from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import read_rows, scalar
from console.backend.postgres.records import HoldRow


class HoldEventRow(NamedTuple):
    """A HOLD that was set, or its release."""

    is_set: bool
    at: datetime
    by: str
    role: str
    reason: str
    run_id: str


_HISTORY = """
    SELECT h.action = 'set', h.at, h.by, h.role, h.reason, coalesce(h.run_id, '')
      FROM cutter_governance.v_hold_event h ORDER BY h.id DESC LIMIT %s
"""
# Whoever may release may write. State and text of a session of another role are hidden from the monitoring role, but the
# lock that every open transaction holds on itself is not.
_OPEN = """
    SELECT count(DISTINCT a.pid)
      FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_roles r ON r.oid = a.usesysid
     WHERE l.locktype = 'virtualxid' AND l.granted AND a.datname = current_database() AND a.pid <> pg_backend_pid()
       AND NOT r.rolsuper AND has_function_privilege(r.oid, 'cutter_console.fn_hold_release(text, text)', 'EXECUTE')
"""


class StillOpen(NamedTuple):
    """Open transactions of roles that may write, but superusers', and whether the server that was asked is a standby."""

    transactions: int
    is_standby: bool


def hold_history(connection: psycopg.Connection, most: int) -> tuple[HoldEventRow, ...]:
    """Return the HOLDs that were set and their releases, the newest first. Raises psycopg.Error before migration 0023."""
    return read_rows(connection, HoldEventRow, _HISTORY, (most,))


def open_transactions(connection: psycopg.Connection) -> int:
    """Return the number of open transactions of roles that may write, but superusers'."""
    return int(str(scalar(connection, _OPEN)))


# A row is numbered by whoever has this lock, and the lock goes once its transaction is seen by all.
_OTHERS_WRITE = """
    SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE d.datname = current_database() AND l.relation = 'cutter_governance.hold_event'::regclass
                      AND l.mode = 'RowExclusiveLock' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid())
"""
_NEWEST_SET = """
    SELECT h.reason, h.by, h.run_id, h.at FROM cutter_governance.v_hold_event h
     WHERE h.action = 'set' ORDER BY h.id DESC LIMIT 1
"""


def others_write(connection: psycopg.Connection) -> bool:
    """Return whether another transaction that sets or releases a HOLD is not over, and may have a number below the newest."""
    return bool(scalar(connection, _OTHERS_WRITE))


def newest_set(connection: psycopg.Connection) -> HoldRow | None:
    """Return the HOLD that was set last, also if it was released since."""
    with connection.cursor(row_factory=class_row(HoldRow)) as cursor:
        return cursor.execute(_NEWEST_SET).fetchone()


def still_open(connection: psycopg.Connection) -> StillOpen:
    """Return what is open now, also when it is asked again in one transaction."""
    # pg_stat_activity is read once per transaction and kept.
    with Asking(connection) as asking:
        asking.ask(lambda connection: connection.execute("SELECT pg_stat_clear_snapshot()"))
        transactions = asking.ask(lambda connection: connection.execute(_OPEN).fetchone())
        is_standby = asking.ask(lambda connection: connection.execute("SELECT pg_is_in_recovery()").fetchone())
    assert transactions.value is not None
    return StillOpen(int(transactions.value[0]), is_standby.value == (True,))


def shown(statement: str, *values: str | None) -> str:
    """Return a statement with its values as literals, to be read; None is a value that is made when it runs."""
    first, *parts = statement.split("%s")
    literals = ["…" if value is None else sql.Literal(value).as_string(None) for value in values]
    return first + "".join(f"{literal}{part}" for literal, part in zip(literals, parts, strict=True))

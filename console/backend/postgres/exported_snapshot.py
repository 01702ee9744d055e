"""A snapshot that pg_dump can take part in, and the sizes of the tables that it dumps."""

import psycopg
from psycopg import sql

from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import scalar
from console.backend.postgres.session import Session


def export_snapshot(connection: psycopg.Connection, lock_timeout_s: float) -> str:
    """Begin a READ ONLY transaction that holds a snapshot, and return the snapshot's name for `pg_dump --snapshot`."""
    # At READ COMMITTED each statement takes a snapshot of its own, and the digests would not be those of the dump.
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    limit = "SELECT set_config('lock_timeout', %s, true)"
    with Asking(connection) as asking:
        asking.ask(lambda session: session.execute(limit, (f"{lock_timeout_s * 1000:.0f}",)))
        name = asking.ask(lambda session: str(scalar(session, "SELECT pg_export_snapshot()")))
    return name.value


class TableLocked(Exception):
    """A table that another session keeps locked."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


def table_bytes(session: Session, tables: tuple[str, ...]) -> tuple[int | None, ...]:
    """Return the bytes that each `schema.table` takes on disk without its indexes, or None if there is no such table.

    Raises TableLocked for the first one that is locked by another session for longer than the lock timeout.
    """
    cursors = [session.cursor() for _ in tables]
    try:
        with session.together():
            for cursor, table in zip(cursors, tables, strict=True):
                name = sql.Identifier(*table.split(".")).as_string(session)
                cursor.execute("SELECT pg_table_size(to_regclass(%s))", (name,))
    except psycopg.errors.LockNotAvailable as error:
        answered = sum(cursor.pgresult is not None for cursor in cursors)
        raise TableLocked(tables[answered]) from error
    rows = [cursor.fetchone() for cursor in cursors]
    return tuple(None if row is None or row[0] is None else int(row[0]) for row in rows)

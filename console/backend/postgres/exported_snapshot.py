"""A snapshot that pg_dump can take part in, and the sizes of the tables that it dumps."""

import psycopg
from psycopg import sql

from console.backend.postgres.connections import scalar


def export_snapshot(connection: psycopg.Connection, lock_timeout_s: float) -> str:
    """Begin a READ ONLY transaction that holds a snapshot, and return the snapshot's name for `pg_dump --snapshot`."""
    # At READ COMMITTED each statement takes a snapshot of its own, and the digests would not be those of the dump.
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{lock_timeout_s * 1000:.0f}",))
    return str(scalar(connection, "SELECT pg_export_snapshot()"))


def table_bytes(connection: psycopg.Connection, table: str) -> int | None:
    """Return the bytes that `schema.table` takes on disk without its indexes, or None if there is no such table."""
    name = sql.Identifier(*table.split(".")).as_string(connection)
    size = scalar(connection, "SELECT pg_table_size(to_regclass(%s))", name)
    return None if size is None else int(str(size))

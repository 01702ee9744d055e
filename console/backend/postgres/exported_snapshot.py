"""A snapshot that pg_dump can take part in, and the sizes of the tables that it dumps."""

import psycopg
from psycopg import sql

from console.backend.postgres.connections import scalar


def export_snapshot(connection: psycopg.Connection, lock_timeout_s: float) -> str:
    """Begin a READ ONLY transaction that holds a snapshot, and return the name that pg_dump takes part in it by."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{lock_timeout_s * 1000:.0f}",))
    return str(scalar(connection, "SELECT pg_export_snapshot()"))


def table_bytes(connection: psycopg.Connection, table: str) -> int | None:
    """Return what `schema.table` takes on disk without its indexes, or None where it is not there."""
    name = sql.Identifier(*table.split(".")).as_string(connection)
    size = scalar(connection, "SELECT pg_table_size(to_regclass(%s))", name)
    return None if size is None else int(str(size))

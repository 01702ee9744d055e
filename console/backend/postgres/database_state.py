"""Reads of what a bundle must leave as it was: tables, sequences, transaction ids, and who wrote the rows."""

from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import args_row

from console.backend.postgres.connections import read_column, read_row, read_rows, scalar


class SequenceRow(NamedTuple):
    """A sequence and the last number that it gave, 0 for none."""

    name: str
    last_value: int


class TransactionPosition(NamedTuple):
    """The next transaction id, the newest event of any run, and open transactions of gates in this database."""

    next_id: int
    last_event: int
    open_of_gates: int


class RowVersions(NamedTuple):
    """A table, and a sum of hashes over the transaction ids (xmin) of its rows, as decimal text."""

    table: str
    written_by: str


class EventSince(NamedTuple):
    """A recorded step of a run."""

    run_id: str
    phase: str
    outcome: str
    actor: str


class _IdCount(NamedTuple):
    status: str
    ids: int


_TABLES = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND (n.nspname = 'cutter_governance' OR n.nspname = 'public' AND c.relname IN
           ('information_unit', 'unit_version', 'iu_lifecycle_vocab', 'iu_lifecycle_log', 'dot_config')) ORDER BY 1
"""
_SEQUENCES = """
    SELECT schemaname || '.' || sequencename, coalesce(last_value, 0) FROM pg_sequences
     WHERE schemaname IN ('public', 'cutter_governance') ORDER BY 1
"""
_POSITION = """
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
           (SELECT coalesce(max(id), 0) FROM cutter_governance.v_run_event),
           (SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'virtualxid'
               AND a.datname = current_database() AND a.application_name LIKE 'cutter-console gate%' AND a.pid <> pg_backend_pid())
"""
_BECAME = """
    SELECT coalesce(pg_xact_status(x.id::text::xid8), 'unknown'), count(*)
      FROM generate_series(%s::bigint, %s::bigint - 1) AS x(id) GROUP BY 1
"""
_EVENTS = """
    SELECT run_id, phase, outcome, actor FROM cutter_governance.v_run_event WHERE id > %s ORDER BY id LIMIT 50
"""
# A row that was changed and changed back has its old values, but another xmin.
_VERSIONS = sql.SQL(
    "SELECT {} AS name, coalesce(sum(pg_catalog.hashint8extended(xmin::text::bigint, 0)), 0)::text FROM {}"
)


def product_tables(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return the tables of the product, in order."""
    return read_column(connection, _TABLES)


def sequences(connection: psycopg.Connection) -> tuple[SequenceRow, ...]:
    """Return the sequences of the product's schemas, in order."""
    return read_rows(connection, SequenceRow, _SEQUENCES)


def transaction_position(connection: psycopg.Connection) -> TransactionPosition:
    """Return where transaction ids and events stand in the connection's snapshot."""
    return read_row(connection, TransactionPosition, _POSITION)


def outcomes_of_ids(connection: psycopg.Connection, first: int, end: int) -> dict[str, int]:
    """Count the transaction ids from `first` to before `end` by status: committed, aborted, in progress, unknown."""
    return dict(read_rows(connection, _IdCount, _BECAME, (first, end)))


def events_after(connection: psycopg.Connection, event_id: int) -> tuple[EventSince, ...]:
    """Return the first fifty steps that were recorded after this one."""
    return read_rows(connection, EventSince, _EVENTS, (event_id,))


def row_versions(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[RowVersions, ...]:
    """Return which transactions wrote the rows of each `schema.table`, as one number per table."""
    if not tables:
        return ()
    queries = (_VERSIONS.format(sql.Literal(table), sql.Identifier(*table.split("."))) for table in tables)
    with connection.cursor(row_factory=args_row(RowVersions)) as cursor:
        return tuple(cursor.execute(sql.SQL(" UNION ALL ").join(queries)).fetchall())


def schema_digest(connection: psycopg.Connection) -> str:
    """Return the digest over grants, ownership, functions and triggers."""
    return str(scalar(connection, "SELECT cutter_console.fn_schema_digest()"))

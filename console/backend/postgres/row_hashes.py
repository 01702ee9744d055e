"""Hashes of a table's rows, added up by the server: equal for equal rows, whatever their order."""

from functools import partial
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import args_row

from console.backend.postgres.asking import ask_together


class RowHashes(NamedTuple):
    """The number of rows of a table and two sums of their hashes, made with two seeds; all as decimal text."""

    rows: str
    first: str
    second: str


# Two, because a sum of 64-bit hashes with one seed could come out equal for other rows.
_SEEDS = (0, 0x5DEECE66D)
# Everything that changes a value's text, and with it the hash; rows that a policy hides must raise.
_SETTINGS = {
    "search_path": "",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "row_security": "off",
    "max_parallel_workers_per_gather": "0",
}
_SET = """
    SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, true))
      FROM ROWS FROM (pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.text[])) AS s (name, value)
"""
_BY_VALUE = sql.SQL(
    "SELECT count(*), sum(pg_catalog.hash_record_extended(t.*, {})), sum(pg_catalog.hash_record_extended(t.*, {}))"
    " FROM {} AS t WHERE {}"
)
_OF_ONE = sql.SQL(
    "SELECT 1, pg_catalog.hash_record_extended(t.*, {}), pg_catalog.hash_record_extended(t.*, {})"
    " FROM {} AS t WHERE {} UNION ALL SELECT 0, 0, 0 LIMIT 1"
)
_BY_TEXT = sql.SQL(
    "SELECT count(*), sum(pg_catalog.hashtextextended(r, {})), sum(pg_catalog.hashtextextended(r, {}))"
    ' FROM (SELECT CAST(t.* AS text) COLLATE pg_catalog."C" AS r FROM {} AS t WHERE {} OFFSET 0) AS rows'
)
_ALL = sql.SQL("true")
_NUMBERED = sql.SQL("SELECT {} AS place, q.* FROM ({}) AS q")


def row_hashes(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[RowHashes, ...]:
    """Return the hashes of each `schema.table`, in the connection's transaction.

    A table with a column that has no hash (json, point) is hashed by its rows' text form, under fixed settings.
    """
    _fix_settings(connection)
    try:
        # In a savepoint: a column without a hash raises, and the caller's transaction must go on.
        with connection.transaction():
            # Of one row each first, so that a large table is not read twice for the sake of one that has such a column.
            for query in (_OF_ONE, _BY_VALUE):
                hashes = ask_together(connection, *(partial(_read, query=_of(query, table, _ALL)) for table in tables))
            return hashes
    except psycopg.errors.UndefinedFunction:
        return tuple(_hashes(connection, table, _ALL) for table in tables)


def row_hashes_where(connection: psycopg.Connection, table: str, condition: sql.Composable) -> RowHashes:
    """Return the hashes of the rows `t` of a table for which the condition holds, as `row_hashes` does."""
    _fix_settings(connection)
    return _hashes(connection, table, condition)


def row_hashes_of(connection: psycopg.Connection, source: sql.Composable) -> RowHashes:
    """Return the hashes of the rows of a query in parentheses, each of whose columns has a hash."""
    _fix_settings(connection)
    return _read(connection, _BY_VALUE.format(*map(sql.Literal, _SEEDS), source, _ALL))


def row_hashes_at_once(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[RowHashes, ...]:
    """Return the same as `row_hashes` in one round trip; table by table if a column has no hash."""
    _fix_settings(connection)
    queries = (_NUMBERED.format(sql.Literal(place), _of(_BY_VALUE, table, _ALL)) for place, table in enumerate(tables))
    query = sql.SQL("{} ORDER BY 1").format(sql.SQL(" UNION ALL ").join(queries))
    try:
        # In a savepoint: a column without a hash raises, and the caller's transaction must go on.
        with connection.transaction():
            rows = connection.execute(query).fetchall() if tables else []
    except psycopg.errors.UndefinedFunction:
        return row_hashes(connection, tables)
    return tuple(_as_text(*row[1:]) for row in rows)


def _fix_settings(connection: psycopg.Connection) -> None:
    connection.execute(_SET, (list(_SETTINGS), list(_SETTINGS.values())))


def _hashes(connection: psycopg.Connection, table: str, condition: sql.Composable) -> RowHashes:
    try:
        with connection.transaction():
            return _read(connection, _of(_BY_VALUE, table, condition))
    except psycopg.errors.UndefinedFunction:
        return _read(connection, _of(_BY_TEXT, table, condition))


def _of(query: sql.SQL, table: str, condition: sql.Composable) -> sql.Composed:
    return query.format(*map(sql.Literal, _SEEDS), sql.Identifier(*table.split(".")), condition)


def _read(connection: psycopg.Connection, query: sql.Composed) -> RowHashes:
    with connection.cursor(row_factory=args_row(_as_text)) as cursor:
        row = cursor.execute(query).fetchone()
    assert row is not None
    return row


def _as_text(rows: object, first: object, second: object) -> RowHashes:
    return RowHashes(str(rows or 0), str(first or 0), str(second or 0))

"""One digest for the content of any table: equal for equal rows, whatever their order.

PostgreSQL hashes each row twice, with two seeds, to 64 bits; both are added up over the table, and the digest is
the sha256 of the number of rows and the two sums. Nothing is sorted, memory is constant, repeated rows count,
NULL is not an empty text. Two values are the same where PostgreSQL's own equality says so (1.0 and 1.00 are); a
table with a column that has no hash (json, point) is hashed by its rows' text form, under fixed settings.

It is made against damage, not against somebody who may choose rows at will: the file itself is bound by the
sha256 of its ciphertext. Hashing with sha256 row by row was tried: in SQL it takes 12 times as long (the embedded
PostgreSQL has no OpenSSL), in Python 6 times, and more than the restore that it is to prove.
"""

import hashlib

import psycopg
from psycopg import sql

from console.backend.backup.record import TableProof

_SEEDS = (0, 0x5DEECE66D)
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
_BY_VALUE = sql.SQL(
    "SELECT count(*), sum(pg_catalog.hash_record_extended(t.*, {})), sum(pg_catalog.hash_record_extended(t.*, {}))"
    " FROM {} AS t"
)
_BY_TEXT = sql.SQL(
    "SELECT count(*), sum(pg_catalog.hashtextextended(r, {})), sum(pg_catalog.hashtextextended(r, {}))"
    ' FROM (SELECT CAST(t.* AS text) COLLATE pg_catalog."C" AS r FROM {} AS t OFFSET 0) AS rows'
)


def table_proofs(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[TableProof, ...]:
    """Rows and digest of each `schema.table`, in the connection's transaction."""
    for name, value in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))
    return tuple(_proof(connection, table) for table in tables)


def table_proofs_at_once(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[TableProof, ...]:
    """Answer in one round trip, where every column of every table has a hash; one by one where some has none."""
    for name, value in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))
    seeds = tuple(map(sql.Literal, _SEEDS))
    each = (
        sql.SQL("SELECT {} AS place, q.* FROM ({}) AS q").format(
            sql.Literal(place), _BY_VALUE.format(*seeds, sql.Identifier(*table.split(".")))
        )
        for place, table in enumerate(tables)
    )
    query = sql.SQL("{} ORDER BY 1").format(sql.SQL(" UNION ALL ").join(each))
    try:
        with connection.transaction():
            rows = connection.execute(query).fetchall() if tables else []
    except psycopg.errors.UndefinedFunction:
        return table_proofs(connection, tables)
    return tuple(
        _proven(table, tuple(str(value or 0) for value in row[1:])) for table, row in zip(tables, rows, strict=True)
    )


def _proof(connection: psycopg.Connection, table: str) -> TableProof:
    try:
        with connection.transaction():
            row = _sums(connection, _BY_VALUE, table)
    except psycopg.errors.UndefinedFunction:
        row = _sums(connection, _BY_TEXT, table)
    return _proven(table, row)


def _proven(table: str, row: tuple[str, ...]) -> TableProof:
    return TableProof(table=table, rows=int(row[0]), digest=hashlib.sha256(":".join(row).encode()).hexdigest())


def _sums(connection: psycopg.Connection, query: sql.SQL, table: str) -> tuple[str, ...]:
    parts = (*map(sql.Literal, _SEEDS), sql.Identifier(*table.split(".")))
    row = connection.execute(query.format(*parts)).fetchone()
    assert row is not None
    return tuple(str(value or 0) for value in row)

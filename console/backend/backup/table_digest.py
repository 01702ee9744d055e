"""One digest for the content of any table: equal for equal rows, whatever their order.

Each row is taken in COPY's text form under fixed settings, hashed with sha256, and the hashes are added up
modulo 2^256; the digest is the sha256 of that sum and the number of rows. Rows are told apart exactly, NULL
from an empty text too; repeated rows count. The order does not matter, so nothing is sorted and memory is
constant. It is made against damage, which it misses once in 2^256; it is no commitment against somebody who
may choose rows at will. Hashing here and not in SQL is a matter of time: PostgreSQL built without OpenSSL
(the embedded one) needs 3.5 times as long.
"""

import hashlib

import psycopg
from psycopg import sql

from console.backend.backup.record import TableProof

_MODULUS = 1 << 256
_SETTINGS = {
    "search_path": "",
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "row_security": "off",
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
}


def table_proofs(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[TableProof, ...]:
    """Rows and digest of each `schema.table`, in the connection's transaction."""
    for name, value in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))
    return tuple(_proof(connection, table) for table in tables)


def _proof(connection: psycopg.Connection, table: str) -> TableProof:
    total, rows = 0, 0
    query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(*table.split(".")))
    sha256, to_int = hashlib.sha256, int.from_bytes
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in copy:
            total += to_int(sha256(row).digest(), "big")
            rows += 1
    final = (total % _MODULUS).to_bytes(32, "big") + rows.to_bytes(8, "big")
    return TableProof(table=table, rows=rows, digest=hashlib.sha256(final).hexdigest())

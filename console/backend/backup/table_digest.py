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

from console.backend.backup.record import TableProof
from console.backend.postgres.document_rows import document_hashes
from console.backend.postgres.row_hashes import RowHashes, row_hashes, row_hashes_at_once


def table_proofs(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[TableProof, ...]:
    """Return rows and digest of each `schema.table`, in the connection's transaction."""
    return tuple(map(_proven, tables, row_hashes(connection, tables)))


def table_proofs_at_once(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[TableProof, ...]:
    """Return the same in one round trip if every column of every table has a hash; otherwise table by table."""
    return tuple(map(_proven, tables, row_hashes_at_once(connection, tables)))


def document_proofs(
    connection: psycopg.Connection, tables: tuple[str, ...], documents: tuple[str, ...], plain: tuple[str, ...] = ()
) -> tuple[TableProof, ...]:
    """Return rows and digest of what each table has of these documents, or of all, in the connection's transaction.

    Those of `plain` are read as plain copies of them are.
    """
    return tuple(map(_proven, tables, document_hashes(connection, tables, documents, plain)))


def _proven(table: str, hashes: RowHashes) -> TableProof:
    return TableProof(table=table, rows=int(hashes.rows), digest=hashlib.sha256(":".join(hashes).encode()).hexdigest())

"""Reads of the numbers that the database keeps, and of the rows that they are of; the monitoring role may ask them."""

from datetime import datetime
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_column, read_row, read_rows
from console.backend.postgres.rendering import schema_names


class CountAudit(NamedTuple):
    """Rows of one table, as they are kept and as they are."""

    table: str
    kept: int
    counted: int


class KeptDocument(NamedTuple):
    """Units and digest of one document as readers see it; None from a change until they are computed."""

    docprefix: str
    units: int | None
    digest: str | None
    kept_at: datetime | None


class DocumentDigest(NamedTuple):
    """Units and digest of one document, computed of its rows now."""

    units: int
    digest: str


_COUNTS = """
    SELECT c.table_name, a.kept, a.counted
      FROM cutter_governance.v_row_count c CROSS JOIN LATERAL cutter_console.fn_count_audit(c.table_name) a
     WHERE a.kept IS NOT NULL ORDER BY 1
"""
_DOCUMENTS = "SELECT docprefix, units, digest, kept_at FROM cutter_governance.v_kept_document"
_NOT_KEPT = "SELECT * FROM cutter_console.fn_documents_not_kept() ORDER BY 1"
_DIGEST = "SELECT units, digest FROM cutter_console.fn_document_digest(%s)"


def count_audit(connection: psycopg.Connection) -> tuple[CountAudit, ...]:
    """Return kept and counted rows of each large table."""
    names = schema_names(connection)
    rows = read_rows(connection, CountAudit, _COUNTS)
    return tuple(row._replace(table=names.as_written(row.table)) for row in rows)


def counted_rows(connection: psycopg.Connection) -> dict[str, int]:
    """Return the rows of each large table, counted now."""
    return {row.table: row.counted for row in count_audit(connection)}


def kept_documents(connection: psycopg.Connection) -> tuple[KeptDocument, ...]:
    """Return the kept digest of each document."""
    return read_rows(connection, KeptDocument, _DOCUMENTS)


def documents_not_kept(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return the documents that have units and no kept digest."""
    return read_column(connection, _NOT_KEPT)


def document_digest(connection: psycopg.Connection, docprefix: str) -> DocumentDigest:
    """Return units and digest of one document, computed of its rows."""
    return read_row(connection, DocumentDigest, _DIGEST, (docprefix,))

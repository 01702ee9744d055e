"""The rows of some documents in every table that a run can touch: for a backup that does not hold all documents."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from console.backend.model.plan_binding import TableCount
from console.backend.model.value import Value
from console.backend.postgres.connections import scalar
from console.backend.postgres.plain_rows import create_plain, plain_columns, plain_hashes, plain_rows
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.row_hashes import RowHashes, row_hashes_where

_OF_A_RUN = "t.run_id IN (SELECT r.run_id FROM cutter_governance.run r WHERE r.docprefix = ANY ({}))"
_OF_A_DOCUMENT = "t.docprefix = ANY ({})"
_OF_A_BATCH = (
    "t.batch_id IN (SELECT m.batch_id FROM cutter_governance.batch_member m JOIN cutter_governance.run r USING (run_id)"
    " WHERE r.docprefix = ANY ({0}))"
)
_CONDITIONS: Mapping[str, str] = {
    "public.information_unit": "t.doc_code = ANY ({})",
    "public.unit_version": "t.unit_id IN (SELECT u.id FROM public.information_unit u WHERE u.doc_code = ANY ({}))",
    "cutter_governance.source_document_registry": _OF_A_DOCUMENT,
    "cutter_governance.source_document_version_registry": _OF_A_DOCUMENT,
    "cutter_governance.run": _OF_A_DOCUMENT,
    "cutter_governance.batch": _OF_A_BATCH,
    "cutter_governance.batch_ruling": _OF_A_BATCH,
    "cutter_governance.execution_lease": f"{_OF_A_RUN.replace('{}', '{0}')} OR {_OF_A_BATCH}",
    "cutter_governance.cut_change_set_affected_row": (
        "t.change_set_id IN (SELECT s.id FROM cutter_governance.cut_change_set s"
        " JOIN cutter_governance.run r USING (run_id) WHERE r.docprefix = ANY ({}))"
    ),
    "cutter_governance.dot_pair_signature": (
        "t.change_set_id IN (SELECT s.id FROM cutter_governance.cut_change_set s JOIN cutter_governance.run r USING (run_id)"
        " WHERE r.docprefix = ANY ({0})) OR t.verify_result_id IN (SELECT v.id FROM cutter_governance.verify_result v"
        " JOIN cutter_governance.run r USING (run_id) WHERE r.docprefix = ANY ({0}))"
    ),
    "cutter_governance.decision_backlog_history": (
        "t.entry_id IN (SELECT e.id FROM cutter_governance.decision_backlog_entry e"
        " JOIN cutter_governance.run r USING (run_id) WHERE r.docprefix = ANY ({}))"
    ),
}
"""Condition of the rows of some documents where it is not that of their runs."""
_OF_EVERYBODY = frozenset(
    f"cutter_governance.{table}"
    for table in ("policy_pin", "signing_key", "signing_key_term", "signing_key_end", "hold_event")
)
"""Tables without documents: all of their rows."""
_COPY_OUT = sql.SQL("COPY (SELECT t.* FROM {} AS t WHERE {}) TO STDOUT (FORMAT binary)")
_COPY_IN = sql.SQL("COPY {} FROM STDIN (FORMAT binary)")
_TOGETHER = 1 << 16
"""Bytes of rows that are sent together."""
_LARGE_ROWS = "SELECT coalesce(sum(rows), 0) FROM cutter_governance.kept_count"
_ARE_MOST = """
    SELECT coalesce(2 * sum(units) FILTER (WHERE docprefix = ANY (%s)) > sum(units), false) FROM cutter_governance.v_kept_document
"""
_TEXT_BYTES = """
    SELECT coalesce(sum(octet_length(v.body)), 0)
      FROM public.information_unit u JOIN public.unit_version v ON v.unit_id = u.id WHERE u.doc_code = ANY (%s)
"""


class Standing(Value):
    """State of all documents: the digest of what readers see, and the rows of each large table."""

    readers_digest: str
    rows: tuple[TableCount, ...]


def condition(table: str, documents: tuple[str, ...]) -> sql.Composable:
    """Return the condition of the table's rows `t` that belong to these documents; true for a table without documents, or for all documents, which none stands for."""
    if table in _OF_EVERYBODY or not documents:
        return sql.SQL("true")
    return sql.SQL(_CONDITIONS.get(table, _OF_A_RUN)).format(sql.Literal(list(documents)))


def document_hashes(
    connection: psycopg.Connection, tables: tuple[str, ...], documents: tuple[str, ...], plain: tuple[str, ...] = ()
) -> tuple[RowHashes, ...]:
    """Return the hashes of the rows of these documents, or of all, in each table, in the connection's transaction.

    Those of `plain` are hashed as their plain copies are.
    """
    names = schema_names(connection)
    return tuple(
        plain_hashes(connection, table)
        if table in plain
        else row_hashes_where(connection, table, condition(names.as_written(table), documents))
        for table in tables
    )


def copy_rows(source: psycopg.Connection, into: psycopg.Connection, table: str, documents: tuple[str, ...]) -> int:
    """Copy the rows of these documents, or of all, into a table of the same columns. Return the bytes that moved."""
    chosen = condition(schema_names(source).as_written(table), documents)
    return _copied(source, into, table, _COPY_OUT.format(sql.Identifier(*table.split(".")), chosen))


def copy_plain(source: psycopg.Connection, into: psycopg.Connection, table: str) -> int:
    """Create a plain table of the name, and copy the rows of the organisation's into it. Return the bytes that moved."""
    columns = plain_columns(source, table)
    create_plain(into, table, columns)
    return _copied(source, into, table, plain_rows(table, columns))


def _copied(source: psycopg.Connection, into: psycopg.Connection, table: str, query: sql.Composed) -> int:
    moved, held = 0, bytearray()
    with (
        source.cursor() as reading,
        into.cursor() as writing,
        reading.copy(query) as rows,
        writing.copy(_COPY_IN.format(sql.Identifier(*table.split(".")))) as copied,
    ):
        for row in rows:
            held += row
            # A message for each row takes longer than the row.
            if len(held) >= _TOGETHER:
                copied.write(bytes(held))
                moved += len(held)
                held.clear()
        copied.write(bytes(held))
    return moved + len(held)


def large_rows(connection: psycopg.Connection) -> int:
    """Return the rows of the large tables together, as they are kept."""
    return int(str(scalar(connection, _LARGE_ROWS)))


def are_most(connection: psycopg.Connection, documents: tuple[str, ...]) -> bool:
    """Return whether more than half of the units that readers see are of these documents, as far as is kept."""
    return bool(scalar(connection, _ARE_MOST, list(documents)))


def text_bytes(connection: psycopg.Connection, documents: tuple[str, ...]) -> int:
    """Return the bytes of all texts of these documents."""
    return int(str(scalar(connection, _TEXT_BYTES, list(documents))))


def standing(connection: psycopg.Connection) -> Standing:
    """Return what stands of all documents, as cutter_verify, in the connection's transaction."""
    return Standing.model_validate(scalar(connection, "SELECT cutter_console.fn_standing()"))

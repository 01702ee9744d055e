"""Batches in the database: their record, their rulings, their lease, and what their members have written."""

from datetime import datetime

import psycopg
from psycopg.rows import class_row

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode
from console.backend.model.value import Value
from console.backend.postgres.connections import scalar


class BatchRow(Value):
    """A batch as it is recorded."""

    batch_id: str
    n_members: int
    operator: str
    host: str
    recorded_at: datetime
    digest: str


class BatchRulingRow(Value):
    """An imported statement over a batch."""

    statement_sha256: str
    batch_id: str
    purpose: str
    signers: tuple[str, ...]
    imported_by: str
    imported_at: datetime


_BATCHES = "SELECT batch_id, n_members, operator, host, recorded_at, digest FROM cutter_governance.v_batch"
_RULINGS = """
    SELECT statement_sha256, batch_id, purpose, signers, imported_by, imported_at
      FROM cutter_governance.v_batch_ruling WHERE batch_id = %s ORDER BY imported_at, statement_sha256
"""
_RULINGS_OF = """
    SELECT statement_sha256, batch_id, purpose, signers, imported_by, imported_at
      FROM cutter_governance.v_batch_ruling WHERE batch_id = ANY (%s) ORDER BY imported_at, statement_sha256
"""
_RULED = """
    SELECT DISTINCT a.run_id FROM cutter_governance.v_approval a
      JOIN cutter_governance.v_server_at_hand h USING (system_identifier, timeline)
     WHERE a.run_id = ANY (%s) AND a.purpose = %s AND a.used_for IS NULL AND a.expires > clock_timestamp()
"""
_STORED = "SELECT statement, members, signatures FROM cutter_governance.batch_ruling WHERE statement_sha256 = %s"


def record_batch(
    connection: psycopg.Connection, batch_id: str, run_ids: tuple[str, ...], operator: str, host: str
) -> str:
    """Record planned runs as a batch, in this order; recorded again with the same runs, it does nothing. Return its digest."""
    query = "SELECT cutter_console.fn_batch_record(%s, %s, %s, %s)"
    return str(scalar(connection, query, batch_id, list(run_ids), operator, host))


def find_batch(connection: psycopg.Connection, batch_id: str) -> BatchRow | None:
    """Return the batch, or None if the database has none of that id."""
    with connection.cursor(row_factory=class_row(BatchRow)) as cursor:
        return cursor.execute(f"{_BATCHES} WHERE batch_id = %s".encode(), (batch_id,)).fetchone()


def all_batches(connection: psycopg.Connection) -> tuple[BatchRow, ...]:
    """Return every batch, the newest first."""
    with connection.cursor(row_factory=class_row(BatchRow)) as cursor:
        return tuple(cursor.execute(f"{_BATCHES} ORDER BY recorded_at DESC, batch_id DESC".encode()).fetchall())


def batches_of(connection: psycopg.Connection, batch_ids: tuple[str, ...]) -> dict[str, BatchRow]:
    """Return those of these batches that the database has, by id."""
    with connection.cursor(row_factory=class_row(BatchRow)) as cursor:
        rows = cursor.execute(f"{_BATCHES} WHERE batch_id = ANY (%s)".encode(), (list(batch_ids),))
        return {row.batch_id: row for row in rows}


def rulings_over(connection: psycopg.Connection, batch_ids: tuple[str, ...]) -> tuple[BatchRulingRow, ...]:
    """Return the imported statements over these batches, the oldest first."""
    with connection.cursor(row_factory=class_row(BatchRulingRow)) as cursor:
        return tuple(cursor.execute(_RULINGS_OF, (list(batch_ids),)).fetchall())


def members_of(connection: psycopg.Connection, batch_id: str) -> tuple[str, ...]:
    """Return the runs of a batch, in their order."""
    query = "SELECT run_id FROM cutter_governance.v_batch_member WHERE batch_id = %s ORDER BY position"
    return tuple(str(run_id) for (run_id,) in connection.execute(query, (batch_id,)))


def documents_of_batch(connection: psycopg.Connection, batch_id: str) -> tuple[str, ...]:
    """Return the documents of a batch's members, in their order; none if the batch is not recorded yet."""
    query = (
        "SELECT r.docprefix FROM cutter_governance.v_batch_member m JOIN cutter_governance.v_run r USING (run_id)"
        " WHERE m.batch_id = %s ORDER BY m.position"
    )
    return tuple(str(docprefix) for (docprefix,) in connection.execute(query, (batch_id,)))


def batch_of_each_run(connection: psycopg.Connection) -> dict[str, str]:
    """Return the batch of each run that is a member of one, by run id."""
    query = "SELECT run_id, batch_id FROM cutter_governance.v_batch_member"
    return {str(run_id): str(batch_id) for run_id, batch_id in connection.execute(query)}


def batch_rulings(connection: psycopg.Connection, batch_id: str) -> tuple[BatchRulingRow, ...]:
    """Return the imported statements over a batch, the oldest first."""
    with connection.cursor(row_factory=class_row(BatchRulingRow)) as cursor:
        return tuple(cursor.execute(_RULINGS, (batch_id,)).fetchall())


def import_batch(
    connection: psycopg.Connection,
    statement: bytes,
    members: bytes,
    statements: tuple[bytes, ...],
    signatures: tuple[bytes, ...],
) -> str:
    """Record, as cutter_verify, a signed statement over a batch with its list and its members' statements. Return its sha256.

    Raises Refused if what is stored is not what was sent.
    """
    query = "SELECT cutter_console.fn_batch_import(%b, %b, %b, %b)"
    digest = str(scalar(connection, query, statement, members, list(statements), list(signatures)))
    stored = connection.execute(_STORED, (digest,)).fetchone()
    if (
        digest != sha256_hex(statement)
        or stored is None
        or (bytes(stored[0]), bytes(stored[1])) != (statement, members)
        or not set(signatures) <= {bytes(signature) for signature in stored[2]}
    ):
        raise Refused(
            StopCode.REPLAY_CONFLICT,
            f"statement {digest} was read back with other bytes or signatures than were sent",
            "It counts with those that it was recorded with; see: cutter-console drift",
        )
    return digest


def waiting_members(connection: psycopg.Connection, batch_id: str, purpose: str) -> tuple[str, ...]:
    """Return the runs of a batch that wait for a ruling to this purpose, in their order."""
    row = connection.execute("SELECT cutter_console.fn_batch_waiting(%s, %s)", (batch_id, purpose)).fetchone()
    return tuple(row[0]) if row is not None and row[0] else ()


def ruled_members(connection: psycopg.Connection, run_ids: tuple[str, ...], purpose: str) -> frozenset[str]:
    """Return those of these runs that have an unused ruling to this purpose, for this timeline, which has not expired."""
    return frozenset(str(run_id) for (run_id,) in connection.execute(_RULED, (list(run_ids), purpose)))


def arm_batch(
    connection: psycopg.Connection, batch_id: str, purpose: str, operator: str, host: str, minutes: int
) -> str:
    """Open the lease of a batch for one purpose, for so many minutes. Return its id."""
    query = "SELECT cutter_console.fn_batch_arm(%s, %s, %s, %s, %s)"
    return str(scalar(connection, query, batch_id, purpose, operator, host, minutes))

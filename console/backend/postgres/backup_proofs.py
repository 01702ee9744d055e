"""The backup proofs that the ledger has: which file was restored and compared for which run, and when."""

from datetime import datetime

import psycopg
from psycopg.rows import class_row

from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_PROOFS = """
    SELECT run_id, file_name, file_sha256 AS sha256, file_bytes AS bytes, recipient, recorded_by, recorded_at
      FROM cutter_governance.v_backup_proof
     ORDER BY recorded_at DESC, id DESC
"""

_LAST = "SELECT max(recorded_at) FROM cutter_governance.v_backup_proof"


class LedgerProof(Value):
    """A row of the ledger: a backup that was restored, with the digests that the tables had then."""

    run_id: SafeText
    file_name: SafeText
    sha256: SafeText
    bytes: int
    recipient: SafeText
    recorded_by: SafeText
    recorded_at: datetime
    """By the database's clock."""


def backup_proofs(connection: psycopg.Connection) -> tuple[LedgerProof, ...]:
    """Return every proof, the newest first."""
    with connection.cursor(row_factory=class_row(LedgerProof)) as cursor:
        return tuple(cursor.execute(_PROOFS).fetchall())


def last_backup_proof(connection: psycopg.Connection) -> datetime | None:
    """Return when the last backup was proven, by the database's clock; None if none was."""
    row = connection.execute(_LAST).fetchone()
    return row[0] if row is not None else None

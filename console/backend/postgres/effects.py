"""Rows that show that a transaction was committed, for those that write no event of a run.

A server that crashes before a transaction is on its disk gives the id, and what it had taken of a sequence, again. So a row is
known by what only that transaction can have written: a digest, a random id, or a time to the microsecond.
"""

from enum import StrEnum

import psycopg

from console.backend.model.value import Value
from console.backend.postgres.connections import read_rows, scalar


class EffectKind(StrEnum):
    """Kind of row, as the journal names it."""

    APPROVAL = "approval"
    """An imported statement, by the sha256 of its bytes."""
    LEASE = "lease"
    """A lease that was opened, by its id."""
    LEASE_END = "end of lease"
    """A lease that was ended, by its id."""
    BACKUP_PROOF = "backup proof"
    """A proven backup, by the sha256 of its encrypted file."""
    RELEASE = "release of the HOLD"
    """A release of the HOLD, by its time."""


class Effect(Value):
    """One row that is there if its transaction was committed, and only then."""

    kind: EffectKind
    key: str


_ROWS = {
    EffectKind.APPROVAL: "SELECT EXISTS (SELECT FROM cutter_governance.v_approval WHERE statement_sha256 = %s)",
    EffectKind.LEASE: "SELECT EXISTS (SELECT FROM cutter_governance.execution_lease WHERE id = %s::uuid)",
    EffectKind.LEASE_END: "SELECT EXISTS (SELECT FROM cutter_governance.execution_lease WHERE id = %s::uuid AND ended_at IS NOT NULL)",
    EffectKind.BACKUP_PROOF: "SELECT EXISTS (SELECT FROM cutter_governance.v_backup_proof WHERE file_sha256 = %s)",
    EffectKind.RELEASE: "SELECT EXISTS (SELECT FROM cutter_governance.hold_event WHERE action = 'release' AND at = %s::timestamptz)",
}
# The monitoring role sees the lease that is open, and none that has ended.
_OPEN_LEASE = "SELECT EXISTS (SELECT FROM cutter_governance.v_lease WHERE id = %s::uuid)"
_SEES_LEASES = "SELECT has_table_privilege('cutter_governance.execution_lease', 'SELECT')"
# A row carries the id of the transaction that wrote it last: in that transaction it is this one's.
_OWN_LEASE_END = """
    SELECT l.id::text FROM cutter_governance.execution_lease l WHERE l.ended_at IS NOT NULL AND l.xmin = pg_current_xact_id()::xid
"""
_OWN_RELEASE = """
    SELECT h.at::text FROM cutter_governance.hold_event h WHERE h.action = 'release' AND h.xmin = pg_current_xact_id()::xid
"""


def has_effect(connection: psycopg.Connection, effect: Effect) -> bool | None:
    """Return whether the row is there; None if this role cannot see it, which does not mean that it is not there."""
    if effect.kind is not EffectKind.LEASE or scalar(connection, _SEES_LEASES):
        return bool(scalar(connection, _ROWS[effect.kind], effect.key))
    return True if scalar(connection, _OPEN_LEASE, effect.key) else None


def own_lease_end(connection: psycopg.Connection) -> Effect | None:
    """Return the end of a lease that the open transaction has written; None if it has ended none."""
    ended = read_rows(connection, str, _OWN_LEASE_END)
    return Effect(kind=EffectKind.LEASE_END, key=ended[0]) if ended else None


def own_release(connection: psycopg.Connection) -> Effect:
    """Return the release of the HOLD that the open transaction has written."""
    return Effect(kind=EffectKind.RELEASE, key=str(scalar(connection, _OWN_RELEASE)))

"""Reads of all records of one run, for its report: rows as the type that the caller names."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row

from console.backend.model.value import Value
from console.backend.postgres.connections import read_column, read_row


class ManifestRow(NamedTuple):
    """The units that a manifest names, and if steps have recorded what they added to an organisation's tables."""

    blocks: int
    has_site_effects: bool
    has_site_moves: bool


_V = TypeVar("_V", bound=Value)
_EVENTS = (
    "SELECT id, phase, stage, family, outcome, record::text AS text, journal_seq, journal_head, xid::text AS xid, actor, at"
    " FROM cutter_governance.v_run_event WHERE run_id = %s ORDER BY id"
)
_RULINGS = (
    "SELECT DISTINCT statement_sha256, kind, policy_sha256, not_before, expires, signers, statement, signatures, imported_by,"
    " imported_at, batch_ruling FROM cutter_governance.v_approval WHERE run_id = %s ORDER BY imported_at, statement_sha256"
)
_USES_SEEN = (
    "SELECT statement_sha256, used_for AS purpose, used_at, '' AS xid, '' AS used_by FROM cutter_governance.v_approval"
    " WHERE run_id = %s AND used_for IS NOT NULL ORDER BY used_at, used_for"
)
_USES = (
    "SELECT statement_sha256, purpose, used_at, xid::text AS xid, used_by FROM cutter_governance.approval_use"
    " WHERE run_id = %s ORDER BY used_at, purpose"
)
_LEASES = (
    "SELECT purpose, operator, host, armed_by, armed_at, expires_at, ended_at, end_reason FROM cutter_governance.execution_lease l,"
    " (SELECT %s::text AS run_id) of WHERE coalesce(l.run_id, l.batch_id) IN"
    " (of.run_id, (SELECT m.batch_id FROM cutter_governance.batch_member m WHERE m.run_id = of.run_id)) ORDER BY armed_at, id"
)
_DECISIONS = (
    "SELECT id::text, verdict, marker, statement_sha256, decided_by, decided_at FROM cutter_governance.review_decision"
    " WHERE run_id = %s ORDER BY decided_at, id"
)
_TRANSITIONS = (
    "SELECT from_status, to_status, count(*) AS rows, actor, max(at) AS last_at FROM public.iu_lifecycle_log WHERE run_id = %s"
    ' GROUP BY from_status, to_status, actor ORDER BY max(at), to_status COLLATE "C", actor COLLATE "C"'
)
_BACKLOG = (
    "SELECT h.status FROM cutter_governance.decision_backlog_history h JOIN cutter_governance.decision_backlog_entry e"
    " ON e.id = h.entry_id WHERE e.run_id = %s ORDER BY h.at, h.id"
)
_CHANGE_SET = (
    "SELECT id::text, plan_digest, n_units, created_by, created_at, (SELECT count(*) FROM"
    " cutter_governance.cut_change_set_affected_row a WHERE a.change_set_id = s.id) AS affected"
    " FROM cutter_governance.cut_change_set s WHERE run_id = %s"
)
_VERIFICATION = (
    "SELECT v.id::text, v.outcome, v.verified_by, v.verified_at, s.signed_digest FROM cutter_governance.verify_result v"
    " JOIN cutter_governance.dot_pair_signature s ON s.verify_result_id = v.id WHERE v.run_id = %s ORDER BY v.verified_at DESC, v.id"
)
_BLOCKS = """
    SELECT count(*), to_regclass('cutter_console.site_effect') IS NOT NULL, to_regclass('cutter_console.site_move') IS NOT NULL
      FROM cutter_governance.manifest_unit_block WHERE run_id = %s
"""
_SITE_EFFECTS = """
    -- A table that an older script has made lacks the last column.
    SELECT e.step, e.mapping_sha256, e.rows_added, e.left_out, e.recorded_at, coalesce(to_jsonb(e) ->> 'compared_with', '') AS compared_with
      FROM cutter_console.site_effect e WHERE e.run_id = %s ORDER BY e.effect
"""
_SITE_MOVES = (
    "SELECT step, table_name, rows_added, mapping_sha256 FROM cutter_console.site_move WHERE run_id = %s ORDER BY step"
)
_HOLDS = "SELECT action, reason, by, at FROM cutter_governance.hold_event WHERE run_id = %s ORDER BY id"


def run_events(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the events with their transaction ids, in order."""
    return _rows(connection, row, _EVENTS, run_id)


def run_rulings(connection: psycopg.Connection, run_id: str) -> tuple[Mapping[str, object], ...]:
    """Return the imported statements as mappings by column; the caller adds policy and uses."""
    return tuple(connection.cursor(row_factory=dict_row).execute(_RULINGS, (run_id,)).fetchall())


def run_uses_seen(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the uses of statements as the monitoring role sees them, without transaction and user."""
    return _rows(connection, row, _USES_SEEN, run_id)


def run_uses(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the uses of statements."""
    return _rows(connection, row, _USES, run_id)


def run_leases(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the leases, in order."""
    return _rows(connection, row, _LEASES, run_id)


def run_decisions(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the review decisions, in order."""
    return _rows(connection, row, _DECISIONS, run_id)


def run_transitions(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the lifecycle log, with rows of the same transition and actor counted together."""
    return _rows(connection, row, _TRANSITIONS, run_id)


def run_backlog(connection: psycopg.Connection, run_id: str) -> tuple[str, ...]:
    """Return the statuses of the run's backlog entry, in order."""
    return read_column(connection, _BACKLOG, (run_id,))


def run_change_set(connection: psycopg.Connection, run_id: str, row: type[_V]) -> _V | None:
    """Return the change set with the number of its rows, or None."""
    return next(iter(_rows(connection, row, _CHANGE_SET, run_id)), None)


def run_verification(connection: psycopg.Connection, run_id: str, row: type[_V]) -> _V | None:
    """Return the newest verification with the digest that it signed, or None."""
    return next(iter(_rows(connection, row, _VERIFICATION, run_id)), None)


def run_manifest_blocks(connection: psycopg.Connection, run_id: str) -> ManifestRow:
    """Return how many units the manifest names, and if steps have their rows in an organisation's governance tables too."""
    return read_row(connection, ManifestRow, _BLOCKS, (run_id,))


def run_holds(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the HOLDs that name the run, set and released, in order."""
    return _rows(connection, row, _HOLDS, run_id)


def run_site_effects(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the rows that each step has added to an organisation's governance tables, in order."""
    return _rows(connection, row, _SITE_EFFECTS, run_id)


def run_site_moves(connection: psycopg.Connection, run_id: str, row: type[_V]) -> tuple[_V, ...]:
    """Return the rows that an enactment and a revert have added to the log of an organisation's units."""
    return _rows(connection, row, _SITE_MOVES, run_id)


def _rows(connection: psycopg.Connection, row: type[_V], query: str, run_id: str) -> tuple[_V, ...]:
    return tuple(connection.cursor(row_factory=class_row(row)).execute(query.encode(), (run_id,)).fetchall())

"""The server at hand, beside the one on which the drafts of a run were verified; also on a standby."""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_column, read_row


class PlaceRow(NamedTuple):
    """The database at hand, and the last verification of a run: the last one made here, or else the last one anywhere."""

    database: str
    system_identifier: str
    timeline: int
    is_standby: bool
    verified_on: str | None
    """System identifier of the server that verified; None without a verification, or if version 0.2.0 recorded it."""
    verified_timeline: int | None
    is_verified: bool


# A standby writes no timeline: it has the one that it replays.
_HERE = """
    WITH here AS (
        SELECT current_database()::text AS database, c.system_identifier::text AS system_identifier,
               CASE WHEN pg_is_in_recovery() THEN greatest(k.timeline_id, r.min_recovery_end_timeline)
                    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline,
               pg_is_in_recovery() AS is_standby
          FROM pg_control_system() c, pg_control_checkpoint() k, pg_control_recovery() r)
"""
_PLACE = (
    _HERE
    + """
    SELECT h.database, h.system_identifier, h.timeline, h.is_standby, v.system_identifier, v.timeline, v.id IS NOT NULL
      FROM here h
      LEFT JOIN LATERAL (
               SELECT w.id, w.system_identifier, w.timeline FROM cutter_governance.v_verification w
                WHERE w.run_id = %s
                ORDER BY (w.system_identifier, w.timeline) IS NOT DISTINCT FROM (h.system_identifier, h.timeline) DESC,
                         w.verified_at DESC, w.id LIMIT 1) v ON true
"""
)
_VERIFIED_HERE = (
    _HERE
    + """
    SELECT DISTINCT w.run_id FROM here h
      JOIN cutter_governance.v_verification w
        ON (w.system_identifier, w.timeline) IS NOT DISTINCT FROM (h.system_identifier, h.timeline)
     WHERE w.run_id = ANY (%s)
"""
)


def place_of_run(connection: psycopg.Connection, run_id: str) -> PlaceRow:
    """Return the database at hand, and the server on which the run's drafts were verified."""
    return read_row(connection, PlaceRow, _PLACE, (run_id,))


def verified_here(connection: psycopg.Connection, run_ids: Iterable[str]) -> frozenset[str]:
    """Return those of these runs whose drafts were verified on this server and timeline."""
    return frozenset(read_column(connection, _VERIFIED_HERE, (list(run_ids),)))

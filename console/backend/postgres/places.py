"""The server at hand, beside the one on which the drafts of a run were verified; also on a standby."""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_rows


class PlaceRow(NamedTuple):
    """The database at hand, and the last verification of a run: the last one made here, or else the last one anywhere."""

    database: str
    system_identifier: str
    timeline: int
    is_standby: bool
    verified_on: str | None
    """System identifier of the server that verified; None without a verification, or if version 0.2.0 recorded it."""
    verified_timeline: int | None
    is_edited: bool = False
    """True if a draft of the run's document was edited since that verification."""


_PLACE = """
    SELECT q.run_id, h.database, h.system_identifier, h.timeline, h.is_standby, v.system_identifier, v.timeline,
           EXISTS (SELECT FROM cutter_governance.v_run r JOIN cutter_governance.v_run e USING (docprefix)
                    WHERE r.run_id = q.run_id AND (e.operation, e.stage) = ('edit', 'closeout_reported')
                      AND e.changed_at > v.verified_at) AS is_edited
      FROM cutter_governance.v_server_at_hand h
     CROSS JOIN unnest(%(runs)s::text[]) q (run_id)
      LEFT JOIN LATERAL (
               SELECT w.id, w.system_identifier, w.timeline, w.verified_at FROM cutter_governance.v_verification w
                WHERE w.run_id = q.run_id
                ORDER BY (w.system_identifier, w.timeline) IS NOT DISTINCT FROM (h.system_identifier, h.timeline) DESC,
                         w.verified_at DESC, w.id LIMIT 1) v ON true
"""
_VERIFIED = """
    SELECT DISTINCT ON (w.run_id) w.run_id, w.system_identifier, w.timeline
      FROM cutter_governance.v_server_at_hand h, cutter_governance.v_verification w
     WHERE w.run_id = ANY (%s)
     ORDER BY w.run_id, (w.system_identifier, w.timeline) IS NOT DISTINCT FROM (h.system_identifier, h.timeline) DESC,
              w.verified_at DESC, w.id
"""


class VerifiedRow(NamedTuple):
    """The server that verified the drafts of a run; None for both if version 0.2.0 recorded it."""

    run_id: str
    system_identifier: str | None
    timeline: int | None


def place_of_run(connection: psycopg.Connection, run_id: str) -> PlaceRow:
    """Return the database at hand, and the server on which the run's drafts were verified."""
    return places_of_runs(connection, (run_id,))[run_id]


def places_of_runs(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, PlaceRow]:
    """Return the same for each of these runs, by its id."""
    rows = read_rows(connection, lambda *row: (str(row[0]), PlaceRow(*row[1:])), _PLACE, {"runs": list(run_ids)})
    return dict(rows)


def verified_places(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, VerifiedRow]:
    """Return the server that verified the drafts of each of these runs: this one, if it has."""
    return {row.run_id: row for row in read_rows(connection, VerifiedRow, _VERIFIED, (list(run_ids),))}

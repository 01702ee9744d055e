"""The manifest of a plan as it is recorded beside the plan's digest, by the console that planned."""

from collections.abc import Iterable

import psycopg

from console.backend.postgres.connections import read_rows

PLAN_DIGEST, MANIFEST_DIGEST = "plan digest", "manifest digest"
"""Name of the check under which the phase that plans records the plan's digest, and of the evidence beside it."""
# Of the plan that the run has now, as the check says, and by who held the journal's key.
_MANIFEST = """
    SELECT DISTINCT ON (r.run_id) r.run_id, m ->> 'answer'
      FROM cutter_governance.v_run r
      JOIN cutter_governance.v_run_event e ON e.run_id = r.run_id AND e.phase = 'cutplan' AND e.vouched
     CROSS JOIN LATERAL jsonb_array_elements(e.record -> 'checks') p
     CROSS JOIN LATERAL jsonb_array_elements(p -> 'evidence') m
     WHERE r.run_id = ANY (%(runs)s) AND p ->> 'name' = %(plan)s AND p ->> 'detail' = r.plan_digest AND m ->> 'asked' = %(manifest)s
     ORDER BY r.run_id, e.id DESC
"""


def recorded_manifest(connection: psycopg.Connection, run_id: str) -> str | None:
    """Return the manifest's digest that was recorded with the plan of the run; None if there is none, as of an older run."""
    return recorded_manifests(connection, (run_id,)).get(run_id)


def recorded_manifests(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, str]:
    """Return the same of those of these runs that have one, by their ids."""
    names = {"runs": list(run_ids), "plan": PLAN_DIGEST, "manifest": MANIFEST_DIGEST}
    return dict(read_rows(connection, lambda run_id, digest: (str(run_id), str(digest)), _MANIFEST, names))

"""The manifest of a plan as it is recorded beside the plan's digest, by the console that planned."""

import psycopg

from console.backend.postgres.connections import read_column

PLAN_DIGEST, MANIFEST_DIGEST = "plan digest", "manifest digest"
"""Name of the check under which the phase that plans records the plan's digest, and of the evidence beside it."""
# Of the plan that the run has now, as the check says, and by who held the journal's key.
_MANIFEST = """
    SELECT m ->> 'answer'
      FROM cutter_governance.v_run r
      JOIN cutter_governance.v_run_event e ON e.run_id = r.run_id AND e.phase = 'cutplan' AND e.vouched
     CROSS JOIN LATERAL jsonb_array_elements(e.record -> 'checks') p
     CROSS JOIN LATERAL jsonb_array_elements(p -> 'evidence') m
     WHERE r.run_id = %(run)s AND p ->> 'name' = %(plan)s AND p ->> 'detail' = r.plan_digest AND m ->> 'asked' = %(manifest)s
     ORDER BY e.id DESC LIMIT 1
"""


def recorded_manifest(connection: psycopg.Connection, run_id: str) -> str | None:
    """Return the manifest's digest that was recorded with the plan of the run; None if there is none, as of an older run."""
    names = {"run": run_id, "plan": PLAN_DIGEST, "manifest": MANIFEST_DIGEST}
    return next(iter(read_column(connection, _MANIFEST, names)), None)

"""Reads of the baseline and of the steps that runs have recorded since it was pinned."""

from datetime import datetime
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_rows, scalar
from console.backend.postgres.rendering import schema_names


class BaselineRow(NamedTuple):
    """Rows of one table when the baseline was pinned, and the run that pinned it, if any."""

    table: str
    rows: int
    run_id: str | None
    pinned_at: datetime


class StepRow(NamedTuple):
    """One recorded step, with the state of its run."""

    run_id: str
    phase: str
    n_units: int
    stage: str
    family: str
    docprefix: str
    operation: str
    plan_digest: str


_BASELINE = "SELECT table_name, rows, run_id, pinned_at FROM cutter_governance.v_baseline"
_STEPS = """
    SELECT e.run_id, e.phase, coalesce(r.n_units, 0), r.stage, r.family, r.docprefix, r.operation, coalesce(r.plan_digest, '')
      FROM cutter_governance.v_run_event e JOIN cutter_governance.v_run r USING (run_id)
     WHERE e.at > %(since)s AND (e.outcome = 'PASS' OR e.phase = 'verify again') -- This one comes with its rows whatever it found.
       AND e.vouched IS NOT FALSE -- What a stranger says of itself accounts for nothing.
       AND (e.run_id, e.phase) IS DISTINCT FROM (%(by)s, 'revert')
       AND (r.operation, e.phase) IS DISTINCT FROM ('edit', 'write_verify') -- It reads back, and records nothing else.
     ORDER BY e.id
"""
_STARTED = "SELECT count(*) FROM cutter_governance.v_run WHERE started_at >= %s"


def baseline(connection: psycopg.Connection) -> tuple[BaselineRow, ...]:
    """Return the pinned baseline, one row per table."""
    names = schema_names(connection)
    rows = read_rows(connection, BaselineRow, _BASELINE)
    return tuple(row._replace(table=names.as_written(row.table)) for row in rows)


def steps_since(connection: psycopg.Connection, since: datetime, pinned_by: str | None) -> tuple[StepRow, ...]:
    """Return the steps since the baseline that may have written rows, without the revert that pinned it, if one did."""
    return read_rows(connection, StepRow, _STEPS, {"since": since, "by": pinned_by})


def count_runs_since(connection: psycopg.Connection, since: datetime) -> int:
    """Return how many runs were started at this time or later."""
    return int(str(scalar(connection, _STARTED, since)))

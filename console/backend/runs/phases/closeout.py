"""Phase 11: read back what became of it, pin the new baseline; the report of the run is written once it has come to rest."""

import psycopg
from psycopg.types.json import Jsonb

from console.backend.database import ledger
from console.backend.database.records import require_run
from console.backend.outcome import Check
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step

_ENACTED = """
    SELECT count(*) FILTER (WHERE u.lifecycle_status = 'enacted'), count(*),
           (SELECT count(*) FROM public.iu_lifecycle_log g WHERE g.run_id = %(run)s AND g.to_status = 'enacted')
      FROM cutter_governance.manifest_unit_block b JOIN public.information_unit u ON u.id = b.unit_id WHERE b.run_id = %(run)s
"""


class Closeout(PhaseWork):
    """The record closes with counts that were read, not with what the functions said."""

    phase = Phase.CLOSEOUT

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        if not step.is_live:
            return (
                step.passed(
                    "dry run", "nothing was written; phases that look at written rows were not run", "the run's records"
                ),
            )
        row = connection.execute(_ENACTED, {"run": step.run_id}).fetchone()
        n = require_run(connection, step.run_id).n_units
        answer = f"{row[0]} of {row[1]} units enacted, {row[2]} log rows, {n} planned" if row else "no rows"
        return (
            step.check("enacted units", answer, "the database", row == (n, n, n), "Set a HOLD and call the sovereign."),
        )

    def promise(self, step: Step) -> tuple[Check, ...]:
        return (step.passed("baseline pinned", "today's counts are the next run's baseline", "fn_run_close"),)

    def write(self, step: Step, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]) -> None:
        ledger.close_run(connection, step.run_id, event)

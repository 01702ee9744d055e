"""Phase 8: the governance rows of the cut: decision, change set, affected rows, signature, backlog."""

import psycopg
from psycopg.types.json import Jsonb

from console.backend.database import ledger
from console.backend.outcome import Check
from console.backend.runs.preflight import world_unchanged
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step


class LegBRecord(PhaseWork):
    """Leg B; 5 + N rows."""

    phase = Phase.LEG_B_RECORD

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        return (world_unchanged(step, connection, own_run_wrote=step.is_live),)

    def promise(self, step: Step) -> tuple[Check, ...]:
        n = step.workspace.plan().n_units
        return (step.passed("leg B", f"decision, change set and {n} affected rows recorded", "fn_cut_record"),)

    def write(self, step: Step, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]) -> None:
        ledger.record_cut(connection, step.run_id, step.workspace.plan().n_units, event)

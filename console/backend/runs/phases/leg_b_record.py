"""Phase 8: the governance rows of the cut: decision, change set, affected rows, signature, backlog."""

import psycopg

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

    def write(self, step: Step, connection: psycopg.Connection, _measured: tuple[Check, ...]) -> tuple[Check, ...]:
        return (step.passed("leg B", ledger.record_cut(connection, step.run_id), "fn_cut_record"),)

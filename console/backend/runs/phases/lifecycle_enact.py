"""Phase 10: the drafts become law, all of them in one transaction, under the second ruling."""

import psycopg
from psycopg.types.json import Jsonb

from console.backend.database import ledger
from console.backend.outcome import Check
from console.backend.runs.preflight import world_unchanged
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step


class LifecycleEnact(PhaseWork):
    """Irreversible; the database compares every draft with what was signed, and wants a newer PASS verification."""

    phase = Phase.LIFECYCLE_ENACT

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        return (world_unchanged(step, connection, own_run_wrote=step.is_live),)

    def promise(self, step: Step) -> tuple[Check, ...]:
        n = step.workspace.plan().n_units
        return (step.passed("enacted", f"{n} units and {n} versions, each as it was signed", "fn_cut_enact"),)

    def write(self, step: Step, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]) -> None:
        ledger.enact(connection, step.run_id, step.workspace.plan().n_units, event)

"""Phase 10: the drafts become law, all of them in one transaction, under the second ruling."""

import psycopg

from console.backend.database import ledger
from console.backend.outcome import Check
from console.backend.runs.preflight import world_unchanged
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step


class LifecycleEnact(PhaseWork):
    """Irreversible; the database compares the drafts with the digest that was signed."""

    phase = Phase.LIFECYCLE_ENACT

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        return (world_unchanged(step, connection, own_run_wrote=step.is_live),)

    def write(self, step: Step, connection: psycopg.Connection, _measured: tuple[Check, ...]) -> tuple[Check, ...]:
        return (step.passed("enacted", ledger.enact(connection, step.run_id, dry_run=False), "fn_cut_enact"),)

"""Phase 7: on a fresh connection, by another role: are the units there, and in their places?"""

import psycopg
from psycopg.types.json import Jsonb

from console.backend.database import ledger
from console.backend.outcome import Check
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Role, Step
from console.backend.runs.verification import measure_rows, structural_checks


class StructuralVerify(PhaseWork):
    """Incident 2: the function's success is not believed."""

    phase = Phase.STRUCTURAL_VERIFY
    role = Role.VERIFIER
    needs_rows = True

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        return structural_checks(step.workspace.plan(), measure_rows(connection, step.run_id, step.request.docprefix))

    def write(self, step: Step, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]) -> None:
        ledger.record_structure(connection, step.run_id, event)

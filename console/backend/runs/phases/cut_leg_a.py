"""Phase 6: the cut. Manifest, units, versions, the approval's use and the run's state in one transaction."""

import psycopg

from console.backend.database import ledger
from console.backend.documents.canonical import canonical_text
from console.backend.outcome import Check
from console.backend.runs.backups import fresh_backup
from console.backend.runs.preflight import preflight, world_unchanged
from console.backend.runs.sources import limits
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step


class CutLegA(PhaseWork):
    """There is no way from here to a simulator: a dry run simply ends before `write` (incident 1)."""

    phase = Phase.CUT_LEG_A

    def prepare(self, step: Step) -> tuple[Check, ...]:
        return fresh_backup(step) if step.is_live else ()

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        document = step.workspace.plan().document
        return (world_unchanged(step, connection, own_run_wrote=False), *preflight(step, connection, document))

    def write(self, step: Step, connection: psycopg.Connection, _measured: tuple[Check, ...]) -> tuple[Check, ...]:
        plan = step.workspace.plan()
        canonical = canonical_text(step.workspace.source(), limits(step.site.settings)).data
        step.report("sending the manifest", 0, plan.n_units)
        ledger.copy_manifest(connection, step.run_id, plan, canonical)
        step.report("cutting", plan.n_units, plan.n_units)
        return (step.passed("leg A", ledger.apply_cut(connection, step.run_id), "fn_cut_apply"),)

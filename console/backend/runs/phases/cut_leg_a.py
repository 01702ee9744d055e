"""Phase 6: the cut. Manifest, units, versions, the approval's use and the run's state in one transaction."""

import psycopg
from psycopg.types.json import Jsonb

from console.backend.database import ledger
from console.backend.documents.canonical import canonical_text
from console.backend.outcome import Check
from console.backend.runs.backups import ensure_backup
from console.backend.runs.preflight import preflight, world_unchanged
from console.backend.runs.sources import limits
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step


class CutLegA(PhaseWork):
    """There is no way from here to a simulator: a dry run simply ends before `write` (incident 1)."""

    phase = Phase.CUT_LEG_A

    def prepare(self, step: Step) -> tuple[Check, ...]:
        return ensure_backup(step) if step.is_live else ()

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        document = step.workspace.plan().document
        return (world_unchanged(step, connection, own_run_wrote=False), *preflight(step, connection, document))

    def promise(self, step: Step) -> tuple[Check, ...]:
        n = step.workspace.plan().n_units
        return (step.passed("leg A", f"{n} units and {n} versions, from a sealed manifest of {n}", "fn_cut_apply"),)

    def write(self, step: Step, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]) -> None:
        plan = step.workspace.plan()
        canonical = canonical_text(step.workspace.source(), limits(step.site.settings)).data
        step.report("cutting", 0, plan.n_units)
        ledger.apply_cut(connection, step.run_id, plan, canonical, event)
        step.report("cutting", plan.n_units, plan.n_units)

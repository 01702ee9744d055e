"""Phase 3: plan a second time, compare, and bind the plan to the world as it is now."""

import psycopg
from psycopg.types.json import Jsonb

from console.backend.canonical_json import sha256_hex
from console.backend.database import ledger
from console.backend.database.measure import measure_world
from console.backend.errors import Refused, StopCode
from console.backend.outcome import Check
from console.backend.plan import bind
from console.backend.runs.sources import planned
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step
from console.backend.runs.workspace import MARKED


class Cutplan(PhaseWork):
    """Its digest is what the sovereign signs."""

    phase = Phase.CUTPLAN

    def prepare(self, step: Step) -> tuple[Check, ...]:
        first = sha256_hex(step.workspace.read(MARKED))
        second = planned(step.site, step.request, step.workspace.source()).content_digest
        equal = first == second
        return (
            step.check(
                "two passes, one digest",
                f"{first} and {second}",
                "the pinned source",
                equal,
                "Report this: the scanner is not deterministic.",
            ),
        )

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        world = measure_world(connection, step.site.context.host)
        plan = bind(step.workspace.marked(), world)
        step.workspace.write_plan(plan)
        where = f"{world.target.database} on {world.target.host}, system {world.target.system_identifier}"
        return (
            step.passed("plan digest", plan.plan_digest, "canonical JSON of the plan"),
            step.passed("bound to", f"{where}, timeline {world.target.timeline}", "the database"),
        )

    def write(self, step: Step, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]) -> None:
        plan = step.workspace.plan()
        if plan.world is None:
            raise Refused(StopCode.INVARIANT_FAILED, "the plan is bound to no database", "Start another run.")
        ledger.record_plan(connection, step.run_id, plan, plan.world.baseline_digest, event)

"""Phase 2: mark the units in the pinned text, and see now what would be refused at the write (incident 4)."""

import psycopg

from console.backend.canonical_json import canonical_json
from console.backend.outcome import Check
from console.backend.runs.preflight import preflight
from console.backend.runs.sources import planned
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step
from console.backend.runs.workspace import MARKED


class Mark(PhaseWork):
    """The first of two independent passes over the text."""

    phase = Phase.MARK

    def prepare(self, step: Step) -> tuple[Check, ...]:
        document = planned(step.site, step.request, step.workspace.source())
        step.workspace.write(MARKED, canonical_json(document))
        coverage = document.coverage
        spans = f"{coverage.unit_bytes} bytes in units, {coverage.other_bytes} outside, every byte in exactly one span"
        return (
            step.passed(
                "units marked", f"{len(document.units)} units by profile {document.profile}", "the pinned source"
            ),
            step.check("lossless", spans, "the pinned source", coverage.lossless),
        )

    def measure(self, step: Step, connection: psycopg.Connection) -> tuple[Check, ...]:
        return preflight(step, connection, step.workspace.marked())

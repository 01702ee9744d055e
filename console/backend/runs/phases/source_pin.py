"""Phase 1: read the document once, keep its bytes, and record their digests."""

import psycopg
from psycopg.types.json import Jsonb

from console.backend.database import ledger
from console.backend.documents.canonical import canonical_text, source_version
from console.backend.outcome import Check
from console.backend.runs.sources import limits, read_source
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step


class SourcePin(PhaseWork):
    """From here on the run looks at its own copy; the file or the live text may change."""

    phase = Phase.SOURCE_PIN

    def prepare(self, step: Step) -> tuple[Check, ...]:
        raw = read_source(step.site, step.request.origin)
        canonical = canonical_text(raw, limits(step.site.settings))
        source = source_version(raw, canonical.data, step.request.origin)
        step.workspace.write("source.raw", raw)
        return (step.passed("source pinned", f"{source.bytes} bytes, sha256 {source.sha256}", step.request.origin),)

    def write(self, step: Step, connection: psycopg.Connection, event: Jsonb, _measured: tuple[Check, ...]) -> None:
        raw = step.workspace.source()
        canonical = canonical_text(raw, limits(step.site.settings))
        ledger.pin_source(connection, step.run_id, source_version(raw, canonical.data, step.request.origin), event)

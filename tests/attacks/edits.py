"""Runs that edit drafts, with psql and the roles' passwords alone."""

import psycopg

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import Coverage, CutPlan, DocumentPlan, SourceVersion
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.measure import measure_world
from tests.backend.postgres.signed_cut import SignedCut, event


class SignedEdit(SignedCut):
    """A run that edits drafts; arm it to edit."""

    def apply(self, connection: psycopg.Connection) -> None:
        """Send the edit in the caller's transaction."""
        ledger.apply_edit(connection, self.run_id, self.plan, self.canonical, event("edit"))

    def ready(self) -> "SignedEdit":
        """Sign it and open its lease."""
        self.rule("edit")
        self.arm("edit")
        return self


def start_edit(cut: SignedCut, number: int, *, docprefix: str = "", body: str = "Another text.\n") -> SignedEdit:
    """A run at its first pause that gives the cut's first unit another body; with `docprefix` it claims to be of that document."""
    run_id, prefix, data = f"ictr-20260101T000000Z-{number:08x}", docprefix or cut.docprefix, body.encode()
    edited = cut.units[0].model_copy(
        update={
            "byte_start": 0,
            "byte_end": len(data),
            "line_start": 1,
            "line_end": 1,
            "body_sha256": sha256_hex(data),
        }
    )
    plan = _plan(prefix, data, edited)
    facts = ledger.NewRun(
        run_id=run_id,
        operation="edit",
        docprefix=prefix,
        origin=plan.source.origin,
        profile="edit",
        operator="tester",
        host="host",
    )
    with connect(cut.database.conninfo("cutter_exec")) as connection:
        ledger.create_run(connection, facts, event("start"))
        ledger.pin_source(connection, run_id, plan.source, event("source_pin"))
        ledger.advance(connection, run_id, Stage.MARKED, event("mark"))
        bound = CutPlan(document=plan, expected_deltas=(), world=measure_world(connection, "host"))
        assert bound.world is not None
        ledger.record_plan(connection, run_id, bound, bound.world.baseline_digest, event("cutplan"))
    run = SignedEdit(database=cut.database, run_id=run_id, plan=bound, canonical=data)
    run.backup()
    with connect(cut.database.conninfo("cutter_exec")) as connection:
        for stage in (Stage.PRE_WRITE_BACKUP_TAKEN, Stage.AWAITING_CUT_AUTHORIZATION):
            ledger.advance(connection, run_id, stage, event("to the pause"))
    return run


def _plan(prefix: str, data: bytes, unit: PlannedUnit) -> DocumentPlan:
    return DocumentPlan(
        docprefix=prefix,
        profile="edit",
        ordinals=False,
        source=SourceVersion(
            origin=f"edits:{prefix}", bytes=len(data), sha256=sha256_hex(data), canonical_sha256=sha256_hex(data)
        ),
        units=(unit,),
        others=(),
        coverage=Coverage(unit_bytes=len(data), other_bytes=0, lossless=True),
    )

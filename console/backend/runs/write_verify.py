"""Verify everything as cutter_verify: places, bodies against the pinned source, coverage, deltas, untouched rows."""

from functools import partial

import psycopg
from psycopg.types.json import Jsonb

from console.backend.documents.canonical import Handover
from console.backend.documents.limits import limits_of
from console.backend.host.site_files import kept_mapping
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Check, Outcome
from console.backend.model.plan import CutPlan, bind
from console.backend.model.plan_binding import TableDelta
from console.backend.model.states import Phase
from console.backend.model.value import Value
from console.backend.model.written_plan import kept_bytes
from console.backend.postgres import ledger
from console.backend.runs.phase_context import PhaseContext, PhaseWork, Role
from console.backend.runs.row_comparison import PinnedText, all_as_planned, compared
from console.backend.runs.sources import canonical_bytes, planned
from console.backend.runs.verification import (
    Rows,
    effect_checks,
    fidelity_checks,
    measure_rows,
    structural_checks,
)


class CheckList(Value):
    """Result of a verification, as it is recorded."""

    checks: tuple[Check, ...]


class WriteVerify(PhaseWork):
    """Verification of the write; the verified draft waits here for the second ruling."""

    phase = Phase.WRITE_VERIFY
    role = Role.VERIFIER

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        return verify_cut(context, connection)

    def promise(self, context: PhaseContext) -> tuple[Check, ...]:
        answer = "PASS recorded; the database compares every draft with what was signed"
        return (context.passed("verify result", answer, "fn_verify_record"),)

    def write(
        self, context: PhaseContext, connection: psycopg.Connection, event: Jsonb, measured: tuple[Check, ...]
    ) -> None:
        checks = CheckList(checks=measured).model_dump_json()
        ledger.record_verification(connection, context.run_id, Outcome.PASS, checks, event)


def verify_cut(context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
    """Run every check of a cut, measured in one snapshot."""
    plan, rows, unchanged = _measure_checks(context, connection)
    return (*unchanged, *effect_checks(plan, rows, plan.expected_deltas))


def verify_again(
    context: PhaseContext, connection: psycopg.Connection, expected: tuple[TableDelta, ...] | None
) -> tuple[Check, ...]:
    """Verify a cut later, for `cutter-console verify`; without `expected` other runs have written what is not recorded as
    effects, and the counts of the tables say nothing about this one."""
    plan, rows, unchanged = _measure_checks(context, connection)
    return unchanged if expected is None else (*unchanged, *effect_checks(plan, rows, expected))


def _measure_checks(context: PhaseContext, connection: psycopg.Connection) -> tuple[CutPlan, Rows, tuple[Check, ...]]:
    plan, request, installation = context.workspace.plan(), context.request, context.installation
    rows, source = _compared(context, connection, plan)
    # A large plan is in memory once: this one is compared, by its digest, with the one that is made now.
    plan.document.units.let_go()
    profile = context.workspace.profile(request)
    acceptances = context.workspace.acceptances(request, limits_of(installation.settings))
    raw = Handover(context.workspace.source())
    replanned = bind(planned(installation, request, raw, profile, acceptances), plan.world, plan.amendment)
    return plan, rows, (*structural_checks(plan, rows), *fidelity_checks(plan, replanned, source, rows))


def _compared(context: PhaseContext, connection: psycopg.Connection, plan: CutPlan) -> tuple[Rows, PinnedText]:
    """Compare the rows with the pinned source, which is in memory for no longer than that."""
    request, raw = context.request, context.workspace.source()
    kept = kept_bytes(canonical_bytes(context.installation, request, raw), plan.document.dropped)
    text = PinnedText(size=len(kept), sha256=sha256_hex(kept))
    rows = measure_rows(
        connection,
        context.run_id,
        request.docprefix,
        compared(plan, kept),
        plan.amendment,
        at_once=partial(all_as_planned, plan, text=text),
        effects=plan.world.effects if plan.world is not None else 0,
        in_site=kept_mapping(context.installation).mapping is not None,
    )
    return rows, text

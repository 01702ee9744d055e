"""A verification at the second pause: after edits, before SG_2 is drafted, and whenever somebody asks."""

import time

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.site_files import run_tables
from console.backend.journal.journal import Journal
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Check, Outcome, whole_ms, worst
from console.backend.model.plan_binding import TableDelta
from console.backend.model.purposes import Operation
from console.backend.model.readiness import first_three
from console.backend.model.run_tables import summed
from console.backend.model.states import Family, Phase, RunState, Stage
from console.backend.model.view_models import RunView
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.ledger import Event
from console.backend.postgres.rulings import count_verifications, unrecorded_uses_since
from console.backend.runs.known_run import known_run
from console.backend.runs.operations import committing, operation
from console.backend.runs.phase_context import PhaseContext, Role
from console.backend.runs.run_ids import require_live
from console.backend.runs.workspace import PhaseRecord, Workspace
from console.backend.runs.write_verify import CheckList, verify_again


def verify_drafts(installation: Installation, run: RunView, *, record: bool) -> tuple[Check, ...]:
    """Run every check of a draft cut, as cutter_verify; at the second pause record the verdict, unless `record` is off.

    Raises Refused if the run has no draft to verify.
    """
    require_live(installation, run.run_id)
    if not _has_draft(run.state):
        raise Refused(
            StopCode.EXECUTION_DISABLED,
            f"run {run.run_id} at {run.state.name} has no draft cut",
            f"Drafts are verified between leg B and the enactment; see: cutter-console run show {run.run_id}",
        )
    known = known_run(installation, run.run_id)
    workspace, context = known.workspace, PhaseContext(installation, known.workspace, known.request, lambda *_: None)
    pause = run.state == RunState(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION)
    if not (record and pause):
        return _measure_checks(context, run)
    with operation(installation, workspace, context.request, Operation.VERIFY_AGAIN) as journal:
        started, clock = installation.context.now(), time.perf_counter()
        checks = _measure_checks(context, run)
        outcome = worst([check.outcome for check in checks])
        # What could not be measured is no verdict, and leaves the last recorded one as it is.
        if outcome in {Outcome.PASS, Outcome.FAIL}:
            phase_record = PhaseRecord(
                phase=Phase.WRITE_VERIFY,
                outcome=outcome,
                detail=f"verified again: {sum(check.outcome is Outcome.PASS for check in checks)} of {len(checks)} checks PASS",
                started_at=started,
                took_ms=whole_ms(time.perf_counter() - clock),
                checks=checks,
            )
            _record(installation, workspace, phase_record, journal)
    return checks


def _record(installation: Installation, workspace: Workspace, phase_record: PhaseRecord, journal: Journal) -> None:
    run_id = workspace.run_id
    with committing(
        installation,
        journal,
        run_id,
        Operation.VERIFY_AGAIN,
        role=Role.VERIFIER,
        timeout_s=installation.settings.statement_limit_s,
    ) as promise:
        record = canonical_json(phase_record).decode()
        event = Event(phase=Operation.VERIFY_AGAIN, outcome=phase_record.outcome, record=record, anchor=promise.head)
        checks = CheckList(checks=phase_record.checks).model_dump_json()
        event_json = ledger.event_json(promise.connection, run_id, event, workspace.journal_key())
        ledger.record_verification(promise.connection, run_id, phase_record.outcome, checks, event_json)


def _measure_checks(context: PhaseContext, run: RunView) -> tuple[Check, ...]:
    verifier, limit_s = context.installation.settings.database.verifier, context.installation.settings.statement_limit_s
    with connect(verifier, read_only=True, timeout_s=limit_s, purpose="verify") as connection:
        expected = _deltas_since(connection, run, context)
        differing = ledger.draft_differences(connection, run.run_id)
    # Another connection: the checks set the isolation level, which is possible only before the first statement.
    with connect(verifier, read_only=True, timeout_s=limit_s, purpose="verify") as connection:
        checks = verify_again(context, connection, expected)
    answer = first_three(differing) or "every draft is as signed, and the prefix has no other units"
    advice = f"Take them back: cutter-console approval draft {run.run_id} --revert"
    return (*checks, context.check("as signed", answer, "fn_draft_differences", not differing, advice))


def _deltas_since(connection: psycopg.Connection, run: RunView, context: PhaseContext) -> tuple[TableDelta, ...] | None:
    """Return the rows that this run has added by now to each table; None if another run has written since, unrecorded.

    Effects are recorded since a migration: what was written before it is not known to the row.
    """
    if unrecorded_uses_since(connection, run.run_id) != 0:
        return None
    verified = count_verifications(connection, run.run_id)
    # Each recorded verification has added its rows.
    planned = context.workspace.plan().expected_deltas
    more = run_tables(context.installation).of_plan(planned).verification() * verified
    return summed((*planned, *more))


def _has_draft(state: RunState) -> bool:
    return state.family is not Family.REVERTED and state.stage in {
        Stage.LEG_B_RECORDED,
        Stage.WRITE_VERIFIED,
        Stage.AWAITING_LIFECYCLE_AUTHORIZATION,
    }

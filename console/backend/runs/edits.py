"""Edits of draft units: a small plan of its own, signed like a cut, all of it in one transaction."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from console.backend.approvals.statement import new_run_id
from console.backend.host.installation import Installation
from console.backend.host.signals import at_work
from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import Anchor, Field, RecordKind
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Held, Refused, StopCode
from console.backend.model.outcome import Check, Outcome, whole_ms, worst
from console.backend.model.plan import Coverage, CutPlan, DocumentPlan, SourceVersion
from console.backend.model.plan_binding import TableDelta
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.profile_names import EDIT_PROFILE
from console.backend.model.purposes import Operation, Purpose, RunOperation
from console.backend.model.states import Mode, Phase, Stage
from console.backend.model.tables import BLOCK, ENVELOPE, VERSION
from console.backend.model.value import Value
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.ledger import Event
from console.backend.postgres.measure import measure_world, readers_digest_since
from console.backend.postgres.units import find_draft
from console.backend.runs.anchoring import change_event, come_to_rest
from console.backend.runs.backups import take_run_backup
from console.backend.runs.kill_switch import stop_under_hold
from console.backend.runs.lease import LeaseHolder
from console.backend.runs.lifecycle import run_row
from console.backend.runs.operations import committing, intended, operation
from console.backend.runs.phase_context import PhaseContext, Role
from console.backend.runs.row_comparison import compared_with_edits
from console.backend.runs.site_preflight import refuse_all_but_a_cut
from console.backend.runs.verification import edit_checks, measure_rows
from console.backend.runs.workspace import SOURCE, PhaseRecord, RunRequestFile, Workspace


class DraftEdit(Value):
    """A draft unit's new title and body."""

    address: str
    title: str
    body: str


def plan_edits(installation: Installation, docprefix: str, edits: tuple[DraftEdit, ...]) -> str:
    """Plan the edits, take a proven backup and bring the run to its pause for SG_1. Returns the run id.

    Raises Refused if an address is not a draft unit.
    """
    source = "".join(edit.body for edit in edits).encode()
    refuse_all_but_a_cut(installation, "an edit")
    request = RunRequestFile(
        run_id=new_run_id(installation.context),
        mode=Mode.LIVE,
        origin=f"edits:{docprefix}",
        docprefix=docprefix,
        profile=EDIT_PROFILE,
        ordinals=False,
        operator=installation.operator,
        host=installation.context.host,
        started_at=installation.context.now(),
    )
    workspace = Workspace.create(installation.root, request)
    workspace.write(SOURCE, source)
    with at_work(), Journal.create(workspace.journal, request.run_id, installation.context) as journal:
        with intended(installation, request, journal, Operation.PLAN_EDITS):
            _plan(installation, workspace, request, edits, journal)
        with intended(installation, request, journal, Phase.PRE_WRITE_BACKUP):
            _to_the_pause(installation, workspace, request, journal)
        come_to_rest(installation, workspace, request, journal)
    return request.run_id


def _to_the_pause(installation: Installation, workspace: Workspace, request: RunRequestFile, journal: Journal) -> None:
    started, clock = installation.context.now(), time.perf_counter()
    checks = take_run_backup(PhaseContext(installation, workspace, request, lambda *_: None))
    taken = _record(Phase.PRE_WRITE_BACKUP, checks, started, clock)
    with committing(installation, journal, request.run_id, "edit: to the pause") as promise:
        event = _event(promise.connection, workspace, taken, promise.head)
        # An edit is no phase that could be resumed halfway: its stages are passed together.
        ledger.advance(promise.connection, request.run_id, Stage.PRE_WRITE_BACKUP_TAKEN, event)
        event = _step(promise.connection, workspace, "edit: to the pause", journal)
        ledger.advance(promise.connection, request.run_id, Stage.AWAITING_CUT_AUTHORIZATION, event)
    workspace.write_record(taken)


def _record(phase: Phase, checks: tuple[Check, ...], started: datetime, clock: float) -> PhaseRecord:
    outcome = worst([check.outcome for check in checks])
    bad = next((check for check in checks if check.outcome is not Outcome.PASS), checks[-1])
    detail = bad.detail if outcome is not Outcome.PASS or len(checks) == 1 else f"{len(checks)} checks PASS"
    took_ms = whole_ms(time.perf_counter() - clock)
    return PhaseRecord(phase=phase, outcome=outcome, detail=detail, started_at=started, took_ms=took_ms, checks=checks)


def _event(connection: psycopg.Connection, workspace: Workspace, record: PhaseRecord, head: Anchor) -> Jsonb:
    text = canonical_json(record).decode()
    event = Event(phase=record.phase, outcome=record.outcome, record=text, anchor=head)
    return ledger.event_json(connection, workspace.run_id, event, workspace.journal_key())


def _step(connection: psycopg.Connection, workspace: Workspace, phase: str, journal: Journal) -> Jsonb:
    return change_event(connection, workspace, phase, {}, journal.append(RecordKind.NOTE, phase))


def _plan(
    installation: Installation,
    workspace: Workspace,
    request: RunRequestFile,
    edits: tuple[DraftEdit, ...],
    journal: Journal,
) -> None:
    with committing(installation, journal, request.run_id, Operation.PLAN_EDITS) as promise:
        connection = promise.connection
        units, start, line = [], 0, 1
        for edit in edits:
            draft = find_draft(connection, edit.address)
            if draft is None:
                raise Refused(
                    StopCode.REFUSED_INPUT,
                    f"{edit.address} is not a draft unit",
                    "Only drafts can be edited: name the address of a draft.",
                )
            body = edit.body.encode()
            end, last = start + len(body), line + edit.body.count("\n")
            units.append(
                PlannedUnit(
                    address=draft.address,
                    parent=draft.parent,
                    unit_kind=draft.unit_kind,
                    section_type=draft.section_type,
                    number=draft.number,
                    title=edit.title,
                    line_start=line,
                    line_end=last,
                    byte_start=start,
                    byte_end=end,
                    body_sha256=sha256_hex(body),
                )
            )
            start, line = end, last
        event = change_event(connection, workspace, Operation.PLAN_EDITS, {}, promise.head)
        ledger.create_run(connection, run_row(request, RunOperation.EDIT), event)
        source = workspace.source()
        document = DocumentPlan(
            docprefix=request.docprefix,
            profile=request.profile,
            ordinals=False,
            source=SourceVersion(
                origin=request.origin, bytes=len(source), sha256=sha256_hex(source), canonical_sha256=sha256_hex(source)
            ),
            units=tuple(units),
            others=(),
            coverage=Coverage(unit_bytes=len(source), other_bytes=0, lossless=True),
        )
        plan = CutPlan(
            document=document,
            expected_deltas=expected_edit_deltas(len(edits)),
            world=measure_world(connection, request.host),
        )
        workspace.write_plan(plan)
        run_id, digest = request.run_id, plan.world.baseline_digest if plan.world else ""
        ledger.pin_source(connection, run_id, document.source, _step(connection, workspace, "edit: source", journal))
        ledger.advance(connection, run_id, Stage.MARKED, _step(connection, workspace, "edit: marked", journal))
        ledger.record_plan(connection, run_id, plan, digest, _step(connection, workspace, "edit: plan", journal))


def expected_edit_deltas(count: int) -> tuple[TableDelta, ...]:
    """Return the rows that an edit of so many drafts adds."""
    return (
        TableDelta(table=VERSION, rows=count),
        TableDelta(table=ENVELOPE, rows=1),
        TableDelta(table=BLOCK, rows=count),
    )


def apply_edits(installation: Installation, run_id: str, holder: LeaseHolder | None = None) -> int:
    """Write a new version of each planned unit, all or none, under an armed lease to edit. Returns how many.

    `holder` is the session that has taken the lease up already, if one has.
    Raises Held, and sets a HOLD, if another role on a fresh connection finds other rows than planned.
    """
    workspace = Workspace.open(installation.root, run_id)
    plan, source = workspace.plan(), workspace.source()
    fields = (Field(key="units", value=str(plan.n_units)),)
    with (
        operation(installation, workspace, workspace.request(), Operation.EDIT, fields) as journal,
        _holding(installation, run_id, holder) as lease,
    ):
        if not lease.take(Purpose.EDIT):
            raise Refused(
                StopCode.EXECUTION_DISABLED,
                f"the switch is not armed for run {run_id} to edit",
                "Arm the switch for this run to edit, then apply the edits again.",
            )
        try:
            untouched = _write(installation, workspace, plan, source, journal)
        except Held as error:
            # Nothing was committed, and what adds rows that nobody signed would do so again.
            if error.code is StopCode.COUNT_MISMATCH:
                stop_under_hold(installation, error.code, error.message, run_id)
            raise
        try:
            _verify(installation, workspace, untouched, journal)
        finally:
            come_to_rest(installation, workspace, workspace.request(), journal)
    return plan.n_units


def _write(installation: Installation, workspace: Workspace, plan: CutPlan, source: bytes, journal: Journal) -> str:
    """Write the edits. Return the digest of all other units from before, in the transaction that wrote."""
    run_id, own = workspace.run_id, [unit.address for unit in plan.document.units]
    with committing(
        installation, journal, run_id, Operation.EDIT, timeout_s=installation.settings.statement_limit_s
    ) as promise:
        # In the transaction that writes, before it writes: afterwards all other units must read the same.
        untouched = readers_digest_since(promise.connection, _effects(plan), plan.document.docprefix, own)
        record = json.dumps({"status": "edited", "units": plan.n_units})
        event = Event(phase=Operation.EDIT, outcome=Outcome.PASS, record=record, anchor=promise.head)
        event_json = ledger.event_json(promise.connection, run_id, event, workspace.journal_key())
        ledger.apply_edit(promise.connection, run_id, plan, source, event_json)
    return untouched


def _effects(plan: CutPlan) -> int:
    return plan.world.effects if plan.world is not None else 0


@contextmanager
def _holding(installation: Installation, run_id: str, holder: LeaseHolder | None) -> Iterator[LeaseHolder]:
    if holder is not None:
        yield holder
        return
    with LeaseHolder(installation, run_id) as own:
        yield own


def _verify(installation: Installation, workspace: Workspace, untouched: str, journal: Journal) -> None:
    """Read back as cutter_verify what was committed; the functions' own success is not taken as proof."""
    run_id, docprefix = workspace.request().run_id, workspace.request().docprefix
    started, clock = installation.context.now(), time.perf_counter()
    with connect(installation.settings.database.verifier, read_only=True, purpose="edit: verify") as connection:
        plan = workspace.plan()
        rows = measure_rows(connection, run_id, docprefix, compared_with_edits(plan), effects=_effects(plan))
        checks = edit_checks(plan, rows, untouched)
    verified = _record(Phase.WRITE_VERIFY, checks, started, clock)
    with committing(installation, journal, run_id, "edit: verify", role=Role.VERIFIER) as promise:
        event = _event(promise.connection, workspace, verified, promise.head)
        ledger.record_edit_verification(promise.connection, run_id, event)
    workspace.write_record(verified)
    if verified.outcome is not Outcome.PASS:
        message = f"the edits of run {run_id} are not what was planned: {verified.detail}"
        stop_under_hold(installation, StopCode.COUNT_MISMATCH, message, run_id)

"""The record of one run, read in one snapshot: rows that are only added, the journal, the files of the run; nothing measured now.

It is read as the verifying role, or as far as the monitoring role may read.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Annotated, Protocol

import psycopg
from pydantic import AfterValidator, ValidationError

from console.backend.approvals.policy import Policy, load_policy
from console.backend.host.installation import Installation
from console.backend.host.regular_file import sha256_file
from console.backend.host.site_files import kept_mapping, run_tables
from console.backend.journal.journal import JournalVerdict, verify_journal
from console.backend.journal.journal_record import AnchoredEvent, Record
from console.backend.model.amendment import AmendmentCounts
from console.backend.model.errors import CutterError
from console.backend.model.plan_binding import TableDelta
from console.backend.model.profile_names import EDIT_PROFILE
from console.backend.model.purposes import Purpose, RunOperation
from console.backend.model.run_tables import NOT_RECORDED, RunTables
from console.backend.model.safe_text import SafeText
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.states import Mode, Phase, RunState
from console.backend.model.value import Value
from console.backend.postgres import run_record
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.records import RunRow, require_run
from console.backend.postgres.records import events as recorded_events
from console.backend.postgres.rendering import schema_names
from console.backend.runs.approval_workflow import policy_copy
from console.backend.runs.run_state import anchored_events, dry_run_state
from console.backend.runs.workspace import PhaseRecord, PlanFacts, RunRequestFile, Workspace

Utc = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""A time in UTC, so that a report does not depend on the time zone of the connection that read it."""


class Head(Value):
    """Identity and state of the run in the record."""

    run_id: str
    mode: Mode
    operation: RunOperation
    docprefix: SafeText
    origin: SafeText
    profile: SafeText
    profile_sha256: str = ""
    """Digest of the operator's own profile, as the plan has it; empty for a profile that is shipped."""
    operator: SafeText
    host: SafeText
    started_at: Utc
    changed_at: Utc
    state: RunState
    source_sha256: str = ""
    plan_digest: str = ""
    content_digest: str = ""
    baseline_digest: str = ""
    n_units: int | None = None
    amendment: AmendmentCounts | None = None
    """Effects of an amendment or a repeal on the law; None for a first cut, and where the plan's file is gone."""
    kept_in: SafeText
    """Row or file that says so."""

    @property
    def n_drafts(self) -> int | None:
        """Return how many units become law with the enactment; None where the plan of an amendment is gone."""
        if self.operation is RunOperation.REPEAL:
            return 0
        if self.amendment is not None:
            return self.amendment.drafts
        return None if self.operation is RunOperation.AMEND else self.n_units

    @property
    def is_edit(self) -> bool:
        """Return whether this is an edit of drafts, which has no phases."""
        return self.operation is RunOperation.EDIT or self.profile == EDIT_PROFILE


class Event(Value):
    """One recorded step as its row has it; `found` is the phase's record in `text`, or None if the step is no phase."""

    id: int
    phase: SafeText
    stage: SafeText
    family: SafeText
    outcome: SafeText
    text: SafeText
    found: PhaseRecord | None
    journal_seq: int
    journal_head: str
    xid: str
    actor: SafeText
    at: Utc
    is_ours: bool = True
    """True if the journal's writer recorded it; other rows say nothing about the journal."""


class Use(Value):
    """Use of a statement. `xid` and `used_by` are empty if only the views could be read."""

    purpose: SafeText
    used_at: Utc
    xid: str = ""
    used_by: SafeText = ""


class Ruling(Value):
    """An imported statement, its bytes and what became of it."""

    statement_sha256: str
    kind: str
    policy_sha256: str
    not_before: Utc
    expires: Utc
    signers: tuple[SafeText, ...]
    statement: bytes
    signatures: tuple[bytes, ...]
    imported_by: SafeText
    imported_at: Utc
    batch_ruling: str | None = None
    """sha256 of the statement over a batch that names this one and carries the signatures; None if it was signed itself."""
    uses: tuple[Use, ...]
    policy: Policy | None
    """The policy with the digest that was signed, or None if the run has no copy of it."""


class Lease(Value):
    """One time that the switch was armed for this run."""

    purpose: SafeText
    operator: SafeText
    host: SafeText
    armed_by: SafeText
    armed_at: Utc
    expires_at: Utc
    ended_at: Utc | None
    end_reason: SafeText | None


class Decision(Value):
    """A review decision of this run."""

    id: str
    verdict: SafeText
    marker: SafeText
    statement_sha256: str
    decided_by: tuple[SafeText, ...]
    decided_at: Utc


class Transition(Value):
    """Rows of the lifecycle log that say the same of several units."""

    from_status: SafeText
    to_status: SafeText
    rows: int
    actor: SafeText
    last_at: Utc


class ChangeSet(Value):
    """Leg B's change set with the number of its rows."""

    id: str
    plan_digest: str
    n_units: int
    affected: int
    created_by: SafeText
    created_at: Utc


class Verification(Value):
    """A recorded verification and the digest of the drafts that it signed."""

    id: str
    outcome: SafeText
    verified_by: SafeText
    verified_at: Utc
    signed_digest: str


class Hold(Value):
    """A HOLD that names this run."""

    action: SafeText
    reason: SafeText
    by: SafeText
    at: Utc


_LEG_B = "record"
"""The step in which leg B records its rows of the organisation's tables."""


class SiteEffect(Value):
    """Rows that one step has added to the organisation's tables."""

    step: SafeText
    mapping_sha256: str
    rows_added: dict[str, int]
    left_out: SafeText
    """Of a revert: why nothing was added; empty otherwise."""
    compared_with: str = ""
    """sha256 of the signed statement that its rows were compared with; empty of those that no ruling is over, and of older ones."""
    recorded_at: Utc


class SiteMove(Value):
    """Rows that an enactment or a revert has added to the log of the organisation's units."""

    step: SafeText
    table_name: SafeText
    rows_added: int
    mapping_sha256: str = ""


class Ledger(Value):
    """The rows that the monitoring role may not read."""

    leases: tuple[Lease, ...]
    decisions: tuple[Decision, ...]
    transitions: tuple[Transition, ...]
    backlog: tuple[SafeText, ...]
    """The statuses of the run's backlog entry, in order."""
    change_set: ChangeSet | None
    verification: Verification | None
    manifest_blocks: int
    holds: tuple[Hold, ...]
    site_effects: tuple[SiteEffect, ...] = ()
    """In the order of the steps; none where nothing is written into an organisation's governance tables."""
    site_moves: tuple[SiteMove, ...] = ()


class RunRecord(Value):
    """Everything that the report says is in here."""

    head: Head
    events: tuple[Event, ...]
    rulings: tuple[Ruling, ...]
    ledger: Ledger | None
    """None for a dry run, which has no rows, and if it could not be read."""
    ledger_unread: SafeText = ""
    journal: JournalVerdict
    journal_records: tuple[Record, ...]
    files: tuple[PhaseRecord, ...]
    """The phases' records in the run's own directory."""
    planned: tuple[TableDelta, ...]
    """Rows that the plan expects; empty before there is a plan."""
    unsigned: tuple[TableDelta, ...] = ()
    """Rows of an organisation's tables that a revert under SG_1 adds, by the site mapping that it was written by."""
    other_mapping: str = ""
    """sha256 of that mapping, if this host does not keep it: then it is not known which rows there must be."""
    plan_file: SafeText
    """sha256 of plan.json, or why there is none."""
    names: SchemaNames = OWN
    """Schemas of the console's own tables in the database of the record."""

    @cached_property
    def ended_at(self) -> datetime:
        """Return the time of the last addition to the record; facts that have no time of their own have this one."""
        last = self.journal_records[-1].time if self.journal_records else ""
        return max(self.head.changed_at, datetime.fromisoformat(last)) if last else self.head.changed_at

    @cached_property
    def journal_hashes(self) -> dict[int, str]:
        """Return the hash of each sound record of the journal, by its number."""
        return {entry.sequence: entry.hash for entry in self.journal_records}

    def last(self, phase: Phase | str) -> Event | None:
        """Return the last step of this name that was recorded with the journal's key, or None."""
        own_steps = (event for event in reversed(self.events) if event.is_ours and event.phase == str(phase))
        return next(own_steps, None)

    def ruling(self, purpose: str) -> Ruling | None:
        """Return the statement that was used for this purpose, or None."""
        return next((ruling for ruling in self.rulings if any(use.purpose == purpose for use in ruling.uses)), None)


class _EventRow(Value):
    id: int
    phase: str
    stage: str
    family: str
    outcome: str
    text: str
    journal_seq: int
    journal_head: str
    xid: str
    actor: str
    at: object


class _UseRow(Use):
    statement_sha256: str


class _Uses(Protocol):
    """Reads the uses of a run's statements, as far as the role may see them."""

    def __call__(self, connection: psycopg.Connection, run_id: str, row: type[_UseRow]) -> tuple[_UseRow, ...]: ...


class _Stored(Value):
    """Rows that the database has."""

    row: RunRow
    events: tuple[Event, ...]
    rulings: tuple[Ruling, ...]
    ledger: Ledger | None
    unread: str = ""
    names: SchemaNames


def read_record(installation: Installation, run_id: str) -> RunRecord:
    """Read the run's record as the verifying role or, if that fails, as the monitoring role and without the ledger.

    Raises Refused if there is no such run, Unmeasured if the database is needed and out of reach.
    """
    workspace = Workspace.open(installation.root, run_id)
    request = workspace.request() if (workspace.directory / "request.json").exists() else None
    if request is not None and request.mode is Mode.DRYRUN:
        return _dry_run(installation, workspace, request)
    stored = _stored(installation, workspace, run_id)
    events = tuple(_anchored(event) for event in stored.events)
    verdict, records = _journal(installation, workspace, run_id, events)
    head = _head(stored.row, workspace.plan_facts(), stored.names)
    planned = _planned(workspace, head, stored.names)
    unsigned, other_mapping = _unsigned(installation, head, stored)
    return RunRecord(
        head=head,
        events=stored.events,
        rulings=stored.rulings,
        ledger=stored.ledger,
        ledger_unread=stored.unread,
        journal=verdict,
        journal_records=records,
        files=_files(workspace),
        planned=planned,
        unsigned=unsigned,
        other_mapping=other_mapping,
        plan_file=_plan_file(workspace),
        names=stored.names,
    )


def _dry_run(installation: Installation, workspace: Workspace, request: RunRequestFile) -> RunRecord:
    facts, names = workspace.plan_facts(), run_tables(installation).names
    verdict, records = _journal(installation, workspace, request.run_id, ())
    head = Head(
        run_id=request.run_id,
        mode=Mode.DRYRUN,
        operation=request.operation,
        docprefix=request.docprefix,
        origin=request.origin,
        profile=request.profile,
        profile_sha256=request.profile_sha256,
        operator=request.operator,
        host=request.host,
        started_at=request.started_at,
        changed_at=records[-1].time if records else request.started_at,
        state=dry_run_state(workspace),
        plan_digest=facts.plan_digest if facts else "",
        content_digest=facts.content_digest if facts else "",
        n_units=facts.n_units if facts else None,
        amendment=facts.amendment if facts else None,
        kept_in="request.json and the phases' records in the run's directory; a dry run leaves no row in the database",
    )
    return RunRecord(
        head=head,
        events=(),
        rulings=(),
        ledger=None,
        journal=verdict,
        journal_records=records,
        files=_files(workspace),
        planned=_planned(workspace, head, names),
        plan_file=_plan_file(workspace),
        names=names,
    )


def _head(row: RunRow, plan: PlanFacts | None, names: SchemaNames) -> Head:
    is_recorded = plan is not None and plan.plan_digest == row.plan_digest
    return Head(
        run_id=row.run_id,
        mode=Mode.LIVE,
        operation=row.operation,
        docprefix=row.docprefix,
        origin=row.origin,
        profile=row.profile,
        profile_sha256=plan.profile_sha256 if plan is not None and is_recorded else "",
        operator=row.operator,
        host=row.host,
        started_at=row.started_at,
        changed_at=row.changed_at,
        state=row.state,
        source_sha256=row.source_sha256 or "",
        plan_digest=row.plan_digest or "",
        content_digest=row.content_digest or "",
        baseline_digest=row.baseline_digest or "",
        n_units=row.n_units,
        amendment=plan.amendment if plan is not None and is_recorded else None,
        kept_in=names.in_database("cutter_governance.run"),
    )


def _stored(installation: Installation, workspace: Workspace, run_id: str) -> _Stored:
    """Read everything as the verifying role; if it cannot, read the views as the monitoring role."""
    try:
        with connect(installation.settings.database.verifier, read_only=True, purpose="report") as connection:
            # One snapshot for all statements: a run that goes on meanwhile must not give a report of two moments.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with Asking(connection) as asking:
                views = asking.ask(partial(_views, workspace=workspace, run_id=run_id, uses=run_record.run_uses))
                ledger = asking.ask(partial(_ledger, run_id=run_id))
            return views.value.model_copy(update={"ledger": ledger.value, "unread": ""})
    except CutterError as error:
        unread = f"{error.code} as the verifying role; the monitoring role may not read it"
    with connect(installation.settings.database.monitor, read_only=True, purpose="report") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        views_seen = _views(connection, workspace=workspace, run_id=run_id, uses=run_record.run_uses_seen)
        return views_seen.model_copy(update={"unread": unread})


def _views(connection: psycopg.Connection, *, workspace: Workspace, run_id: str, uses: _Uses) -> _Stored:
    with Asking(connection) as asking:
        used, row = (
            asking.ask(partial(uses, run_id=run_id, row=_UseRow)),
            asking.ask(partial(require_run, run_id=run_id)),
        )
        of_rulings = asking.ask(partial(run_record.run_rulings, run_id=run_id))
        recorded = asking.ask(partial(recorded_events, run_id=run_id))
        rows = asking.ask(partial(run_record.run_events, run_id=run_id, row=_EventRow))
    rulings = tuple(_ruling(row_of_ruling, used.value, workspace) for row_of_ruling in of_rulings.value)
    anchors = {event.id: event for event in anchored_events(recorded.value, workspace.directory)}
    events = tuple(_event(event_row, is_ours=anchors[event_row.id].is_ours) for event_row in rows.value)
    return _Stored(row=row.value, events=events, rulings=rulings, ledger=None, names=schema_names(connection))


def _ruling(row: Mapping[str, object], used: tuple[_UseRow, ...], workspace: Workspace) -> Ruling:
    own_uses = tuple(
        Use(**use.model_dump(exclude={"statement_sha256"}))
        for use in used
        if use.statement_sha256 == row["statement_sha256"]
    )
    policy = _policy(workspace, str(row["policy_sha256"]))
    return Ruling.model_validate({**row, "uses": own_uses, "policy": policy})


def _policy(workspace: Workspace, sha256: str) -> Policy | None:
    """Return the run's copy of the policy, if it is the one that the statement names."""
    try:
        policy = load_policy(workspace.directory / policy_copy(sha256))
    except CutterError:
        return None
    return policy if policy.sha256 == sha256 else None


def _event(row: _EventRow, *, is_ours: bool) -> Event:
    """Return the step; what somebody without the journal's key wrote about a phase is not taken for its record."""
    try:
        phase_record = PhaseRecord.model_validate_json(row.text) if is_ours else None
    except ValidationError:
        phase_record = None
    return Event.model_validate({**row.model_dump(), "found": phase_record, "is_ours": is_ours})


def _ledger(connection: psycopg.Connection, run_id: str) -> Ledger:
    with Asking(connection) as asking:
        blocks = asking.ask(partial(run_record.run_manifest_blocks, run_id=run_id))
        leases = asking.ask(partial(run_record.run_leases, run_id=run_id, row=Lease))
        decisions = asking.ask(partial(run_record.run_decisions, run_id=run_id, row=Decision))
        transitions = asking.ask(partial(run_record.run_transitions, run_id=run_id, row=Transition))
        backlog = asking.ask(partial(run_record.run_backlog, run_id=run_id))
        change_set = asking.ask(partial(run_record.run_change_set, run_id=run_id, row=ChangeSet))
        verification = asking.ask(partial(run_record.run_verification, run_id=run_id, row=Verification))
        holds = asking.ask(partial(run_record.run_holds, run_id=run_id, row=Hold))
    # The tables of an organisation's rows are there only in its database.
    has_effects, has_moves = blocks.value.has_site_effects, blocks.value.has_site_moves
    return Ledger(
        leases=leases.value,
        decisions=decisions.value,
        transitions=transitions.value,
        backlog=backlog.value,
        change_set=change_set.value,
        verification=verification.value,
        manifest_blocks=blocks.value.blocks,
        holds=holds.value,
        site_effects=run_record.run_site_effects(connection, run_id, SiteEffect) if has_effects else (),
        site_moves=run_record.run_site_moves(connection, run_id, SiteMove) if has_moves else (),
    )


def _journal(
    installation: Installation, workspace: Workspace, run_id: str, events: tuple[AnchoredEvent, ...]
) -> tuple[JournalVerdict, tuple[Record, ...]]:
    """Verify the journal, and return what was read for that; an unreadable one has no records.

    Paths in the verdict are relative to the root, so that a copy of the tree gives the same report.
    """
    records: list[Record] = []
    verdict = verify_journal(workspace.journal, events, run_id, collected=records)
    verdict = verdict.model_copy(update={"detail": verdict.detail.replace(f"{installation.root}/", "")})
    return verdict, tuple(records)


def _anchored(event: Event) -> AnchoredEvent:
    return AnchoredEvent(
        id=event.id,
        phase=event.phase,
        sequence=event.journal_seq,
        hash=event.journal_head,
        is_ours=event.is_ours,
        actor=event.actor,
        at=str(event.at),
    )


def _files(workspace: Workspace) -> tuple[PhaseRecord, ...]:
    records = (workspace.record(phase) for phase in Phase)
    return tuple(record for record in records if record is not None)


def _planned(workspace: Workspace, head: Head, names: SchemaNames) -> tuple[TableDelta, ...]:
    """Return the rows of the recorded plan; where its file is gone, those of the console's own tables by the rule for a cut."""
    if head.n_units is None:
        return ()
    facts = workspace.plan_facts()
    if facts is not None and facts.plan_digest == head.plan_digest:
        return facts.deltas
    if head.operation is RunOperation.CUT and not head.is_edit:
        return RunTables(names=names).cut(head.n_units)
    return ()


def _unsigned(installation: Installation, head: Head, stored: _Stored) -> tuple[tuple[TableDelta, ...], str]:
    """Return the rows of the organisation's tables that a revert adds: SG_1, which allows it, names those of the cut.

    And the sha256 of the mapping that it was written by, if this host keeps another one and the rows cannot be told.
    """
    ledger = stored.ledger
    if ledger is None:
        return (), ""
    steps: tuple[SiteEffect | SiteMove, ...] = (*ledger.site_effects, *ledger.site_moves)
    written_by = {step.mapping_sha256 for step in steps if step.step == Purpose.REVERT}
    if not written_by or head.n_units is None:
        return (), ""
    kept = kept_mapping(installation)
    if others := written_by - {kept.sha256}:
        return (), min(others)
    # By the record and not by the plan, whose file may be gone: what leg B has begun, the database continues.
    begun = {
        table: rows for step in ledger.site_effects if step.step == _LEG_B for table, rows in step.rows_added.items()
    }
    tables = RunTables.of(kept.mapping).of_plan(TableDelta(table=table, rows=rows) for table, rows in begun.items())
    added = tables.revert(head.n_units, head.amendment, recorded=head.state.stage not in NOT_RECORDED)
    return tuple(delta for delta in added if delta.table not in tables.own), ""


def _plan_file(workspace: Workspace) -> str:
    path = workspace.directory / "plan.json"
    try:
        return sha256_file(path)
    except FileNotFoundError:
        return "there is no plan.json"
    except OSError as error:
        return f"plan.json: {error.strerror}"

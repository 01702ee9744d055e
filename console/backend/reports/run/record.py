"""The record of one run as it is kept: rows that are only added, the journal, the run's files; nothing measured now."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator

from console.backend.approvals.policy import Policy
from console.backend.journal.journal import JournalVerdict
from console.backend.journal.journal_record import Record
from console.backend.model.plan_binding import TableDelta
from console.backend.model.profile_names import EDIT_PROFILE
from console.backend.model.purposes import RunOperation
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Mode, Phase, RunState
from console.backend.model.value import Value
from console.backend.runs.workspace import PhaseRecord

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
    kept_in: SafeText
    """Row or file that says so."""

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
    plan_file: SafeText
    """sha256 of plan.json, or why there is none."""

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

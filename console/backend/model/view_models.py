"""View models for screens and commands: frozen snapshots, measured by the backend, already inert."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from console.backend.model.amendment import AmendmentCounts, Moved
from console.backend.model.bars import Bar
from console.backend.model.draft_units import NO_DRAFTS, DraftUnits
from console.backend.model.line import Line
from console.backend.model.outcome import Check, Evidence, Milliseconds, Outcome
from console.backend.model.plan import DocumentPlan, Problem
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.profile_names import DEFAULT_PROFILE, EDIT_PROFILE
from console.backend.model.purposes import Purpose
from console.backend.model.replication import Replication
from console.backend.model.safe_text import SafeText, safe_lines
from console.backend.model.site_mapping import NotMeasured
from console.backend.model.states import Family, Mode, Move, Phase, RunState, state_in_words
from console.backend.model.value import Value


class SwitchState(StrEnum):
    """The kill switch in one word. UNREADABLE counts as off."""

    OFF = "OFF"
    ARMED = "ARMED"
    HOLD = "HOLD"
    UNREADABLE = "UNREADABLE"


class StopStep(Value):
    """One action of panic, and whether it succeeded."""

    what: str
    """HOLD file, HOLD in the database, running statements, lease."""
    done: bool
    detail: SafeText


OnStep = Callable[[StopStep], None]
"""Called as soon as it is known what became of a step of a stop, from the thread that stops."""


def untold(_step: StopStep) -> None:
    """Tell nobody of a step."""


class SwitchView(Value):
    """The kill switch: its state, with reason, time, person, and the command that clears it."""

    state: SwitchState
    run_id: SafeText = ""
    purpose: SafeText = ""
    by: SafeText = ""
    since: datetime | None = None
    expires_at: datetime | None = None
    is_taken: bool = False
    """True if a session holds the lease and works under it."""
    reason: SafeText = ""
    clears_with: str = ""
    in_file: bool | None = None
    """True if the HOLD file sets a HOLD; None if that was not measured."""
    in_database: bool | None = None
    """True if the database has a HOLD; None if that is not known."""
    incomplete: SafeText = ""
    """The missing part of a HOLD that is set in one place only; empty if it is whole, and without one."""
    complete_with: SafeText = ""
    """The command that makes it whole."""
    note: SafeText = ""
    """Further facts for the person who asked."""
    steps: tuple[StopStep, ...] = ()
    """Actions of panic, item by item; empty if nobody has panicked."""


class CountView(Value):
    """Rows of one table now and at the baseline; rows is None if it could not be read, never 0."""

    table: str
    rows: int | None
    baseline: int | None
    outcome: Outcome
    detail: SafeText = ""

    @property
    def delta(self) -> int | None:
        """Return the rows more than at the baseline, or None if one of them is not known."""
        return None if self.rows is None or self.baseline is None else self.rows - self.baseline


class WaitView(Value):
    """One thing that waits for a person."""

    what: SafeText
    run_id: SafeText
    since: datetime | None
    waits_for: SafeText
    next_action: SafeText
    expires_at: datetime | None = None
    goes_on: bool = False
    """True for an armed run that only waits to continue."""
    statement: Path | None = None
    """The drafted statement that waits for its import only."""


class RunSummary(Value):
    """One line of the list of runs."""

    run_id: SafeText
    mode: Mode
    state: SafeText
    docprefix: str
    n_units: int | None
    started_at: datetime
    operator: SafeText
    is_over: bool = False
    """True if no further phase can begin."""
    interrupted: bool = False
    unsettled: bool = False
    """True if the outcome of a COMMIT is not known: the only move is to ask again."""
    gone: tuple[SafeText, ...] = ()
    """Records that its journal has acknowledged and the database does not have."""
    elsewhere: SafeText = ""
    """Its holder if it has changed hands, or operator and host that it was started by; empty if this root holds it."""
    became: SafeText = ""
    """Words for what became of it, if it has ended; else empty."""

    @property
    def in_words(self) -> str:
        """Return what became of it; of a run that has not ended its state, as `state_in_words` tells it."""
        return str(self.became or state_in_words(self.state))


class Status(Value):
    """One refresh of the Overview: measured together, at one time."""

    measured_at: datetime
    outcome: Outcome
    target: Target | None
    """None if the database could not be reached; `unreachable` then says why."""
    unreachable: SafeText = ""
    unreachable_next: SafeText = ""
    """Next action where it could not."""
    role: SafeText = ""
    server_version: str = ""
    line: Line | None = None
    """The line of the monitoring role; None where `replication` is."""
    replication: Replication | None = None
    """None if it was not measured: the database was not reached, or this is a recording of an earlier version."""
    root: SafeText
    read_only: bool
    demo: bool = False
    switch: SwitchView
    counts: tuple[CountView, ...]
    current_run: RunSummary | None = None
    waiting: tuple[WaitView, ...] = ()
    layout: SafeText = ""
    """Layout of a database that was there before, and the source of its mapping; empty for this product's own."""
    not_measured: tuple[NotMeasured, ...] = ()
    """Things that cannot be measured in this database's layout, each with its reason."""


class IntakeView(Value):
    """A document that can be planned, or the reason why it cannot."""

    name: SafeText
    origin: str
    """`file:<name>` or `live:<registered name>`; what `plan` and `run start` take."""
    bytes: int | None
    refused: SafeText = ""
    docprefix: str = ""
    profile: str = ""
    standing: SafeText | None = None
    """State of it: in force, draft, repealed; empty if no run has registered it, None if the database did not say."""
    last_run: str = ""
    last_run_state: SafeText = ""
    last_run_became: SafeText = ""
    """Words for what became of the last run, if it has ended; else empty."""


class SourceText:
    """The canonical text by 1-based line; each line is made inert when it is read."""

    def __init__(self, canonical: bytes) -> None:
        self._lines = canonical.split(b"\n")

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def data(self) -> bytes:
        """Return the text as it is, which is not inert."""
        return b"\n".join(self._lines)

    def line(self, number: int) -> str:
        """Return one line, inert. Raises IndexError outside 1..len."""
        if not 1 <= number <= len(self._lines):
            raise IndexError(number)
        return safe_lines(self._lines[number - 1].decode("utf-8", "replace"))[0]


class TitlePart(Value):
    """A part of what stands above the first unit of a law: its number, its date, its title."""

    name: SafeText
    text: SafeText
    """On one line."""


class PlanView:
    """A planned document: the plan, or the problems that refuse it, beside its text."""

    def __init__(
        self,
        document: DocumentPlan | None,
        problems: tuple[Problem, ...],
        text: SourceText,
        plan_digest: str,
        accept: str = "",
        profile_sha256: str = "",
        title: tuple[TitlePart, ...] = (),
        deltas: tuple[TableDelta, ...] = (),
    ) -> None:
        self.document = document
        self.problems = problems
        self.text = text
        self.plan_digest = plan_digest
        """Digest of the plan that is bound to no database; a run binds it, and gets another digest."""
        self.accept = accept
        """Text of the accept file beside the document, with which it was planned; empty without one."""
        self.profile_sha256 = profile_sha256
        """Digest of the file of an operator's own profile; empty for a profile that is shipped."""
        self.title = title
        """Parts of what stands above the first unit, in order; no part of the plan and its digest."""
        self.deltas = deltas
        """Rows that a cut of it would add to each table of this database, a document counted as if it were new there."""


class PhaseStatus(StrEnum):
    """Progress of one phase of a run."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    CHECKED = "checked"
    """Of a dry run: what the phase needs is there, and its work is left undone."""
    FAILED = "failed"
    NOT_RUN = "not run"


class PhaseView(Value):
    """One phase with its verdict and evidence."""

    phase: Phase
    status: PhaseStatus
    outcome: Outcome
    detail: SafeText = ""
    started_at: datetime | None = None
    took_ms: Milliseconds | None = None
    evidence: tuple[Evidence, ...] = ()


class StepView(Value):
    """One step of an edit: what was done, or is still to be done."""

    name: str
    status: PhaseStatus
    detail: SafeText
    at: datetime | None = None
    phase: Phase | None = None
    """The phase that has the step's record; None if the step is no phase."""


class Interruption(Value):
    """A phase or another operation that began and did not end, with the database's answer about it."""

    what: SafeText
    """The phase, or the operation: start, import, arm, revert, void, edit."""
    since: datetime
    is_settled: bool
    """True if the outcome is known; otherwise the only move is to ask again."""
    database_says: SafeText


class RunView(Value):
    """All that the console shows of one run."""

    run_id: str
    mode: Mode
    state: RunState
    docprefix: str
    origin: SafeText
    profile: str
    profile_sha256: str = ""
    """Digest of the operator's own profile; empty for a profile that is shipped."""
    n_units: int | None
    n_suspects: int = 0
    """Number of lines that read like the beginning of a unit and open none."""
    n_acceptances: int = 0
    n_dropped: int = 0
    """Number of spans of page furniture and footnotes that are in no unit."""
    amendment: AmendmentCounts | None = None
    """Effects of the run on the law that it amends or repeals; None for a first cut, and before there is a plan."""
    plan_digest: str
    content_digest: str
    operator: SafeText
    started_at: datetime
    target: Target | None
    deltas: tuple[TableDelta, ...]
    phases: tuple[PhaseView, ...]
    steps: tuple[StepView, ...] = ()
    """Steps of an edit, which passes no phases but its backup and its verification; empty for any other run."""
    moves: tuple[Move, ...]
    leads_to_ruling: SafeText = ""
    """Command that leads to the ruling without which the next step is refused; empty if it is imported, or none is due."""
    waits_for: SafeText = ""
    at_work: SafeText = ""
    """The phase or operation that a process is at with the run now, whichever console or command it is of."""
    interruption: Interruption | None = None
    journal: SafeText = ""
    elsewhere: SafeText = ""
    """Its holder if it has changed hands, or operator and host that it was started by; empty if this root holds it."""
    changed_hands: bool = False
    """True if it was handed over, accepted or taken over."""
    is_unaccepted: bool = False
    """True if it was handed over and nobody has accepted it: no console holds it."""
    bundle: SafeText = ""
    """The file that it was handed over in and waits in, if this console's journal names it; else empty."""
    can_hand_over: bool = False
    """True if this console holds it, and can write a bundle of it for another host."""
    take_over: SafeText = ""
    """Outcome of a take-over by this console, if that is a move; else empty."""
    displaced: SafeText = ""
    """The server that its next step is bound to and the one at hand, if they differ, as after a promotion; else empty."""
    bar: Bar | None = None
    """Another run of the document that keeps it from its next step; None if none does."""
    became: SafeText = ""
    """Words for what became of it, if it has ended; else empty."""

    @property
    def in_words(self) -> str:
        """Return what became of it; of a run that has not ended the name of its state."""
        return str(self.became or self.state.name)

    @property
    def is_lost(self) -> bool:
        """Return whether the run has changed hands, and another console holds it now, or nobody yet."""
        return self.changed_hands and bool(self.elsewhere)

    @property
    def elsewhere_in_words(self) -> str:
        """Return where the run is held, as a sentence; empty if it is held below this root."""
        if self.changed_hands or not self.elsewhere:
            return self.elsewhere
        return f"its files are not below this root: {self.elsewhere}"

    @property
    def is_taken_back(self) -> bool:
        """Return whether it was voided or reverted: nothing of it is to come."""
        return self.state.family in {Family.VOIDED, Family.REVERTED}

    @property
    def shown_phases(self) -> "tuple[PhaseView | StepView, ...]":
        """Return the phases to show, or the steps of an edit; a voided or reverted run has no pending ones."""
        views = self.steps or self.phases
        if not self.is_taken_back:
            return views
        is_left = {PhaseStatus.PENDING, PhaseStatus.NOT_RUN} if self.steps else {PhaseStatus.PENDING}
        return tuple(view for view in views if view.status not in is_left)

    @property
    def is_edit(self) -> bool:
        """Return whether it edits drafts: one transaction, under a ruling of its own."""
        return self.profile == EDIT_PROFILE

    @property
    def is_repeal(self) -> bool:
        """Return whether its plan repeals the document."""
        return self.amendment is not None and self.amendment.is_repeal


class ApprovalStatus(StrEnum):
    """Status of a statement."""

    DRAFTED = "drafted"
    IMPORTED = "imported"
    INVALID = "invalid"
    EXPIRED = "expired"
    USED = "used"
    NOT_KNOWN = "NOT KNOWN"
    """It could not be measured: what the database has of it was not read."""


class ApprovalView(Value):
    """A statement, its checks one by one, and how to sign it."""

    kind: str
    run_id: str
    docprefix: str
    status: ApprovalStatus
    statement_path: Path
    statement_sha256: str
    statement_lines: tuple[SafeText, ...]
    """The canonical JSON indented for reading; what is signed are the bytes of the file."""
    expires_at: datetime | None
    """Time that the statement names; None for one that cannot be read."""
    checks: tuple[Check, ...]
    sign_with: str
    """The commands that signers run on other machines, one line per signer of the policy."""
    signature_paths: tuple[Path, ...] = ()
    purpose: Purpose | None = None
    """Purpose of the ruling; None for a statement that cannot be read."""
    drafts: DraftUnits = NO_DRAFTS
    """The drafts that a ruling to enact or to revert is over, in order; empty for a ruling over a plan."""


class Danger(StrEnum):
    """The actions that a typed run id confirms."""

    ARM = "arm"
    ENACT = "enact"
    REVERT = "revert"
    VOID = "void"
    TAKE_OVER = "take over"
    HAND_OVER = "hand over"
    ACCEPT = "accept"
    EDIT = "plan"
    APPLY = "apply"
    RELEASE_HOLD = "release HOLD"


class Confirmation(Value):
    """Content of a dangerous dialog: the action, its target, the number of units, its effects and its reversal."""

    danger: Danger
    run_id: str
    docprefix: str
    target: Target | None
    n_units: int | None
    effects: tuple[SafeText, ...]
    deltas: tuple[TableDelta, ...]
    reversible: bool
    reversal: SafeText
    confirm_text: str
    """Text that must be typed, exactly."""
    checks: tuple[Check, ...]
    seen: str = ""
    """Digest of the batch, bundle or HOLD as it was found; the action is refused if it is another one by then. Empty for a run."""

    @property
    def open_checks(self) -> tuple[Check, ...]:
        """Return the checks that stop the action: all except PASS and PARTIAL, which allows it with notes."""
        return tuple(check for check in self.checks if check.outcome not in {Outcome.PASS, Outcome.PARTIAL})


def own_profile_in_words(sha256: str) -> str:
    """Return what is said behind the name of an operator's own profile; empty for a profile that is shipped."""
    return f" (your own, sha256 {sha256})" if sha256 else ""


class RunRequest(Value):
    """Request of `run start`; DRYRUN is the default."""

    origin: str
    docprefix: str
    profile: str = DEFAULT_PROFILE
    ordinals: bool = False
    accept: str = ""
    """Text of the accept file; empty without one."""
    profile_sha256: str = ""
    """Digest of the own profile that the plan was shown with: the run is refused if the file is another one by now."""
    mode: Mode = Mode.DRYRUN
    amend: bool = False
    """The text amends a document that is law; without it the document is cut for the first time."""
    repeal: bool = False
    """The document is repealed as a whole; then there is no text, and origin and profile are not looked at."""
    moved: tuple[Moved, ...] = ()
    """Renumberings that the operator states; of an amendment only."""


class Progress(Value):
    """Progress of a running phase or bundle: its step, and `done` of `total`, which is None if it is not known."""

    run_id: str = ""
    phase: Phase | None = None
    """None outside the phases of a run."""
    step: SafeText
    done: int = 0
    total: int | None = None


OnProgress = Callable[[Progress], None]
"""Called from the worker's thread."""
Cancelled = Callable[[], bool]
"""Asked ten times a second from the worker's thread; True ends what is under way."""

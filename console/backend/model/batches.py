"""Batches: their documents and plans, and how a batch stands."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from console.backend.model.bars import Bar
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.ended_runs import counts_now
from console.backend.model.outcome import Outcome
from console.backend.model.profile_names import DEFAULT_PROFILE
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Family, Mode, Stage, state_in_words
from console.backend.model.value import Value

LAW = "law"
"""Phase of a batch whose documents are all closed."""


class OnFailure(StrEnum):
    """Reaction of a batch to a document that fails."""

    STOP = "stop"
    SET_ASIDE = "set-aside"
    """The document is left as it is, with its reason, and the batch goes on with the others."""


class BatchMove(StrEnum):
    """A move of a batch; the first one that is offered goes on."""

    RESUME = "resume"
    SET_ASIDE = "set aside"
    """Go on, and leave out every document that fails."""
    DRAFT_SG_1 = "draft SG_1"
    ARM = "arm"
    DRAFT_SG_2 = "draft SG_2"
    ENACT = "enact"
    REPORT = "report"


_COMMANDS = {
    BatchMove.RESUME: "cutter-console batch resume {batch}",
    BatchMove.SET_ASIDE: "cutter-console batch resume {batch} --on-failure set-aside",
    BatchMove.DRAFT_SG_1: "cutter-console approval draft {batch}",
    BatchMove.ARM: "cutter-console arm {batch} --confirm {batch}",
    BatchMove.DRAFT_SG_2: "cutter-console approval draft {batch}",
    BatchMove.ENACT: "cutter-console enact {batch} --confirm {batch}",
    BatchMove.REPORT: "cutter-console batch report {batch}",
}


def command_of_batch(move: BatchMove, batch_id: str) -> str:
    """Return the command line that makes the move."""
    return _COMMANDS[move].format(batch=batch_id)


class BatchSource(Value):
    """A folder with documents, or a queue file that lists them, and how those of a folder are read."""

    path: Path
    profile: str = DEFAULT_PROFILE
    ordinals: bool = False


class BatchDocument(Value):
    """One document of a batch, as it is planned."""

    name: SafeText
    """The file's path relative to the folder or queue that lists it."""
    path: Path
    docprefix: str
    profile: str = DEFAULT_PROFILE
    ordinals: bool = False
    accept: Path | None = None
    refused: SafeText = ""
    """Reason why it cannot be in a batch; empty if it can."""


class PlannedDocument(Value):
    """The plan of one document of a batch, in numbers."""

    position: int
    name: SafeText
    docprefix: str
    profile: str
    outcome: Outcome
    bytes: int
    n_units: int = 0
    n_suspects: int = 0
    plan_digest: str = ""
    """Of the plan before it is bound to a database; empty if there is none."""
    detail: SafeText = ""
    """Reason why it is not planned; empty if it is."""


class BatchPlan(Value):
    """The plans of all documents of a batch, in their order. Nothing is written for it."""

    schema_: Literal["cutter-console/batch-plan/1"] = Field(default="cutter-console/batch-plan/1", alias="schema")
    outcome: Outcome
    measured_at: datetime
    digest: str
    """sha256 over position, document and plan digest of each planned document, in order."""
    documents: tuple[PlannedDocument, ...]
    n_planned: int
    n_refused: int
    n_units: int
    workers: int
    seconds: float


class BatchMember(Value):
    """One document of a batch that was started: its run and what that is started with."""

    position: int
    run_id: str
    name: SafeText
    origin: str
    docprefix: str
    profile: str
    ordinals: bool = False
    accept: str = ""


class SetAside(Value):
    """A document that the batch goes on without."""

    position: int
    run_id: str
    name: SafeText
    docprefix: str
    code: str
    reason: SafeText
    at: datetime


class BatchFile(Value):
    """The request that a batch was started with; kept in its directory."""

    batch_id: str
    mode: Mode
    on_failure: OnFailure
    operator: SafeText
    host: SafeText
    started_at: datetime
    members: tuple[BatchMember, ...]


class MemberView(Value):
    """One member of a batch as it stands."""

    position: int
    run_id: str
    name: SafeText
    docprefix: str
    state: SafeText
    """The state of its run; `not started` before there is one."""
    stage: Stage | None
    family: Family | None
    n_units: int | None
    plan_digest: str
    set_aside: SafeText = ""
    """The reason why the batch goes on without it; empty if it does not."""
    bar: Bar | None = None
    """Another run of its document that keeps it from being cut; None if there is none."""
    became: SafeText = Field(default="", exclude=True)
    """Words for what became of its run, if it has ended, which are for people alone; else empty."""

    @property
    def in_words(self) -> str:
        """Return what became of it; of one that has not ended its state, as `state_in_words` tells it."""
        return str(self.became or state_in_words(self.state))


class BatchProgress(Value):
    """Progress of a batch at work: documents and units of the present step, with rate and remaining time."""

    batch_id: str
    step: SafeText
    docprefix: str
    done: int
    total: int
    units_done: int
    units_total: int
    units_per_s: float | None
    """None before the first document is done."""
    remaining_s: float | None
    """Remaining time at `at`; None before the first document is done."""
    at: datetime
    """Time at which it was reported."""


OnBatch = Callable[[BatchProgress], None]
"""Called from the worker's thread."""


class BatchView(Value):
    """A batch as it stands, decided by evidence."""

    measured_at: datetime
    batch_id: str
    mode: Mode
    on_failure: OnFailure
    operator: SafeText
    host: SafeText
    started_at: datetime
    is_recorded: bool
    """True if the database has it; a dry run is known to its directory alone."""
    digest: str
    """Over the plan digests in order; empty before it is recorded."""
    phase: SafeText
    """Its standing, in words."""
    members: tuple[MemberView, ...]
    n_done: int
    """Members that the present step is behind."""
    n_open: int
    """Members that the present step is still before."""
    n_units_done: int
    n_units_open: int
    rulings: tuple[SafeText, ...]
    """Imported statements over it: kind and sha256."""
    armed_to: str = ""
    armed_until: datetime | None = None
    """End of its lease; None while the switch is not armed for it."""
    is_taken: bool = False
    """True if a session works under its lease."""
    at_work: bool = False
    """True if another process of this host works on it; then no move is legal."""
    progress: BatchProgress | None = None
    """Last report of that process; None if there is none."""
    moves: tuple[BatchMove, ...]
    """The legal moves, first the one that goes on; empty while it is worked on, and if it cannot be read."""
    leads_to_ruling: SafeText = ""
    """Command that leads to the ruling that it waits for: that of a draft or, where a signed statement lies there, of its import."""

    @property
    def next_command(self) -> str:
        """Return the command of the move that goes on; empty if there is none."""
        return self.leads_to_ruling or (command_of_batch(self.moves[0], self.batch_id) if self.moves else "")

    @property
    def is_law(self) -> bool:
        """Return whether what its members have enacted counts now: it can begin later, and end."""
        return all(counts_now(member.became) for member in self.members if not member.set_aside)

    @property
    def in_words(self) -> str:
        """Return where it stands; of one that is closed it is not said to be law unless all of it counts now."""
        return "enacted" if self.phase == LAW and not self.is_law else str(self.phase)

    @property
    def set_aside(self) -> tuple[MemberView, ...]:
        """Return the members that the batch goes on without."""
        return tuple(member for member in self.members if member.set_aside)

    @property
    def bar(self) -> Bar | None:
        """Return what keeps the first barred member from being cut, and with it the batch; None if nothing does."""
        return next((member.bar for member in self.members if member.bar is not None), None)

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left to be done but a report."""
        return self.moves[:1] == (BatchMove.REPORT,) and self.bar is None

    @property
    def n_units(self) -> int:
        """Return the number of units of all members that are planned."""
        return sum(member.n_units or 0 for member in self.members)

    @property
    def standing(self) -> str:
        """Return a digest over what a move depends on: it differs as soon as anything that an operator saw does."""
        members = [(m.run_id, m.state, m.n_units, m.plan_digest, m.set_aside) for m in self.members]
        facts = [*self.moves, self.phase, self.digest, self.armed_to, *self.rulings, self.at_work, *members]
        return sha256_hex(repr(facts).encode())

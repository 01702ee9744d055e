"""The states of a run, the phases between them, and the moves that are legal from each."""

from enum import StrEnum
from typing import NamedTuple, Self

from pydantic import model_validator

from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class Mode(StrEnum):
    """DRYRUN is the default and cannot write."""

    DRYRUN = "DRYRUN"
    LIVE = "LIVE"


class Stage(StrEnum):
    """The stages of a run, in order; a run is always at one of them, even after it was stopped."""

    CREATED = "created"
    SOURCE_PINNED = "source_pinned"
    MARKED = "marked"
    CUTPLAN_OK = "cutplan_ok"
    PRE_WRITE_BACKUP_TAKEN = "pre_write_backup_taken"
    GRANTS_PROBED = "grants_probed"
    AWAITING_CUT_AUTHORIZATION = "awaiting_cut_authorization"
    CUT_LEG_A_COMMITTED = "cut_leg_a_committed"
    STRUCTURAL_VERIFIED = "structural_verified"
    LEG_B_RECORDED = "leg_b_recorded"
    WRITE_VERIFIED = "write_verified"
    AWAITING_LIFECYCLE_AUTHORIZATION = "awaiting_lifecycle_authorization"
    LIFECYCLE_ENACTED = "lifecycle_enacted"
    CLOSEOUT_REPORTED = "closeout_reported"


PAUSES = {Stage.AWAITING_CUT_AUTHORIZATION: "pause 1", Stage.AWAITING_LIFECYCLE_AUTHORIZATION: "pause 2"}
"""The stages at which a run rests: for its ruling, then to be armed or enacted."""
_RULINGS = {Stage.AWAITING_CUT_AUTHORIZATION: "SG_1", Stage.AWAITING_LIFECYCLE_AUTHORIZATION: "SG_2"}
"""The stage alone is known here: whether the ruling was imported is not."""


def state_in_words(state: str) -> str:
    """Return the pause that a run of this state rests at, with the ruling that it is for; any other state as it is."""
    if state not in PAUSES:
        return state
    stage = Stage(state)
    return f"at {PAUSES[stage]} ({_RULINGS[stage]})"


class Phase(StrEnum):
    """The phases, in order."""

    SOURCE_PIN = "source_pin"
    MARK = "mark"
    CUTPLAN = "cutplan"
    PRE_WRITE_BACKUP = "pre_write_backup"
    GRANT_PROBE = "grant_probe"
    CUT_LEG_A = "cut_leg_a"
    STRUCTURAL_VERIFY = "structural_verify"
    LEG_B_RECORD = "leg_b_record"
    WRITE_VERIFY = "write_verify"
    LIFECYCLE_ENACT = "lifecycle_enact"
    CLOSEOUT = "closeout"

    @property
    def number(self) -> int:
        """Return the phase's position, counted from 1."""
        return list(Phase).index(self) + 1


class PhaseEntry(NamedTuple):
    """Facts of one phase."""

    stages: tuple[Stage, ...]
    """The stages that it passes through and ends in, in one transaction; the next phase starts from the last one."""
    title: str
    """Title of its document in the report of a run."""
    question: str
    """The question that this document answers."""
    needs_switch: bool = False
    """A LIVE run rests before it until the switch is armed for it."""
    needs_rows: bool = False
    """It looks at rows that a dry run has not written; there it is NOT_RUN."""
    only_checks: bool = False
    """A dry run measures what it needs, and leaves its work undone."""


PHASE_TABLE: dict[Phase, PhaseEntry] = {
    Phase.SOURCE_PIN: PhaseEntry((Stage.SOURCE_PINNED,), "Source pin", "Which bytes is this run about?"),
    Phase.MARK: PhaseEntry(
        (Stage.MARKED,), "Mark", "Which units are in the text, and would any of them be refused at the write?"
    ),
    Phase.CUTPLAN: PhaseEntry(
        (Stage.CUTPLAN_OK,), "Cut plan", "What exactly is to be written, and for which database?"
    ),
    Phase.PRE_WRITE_BACKUP: PhaseEntry(
        (Stage.PRE_WRITE_BACKUP_TAKEN,),
        "Backup before the write",
        "Could everything be restored if the write went wrong?",
        only_checks=True,
    ),
    Phase.GRANT_PROBE: PhaseEntry(
        (Stage.GRANTS_PROBED, Stage.AWAITING_CUT_AUTHORIZATION),
        "Grant probe",
        "Can the roles do what the run needs, and no more, and are all guards active?",
    ),
    Phase.CUT_LEG_A: PhaseEntry(
        (Stage.CUT_LEG_A_COMMITTED,),
        "Cut, leg A: the units",
        "Were the units written, all of them and nothing else?",
        needs_switch=True,
        only_checks=True,
    ),
    Phase.STRUCTURAL_VERIFY: PhaseEntry(
        (Stage.STRUCTURAL_VERIFIED,),
        "Structural verification",
        "Does another role find the units in their places?",
        needs_rows=True,
    ),
    Phase.LEG_B_RECORD: PhaseEntry(
        (Stage.LEG_B_RECORDED,),
        "Cut, leg B: the record",
        "Is the cut in the ledger?",
        needs_switch=True,
        only_checks=True,
    ),
    Phase.WRITE_VERIFY: PhaseEntry(
        (Stage.WRITE_VERIFIED, Stage.AWAITING_LIFECYCLE_AUTHORIZATION),
        "Verification of the write",
        "Is exactly what was planned written, byte for byte, and nothing else?",
        needs_rows=True,
    ),
    Phase.LIFECYCLE_ENACT: PhaseEntry(
        (Stage.LIFECYCLE_ENACTED,),
        "Enactment",
        "Did the drafts become law, all of them at once?",
        needs_switch=True,
        only_checks=True,
    ),
    Phase.CLOSEOUT: PhaseEntry(
        (Stage.CLOSEOUT_REPORTED,), "Closeout and attestation", "What became of the run, and what did not happen?"
    ),
}
PHASE_TO: dict[Phase, tuple[Stage, ...]] = {phase: entry.stages for phase, entry in PHASE_TABLE.items()}
PHASE_FROM: dict[Phase, Stage] = dict(
    zip(PHASE_TABLE, (Stage.CREATED, *(stages[-1] for stages in PHASE_TO.values())), strict=False)
)

_ORDER = tuple(Stage)
BEFORE_CUT = _ORDER[: _ORDER.index(Stage.CUT_LEG_A_COMMITTED)]
DRAFT_STAGES = _ORDER[len(BEFORE_CUT) : _ORDER.index(Stage.LIFECYCLE_ENACTED)]
"""The units are written, and are drafts: they can be reverted."""
ENACTED_STAGES = _ORDER[len(BEFORE_CUT) + len(DRAFT_STAGES) :]
"""The units are law."""
CUT_STAGES = frozenset(DRAFT_STAGES + ENACTED_STAGES)
"""The units are written, as drafts or as law."""


class Family(StrEnum):
    """State of a run beside its stage: active, or the way in which it ended or was interrupted."""

    ACTIVE = "active"
    FAILED = "failed"
    STOPPED = "stopped"
    VOIDED = "voided"
    REVERTED = "reverted"


class RunState(Value):
    """State of a run: its last stage, its family and, if that is FAILED, STOPPED or VOIDED, the reason."""

    stage: Stage
    family: Family = Family.ACTIVE
    reason: SafeText = ""

    @model_validator(mode="after")
    def _a_reason_where_one_is_due(self) -> Self:
        if (self.family in {Family.FAILED, Family.STOPPED, Family.VOIDED}) != bool(self.reason):
            raise ValueError(f"{self.family} {'needs' if not self.reason else 'takes no'} reason")
        return self

    @property
    def name(self) -> str:
        """Return the state as it is recorded, e.g. `cut_leg_a_committed` or `stopped_panic`."""
        match self.family:
            case Family.ACTIVE:
                return self.stage.value
            case Family.REVERTED:
                return "reverted"
            case Family.FAILED | Family.STOPPED | Family.VOIDED:
                return f"{self.family.value}_{self.reason}"


class Move(StrEnum):
    """Move that an operator can make with a run; the console offers exactly the legal ones."""

    SETTLE = "settle"
    """Ask again if a COMMIT without an answer has happened."""
    CONTINUE = "continue"
    IMPORT_SG_1 = "import SG_1"
    ARM = "arm"
    REPLAN = "plan again"
    """After a promotion: make the plan again, for the new primary, where SG_1 is signed again."""
    VERIFY = "verify again"
    """After a promotion: verify the drafts again, on the new primary, where SG_2 is signed again."""
    IMPORT_SG_2 = "import SG_2"
    ENACT = "enact"
    REVERT = "revert"
    VOID = "void"
    TAKE_OVER = "take over"
    """Hold a run whose files another host has, or had: it ends here, or goes on from its bundle."""
    EDIT = "edit a draft"
    """Plan another text for a draft of the run, as a run of its own."""
    APPLY = "apply the edit"
    """Write what the run of an edit has planned, under its ruling."""
    REPORT = "report"


def is_over(state: RunState) -> bool:
    """Return whether no phase can begin any more: the run is closed, failed, voided or reverted."""
    # Units that are law must be closed even after a failure, or the baseline would never hold their rows.
    if only_closes(state):
        return False
    return state.stage is Stage.CLOSEOUT_REPORTED or state.family in {Family.FAILED, Family.VOIDED, Family.REVERTED}


def is_ended(stage: str, family: str) -> bool:
    """Return whether a run has ended for good: it is closed, voided or reverted, and no operation is left but its report."""
    return stage == Stage.CLOSEOUT_REPORTED or family in {Family.VOIDED, Family.REVERTED}


def only_closes(state: RunState) -> bool:
    """Return whether the run's closeout failed: its units are law, and the only move is to close it."""
    return state.family is Family.FAILED and state.stage is Stage.LIFECYCLE_ENACTED


def next_phase(stage: Stage) -> Phase | None:
    """Return the phase that starts from this stage; None if there is none, as at the end."""
    return next((phase for phase, start in PHASE_FROM.items() if start is stage), None)


def legal_moves(state: RunState, mode: Mode) -> tuple[Move, ...]:
    """Return the legal moves from a state: never none, because every state can at least be reported."""
    match state.family:
        case Family.VOIDED | Family.REVERTED:
            return (Move.REPORT,)
        case Family.ACTIVE | Family.STOPPED:
            return _moves_on_the_way(state.stage, mode)
        case Family.FAILED:
            return (Move.REVERT, Move.REPORT) if state.stage in DRAFT_STAGES else _failed_outside_draft(state.stage)


def _failed_outside_draft(stage: Stage) -> tuple[Move, ...]:
    """Return the moves of a failed run without drafts: units that are law can only be closed."""
    if stage in BEFORE_CUT:
        return (Move.VOID, Move.REPORT)
    return (Move.CONTINUE, Move.REPORT) if stage is Stage.LIFECYCLE_ENACTED else (Move.REPORT,)


_LIVE_MOVES: dict[Stage, tuple[Move, ...]] = {
    Stage.AWAITING_CUT_AUTHORIZATION: (Move.ARM, Move.IMPORT_SG_1, Move.VOID),
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: (Move.IMPORT_SG_2, Move.ENACT, Move.REVERT),
    Stage.STRUCTURAL_VERIFIED: (Move.ARM, Move.CONTINUE, Move.REVERT),
    Stage.LIFECYCLE_ENACTED: (Move.CONTINUE,),
}
"""Stages with moves of their own. Leg B needs the switch: if the lease ended between the legs, it is armed again."""


def _moves_on_the_way(stage: Stage, mode: Mode) -> tuple[Move, ...]:
    if stage is Stage.CLOSEOUT_REPORTED:
        return (Move.REPORT,)
    if mode is Mode.DRYRUN:
        return (Move.CONTINUE, Move.VOID)
    way_out = Move.REVERT if stage in DRAFT_STAGES else Move.VOID
    return _LIVE_MOVES.get(stage, (Move.CONTINUE, way_out))

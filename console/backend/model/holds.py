"""The HOLD with all that belongs to it: what stands stopped, the runs to recover, what a release does, every HOLD that was set."""

from datetime import datetime

from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Mode, Move, state_in_words
from console.backend.model.value import Value
from console.backend.model.view_models import Confirmation, Interruption, StopStep, SwitchView


class HoldEvent(Value):
    """A HOLD that was set, or its release, as the ledger has it."""

    is_set: bool
    """False for a release."""
    at: datetime
    by: SafeText
    """Name of the operator, as he or she gave it."""
    role: SafeText
    """Role of the database that recorded it."""
    reason: SafeText
    run_id: SafeText = ""


class ReleaseStep(Value):
    """One step of the release: its effect in words, and the statement or call that has it."""

    effect: SafeText
    runs: SafeText


class RecoveryMove(Value):
    """A legal move of a run: its command, and the effects and statements that are known before it is made."""

    move: Move
    command: SafeText
    effects: tuple[SafeText, ...] = ()
    """Empty for a move that asks no confirmation."""
    runs: SafeText = ""
    """The statement that has the effect; empty where phases follow one another."""


class RecoveryStep(Value):
    """One step of the plan after a failure that left rows behind."""

    purpose: SafeText
    command: SafeText


class HeldRun(Value):
    """A run that was interrupted, has failed or was stopped: what happened, and what may be done with it."""

    run_id: SafeText
    mode: Mode
    state: SafeText
    docprefix: SafeText
    interruption: Interruption | None = None
    happened: tuple[SafeText, ...] = ()
    """Further facts: phases that failed, what is acknowledged and gone, another server, another host."""
    moves: tuple[RecoveryMove, ...] = ()
    """Moves that are accepted now, the first one the one that goes on."""
    left_behind: SafeText = ""
    """Rows that the failed phase may have committed; empty if no plan is needed."""
    plan: tuple[RecoveryStep, ...] = ()
    unread: SafeText = ""
    """The reason why the run could not be looked at; then the moves are not known."""

    @property
    def in_words(self) -> str:
        """Return its state, as `state_in_words` tells it."""
        return state_in_words(self.state)

    @property
    def is_unsettled(self) -> bool:
        """Return whether the outcome of a COMMIT is not known."""
        return self.interruption is not None and not self.interruption.is_settled


class HoldView(Value):
    """All that there is to know before a HOLD is released, measured together."""

    measured_at: datetime
    outcome: Outcome
    switch: SwitchView
    stopped: tuple[StopStep, ...]
    """Each thing that panic does, as it stands now; `done` is True for one that stands stopped."""
    runs: tuple[HeldRun, ...]
    more_runs: int = 0
    """Number of further runs that need a decision, and are not shown."""
    runs_unread: SafeText = ""
    """The reason why the runs are not known; empty if they are."""
    release: Confirmation
    """Content of the dialog of the release: its effects, and the checks that it needs."""
    steps: tuple[ReleaseStep, ...]
    history: tuple[HoldEvent, ...]
    """The newest first."""
    history_unread: SafeText = ""
    """The reason why the history is not known; empty if it is."""

    @property
    def unsettled(self) -> tuple[HeldRun, ...]:
        """Return the runs with a COMMIT whose outcome is not known."""
        return tuple(run for run in self.runs if run.is_unsettled)

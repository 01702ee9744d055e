"""Models of readiness for those who decide: gates and their board, drift, the bundle, a run's report."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from console.backend.model.outcome import Check, Outcome, worst
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_URGENCY = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_RUN, Outcome.PARTIAL, Outcome.PASS)


def urgency(outcome: Outcome) -> int:
    """The order to read in, 0 first: what is known to be wrong, what is not known, what is left to do."""
    return _URGENCY.index(outcome)


def worst_first(checks: Iterable[Check]) -> list[Check]:
    """These checks in the order to read them in."""
    return sorted(checks, key=lambda check: urgency(check.outcome))


class Owner(StrEnum):
    """Person who can repair a gate that is not PASS."""

    OPERATOR = "operator"
    SOVEREIGN = "sovereign"
    WORKSTATION = "workstation"


class GateReport(Value):
    """One gate, measured: its checks with their evidence."""

    gate: str
    title: str
    question: str
    owner: Owner
    outcome: Outcome
    checks: tuple[Check, ...]
    measured_at: datetime
    took_ms: float

    @model_validator(mode="after")
    def _outcome_is_the_worst(self) -> Self:
        if self.outcome is not worst([check.outcome for check in self.checks]):
            raise ValueError(f"{self.gate}: {self.outcome} is not the worst of its checks")
        return self

    @property
    def decisive(self) -> Check | None:
        """The first check that made the outcome what it is; None where nothing was checked."""
        return next((check for check in self.checks if check.outcome is self.outcome), None)

    @property
    def detail(self) -> SafeText:
        """Return why it is not PASS, or how much was looked at."""
        if self.outcome is Outcome.PASS or self.decisive is None:
            return f"{len(self.checks)} checks"
        more = sum(check.outcome is not Outcome.PASS for check in self.checks) - 1
        return f"{self.decisive.name}: {self.decisive.detail}" + (f" (and {more} more)" if more else "")

    @property
    def urgent(self) -> Check | None:
        """The check to begin with: one that is known to be wrong hides behind none that could not be measured."""
        return worst_first(self.checks)[0] if self.checks else None

    @property
    def urgent_detail(self) -> SafeText:
        """Return why it is not PASS, what is known to be wrong first, with its own outcome where the gate has another one."""
        urgent = self.urgent
        if urgent is None or urgent.outcome is self.outcome:
            return self.detail
        others = sum(check.outcome is not Outcome.PASS for check in self.checks) - 1
        return f"{urgent.outcome} {urgent.name}: {urgent.detail} (and {others} more)"

    @property
    def next_action(self) -> SafeText:
        """The exact step that repairs the worst check."""
        return self.decisive.next_action if self.decisive is not None else f"cutter-console gates {self.gate}"


class Board(Value):
    """Gates measured together, at one time."""

    gates: tuple[GateReport, ...]
    outcome: Outcome
    measured_at: datetime
    took_ms: float
    deadline_s: float

    @model_validator(mode="after")
    def _outcome_is_the_worst(self) -> Self:
        if self.outcome is not worst([gate.outcome for gate in self.gates]):
            raise ValueError(f"{self.outcome} is not the worst of its gates")
        return self

    def gate(self, name: str) -> GateReport | None:
        """One gate by its id, or None where it was not asked."""
        return next((gate for gate in self.gates if gate.gate == name), None)


def joined(board: Board, later: Board) -> Board:
    """Pure: each gate's latest report. The time is the older one, so that no answer looks newer than it is."""
    newer = {gate.gate: gate for gate in later.gates}
    gates = tuple(newer.pop(gate.gate, gate) for gate in board.gates) + tuple(newer.values())
    return Board(
        gates=gates,
        outcome=worst([gate.outcome for gate in gates]),
        measured_at=min(gate.measured_at for gate in gates) if gates else board.measured_at,
        took_ms=max(board.took_ms, later.took_ms),
        deadline_s=board.deadline_s,
    )


def board_of(gate: GateReport, deadline_s: float) -> Board:
    """Pure: one gate as a board of its own."""
    return Board(
        gates=(gate,), outcome=gate.outcome, measured_at=gate.measured_at, took_ms=gate.took_ms, deadline_s=deadline_s
    )


class Difference(Value):
    """One thing in the database that is not as it was installed, and what would repair it."""

    what: SafeText
    """`grant`, `owner`, `function`, `trigger`, `column`, `role`, `membership`, `superuser`, …"""
    subject: SafeText
    """The object, and the role where one is concerned: `cutter_ro on cutter_governance.v_run`."""
    expected: SafeText
    """In words; `absent` for what was not installed."""
    actual: SafeText
    """In words; `missing` for what is gone."""
    repair: tuple[SafeText, ...]
    """SQL for the administrator, or a step in words. Printed, never run."""


class DriftReport(Value):
    """The database's grants and definitions against those that were installed."""

    outcome: Outcome
    schema_digest: str
    pinned_digest: str
    """Digest of the lines that the last migration pinned."""
    differences: tuple[Difference, ...]
    measured_at: datetime


class Letter(StrEnum):
    """The final outcome line of a bundle."""

    A = "A"
    """Every gate is PASS."""
    B = "B"
    """Ready but for named steps."""
    C = "C"
    """Blocked."""


class BundleView(Value):
    """A readiness bundle that has been written, whole."""

    directory: SafeText
    letter: Letter
    headline: SafeText
    gaps: tuple[SafeText, ...]
    """Gate, owner, what is open and the next action; a line each."""
    documents: tuple[str, ...]
    sums_sha256: str
    """sha256 of SHA256SUMS: one digest for the whole bundle."""
    signed_by: str = ""
    board: Board

    @property
    def outcome(self) -> Outcome:
        """The board's, or FAIL where something else blocks: a change while it was measured, a gate that was not asked."""
        blocked = self.letter is Letter.C and letter_of([self.board.outcome]) is not Letter.C
        return Outcome.FAIL if blocked else self.board.outcome


class ReportView(Value):
    """The documents of one run, as they lie in reports/."""

    run_id: str
    directory: SafeText
    documents: tuple[str, ...]
    sums_sha256: str
    unchanged: bool
    """They were there already, byte for byte the same."""


def letter_of(outcomes: list[Outcome]) -> Letter:
    """Pure: the final letter is never better than the worst gate; a gate that was not run or not measured blocks."""
    match worst(outcomes):
        case Outcome.PASS:
            return Letter.A
        case Outcome.PARTIAL:
            return Letter.B
        case Outcome.FAIL | Outcome.INCONCLUSIVE | Outcome.NOT_RUN:
            return Letter.C

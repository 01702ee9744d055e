"""View models of readiness: gates and their board, drift, the bundle, a run's report."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from console.backend.model.outcome import Check, Milliseconds, Outcome, worst
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_URGENCY = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_RUN, Outcome.PARTIAL, Outcome.PASS)


def urgency(outcome: Outcome) -> int:
    """Return the rank in reading order, 0 first: what is known to be wrong, what is not known, what is left to do."""
    return _URGENCY.index(outcome)


def worst_first(checks: Iterable[Check]) -> list[Check]:
    """Return these checks in reading order; equal ones keep theirs."""
    return sorted(checks, key=lambda check: urgency(check.outcome))


class Owner(StrEnum):
    """Owner who can repair a gate that is not PASS."""

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
    took_ms: Milliseconds

    @model_validator(mode="after")
    def _outcome_is_the_worst(self) -> Self:
        if self.outcome is not worst([check.outcome for check in self.checks]):
            raise ValueError(f"{self.gate}: {self.outcome} is not the worst of its checks")
        return self

    @property
    def decisive(self) -> Check | None:
        """Return the first check with the gate's outcome; None if nothing was checked."""
        return next((check for check in self.checks if check.outcome is self.outcome), None)

    @property
    def detail(self) -> SafeText:
        """Return why the gate is not PASS, or the number of its checks."""
        if self.outcome is Outcome.PASS or self.decisive is None:
            return f"{len(self.checks)} checks"
        more = sum(check.outcome is not Outcome.PASS for check in self.checks) - 1
        return f"{self.decisive.name}: {self.decisive.detail}" + (f" (and {more} more)" if more else "")

    @property
    def urgent(self) -> Check | None:
        """Return the check to begin with: a known failure takes precedence over a missing measurement."""
        return worst_first(self.checks)[0] if self.checks else None

    @property
    def urgent_detail(self) -> SafeText:
        """Return why the gate is not PASS, by `urgent`, with that check's outcome if the gate has another one."""
        urgent = self.urgent
        if urgent is None or urgent.outcome is self.outcome:
            return self.detail
        more = sum(check.outcome is not Outcome.PASS for check in self.checks) - 1
        return f"{urgent.outcome} {urgent.name}: {urgent.detail} (and {more} more)"

    @property
    def next_action(self) -> SafeText:
        """Return the next action of the decisive check."""
        return self.decisive.next_action if self.decisive is not None else f"cutter-console gates {self.gate}"


class Board(Value):
    """Gates measured together, at one time."""

    gates: tuple[GateReport, ...]
    outcome: Outcome
    measured_at: datetime
    took_ms: Milliseconds
    deadline_s: float

    @model_validator(mode="after")
    def _outcome_is_the_worst(self) -> Self:
        if self.outcome is not worst([gate.outcome for gate in self.gates]):
            raise ValueError(f"{self.outcome} is not the worst of its gates")
        return self

    def gate(self, name: str) -> GateReport | None:
        """Return one gate by its id, or None if it was not measured."""
        return next((gate for gate in self.gates if gate.gate == name), None)


def joined(board: Board, later: Board) -> Board:
    """Pure: the board with each gate's latest report. Its time is the oldest: no answer looks newer than it is."""
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


def first_three(faults: tuple[str, ...]) -> str:
    """Return the first three faults in one line, and the number of further ones."""
    more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
    return "; ".join(faults[:3]) + more


class Difference(Value):
    """One thing in the database that is not as it was installed, and its repair."""

    what: SafeText
    """`grant`, `owner`, `function`, `trigger`, `column`, `role`, `membership`, `superuser`, …"""
    subject: SafeText
    """The object, and the role if one is concerned: `cutter_ro on cutter_governance.v_run`."""
    expected: SafeText
    """In words; `absent` for what was not installed."""
    actual: SafeText
    """In words; `missing` for what is gone."""
    repair: tuple[SafeText, ...]
    """SQL for the administrator, or a step in words. Printed, never run."""

    def __str__(self) -> str:
        return f"{self.what} {self.subject}: expected {self.expected}, actual {self.actual}"


class DriftReport(Value):
    """Differences of the database's grants and definitions from the installed ones."""

    outcome: Outcome
    schema_digest: str
    pinned_digest: str
    """Digest of the lines that the last migration pinned."""
    differences: tuple[Difference, ...]
    measured_at: datetime
    of_another_layout: bool = False
    """True for a database that was there before, compared with the inventory that this host has pinned."""

    @property
    def summary(self) -> str:
        """Return the first three differences in words, and the number of further ones; empty if there is none."""
        return first_three(tuple(map(str, self.differences)))


class Letter(StrEnum):
    """The final outcome line of a bundle."""

    A = "A"
    """Every gate is PASS."""
    B = "B"
    """Ready except for named steps."""
    C = "C"
    """Blocked."""


class BundleView(Value):
    """A readiness bundle that has been written completely."""

    directory: SafeText
    letter: Letter
    headline: SafeText
    gaps: tuple[SafeText, ...]
    """One line per gap: gate, owner, what is open and the next action."""
    documents: tuple[str, ...]
    sums_sha256: str
    """sha256 of SHA256SUMS: one digest for the whole bundle."""
    signed_by: str = ""
    board: Board

    @property
    def outcome(self) -> Outcome:
        """Return the board's outcome, or FAIL if something else blocks: a change meanwhile, a gate that was not run."""
        blocked = self.letter is Letter.C and letter_of([self.board.outcome]) is not Letter.C
        return Outcome.FAIL if blocked else self.board.outcome


class ReportView(Value):
    """The documents of one run, as they lie in reports/."""

    run_id: str
    directory: SafeText
    documents: tuple[str, ...]
    sums_sha256: str
    unchanged: bool
    """True if they existed already, byte for byte the same."""


def letter_of(outcomes: list[Outcome]) -> Letter:
    """Pure: the final letter is never better than the worst gate; a gate that was not run or not measured blocks."""
    match worst(outcomes):
        case Outcome.PASS:
            return Letter.A
        case Outcome.PARTIAL:
            return Letter.B
        case Outcome.FAIL | Outcome.INCONCLUSIVE | Outcome.NOT_RUN:
            return Letter.C

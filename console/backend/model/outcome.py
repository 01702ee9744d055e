"""Outcomes and the evidence they rest on: a PASS without evidence cannot be constructed."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class Outcome(StrEnum):
    """Result of a measurement."""

    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    PARTIAL = "PARTIAL"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_RUN = "NOT_RUN"

    @property
    def rank(self) -> int:
        """0 is best; used only to take the worst of several."""
        return list(Outcome).index(self)


class Evidence(Value):
    """One measured fact: what was asked, of whom, what the answer was and when."""

    id: str
    asked: SafeText
    source: SafeText
    answer: SafeText
    digest: str = ""
    """sha256 of what was looked at, where the answer is longer than a line."""
    measured_at: datetime
    took_ms: float = 0.0


class Check(Value):
    """One question with its verdict, the evidence for it and, when it is not PASS, what to do."""

    name: str
    outcome: Outcome
    detail: SafeText
    evidence: tuple[Evidence, ...] = ()
    next_action: SafeText = ""

    @model_validator(mode="after")
    def _pass_needs_evidence(self) -> Self:
        if self.outcome is Outcome.PASS and not self.evidence:
            raise ValueError(f"{self.name}: PASS without evidence")
        return self


def worst(outcomes: list[Outcome]) -> Outcome:
    """The worst of several outcomes; of none it is NOT_RUN, never PASS."""
    return max(outcomes, key=lambda o: o.rank, default=Outcome.NOT_RUN)

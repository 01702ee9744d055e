"""A measured fact, or the reason why it could not be measured; and the checks that are decided from facts."""

from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from pydantic import model_validator

from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

T = TypeVar("T")


class Measurement(Value, Generic[T]):
    """Answer to one question. Either `value` is set, or `unmeasured` says why it is not."""

    evidence: Evidence
    value: T | None = None
    unmeasured: SafeText = ""
    next_action: SafeText = ""
    """Step that makes it measurable; empty if it was measured."""

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.value is None) != bool(self.unmeasured):
            raise ValueError(f"{self.evidence.id}: a value or a reason, and not both")
        return self


class AnyMeasurement(Protocol):
    """A measurement of any type, as far as a check cites it."""

    @property
    def evidence(self) -> Evidence:
        """Return what was asked and what came back."""

    @property
    def value(self) -> object:
        """Return the value, or None if it was not measured."""

    @property
    def unmeasured(self) -> str:
        """Return why there is no value; empty if there is one."""

    @property
    def next_action(self) -> str:
        """Return how to make it measurable; empty if it was measured."""


class Verdict(NamedTuple):
    """Outcome of judging a measured value; every outcome but PASS names the exact command or step that repairs it."""

    outcome: Outcome
    detail: str
    next_action: str = ""


def passes(detail: str) -> Verdict:
    """Return PASS: it is as it must be."""
    return Verdict(Outcome.PASS, detail)


def partial(detail: str, next_action: str) -> Verdict:
    """Return PARTIAL: it holds but for a named step, or was allowed explicitly."""
    return Verdict(Outcome.PARTIAL, detail, next_action)


def fails(detail: str, next_action: str) -> Verdict:
    """Return FAIL: it is not as it must be."""
    return Verdict(Outcome.FAIL, detail, next_action)


def unclear(detail: str, next_action: str) -> Verdict:
    """Return INCONCLUSIVE: what was measured does not tell."""
    return Verdict(Outcome.INCONCLUSIVE, detail, next_action)


def check(name: str, fact: Measurement[T], decide: Callable[[T], Verdict], *also: AnyMeasurement) -> Check:
    """Pure: the check that `decide` makes of the fact; INCONCLUSIVE if it, or one of `also`, was not measured.

    `also` are further facts that `decide` has looked at: their evidence is cited too.
    Raises ValueError if a verdict other than PASS names no next action.
    """
    facts: tuple[AnyMeasurement, ...] = (fact, *also)
    evidence = tuple(measured.evidence for measured in facts)
    missing = next((measured for measured in facts if measured.value is None), None)
    if missing is not None:
        verdict = unclear(missing.unmeasured, missing.next_action)
    else:
        assert fact.value is not None
        verdict = decide(fact.value)
    if verdict.outcome is not Outcome.PASS and not verdict.next_action:
        raise ValueError(f"{name}: {verdict.outcome} without a next action")
    return Check(
        name=name,
        outcome=verdict.outcome,
        detail=verdict.detail,
        evidence=evidence,
        next_action=verdict.next_action,
    )

"""A gate: one readiness question with an owner, a function that measures and a pure one that decides."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from console.backend.gates.probe import Probe
from console.backend.model.outcome import Check, whole_ms, worst
from console.backend.model.readiness import GateReport, Owner

F = TypeVar("F")


class Described(Protocol):
    """Description of what a report is about: a gate, or the checks before arming."""

    @property
    def id(self) -> str:
        """Return the name that is typed, e.g. `G3`; `PRE` for the checks before arming."""

    @property
    def title(self) -> str:
        """Return its name on the board."""

    @property
    def question(self) -> str:
        """Return the question that it answers, as an operator would ask it."""

    @property
    def owner(self) -> Owner:
        """Return who can repair it."""


class AnyGate(Described, Protocol):
    """A gate for the board."""

    def report(self, probe: Probe) -> GateReport:
        """Measure and decide."""


@dataclass(frozen=True)
class Gate(Generic[F]):
    """A measuring function, and a pure one that decides from its facts and asks nothing itself."""

    id: str
    title: str
    question: str
    owner: Owner
    measure: Callable[[Probe], F]
    decide: Callable[[F], tuple[Check, ...]]

    def report(self, probe: Probe) -> GateReport:
        """Measure and decide."""
        began, started = probe.installation.context.now(), time.perf_counter()
        checks = self.decide(self.measure(probe))
        return reported(self, checks, began, whole_ms(time.perf_counter() - started))


def reported(gate: Described, checks: tuple[Check, ...], measured_at: datetime, took_ms: int) -> GateReport:
    """Pure: the report of a gate from its checks."""
    return GateReport(
        gate=gate.id,
        title=gate.title,
        question=gate.question,
        owner=gate.owner,
        outcome=worst([check.outcome for check in checks]),
        checks=checks,
        measured_at=measured_at,
        took_ms=took_ms,
    )

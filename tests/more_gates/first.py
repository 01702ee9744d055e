"""G97: a gate that always fails, so that each place that names what is open names it."""

from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Measurement, check, fails
from console.backend.gates.probe import Probe
from console.backend.model.outcome import Check
from console.backend.model.readiness import Owner


def measure(probe: Probe) -> Measurement[str]:
    """Ask what has one answer."""
    return probe.ask("sample", "is it there", "a test", lambda: "it is not", str)


def decide(fact: Measurement[str]) -> tuple[Check, ...]:
    """Fail."""
    return (check("sample", fact, lambda said: fails(said, "Put it there.")),)


GATE = Gate("G97", "Sample gate G97", "Is it there?", Owner.OPERATOR, measure, decide)

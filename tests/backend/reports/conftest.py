"""What the tests of the reports share: a piece of evidence, and gates whose answer is given."""

from datetime import UTC, datetime

import pytest

from console.backend.gates.gate import AnyGate, Gate
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.readiness import Owner
from console.backend.publication.pages import DOCUMENTS

MOMENT = datetime(2026, 3, 1, 14, 3, tzinfo=UTC)


@pytest.fixture
def now() -> Evidence:
    """One measured fact."""
    return Evidence(id="BUNDLE.sample", asked="a", source="b", answer="c", measured_at=MOMENT)


def settled(
    name: str, outcome: Outcome = Outcome.PASS, detail: str = "as it must be", repair: str = "repair it"
) -> AnyGate:
    """A gate with one check of this outcome: for what is made of a board, whatever was measured."""
    evidence = Evidence(id=f"{name}.fact", asked="a question", source="a test", answer=detail, measured_at=MOMENT)
    one = Check(
        name="the check",
        outcome=outcome,
        detail=detail,
        evidence=(evidence,),
        next_action="" if outcome is Outcome.PASS else repair,
    )
    return Gate(name, f"Title of {name}", "Is it so?", Owner.OPERATOR, lambda _: (one,), lambda checks: checks)


def all_gates(**others: AnyGate) -> tuple[AnyGate, ...]:
    """All eleven, PASS but for those that are given."""
    return tuple(others.get(name) or settled(name) for _, _, names in DOCUMENTS for name in names)

"""Gates where the organisation's vocabulary lacks kinds that a synthetic document has: what could not be tried is not called broken."""

import pytest

from console.backend.model.outcome import Outcome
from tests.support.passage import Passage

_LESS = "DELETE FROM public.dot_config WHERE key = 'vocab.unit_kind.document_unit'"


@pytest.mark.parametrize(("gate", "checks"), [("G4", {"soft revert"}), ("G5", {"N = 1", "N = 3", "N = 60", "N = 137"})])
def test_a_kind_that_the_vocabulary_lacks_is_named_and_fails_no_gate(
    tied: Passage, gate: str, checks: set[str]
) -> None:
    """An organisation with laws alone was told for ever: cut nothing, it could not be taken back."""
    tied.execute(_LESS)

    (report,) = tied.backend.gates((gate,)).gates

    unknown = {check.name: check for check in report.checks if check.outcome is Outcome.INCONCLUSIVE}
    assert unknown.keys() == checks
    assert all("vocabulary lacks document_unit: 23514" in check.detail for check in unknown.values())
    assert [check.detail for check in report.checks if check.outcome is Outcome.FAIL] == []


@pytest.mark.parametrize("gate", ["G4", "G5"])
def test_what_else_refuses_a_synthetic_document_fails_the_gate(tied: Passage, gate: str) -> None:
    tied.execute("ALTER TABLE public.unit_version ADD CHECK (title <> 'Unit 1') NOT VALID")

    (report,) = tied.backend.gates((gate,)).gates

    failed = [check for check in report.checks if check.outcome is Outcome.FAIL]
    assert failed
    assert any("violates check constraint" in check.detail for check in failed)

"""The sample documents give exactly the units that the demo counts on."""

from pathlib import Path

import pytest

import console
from console.backend.documents.planning import PlanResult, plan_document
from tests.support.plans import accepted

SAMPLES = Path(console.__file__).parent / "samples"


def sample(name: str, docprefix: str) -> PlanResult:
    """A sample, planned."""
    raw = (SAMPLES / name).read_bytes()
    return plan_document(raw, origin=f"file:{name}", docprefix=docprefix, profile="atx")


def test_the_constitution_has_sixty_units() -> None:
    result = sample("constitution.md", "DEMO-CONST")
    assert result.histogram == {"article": 42, "principle": 15, "section": 3}


def test_procedure_and_policy_have_ninety_eight_units_together() -> None:
    procedure, policy = sample("procedure.md", "DEMO-PROC"), sample("policy.md", "DEMO-POLICY")
    assert len(accepted(procedure).units) + len(accepted(policy).units) == 98


def test_the_charter_is_short() -> None:
    assert sample("charter.md", "DEMO-CHARTER").histogram == {"article": 8, "principle": 2, "section": 2}


@pytest.mark.parametrize("name", ["constitution.md", "procedure.md", "policy.md", "charter.md"])
def test_samples_are_written_in_one_canonical_form(name: str) -> None:
    result = sample(name, "DEMO-ANY")
    assert (SAMPLES / name).read_bytes() == result.canonical
    assert all(unit.title and unit.number for unit in accepted(result).units)


def test_hostile_titles_are_inert() -> None:
    """Markup or escape sequences in a document's title redraw the operator's screen."""
    result = sample("hostile.md", "DEMO-HOSTILE")
    titles = [unit.title for unit in accepted(result).units]
    assert len(titles) == 7
    assert any("[/x]" in title for title in titles)
    hostile = {*map(chr, range(32)), *map(chr, range(127, 160)), *"\u202e\u2066\u2069\u200b\u200d\ufeff\u00ad"}
    assert not hostile & set("".join(titles))
    assert max(map(len, titles)) <= 220
    assert hostile & set(result.canonical.decode())

"""Real laws: planned or refused for a reason that a lawyer shares, lossless, and the same in another process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.backend.documents.coverage import spans
from console.backend.documents.planning import PlanResult, plan_document
from tests.support.plans import accepted

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("CUTTER_CORPUS", ROOT.parent / "shared" / "corpus"))
PROFILES = {"de": "de-law", "vi": "vi-law"}
DOCUMENTS = sorted(path for folder in PROFILES for path in (CORPUS / folder).glob("*.md"))

pytestmark = pytest.mark.skipif(not DOCUMENTS, reason=f"no corpus in {CORPUS}; set CUTTER_CORPUS")

REFUSED = {
    "constitution.md": "UNKNOWN_HEADING",
    "law-of-data-and-connection.md": "NUMBER_GAP",
}
"""The first is several laws in one file, whose later parts would become the text of an article of its annex; in the
second, four articles stand in the middle of a line of another article."""


def plan_of(path: Path) -> PlanResult:
    """A law of the corpus, planned."""
    return plan_document(
        path.read_bytes(), origin=f"file:{path.name}", docprefix="CORPUS", profile=PROFILES[path.parent.name]
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_a_real_law_is_planned_without_loss_or_refused_for_its_own_fault(path: Path) -> None:
    result = plan_of(path)
    if path.name in REFUSED:
        assert {problem.code for problem in result.problems} == {REFUSED[path.name]}
        assert all(problem.line > 0 for problem in result.problems)
        return
    plan = accepted(result)
    assert b"".join(result.canonical[s.byte_start : s.byte_end] for s in spans(plan)) == result.canonical
    assert plan.coverage.lossless
    assert plan.coverage.unit_bytes + plan.coverage.other_bytes == len(result.canonical)


def test_another_process_comes_to_the_same_digests() -> None:
    code = (
        "import json, sys; from pathlib import Path; from tests.backend.documents.test_corpus import plan_of;"
        "results = {p: plan_of(Path(p)).plan for p in sys.argv[1:]};"
        "print(json.dumps({p: r and r.content_digest for p, r in results.items()}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    names = [str(path) for path in DOCUMENTS]
    done = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, check=True, env=environment, cwd=ROOT
    )
    here = {name: plan.content_digest if (plan := plan_of(Path(name)).plan) else None for name in names}
    assert json.loads(done.stdout) == here


def test_the_civil_code_reads_book_division_title_section() -> None:
    found = {u.address: u for u in accepted(plan_of(CORPUS / "de" / "b__bgb.md")).units}
    assert found["CORPUS/PAR-433/ABS-2"].parent == "CORPUS/PAR-433"
    chain = ["CORPUS/PAR-433"]
    while (parent := found[chain[-1]].parent) is not None:
        chain.append(parent)
    assert [found[address].section_type for address in chain] == ["article", "subtitle", "title", "division", "book"]
    assert found["CORPUS/PAR-3-6"].title == "(weggefallen)"


def test_the_basic_law_has_its_parts_and_lettered_articles() -> None:
    found = {u.address: u for u in accepted(plan_of(CORPUS / "de" / "g__gg.md")).units}
    assert found["CORPUS/ART-1"].parent == "CORPUS/TEIL-I"
    assert found["CORPUS/ART-53A"].parent == "CORPUS/TEIL-IVA"
    assert found["CORPUS/ART-115L/ABS-1"].parent == "CORPUS/ART-115L"
    assert found["CORPUS/PRAEAMBEL"].parent is None

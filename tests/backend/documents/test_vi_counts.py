"""Vietnamese laws against an independent count of their Điều, Khoản and Điểm."""

import os
from collections import Counter
from pathlib import Path

import pytest

from console.backend.documents.planning import PlanResult, plan_document
from console.backend.model.plan import DocumentPlan
from console.backend.model.written_plan import kept_bytes
from tests.backend.documents.counting import counted
from tests.backend.documents.gazette import Layout, bare, printed
from tests.support.plans import accepted

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("CUTTER_CORPUS", ROOT.parent / "shared" / "corpus"))
LAYOUTS = ("plain", "bold", "single", "wrapped")
LAWS = sorted((CORPUS / "vi-laws").glob("*.*")) if CORPUS.is_dir() else []
GAZETTE = sorted((CORPUS / "vi-gazette").glob("*.txt")) if CORPUS.is_dir() else []
COUNTED = {"article", "paragraph", "point"}

needs_corpus = pytest.mark.skipif(not (LAWS and GAZETTE), reason=f"no corpus in {CORPUS}; set CUTTER_CORPUS")


def plan_of(text: bytes) -> PlanResult:
    """Plan a Vietnamese text."""
    return plan_document(text, origin="file:law.txt", docprefix="LAW", profile="vi-law")


def both_counts(plan: DocumentPlan, text: bytes) -> tuple[Counter[str], Counter[str]]:
    """What the plan has outside of annexes, and what is counted in the text above the first of them."""
    annexes = [unit for unit in plan.units if unit.section_type == "annex"]
    end = min((unit.byte_start for unit in annexes), default=len(text))
    below = tuple(f"{unit.address}/" for unit in annexes)
    units = [unit for unit in plan.units if unit.section_type in COUNTED and not unit.address.startswith(below)]
    dropped = tuple(span for span in plan.dropped if span.byte_end <= end)
    return Counter(unit.section_type for unit in units), counted(kept_bytes(text[:end], dropped).decode())


@pytest.mark.parametrize("text", [bare(), printed(Layout()), printed(Layout(width=55, lines=9, number="behind"))])
def test_the_sample_law_is_counted_as_it_is_planned(text: str) -> None:
    units, own = both_counts(accepted(plan_of(text.encode())), text.encode())
    assert units == own == Counter(article=6, paragraph=8, point=6)


def test_the_count_sees_a_unit_that_is_lost() -> None:
    text = bare().replace("2. Người giữ hồ báo", "2- Người giữ hồ báo")
    assert counted(text) != counted(bare())


@needs_corpus
@pytest.mark.parametrize("layout", LAYOUTS)
def test_planned_laws_of_each_layout_have_the_counted_units(layout: str) -> None:
    laws = [path for path in LAWS if f".{layout}" in path.name]
    plans = {path.name: (result.plan, result.canonical) for path in laws if (result := plan_of(path.read_bytes())).plan}
    counts = {name: both_counts(plan, text) for name, (plan, text) in plans.items() if plan is not None}
    assert len(counts) * 2 > len(laws)
    assert {name: pair for name, pair in counts.items() if pair[0] != pair[1]} == {}


@needs_corpus
def test_three_quarters_of_the_gazette_texts_are_planned_and_have_the_counted_units() -> None:
    results = [plan_of(path.read_bytes()) for path in GAZETTE]
    plans = [(result.plan, result.canonical) for result in results if result.plan is not None]
    assert len(plans) * 4 >= len(GAZETTE) * 3
    assert all(units == own for units, own in (both_counts(plan, text) for plan, text in plans))

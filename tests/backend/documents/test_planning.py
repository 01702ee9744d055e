"""The public entry: plan or problems, never both, never an exception for what a document says."""

import gc
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.backend.documents import planning
from console.backend.documents.coverage import check_algebra, spans
from console.backend.documents.planning import plan_document
from console.backend.documents.profiles import load_profile
from console.backend.documents.report import PlanReport
from console.backend.documents.tree import build
from console.backend.documents.uncollected import uncollected
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.profile_names import PROFILE_NAMES, TEXT_PROFILES
from console.backend.model.vocabulary import VOCABULARY
from tests.backend.documents.planned import planned
from tests.support.plans import accepted

MEASURED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PIECES = (
    "# A\n", "## Điều 1. Tên\n", "### § 1 Über\n", "§ 2 Zweck\n", "Điều 2. Tên\n", "1. Một.\n", "a) Hai;\n", "đ) Ba\n",
    "(1) Satz.\n", "(2) Satz.\n", "„", "“", '"', "«", "»", "```\n", "~~~\n", "> # Q\n", "| a | b |\n", "\n", "\r\n",
    "- item\n", "   (1) x\n", "---\n", "k: v\n", "===\n", "Teil 1\n", "Chương I\n", "TÊN\n", "<!--", "-->", "Anlage 1\n",
    "Inhalt\n", "u\u0308\n", "\ufeff", "\u2028", "Text.\n", "漢字 🏴\n", "**Điều 3.** x\n", "I. Erster\n", "#\n", "(XXXX)\n",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=30).map("".join)


@settings(max_examples=150, derandomize=True)
@given(text=TEXTS, profile=st.sampled_from(PROFILE_NAMES), ordinals=st.booleans())
def test_any_text_gives_a_lossless_plan_or_problems(text: str, profile: str, ordinals: bool) -> None:
    result = planned(text.encode("utf-8", "surrogatepass"), profile, ordinals=ordinals)
    if result.plan is None:
        assert result.problems
        return
    plan = result.plan
    assert b"".join(result.canonical[s.byte_start : s.byte_end] for s in spans(plan)) == result.canonical
    assert check_algebra(plan, result.canonical) == ()
    for unit in plan.units:
        first = result.canonical[unit.byte_start : unit.byte_end].split(b"\n")[0]
        assert result.canonical.split(b"\n")[unit.line_start - 1] == first


@settings(max_examples=100, derandomize=True)
@given(raw=st.binary(max_size=200), profile=st.sampled_from(PROFILE_NAMES))
def test_bytes_of_any_kind_never_raise(raw: bytes, profile: str) -> None:
    """A validator raised an exception instead of a verdict."""
    result = planned(raw, profile)
    assert (result.plan is None) == bool(result.problems)


@pytest.mark.parametrize("docprefix", ["AB", "A" * 33, "abc", "-ABC", "ABC-", "A_B", "A/B", "", "ÄBC", "ABC\n"])
def test_a_docprefix_out_of_form_is_refused(docprefix: str) -> None:
    result = plan_document(b"# A\n", origin="file:a.md", docprefix=docprefix, profile="atx")
    assert [p.code for p in result.problems] == ["DOCPREFIX_INVALID"]


@pytest.mark.parametrize("docprefix", ["ICX-CONST", "DIEU", "DIEU-5", "DIEUX"])
def test_a_reserved_docprefix_is_refused(docprefix: str) -> None:
    result = plan_document(b"# A\n", origin="file:a.md", docprefix=docprefix, profile="atx")
    assert [p.code for p in result.problems] == ["DOCPREFIX_RESERVED"]


@pytest.mark.parametrize("docprefix", ["ABC", "A" * 32, "A-B", "123", "ICX-CONSTITUTION"])
def test_a_docprefix_in_form_is_taken(docprefix: str) -> None:
    plan = accepted(plan_document(b"# A\n", origin="file:a.md", docprefix=docprefix, profile="atx"))
    assert plan.units[0].address == f"{docprefix}/A"


def test_an_unknown_profile_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="unknown profile"):
        planned("# A\n", "bylaws")


def test_two_passes_have_equal_digests() -> None:
    once = planned("# A\n\n## B\n")
    twice = plan_document(once.canonical, origin="file:doc.md", docprefix="DOC", profile="atx")
    assert accepted(twice).content_digest == accepted(once).content_digest


def test_every_byte_the_prefix_and_the_profile_are_in_the_digest() -> None:
    digests = {
        accepted(plan_document(raw, origin="file:a.md", docprefix=prefix, profile="atx", ordinals=o)).content_digest
        for raw, prefix, o in (
            (b"# A\n", "ONE", False),
            (b"# A\n\n", "ONE", False),
            (b"# A\n", "TWO", False),
            (b"# A\n", "ONE", True),
        )
    }
    assert len(digests) == 4


def test_what_is_refused_has_no_plan_and_names_the_first_line_and_its_code() -> None:
    repeated = planned("# A\n\n# A\n\n# A\n")
    large = planned(b"x" * (65 * 1024 * 1024))
    assert (repeated.plan, repeated.problems[0].line, repeated.problems[0].code) == (None, 3, "ADDRESS_REPEATED")
    assert (large.plan, large.problems[0].code) == (None, StopCode.CAP_EXCEEDED)


def test_profiles_speak_only_the_vocabulary() -> None:
    for name in TEXT_PROFILES:
        profile = load_profile(name)
        assert {(profile.unit_kind.value, level.section_type.value) for level in profile.level} <= VOCABULARY


def test_the_report_has_the_fields_of_the_command() -> None:
    result = planned("Intro.\n\n# Article 1 — Ä\n\nText.\n")
    report = json.loads(PlanReport.of(result, MEASURED).model_dump_json(by_alias=True))
    assert report["schema"] == "cutter-console/plan/1"
    assert (report["outcome"], report["measured_at"]) == ("PASS", "2026-01-02T03:04:05Z")
    assert report["coverage"] == {"unit_bytes": 26, "other_bytes": 8, "lossless": True}
    assert report["histogram"] == {"section": 1}
    assert set(report["source"]) == {"bytes", "sha256", "canonical_sha256"}
    assert report["n_units"] == 1
    assert report["units"][0]["number"] == "1"
    assert {"address", "parent", "unit_kind", "section_type", "title", "body_sha256"} <= set(report["units"][0])


def test_the_report_of_a_refusal_says_where() -> None:
    report = json.loads(PlanReport.of(planned("# A\n\n# A\n"), MEASURED).model_dump_json(by_alias=True))
    assert (report["outcome"], report["plan_digest"], report["n_units"]) == ("FAIL", None, 0)
    assert report["problems"][0]["line"] == 3


def test_planning_loads_neither_screens_nor_drivers() -> None:
    code = (
        "import sys, console.backend.documents.planning, console.backend.documents.report,"
        "console.backend.documents.intake;"
        "print(*{m.partition('.')[0] for m in sys.modules} & {'textual', 'rich', 'psycopg', 'gnupg'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("was_enabled", [True, False])
def test_the_search_for_garbage_rests_while_a_document_is_planned_and_is_then_as_it_was(
    was_enabled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def build_seen(*args: object) -> object:
        seen.append(gc.isenabled())
        return build(*args)  # type: ignore[arg-type]

    def broken(*_: object) -> None:
        raise MemoryError

    (gc.enable if was_enabled else gc.disable)()
    try:
        monkeypatch.setattr(planning, "build", build_seen)
        planned(b"# One\n\nText.\n", "atx")
        assert (seen, gc.isenabled()) == ([False], was_enabled)
        monkeypatch.setattr(planning, "build", broken)
        with pytest.raises(MemoryError):
            planned(b"# One\n\nText.\n", "atx")
        assert gc.isenabled() is was_enabled
    finally:
        gc.enable()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_search_for_garbage_rests_until_the_last_of_several_plans_is_made(order: tuple[int, int]) -> None:
    """Two threads may plan at once, and the first one to begin need not be the last one to end."""
    assert gc.isenabled()
    blocks = (uncollected(), uncollected())
    for block in blocks:
        block.__enter__()
    blocks[order[0]].__exit__(None, None, None)
    assert not gc.isenabled()
    blocks[order[1]].__exit__(None, None, None)
    assert gc.isenabled()

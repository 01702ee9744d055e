"""The acceptance algebra, tested by breaking what it checks."""

from collections.abc import Callable

import pytest

from console.backend.documents.coverage import check_algebra
from console.backend.documents.limits import Limits
from console.backend.model.plan import DocumentPlan
from console.backend.model.planned_units import PlannedUnit
from tests.backend.documents.planned import planned
from tests.support.plans import accepted

TEXT = "Intro.\n\n# Ä\n\nText.\n\n## B\n\nText.\n\n# C\n\nText.\n"
Change = Callable[[DocumentPlan], DocumentPlan]


def with_unit(index: int, **changes: object) -> Change:
    """A change of one unit."""

    def changed(plan: DocumentPlan) -> DocumentPlan:
        units: list[PlannedUnit] = list(plan.units)
        units[index] = units[index].model_copy(update=changes)
        return plan.model_copy(update={"units": tuple(units)})

    return changed


def codes(plan: DocumentPlan, canonical: bytes) -> set[str]:
    """What the algebra says."""
    return {problem.code for problem in check_algebra(plan, canonical)}


def test_a_plan_that_adds_up_is_accepted() -> None:
    result = planned(TEXT)
    assert check_algebra(accepted(result), result.canonical) == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (with_unit(1, address="DOC/C"), "ADDRESS_REPEATED"),
        (with_unit(1, address="ELSE/B"), "ADDRESS_FOREIGN"),
        (with_unit(1, parent="DOC/NONE"), "PARENT_MISSING"),
        (with_unit(0, parent="DOC/C"), "PARENT_MISSING"),
        (with_unit(1, byte_start=0), "SPANS_DO_NOT_MEET"),
        (with_unit(2, byte_end=10_000), "NOT_COVERING"),
        (with_unit(1, byte_end=30), "SPANS_DO_NOT_MEET"),
        (with_unit(1, body_sha256="0" * 64), "BODY_DIFFERS"),
        (with_unit(1, section_type="paragraf"), "VOCABULARY_UNKNOWN"),
        (with_unit(0, section_type="principle"), "LEVEL_ILLEGAL"),
        (with_unit(1, line_start=99), "LINES_WRONG"),
        (lambda p: p.model_copy(update={"units": ()}), "NO_UNITS"),
        (lambda p: p.model_copy(update={"units": p.units[::-1]}), "UNITS_OUT_OF_ORDER"),
        (lambda p: p.model_copy(update={"others": ()}), "SPANS_DO_NOT_MEET"),
        (
            lambda p: p.model_copy(update={"coverage": p.coverage.model_copy(update={"lossless": False})}),
            "COVERAGE_WRONG",
        ),
    ],
)
def test_each_breach_is_named(change: Change, code: str) -> None:
    result = planned(TEXT)
    assert code in codes(change(accepted(result)), result.canonical)


def test_a_point_may_contain_points_and_nothing_larger() -> None:
    result = planned("Article 1\nAim\n\n1. One:\n\n(a) x:\n\n(i) y;\n\n(ii) z.\n", "eu-act")
    assert [u.section_type for u in accepted(result).units][2:] == ["point", "point", "point"]
    larger = with_unit(3, section_type="paragraph")(accepted(result))
    assert "LEVEL_ILLEGAL" in codes(larger, result.canonical)


def test_another_text_is_not_the_source() -> None:
    result = planned(TEXT)
    assert "SOURCE_DIFFERS" in codes(accepted(result), result.canonical.replace(b"Text", b"text"))


def test_an_empty_body_is_named() -> None:
    result = planned(TEXT)
    blank = bytes(10 if at >= 34 else byte for at, byte in enumerate(result.canonical))
    assert "BODY_EMPTY" in codes(accepted(result), blank)


def test_more_units_than_the_limit_are_refused_with_the_line_of_the_first_too_many() -> None:
    result = planned(TEXT, limits=Limits(max_units=2))
    assert [(p.code, p.line) for p in result.problems] == [("STOP_CAP_EXCEEDED", 11)]
    over = check_algebra(accepted(planned(TEXT)), result.canonical, Limits(max_units=2))
    assert [p.code for p in over] == ["STOP_CAP_EXCEEDED"]


def test_a_plan_is_immutable_and_a_patched_body_is_noticed() -> None:
    """A body patched in place broke the manifest digest only at the write."""
    result = planned(TEXT)
    plan = accepted(result)
    with pytest.raises(ValueError, match="frozen"):
        setattr(plan.units[0], "body_sha256", "0" * 64)  # noqa: B010 - mypy knows it is read-only
    patched = with_unit(0, title="Other")(plan)
    assert patched.content_digest != plan.content_digest
    assert "BODY_DIFFERS" in codes(plan, result.canonical.replace(b"Text.\n\n# C", b"Text!\n\n# C"))

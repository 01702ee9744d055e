"""Acceptances: what the enacted text itself does is accepted by line and code, and nothing else is hidden by it."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.backend.documents.acceptances import (
    ACCEPTABLE,
    ADDRESS_REPEATED,
    AMBIGUOUS,
    parse_acceptances,
    proposal,
)
from console.backend.documents.planning import PlanResult, plan_document
from console.backend.model.errors import Refused
from console.backend.model.plan import Acceptance, DocumentPlan, acceptances_in_words
from tests.backend.documents.planned import addresses, parents, planned, refusals
from tests.backend.documents.test_suspects import suspects
from tests.support.plans import accepted

CASES = Path(os.environ.get("CUTTER_CASES", Path(__file__).resolve().parents[4] / "shared" / "cases"))
GAP = "Điều 1. Quyền\n\na\n\n1. Có quyền:\n\na) Họp;\n\nb) Nói;\n\nd) Bầu.\n"
REPEATED = "## § 1 Zweck\n\n(1) Eins.\n\n(2) Zwei.\n\n(2) (weggefallen)\n\n(3) Drei.\n"
UNKNOWN = "## § 1 Zweck\n\n(1) Eins.\n\n### Hinweis\n\nText.\n\n## § 2 Ende\n\nText.\n"


def accept(line: int, code: str, *, suffix: str = "", read_as: str = "") -> Acceptance:
    """An acceptance with a reason."""
    return Acceptance(line=line, code=code, reason="so verkündet", suffix=suffix, read_as=read_as)


def accepting(text: str, profile: str, *acceptances: Acceptance) -> PlanResult:
    """Plan a text with acceptances."""
    return plan_document(
        text.encode(), origin="file:doc.md", docprefix="DOC", profile=profile, acceptances=acceptances
    )


@pytest.mark.parametrize(
    ("text", "profile", "acceptance", "expected"),
    [
        ("## § 1 Zweck\n\nText.\n\n(2) Zwei.\n", "de-law", accept(5, "NUMBER_GAP"), ["PAR-1", "PAR-1/ABS-2"]),
        (
            "Điều 1. A\n\nx\n\nĐiều 3. B\n\nx\n",
            "vi-law",
            accept(5, "NUMBER_GAP"),
            ["DIEU-1", "DIEU-3"],
        ),
        (
            "## § 1 A\n\nx\n\n## § 3 B\n\nx\n\n## § 2 C\n\nx\n",
            "de-law",
            accept(9, "NUMBER_BACKWARDS"),
            ["PAR-1", "PAR-3", "PAR-2"],
        ),
        (
            REPEATED,
            "de-law",
            accept(7, "ADDRESS_REPEATED", suffix="WEGGEFALLEN"),
            ["PAR-1", "PAR-1/ABS-1", "PAR-1/ABS-2", "PAR-1/ABS-2-WEGGEFALLEN", "PAR-1/ABS-3"],
        ),
        (UNKNOWN, "vi-law", None, []),
        (
            "## § 1 A\n\n„Ein Wort.\n\n## § 2 B\n\nx\n",
            "de-law",
            accept(3, "UNCLOSED_QUOTATION"),
            ["PAR-1", "PAR-2"],
        ),
        (
            "Điều 1. A\n\n1. Một\nhai\n2. Ba.\n\n3. Bốn.\n",
            "vi-law",
            accept(5, "AMBIGUOUS_PARAGRAPH", read_as="unit"),
            ["DIEU-1", "DIEU-1/KHOAN-1", "DIEU-1/KHOAN-2", "DIEU-1/KHOAN-3"],
        ),
        (
            "Điều 1. A\n\n1. Một\nhai\n2. Ba.\n",
            "vi-law",
            accept(5, "AMBIGUOUS_PARAGRAPH", read_as="text"),
            ["DIEU-1", "DIEU-1/KHOAN-1"],
        ),
        (
            "Điều 1. A\n\nMột câu dài\nĐiều 2. B\n\nx\n",
            "vi-law",
            accept(4, "AMBIGUOUS_HEADING", read_as="unit"),
            ["DIEU-1", "DIEU-2"],
        ),
        (
            "Điều 1. A\n\nMột câu dài\nĐiều 2. B\n\nx\n",
            "vi-law",
            accept(4, "AMBIGUOUS_HEADING", read_as="text"),
            ["DIEU-1"],
        ),
    ],
)
def test_each_code_is_accepted_by_line(
    text: str, profile: str, acceptance: Acceptance | None, expected: list[str]
) -> None:
    if acceptance is None:
        pytest.skip("below")
    assert refusals(planned(text.encode(), profile)) == [(acceptance.line, acceptance.code)]
    result = accepting(text, profile, acceptance)
    assert addresses(result) == expected
    assert accepted(result).acceptances == (acceptance,)

"""Acts of the European Union: recitals, articles with the title on the next line, paragraphs, points, annexes."""

import pytest

from tests.backend.documents.planned import addresses, parents, planned, refusals
from tests.support.plans import accepted

ACT = """
REGULATION (EU) 2030/1 OF THE COUNCIL

Having regard to the Treaty,

Whereas:

(1) Boats are useful.

(2) Oars get lost.

HAVE ADOPTED THIS REGULATION:

CHAPTER I

GENERAL PROVISIONS

Article 1

Subject-matter

1. This Regulation lays down rules on:

(a) boats;

(b) oars:

(i) of wood;

(ii) of steel.

2. It applies from 1 May.

Article 2
Definitions

For the purposes of this Regulation:

(1) 'boat' means what floats;

(2) 'oar' means what has:

(a) a blade;

(b) a shaft.

CHAPTER II

FINAL PROVISIONS

Section 1
Entry

Article 3
Entry into force

This Regulation enters into force at once.

ANNEX I
Boats

1. Rowing boat

ANNEX II
Oars

Text.
"""


def test_an_act_becomes_the_tree_a_lawyer_cites() -> None:
    assert parents(planned(ACT, "eu-act")) == {
        "PREAMBLE": None,
        "PREAMBLE/REC-1": "PREAMBLE",
        "PREAMBLE/REC-2": "PREAMBLE",
        "ENACTING-FORMULA": None,
        "CHAPTER-I": None,
        "ART-1": "CHAPTER-I",
        "ART-1/PAR-1": "ART-1",
        "ART-1/PAR-1/PT-A": "ART-1/PAR-1",
        "ART-1/PAR-1/PT-B": "ART-1/PAR-1",
        "ART-1/PAR-1/PT-B/PT-I": "ART-1/PAR-1/PT-B",
        "ART-1/PAR-1/PT-B/PT-II": "ART-1/PAR-1/PT-B",
        "ART-1/PAR-2": "ART-1",
        "ART-2": "CHAPTER-I",
        "ART-2/PT-1": "ART-2",
        "ART-2/PT-2": "ART-2",
        "ART-2/PT-2/PT-A": "ART-2/PT-2",
        "ART-2/PT-2/PT-B": "ART-2/PT-2",
        "CHAPTER-II": None,
        "CHAPTER-II/SECTION-1": "CHAPTER-II",
        "ART-3": "CHAPTER-II/SECTION-1",
        "ANNEX-I": None,
        "ANNEX-II": None,
    }


def test_titles_stand_on_the_next_line_also_behind_a_blank_one() -> None:
    titles = {u.address.removeprefix("DOC/"): u.title for u in accepted(planned(ACT, "eu-act")).units}
    assert (titles["ART-1"], titles["ART-2"], titles["ANNEX-I"]) == ("Subject-matter", "Definitions", "Boats")
    assert (titles["CHAPTER-I"], titles["CHAPTER-II/SECTION-1"]) == ("GENERAL PROVISIONS", "Entry")


def test_headings_in_markdown_give_the_same_units() -> None:
    result = planned(
        "# CHAPTER I Rules\n\n## Article 1 Aim\n\n1. One.\n\n(a) x;\n\n## Article 2 End\n\n1. One.\n", "eu-act"
    )
    assert addresses(result) == ["CHAPTER-I", "ART-1", "ART-1/PAR-1", "ART-1/PAR-1/PT-A", "ART-2", "ART-2/PAR-1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Whereas:\n\n(1) A.\n\n(3) B.\n", (5, "NUMBER_GAP")),
        ("Article 1\nAim\n\nT.\n\nArticle 3\nEnd\n\nT.\n", (6, "NUMBER_GAP")),
        ("Article 1\nAim\n\n1. One.\n\n3. Three.\n", (6, "NUMBER_GAP")),
        ("# Act\n\n## Article 1 Aim\n\nT.\n\n## Notes\n\nT.\n", (7, "UNKNOWN_HEADING")),
    ],
)
def test_what_is_missing_or_unknown_is_refused(text: str, problem: tuple[int, str]) -> None:
    assert refusals(planned(text, "eu-act")) == [problem]


def test_what_an_annex_holds_is_its_text_and_told() -> None:
    suspects = accepted(planned(ACT, "eu-act")).suspects
    assert [(s.reason.value, s.swallowed_by) for s in suspects] == [("in-annex", "DOC/ANNEX-I")]


def test_a_quoted_article_of_an_amendment_opens_nothing() -> None:
    text = "Article 1\nChange\n\nThe following is inserted:\n\n‘x’\n\n“\nArticle 2\nNew\n\nText.\n”\n\nArticle 2\nEnd\n\nT.\n"
    assert addresses(planned(text, "eu-act")) == ["ART-1", "ART-2"]

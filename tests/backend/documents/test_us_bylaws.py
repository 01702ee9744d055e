"""By-laws: Article I, Section 1, (a), (1), (i)."""

import pytest

from tests.backend.documents.planned import addresses, parents, planned, refusals
from tests.support.plans import accepted

BYLAWS = """
BYLAWS OF THE LAKE SOCIETY

ARTICLE I — NAME AND PURPOSE

Section 1. Name. The name is Lake Society.

Section 2. Purpose. The purposes are:

(a) to keep the lake clean;

(b) to teach:

(1) swimming, and

(2) rowing:

(i) in fours;

(ii) in eights.

ARTICLE II
MEMBERS

Section 1. Classes

There are two.

Section 2. Dues. Dues are set each year.

ARTICLE III. BOARD

The board has five members.

APPENDIX A

(a) a form
"""


def test_by_laws_become_the_tree_a_member_cites() -> None:
    assert parents(planned(BYLAWS, "us-bylaws")) == {
        "ART-I": None,
        "ART-I/SEC-1": "ART-I",
        "ART-I/SEC-2": "ART-I",
        "ART-I/SEC-2/A": "ART-I/SEC-2",
        "ART-I/SEC-2/B": "ART-I/SEC-2",
        "ART-I/SEC-2/B/1": "ART-I/SEC-2/B",
        "ART-I/SEC-2/B/2": "ART-I/SEC-2/B",
        "ART-I/SEC-2/B/2/I": "ART-I/SEC-2/B/2",
        "ART-I/SEC-2/B/2/II": "ART-I/SEC-2/B/2",
        "ART-II": None,
        "ART-II/SEC-1": "ART-II",
        "ART-II/SEC-2": "ART-II",
        "ART-III": None,
        "APPENDIX-A": None,
    }


def test_titles_stand_behind_the_number_before_the_text_or_on_the_next_line() -> None:
    titles = {u.address.removeprefix("DOC/"): u.title for u in accepted(planned(BYLAWS, "us-bylaws")).units}
    assert titles["ART-I"] == "NAME AND PURPOSE"
    assert titles["ART-I/SEC-2"] == "Purpose"
    assert titles["ART-II"] == "MEMBERS"
    assert titles["ART-II/SEC-1"] == "Classes"


def test_headings_of_any_depth_nest_by_their_words() -> None:
    result = planned(
        "# Bylaws\n\n## Article 1: Name\n\n## Section 1.1 Name\n\nText.\n\n## Article 2\n\nT.\n", "us-bylaws"
    )
    assert addresses(result) == ["ART-1", "ART-1/SEC-1.1", "ART-2"]


def test_a_decimal_number_is_a_section_without_the_word() -> None:
    text = "# Article 2. Boats\n\n2.1 Lending: A boat is lent.\n\n2.2 A boat is returned by night, and dry.\n\n2.3 Oars\n\nText.\n"
    result = planned("# Article 1. Name\n\n1.1 Text.\n\n" + text, "us-bylaws")
    assert addresses(result) == ["ART-1", "ART-1/SEC-1.1", "ART-2", "ART-2/SEC-2.1", "ART-2/SEC-2.2", "ART-2/SEC-2.3"]
    assert [u.title for u in accepted(result).units][3:] == ["Lending", "", "Oars"]
    below = planned("# Article I\n\nSection 1. Boats\n\n1.1 Lent.\n\n1.2 Returned.\n\nSection 2. Oars\n", "us-bylaws")
    assert addresses(below) == [
        "ART-I",
        "ART-I/SEC-1",
        "ART-I/SEC-1/SEC-1.1",
        "ART-I/SEC-1/SEC-1.2",
        "ART-I/SEC-2",
    ]
    assert refusals(planned("Article 1\n\n1.1 T.\n\nArticle 2\n\n1.2 T.\n", "us-bylaws")) == [
        (7, "NUMBER_OUTSIDE_PARENT")
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ARTICLE I\n\nSection 1.1 Name\n\nT.\n\nSection 2.1 Seat\n\nT.\n", (7, "NUMBER_OUTSIDE_PARENT")),
        ("ARTICLE I\n\nT.\n\nARTICLE III\n\nT.\n", (5, "NUMBER_GAP")),
        ("ARTICLE I\n\nSection 1. Name.\n\nSection 3. Seat.\n", (5, "NUMBER_GAP")),
    ],
)
def test_a_number_out_of_place_is_refused(text: str, problem: tuple[int, str]) -> None:
    assert refusals(planned(text, "us-bylaws")) == [problem]


def test_a_reference_at_the_start_of_a_line_opens_nothing_and_is_told() -> None:
    result = planned("ARTICLE I\n\nSection 1. Name. It follows from\nSection 4 of the Act.\n", "us-bylaws")
    assert addresses(result) == ["ART-I", "ART-I/SEC-1"]
    assert [suspect.line for suspect in accepted(result).suspects] == [4]


def test_a_sentence_that_begins_with_the_word_a_is_no_suspect() -> None:
    result = planned("ARTICLE I\n\nSection 1. Boats.\n\nA boat is lent.\n", "us-bylaws")
    assert accepted(result).suspects == ()


def test_what_an_appendix_holds_is_its_text_and_told() -> None:
    suspects = accepted(planned(BYLAWS, "us-bylaws")).suspects
    assert [(s.reason.value, s.swallowed_by) for s in suspects] == [("in-annex", "DOC/APPENDIX-A")]

"""Policies with decimal numbers: a number names its parent, and nothing is missing between two of them."""

import pytest

from tests.backend.documents.planned import addresses, parents, planned, refusals
from tests.support.plans import accepted

POLICY = """
1. Purpose

1.1 This policy says who may borrow a boat.

1.2 It holds for members and guests.

2. Borrowing

2.1 A boat is lent to:

(a) members;

(b) guests who:

(i) can swim;

(ii) are with a member;

(c) the harbour master.

2.1.1 The harbour master keeps the list.

2.1.2 The list is public.

2.2 A boat is returned by night.

3. End

3.1 This policy ends with the season.
"""

HEADINGS = """
# Boat policy

## 1 Purpose

### 1.1 Scope

Text.

### 1.2 Words

1. Boat: what floats.

2. Guest: who visits.

## 2. Borrowing

2.1 A boat is lent to members.

## Notes

Text.
"""


def lettered(*letters: str) -> str:
    """A clause with these points below it."""
    return "1. Boats\n\n1.1 They are:\n\n" + "".join(f"({letter}) a boat;\n\n" for letter in letters)


def test_a_policy_becomes_the_tree_that_its_numbers_say() -> None:
    assert parents(planned(POLICY, "numbered")) == {
        "1": None,
        "1/1.1": "1",
        "1/1.2": "1",
        "2": None,
        "2/2.1": "2",
        "2/2.1/A": "2/2.1",
        "2/2.1/B": "2/2.1",
        "2/2.1/B/I": "2/2.1/B",
        "2/2.1/B/II": "2/2.1/B",
        "2/2.1/C": "2/2.1",
        "2/2.1/2.1.1": "2/2.1",
        "2/2.1/2.1.2": "2/2.1",
        "2/2.2": "2",
        "3": None,
        "3/3.1": "3",
    }


def test_headings_carry_the_numbers_and_an_unmarked_number_below_them_is_an_item() -> None:
    result = planned(HEADINGS, "numbered")
    assert addresses(result) == ["1", "1/1.1", "1/1.2", "1/1.2/1", "1/1.2/2", "2", "2/2.1", "NOTES"]
    assert [(u.number, u.title) for u in accepted(result).units[:2]] == [("1", "Purpose"), ("1.1", "Scope")]
    assert not accepted(result).suspects


def test_the_depth_of_a_heading_does_not_overrule_its_number() -> None:
    result = planned("## 1. Boats\n\n## 1.1 Lent\n\nText.\n\n## 2. Oars\n\nText.\n", "numbered")
    assert addresses(result) == ["1", "1/1.1", "2"]


def test_a_child_whose_number_is_not_its_parents_is_refused_by_name() -> None:
    result = planned("1. Boats\n\n1.1 Text.\n\n2. Oars\n\n1.9 Text.\n", "numbered")
    assert refusals(result) == [(7, "NUMBER_OUTSIDE_PARENT")]
    assert "1.9 is part of 1 by its number, but stands below section 2 in line 5" in result.problems[0].message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1. A\n\n1.1 T.\n\n1.3 T.\n", (5, "NUMBER_GAP")),
        ("1. A\n\n1.2 T.\n", (3, "NUMBER_GAP")),
        ("1. A\n\nT.\n\n3. B\n\nT.\n", (5, "NUMBER_GAP")),
        ("1. A\n\n1.1.1 T.\n", (3, "NUMBER_OUTSIDE_PARENT")),
        ("1.1 T.\n", (1, "NUMBER_OUTSIDE_PARENT")),
        ("1. A\n\n1.2 T.\n\n1.1 T.\n", (5, "NUMBER_BACKWARDS")),
        ("1. A\n\n(a) T.\n\n(c) T.\n", (5, "NUMBER_GAP")),
        ("1. A\n\n(a) T.\n\n(i) T.\n\n(iii) T.\n", (7, "NUMBER_GAP")),
        ("1. A\n\n1.1 T.\n\n1.1 T.\n", (5, "ADDRESS_REPEATED")),
    ],
)
def test_what_is_missing_or_out_of_place_is_refused(text: str, problem: tuple[int, str]) -> None:
    assert problem in refusals(planned(text, "numbered"))


def test_a_first_number_that_is_not_one_is_told() -> None:
    result = planned("3. Boats\n\n3.1 Text.\n", "numbered")
    assert addresses(result) == ["3", "3/3.1"]
    assert [(s.line, s.reason.value) for s in accepted(result).suspects] == [(1, "missing-number")]


def test_a_letter_that_is_a_numeral_too_is_read_by_what_is_open_and_by_what_follows() -> None:
    ninth = addresses(planned(lettered(*"abcdefghij"), "numbered"))
    first = addresses(planned(lettered(*"abcdefgh", "i", "ii"), "numbered"))
    below = addresses(planned(lettered("a", "i", "ii", "iii", "iv", "v", "b"), "numbered"))
    hundredth = addresses(planned(lettered(*"abcd"), "numbered"))
    assert ninth[-2:] == ["1/1.1/I", "1/1.1/J"]
    assert first[-2:] == ["1/1.1/H/I", "1/1.1/H/II"]
    assert below[-2:] == ["1/1.1/A/V", "1/1.1/B"]
    assert hundredth[-2:] == ["1/1.1/C", "1/1.1/D"]


def test_a_letter_that_nothing_decides_is_refused() -> None:
    assert refusals(planned(lettered(*"abcdefghi"), "numbered")) == [(21, "AMBIGUOUS_NUMBER")]


@pytest.mark.parametrize(
    "line", ["1.2 applies to guests.", "2) Oars", "1.2a Text.", "(2) Text.", "2 Oars", "(B) Text."]
)
def test_what_only_looks_like_a_number_of_the_policy_is_named(line: str) -> None:
    result = planned(f"1. Boats\n\n1.1 Text.\n\n{line}\n", "numbered")
    assert addresses(result) == ["1", "1/1.1"]
    assert [suspect.line for suspect in accepted(result).suspects] == [5]


def test_a_wrapped_reference_to_the_next_number_is_refused_as_ambiguous() -> None:
    result = planned("1. Boats\n\n1.1 Nobody lends a boat\nwithout reading\n1.2 Rules first.\n", "numbered")
    assert refusals(result) == [(5, "AMBIGUOUS_HEADING")]

"""Numbers of legal units and their order."""

import itertools

import pytest

from console.backend.documents.numbering import Key, follows, parse_letter, parse_number, roman_value


@pytest.mark.parametrize(
    ("raw", "first", "last", "token"),
    [
        ("12", (12,), (12,), "12"),
        ("12a", (12, 1), (12, 1), "12A"),
        ("1.25", (1, 25), (1, 25), "1.25"),
        ("3 bis 6", (3,), (6,), "3-6"),
        ("74a und 75", (74, 1), (75,), "74A-75"),
        ("IV a", (4, 1), (4, 1), "IVA"),
        ("VIIIa", (8, 1), (8, 1), "VIIIA"),
        ("Siebenter", (7,), (7,), "7"),
        ("thứ nhất", (1,), (1,), "1"),
        ("229 § 5", (229, 0, 5), (229, 0, 5), "229-PAR-5"),
    ],
)
def test_numbers_are_read_as_written(raw: str, first: Key, last: Key, token: str) -> None:
    number = parse_number(raw)
    assert number is not None
    assert (number.first, number.last, number.token) == (first, last, token)


@pytest.mark.parametrize("raw", ["", "foo", "gilt", "5 gilt", "IIII", "--"])
def test_what_is_no_number_is_none(raw: str) -> None:
    assert parse_number(raw) is None


def test_roman_numerals_have_one_spelling() -> None:
    assert [roman_value(text) for text in ("IV", "XIX", "XL", "MCM", "IIX", "VV")] == [4, 19, 40, 1900, None, None]


def test_vietnamese_points_follow_their_own_alphabet() -> None:
    letters = [
        "a",
        "b",
        "c",
        "d",
        "đ",
        "e",
        "g",
        "h",
        "i",
        "k",
        "l",
        "m",
        "n",
        "o",
        "p",
        "q",
        "r",
        "s",
        "t",
        "u",
        "v",
        "x",
        "y",
    ]
    numbers = [parse_letter(letter) for letter in letters]
    keys = [number.first for number in numbers if number is not None]
    assert all(follows(one, other) for one, other in itertools.pairwise(keys))
    assert len({number.token for number in numbers if number is not None}) == 23
    assert [parse_letter(letter) for letter in "fjwz"] == [None] * 4


@pytest.mark.parametrize(
    ("before", "after", "next_one"),
    [
        ((5,), (6,), True),
        ((5,), (5, 1), True),
        ((5, 1), (5, 2), True),
        ((5, 2), (6,), True),
        ((5,), (7,), False),
        ((5,), (5, 2), False),
        ((5, 1), (7,), False),
        ((5,), (5,), False),
    ],
)
def test_what_comes_next(before: Key, after: Key, next_one: bool) -> None:
    assert follows(before, after) is next_one

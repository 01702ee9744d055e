"""The mark of a footnote in the text: dropped only where the digits can be nothing else."""

import pytest

from console.backend.documents.footnote_marks import PageMarks
from console.backend.documents.page_lines import Lines
from console.backend.documents.profiles import load_profile


def marks_of(*rows: str, above: int = 0) -> PageMarks:
    """The marks of a page; its first rows, as many as `above` says, are the page before it."""
    rules = load_profile("vi-law").furniture
    assert rules is not None
    return PageMarks(Lines("\n".join(rows) + "\n"), rules, above, len(rows), 0)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        (("Bến thuyền2 ở bờ bắc.",), (0, 10)),
        (("Bến thuyền ở bờ bắc.2",), (0, 20)),
        (("Bến thuyền ở bờ bắc.", "Là “cầu gỗ và bến”2 cũ."), (1, 18)),
        (("1.2 Bến thuyền ở bờ bắc.",), (0, 2)),
        (("12.2 Bến thuyền ở bờ bắc.",), (0, 3)),
        (("  b)2 Bến thuyền ở bờ bắc;",), (0, 4)),
        (("12. (được bãi bỏ)",), (0, 1)),
        (("Điều 8.2 Bến thuyền",), (0, 7)),
        (("Chương IV2", "BẾN THUYỀN"), (0, 9)),
        # The number of the unit itself, and a word elsewhere on the page: the one at the number is meant.
        (("1.2 Bến thuyền ở bờ bắc.", "Bến2 ở bờ nam."), (0, 2)),
    ],
)
def test_a_mark_is_placed_where_it_can_be_nothing_else(rows: tuple[str, ...], place: tuple[int, int]) -> None:
    assert marks_of(*rows).place("2") == place


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(("Sân rộng 30 m2.",), id="a measure"),
        pytest.param(("Khí CO2 và cá lạ.",), id="a formula"),
        pytest.param(("Bến2 ở bờ bắc và cầu2 ở bờ nam.",), id="two words"),
        pytest.param(("Bến2a ở bờ bắc.",), id="a letter goes on"),
        pytest.param(("Bến2_ ở bờ bắc.",), id="a sign goes on"),
        pytest.param(("Bến 2 ở bờ bắc.",), id="a number of its own"),
        pytest.param(("2. Bến thuyền ở bờ bắc.",), id="the number of a unit"),
        pytest.param(("12. Bến thuyền ở bờ bắc.",), id="the end of a unit's number"),
        pytest.param(("Bến lập năm 2012.",), id="the end of a year"),
        pytest.param(("Quyển sổ2 của làng.",), id="a word as short as a unit of measure"),
        pytest.param(("1.2 Bến thuyền", "1.3 Cầu gỗ"), id="a decimal number beside another"),
        pytest.param(("1.2 Bến thuyền", "a.2 Cầu", "1. 2 Cầu", "1.9 Cầu"), id="a decimal number, the other one far"),
        pytest.param(("1.2 Bến thuyền", "3.2 Cầu gỗ"), id="two units"),
        pytest.param(("12. (được bãi bỏ)", "Bến2 ở bờ bắc."), id="a word, and the end of a unit's number"),
        pytest.param(("12. (được bãi bỏ)", "32. (được bãi bỏ)", "Bến2 ở bờ bắc."), id="a word, and two units"),
        pytest.param((" " * 40 + "1.2 Bến thuyền",), id="the number in a column far to the right"),
    ],
)
def test_a_mark_that_could_be_something_else_is_not_placed(rows: tuple[str, ...]) -> None:
    assert marks_of(*rows).place("2") is None


def test_a_decimal_number_is_one_beside_others_of_the_page_before() -> None:
    rows = ("1.1 Cầu gỗ", "1.2 Bến thuyền")
    assert marks_of(*rows, above=1).place("2") is None
    assert marks_of("2.1 Cầu gỗ", rows[1], above=1).place("2") == (1, 2)


@pytest.mark.parametrize("mark", ["2", "12"])
def test_a_mark_of_the_page_before_is_not_looked_for(mark: str) -> None:
    assert marks_of(f"Bến{mark} ở bờ bắc.", "Cầu gỗ.", above=1).place(mark) is None
    assert not marks_of(f"Bến{mark} ở bờ bắc.", "Cầu gỗ.", above=1).is_seen(mark)


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ("Bến2 ở bờ bắc", True),
        ("Bến thuyền.2", True),
        ("1.12 Bến thuyền", True),
        # The word before it was struck out, with the space behind the word.
        ("Bến 2, cầu", True),
        ("Bến 2; cầu", True),
        ("Bến 2", True),
        ("Bến 2  ", True),
        ("Bến 2 cầu", False),
        ("Bến  2, cầu", False),
        (" 2, cầu", False),
        ("2, cầu", False),
        ("Bến 3, cầu", False),
    ],
)
def test_a_mark_is_seen_glued_or_where_a_word_was_struck_out(row: str, seen: bool) -> None:
    assert marks_of(row).is_seen("2") is seen


def test_the_first_mark_is_not_seen_at_the_end_of_a_number() -> None:
    assert not marks_of("Bến lập năm 2021.").is_seen("1")
    assert marks_of("Bến lập năm 2022.").is_seen("2")
    assert marks_of("Bến1 lập năm 2021.").is_seen("1")

"""Columns of lists are measured in the terminal's cells, not in characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.widgets.formatting import in_column, shortened, without_middle


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("law", 5, "law  "),
        ("statute", 5, "stat…"),
        ("条例", 5, "条例 "),
        ("条例条例", 5, "条例…"),
        ("a条例", 4, "a条…"),
        ("Luật", 5, "Luật "),
        ("", 3, "   "),
    ],
)
def test_a_text_takes_exactly_its_column(text: str, width: int, expected: str) -> None:
    assert in_column(text, width) == expected


@given(st.text(st.sampled_from("a ü条ệ例\u0301"), max_size=12), st.integers(1, 12))
def test_no_text_is_wider_than_its_room(text: str, width: int) -> None:
    assert cell_len(shortened(text, width)) <= width
    assert cell_len(in_column(text, width)) == width


@given(st.text(st.sampled_from("a/ü条ệ例\u0301"), max_size=30), st.integers(1, 24))
def test_without_its_middle_a_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    shown = without_middle(text, width)
    assert cell_len(shown) <= width
    if shown != text:
        first, _, last = shown.rpartition("…")
        assert text.startswith(first)
        assert text.endswith(last)


def test_an_address_is_told_by_its_law_and_its_last_part() -> None:
    assert without_middle("LAW/CHAPTER-2/SECTION-11/ARTICLE-7", 20) == "LAW/CHAPT…/ARTICLE-7"

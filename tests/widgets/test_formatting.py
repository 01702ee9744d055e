"""Columns of lists are measured in the terminal's cells, not in characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.widgets.formatting import in_column, shortened


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

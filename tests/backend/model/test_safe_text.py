"""Text from outside is inert and stays readable: nothing is dropped, everything that acts is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.model.safe_text import safe_lines, safe_text

HOSTILE = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "a\rb",
    "\x08\x08",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\ud800",
)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_acts_on_a_terminal_is_shown_and_not_done(text: str) -> None:
    """Escape sequences, control, bidi and zero-width characters in a title."""
    shown = safe_text(text)
    assert shown != text
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)


@given(st.text())
def test_no_text_leaves_a_control_character_behind(text: str) -> None:
    """Whatever the text."""
    shown = safe_text(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in shown)
    assert safe_text(shown) == shown


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_in_any_script_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


def test_vietnamese_german_and_markup_are_ordinary_text() -> None:
    for text in ("Điều 5. Khoản đ", "§ 3 Größe", "unit [/x] [bold]", "a\u0301"):
        assert safe_text(text) == text


def test_lines_split_at_line_feeds_alone_and_tabs_become_spaces() -> None:
    assert safe_lines("a\tb\nc\r\nd\u2028e") == ("a    b", "c␍", "d<U+2028>e")

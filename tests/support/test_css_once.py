"""Rules that were parsed for one stylesheet are those of every other one with the same sources, and of no other."""

import pytest
from textual.css.stylesheet import Stylesheet, StylesheetParseError

CSS = "Part { width: $room; }"


def sheet(css: str = CSS, room: str = "3") -> Stylesheet:
    """A stylesheet with one source."""
    stylesheet = Stylesheet(variables={"room": room})
    stylesheet.add_source(css)
    return stylesheet


def test_the_same_sources_with_the_same_variables_have_the_same_rules() -> None:
    first, second = sheet(), sheet()
    assert first.rules is second.rules
    assert first.rules_map is second.rules_map


def test_another_value_of_a_variable_and_another_source_have_rules_of_their_own() -> None:
    widths = [
        str(stylesheet.rules_map["Part"][-1].styles.get_rules()["width"])
        for stylesheet in (sheet(), sheet(room="4"), sheet(f"{CSS} Part {{ width: 5; }}"))
    ]
    assert widths == ["3", "4", "5"]


def test_a_source_that_is_added_counts() -> None:
    stylesheet = sheet()
    assert [str(rule.styles.get_rules()["width"]) for rule in stylesheet.rules] == ["3"]
    stylesheet.add_source("Part.wide { width: 9; }")
    assert [str(rule.styles.get_rules()["width"]) for rule in stylesheet.rules] == ["3", "9"]
    stylesheet.reparse()
    assert len(stylesheet.rules) == 2


def test_a_source_that_cannot_be_parsed_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(StylesheetParseError):
            sheet("Part { width: nothing; }").parse()

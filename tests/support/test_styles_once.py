"""Rules that were looked up for one place in a screen are those of no other place."""

from typing import ClassVar

import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

CSS = "Part.wide { width: 7; } Part > .mark { width: 3; }"


class Part(DOMNode):
    """A node without an app, with a part that has rules of its own."""

    COMPONENT_CLASSES: ClassVar = {"mark"}


@pytest.fixture
def rules() -> Stylesheet:
    """The rules of these tests, looked up as those of screens are: once in each worker."""
    stylesheet = Stylesheet()
    stylesheet.add_source(CSS)
    return stylesheet


def widths(stylesheet: Stylesheet, node: DOMNode) -> tuple[object, object]:
    """Width of the node and of its part, as text."""
    stylesheet.apply(node)
    own, part = node.styles.base.get_rules(), node.get_component_styles("mark").get_rules()
    return str(own.get("width")), str(part.get("width"))


def test_a_place_without_rules_is_not_given_those_that_a_node_had_at_another_place(rules: Stylesheet) -> None:
    """The second node finds the rules of the first one's place; then it moves to a place at which none hold."""
    for node in (Part(classes="wide"), moves := Part(classes="wide")):
        assert widths(rules, node) == ("7", "3")
    moves.remove_class("wide")
    rules.apply(moves)

    assert widths(rules, Part()) == ("None", "3")


def test_what_holds_for_a_part_does_not_stand_in_for_the_node_that_it_is_looked_up_with(rules: Stylesheet) -> None:
    for _ in range(2):
        assert widths(rules, Part()) == ("None", "3")
        assert widths(rules, Part(classes="wide")) == ("7", "3")

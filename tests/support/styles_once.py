"""Rules of a place in a screen looked up once a worker: every test starts a console of its own, whose widgets ask the same again.

Which rules hold for a widget follows from the rules, and from type, id, classes and pseudo-classes of it and of what it
stands in. Textual keeps the answer while it goes over the widgets of one console, for their neighbours; not for the next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

_ORDER = frozenset({"first-of-type", "last-of-type", "first-child", "last-child", "empty"})
Place = tuple[object, ...]


class _Kept:
    """What was looked up so far."""

    def __init__(self) -> None:
        self.rules: dict[object, Any] = {}
        """What holds at a place; None if nothing does."""
        self._pseudo: dict[object, tuple[frozenset[str], tuple[str, ...]]] = {}
        self._numbers: dict[object, int] = {}

    def number_of(self, stylesheet: Stylesheet) -> int:
        """The number of these sources with these variables."""
        numbered = stylesheet.__dict__.get("_numbered")
        if numbered is None or numbered[0] is not stylesheet.rules:
            sources = (*stylesheet.source.items(), *stylesheet._variables.items())
            numbered = stylesheet.rules, self._numbers.setdefault(sources, len(self._numbers))
            stylesheet.__dict__["_numbered"] = numbered
        number: int = numbered[1]
        return number

    def pseudo_classes(
        self, stylesheet: Stylesheet, number: int, node: DOMNode
    ) -> tuple[frozenset[str], tuple[str, ...]]:
        """The pseudo-classes of all rules that can hold for this node, as a set and in an order."""
        key = number, frozenset(node._selector_names)
        if key not in self._pseudo:
            rules: set[RuleSet] = {rule for name in key[1] for rule in stylesheet.rules_map.get(name, ())}
            names = frozenset[str]().union(*(rule.pseudo_classes for rule in rules))
            self._pseudo[key] = names, tuple(sorted(names))
        return self._pseudo[key]


def _place(node: DOMNode, names: tuple[str, ...]) -> Place:
    """All that a selector can ask of a node and of what it stands in."""
    place: list[object] = []
    above: object = node
    while isinstance(above, DOMNode):
        place += (type(above), above._id, above.classes, *filter(above.has_pseudo_class, names))
        above = above._parent
    return tuple(place)


@contextmanager
def styles_once() -> Iterator[None]:
    """Have the rules of each place looked up once in this process, for as long as the block runs."""
    kept, apply, replace = _Kept(), Stylesheet.apply, Stylesheet.replace_rules
    under_way: list[Any] = []
    """What holds by each look that is under way, None until something does; a node's parts are looked up within its own look."""

    def replaced(node: DOMNode, rules: Any, animate: bool = False) -> None:
        under_way[-1] = rules
        set_rules(node, rules, animate)

    def set_rules(node: DOMNode, rules: Any, animate: bool) -> None:
        if not animate and node.styles.base._rules == rules:
            # Each of them would be set to what it is.
            node.notify_style_update()
        else:
            replace(node, rules, animate=animate)

    def applied(self: Stylesheet, node: DOMNode, *, animate: bool = False, cache: Any = None) -> None:
        number = kept.number_of(self)
        names, ordered = kept.pseudo_classes(self, number, node)
        key = number, _place(node, ordered)
        if key not in kept.rules:
            under_way.append(None)
            try:
                apply(self, node, animate=animate)
            finally:
                rules = under_way.pop()
            kept.rules[key] = rules
            return
        node._has_hover_style = "hover" in names
        node._has_focus_within = "focus-within" in names
        node._has_order_style = not names.isdisjoint(_ORDER)
        node._has_odd_or_even = not names.isdisjoint({"odd", "even"})
        if (rules := kept.rules[key]) is not None:
            set_rules(node, rules, animate)
        self._process_component_classes(node)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "apply", applied)
        patch.setattr(Stylesheet, "replace_rules", staticmethod(replaced))
        yield

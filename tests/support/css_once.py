"""CSS of Textual parsed once a worker: every test starts a console of its own, and parses the same sources again.

A rule set is never changed after it was parsed; a stylesheet keeps and shares them itself, but not with the next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

Mapped = dict[str, list[RuleSet]]
"""The rules by what a selector of them asks for."""


@contextmanager
def css_once() -> Iterator[None]:
    """Have each source parsed once in this process for the same variables, for as long as the block runs."""
    parse = Stylesheet._parse_rules
    kept: dict[tuple[object, ...], list[RuleSet]] = {}

    def parsed(
        self: Stylesheet,
        css: str,
        read_from: CSSLocation,
        is_default_rules: bool = False,
        tie_breaker: int = 0,
        scope: str = "",
    ) -> list[RuleSet]:
        source = (css, read_from, is_default_rules, tie_breaker, scope)
        key = (*source, *self._variables.items())
        if key not in kept:
            kept[key] = parse(self, *source)
        return kept[key]

    whole, mapped = dict[tuple[object, ...], list[RuleSet]](), dict[int, Mapped]()
    parse_all, map_all = Stylesheet.parse, cast(property, Stylesheet.__dict__["rules_map"]).__get__

    def parsed_whole(self: Stylesheet) -> None:
        """A console parses all of its sources again with each screen that is new to it."""
        key = (*self.source.items(), *self._variables.items())
        if key in whole:
            self._rules, self._rules_map, self._require_parse = whole[key], None, False
            return
        parse_all(self)
        whole[key] = self.rules

    def rules_map(self: Stylesheet) -> Mapped:
        # A list that is kept is never another one, and no other list has its number.
        if self._rules_map is None and self.rules is whole.get((*self.source.items(), *self._variables.items())):
            if id(self.rules) not in mapped:
                mapped[id(self.rules)] = cast(Mapped, map_all(self))
            self._rules_map = mapped[id(self.rules)]
        return cast(Mapped, map_all(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        patch.setattr(Stylesheet, "parse", parsed_whole)
        patch.setattr(Stylesheet, "rules_map", property(rules_map))
        yield

"""CSS of Textual parsed once a worker: every test starts a console of its own, and parses the same sources again.

A rule set is never changed after it was parsed; a stylesheet keeps and shares them itself, but not with the next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation


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

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield

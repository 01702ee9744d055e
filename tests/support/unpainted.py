"""Headless consoles that paint only when they are looked at: Textual throws away what they would write to a terminal.

Painting after each key is a third of the processor time of the screens' tests. A picture is painted in full whenever one
is asked for, and every console in a pseudo-terminal paints as an installed one does.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import RenderableType
from textual._compositor import Compositor
from textual.screen import Screen


@contextmanager
def unpainted() -> Iterator[None]:
    """Have no console of this process compose the differences to its last frame, for as long as the block runs."""
    compose = Compositor.render_update

    def composed(
        self: Compositor, full: bool = False, screen_stack: list[Screen[object]] | None = None, simplify: bool = False
    ) -> RenderableType | None:
        if full:
            return compose(self, full, screen_stack, simplify)
        self._dirty_regions.clear()
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", composed)
        yield

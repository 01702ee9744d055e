"""Headless consoles that paint only when they are looked at: Textual throws away what they would write to a terminal.

Painting after each key is a third of the processor time of the screens' tests. A picture is painted in full whenever one
is asked for, and every console in a pseudo-terminal paints as an installed one does.

What this leaves unseen: a widget that raises while it is painted ends an installed console at the key that showed it. Here the
console goes on, and the error comes with the next picture: `opened()` of tests/screens/conftest.py takes one at the end of
each test, of the screen that is shown then. Where a console must not end whatever comes, the test paints (`painted`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.console import RenderableType
from textual._compositor import Compositor
from textual.app import App
from textual.screen import Screen

compose = Compositor.render_update


@contextmanager
def painted() -> Iterator[None]:
    """Have every console of this process compose as an installed one does, for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", compose)
        yield


def paint(app: App[Any]) -> None:
    """Compose the screen that is shown, whole. Raises what its widgets raise."""
    app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)


@contextmanager
def unpainted() -> Iterator[None]:
    """Have no console of this process compose the differences to its last frame, for as long as the block runs."""

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

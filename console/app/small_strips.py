"""Lines of the screen in little memory: of the seven caches that Textual gives each, those that are ever asked twice.

A line (a `Strip`) is kept for each widget of each screen that was shown, in several stages: thousands of them. Textual's
caches take a kilobyte for each, also while they are empty, and a line that is not divided is kept in its own cache, so that only
a search for garbage frees it. Counted over a visit of every screen and sixty moves in a list, five of the seven were never hit.
"""

from collections.abc import Iterable
from typing import Any

from rich.segment import Segment
from textual.geometry import NULL_SIZE
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget, _RenderCache


class Few:
    """The last two answers of a line: how it is divided, and how it is filtered. The keys of the two are never equal."""

    __slots__ = ("_newer", "_older")

    def __init__(self) -> None:
        self._newer: tuple[object, object] | None = None
        self._older: tuple[object, object] | None = None

    def get(self, key: object, default: object = None) -> object:
        """Return what was kept for this key, or the default."""
        newer, older = self._newer, self._older
        if newer is not None and newer[0] == key:
            return newer[1]
        return older[1] if older is not None and older[0] == key else default

    def __setitem__(self, key: object, value: object) -> None:
        # A line that is divided into one part is that part: it would keep itself, and be asked again as quickly.
        if isinstance(value, list) and len(value) < 2:
            return
        if self._newer is None or self._newer[0] != key:
            self._older = self._newer
        self._newer = (key, value)


class Nothing:
    """A cache that keeps nothing, of which all lines share one."""

    __slots__ = ()

    def get(self, _key: object, default: object = None) -> object:
        """Return the default."""
        return default

    def __setitem__(self, key: object, value: object) -> None:
        """Forget it."""


_NOTHING = Nothing()
_NO_LINKS: frozenset[str] = frozenset()


def _made(strip: Any, segments: Iterable[Segment], cell_length: int | None = None) -> None:
    strip._segments = list(segments)
    strip._cell_length = cell_length
    strip._divide_cache = strip._filter_cache = Few()
    strip._crop_cache = strip._style_cache = strip._line_length_cache = _NOTHING
    strip._crop_extend_cache = strip._offsets_cache = _NOTHING
    strip._render_cache = strip._cell_count = None
    # No screen has links: an empty set for each line is a fifth of a kilobyte.
    strip._link_ids = _NO_LINKS


def keep_lines_small() -> None:
    """Let every line that is made from now on have small caches."""
    setattr(Strip, "__init__", _made)  # noqa: B010 - a checker of types refuses the assignment of a method


def forget_lines(screen: Screen[Any]) -> None:
    """Drop the lines of a screen that is not shown; they are made again when it is shown again."""
    for widget in screen.walk_children(Widget, with_self=True):
        widget._set_dirty()
        widget._render_cache = _RenderCache(NULL_SIZE, [])

"""Panels of text that draw only what has changed, and can be searched."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.widgets import Static

from console.backend.model.folding import searched
from console.widgets.border import set_lower, set_upper
from console.widgets.line import Line, content, plain
from console.widgets.narrowing import Needle, with_needle


class Lines(Static):
    """Lines of toned text. `Static.update` repaints even for equal content, so equal lines stop here."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("", id=id, classes=classes, markup=False)
        self._shown: list[Line] | None = None

    def show(self, lines: list[Line]) -> None:
        """Show these lines instead."""
        if lines == self._shown:
            return
        self._shown = lines
        self.update(content(lines))
        # A layout can have fallen between two updates that no idle moment has parted: Textual would keep its height for both.
        self.clear_cached_dimensions()
        self._layout_updates += 1

    @property
    def shown(self) -> list[Line]:
        """The lines that are shown now."""
        return self._shown or []


UNWRAPPED = 100_000
"""A width at which no line is wrapped."""


class Panel(VerticalScroll):
    """A titled box of lines that scrolls when they do not fit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "match(1)", "Next match", show=False),
        Binding("N", "match(-1)", "Previous match", show=False),
    ]
    HELP: ClassVar[str] = (
        "Up, Down, PageUp and PageDown scroll. <find> searches in the text, n and N go to the next and previous match."
    )

    def __init__(self, title: str, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        self._body = Lines()
        self._wrapping: Callable[[int], list[Line]] | None = None
        self._lines: list[Line] = []
        self._needle = Needle()
        self._matches: list[int] = []
        self._match = 0
        self._hint = ""
        super().__init__(id=id, classes=classes)
        self.can_focus = False
        self.title = title

    def compose(self) -> ComposeResult:
        """Compose the lines, if there are any yet: the first frame of a console has panels without."""
        if self._body.shown:
            yield self._body

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the height of the lines; a panel without any is as high as one of an empty line."""
        return super().get_content_height(container, viewport, width) if self._body.is_attached else 1

    @property
    def title(self) -> str:
        """The words in the upper border."""
        return self._title

    @title.setter
    def title(self, words: str) -> None:
        self._title = words
        set_upper(self, words)

    @property
    def hint(self) -> str:
        """The words in the lower border while nothing is searched."""
        return self._hint

    @hint.setter
    def hint(self, words: str) -> None:
        self._hint = words
        self._tell()

    def show(self, lines: list[Line]) -> None:
        """Show these lines instead."""
        self._wrapping = None
        self._draw(lines)

    def show_wrapped(self, lines: Callable[[int], list[Line]]) -> None:
        """Show the lines that this function makes for a width, now and after every resize."""
        self._wrapping = lines
        self.on_resize()

    def on_resize(self) -> None:
        """Wrap again; border, padding and scrollbar take five cells."""
        width = self.outer_size.width - 5
        if self._wrapping is not None and width > 0:
            self._draw(self._wrapping(width))
        self._tell()

    def _put(self, lines: list[Line]) -> None:
        """Show these lines in the body, which is built with the first of them."""
        self._body.show(lines)
        if lines and self.is_attached and self._body.parent is None:
            self.mount(self._body)

    def _draw(self, lines: list[Line]) -> None:
        self._lines = lines
        if not self._needle.terms:
            self._put(lines)
            return
        self._matches = [i for i, spans in enumerate(lines) if self._needle.is_in(searched(plain(spans)))]
        self._match = max(0, min(self._match, len(self._matches) - 1))
        matching = set(self._matches)
        self._put([self._needle.marked(spans) if i in matching else spans for i, spans in enumerate(lines)])
        self._tell()

    @property
    def shown(self) -> list[Line]:
        """The lines that are shown now."""
        return self._body.shown

    @property
    def text(self) -> str:
        """The text as it can be copied: no line is wrapped."""
        lines = self._wrapping(UNWRAPPED) if self._wrapping is not None else self._lines
        return "\n".join(plain(spans).rstrip() for spans in lines)

    @property
    def needle(self) -> Needle:
        """Return what is searched."""
        return self._needle

    @property
    def told(self) -> str:
        """Return the number of the match that is shown, of all lines that match."""
        return told_of_matches(self._match, len(self._matches), self._needle)

    def narrow(self, text: str) -> None:
        """Search for this text, and go to the first match at or below the lines that are shown."""
        if text == self._needle.text:
            return
        self._needle, self._matches = Needle.of(text), []
        self._draw(self._lines)
        self._tell()
        if self._matches:
            tops = [self._top_of(index) for index in self._matches]
            self._match = next((i for i, top in enumerate(tops) if top >= self.scroll_offset.y), 0)
            self._go_to_match()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action is possible: n and N are keys of the search only while there is one."""
        return bool(self._needle.terms) if action == "match" else super().check_action(action, parameters)

    def action_match(self, by: int) -> None:
        """Go to the next or previous line that matches; behind the last one comes the first."""
        if self._matches:
            self._match = (self._match + by) % len(self._matches)
            self._go_to_match()

    def _go_to_match(self) -> None:
        top = self._top_of(self._matches[self._match])
        if not self.scroll_offset.y <= top < self.scroll_offset.y + max(self.size.height, 1):
            self.scroll_to(y=max(top - 1, 0), animate=False, force=True)
        self._tell()

    def _top_of(self, index: int) -> int:
        """Return the row of a line in the text as it is drawn, where a line can take several rows."""
        width = self._body.size.width
        return content(self._lines[:index]).get_height({}, width) if index and width else index

    def _tell(self) -> None:
        words = with_needle(self.told, self._needle, self.size.width - 2) if self._needle.text else self._hint
        set_lower(self, words)


def told_of_matches(match: int, number: int, needle: Needle) -> str:
    """Return text such as `match 2 of 17` or `no match`; empty if nothing is searched."""
    if not needle.terms:
        return ""
    return f"match {match + 1:,} of {number:,}" if number else "no match"

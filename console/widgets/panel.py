"""Panels of text that draw only what has changed."""

from collections.abc import Callable

from textual.containers import VerticalScroll
from textual.widgets import Static

from console.widgets.line import Line, content


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

    @property
    def shown(self) -> list[Line]:
        """The lines that are shown now."""
        return self._shown or []


class Panel(VerticalScroll):
    """A titled box of lines that scrolls when they do not fit."""

    def __init__(self, title: str, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        self._body = Lines()
        self._wrapping: Callable[[int], list[Line]] | None = None
        super().__init__(self._body, id=id, classes=classes)
        self.can_focus = False
        self.title = title

    @property
    def title(self) -> str:
        """The words in the upper border."""
        return self._title

    @title.setter
    def title(self, words: str) -> None:
        self._title = words
        # Textual reads a border title as markup.
        escaped = words.replace("[", "\\[")
        if self.border_title != escaped:
            self.border_title = escaped

    def show(self, lines: list[Line]) -> None:
        """Show these lines instead."""
        self._wrapping = None
        self._body.show(lines)

    def show_wrapped(self, lines: Callable[[int], list[Line]]) -> None:
        """Show the lines that this function makes for a width, now and after every resize."""
        self._wrapping = lines
        self.on_resize()

    def on_resize(self) -> None:
        """Wrap again; border, padding and scrollbar take five cells."""
        width = self.outer_size.width - 5
        if self._wrapping is not None and width > 0:
            self._body.show(self._wrapping(width))

    @property
    def shown(self) -> list[Line]:
        """The lines that are shown now."""
        return self._body.shown

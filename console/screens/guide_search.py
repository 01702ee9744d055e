"""The two widgets of the Help screen that are searched as one: the hits in all pages, and the text of a chapter."""

from collections.abc import Callable
from itertools import takewhile
from typing import ClassVar

from console.widgets.border import set_lower
from console.widgets.line import Line
from console.widgets.list_rows import ListRows
from console.widgets.markdown_view import MarkdownView
from console.widgets.narrowing import Needle, with_needle

_ABOVE = 2
"""Rows above a hit that are seen with it."""


class Search:
    """A search of all pages: what was typed, how many places have it, and at which of them one is."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.needle = Needle()
        self.told = ""
        self._changed = changed

    def narrow(self, text: str) -> None:
        """Search for this text; an empty one ends the search."""
        if text != self.needle.text:
            self.needle = Needle.of(text)
            self._changed()


class _OfAllPages:
    """The part of a widget by which it is searched together with the other one."""

    _search: Search

    @property
    def needle(self) -> Needle:
        """Return what is searched in all pages."""
        return self._search.needle

    @property
    def told(self) -> str:
        """Return how many hits there are in all pages."""
        return self._search.told

    def narrow(self, text: str) -> None:
        """Search all pages for this text."""
        self._search.narrow(text)


class HitRows(_OfAllPages, ListRows):
    """The hits of the search, which is typed into it."""

    HELP: ClassVar[str] = (
        "Every place of the pages that has what was searched, in the order of the contents. Up and Down move, Enter goes to "
        "the text, <guide_next> and <guide_previous> to the next and previous hit, Esc ends the search."
    )

    def __init__(self, title: str, search: Search, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(title, empty="No page has this.", id=id)
        self._search = search

    def row(self, index: int) -> Line:
        """Return the line of a hit; marked here, because only the rows that are seen are asked for."""
        return self._search.needle.marked(super().row(index))

    def _tell(self) -> None:
        set_lower(self, _told(self._search, self.size.width - 2))

    def tell(self) -> None:
        """Draw the number of the hit again."""
        self._tell()


class ChapterText(_OfAllPages, MarkdownView):
    """The text of a chapter; what is searched in all pages is marked in it."""

    HELP: ClassVar[str] = (
        "Up and Down move by line, PageUp and PageDown by page, Home and End to the ends. <copy_focus> copies the command on the line, or "
        "in it, as it must be typed here; <copy_whole> the chapter. <find> searches all pages, <guide_next> and <guide_previous> go to the next and previous hit. Esc "
        "goes back."
    )

    def __init__(self, title: str, search: Search, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(title, id=id)
        self._search = search
        self._hit_line = -1
        """Line of the hit that is to be shown; -1 if none is."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action is possible: matches are those of all pages, and a chapter has no units."""
        return False if action in {"match", "unit"} else super().check_action(action, parameters)

    def _marked_spans(self, spans: Line) -> Line:
        return self._search.needle.marked(spans)

    def _tell(self) -> None:
        set_lower(self, _told(self._search, self.size.width - 2))

    def tell(self) -> None:
        """Draw the marks and the number of the hit again."""
        self.refresh()
        self._tell()

    def show_hit(self, line: int) -> None:
        """Go to the first row of this line of the chapter, or of its paragraph, that has a searched word."""
        self._hit_line = line
        self.show_source_line(line)

    def _go_to_wanted(self) -> None:
        wanted, is_hit = self._wanted_line, self._wanted_line == self._hit_line
        super()._go_to_wanted()
        if wanted is None or not is_hit or not self._origins:
            return
        self._hit_line = -1
        first, places = self.row_of(wanted), self._search.needle.places
        rows = takewhile(lambda row: self._origins[row] == self._origins[first], range(first, len(self._origins)))
        row = next((row for row in rows if places("".join(span.text for span in self._toned[row]))), first)
        self.show_line(row + 1)
        self.scroll_to(y=max(row - _ABOVE, 0), animate=False, force=True)


def _told(search: Search, width: int) -> str:
    return with_needle(search.told, search.needle, width) if search.needle.text else ""

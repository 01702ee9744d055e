"""The source text with the boundaries of its units, wrapped; only the visible lines are made."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip

from console.backend.model.folding import searched
from console.widgets.border import set_lower
from console.widgets.line import Line, Span
from console.widgets.narrowing import Needle, with_needle
from console.widgets.outline import Outline
from console.widgets.panel import told_of_matches
from console.widgets.rows import Rows
from console.widgets.wrap import wrapped


class Text(Protocol):
    """Inert lines by 1-based number."""

    def __len__(self) -> int:
        """Return how many lines there are."""

    def line(self, number: int) -> str:
        """One line."""


class SourceRow:
    """A row of the screen: its line (1-based), whether it is the first row of that line, and its text."""

    __slots__ = ("first", "number", "text")

    def __init__(self, number: int, first: bool, text: str) -> None:
        self.number = number
        self.first = first
        self.text = text


class SourceView(Rows):
    """A text view that scrolls by lines, not by rows, so that a million wrapped lines need no measuring."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "unit(-1)", "Previous unit", show=False),
        Binding("right_square_bracket", "unit(1)", "Next unit", show=False),
        Binding("n", "match(1)", "Next match", show=False),
        Binding("N", "match(-1)", "Previous match", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"source--unit", "source--other"}
    HELP: ClassVar[str] = (
        "Up and Down move by line and the tree follows; [ and ] go to the unit before and after. In the margin "
        "a unit begins at its corner and runs along the bar; dotted lines belong to no unit. <find> searches, n and N go to the "
        "next and previous match. Tab goes to the tree."
    )

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(title, empty="No text.", id=id)
        self._text: Text | None = None
        self._outline = Outline((), (), (), ())
        self._names: Sequence[str] = ()
        self._page: list[SourceRow] = []
        self._page_key: tuple[int, int, int] = (-1, -1, -1)
        self._marked: range = range(0)
        self._problem_lines: frozenset[int] = frozenset()
        self._needle = Needle()
        self._matches: list[int] = []
        self._searched: list[str] = []
        """The lines as they are searched, from the first search on."""
        self._began_at = 0
        """The line of the cursor when the search began."""

    def load(self, text: Text, outline: Outline, problem_lines: frozenset[int]) -> None:
        """Show this text with these boundaries."""
        self._text = text
        self._outline = outline
        self._problem_lines = problem_lines
        self._page_key = (-1, -1, -1)
        self._marked = range(0)
        self._needle, self._matches, self._searched = Needle(), [], []
        self.set_reactive(Rows.cursor, 0)
        self.rows_changed()
        self.scroll_to(y=0, animate=False, force=True)
        self.mark_unit_at_cursor()
        self._tell()

    @property
    def row_count(self) -> int:
        """Return how many lines there are."""
        return len(self._text) if self._text is not None else 0

    @property
    def needle(self) -> Needle:
        """Return what is searched."""
        return self._needle

    @property
    def told(self) -> str:
        """Return the number of the match at the cursor or behind it, of all lines that match."""
        place = min(bisect_left(self._matches, self.cursor), len(self._matches) - 1)
        return told_of_matches(place, len(self._matches), self._needle)

    def narrow(self, text: str) -> None:
        """Search for this text, and go to the first match from where the search began."""
        if text == self._needle.text:
            return
        if not self._needle.text:
            self._began_at = self.cursor
        self._needle = Needle.of(text)
        if self._needle.terms and not self._searched and self._text is not None:
            self._searched = [searched(self._text.line(number + 1)) for number in range(self.row_count)]
        self._matches = [index for index, words in enumerate(self._searched) if self._needle.is_in(words)]
        if self._matches:
            first = next((index for index in self._matches if index >= self._began_at), self._matches[0])
            self.cursor = first
        self.refresh()
        self._tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action is possible: n and N are keys of the search only while there is one."""
        return bool(self._needle.terms) if action == "match" else super().check_action(action, parameters)

    def action_match(self, by: int) -> None:
        """Go to the next or previous line that matches; behind the last one comes the first."""
        if self._matches:
            behind = bisect_left(self._matches, self.cursor + (1 if by > 0 else 0))
            self.cursor = self._matches[(behind if by > 0 else behind - 1) % len(self._matches)]
            self._tell()

    def _tell(self) -> None:
        words = with_needle(self.told, self._needle, self.size.width - 2) if self._needle.text else ""
        set_lower(self, words)

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self._text.line(number + 1) for number in range(self.row_count)) if self._text else ""

    @property
    def line_number(self) -> int:
        """The line under the cursor, 1-based."""
        return self.cursor + 1

    def row(self, index: int) -> Line:
        """Return a line of the text, unwrapped."""
        return (Span(self._text.line(index + 1)),) if self._text is not None else ()

    @property
    def scroll_height(self) -> int:
        """Number of lines, with room below the last one, so that any line can be at the top; without it if all are seen at once."""
        return self.row_count if self._is_seen_whole() else self.row_count + max(self.size.height - 1, 0)

    def _is_seen_whole(self) -> bool:
        """Return whether every row has its place, beside a scrollbar too: whether there is one must not decide if there is one."""
        height = self.size.height
        if self._text is None or not 0 < self.row_count <= height:
            return False
        width = self._text_width - (0 if self.show_vertical_scrollbar else self.styles.scrollbar_size_vertical)
        lines = (self._text.line(number + 1) for number in range(self.row_count))
        return sum(len(wrapped(text[: height * max(width, 1) + 1], max(width, 8))) for text in lines) <= height

    def on_resize(self) -> None:
        """Wrap for the new width; Textual calls the handler of Rows, which measures, after this one."""
        self._page_key = (-1, -1, -1)

    def show_line(self, number: int) -> None:
        """Put the cursor on a line without a message; scroll if it was out of sight."""
        self.set_reactive(Rows.cursor, max(0, min(number - 1, self.row_count - 1)))
        if not self._in_view(self.cursor):
            self.scroll_to(y=max(self.cursor - 1, 0), animate=False, force=True)
        self.mark_unit_at_cursor()
        self.refresh()

    def mark_unit_at_cursor(self) -> None:
        """Mark the lines of the unit that the cursor is in."""
        index = self._outline.unit_at_line(self.line_number)
        self._marked = (
            range(0) if index is None else range(self._outline.starts[index], self._outline.last_lines[index] + 1)
        )

    def watch_cursor(self, old: int, new: int) -> None:
        """Follow the cursor, and mark its unit."""
        self.mark_unit_at_cursor()
        super().watch_cursor(old, new)
        self._tell()

    def action_unit(self, by: int) -> None:
        """Go to the first line of the previous or next unit."""
        if not self._outline.starts:
            return
        current_unit = self._outline.unit_at_line(self.line_number)
        index = (current_unit if current_unit is not None else -1) + by
        self.cursor = self._outline.starts[max(0, min(index, len(self._outline.starts) - 1))] - 1
        self.show_line(self.line_number)

    def _in_view(self, index: int) -> bool:
        top = self.scroll_offset.y
        if index < top or self.size.height == 0:
            return False
        return any(row.number == index + 1 for row in self._rows_from(top))

    def _keep_in_view(self) -> None:
        if self._in_view(self.cursor):
            return
        top = self.scroll_offset.y
        target = self.cursor if self.cursor < top else self._top_that_ends_with(self.cursor)
        self.scroll_to(y=target, animate=False, force=True)

    def _top_that_ends_with(self, index: int) -> int:
        rows = 0
        for top in range(index, -1, -1):
            rows += len(self._wrapped(top + 1))
            if rows > self.size.height:
                return min(top + 1, index)
        return 0

    def _wrapped(self, number: int) -> list[str]:
        text = self._text.line(number) if self._text is not None else ""
        # More than a screen of one line cannot be shown; wrapping a line of a megabyte would block the console.
        limit = max(self.size.height, 1) * max(self._text_width, 1)
        if len(text) > limit:
            text = text[: limit - 2] + " …"
        return wrapped(text, max(self._text_width, 8))

    @property
    def _digits(self) -> int:
        return len(str(self.row_count))

    @property
    def _text_width(self) -> int:
        return self.row_width - self._digits - 4

    def _rows_from(self, top: int) -> list[SourceRow]:
        # Every line of the screen asks for the page: it is made once per position and size.
        key = (top, self.row_width, self.size.height)
        if key != self._page_key:
            self._page_key = key
            self._page = []
            number = top + 1
            while number <= self.row_count and len(self._page) < self.size.height:
                self._page.extend(SourceRow(number, not i, part) for i, part in enumerate(self._wrapped(number)))
                number += 1
        return self._page

    def render_line(self, y: int) -> Strip:
        """Return one row of the screen."""
        if not self.row_count:
            return super().render_line(y)
        rows = self._rows_from(self.scroll_offset.y)
        if y >= len(rows):
            return Strip.blank(self.row_width, self.rich_style)
        row = rows[y]
        return self.strip(self._spans(row), self.row_width, self._line_style(row.number))

    def _spans(self, row: SourceRow) -> Line:
        number = f"{row.number:>{self._digits}}" if row.first else " " * self._digits
        problem = row.number in self._problem_lines
        return (
            Span(f"{number} ", "bad" if problem else "muted"),
            Span("! " if problem and row.first else self._margin(row), "bad" if problem else "accent"),
            *self._needle.marked((Span(row.text),)),
        )

    def _margin(self, row: SourceRow) -> str:
        index = self._outline.unit_at_line(row.number)
        if index is None:
            return "┊ "
        return "┌ " if row.first and row.number == self._outline.starts[index] else "│ "

    def _line_style(self, number: int) -> Style:
        if number == self.line_number:
            return self._row_style(self.cursor)
        return self.get_component_rich_style("source--unit") if number in self._marked else self.rich_style

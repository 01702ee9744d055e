"""A virtual list: only the rows on the screen are made, so a million rows cost nothing."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style as ContentStyle

from console.widgets.border import set_upper
from console.widgets.line import TONE_STYLES, Line, Span, Tone, line


class Rows(ScrollView, can_focus=True):
    """A list with a cursor. `show`, or a subclass, provides the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "jump(0)", "First", show=False),
        Binding("end", "jump(-1)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor", "rows--cursor-off"}
    HELP: ClassVar[str] = "Up and Down move, PageUp and PageDown turn the page, Home and End jump, Enter chooses."

    cursor: reactive[int] = reactive(0, init=False)

    class Moved(Message):
        """Message: the cursor has moved to another row."""

        def __init__(self, rows: "Rows", index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

        @property
        def control(self) -> "Rows":
            """The list that the message is about."""
            return self.rows

    class Chosen(Moved):
        """Message: Enter was pressed on a row."""

    def __init__(self, title: str = "", *, empty: str = "Nothing here.", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        self._empty = empty
        self._tones: dict[tuple[str, Tone], Style] = {}
        self.retitle(title)

    def retitle(self, words: str) -> None:
        """Set the words in the upper border."""
        set_upper(self, words)

    def show(self, lines: tuple[Line, ...], *, empty: str = "") -> None:
        """Show these rows; the cursor keeps its position if there are enough."""
        if lines == self._lines and (not empty or empty == self._empty):
            return
        self._lines = lines
        self._empty = empty or self._empty
        self.rows_changed()

    @property
    def row_width(self) -> int:
        """Number of cells of a row, without the scrollbar."""
        return self.scrollable_content_region.width

    def say_empty(self, words: str) -> None:
        """Set the text of an empty list; a list with rows stays as it is."""
        if words != self._empty:
            self._empty = words
            if not self.row_count:
                self.refresh()

    @property
    def empty_words(self) -> str:
        """The text of a list without a row."""
        return self._empty

    @property
    def row_count(self) -> int:
        """Return how many rows there are."""
        return len(self._lines)

    def row(self, index: int) -> Line:
        """Return the line of a row; 0 is the first."""
        return self._lines[index]

    @property
    def scroll_height(self) -> int:
        """Number of rows that can be scrolled through."""
        return max(self.row_count, 1)

    def rows_changed(self) -> None:
        """Measure and draw again: the rows have changed."""
        self.virtual_size = Size(self.row_width, self.scroll_height)
        # Without the watcher: the list has changed, the operator has not moved.
        self.set_reactive(Rows.cursor, max(0, min(self.cursor, self.row_count - 1)))
        self.refresh()

    def on_resize(self) -> None:
        """Follow the size of the window: rows are cut at the right edge."""
        self.virtual_size = Size(self.row_width, self.scroll_height)
        self._keep_in_view()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, self.row_count - 1))

    def watch_cursor(self, _old: int, new: int) -> None:
        """Scroll to the cursor and post that it has moved."""
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Moved(self, new))

    def _keep_in_view(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def action_move(self, by: int) -> None:
        """Move one row up or down."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move one page up or down."""
        self.cursor += by * max(self.size.height - 1, 1)

    def action_jump(self, index: int) -> None:
        """Go to the first or the last row."""
        self.cursor = index if index >= 0 else self.row_count - 1

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.row_count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_focus(self) -> None:
        """Draw the cursor again: it shows whether the list has the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor again: it shows whether the list has the focus."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        index = y + self.scroll_offset.y
        width = self.row_width
        if self.row_count == 0:
            return self.strip(line(Span(self.empty_words, "muted")) if index == 0 else (), width, self.rich_style)
        if index >= self.row_count:
            return Strip.blank(width, self.rich_style)
        return self.strip(self.row(index), width, self._row_style(index))

    def _row_style(self, index: int) -> Style:
        if index != self.cursor:
            return self.rich_style
        return self.get_component_rich_style("rows--cursor" if self.has_focus else "rows--cursor-off")

    def strip(self, spans: Line, width: int, base: Style) -> Strip:
        """Return the spans as a strip of exactly this width; an ellipsis marks what is cut off."""
        strip = Strip([Segment(span.text, base + self.tone_style(span.tone)) for span in spans])
        if strip.cell_length <= width:
            return strip.adjust_cell_length(width, base)
        return Strip([*strip.crop(0, max(width - 1, 0)), Segment("…", base)]).adjust_cell_length(width, base)

    def tone_style(self, tone: Tone) -> Style:
        """Return the style of a tone in the current theme, without a background."""
        # Parsed once per theme: every row asks for it at every frame.
        key = (self.app.theme, tone)
        if key not in self._tones:
            self._tones[key] = _tone_style(TONE_STYLES[tone], self.app.theme_variables)
        return self._tones[key]


def _tone_style(words: str, variables: dict[str, str]) -> Style:
    if not words:
        return Style.null()
    style = ContentStyle.parse(words, variables)
    colour = style.foreground.rich_color if style.foreground else None
    return Style(bold=style.bold, color=colour, reverse=style.reverse)

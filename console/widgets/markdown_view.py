"""A view of Markdown, rendered for its width and searched like any text; what is copied is the text as it was written."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from console.widgets.jobs import in_thread, work
from console.widgets.line import Line, Span, plain
from console.widgets.markdown_lines import Rendered, rendered
from console.widgets.outline import Outline
from console.widgets.rows import Rows
from console.widgets.source_view import SourceRow, SourceView

_MOST_RENDERED = 200_000
"""Characters up to which a text is rendered; a longer one is shown as it was written."""
_AT_ONCE = 8_000
"""Characters up to which a text is rendered where it is drawn, and not beside the screen."""


class _Lines:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> str:
        return self._lines[number - 1]


class MarkdownView(SourceView):
    """A text that is rendered if it is Markdown; made inert either way. No link opens."""

    HELP: ClassVar[str] = (
        "Up and Down move by line, PageUp and PageDown by page, Home and End to the ends. <find> searches, n and N go to the next "
        "and previous match. Where a link leads stands behind it; none opens."
    )

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(title, id=id)
        self._source = ""
        self._is_markdown = False
        self._toned: list[Line] = []
        self._origins: list[int] = []
        self._rendered_for = 0
        self._wanted_line: int | None = None
        """The line of the text to go to, once it is rendered."""

    def show_source(self, text: str, *, is_markdown: bool) -> None:
        """Show this text; the one that is shown already stays where it is, with its search."""
        if (text, is_markdown) != (self._source, self._is_markdown):
            self._source, self._is_markdown = text, is_markdown
            self._rendered_for, self._wanted_line, self._origins = 0, None, []
            self._render_text()

    @property
    def source_line(self) -> int:
        """Number of the line of the text as it was written that the cursor is on; 0 is the first."""
        return self._origins[self.cursor] if self.cursor < len(self._origins) else 0

    def show_source_line(self, number: int) -> None:
        """Go to a line of the text as it was written, as soon as it is rendered."""
        self._wanted_line = number
        if self._origins:
            self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        number, self._wanted_line = self._wanted_line, None
        if number is not None and self._origins:
            row = self.row_of(number)
            self.set_reactive(Rows.cursor, row)
            self.scroll_to(y=row, animate=False, force=True)
            self.refresh()
            self._tell()

    def row_of(self, number: int) -> int:
        """Return the first row of this line of the text, or of the last one before it that has a row."""
        row = bisect_left(self._origins, number)
        if row < len(self._origins) and self._origins[row] == number:
            return row
        return bisect_left(self._origins, self._origins[row - 1]) if row else 0

    def _render_text(self) -> None:
        # As if there were a scrollbar: one that appears with the text must not wrap its rows again.
        width = self.row_width - (0 if self.show_vertical_scrollbar else 1)
        if width == self._rendered_for:
            return
        if width <= 0:
            # Not laid out yet: the first size renders it.
            self.load(_Lines(()), Outline((), (), (), ()), frozenset())
            return
        # The place and the search stay when the window gets another width.
        part, needle = self.cursor / max(self.row_count, 1), self._needle.text if self._rendered_for else ""
        self._rendered_for = width
        text = self._source
        if not self._is_markdown or len(text) > _MOST_RENDERED:
            lines: list[Line] = [(Span(row),) for row in _rows(text)]
            self._show_toned(Rendered(lines, list(range(len(lines)))), part, needle)
        elif len(text) <= _AT_ONCE:
            self._show_toned(rendered(text, width), part, needle)
        else:
            self.run_worker(work(self._render_beside, text, width, part, needle), exit_on_error=True)

    async def _render_beside(self, text: str, width: int, part: float, needle: str) -> None:
        lines = await in_thread(lambda: rendered(text, width))
        # Another text, or another width, may be wanted by now.
        if (text, width) == (self._source, self._rendered_for) and self.is_attached:
            self._show_toned(lines, part, needle)

    def _show_toned(self, shown: Rendered, part: float, needle: str) -> None:
        self._toned, self._origins = shown
        self.load(_Lines([plain(spans) for spans in self._toned]), Outline((), (), (), ()), frozenset())
        if needle:
            self.narrow(needle)
        elif part:
            self.show_line(round(part * self.row_count) + 1)
        self._go_to_wanted()

    def on_resize(self) -> None:
        """Render for the new width; Textual calls the handler of Rows after this one."""
        self._page_key = (-1, -1, -1)
        self._render_text()

    def _is_seen_whole(self) -> bool:
        """Return False: the heading that one goes to stands at the top, however short the text below it."""
        return False

    def _keep_in_view(self) -> None:
        if self.row_count:
            super()._keep_in_view()

    @property
    def text(self) -> str:
        """The whole text as it was written."""
        return self._source

    @property
    def _text_width(self) -> int:
        return self.row_width

    def _spans(self, row: SourceRow) -> Line:
        toned = self._toned[row.number - 1] if row.number <= len(self._toned) else ()
        spans = toned if plain(toned) == row.text else (Span(row.text),)
        return self._marked_spans(spans)

    def _marked_spans(self, spans: Line) -> Line:
        return self._needle.marked(spans)


def _rows(text: str) -> Sequence[str]:
    from console.backend.model.safe_text import safe_lines

    return safe_lines(text.removesuffix("\n")) if text else ()

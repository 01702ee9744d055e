"""A text without numbers and margin, wrapped; only the visible lines are made."""

from typing import ClassVar

from console.backend.model.safe_text import safe_lines
from console.widgets.line import Line, Span
from console.widgets.outline import Outline
from console.widgets.source_view import SourceRow, SourceView
from console.widgets.wrap import wrapped


class _Lines:
    def __init__(self, lines: tuple[str, ...]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> str:
        return self._lines[number - 1]


class PlainText(SourceView):
    """A text that scrolls by lines, made inert as it is loaded."""

    HELP: ClassVar[str] = "Up and Down move by line, PageUp and PageDown by page, Home and End to the ends of the text."

    _whole: str | None = None

    def show_text(self, text: str) -> None:
        """Show this text from its beginning; the text that is shown already stays where it is, with its search."""
        if text == self._whole:
            return
        self._whole = text
        lines = safe_lines(text.removesuffix("\n")) if text else ()
        self.load(_Lines(lines), Outline((), (), (), ()), frozenset())

    def _keep_in_view(self) -> None:
        if self.row_count:
            super()._keep_in_view()

    @property
    def text(self) -> str:
        """The whole text, as it was given."""
        return self._whole or ""

    @property
    def _text_width(self) -> int:
        return self.row_width

    def _spans(self, row: SourceRow) -> Line:
        return self._needle.marked((Span(row.text),))


class CommandText(PlainText):
    """Commands for a shell. One that takes several rows stays one command when it is marked and pasted."""

    def _wrapped(self, number: int) -> list[str]:
        whole = super()._wrapped(number)
        # Inside quotes a backslash would not join two rows.
        if len(whole) == 1 or {"'", '"'} & set("".join(whole)):
            return whole
        *rows, last = wrapped("".join(whole), max(self._text_width - 2, 8))
        return [*(f"{row}\\" for row in rows), last]

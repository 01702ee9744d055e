"""A list of rows that can be filtered; the lower border says what the filter is, and what it hides."""

from collections.abc import Sequence

from textual.geometry import Size

from console.widgets.border import set_lower
from console.widgets.line import Line
from console.widgets.narrowing import Narrowing, Needle, Row, narrowed, told_of
from console.widgets.rows import Rows


class ListRows(Rows):
    """A list that keeps its filter, and the cursor on its row, when it is read again."""

    def __init__(self, title: str, *, empty: str, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(title, empty=empty, id=id)
        self._rows: tuple[Row, ...] = ()
        self._needle = Needle()
        self._columns: frozenset[str] = frozenset()
        self._narrowing = Narrowing((), 0, ())

    def show_rows(self, rows: Sequence[Row], *, empty: str = "") -> None:
        """Show these rows, as far as the filter lets them through; the cursor stays on its row if it is still there."""
        rows = tuple(rows)
        self.say_empty(empty or self._empty)
        if rows == self._rows:
            return
        key = self.key
        self._rows = rows
        self._columns = frozenset(name for row in rows for name, _ in row.columns)
        self._narrow(key)

    def _narrow(self, key: str | None) -> None:
        self._needle = Needle.of(self._needle.text, self._columns)
        self._narrowing = narrowed(self._rows, self._needle)
        index = self._place(key)
        if index is not None:
            self.set_reactive(Rows.cursor, index)
        self.rows_changed()
        self._keep_in_view()
        self._tell()

    def _place(self, key: str | None) -> int | None:
        places = (place for place, index in enumerate(self._narrowing.visible) if self._rows[index].key == key)
        return next(places, None) if key else None

    @property
    def needle(self) -> Needle:
        """Return what was typed."""
        return self._needle

    @property
    def told(self) -> str:
        """Return how many rows of all show, and what is hidden that nobody may miss."""
        return self._narrowing.told

    def narrow(self, text: str) -> None:
        """Filter by this text at once. The cursor stays on its row, or goes to the first one that shows."""
        if text == self._needle.text:
            return
        before = self.chosen
        key = self.key
        self._needle = Needle.of(text, self._columns)
        self.set_reactive(Rows.cursor, 0)
        self._narrow(key)
        if self.chosen != before:
            self.post_message(self.Moved(self, self.cursor))

    @property
    def chosen(self) -> int | None:
        """The index of the row under the cursor among all rows; None if none shows."""
        visible = self._narrowing.visible
        return visible[self.cursor] if self.cursor < len(visible) else None

    @property
    def chosen_row(self) -> Row | None:
        """The row under the cursor."""
        index = self.chosen
        return self._rows[index] if index is not None else None

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        row = self.chosen_row
        return row.key if row is not None else None

    def choose(self, key: str, *, reveal: bool = False) -> bool:
        """Put the cursor on the row with this key, without a message; with `reveal`, drop a filter that hides it.

        Returns False if no such row shows.
        """
        index = self._place(key)
        if index is None and reveal and any(row.key == key for row in self._rows):
            self._needle = Needle()
            self._narrow(key)
            index = self._place(key)
        if index is None:
            return False
        if index != self.cursor:
            self.set_reactive(Rows.cursor, index)
            self.refresh()
        self._keep_in_view()
        return True

    @property
    def shown_rows(self) -> tuple[Row, ...]:
        """The rows that show."""
        return tuple(self._rows[index] for index in self._narrowing.visible)

    @property
    def row_count(self) -> int:
        """Return how many rows show."""
        return len(self._narrowing.visible)

    def row(self, index: int) -> Line:
        """Return the line of a row that shows; 0 is the first."""
        return self._rows[self._narrowing.visible[index]].line

    @property
    def empty_words(self) -> str:
        """The text of a list without a row: its own, or that the filter hides all of them."""
        return "The filter hides every row. Esc shows them." if self._needle.text and self._rows else self._empty

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Return the height that all rows would take: a list does not shrink under what is typed."""
        return max(len(self._rows), 1)

    def on_resize(self) -> None:
        """Tell what is hidden in the room there is now; Textual calls the handler of Rows after this one."""
        self._tell()

    def _tell(self) -> None:
        words = told_of(self._narrowing, self._needle, self.size.width - 2)
        set_lower(self, words)

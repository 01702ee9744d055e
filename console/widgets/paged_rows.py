"""A list of any length of which only the pages around the cursor are kept; the others are asked for when the cursor comes near."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from textual.message import Message

from console.widgets.line import Line
from console.widgets.rows import Rows

T = TypeVar("T")
MOST_KEPT = 600
"""Rows that are kept; those that are farthest from the cursor are dropped."""
_NEAR = 60
"""Rows between the cursor and an end of what is kept at which the next page is asked for."""


class Side(StrEnum):
    """The part of the list that is wanted."""

    FIRST = "first"
    LAST = "last"
    BEFORE = "before"
    BEHIND = "behind"


class PagedRows(Rows, Generic[T]):
    """A list that posts `Wanted` for each page that it lacks. Answer with `begin` or `add`, or `unanswered`."""

    HELP: ClassVar[str] = (
        "Up and Down move, PageUp and PageDown turn the page, Home and End go to the first and the last row."
    )

    class Wanted(Message):
        """Message: a page is wanted."""

        def __init__(self, side: Side) -> None:
            super().__init__()
            self.side = side

    def __init__(self, title: str, draw: Callable[[T], Line], *, empty: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(title, empty=empty, id=id)
        self._draw = draw
        self._items: list[T] = []
        self._more = {Side.BEFORE: False, Side.BEHIND: False}
        self._asked: Side | None = None
        self._owed = 0
        """Rows that the cursor still has to move, once the page that it moves into is there."""

    @property
    def items(self) -> Sequence[T]:
        """The rows that are kept."""
        return self._items

    @property
    def chosen(self) -> T | None:
        """The row under the cursor."""
        return self._items[self.cursor] if self.cursor < len(self._items) else None

    @property
    def row_count(self) -> int:
        """Return how many rows are kept."""
        return len(self._items)

    def row(self, index: int) -> Line:
        """Return the line of a row; 0 is the first one that is kept."""
        return self._draw(self._items[index])

    def has_more(self, side: Side) -> bool:
        """Return whether there are rows beyond what is kept."""
        return self._more[side]

    def tell_more(self, side: Side) -> None:
        """Note that there are rows beyond what is kept by now."""
        self._more[side] = True

    def begin(self, items: Sequence[T], *, before: bool, behind: bool, cursor: int = 0) -> None:
        """Show these rows instead of all others."""
        self._items, self._asked, self._owed = list(items), None, 0
        self._more = {Side.BEFORE: before, Side.BEHIND: behind}
        self.set_reactive(Rows.cursor, max(0, min(cursor, len(items) - 1)))
        self.rows_changed()
        self._keep_in_view()

    def add(self, side: Side, items: Sequence[T], *, more: bool) -> None:
        """Add a page before or behind the rows that are kept, and drop what is too far away on the other side."""
        self._asked = None
        self._more[side] = more
        moved = 0
        if side is Side.BEHIND:
            self._items += items
            moved = -max(len(self._items) - MOST_KEPT, 0)
            del self._items[:-moved]
            self._more[Side.BEFORE] |= bool(moved)
        else:
            moved = len(items)
            self._items[:0] = items
            self._more[Side.BEHIND] |= len(self._items) > MOST_KEPT
            del self._items[MOST_KEPT:]
        top = self.scroll_offset.y + moved
        self.set_reactive(Rows.cursor, max(0, min(self.cursor + moved, len(self._items) - 1)))
        self.rows_changed()
        self.scroll_to(y=max(top, 0), animate=False, force=True, immediate=True)
        owed, self._owed = self._owed, 0
        # A page without a row is one that was not looked for to its end: the next key looks on, not the list by itself.
        if owed and items:
            self._move(owed)

    def unanswered(self) -> None:
        """Note that a page could not be read; it is asked for again when the cursor moves."""
        self._asked, self._owed = None, 0

    def redraw(self) -> None:
        """Draw the rows again, for another width."""
        self.refresh()

    def action_move(self, by: int) -> None:
        """Move one row up or down."""
        self._move(by)

    def action_page(self, by: int) -> None:
        """Move one page up or down."""
        self._move(by * max(self.size.height - 1, 1))

    def action_jump(self, index: int) -> None:
        """Go to the first or the last row there is, whether it is kept or not."""
        side, end = (Side.BEFORE, Side.FIRST) if index == 0 else (Side.BEHIND, Side.LAST)
        if self._more[side]:
            self._owed = 0
            self._ask(end)
        else:
            self.cursor = 0 if index == 0 else self.row_count - 1

    def _move(self, by: int) -> None:
        target = self.cursor + by
        self.cursor = target
        beyond = target - self.cursor
        side = Side.BEHIND if by > 0 else Side.BEFORE
        if self._more[side]:
            self._owed = self._owed + beyond if beyond else 0
            left = self.row_count - 1 - self.cursor if by > 0 else self.cursor
            if left < _NEAR:
                self._ask(side)
        else:
            self._owed = 0

    def _ask(self, side: Side) -> None:
        if self._asked is None or (side in {Side.FIRST, Side.LAST} and self._asked is not side):
            self._asked = side
            self.post_message(self.Wanted(side))

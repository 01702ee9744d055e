"""A screen with a list beside what is opened from it: both where there is room, else the one or the other."""

from typing import ClassVar

from console.screens.base import ConsoleScreen
from console.screens.drawable import can_draw


class FacedScreen(ConsoleScreen):
    """Below 110 columns a face has the screen for itself; the first one is the list."""

    PARTS: ClassVar[dict[str, str]]
    """The part of the screen for each face, as a selector."""
    FOCUSED: ClassVar[dict[str, str]]
    """Widget with the focus in each face, as a selector."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (160, "-broad")]  # noqa: RUF012
    BROAD_LIST: ClassVar[int] = 0
    """Cells of the list from 160 columns on; 0 for half of them."""

    def __init__(self) -> None:
        super().__init__()
        self.face = next(iter(self.PARTS))

    @property
    def is_wide(self) -> bool:
        """True if all parts are seen."""
        return self.has_class("-wide") or self.has_class("-broad")

    @property
    def row_width(self) -> int:
        """Cells of a row of the list by the window's width: the list itself may not have been laid out yet."""
        if self.BROAD_LIST and self.has_class("-broad"):
            return self.BROAD_LIST - 5
        return (self.size.width // 2 if self.is_wide else self.size.width) - 5

    def show_face(self, face: str) -> None:
        """Show this face, and give it the focus."""
        self.face = face
        for part in dict.fromkeys(self.PARTS.values()):
            self.query_one(part).display = self.is_wide or part == self.PARTS[face]
        self.query_one(self.FOCUSED[face]).focus()
        self.draw_frame()

    def on_resize(self) -> None:
        """Show both or the one that was looked at, for the new width."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        if can_draw(self):
            self.show_face(self.face)
            self.draw_rows()

    def draw_rows(self) -> None:
        """Draw the list and what is opened, for the width there is."""
        raise NotImplementedError

    @property
    def has_step_back(self) -> bool:
        """True unless the list is the face."""
        return self.face != next(iter(self.PARTS))

    def go_back(self) -> bool:
        """Go back to the list."""
        if not self.has_step_back:
            return False
        self.show_face(next(iter(self.PARTS)))
        return True

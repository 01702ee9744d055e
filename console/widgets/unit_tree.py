"""The units of a plan as a tree; only the rows on the screen are made."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType

from console.widgets.line import Line, Span
from console.widgets.outline import Outline, Unit
from console.widgets.rows import Rows

EXPANDED_UP_TO = 300
"""Number of units from which on only two levels start open, or one if two are still too many."""


class NamedUnit(Unit, Protocol):
    """The attributes of a unit that a row of the tree shows."""

    @property
    def section_type(self) -> str:
        """Its section type."""

    @property
    def number(self) -> str:
        """Its number in the document."""

    @property
    def title(self) -> str:
        """Its title."""


class UnitTree(Rows):
    """A tree over an outline. Left closes, Right opens; the visible units are a list of indices."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "open", "Open", show=False),
        Binding("left,h", "close", "Close", show=False),
        Binding("space", "toggle_unit", "Open or close", show=False),
        Binding("asterisk", "open_all", "Open all", show=False),
    ]
    HELP: ClassVar[str] = (
        "Up and Down move and the text follows. Right opens a unit, Left closes it or goes to its parent, "
        "Space does either, * opens all. Tab goes to the text."
    )

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(title, empty="No units.", id=id)
        self._units: Sequence[NamedUnit] = ()
        self._outline = Outline((), (), (), ())
        self._collapsed: set[int] = set()
        self._visible: list[int] = []

    def load(self, units: Sequence[NamedUnit], outline: Outline) -> None:
        """Show these units."""
        self._units = units
        self._outline = outline
        self._collapsed = _collapsed_at_first(outline)
        self.set_reactive(Rows.cursor, 0)
        self._show_open()

    @property
    def row_count(self) -> int:
        """Return how many units show."""
        return len(self._visible)

    @property
    def unit_index(self) -> int | None:
        """The index of the unit under the cursor."""
        return self._visible[self.cursor] if self._visible else None

    def row(self, index: int) -> Line:
        """Return kind, number and title, indented by depth; a title with its own number comes first."""
        unit_index = self._visible[index]
        unit = self._units[unit_index]
        sign = "  " if not self._outline.has_children(unit_index) else "+ " if unit_index in self._collapsed else "- "
        indent = Span("  " * self._outline.depths[unit_index] + sign, "muted")
        if unit.number and unit.number in unit.title.split():
            kind = f"  {unit.section_type}"
            fits = len(indent.text) + len(unit.title) + len(kind) <= self.row_width
            return (indent, Span(unit.title), Span(kind if fits else "", "muted"))
        return (indent, Span(f"{unit.section_type} {unit.number}".strip(), "accent"), Span(f"  {unit.title}".rstrip()))

    def reveal(self, unit_index: int) -> None:
        """Open the units above this one and put the cursor on it, without a message."""
        hidden = self._collapsed.intersection(self._outline.ancestors(unit_index))
        if hidden:
            self._collapsed -= hidden
            self._show_open()
        self.set_reactive(Rows.cursor, self._visible.index(unit_index))
        self._keep_in_view()
        self.refresh()

    def action_open(self) -> None:
        """Open the unit, or go to its first child if it is open."""
        index = self.unit_index
        if index is None or not self._outline.has_children(index):
            return
        if index in self._collapsed:
            self._collapsed.discard(index)
            self._show_open()
        else:
            self.cursor += 1

    def action_close(self) -> None:
        """Close the unit, or go to its parent if it is closed."""
        index = self.unit_index
        if index is None:
            return
        if self._outline.has_children(index) and index not in self._collapsed:
            self._collapsed.add(index)
            self._show_open()
        elif above := self._outline.ancestors(index):
            self.cursor = self._visible.index(above[0])

    def action_toggle_unit(self) -> None:
        """Open or close the unit."""
        index = self.unit_index
        if index is not None and self._outline.has_children(index):
            self._collapsed ^= {index}
            self._show_open()

    def action_open_all(self) -> None:
        """Open every unit; the cursor stays on its own."""
        index = self.unit_index
        self._collapsed = set()
        self._show_open()
        if index is not None:
            self.reveal(index)

    def _show_open(self) -> None:
        self._visible = self._outline.visible(self._collapsed)
        self.rows_changed()


def _collapsed_at_first(outline: Outline) -> set[int]:
    if len(outline.depths) <= EXPANDED_UP_TO:
        return set()
    # A plan of 100,000 units, all open, would be a list and not a tree.
    two_levels = outline.collapsed_below(2)
    return two_levels if len(outline.visible(two_levels)) <= 4 * EXPANDED_UP_TO else outline.collapsed_below(1)

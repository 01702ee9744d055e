"""Filter, search and copy of every screen, by what has the focus."""

from textual.screen import Screen
from textual.widget import Widget

from console.screens.copying import Copied
from console.widgets.bars import KeyBar
from console.widgets.filter_bar import FilterBar
from console.widgets.line import Line, Span, plain
from console.widgets.list_panel import ListPanel
from console.widgets.list_rows import ListRows
from console.widgets.narrowing import Narrowed
from console.widgets.panel import Panel
from console.widgets.rows import Rows
from console.widgets.source_view import SourceView


def _narrowables(screen: Screen[None]) -> list[ListRows | SourceView | Panel]:
    """Return the lists and texts that are seen now, that with the focus first."""
    kinds = ListRows | SourceView | Panel
    widgets = [widget for widget in screen.query("Rows, Panel") if isinstance(widget, kinds) and widget.size.height]
    return sorted(widgets, key=lambda widget: widget is not screen.focused)


def target_of(screen: Screen[None]) -> Narrowed | None:
    """Return what is filtered or searched: what has the focus, or else the first list."""
    widgets = _narrowables(screen)
    focused = next((widget for widget in widgets if widget is screen.focused), None)
    return focused or next((widget for widget in widgets if isinstance(widget, ListRows)), None)


def end_filter(screen: Screen[None]) -> bool:
    """End a filter or search that is seen, that with the focus first; return False if there is none."""
    narrowed = next((widget for widget in _narrowables(screen) if widget.needle.text), None)
    if narrowed is not None:
        narrowed.narrow("")
    return narrowed is not None


async def find(screen: Screen[None], target: Narrowed, bar: FilterBar | None, *, has_stop: bool) -> FilterBar:
    """Let a filter or a search of this list or text be typed, in the bar of the screen, which is made at the first time."""
    before = screen.focused
    if bar is None:
        stop: Line = (Span("  "), Span("^X", "bad"), Span(" STOP")) if has_stop else ()
        bar = FilterBar(stop)
        await screen.mount(bar, before="#keys")
    used = bar

    def ended() -> None:
        _stand_for_footer(screen, used, is_open=False)
        screen.set_focus(target if isinstance(target, Widget) and target.can_focus else before)

    _stand_for_footer(screen, bar, is_open=True)
    bar.open(target, ended)
    return bar


def _stand_for_footer(screen: Screen[None], bar: FilterBar, *, is_open: bool) -> None:
    bar.set_class(is_open, "-open")
    screen.query_one(KeyBar).set_class(is_open, "-typing")


def _copied_from(screen: Screen[None], target: Narrowed | None) -> Widget | None:
    if isinstance(screen.focused, Rows | Panel):
        return screen.focused
    return target if isinstance(target, Widget) else None


def copied(screen: Screen[None], target: Narrowed | None) -> Copied | None:
    """Return a row, a line or a text: what has the focus, or else the chosen row of this list."""
    widget = _copied_from(screen, target)
    if isinstance(widget, ListRows):
        return Copied("the row", widget.chosen_row.text.rstrip()) if widget.chosen_row is not None else None
    if isinstance(widget, Panel):
        return Copied("the text", widget.text) if widget.text else None
    if isinstance(widget, Rows) and widget.row_count:
        return Copied("the line", plain(widget.row(widget.cursor)).rstrip())
    return None


def copied_whole(screen: Screen[None], target: Narrowed | None) -> Copied | None:
    """Return the whole list or text that has the focus, or else this one, without what a filter hides."""
    widget = _copied_from(screen, target)
    if isinstance(widget, ListRows):
        text = "\n".join(row.text.rstrip() for row in widget.shown_rows)
        return Copied(f"the list, {widget.told}", text) if text else None
    if isinstance(widget, ListPanel):
        return Copied(f"the list, {widget.told}", widget.text) if widget.text else None
    if isinstance(widget, SourceView | Panel):
        return Copied("the text", widget.text) if widget.text else None
    return None

"""The line to type a filter or a search into. It stands in the place of the footer, whose keys do nothing meanwhile."""

from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from console.widgets.field import Field
from console.widgets.line import Line, Span, line, plain
from console.widgets.narrowing import Narrowed
from console.widgets.panel import Lines
from console.widgets.rows import Rows

_MOST = 200
"""Characters that can be typed."""
_FIELD = 14
"""Cells that are left for what is typed, before the hints."""


class FilterField(Field):
    """The field. Each key narrows at once, or does nothing: no key reaches the screen from here, but the stop key."""

    def __init__(self, handle: Callable[[events.Key], None]) -> None:
        super().__init__(max_length=_MOST, compact=True)
        self._handle = handle
        self.can_focus = False

    def edit(self, key: events.Key) -> None:
        """Do what the key does in a field, if it does something there."""
        self._act(key)

    def _forward_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self._handle(event)
        else:
            super()._forward_event(event)


class FilterBar(Horizontal):
    """The field, how many rows it lets through, and what its keys do."""

    def __init__(self, stop_hint: Line) -> None:
        super().__init__()
        self._field = FilterField(self._key)
        self._stop_hint = stop_hint
        self._target: Narrowed | None = None
        self._when_closed: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        """Compose the sign, the field and the hints."""
        yield Lines(classes="sign")
        yield self._field
        yield Lines(classes="hint")

    @property
    def is_open(self) -> bool:
        """True while a filter is typed."""
        return self._target is not None

    def keeps_from(self, widget: Widget | None) -> bool:
        """Return whether this widget must not get the focus: a filter is typed until Enter or Esc ends it."""
        return self.is_open and widget is not self._field

    def open(self, target: Narrowed, closed: Callable[[], None]) -> None:
        """Type into the filter of this list, or the search of this text; `closed` is called when that has ended."""
        self._target, self._when_closed = target, closed
        self.query_one(".sign", Lines).show([line(Span("/", "accent"))])
        self._field.value = target.needle.text
        self._field.can_focus = True
        self.screen.set_focus(self._field)
        self._field.select_all()
        self.draw()

    def draw(self) -> None:
        """Draw the numbers and the keys, as far as there is room."""
        if self._target is None:
            return
        numbers = Span(f" {self._target.told} ", "strong")
        keys = line("  ", Span("Enter", "accent"), " keeps  ", Span("Esc", "accent"), " clears")
        hints: list[Line] = [(numbers, *keys, *self._stop_hint), (numbers, *keys), (numbers,)]
        room = self.screen.size.width - _FIELD
        self.query_one(".hint", Lines).show([next((h for h in hints if len(plain(h)) <= room), hints[-1])])

    def _key(self, key: events.Key) -> None:
        """Act on a key at once, so that the next one finds what this one has done."""
        target = self._target
        if target is None:
            return
        if key.key in {"enter", "tab", "shift+tab"}:
            self.close()
        elif key.key == "escape":
            target.narrow("")
            self.close()
        elif key.key in {"up", "down", "pageup", "pagedown"}:
            if isinstance(target, Rows):
                by = -1 if "up" in key.key else 1
                (target.action_page if "page" in key.key else target.action_move)(by)
        else:
            self._field.edit(key)
            self._narrow()

    @on(Input.Changed)
    def _narrow(self) -> None:
        """Narrow by what stands in the field now; also after a paste."""
        if self._target is not None:
            self._target.narrow(self._field.value)
            self.draw()

    def close(self) -> None:
        """End typing; the filter stays."""
        if self._target is not None:
            self._target = None
            self._field.can_focus = False
            self._when_closed()

"""Keys in the order in which they were typed.

Textual gives each key to the widget that has the focus when the key is read, and acts on it when that widget, and each
one above it, has come to it. Behind a change of screen the next key is then given to a screen that is no longer shown,
or overtakes the one before it. Here a key waits until the one before it has been handled.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

LOOK_AGAIN_SECONDS = 0.5
"""Pause between two looks at the widgets that still have to handle a key: one that is removed never passes it on."""


class KeyHandled(Message):
    """Follows a key through the same widgets, so that it reaches the application after it."""

    def __init__(self, key: events.Key) -> None:
        super().__init__()
        self.key = key


@dataclass(slots=True, eq=False)
class _UnderWay:
    """A key, the widgets that it passes, and True if it must not act any more."""

    key: events.Key
    widgets: tuple[Widget, ...] = ()
    dropped: bool = False

    def can_arrive(self) -> bool:
        return all(widget.is_running and widget.is_attached for widget in self.widgets)


class KeyOrder:
    """Gives one key after the other to `give`, which returns the widget that has taken it, or None if it is done."""

    def __init__(
        self,
        give: Callable[[events.Key], Awaitable[Widget | None]],
        set_interval: Callable[[float, Callable[[], Awaitable[None]]], Timer],
    ) -> None:
        self._give = give
        self._set_interval = set_interval
        self._waiting: deque[events.Key] = deque()
        self._under_way: _UnderWay | None = None
        self._timer: Timer | None = None

    @property
    def is_idle(self) -> bool:
        """Return True if every key has been handled."""
        return self._under_way is None

    async def add(self, key: events.Key) -> None:
        """Handle this key after those that came before it."""
        self._waiting.append(key)
        if self._under_way is None:
            await self._go_on()

    def drop(self) -> None:
        """Drop the keys that were not handled yet: what they were typed for is no longer on the screen."""
        self._waiting.clear()
        if self._under_way is not None:
            self._under_way.dropped = True

    def is_dropped(self, key: events.Key) -> bool:
        """Return True if the key was dropped while a widget still had it."""
        return self._under_way is not None and self._under_way.key is key and self._under_way.dropped

    async def handled(self, key: events.Key) -> None:
        """Go on behind this key."""
        if self._under_way is not None and self._under_way.key is key:
            await self._go_on()

    async def _look_again(self) -> None:
        if self._under_way is not None and not self._under_way.can_arrive():
            await self._go_on()

    async def _go_on(self) -> None:
        self._under_way = None
        while self._waiting:
            under_way = self._under_way = _UnderWay(self._waiting.popleft())
            target = await self._give(under_way.key)
            if target is not None and target.post_message(KeyHandled(under_way.key)):
                under_way.widgets = tuple(node for node in target.ancestors_with_self if isinstance(node, Widget))
                self._timer = self._timer or self._set_interval(LOOK_AGAIN_SECONDS, self._look_again)
                return
            self._under_way = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

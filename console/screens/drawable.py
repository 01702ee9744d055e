"""When a screen can be drawn, and for which size: answers and sizes may come late, or after the screen was left."""

from typing import TYPE_CHECKING

from textual import events
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import App


def can_draw(screen: Widget) -> bool:
    """Return whether its widgets are all there: it has been composed, and neither it nor the console is being taken down.

    `display` is False from the moment on at which Textual begins to take a node down, before the first child goes.
    """
    return screen.is_mounted and was_built(screen)


def was_built(screen: Widget) -> bool:
    """Return whether it was composed at all, while it is being mounted: a screen may be left before that."""
    return screen.display and bool(screen.children)


class OneSize:
    """Lets a screen lay itself out for the size that the terminal has, and for no other.

    Textual's layout tells the screen its new size by an event that queues behind the next one. Two sizes at once, as
    when somebody drags the window's edge, then chase each other through the queue for ever, at full load.
    """

    if TYPE_CHECKING:
        app: App[object]

    async def _on_resize(self, event: events.Resize) -> None:
        if event.size != self.app.size:
            event.stop()
            event.prevent_default()

"""Guards against drawing too early or too late: answers and sizes can arrive after a screen was left."""

from typing import TYPE_CHECKING, cast

from textual import events
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import App


def can_draw(screen: Widget) -> bool:
    """Return whether all widgets exist: the screen is composed, and neither it nor the console is closing.

    `display` is False from the moment on at which Textual begins to take a node down, before the first child goes.
    """
    return screen.is_mounted and was_built(screen)


def was_built(screen: Widget) -> bool:
    """Return whether the screen was composed; it can be left before that."""
    return screen.display and bool(screen.children)


class Steady:
    """Mixin that ignores actions before a screen is built, and sizes that the terminal does not have.

    A key can arrive after a screen is shown and before its widgets exist. It is ignored then.

    Textual's layout announces a new size by an event that queues behind the next one. Two sizes at once, as when the
    window's edge is dragged, would follow each other through the queue for ever, at full load.
    """

    if TYPE_CHECKING:
        app: App[object]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Return whether the action may run now: only once the widgets exist."""
        return was_built(cast("Widget", self))

    async def _on_resize(self, event: events.Resize) -> None:
        if event.size != self.app.size:
            event.stop()
            event.prevent_default()

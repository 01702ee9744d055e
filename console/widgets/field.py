"""A field to type into whose letters, editing keys and Tab act in the order in which they were typed, however fast they come."""

import re
from collections.abc import Callable
from typing import Final

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.reactive import reactive
from textual.widgets import Input

_ACTION: Final = re.compile(r"(?P<name>\w+)(?P<selects>\(True\))?")
_EDITS: Final = {
    key: action
    for binding in Input.BINDINGS
    if isinstance(binding, Binding) and binding.action != "submit"
    for key in binding.key.split(",")
    if (action := _ACTION.fullmatch(binding.action)) is not None
}
"""Keys that edit the text or move the cursor."""
_MOVES: Final = {"tab": "focus_next", "shift+tab": "focus_previous"}


class Field(Input):
    """An input whose keys act at once.

    Textual inserts letters when they reach the input, and looks up Backspace, Tab and the arrows later, when they have
    bubbled up to the application. On a slow line keys arrive together: a correction would delete the letters typed after
    it, and what was typed behind Tab would stand in the field before. Enter acts a moment later, as everywhere.
    """

    # A blinking cursor would send bytes down a slow line twice a second, as long as the field has the focus.
    cursor_blink = reactive(default=False, init=False)

    def _forward_event(self, event: events.Event) -> None:
        # The application hands each key over by this method, one after the other.
        if not (isinstance(event, events.Key) and self._act(event)):
            super()._forward_event(event)

    def on_blur(self) -> None:
        """Select the whole text when the field is entered again."""
        self.select_on_focus = True

    def _act(self, event: events.Key) -> bool:
        """Do what the key does in a field; return False for every other key, which takes the usual way."""
        if move := _MOVES.get(event.key):
            entered = getattr(self.screen, move)()
            if isinstance(entered, Field):
                entered.select_all()
            return True
        if event.is_printable and event.character is not None:
            self.replace(event.character, *sorted(self.selection))
        elif edit := _EDITS.get(event.key):
            action: Callable[..., None] = getattr(self, f"action_{edit['name']}")
            try:
                action(select=True) if edit["selects"] else action()
            except SkipAction:
                # Nothing is selected that could be copied: the key is for whoever else knows it.
                return False
        else:
            return False
        # The event of being entered may still come: it must not select what has been typed since.
        self.select_on_focus = False
        return True

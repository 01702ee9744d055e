"""The palette: finds an action of the registry by letters of its name."""

from typing import ClassVar

from console.actions.actions import Action, Registry, Scope, key_name
from console.actions.keys_in_force import told
from console.screens.choosing import ChoosingDialog, has_words
from console.widgets.line import Line, Span, line


def matching_actions(registry: Registry, scope: Scope, typed: str) -> tuple[Action, ...]:
    """Return the actions whose title has every typed word, those of this screen first."""
    actions = (*registry.in_scope(scope), *registry.in_scope(Scope.EVERYWHERE))
    return tuple(action for action in actions if has_words(action.title, typed))


class PaletteDialog(ChoosingDialog[Action]):
    """A dialog that answers with the chosen action, or None. Choosing equals pressing the action's key."""

    WORDS: ClassVar[str] = "Find an action by its name"
    CANCEL: ClassVar[str] = "Close"
    HINT: ClassVar[str] = "some letters of what you want to do"
    NOTHING: ClassVar[str] = "No action has this in its name."
    NO: ClassVar[str] = "close"

    def __init__(self, scope: Scope) -> None:
        super().__init__(lambda typed: matching_actions(self.console.registry, scope, typed), _row)


def _row(action: Action) -> Line:
    """Return title, key and help of an action in a line."""
    return line(f"{action.title}  ", Span(key_name(action.keys[0]), "accent"), Span(f"  {told(action.help)}", "muted"))

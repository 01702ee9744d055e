"""The palette: finds an action of the registry by letters of its name."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.actions.actions import Action, Registry, Scope, key_name
from console.screens.dialog import Dialog
from console.widgets.field import Field
from console.widgets.line import Line, Span, line
from console.widgets.rows import Rows


def matching_actions(registry: Registry, scope: Scope, typed: str) -> tuple[Action, ...]:
    """Return the actions whose title has every typed word, those of this screen first."""
    wanted = typed.casefold().split()
    actions = (*registry.in_scope(scope), *registry.in_scope(Scope.EVERYWHERE))
    return tuple(action for action in actions if all(word in action.title.casefold() for word in wanted))


class PaletteDialog(Dialog[Action]):
    """A dialog that answers with the chosen action, or None. Choosing equals pressing the action's key."""

    WORDS: ClassVar[str] = "Find an action by its name"
    TALL: ClassVar[bool] = True
    CANCEL: ClassVar[str] = "Close"
    AUTO_FOCUS = "#search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "turn('move', 1)", "Down", show=False),
        Binding("up", "turn('move', -1)", "Up", show=False),
        Binding("pagedown", "turn('page', 1)", "Page down", show=False),
        Binding("pageup", "turn('page', -1)", "Page up", show=False),
    ]

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope
        self._matching: tuple[Action, ...] = ()

    def question(self) -> ComposeResult:
        """Compose the field and the list that it filters."""
        yield Field(id="search", placeholder="some letters of what you want to do", compact=True)
        yield Rows("", empty="No action has this in its name.", id="found")

    def opened(self) -> None:
        """Show every action before a letter is typed."""
        super().opened()
        self.query_one("#dialog-body").display = False
        self._search("")

    def _search(self, typed: str) -> None:
        self._matching = matching_actions(self.console.registry, self._scope, typed)
        rows = self.query_one("#found", Rows)
        rows.show(tuple(_row(action) for action in self._matching))
        rows.cursor = 0

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        self._search(event.value)

    @on(Input.Submitted, "#search")
    @on(Rows.Chosen, "#found")
    def _choose(self) -> None:
        index = self.query_one("#found", Rows).cursor
        if index < len(self._matching):
            self.dismiss(self._matching[index])

    def action_turn(self, how: str, by: int) -> None:
        """Move in the list while the letters keep the focus."""
        rows = self.query_one("#found", Rows)
        (rows.action_page if how == "page" else rows.action_move)(by)

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(
            Span("Enter", "accent"), " takes it   ", Span("Up Down", "accent"), " choose   ",
            Span("Esc", "accent"), " close", *self.stop_hint(),
        )  # fmt: skip


def _row(action: Action) -> Line:
    """Return title, key and help of an action in a line."""
    return line(f"{action.title}  ", Span(key_name(action.keys[0]), "accent"), Span(f"  {action.help}", "muted"))

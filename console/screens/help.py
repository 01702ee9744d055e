"""Help: texts of the focused widget and of the screen, and the keys from the registry."""

from typing import ClassVar

from console.actions.actions import Action, Scope, key_name
from console.actions.keys_in_force import key_of, keys_of_action, told
from console.screens.dialog import Dialog
from console.widgets.line import Line, Span, line
from console.widgets.panel import Panel
from console.widgets.wrap import hanging


class HelpDialog(Dialog[None]):
    """A dialog with the help of what exists in this console."""

    WORDS: ClassVar[str] = "Help"
    CANCEL: ClassVar[str] = "Close"
    TALL: ClassVar[bool] = True

    def __init__(self, subject: str, scope: Scope) -> None:
        super().__init__()
        self._subject = subject
        self._scope = scope
        # Not in BINDINGS: the keys are those that the operator has given to it.
        self._bindings.bind(",".join(keys_of_action("guide")), "guide", "Guide", show=False)

    def opened(self) -> None:
        """Show the text, then the keys of the screen, then those of every screen."""
        super().opened()
        self.query_one("#dialog-body", Panel).show_wrapped(self._lines)

    def _lines(self, width: int) -> list[Line]:
        console = self.console
        lines = [row for part in self._subject.split("\n") for row in hanging((), part, width)]
        for scope in (self._scope, Scope.EVERYWHERE):
            actions = console.registry.in_scope(scope)
            lines += [line(""), line(Span(f"Keys: {scope.value}", "strong"))] if actions else []
            for action in actions:
                lines += help_lines(action, width)
        if console.read_only:
            lines += [line(""), line("READ-ONLY: actions that write are not available.")]
        return lines

    def action_guide(self) -> None:
        """Go on to the guide."""
        self.dismiss(None)
        self.console.action_guide()

    def keys(self) -> Line:
        """Return the keys of the dialog."""
        return line(
            Span("Esc", "accent"), " close   ", Span(key_of("guide"), "accent"), " guide   ",
            Span("Up Down PageUp PageDown", "accent"), " scroll   ", Span(key_of("palette"), "accent"), " find an action",
        )  # fmt: skip


def help_lines(action: Action, width: int) -> list[Line]:
    """Return keys, title, effect, needs, and the same on the command line."""
    keys = ", ".join(key_name(key) for key in action.keys)
    indent = Span(" " * 10)
    lines = [
        *hanging((Span(f"  {keys:<8}", "accent"),), action.title, width, "strong"),
        *hanging((indent,), told(action.help), width),
    ]
    if action.needs:
        lines += hanging((indent, Span("needs: ", "muted")), told(action.needs), width, "muted")
    if action.command:
        lines += hanging((indent, Span("same as: ", "muted")), action.command, width, "muted")
    return lines

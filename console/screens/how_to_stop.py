"""The stop key of a console that can stop nothing: it says which command does, and copies it."""

from typing import ClassVar

from console.actions.keys_in_force import key_of, keys_of_action
from console.screens.copying import Copied, copy_text
from console.screens.dialog import Dialog
from console.widgets.line import Line, Span, line

_COMMAND = "cutter-console panic --reason 'why'"


_WITH_A_ROLE = (
    line(""),
    line("This key sets a HOLD where `database.stopper` names the role"),
    line("cutter_stop, which may do nothing else."),
)


class HowToStopDialog(Dialog[None]):
    """Names the command that stops everything. Nothing here does."""

    WORDS: ClassVar[str] = "This console stops NOTHING"
    CANCEL: ClassVar[str] = "Close"

    def __init__(self) -> None:
        super().__init__()
        self._bindings.bind(",".join(keys_of_action("copy_focus")), "copy", "Copy", show=False)

    @property
    def command(self) -> str:
        """Return the command as it must be typed on the server."""
        return self.console.full_command(_COMMAND)

    def opened(self) -> None:
        """Say why, and what does stop everything."""
        super().opened()
        reason = "It shows a recording." if self.console.is_replay else "It is read-only."
        self.body(
            [
                line(f"{reason} To stop everything, type on the server that owns the database:"),
                line(""),
                line(Span(self.command, "strong")),
                line(""),
                line("It sets a HOLD, cancels the running statement and ends the lease."),
                line("It needs no approval: only the account of an operator on that server."),
                *(() if self.console.is_replay else _WITH_A_ROLE),
            ]
        )

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(Span(key_of("copy_focus"), "accent"), " copy the command   ", Span("Esc", "accent"), " close")

    def action_copy(self) -> None:
        """Copy the command into the clipboard of the terminal, and say so behind the dialog."""
        screens = self.app.screen_stack
        copy_text(screens[0], self.console, Copied("the command", self.command, is_command=True))
        self.dismiss(None)

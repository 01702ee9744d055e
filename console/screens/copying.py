"""Copies a text into the clipboard of the operator's terminal, by OSC 52; the text travels in base64 and is obeyed by nothing."""

from textual.screen import Screen

from console.screens.application import Application
from console.widgets.formatting import count
from console.widgets.notice import Notice

MOST_COPIED = 75_000
"""Bytes that are copied at most: terminals drop longer ones, many without a word."""


def copy_text(screen: Screen[None], console: Application, subject: str, text: str, command: str) -> None:
    """Copy a text and say so; one that is too long for terminals is refused, with the command that prints it."""
    length = len(text.encode())
    if length > MOST_COPIED:
        refused = f"{subject} has {count(length)} bytes; a terminal takes {count(MOST_COPIED)} at most."
        console.give_notice(Notice("refused", refused, "", f"Print it: {command}"))
        return
    screen.app.copy_to_clipboard(text)
    done = f"Sent {subject} to the clipboard of your terminal, {count(length)} bytes."
    console.give_notice(
        Notice("done", done, "", "If it is not there, your terminal takes no OSC 52: z shows the text alone")
    )

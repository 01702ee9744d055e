"""Copies a text into the clipboard of the operator's terminal, by OSC 52; the text travels in base64 and is obeyed by nothing."""

from dataclasses import dataclass

from textual.screen import Screen

from console.actions.keys_in_force import told
from console.backend.model.counting import counted
from console.screens.application import Application
from console.widgets.formatting import count
from console.widgets.notice import Notice

MOST_COPIED = 75_000
"""Bytes that are copied at most: terminals drop longer ones, many without a word."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A text to copy: what it is in words, the text, and the command that prints it, if there is one.

    `is_command` is True if the text is for a shell.
    """

    subject: str
    text: str
    command: str = ""
    is_command: bool = False


def copy_text(screen: Screen[None], console: Application, copied: Copied) -> Notice:
    """Copy a text and say so; one that is too long for terminals is refused, with what shows it. Returns the notice."""
    length = len(copied.text.encode())
    if length > MOST_COPIED:
        refused = f"{copied.subject} has {count(length)} bytes; a terminal takes {count(MOST_COPIED)} at most."
        shown = f"Print it: {copied.command}" if copied.command else told("<show_alone> shows the text alone")
        notice = Notice("refused", refused, "", shown)
    else:
        screen.app.copy_to_clipboard(copied.text)
        characters = counted(len(copied.text), "character")
        done = f"Sent {copied.subject} to the clipboard of your terminal, {characters}."
        notice = Notice(
            "done",
            done,
            "",
            told("If it is not there, your terminal takes no OSC 52: <show_alone> shows the text alone"),
        )
    console.give_notice(notice)
    return notice

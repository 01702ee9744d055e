"""What an action is: its keys, its words, where it can be taken, and its command."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Where an action can be taken."""

    EVERYWHERE = "everywhere"
    OVERVIEW = "overview"
    DOCUMENTS = "documents"
    RUN = "run"
    APPROVALS = "approvals"
    GATES = "gates"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an operator can do.

    `keys` are Textual key names, the first one is shown; `short` is the footer's word ("" keeps it out of the footer);
    `dangerous` opens a dialog that must be typed into; `writes` changes the database, the switch or a file;
    `needs` says in words what must be so; `command` is the same thing on the command line.
    """

    name: str
    title: str
    help: str
    keys: tuple[str, ...]
    scope: Scope
    short: str = ""
    dangerous: bool = False
    writes: bool = False
    demo_only: bool = False
    needs: str = ""
    command: str = ""


_KEY_NAMES = {
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "f12": "F12",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "slash": "/",
}


def key_name(key: str) -> str:
    """The key as people write it: `ctrl+x` is `^X`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    return _KEY_NAMES.get(key, key)

"""One action of the operator, and the screen on which it is available; imports no library."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """The screen on which an action is available."""

    EVERYWHERE = "everywhere"
    OVERVIEW = "overview"
    DOCUMENTS = "documents"
    RUN = "run"
    APPROVALS = "approvals"
    GATES = "gates"
    DRIFT = "drift"
    BATCH = "batch"
    UNITS = "units"
    JOURNAL = "journal"
    BACKUPS = "backups"
    REPORTS = "reports"
    FLEET = "fleet"
    HOLD = "hold"
    GUIDE = "guide"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the operator.

    `keys` are Textual key names, the first one is shown; `short` is the footer's word ("" keeps it out of the footer);
    `dangerous` opens a dialog that must be typed into; `writes` changes the database, the switch or a file;
    `names_a_path` takes a path of the host from whoever asks, which a read-only console, open to others, must not;
    `heavy` takes memory and processors of the host for minutes, which observers must not;
    `needs` is the condition in words; `command` has the same effect on the command line.
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
    names_a_path: bool = False
    heavy: bool = False
    needs: str = ""
    command: str = ""


_KEY_NAMES = {
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "f1": "F1",
    "f12": "F12",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "at": "@",
    "slash": "/",
}


def key_name(key: str) -> str:
    """Return the key as people write it: `ctrl+x` is `^X`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    return _KEY_NAMES.get(key, key)

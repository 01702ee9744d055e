"""One action of the operator, and the screen on which it is available; imports no library."""

from collections.abc import Iterable
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


BACK = Action(
    name="dismiss_notice",
    title="Go back",
    help="Goes a step back inside the screen; a notice is dismissed first.",
    keys=("escape",),
    scope=Scope.EVERYWHERE,
    short="Back",
)
"""The way back from what was opened inside a screen. It is no action of the registry: its key is the same everywhere."""

NAMED_KEYS = {
    " ": "space",
    "!": "exclamation_mark",
    '"': "quotation_mark",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "&": "ampersand",
    "'": "apostrophe",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "*": "asterisk",
    "+": "plus",
    ",": "comma",
    "-": "minus",
    ".": "full_stop",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "<": "less_than_sign",
    "=": "equals_sign",
    ">": "greater_than_sign",
    "?": "question_mark",
    "@": "at",
    "[": "left_square_bracket",
    "\\": "backslash",
    "]": "right_square_bracket",
    "^": "circumflex_accent",
    "_": "underscore",
    "`": "grave_accent",
    "{": "left_curly_bracket",
    "|": "vertical_line",
    "}": "right_curly_bracket",
    "~": "tilde",
}
"""Signs with the names under which they arrive from Textual."""

FUNCTION_KEYS = tuple(f"f{number}" for number in range(1, 13))
"""Keys that are no text, whatever has the focus."""

_KEY_NAMES = {
    **{name: sign for sign, name in NAMED_KEYS.items()},
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "comma": "comma",
    **{key: key.upper() for key in FUNCTION_KEYS},
}


def key_name(key: str) -> str:
    """Return the key as people write it: `ctrl+x` is `^X`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    return _KEY_NAMES.get(key, key)


def in_words(actions: Iterable[Action]) -> str:
    """Return actions in a sentence, each with its key."""
    return ", ".join(f"{key_name(action.keys[0])} {action.short}" for action in actions) or "nothing from this console"

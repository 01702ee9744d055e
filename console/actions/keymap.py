"""The operator's keymap: other keys for actions of the registry. Pure; whoever read the file says where a fault stands.

An entry names an action by screen and name, and its keys: `"run.go_on" = "G,ctrl+g"`. What an operator must always be able to
do keeps its keys: stop, quit, help, and Esc, Enter and Tab. No key may do two things on one screen, none that a field, a
list or a dialog needs may do another, and an action that is dangerous keeps a capital letter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from console.actions.action import FUNCTION_KEYS, NAMED_KEYS, Action, Scope, key_name
from console.actions.actions import ACTIONS, Registry, registry, replay_registry
from console.actions.replay_actions import REPLAY_ACTIONS
from console.actions.stopping import HOW_TO_STOP, STOP_KEYS, STOPPING

_MOST_KEYS = 4
_ALWAYS = frozenset({*STOPPING, "quit", "help"})
"""Actions whose keys an operator can rely on in every console; dialogs have some of them by the same keys."""

_EDIT = "a field needs it to edit what is typed"
_MOVE = "lists, trees and texts need it to move"
_CONFIRM = "it confirms in dialogs"
_SENT = "terminals send it for Tab, Enter or Backspace"
RESERVED: Mapping[str, str] = {
    **dict.fromkeys(STOP_KEYS, "it is the stop key"),
    **dict.fromkeys(("q", "ctrl+q"), "it is the key of Quit"),
    "question_mark": "it is the key of Help",
    **dict.fromkeys(("escape", "enter", "tab", "shift+tab"), "every field and dialog needs it"),
    **dict.fromkeys((f"ctrl+{letter}" for letter in "acdefkuvwz"), _EDIT),
    **dict.fromkeys(("f6", "f7"), _EDIT),
    **dict.fromkeys(("backspace", "delete"), _EDIT),
    **dict.fromkeys(("up", "down", "left", "right", "home", "end", "pageup", "pagedown"), _MOVE),
    **dict.fromkeys(("j", "k", "h", "l", "n", "N", "space", "asterisk"), _MOVE),
    **dict.fromkeys(("left_square_bracket", "right_square_bracket"), _MOVE),
    **dict.fromkeys(("ctrl+s", "ctrl+y"), _CONFIRM),
    **dict.fromkeys(("ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"), _SENT),
}
"""Keys that no action can be given, each with the reason. An action that has one of its own keeps it or loses it."""

_FORM = "write a letter, a digit, a sign, ctrl+letter, or f2 to f11"


@dataclass(slots=True)
class KeymapRead:
    """Keys by the names of their actions, and the faults: the entry at fault with what is wrong."""

    keymap: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)


def full_name(action: Action) -> str:
    """Return the name of an action in a keymap: `run.go_on`."""
    return f"{action.scope.value}.{action.name}"


def changeable() -> dict[str, Action]:
    """Return the actions that can be given other keys, by their full names."""
    every = (*ACTIONS, *REPLAY_ACTIONS)
    return {full_name(action): action for action in every if not _is_fixed(action)}


def _is_fixed(action: Action) -> bool:
    return action.name in _ALWAYS or "enter" in action.keys


def read_keys(entries: Mapping[str, object]) -> KeymapRead:
    """Read the entries of a keymap, each action with its keys, and compare every two actions of each screen."""
    read, actions = KeymapRead(), changeable()
    fixed = {full_name(action) for action in (*ACTIONS, HOW_TO_STOP) if _is_fixed(action)}
    for name, value in entries.items():
        action = actions.get(name)
        if name in fixed:
            read.faults.append((name, "keeps its keys, so that everybody finds them; take the entry out"))
        elif action is None:
            read.faults.append((name, f"there is no such action{_meant(name, actions)}"))
        elif not isinstance(value, str):
            read.faults.append((name, 'needs a text with its keys, such as "g" or "g,ctrl+g"'))
        else:
            _read_keys_of(action, value, read)
    # With an entry at fault nobody knows which keys the others would meet.
    if not read.faults:
        read.faults += _taken_twice(read.keymap)
    return read


def _meant(name: str, actions: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(actions), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _read_keys_of(action: Action, value: str, read: KeymapRead) -> None:
    name, keys, faults = full_name(action), [], []
    for written in value.split(",") if value != "," else [","]:
        key = _key(written.strip() or written)
        if key is None:
            faults.append(
                f"{written.strip()!r} is no key: {_FORM}" if written.strip() else f"a key is missing: {_FORM}"
            )
        elif fault := _refusal(action, key):
            faults.append(f"{key_name(key)} cannot be given: {fault}")
        elif key in keys:
            faults.append(f"{key_name(key)} stands there twice")
        keys.append(key or "")
    if len(keys) > _MOST_KEYS:
        faults.append(f"has {len(keys)} keys, at most {_MOST_KEYS} are read")
    read.faults += [(name, fault) for fault in faults]
    if not faults:
        read.keymap[action.name] = tuple(keys)


def _key(written: str) -> str | None:
    """Return the name under which the key arrives, or None if this is the name of no key."""
    if len(written) == 1 and written.isascii() and (written.isalnum() or written in NAMED_KEYS):
        return NAMED_KEYS.get(written, written)
    lower = written.lower()
    if len(written) == 2 and written[0] == "^":
        lower = f"ctrl+{lower[1]}"
    letter = lower.removeprefix("ctrl+")
    if letter != lower and len(letter) == 1 and letter.isascii() and letter.isalpha():
        return lower
    if lower in {*FUNCTION_KEYS, *NAMED_KEYS.values(), *RESERVED}:
        return lower
    return {"esc": "escape", "return": "enter"}.get(lower)


def _refusal(action: Action, key: str) -> str:
    """Return why this action cannot have this key; "" if it can."""
    if action.dangerous and not (len(key) == 1 and key.isupper()):
        return "what is dangerous has a capital letter"
    if key in action.keys:
        return ""
    return RESERVED.get(key, "")


def _taken_twice(keymap: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return the entries by which a key would do two things on one screen, each once."""
    faults: dict[tuple[str, str], str] = {}
    for known in (registry(read_only=False, demo=True), replay_registry()):
        changed = known.with_keys(keymap)
        for scope in Scope:
            _compare(scope, changed, keymap, faults)
    return [(name, fault) for (name, _), fault in faults.items()]


def _compare(
    scope: Scope, known: Registry, keymap: Mapping[str, tuple[str, ...]], faults: dict[tuple[str, str], str]
) -> None:
    has: dict[str, Action] = {}
    for action in known.actions:
        if action.scope not in {scope, Scope.EVERYWHERE}:
            continue
        for key in action.keys:
            other = has.setdefault(key, action)
            if other is action:
                continue
            changed, kept = (action, other) if action.name in keymap else (other, action)
            fault = f"{key_name(key)} is the key of {full_name(kept)} ({kept.title}) on the same screen"
            faults.setdefault((full_name(changed), key), f"{fault}; choose another, or give that one another")

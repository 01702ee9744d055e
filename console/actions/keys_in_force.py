"""The keys that the actions have now, for the sentences that name them: the operator's keymap, over the registry's own keys.

A process opens one console. Screens, dialogs and notices say a key by its action, `told("Choose a row, then press <copy_focus>")`,
so that no sentence names a key that does something else, or nothing.
"""

import re

from console.actions.action import key_name
from console.actions.actions import ACTIONS, Registry, Scope
from console.actions.replay_actions import REPLAY_ACTIONS
from console.backend.model.ids import is_batch

_OWN = {action.name: action.keys for action in (*ACTIONS, *REPLAY_ACTIONS)}
_changed: dict[str, tuple[str, ...]] = {}
_OR = ", or: "
"""Joins the keys of a step and its command."""
_PLACE = r"^(?:(?:--root|-P) (?:'[^']*'|\S)+ )+"
"""The installation that a whole command names first; a root can have spaces, in quotation marks."""
_MARK = r"<([a-z]+(?:_[a-z]+)*)>"


def put_in_force(known: Registry) -> Registry:
    """Let sentences name the keys of this console from now on, and return its registry."""
    _changed.clear()
    _changed.update(known.keymap)
    return known


def has_keymap() -> bool:
    """Return whether the operator has given other keys to any action."""
    return bool(_changed)


def key_of(name: str) -> str:
    """Return the first key of this action, as people write it."""
    return key_name(keys_of_action(name)[0])


def keys_of_action(name: str) -> tuple[str, ...]:
    """Return all keys of this action, by the names under which they arrive."""
    return _changed.get(name) or _OWN[name]


def told(text: str) -> str:
    """Return a sentence of the program with the key of each action that it names as `<name>`. Never give it a text from outside."""
    return (
        re.sub(_MARK, lambda match: key_of(match[1]) if match[1] in _OWN else match[0], text) if "<" in text else text
    )


_SCREENS = frozenset(
    {
        *(Scope.OVERVIEW, Scope.DOCUMENTS, Scope.RUN, Scope.APPROVALS, Scope.GATES),
        *(Scope.DRIFT, Scope.BATCH, Scope.UNITS, Scope.BACKUPS, Scope.JOURNAL),
    }
)
"""Screens with a key of their own in the top line; the action that goes there has the screen's name."""


def keys_of(command: str, known: Registry) -> str:
    """Return the keys of this command, such as `3, then s`; "" if this console has no action for it."""
    wanted = _verb(command)
    # `arm` and `enact` are the same commands for a run and for a batch; the id tells which screen has the key.
    over_batch = any(is_batch(word) for word in command.split()) or wanted[:1] == ("batch",)
    for action in known.actions:
        if (action.scope is Scope.BATCH) is not over_batch:
            continue
        if wanted and _verb(action.command) == wanted and action.scope in _SCREENS:
            return f"{key_of(action.scope.value)}, then {key_name(action.keys[0])}"
    return ""


def keys_or(keys: str, command: str) -> str:
    """Return `3, then s, or: cutter-console approval draft RUN`; the command alone if there are no keys.

    Every sentence that names both is made by this: `keys_alone` finds the command again.
    """
    return f"{keys}{_OR}{command}" if keys else command


def keys_alone(sentence: str) -> str:
    """Return the sentence without the command that stands behind its keys, for a screen with few lines.

    A command that no key stands before is all that the sentence has, and stays: `Let the run end, or: cutter-console disarm`.
    """
    before, joint, command = sentence.partition(f"{_OR}cutter-console ")
    if not joint:
        return sentence
    last_word, wanted = before.rpartition(" ")[2], _verb(f"cutter-console {re.sub(_PLACE, '', command)}")
    does_the_same = (name for name, verb in _VERBS.items() if verb and verb == wanted)
    return before if any(last_word in map(key_name, keys_of_action(name)) for name in does_the_same) else sentence


def with_keys(sentence: str, known: Registry, scope: Scope | None = None) -> str:
    """Return the sentence with the keys of the command that it ends with before it; as it is if this console has no key for it.

    On the screen of `scope` the key alone is named, without that of the screen.
    """
    before, program, rest = sentence.partition("cutter-console ")
    keys = keys_of(f"{program}{rest}", known) if program else ""
    if not keys:
        return sentence
    if scope is not None:
        keys = keys.removeprefix(f"{key_of(scope.value)}, then ")
    return f"{before}{keys_or(keys, f'{program}{rest}')}"


def _verb(command: str) -> tuple[str, ...]:
    """Return `approval draft` of `cutter-console approval draft RUN`; nothing if the text is no command."""
    program, *words = command.split() or [""]
    return tuple(word for word in words[:2] if word.islower() and word.isalpha()) if program == "cutter-console" else ()


_VERBS = {action.name: _verb(action.command) for action in (*ACTIONS, *REPLAY_ACTIONS)}
"""The command of each action, in a word or two."""

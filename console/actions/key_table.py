"""The table of all keys in the reference, made from the registry of actions with the keys that are in force."""

from console.actions.actions import ACTIONS, Action, Scope, key_name
from console.actions.keys_in_force import keys_of_action, told

HEADER = "| screen | key | action | effect |"


def key_table() -> str:
    """Return one table: screen, keys, action and effect, for every screen and then for each of them."""
    rows = (_row(action) for scope in Scope for action in ACTIONS if action.scope is scope)
    return f"{HEADER}\n|---|---|---|---|\n{''.join(rows)}"


def _row(action: Action) -> str:
    keys = " ".join(f"`{key_name(key)}`" for key in keys_of_action(action.name))
    demo = " (the demo alone)" if action.demo_only else ""
    return f"| {action.scope.value}{demo} | {keys} | {_plain(action.title)} | {_plain(told(action.help))} |\n"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")

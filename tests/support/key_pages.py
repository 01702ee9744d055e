"""The keys of the screens, made from the registry of actions."""

from console.actions.actions import ACTIONS, Action, Scope, key_name
from console.actions.keys_in_force import told


def key_tables() -> str:
    """Return one table: keys, action, effect and command, for every screen and then for each of them."""
    rows = (_row(action) for scope in Scope for action in ACTIONS if action.scope is scope)
    return "| screen | key | action | effect |\n|---|---|---|---|\n" + "".join(rows)


def _row(action: Action) -> str:
    keys = " ".join(f"`{key_name(key)}`" for key in action.keys)
    demo = " (the demo alone)" if action.demo_only else ""
    return f"| {action.scope.value}{demo} | {keys} | {_plain(action.title)} | {_plain(told(action.help))} |\n"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")

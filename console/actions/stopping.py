"""The stop key: the action of a console that can stop nothing, and which actions are under the key; part of the registry of actions."""

from console.actions.action import Action, Scope

HOW_TO_STOP = Action(
    name="how_to_stop",
    title="How everything is stopped",
    help="Names the command that stops everything, for the server. This console stops nothing.",
    keys=("ctrl+x", "f12"),
    scope=Scope.EVERYWHERE,
    short="How to stop",
    command="cutter-console panic --reason TEXT",
)
"""The action that a console without panic has under its keys: nobody finds a dead key when it matters."""

STOPPING = frozenset({"panic", HOW_TO_STOP.name})
"""Actions under the stop key: it works in dialogs and fields too, and the footer never drops it."""

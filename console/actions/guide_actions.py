"""The actions of the Help screen; part of the registry of actions."""

from console.actions.action import Action, Scope

GUIDE_ACTIONS: tuple[Action, ...] = (
    Action(
        name="guide",
        title="Go to Help: guide, runbook, STOP codes",
        help="The pages that came with the program, readable without a network or a database; Esc goes back to where you were.",
        keys=("f1", "ctrl+g"),
        scope=Scope.EVERYWHERE,
        command="cutter-console help",
    ),
    Action(
        name="guide_open",
        title="Read the chapter",
        help="Goes from the contents, or from a hit, to the text.",
        keys=("enter",),
        scope=Scope.GUIDE,
        short="Read",
        needs="a chapter or a hit under the cursor",
    ),
    Action(
        name="guide_next",
        title="Next hit",
        help="Goes to the next place, in all pages, that has what was searched; behind the last one comes the first.",
        keys=("n",),
        scope=Scope.GUIDE,
        short="Next hit",
        needs="a search: <find>",
        command="cutter-console help TEXT",
    ),
    Action(
        name="guide_previous",
        title="Previous hit",
        help="Goes to the previous place, in all pages, that has what was searched.",
        keys=("N",),
        scope=Scope.GUIDE,
        short="Previous",
        needs="a search: <find>",
        command="cutter-console help TEXT",
    ),
)

GUIDE_NAMES = frozenset(action.name for action in GUIDE_ACTIONS)
"""Names of these actions: they exist in every console, also in that of a recording."""

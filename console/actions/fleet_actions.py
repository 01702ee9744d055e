"""The actions of the Fleet screen; part of the registry of actions."""

from console.actions.action import Action, Scope

FLEET_ACTIONS: tuple[Action, ...] = (
    Action(
        name="fleet",
        title="Go to Fleet",
        help="Every installation that you have named, read at once: switch, what waits, counts, age. It changes nothing in any.",
        keys=("ctrl+f",),
        scope=Scope.EVERYWHERE,
        command="cutter-console fleet status --all",
    ),
    Action(
        name="fleet_open",
        title="Open the chosen installation's console",
        help="In this terminal, for reading only unless its entry says otherwise; <fleet>, <quit>, or Esc on its Overview come back here.",
        keys=("enter",),
        scope=Scope.FLEET,
        short="Open",
        needs="a chosen row",
    ),
    Action(
        name="fleet_row",
        title="View the chosen installation's row whole",
        help="Its database, switch, counts, what waits, the verdict on its journal, or why it was not measured; Esc goes back.",
        keys=("v",),
        scope=Scope.FLEET,
        short="View",
        needs="a chosen row",
        command="cutter-console fleet status --all",
    ),
)

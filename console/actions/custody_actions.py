"""The action about who holds a run; part of the registry of actions."""

from console.actions.action import Action, Scope

CUSTODY_ACTIONS: tuple[Action, ...] = (
    Action(
        name="take_over",
        title="Take the run over",
        help="Holds a run of another console whose host is gone: that console writes nothing of it any more. The run id must be typed.",
        keys=("T",),
        scope=Scope.RUN,
        short="Take over",
        dangerous=True,
        writes=True,
        needs="a run that another console holds, or whose files are on another host",
        command="cutter-console run take-over RUN --confirm RUN",
    ),
)

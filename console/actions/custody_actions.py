"""The actions about who holds a run; part of the registry of actions."""

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
    Action(
        name="hand_over",
        title="Hand the run over to another host",
        help="Writes the run's files into one bundle and lets go of the run: whoever accepts it goes on. The run id must be typed.",
        keys=("O",),
        scope=Scope.RUN,
        short="Hand over",
        writes=True,
        needs="a run that this console holds, with its files; no dry run and no member of a batch",
        command="cutter-console run hand-over RUN --to FILE",
    ),
    Action(
        name="accept_run",
        title="Accept a run that was handed over",
        help="Asks for the bundle, verifies it whole, and holds its run from then on. The run id must be typed.",
        keys=("I",),
        scope=Scope.RUN,
        short="Accept",
        writes=True,
        needs="the bundle of a run that nobody has accepted yet",
        command="cutter-console run accept FILE",
    ),
)

"""The actions of the HOLD screen; part of the registry of actions."""

from console.actions.action import Action, Scope

HOLD_ACTIONS: tuple[Action, ...] = (
    Action(
        name="hold",
        title="Go to HOLD and recovery",
        help="What a HOLD stopped, what each run may do now, what a release needs and does, and every HOLD that was set.",
        keys=("h",),
        scope=Scope.EVERYWHERE,
        command="cutter-console hold plan",
    ),
    Action(
        name="hold_open",
        title="Open the chosen part",
        help="What was stopped, what a release needs and does, a run with its legal moves, the drift, the history. Esc goes back.",
        keys=("enter",),
        scope=Scope.HOLD,
        short="Open",
        command="cutter-console hold plan",
    ),
    Action(
        name="hold_run",
        title="Go to the chosen run",
        help="Shows the run on the Run screen, where its legal moves have their keys.",
        keys=("o",),
        scope=Scope.HOLD,
        short="Run",
        needs="a chosen run",
        command="cutter-console run show RUN",
    ),
    Action(
        name="hold_release",
        title="Release the HOLD",
        help="Clears the HOLD once its cause is understood. RELEASE must be typed.",
        keys=("H",),
        scope=Scope.HOLD,
        short="Release HOLD",
        dangerous=True,
        writes=True,
        needs="a HOLD that is set",
        command="cutter-console hold release --confirm TEXT",
    ),
)

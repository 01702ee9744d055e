"""The actions that edit a draft, on the Run and Units screens; part of the registry of actions."""

from console.actions.action import Action, Scope

EDIT_ACTIONS: tuple[Action, ...] = (
    Action(
        name="drafts_of_run",
        title="Show the drafts of the run",
        help="The draft units of the document on the Units screen, where each can be read, and edited.",
        keys=("d",),
        scope=Scope.RUN,
        short="Drafts",
        needs="a first cut whose verified drafts wait for SG_2",
    ),
    Action(
        name="apply_edit",
        title="Write the signed edit of a draft",
        help="Arms the switch for this alone, writes the new version, and reads it back. The run id must be typed.",
        keys=("W",),
        scope=Scope.RUN,
        short="Apply edit",
        dangerous=True,
        writes=True,
        needs="the run of an edit, and its recorded SG_1",
        command="cutter-console run apply RUN --confirm RUN",
    ),
    Action(
        name="edit_draft",
        title="Edit the chosen draft",
        help="Its title and text are written here and compared by words; then a run of the edit waits for an SG_1 of its own.",
        keys=("E",),
        scope=Scope.UNITS,
        short="Edit",
        dangerous=True,
        writes=True,
        needs="a draft of a first cut that waits for SG_2",
        command="cutter-console run edit RUN ADDRESS --text FILE --live",
    ),
)

"""The actions of a console that shows a recording; part of the registry of actions."""

from console.actions.action import Action, Scope
from console.actions.guide_actions import GUIDE_NAMES

REPLAY_ACTIONS: tuple[Action, ...] = (
    Action(
        name="replay_back",
        title="One measurement back",
        help="Shows what was known one measurement before.",
        keys=("left_square_bracket",),
        scope=Scope.EVERYWHERE,
        short="Back",
    ),
    Action(
        name="replay_on",
        title="One measurement on",
        help="Shows what was known one measurement later.",
        keys=("right_square_bracket",),
        scope=Scope.EVERYWHERE,
        short="On",
    ),
    Action(
        name="replay_change_back",
        title="Back to the last change",
        help="Goes back to the last measurement at which anything but time and ages was different.",
        keys=("left_curly_bracket",),
        scope=Scope.EVERYWHERE,
        short="Last change",
    ),
    Action(
        name="replay_change_on",
        title="On to the next change",
        help="Goes on to the next measurement at which anything but time and ages was different.",
        keys=("right_curly_bracket",),
        scope=Scope.EVERYWHERE,
        short="Next change",
    ),
    Action(
        name="replay_go",
        title="Go to a time",
        help="A number, 14:03 on the day that is shown, or a whole time such as 2026-11-28T02:40Z.",
        keys=("at",),
        scope=Scope.EVERYWHERE,
        short="Go to",
    ),
)

KEPT = frozenset(
    {
        *("overview", "gates", "find", "copy_focus", "copy_whole", "show_alone", "palette", "help", "theme", "quit"),
        "redraw",
        *("evidence", "filter_gates"),
        *GUIDE_NAMES,
    }
)
"""Actions of other consoles that a recording has: they neither ask a database nor change anything."""

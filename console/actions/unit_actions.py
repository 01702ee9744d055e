"""The actions of the Units screen; part of the registry of actions."""

from console.actions.action import Action, Scope
from console.actions.edit_actions import EDIT_ACTIONS

UNIT_ACTIONS: tuple[Action, ...] = (
    Action(
        name="unit_open",
        title="Open the chosen unit",
        help="Its text, with state, run, ruling and report; Tab and Esc go back to the list. On a version: the text as it was then.",
        keys=("enter",),
        scope=Scope.UNITS,
        short="Open",
        needs="a chosen unit",
        command="cutter-console unit show ADDRESS",
    ),
    Action(
        name="unit_versions",
        title="Show the versions, or the text again",
        help="Every version with its run and ruling; below, by words, what the chosen one changed, or its difference from the marked one.",
        keys=("v",),
        scope=Scope.UNITS,
        short="Versions",
        needs="a chosen unit",
        command="cutter-console unit history ADDRESS",
    ),
    Action(
        name="unit_mark",
        title="Mark the chosen version",
        help="Compares every other version with this one, instead of with the one before it; again: no version is marked.",
        keys=("m",),
        scope=Scope.UNITS,
        needs="the versions of a unit",
        command="cutter-console unit diff ADDRESS",
    ),
    Action(
        name="unit_lifecycle",
        title="Filter by lifecycle",
        help="Drafts and law, then each lifecycle in turn. The title names the filter.",
        keys=("f",),
        scope=Scope.UNITS,
        short="Filter",
    ),
    Action(
        name="unit_all",
        title="Show all units",
        help="Drops the search and every filter.",
        keys=("c",),
        scope=Scope.UNITS,
        short="All",
        needs="a search or a filter",
    ),
    *EDIT_ACTIONS,
)

"""The actions that every screen has for its lists and texts: filter, search and copy; part of the registry of actions."""

from console.actions.action import Action, Scope

FIND_ACTIONS: tuple[Action, ...] = (
    Action(
        name="find",
        title="Filter the list, or search in the text",
        help="In a list, what is typed narrows it at once: every word must occur, in any spelling of its signs; !word must not, "
        '"two words" stand in this order, state:word is in that column. The lower border says how many of all rows show, '
        "and how many of the hidden ones FAIL. In a text n and N go to the next and previous match. Enter keeps it, Esc "
        "clears it. On Units it asks what to search for in the database.",
        keys=("slash",),
        scope=Scope.EVERYWHERE,
        short="Find",
    ),
    Action(
        name="copy_focus",
        title="Copy what has the focus",
        help="An id, an address, a command, a digest, a row or a text, into the clipboard of your terminal, also over SSH (OSC 52).",
        keys=("y",),
        scope=Scope.EVERYWHERE,
        short="Copy",
    ),
    Action(
        name="copy_whole",
        title="Copy the whole list or text",
        help="The list that has the focus, without the rows that a filter hides, or the whole text (OSC 52).",
        keys=("Y",),
        scope=Scope.EVERYWHERE,
    ),
    Action(
        name="show_alone",
        title="Show the text alone",
        help="The text that was just copied, or all of what has the focus, without frame or numbers, for a terminal that takes no "
        "OSC 52: mark it there with the mouse, with Shift if need be.",
        keys=("z",),
        scope=Scope.EVERYWHERE,
    ),
)

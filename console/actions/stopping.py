"""The stop key, and the two actions under it: the one that stops, and the one of a console that can stop nothing."""

from console.actions.action import Action, Scope

_KEYS = ("ctrl+x", "f12")

PANIC = Action(
    name="panic",
    title="Stop everything (panic)",
    help="Sets a HOLD, cancels the running statement, ends the lease. One more key confirms. Works in every dialog.",
    keys=_KEYS,
    scope=Scope.EVERYWHERE,
    short="STOP",
    writes=True,
    needs="nothing: stopping needs no authority",
    command="cutter-console panic --reason TEXT",
)

STOP_ONLY = Action(
    name=PANIC.name,
    title=PANIC.title,
    help="Sets a HOLD, as a role that may do nothing else: what is running is refused by it, not cancelled. One more key confirms.",
    keys=_KEYS,
    scope=Scope.EVERYWHERE,
    short=PANIC.short,
    writes=True,
    needs="the connection database.stopper",
    command=PANIC.command,
)
"""The stop of a console that only reads, where the role for it is configured."""

HOW_TO_STOP = Action(
    name="how_to_stop",
    title="How everything is stopped",
    help="Names the command that stops everything, for the server. This console stops nothing.",
    keys=_KEYS,
    scope=Scope.EVERYWHERE,
    short="How to stop",
    command="cutter-console panic --reason TEXT",
)
"""The action that a console without panic has under its keys: nobody finds a dead key when it matters."""

STOPPING = frozenset({PANIC.name, HOW_TO_STOP.name})
"""Actions under the stop key: it works in dialogs and fields too, and the footer never drops it."""

STOP_KEYS = frozenset(_KEYS)
"""Keys that are never text: they end an unfinished paste and act."""

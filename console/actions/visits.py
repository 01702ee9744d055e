"""The actions of a console that the Fleet screen of another one has opened: it has no fleet of its own, and leads back."""

from dataclasses import replace

from console.actions.action import Scope
from console.actions.actions import Registry

_BACK = "fleet"


def leading_back(known: Registry) -> Registry:
    """Make the registry of such a console: the key of Fleet goes back to the one that has opened it."""
    actions = tuple(
        replace(
            action,
            title="Back to the fleet",
            help="Ends this console and goes back to the Fleet screen that it was opened from; so do Quit, and Esc on Overview.",
            short="Fleet",
            command="",
        )
        if action.name == _BACK
        else action
        for action in known.actions
        if action.scope is not Scope.FLEET
    )
    return replace(known, actions=actions)

"""The actions that a HOLD refuses, for what the screens say of them while it stands."""

from collections.abc import Iterable

from console.actions.action import Action, in_words
from console.actions.keys_in_force import told
from console.backend.model.view_models import SwitchState, SwitchView
from console.widgets.line import Span

REFUSED_UNDER_HOLD = frozenset(
    {
        *("go_on", "replan", "arm", "enact", "revert", "apply_edit"),
        *("batch_go_on", "batch_without", "batch_arm", "batch_enact"),
    }
)
"""Moves of a run and of a batch that a HOLD refuses, whatever their state; also a dry run does not go on."""


def has_hold(switch: SwitchView | None) -> bool:
    """Return whether this switch, if it is known, has a HOLD."""
    return switch is not None and switch.state is SwitchState.HOLD


def after_hold() -> Span:
    """Return the words before a step that waits for the release of the HOLD."""
    return Span(told("after the release of the HOLD (<hold>): "), "bad")


def split_by_hold(
    actions: Iterable[Action], switch: SwitchView | None
) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """Return the actions that can be taken now, and those that wait for the release of the HOLD; without a HOLD none does."""
    refused = REFUSED_UNDER_HOLD if has_hold(switch) else frozenset()
    legal = tuple(actions)
    free = tuple(action for action in legal if action.name not in refused)
    return free, tuple(action for action in legal if action.name in refused)


def allowed_in_words(actions: Iterable[Action], switch: SwitchView | None) -> str:
    """Return `Allowed now: s Statement; after the HOLD: A Arm`, as the head of the run has it."""
    free, waiting = split_by_hold(actions, switch)
    return f"Allowed now: {in_words(free)}{f'; after the HOLD: {in_words(waiting)}' if waiting else ''}"

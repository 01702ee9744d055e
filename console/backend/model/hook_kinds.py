"""Kinds of events that hooks are told; imports no library, because the settings name them."""

from enum import StrEnum


class HookKind(StrEnum):
    """Kinds of events."""

    WAITING = "waiting"
    EXPIRES_SOON = "expires_soon"
    HOLD_SET = "hold_set"
    HOLD_RELEASED = "hold_released"
    ARMED_TOO_LONG = "armed_too_long"
    GATE_RED = "gate_red"
    LINE_LOST = "line_lost"
    LINE_BACK = "line_back"
    TEST = "test"
    """Sent by `hooks test` alone, to every hook."""

"""A moment as answers and messages show it: one form for all, in UTC."""

from datetime import UTC, datetime


def shown_time(moment: datetime) -> str:
    """Return a moment in UTC as messages show it, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def until(moment: datetime | None) -> str:
    """Return the end of a time in words, behind its beginning; empty for none."""
    return f" until {shown_time(moment)}" if moment else ""


def in_force(begins: datetime, ends: datetime | None, *, is_later: bool) -> str:
    """Return from when to when a text counts, in words; `is_later` of one that has not begun."""
    return f"in force {'from' if is_later else 'since'} {shown_time(begins)}{until(ends)}"

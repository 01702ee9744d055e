"""A moment as answers and messages show it: one form for all, in UTC."""

from datetime import UTC, datetime


def shown_time(moment: datetime) -> str:
    """Return a moment in UTC as messages show it, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

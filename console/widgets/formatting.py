"""Numbers, times and identities in words; coarse on purpose, so that a screen at rest stays at rest."""

from datetime import datetime, timedelta

from rich.cells import cell_len, set_cell_size

from console.backend.model.counting import counted

UNKNOWN = "not known"


def count(number: int) -> str:
    """Return text such as 1,234,567."""
    return f"{number:,}"


def signed(number: int) -> str:
    """Return text such as +12, -3 or 0."""
    return f"{number:+,}" if number else "0"


def age(since: datetime, now: datetime) -> str:
    """Return the time since then, rounded down to minutes, hours or days."""
    minutes = int((now - since).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // 1440} days ago"


def left(until: datetime, now: datetime) -> str:
    """Return the time until then, with seconds below an hour; `expired` afterwards."""
    rest = until - now
    if rest <= timedelta(0):
        return "expired"
    seconds = int(rest.total_seconds())
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 60} min {seconds % 60:02} s"


def coarse_left(until: datetime, now: datetime) -> str:
    """Return the time until then, in hours or minutes; `expired` afterwards."""
    minutes = int((until - now).total_seconds() // 60)
    if minutes < 0:
        return "expired"
    return f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"


def clock(moment: datetime) -> str:
    """Return text such as 14:03 UTC."""
    return f"{moment:%H:%M} UTC"


def day_and_clock(moment: datetime) -> str:
    """Return text such as 2026-03-01 14:03 UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def size(number: int) -> str:
    """Return text such as 512 B, 64 KiB or 3.1 MiB."""
    if number < 1024:
        return f"{number} B"
    if number < 1024 * 1024:
        return f"{number / 1024:.0f} KiB"
    return f"{number / 1024 / 1024:.1f} MiB"


def took(milliseconds: int) -> str:
    """Return text such as 250 ms, 3.2 s or 4 min."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 120_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 60_000:.0f} min"


def shortened(text: str, width: int) -> str:
    """Return the text, or its beginning and an ellipsis, in at most `width` cells of the terminal: a wide letter takes two."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def without_middle(text: str, width: int) -> str:
    """Return the text with its beginning and its end, in at most so many cells: an address tells by both what it is of."""
    if cell_len(text) <= width:
        return text
    first = set_cell_size(text, max(width - 1, 0) // 2).rstrip()
    place = len(first)
    while cell_len(first) + 1 + cell_len(text[place:]) > width and place < len(text):
        place += 1
    return f"{first}…{text[place:]}"


def in_column(text: str, width: int) -> str:
    """Return the text, shortened or filled with spaces, in exactly `width` cells."""
    return set_cell_size(shortened(text, width), width)


def ended(text: str) -> str:
    """Return the text as a sentence: with a full stop, unless it ends with a sign of its own."""
    stripped = text.rstrip(" ;:,")
    return stripped if stripped.endswith((".", "?", "!")) else f"{stripped}."


def plural(number: int, singular: str) -> str:
    """Return text such as `1 unit` or `1,234 units`."""
    return counted(number, singular)

"""Indentation of a line, in spaces."""

_TAB = "    "
_REACH = 64


def indentation(text: str, start: int) -> int:
    """Return the number of spaces with which the line at `start` begins; a tab counts as four."""
    line = text[start : start + _REACH]
    return len(line[: len(line) - len(line.lstrip(" \t"))].replace("\t", _TAB))

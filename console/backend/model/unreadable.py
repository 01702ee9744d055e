"""The reason why a file cannot be read, in words for an operator: Python's own have numbers, and the path again."""


def why_unreadable(error: OSError | ValueError) -> str:
    """Return the reason: the system's words, the line that is no UTF-8, or what the reader of the format says."""
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"is not UTF-8 in line {line}"
    return str(error)

"""Handling of a failure of the console itself: a short message, and a log without any local variable."""

import os
import tempfile
import traceback
from datetime import datetime
from pathlib import Path

PREFIX = "console-crash-"
"""Prefix of a log's name."""


def report(error: BaseException, folder: Path | None, now: datetime, outside: str = "") -> str:
    """Write the log (0600, never over another file) and return the message for the terminal; `outside` are lines about its cause."""
    written = write_log(error, folder, now)
    place = where(error)
    return (
        f"The console failed: {type(error).__name__}{f' at {place}' if place else ''}.\n{outside}"
        "What the database holds is not affected: a phase ends by COMMIT or ROLLBACK, never in between.\n"
        f"{f'Log: {written}' if written else 'The log could not be written.'}\n"
        "Start the console again; it shows what was interrupted."
    )


def where(error: BaseException) -> str:
    """Return `file:line` that raised the error, without the folder; empty without a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def write_log(error: BaseException, folder: Path | None, now: datetime) -> Path | None:
    """Write the redacted stack below `folder`, or else below the temporary directory; return its path, or None."""
    # Imported on the way out: the console starts without it, and a crash is rare.
    from console.backend.model.redaction import redact

    # Local variables could be passwords, or texts of documents.
    stack = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    data = redact(stack).encode("utf-8", "backslashreplace")
    name = f"{PREFIX}{now:%Y%m%dT%H%M%SZ}-{os.getpid()}-{os.urandom(4).hex()}.log"
    for parent in (folder, _temporary()):
        try:
            if parent is not None:
                return _written(parent / name, data)
        except OSError:
            continue
    return None


def _temporary() -> Path | None:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # No place of the list can be written.
        return None


def _written(path: Path, data: bytes) -> Path:
    # In a temporary directory anybody could have placed a link or a file of this name.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as log:
        log.write(data)
    return path

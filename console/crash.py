"""What is said and kept when the console itself fails: a short message, and a log without any local variable."""

import os
import tempfile
import traceback
from datetime import datetime
from pathlib import Path


def report(error: BaseException, folder: Path | None, now: datetime) -> str:
    """Write the log (0600, never over another file) and return the message for the terminal."""
    written = _write_log(error, folder, now)
    where = _where(error)
    return (
        f"The console failed: {type(error).__name__}{f' at {where}' if where else ''}.\n"
        "What the database holds is not affected: a phase ends by COMMIT or ROLLBACK, never in between.\n"
        f"{f'Log: {written}' if written else 'The log could not be written.'}\n"
        "Start the console again; it shows what was interrupted."
    )


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _write_log(error: BaseException, folder: Path | None, now: datetime) -> Path | None:
    from console.backend.redaction import redact

    stack = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    name = f"console-crash-{now:%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    for place in (folder, Path(tempfile.gettempdir())):
        if place is None:
            continue
        path = place / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as log:
            log.write(redact(stack))
        return path
    return None

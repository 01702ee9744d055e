"""Files of the user's own below ~/.config/cutter-console, which nobody else may have written."""

import os
import shlex
import stat
from pathlib import Path

from console.backend.host.regular_file import open_regular, read_regular
from console.backend.model.errors import StopCode, UsageError


def own_folder() -> Path:
    """Return where the user's files are looked for, whether there are any. A relative XDG_CONFIG_HOME does not count."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):  # noqa: PTH117 - an empty text is no path
        base = os.path.expanduser("~/.config")  # noqa: PTH111 - Path.home raises where there is no home
    return Path(base) / "cutter-console"


def read_own(path: Path, most_bytes: int, reason: str) -> str:
    """Return the text of the file. `reason` says why nobody else may write it.

    Raises FileNotFoundError if there is none, UsageError for one that is another's, cannot be read or is not UTF-8.
    """
    quoted = shlex.quote(str(path))
    try:
        require_own(path, reason)
        return read_regular(path, most_bytes).decode()
    except FileNotFoundError as error:
        if path.is_symlink():
            raise _refused(f"{path}: a link that leads nowhere", f"See where to: ls -l {quoted}") from error
        raise
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise _refused(f"{path}: {cause}", f"Make it readable, or look at it: ls -l {quoted}") from error


def require_own(path: Path, reason: str) -> None:
    """Raise UsageError for a file that somebody else may have written."""
    descriptor = open_regular(path)
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    quoted = shlex.quote(str(path))
    if status.st_uid not in {0, os.geteuid()}:
        message = f"{path} belongs to uid {status.st_uid}, neither to root nor to this account: {reason}"
        raise _refused(message, f"Look at it, then: chown {os.geteuid()} {quoted}")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _refused(f"{path} can be written by other accounts: {reason}", f"Look at it, then: chmod go-w {quoted}")


def _refused(message: str, next_action: str) -> UsageError:
    return UsageError(StopCode.REFUSED_INPUT, message, next_action)

"""Files that say what is started as this user: nobody else may be able to write them, or to put others in their place."""

import os
import shlex
import stat
from pathlib import Path

_WRITABLE_BY_OTHERS = 0o022


def distrust(path: Path, *, executable: bool = False) -> tuple[str, str]:
    """Return why a file cannot be trusted, and the next action; two empty texts for one that can.

    The file and each folder above it must belong to root or to this user, and be writable by nobody else; a folder that is
    sticky, as /tmp is, may be. A link is refused: it would have to be trusted at each of its steps.
    """
    quoted = shlex.quote(str(path))
    try:
        real = path.resolve(strict=True)
        status = path.lstat()
        if real != path:
            return f"{path} is a link, or below one", f"Name the file itself: {shlex.quote(str(real))}"
        if not stat.S_ISREG(status.st_mode):
            return f"{path} is no regular file", f"Look at it: ls -ld {quoted}"
        if executable and not os.access(path, os.X_OK):
            return f"{path} cannot be executed by this user", f"chmod u+x {quoted}"
        return _open_to_others(path, status)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "a link to itself"
        reason = "no file can have this name" if isinstance(error, ValueError) else reason
        return f"{path}: {reason}", f"Look at it: ls -ld {quoted}"


def _open_to_others(path: Path, status: os.stat_result) -> tuple[str, str]:
    for place, seen in ((path, status), *((folder, folder.stat()) for folder in path.parents)):
        if seen.st_uid not in {0, os.geteuid()}:
            owner = f"{place} belongs to uid {seen.st_uid}, neither to root nor to this user"
            return owner, f"Look at it, then: chown {os.geteuid()} {shlex.quote(str(place))}"
        is_sticky = stat.S_ISDIR(seen.st_mode) and seen.st_mode & stat.S_ISVTX
        if seen.st_mode & _WRITABLE_BY_OTHERS and not is_sticky:
            return f"{place} can be written by other users", f"Look at it, then: chmod go-w {shlex.quote(str(place))}"
    return "", ""

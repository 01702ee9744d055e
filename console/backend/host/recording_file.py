"""The file of a recording: lines are appended, and it does not grow without end. No evidence: the journal is that."""

import errno
import fcntl
import os
import stat
from pathlib import Path

from console.backend.host.regular_file import MOST_BYTES, read_regular

TURNS_AT = 16 << 20
"""Size in bytes at which the file becomes `FILE.1`, in place of an older one, and a new one begins; below MOST_BYTES."""
MODE = 0o640


class RecordingFile:
    """A file that one console appends lines to."""

    def __init__(self, path: Path, turns_at: int = TURNS_AT) -> None:
        """Open the file, or make it. Raises OSError for a link, for what is no regular file, and if another console writes to it."""
        self.path = path
        self.earlier = path.with_name(f"{path.name}.1")
        self._turns_at = turns_at
        self._descriptor = self._open()

    def _open(self) -> int:
        # O_NOFOLLOW: whoever may write to the folder must not choose another file to append to.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, MODE)
        try:
            self._require_file(descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._end_torn_line(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _require_file(self, descriptor: int) -> None:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(self.path))

    @staticmethod
    def _end_torn_line(descriptor: int) -> None:
        """Let the next line begin on a line of its own, whatever a full disk or a kill has left behind."""
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")

    def append(self, line: bytes) -> None:
        """Append a line. Raises OSError if it could not be written whole."""
        if self.size and self.size + len(line) > self._turns_at:
            self._turn()
        if os.write(self._descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    @property
    def size(self) -> int:
        """Return its size in bytes."""
        return os.fstat(self._descriptor).st_size

    def _turn(self) -> None:
        # The lock goes with the descriptor: the new file has its own before the old one is let go.
        self.path.replace(self.earlier)
        old, self._descriptor = self._descriptor, self._open()
        os.close(old)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read_lines(path: Path) -> list[bytes]:
    """Return the lines of a recording. Raises OSError as `read_regular` does."""
    return read_regular(path, MOST_BYTES).split(b"\n")

"""Reads files that somebody else may have put there: whole or not at all, never waiting for a writer, never without a bound."""

import errno
import hashlib
import os
import stat
from pathlib import Path

MOST_BYTES = 64 << 20
"""No file that the console reads whole is as large as this, in bytes."""


def open_regular(path: Path) -> int:
    """A descriptor to read a regular file from. Raises OSError for a directory, a FIFO, a socket, a device.

    Opening does not wait: a FIFO without a writer would keep the console for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def read_regular(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a regular file. Raises OSError as `open_regular` does, and EFBIG beyond `most_bytes`."""
    with os.fdopen(open_regular(path), "rb") as stream:
        data = stream.read(min(os.fstat(stream.fileno()).st_size, most_bytes) + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"longer than {most_bytes} bytes", str(path))
    return data


def sha256_file(path: Path) -> str:
    """Return the sha256 of a regular file's bytes, read in pieces."""
    with os.fdopen(open_regular(path), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""Reads files that others may have put there: whole or not at all, without waiting for a writer, and within a limit."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_PART = 1 << 20
MOST_BYTES = 64 << 20
"""Limit for a file that the console reads whole, in bytes; all of them are much smaller."""


def open_regular(path: Path) -> int:
    """Open a regular file for reading and return the descriptor. Raises OSError for anything else, such as a FIFO.

    Opening does not wait: a FIFO without a writer would block the console for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    # Asked of the descriptor, because the name may lead to another file by now.
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def read_regular(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the bytes of a regular file. Raises OSError as `open_regular` does, with EFBIG beyond `most_bytes`."""
    with os.fdopen(open_regular(path), "rb") as stream:
        # One byte more than allowed tells a file that is too long, or that has grown since it was measured.
        data = stream.read(min(os.fstat(stream.fileno()).st_size, most_bytes) + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"longer than {most_bytes} bytes", str(path))
    return data


def regular_parts(path: Path, most_bytes: int) -> Iterator[bytes]:
    """Yield the bytes of a regular file in parts. Raises OSError as `read_regular` does."""
    with os.fdopen(open_regular(path), "rb") as stream:
        read = 0
        while part := stream.read(_PART):
            read += len(part)
            if read > most_bytes:
                raise OSError(errno.EFBIG, f"longer than {most_bytes} bytes", str(path))
            yield part


def sha256_file(path: Path) -> str:
    """Return the sha256 of a regular file's bytes, read in pieces."""
    # Imported here: a console reads a file of its own before the first paint, and OpenSSL is large.
    import hashlib

    with os.fdopen(open_regular(path), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""Writes the HOLD file: into the directory entry itself, in this process or, run as a script, in one of its own.

Run as a script: `hold_file.py PATH`, with the content on standard input. It prints the reason why the file was not
written, or nothing. It imports nothing of the console and nothing that is installed, so that it starts soon.
A process of its own, because a call to a file system that hangs can be neither ended nor left by the one that made it.
"""

import errno
import os
import stat
import sys

# No O_TRUNC: the file is emptied only after fstat has shown a regular file with a single name.
# O_NOFOLLOW and O_NONBLOCK keep a planted link or FIFO from redirecting or blocking a stop.
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
MODE = 0o640


def write(path: str, content: bytes) -> str:
    """Write into a regular file of one name that lies at this place itself; return the reason if it was not written.

    What somebody has planted there (a link, a FIFO, a device) is a HOLD as it is, and is neither followed nor written.
    """
    try:
        descriptor = os.open(path, _WRITE, MODE)
    except OSError as error:
        return not_plain(path, error)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            return f"{path} is not a file of one name"
        os.ftruncate(descriptor, 0)
        os.write(descriptor, content)
        os.fsync(descriptor)
        _sync_directory(os.path.dirname(path))  # noqa: PTH120 - nothing more is loaded
    except OSError as error:
        return f"{path}: {error.strerror}"
    finally:
        os.close(descriptor)
    return ""


def not_plain(path: str, error: OSError) -> str:
    """Return why the file could not be opened, in words: a link says "too many levels" of itself."""
    return f"{path} is a symbolic link" if error.errno == errno.ELOOP else f"{path}: {error.strerror}"


def _sync_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    os.write(1, os.fsencode(write(sys.argv[1], sys.stdin.buffer.read())))

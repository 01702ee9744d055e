"""Write files that exist whole or not at all, also after a power cut: the one module that writes the files of the host.

`replace_file` and `rewrite_file` put a file where another may be, `write_new_file` never replaces one; all three write a
hidden file beside it, sync it, give it its name and sync the folder.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from console.backend.host.cluster_directory import hidden_name

MODE = 0o640


def put_in_place(partial: Path, final: Path) -> None:
    """Make a finished file durable under its final name."""
    sync_file(partial)
    partial.rename(final)
    sync_directory(final.parent)


def sync_file(path: Path, mode: int | None = None) -> None:
    """Make a file that another program has written durable, with this mode where one is given. A link is not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable: a file that was written, renamed or linked there is found after a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def partial_file(final: Path) -> Iterator[Path]:
    """A new, empty, hidden file beside `final`, mode 0640, for somebody to fill; removed unless put in place."""
    partial = final.parent / hidden_name(final.name, "partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
    try:
        os.fchmod(descriptor, MODE)
        os.close(descriptor)
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def replace_file(final: Path, data: bytes) -> None:
    """Write the file whole, or leave the old one."""
    with partial_file(final) as partial:
        partial.write_bytes(data)
        put_in_place(partial, final)


def rewrite_file(final: Path, data: bytes) -> None:
    """Replace the content of a file that is there, and keep its mode and, where this process may, its owner."""
    status = final.stat()
    with partial_file(final) as partial:
        partial.write_bytes(data)
        partial.chmod(status.st_mode & 0o7777)
        with suppress(PermissionError):
            os.chown(partial, status.st_uid, status.st_gid)
        put_in_place(partial, final)


def write_new_file(final: Path, data: bytes, mode: int = MODE) -> None:
    """Write a file that is not there yet, whole or not at all. Raises FileExistsError where the name is taken."""
    partial = final.with_name(hidden_name(final.name))
    try:
        write_durably(partial, data, mode)
        # A link fails where the name is taken, a rename would replace what is there.
        os.link(partial, final)
    finally:
        partial.unlink(missing_ok=True)
    sync_directory(final.parent)


def write_durably(path: Path, data: bytes, mode: int = MODE) -> None:
    """Write a new file in place, on the disk when this returns and removed where it cannot be written whole.

    It is seen while it is written: for a folder that has not got its name yet, and for a file system without links.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise

"""Writes files that exist whole or not at all, also after a power cut: the one module that writes files.

`replace_file` and `rewrite_file` put a file where another may be, `write_new_file` never replaces one; all three write a
hidden file beside it, sync it, give it its name and sync the folder.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from console.backend.host.cluster_directory import hidden_name

MODE = 0o640


def put_in_place(partial: Path, final: Path) -> None:
    """Make a finished file durable under its final name."""
    # Before the rename: after a power cut the final name could otherwise lead to an empty file.
    sync_file(partial)
    partial.rename(final)
    sync_directory(final.parent)


def sync_file(path: Path, mode: int | None = None) -> None:
    """Make a file that another program has written durable, with `mode` if one is given. A link raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable: what was created, renamed or linked there is found after a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def partial_file(final: Path, mode: int = MODE) -> Iterator[Path]:
    """Make a new, empty, hidden file beside `final` for the caller to fill; removed unless put in place."""
    partial = final.parent / hidden_name(final.name, "partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        # The umask may have taken bits away.
        os.fchmod(descriptor, mode)
        os.close(descriptor)
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def replace_file(final: Path, data: bytes) -> None:
    """Write the file whole, or leave the old one as it is."""
    replace_file_by_parts(final, (data,))


def replace_file_by_parts(final: Path, parts: Iterable[bytes]) -> str:
    """Write the file whole, part after part, or leave the old one as it is. Return its sha256."""
    sha256 = hashlib.sha256()
    with partial_file(final) as partial:
        with partial.open("wb") as stream:
            for part in parts:
                sha256.update(part)
                stream.write(part)
        put_in_place(partial, final)
    return sha256.hexdigest()


def rewrite_file(final: Path, data: bytes) -> None:
    """Replace the content of an existing file, and keep its mode and, if this process may set it, its owner."""
    status = final.stat()
    with partial_file(final) as partial:
        partial.write_bytes(data)
        partial.chmod(status.st_mode & 0o7777)
        with suppress(PermissionError):
            os.chown(partial, status.st_uid, status.st_gid)
        put_in_place(partial, final)


def write_new_file(final: Path, data: bytes, mode: int = MODE) -> None:
    """Write a file that is not there yet, whole or not at all. Raises FileExistsError if the name is taken."""
    write_new_file_by_parts(final, (data,), mode)


def write_new_file_by_parts(final: Path, parts: Iterable[bytes], mode: int = MODE) -> str:
    """Write a file that is not there yet, part after part, whole or not at all. Return its sha256.

    Raises FileExistsError if the name is taken.
    """
    sha256 = hashlib.sha256()
    with partial_file(final, mode) as partial:
        with partial.open("wb") as stream:
            for part in parts:
                sha256.update(part)
                stream.write(part)
        sync_file(partial)
        # A link fails where the name is taken, a rename would replace what is there.
        os.link(partial, final)
    sync_directory(final.parent)
    return sha256.hexdigest()


def write_durably(path: Path, data: bytes, mode: int = MODE) -> None:
    """Write a new file under its final name and sync it; it is removed if it cannot be written whole.

    It is visible while it is written: for folders that get their own name later, and for file systems without links.
    Raises FileExistsError if the name is taken. The folder is not synced.
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

"""Write files that exist whole or not at all, also after a power cut."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.backend.host.cluster_directory import hidden_name

MODE = 0o640


def put_in_place(partial: Path, final: Path) -> None:
    """Make a finished file durable under its final name."""
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(final)
    sync_directory(final.parent)


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

"""Finds database dumps that lie about unencrypted."""

import os
from collections.abc import Iterator
from pathlib import Path

_HEADS = (b"PGDMP", b"--\n-- PostgreSQL database dump", b"--\n-- PostgreSQL database cluster dump")
_TAR_MEMBER = b"toc.dat\0"


def plaintext_dumps(root: Path) -> tuple[Path, ...]:
    """Every regular file below `root` that begins like a dump of pg_dump or pg_dumpall, in any format, sorted.

    Symlinks are not followed. Raises PermissionError for what cannot be read: unread is not clean.
    """
    return tuple(sorted(place for place in _files(root) if _is_dump(place)))


def _files(root: Path) -> Iterator[Path]:
    pending = [str(root)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


def _is_dump(place: Path) -> bool:
    with place.open("rb", buffering=0) as stream:
        head = stream.read(256).removeprefix(b"\xef\xbb\xbf")
    return head.startswith((*_HEADS, _TAR_MEMBER))

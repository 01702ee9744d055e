"""Finds database dumps that lie about unencrypted (incident 34)."""

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
    for place, _, names in os.walk(root, onerror=_raise):
        for name in names:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _raise(error: OSError) -> None:
    raise error


def _is_dump(place: Path) -> bool:
    with place.open("rb") as stream:
        head = stream.read(256).removeprefix(b"\xef\xbb\xbf")
    return head.startswith((*_HEADS, _TAR_MEMBER))

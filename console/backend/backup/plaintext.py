"""Search for database dumps that are not encrypted."""

import os
from collections.abc import Iterator
from pathlib import Path

_HEADS = (b"PGDMP", b"--\n-- PostgreSQL database dump", b"--\n-- PostgreSQL database cluster dump")
# A dump in tar format begins with the name of its first member.
_TAR_MEMBER = b"toc.dat\0"


def plaintext_dumps(root: Path) -> tuple[Path, ...]:
    """Every regular file below `root` that begins like a dump of pg_dump or pg_dumpall, in any format, sorted.

    Symbolic links are not followed. Raises PermissionError for an unreadable file or directory: it may hold a dump.
    """
    return tuple(sorted(path for path in _files(root) if _is_dump(path)))


def _files(root: Path) -> Iterator[Path]:
    pending = [str(root)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


def _is_dump(path: Path) -> bool:
    # Unbuffered: of a large file no more than these bytes are read.
    with path.open("rb", buffering=0) as stream:
        head = stream.read(256).removeprefix(b"\xef\xbb\xbf")
    return head.startswith((*_HEADS, _TAR_MEMBER))

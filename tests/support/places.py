"""Folders that tests fill and remove again, in memory where there is room: on a disk, copying a site costs several times as much."""

import tempfile
from pathlib import Path

from console.backend.host.cluster_directory import choose_parent, default_parents

_ROOM_BYTES = 256 << 20


def folder_of_tests(prefix: str) -> Path:
    """A new folder of mode 0700 with a short path; whoever asked for it removes it."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=choose_parent(default_parents(), _ROOM_BYTES, None)))

"""A root on a disk that stops answering: ext4 in a file, mounted over the root, and frozen by the kernel itself."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_BYTES = 64 << 20
_FREEZE, _THAW = 0xC0045877, 0xC0045878
"""FIFREEZE and FITHAW: whoever writes waits in the kernel until the disk is thawed, and no signal ends the wait."""


class FrozenDisk:
    """The disk; it answers until it is frozen."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY)

    def freeze(self) -> None:
        """Let every write wait."""
        fcntl.ioctl(self._root, _FREEZE, 0)

    def thaw(self) -> None:
        """Let them go on."""
        fcntl.ioctl(self._root, _THAW, 0)

    def close(self) -> None:
        """Let go of it, thawed."""
        with suppress(OSError):
            self.thaw()
        os.close(self._root)


@contextmanager
def disk_below(root: Path, folder: Path) -> Iterator[FrozenDisk]:
    """Put what is in the root onto such a disk, mounted in its place; skipped where that is not possible."""
    image, saved = folder / "disk", folder / "saved"
    shutil.copytree(root, saved, symlinks=True)
    with image.open("wb") as stream:
        stream.truncate(_BYTES)
    for command in (["mkfs.ext4", "-q", "-F", str(image)], ["mount", "-o", "loop", str(image), str(root)]):
        if shutil.which(command[0]) is None:
            pytest.skip(f"there is no {command[0]}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"{command[0]}: {done.stderr.strip()}")
    disk = FrozenDisk(root)
    try:
        shutil.copytree(saved, root, symlinks=True, dirs_exist_ok=True)
        yield disk
    finally:
        disk.close()
        subprocess.run(["umount", "--lazy", str(root)], check=True)

"""Bundles of handed-over runs that lie in a folder of this host, for whoever has one to accept. Reads only their beginnings."""

import os
from datetime import UTC, datetime
from pathlib import Path

from console.backend.host.regular_file import open_regular
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.runs.answers import Answers
from console.backend.runs.run_bundle import begins_bundle

MOST_LISTED = 200
_MOST_LOOKED_AT = 4096
"""Entries of a folder that are looked at; what lies behind them is named by its path."""
_LEAST = 2048
"""Bytes that no bundle is shorter than: the manifest with its header, and the end."""


class BundleFile(Value):
    """A file that begins as a bundle does; whether it is one is found out when it is accepted."""

    path: Path
    name: SafeText
    bytes: int
    changed_at: datetime


class BundleShelf(Value):
    """The bundles of one folder, the one that was changed last first."""

    folder: Path
    files: tuple[BundleFile, ...]
    is_whole: bool = True
    """False if the folder has more than was looked at, or than is listed."""


class BundleAnswers(Answers):
    """The answers of a backend about bundles that could be accepted."""

    def bundles(self, folder: Path | None = None) -> BundleShelf:
        """Return the bundles in this folder, without one those in the intake folder. Raises UsageError if it cannot be read."""
        return bundles_in(folder or self.installation.intake)


def bundles_in(folder: Path) -> BundleShelf:
    """Return the bundles in a folder. Raises UsageError if it cannot be read."""
    files: list[BundleFile] = []
    is_whole = True
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number == _MOST_LOOKED_AT:
                    is_whole = False
                    break
                if (file := _bundle(entry)) is not None:
                    files.append(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no name of a folder"
        raise UsageError(StopCode.REFUSED_INPUT, f"{folder}: {reason}", "Name another folder.") from error
    files.sort(key=lambda file: (file.changed_at, file.path), reverse=True)
    return BundleShelf(folder=folder, files=tuple(files[:MOST_LISTED]), is_whole=is_whole and len(files) <= MOST_LISTED)


def _bundle(entry: "os.DirEntry[str]") -> BundleFile | None:
    """Return the file, or None if it is no bundle, cannot be read, or has a name that cannot be typed."""
    path = Path(entry.path)
    if not path.name.isprintable():
        return None
    try:
        # Asked before it is opened: to open a device can do something, and a file of a kernel has no size.
        if not entry.is_file() or entry.stat().st_size < _LEAST:
            return None
        with os.fdopen(open_regular(path), "rb") as stream:
            if not begins_bundle(stream):
                return None
            facts = os.fstat(stream.fileno())
    except OSError:
        return None
    changed_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return BundleFile(path=path, name=path.name, bytes=facts.st_size, changed_at=changed_at)

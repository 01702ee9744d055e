"""The files of one batch: what it was started with, and what was set aside. They lie in `runs/<batch id>/`."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ValidationError

from console.backend.host.durable import replace_file, sync_directory
from console.backend.host.regular_file import read_regular
from console.backend.host.runtime_tree import to_write_below, within
from console.backend.model.batches import BatchFile, BatchProgress, SetAside
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.ids import BATCH_PREFIX, last_started_first
from console.backend.model.value import Value

_BATCH, _ASIDE, _PROGRESS = "batch.json", "set-aside.json", "progress.json"
_MOST_BYTES = 1 << 26
_PROBED_S, _TRIES = 0.02, 50
"""Others hold the lock for an instant when they look whether somebody works: it is tried again."""
_V = TypeVar("_V", bound=Value)


class _Asides(Value):
    set_aside: tuple[SetAside, ...] = ()


class BatchFolder:
    """The directory of a batch; its files are replaced whole."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def create(cls, root: Path, batch: BatchFile) -> Self:
        """Make the directory of a new batch with its file. Raises Refused if the id is taken or there is no tree."""
        folder = cls(root / "runs" / batch.batch_id)
        try:
            folder.directory.mkdir(mode=0o750)
            sync_directory(folder.directory.parent)
        except OSError as error:
            message = f"{folder.directory}: {error.strerror}"
            raise Refused(StopCode.REFUSED_INPUT, message, to_write_below(folder.directory.parent)) from error
        folder.write(batch)
        return folder

    @classmethod
    def open(cls, root: Path, batch_id: str) -> Self:
        """Return the directory of a batch. Raises Refused if there is none with that id below this root."""
        folder = cls(within(root, "runs", batch_id))
        if not (folder.directory / _BATCH).exists():
            message = f"no batch {batch_id} below {folder.directory.parent}"
            raise Refused(StopCode.REFUSED_INPUT, message, "See the batches there are: cutter-console batch list")
        return folder

    @classmethod
    def all_of(cls, root: Path) -> tuple[Self, ...]:
        """Return the directories of all batches below the root, the newest first."""
        named = (root / "runs").glob(f"{BATCH_PREFIX}*")
        folders = [cls(directory) for directory in named if (directory / _BATCH).exists()]
        return tuple(last_started_first(folders, lambda folder: folder.directory.name, _started_at))

    def batch(self) -> BatchFile:
        """Return what the batch was started with. Raises Refused if the file is damaged."""
        return self._parsed(BatchFile, _BATCH)

    def write(self, batch: BatchFile) -> None:
        """Keep what the batch is started with."""
        self._write(_BATCH, batch)

    def set_aside(self) -> dict[int, SetAside]:
        """Return what was set aside, by position."""
        if not (self.directory / _ASIDE).exists():
            return {}
        return {aside.position: aside for aside in self._parsed(_Asides, _ASIDE).set_aside}

    def put_aside(self, aside: SetAside) -> None:
        """Keep that the batch goes on without this document, and why."""
        asides = self.set_aside() | {aside.position: aside}
        self._write(_ASIDE, _Asides(set_aside=tuple(asides[position] for position in sorted(asides))))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Keep the lock of the batch's directory, which says that it is worked on; it dies with its holder.

        Raises Refused if another process has it.
        """
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._lock(descriptor)
            try:
                yield
            finally:
                with suppress(OSError):
                    (self.directory / _PROGRESS).unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            time.sleep(_PROBED_S)
        raise Refused(
            StopCode.LOCKED,
            f"another process works on batch {self.directory.name}",
            f"See how far it is: cutter-console batch status {self.directory.name}",
        )

    def is_worked_on(self) -> bool:
        """Return whether a process of this host works on the batch."""
        try:
            descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # A shared lock, so that two consoles that look at once do not take each other for a worker.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def report_progress(self, progress: BatchProgress) -> None:
        """Keep how far the work is, for whoever else looks. It is no evidence: a full disk does not stop the work for it."""
        with suppress(CutterError):
            self._write(_PROGRESS, progress)

    def progress(self) -> BatchProgress | None:
        """Return the last report of the process that works on the batch, or None."""
        try:
            return BatchProgress.model_validate_json(read_regular(self.directory / _PROGRESS, _MOST_BYTES))
        except (OSError, ValidationError):
            return None

    def _write(self, name: str, value: Value) -> None:
        try:
            replace_file(self.directory / name, canonical_json(value))
        except OSError as error:
            message = f"{self.directory / name} could not be written: {error.strerror}"
            raise Unmeasured(StopCode.INVARIANT_FAILED, message, "Make room on the disk.") from error

    def _parsed(self, kind: type[_V], name: str) -> _V:
        path = self.directory / name
        try:
            return kind.model_validate_json(read_regular(path, _MOST_BYTES))
        except (OSError, ValidationError) as error:
            message = f"{path} is damaged"
            raise Refused(
                StopCode.INVARIANT_FAILED, message, "Go on with its runs one by one: cutter-console run list"
            ) from error


def _started_at(folder: BatchFolder) -> datetime:
    try:
        return folder.batch().started_at
    except Refused:
        return datetime.min.replace(tzinfo=UTC)

"""Writes a directory of documents that gets its name when it is whole; a crash leaves a draft with a hidden name."""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from console.backend.host.durable import sync_directory, write_durably
from console.backend.host.runtime_tree import DIRECTORY_MODE, to_write_below
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, ExitStatus, StopCode
from console.backend.model.safe_text import safe_text
from console.backend.publication.sums import SUMS, sums_of

_DRAFT = re.compile(r"\.[A-Za-z0-9][A-Za-z0-9-]{0,100}\.part")
_MOST_IN_A_SECOND = 100


class Unpublished(CutterError):
    """The documents could not be written; nothing bears their final name."""

    exit_status = ExitStatus.FAIL


class Draft:
    """A hidden directory that is being filled. Its lock ends with the process: a draft without a lock is a leftover."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        """The final name."""
        self.sums: dict[str, str] = {}
        """Sha256 of what has been written, by path."""

    def write(self, path: str, data: bytes) -> None:
        """Write one file, mode 0640, durably. Raises OSError."""
        target = self.path / path
        if not target.parent.is_dir():
            # The umask takes bits from the mode of mkdir; chmod sets all of them.
            target.parent.mkdir(mode=DIRECTORY_MODE)
            target.parent.chmod(DIRECTORY_MODE)
        write_durably(target, data)
        self.sums[path] = sha256_hex(data)

    def write_sums(self) -> bytes:
        """Write SHA256SUMS over everything written so far, and return its content. Raises OSError."""
        content = sums_of(self.sums)
        write_durably(self.path / SUMS, content)
        return content


@contextmanager
def published(parent: Path, name: str, *, again: bool = False) -> Iterator[Draft]:
    """Give the block a draft below `parent`, and the draft its final name when the block ends well.

    That is `name` or, if it is taken, `name-2` and so on. When the block raises, nothing is left. `again` first removes
    drafts that a crash left under the same name. Raises Unpublished for whatever the file system refuses.
    """
    try:
        if again:
            remove_leftovers(parent, name)
        with _draft(parent, name) as draft:
            yield draft
            # Everything inside is on disk before the name is: a power failure never leaves half of it under its name.
            for directory in (*(path for path in draft.path.iterdir() if path.is_dir()), draft.path):
                sync_directory(directory)
            draft.path.rename(parent / draft.name)
            sync_directory(parent)
    except OSError as error:
        refusal = f"{error.filename or parent}: {error.strerror or error}"
        raise Unpublished(
            StopCode.INVARIANT_FAILED, f"the documents could not be written: {refusal}", to_write_below(parent)
        ) from error


@contextmanager
def _draft(parent: Path, name: str) -> Iterator[Draft]:
    draft, lock = _locked_draft(parent, name)
    try:
        yield draft
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)  # After the rename there is nothing of that name.
        os.close(lock)


def _locked_draft(parent: Path, name: str) -> tuple[Draft, int]:
    """Return a reserved draft with the descriptor that locks it."""
    for _ in range(_MOST_IN_A_SECOND):
        draft = _reserve(parent, name)
        # Until it is locked, another console's start can take the new directory for a leftover, and remove it.
        try:
            lock = os.open(draft.path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return draft, lock
        os.close(lock)
    raise FileExistsError(17, "other consoles remove each draft as it is made", str(parent / name))


def _reserve(parent: Path, name: str) -> Draft:
    """Make the hidden directory of the first free name.

    Two consoles cannot both make it, and the final name is looked at only afterwards, so they never take the same one.
    """
    if parent.is_symlink():
        raise NotADirectoryError(20, "is a symlink: what is written must stay below the root", str(parent))
    for number in range(1, _MOST_IN_A_SECOND):
        final_name = name if number == 1 else f"{name}-{number}"
        path = parent / f".{final_name}.part"
        try:
            path.mkdir(mode=DIRECTORY_MODE)
        except FileExistsError:
            continue
        if not (parent / final_name).exists():
            path.chmod(DIRECTORY_MODE)  # Against the umask, as above.
            return Draft(path, final_name)
        path.rmdir()
    raise FileExistsError(17, f"{_MOST_IN_A_SECOND} drafts of this second are there", str(parent / name))


def leftovers(parent: Path) -> tuple[str, ...]:
    """Return the names of the drafts that no process is writing. Raises OSError."""
    return tuple(sorted(safe_text(path.name) for path in _drafts(parent) if _abandoned(path, _leave)))


def remove_leftovers(parent: Path, name: str = "") -> tuple[str, ...]:
    """Remove the drafts that no process is writing, all or those of one final name. Returns their names. Raises OSError."""
    drafts = (path for path in _drafts(parent) if path.name.startswith(f".{name}"))
    return tuple(sorted(path.name for path in drafts if _abandoned(path, shutil.rmtree)))


def _drafts(parent: Path) -> list[Path]:
    return [
        path for path in parent.iterdir() if _DRAFT.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]


def _leave(_path: Path) -> None:
    """Do nothing with a draft that is only to be listed."""


def _abandoned(path: Path, act: Callable[[Path], None]) -> bool:
    """Return True if the draft's lock was free; `then` is called while this process holds it."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        # The writer holds this lock as long as it lives: whoever gets it knows that nobody is writing.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        act(path)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True

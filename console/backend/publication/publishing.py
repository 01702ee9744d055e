"""A directory of documents that has its name when it is whole, and not before; a crash leaves a draft that says so."""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from console.backend.host.durable import sync_directory, write_durably
from console.backend.host.runtime_tree import DIRECTORY_MODE
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
    """A hidden directory that is being filled. Its lock dies with the process, so a leftover can be told from work."""

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
            target.parent.mkdir(mode=DIRECTORY_MODE)
            target.parent.chmod(DIRECTORY_MODE)
        write_durably(target, data)
        self.sums[path] = sha256_hex(data)

    def write_sums(self) -> bytes:
        """SHA256SUMS over everything written so far; its content."""
        content = sums_of(self.sums)
        write_durably(self.path / SUMS, content)
        return content


@contextmanager
def published(parent: Path, name: str, *, again: bool = False) -> Iterator[Draft]:
    """A draft below `parent` that gets its final name when the block ends well, `<name>` or, where taken, `<name>-2`.

    When the block raises, nothing is left. `again` removes first what a crash left of the same name. Raises Unpublished for whatever the file system refuses.
    """
    try:
        if again:
            remove_leftovers(parent, name)
        with _draft(parent, name) as draft:
            yield draft
            for directory in (*(path for path in draft.path.iterdir() if path.is_dir()), draft.path):
                sync_directory(directory)
            draft.path.rename(parent / draft.name)
            sync_directory(parent)
    except OSError as error:
        refusal = f"{error.filename or parent}: {error.strerror or error}"
        make_room = f"Make room below {parent}, and see that it can be written; then the same command again."
        action = make_room if parent.is_dir() else "Make the runtime tree, or name it (--root): cutter-console init"
        raise Unpublished(
            StopCode.INVARIANT_FAILED, f"the documents could not be written: {refusal}", action
        ) from error


@contextmanager
def _draft(parent: Path, name: str) -> Iterator[Draft]:
    draft = _reserve(parent, name)
    lock = os.open(draft.path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield draft
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)  # After the rename there is nothing of that name.
        os.close(lock)


def _reserve(parent: Path, name: str) -> Draft:
    """The hidden name is the reservation; the final one is looked at after it is held, so that two consoles never meet."""
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
            path.chmod(DIRECTORY_MODE)
            return Draft(path, final_name)
        path.rmdir()
    raise FileExistsError(17, f"{_MOST_IN_A_SECOND} drafts of this second are there", str(parent / name))


def leftovers(parent: Path) -> tuple[str, ...]:
    """List the drafts that no process is writing. Raises OSError."""
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
    """For those who only look."""


def _abandoned(path: Path, act: Callable[[Path], None]) -> bool:
    """Return True if the draft's lock was free; `then` is called while this process holds it."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        act(path)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True

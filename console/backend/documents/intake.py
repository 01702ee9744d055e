"""Sources of documents: files of the intake folder, and text that a registered query read from a database."""

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.backend.documents.acceptances import SUFFIX_OF_FILE
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.model.errors import Refused, StopCode
from console.backend.model.profile_names import AKN_PROFILE
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

TEXT_SUFFIXES = frozenset({".md", ".markdown", ".txt"})
MARKUP_SUFFIXES = frozenset({".akn", ".xml"})
SUFFIXES = TEXT_SUFFIXES | MARKUP_SUFFIXES


@dataclass(frozen=True, slots=True)
class Source:
    """The exact bytes of a document, read once, and where they came from."""

    origin: str
    """`file:<name>` or `live:<registered name>`."""
    raw: bytes


class IntakeEntry(Value):
    """One name in the intake folder: a document that can be taken, or the reason why it cannot."""

    name: SafeText
    bytes: int | None
    modified: datetime | None
    refused: SafeText = ""


def read_source(path: Path, *, folder: Path | None = None, limits: Limits = DEFAULT_LIMITS) -> Source:
    """Read a document. With `folder`, a path or a link that leads out of it is refused.

    Raises Refused: REFUSED_INPUT for what is no readable regular file within the folder, CAP_EXCEEDED for one that
    is too large; its size is looked at before a byte is read.
    """
    if folder is not None:
        _refuse_outside(path, folder)
    descriptor = _opened(path)
    try:
        _refuse_large(_regular_size(os.fstat(descriptor), path), path, limits)
        raw = _read(descriptor, limits.max_bytes + 1, path)
    finally:
        os.close(descriptor)
    _refuse_large(len(raw), path, limits)
    return Source(origin=f"file:{path.name}", raw=raw)


def suffixes_of(profile: str) -> frozenset[str]:
    """Return the suffixes of the files that a profile reads."""
    return MARKUP_SUFFIXES if profile == AKN_PROFILE else TEXT_SUFFIXES


def list_intake(folder: Path, limits: Limits = DEFAULT_LIMITS) -> tuple[IntakeEntry, ...]:
    """The documents of the intake folder by name. Raises Refused where the folder itself cannot be read."""
    try:
        paths = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise _refused(folder, f"cannot be listed: {error.strerror}", "create the intake folder") from error
    names = {path.name for path in paths}
    documents = [path for path in paths if not _is_beside(path.name, names)]
    return tuple(_entry(path, folder, limits) for path in documents)


def _is_beside(name: str, names: set[str]) -> bool:
    return name.endswith(SUFFIX_OF_FILE) and name.removesuffix(SUFFIX_OF_FILE) in names


def read_accept(path: Path, *, folder: Path | None = None) -> bytes:
    """Return the bytes of an accept file. Raises Refused as `read_source` does."""
    return read_source(path, folder=folder).raw


def read_accept_beside(folder: Path, name: str) -> bytes:
    """Return the accept file beside a document of the intake folder; empty without one. Raises Refused."""
    path = folder / f"{name}{SUFFIX_OF_FILE}"
    return read_accept(path, folder=folder) if os.path.lexists(path) else b""


def _entry(path: Path, folder: Path, limits: Limits) -> IntakeEntry:
    try:
        _refuse_outside(path, folder)
        info = path.stat()
        size = _regular_size(info, path)
        _refuse_large(size, path, limits)
        if path.suffix.lower() not in SUFFIXES:
            raise _refused(
                path, f"is none of {', '.join(sorted(SUFFIXES))}", "convert it to Markdown, text or Akoma Ntoso"
            )
        if not os.access(path, os.R_OK):
            raise _refused(path, "is not readable", "change its mode or owner")
    except OSError as error:
        return IntakeEntry(name=path.name, bytes=None, modified=None, refused=error.strerror or "unreadable")
    except Refused as refused:
        return IntakeEntry(name=path.name, bytes=None, modified=None, refused=refused.message)
    return IntakeEntry(name=path.name, bytes=size, modified=datetime.fromtimestamp(info.st_mtime, UTC))


def _refuse_outside(path: Path, folder: Path) -> None:
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError) as error:
        raise _refused(path, "does not exist", "look at the name") from error
    if not inside:
        raise _refused(path, "leads out of the folder", "copy the document into the folder")


def _opened(path: Path) -> int:
    try:
        # Non-blocking, so that a FIFO is refused instead of waited for.
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise _refused(path, "does not exist", "look at the name") from error
    except OSError as error:
        raise _refused(path, f"cannot be opened: {error.strerror}", "change its mode or owner") from error


def _read(descriptor: int, most: int, path: Path) -> bytes:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(most)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}", "look at the disk") from error


def _regular_size(info: os.stat_result, path: Path) -> int:
    if stat.S_ISDIR(info.st_mode):
        raise _refused(path, "is a directory", "give a file")
    if not stat.S_ISREG(info.st_mode):
        raise _refused(path, "is not a regular file", "give a file")
    return info.st_size


def _refuse_large(size: int, path: Path, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise Refused(
            StopCode.CAP_EXCEEDED,
            f"{path.name} has {size:,} bytes, the limit is {limits.max_bytes:,}",
            "split the document, or raise the limit max_bytes in the settings",
        )


def _refused(path: Path, reason: str, action: str) -> Refused:
    return Refused(StopCode.REFUSED_INPUT, f"{path.name} {reason}", action)

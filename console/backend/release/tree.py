"""The files of the console as they are on disk now: an installed wheel or a source tree, each with its sha256."""

import base64
import csv
import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.release.manifest import FileSum, Kind

DISTRIBUTION = "cutter-console"
_BESIDE = ("pyproject.toml", "requirements*.txt")
_WRITTEN_BY_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_PIECE = 1 << 20


class Recorded(NamedTuple):
    """One line of RECORD; the hash is `sha256=` and base64, or empty."""

    path: str
    hash: str


class Tree(Value):
    """Files on disk. A symlink never equals a released file: its sum covers the word `symlink` and its target."""

    kind: Kind
    files: tuple[FileSum, ...]
    """Sorted by path; bytecode caches are left out."""
    record_problems: tuple[SafeText, ...] = ()
    """Files of an installed wheel that its own RECORD does not confirm."""


def read_tree(package: Path) -> Tree:
    """Hash the deployed console. Raises Unmeasured if a file cannot be read."""
    parent = package.parent
    try:
        inside = [FileSum(path=path, sha256=_sum(parent, path)) for path in _package_files(package)]
        wheel = installed_wheel(package)
        if wheel is None:
            problems = tuple(f"{path.name} has no RECORD that lists {package.name}/" for path in _described(parent))
            beside = [FileSum(path=path, sha256=_sum(parent, path)) for path in _beside(parent)]
            return Tree(kind=Kind.SOURCE, files=_sorted([*inside, *beside]), record_problems=problems)
        sums = {file.path: file.sha256 for file in inside}
        metadata = [FileSum(path=path, sha256=_sum(parent, path)) for path in _metadata(parent, wheel)]
        return Tree(
            kind=Kind.WHEEL,
            files=_sorted([*inside, *metadata]),
            record_problems=tuple(_record_problems(parent, wheel, sums)),
        )
    except OSError as error:
        message = f"{error.filename or package}: {error.strerror or error}"
        raise Unmeasured(StopCode.UNREACHABLE, message, "Make the console's own files readable.") from error


def installed_wheel(package: Path) -> tuple[Recorded, ...] | None:
    """Return RECORD of the wheel that lists this package; None for a source tree or an editable installation."""
    first = f"{package.name}/__init__.py"
    for distribution in distributions(name=DISTRIBUTION, path=[str(package.parent)]):
        # `Distribution.files` makes an object a line and takes ten times as long.
        record = tuple(
            Recorded(line[0], line[1])
            for line in csv.reader((distribution.read_text("RECORD") or "").splitlines())
            if line[1:]
        )
        if any(entry.path == first for entry in record):
            return record
    return None


def _sorted(files: list[FileSum]) -> tuple[FileSum, ...]:
    return tuple(sorted(files, key=lambda file: file.path))


def _package_files(package: Path) -> Iterator[str]:
    """Yield every file below the package, except bytecode that Python checks against its source before it runs it."""
    pending = [(package, package.name)]
    while pending:
        folder, name = pending.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield f"{name}/{entry.name}"
                elif entry.name != "__pycache__":
                    pending.append((Path(entry.path), f"{name}/{entry.name}"))
                else:
                    yield from (f"{name}/__pycache__/{bytecode}" for bytecode in _unfounded(entry.path))


def _unfounded(cache: str) -> Iterator[str]:
    """Yield the files of a bytecode cache that are no bytecode, or that Python runs without a look at the source."""
    with os.scandir(cache) as entries:
        for entry in entries:
            if not (entry.is_file(follow_symlinks=False) and entry.name.endswith(".pyc")) or _is_unchecked(entry.path):
                yield entry.name


def _is_unchecked(path: str) -> bool:
    """Return whether the header says: made from a source with some hash, and do not compare (PEP 552)."""
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - asked of every module
        flags = stream.read(8)[4:]
    return int.from_bytes(flags, "little") & 0b11 == 0b01


def _beside(parent: Path) -> list[str]:
    return sorted({path.name for pattern in _BESIDE for path in parent.glob(pattern)})


def _described(parent: Path) -> list[Path]:
    """Return the .dist-info folders of this distribution, without those of an editable installation.

    The caller has found no RECORD that lists the package, so each of them has lost its RECORD, or has another's.
    """
    folders = sorted(parent.glob(f"{DISTRIBUTION.replace('-', '_')}-*.dist-info"))
    return [
        folder
        for folder in folders
        if not ((folder / "RECORD").is_file() and "__editable__" in (folder / "RECORD").read_text())
    ]


def _metadata(parent: Path, wheel: tuple[Recorded, ...]) -> list[str]:
    """Return the paths of the wheel's metadata, without the files that the installer wrote on this host."""
    paths = []
    for path, _ in wheel:
        folder, _, name = path.partition("/")
        if folder.endswith(".dist-info") and name not in _WRITTEN_BY_INSTALLER and os.path.lexists(parent / path):
            paths.append(path)
    return paths


def _record_problems(parent: Path, wheel: tuple[Recorded, ...], sums: dict[str, str]) -> Iterator[str]:
    """Compare RECORD with the disk: every file that it gives a hash, the scripts outside the package too."""
    for path, recorded in wheel:
        if not recorded or "__pycache__/" in path:
            continue
        expected = _hex(recorded)
        try:
            actual = sums.get(path) or _sum(parent, path)
        except FileNotFoundError:
            yield f"{path} is missing"
            continue
        if actual != expected:
            yield f"{path} has sha256 {actual[:12]}, RECORD says {expected[:12]}"


def _hex(recorded: str) -> str:
    """Return the digest in hex; a line that cannot be read, or names another algorithm, confirms no file."""
    algorithm, _, text = recorded.partition("=")
    try:
        # RECORD has base64 without its padding.
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex() if algorithm == "sha256" else "unknown"
    except ValueError:
        return "unreadable"


def _sum(parent: Path, path: str) -> str:
    full = f"{parent}/{path}"
    # O_NOFOLLOW: what is behind a symlink can change without the file of that name changing.
    try:
        descriptor = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        if not Path(full).is_symlink():
            raise
        return hashlib.sha256(b"symlink " + os.fsencode(Path(full).readlink())).hexdigest()
    try:
        sha256 = hashlib.sha256()
        while piece := os.read(descriptor, _PIECE):
            sha256.update(piece)
        return sha256.hexdigest()
    finally:
        os.close(descriptor)

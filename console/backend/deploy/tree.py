"""The files of the console as they are on disk now: an installed wheel or a source tree, each with its sha256."""

import base64
import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import Distribution, PackagePath, distributions
from pathlib import Path

from console.backend.deploy.manifest import FileSum, Kind
from console.backend.errors import StopCode, Unmeasured
from console.backend.safe_text import SafeText
from console.backend.value import Value

DISTRIBUTION = "cutter-console"
_BESIDE = ("pyproject.toml", "requirements*.txt")
_WRITTEN_BY_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_PIECE = 1 << 20


class Tree(Value):
    """What is on disk. A symlink is no file of ours: its sum is over the word `symlink` and its target."""

    kind: Kind
    files: tuple[FileSum, ...]
    """Sorted by path; bytecode caches are left out."""
    record_problems: tuple[SafeText, ...] = ()
    """Files of an installed wheel that its own RECORD does not confirm."""


def read_tree(package: Path) -> Tree:
    """Hash the deployed console. Raises Unmeasured where a file cannot be read."""
    parent = package.parent
    try:
        inside = [FileSum(path=path, sha256=_sum(parent, path)) for path in _package_files(package)]
        wheel = installed_wheel(package)
        if wheel is None:
            beside = [FileSum(path=path, sha256=_sum(parent, path)) for path in _beside(parent)]
            return Tree(kind=Kind.SOURCE, files=_sorted([*inside, *beside]))
        sums = {one.path: one.sha256 for one in inside}
        metadata = [FileSum(path=path, sha256=_sum(parent, path)) for path in _metadata(parent, wheel)]
        return Tree(
            kind=Kind.WHEEL,
            files=_sorted([*inside, *metadata]),
            record_problems=tuple(_record_problems(parent, wheel, sums)),
        )
    except OSError as error:
        message = f"{error.filename or package}: {error.strerror or error}"
        raise Unmeasured(StopCode.UNREACHABLE, message, "Make the console's own files readable.") from error


def installed_wheel(package: Path) -> Distribution | None:
    """The wheel whose RECORD lists this package; None for a source tree, an editable installation included."""
    for found in distributions(name=DISTRIBUTION, path=[str(package.parent)]):
        files = found.files if found.read_text("RECORD") is not None else None
        if any(file.parts == (package.name, "__init__.py") for file in files or ()):
            return found
    return None


def _sorted(files: list[FileSum]) -> tuple[FileSum, ...]:
    return tuple(sorted(files, key=lambda one: one.path))


def _package_files(package: Path) -> Iterator[str]:
    """Everything below the package but its bytecode caches; bytecode beside the sources could be imported, so it counts."""
    pending = [(package, package.name)]
    while pending:
        folder, name = pending.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield f"{name}/{entry.name}"
                elif entry.name != "__pycache__":
                    pending.append((Path(entry.path), f"{name}/{entry.name}"))


def _beside(parent: Path) -> list[str]:
    return sorted({path.name for pattern in _BESIDE for path in parent.glob(pattern)})


def _metadata(parent: Path, wheel: Distribution) -> list[str]:
    """The wheel's own description, without what the installer wrote on this host."""
    return [
        str(file)
        for file in wheel.files or ()
        if file.parts[0].endswith(".dist-info")
        and file.name not in _WRITTEN_BY_INSTALLER
        and os.path.lexists(parent / file)
    ]


def _record_problems(parent: Path, wheel: Distribution, sums: dict[str, str]) -> Iterator[str]:
    """RECORD against the disk: every file that it gives a hash, the scripts outside the package too."""
    for file in wheel.files or ():
        if file.hash is None or file.hash.mode != "sha256" or "__pycache__" in file.parts:
            continue
        path = str(file)
        wanted = _hex(file)
        try:
            found = sums.get(path) or _sum(parent, path)
        except FileNotFoundError:
            yield f"{path} is missing"
            continue
        if found != wanted:
            yield f"{path} has sha256 {found[:12]}, RECORD says {wanted[:12]}"


def _hex(file: PackagePath) -> str:
    assert file.hash is not None
    text: str = file.hash.value
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
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

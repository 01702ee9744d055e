"""SHA256SUMS of a directory of documents: written so that `sha256sum -c` can read it, and verified here."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from console.backend.host.regular_file import sha256_file
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.asc"
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._/-]{0,250})")
_MOST_BYTES = 16 << 20
_MANY = 10


class SumsVerdict(Value):
    """A directory compared with its SHA256SUMS. Paths are relative to the directory."""

    directory: SafeText
    listed: tuple[SafeText, ...] = ()
    missing: tuple[SafeText, ...] = ()
    altered: tuple[SafeText, ...] = ()
    extra: tuple[SafeText, ...] = ()
    """Files that are not listed; a symlink always counts as one."""
    unreadable: SafeText = ""
    """Reason why the sums themselves cannot be used: missing, torn, malformed."""

    @property
    def sound(self) -> bool:
        """Return whether every listed file is there as it was written, and no other file is."""
        return not (self.missing or self.altered or self.extra or self.unreadable)

    @property
    def detail(self) -> SafeText:
        """Return what is wrong, or how many files are as they were written."""
        if self.unreadable:
            return self.unreadable
        by_kind = (("missing", self.missing), ("altered", self.altered), ("extra", self.extra))
        problems = [f"{kind}: {_first_names(paths)}" for kind, paths in by_kind if paths]
        return "; ".join(problems) or f"{len(self.listed)} files as {SUMS} has them"


def sums_of(contents: dict[str, str]) -> bytes:
    """Return the file's content for `sha256sum -c`, sorted by path; `contents` is sha256 by relative path."""
    return "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(contents.items())).encode("ascii")


def verify_sums(directory: Path) -> SumsVerdict:
    """Read every file again and compare. Raises OSError if the directory cannot be read; wrong sums are a verdict."""
    on_disk = set(_files(directory)) - {SUMS, SIGNATURE}
    try:
        listed = read_sums(directory)
    except (OSError, ValueError) as error:
        return SumsVerdict(directory=str(directory), unreadable=f"{SUMS}: {_reason(error)}")
    present = {path for path in listed if path in on_disk and (directory / path).is_file()}
    altered = {path for path in present if sha256_file(directory / path) != listed[path]}
    return SumsVerdict(
        directory=str(directory),
        listed=tuple(sorted(listed)),
        missing=tuple(sorted(set(listed) - present)),
        altered=tuple(sorted(altered)),
        extra=tuple(sorted(safe_text(path) for path in on_disk - set(listed))),
    )


def read_sums(directory: Path) -> dict[str, str]:
    """Return sha256 by path, as the sums list them. Raises OSError or ValueError if they cannot be used."""
    return _parse(_read(directory / SUMS))


def _read(sums: Path) -> str:
    descriptor = os.open(sums, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError("is too large")
    return data.decode("ascii")


def _parse(text: str) -> dict[str, str]:
    """Return sha256 by path. Raises ValueError for a torn end, a malformed line, or a path that leads out."""
    if not text.endswith("\n"):
        raise ValueError("is empty, or its last line is torn")
    sums: dict[str, str] = {}
    for number, line in enumerate(text[:-1].split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is None or ".." in PurePosixPath(match[2]).parts or match[2] in sums:
            raise ValueError(f"line {number} is malformed")
        sums[match[2]] = match[1]
    return sums


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is not ASCII"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _files(directory: Path, below: str = "") -> Iterator[str]:
    with os.scandir(directory / below) as entries:
        for entry in entries:
            name = f"{below}{entry.name}"
            # A link is never followed: what it leads to can change without anything in this directory changing.
            if entry.is_dir(follow_symlinks=False):
                yield from _files(directory, f"{name}/")
            elif entry.is_symlink():
                yield f"{name} (a symlink)"
            else:
                yield name


def _first_names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more

"""The bundle in which a run is handed over: one archive of its files, the same bytes for the same files.

It is a tar archive (POSIX ustar) of regular files without owner, time or mode of their own, and ends with a manifest of
the digests of all members. The reader takes exactly what the writer makes: every header must be the one that it would
write itself for this name and length, so links, paths, extensions and anything else have no place in it.
"""

import hashlib
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import ValidationError

from console.backend.approvals.statement import RunId
from console.backend.host.regular_file import open_regular, regular_parts
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

MANIFEST_NAME = "manifest.json"
RUN, APPROVALS = "run", "approvals"
"""Folders in the archive: the run's directory, and its statements with their signatures."""
MOST_MEMBERS = 4096
MOST_MEMBER_BYTES = 1 << 30
MOST_BYTES = 8 << 30
_MOST_MANIFEST_BYTES = 4 << 20
_NAME = re.compile(rf"(?:{RUN}|{APPROVALS})/[A-Za-z0-9][A-Za-z0-9._-]{{0,199}}")
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_PART = 1 << 20
_AGAIN = "Have the bundle copied again from the host that wrote it."
_SAME_RELEASE = (
    "Install the same release here, or have the bundle copied again. Compare on both hosts: cutter-console --version"
)


class Member(Value):
    """One file of the bundle."""

    name: str
    bytes: int
    sha256: str


class BundleManifest(Value):
    """The last file of a bundle: the run, who hands it over, and the digest of every other file."""

    schema_name: Literal["cutter-console/hand-over/1"] = "cutter-console/hand-over/1"
    run_id: RunId
    docprefix: SafeText
    operator: SafeText
    host: SafeText
    members: tuple[Member, ...]

    @property
    def digest(self) -> str:
        """Return the sha256 of the manifest's bytes, which the database keeps and which fixes the whole bundle."""
        return sha256_hex(canonical_json(self))


def is_member_name(name: str) -> bool:
    """Return whether a file of this name may be in a bundle."""
    return _NAME.fullmatch(name) is not None and ".." not in name


def file_parts(name: str, path: Path, on_member: Callable[[Member], None]) -> Iterator[bytes]:
    """Yield a file as the archive has it; `on_member` gets its digest behind it.

    Raises OSError if it cannot be read, Drifted if it changes meanwhile.
    """
    size = path.stat().st_size
    if size > MOST_MEMBER_BYTES:
        message = f"{path} has {size} bytes, a file of a bundle has {MOST_MEMBER_BYTES} at most"
        raise Refused(StopCode.CAP_EXCEEDED, message, "This run is not handed over; end it here.")
    yield _header(name, size)
    sha256, taken = hashlib.sha256(), 0
    for part in regular_parts(path, MOST_MEMBER_BYTES):
        taken += len(part)
        sha256.update(part)
        yield part
    if taken != size:
        raise Drifted(StopCode.INVARIANT_FAILED, f"{path} was changed while it was read", "Do it again.")
    yield _padding(size)
    on_member(Member(name=name, bytes=size, sha256=sha256.hexdigest()))


def end_parts(manifest: BundleManifest) -> Iterator[bytes]:
    """Yield the manifest and the end of the archive."""
    data = canonical_json(manifest)
    yield _header(MANIFEST_NAME, len(data))
    yield data
    yield _padding(len(data))
    yield _END


def begins_bundle(stream: BinaryIO) -> bool:
    """Return whether the first member of an archive is one that a bundle has; the rest is not read."""
    try:
        header = _read_header(stream, Path())
    except Refused:
        return False
    return header is not None and is_member_name(header[0])


def unpack(path: Path, keep: Callable[[str, Iterable[bytes]], str]) -> BundleManifest:
    """Give each file of a bundle to `keep`, which returns its sha256, and return the manifest that all of them agree with.

    Raises Refused naming the first member that is not as a bundle has it, and why; OSError if the file cannot be read.
    """
    with os.fdopen(open_regular(path), "rb") as stream:
        members: list[Member] = []
        total = 0
        while (header := _read_header(stream, path)) is not None:
            name, size = header
            if name == MANIFEST_NAME:
                return _manifest(stream, size, members, path)
            total += size
            if reason := _no_member(name, size, total, members):
                raise _refused(path, name, reason)
            sha256 = keep(name, _body(stream, name, size, path))
            members.append(Member(name=name, bytes=size, sha256=sha256))
    raise _refused(path, MANIFEST_NAME, "it is missing: the file was cut off")


def _no_member(name: str, size: int, total: int, members: list[Member]) -> str:
    if not is_member_name(name):
        return "a bundle has no file of this name"
    if any(member.name == name for member in members):
        return "it is there twice"
    if size > MOST_MEMBER_BYTES or total > MOST_BYTES:
        return f"a file has {MOST_MEMBER_BYTES} bytes at most, and all of them {MOST_BYTES}"
    return f"there are more than {MOST_MEMBERS} files" if len(members) >= MOST_MEMBERS else ""


def _manifest(stream: BinaryIO, size: int, members: list[Member], path: Path) -> BundleManifest:
    if size > _MOST_MANIFEST_BYTES:
        raise _refused(path, MANIFEST_NAME, f"it has {size} bytes, {_MOST_MANIFEST_BYTES} at most")
    data = b"".join(_body(stream, MANIFEST_NAME, size, path))
    if stream.read(len(_END) + 1) != _END:
        raise _refused(path, MANIFEST_NAME, "something else is behind it")
    try:
        manifest = BundleManifest.model_validate_json(data)
    except ValidationError as error:
        raise _refused(path, MANIFEST_NAME, "it is none of this release", _SAME_RELEASE) from error
    if canonical_json(manifest) != data:
        raise _refused(path, MANIFEST_NAME, "it is not written as the console writes it")
    listed = {member.name: member for member in manifest.members}
    for member in members:
        if member.name not in listed:
            raise _refused(path, member.name, "the manifest does not list it")
        if (wanted := listed[member.name]) != member:
            reason = f"it has {member.bytes} bytes, sha256 {member.sha256}; the manifest says {wanted.bytes}, {wanted.sha256}"
            raise _refused(path, member.name, reason)
    missing = [name for name in listed if name not in {member.name for member in members}]
    if missing or len(manifest.members) != len(members):
        raise _refused(path, missing[0] if missing else MANIFEST_NAME, "the manifest lists it, and it is not there")
    return manifest


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, 0
    return entry.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _read_header(stream: BinaryIO, path: Path) -> tuple[str, int] | None:
    """Return name and length of the next member, or None at the end of the file."""
    block = stream.read(_BLOCK)
    if not block:
        return None
    try:
        entry = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        is_ours = _header(entry.name, entry.size) == block
    except (tarfile.TarError, ValueError) as error:
        raise _refused(path, f"byte {stream.tell() - len(block)}", "no member of a bundle begins there") from error
    if not is_ours:
        raise _refused(path, entry.name, "its header is not that of a plain file as the console writes it")
    return entry.name, entry.size


def _body(stream: BinaryIO, name: str, size: int, path: Path) -> Iterator[bytes]:
    left = size
    while left:
        part = stream.read(min(left, _PART))
        if not part:
            raise _refused(path, name, "the file was cut off in it")
        left -= len(part)
        yield part
    if stream.read(-size % _BLOCK) != _padding(size):
        raise _refused(path, name, "it is not filled up with zeros")


def _refused(path: Path, member: str, reason: str, next_action: str = _AGAIN) -> Refused:
    message = f"{path}: {safe_text(member)}: {reason}"
    return Refused(StopCode.REFUSED_INPUT, message, next_action)

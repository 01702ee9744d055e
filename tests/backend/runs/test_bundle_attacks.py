"""Bundles that are not as a console writes them: each is refused by the name of the member, and nothing of it is kept."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import CutterError, Refused
from console.backend.runs import run_bundle
from console.backend.runs.run_bundle import BundleManifest, Member
from tests.backend.runs.test_two_roots import next_host
from tests.support.passage import Kept, Passage, fingerprint

At = Callable[[str], Passage]
Files = list[tuple[str, bytes]]
BLOCK = 512


@pytest.fixture
def handed(kept: Kept, at: At, tmp_path: Path) -> tuple[Passage, Passage, Path]:
    """The host that handed a run over, the next one, and the bundle."""

    def make() -> Passage:
        passage = at("SG_1 imported")
        passage.backend.hand_over(passage.run_id, passage.installation.root / "artifacts" / "run.tar")
        return passage

    here = kept("handed over", make)
    return here, next_host(here, tmp_path / "other"), here.installation.root / "artifacts" / "run.tar"


def files_of(bundle: Path) -> Files:
    """Every file of a bundle, in order, the manifest last."""
    with tarfile.open(bundle) as archive:
        return [(entry.name, _read(archive, entry)) for entry in archive.getmembers()]


def _read(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(entry)
    assert stream is not None
    return stream.read()


def packed(files: Files) -> bytes:
    """The bytes of an archive of these files, as a console writes them."""
    return b"".join(_member(name, data) for name, data in files) + bytes(2 * BLOCK)


def _member(name: str, data: bytes, **changes: object) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    for field, value in changes.items():
        setattr(entry, field, value)
    return entry.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % BLOCK)


def resealed(files: Files) -> Files:
    """The files with a manifest that fits them, as somebody would make who has changed one."""
    old = BundleManifest.model_validate_json(files[-1][1])
    members = tuple(Member(name=name, bytes=len(data), sha256=sha256_hex(data)) for name, data in files[:-1])
    return [*files[:-1], (files[-1][0], canonical_json(old.model_copy(update={"members": members})))]


def _with(member: str, change: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    return lambda files: [(name, change(data) if name == member else data) for name, data in files]


def _added(name: str, data: bytes = b"x") -> Callable[[Files], Files]:
    return lambda files: [(name, data), *files]


CHANGED: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a bit of the plan": (_with("run/plan.json", lambda data: data[:-1] + b" "), "run/plan.json: it has"),
    "a bit of the source": (_with("run/source.raw", lambda data: data + b"x"), "run/source.raw: it has"),
    "a file less": (
        lambda files: [file for file in files if file[0] != "run/marked.json"],
        "run/marked.json: the manif",
    ),
    "a file more": (_added("run/more.json"), "run/more.json: the manifest does not list it"),
    "a file twice": (lambda files: [files[0], *files], "it is there twice"),
    "a path upwards": (_added("run/../../x"), "a bundle has no file of this name"),
    "an absolute path": (_added("/etc/x"), "a bundle has no file of this name"),
    "a path below": (_added("run/a/b"), "a bundle has no file of this name"),
    "a hidden file": (_added("run/.x"), "a bundle has no file of this name"),
    "another folder": (_added("backups/x"), "a bundle has no file of this name"),
    "a terminal's escape": (_added("run/\x1b[2J"), "a bundle has no file of this name"),
    "no manifest": (lambda files: files[:-1], "no member of a bundle begins there"),
    "a manifest that is none": (lambda files: [*files[:-1], ("manifest.json", b"{}")], "it is none of this release"),
    "a manifest in other spelling": (_with("manifest.json", lambda data: data + b"\n"), "not written as the console"),
}


@pytest.mark.parametrize("how", CHANGED)
def test_a_bundle_that_was_changed_is_refused_and_leaves_nothing(
    handed: tuple[Passage, Passage, Path], how: str
) -> None:
    change, reason = CHANGED[how]
    _refused(handed, packed(change(files_of(handed[2]))), reason)


SEALED: dict[str, tuple[Callable[[Files], Files], str]] = {
    "another plan": CHANGED["a bit of the plan"],
    "another request": (_with("run/request.json", lambda data: data.replace(b"ACME", b"ACMF")), ""),
    "a key": (_added("run/anchor.key", b"k" * 32), ""),
    "a journal cut off": (_with("run/journal.jsonl", lambda data: data[: data.rindex(b"\n", 0, -1) + 1]), ""),
}


@pytest.mark.parametrize("how", SEALED)
def test_a_bundle_that_fits_another_manifest_is_not_the_one_that_was_handed_over(
    handed: tuple[Passage, Passage, Path], how: str
) -> None:
    """The database keeps the digest of the manifest, and the manifest those of all files."""
    data = packed(resealed(SEALED[how][0](files_of(handed[2]))))
    _refused(handed, data, "manifest.json: run .* does not wait for sha256")


@pytest.mark.parametrize("run_id", ["", "../x", "ictr-\x1b[31m\n", "\0", "x" * 5000])
def test_a_manifest_names_a_run(handed: tuple[Passage, Passage, Path], run_id: str) -> None:
    """What is no id of a run is asked of no database and printed nowhere."""

    def renamed(data: bytes) -> bytes:
        return canonical_json(BundleManifest.model_validate_json(data).model_copy(update={"run_id": run_id}))

    files = files_of(handed[2])
    _refused(handed, packed([*files[:-1], (files[-1][0], renamed(files[-1][1]))]), "it is none of this release")


def test_a_bundle_of_another_release_is_not_to_be_copied_again_but_read_by_that_release(
    handed: tuple[Passage, Passage, Path],
) -> None:
    _, other, bundle = handed
    files = files_of(bundle)
    newer = bundle.with_name("newer.tar")
    newer.write_bytes(packed([*files[:-1], (files[-1][0], files[-1][1].replace(b"hand-over/1", b"hand-over/2"))]))

    with pytest.raises(Refused, match="it is none of this release") as refused:
        other.backend.accept_run(newer)

    assert "cutter-console --version" in refused.value.next_action


HEADERS: dict[str, dict[str, object]] = {
    "a link": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0},
    "a hard link": {"type": tarfile.LNKTYPE, "linkname": "run/plan.json", "size": 0},
    "a folder": {"type": tarfile.DIRTYPE, "size": 0},
    "a FIFO": {"type": tarfile.FIFOTYPE, "size": 0},
    "a device": {"type": tarfile.CHRTYPE, "size": 0},
    "a long name": {"type": tarfile.GNUTYPE_LONGNAME},
    "an extended header": {"type": tarfile.XHDTYPE},
    "a sparse file": {"type": tarfile.GNUTYPE_SPARSE},
    "another mode": {"mode": 0o4755},
    "an owner": {"uid": 1000},
    "a time": {"mtime": 1},
}


@pytest.mark.parametrize("how", HEADERS)
def test_anything_but_a_plain_file_is_refused(handed: tuple[Passage, Passage, Path], how: str) -> None:
    first = _member("run/x", b"" if HEADERS[how].get("size") == 0 else b"y", **HEADERS[how])
    _refused(handed, first + handed[2].read_bytes(), "its header is not that of a plain file|no file of this name")


BYTES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "it is missing: the file was cut off"),
    "no archive": (lambda data: b"x" * 5000, "byte 0: no member of a bundle begins there"),
    "cut off in a file": (lambda data: data[: BLOCK + 3], "the file was cut off in it"),
    "cut off in the end": (lambda data: data[:-1], "something else is behind it"),
    "more behind it": (lambda data: data + b"x", "something else is behind it"),
    "a file of two gigabytes": (lambda data: _header_of(2 << 30) + data, "has 1073741824 bytes at most"),
    "a file of a terabyte": (lambda data: _header_of(1 << 40) + data, "no member of a bundle begins there"),
    "a file of negative length": (lambda data: _negative() + data, "no member of a bundle begins there|not that of"),
    "something in the padding": (lambda data: _member("run/x", b"y")[:-1] + b"z" + data, "not filled up with zeros"),
}


def _header_of(size: int) -> bytes:
    entry = tarfile.TarInfo("run/x")
    entry.size, entry.mode = size, 0o600
    return entry.tobuf(tarfile.USTAR_FORMAT if 0 <= size < 8 << 30 else tarfile.GNU_FORMAT)


def _negative() -> bytes:
    return _header_of(-5)


@pytest.mark.parametrize("how", BYTES)
def test_bytes_that_are_no_bundle_are_refused(handed: tuple[Passage, Passage, Path], how: str) -> None:
    change, reason = BYTES[how]
    _refused(handed, change(handed[2].read_bytes()), reason)


def test_limits_of_number_and_length_hold(
    handed: tuple[Passage, Passage, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_bundle, "MOST_MEMBERS", 3)
    _refused(handed, handed[2].read_bytes(), "there are more than 3 files")
    monkeypatch.setattr(run_bundle, "MOST_MEMBERS", 4096)
    monkeypatch.setattr(run_bundle, "MOST_BYTES", 1000)
    _refused(handed, handed[2].read_bytes(), "and all of them 1000")


def test_the_same_files_give_the_same_bytes(handed: tuple[Passage, Passage, Path]) -> None:
    assert packed(files_of(handed[2])) == handed[2].read_bytes()
    assert not [name for name, _ in files_of(handed[2]) if "key" in name]


@pytest.mark.parametrize("kind", ["a link", "a folder", "nothing"])
def test_a_bundle_is_a_file(handed: tuple[Passage, Passage, Path], tmp_path: Path, kind: str) -> None:
    here, there, _bundle = handed
    place = tmp_path / "place"
    if kind == "a folder":
        place.mkdir()
    elif kind == "a link":
        place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(CutterError):
        there.backend.accept_run(place)
    assert not list((there.installation.root / "runs").iterdir())
    assert here.run().elsewhere.startswith("handed over")


def test_a_file_that_is_there_already_is_neither_replaced_nor_taken_for_the_run_s(
    handed: tuple[Passage, Passage, Path],
) -> None:
    _here, there, bundle = handed
    name = next(name for name, _ in files_of(bundle) if name.startswith("approvals/"))
    place = there.installation.root / name
    place.write_bytes(b"mine")
    with pytest.raises(CutterError, match="is there already"):
        there.backend.accept_run(bundle)
    assert place.read_bytes() == b"mine"
    assert not list((there.installation.root / "runs").iterdir())
    place.unlink()
    assert there.backend.accept_run(bundle)[1]


def _refused(handed: tuple[Passage, Passage, Path], data: bytes, reason: str) -> None:
    here, there, bundle = handed
    changed = bundle.with_name("changed.tar")
    changed.write_bytes(data)
    before, files = fingerprint(here), _tree(there.installation.root)
    with pytest.raises(CutterError, match=reason):
        there.backend.accept_run(changed)
    assert (fingerprint(here), _tree(there.installation.root)) == (before, files)


def _tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}

"""Files are written by one module: whole or not at all, durable, and never over a file that must stay."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.host.durable import (
    replace_file,
    rewrite_file,
    sync_file,
    write_durably,
    write_new_file,
)
from tests.support.sources import modules_with

HOME = "console/backend/host/durable.py"
EXCEPTIONS = {
    "console/app/line_writer.py": "writes to the terminal",
    "console/app/terminal.py": "lets standard streams lead nowhere",
    "console/backend/backup/take.py": "gpg streams the encrypted dump into a hidden file, which durable then puts in place",
    "console/backend/host/crash.py": "the console is failing: one write that leans on nothing else",
    "console/backend/host/process_guard.py": "a script of its own, which lets its standard streams lead nowhere",
    "console/backend/host/recording_file.py": "a recording is appended to in place, and is no evidence",
    "console/backend/journal/journal.py": "the journal is appended to in place, one write and one fsync per record",
    "console/backend/postgres/document_rows.py": "writes into a COPY of the scratch cluster",
    "console/backend/postgres/session.py": "hands a statement's copy() on to psycopg, and copies no file",
    "console/backend/host/hold_file.py": "the HOLD is the directory entry itself and must stay while its reason is written",
    "console/backend/scratch/cluster.py": "the log of a server that is thrown away",
    "console/cli/printing.py": "lets standard streams lead nowhere",
}
"""Modules that open something for writing by themselves, each with the reason."""
_WRITING_MODES = frozenset("wax+")
_WRITING_FLAGS = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC")
_WRITERS = {"write_text", "write_bytes", "NamedTemporaryFile", "TemporaryFile", "mkstemp", "copyfile", "copy", "copy2"}
_OF_OS = {"os.replace", "os.link", "os.truncate"}
_CALLED = (*_WRITERS - {"copy"}, *_OF_OS, "copy(", "open(", "fdopen(")
"""What stands in the text of a module that calls one of them, formatted as every module is."""
_LAST = _WRITERS | {name.rpartition(".")[2] for name in _OF_OS} | {"open", "fdopen"}


def writes(tree: ast.AST) -> Iterator[str]:
    """The calls that write a file or open one for writing."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        # The last part alone says of most calls that they are none of these.
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if last not in _LAST:
            continue
        name = ast.unparse(node.func)
        if name in _OF_OS or (last in _WRITERS and name.partition(".")[0] != "copy"):
            yield name
        elif name == "os.open":
            if any(flag in ast.unparse(node) for flag in _WRITING_FLAGS) or not _is_plain(node.args[1]):
                yield name
        elif last in {"open", "fdopen"} and _opens_to_write(node):
            yield name


def _is_plain(flags: ast.expr) -> bool:
    """Flags that are written down in the call; a variable may hold any."""
    return all(ast.unparse(name).startswith("os.") for name in ast.walk(flags) if isinstance(name, ast.Attribute)) and (
        not any(isinstance(name, ast.Name) and name.id != "os" for name in ast.walk(flags))
    )


def _opens_to_write(call: ast.Call) -> bool:
    modes = [
        node.value
        for node in (*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 4
    ]
    return any(_WRITING_MODES & set(mode) and set(mode) <= set("rwaxbt+") for mode in modes)


def test_no_other_module_writes_a_file() -> None:
    found = {name for name, tree in modules_with(*_CALLED) if name != HOME and list(writes(tree))}

    assert found == set(EXCEPTIONS)


@pytest.mark.parametrize(
    "source",
    [
        "path.write_text('x')",
        "path.write_bytes(b'x')",
        "open(path, 'w')",
        "path.open('ab')",
        "path.open(mode='x')",
        "os.open(path, os.O_WRONLY)",
        "os.open(path, FLAGS)",
        "os.fdopen(descriptor, 'wb')",
        "os.replace(a, b)",
        "os.link(a, b)",
        "tempfile.NamedTemporaryFile()",
        "shutil.copy2(a, b)",
    ],
)
def test_the_scan_finds_what_it_looks_for(source: str) -> None:
    assert list(writes(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    ["path.open('rb')", "os.open(path, os.O_RDONLY | os.O_NOFOLLOW)", "os.fdopen(d, 'rb')", "Workspace.open(a, b)"],
)
def test_the_scan_leaves_reading_alone(source: str) -> None:
    assert not list(writes(ast.parse(source)))


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_new_file(path, b"first")

    with pytest.raises(FileExistsError):
        write_new_file(path, b"second")

    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"first")]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_in_the_place_of_a_new_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    for write in (write_new_file, write_durably):
        with pytest.raises(FileExistsError):
            write(tmp_path / "link", b"data")

    assert not (tmp_path / "elsewhere").exists()


def test_a_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_new_file(tmp_path / "open", b"")
        write_new_file(tmp_path / "closed", b"", 0o600)
        replace_file(tmp_path / "replaced", b"")
    finally:
        os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"open": 0o640, "closed": 0o600, "replaced": 0o640}


def test_a_rewritten_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o604)

    rewrite_file(path, b"new")

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o604)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
@pytest.mark.parametrize("write", [write_new_file, write_durably, replace_file, rewrite_file])
def test_a_file_that_cannot_be_written_whole_is_not_there(
    write: object, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    if write in {rewrite_file, replace_file}:
        path.write_bytes(b"old")
    before = [(one.name, one.read_bytes()) for one in tmp_path.iterdir()]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    assert callable(write)
    with pytest.raises(OSError, match="No space left"):
        write(path, b"new")

    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == before


def test_the_file_and_its_folder_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    for write in (write_new_file, replace_file, rewrite_file):
        synced.clear()
        write(tmp_path / "new", b"data")
        assert [name.startswith(".new.") for name in synced] == [True, False]
        assert synced[1] == tmp_path.name


def test_a_link_is_not_synced_in_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(OSError, match="symbolic links"):
        sync_file(tmp_path / "link")

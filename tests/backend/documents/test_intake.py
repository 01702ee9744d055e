"""Where documents come from, and what is not taken."""

import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from console.backend.documents.intake import list_intake, read_accept_beside, read_source
from console.backend.documents.limits import Limits
from console.backend.model.errors import Refused, StopCode
from tests.conftest import as_ordinary_user


def test_a_file_is_read_to_the_byte_and_named_without_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "law.md"
    path.write_bytes(b"\xef\xbb\xbf# A\r\n\xff")
    source = read_source(path, folder=tmp_path)
    assert (source.origin, source.raw) == ("file:law.md", b"\xef\xbb\xbf# A\r\n\xff")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.md"))
        for path, said in (
            (tmp_path, "is a directory"),
            (tmp_path / "none.md", "does not exist"),
            (tmp_path / "pipe.md", "not a regular file"),
            (tmp_path / "s.md", "cannot be opened"),
            (Path("/dev/null"), "not a regular file"),
        ):
            with pytest.raises(Refused, match=said) as caught:
                read_source(path)
            assert caught.value.code is StopCode.REFUSED_INPUT
            assert caught.value.next_action


def test_a_link_is_followed_within_the_folder_and_refused_out_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "intake"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n")
    (tmp_path / "secret.md").write_text("# S\n")
    (folder / "in.md").symlink_to("a.md")
    (folder / "out.md").symlink_to("../secret.md")
    (folder / "loop.md").symlink_to("loop.md")
    assert read_source(folder / "in.md", folder=folder).raw == b"# A\n"
    for path in (folder / "out.md", folder / ".." / "secret.md", tmp_path / "secret.md"):
        with pytest.raises(Refused, match="leads out of the folder"):
            read_source(path, folder=folder)
    with pytest.raises(Refused):
        read_source(folder / "loop.md", folder=folder)


def test_size_is_refused_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "large.md"
    with path.open("wb") as stream:
        stream.truncate(65 * 1024 * 1024)
    with pytest.raises(Refused, match="the limit is 67,108,864") as caught:
        read_source(path)
    assert caught.value.code is StopCode.CAP_EXCEEDED


def test_a_file_without_permission_is_refused() -> None:
    with TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        path = Path(place) / "closed.md"
        path.write_text("# A\n")
        path.chmod(0)
        with as_ordinary_user(), pytest.raises(Refused, match="Permission denied"):
            read_source(path)


def test_the_intake_folder_is_listed_with_the_reason_for_each_refusal(tmp_path: Path) -> None:
    folder = tmp_path / "intake"
    folder.mkdir()
    (folder / "b.md").write_text("# B\n")
    (folder / "a.txt").write_text("A\n")
    (folder / "c.pdf").write_text("%PDF")
    (folder / "d.md").mkdir()
    (folder / "e.md").symlink_to("/etc/passwd")
    (folder / "f\x1b[31m.md").write_text("# F\n" * 9)
    (folder / ".hidden.md").write_text("# H\n")
    entries = list_intake(folder, Limits(max_bytes=20))
    assert [(e.name, e.bytes, bool(e.refused)) for e in entries] == [
        ("a.txt", 2, False),
        ("b.md", 4, False),
        ("c.pdf", None, True),
        ("d.md", None, True),
        ("e.md", None, True),
        ("f␛[31m.md", None, True),
    ]
    assert entries[0].modified is not None
    assert "leads out" in entries[4].refused


def test_an_accept_file_is_listed_only_without_its_document(tmp_path: Path) -> None:
    for name in ("a.md", "a.md.accept.toml", "b.md.accept.toml"):
        (tmp_path / name).write_text("# A\n")
    assert [(entry.name, bool(entry.refused)) for entry in list_intake(tmp_path)] == [
        ("a.md", False),
        ("b.md.accept.toml", True),
    ]


def test_an_accept_file_beside_a_document_is_read_within_the_folder(tmp_path: Path) -> None:
    (tmp_path / "intake").mkdir()
    assert read_accept_beside(tmp_path / "intake", "a.md") == b""
    (tmp_path / "intake" / "a.md.accept.toml").write_bytes(b"x")
    assert read_accept_beside(tmp_path / "intake", "a.md") == b"x"
    (tmp_path / "outside.toml").write_bytes(b"x")
    (tmp_path / "intake" / "b.md.accept.toml").symlink_to(tmp_path / "outside.toml")
    with pytest.raises(Refused, match="leads out of the folder"):
        read_accept_beside(tmp_path / "intake", "b.md")


def test_a_missing_intake_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be listed"):
        list_intake(tmp_path / "none")

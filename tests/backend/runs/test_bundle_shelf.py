"""Files that could be accepted: those that begin as a bundle does, and nothing else of a folder is opened."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.errors import UsageError
from console.backend.runs import bundle_shelf
from console.backend.runs.bundle_shelf import bundles_in
from tests.support.passage import Passage

At = Callable[[str], Passage]


def test_a_bundle_is_found_in_its_folder_and_nothing_that_is_none(at: At, tmp_path: Path) -> None:
    passage = at("waits for SG_1")
    bundle = tmp_path / "of a run.tar"
    passage.backend.hand_over(passage.run_id, bundle)
    (tmp_path / "text.md").write_text("# A text\n" * 1000)
    (tmp_path / "short.tar").write_bytes(bundle.read_bytes()[:1024])
    (tmp_path / "odd\x1b.tar").write_bytes(bundle.read_bytes())
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.tar").symlink_to(bundle)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    shelf = passage.backend.bundles(tmp_path)
    assert {file.name for file in shelf.files} == {"of a run.tar", "link.tar"}
    assert shelf.is_whole
    assert passage.backend.bundles().folder == passage.installation.intake
    with pytest.raises(UsageError, match="No such file or directory"):
        bundles_in(tmp_path / "none")
    with pytest.raises(UsageError):
        bundles_in(Path("a\0b"))


def test_no_device_and_no_short_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To open a device can do something: a watchdog begins to count."""
    opened: list[str] = []
    monkeypatch.setattr(bundle_shelf, "open_regular", lambda path: opened.append(path.name))
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "short").write_bytes(b"x" * 2047)
    assert bundles_in(tmp_path).files == ()
    assert opened == []


def test_a_folder_of_many_files_says_that_not_all_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_shelf, "_MOST_LOOKED_AT", 2)
    for name in "abc":
        (tmp_path / name).write_text("")
    assert not bundles_in(tmp_path).is_whole

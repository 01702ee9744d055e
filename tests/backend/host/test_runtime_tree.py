"""The runtime tree: made once, left as it is, and every way to spoil it is seen."""

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.backend.host.runtime_tree import (
    CONFIG_NAME,
    DIRECTORIES,
    check_tree,
    close_to_others,
    init_tree,
    to_write_below,
    within,
)
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _failed(root: Path) -> set[str]:
    return {check.name for check in check_tree(root, NOW) if check.outcome is not Outcome.PASS}


def test_a_new_tree_has_seven_directories_and_two_files_and_is_green(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = init_tree(tmp_path / "t", b"{}\n")
    finally:
        os.umask(old)
    root = tmp_path / "t"
    assert made == (root, *(root / name for name in DIRECTORIES), root / "README.md", root / CONFIG_NAME)
    assert {_mode(path) for path in made if path.is_dir()} == {0o750}
    assert {_mode(path) for path in made if path.is_file()} == {0o640}
    assert (root / CONFIG_NAME).read_bytes() == b"{}\n"
    assert _failed(root) == set()


def test_a_second_init_makes_nothing_and_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "t"
    init_tree(root, b"{}")
    (root / CONFIG_NAME).write_bytes(b'{"a":1}')
    assert init_tree(root, b"{}") == ()
    assert (root / CONFIG_NAME).read_bytes() == b'{"a":1}'


def test_the_mode_of_a_directory_that_was_there_is_never_changed(tmp_path: Path) -> None:
    root = tmp_path / "home" / "t"
    root.mkdir(parents=True)
    (root / "runs").mkdir()
    for path, mode in ((tmp_path / "home", 0o700), (root, 0o711), (root / "runs", 0o705)):
        path.chmod(mode)
    init_tree(root, b"{}")
    assert [_mode(tmp_path / "home"), _mode(root), _mode(root / "runs")] == [0o700, 0o711, 0o705]
    assert _failed(root) == {"tree.mode"}


@pytest.mark.parametrize("name", ["runs", CONFIG_NAME])
def test_a_symlink_in_the_way_is_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "t"
    root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused) as refused:
        init_tree(root, b"{}")
    assert refused.value.code is StopCode.REFUSED_INPUT


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        (lambda root: (root / "locks").rmdir(), "tree.complete"),
        (lambda root: (root / "README.md").unlink(), "tree.complete"),
        (lambda root: (root / "dump.sql").touch(0o640), "tree.strangers"),
        (lambda root: (root / "runs" / "x").symlink_to("/etc"), "tree.symlinks"),
        (lambda root: root.chmod(0o755), "tree.mode"),
        (lambda root: (root / "backups").chmod(0o770), "tree.mode"),
        (lambda root: (root / CONFIG_NAME).chmod(0o644), "tree.mode"),
        (lambda root: (root / "backups" / "b.gpg").touch() or (root / "backups" / "b.gpg").chmod(0o644), "tree.mode"),
    ],
)
def test_every_way_to_spoil_the_tree_is_seen(tmp_path: Path, harm: Callable[[Path], object], name: str) -> None:
    init_tree(tmp_path / "t", b"{}")
    harm(tmp_path / "t")
    assert _failed(tmp_path / "t") == {name}


def test_another_owner_is_seen(tmp_path: Path) -> None:
    init_tree(tmp_path / "t", b"{}")
    checks = check_tree(tmp_path / "t", NOW, owner_uid=os.geteuid() + 1)
    assert [check.name for check in checks if check.outcome is Outcome.FAIL] == ["tree.owner"]


def test_an_allowed_name_is_no_stranger(tmp_path: Path) -> None:
    init_tree(tmp_path / "t", b"{}")
    (tmp_path / "t" / "HOLD").touch(0o640)
    checks = check_tree(tmp_path / "t", NOW, also_allowed=frozenset({"HOLD"}))
    assert {check.outcome for check in checks} == {Outcome.PASS}


def test_a_tree_that_is_not_there_is_inconclusive(tmp_path: Path) -> None:
    assert [check.outcome for check in check_tree(tmp_path / "none", NOW)] == [Outcome.INCONCLUSIVE]


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", "/etc", "a\x00b", "-x", ".hidden", "a\nb", "x" * 129])
def test_an_id_that_is_not_a_plain_name_leads_nowhere(tmp_path: Path, part: str) -> None:
    with pytest.raises(Refused):
        within(tmp_path, "runs", part)


def test_an_id_stays_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    run = within(tmp_path, "runs", "ictr-20260302T085900Z-0a1b2c3d")
    assert run.parent == tmp_path / "runs"
    (tmp_path / "runs" / "out").symlink_to("/etc")
    with pytest.raises(Refused):
        within(tmp_path, "runs", "out", "passwd")


def test_the_chmod_that_is_named_closes_what_was_open(tmp_path: Path) -> None:
    root = tmp_path / "t"
    init_tree(root, b"{}")
    (root / "backups" / "two words").touch()
    (root / "backups" / "two words").chmod(0o666)
    (root / "reports").chmod(0o777)

    named = next(check for check in check_tree(root, NOW) if check.name == "tree.mode").next_action

    subprocess.run(named, shell=True, check=True)
    assert _failed(root) == set()


def test_what_could_not_be_written_is_no_reason_to_make_a_tree_that_is_there(tmp_path: Path) -> None:
    """On a file system that only reads, `init` has nothing to make, and says so."""
    assert "cutter-console init" in to_write_below(tmp_path / "runs")
    assert "init" not in to_write_below(tmp_path)


def test_the_mode_of_a_file_outside_of_the_tree_is_left_as_it_is(tmp_path: Path) -> None:
    """A signature can be named where it lies, and a link in the tree can lead to a file of somebody else."""
    root = tmp_path / "t"
    init_tree(root, b"{}")
    outside, inside = tmp_path / "signature.asc", root / "approvals" / "signature.asc"
    for file in (outside, inside):
        file.touch()
        file.chmod(0o644)
    link, beside = root / "approvals" / "link.asc", root / "approvals" / "beside.asc"
    link.symlink_to(outside)
    beside.symlink_to(inside)

    for path in (outside, link, beside):
        close_to_others(root, path)

    assert (_mode(outside), _mode(inside)) == (0o644, 0o644)
    close_to_others(root, inside)
    assert _mode(inside) == 0o640

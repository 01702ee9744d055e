"""A source tree and an installed wheel are hashed as they are on disk; a wheel is held to its own RECORD too."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.settings import Settings
from console.backend.model.canonical_json import canonical_json, digest, sha256_hex
from console.backend.model.errors import Unmeasured, UsageError
from console.backend.release.build import build_manifest
from console.backend.release.manifest import DeployManifest, FileSum, Kind, read_manifest
from console.backend.release.pins import machine_id
from console.backend.release.tree import Tree, installed_wheel, read_tree
from console.backend.release.verify import TreeFinding, compared, faults, measure_tree
from tests.support.passage import deploy_copy

DIST_INFO = "cutter_console-0.1.0.dist-info"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The package of a deployed source tree."""
    return deploy_copy(tmp_path / "source")


@pytest.fixture
def wheel(source: Path, tmp_path: Path) -> Path:
    """The package as an installer leaves it: no project files, a dist-info with RECORD, a script outside."""
    site_packages = tmp_path / "venv/lib/site-packages"
    site_packages.mkdir(parents=True)
    package = source.rename(site_packages / "console")
    info, script = site_packages / DIST_INFO, tmp_path / "venv/bin/cutter-console"
    for path, text in (
        (info / "METADATA", "Metadata-Version: 2.4\nName: cutter-console\nVersion: 0.1.0\n"),
        (info / "entry_points.txt", "[console_scripts]\ncutter-console = console.cli.main:main\n"),
        (info / "INSTALLER", "pip\n"),
        (script, f"#!{tmp_path}/venv/bin/python\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    files = [*(path for path in site_packages.rglob("*") if path.is_file()), script]
    lines = [f"{os.path.relpath(path, site_packages)},sha256={_record_hash(path)},1" for path in files]
    (info / "RECORD").write_text("\n".join([*lines, f"{DIST_INFO}/RECORD,,"]) + "\n")
    return package


def _record_hash(path: Path) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def _site(package: Path, root: Path, manifest: DeployManifest) -> Installation:
    """A site that has this package deployed and this manifest pinned."""
    (root / "artifacts").mkdir(parents=True)
    (root / "artifacts/deploy-manifest.json").write_bytes(canonical_json(manifest))
    settings = Settings(deploy_manifest_sha256=digest(manifest))
    return Installation(Context(root=root, package=package), settings, "tester")


def _built(package: Path) -> DeployManifest:
    return build_manifest(Context(root=Path("/nowhere"), package=package, host="builder"), None)


def _verified(package: Path, root: Path, manifest: DeployManifest | None = None) -> TreeFinding:
    return measure_tree(_site(package, root, manifest or _built(package)))


def test_a_source_tree_lists_package_and_project_files_sorted_once(source: Path) -> None:
    manifest = _built(source)
    paths = [one.path for one in manifest.files]

    assert manifest.kind is Kind.SOURCE
    assert paths == sorted(set(paths))
    assert {"console/cli/main.py", "pyproject.toml", "requirements.txt", "console/app/console.tcss"} <= set(paths)
    assert not [path for path in paths if path.startswith("/") or ".." in path or "__pycache__" in path]


def test_the_manifest_names_no_place_of_the_build_machine(source: Path) -> None:
    text = canonical_json(_built(source)).decode()

    assert str(source.parent) not in text
    assert str(Path.home()) not in text


def test_the_digest_is_that_of_the_file_and_it_reads_back(source: Path) -> None:
    manifest = _built(source)

    assert digest(manifest) == sha256_hex(canonical_json(manifest))
    assert read_manifest(Path("m"), canonical_json(manifest)) == manifest
    assert b'"schema":"cutter-console/deploy-manifest/1"' in canonical_json(manifest)


def test_an_installed_wheel_is_known_by_its_record(wheel: Path, source: Path) -> None:
    manifest = _built(wheel)
    paths = {one.path for one in manifest.files}

    assert manifest.kind is Kind.WHEEL
    assert {"console/cli/main.py", f"{DIST_INFO}/METADATA"} <= paths
    assert not paths & {f"{DIST_INFO}/RECORD", f"{DIST_INFO}/INSTALLER", "pyproject.toml"}


def test_an_editable_installation_is_a_source_tree(source: Path) -> None:
    info = source.parent / DIST_INFO
    info.mkdir()
    (info / "RECORD").write_text("__editable__.cutter_console-0.1.0.pth,,\n")

    assert installed_wheel(source) is None


def test_an_untouched_wheel_verifies(wheel: Path, tmp_path: Path) -> None:
    found = _verified(wheel, tmp_path / "root")

    assert (faults(found), found.patched) == ((), False)


def test_a_wheel_patched_in_place_is_named_by_manifest_and_record(wheel: Path, tmp_path: Path) -> None:
    manifest = _built(wheel)
    (wheel / "cli/main.py").write_text("patched")

    found = _verified(wheel, tmp_path / "root", manifest)

    assert found.changed == ("console/cli/main.py",)
    assert "console/cli/main.py has sha256" in found.record_problems[0]


def test_a_manifest_made_of_a_patched_wheel_does_not_hide_what_its_record_says(wheel: Path, tmp_path: Path) -> None:
    (wheel / "cli/main.py").write_text("patched")

    found = _verified(wheel, tmp_path / "root")

    assert (found.changed, found.patched) == ((), True)
    assert "not as RECORD says" in faults(found)[0].detail


def test_a_patched_script_outside_the_package_is_found_by_record(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "venv/bin/cutter-console").write_text("#!/bin/sh\n")

    assert "bin/cutter-console has sha256" in _verified(wheel, tmp_path / "root").record_problems[0]


def test_a_file_that_record_names_and_is_gone_is_named(wheel: Path, tmp_path: Path) -> None:
    (wheel / "samples/policy.md").unlink()

    assert _verified(wheel, tmp_path / "root").record_problems == ("console/samples/policy.md is missing",)


def test_a_wheel_whose_record_is_gone_is_not_taken_for_a_source_tree(wheel: Path, tmp_path: Path) -> None:
    manifest = _built(wheel)
    (wheel.parent / DIST_INFO / "RECORD").unlink()

    found = _verified(wheel, tmp_path / "root", manifest)

    assert found.record_problems == (f"{DIST_INFO} has no RECORD that lists console/",)
    assert "not as RECORD says" in faults(found)[-1].detail


def test_a_manifest_that_lists_a_file_twice_is_none(source: Path) -> None:
    manifest = json.loads(canonical_json(_built(source)))
    first = manifest["files"][0]
    manifest["files"].append({**first, "sha256": "0" * 64})

    with pytest.raises(UsageError, match="is listed twice"):
        read_manifest(source, json.dumps(manifest).encode())


def test_a_wheel_is_verified_by_the_manifest_of_its_source_tree(source: Path, tmp_path: Path) -> None:
    manifest = _built(source)
    info = source.parent / DIST_INFO
    info.mkdir()
    (info / "METADATA").write_text("Name: cutter-console\nVersion: 0.1.0\n")
    (info / "RECORD").write_text("console/__init__.py,,\n")
    (source.parent / "pyproject.toml").unlink()

    found = _verified(source, tmp_path / "root", manifest)

    assert found.release is not None
    assert (found.release.kind, faults(found)) == (Kind.SOURCE, ())


_NAMES = st.sets(st.sampled_from([f"console/{letter}.py" for letter in "abcdef"]))


@given(wanted=_NAMES, actual=_NAMES, changed=_NAMES)
def test_every_difference_is_named_once_and_nothing_else(wanted: set[str], actual: set[str], changed: set[str]) -> None:
    def sums(paths: set[str], other: set[str]) -> tuple[FileSum, ...]:
        return tuple(FileSum(path=path, sha256=("1" if path in other else "0") * 64) for path in sorted(paths))

    found = compared(sums(wanted, set()), Tree(kind=Kind.SOURCE, files=sums(actual, changed)))

    assert set(found.missing) == wanted - actual
    assert set(found.extra) == actual - wanted
    assert set(found.changed) == wanted & actual & changed


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"kind":"source"', b'"kind":"snap"', "kind"),
        (b'"version"', b'"versions"', "version"),
        (b'"schema":"cutter-console/deploy-manifest/1"', b'"schema":"other/1"', "schema"),
        (b"}", b"", "the file"),
    ],
)
def test_a_pinned_file_that_is_no_manifest_is_a_fault_and_not_a_crash(
    source: Path, tmp_path: Path, old: bytes, new: bytes, said: str
) -> None:
    installation = _site(source, tmp_path / "root", _built(source))
    path = installation.root / "artifacts/deploy-manifest.json"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    pinned = installation.settings.model_copy(update={"deploy_manifest_sha256": sha256_hex(path.read_bytes())})

    found = measure_tree(replace(installation, settings=pinned))

    assert said in found.unreadable
    assert "no deploy manifest" in faults(found)[0].detail
    with pytest.raises(UsageError):
        read_manifest(path, path.read_bytes())


def test_a_tree_that_is_not_there_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(Unmeasured):
        read_tree(tmp_path / "console")


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def _git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@needs_git
def test_the_commit_is_that_of_the_tree_and_a_change_makes_it_unclean(source: Path) -> None:
    assert (_built(source).commit, _built(source).clean) == ("", False)
    _git(source.parent, "init", "-q")
    _git(source.parent, "add", ".")
    _git(source.parent, "commit", "-qm", "one")

    clean = _built(source)
    (source / "new.py").write_text("")

    assert (clean.commit, clean.clean) == (_git(source.parent, "rev-parse", "HEAD"), True)
    assert (_built(source).commit, _built(source).clean) == (clean.commit, False)


@needs_git
def test_the_commit_of_a_worktree_is_named_too(source: Path, tmp_path: Path) -> None:
    _git(source.parent, "init", "-q")
    _git(source.parent, "add", ".")
    _git(source.parent, "commit", "-qm", "one")
    _git(source.parent, "worktree", "add", "-q", str(tmp_path / "other"))

    built = _built(tmp_path / "other" / source.name)

    assert (tmp_path / "other/.git").is_file()
    assert (built.commit, built.clean) == (_git(source.parent, "rev-parse", "HEAD"), True)


@needs_git
def test_a_git_hook_s_variables_do_not_name_another_tree(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git(source.parent, "init", "-q")
    _git(source.parent, "add", ".")
    _git(source.parent, "commit", "-qm", "one")
    commit = _git(source.parent, "rev-parse", "HEAD")
    (tmp_path / "other").mkdir()
    _git(tmp_path / "other", "init", "-q")
    _git(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "another")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))

    assert _built(source).commit == commit


@needs_git
def test_a_copy_inside_somebody_elses_git_tree_has_no_commit(source: Path, tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    (tmp_path / "own").write_text("")
    _git(tmp_path, "add", "own")
    _git(tmp_path, "commit", "-qm", "one")

    assert _built(source).commit == ""


@needs_git
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a checkout of another user")
def test_the_checkout_of_another_user_is_read_after_the_command_that_is_named(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git says nothing of it: `git ls-files`, which was named before, only said so again."""
    monkeypatch.setenv("HOME", str(tmp_path))
    source = source.parent.rename(tmp_path / "a source's tree") / source.name
    _git(source.parent, "init", "-q")
    _git(source.parent, "add", ".")
    _git(source.parent, "commit", "-qm", "one")
    commit = _git(source.parent, "rev-parse", "HEAD")
    for uid, name in ((65_534, "nobody"), (4_000_000_001, "uid 4000000001")):
        os.chown(source.parent, uid, -1)
        with pytest.raises(Unmeasured, match="git ls-files") as refused:
            _built(source)
        assert f"belongs to {name}, " in refused.value.next_action

    command = refused.value.next_action.partition("trust it: ")[2].partition("; then")[0]
    subprocess.run(["sh", "-c", command], check=True)

    assert _built(source).commit == commit


@needs_git
def test_a_checkout_that_git_cannot_read_is_looked_at_where_it_is(source: Path) -> None:
    (source.parent / ".git").write_text("gitdir: nowhere\n")
    with pytest.raises(Unmeasured) as refused:
        _built(source)
    assert refused.value.next_action == f"See: git -C {source.parent} status"


@needs_git
def test_a_git_tree_that_git_cannot_read_is_not_taken_for_none(source: Path) -> None:
    (source.parent / ".git").write_text("gitdir: nowhere\n")

    with pytest.raises(Unmeasured, match="git"):
        _built(source)


def _programs(monkeypatch: pytest.MonkeyPatch, place: Path, **scripts: str) -> None:
    """Make these scripts all that is on the PATH."""
    place.mkdir()
    for name, text in scripts.items():
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(place))


def test_a_git_that_does_not_answer_is_not_taken_for_none(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As git does for a tree of another user, or a damaged one."""
    (source.parent / ".git").mkdir()
    _programs(monkeypatch, tmp_path / "bin", git="echo dubious ownership >&2; exit 128")

    with pytest.raises(Unmeasured, match="dubious ownership"):
        _built(source)


@pytest.mark.parametrize("checkout", [Path.mkdir, Path.touch], ids=["clone", "worktree"])
def test_without_git_a_checkout_is_identified_by_its_files_and_says_so(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Callable[[Path], None]
) -> None:
    files = _built(source).files
    checkout(source.parent / ".git")
    _programs(monkeypatch, tmp_path / "bin")

    built = _built(source)

    assert built.files == files
    assert (built.commit, built.clean, built.no_commit) == ("", False, "git is not installed")
    found = _verified(source, tmp_path / "root", built)
    assert (found.patched, faults(found)) == (False, ())
    assert found.release is not None
    assert found.release.origin == "identified by its files alone, no commit: git is not installed"


def test_without_git_a_changed_a_new_and_a_missing_file_are_found_all_the_same(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source.parent / ".git").mkdir()
    _programs(monkeypatch, tmp_path / "bin")
    (source / "gone.py").write_text("")
    (source / "old.py").write_text("")
    built = _built(source)

    (source / "gone.py").unlink()
    (source / "old.py").write_text("changed\n")
    (source / "new.py").write_text("")

    found = _verified(source, tmp_path / "root", built)
    assert found.missing == ("console/gone.py",)
    assert found.changed == ("console/old.py",)
    assert found.extra == ("console/new.py",)


def test_what_lies_beside_the_package_is_not_part_of_the_release(source: Path) -> None:
    files = _built(source).files
    for beside in (".venv/lib/x.py", ".mypy_cache/x.json", ".git/config", "tests/test_x.py", "build/x.py"):
        (source.parent / beside).parent.mkdir(parents=True, exist_ok=True)
        (source.parent / beside).write_text("")
    shutil.rmtree(source.parent / ".git")
    (source / "__pycache__").mkdir(exist_ok=True)

    assert _built(source).files == files


def test_a_manifest_cannot_name_a_commit_and_say_that_it_is_not_known(source: Path) -> None:
    data = canonical_json(_built(source).model_copy(update={"commit": "a" * 40, "no_commit": "git is not installed"}))

    with pytest.raises(UsageError, match="not known"):
        read_manifest(Path("manifest.json"), data)


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_machine_id_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text(text)

    with pytest.raises(Unmeasured):
        machine_id(tmp_path)

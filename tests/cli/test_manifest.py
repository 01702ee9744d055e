"""manifest build and verify, init --pin: a release is listed, pinned, and recognised or not."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.host.context import Context
from console.backend.release.build import build_manifest
from console.backend.release.manifest import Kind
from console.backend.release.pins import manifest_path
from console.cli import installation, manifests
from console.cli.arguments import Options
from console.cli.main import main
from tests.support.passage import JUNIT, MACHINE_ID, Passage, deploy_copy, host_files

At = Callable[[str], Passage]


@pytest.fixture
def junit(tmp_path: Path) -> Path:
    """A test run's file."""
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployed copy and a host, which no test changes; the folder that holds both."""
    home = tmp_path_factory.mktemp("release")
    deploy_copy(home)
    host_files(home / "host")
    return home


def _deployed_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have every command find the copy and the host of this folder; the folder of the package."""
    package = home / "console"

    def context_of(options: Options) -> Context:
        return Context(root=(options.root or home).absolute(), filesystem=home / "host", package=package)

    monkeypatch.setattr(installation, "context_of", context_of)
    return package


@pytest.fixture(autouse=True)
def _released(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _deployed_in(release, monkeypatch)


@pytest.fixture
def deployed(_released: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployed copy and a host of the test's own, for every command; the folder of the package."""
    home = tmp_path_factory.mktemp("deployed")
    deploy_copy(home)
    host_files(home / "host")
    return _deployed_in(home, monkeypatch)


def _said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def _build(out: Path, *words: str) -> int:
    return main(["manifest", "build", "--json", "--out", str(out), *words])


def test_build_writes_what_it_says_and_names_the_next_step(
    tmp_path: Path, junit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "manifest.json"

    assert _build(out, "--junit", str(junit)) == 0

    said, written = _said(capsys), json.loads(out.read_text())
    assert str(said["sha256"]) in str(said["next_action"])
    assert said["files"] == len(written["files"])
    assert (written["schema"], written["tests"]["passed"]) == ("cutter-console/deploy-manifest/1", 2)


def test_build_without_git_says_why_it_names_no_commit_and_is_no_pass(
    deployed: Path, tmp_path: Path, junit: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (deployed.parent / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))

    _build(tmp_path / "manifest.json", "--junit", str(junit))
    said = _said(capsys)
    main(["manifest", "build", "--out", str(tmp_path / "manifest.json"), "--junit", str(junit)])

    assert (said["outcome"], said["commit"], said["no_commit"]) == ("PARTIAL", "", "git is not installed")
    assert "none: git is not installed; the files listed identify the release" in capsys.readouterr().out


def test_build_leaves_the_same_release_as_it_is_and_refuses_another(
    tmp_path: Path, junit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "manifest.json"
    _build(out)
    first, before = _said(capsys), out.read_bytes()

    assert (_build(out), _said(capsys)["sha256"]) == (0, first["sha256"])
    assert _build(out, "--junit", str(junit)) == 4
    assert out.read_bytes() == before


def test_build_says_that_files_are_newer_than_the_tests(
    tmp_path: Path, junit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.utime(junit, (1, 1))

    assert _build(tmp_path / "manifest.json", "--junit", str(junit)) == 0
    assert "run the tests again" in capsys.readouterr().err


def test_the_times_of_an_installed_wheel_say_nothing_about_the_tests(
    tmp_path: Path, junit: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are those of its installation: always newer than a test run that came before it."""
    os.utime(junit, (1, 1))
    monkeypatch.setattr(
        manifests, "build_manifest", lambda *given: build_manifest(*given).model_copy(update={"kind": Kind.WHEEL})
    )

    assert _build(tmp_path / "manifest.json", "--junit", str(junit)) == 0
    assert "newer" not in capsys.readouterr().err


@pytest.mark.parametrize("text", ["<testsuites>", "<!DOCTYPE x><testsuites/>", "", "not xml"])
def test_build_refuses_what_is_no_test_run(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    junit = tmp_path / "bad.xml"
    junit.write_text(text)

    assert _build(tmp_path / "manifest.json", "--junit", str(junit)) == 2
    assert "bad.xml, line 1" in capsys.readouterr().err
    assert not (tmp_path / "manifest.json").exists()


def _installed(passage: Passage) -> Path:
    """Put this checkout's manifest where the passage's was; its root."""
    manifest_path(passage.installation).unlink()
    assert _build(manifest_path(passage.installation)) == 0
    return passage.installation.root


def test_verify_passes_on_the_pinned_release_and_has_the_status_of_drift_on_another(
    at: At, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(_installed(at("fresh")))
    capsys.readouterr()

    assert main(["--root", root, "--json", "manifest", "verify"]) == 5
    stop = _said(capsys)["stop"]
    assert isinstance(stop, dict)
    assert stop["code"] == "STOP_IDENTITY_MISMATCH"
    assert "init --pin --repin" in stop["next_action"]


def test_verify_names_a_manifest_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    assert main(["--root", str(tmp_path), "--json", "manifest", "verify"]) == 5
    captured = capsys.readouterr()
    assert json.loads(captured.out)["outcome"] == "FAIL"
    # The manifest is made on another machine, the pin on this one.
    assert (
        "On the workstation, in a clean checkout of the release: make manifest; copy deploy-manifest.json to "
        in captured.err
    )
    assert f"then: cutter-console --root {tmp_path} init --pin\n" in captured.err


def _config(passage: Passage) -> Path:
    return passage.installation.root / "orchestrator.config.json"


def _unpinned(passage: Passage) -> Path:
    """The configuration as it is before anybody pinned, with something in it that is the operator's own."""
    config = _config(passage)
    raw = json.loads(config.read_text())
    del raw["pins"], raw["deploy_manifest_sha256"]
    config.write_text(json.dumps({**raw, "lease_minutes": 7}))
    config.chmod(0o600)
    return config


def test_pins_are_measured_shown_and_written_with_everything_else_kept(
    at: At, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    config = _unpinned(passage)

    assert main(["--root", str(passage.installation.root), "init", "--pin"]) == 0

    said, written = capsys.readouterr().out, json.loads(config.read_text())
    pins = passage.installation.settings.pins
    assert written["pins"]["system_identifier"] == pins.system_identifier
    assert written["pins"]["machine_id"] == MACHINE_ID
    assert written["deploy_manifest_sha256"] == passage.installation.settings.deploy_manifest_sha256
    assert (written["lease_minutes"], config.stat().st_mode & 0o777) == (7, 0o600)
    assert all(value in said for value in (pins.system_identifier, pins.schema_digest, str(pins.timeline)))


def test_pinning_again_what_is_the_same_changes_nothing(at: At) -> None:
    passage = at("fresh")
    config = _unpinned(passage)
    main(["--root", str(passage.installation.root), "init", "--pin"])
    before = config.read_bytes()

    assert main(["--root", str(passage.installation.root), "init", "--pin"]) == 0
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("pin", "value"),
    [("host", "elsewhere"), ("database", "sandbox"), ("timeline", 9), ("schema_digest", "0" * 64)],
)
def test_a_pin_that_is_set_is_not_changed_unless_repin_is_typed(
    at: At, capsys: pytest.CaptureFixture[str], pin: str, value: object
) -> None:
    passage = at("fresh")
    config = _unpinned(passage)
    main(["--root", str(passage.installation.root), "init", "--pin"])
    raw = json.loads(config.read_text())
    right, raw["pins"][pin] = raw["pins"][pin], value
    config.write_text(json.dumps(raw))
    capsys.readouterr()

    assert main(["--root", str(passage.installation.root), "init", "--pin"]) == 4
    refused = capsys.readouterr().err
    assert f"{pin}: pinned {value}, now {right}" in refused
    assert json.loads(config.read_text())["pins"][pin] == value

    assert main(["--root", str(passage.installation.root), "init", "--pin", "--repin"]) == 0
    assert json.loads(config.read_text())["pins"][pin] == right


def test_a_manifest_that_was_replaced_is_not_pinned_by_the_way(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("fresh")
    root = _installed(passage)
    before = json.loads(_config(passage).read_text())["deploy_manifest_sha256"]

    assert main(["--root", str(root), "init", "--pin"]) == 4
    assert f"deploy_manifest_sha256: pinned {before}" in capsys.readouterr().err


def test_repin_alone_is_no_call(tmp_path: Path) -> None:
    assert main(["--root", str(tmp_path / "root"), "init", "--repin"]) == 2
    assert not (tmp_path / "root").exists()


def test_what_cannot_be_measured_is_not_pinned(at: At) -> None:
    passage = at("fresh")
    config = _unpinned(passage)
    raw = json.loads(config.read_text())
    raw["database"]["monitor"] = "host=/nonexistent dbname=none"
    config.write_text(json.dumps(raw))

    assert main(["--root", str(passage.installation.root), "init", "--pin"]) == 7
    assert "pins" not in json.loads(config.read_text())


def test_a_host_is_pinned_and_then_recognised_until_a_file_changes(
    at: At, deployed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    root = str(_installed(passage))
    _unpinned(passage)

    assert main(["--root", root, "init", "--pin"]) == 0
    assert main(["--root", root, "manifest", "verify"]) == 0
    (deployed / "cli/main.py").write_text("")
    capsys.readouterr()

    assert main(["--root", root, "manifest", "verify"]) == 5
    assert "1 changed: console/cli/main.py" in capsys.readouterr().err

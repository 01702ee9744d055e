"""Commands with a profile of the operator's own: plan, plan --folder, document register, run start, completion."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.profile_names import PROFILE_NAMES, SHIPPED_NAMES
from console.cli.main import main
from tests.cli.conftest import Run, stop_of
from tests.cli.test_completion import completed, script
from tests.support.passage import Passage
from tests.support.profiles import TEXT, TOML, write_profile

At = Callable[[str], Passage]
SHA256 = sha256_hex(TOML.encode())


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rule book of console/guide/profiles.md, beside a folder with its profile."""
    write_profile(tmp_path / "profiles")
    path = tmp_path / "rules.txt"
    path.write_text(TEXT)
    return path


def test_a_document_is_planned_by_an_own_profile(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = ("--root", str(rules.parent), "plan", str(rules), "--docprefix", "CLUB", "--profile", "rule-book")
    assert main(list(plan)) == 0
    printed = capsys.readouterr().out
    assert "[CLUB/RULE-1/1/A]\n" in printed
    assert f"profile rule-book is your own, sha256 {SHA256}\n" in printed
    assert main([*plan, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["profile"], answer["profile_sha256"], answer["n_units"]) == ("rule-book", SHA256, 10)


def test_an_unknown_profile_is_wrong_usage_and_both_sorts_are_listed(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = ("--root", str(rules.parent), "plan", str(rules), "--docprefix", "CLUB", "--profile")
    assert main([*plan, "rulebook"]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in (*PROFILE_NAMES, "rule-book"))


@pytest.mark.usefixtures("plans_here")
def test_the_folder_of_profiles_is_a_setting(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (rules.parent / "profiles").rename(rules.parent / "trusted")
    (rules.parent / "orchestrator.config.json").write_text('{"profiles": "trusted"}')
    words = ["--root", str(rules.parent), "plan", str(rules), "--docprefix", "CLUB", "--profile", "rule-book"]
    assert main(words) == 0
    assert "10 units" in capsys.readouterr().out


@pytest.mark.usefixtures("plans_here")
def test_a_folder_is_reported_by_an_own_profile(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--root", str(rules.parent), "--json", "plan", "--folder", str(rules.parent), "--profile", "rule-book"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["profile_sha256"], answer["totals"]["n_units"]) == (SHA256, 10)
    write_profile(rules.parent / "profiles", toml=TOML.replace("<title>", "<titel>"))
    assert main(words) == 4
    assert "there is no fragment 'titel'" in capsys.readouterr().out


@pytest.mark.usefixtures("plans_here")
def test_a_live_document_is_registered_with_an_own_profile_that_is_fit(at: At, command: Run) -> None:
    passage = at("fresh")
    words = ("document", "register", "--docprefix", "POLICIES", "--query", "SELECT 'Rule 1'", "--profile", "rule-book")
    status, answer = command(passage, *words)
    assert (status, stop_of(answer)) == (2, "STOP_REFUSED_INPUT")
    write_profile(passage.installation.profiles, toml=TOML.replace("<title>", "<titel>"))
    status, answer = command(passage, *words)
    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    write_profile(passage.installation.profiles)
    status, _ = command(passage, *words)
    assert status == 0
    assert passage.rows("SELECT profile FROM cutter_governance.v_document WHERE docprefix = 'POLICIES'") == [
        ("rule-book",)
    ]


@pytest.mark.usefixtures("plans_here")
def test_a_run_is_started_and_shown_with_the_digest(at: At, command: Run, rules: Path) -> None:
    passage = at("fresh")
    write_profile(passage.installation.profiles)
    status, answer = command(passage, "run", "start", str(rules), "--docprefix", "ACME-LAW", "--profile", "rule-book")
    assert (status, answer["profile"], answer["profile_sha256"]) == (0, "rule-book", SHA256)


def test_bash_completes_shipped_and_own_names(
    rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = script("bash", capsys)
    monkeypatch.setenv("CUTTER_ROOT", str(rules.parent / "none"))
    assert completed(text, rules.parent, "plan", "--profile", "") == set(SHIPPED_NAMES)
    assert completed(text, rules.parent, "plan", "--profile", "de-law+n") == {"de-law+numbers"}
    monkeypatch.setenv("CUTTER_ROOT", str(rules.parent))
    assert completed(text, rules.parent, "run", "start", "--profile", "r") == {"rule-book"}

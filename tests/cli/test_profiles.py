"""profile list, show and check; and a person who follows console/guide/profiles.md alone."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.documents.profile_library import shipped_text
from console.backend.documents.profile_report import CheckedText, Described, Finding, ProfileCheck
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Outcome
from console.backend.model.profile_names import PROFILE_NAMES, TEXT_PROFILES
from console.cli.main import main
from console.cli.profiles import _check_lines
from tests.cli.conftest import Run
from tests.support.passage import Passage
from tests.support.profiles import PAGE, TEXT, TOML, write_profile

At = Callable[[str], Passage]


def told(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command below a root; its exit status and what it printed."""
    capsys.readouterr()
    return main(["--root", str(root), *words]), capsys.readouterr().out


@pytest.mark.parametrize("name", TEXT_PROFILES)
def test_a_shipped_profile_is_printed_to_the_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert told(tmp_path, capsys, "profile", "show", name) == (0, shipped_text(name))


@pytest.mark.usefixtures("plans_here")
def test_the_profiles_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_profile(tmp_path / "profiles")
    status, out = told(tmp_path, capsys, "profile", "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [*PROFILE_NAMES, "rule-book"]
    assert "akn               as marked up   shipped\n" in out
    assert out.endswith(f"{path}  sha256 {sha256_hex(TOML.encode())}\n")
    status, out = told(tmp_path, capsys, "--json", "profile", "list")
    assert [entry["name"] for entry in json.loads(out)["profiles"]] == [*PROFILE_NAMES, "rule-book"]


@pytest.mark.usefixtures("plans_here")
def test_a_check_tells_what_a_person_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_profile(tmp_path / "profiles")
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(TEXT.split("Form 1")[0])
    bad.write_text(TEXT.split("Form 1")[0].replace("2) A boat", "3) A boat"))
    status, out = told(tmp_path, capsys, "profile", "check", "rule-book", "--on", str(good))
    assert status == 0
    assert "good.txt  PLANNED 9 units" in out
    assert "level 'clause': 2 lines match, 2 units" in out
    assert "never matched: level 'Form' on none of the texts" in out
    status, out = told(tmp_path, capsys, "profile", "check", "rule-book", "--on", str(good), str(bad))
    assert status == 4
    assert "bad.txt  REFUSED\n  line 13: NUMBER_GAP: " in out
    status, out = told(tmp_path, capsys, "--json", "profile", "check", "rule-book", "--on", str(good), str(bad))
    answer = json.loads(out)
    assert (status, answer["schema"], answer["outcome"]) == (4, "cutter-console/profile-check/1", "FAIL")
    assert [text["outcome"] for text in answer["texts"]] == ["PASS", "FAIL"]
    assert told(tmp_path, capsys, "profile", "check", "rule-book", "--on", str(tmp_path / "none"))[0] == 4
    assert told(tmp_path, capsys, "profile", "check", "none", "--on", str(good))[0] == 2


@pytest.mark.usefixtures("plans_here")
@pytest.mark.parametrize(
    ("old", "new", "told_line"),
    [
        (
            '[[level]]\nname = "point"',
            '[[level]]\nname = "Any"\nfirst = "R"\nrole = "article"\nrank = 21\nsection_type = "article"\n'
            "pattern = 'R.*[ ](?P<number>\\d).*'\nplain = 'R.*[ ](?P<number>\\d).*'\n\n[[level]]\nname = \"point\"",
            r"  overlap: line 5: Rule and Any match it, and Rule has it.*: Rule 1 - Lending",
        ),
        (
            'first = "R"',
            'first = "r"',
            r"  not tried: line 5: Rule matches it, and its first lacks 'R'.*: Rule 1 - Lending",
        ),
        ("<sep><title>", "<sep><titel>", r"profile rule-book CANNOT BE USED: .*there is no fragment 'titel'.*"),
    ],
    ids=["overlap", "not tried", "cannot be used"],
)
def test_a_check_tells_each_fault_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, told_line: str
) -> None:
    assert old in TOML
    write_profile(tmp_path / "profiles", toml=TOML.replace(old, new))
    (tmp_path / "rules.txt").write_text(TEXT)
    _, out = told(tmp_path, capsys, "profile", "check", "rule-book", "--on", str(tmp_path / "rules.txt"))
    assert any(re.fullmatch(told_line, line) for line in out.splitlines()), out


def test_a_pattern_that_is_too_slow_and_lines_that_are_not_listed_are_told() -> None:
    finding = Finding(line=7, text="Rule 2", fault="no heads does")
    text = CheckedText(
        name="rules.txt", outcome=Outcome.FAIL, unreached=(finding,), n_unreached=3, overlaps=(finding,), n_overlaps=2
    )
    described = Described(slow=("key list_items: 'x+' takes for ever",))
    checked = ProfileCheck(name="rule-book", sha256="0" * 64, profile=described, texts=(text,), unused=())
    lines = list(_check_lines(checked))
    assert "too slow: key list_items: 'x+' takes for ever" in lines
    assert lines[-1] == "  and 3 more lines that overlap or are not tried"


@pytest.mark.usefixtures("plans_here")
def test_a_file_that_cannot_be_a_profile_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_profile(tmp_path / "profiles", "Rule-Book")
    status, out = told(tmp_path, capsys, "profile", "list")
    assert status == 0
    assert out.splitlines()[-1].startswith(
        f"Rule-Book         {path}  CANNOT BE USED: 'Rule-Book' is no name of a profile"
    )


def test_a_person_who_follows_the_page_alone_comes_to_a_dry_run(at: At, command: Run, tmp_path: Path) -> None:
    """The page's text, profile and commands, in its order, with nothing else known."""
    passage = at("fresh")
    root = passage.installation.root
    section = PAGE.split("\n## Steps\n")[1].split("\n## ")[0]
    commands = re.findall(r"^ *cutter-console (.*)$", section, re.MULTILINE)
    assert [words.split()[:2] for words in commands] == [["profile", "check"], ["plan", "rules.txt"], ["run", "start"]]
    (tmp_path / "rules.txt").write_text(TEXT)
    write_profile(root / "profiles")
    for words in commands:
        answered = [str(tmp_path / word) if word == "rules.txt" else word for word in shlex.split(words)]
        status, answer = command(passage, *answered)
        assert (status, answer["outcome"]) == (0, "PASS"), words
    assert (answer["n_units"], answer["profile"]) == (10, "rule-book")


def test_an_own_profile_is_printed_with_its_tabs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = TOML.replace("[fragments]", "[fragments]\t# pieces", 1)
    write_profile(tmp_path / "profiles", toml=toml)
    assert told(tmp_path, capsys, "profile", "show", "rule-book") == (0, toml)

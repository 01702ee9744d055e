"""plan with the profile akn: one file, and a folder of them."""

import json
from pathlib import Path

import pytest

from console.cli.main import main
from tests.backend.documents.test_akn_intake import art, xml

LAW = xml("<!-- draft -->" + art("Article 1", heading="Scope") + art("Article 3"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with markup and text."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "law.xml").write_bytes(LAW)
    (tmp_path / "in" / "bad.akn").write_bytes(LAW.replace(b"Article 3", b"Article 1"))
    (tmp_path / "in" / "text.md").write_text("# One\n\nText.\n")
    return tmp_path / "in"


def planned(root: Path, *words: str) -> int:
    """Run the command; its exit status."""
    return main(["--root", str(root), "plan", *words])


def test_a_file_is_planned_and_what_is_not_in_its_text_is_said(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned(tmp_path, str(folder / "law.xml"), "--docprefix", "ACME", "--profile", "akn") == 0
    printed = capsys.readouterr().out
    assert "article 1 Scope  [ACME/ART-1]" in printed
    assert "suspect: line 4: missing-number: Article 3 Text.  in ACME/ART-1" in printed
    assert "not in the text: 1 comment (5 characters), 2 metadata; the file itself stays the pinned source" in printed


def test_the_answer_counts_what_is_not_in_the_text(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned(tmp_path, "--json", str(folder / "law.xml"), "--docprefix", "ACME", "--profile", "akn") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [omission["name"] for omission in answer["omissions"]] == ["comment", "metadata"]
    assert planned(tmp_path, "--json", str(folder / "text.md"), "--docprefix", "ACME") == 0
    assert json.loads(capsys.readouterr().out)["omissions"] == []


def test_a_refusal_names_the_line_of_the_file(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned(tmp_path, str(folder / "bad.akn"), "--docprefix", "ACME", "--profile", "akn") == 4
    assert "line 6: ADDRESS_REPEATED: ACME/ART-1 is already the address of line 5" in capsys.readouterr().out


@pytest.mark.usefixtures("plans_here")
def test_a_folder_gives_each_profile_its_own_files(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned(tmp_path, "--json", "--folder", str(folder), "--profile", "akn") == 4
    names = {entry["name"]: entry["outcome"] for entry in json.loads(capsys.readouterr().out)["documents"]}
    assert names == {"bad.akn": "FAIL", "law.xml": "PASS"}
    assert planned(tmp_path, "--json", "--folder", str(folder)) == 0
    assert [entry["name"] for entry in json.loads(capsys.readouterr().out)["documents"]] == ["text.md"]

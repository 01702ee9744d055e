"""plan of a printed law: what is dropped is listed with its bytes and sha256, and a quotation is one line."""

import json
from pathlib import Path

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.cli.main import main
from tests.backend.documents.gazette import HEAD, NOTES, Layout, printed


def planned(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Plan the text; standard output."""
    law = tmp_path / "law.txt"
    law.write_text(text)
    assert main(["--root", str(tmp_path), "plan", str(law), "--docprefix", "LAW", "--profile", "vi-law", *words]) == 0
    return capsys.readouterr().out


def test_each_dropped_span_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(Layout())
    answer = json.loads(planned(tmp_path, text, capsys, "--json"))
    lines = planned(tmp_path, text, capsys).splitlines()
    listed = [line for line in lines if line.startswith("dropped: line ")]
    assert len(listed) == len(answer["dropped"]) > 10
    for line, span in zip(listed, answer["dropped"], strict=True):
        data = text.encode()[span["byte_start"] : span["byte_end"]]
        assert sha256_hex(data) == span["sha256"]
        assert f"dropped: line {span['line']}: {span['rule']}" in line
        assert f"{len(data)} bytes, sha256 {span['sha256']}" in line
    assert listed[0].endswith(f"{HEAD} 41  in (title)")
    footnotes = [line for line in listed if ": footnote 3: " in line]
    assert len(footnotes) == 1
    unit = next(unit for unit in answer["units"] if f"in {unit['address']}" == footnotes[0].split("  ")[-1])
    assert unit["line_start"] < int(footnotes[0].split(":")[1].removeprefix(" line ")) <= unit["line_end"]
    assert any(line.startswith(f"dropped {len(listed)} (") and f"{len(NOTES)} footnote," in line for line in lines)


def test_a_law_without_furniture_says_nothing_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Điều 1. A\nVăn bản.\n"
    assert json.loads(planned(tmp_path, text, capsys, "--json"))["dropped"] == []
    assert "dropped" not in planned(tmp_path, text, capsys)


def test_the_lines_of_a_quotation_are_one_line_and_each_is_in_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Điều 1. A\nSửa như sau:\n“Điều 7. B\n1. Một.\n2. Hai.”\nĐiều 2. C\nHết.\n"
    answer = json.loads(planned(tmp_path, text, capsys, "--json"))
    assert [suspect["line"] for suspect in answer["suspects"]] == [3, 4, 5]
    lines = planned(tmp_path, text, capsys).splitlines()
    assert [line for line in lines if line.startswith("suspect: ")] == [
        "suspect: line 3-5: quoted (3 lines): “Điều 7. B  in LAW/DIEU-1"
    ]
    assert "3 suspects: lines that read like the beginning of a unit and open none" in lines

"""The codes of refused documents: each that the program has is in the table or, of XML, in the reference; help finds each."""

import re
from pathlib import Path

import pytest

from console.backend.model.refusal_codes import REFUSAL_CODES
from console.cli.main import main

DOCUMENTS = Path(__file__).parents[3] / "console" / "backend" / "documents"
REFERENCE = Path(__file__).parents[3] / "console" / "guide" / "reference.md"
_CODE = re.compile(r'"((?:[A-Z]+_)+[A-Z]+)"')


def test_each_code_has_its_line() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in sorted(DOCUMENTS.rglob("*.py")))
    codes = set(_CODE.findall(sources))
    markup = {code for code in codes if code.startswith("AKN_")}
    page = REFERENCE.read_text("utf-8")

    assert len(codes) > 45
    assert codes - markup == set(REFUSAL_CODES)
    assert {code for code in markup if f"`{code}`" not in page} == set()


@pytest.mark.parametrize("code", ["DOCPREFIX_INVALID", "NUMBER_GAP", "AKN_VERSION", "WORKER_DIED"])
def test_help_finds_a_code(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", code]) == 0
    assert code in capsys.readouterr().out


def test_a_refusal_of_plan_is_short_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "law.md"
    text.write_text("# One\n\nText.\n", encoding="utf-8")

    assert main(["--root", str(tmp_path), "plan", str(text), "--docprefix", "x" * 100_000]) == 4

    refused = capsys.readouterr()
    assert len(refused.out) < 300
    assert "DOCPREFIX_INVALID: docprefix 'xxx" in refused.out
    assert refused.err == "next: correct the prefix; what a code means: cutter-console help DOCPREFIX_INVALID\n"
    text.write_text("No heading.\n", encoding="utf-8")
    assert main(["--root", str(tmp_path), "plan", str(text), "--docprefix", "ACME-LAW"]) == 4
    assert capsys.readouterr().err.startswith(
        "next: correct the document, or plan it in another way; what a code means"
    )

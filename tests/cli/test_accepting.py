"""plan --propose-acceptances, and --accept for plan and run start."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console.cli.main import main
from tests.cli.conftest import Run, stop_of
from tests.support.passage import Passage

At = Callable[[str], Passage]
TEXT = "# One\n\nText.\n\n## Alpha\n\nFirst.\n\n## Alpha\n\nRepealed.\n"
ACCEPT = '[[accept]]\nline = 9\ncode = "ADDRESS_REPEATED"\nsuffix = "OLD"\nreason = "enacted twice"\n'


@pytest.fixture
def law(tmp_path: Path) -> Path:
    """A document whose heading stands twice."""
    path = tmp_path / "law.md"
    path.write_text(TEXT)
    return path


def planned(tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Plan the document; the exit status and both outputs."""
    status = main(["--root", str(tmp_path), "plan", str(law), "--docprefix", "ACME", *words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_a_proposal_is_completed_by_a_person_and_accepted(
    tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.toml"
    status, _, told = planned(tmp_path, law, capsys, "--propose-acceptances", str(new))
    assert status == 4
    assert f"--accept {new}" in told
    status, _, told = planned(tmp_path, law, capsys, "--accept", str(new))
    assert status == 4
    assert f"{new}: entry 1 (line 9) has no reason" in told or "has no suffix" in told
    text = new.read_text()
    assert "# ## Alpha\n" in text
    new.write_text(text.replace('suffix = ""', 'suffix = "OLD"').replace('reason = ""', 'reason = "enacted twice"'))
    status, out, _ = planned(tmp_path, law, capsys, "--accept", str(new))
    assert status == 0
    assert "accepted: line 9: ADDRESS_REPEATED: enacted twice\n" in out
    assert "1 accepted: findings of the enacted text itself\n" in out
    assert "[ACME/ONE/ALPHA-OLD]" in out


def test_acceptances_are_in_the_answer(tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.toml").write_text(ACCEPT)
    status, out, _ = planned(tmp_path, law, capsys, "--json", "--accept", str(tmp_path / "a.toml"))
    assert status == 0
    assert json.loads(out)["acceptances"] == [
        {"line": 9, "code": "ADDRESS_REPEATED", "reason": "enacted twice", "suffix": "OLD", "read_as": ""}
    ]


def test_no_file_is_written_over_and_none_without_a_finding(
    tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, new = tmp_path / "kept.toml", tmp_path / "new.toml"
    kept.write_text(ACCEPT)
    status, _, told = planned(tmp_path, law, capsys, "--propose-acceptances", str(kept))
    assert (status, kept.read_text()) == (4, ACCEPT)
    assert "--propose-acceptances" in told
    status, _, told = planned(tmp_path, law, capsys, "--accept", str(kept), "--propose-acceptances", str(new))
    assert (status, new.exists()) == (0, False)
    assert "has no finding that can be accepted" in told


def test_a_run_is_started_with_an_accept_file(at: At, command: Run, law: Path, tmp_path: Path) -> None:
    passage = at("fresh")
    (passage.installation.intake / "law.md").unlink()
    accept = tmp_path / "a.toml"
    accept.write_text(ACCEPT)
    start = ("run", "start", str(law), "--docprefix", "ACME-LAW")
    status, answer = command(passage, *start)
    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    status, answer = command(passage, *start, "--accept", str(accept))
    assert (status, answer["n_acceptances"]) == (0, 1)


@pytest.mark.parametrize("content", [b"", b"[[accept]]\n", ACCEPT.encode().replace(b"enacted", b"\xff"), None])
def test_an_unfit_accept_file_starts_nothing(
    at: At, command: Run, law: Path, tmp_path: Path, content: bytes | None
) -> None:
    passage = at("fresh")
    accept = tmp_path / "a.toml"
    if content is not None:
        accept.write_bytes(content)
    (passage.installation.intake / "law.md").unlink()
    for words in (("plan", str(law)), ("run", "start", str(law))):
        status, answer = command(passage, *words, "--docprefix", "ACME-LAW", "--accept", str(accept))
        assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
        assert "a.toml" in str(answer["stop"])
    assert list((passage.installation.root / "runs").iterdir()) == []


def test_an_accept_file_of_another_text_is_refused_by_its_name(
    tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.toml"
    planned(tmp_path, law, capsys, "--propose-acceptances", str(new))
    new.write_text(new.read_text().replace('suffix = ""', 'suffix = "OLD"').replace('reason = ""', 'reason = "so"'))
    law.write_text(f"Before.\n\n{TEXT}")
    status, _, told = planned(tmp_path, law, capsys, "--accept", str(new))
    assert status == 4
    assert f"{new}: was written for the text with sha256" in told

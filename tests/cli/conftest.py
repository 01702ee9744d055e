"""One command on a passage's root, its exit status and its one JSON object."""

import json
from collections.abc import Callable

import pytest

from console.cli import installation
from console.cli.main import main
from tests.support.passage import Passage

Run = Callable[..., tuple[int, dict[str, object]]]


def stop_of(answer: dict[str, object]) -> object:
    """The STOP code of a command that was refused; it says what to do, too."""
    stop = answer["stop"]
    assert isinstance(stop, dict)
    assert stop["next_action"]
    return stop["code"]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command with --json on a passage's root and in its surroundings; its exit status and its object."""

    def run(passage: Passage, *words: str) -> tuple[int, dict[str, object]]:
        capsys.readouterr()
        monkeypatch.setattr(installation, "context_of", lambda _: passage.installation.context)
        status = main(["--root", str(passage.installation.root), "--json", *words])
        said = capsys.readouterr().out
        assert said.count("\n") == 1, said
        answer: dict[str, object] = json.loads(said)
        return status, answer

    return run

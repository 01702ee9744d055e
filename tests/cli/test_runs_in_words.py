"""run list, run show and document list say in words what became of a run; in JSON its state has the name that scripts know."""

import json
from types import SimpleNamespace

import pytest

from console.backend.model.errors import ExitStatus
from console.backend.model.states import Stage
from console.cli import runs
from console.cli.main import main
from tests.support.fakes import DRY_ID, RUN_ID, FakeBackend


@pytest.fixture(autouse=True)
def _law(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is law, and a dry run."""
    backend = FakeBackend(stage=Stage.CLOSEOUT_REPORTED)
    monkeypatch.setattr(runs, "backend_of", lambda _: SimpleNamespace(runs=backend.runs, run=backend.run))


def test_the_list_says_what_became_of_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "list"]) == ExitStatus.DONE
    law, dry = capsys.readouterr().out.splitlines()
    assert law.startswith(f"{RUN_ID}  LIVE    law since 2026-03-01  ")
    assert dry.startswith(f"{DRY_ID}  DRYRUN  dry run passed  ")


def test_for_scripts_the_state_keeps_its_name_and_the_words_stand_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "run", "list"]) == ExitStatus.DONE
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["state"], run["became"]) for run in listed] == [
        ("closeout_reported", "law since 2026-03-01"),
        ("closeout_reported", "dry run passed"),
    ]


def test_a_run_is_shown_with_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "show", RUN_ID]) == ExitStatus.DONE
    assert "state      closeout_reported: law since 2026-03-01\n" in capsys.readouterr().out

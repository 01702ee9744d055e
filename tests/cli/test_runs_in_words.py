"""run list, run show and document list say in words what became of a run; in JSON its state has the name that scripts know."""

import json
from types import SimpleNamespace

import pytest

from console.backend.model.batches import MemberView
from console.backend.model.errors import ExitStatus
from console.backend.model.holds import HeldRun
from console.backend.model.states import PAUSES, Family, Mode, Stage, state_in_words
from console.backend.model.view_models import IntakeView
from console.cli import holds, runs
from console.cli.main import main
from console.screens import batch_text, documents_text, hold_text, run_text
from console.widgets.line import plain
from console.widgets.narrowing import Needle
from tests.support.fakes import DRY_ID, HOLD, RUN_ID, FakeBackend


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


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage.AWAITING_CUT_AUTHORIZATION, "at pause 1 (SG_1)"),
        (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, "at pause 2 (SG_2)"),
        (Stage.LEG_B_RECORDED, "leg_b_recorded"),
    ],
)
def test_of_a_run_at_a_pause_the_list_says_the_pause_and_its_ruling(
    stage: Stage, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = FakeBackend(stage=stage)
    monkeypatch.setattr(runs, "backend_of", lambda _: SimpleNamespace(runs=backend.runs))

    assert main(["run", "list"]) == ExitStatus.DONE
    assert capsys.readouterr().out.splitlines()[0].startswith(f"{RUN_ID}  LIVE    {words:<32}  ")
    assert main(["--json", "run", "list"]) == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out)["runs"][0]["state"] == stage.value


def test_documents_and_batches_say_it_in_the_same_words() -> None:
    at = {stage: state_in_words(stage.value) for stage in Stage if state_in_words(stage.value) != stage.value}

    assert set(at) == set(PAUSES)
    for stage, words in at.items():
        waiting = {"state": stage.value, "stage": stage, "family": Family.ACTIVE, "n_units": 1, "plan_digest": ""}
        assert MemberView(position=1, run_id=RUN_ID, name="a.md", docprefix="A", **waiting).in_words == words
        document = IntakeView(name="a.md", origin="file:a.md", bytes=1, standing="draft", last_run=RUN_ID)
        assert words in documents_text.state(document.model_copy(update={"last_run_state": stage.value}))


@pytest.mark.parametrize("stage", PAUSES)
def test_hold_and_recovery_says_it_in_the_same_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = HeldRun(run_id=RUN_ID, mode=Mode.LIVE, state=stage.value, docprefix="A")
    view = FakeBackend(switch=HOLD).hold().model_copy(update={"runs": (run,)})
    monkeypatch.setattr(holds, "backend_of", lambda _: SimpleNamespace(hold=lambda: view))
    words = state_in_words(stage.value)

    main(["hold", "plan"])
    assert f"run        {RUN_ID}  LIVE  A  {words}\n" in capsys.readouterr().out
    main(["--json", "hold", "plan"])
    assert json.loads(capsys.readouterr().out)["runs"][0]["state"] == stage.value
    detail = hold_text.run(run, lambda _: "", str, view.measured_at, 80)
    assert f"LIVE, A, {words}" in " ".join(map(plain, detail))


@pytest.mark.parametrize("typed", ["pause", "state:pause", "SG_1", "awaiting_cut", "state:awaiting_cut"])
def test_a_filter_finds_a_run_that_rests_by_its_words_and_by_its_state(typed: str) -> None:
    stage = Stage.AWAITING_CUT_AUTHORIZATION
    waiting = {"state": stage.value, "stage": stage, "family": Family.ACTIVE, "n_units": 1, "plan_digest": ""}
    member = MemberView(position=1, run_id=RUN_ID, name="a.md", docprefix="A", **waiting)
    run = HeldRun(run_id=RUN_ID, mode=Mode.LIVE, state=stage.value, docprefix="A")
    backend = FakeBackend(stage=stage, switch=HOLD)
    held = backend.hold().model_copy(update={"runs": (run,)})
    rows = (
        *batch_text.member_rows(backend.batches()[0].model_copy(update={"members": (member,)}), wide=False),
        *(row for row in hold_text.rows(held, None, held.measured_at, 80) if row.key.startswith(hold_text.RUN)),
        *(
            row
            for row in run_text.RunRows().rows(backend.runs(), {}, "", held.measured_at, in_full=True)
            if row.key == RUN_ID
        ),
    )

    assert len(rows) == 3
    for row in rows:
        assert Needle.of(typed, frozenset(name for name, _ in row.columns)).takes(row), row

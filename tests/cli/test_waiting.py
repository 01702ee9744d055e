"""What waits, as `status` prints it, and as `run resume` says it."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import ExitStatus
from console.backend.model.view_models import WaitView
from console.cli.database import _waits
from tests.cli.conftest import Run
from tests.support.passage import Passage


@pytest.mark.parametrize(
    ("run_id", "printed"),
    [
        ("ictr-20260101T000000Z-00000000", "a standby was promoted (ictr-20260101T000000Z-00000000)"),
        ("", "a standby was promoted"),
    ],
    ids=["of a run", "of none"],
)
def test_what_waits_names_its_run_if_it_is_one_of_a_run(run_id: str, printed: str) -> None:
    """After a promotion an empty pair of brackets stood where there is no run."""
    wait = WaitView(
        what="a standby was promoted", run_id=run_id, since=None, waits_for="init --pin --repin", next_action=""
    )
    assert _waits(wait) == printed


@pytest.mark.parametrize(
    ("stage", "said", "leads_on"),
    [
        ("waits for SG_1", "waits for SG_1 and the operator", "approval draft {run}; then: cutter-console{root} arm {run} --confirm {run}"),
        ("SG_1 imported", "waits for the operator: SG_1 is imported", "arm {run} --confirm {run}"),
        ("waits for SG_2", "waits for SG_2 and the operator", "approval draft {run}; then: cutter-console{root} enact {run} --confirm {run}"),
        ("SG_2 imported", "waits for the operator: SG_2 is imported", "enact {run} --confirm {run}"),
    ],
)  # fmt: skip
def test_resume_names_the_step_that_is_next_and_no_ruling_that_is_there(
    at: Callable[[str], Passage], command: Run, stage: str, said: str, leads_on: str
) -> None:
    """With SG_1 imported it told to draft it."""
    run = at(stage.replace("SG_2 imported", "waits for SG_2"))
    if stage == "SG_2 imported":
        run.sign()
    status, answer = command(run, "run", "resume", run.run_id)

    assert status == ExitStatus.WAITING

    stop = answer["stop"]
    assert isinstance(stop, dict)
    root = f" --root {run.installation.root}"
    assert stop["message"] == f"run {run.run_id} {said}"
    assert stop["next_action"] == f"cutter-console{root} {leads_on.format(run=run.run_id, root=root)}"

"""A dry run is known to its directory alone: what needs the database's run says so, and says it before anything is done."""

from collections.abc import Callable

import pytest

from console.backend.model.states import Mode
from tests.cli.conftest import Run
from tests.support.passage import REQUEST, Passage, silent

At = Callable[[str], Passage]
OF_A_LIVE_RUN = (
    "backup take RUN",
    "run edit RUN ACME-LAW/ONE --text FILE",
    "run edit RUN ACME-LAW/ONE --text FILE --live",
    "run apply RUN --confirm RUN",
    "run replan RUN",
    "run hand-over RUN --to FILE.tar",
    "run take-over RUN --confirm RUN",
    "approval draft RUN",
    "approval draft RUN --revert",
    "arm RUN --confirm RUN",
    "verify RUN",
    "enact RUN --confirm RUN",
    "revert RUN --confirm RUN",
)


def _dry_run(passage: Passage) -> str:
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    return next(run.run_id for run in passage.backend.runs() if run.mode is Mode.DRYRUN)


@pytest.fixture
def dry(at: At) -> tuple[Passage, str]:
    passage = at("fresh")
    return passage, _dry_run(passage)


def test_what_a_dry_run_has_no_part_in_says_that_it_is_one(dry: tuple[Passage, str], command: Run) -> None:
    """`run edit` said that there is no such run, and to see the list, which has it; a backup was dumped, and then refused."""
    passage, run_id = dry
    backups = sorted(passage.installation.backups.iterdir())
    file = str(passage.installation.intake / "law.md")
    for line in OF_A_LIVE_RUN:
        words = [word.replace("RUN", run_id).replace("FILE", file) for word in line.split()]
        status, answer = command(passage, *words)
        stop = answer.get("stop")
        assert isinstance(stop, dict), line
        assert (status, stop["code"]) in {(4, "STOP_REFUSED_INPUT"), (4, "STOP_EXECUTION_DISABLED")}, (line, stop)
        assert "dry run" in stop["message"], (line, stop)
        assert "run list" not in stop["next_action"], (line, stop)
    assert sorted(passage.installation.backups.iterdir()) == backups

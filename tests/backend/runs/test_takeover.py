"""A run that another console takes over: it ends there, and the former holder writes nothing of it any more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.errors import CutterError
from console.backend.model.states import Move
from tests.backend.runs.test_two_roots import other_host
from tests.support.passage import Passage, fingerprint, silent

At = Callable[[str], Passage]


@pytest.mark.parametrize("stage", ["waits for SG_1", "SG_1 imported"])
def test_a_run_that_was_taken_over_ends_there_and_not_here(at: At, tmp_path: Path, stage: str) -> None:
    here = at(stage)
    there = other_host(here, tmp_path / "other")
    assert there.run().moves == (Move.VOID, Move.TAKE_OVER)
    taken, _ = there.backend.take_over(here.run_id, here.run_id)
    assert (taken.elsewhere, taken.moves) == ("", (Move.VOID,))
    lost = here.run()
    assert lost.elsewhere.startswith("taken over by bob on host-b at ")
    assert lost.moves == (Move.TAKE_OVER,)
    before = fingerprint(here)
    for attempt in (
        lambda: here.backend.void(here.run_id, "mine"),
        lambda: here.backend.resume(here.run_id, silent),
        lambda: here.backend.arm(here.run_id, here.run_id),
    ):
        with pytest.raises(CutterError):
            attempt()
    assert fingerprint(here) == before
    ended = there.backend.void(here.run_id, "the host is lost")
    assert ended.state.name == "voided_the_host_is_lost"
    assert ended.journal.startswith("PASS")

"""A run that is handed over in a bundle of its files: it goes on where the bundle is accepted, and nowhere else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.errors import CutterError
from console.backend.model.states import Mode, Move, Stage
from tests.backend.runs.backups import take_backup
from tests.backend.runs.test_two_roots import next_host
from tests.support.passage import REQUEST, TEXT, Passage, fingerprint, silent

At = Callable[[str], Passage]


def make_ready(there: Passage) -> None:
    """What each host has of its own before it arms: a dry run of the text, and a backup."""
    there.write("law.md", TEXT)
    there.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    take_backup(there)


@pytest.mark.parametrize("stage", ["waits for SG_1", "SG_1 imported", "waits for SG_2", "SG_2 imported"])
def test_a_run_goes_on_to_its_end_where_its_bundle_is_accepted(at: At, tmp_path: Path, stage: str) -> None:
    here = at(stage)
    there = next_host(here, tmp_path / "other")
    bundle = tmp_path / "run.tar"
    moves = here.run().moves
    gone, is_new = here.backend.hand_over(here.run_id, bundle)
    assert is_new
    assert gone.elsewhere.startswith("handed over by tester on host at ")
    assert gone.moves == (Move.TAKE_OVER,)
    assert gone.journal.startswith("PARTIAL")
    assert bundle.stat().st_mode & 0o777 == 0o600
    assert gone.elsewhere.endswith(", not accepted by anybody yet")
    assert (gone.is_unaccepted, gone.bundle) == (True, str(bundle))
    assert gone.waits_for.endswith(f"cutter-console run accept {bundle}")
    (wait,) = here.backend.status().waiting
    assert wait.waits_for == f"whoever accepts it: {gone.elsewhere}"
    seen = there.run()
    assert (seen.elsewhere, seen.is_unaccepted, seen.bundle) == (gone.elsewhere, True, "")
    assert seen.waits_for.endswith("cutter-console run accept FILE")
    held, is_new = there.backend.accept_run(bundle)
    assert (is_new, held.elsewhere, held.moves) == (True, "", moves)
    assert held.journal.startswith("PASS"), held.journal
    assert (held.is_unaccepted, held.bundle) == (False, "")
    lost = here.run()
    assert (lost.is_unaccepted, lost.bundle, lost.waits_for) == (False, "", "")
    assert lost.elsewhere.startswith("accepted by bob on host-b at ")
    before = fingerprint(here)
    for attempt in (
        lambda: here.backend.resume(here.run_id, silent),
        lambda: here.backend.void(here.run_id, "mine"),
        lambda: here.backend.arm(here.run_id, here.run_id),
        lambda: here.backend.enact(here.run_id, here.run_id, silent),
        lambda: here.backend.draft_statement(here.run_id),
    ):
        with pytest.raises(CutterError):
            attempt()
    assert fingerprint(here) == before
    if held.state.stage is Stage.AWAITING_CUT_AUTHORIZATION:
        if stage == "waits for SG_1":
            there.sign()
        make_ready(there)
        there.arm()
        there.resume()
    if stage != "SG_2 imported":
        there.sign()
    ended = there.enact()
    assert ended.state.stage is Stage.CLOSEOUT_REPORTED
    assert ended.journal.startswith("PASS")

"""A move that is refused leaves the run's record as it was: nothing that no anchor vouches for."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.runs import lifecycle
from tests.support.passage import Passage, silent

At = Callable[[str], Passage]
MOVES: dict[str, Callable[[Passage, str], object]] = {
    "void": lambda passage, run_id: passage.backend.void(run_id, "a test"),
    "replan": lambda passage, run_id: passage.backend.replan(run_id, silent),
    "revert": lambda passage, run_id: passage.backend.revert(run_id, run_id),
    "resume": lambda passage, run_id: passage.backend.resume(run_id, silent),
    "verify": lambda passage, run_id: passage.backend.verify(run_id),
    "arm": lambda passage, run_id: passage.backend.arm(run_id, run_id),
    "enact": lambda passage, run_id: passage.backend.enact(run_id, run_id, silent),
    "apply": lambda passage, run_id: passage.backend.apply_edit(run_id, run_id),
    "edit": lambda passage, run_id: passage.backend.start_edit(run_id, "ACME-LAW-ART-1", "# Article 1\n", ""),
    "take over": lambda passage, run_id: passage.backend.take_over(run_id, run_id),
    "hand over": lambda passage, run_id: passage.backend.hand_over(run_id, passage.installation.root / "RUN.tar"),
    "draft": lambda passage, run_id: passage.backend.draft_statement(run_id, revert=True),
}
AT = {
    "waits for SG_1": {"replan", "revert", "verify", "arm", "enact", "apply", "edit", "take over", "draft"},
    "waits for SG_2": {"void", "replan", "arm", "enact", "apply", "take over"},
    "enacted": MOVES.keys() - {"verify", "enact"},
}
"""Moves that are refused at a stage."""


@pytest.mark.parametrize(("stage", "move"), [(stage, move) for stage, moves in AT.items() for move in sorted(moves)])
def test_a_refused_move_leaves_the_record_as_it_was(at: At, stage: str, move: str) -> None:
    """An enacted run's journal was no longer PASS after a refused void, and each report of it had other sums."""
    passage = at(stage)
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    before = journal.read_bytes()
    with pytest.raises(Refused):
        MOVES[move](passage, passage.run_id)
    assert journal.read_bytes() == before
    assert passage.backend.verify_journal(passage.run_id, silent).outcome is Outcome.PASS


@pytest.mark.parametrize("move", ["void", "replan"])
def test_what_is_refused_behind_the_intent_is_anchored_with_it(
    at: At, monkeypatch: pytest.MonkeyPatch, move: str
) -> None:
    """The database refuses what the program has let pass: the record of that has its anchor, as that of an effect has."""
    passage = at("enacted")
    monkeypatch.setattr(lifecycle, "require_move", lambda *_: None)
    with pytest.raises(Refused):
        MOVES[move](passage, passage.run_id)
    verdict = passage.backend.verify_journal(passage.run_id, silent)
    assert (verdict.outcome, verdict.unanchored) == (Outcome.PASS, 0)

"""What has been done is not done again: the second time is a no-op that says so."""

from collections.abc import Callable

import pytest

from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import RecordKind
from console.cli import runs
from tests.cli.conftest import Run
from tests.support.passage import Passage, fingerprint

At = Callable[[str], Passage]
TWICE: dict[str, tuple[str, Callable[[str], tuple[str, ...]]]] = {
    "void": ("waits for SG_1", lambda run: ("run", "void", run, "--reason", "a test")),
    "revert": ("waits for SG_2", lambda run: ("revert", run, "--confirm", run)),
    "enact": ("SG_2 imported", lambda run: ("enact", run, "--confirm", run)),
    "settle": ("waits for SG_2", lambda run: ("run", "settle", run)),
    "arm": ("SG_1 imported", lambda run: ("arm", run, "--confirm", run)),
}


def _begin(passage: Passage) -> None:
    """What a process leaves that is killed before its COMMIT."""
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    with Journal.resume(journal, passage.run_id, passage.installation.context) as writer:
        writer.append(RecordKind.INTENT, "void")
    assert passage.run().interruption is not None


@pytest.mark.parametrize("what", TWICE)
def test_the_second_time_changes_nothing_and_says_so(
    at: At, command: Run, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(runs, "narrate", told.append)
    stage, words = TWICE[what]
    passage = at(stage)
    if what == "settle":
        _begin(passage)
    first = command(passage, *words(passage.run_id))
    before = fingerprint(passage)
    assert [line for line in told if line.startswith("nothing to do")] == []
    told.clear()
    second = command(passage, *words(passage.run_id))
    assert (first[0], second[0]) == (0, 0)
    assert fingerprint(passage) == before
    if what == "arm":
        assert second[1]["note"] == "it was armed for this run already; nothing was done"
    else:
        assert told[-1].startswith(f"nothing to do: run {passage.run_id} is at ")

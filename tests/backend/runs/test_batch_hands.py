"""A batch of which another console has taken a member over: it offers nothing that the database refuses, and goes on with it again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.batches import BatchMove
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Danger
from tests.backend.runs.test_batch_bars import member_of, to_law
from tests.backend.runs.test_two_roots import next_host
from tests.support.batch import BatchSite
from tests.support.passage import Kept, Passage

At = Callable[[str], Passage]


@pytest.fixture
def site(at: At, kept: Kept) -> BatchSite:
    """A batch of three documents at its first pause."""
    return BatchSite.waiting(at, kept, 3)


@pytest.mark.parametrize("comes_back", [True, False])
def test_nothing_of_a_batch_is_offered_while_another_console_holds_a_member(
    site: BatchSite, tmp_path: Path, comes_back: bool
) -> None:
    backend, batch_id = site.passage.backend, site.newest().batch_id
    if comes_back:
        site.sign(batch_id)
    member = member_of(site, 2)
    there = next_host(site.passage, tmp_path / "other")
    there.backend.take_over(member, member)
    said = "another console holds it: taken over by bob on host-b at "

    view = backend.batch(batch_id)
    assert (view.moves, view.is_over) == ((BatchMove.REPORT,), False)
    assert f"LAW-2 does not go on here: {said}" in view.phase
    take_back = f"cutter-console run take-over {member} --confirm {member}"
    for attempt in (
        lambda: backend.draft_statement(batch_id),
        lambda: site.arm(batch_id),
        lambda: site.resume(batch_id),
        lambda: site.enact(batch_id),
    ):
        with pytest.raises(Refused, match=said) as refused:
            attempt()
        assert (refused.value.code, take_back in refused.value.next_action) == (StopCode.LOCKED, True)
    (check,) = backend.brief(Danger.ARM, batch_id).checks
    assert (check.outcome, take_back in check.next_action) == (Outcome.FAIL, True)
    (wait,) = backend.status().waiting
    assert (wait.run_id, wait.next_action) == (member, f"cutter-console run show {member}")

    if comes_back:
        backend.take_over(member, member)
        assert backend.batch(batch_id).moves == (BatchMove.ARM, BatchMove.REPORT)
    else:
        there.backend.void(member, "not wanted")
    to_law(site, batch_id)

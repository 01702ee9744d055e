"""A batch with a member whose document another run has: it says so, offers nothing that is refused, and goes on without it."""

from collections.abc import Callable

import pytest

from console.backend.model.batches import BatchMove
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Stage
from console.backend.model.view_models import ApprovalStatus, Danger, RunRequest
from tests.backend.runs.test_amendments import to_second_pause
from tests.support.batch import BatchSite
from tests.support.passage import Kept, Passage, silent

At = Callable[[str], Passage]


@pytest.fixture
def site(at: At, kept: Kept) -> BatchSite:
    """A batch of three documents at its first pause."""
    return BatchSite.waiting(at, kept, 3)


def member_of(site: BatchSite, position: int) -> str:
    """The run of the member at this place, from 1 on."""
    return site.newest().members[position - 1].run_id


def cut_by_another_run(site: BatchSite, position: int) -> Passage:
    """Drafts of that member's document, which a run beside the batch has written."""
    passage = site.passage
    request = RunRequest(origin=f"file:law-{position}.md", docprefix=f"LAW-{position}", mode=Mode.LIVE)
    rival = passage.backend.start(request, silent)
    other = Passage(passage.backend, passage.cluster, passage.database, rival.run_id)
    to_second_pause(other)
    return other


def to_law(site: BatchSite, batch_id: str) -> None:
    """Make the first of the moves that are offered until none is left; none may be refused."""
    backend = site.passage.backend
    for _ in range(8):
        view = backend.batch(batch_id)
        match view.moves[0]:
            case BatchMove.DRAFT_SG_1 | BatchMove.DRAFT_SG_2:
                site.sign(batch_id)
            case BatchMove.ARM:
                site.arm(batch_id)
            case BatchMove.RESUME:
                site.resume(batch_id)
            case BatchMove.ENACT:
                site.enact(batch_id)
            case BatchMove.REPORT:
                assert view.is_over
                return
    raise AssertionError(site.newest().phase)


@pytest.mark.parametrize("is_ruled", [False, True])
def test_a_batch_with_a_barred_member_says_so_and_goes_on_when_that_one_is_voided(
    site: BatchSite, is_ruled: bool
) -> None:
    backend, batch_id = site.passage.backend, site.newest().batch_id
    if is_ruled:
        site.sign(batch_id)
    other, member = cut_by_another_run(site, 2), member_of(site, 2)
    kept_before = sorted(path.name for path in (site.passage.installation.root / "approvals").glob(f"{batch_id}*"))
    said, command = f"LAW-2 was cut by run {other.run_id}", f"cutter-console run void {member} --reason TEXT"

    view = backend.batch(batch_id)
    assert (view.moves, view.is_over, view.bar and view.bar.run_id) == ((BatchMove.REPORT,), False, other.run_id)
    assert f"LAW-2 cannot be cut: {said}" in view.phase
    for attempt in (
        lambda: backend.draft_statement(batch_id),
        lambda: site.arm(batch_id),
        lambda: site.resume(batch_id),
    ):
        with pytest.raises(Refused, match=said) as refused:
            attempt()
        assert (refused.value.code, command in refused.value.next_action) == (StopCode.REPLAY_CONFLICT, True)
    (check,) = backend.brief(Danger.ARM, batch_id).checks
    assert (check.outcome, command in check.next_action) == (Outcome.FAIL, True)
    waits = [wait.next_action for wait in backend.status().waiting if wait.run_id != other.run_id]
    assert waits == [command]
    # What was drafted and signed is neither set aside nor drafted over again.
    kept_now = sorted(path.name for path in (site.passage.installation.root / "approvals").glob(f"{batch_id}*"))
    assert kept_now == kept_before

    backend.void(member, "another run has cut it")
    to_law(site, batch_id)
    stages = [row.stage for row in backend.batch(batch_id).members]
    assert stages == [Stage.CLOSEOUT_REPORTED, Stage.AWAITING_CUT_AUTHORIZATION, Stage.CLOSEOUT_REPORTED]


def test_a_draft_over_a_batch_is_made_again_when_another_set_of_members_waits(site: BatchSite) -> None:
    """The database takes a list of exactly those that wait; a draft with one more would be refused for ever."""
    backend, batch_id = site.passage.backend, site.newest().batch_id
    first = backend.draft_statement(batch_id)
    assert backend.draft_statement(batch_id).statement_sha256 == first.statement_sha256
    member = member_of(site, 1)
    backend.void(member, "not wanted")
    (shown,) = (view for view in backend.approvals() if view.run_id == batch_id)
    (wrong,) = (check for check in shown.checks if check.name == "statements")
    assert f"since it was drafted {member} began or ceased to wait for it" in wrong.detail
    assert wrong.next_action == f"Draft it again: cutter-console approval draft {batch_id}"
    again = backend.draft_statement(batch_id)
    assert (again.docprefix, again.status) == ("2 documents", ApprovalStatus.DRAFTED)
    assert again.statement_sha256 != first.statement_sha256
    to_law(site, batch_id)

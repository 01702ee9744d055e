"""A batch from a folder to law: one backup, one ruling each way, each document whole or not at all, killed and resumed."""

from collections.abc import Callable

import pytest

from console.backend.model.batches import BatchMove, OnFailure
from console.backend.model.errors import CutterError, Refused, StopCode, Waiting
from console.backend.model.states import Mode, Phase, Stage
from tests.support.batch import UNITS, BatchSite, quiet, unheard
from tests.support.passage import Passage


@pytest.fixture
def site(at: Callable[[str], Passage]) -> BatchSite:
    """Three documents that no run has."""
    return BatchSite.of(at("fresh"), 3)


def _count(site: BatchSite, table: str, where: str = "true") -> int:
    return int(str(site.passage.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]))


def test_a_batch_goes_from_a_folder_to_law_under_one_ruling_each_way(site: BatchSite) -> None:
    """Killed in the middle of the plans, of the cut and of the enactment: nothing is doubled, nothing half done."""
    backend = site.passage.backend
    site.start(Mode.DRYRUN)
    requests = site.requests(Mode.LIVE)
    site.killed_in(lambda die: backend.start_batch(requests, Mode.LIVE, OnFailure.STOP, quiet, die), Phase.MARK, 2)
    batch_id = site.newest().batch_id
    waiting = site.resume(batch_id)
    assert waiting.moves[0] is BatchMove.DRAFT_SG_1
    assert {member.stage for member in waiting.members} == {Stage.AWAITING_CUT_AUTHORIZATION}
    assert _count(site, "cutter_governance.backup_proof") == 1

    site.sign(batch_id)
    site.arm(batch_id)
    site.killed_in(
        lambda die: backend.resume_batch(batch_id, None, quiet, die), Phase.CUT_LEG_A, 2
    )
    half = backend.batch(batch_id)
    assert [member.stage for member in half.members] == [
        Stage.AWAITING_LIFECYCLE_AUTHORIZATION,
        *[Stage.AWAITING_CUT_AUTHORIZATION] * 2,
    ]
    # The lease ended with the session that held it: nothing goes on by itself.
    assert half.moves[0] is BatchMove.ARM
    site.arm(batch_id)
    drafts = site.resume(batch_id)
    assert drafts.moves[0] is BatchMove.DRAFT_SG_2
    assert _count(site, "public.information_unit", "lifecycle_status = 'draft'") == 3 * UNITS

    site.sign(batch_id)
    site.killed_in(lambda die: backend.enact_batch(batch_id, batch_id, quiet, die), Phase.CLOSEOUT, 2)
    law = site.enact(batch_id)
    assert (law.phase, law.moves) == ("law", (BatchMove.REPORT,))
    assert _count(site, "public.information_unit", "lifecycle_status = 'enacted'") == 3 * UNITS
    assert _count(site, "public.unit_version") == 3 * UNITS
    assert _count(site, "cutter_governance.batch_ruling") == 2
    assert _count(site, "cutter_governance.approval_use") == 6
    assert _count(site, "cutter_governance.backup_proof") == 1
    for member in law.members:
        run = backend.run(member.run_id)
        assert run.state.stage is Stage.CLOSEOUT_REPORTED
        assert (site.passage.installation.root / "reports").glob(f"{member.run_id}-*")

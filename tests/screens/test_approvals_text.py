"""What the notice says of an import."""

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.view_models import ApprovalStatus
from console.screens.approvals_text import imported, sign
from console.widgets.line import plain
from tests.support.fake_batches import BATCH_ID
from tests.support.fakes import NOW, RUN_ID, FakeBackend

WORDS = {
    ApprovalStatus.DRAFTED: f"SG_1 for {RUN_ID} is imported.",
    ApprovalStatus.INVALID: f"SG_1 for {RUN_ID} is imported.",
    ApprovalStatus.IMPORTED: f"SG_1 for {RUN_ID} was imported before; its record is unchanged.",
    ApprovalStatus.USED: f"SG_1 for {RUN_ID} was used before; its record is unchanged.",
}
NEXT = dict.fromkeys((ApprovalStatus.DRAFTED, ApprovalStatus.INVALID), "3, then A")


@pytest.mark.parametrize("status", WORDS)
def test_a_second_import_is_said_to_be_one(status: ApprovalStatus) -> None:
    drafted = FakeBackend().check_statement(FakeBackend().approvals()[0].statement_path)
    before = drafted.model_copy(update={"status": status})
    after = drafted.model_copy(
        update={"status": ApprovalStatus.USED if status is ApprovalStatus.USED else ApprovalStatus.IMPORTED}
    )

    notice = imported(before, after)
    assert notice.what == WORDS[status]
    assert notice.next_action == NEXT.get(status, "")


@pytest.mark.parametrize(
    ("purpose", "run_id", "following"),
    [
        (Purpose.CUT, RUN_ID, "3, then A"),
        (Purpose.EDIT, RUN_ID, "3, then W"),
        (Purpose.ENACT, RUN_ID, "3, then E"),
        (Purpose.REVERT, RUN_ID, "3, then U"),
        (Purpose.CUT, BATCH_ID, "7, then A"),
        (Purpose.ENACT, BATCH_ID, "7, then E"),
    ],
)
def test_the_notice_of_an_import_names_the_key_that_is_next(purpose: Purpose, run_id: str, following: str) -> None:
    before = FakeBackend().approvals()[0].model_copy(update={"status": ApprovalStatus.DRAFTED})
    after = before.model_copy(update={"status": ApprovalStatus.IMPORTED, "purpose": purpose, "run_id": run_id})
    assert imported(before, after).next_action == following


def test_of_a_statement_whose_every_check_passes_the_import_is_named_as_next() -> None:
    view = FakeBackend().approvals()[0]
    passing = view.model_copy(
        update={"status": ApprovalStatus.DRAFTED, "checks": tuple(c for c in view.checks if c.outcome is Outcome.PASS)}
    )
    assert passing.checks
    rows = {demo: [plain(row) for row in sign(passing, NOW, demo=demo)] for demo in (True, False)}
    assert all(shown[1] == "signed: every check is PASS. Next: i imports it" for shown in rows.values())
    unsigned = [plain(row) for row in sign(passing.model_copy(update={"checks": ()}), NOW, demo=True)]
    assert not [row for row in unsigned if row.startswith("signed")]

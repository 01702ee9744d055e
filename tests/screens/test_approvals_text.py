"""What the notice says of an import."""

import pytest

from console.backend.model.view_models import ApprovalStatus
from console.screens.approvals_text import imported
from tests.support.fakes import RUN_ID, FakeBackend

WORDS = {
    ApprovalStatus.DRAFTED: f"SG_1 for {RUN_ID} is imported.",
    ApprovalStatus.INVALID: f"SG_1 for {RUN_ID} is imported.",
    ApprovalStatus.IMPORTED: f"SG_1 for {RUN_ID} was imported before; its record is unchanged.",
    ApprovalStatus.USED: f"SG_1 for {RUN_ID} was used before; its record is unchanged.",
}


@pytest.mark.parametrize("status", WORDS)
def test_a_second_import_is_said_to_be_one(status: ApprovalStatus) -> None:
    drafted = FakeBackend().check_statement(FakeBackend().approvals()[0].statement_path)
    before = drafted.model_copy(update={"status": status})
    after = drafted.model_copy(
        update={"status": ApprovalStatus.USED if status is ApprovalStatus.USED else ApprovalStatus.IMPORTED}
    )

    assert imported(before, after) == WORDS[status]

"""The next step that Overview names: its key leads to that run or batch, wherever the cursor of that screen was left."""

import pytest

from console.app.application import ConsoleApp
from console.backend.model.view_models import ApprovalStatus, Status, WaitView
from console.screens.approvals import ApprovalsScreen
from console.widgets.list_rows import ListRows
from tests.screens.conftest import opened, press
from tests.support.fake_batches import BATCH_ID
from tests.support.fakes import ARMED, DRY_ID, NOW, RUN_ID, FakeBackend


def _chosen(app: ConsoleApp, name: str = "runs") -> str:
    return app.screen.query_one(f"#{name}", ListRows).key or ""


async def test_the_key_that_overview_names_leads_to_the_run_that_it_names() -> None:
    """Another run stood under the cursor there: its A would have armed that one."""
    async with opened(FakeBackend(), "3") as (app, pilot):
        assert _chosen(app) == RUN_ID
        await press(pilot, "down")
        assert _chosen(app) == DRY_ID
        await press(pilot, "1", "3")
        assert _chosen(app) == RUN_ID


async def test_from_any_other_screen_the_place_is_kept() -> None:
    async with opened(FakeBackend(), "3", "down", "2", "3") as (app, _pilot):
        assert _chosen(app) == DRY_ID


async def test_armed_it_leads_to_the_run_that_may_go_on() -> None:
    backend = FakeBackend()
    backend.switch = ARMED
    async with opened(backend, "3", "down", "1", "3") as (app, _pilot):
        assert _chosen(app) == RUN_ID


async def test_a_console_that_only_reads_is_led_nowhere() -> None:
    """Its first line names no next key: the place of who looks stays."""
    async with opened(FakeBackend(), "3", "down", "1", "3", read_only=True) as (app, _pilot):
        assert _chosen(app) == DRY_ID


class _OfBatch(FakeBackend):
    """A backend whose first wait is of a batch; of its documents the last one stands for all."""

    def status(self) -> Status:
        wait = WaitView(
            what=f"2 documents of batch {BATCH_ID} are authorised",
            run_id=RUN_ID,
            since=NOW,
            waits_for="the operator",
            next_action=f"cutter-console arm {BATCH_ID} --confirm {BATCH_ID}",
        )
        return super().status().model_copy(update={"waiting": (wait,)})


async def test_a_batch_is_led_to_on_its_own_screen_and_its_documents_run_on_none() -> None:
    async with opened(_OfBatch(), "3", "down", "1", "7") as (app, pilot):
        assert _chosen(app, "batches") == BATCH_ID
        await press(pilot, "down")
        other = _chosen(app, "batches")
        assert other != BATCH_ID
        await press(pilot, "1", "7")
        assert _chosen(app, "batches") == BATCH_ID
        await press(pilot, "1", "3")
        assert _chosen(app) == DRY_ID


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (ApprovalStatus.DRAFTED, True),
        (ApprovalStatus.INVALID, True),
        (ApprovalStatus.IMPORTED, False),
        (ApprovalStatus.USED, False),
        (ApprovalStatus.EXPIRED, False),
    ],
)
async def test_a_statement_that_is_imported_used_or_expired_is_not_offered_to_be_signed_or_imported(
    status: ApprovalStatus, *, offered: bool
) -> None:
    async with opened(FakeBackend(demo=True), "4", demo=True) as (app, _pilot):
        assert isinstance(app.screen, ApprovalsScreen)
        app.screen._checked(app.screen.approvals[0].model_copy(update={"status": status}))
        names = {action.name for action in app.screen.shown_actions()}
        assert names == {"check", "import_statement", "demo_sign"} if offered else {"check"}

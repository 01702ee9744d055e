"""The next step that Overview names: its key leads to that run, statement or batch, wherever the cursor of that screen was left."""

import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from console.actions.action import Scope
from console.actions.actions import registry
from console.actions.keys_in_force import keys_of
from console.app.application import ConsoleApp
from console.backend.model.ids import is_batch
from console.backend.model.view_models import ApprovalStatus, ApprovalView, Status, SwitchState, WaitView
from console.screens.approvals import ApprovalsScreen
from console.screens.dialog import Dialog
from console.screens.overview import OverviewScreen
from console.screens.overview_text import may_act, next_step
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from tests.screens.conftest import opened, press, settle, until
from tests.screens.test_replay import replayed
from tests.support.fake_batches import BATCH_ID
from tests.support.fakes import ARMED, DRY_ID, NOW, OFF, RUN_ID, FakeBackend
from tests.support.waiting import LONGEST_S


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


def _wait(step: str, statement: Path | None = None) -> WaitView:
    return WaitView(
        what="a step",
        run_id=RUN_ID,
        since=NOW,
        waits_for="anna",
        next_action=f"cutter-console {step}",
        statement=statement,
    )


_FILE = Path("/srv/approvals/b.json")
_STEPS = (
    ("", None),
    (f"approval draft {RUN_ID}", None),
    (f"approval import {_FILE}", _FILE),
    (f"enact {BATCH_ID} --confirm {BATCH_ID}", None),
    ("policy pin", None),
)


def _statuses() -> Iterator[Status]:
    """Whatever the switch, what waits, and what lies between this console and the database."""
    between: tuple[dict[str, object], ...] = ({}, {"target": None}, {"layout": "a site mapping"}, {"read_only": True})
    for state, purpose, run_id, (step, statement), changes in product(
        SwitchState, ("cut", "enact"), (RUN_ID, BATCH_ID), _STEPS, between
    ):
        switch = OFF.model_copy(update={"state": state, "purpose": purpose, "run_id": run_id})
        waiting = (_wait(step, statement),) if step else ()
        yield FakeBackend().status().model_copy(update={"switch": switch, "waiting": waiting, **changes})


@pytest.mark.parametrize("is_replay", [False, True])
@pytest.mark.parametrize("read_only", [False, True])
def test_overview_leads_where_its_first_line_names_a_key_and_nowhere_else(*, read_only: bool, is_replay: bool) -> None:
    known = registry(read_only=False, demo=False)
    n_steps = 0
    for status in _statuses():
        words = plain(may_act(status, known, read_only=read_only, is_stopped=False, is_replay=is_replay))
        step = next_step(status, read_only=read_only, is_replay=is_replay)
        if step is None:
            assert "Next" not in words
            assert "releases" not in words
        else:
            n_steps += 1
            assert step.does in words
            assert keys_of(step.action, known) in words
            # What it leads to is on the screen whose key the line names.
            assert is_batch(step.subject) is ("7, then" in words)
            assert (step.statement is not None) is ("4, then" in words)
    # With nothing between: a HOLD and a switch that is off whatever was armed, an armed one if it is for the cut.
    assert n_steps == (0 if read_only or is_replay else (4 + 4 + 2) * len(_STEPS))


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


class _TwoStatements(FakeBackend):
    """A backend with two statements, of which the second one waits for its import; read when the test says so."""

    def __init__(self) -> None:
        super().__init__(demo=True)
        self.lists_go_on = threading.Event()
        self.lists_go_on.set()

    def status(self) -> Status:
        path = _named(self._approval(), "b").statement_path
        wait = WaitView(
            what="SG_1 for BDSG-2018",
            run_id=RUN_ID,
            since=NOW,
            waits_for="the operator: its signature files are there",
            next_action=f"cutter-console approval import {path}",
            statement=path,
        )
        return super().status().model_copy(update={"waiting": (wait,)})

    def approvals(self) -> tuple[ApprovalView, ...]:
        self.lists_go_on.wait(LONGEST_S)
        return _named(self._approval(), "a"), _named(self._approval(), "b")


def _named(view: ApprovalView, name: str) -> ApprovalView:
    changed = {"statement_path": Path(f"/srv/approvals/{name}.json"), "statement_sha256": name * 64}
    return view.model_copy(update=changed)


async def test_the_key_that_overview_names_leads_to_the_statement_that_it_names() -> None:
    """Another statement stood under the cursor there: its i would have imported that one."""
    async with opened(_TwoStatements(), "4") as (app, pilot):
        assert _chosen(app, "statements") == "b" * 64
        await press(pilot, "up")
        assert _chosen(app, "statements") == "a" * 64
        await press(pilot, "2", "4")
        assert _chosen(app, "statements") == "a" * 64
        await press(pilot, "1", "4")
        assert _chosen(app, "statements") == "b" * 64
        # One that was led to is led to once.
        await press(pilot, "up", "r")
        assert _chosen(app, "statements") == "a" * 64


def _done(backend: FakeBackend) -> list[str]:
    return [call for call in backend.calls if call.startswith(("demo sign", "check", "import"))]


@pytest.mark.parametrize("key", ["D", "c", "i"])
async def test_a_key_is_not_for_the_statement_before_the_one_that_is_led_to(key: str) -> None:
    backend = _TwoStatements()
    async with opened(backend, "4", "up", demo=True) as (app, pilot):
        backend.lists_go_on.clear()
        try:
            await pilot.press("1", "4")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.is_current)
            await pilot.press(key)
            still = "Approvals is still being read."
            await until(pilot, lambda: app.notice.what == still or bool(_done(backend)))
            assert _done(backend) == []
        finally:
            backend.lists_go_on.set()
        await settle(pilot)
        assert _done(backend) == []
        await press(pilot, key)
        assert _done(backend) == [f"{'demo sign' if key == 'D' else 'check'} b.json"]


class _ChecksLate(_TwoStatements):
    """A backend that checks a statement when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.checks_go_on = threading.Event()
        self.has_other = True

    def approvals(self) -> tuple[ApprovalView, ...]:
        return super().approvals()[: 2 if self.has_other else 1]

    def check_statement(self, statement: Path) -> ApprovalView:
        self.checks_go_on.wait(LONGEST_S)
        return _named(super().check_statement(statement), statement.stem)


async def test_a_late_check_of_one_statement_opens_no_import_where_overview_has_led_to_another() -> None:
    """The other one is not in the list yet; the dialog that opened was for the one before."""
    backend = _ChecksLate()
    backend.has_other = False
    async with opened(backend, "4") as (app, pilot):
        assert _chosen(app, "statements") == "a" * 64
        try:
            await pilot.press("i", "1")
            await until(pilot, lambda: app.current_mode == "overview")
            backend.lists_go_on.clear()
            backend.has_other = True
            await pilot.press("4")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.is_current)
            assert app.wanted_import == Path("/srv/approvals/b.json")
            backend.checks_go_on.set()
            not_done = "Import of a.json: not done"
            await until(pilot, lambda: isinstance(app.screen, Dialog) or app.notice.what.startswith(not_done))
            assert not isinstance(app.screen, Dialog)
        finally:
            backend.checks_go_on.set()
            backend.lists_go_on.set()
        await settle(pilot)
        assert _chosen(app, "statements") == "b" * 64
        assert app.wanted_import is None
        assert app.notice.what.startswith(not_done)


@pytest.mark.parametrize("keys", [("1", "4"), ("down",)], ids=["led to", "chosen"])
async def test_a_late_check_of_one_statement_opens_no_import_where_another_has_been_chosen(
    keys: tuple[str, ...],
) -> None:
    backend = _ChecksLate()
    async with opened(backend, "4", "up") as (app, pilot):
        assert _chosen(app, "statements") == "a" * 64
        try:
            await pilot.press("i", *keys)
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.wanted_import is None)
            await until(pilot, lambda: _chosen(app, "statements") == "b" * 64)
        finally:
            backend.checks_go_on.set()
        await settle(pilot)
        assert not isinstance(app.screen, Dialog)
        assert app.notice.what == "Import of a.json: not done, because another statement was chosen meanwhile."


async def test_a_status_of_before_the_line_was_lost_leads_to_no_statement() -> None:
    """What waited then may have been done since: the first line names no key."""
    backend = _TwoStatements()
    async with opened(backend, "4", "up", "1") as (app, pilot):
        backend.unreachable_status = True
        await press(pilot, "r")
        assert not app.current
        await press(pilot, "4")
        assert _chosen(app, "statements") == "a" * 64


async def test_a_status_of_before_the_line_was_lost_leads_to_no_run() -> None:
    backend = FakeBackend()
    async with opened(backend, "3", "down", "1") as (app, pilot):
        backend.unreachable_status = True
        await press(pilot, "r")
        assert not app.current
        await press(pilot, "3")
        assert _chosen(app) == DRY_ID


async def test_a_recording_leads_nowhere_whatever_waited_in_it() -> None:
    async with replayed(answers=[_TwoStatements().status()]) as (app, _pilot):
        assert isinstance(app.screen, OverviewScreen)
        assert app.status is not None
        assert app.status.waiting
        for scope in (Scope.APPROVALS, Scope.RUN, Scope.BATCH):
            app.screen.lead_to(scope)
        assert (app.wanted_import, app.wanted_run, app.wanted_batch) == (None, "", "")


async def test_a_statement_that_is_in_the_list_no_more_is_not_waited_for() -> None:
    backend = _TwoStatements()
    async with opened(backend, "4", "up") as (app, pilot):
        one = (_named(backend._approval(), "a"),)
        backend.approvals = lambda: one  # type: ignore[method-assign]
        await press(pilot, "1", "4", "c")
        assert _chosen(app, "statements") == "a" * 64
        assert "check a.json" in backend.calls


async def test_a_statement_that_was_just_drafted_comes_before_the_one_that_overview_names() -> None:
    """Its draft ended while Overview was shown."""
    async with opened(_TwoStatements()) as (app, pilot):
        app.show_statement("a" * 64)
        await settle(pilot)
        assert _chosen(app, "statements") == "a" * 64


async def test_a_run_that_is_shown_is_the_one_that_was_asked_for_and_not_the_one_that_overview_names() -> None:
    """Documents, a batch, a HOLD and an edited draft show a run, and may do so when Overview is on the screen."""
    async with opened(FakeBackend()) as (app, pilot):
        app.show_run(DRY_ID)
        await settle(pilot)
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

"""A key that is pressed before what it acts on is there: it is answered at once, and never acts on what was there before."""

import threading
from datetime import datetime
from pathlib import Path

import pytest
from textual.widgets import Input

from console.app.application import ConsoleApp
from console.backend.model.errors import Refused, StopCode
from console.backend.model.view_models import ApprovalView, RunSummary, RunView
from console.screens.approvals import ApprovalsScreen
from console.screens.custody_dialogs import BundleDialog
from console.screens.dialog import Dialog
from console.widgets.list_rows import ListRows
from tests.screens.conftest import opened, press, settle, until
from tests.support.fakes import DRY_ID, RUN_ID, FakeBackend
from tests.support.waiting import LONGEST_S


class _Slow(FakeBackend):
    """Reads runs and statements only when the test says so."""

    def __init__(self) -> None:
        super().__init__(demo=True)
        self.runs_go_on, self.statements_go_on = threading.Event(), threading.Event()
        self.runs_go_on.set()
        self.statements_go_on.set()

    def run(self, run_id: str) -> RunView:
        self.runs_go_on.wait(LONGEST_S)
        return super().run(run_id)

    def check_statement(self, statement: Path) -> ApprovalView:
        self.statements_go_on.wait(LONGEST_S)
        return super().check_statement(statement)

    def approvals(self) -> tuple[ApprovalView, ...]:
        self.statements_go_on.wait(LONGEST_S)
        return super().approvals()


async def test_a_key_of_the_next_screen_is_answered_while_the_one_before_is_at_work() -> None:
    """D behind s: on Run it is no key; what begins next does not take the answer away."""
    backend = _Slow()
    async with opened(backend, "3", demo=True) as (app, pilot):
        backend.runs_go_on.clear()
        try:
            await pilot.press("s", "D")
            await until(pilot, lambda: app.notice.what.startswith("D does nothing on Run."))
            assert "Still under way" in app.notice.what
        finally:
            backend.runs_go_on.set()
        await settle(pilot)
        assert isinstance(app.screen, ApprovalsScreen)
        assert app.notice.what.startswith("D does nothing on Run.")
        assert not [call for call in backend.calls if call.startswith("demo sign")]
        await press(pilot, "escape", "D")
        assert [call for call in backend.calls if call.startswith("demo sign")]


@pytest.mark.parametrize("key", ["D", "c", "i"])
async def test_a_key_is_not_for_the_statement_before_the_one_that_was_just_drafted(key: str) -> None:
    backend = _Slow()
    async with opened(backend, "4", "3", demo=True) as (app, pilot):
        before = list(backend.calls)
        backend.statements_go_on.clear()
        try:
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.is_current)
            await pilot.press(key)
            await until(pilot, lambda: app.notice.what == "Approvals is still being read.")
            assert isinstance(app.screen, ApprovalsScreen)
        finally:
            backend.statements_go_on.set()
        await settle(pilot)
        done = [call for call in backend.calls[len(before) :] if call.startswith(("demo sign", "check", "import"))]
        assert done == []
        await press(pilot, key)
        assert app.notice.what != "Approvals is still being read."


async def test_a_move_whose_answer_comes_when_the_operator_has_left_says_that_it_was_not_made() -> None:
    backend = _Slow()
    async with opened(backend, "3", demo=True) as (app, pilot):
        backend.runs_go_on.clear()
        try:
            await pilot.press("A", "1")
            await until(pilot, lambda: app.current_mode == "overview")
        finally:
            backend.runs_go_on.set()
        await settle(pilot)
        assert app.notice.what.startswith("Arm of ")
        assert "not done" in app.notice.what
        assert not [call for call in backend.calls if call.startswith("brief")]


async def test_a_run_that_is_still_being_read_is_not_called_none() -> None:
    """The list was read, its row is under the cursor, and the run itself is not there yet."""
    backend = _Slow()
    backend.runs_go_on.clear()
    async with opened(backend) as (app, pilot):
        try:
            await pilot.press("3")
            phases = app.screen.query_one("#phases", ListRows)
            await until(pilot, lambda: phases.empty_words == f"Reading {RUN_ID} ...")
            await pilot.press("A")
            await until(pilot, lambda: app.notice.what == "Run is still being read.")
        finally:
            backend.runs_go_on.set()
        await settle(pilot)
        assert phases.chosen is not None


class _HeldBack(FakeBackend):
    """Reads the list and the one run only when the test says so; the other one is there at once, and can be armed too."""

    def __init__(self) -> None:
        super().__init__(can_hand_over=True)
        self.list_goes_on, self.run_goes_on = threading.Event(), threading.Event()
        self.list_goes_on.set()
        self.run_goes_on.set()

    def runs(self) -> tuple[RunSummary, ...]:
        self.list_goes_on.wait(LONGEST_S)
        return super().runs()

    def run(self, run_id: str) -> RunView:
        if run_id == RUN_ID:
            self.run_goes_on.wait(LONGEST_S)
        return self._run_view(self._state(), self._mode(), run_id)


@pytest.mark.parametrize("key", ["A", "O"])
@pytest.mark.parametrize("keys", [("1", "3"), ("up",)], ids=["led to", "chosen"])
async def test_a_key_is_not_for_the_run_before_the_one_that_is_led_to_or_chosen(
    keys: tuple[str, ...], key: str
) -> None:
    """The cursor stood on the one run, and the dialog that opened was for the other."""
    backend = _HeldBack()
    async with opened(backend, "3", "down") as (app, pilot):
        runs = app.screen.query_one("#runs", ListRows)
        assert runs.key == DRY_ID
        backend.run_goes_on.clear()
        try:
            await pilot.press(*keys)
            await until(pilot, lambda: app.current_mode == "run" and runs.key == RUN_ID and not app.wanted_run)
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, Dialog) or app.notice.what == "Run is still being read.")
            assert not isinstance(app.screen, Dialog)
        finally:
            backend.run_goes_on.set()
        await settle(pilot)
        assert not [call for call in backend.calls if call.startswith("brief")]
        await press(pilot, key)
        assert isinstance(app.screen, Dialog)


_BUNDLES = {RUN_ID: "/mnt/stick/one.bundle", DRY_ID: "/mnt/stick/other.bundle"}


class _NotAccepted(_HeldBack):
    """Has two runs that nobody has accepted, each with a bundle of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.handed_over = _BUNDLES[RUN_ID]

    def run(self, run_id: str) -> RunView:
        return super().run(run_id).model_copy(update={"bundle": _BUNDLES[run_id]})


@pytest.mark.parametrize("is_led", [True, False], ids=["led to", "chosen"])
async def test_no_bundle_is_named_of_the_run_before_the_one_that_is_led_to_or_chosen(*, is_led: bool) -> None:
    """The file that stood in the field was of the one run, and the cursor went to the other."""
    backend = _NotAccepted()
    async with opened(backend, "3", "down") as (app, pilot):
        runs = app.screen.query_one("#runs", ListRows)
        assert runs.key == DRY_ID
        (backend.list_goes_on if is_led else backend.run_goes_on).clear()
        try:
            await pilot.press(*(("1", "3") if is_led else ("up",)))
            wanted = RUN_ID if is_led else ""
            await until(pilot, lambda: app.current_mode == "run" and app.wanted_run == wanted)
            await until(pilot, lambda: is_led or runs.key == RUN_ID)
            await pilot.press("I")
            await until(pilot, lambda: isinstance(app.screen, BundleDialog))
            assert app.screen.query_one("#typed", Input).value == ""
        finally:
            backend.list_goes_on.set()
            backend.run_goes_on.set()
        await press(pilot, "escape", "I")
        assert app.screen.query_one("#typed", Input).value == _BUNDLES[RUN_ID]


@pytest.mark.parametrize("key", ["o", "l"])
async def test_no_report_and_no_journal_is_opened_of_the_run_before_the_one_that_is_led_to(key: str) -> None:
    backend = _HeldBack()
    async with opened(backend, "3", "down") as (app, pilot):
        backend.list_goes_on.clear()
        try:
            await pilot.press("1", "3")
            await until(pilot, lambda: app.current_mode == "run" and app.wanted_run == RUN_ID)
            await pilot.press(key)
            await until(pilot, lambda: app.current_mode != "run" or app.notice.what == "Run is still being read.")
            assert app.current_mode == "run"
        finally:
            backend.list_goes_on.set()
        await settle(pilot)
        await press(pilot, key)
        assert app.current_mode != "run"


async def test_an_import_whose_check_ends_on_another_screen_asks_nothing() -> None:
    backend = _Slow()
    async with opened(backend, "4") as (app, pilot):
        backend.statements_go_on.clear()
        try:
            await pilot.press("i", "1")
            await until(pilot, lambda: app.current_mode == "overview")
        finally:
            backend.statements_go_on.set()
        await settle(pilot)
        assert not isinstance(app.screen, Dialog)
        assert app.notice.what.startswith("Import of SG_1-9f3c21ab.json: not done")


class _TwoStatements(_Slow):
    """Has another statement, B, once it is drafted; a list is of the time at which it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.lists_go_on = threading.Event()
        self.lists_go_on.set()
        self.is_drafted = False

    def _other(self) -> ApprovalView:
        path = Path("/srv/approvals/SG_1-b.json")
        return self._approval().model_copy(update={"statement_path": path, "statement_sha256": "b" * 64})

    def approvals(self) -> tuple[ApprovalView, ...]:
        answer = (self._approval(), *((self._other(),) if self.is_drafted else ()))
        self.lists_go_on.wait(LONGEST_S)
        return answer

    def draft_statement(
        self, run_id: str, *, revert: bool = False, in_force_from: datetime | None = None
    ) -> ApprovalView:
        super().draft_statement(run_id, revert=revert, in_force_from=in_force_from)
        self.is_drafted = True
        return self._other()


def _chosen(app: ConsoleApp) -> str:
    assert isinstance(app.screen, ApprovalsScreen)
    return app.screen.chosen.statement_path.name if app.screen.chosen is not None else ""


async def test_a_late_check_of_one_statement_opens_no_import_where_another_was_just_drafted() -> None:
    backend = _TwoStatements()
    async with opened(backend, "4") as (app, pilot):
        backend.statements_go_on.clear()
        backend.lists_go_on.clear()
        try:
            await pilot.press("i", "3")
            await until(pilot, lambda: app.current_mode == "run")
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.is_current)
            backend.statements_go_on.set()
            not_done = "Import of SG_1-9f3c21ab.json: not done"
            await until(pilot, lambda: isinstance(app.screen, Dialog) or app.notice.what.startswith(not_done))
            assert not isinstance(app.screen, Dialog)
            assert app.wanted_statement == "b" * 64
        finally:
            backend.statements_go_on.set()
            backend.lists_go_on.set()
        await settle(pilot)
        assert (_chosen(app), app.wanted_statement) == ("SG_1-b.json", "")


async def test_a_list_that_was_asked_for_before_a_statement_was_drafted_does_not_end_the_wait_for_it() -> None:
    backend = _TwoStatements()
    async with opened(backend) as (app, pilot):
        backend.lists_go_on.clear()
        try:
            await pilot.press("4", "3")
            await until(pilot, lambda: app.current_mode == "run")
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.is_current)
        finally:
            backend.lists_go_on.set()
        await settle(pilot)
        assert (_chosen(app), app.wanted_statement) == ("SG_1-b.json", "")


async def test_a_statement_that_is_in_the_list_is_not_waited_for_though_it_is_read_again() -> None:
    backend = _TwoStatements()
    async with opened(backend) as (app, pilot):
        backend.is_drafted, app.wanted_statement = True, "b" * 64
        backend.lists_go_on.clear()
        later = threading.Event()
        try:
            await pilot.press("4")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.is_current)
            await pilot.press("r")
            first, backend.lists_go_on = backend.lists_go_on, later
            first.set()
            await until(pilot, lambda: _chosen(app) == "SG_1-b.json")
            assert app.wanted_statement == ""
            await pilot.press("c")
            await until(pilot, lambda: "check SG_1-b.json" in backend.calls)
        finally:
            first.set()
            later.set()
        await settle(pilot)


async def test_one_that_overview_names_is_not_taken_for_the_one_that_was_just_drafted_and_is_not_read_yet() -> None:
    """Both wishes were dropped, and the key was for the one that Overview names."""
    backend = _TwoStatements()
    async with opened(backend) as (app, pilot):
        named = backend._approval().statement_path
        backend.lists_go_on.clear()
        later = threading.Event()
        try:
            await pilot.press("4")
            await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.is_current)
            app.wanted_statement, app.wanted_import = "b" * 64, named
            backend.is_drafted = True
            await pilot.press("r")
            first, backend.lists_go_on = backend.lists_go_on, later
            first.set()
            await until(pilot, lambda: _chosen(app) != "")
            assert (app.wanted_statement, app.wanted_import) == ("b" * 64, named)
        finally:
            first.set()
            later.set()
        await settle(pilot)
        assert (_chosen(app), app.wanted_statement) == ("SG_1-b.json", "")
        assert app.wanted_import is None


async def test_a_key_behind_a_list_that_could_not_be_read_is_not_for_the_statement_before() -> None:
    """The old rows are shown; what was drafted is not among them."""
    backend = _TwoStatements()
    async with opened(backend, "4", "3", demo=True) as (app, pilot):
        approvals, before = backend.approvals, list(backend.calls)

        def gone() -> tuple[ApprovalView, ...]:
            raise Refused(StopCode.UNREACHABLE, "the server is gone", "Start it.")

        backend.approvals = gone  # type: ignore[method-assign]
        await press(pilot, "s")
        assert isinstance(app.screen, ApprovalsScreen)
        for key in ("D", "c", "i"):
            await press(pilot, key)
            assert app.notice.what == "Approvals could not be read: the key was not acted upon."
            assert "to read again" in app.notice.next_action
        done = [call for call in backend.calls[len(before) :] if call.startswith(("demo sign", "check", "import"))]
        assert done == []

        backend.approvals = approvals  # type: ignore[method-assign]
        await press(pilot, "r")
        assert (_chosen(app), app.wanted_statement) == ("SG_1-b.json", "")


async def test_a_letter_that_does_nothing_on_a_screen_at_rest_says_nothing() -> None:
    async with opened(FakeBackend(), "3") as (app, pilot):
        await press(pilot, "D")
        assert app.notice.kind == "none"

"""Batch: each pause offers its own moves alone, what has moved since it was drawn is refused, and nothing is lost at 80x24."""

from itertools import product
from pathlib import Path

import pytest
from textual.widgets import Input

from console.actions.actions import registry
from console.actions.keys_in_force import keys_of
from console.app.application import ConsoleApp
from console.backend.model.batches import BatchView
from console.backend.model.view_models import SwitchState, SwitchView
from console.screens.approvals import ApprovalsScreen
from console.screens.batch import BatchScreen
from console.screens.danger import DangerDialog
from console.screens.dialog import Dialog
from console.screens.run import RunScreen
from console.widgets import bars
from console.widgets.bars import SHORTEST, TopBar
from console.widgets.line import Line, plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from console.widgets.rows import Rows
from tests.screens.conftest import opened, press, settle
from tests.support.fake_batches import BATCH_ID, BatchAt, armed_for_batch, members_at
from tests.support.fakes import ARMED, HOLD, NOW, OFF, RUN_ID, FakeBackend

WRITES = {"start", "resume", "draft", "arm", "enact", "report", "plan", "set-aside"}
PAUSES: dict[BatchAt, tuple[str, str]] = {
    "sg_1": ("s", f"cutter-console approval draft {BATCH_ID}"),
    "arm": ("A", f"cutter-console arm {BATCH_ID} --confirm {BATCH_ID}"),
    "armed": ("g", f"cutter-console batch resume {BATCH_ID}"),
    "failed": ("g", f"cutter-console batch resume {BATCH_ID}"),
    "aside": ("s", f"cutter-console approval draft {BATCH_ID}"),
    "enact": ("E", f"cutter-console enact {BATCH_ID} --confirm {BATCH_ID}"),
    "law": ("w", f"cutter-console batch report {BATCH_ID}"),
}


def _writes(backend: FakeBackend) -> list[str]:
    return [call for call in backend.calls if call.split()[0] in WRITES]


def _panel(app: ConsoleApp, name: str) -> str:
    """The words of a panel, on one line."""
    return " ".join(" ".join(plain(spans).split()) for spans in app.screen.query_one(f"#{name}", Panel).shown)


def _actions(app: ConsoleApp) -> set[str]:
    assert isinstance(app.screen, BatchScreen)
    return {action.name for action in app.screen.shown_actions()} - {"batch_plan", "batch_member"}


@pytest.mark.parametrize("at", PAUSES)
async def test_each_pause_says_what_is_next_with_its_key_and_its_whole_command(at: BatchAt) -> None:
    key, command = PAUSES[at]
    async with opened(FakeBackend(batch_at=at), "7") as (app, _pilot):
        assert f"Next {key}, or: {command}" in _panel(app, "batch-head")


class _Signed(FakeBackend):
    """A backend whose batch has a statement that is signed, and not imported."""

    def batch_view(self) -> BatchView:
        return super().batch_view().model_copy(update={"leads_to_ruling": "cutter-console approval import X"})


async def test_of_a_signed_statement_the_keys_and_the_command_that_import_it_are_next() -> None:
    """The key that drafts stood beside the command that imports."""
    async with opened(_Signed(batch_at="sg_1"), "7") as (app, _pilot):
        head = _panel(app, "batch-head")
        assert "Next 4, then i, or: cutter-console approval import X" in head
        assert "then it is signed" not in head


async def test_the_legal_moves_are_the_only_actions() -> None:
    backend = FakeBackend(batch_at="armed")
    async with opened(backend, "7") as (app, pilot):
        assert _actions(app) == {"batch_go_on", "batch_without", "batch_report"}
        backend.batch_at = "law"
        await press(pilot, "r")
        assert _actions(app) == {"batch_report"}
        backend.batch_at = "cutting"
        await press(pilot, "r")
        assert _actions(app) == set()


async def test_each_move_is_made_with_its_own_key_and_through_the_dialogs_of_runs() -> None:
    backend = FakeBackend(batch_at="arm")
    async with opened(backend, "7", "A") as (app, pilot):
        assert isinstance(app.screen, DangerDialog)
        await press(pilot, "enter", *BATCH_ID[:-1], "ctrl+y")
        assert _writes(backend) == []
        await press(pilot, BATCH_ID[-1], "ctrl+y")
        assert _writes(backend) == [f"arm {BATCH_ID} {BATCH_ID}"]
        assert f"7, then g, or: cutter-console batch resume {BATCH_ID}" in app.notice.next_action
        await press(pilot, "g")
        assert _writes(backend)[-1] == f"resume {BATCH_ID}"
        await press(pilot, "G", "enter")
        assert _writes(backend)[-1] == f"resume {BATCH_ID}"
        await press(pilot, "G", "ctrl+y")
        assert _writes(backend)[-2:] == [f"set-aside {BATCH_ID}", f"resume {BATCH_ID}"]
        backend.batch_at = "enact"
        await press(pilot, "r", "E", *BATCH_ID, "ctrl+y")
        assert _writes(backend)[-1] == f"enact {BATCH_ID} {BATCH_ID}"
        assert "1,253 units of 3 documents are law" in app.notice.what
        await press(pilot, "w")
        assert _writes(backend)[-1] == f"report {BATCH_ID}"


async def test_the_drafted_statement_is_shown() -> None:
    backend = FakeBackend(batch_at="sg_1")
    async with opened(backend, "7", "s") as (app, _pilot):
        assert _writes(backend) == [f"draft {BATCH_ID}"]
        assert isinstance(app.screen, ApprovalsScreen)


@pytest.mark.parametrize(("at", "key"), [("sg_1", "g"), ("law", "E"), ("armed", "A"), ("cutting", "g")])
async def test_a_move_that_is_not_legal_is_refused_at_once_with_what_is(at: BatchAt, key: str) -> None:
    backend = FakeBackend(batch_at=at)
    async with opened(backend, "7", key) as (app, _pilot):
        assert _writes(backend) == []
        assert not isinstance(app.screen, Dialog)
        assert app.notice.kind == "refused"
        assert app.notice.next_action


async def test_a_move_on_a_batch_that_is_another_than_was_drawn_is_refused_and_drawn_again() -> None:
    """Both are armed and can go on: what an operator decided by has changed."""
    backend = FakeBackend(batch_at="armed")
    async with opened(backend, "7") as (app, pilot):
        backend.batch_at = "failed"
        await press(pilot, "g")
        assert _writes(backend) == []
        assert "not as it was drawn" in app.notice.what
        assert any("failed_structural_verify" in plain(row) for row in _rows(app, "members"))
        await press(pilot, "g")
        assert _writes(backend) == [f"resume {BATCH_ID}"]


def _rows(app: ConsoleApp, name: str) -> list[Line]:
    rows = app.screen.query_one(f"#{name}", Rows)
    return [rows.row(index) for index in range(rows.row_count)]


async def test_what_changes_while_a_dialog_is_open_is_refused_by_the_backend() -> None:
    backend = FakeBackend(batch_at="arm")
    async with opened(backend, "7", "A", *BATCH_ID) as (app, pilot):
        backend.batch_copies = 2
        await press(pilot, "ctrl+y")
        assert backend.batch_at == "arm"
        assert (app.notice.kind, app.notice.code) == ("refused", "STOP_REPLAY_CONFLICT")


async def test_a_read_only_console_reads_and_can_do_nothing_else() -> None:
    backend = FakeBackend(batch_at="armed", read_only=True)
    keys = ("g", "G", "s", "A", "E", "w", "p", "d", "L", "b")
    async with opened(backend, "7", *keys, read_only=True) as (app, _pilot):
        assert isinstance(app.screen, BatchScreen)
        assert _writes(backend) == []
        assert f"Next cutter-console batch resume {BATCH_ID}" in _panel(app, "batch-head")
        assert {action.name for action in app.screen.shown_actions()} == {"batch_member"}


async def test_progress_has_rate_and_remaining_time_and_follows_within_a_refresh() -> None:
    """Another process works on it: what it reports last is told, counted down since."""
    backend = FakeBackend(batch_at="cutting", switch=armed_for_batch(NOW))
    async with opened(backend, "7") as (app, pilot):
        head = _panel(app, "batch-head")
        assert "1 of 3 documents, 112 of 1,253 units, 41 units/s, 2 min left; now BDSG-2018" in head
        assert "armed to cut, ends in 12 min 58 s" in head
        backend.batch_units_per_s = 3.26
        app.measure()
        await settle(pilot)
        assert "3.3 units/s" in _panel(app, "batch-head")


async def test_the_reason_of_a_document_that_was_set_aside_is_told_whole_at_80x24() -> None:
    async with opened(FakeBackend(batch_at="aside"), "7", "tab", "down") as (app, _pilot):
        panel = app.screen.query_one("#member", Panel)
        assert panel.display
        assert members_at("aside")[1].set_aside in _panel(app, "member").replace("  ", " ")


async def test_a_document_that_has_failed_is_named_with_the_key_that_goes_on_without_it() -> None:
    async with opened(FakeBackend(batch_at="failed"), "7") as (app, _pilot):
        assert "stopped BDSG-2018: failed_structural_verify; G goes on without" in _panel(app, "batch-head")


async def test_a_document_leads_to_its_run() -> None:
    async with opened(FakeBackend(batch_at="aside"), "7", "enter", "down", "enter") as (app, _pilot):
        assert isinstance(app.screen, RunScreen)


async def test_a_folder_is_planned_and_started_as_it_was_shown(tmp_path: Path) -> None:
    backend = FakeBackend(batch_at="sg_1")
    async with opened(backend, "7", "p", "enter") as (app, pilot):
        assert backend.sources == []
        app.screen.query_one("#folder", Input).value = str(tmp_path)
        await press(pilot, "enter")
        assert [source.path for source in backend.sources] == [tmp_path]
        assert [plain(row).split()[1] for row in _rows(app, "members")] == [m.docprefix for m in members_at("sg_1")]
        await press(pilot, "d")
        assert _writes(backend)[-1] == f"start batch DRYRUN {tmp_path} ba7cba7c stop"
        await press(pilot, "L", "enter")
        assert "DRYRUN" in _writes(backend)[-1]
        await press(pilot, "L", "ctrl+y")
        assert _writes(backend)[-1] == f"start batch LIVE {tmp_path} ba7cba7c stop"
        assert app.screen.query_one("#batches").display


async def test_no_batch_is_started_of_a_folder_with_a_document_that_is_refused(tmp_path: Path) -> None:
    backend = FakeBackend(batch_at="none", folder_refuses=True)
    async with opened(backend, "7", "p") as (app, pilot):
        app.screen.query_one("#folder", Input).value = str(tmp_path)
        await press(pilot, "enter", "d", "L")
        assert not [call for call in backend.calls if call.startswith("start")]
        assert f"batch start {tmp_path} --profile atx --on-failure set-aside" in app.notice.next_action
        assert "DUPLICATE_ADDRESS" in "".join(plain(row) for row in _rows(app, "members"))


async def test_the_next_batch_that_waits_is_chosen_and_stays_chosen() -> None:
    backend = FakeBackend(batch_at="law")
    async with opened(backend, "7", "down") as (app, pilot):
        chosen = app.screen.query_one("#batch-head", Panel).title
        assert chosen != BATCH_ID
        await press(pilot, "r")
        assert app.screen.query_one("#batch-head", Panel).title == chosen


async def test_the_newest_batches_are_listed_and_with_a_key_all_of_them() -> None:
    async with opened(FakeBackend(older_batches=60), "7") as (app, pilot):
        batches = app.screen.query_one("#batches", ListRows)
        assert (len(batches.shown_rows), batches.border_title) == (50, "Batches: the newest 50, b: all")
        assert "batch_list" in _actions(app)
        await press(pilot, "b")
        assert (len(batches.shown_rows), batches.border_title) == (62, "Batches: 62")
        assert "batch_list" not in _actions(app)
        await press(pilot, "r")
        assert len(batches.shown_rows) == 62


async def test_what_cannot_be_read_is_told_and_is_no_empty_list() -> None:
    async with opened(FakeBackend(batch_at="sg_1", down=True), "7") as (app, _pilot):
        assert "NOT KNOWN" in app.export_screenshot().replace("&#160;", " ")
    async with opened(FakeBackend(batch_at="damaged"), "7") as (app, _pilot):
        assert "is damaged" in _panel(app, "batch-head")
        assert _actions(app) == set()


def test_the_commands_of_a_batch_have_their_keys_on_the_batch_screen() -> None:
    """`arm` and `approval draft` are commands of runs too: the id decides."""
    known = registry(read_only=False, demo=False)
    keys = {command: keys_of(command, known) for _, command in PAUSES.values()}
    assert set(keys.values()) == {"7, then s", "7, then A", "7, then g", "7, then E", "7, then w"}
    assert keys_of("cutter-console approval draft ictr-1", known) == "3, then s"


_UNREADABLE = SwitchView(state=SwitchState.UNREADABLE)


@pytest.mark.parametrize("badges", [(), ("read_only",), ("demo",), ("read_only", "demo")], ids=" ".join)
@pytest.mark.parametrize("old", ["", "3 min ago, NOT CURRENT"], ids=["current", "old"])
def test_no_screen_loses_its_name_at_80_columns_and_no_badge_a_word(badges: tuple[str, ...], old: str) -> None:
    """The badges have a line of their own where there is no room for them beside the names."""
    read_only, demo = "read_only" in badges, "demo" in badges
    status = FakeBackend().status()
    for switch, title in product((OFF, HOLD, ARMED, _UNREADABLE), (*NAMES, "Reports")):
        seen = status.model_copy(update={"switch": switch})
        full, short = (bars.badges(seen, old, read_only=read_only, demo=demo, short=brief) for brief in (False, True))
        first, *more = (plain(spans) for spans in bars.top_lines(title, 80, full, short))
        assert [name for name in {*NAMES, title} if name not in first and SHORTEST.get(name, name) not in first] == []
        wanted = [str(switch.state), *(["READ-ONLY"] if read_only else []), *(["DEMO"] if demo else [])]
        told = " ".join((first, *more))
        assert [word for word in [*wanted, *(["NOT CURRENT"] if old else [])] if word not in told] == []
        assert max(map(len, (first, *more))) <= 80
        assert any(f"[{names.get(title, title)}]" in first for names in (SHORTEST, bars.SHORTER, {}))


NAMES = ("Overview", "Documents", "Run", "Approvals", "Gates", "Drift", "Batch", "Units", "Backups", "Journal")


@pytest.mark.parametrize(("read_only", "height"), [(False, 3), (True, 3)])
async def test_the_bar_is_as_high_as_its_lines(*, read_only: bool, height: int) -> None:
    backend = FakeBackend(switch=ARMED, read_only=read_only)
    async with opened(backend, "9", read_only=read_only) as (app, pilot):
        bar = app.screen.query_one(TopBar)
        assert bar.size.height == len(bar.shown) == height
        lines = [plain(spans) for spans in bar.shown]
        assert [line for line in lines if "directus at db01.example.org" in line] != []
        assert [line for line in lines if line.startswith(f" armed for {RUN_ID}")] != []
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert bar.size.height == len(bar.shown) == 3
        backend.switch = OFF
        await press(pilot, "r")
        assert bar.size.height == len(bar.shown) == 2

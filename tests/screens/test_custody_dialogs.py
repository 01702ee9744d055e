"""Hand over and accept on the Run screen: the file is asked for, each check is shown, and only the typed id and its key act."""

import html
import re
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from console.app.application import ConsoleApp
from console.backend.model.states import Stage
from console.screens.custody_dialogs import BundleDialog, NewBundleDialog
from console.screens.danger import DangerDialog
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, type_slowly
from tests.support.fakes import HOLD, RUN_ID, FakeBackend

FILE = "/mnt/stick/run.bundle"
HAND_OVER = ("3", "O", *FILE, "enter")
ACCEPT = ("3", "I", *FILE, "enter")
ASKED = {"hand over": HAND_OVER, "accept": ACCEPT}


def _body(app: ConsoleApp) -> str:
    return " ".join(" ".join(plain(line) for line in app.screen.query_one("#dialog-body", Panel).shown).split())


def _done(backend: FakeBackend) -> list[str]:
    return [call for call in backend.calls if call.startswith(("hand over ", "accept "))]


@pytest.mark.parametrize(
    ("name", "call"), [("hand over", f"hand over {RUN_ID} {FILE}"), ("accept", f"accept {FILE} 5e5e")]
)
async def test_the_typed_id_and_its_key_act_and_nothing_before(name: str, call: str) -> None:
    """The bundle that was inspected is the one that is accepted: its digest goes with it."""
    backend = FakeBackend(can_hand_over=True)
    async with opened(backend, *ASKED[name]) as (app, pilot):
        assert isinstance(app.screen, DangerDialog)
        assert app.focused is app.screen.query_one("#confirm", Input)
        await press(pilot, "enter", *RUN_ID[:-1], "ctrl+y")
        assert isinstance(app.screen, DangerDialog)
        assert _done(backend) == []
        await press(pilot, RUN_ID[-1], "ctrl+y")
        assert _done(backend) == [call]
        assert app.notice.kind == "done"


@pytest.mark.parametrize("name", ASKED)
async def test_escape_backs_out_and_the_file_is_not_typed_again(name: str) -> None:
    backend = FakeBackend(can_hand_over=True)
    async with opened(backend, *ASKED[name]) as (app, pilot):
        await press(pilot, "escape")
        assert _done(backend) == []
        await press(pilot, ASKED[name][1])
        assert isinstance(app.screen, (NewBundleDialog, BundleDialog))
        assert app.screen.query_one(Input).value == FILE


async def test_what_a_bundle_holds_and_each_verdict_is_shown_before_anything_is_accepted() -> None:
    async with opened(FakeBackend(), *ACCEPT) as (app, _pilot):
        shown = _body(app)
        assert "10 files of the run and 2 of its statements" in shown
        assert "handed over by anna on db1" in shown
        for check in ("files", "hand-over", "journal", "request", "source and plan", "statements", "places"):
            assert f"PASS {check}" in shown


async def test_a_bundle_that_was_changed_cannot_be_confirmed_and_its_member_is_named() -> None:
    backend = FakeBackend(damaged_bundle="the record 7 was changed")
    async with opened(backend, *ACCEPT) as (app, pilot):
        (shown,) = re.findall(r"FAIL journal .*?Next: Have the bundle copied again", _body(app))
        assert "run/journal.jsonl: the record 7 was changed" in shown
        assert not any(field.display for field in app.screen.query(Input))
        await press(pilot, *RUN_ID, "ctrl+y")
        assert _done(backend) == []


async def test_a_bundle_is_chosen_from_its_folder_and_any_other_is_named_by_its_path() -> None:
    """What the field says is what Enter takes: the row of the cursor is written into it, and what is typed stays."""
    backend = FakeBackend()
    async with opened(backend, "3", "I") as (app, pilot):
        field, rows = app.screen.query_one("#typed", Input), app.screen.query_one("#bundles", ListRows)
        assert field.value == ""
        assert [row.key for row in rows.shown_rows][:1] == ["/var/lib/cutter/intake/run-9f3c21ab.tar"]
        await press(pilot, "enter")
        assert not isinstance(app.screen, DangerDialog)
        await press(pilot, "I", "down", "down", "up", "down")
        field = app.screen.query_one("#typed", Input)
        assert field.value == "/var/lib/cutter/intake/of last week.tar"
        await press(pilot, "ctrl+u")
        await type_slowly(pilot, "/mnt/stick/")
        rows = app.screen.query_one("#bundles", ListRows)
        assert (field.value, [row.key for row in rows.shown_rows]) == ("/mnt/stick/", [FILE])
        await type_slowly(pilot, "no/")
        assert field.value == "/mnt/stick/no/"
        assert "NOT READ: /mnt/stick/no: No such file" in rows.empty_words
        await press(pilot, "backspace", "backspace", "backspace", "down", "enter")
        assert isinstance(app.screen, DangerDialog)
        await press(pilot, *RUN_ID, "ctrl+y")
        assert _done(backend) == [f"accept {FILE} 5e5e"]


@pytest.mark.parametrize("typed", ["run.bundle", "~nobody-here/run.bundle"])
async def test_a_file_without_its_whole_path_is_asked_for_again(typed: str) -> None:
    async with opened(FakeBackend(), "3", "I", *typed, "enter") as (app, _pilot):
        assert isinstance(app.screen, BundleDialog)
        assert f"{typed} is no whole path" in _body(app)
        assert app.screen.query_one(Input).value == typed


async def test_a_console_without_any_run_accepts_one() -> None:
    backend = FakeBackend(has_run=False)
    async with opened(backend, "3") as (app, _pilot):
        shown = {action.name for action in app.screen.shown_actions()}  # type: ignore[attr-defined]
        assert "accept_run" in shown
        assert "hand_over" not in shown


async def test_a_read_only_console_has_neither() -> None:
    backend = FakeBackend(read_only=True, can_hand_over=True)
    for keys in ASKED.values():
        async with opened(backend, *keys[:2], read_only=True) as (app, _pilot):
            assert not isinstance(app.screen, (NewBundleDialog, BundleDialog))


def _head(app: ConsoleApp) -> str:
    return " ".join(" ".join(plain(line) for line in app.screen.query_one("#run-head", Panel).shown).split())


def _offered(app: ConsoleApp) -> set[str]:
    return {action.name for action in app.screen.shown_actions()}  # type: ignore[attr-defined]


async def test_a_run_that_nobody_has_accepted_is_said_to_be_held_by_nobody_and_can_be_accepted_from_there() -> None:
    backend = FakeBackend(handed_over=FILE)
    async with opened(backend, "3", size=(120, 40)) as (app, pilot):
        assert "ANOTHER CONSOLE" not in _head(app)
        assert f"HANDED OVER to {FILE} by anna on db1" in _head(app)
        assert "not accepted by anybody yet" in _head(app)
        assert f"cutter-console run accept {FILE} allowed now I Accept T Take over" in _head(app)
        assert {"accept_run", "take_over"} <= _offered(app)
        await press(pilot, "I")
        assert app.screen.query_one(Input).value == FILE


async def test_the_notice_of_a_hand_over_says_who_accepted_the_run_and_goes_once_it_is_held_here_again() -> None:
    backend = FakeBackend(can_hand_over=True)
    async with opened(backend, *HAND_OVER, *RUN_ID, "ctrl+y") as (app, pilot):
        await press(pilot, "1", "r")
        assert app.notice.what == f"Run {RUN_ID} is handed over, in {FILE}."
        backend.down = True
        await press(pilot, "r")
        backend.down = False
        assert "is handed over" in app.notices.of_runs[0].what
        backend.handed_over, backend.taken_over = "", True
        await press(pilot, "r")
        assert app.notice.what.startswith(f"Run {RUN_ID} was handed over in {FILE}, and then taken over by bob on db2")
        assert "run accept" not in app.notice.next_action
    backend = FakeBackend(can_hand_over=True)
    async with opened(backend, *HAND_OVER, *RUN_ID, "ctrl+y") as (app, pilot):
        backend.handed_over = ""
        await press(pilot, "r")
        assert app.notice.kind == "none"


async def test_without_the_database_nothing_is_offered_that_asks_it_first() -> None:
    backend = FakeBackend(can_hand_over=True, stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION)
    async with opened(backend, "3", size=(120, 40)) as (app, pilot):
        assert {"enact", "revert", "hand_over"} <= _offered(app)
        backend.down = True
        await press(pilot, "r")
        assert _offered(app) == {"run_list", "journal_of_run", "report_of_run"}
        assert "allowed now nothing while the database is not reached" in _head(app)
        backend.down = False
        await press(pilot, "r")
        assert {"enact", "revert", "hand_over"} <= _offered(app)
    for backend in (FakeBackend(down=True), FakeBackend(down=True, has_run=False)):
        async with opened(backend, "3") as (app, pilot):
            assert "accept_run" not in _offered(app)


@pytest.mark.parametrize("name", ASKED)
async def test_why_it_is_refused_is_seen_at_80x24_without_scrolling(name: str) -> None:
    """However many effects are told: the reason and the next action stand before them."""
    reason = (
        f"{FILE} is there already; a bundle replaces no file, whatever its name, and however long the path to it is"
    )
    backend = FakeBackend(can_hand_over=True, no_place=reason, damaged_bundle=reason)
    async with opened(backend, *ASKED[name]) as (app, _pilot):
        drawn = re.findall(r">([^<]*)</text>", app.export_screenshot())
        seen = " ".join(re.sub("[│▀-▟]", "", html.unescape(" ".join(drawn))).split())
        assert reason in seen
        assert "Next: " in seen
        assert seen.index("where") < seen.index("FAIL") < seen.index("undo")


_HOSTILE = "[/x]\x1b[31m\u202e"
SHOWN: dict[str, tuple[Callable[[], FakeBackend], tuple[str, ...], tuple[int, int]]] = {
    "run-80x24": (lambda: FakeBackend(can_hand_over=True), ("3",), (80, 24)),
    "file-80x24": (lambda: FakeBackend(can_hand_over=True), ("3", "O"), (80, 24)),
    "hand-over-80x24": (lambda: FakeBackend(can_hand_over=True), HAND_OVER, (80, 24)),
    "no-place-80x24": (
        lambda: FakeBackend(can_hand_over=True, no_place=f"{FILE} is there already; a bundle replaces no file"),
        HAND_OVER,
        (80, 24),
    ),
    "hand-over-120x40": (lambda: FakeBackend(can_hand_over=True, switch=HOLD), HAND_OVER, (120, 40)),
    "picker-80x24": (FakeBackend, ("3", "b", "I", "down"), (80, 24)),
    "picker-120x40": (lambda: FakeBackend(hostile=_HOSTILE), ("3", "b", "I", *"/mnt/stick/"), (120, 40)),
    "no-path-80x24": (FakeBackend, ("3", "I", *"run.bundle", "enter"), (80, 24)),
    "accept-80x24": (FakeBackend, ACCEPT, (80, 24)),
    "accept-120x40": (FakeBackend, ACCEPT, (120, 40)),
    "accept-200x60": (FakeBackend, ACCEPT, (200, 60)),
    "damaged-80x24": (lambda: FakeBackend(damaged_bundle="the record 7 was changed"), ACCEPT, (80, 24)),
    "hostile-120x40": (lambda: FakeBackend(hostile=_HOSTILE), ACCEPT, (120, 40)),
    "unaccepted-80x24": (lambda: FakeBackend(handed_over=FILE), ("3",), (80, 24)),
    "unaccepted-120x40": (lambda: FakeBackend(handed_over=FILE), ("3",), (120, 40)),
    "none-80x24": (lambda: FakeBackend(has_run=False), ("3",), (80, 24)),
}


@pytest.mark.parametrize("name", SHOWN)
async def test_custody(name: str, screen_snapshot: SnapshotAssertion) -> None:
    """The dialogs of both, with a damaged bundle, with hostile words, and the Run screen that offers them."""
    make, keys, size = SHOWN[name]
    async with opened(make(), *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot

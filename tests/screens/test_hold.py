"""HOLD and recovery: who, why and what is stopped, each run with its moves, what a release needs and does; and the release."""

from dataclasses import dataclass, field
from threading import Event

from console.app.application import ConsoleApp
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.holds import HoldView
from console.screens.hold import HoldScreen
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, settle
from tests.support.fake_holds import HELD, LOST, WRITTEN
from tests.support.fakes import HOLD, OFF, FakeBackend


def _words(app: ConsoleApp, name: str) -> str:
    return " ".join(" ".join(plain(spans).split()) for spans in app.screen.query_one(name, Panel).shown)


def _rows(app: ConsoleApp) -> list[str]:
    rows = app.screen.query_one("#hold-list", ListRows)
    return [plain(rows.row(index)) for index in range(rows.row_count)]


async def test_a_hold_says_who_since_when_why_and_what_comes_first() -> None:
    async with opened(FakeBackend(switch=HOLD), "h") as (app, _pilot):
        head = _words(app, "#hold-head")
        assert "HOLD set by anna since 2026-03-01 14:02 UTC, 1 min ago, in file and database" in head
        assert "why count mismatch in public.unit_version" in head
        assert f"Settle {LOST} first" in head
        assert [row.split()[0] for row in _rows(app)][3:6] == ["INTERRUPTED", "UNSETTLED", "FAILED"]


async def test_each_run_tells_what_happened_and_only_what_is_accepted() -> None:
    async with opened(FakeBackend(switch=HOLD), "h", "slash", *f"run:{WRITTEN[-8:]}", "enter", "enter") as (app, pilot):
        words = _words(app, "#hold-part")
        assert "write_verify FAIL: 6 of 7 bodies are as signed" in words
        assert "7 draft units of BDSG-2018 become SUPERSEDED" in words
        assert f"runs: SELECT cutter_console.fn_cut_revert('{WRITTEN}', …)" in words
        assert "run resume" not in words
        await press(pilot, "o")
        assert app.current_mode == "run"


async def test_the_release_asks_for_the_word_and_acts_once() -> None:
    backend = FakeBackend(switch=HOLD)
    async with opened(backend, "h", "H", *"RELEAS", "ctrl+y") as (app, pilot):
        assert not any(call.startswith("release") for call in backend.calls)
        await press(pilot, "E", "ctrl+y")
        assert backend.calls.count("release RELEASE") == 1
        assert "NO HOLD" in _words(app, "#hold-head")
        await press(pilot, "H")
        assert app.notice.what == "There is no HOLD to release."


async def test_a_read_only_console_shows_all_releases_nothing_and_names_the_command() -> None:
    backend = FakeBackend(switch=HOLD, read_only=True)
    async with opened(backend, "h", "down", "down", "enter", "H", read_only=True) as (app, _pilot):
        words = _words(app, "#hold-part")
        assert "This console releases nothing. On the server: cutter-console hold release --confirm RELEASE" in words
        assert "SELECT cutter_console.fn_hold_release" in words
        assert not any(call.startswith(("brief", "release")) for call in backend.calls)


async def test_what_could_not_be_measured_is_not_shown_as_nothing() -> None:
    async with opened(FakeBackend(down=True), "h") as (app, _pilot):
        assert "NOT KNOWN if a HOLD is set" in _words(app, "#hold-head")
        assert any("NOT KNOWN" in row and row.startswith("HOLDs set") for row in _rows(app))
    failure = Unmeasured(StopCode.UNREACHABLE, "the root could not be read", "See its rights")
    async with opened(FakeBackend(hold_fails=failure), "h") as (app, _pilot):
        words = app.screen.query_one("#hold-list", ListRows).empty_words
        assert words == "NOT KNOWN: the HOLD could not be measured."


async def test_after_a_stop_of_this_console_its_items_are_told() -> None:
    async with opened(FakeBackend(), "ctrl+x", "s", "escape", "h", "enter") as (app, pilot):
        assert "As it stands now stopped HOLD file" in _words(app, "#hold-part")
        await press(pilot, "escape", "down", "down", "down")
        assert HELD in app.screen.query_one("#hold-part", Panel).title


@dataclass
class _SlowBackend(FakeBackend):
    may_answer: Event = field(default_factory=Event)
    measured: int = 0

    def hold(self) -> HoldView:
        self.measured += 1
        assert self.may_answer.wait(30)
        return super().hold()


async def test_measurements_of_a_slow_server_do_not_pile_up_and_the_last_one_is_the_newest() -> None:
    backend = _SlowBackend(switch=HOLD)
    backend.may_answer.set()
    async with opened(backend, "h") as (app, pilot):
        screen, before = app.screen, backend.measured
        assert isinstance(screen, HoldScreen)
        backend.may_answer.clear()
        for _ in range(5):
            screen.reload()
        while backend.measured == before:
            await pilot.pause()
        backend.switch = OFF
        backend.may_answer.set()
        await settle(pilot)
        assert backend.measured == before + 2
        assert "NO HOLD" in _words(app, "#hold-head")

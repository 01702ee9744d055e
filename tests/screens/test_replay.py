"""A recording on screen: what was known then, nothing of later, and no action that could change anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from console.actions.actions import ACTIONS, Scope, replay_registry
from console.app.application import ConsoleApp
from console.app.replay_app import ReplayApp
from console.backend.model.readiness import Board
from console.backend.model.recording import line_of, parse_recording
from console.backend.model.view_models import Status, SwitchView
from console.backend.recording import Replay
from console.screens.how_to_stop import HowToStopDialog
from console.widgets.bars import TopBar
from console.widgets.line import plain
from console.widgets.panel import Panel
from tests.screens.conftest import console_on, opened, press, settle
from tests.support.fake_gates import board
from tests.support.fakes import ARMED, HOLD, NOW, OFF, FakeBackend


def status_at(minute: int, switch: SwitchView, rows: int, hostile: str = "") -> Status:
    """A status so many minutes later, with so many units more."""
    status = FakeBackend(switch=switch, hostile=hostile).status()
    counts = tuple(
        view.model_copy(update={"rows": view.rows + rows}) if view.rows and "unit" in view.table else view
        for view in status.counts
    )
    return status.model_copy(update={"measured_at": NOW + timedelta(minutes=minute), "counts": counts})


def day(hostile: str = "") -> list[Status | Board]:
    """An hour: armed after 20 minutes, seven units more, a HOLD at the end."""
    answers: list[Status | Board] = [status_at(0, OFF, 0, hostile), board(NOW, {})]
    for minute in range(1, 60):
        switch = OFF if minute < 20 or 35 <= minute < 52 else ARMED if minute < 35 else HOLD
        answers.append(status_at(minute, switch, 7 if minute >= 30 else 0, hostile))
        if minute == 40:
            answers.append(FakeBackend().gates().model_copy(update={"measured_at": NOW + timedelta(minutes=40)}))
    return answers


@asynccontextmanager
async def replayed(
    *keys: str, size: tuple[int, int] = (120, 40), answers: "list[Status | Board] | None" = None, spoilt: bytes = b""
) -> AsyncIterator[tuple[ConsoleApp, Pilot[Any]]]:
    """A console on this recording, at its end, after these keys."""
    lines = [line_of(answer) for answer in (day() if answers is None else answers)]
    app = ReplayApp(Replay(parse_recording("r.jsonl", [*lines, spoilt])))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        yield app, pilot


def words_of(app: ConsoleApp) -> str:
    """Everything that is on the screen below the tabs, in words."""
    panels = [plain(part) for panel in app.screen.query(Panel) for part in panel.shown]
    return "\n".join([*(plain(part) for part in app.screen.query_one(TopBar).shown), *panels])


async def test_each_step_shows_what_was_known_then_and_nothing_of_later() -> None:
    async with replayed() as (app, pilot):
        assert "HOLD: everything is stopped" in words_of(app)
        await press(pilot, "left_curly_bracket", "left_curly_bracket")
        assert "OFF: nothing may be written" in words_of(app)
        await press(pilot, "at", *"1", "enter")
        shown = words_of(app)
        assert "REPLAY 1 of 62" in shown
        assert "HOLD" not in shown
        assert "no gates had been recorded by this moment" in shown
        await press(pilot, "right_square_bracket")
        assert "All 11 gates PASS." in words_of(app)
        await press(pilot, "left_square_bracket")
        assert "PASS" not in words_of(app)


async def test_ages_and_remaining_times_are_those_of_the_moment_that_is_shown() -> None:
    async with replayed("at", *"14:23", "enter") as (app, _pilot):
        assert "ends in   expired" in words_of(app)
        assert "by        anna, 22 min ago" in words_of(app)
        assert app.clock() == NOW + timedelta(minutes=20)


async def test_a_recording_says_on_every_screen_that_it_is_one() -> None:
    async with replayed() as (app, pilot):
        for key in ("1", "5"):
            await press(pilot, key)
            assert plain(app.screen.query_one(TopBar).shown[1]).startswith(" REPLAY 62 of 62 2026-03-01 15:02:00 UTC")


def test_no_action_of_a_recording_writes_asks_a_path_or_has_a_key_twice() -> None:
    actions = replay_registry().actions

    assert [action.name for action in actions if action.writes or action.dangerous or action.names_a_path] == []
    assert {action.name for action in actions} & {
        action.name for action in ACTIONS if action.command and action.writes
    } == set()
    keys = [key for action in actions if action.scope in {Scope.EVERYWHERE, Scope.OVERVIEW} for key in action.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("place", ["1", "5"])
async def test_no_other_key_does_anything_in_a_recording(place: str) -> None:
    async with replayed(place) as (app, pilot):
        before = (words_of(app), len(app.screen_stack))
        for key in ("2", "3", "4", "6", "7", "8", "0", "r", "o", "H", "A", "E", "m", "b", "p"):
            await press(pilot, key)
            assert (words_of(app), len(app.screen_stack)) == before, key


async def test_the_stop_key_of_a_recording_says_that_it_stops_nothing() -> None:
    async with replayed("ctrl+x", "s") as (app, pilot):
        assert isinstance(app.screen, HowToStopDialog)
        assert "It shows a recording." in plain(app.screen.query_one("#dialog-body", Panel).shown[0])
        await press(pilot, "escape")
        assert not isinstance(app.screen, HowToStopDialog)


async def test_lines_that_could_not_be_read_are_told_at_the_beginning() -> None:
    async with replayed(spoilt=b'{"schema": "cutter-console/status/1"}') as (app, _pilot):
        assert "1 line of the recording could not be read: line 63: " in app.notice.what


async def test_a_place_that_is_none_is_refused_and_nothing_moves() -> None:
    async with replayed("at", *"25:99", "enter") as (app, _pilot):
        assert app.notice.kind == "refused"
        assert "REPLAY 62 of 62" in words_of(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["hold", "armed", "hostile"])
async def test_replay(name: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    """The hour, at its end, while it was armed, and with names that a terminal would obey."""
    keys = () if name == "hold" else ("at", *"14:30", "enter")
    answers = day("[/x]\x1b[31m\u202e" if name == "hostile" else "")
    async with replayed(*keys, size=size, answers=answers) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


async def test_a_console_that_records_says_so_and_if_it_stopped(tmp_path: Any) -> None:
    from console.backend.recording import Recorder

    recorder = Recorder(tmp_path / "r.jsonl")
    async with opened(FakeBackend()) as (app, pilot):
        app.recorder = recorder
        await press(pilot, "r")
        assert plain(app.screen.query_one(TopBar).shown[1]).startswith(" REC ")
        recorder.stopped = "No space left on device"
        await press(pilot, "r")
        assert " REC STOPPED: No space left on device " in plain(app.screen.query_one(TopBar).shown[1])
    assert console_on(FakeBackend()).banner == ()

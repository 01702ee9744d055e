"""Keys act in the order in which they were typed, however far the console is behind; the stop key alone overtakes."""

import random
import threading
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from console.app.application import ConsoleApp
from console.app.key_order import KeyHandled
from console.backend.model.view_models import Confirmation, Danger
from console.screens.danger import DangerDialog
from console.screens.panic import PanicDialog
from console.widgets.filter_bar import FilterField
from tests.screens.conftest import opened, press, settle, until
from tests.support.fakes import FakeBackend
from tests.support.waiting import LONGEST_S

MODES = {"1": "overview", "2": "documents", "3": "run", "4": "approvals", "5": "gates", "6": "drift"}


def _typed(app: ConsoleApp, *keys: str) -> None:
    """Keys that are all there before the first of them has been handled."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def _all_handled(app: ConsoleApp, pilot: Pilot[None]) -> None:
    await pilot.pause()
    await until(pilot, lambda: app.key_order.is_idle)
    await settle(pilot)


class _SlowBrief(FakeBackend):
    """Says what an action would do only when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def brief(self, danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        self.go_on.wait(LONGEST_S)
        return super().brief(danger, run_id, file)


@pytest.mark.parametrize("seed", range(12))
async def test_the_last_of_many_keys_decides_which_screen_is_shown(seed: int) -> None:
    """A slow machine reads forty keys at once: each went to the screen that was shown when it was read."""
    keys = random.Random(seed).choices("123456", k=40)
    async with opened(FakeBackend()) as (app, pilot):
        _typed(app, *keys)
        await _all_handled(app, pilot)
        assert app.current_mode == MODES[keys[-1]]


async def test_a_key_behind_a_change_of_screen_is_for_the_new_screen() -> None:
    async with opened(FakeBackend()) as (app, pilot):
        _typed(app, "3", "A")
        await _all_handled(app, pilot)
        assert app.current_mode == "run"
        # On a busy machine the run may not have been read yet, which that screen says of its key.
        is_unread = "Run is still being read."
        await until(pilot, lambda: isinstance(app.screen, DangerDialog) or app.notice.what == is_unread)
        if not isinstance(app.screen, DangerDialog):
            await settle(pilot)
            await press(pilot, "A")
        assert isinstance(app.screen, DangerDialog)


async def test_what_is_typed_while_a_dialog_still_measures_is_in_its_field() -> None:
    backend = _SlowBrief()
    async with opened(backend, "3") as (app, pilot):
        _typed(app, "A")
        await until(pilot, lambda: isinstance(app.screen, DangerDialog) and app.screen.is_mounted)
        _typed(app, *"ictr-")
        await pilot.pause()
        await until(pilot, lambda: app.key_order.is_idle)
        backend.go_on.set()
        await settle(pilot)
        _typed(app, *"2026")
        await _all_handled(app, pilot)
        assert app.screen.query_one("#confirm", Input).value == "ictr-2026"


@pytest.mark.parametrize("before", ["s", "23sss"], ids=["under way", "waiting"])
async def test_the_stop_key_overtakes_and_keys_from_before_it_answer_nothing(before: str) -> None:
    """An `s` that was typed for another screen must not be the second key of the stop."""
    backend = FakeBackend()
    async with opened(backend) as (app, pilot):
        _typed(app, *before, "ctrl+x")
        await _all_handled(app, pilot)
        assert isinstance(app.screen, PanicDialog)
        assert [call for call in backend.calls if call.startswith("panic")] == []


async def test_the_key_behind_the_stop_key_is_its_answer() -> None:
    backend = FakeBackend()
    async with opened(backend) as (app, pilot):
        _typed(app, "2", "3", "ctrl+x", "s")
        await _all_handled(app, pilot)
        assert len([call for call in backend.calls if call.startswith("panic")]) == 1


async def test_a_key_whose_widget_is_gone_keeps_no_other_key_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the first key never comes, because the widget that has it is removed: the next one acts after a look."""
    async with opened(FakeBackend(), "2") as (app, pilot):
        monkeypatch.setattr("console.app.key_order.LOOK_AGAIN_SECONDS", 0.01)
        monkeypatch.setattr(KeyHandled, "bubble", False)
        widget = app.focused
        assert widget is not None
        _typed(app, "f7", "5")
        await settle(pilot)
        assert app.current_mode == "documents"
        assert not app.key_order.is_idle
        await widget.remove()
        await until(pilot, lambda: app.current_mode == "gates")


@pytest.mark.parametrize("screen", list("12345679"))
async def test_what_is_typed_behind_the_key_of_a_filter_is_text_however_fast_it_comes(screen: str) -> None:
    """The screen itself is not built yet, and moves the focus to its list when it is."""
    backend = FakeBackend()
    async with opened(backend) as (app, pilot):
        _typed(app, screen, "slash", *"AqyEdg", "backspace", "enter", "slash")
        await _all_handled(app, pilot)
        assert app.current_mode == {**MODES, "7": "batch", "9": "backups"}[screen]
        assert isinstance(app.focused, FilterField)
        assert app.focused.value == "AqyEd"
        assert (app.clipboard, app.notice.kind) == ("", "none")
        assert [
            call for call in backend.calls if call.split()[0] in {"brief", "draft", "start", "resume", "plan"}
        ] == []

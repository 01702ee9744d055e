"""The Fleet screen: a row each with its age, one that is silent never looks like one at rest, and nothing is written."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from console.app.application import ConsoleApp
from console.app.visiting import visit_command
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.fleet import Fleet
from console.screens.operation import Operation
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from tests.screens.conftest import press, settle, until
from tests.support import fake_fleet
from tests.support.fakes import NOW, RUN_ID, FakeBackend

SIZES = ((80, 24), (120, 40), (200, 60))


@asynccontextmanager
async def on_the_fleet(
    read: Callable[[], Fleet],
    *keys: str,
    size: tuple[int, int] = (120, 40),
    read_only: bool = True,
    backend: FakeBackend | None = None,
) -> AsyncIterator[tuple[ConsoleApp, Pilot[Any]]]:
    """A console on its Fleet screen, after these keys."""
    app = ConsoleApp(
        backend or FakeBackend(read_only=read_only),
        read_only=read_only,
        demo=False,
        clock=lambda: NOW,
        refresh_seconds=86_400,
        fleet=read,
    )
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f", *keys)
        yield app, pilot


def rows_of(app: ConsoleApp) -> list[str]:
    """The rows that show."""
    rows = app.screen.query_one("#fleet-list", ListRows)
    return [row.text for row in rows.shown_rows]


def detail_of(app: ConsoleApp) -> str:
    """The chosen installation in words."""
    return " ".join(" ".join(plain(line) for line in app.screen.query_one("#fleet-row", Panel).shown).split())


async def test_each_installation_has_its_switch_and_its_age() -> None:
    async with on_the_fleet(fake_fleet.normal) as (app, _pilot):
        prod, staging, test = rows_of(app)
        assert "PRODUCTION" in prod
        assert " off " in prod
        assert "PASS" not in prod
        assert "ARMED to 14:16 UTC" in staging
        assert "HOLD 03-01 14:02" in test
        assert all(row.rstrip().endswith("2 s ago") for row in (prod, staging, test))


async def test_one_that_is_silent_says_why_and_how_old_its_last_answer_is() -> None:
    async with on_the_fleet(fake_fleet.one_down, "down") as (app, pilot):
        _, archive, branch = rows_of(app)
        assert "INCONCLUSIVE" in archive
        assert "not known" in archive
        assert archive.endswith("last 65 s ago")
        assert branch.endswith("never")
        assert " off " not in archive + branch
        assert "reason no answer for 3 s" in detail_of(app)
        assert "next cutter-console -P archive status" in detail_of(app)
        title = str(app.screen.query_one("#fleet-list", ListRows).border_title)
        assert "2 NOT MEASURED" in title
        await press(pilot, "up")
        assert "gates not measured here" in detail_of(app)


async def test_a_filter_hides_rows_and_tells_of_those_that_were_not_measured() -> None:
    async with on_the_fleet(fake_fleet.one_down, "slash", *"name:prod", "enter") as (app, _pilot):
        assert len(rows_of(app)) == 1
        rows = app.screen.query_one("#fleet-list", ListRows)
        assert "2 INCONCLUSIVE" in rows.told


async def test_the_command_that_opens_one_is_copied_and_its_row_stands_below_the_list() -> None:
    async with on_the_fleet(fake_fleet.normal, "down", "y", size=(80, 24)) as (app, pilot):
        copied = app.screen.copied()  # type: ignore[attr-defined]
        assert copied.text == "cutter-console -P staging --read-only"
        assert "database staging at" in detail_of(app)
        await press(pilot, "escape", "v")
        assert app.screen.query_one("#fleet-row", Panel).has_focus
        await press(pilot, "escape")
        assert app.screen.query_one("#fleet-list", ListRows).has_focus


@pytest.mark.parametrize("keys", [("enter",), ("v", "enter")], ids=["list", "row"])
async def test_where_a_console_cannot_have_the_terminal_the_command_for_another_one_is_told(
    keys: tuple[str, ...],
) -> None:
    async with on_the_fleet(fake_fleet.normal, "down", *keys) as (app, _pilot):
        assert app.notice.what.startswith("staging was not opened: ")
        assert app.notice.next_action == "Open it in another terminal: cutter-console -P staging --read-only"


def test_a_console_that_only_reads_opens_none_that_may_write() -> None:
    assert visit_command("prod", read_only=True)[-3:] == ["--read-only", "-P", "prod"]
    assert visit_command("prod", read_only=False)[-2:] == ["-P", "prod"]
    assert "--read-only" not in visit_command("prod", read_only=False)
    assert visit_command("prod", read_only=False, mouse=False)[-3:] == ["--no-mouse", "-P", "prod"]
    assert "--no-mouse" not in visit_command("prod", read_only=False)


async def test_no_console_is_opened_from_another_one_while_that_one_is_at_work() -> None:
    backend = FakeBackend(gate=threading.Event())
    async with on_the_fleet(fake_fleet.normal, read_only=False, backend=backend) as (app, pilot):
        app.operate(Operation("Cutting", lambda asked, progress: asked.resume(RUN_ID, progress), lambda _: "done"))
        await pilot.press("enter")
        await until(pilot, lambda: app.notice.what.startswith("prod was not opened: Cutting is still in progress"))
        assert backend.gate is not None
        backend.gate.set()
        await settle(pilot)


async def test_each_measurement_of_the_console_reads_it_again() -> None:
    calls: list[int] = []

    def read() -> Fleet:
        calls.append(1)
        return fake_fleet.normal()

    async with on_the_fleet(read) as (_app, pilot):
        before = len(calls)
        await press(pilot, "r")
        assert len(calls) > before


async def test_a_file_that_is_wrong_keeps_what_was_read_and_says_that_it_is_old() -> None:
    answers: list[Fleet] = [fake_fleet.normal().model_copy(update={"measured_at": NOW - timedelta(seconds=30)})]

    def read() -> Fleet:
        if not answers:
            raise UsageError(StopCode.REFUSED_INPUT, "installations.toml, line 3: no", "Correct it.")
        return answers[0]

    async with on_the_fleet(read) as (app, pilot):
        answers.clear()
        await press(pilot, "r")
        assert len(rows_of(app)) == 3
        assert "read 30 s ago, NOT CURRENT" in str(app.screen.query_one("#fleet-list", ListRows).border_title)
        assert "installations.toml, line 3" in app.notice.what


async def test_without_a_file_it_says_what_names_one() -> None:
    async with on_the_fleet(fake_fleet.fleet) as (app, _pilot):
        assert "cutter-console config path" in app.screen.query_one("#fleet-list", ListRows).empty_words


async def test_without_a_file_the_words_are_whole_at_80_columns_and_show_how_one_begins() -> None:
    """The command was cut off at the right edge, above an empty panel."""
    async with on_the_fleet(fake_fleet.fleet, size=(80, 24)) as (app, _pilot):
        listed = app.screen.query_one("#fleet-list", ListRows)
        assert len(listed.empty_words) <= listed.row_width
        assert "[installation.prod]" in detail_of(app)
        assert "More: F1, Several installations, by name" in detail_of(app)


async def test_two_names_of_one_database_and_a_broken_journal_are_told() -> None:
    async with on_the_fleet(fake_fleet.hostile) as (app, _pilot):
        assert "same as leads to the same database as twin" in detail_of(app)
        assert "journal FAIL of" in detail_of(app)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["normal", "one_down", "hostile", "monochrome", "open"])
async def test_fleet(
    name: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list, one that is down, hostile names, without colour, and one row whole."""
    if name == "monochrome":
        monkeypatch.setenv("NO_COLOR", "1")
    read = {"hostile": fake_fleet.hostile, "normal": fake_fleet.normal}.get(name, fake_fleet.one_down)
    keys = ("down", "v") if name == "open" else ()
    async with on_the_fleet(read, *keys, size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


async def test_the_fleet_is_shown_although_this_consoles_own_installation_cannot_be_opened() -> None:
    """It asks every installation that is named, and needs none of its own; a row is opened as everywhere."""

    def backend() -> FakeBackend:
        raise UsageError(StopCode.REFUSED_INPUT, "the configuration is wrong", "Correct it.")

    app = ConsoleApp(
        backend, read_only=True, demo=False, clock=lambda: NOW, refresh_seconds=86_400, fleet=fake_fleet.normal
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        assert len(rows_of(app)) == 3
        await press(pilot, "enter")
        assert "cutter-console -P prod" in detail_of(app)
        await press(pilot, "escape", "r")
        assert len(rows_of(app)) == 3


async def test_the_fleet_is_read_again_after_its_file_was_wrong() -> None:
    """A reading that failed must not be taken for one that goes on for ever."""
    is_wrong = True

    def read() -> Fleet:
        if is_wrong:
            raise UsageError(StopCode.REFUSED_INPUT, "installations.toml, line 3: no", "Correct it.")
        return fake_fleet.normal()

    async with on_the_fleet(read) as (app, pilot):
        assert rows_of(app) == []
        is_wrong = False
        await press(pilot, "r")
        assert len(rows_of(app)) == 3


def test_a_demo_asks_no_database_but_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's own installations are none of the demo's."""
    folder = tmp_path / "cutter-console"
    folder.mkdir()
    (folder / "installations.toml").write_text(
        f'[installation.prod]\nroot = "{tmp_path}/none"\nconfig = "{tmp_path}/none.json"\n'
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def names(*, demo: bool) -> list[str]:
        app = ConsoleApp(FakeBackend(), read_only=False, demo=demo, clock=lambda: NOW)
        return [row.name for row in app.read_fleet().rows]

    assert names(demo=False) == ["prod"]
    assert names(demo=True) == []

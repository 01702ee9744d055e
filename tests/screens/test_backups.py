"""Backups: states in words, what arms, a restore test with its cancelling, honest refusals; nothing on the host can end the screen."""

import threading
from dataclasses import dataclass

import pytest

from console.app.application import ConsoleApp
from console.screens.text_alone import TextAlone
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, until
from tests.support.fake_shelves import BACKED_UP_RUN, BACKUPS, UNREADABLE
from tests.support.fakes import FakeBackend

NAME = "bkp-20260301T135200Z-00000000.dump.gpg"


def _list(app: ConsoleApp) -> ListRows:
    return app.screen.query_one("#backup-list", ListRows)


def _rows(app: ConsoleApp) -> list[str]:
    rows = _list(app)
    return [plain(rows.row(index)) for index in range(rows.row_count)]


def _words(app: ConsoleApp, name: str) -> str:
    return " ".join(" ".join(plain(spans).split()) for spans in app.screen.query_one(name, Panel).shown)


async def test_each_state_is_told_in_words_and_the_first_sentence_says_what_arms() -> None:
    async with opened(FakeBackend(), "9") as (app, pilot):
        assert [row[:9].strip() for row in _rows(app)] == ["ARMS", "proven", "DIFFERS", "NO FILE", "NO ROW"]
        assert f"ARMS {BACKED_UP_RUN} until 14:52 UTC, 49 min left" in _words(app, "#shelf-head")
        assert "1 DIFFERS, 1 NO FILE, 1 NO ROW" in _words(app, "#shelf-head")
        await press(pilot, "enter")
        assert not _list(app).display
        detail = _words(app, "#backup")
        assert f"path {BACKUPS}/{NAME}" in detail
        assert "the whole database: 4 tables, 638 rows" in detail
        assert "the private key is not on this host, as it should be" in detail
        assert app.full_command(f"cutter-console backup prove {BACKUPS}/{NAME}") in detail
        await press(pilot, "escape", "down", "enter")
        assert "BDSG-2018, POL" in _words(app, "#backup")
        assert "what stood of them" in _words(app, "#backup")


async def test_a_restore_test_shows_its_steps_is_cancelled_and_says_what_it_came_to() -> None:
    gate = threading.Event()
    backend = FakeBackend(proof_waits=gate, key_is_here=True)
    async with opened(backend, "9") as (app, pilot):
        await pilot.press("t")
        await until(pilot, lambda: "decrypt, restore" in _words(app, "#shelf-head"))
        assert "x cancels" in _words(app, "#shelf-head")
        await pilot.press("t")
        await pilot.pause()
        assert app.notice.what == "A test is under way."
        await press(pilot, "x")
        assert "NOT PROVEN the restore test was cancelled" in _words(app, "#shelf-head")
        gate.set()
        await press(pilot, "escape", "t")
        assert f"PASS {NAME} decrypts, restores" in _words(app, "#shelf-head")
        assert "recorded nowhere" in _words(app, "#shelf-head")
        await press(pilot, "down", "enter")
        assert "PASS" not in _words(app, "#backup")
    assert [call for call in backend.calls if call.startswith("prove")] == [f"prove {NAME}"] * 2


async def test_a_test_ends_with_the_console() -> None:
    backend = FakeBackend(proof_waits=threading.Event())
    async with opened(backend, "9") as (app, pilot):
        await pilot.press("t")
        await until(pilot, lambda: any(call.startswith("prove") for call in backend.calls))
        screen = app.screen
        cancel = getattr(screen, "_cancel")  # noqa: B009 - mypy knows the screen as any
        assert not cancel.is_set()
        app.exit(0)
    assert cancel.is_set()


async def test_without_the_key_it_is_said_what_was_proven_and_where_the_rest_is_proven() -> None:
    async with opened(FakeBackend(), "9", "t") as (app, _pilot):
        head = _words(app, "#shelf-head")
        assert "NOT PROVEN the file is the recorded one, byte for byte" in head
        assert f"next: Where its private key is: cutter-console backup prove {BACKUPS}/{NAME}" in head


async def test_what_has_no_record_is_not_tested_and_a_file_can_be_compared_without_authority() -> None:
    backend = FakeBackend(read_only=True)
    async with opened(backend, "9", "t", "v", read_only=True) as (app, pilot):
        assert "PASS" in _words(app, "#shelf-head")
        assert not any(call.startswith("prove") for call in backend.calls)
        await press(pilot, "down", "down", "down", "v")
        assert "cannot be tested: the file is not here" in app.notice.what


async def test_the_path_is_copied_whole_and_all_that_is_known_from_the_opened_one() -> None:
    async with opened(FakeBackend(), "9", "y") as (app, pilot):
        assert app.clipboard == f"{BACKUPS}/{NAME}"
        await press(pilot, "escape", "enter", "Y")
        assert "d1" * 32 in app.clipboard
        await press(pilot, "z")
        assert isinstance(app.screen, TextAlone)
        await press(pilot, "escape", "escape", "escape", "Y")
        assert app.clipboard.count("\n") == 4


async def test_an_empty_folder_an_unreadable_one_and_a_ledger_that_is_out_of_reach() -> None:
    async with opened(FakeBackend(n_backups=0), "9", "enter", "t", "v") as (app, pilot):
        assert "No backup here, and none in the ledger" in _list(app).empty_words
        assert app.notice.what == "No backup is chosen."
    async with opened(FakeBackend(down=True), "9") as (app, _pilot):
        assert "NOT KNOWN the ledger was not read: connection" in _words(app, "#shelf-head")
        assert _rows(app)[0].startswith("proven")
    backend = FakeBackend()
    async with opened(backend, "9") as (app, pilot):
        backend.backups_fail = UNREADABLE
        await press(pilot, "r")
        assert "Permission denied" in app.notice.what
        assert "NOT CURRENT" in str(_list(app).border_title)
        assert len(_rows(app)) == 5
    async with opened(FakeBackend(backups_fail=UNREADABLE), "9") as (app, _pilot):
        assert _list(app).empty_words == "NOT KNOWN: the backups could not be read."


@dataclass
class _Going(FakeBackend):
    def prove_backup(self, *arguments: object, **more: object) -> object:  # type: ignore[override]
        raise FileNotFoundError(2, "No such file or directory", f"{BACKUPS}/{NAME}")


async def test_a_file_that_vanishes_while_it_is_shown_is_told_and_another_test_can_begin() -> None:
    backend = _Going()
    async with opened(backend, "9", "t") as (app, pilot):
        assert NAME in app.notice.what
        backend.n_backups = 1
        await press(pilot, "escape", "end", "r", "enter")
        assert len(_rows(app)) == 1
        await press(pilot, "v")
        assert "PASS" in _words(app, "#shelf-head")


async def test_a_thousand_backups_are_filtered_and_not_read_at_each_measurement() -> None:
    backend = FakeBackend(n_backups=1_000)
    async with opened(backend, "9", size=(200, 60)) as (app, pilot):
        assert "1,000, read 14:03:00, r reads again" in str(_list(app).border_title)
        read = backend.calls.count("backups")
        app.measure()
        await press(pilot, "end")
        assert backend.calls.count("backups") == read
        await press(pilot, "slash", *"state:differs", "enter", "r")
        assert len(_rows(app)) == 1
        assert "1 of 1,000" in str(_list(app).border_subtitle)
        assert backend.calls.count("backups") == read + 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10), (10, 3)], ids=str)
async def test_hostile_names_and_records_are_inert(size: tuple[int, int]) -> None:
    async with opened(FakeBackend(hostile="[/x]\x1b[31m\u202e\x07"), "9", size=size) as (app, pilot):
        for key in ("t", "escape", "enter", "end", "escape", "down", "enter", "v", "z", "escape", "escape", "Y"):
            await press(pilot, key)
            text = app.export_screenshot()
            assert "\x1b" not in text
            assert "\u202e" not in text
        assert "\x1b" not in app.clipboard

"""Journal: records as they are written, places, filters, verdicts, copies; whatever is in the file, nothing is written anywhere."""

import json

import pytest

from console.app.application import ConsoleApp
from console.backend.journal import journal_pages
from console.backend.journal.journal_pages import MOST_OF_A_PAGE, Only
from console.backend.model.errors import StopCode, Unmeasured
from console.cli.journal_request import LARGEST, ONLY
from console.screens.dialog import Dialog
from console.screens.journal import JournalScreen
from console.screens.journal_dialogs import JournalsDialog, PlaceDialog
from console.screens.text_alone import TextAlone
from console.widgets.line import plain
from console.widgets.paged_rows import MOST_KEPT, PagedRows
from console.widgets.panel import Panel
from console.widgets.plain_text import PlainText
from tests.screens.conftest import opened, press, until
from tests.support.fake_journals import JOURNAL_RUN, OTHER_RUN, journal_lines
from tests.support.fakes import FakeBackend

MANY = 1300


def _list(app: ConsoleApp) -> PagedRows[object]:
    return app.screen.query_one("#journal-list", PagedRows)


def _row(app: ConsoleApp) -> str:
    rows = _list(app)
    return plain(rows.row(rows.cursor))


def _number(app: ConsoleApp) -> str:
    return _row(app).split()[0]


def _title(app: ConsoleApp) -> str:
    return str(_list(app).border_title)


def _head(app: ConsoleApp) -> str:
    return " ".join(" ".join(plain(spans).split()) for spans in app.screen.query_one("#journal-head", Panel).shown)


def _record(app: ConsoleApp) -> str:
    record = app.screen.query_one("#journal-record", PlainText)
    return "\n".join(_line(record, index) for index in range(record.row_count))


def _line(record: PlainText, index: int) -> str:
    assert record._text is not None
    return record._text.line(index + 1)


async def test_the_newest_record_is_in_sight_and_the_list_follows_what_is_written_elsewhere() -> None:
    backend = FakeBackend()
    async with opened(backend, "0") as (app, pilot):
        assert _number(app) == "61"
        assert _title(app) == f"{JOURNAL_RUN}, 62 records, following"
        assert "NO RESULT: it is at work, or was interrupted" in _row(app)
        backend.grow(3)
        await until(pilot, lambda: _number(app) == "64")
        await press(pilot, "up", "up", "up")
        # It has its result by now.
        assert "mode LIVE" in _row(app)
        backend.grow(1)
        await until(pilot, lambda: "66 records" in _title(app))
        assert (_number(app), _title(app).split(", ")[-1]) == ("61", "End follows")
        await press(pilot, "end")
        assert _number(app) == "65"
        assert "following" in _title(app)
    assert not [call for call in backend.calls if call.split()[0] not in {"journal", "journals", "status", "gates"}]


async def test_a_long_journal_is_walked_by_pages_and_gone_through_by_number_and_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_pages, "_MOST_LOOKED_AT", 1000)
    async with opened(FakeBackend(n_records=MANY), "0", "home", size=(120, 90)) as (app, pilot):
        assert _number(app) == "0"
        height = _list(app).size.height
        moved = 12 * (height - 1) + 1
        assert moved > MOST_KEPT
        await press(pilot, *["pagedown"] * 12, "down")
        assert _number(app) == str(moved)
        assert len(_list(app).items) <= MOST_KEPT
        await press(pilot, "g")
        assert isinstance(app.screen, PlaceDialog)
        await press(pilot, *"1234", "enter")
        assert _number(app) == "1234"
        assert "number       1234" in _record(app)
        await press(pilot, "up")
        assert _number(app) == "1233"
        await press(pilot, "g", *"2026-03-01T14:00Z", "enter")
        assert " 14:00:00 " in _row(app)
        await press(pilot, "g", *str(MANY), "enter")
        assert (_number(app), app.notice.kind) == (str(MANY - 1), "refused")
        await press(pilot, "escape", "g", *"soon", "enter")
        assert "soon" in app.notice.what
        assert _number(app) == str(MANY - 1)
        # The word is in a part of the file that the first question does not come to.
        await press(pilot, "escape", "slash", *"xid 702, role", "enter")
        assert (_number(app), _list(app).row_count) == ("2", 1)
        assert "with “xid 702, role”" in _title(app)
        await press(pilot, "c")
        assert _number(app) == str(MANY - 1)


async def test_each_kind_and_what_is_marked_are_filtered_and_a_record_is_read_whole_at_80x24() -> None:
    backend = FakeBackend(damage="edited", n_records=61, hostile="y" * 900)
    async with opened(backend, "0", "f") as (app, pilot):
        assert "only intents" in _title(app)
        assert {plain(_list(app).row(index)).split()[3] for index in range(_list(app).row_count)} == {"intent"}
        await press(pilot, "f", "f", "f")
        assert "only what is marked" in _title(app)
        assert (_list(app).row_count, _number(app)) == (1, "56")
        assert "DAMAGED: its content was changed after it was written" in _row(app)
        await press(pilot, "f", "enter")
        assert not app.screen.query_one("#journal-list").display
        record = _record(app).replace("\n", "").replace(" ", "")
        assert record.count("y") >= 900
        assert "hash" in _record(app)
        await press(pilot, "p")
        assert "number       59" in _record(app)
        await press(pilot, "n", "n", "y")
        assert "number       60" in app.clipboard
        assert "y" * 900 in app.clipboard
        await press(pilot, "escape", "z")
        assert isinstance(app.screen, TextAlone)
        await press(pilot, "escape", "escape")
        assert app.screen.query_one("#journal-list").display
    assert set(ONLY) == {only.value for only in Only}
    assert LARGEST == MOST_OF_A_PAGE


async def test_the_verdict_is_told_in_words_with_the_way_to_the_first_bad_record() -> None:
    backend = FakeBackend()
    async with opened(backend, "0") as (app, pilot):
        assert "not verified" in _head(app)
        await press(pilot, "v")
        assert "PASS 62 records, chain intact, its anchor at 61 equal (verified 14:03 UTC)" in _head(app)
        backend.down = True
        await press(pilot, "r", "escape", "v")
        assert "INCONCLUSIVE 62 records, chain intact; its anchors could not be read" in _head(app)
        # Another hand changes the file that is shown.
        path = backend.journal_path()
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:9], lines[9].replace(b"passed", b"PASSED"), *lines[10:]]))
        await press(pilot, "v")
        assert "FAIL record 9: its content was changed after it was written" in _head(app)
        await press(pilot, "g", "9", "enter")
        assert "DAMAGED: its content was changed" in _row(app)


async def test_a_journal_that_is_cut_or_replaced_while_it_is_shown_is_told_and_read_again() -> None:
    backend = FakeBackend()
    async with opened(backend, "0") as (app, pilot):
        path = backend.journal_path()
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:40]))
        await until(pilot, lambda: "cut off" in app.notice.what)
        await until(pilot, lambda: _number(app) == "39")
        other = path.with_suffix(".other")
        other.write_bytes(b"".join(journal_lines(JOURNAL_RUN, 50)))
        other.replace(path)
        await until(pilot, lambda: "replaced" in app.notice.what)
        await until(pilot, lambda: _number(app) == "49")


async def test_a_run_opens_its_journal_and_another_one_is_chosen_also_without_the_database() -> None:
    async with opened(FakeBackend(), "3", "l") as (app, pilot):
        assert isinstance(app.screen, JournalScreen)
        assert _title(app).startswith(JOURNAL_RUN)
        await press(pilot, "o")
        assert isinstance(app.screen, JournalsDialog)
        await press(pilot, *"c0ffee", "enter")
        assert _title(app) == f"{OTHER_RUN}, 7 records, following"
        await press(pilot, "1", "0")
        assert _title(app).startswith(OTHER_RUN)
        await press(pilot, "3", "down", "l")
        assert "ictr-20260301T121500Z-0b7744de" in _title(app)
    async with opened(FakeBackend(down=True, read_only=True), "0", read_only=True) as (app, _pilot):
        assert _number(app) == "61"


async def test_what_cannot_be_read_is_told_in_words_and_what_was_read_before_is_not_called_current() -> None:
    backend = FakeBackend(journal_is_elsewhere=True)
    async with opened(backend, "0") as (app, pilot):
        assert "bert started it on db02.example.org" in _head(app)
        assert "next: Look at it: cutter-console run show" in _head(app)
        await press(pilot, "v", "g", "f", "enter", "y")
        assert not isinstance(app.screen, Dialog)
        backend.journal_is_elsewhere = False
        await press(pilot, "escape", "r")
        assert "following" in _title(app)
        backend.journal_fails = Unmeasured(
            StopCode.INVARIANT_FAILED, "journal.jsonl cannot be read: Permission denied", "Look at its owner and mode"
        )
        await press(pilot, "r")
        assert "Permission denied" in _head(app)
        assert (_title(app).split(", ")[-1], _number(app)) == ("NOT CURRENT", "61")
    async with opened(FakeBackend(no_journals=True), "0") as (app, _pilot):
        assert "no run was started on this host" in app.export_screenshot().replace("&#160;", " ")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_hostile_records_are_inert_everywhere(size: tuple[int, int]) -> None:
    hostile = "[/x]\x1b[31m\u202e\x07"
    async with opened(FakeBackend(hostile=hostile, damage="garbage"), "0", size=size) as (app, pilot):
        for key in ("up", "up", "enter", "escape", "up", "enter", "v", "z", "escape", "escape", "slash", "escape", "o"):
            await press(pilot, key)
            text = app.export_screenshot()
            assert "\x1b" not in text
            assert "\u202e" not in text
        assert json.dumps(app.clipboard).isascii()

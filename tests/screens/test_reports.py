"""Reports: what was changed is said at once and in words, Markdown is rendered and inert, a copy is asked for and told."""

import pytest

from console.app.application import ConsoleApp
from console.backend.model.errors import StopCode, Unmeasured
from console.screens.report_dialogs import FolderDialog
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.markdown_view import MarkdownView
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, settle
from tests.support.fake_shelves import BACKED_UP_RUN, REPORTS, SIGNER
from tests.support.fakes import FakeBackend

NAME = f"{BACKED_UP_RUN}-5f70bf18"
CHANGED = "04-approval.md"


def _list(app: ConsoleApp, name: str = "report-list") -> ListRows:
    return app.screen.query_one(f"#{name}", ListRows)


def _rows(app: ConsoleApp, name: str = "report-list") -> list[str]:
    rows = _list(app, name)
    return [plain(rows.row(index)) for index in range(rows.row_count)]


def _words(app: ConsoleApp, name: str) -> str:
    return " ".join(" ".join(plain(spans).split()) for spans in app.screen.query_one(name, Panel).shown)


def _text(app: ConsoleApp) -> MarkdownView:
    return app.screen.query_one("#report-text", MarkdownView)


def _lines(app: ConsoleApp) -> list[str]:
    view = _text(app)
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def test_reports_of_all_kinds_are_read_again_and_their_state_is_told_in_words() -> None:
    async with opened(FakeBackend(), "ctrl+r") as (app, pilot):
        assert [row[:10].strip() for row in _rows(app)] == ["unchanged", "signed", "unchanged", "LEFT OVER"]
        assert "3 as written, 1 of them signed; 1 not published" in _words(app, "#shelf-head")
        await press(pilot, "down", "enter")
        assert f"signature signed by {SIGNER}" in _words(app, "#report-head")
        assert f"path {REPORTS}/20260301T120300Z-readiness" in _words(app, "#report-head")
        assert all("as written" in row for row in _rows(app, "report-files"))


async def test_a_report_that_is_changed_while_it_is_shown_says_so_at_the_next_measurement() -> None:
    """The list, the head, the file and the title of its text."""
    backend = FakeBackend()
    async with opened(backend, "ctrl+r", size=(120, 40)) as (app, pilot):
        assert _text(app).border_title == f"{CHANGED}: as written"
        backend.changed = CHANGED
        app.measure()
        await settle(pilot)
        assert _rows(app)[0].startswith("CHANGED")
        assert f"CHANGED {NAME}: NOT AS IT WAS WRITTEN: altered: {CHANGED}" in _words(app, "#shelf-head")
        assert _rows(app, "report-files")[0].startswith("ALTERED")
        assert _list(app, "report-files").border_title == "Files: 4, 1 NOT AS WRITTEN"
        assert _text(app).border_title == f"{CHANGED}: ALTERED since it was written"
        backend.changed = ""
        app.measure()
        await settle(pilot)
        assert _text(app).border_title == f"{CHANGED}: as written"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
async def test_a_table_fits_and_is_read_at_any_width(size: tuple[int, int]) -> None:
    async with opened(FakeBackend(), "ctrl+r", "enter", "enter", size=size) as (app, _pilot):
        lines = _lines(app)
        head = next(line for line in lines if line.startswith("check"))
        assert [word for word in ("check", "outcome", "evidence", "next action") if word not in head] == []
        below = lines[lines.index(head) + 1]
        assert set(below) <= {"─", " "}
        assert below.count("  ") == 3
        place = head.index("outcome")
        assert "FAIL" in [line[place : place + 4] for line in lines]
        # What is beside the text stays text: no markup, no link.
        whole = " ".join(" ".join(plain(_text(app).row(index)) for index in range(_text(app).row_count)).split())
        assert "the guide <https://example.org/guide>" in whole
        assert "<b>no markup</b>" in whole


async def test_each_size_shows_all_parts_or_the_one_that_is_looked_at() -> None:
    """At 200 columns the text has more of them than the list."""
    parts = ("report-list", "report-head", "report-files", "report-text")
    async with opened(FakeBackend(), "ctrl+r", "enter") as (app, pilot):

        def seen() -> list[str]:
            return [name for name in parts if app.screen.query_one(f"#{name}").size.height]

        assert seen() == ["report-head", "report-files"]
        await pilot.resize_terminal(200, 60)
        await settle(pilot)
        assert seen() == list(parts)
        assert _text(app).size.width > _list(app).size.width > 70
        assert _text(app).border_title == f"{CHANGED}: as written"
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert seen() == list(parts)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert seen() == ["report-head", "report-files"]
        await press(pilot, "enter")
        assert seen() == ["report-text"]
        await press(pilot, "escape", "escape")
        assert seen() == ["report-list"]


async def test_a_text_is_searched_and_copied_as_it_was_written() -> None:
    async with opened(FakeBackend(), "ctrl+r", "enter", "enter") as (app, pilot):
        await press(pilot, "slash", *"statement", "enter")
        assert "match 1 of " in str(_text(app).border_subtitle)
        await press(pilot, "n", "Y")
        assert app.clipboard.startswith("# 04 Approval\n\n| check |")
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert "of " in str(_text(app).border_subtitle)
        await press(pilot, "escape", "escape", "escape", "y")
        assert app.clipboard == f"{'d1' * 32}  {CHANGED}"
        await press(pilot, "escape", "escape", "y")
        assert app.clipboard == f"{REPORTS}/{NAME}"


async def test_a_copy_asks_for_its_folder_and_one_that_is_changed_is_refused() -> None:
    backend = FakeBackend()
    async with opened(backend, "ctrl+r", "e") as (app, pilot):
        assert isinstance(app.screen, FolderDialog)
        await press(pilot, *"/mnt/out", "enter")
        assert f"export {NAME} /mnt/out" in backend.calls
        assert f"Copied 6 files, 47 KiB, as they were written: /mnt/out/{NAME}" in app.notice.what
        backend.changed = CHANGED
        await press(pilot, "escape", "e", *"/mnt/out", "enter")
        assert "is not exported: altered" in app.notice.what
        await press(pilot, "escape", "end", "e", "escape")
    async with opened(FakeBackend(read_only=True), "ctrl+r", "e", read_only=True) as (app, _pilot):
        assert not isinstance(app.screen, FolderDialog)


async def test_a_run_leads_to_its_report_and_one_without_any_says_how_it_is_written() -> None:
    backend = FakeBackend(n_reports=4)
    async with opened(backend, "3", "o") as (app, pilot):
        assert _list(app).key == NAME
        await press(pilot, "3", "down", "o")
        assert "There is no report of ictr-20260301T121500Z-0b7744de here yet." in app.notice.what
        assert "cutter-console report ictr-20260301T121500Z-0b7744de" in app.notice.next_action


async def test_reports_that_vanish_while_they_are_shown_leave_the_list_and_end_nothing() -> None:
    backend = FakeBackend()
    async with opened(backend, "ctrl+r", "enter", "enter") as (app, pilot):
        backend.gone = {NAME}
        await press(pilot, "escape", "down", "enter")
        assert "cannot be read" in app.notice.what
        app.measure()
        await settle(pilot)
        assert len(_rows(app)) == 3
        backend.gone = {entry.name for entry in backend.reports().reports} | {NAME}
        await press(pilot, "escape", "r", "enter", "enter", "e", "y", "z")
        assert _rows(app) == []


async def test_an_empty_folder_an_unreadable_one_and_a_console_without_its_database() -> None:
    async with opened(FakeBackend(n_reports=0), "ctrl+r", "enter", "e") as (app, pilot):
        assert "No report yet" in _list(app).empty_words
        assert app.notice.what == "No report is chosen."
    unreadable = Unmeasured(
        StopCode.INVARIANT_FAILED, f"{REPORTS} cannot be read: Permission denied", "Look at its mode"
    )
    async with opened(FakeBackend(reports_fail=unreadable), "ctrl+r") as (app, _pilot):
        assert _list(app).empty_words == "NOT KNOWN: the reports could not be read."
        assert "Permission denied" in app.notice.what
    backend = FakeBackend()
    async with opened(backend, "ctrl+r") as (app, pilot):
        backend.reports_fail = unreadable
        await press(pilot, "r")
        assert "NOT CURRENT" in str(_list(app).border_title)
    async with opened(FakeBackend(down=True), "ctrl+r") as (app, pilot):
        assert _rows(app)[0].startswith("unchanged")


async def test_a_long_list_is_read_part_by_part_and_the_chosen_one_first() -> None:
    backend = FakeBackend(n_reports=200)
    async with opened(backend, "ctrl+r") as (app, pilot):
        await press(pilot, "end")
        assert _rows(app)[-1].startswith("unchanged")
        assert str(_list(app).border_title) == "Reports: 200"
        asked = [int(call.split()[1]) for call in backend.calls if call.startswith("reread")]
        assert max(asked) <= 21
        assert sum(asked) >= 200


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10), (10, 3)], ids=str)
async def test_hostile_names_and_texts_are_inert(size: tuple[int, int]) -> None:
    async with opened(FakeBackend(hostile="[/x]\x1b[31m\u202e\x07"), "ctrl+r", size=size) as (app, pilot):
        for key in ("enter", "enter", "end", "z", "escape", "escape", "down", "down", "enter", "escape", "escape", "e"):
            await press(pilot, key)
            text = app.export_screenshot()
            assert "\x1b" not in text
            assert "\u202e" not in text

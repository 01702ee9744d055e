"""Units: a list of any length by pages, a unit with its versions, searches and filters, and copies; nothing is written anywhere."""

import pytest
from textual.widgets import Input

from console.app.application import ConsoleApp
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.unit_search import SnippetPart, UnitHit
from console.screens import unit_text
from console.screens.copying import MOST_COPIED
from console.screens.dialog import Dialog
from console.screens.text_alone import TextAlone
from console.screens.unit_dialogs import SearchDialog
from console.screens.units import UnitsScreen
from console.widgets.bars import KeyBar
from console.widgets.line import plain
from console.widgets.paged_rows import MOST_KEPT, PagedRows, Side
from console.widgets.panel import Panel
from console.widgets.plain_text import PlainText
from console.widgets.rows import Rows
from tests.screens.conftest import opened, press, settle
from tests.support.fakes import FakeBackend

MILLION = 1_000_000
_TALL = (80, 60)
"""A page of it is fifty rows: PAGES of them are more than the list keeps."""
PAGES = 13


def _list(app: ConsoleApp) -> PagedRows[object]:
    return app.screen.query_one("#unit-list", PagedRows)


def _address(app: ConsoleApp) -> str:
    rows = _list(app)
    return plain(rows.row(rows.cursor)).split()[1]


def _empty(app: ConsoleApp) -> str:
    return _list(app).empty_words


def _title(app: ConsoleApp, name: str = "unit-list") -> str:
    return str(app.screen.query_one(f"#{name}").border_title)


def _panel(app: ConsoleApp, name: str) -> str:
    return " ".join(" ".join(plain(spans).split()) for spans in app.screen.query_one(f"#{name}", Panel).shown)


def _shown(app: ConsoleApp) -> set[str]:
    names = ("unit-list", "unit-head", "unit-text", "unit-versions", "unit-diff")
    return {name for name in names if app.screen.query_one(f"#{name}").size.height}


async def test_a_million_units_are_walked_by_pages_and_only_those_around_the_cursor_are_kept() -> None:
    backend = FakeBackend(n_units=MILLION)
    async with opened(backend, "8", size=_TALL) as (app, pilot):
        assert _address(app) == "LAW-00000/P00"
        await press(pilot, *["pagedown"] * PAGES, "down")
        rows = _list(app)
        moved = PAGES * (rows.size.height - 1) + 1
        assert moved > MOST_KEPT
        assert _address(app) == f"LAW-{moved // 100:05}/P{moved % 100:02}"
        assert len(rows.items) <= MOST_KEPT
        await press(pilot, "end")
        assert _address(app) == "LAW-09999/P99"
        await press(pilot, "up", "pageup")
        assert _address(app) == f"LAW-09999/P{99 - rows.size.height:02}"
        await press(pilot, "home")
        assert _address(app) == "LAW-00000/P00"
        searches = [call for call in backend.calls if call.startswith("search")]
        assert len(searches) < 25
    assert not [call for call in backend.calls if call.split()[0] not in {"search", "unit", "status", "gates"}]


async def test_going_back_over_the_pages_comes_to_the_same_units() -> None:
    async with opened(FakeBackend(n_units=5000), "8", "end", size=_TALL) as (app, pilot):
        await press(pilot, *["pageup"] * PAGES, "up")
        number = 4999 - PAGES * (_list(app).size.height - 1) - 1
        assert number < 4999 - MOST_KEPT
        assert _address(app) == f"LAW-{number // 100:05}/P{number % 100:02}"
        await press(pilot, *["pagedown"] * PAGES, "down")
        assert _address(app) == "LAW-00049/P99"


async def test_enter_shows_a_unit_with_its_origin_and_esc_goes_back() -> None:
    async with opened(FakeBackend(), "8", "down", "enter") as (app, pilot):
        assert _shown(app) == {"unit-head", "unit-text"}
        head = _panel(app, "unit-head")
        for words in (
            "in force since",
            "run ictr-20260201T080000Z-00000002",
            "ruling decade",
            "report /var/lib/cutter/reports/",
        ):
            assert words in head
        assert "nur zulässig" in plain(app.screen.query_one("#unit-text", PlainText).row(0))
        await press(pilot, "escape")
        assert _shown(app) == {"unit-list"}
        assert _address(app) == "LAW-00000/P01"


async def test_a_unit_that_is_read_stays_when_the_list_behind_it_has_it_no_more() -> None:
    """Drafts were listed and one was read; enacted, it was thrown off the screen, which then said nothing and led nowhere."""
    backend = FakeBackend()
    async with opened(backend, "8", "f", "enter", "1") as (app, pilot):
        backend.n_units = 0
        await press(pilot, "8")
        assert _shown(app) == {"unit-head", "unit-text"}
        assert _title(app, "unit-head") == "LAW-00000/P09"
        await press(pilot, "escape")
        assert _shown(app) == {"unit-list"}
        assert _empty(app).startswith("No unit has this")


async def test_of_an_open_unit_the_keys_that_go_on_and_back_are_named() -> None:
    """Enter does nothing more there, and Esc is the way back."""
    async with opened(FakeBackend(), "8", "enter") as (app, pilot):
        keys = plain(app.screen.query_one(KeyBar).shown[0])
        assert "Esc Back" in keys
        assert "Enter" not in keys
        await press(pilot, "v")
        keys = plain(app.screen.query_one(KeyBar).shown[0])
        assert "Esc Back" in keys
        assert "Enter Open" in keys
        await press(pilot, "escape")
        keys = plain(app.screen.query_one(KeyBar).shown[0])
        assert "Esc" not in keys
        assert "Enter Open" in keys


async def test_beside_the_list_the_unit_under_the_cursor_is_shown() -> None:
    async with opened(FakeBackend(), "8", "down", "down", size=(120, 40)) as (app, _pilot):
        assert _shown(app) == {"unit-list", "unit-head", "unit-text"}
        assert _title(app, "unit-head") == "LAW-00000/P02"


async def test_each_version_says_what_it_changed_and_a_marked_one_is_compared_with_any() -> None:
    backend = FakeBackend()
    async with opened(backend, "8", "v") as (app, pilot):
        assert _shown(app) == {"unit-versions", "unit-diff"}
        assert "{+nur+}" in _panel(app, "unit-diff")
        await press(pilot, "up")
        assert "nobody's to read" in _panel(app, "unit-diff")
        await press(pilot, "end")
        assert "no version before it" in _panel(app, "unit-diff")
        await press(pilot, "up", "m", "down")
        assert backend.calls[-1] == "compare LAW-00000/P00 1 2"
        assert "{+nur+}" in _panel(app, "unit-diff")
        await press(pilot, "enter")
        assert "in force since 2026-01-01" in _panel(app, "unit-head")
        assert "nur" not in plain(app.screen.query_one("#unit-text", PlainText).row(0))


async def test_a_search_is_asked_for_shown_in_the_title_and_dropped() -> None:
    backend = FakeBackend()
    async with opened(backend, "8", "slash") as (app, pilot):
        assert isinstance(app.screen, SearchDialog)
        await press(pilot, *"dieu", "tab", *"law-00001", "enter")
        assert isinstance(app.screen, UnitsScreen)
        assert _title(app) == "Units: words dieu, document LAW-00001"
        assert "[điều]" in plain(_list(app).row(0))
        assert _address(app) == "LAW-00001/P02"
        await press(pilot, "f", "f", "f", "f", "f", "c")
        assert _title(app) == "Units: drafts and law"
        await press(pilot, "f")
        assert _title(app) == "Units: draft"
        assert _address(app) == "LAW-00000/P09"
        await press(pilot, "slash", *"nothing like it", "enter")
        assert _list(app).row_count == 0


async def test_a_moment_is_a_moment_or_is_asked_for_again() -> None:
    async with opened(FakeBackend(), "8", "slash", "tab", "tab", *"tomorrow", "enter") as (app, pilot):
        assert isinstance(app.screen, SearchDialog)
        app.screen.query_one("#at", Input).value = "2026-01-10"
        await press(pilot, "enter")
        assert "in force at 2026-01-10 23:59:59Z" in _title(app)
        await press(pilot, "f")
        assert app.notice.kind == "refused"
        await press(pilot, "escape", "enter")
        assert "in force since 2026-01-01" in _panel(app, "unit-head")


async def test_address_and_text_are_copied_exactly_and_a_long_one_is_refused_with_its_command() -> None:
    backend = FakeBackend()
    async with opened(backend, "8", "y") as (app, pilot):
        assert app.clipboard == "LAW-00000/P00"
        assert "z shows the text alone" in app.notice.next_action
        await press(pilot, "Y")
        assert (app.clipboard, app.notice.kind) == ("LAW-00000/P00", "refused")
        await press(pilot, "escape", "enter", "Y")
        assert app.clipboard == backend.unit("LAW-00000/P00").body
        await press(pilot, "z")
        assert isinstance(app.screen, TextAlone)
        await press(pilot, "escape")
        assert isinstance(app.screen, UnitsScreen)
        backend.hostile = "x" * MOST_COPIED
        await press(pilot, "escape", "escape", "down", "enter", "Y")
        assert app.notice.kind == "refused"
        assert "cutter-console unit show LAW-00000/P01" in app.notice.next_action


async def test_what_could_not_be_read_is_not_shown_as_nothing_and_the_rest_stays() -> None:
    backend = FakeBackend()
    async with opened(backend, "8", size=(120, 40)) as (app, pilot):
        backend.hit = Unmeasured(
            StopCode.GRANT_DELTA, "not permitted (42501)", "Compare the grants: cutter-console drift"
        )
        await press(pilot, "down", "r")
        assert "42501" in app.notice.what
        assert "NOT CURRENT" in _title(app)
        assert _address(app) == "LAW-00000/P01"
        assert _panel(app, "unit-head") == ""
        backend.hit = None
        await press(pilot, "escape", "r")
        assert _title(app, "unit-head") == "LAW-00000/P01"
        assert "NOT CURRENT" not in _title(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_hostile_text_is_inert_everywhere(size: tuple[int, int]) -> None:
    hostile = "[/x]\x1b[31m\u202e\x07"
    async with opened(FakeBackend(hostile=hostile), "8", size=size) as (app, pilot):
        for key in ("enter", "v", "down", "escape", "slash"):
            await press(pilot, key)
            text = app.export_screenshot()
            assert "\x1b" not in text
            assert "\u202e" not in text
            if isinstance(app.screen, Dialog):
                await press(pilot, "escape")


async def test_a_read_only_console_has_all_of_it() -> None:
    backend = FakeBackend(read_only=True)
    async with opened(backend, "8", "enter", "v", "escape", "slash", read_only=True) as (app, _pilot):
        assert isinstance(app.screen, SearchDialog)


async def test_of_another_layout_it_says_what_is_not_recorded() -> None:
    async with opened(FakeBackend(another_layout=True), "8", "enter") as (app, pilot):
        assert "no index" in _title(app)
        assert "not recorded in this database" in _panel(app, "unit-head")
        await press(pilot, "v")
        rows = app.screen.query_one("#unit-versions", Rows)
        assert rows.row_count == 0


async def test_coming_back_reads_again_and_keeps_the_place() -> None:
    backend = FakeBackend(n_units=2000)
    async with opened(backend, "8", *["pagedown"] * 5, size=(120, 40)) as (app, pilot):
        before = _address(app)
        await press(pilot, "1", "8")
        assert _address(app) == before
        assert _title(app, "unit-head") == before


async def test_a_search_that_is_not_looked_for_to_its_end_says_how_far_and_goes_on_there() -> None:
    backend = FakeBackend(n_units=1000, looks_at=400)
    async with opened(backend, "8") as (app, pilot):
        await press(pilot, "slash", *"zebra", "enter")
        empty = _list(app)
        assert (empty.row_count, empty.has_more(Side.BEHIND)) == (0, True)
        assert "No unit as far as LAW-00003/P99" in _empty(app)
        assert "Down looks on" in _empty(app)
        assert "looked for as far as LAW-00003/P99" in _title(app)
        await press(pilot, "down")
        assert "No unit as far as LAW-00007/P99" in _empty(app)
        await press(pilot, "down")
        assert not _list(app).has_more(Side.BEHIND)
        assert "No unit has this" in _empty(app)
        assert "looked for" not in _title(app)
        asked = [call.rsplit("|", 2)[1:] for call in backend.calls if call.startswith("search zebra")]
        assert list(dict.fromkeys(after for after, _ in asked)) == ["", "LAW-00003/P99", "LAW-00007/P99"]
        meanings = [call.split("|")[1] for call in backend.calls if call.startswith("search zebra")]
        assert list(dict.fromkeys(meanings)) == ["either", "words"]
        await press(pilot, "end")
        assert not _list(app).items


async def test_the_title_says_how_far_was_looked_whatever_page_is_read_at_the_other_end() -> None:
    backend = FakeBackend(n_units=20_000, looks_at=1500)
    async with opened(backend, "8", size=_TALL) as (app, pilot):
        await press(pilot, "f", "pagedown", "pagedown", "pagedown", "up", "r")
        rows = _list(app)
        looked = _title(app)
        assert "looked for as far as" in looked
        assert rows.has_more(Side.BEFORE)
        await press(pilot, *["pageup"] * 3)
        assert _address(app) == "LAW-00000/P09"
        assert not rows.has_more(Side.BEFORE)
        assert _title(app) == looked
        await press(pilot, "c")
        assert _title(app) == "Units: drafts and law"


async def test_units_behind_a_long_stretch_without_any_are_reached_by_going_on() -> None:
    backend = FakeBackend(n_units=1000, looks_at=60)
    async with opened(backend, "8", size=_TALL) as (app, pilot):
        await press(pilot, "f")
        rows: PagedRows[UnitHit] = app.screen.query_one("#unit-list", PagedRows)
        assert rows.items[-1].address == "LAW-00000/P59"
        before = len(rows.items)
        await press(pilot, "down")
        assert len(rows.items) > before
        await press(pilot, "end", "up")
        assert rows.items[-1].address == "LAW-00009/P99"
        assert rows.items[0].address < "LAW-00009/P49"


async def test_a_text_that_is_seen_whole_has_no_scrollbar_and_a_longer_one_can_be_scrolled_to_its_last_line() -> None:
    """A scrollbar beside three lines made people look for more below them."""
    async with opened(FakeBackend(), "8", "enter", size=(80, 30)) as (app, pilot):
        text = app.screen.query_one("#unit-text", PlainText)
        text.show_text("one\n\ntwo\n")
        await settle(pilot)
        assert not text.show_vertical_scrollbar
        assert text.max_scroll_y == 0
        text.show_text(("word " * 500 + "\n") * 3)
        await settle(pilot)
        assert text.show_vertical_scrollbar
        text.show_text("\n".join(map(str, range(text.size.height - 1))))
        await settle(pilot)
        assert not text.show_vertical_scrollbar
        text.show_text("\n".join(map(str, range(text.size.height + 1))))
        await settle(pilot)
        assert text.show_vertical_scrollbar


def test_the_address_of_a_hit_leaves_room_for_its_words() -> None:
    """A path of five headings was as long as the row, and what was looked for stood behind its end."""
    address = "LAW-2026/CHAPTER-2-GENERAL-PROVISIONS/SECTION-11-PROCEDURE/ARTICLE-7/PARAGRAPH-2"
    snippet = (SnippetPart(text="whoever holds ", hit=False), SnippetPart(text="permission", hit=True))
    unit = UnitHit(
        address=address,
        document="LAW-2026",
        lifecycle="enacted",
        unit_kind=None,
        section_type=None,
        number=None,
        title=None,
        parent=None,
        deleted=False,
        snippet=snippet,
    )
    for width in (60, 76, 116):
        shown = plain(unit_text.row(unit, width))
        assert "[permission]" in shown[:width]
        assert "LAW-2026/" in shown
        assert "PH-2 " in shown
    assert address in plain(unit_text.row(unit.model_copy(update={"snippet": ()}), 76))

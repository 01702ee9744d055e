"""The Help screen: every page is read and searched as a whole, a STOP code leads to its page, and Esc to where one was."""

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from console.app.application import ConsoleApp
from console.app.face import Face
from console.app.replay_app import ReplayApp
from console.backend.host import guide_pages
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.recording import line_of, parse_recording
from console.backend.model.safe_text import NOT_INERT
from console.backend.recording import Replay
from console.screens.danger import DangerDialog
from console.screens.guide_search import ChapterText, HitRows
from console.screens.help import HelpDialog
from console.widgets.bars import KeyBar
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.notice import Notice, NoticePanel
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, settle, type_slowly
from tests.support.fake_guide import small_guide
from tests.support.fakes import HOLD, NOW, FakeBackend

SIZES = ((80, 24), (120, 40), (200, 60))
WIDE = (120, 40)
HOSTILE = "\x1b[2J[red]\u202ex[/]"


def keys(app: ConsoleApp) -> str:
    """The keys below."""
    return plain(app.screen.query_one(KeyBar).shown[0])


def contents(app: ConsoleApp) -> ListRows:
    """The list of chapters."""
    return app.screen.query_one("#guide-contents", ListRows)


def hits(app: ConsoleApp) -> HitRows:
    """The list of hits."""
    return app.screen.query_one("#guide-hits", HitRows)


def text(app: ConsoleApp) -> ChapterText:
    """The text of the chapter."""
    return app.screen.query_one("#guide-text", ChapterText)


def lines(app: ConsoleApp) -> list[str]:
    """The rows of the text that are seen."""
    return [text(app).render_line(y).text.rstrip() for y in range(text(app).size.height)]


def under_cursor(app: ConsoleApp) -> str:
    """The row of the text that has the cursor."""
    return plain(text(app).row(text(app).cursor))


def marked(app: ConsoleApp) -> list[str]:
    """What is marked in the rows that are seen."""
    view = text(app)
    rows = [view._spans(row) for row in view._rows_from(view.scroll_offset.y)]
    return [span.text for spans in rows for span in spans if span.tone == "match"]


def copied(app: ConsoleApp) -> str:
    """What was sent to the clipboard last."""
    return app.clipboard


async def type_search(pilot: Pilot[Any], words: str) -> None:
    """Search for words, and keep the search."""
    await press(pilot, "slash", *("space" if letter == " " else letter for letter in words), "enter")


@pytest.mark.parametrize("key", ["f1", "ctrl+g"])
async def test_one_key_opens_it_and_esc_goes_back_to_where_one_came_from(key: str) -> None:
    async with opened(FakeBackend(), "5", "down", "down", size=WIDE) as (app, pilot):
        await press(pilot, key)
        assert app.current_mode == "guide"
        assert text(app).border_title == "Tutorial: ten minutes with the demo"
        assert contents(app).chosen == 0
        await press(pilot, "escape")
        assert app.current_mode == "gates"


async def test_at_80_columns_esc_goes_from_the_text_to_the_contents_and_from_there_back() -> None:
    async with opened(FakeBackend(), "3", "f1", "down", "enter") as (app, pilot):
        assert (text(app).display, contents(app).size.height) == (True, 0)
        assert lines(app)[0] == "## 1. May I act, and what is next?"
        await press(pilot, "escape")
        assert (text(app).display, contents(app).size.height > 0) == (False, True)
        assert plain(contents(app).row(contents(app).cursor)).strip() == "1. May I act, and what is next?"
        await press(pilot, "escape")
        assert app.current_mode == "run"


async def test_a_stop_code_that_is_typed_leads_to_its_own_page_and_not_to_the_first_place_that_names_it() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        await type_search(pilot, "stop_drift")
        rows = app.screen.query_one("#guide-hits", HitRows)
        assert plain(rows.row(rows.cursor)).strip() == "STOP_DRIFT: STOP_DRIFT"
        assert rows.cursor > 0


async def test_a_chapter_stands_beside_the_contents_and_follows_the_cursor() -> None:
    async with opened(FakeBackend(), "f1", *["down"] * 15, size=WIDE) as (app, _pilot):
        row = plain(contents(app).row(contents(app).cursor))
        assert row == "    Several installations, by name"[: len(row)]
        assert text(app).border_title == "Operator guide: 2. Name the connections"
        assert under_cursor(app) == "### Several installations, by name"


async def test_a_search_takes_all_pages_and_shows_each_hit_with_its_words() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        await type_search(pilot, "HOLD release")
        assert not contents(app).display
        assert app.focused is hits(app)
        rows = [row.text.lower() for row in hits(app).shown_rows]
        assert len(rows) > 5
        assert all("hold" in row or "release" in row for row in rows)
        total = len(rows)
        assert str(hits(app).border_subtitle).startswith(f"hit 1 of {total} in ")
        assert {word.lower() for word in marked(app)} == {"hold", "release"}


async def test_a_search_matches_accents_and_case() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        await type_search(pilot, "DIEU")
        assert any("điều" in row.text.lower() for row in hits(app).shown_rows)


async def test_n_and_shift_n_go_through_the_hits_of_all_pages_and_round_the_end() -> None:
    async with opened(FakeBackend(), "f1") as (app, pilot):
        await type_search(pilot, "unencrypted")
        total = len(hits(app).shown_rows)
        await type_search(pilot, "synchronous standby")
        rows = [row.text for row in hits(app).shown_rows]
        assert total >= 1
        assert len(rows) >= 2
        await press(pilot, "enter")
        seen = []
        for _ in rows:
            assert "standby" in under_cursor(app) or "synchronous" in under_cursor(app)
            seen.append((text(app).border_title, text(app).cursor))
            await press(pilot, "n")
        assert len(set(seen)) == len(rows)
        assert (text(app).border_title, text(app).cursor) == seen[0]
        await press(pilot, "N")
        assert (text(app).border_title, text(app).cursor) == seen[-1]
        assert str(text(app).border_subtitle).startswith(f"hit {len(rows)} of {len(rows)} in ")


async def test_esc_ends_the_search_and_the_contents_stand_where_it_has_led() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        await type_search(pilot, "unencrypted dump")
        title = text(app).border_title
        await press(pilot, "escape")
        assert contents(app).display
        assert not hits(app).display
        assert title == "STOP codes: STOP_BACKUP_GPG_PUBKEY_MISSING"
        assert "STOP_BACKUP_GPG_PUBKEY_MISSING" in plain(contents(app).row(contents(app).cursor))
        assert marked(app) == []
        await press(pilot, "escape")
        assert app.current_mode == "overview"


async def test_a_search_that_is_given_up_while_it_is_typed_leaves_the_text_that_was_read() -> None:
    async with opened(FakeBackend(), "f1", "down", "enter") as (app, pilot):
        await press(pilot, "slash")
        await type_slowly(pilot, "hold")
        assert hits(app).size.height > 0
        await press(pilot, "escape")
        assert text(app).display
        assert app.focused is text(app)
        await press(pilot, "escape")
        assert (text(app).display, contents(app).has_focus) == (False, True)


async def test_a_letter_that_is_taken_back_goes_back_to_where_the_search_began() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        await press(pilot, "slash")
        await type_slowly(pilot, "leasex")
        assert hits(app).told == "no hit"
        await press(pilot, *["backspace"] * 5)
        assert hits(app).cursor == 0


async def test_what_no_page_has_is_said_with_the_nearest_word() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        await type_search(pilot, "enactmnt")
        words = " ".join(row.text for row in hits(app).shown_rows)
        assert "No page has enactmnt." in words
        assert "Did you mean enactment" in words
        await press(pilot, "n")
        assert app.notice.what == "Nothing is searched, or no page has it."


async def test_a_search_that_is_hostile_is_inert_wherever_it_stands() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        app.screen.query_one(HitRows).narrow(HOSTILE)
        await settle(pilot)
        shown = [row.text for row in hits(app).shown_rows]
        assert "[red]" in "".join(shown)
        for words in (*shown, str(hits(app).border_subtitle), str(text(app).border_subtitle)):
            assert not NOT_INERT.search(words)


async def test_y_copies_the_command_of_the_line_as_it_must_be_typed_and_big_y_the_chapter() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        assert app.status is not None
        app.status = app.status.model_copy(update={"root": "/srv/rules"})
        app.show_guide("STOP_HOLD")
        await settle(pilot)
        row = next(i for i in range(text(app).row_count) if "hold plan" in plain(text(app).row(i)))
        text(app).show_line(row + 1)
        await press(pilot, "y")
        assert copied(app) == "cutter-console --root /srv/rules hold plan"
        await press(pilot, "Y")
        assert copied(app).startswith("## STOP_HOLD\n\n**What it means.** ")


def refusing() -> FakeBackend:
    """A console whose dry run is refused with a STOP code."""
    return FakeBackend(fail_with=Refused(StopCode.EXECUTION_DISABLED, "the switch is OFF", "Arm it: A"))


async def test_the_first_question_mark_on_a_notice_opens_the_page_of_its_code_and_the_second_the_help() -> None:
    async with opened(refusing(), "2", "p", "d") as (app, pilot):
        assert "? explains" in str(app.screen.query_one(NoticePanel).border_subtitle)
        await press(pilot, "question_mark")
        assert app.current_mode == "guide"
        assert lines(app)[0] == "## STOP_EXECUTION_DISABLED"
        await press(pilot, "escape")
        assert app.current_mode == "documents"
        assert app.notice.code == "STOP_EXECUTION_DISABLED"
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpDialog)


async def test_the_keys_below_name_the_way_back_from_the_contents_too() -> None:
    """Whoever had not read the help found none: the text named it, the contents did not, nor a page below a notice."""
    async with opened(FakeBackend(), "3", size=(80, 24)) as (app, pilot):
        for _ in range(2):
            await press(pilot, "f1")
            assert "Esc Back" in keys(app)
            await press(pilot, "enter")
            assert "Esc Back" in keys(app)
            await press(pilot, "escape")
            assert "Esc Back" in keys(app)
            assert app.current_mode == "guide"
            await press(pilot, "escape")
            assert app.current_mode == "run"
    async with opened(refusing(), "2", "p", "d", "question_mark") as (app, pilot):
        assert app.current_mode == "guide"
        assert str(app.screen.query_one(NoticePanel).border_subtitle) == "Esc goes back"


async def test_the_first_screen_of_a_console_has_no_way_back() -> None:
    app = ConsoleApp(
        FakeBackend(),
        read_only=False,
        demo=False,
        clock=lambda: NOW,
        refresh_seconds=86_400,
        face=Face("prod", "", 86_400, "guide"),
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.current_mode == "guide"
        assert "Esc Back" not in keys(app)
        await press(pilot, "escape")
        assert app.current_mode == "guide"


async def test_a_notice_without_a_code_leaves_the_question_mark_to_the_help() -> None:
    async with opened(FakeBackend(), "1") as (app, pilot):
        app.give_notice(Notice("refused", "There is no list here.", "", "Go elsewhere"))
        await settle(pilot)
        assert str(app.screen.query_one(NoticePanel).border_subtitle) == "Esc dismisses"
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpDialog)


@pytest.mark.parametrize("code", StopCode)
async def test_every_code_of_a_notice_opens_its_page(code: StopCode) -> None:
    async with opened(FakeBackend()) as (app, pilot):
        app.give_notice(Notice("refused", "Refused.", code.value, "See."))
        await press(pilot, "question_mark")
        assert lines(app)[0] == f"## {code.value}"


class _Unbriefed(FakeBackend):
    def brief(self, *_: object) -> Any:
        raise Refused(StopCode.HOLD, "a HOLD is set", "See: cutter-console hold show")


async def test_a_dialog_that_shows_a_code_explains_it_and_stands_as_it_was_afterwards() -> None:
    async with opened(_Unbriefed(), "3", "A") as (app, pilot):
        dialog = app.screen
        assert isinstance(dialog, DangerDialog)
        await press(pilot, "question_mark")
        assert app.current_mode == "guide"
        assert lines(app)[0] == "## STOP_HOLD"
        await press(pilot, "escape")
        assert app.screen is dialog


async def test_in_a_dialog_without_a_code_a_question_mark_is_a_letter() -> None:
    async with opened(FakeBackend(), "3", "V") as (app, pilot):
        await press(pilot, "question_mark")
        assert isinstance(app.screen, DangerDialog)
        assert app.screen.query_one("#confirm").value == "?"  # type: ignore[attr-defined]


@pytest.mark.parametrize("keys", [("5", "question_mark"), ("2", "p", "L"), ("4", "i")], ids=["help", "live", "import"])
async def test_in_a_dialog_without_a_code_a_question_mark_opens_nothing(keys: tuple[str, ...]) -> None:
    async with opened(FakeBackend(), *keys) as (app, pilot):
        mode, dialog = app.current_mode, app.screen
        await press(pilot, "question_mark")
        assert (app.current_mode, app.screen) == (mode, dialog)


async def test_from_the_help_of_a_screen_one_key_leads_on_to_the_guide() -> None:
    async with opened(FakeBackend(), "4", "question_mark", "f1") as (app, pilot):
        assert app.current_mode == "guide"
        await press(pilot, "escape")
        assert app.current_mode == "approvals"
        assert not isinstance(app.screen, HelpDialog)


async def test_it_works_read_only_with_the_database_down_and_says_how_to_stop() -> None:
    async with opened(FakeBackend(down=True, read_only=True), "f1", "down", "enter", read_only=True) as (app, _pilot):
        assert lines(app)[0] == "## 1. May I act, and what is next?"
        assert "How to stop" in plain(app.screen.query_one(KeyBar).shown[0])


async def test_it_works_on_a_recording_where_the_keys_of_time_keep_their_meaning() -> None:
    answers = [line_of(FakeBackend().status()), line_of(FakeBackend(switch=HOLD).status())]
    app = ReplayApp(Replay(parse_recording("r.jsonl", answers)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "f1", "down", "enter")
        assert lines(app)[0] == "## 1. May I act, and what is next?"
        before = app._replay.place
        await press(pilot, "left_square_bracket")
        assert app._replay.place == before - 1


async def test_pages_that_cannot_be_read_are_named_and_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unread() -> Any:
        raise Unmeasured(
            StopCode.UNREACHABLE, "the page runbook.md cannot be read", "See: cutter-console manifest verify"
        )

    async with opened(FakeBackend()) as (app, pilot):
        monkeypatch.setattr("console.screens.guide.read_guide", unread)
        await press(pilot, "f1")
        assert "runbook.md" in app.notice.what
        assert contents(app).empty_words == "NOT KNOWN: the pages could not be read."
        await type_search(pilot, "hold")
        await press(pilot, "n", "y", "enter", "question_mark", "escape", "escape", "escape")
        monkeypatch.undo()
        await press(pilot, "1", "f1")
        assert contents(app).row_count > 50


async def test_a_resize_keeps_the_place_in_the_text_and_the_search() -> None:
    async with opened(FakeBackend(), "f1", size=WIDE) as (app, pilot):
        await type_search(pilot, "unencrypted dump")
        await press(pilot, "enter")
        for size in ((80, 24), (200, 60), (60, 20)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            assert "unencrypted" in " ".join(lines(app))
            assert {word.lower() for word in marked(app)} >= {"unencrypted"}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the pages of the pictures in the place of the real ones."""
    guide = small_guide()
    monkeypatch.setattr("console.screens.guide.read_guide", lambda: guide)


SCENES: dict[str, tuple[str, ...]] = {
    "contents": ("f1", "down", "down", "down"),
    "text": ("f1", *["down"] * 2, "enter"),
    "hits": ("f1", "slash", *"lease", "enter", "down", "down"),
    "hit": ("f1", "slash", *"lease", "enter", "enter", "n"),
    "typing": ("f1", "slash", *"leas"),
    "no-hit": ("f1", "slash", *"enactmnt", "enter"),
}


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
async def test_help(scene: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    async with opened(FakeBackend(), *SCENES[scene], size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("colours", ["colour", "monochrome"])
async def test_help_of_a_stop_code(
    colours: str, size: tuple[int, int], screen_snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    if colours == "monochrome":
        monkeypatch.setenv("NO_COLOR", "1")
    async with opened(refusing(), "2", "p", "d", "question_mark", size=size) as (app, _pilot):
        assert app.export_screenshot() == screen_snapshot


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_help_of_a_hostile_search(size: tuple[int, int], screen_snapshot: SnapshotAssertion) -> None:
    async with opened(FakeBackend(), "f1", size=size) as (app, pilot):
        app.screen.query_one(HitRows).narrow(HOSTILE * 9)
        await settle(pilot)
        assert app.export_screenshot() == screen_snapshot


async def test_help_that_cannot_be_read(screen_snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    def unread() -> Any:
        raise Unmeasured(
            StopCode.UNREACHABLE, "the page runbook.md cannot be read", "See: cutter-console manifest verify"
        )

    async with opened(FakeBackend()) as (app, pilot):
        monkeypatch.setattr("console.screens.guide.read_guide", unread)
        await press(pilot, "f1")
        assert app.export_screenshot() == screen_snapshot


def test_the_pages_are_read_once() -> None:
    assert guide_pages.read_guide() is guide_pages.read_guide()


async def test_a_panel_of_another_screen_is_not_touched_by_the_search() -> None:
    async with opened(FakeBackend(), "5", "f1", size=WIDE) as (app, pilot):
        await type_search(pilot, "lease")
        await press(pilot, "5")
        assert [panel.needle.text for panel in app.screen.query(Panel)] == [""] * len(app.screen.query(Panel))

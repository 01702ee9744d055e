"""Filter, search and copy on every screen: one grammar; nothing is hidden without a word, and no key acts while it is typed."""

from typing import Any

import pytest
from textual.pilot import Pilot

from console.actions.actions import ACTIONS
from console.actions.stopping import STOP_KEYS
from console.app.application import ConsoleApp
from console.backend.model.outcome import Outcome
from console.screens.base import ConsoleScreen
from console.screens.overview import OverviewScreen
from console.screens.panic import PanicDialog
from console.screens.run import RunScreen
from console.screens.text_alone import TextAlone
from console.widgets.filter_bar import FilterField
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from console.widgets.plain_text import PlainText
from console.widgets.source_view import SourceView
from tests.screens.conftest import opened, press, settle, until
from tests.support.fake_runs import ManyRuns
from tests.support.fakes import ARMED, DRY_ID, RUN_ID, SHA, SIGN_WITH, FakeBackend


def _list(app: ConsoleApp, name: str) -> ListRows:
    return app.screen.query_one(f"#{name}", ListRows)


def _rows(app: ConsoleApp, name: str) -> list[str]:
    rows = _list(app, name)
    return [plain(rows.row(index)) for index in range(rows.row_count)]


def _under(app: ConsoleApp, name: str) -> str:
    """The words in the lower border."""
    return str(app.screen.query_one(f"#{name}").border_subtitle)


def _words(app: ConsoleApp, name: str) -> str:
    return "\n".join(plain(spans) for spans in app.screen.query_one(f"#{name}", Panel).shown)


async def _type(pilot: Pilot[Any], text: str, *then: str) -> None:
    await press(pilot, "slash", *text, *then)


async def test_no_key_acts_while_a_filter_is_typed_but_the_stop_key() -> None:
    """Every key of every action, on the screen with the most dangerous ones."""
    keys = [key for action in ACTIONS for key in action.keys if key not in {*STOP_KEYS, "enter"}]
    backend = FakeBackend(switch=ARMED)
    async with opened(backend, "3", "slash") as (app, pilot):
        before = list(backend.calls)
        theme = app.theme
        # An answer that comes now, such as a plan, asks for the focus.
        app.screen.query_one("#phases").focus()
        await settle(pilot)
        await pilot.press(*keys, "left", "f5", "ctrl+c", "ctrl+z")
        await settle(pilot)
        assert isinstance(app.focused, FilterField)
        assert isinstance(app.screen, RunScreen)
        assert (app.notice.kind, app.theme, app.clipboard) == ("none", theme, "")
        assert [call for call in backend.calls[len(before) :] if call.split()[0] != "run"] == []
        await press(pilot, "enter")
        assert app.screen.focused is _list(app, "runs")
        assert _rows(app, "runs") == []
        assert "hides every row" in _list(app, "runs").empty_words
        await press(pilot, "slash", "f12")
        assert isinstance(app.screen, PanicDialog)


@pytest.mark.parametrize(
    ("key", "name", "typed", "fewest", "total", "hidden"),
    [
        ("2", "intake", "bdsg", 1, 4, "hidden: 1 REFUSED"),
        ("3", "runs", "live", 1, 2, ""),
        ("4", "statements", "c0ffee nothing", 0, 1, ""),
        ("5", "gate-list", "!backup", 1, 11, "1 FAIL"),
        ("6", "difference-list", "nothing", 0, 4, "4 FAIL"),
        ("7", "batches", "nothing", 0, 2, ""),
        ("9", "backup-list", "state:arms", 1, 5, "1 DIFFERS"),
        ("ctrl+r", "report-list", "kind:bundle", 1, 4, "1 CHANGED"),
    ],
)
async def test_on_every_screen_a_filter_narrows_at_once_is_kept_and_is_cleared(
    key: str, name: str, typed: str, fewest: int, total: int, hidden: str
) -> None:
    """It is there after a refresh, another size, and another screen; Esc shows all rows again."""
    async with opened(FakeBackend(changed="04-approval.md"), key) as (app, pilot):
        await _type(pilot, typed)
        shown = _rows(app, name)
        assert fewest <= len(shown) < total
        assert f"{len(shown)} of {total}" in _under(app, name)
        assert hidden in _under(app, name)
        assert f"/{typed}" in _under(app, name)
        await press(pilot, "enter")
        assert app.focused is _list(app, name)
        await press(pilot, "r")
        await pilot.resize_terminal(120, 40)
        await press(pilot, "1", key)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: _rows(app, name) == shown)
        assert f"/{typed}" in _under(app, name)
        await press(pilot, "escape")
        assert (len(_rows(app, name)), _under(app, name)) == (total, "")
        await _type(pilot, typed, "escape")
        assert (len(_rows(app, name)), _under(app, name)) == (total, "")
        assert app.focused is _list(app, name)


async def test_the_outcomes_that_a_filter_of_the_gates_hides_are_counted() -> None:
    """Both filters, that by outcome and that by word; the cursor stays on its gate."""
    async with opened(FakeBackend(), "5", *"fff") as (app, pilot):
        assert "Gates, PARTIAL" in str(_list(app, "gate-list").border_title)
        fails = sum(gate.outcome.value == "FAIL" for gate in app.readiness.board.answer.gates)  # type: ignore[union-attr]
        assert f"{fails} FAIL" in _under(app, "gate-list")
        await press(pilot, *"ffff")
        before = app.screen.query_one("#gate-list", ListRows)
        await press(pilot, "down", "down", "down")
        key = before.key
        await _type(pilot, str(key).split()[0].lower(), "enter", "escape")
        assert _list(app, "gate-list").key == key
        await _type(pilot, "outcome:fail", "enter")
        assert len(_rows(app, "gate-list")) == fails
        assert "FAIL" not in _under(app, "gate-list")


async def test_a_fail_behind_what_could_not_be_measured_is_counted_where_a_filter_hides_it() -> None:
    backend = FakeBackend()
    backend.broken = {
        ("G2", "configuration"): (Outcome.INCONCLUSIVE, "could not be read", "Look at it"),
        ("G2", "no secrets"): (Outcome.FAIL, "a password in it", "Take it out"),
    }
    async with opened(backend, "5") as (app, pilot):
        await _type(pilot, "g10", "enter")
        assert _under(app, "gate-list") == "1 of 11, hidden: 1 FAIL /g10"
        await press(pilot, "escape", "f", "f")
        assert _under(app, "gate-list") == "10 of 11, hidden: 1 FAIL"


async def test_the_lists_of_the_overview_are_filtered_and_what_they_hide_is_counted() -> None:
    """The sentence, the switch and the current run always show."""
    async with opened(FakeBackend(switch=ARMED)) as (app, pilot):
        await _type(pilot, "unit_version", "enter")
        assert "unit_version" in _words(app, "counts")
        assert "information_unit" not in _words(app, "counts")
        assert "INCONCLUSIVE" in _under(app, "counts")
        assert "1 ARMED" in _under(app, "waiting")
        assert "You may act" in _words(app, "waiting")
        assert RUN_ID in _words(app, "waiting")
        assert "ARMED" in _words(app, "switch")
        await press(pilot, "r")
        assert "information_unit" not in _words(app, "counts")
        await press(pilot, "escape", "escape")
        assert "information_unit" in _words(app, "counts")
        assert _under(app, "counts") == _under(app, "waiting") == ""
        await press(pilot, "y")
        assert app.clipboard == app.full_command(f"cutter-console run resume {RUN_ID}")
        assert isinstance(app.screen, OverviewScreen)


async def test_a_text_is_searched_and_n_goes_through_its_matches() -> None:
    """In a plan, whose tree follows; in a panel; and n has no other meaning there."""
    async with opened(FakeBackend(), "2", "p", size=(120, 40)) as (app, pilot):
        text = app.screen.query_one(SourceView)
        await _type(pilot, "(1)")
        assert app.screen.query_one("#text") is text
        first = text.line_number
        assert "(1)" in plain(text.row(text.cursor))
        number = int(_under(app, "text").split(" of ")[1].split()[0])
        await press(pilot, "enter")
        assert app.focused is text
        lines = [first]
        for _ in range(number - 1):
            await press(pilot, "n")
            lines.append(text.line_number)
        assert lines == sorted(set(lines))
        await press(pilot, "n", "N")
        assert text.line_number == lines[-1]
        await press(pilot, "escape")
        assert _under(app, "text") == ""
        await press(pilot, "4", "tab", "tab", "tab")
        assert app.focused is app.screen.query_one("#statement")
        await _type(pilot, "allowance", "enter")
        assert "match 1 of 1" in _under(app, "statement")
        await press(pilot, "n", "escape")
        assert _under(app, "statement") == ""


async def test_what_has_the_focus_is_copied_and_said_with_its_length() -> None:
    """An id, a digest, a command, an address, a row, a list; z shows what was copied."""
    copies = (
        (("3",), RUN_ID),
        (("3", "tab"), "grant_probe"),
        (("4",), SHA),
        (("4", "tab"), SIGN_WITH),
        (("2",), "bdsg_2018.md"),
        (("6",), ";"),
        (("7",), "ictb-"),
        (("ctrl+r",), f"/var/lib/cutter/reports/{RUN_ID}-5f70bf18"),
        (("9",), "/var/lib/cutter/backups/bkp-20260301T135200Z-00000000.dump.gpg"),
    )
    async with opened(FakeBackend()) as (app, pilot):
        for keys, expected in copies:
            await press(pilot, *keys, "y")
            assert expected in app.clipboard, keys
            assert f"{len(app.clipboard):,} characters" in app.notice.what, keys
            await press(pilot, "z")
            assert isinstance(app.screen, TextAlone)
            if app.clipboard == SIGN_WITH:
                # In a narrow terminal the command takes two rows; marked there and pasted into a shell, it is one.
                alone = app.screen.query_one(PlainText)
                rows = [alone.render_line(y).text.rstrip(" ") for y in range(3)]
                assert [row.endswith("\\") for row in rows] == [True, False, False]
                assert "\n".join(rows).replace("\\\n", "").strip() == SIGN_WITH
            await press(pilot, "escape", "escape")
            assert isinstance(app.screen, ConsoleScreen)
        await press(pilot, "2", "p", "down", "y")
        assert app.clipboard.startswith("BDSG-2018")
        await press(pilot, "escape", "3", "shift+tab", "Y")
        assert app.clipboard.count("\n") == 1
        await _type(pilot, "dryrun", "enter", "Y")
        assert app.clipboard.startswith(DRY_ID)
        assert "1 of 2" in app.notice.what


async def test_all_runs_are_listed_filtered_by_any_column_and_opened() -> None:
    """The list has the whole screen; a run that another screen leads to is shown even if the filter hides it."""
    backend = ManyRuns()
    async with opened(backend, "3", "b", size=(120, 40)) as (app, pilot):
        assert "Runs: 600" in str(_list(app, "runs").border_title)
        first = _rows(app, "runs")[0]
        for words in (
            RUN_ID,
            "LIVE",
            "BDSG-2018",
            "at pause 1 (SG_1)",
            "11 min ago",
            "anna",
            "waits for SG_1",
        ):
            assert words in first
        assert app.screen.query_one("#phases").size.height == 0
        await _type(pilot, "who:ben state:closeout document:law-00")
        assert len(_rows(app, "runs")) == 6
        assert "hidden: 1 FAIL, 1 INTERRUPTED, 1 STOPPED" in _under(app, "runs")
        await press(pilot, "enter", "down", "enter")
        assert app.focused is app.screen.query_one("#phases")
        assert backend.calls[-1].startswith("run ictr-20260201T000000Z-00000002")
        await press(pilot, "1")
        app.show_run(DRY_ID)
        await settle(pilot)
        assert _list(app, "runs").key == DRY_ID
        await press(pilot, "b")
        await _type(pilot, "waits:sg_1", "enter")
        assert [row.split()[0] for row in _rows(app, "runs")] == [RUN_ID]
        await press(pilot, "escape", "escape")
        assert app.screen.query_one("#phases").size.height > 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_what_is_typed_and_what_it_finds_is_inert(size: tuple[int, int]) -> None:
    async with opened(FakeBackend(hostile="[/x]\x1b[31m\u202e"), "2", size=size) as (app, pilot):
        await _type(pilot, "[/x] [red]", "enter", "y")
        assert "\x1b" not in app.export_screenshot()
        assert "[red]" in _under(app, "intake")

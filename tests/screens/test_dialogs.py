"""Dangerous dialogs: the safe answer is the default, the text is typed, Enter is never yes, the stop key works."""

from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from console.actions.actions import Scope
from console.actions.stopping import STOP_KEYS
from console.backend.model.full_command import full_command
from console.backend.model.outcome import Check, Outcome
from console.backend.model.view_models import ApprovalView, Danger
from console.screens.danger import DangerDialog
from console.screens.danger_text import briefing_lines, check_lines
from console.screens.dialog import Dialog
from console.screens.help import HelpDialog
from console.screens.how_to_stop import HowToStopDialog
from console.screens.palette import matching_actions
from console.screens.panic import PanicDialog
from console.widgets.line import plain
from console.widgets.notice import NoticePanel
from console.widgets.panel import Lines, Panel
from tests.screens.conftest import opened, press
from tests.screens.dangers import DANGERS, SG_2, backend_of, done
from tests.support.fakes import ARMED, HOLD, RUN_ID, FakeBackend

EVERY_DIALOG = {
    **{name: keys for name, (_stage, keys) in DANGERS.items() if name not in {"enact", "revert", "take over"}},
    "live": ("2", "p", "L"),
    "repeal": ("2", "R"),
    "import": ("4", "i"),
    "help": ("question_mark",),
    "palette": ("ctrl+p",),
}


@pytest.mark.parametrize("name", DANGERS)
async def test_the_field_has_the_focus_and_enter_does_nothing(name: str) -> None:
    """Where Enter was yes, people lost work (lazygit #3471)."""
    backend = backend_of(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        assert app.focused is app.screen.query_one("#confirm", Input)
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, DangerDialog)
        assert done(backend) == []


@pytest.mark.parametrize("name", DANGERS)
async def test_enter_on_cancel_is_no(name: str) -> None:
    backend = backend_of(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        await press(pilot, "shift+tab", "enter")
        assert not isinstance(app.screen, DangerDialog)
        assert done(backend) == []


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        (("3", "A"), "#confirm"),
        (("4", "i"), "#more"),
        (("3", "O"), "#typed"),
        (("ctrl+p",), "#search"),
        (("7", "p"), "#folder"),
        (("8", "slash"), "#text"),
    ],
    ids=["an id", "signature files", "a place", "the palette", "a folder", "units"],
)
async def test_what_is_typed_on_cancel_is_in_the_field(keys: tuple[str, ...], field: str) -> None:
    """Letters vanished there without a word: of every kind of dialog that has a field."""
    async with opened(FakeBackend(can_hand_over=True), *keys) as (app, pilot):
        app.screen.query_one("#cancel").focus()
        await press(pilot, *"ictr-2026 ?")
        assert app.screen.query_one(field, Input).value.endswith("ictr-2026 ?")
        assert app.focused is app.screen.query_one(field)


@pytest.mark.parametrize("before", [("home",), ("left", "left"), ("tab", "shift+tab")], ids=" ".join)
async def test_what_is_typed_on_cancel_stands_behind_what_was_typed_before(before: tuple[str, ...]) -> None:
    """Wherever the cursor was, and if all of it was selected."""
    async with opened(FakeBackend(), "7", "p", "ctrl+u", *"laws", *before) as (app, pilot):
        app.screen.query_one("#cancel").focus()
        await press(pilot, *"xyz")
        assert app.screen.query_one("#folder", Input).value == "lawsxyz"


async def test_a_file_that_is_typed_on_cancel_is_asked_for_at_the_import() -> None:
    backend = FakeBackend()
    async with opened(backend, "4", "i", *"other.asc", "ctrl+y"):
        assert [call for call in backend.calls if call.startswith("import ") and call.endswith(" other.asc")]


class _SignedElsewhere(FakeBackend):
    """A signature file is put beside the statement behind the screen's reading of it."""

    def check_statement(self, statement: Path) -> ApprovalView:
        signature = statement.with_name(f"{statement.name}.anna.asc")
        return super().check_statement(statement).model_copy(update={"signature_paths": (signature,)})


async def test_a_signature_that_came_since_the_screen_was_drawn_is_there_at_the_import() -> None:
    """The screen says: put the signature file beside it, then i."""
    backend = _SignedElsewhere()
    async with opened(backend, "4", "i", "ctrl+y"):
        assert [call for call in backend.calls if call.startswith("import ") and call.endswith(".json.anna.asc")]


@pytest.mark.parametrize("name", DANGERS)
async def test_escape_is_no_even_with_the_right_text(name: str) -> None:
    """Also from inside the field."""
    backend = backend_of(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        app.screen.query_one("#confirm", Input).focus()
        app.screen.query_one("#confirm", Input).value = RUN_ID
        await press(pilot, "escape")
        assert not isinstance(app.screen, DangerDialog)
        assert done(backend) == []


@pytest.mark.parametrize("name", DANGERS)
async def test_enter_never_confirms_not_even_the_right_text(name: str) -> None:
    """It says which key does."""
    backend = backend_of(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        field = app.screen.query_one("#confirm", Input)
        field.focus()
        field.value = RUN_ID if name != "release" else "RELEASE"
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, DangerDialog)
        assert done(backend) == []


@pytest.mark.parametrize("typed", ["", "yes", RUN_ID[:-1], RUN_ID + " ", RUN_ID.upper()])
async def test_another_text_than_the_run_id_is_refused(typed: str) -> None:
    """Runs were started in production by accident; the run id is typed, exactly."""
    backend = backend_of("arm")
    async with opened(backend, "3", "A") as (app, pilot):
        app.screen.query_one("#confirm", Input).value = typed
        await press(pilot, "ctrl+y")
        assert isinstance(app.screen, DangerDialog)
        assert done(backend) == []


async def test_the_typed_id_and_the_key_of_its_own_arm() -> None:
    """Type the id, ^Y."""
    backend = FakeBackend()
    async with opened(backend, "3", "A") as (app, pilot):
        await press(pilot, *RUN_ID, "ctrl+y")
        assert done(backend) == [f"arm {RUN_ID} {RUN_ID}"]
        assert app.notice.kind == "done"


async def test_the_typed_id_and_the_key_of_its_own_take_drafts_back() -> None:
    """Type the id, ^Y."""
    backend = FakeBackend(stage=SG_2)
    async with opened(backend, "3", "U") as (app, pilot):
        await press(pilot, *RUN_ID, "ctrl+y")
        assert done(backend) == [f"revert {RUN_ID} {RUN_ID}"]
        assert app.notice.kind == "done"


async def test_void_asks_for_a_reason() -> None:
    """It is recorded, so it must be there."""
    backend = backend_of("void")
    async with opened(backend, "3", "V") as (app, pilot):
        app.screen.query_one("#confirm", Input).value = RUN_ID
        await press(pilot, "ctrl+y")
        assert done(backend) == []
        app.screen.query_one("#reason", Input).value = "wrong document"
        await press(pilot, "ctrl+y")
        assert done(backend) == [f"void {RUN_ID} wrong document"]


@pytest.mark.parametrize("name", DANGERS)
async def test_an_open_check_takes_the_confirmation_away_and_is_named(name: str) -> None:
    """Not greyed: there is no field, and the key does nothing."""
    backend = backend_of(name)
    backend.open_checks = True
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        assert not any(field.display for field in app.screen.query(Input))
        await press(pilot, "ctrl+y")
        assert isinstance(app.screen, DangerDialog)
        assert done(backend) == []
        assert "SG_1 is recorded" in "".join(plain(spans) for spans in app.screen.query_one("#demand", Lines).shown)


async def test_the_next_action_of_an_open_check_comes_before_its_long_detail() -> None:
    """A check can name thirty files: what to do about it must not stand below them."""
    failed = Check(
        name="PRE-6", outcome=Outcome.FAIL, detail="console/x.py, " * 60, next_action="See: cutter-console drift"
    )
    full = partial(full_command, root="/srv/x")
    rows = [plain(spans) for spans in check_lines(failed, full, 72)]
    assert rows[:2] == ["FAIL PRE-6", "     Next: See: cutter-console --root /srv/x drift"]
    assert all(row.startswith("     ") for row in rows[1:])


async def test_what_was_allowed_explicitly_is_named_before_the_question_and_stops_nothing() -> None:
    """A PARTIAL lets the action through; whoever confirms it has been told."""
    allowed = Check(name="PRE-7 tests", outcome=Outcome.PARTIAL, detail="allowed by untested", next_action="Run them")
    briefing = FakeBackend().brief(Danger.ARM, RUN_ID)
    briefing = briefing.model_copy(update={"checks": (*briefing.checks, allowed)})

    words = "\n".join(plain(spans) for spans in briefing_lines(briefing, str, 72))

    assert briefing.open_checks == ()
    assert "PARTIAL PRE-7 tests" in words.partition("Checks, one by one")[0]


@pytest.mark.parametrize("name", DANGERS)
async def test_the_dialog_says_what_where_how_many_and_whether_it_can_be_undone(name: str) -> None:
    """Before it asks (sqitch: the destination is in every prompt)."""
    async with opened(backend_of(name), *DANGERS[name][1]) as (app, _pilot):
        words = "\n".join(plain(spans) for spans in app.screen.query_one("#dialog-body", Panel).shown)
        for part in ("directus at db01.example.org", "7312345678901234567", "timeline 3", "7 units", "undo"):
            assert part in words
        assert ("CANNOT BE UNDONE" in words) == (name == "enact")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
@pytest.mark.parametrize("name", DANGERS)
async def test_the_question_is_on_the_screen_at_every_size(name: str, size: tuple[int, int]) -> None:
    """The body scrolls, the question and Cancel do not."""
    async with opened(backend_of(name), *DANGERS[name][1], size=size) as (app, _pilot):
        for part in ("#demand", "#confirm", "#cancel", "#dialog-keys"):
            region = app.screen.query_one(part).region
            assert region.height >= 1
            assert region.bottom < size[1]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("name", DANGERS)
async def test_one_tab_leads_from_cancel_to_the_field(name: str, size: tuple[int, int]) -> None:
    """The hint names Tab for the field: the body that scrolls is not between them."""
    async with opened(backend_of(name), *DANGERS[name][1], size=size) as (app, pilot):
        await press(pilot, "shift+tab")
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await press(pilot, "tab")
        assert app.focused is app.screen.query_one("#confirm", Input)


@pytest.mark.parametrize("back", [1, 0], ids=["from Cancel", "from the field"])
async def test_the_body_scrolls_whatever_has_the_focus(back: int) -> None:
    """It takes no focus, so its keys work from everywhere in the dialog."""
    async with opened(backend_of("arm"), "3", "A", *["shift+tab"] * back) as (app, pilot):
        focused, body = app.focused, app.screen.query_one("#dialog-body", Panel)
        assert body.max_scroll_y > 1
        await press(pilot, "down")
        assert body.scroll_y == 1
        await press(pilot, "up")
        assert body.scroll_y == 0
        await press(pilot, "pagedown")
        assert body.scroll_y > 1
        await press(pilot, "pageup")
        assert body.scroll_y == 0
        assert app.focused is focused


@pytest.mark.parametrize("name", DANGERS)
async def test_the_keys_of_a_dialog_fit_into_80_columns(name: str) -> None:
    """A key that is cut off is not known."""
    async with opened(backend_of(name), *DANGERS[name][1]) as (app, _pilot):
        keys = app.screen.query_one("#dialog-keys", Lines)
        assert len(plain(keys.shown[0])) <= keys.size.width
        assert "^Y" in plain(keys.shown[0])


@pytest.mark.parametrize("name", EVERY_DIALOG)
async def test_the_stop_key_works_inside_every_dialog(name: str) -> None:
    """Also while a field has the focus, where ^X would cut the text."""
    backend = FakeBackend(switch=HOLD, is_law=True)
    async with opened(backend, *EVERY_DIALOG[name]) as (app, pilot):
        fields = [field for field in app.screen.query(Input) if field.display]
        if fields:
            fields[0].focus()
        await press(pilot, "ctrl+x")
        assert isinstance(app.screen, PanicDialog)
        await press(pilot, "s")
        assert [call for call in backend.calls if call.startswith("panic")]
        assert not isinstance(app.screen, Dialog), "the answer is behind it"
        assert app.screen.query_one(NoticePanel).notice.what.startswith("Stopped.")


async def test_panic_is_no_with_enter_and_with_escape() -> None:
    """The safe answer has the focus; the second key is another one than the first."""
    backend = FakeBackend()
    async with opened(backend) as (app, pilot):
        for key in ("enter", "escape", "ctrl+x"):
            await press(pilot, "ctrl+x")
            assert isinstance(app.screen, PanicDialog)
            await press(pilot, key)
            assert not [call for call in backend.calls if call.startswith("panic")]


async def test_panic_takes_a_reason_from_the_field() -> None:
    """s is a letter there; ^S stops."""
    backend = FakeBackend()
    async with opened(backend, "ctrl+x", "tab") as (app, pilot):
        assert isinstance(app.focused, Input)
        await press(pilot, "s", "o", "ctrl+s")
        assert "panic so" in backend.calls


async def test_read_only_has_no_dangerous_key_palette_entry_or_line_of_help() -> None:
    """Absent, not greyed."""
    backend = FakeBackend(read_only=True)
    async with opened(backend, "3", "A", "V", "g", "s", "ctrl+x", "s", read_only=True) as (app, pilot):
        await press(pilot, "escape")
        assert app.screen.query("#runs")
        assert done(backend) == []
        titles = {action.title for action in matching_actions(app.registry, Scope.RUN, "")}
        assert "Arm the switch for this run" not in titles
        assert "Go to Overview" in titles
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpDialog)
        words = "\n".join(plain(spans) for spans in app.screen.query_one("#dialog-body", Panel).shown)
        assert "Arm the switch" not in words
        assert "READ-ONLY" in words


async def test_the_stop_key_of_a_read_only_console_names_the_command_that_stops_in_every_dialog_and_field() -> None:
    """Nobody must find a dead key when it matters, nor believe that a console has stopped what it cannot stop."""
    for keys in ((), ("5",), ("question_mark",), ("5", "slash"), ("ctrl+p",)):
        backend = FakeBackend(switch=ARMED, read_only=True)
        async with opened(backend, *keys, read_only=True) as (app, pilot):
            place, focused = app.screen, app.focused
            for key in STOP_KEYS:
                assert (app.screen, app.focused) == (place, focused), keys
                await press(pilot, key)
                assert isinstance(app.screen, HowToStopDialog), keys
                words = "\n".join(plain(spans) for spans in app.screen.query_one("#dialog-body", Panel).shown)
                assert "cutter-console panic --reason 'why'" in words
                await press(pilot, "s", "enter")
                assert done(backend) == []
                assert not isinstance(app.screen, HowToStopDialog)


async def test_the_command_that_stops_is_copied_whole() -> None:
    async with opened(FakeBackend(read_only=True), "ctrl+x", "y", read_only=True) as (app, _pilot):
        assert app.clipboard.endswith("panic --reason 'why'")
        assert app.clipboard.startswith("cutter-console ")
        assert app.notice.kind == "done"


async def test_help_is_made_from_the_registry_and_begins_with_the_focused_widget() -> None:
    """Help belongs to the widget that has the focus."""
    async with opened(FakeBackend(), "2", "p", "question_mark") as (app, _pilot):
        words = "\n".join(plain(spans) for spans in app.screen.query_one("#dialog-body", Panel).shown)
        assert words.startswith("Up and Down move and the text follows")
        for action in app.registry.in_scope(Scope.DOCUMENTS):
            assert action.title in words


async def test_live_asks_before_it_starts() -> None:
    """Enter and Esc are no; ^Y starts."""
    backend = FakeBackend()
    async with opened(backend, "2", "p") as (_app, pilot):
        for key, started in (("enter", []), ("escape", []), ("ctrl+y", ["start LIVE"])):
            await press(pilot, "L", key)
            assert done(backend) == started

"""A draft is edited from the screens: written, compared by words, planned, and written under its ruling; nothing typed is lost."""

from collections.abc import Callable

from textual.widgets import TextArea

from console.app.application import ConsoleApp
from console.backend.model.safe_text import safe_text
from console.backend.model.states import Move, Stage
from console.backend.model.view_models import SwitchState
from console.screens.edit_draft import Draft, EditDialog, ReviewDialog, unwritable
from console.screens.panic import PanicDialog
from console.widgets.line import plain
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, settle
from tests.support.fake_edits import EDIT_RUN
from tests.support.fake_units import FIRST_RUN
from tests.support.fakes import FakeBackend
from tests.support.passage import DOCPREFIX, Passage

At = Callable[[str], Passage]
_DRAFT = ("8", "f", "E")
_ALPHA = f"{DOCPREFIX}/ONE/ALPHA"


def _cut(*, read_only: bool = False) -> FakeBackend:
    """A cut whose drafts can be edited, and wait for SG_2."""
    return FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION, can_edit=True, read_only=read_only)


def _said(app: ConsoleApp) -> str:
    return "\n".join(plain(row) for row in app.screen.query_one("#dialog-body", Panel).shown)


async def test_what_was_typed_is_kept_when_one_backs_out_and_is_there_again() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT) as (app, pilot):
        assert isinstance(app.screen, EditDialog)
        await pilot.press("Q", "q", "question_mark")
        await press(pilot, "escape")
        (kept,) = backend.kept.values()
        assert kept.body.startswith("Qq?Die Verarbeitung")

        await press(pilot, "E")
        assert app.screen.query_one("#edit-body", TextArea).text == kept.body
        await press(pilot, "ctrl+y")
        assert isinstance(app.screen, ReviewDialog)
        assert "{+Qq?+}" in _said(app).replace("\n", "") or "Qq?Die" in _said(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, EditDialog)
        assert app.screen.query_one("#edit-body", TextArea).text == kept.body
        await press(pilot, "ctrl+r")
        assert app.screen.query_one("#edit-body", TextArea).text == kept.body.removeprefix("Qq?")
        assert backend.edits == []


async def test_an_edit_is_planned_only_after_the_id_was_typed_and_once() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT, "X", "ctrl+y", "ctrl+y", "enter") as (app, pilot):
        assert backend.edits == []
        await pilot.press(*FIRST_RUN)
        await press(pilot, "enter")
        assert backend.edits == []
        await pilot.press("ctrl+y", "ctrl+y")
        await settle(pilot)
        ((_run, _title, body, seen),) = backend.edits
        assert (body[:4], len(seen)) == ("XDie", 64)
        assert app.current_mode == "run"
        assert EDIT_RUN in app.notice.what


async def test_a_text_without_a_change_is_not_planned() -> None:
    async with opened(_cut(), *_DRAFT, "ctrl+y") as (app, _pilot):
        assert "exactly this text" in _said(app)


async def test_a_read_only_console_has_no_key_that_edits() -> None:
    backend = _cut(read_only=True)
    async with opened(backend, *_DRAFT, "3", "W", read_only=True) as (app, _pilot):
        assert len(app.screen_stack) == 1
        names = {action.name for action in app.registry.actions}
        assert not names & {"edit_draft", "apply_edit"}
        assert not any(call.startswith(("brief", "keep", "start")) for call in backend.calls)


async def test_what_is_law_is_not_edited() -> None:
    backend = _cut()
    async with opened(backend, "8", "E") as (app, _pilot):
        assert len(app.screen_stack) == 1
        assert "No draft is chosen" in app.notice.what


def test_a_draft_that_would_be_changed_by_being_shown_is_edited_as_a_file() -> None:
    assert "U+2028" in unwritable(Draft("r", "A", "t", "one\u2028two\n"))
    assert "U+200B" in unwritable(Draft("r", "A", "t\u200b", "one\n"))
    assert "characters" in unwritable(Draft("r", "A", "t", "x" * 65_537))
    assert "title" in unwritable(Draft("r", "A", safe_text("t\u200b"), "one\n"))
    assert "title" in unwritable(Draft("r", "A", safe_text("t\x1b"), "one\n"))
    assert unwritable(Draft("r", "A", "t", "one\n\ttwo\n")) == ""


async def test_the_stop_key_works_in_the_text_and_loses_nothing_of_it() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT) as (app, pilot):
        await pilot.press("Q", "ctrl+x")
        await settle(pilot)
        assert isinstance(app.screen, PanicDialog)
        await press(pilot, "s")
        assert len(app.screen_stack) == 1
        (kept,) = backend.kept.values()
        assert kept.body.startswith("QDie")
        assert any(call.startswith("panic") for call in backend.calls)


async def test_a_draft_is_edited_signed_and_applied_by_keys(at: At) -> None:
    """The whole way with the real backend; the database is asked at its end."""
    passage = at("waits for SG_2")
    backend = passage.backend
    app = ConsoleApp(backend, read_only=False, demo=True, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "3", "d")
        assert app.current_mode == "units"
        addresses = [unit.address for unit in app.screen._list.items]  # type: ignore[attr-defined]
        await press(pilot, *["down"] * addresses.index(_ALPHA), "E")
        body = app.screen.query_one("#edit-body", TextArea)
        assert body.text == "## Alpha\n\nFirst.\n\n"
        await press(pilot, "down", "down", "end", "backspace", *", amended.", "ctrl+y")
        assert "{+" in _said(app)
        await pilot.press(*passage.run_id)
        await press(pilot, "ctrl+y")
        edit_run = backend.runs()[0].run_id
        run = backend.run(edit_run)
        assert (run.state.stage, run.moves[0]) == (Stage.AWAITING_CUT_AUTHORIZATION, Move.APPLY)
        assert backend.typed_edit(passage.run_id, _ALPHA) is None

        await press(pilot, "3", "s", "4", "D", "i", "ctrl+y", "3", "W", "tab")
        await pilot.press(*edit_run)
        await press(pilot, "ctrl+y")
        assert backend.run(edit_run).state.stage is Stage.CLOSEOUT_REPORTED
        assert backend.unit(_ALPHA).body == "## Alpha\n\nFirst, amended.\n\n"
        assert backend.status().switch.state is SwitchState.OFF
        assert backend.run(passage.run_id).moves[0] is Move.VERIFY
    backend.verify(passage.run_id)
    assert Move.ENACT in backend.run(passage.run_id).moves

"""A draft is edited from the screens: written, compared by words, planned, and written under its ruling; nothing typed is lost."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.widgets import Button, Input, TextArea

from console.app.application import ConsoleApp
from console.backend.api import Backend
from console.backend.model.safe_text import safe_text
from console.backend.model.states import Move, Stage
from console.backend.model.view_models import SwitchState
from console.backend.runs.draft_edits import EditBriefing
from console.screens.edit_draft import EditDialog, ReviewDialog, missing_of
from console.screens.panic import PanicDialog
from console.screens.typed_texts import Draft, unwritable
from console.widgets.line import plain
from console.widgets.panel import Lines, Panel
from console.widgets.pasted import Pasted
from tests.screens.conftest import opened, press, settle, until
from tests.support.fake_edits import EDIT_RUN
from tests.support.fake_units import FIRST_RUN
from tests.support.fakes import ARMED, HOLD, FakeBackend
from tests.support.passage import DOCPREFIX, Passage

At = Callable[[str], Passage]
T = TypeVar("T")
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


async def test_what_is_typed_on_cancel_goes_into_the_text_and_does_not_vanish() -> None:
    """One Tab too many leads from the text to Cancel; a sentence that was typed there was gone without a word."""
    async with opened(_cut(), *_DRAFT) as (app, pilot):
        body = app.screen.query_one("#edit-body", TextArea)
        before = body.text
        await press(pilot, "tab")
        assert app.focused is app.screen.query_one("#cancel", Button)
        await pilot.press("Q", "space", "q")
        await settle(pilot)
        assert body.text == f"Q q{before}"
        assert app.screen.focused is body


async def test_the_draft_s_own_text_takes_nothing_away_that_was_typed_title_or_text() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT) as (app, pilot):
        title, body = app.screen.query_one("#edit-title", Input), app.screen.query_one("#edit-body", TextArea)
        own = title.value, body.text
        await pilot.press("Q", "shift+tab", "T")
        typed = title.value, body.text
        assert all(ours != theirs for ours, theirs in zip(typed, own, strict=True))
        await press(pilot, "ctrl+r")
        assert (title.value, body.text) == own
        await press(pilot, "ctrl+r")
        assert (title.value, body.text) == typed
        await press(pilot, "ctrl+r", "escape")
        assert [kept.text for kept in backend.kept.values()] == [typed]


async def test_a_text_that_is_the_draft_s_again_is_not_kept_as_one_that_was_typed() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT) as (app, pilot):
        await pilot.press("Q")
        assert isinstance(app.screen, EditDialog)
        app.screen._keep()
        await settle(pilot)
        assert len(backend.kept) == 1
        await press(pilot, "backspace", "escape")
        assert backend.kept == {}
        await press(pilot, "E")
        assert "Typed before" not in plain(app.screen.query_one("#demand", Lines).shown[0])


async def test_what_has_no_room_on_the_disk_is_said_where_it_is_typed_and_is_there_again() -> None:
    backend = _cut()
    backend.is_full = True
    async with opened(backend, *_DRAFT) as (app, pilot):
        await pilot.press("Q")
        assert isinstance(app.screen, EditDialog)
        app.screen._keep()
        await settle(pilot)
        assert "NOT KEPT beside the run: /srv/runs/x could not be written" in plain(
            app.screen.query_one("#demand", Lines).shown[0]
        )
        assert "THIS CONSOLE ALONE" in str(app.screen.query_one("#cancel", Button).label)
        await press(pilot, "escape")
        assert "is kept only in this console" in app.notice.what
        await press(pilot, "E")
        assert app.screen.query_one("#edit-body", TextArea).text.startswith("Q")
        backend.is_full = False
        await press(pilot, "R", "escape", "E")
        assert [kept.body[:2] for kept in backend.kept.values()] == ["RQ"]
        assert app.screen.query_one("#edit-body", TextArea).text.startswith("RQ")


async def test_what_is_typed_for_a_run_that_has_ended_meanwhile_is_said_to_be_kept_nowhere() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT) as (app, pilot):
        backend.has_ended = True
        await pilot.press("Q")
        assert isinstance(app.screen, EditDialog)
        app.screen._keep()
        await settle(pilot)
        assert "has ended: it has no drafts any more" in plain(app.screen.query_one("#demand", Lines).shown[0])
        assert "kept NOWHERE" in str(app.screen.query_one("#cancel", Button).label)
        await press(pilot, "escape")
        assert "is kept nowhere: run " in app.notice.what
        assert backend.kept == {}


async def test_any_other_refusal_is_no_end_of_the_run_and_what_was_typed_stays_here() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT) as (app, pilot):
        backend.may_not_write = True
        await pilot.press("Q")
        assert isinstance(app.screen, EditDialog)
        app.screen._keep()
        await settle(pilot)
        assert "this console only reads" in plain(app.screen.query_one("#demand", Lines).shown[0])
        assert "stays in THIS CONSOLE ALONE" in str(app.screen.query_one("#cancel", Button).label)
        await press(pilot, "escape")
        assert "is kept only in this console" in app.notice.what
        backend.may_not_write = False
        await press(pilot, "E")
        assert app.screen.query_one("#edit-body", TextArea).text.startswith("Q")


async def test_the_database_is_asked_for_the_end_of_the_run_at_a_move_and_at_the_last_text_alone() -> None:
    backend = _cut()

    async def kept_with_a_look(app: ConsoleApp, pilot: Pilot[Any], letter: str) -> bool:
        backend.calls.clear()
        await pilot.press(letter)
        assert isinstance(app.screen, EditDialog)
        app.screen._keep()
        await settle(pilot)
        (call,) = (call for call in backend.calls if call.startswith("keep "))
        return not call.endswith(" without a look")

    async with opened(backend, *_DRAFT) as (app, pilot):
        assert [await kept_with_a_look(app, pilot, letter) for letter in "abc"] == [True, False, False]
        backend.switch = HOLD
        app.measure()
        await settle(pilot)
        assert [await kept_with_a_look(app, pilot, letter) for letter in "de"] == [True, False]
        app.current = False
        assert [await kept_with_a_look(app, pilot, letter) for letter in "fg"] == [True, True]
        app.current = True
        backend.calls.clear()
        await press(pilot, "escape")
        assert [call for call in backend.calls if call.startswith("keep ")] == [f"keep {FIRST_RUN}"]


async def test_what_two_consoles_typed_is_kept_both_and_shown_one_after_the_other() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT) as (app, pilot):
        await pilot.press("Q")
        assert isinstance(app.screen, EditDialog)
        app.screen._keep()
        await settle(pilot)
        (ours,) = backend.kept.values()
        theirs = ours.model_copy(update={"body": "theirs"})
        backend.kept["another"] = theirs
        await press(pilot, "escape", "E")
        body = app.screen.query_one("#edit-body", TextArea)
        assert "1 more is kept" in plain(app.screen.query_one("#demand", Lines).shown[0])
        shown = [body.text]
        for _ in range(3):
            await press(pilot, "ctrl+r")
            shown.append(body.text)
        assert shown == [ours.body, ours.body.removeprefix("Q"), "theirs", ours.body]


async def test_a_paste_says_what_of_it_was_not_taken() -> None:
    async with opened(_cut(), *_DRAFT) as (app, pilot):
        whole = ""
        for text, left_out, words in (("\u00a7\u00a05", 0, ""), ("ab", 2, "without 2 characters that no screen shows")):
            whole += text
            app.post_message(Pasted(text, left_out=left_out))
            await settle(pilot)
            assert app.screen.query_one("#edit-body", TextArea).text.startswith(whole)
            assert words in plain(app.screen.query_one("#demand", Lines).shown[0])
        await press(pilot, "shift+tab")
        app.post_message(Pasted("one\ntwo"))
        await settle(pilot)
        assert app.screen.query_one("#edit-title", Input).value == "one"
        assert "only its first line" in plain(app.screen.query_one("#demand", Lines).shown[0])
    assert "not to its end (65,536 characters at most)" in missing_of(Pasted("x", is_cut=True))


async def test_an_edit_is_planned_only_after_the_id_was_typed_and_once() -> None:
    backend = _cut()
    async with opened(backend, *_DRAFT, "X", "ctrl+y", "ctrl+y", "enter") as (app, pilot):
        assert backend.edits == []
        await press(pilot, *FIRST_RUN, "enter")
        assert backend.edits == []
        await pilot.press("ctrl+y", "ctrl+y")
        await settle(pilot)
        ((_run, _title, body, seen),) = backend.edits
        assert (body[:4], len(seen)) == ("XDie", 64)
        assert app.current_mode == "run"
        assert EDIT_RUN in app.notice.what


async def test_the_difference_that_is_shown_is_that_of_the_briefing_that_is_confirmed() -> None:
    """The window can change while a newer answer is there and not drawn yet: its difference stood above the older briefing."""
    backend, names = _cut(), ["OLDER", "NEWER"]
    is_answered, go_on = asyncio.Event(), asyncio.Event()
    async with opened(backend, *_DRAFT, "X", "ctrl+y") as (app, pilot):
        assert isinstance(app.screen, ReviewDialog)
        brief_edit, ask = backend.brief_edit, app.ask

        def asked(run_id: str, address: str, body: str, title: str) -> EditBriefing:
            briefing = brief_edit(run_id, address, body, title)
            return briefing.model_copy(update={"view": briefing.view.model_copy(update={"address": names.pop(0)})})

        async def held(question: Callable[[Backend], T]) -> T:
            answer = await ask(question)
            if not names:
                is_answered.set()
                await go_on.wait()
            return answer

        backend.brief_edit = asked  # type: ignore[method-assign]
        backend.switch = ARMED
        app.measure()
        await until(pilot, lambda: "OLDER" in _said(app))
        app.ask, backend.switch = held, HOLD  # type: ignore[method-assign]
        try:
            app.measure()
            await until(pilot, is_answered.is_set)
            await pilot.resize_terminal(100, 30)
            await pilot.pause()
            assert "OLDER" in _said(app)
            assert "NEWER" not in _said(app)
        finally:
            go_on.set()
        await settle(pilot)
        assert "NEWER" in _said(app)


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
        await press(pilot, *passage.run_id, "ctrl+y")
        edit_run = backend.runs()[0].run_id
        run = backend.run(edit_run)
        assert (run.state.stage, run.moves[0]) == (Stage.AWAITING_CUT_AUTHORIZATION, Move.IMPORT_SG_1)
        assert Move.APPLY not in run.moves
        assert backend.typed_edits(passage.run_id, _ALPHA) == ()

        await press(pilot, "3", "s", "4", "D", "i", "ctrl+y", "3", "W", "tab")
        await press(pilot, *edit_run, "ctrl+y")
        assert backend.run(edit_run).state.stage is Stage.CLOSEOUT_REPORTED
        assert backend.unit(_ALPHA).body == "## Alpha\n\nFirst, amended.\n\n"
        assert backend.status().switch.state is SwitchState.OFF
        assert backend.run(passage.run_id).moves[0] is Move.VERIFY
    backend.verify(passage.run_id)
    assert Move.ENACT in backend.run(passage.run_id).moves

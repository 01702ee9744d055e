"""Dangerous dialogs: the safe answer is the default, the text is typed, Enter is never yes, the stop key works."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from textual.widgets import Input

from console.actions.actions import Scope
from console.actions.stopping import STOP_KEYS
from console.backend.api import Backend
from console.backend.backup.recipient import KeyListing, KeyPart
from console.backend.gates.backup_readiness import backup_key_check
from console.backend.gates.measurement import Measurement
from console.backend.model.errors import Refused, StopCode
from console.backend.model.full_command import full_command
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.states import Stage
from console.backend.model.view_models import ApprovalView, Confirmation, Danger, Status
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
from tests.screens.conftest import opened, press, settle, until
from tests.support.fakes import ARMED, HOLD, NOW, RUN_ID, FakeBackend
from tests.support.waiting import LONGEST_S

T = TypeVar("T")
SG_2 = Stage.AWAITING_LIFECYCLE_AUTHORIZATION
DANGERS = {
    "arm": (Stage.AWAITING_CUT_AUTHORIZATION, ("3", "A")),
    "void": (Stage.AWAITING_CUT_AUTHORIZATION, ("3", "V")),
    "take over": (Stage.AWAITING_CUT_AUTHORIZATION, ("3", "T")),
    "enact": (SG_2, ("3", "E")),
    "revert": (SG_2, ("3", "U")),
    "release": (SG_2, ("H",)),
}
EVERY_DIALOG = {
    **{name: keys for name, (_stage, keys) in DANGERS.items() if name not in {"enact", "revert", "take over"}},
    "live": ("2", "p", "L"),
    "repeal": ("2", "R"),
    "import": ("4", "i"),
    "help": ("question_mark",),
    "palette": ("ctrl+p",),
}


def _backend(name: str) -> FakeBackend:
    stage, _keys = DANGERS[name]
    return FakeBackend(stage=stage, switch=HOLD, taken_over=name == "take over")


def _done(backend: FakeBackend) -> list[str]:
    names = {"arm", "void", "take", "enact", "revert", "release", "start"}
    return [call for call in backend.calls if call.split()[0] in names]


@pytest.mark.parametrize("name", DANGERS)
async def test_the_field_has_the_focus_and_enter_does_nothing(name: str) -> None:
    """Where Enter was yes, people lost work (lazygit #3471)."""
    backend = _backend(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        assert app.focused is app.screen.query_one("#confirm", Input)
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, DangerDialog)
        assert _done(backend) == []


@pytest.mark.parametrize("name", DANGERS)
async def test_enter_on_cancel_is_no(name: str) -> None:
    backend = _backend(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        await press(pilot, "shift+tab", "enter")
        assert not isinstance(app.screen, DangerDialog)
        assert _done(backend) == []


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
    backend = _backend(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        app.screen.query_one("#confirm", Input).focus()
        app.screen.query_one("#confirm", Input).value = RUN_ID
        await press(pilot, "escape")
        assert not isinstance(app.screen, DangerDialog)
        assert _done(backend) == []


@pytest.mark.parametrize("name", DANGERS)
async def test_enter_never_confirms_not_even_the_right_text(name: str) -> None:
    """It says which key does."""
    backend = _backend(name)
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        field = app.screen.query_one("#confirm", Input)
        field.focus()
        field.value = RUN_ID if name != "release" else "RELEASE"
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, DangerDialog)
        assert _done(backend) == []


@pytest.mark.parametrize("typed", ["", "yes", RUN_ID[:-1], RUN_ID + " ", RUN_ID.upper()])
async def test_another_text_than_the_run_id_is_refused(typed: str) -> None:
    """Runs were started in production by accident; the run id is typed, exactly."""
    backend = _backend("arm")
    async with opened(backend, "3", "A") as (app, pilot):
        app.screen.query_one("#confirm", Input).value = typed
        await press(pilot, "ctrl+y")
        assert isinstance(app.screen, DangerDialog)
        assert _done(backend) == []


async def test_the_typed_id_and_the_key_of_its_own_arm() -> None:
    """Type the id, ^Y."""
    backend = FakeBackend()
    async with opened(backend, "3", "A") as (app, pilot):
        await press(pilot, *RUN_ID, "ctrl+y")
        assert _done(backend) == [f"arm {RUN_ID} {RUN_ID}"]
        assert app.notice.kind == "done"


async def test_the_typed_id_and_the_key_of_its_own_take_drafts_back() -> None:
    """Type the id, ^Y."""
    backend = FakeBackend(stage=SG_2)
    async with opened(backend, "3", "U") as (app, pilot):
        await press(pilot, *RUN_ID, "ctrl+y")
        assert _done(backend) == [f"revert {RUN_ID} {RUN_ID}"]
        assert app.notice.kind == "done"


async def test_void_asks_for_a_reason() -> None:
    """It is recorded, so it must be there."""
    backend = _backend("void")
    async with opened(backend, "3", "V") as (app, pilot):
        app.screen.query_one("#confirm", Input).value = RUN_ID
        await press(pilot, "ctrl+y")
        assert _done(backend) == []
        app.screen.query_one("#reason", Input).value = "wrong document"
        await press(pilot, "ctrl+y")
        assert _done(backend) == [f"void {RUN_ID} wrong document"]


@pytest.mark.parametrize("name", DANGERS)
async def test_an_open_check_takes_the_confirmation_away_and_is_named(name: str) -> None:
    """Not greyed: there is no field, and the key does nothing."""
    backend = _backend(name)
    backend.open_checks = True
    async with opened(backend, *DANGERS[name][1]) as (app, pilot):
        assert not any(field.display for field in app.screen.query(Input))
        await press(pilot, "ctrl+y")
        assert isinstance(app.screen, DangerDialog)
        assert _done(backend) == []
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


async def test_an_open_dialog_shows_what_another_console_has_moved_meanwhile() -> None:
    """It stood as it was drawn, with a field and a key, while the switch was armed for another run."""
    backend = _backend("arm")
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        dialog = app.screen
        assert isinstance(dialog, DangerDialog)
        backend.open_checks, backend.switch = True, ARMED
        app.measure()
        await settle(pilot)

        assert "Not available" in plain(dialog.query_one("#demand", Lines).shown[0])
        assert not dialog.query_one("#confirm", Input).display
        await press(pilot, "ctrl+y")
        assert app.screen is dialog
        assert _done(backend) == []

        backend.open_checks, backend.switch = False, HOLD
        app.measure()
        await settle(pilot)
        assert "What is shown has changed." in plain(dialog.query_one("#demand", Lines).shown[0])
        assert app.focused is dialog.query_one("#confirm", Input)
        await press(pilot, "ctrl+y")
        assert _done(backend) == [], "what was typed was about something else"
        await press(pilot, *RUN_ID, "ctrl+y")
        assert _done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


def _key(today: datetime) -> Measurement[KeyListing]:
    """A backup key with 80 days left on the first day."""
    part = KeyPart(primary=True, validity="u", expires=NOW + timedelta(days=80), capabilities="ecESC")
    evidence = Evidence(id="E-key", asked="key", source="/srv/gnupg", answer="listed", measured_at=today)
    return Measurement(value=KeyListing(fingerprint="A" * 40, parts=(part,), private=()), evidence=evidence)


async def test_what_is_typed_stands_while_an_age_alone_is_another_one() -> None:
    """The dialog asks again when something has moved, and takes nothing away: the key's days are the time that a check says."""
    backend = _backend("arm")
    brief, asked, today = backend.brief, list[Danger](), NOW

    def said(danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        asked.append(danger)
        briefing = brief(danger, run_id, file)
        key = backup_key_check(_key(today))
        return briefing.model_copy(update={"checks": (*briefing.checks, key)})

    backend.brief = said  # type: ignore[method-assign]
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        dialog = app.screen
        assert "encrypts, 80 days left" in dialog.query_one("#dialog-body", Panel).text
        asked.clear()
        today, backend.switch = NOW + timedelta(days=1), ARMED
        app.measure()
        await settle(pilot)

        assert asked == [Danger.ARM]
        assert "encrypts, 79 days left" in dialog.query_one("#dialog-body", Panel).text
        assert plain(dialog.query_one("#demand", Lines).shown[0]) == f"To go ahead, type {RUN_ID}"
        await press(pilot, "ctrl+y")
        assert _done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


async def test_a_dialog_that_cannot_be_measured_again_confirms_nothing() -> None:
    backend = _backend("arm")
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        dialog = app.screen

        def gone(_danger: Danger, _run_id: str, _file: Path | None = None) -> Confirmation:
            raise Refused(StopCode.UNREACHABLE, "the server is gone", "Start it.")

        backend.brief, backend.switch = gone, ARMED  # type: ignore[assignment]
        app.measure()
        await settle(pilot)
        assert "the server is gone" in dialog.query_one("#dialog-body", Panel).text
        await press(pilot, "ctrl+y")
        assert _done(backend) == []
        assert app.screen is dialog


@pytest.mark.parametrize("is_moved", [False, True], ids=["as before", "moved meanwhile"])
async def test_what_was_typed_before_a_measurement_failed_confirms_nothing_else_after_it(is_moved: bool) -> None:
    """The server was gone while another console moved the run: the id still stood below another briefing."""
    backend = _backend("arm")
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        dialog, brief = app.screen, backend.brief

        def gone(_danger: Danger, _run_id: str, _file: Path | None = None) -> Confirmation:
            raise Refused(StopCode.UNREACHABLE, "the server is gone", "Start it.")

        def moved(danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
            said = brief(danger, run_id, file)
            return said.model_copy(update={"n_units": 8}) if is_moved else said

        backend.brief, backend.switch = gone, ARMED  # type: ignore[assignment]
        app.measure()
        await settle(pilot)
        await press(pilot, "x", "y")
        backend.brief, backend.switch = moved, HOLD  # type: ignore[method-assign]
        app.measure()
        await settle(pilot)

        demand = plain(dialog.query_one("#demand", Lines).shown[0])
        assert demand == ("What is shown has changed. " if is_moved else "") + f"To go ahead, type {RUN_ID}"
        assert dialog.query_one("#confirm", Input).value == ("" if is_moved else RUN_ID)
        assert app.focused is dialog.query_one("#confirm", Input)
        await press(pilot, "ctrl+y")
        assert _done(backend) == ([] if is_moved else [f"arm {RUN_ID} {RUN_ID}"])


async def test_what_is_typed_below_a_refusal_is_nowhere_later() -> None:
    backend = _backend("arm")
    brief = backend.brief

    def gone(_danger: Danger, _run_id: str, _file: Path | None = None) -> Confirmation:
        raise Refused(StopCode.UNREACHABLE, "the server is gone", "Start it.")

    backend.brief = gone  # type: ignore[assignment]
    async with opened(backend, "3", "A", "x", "y") as (app, pilot):
        assert isinstance(app.screen, DangerDialog)
        backend.brief, backend.switch = brief, ARMED  # type: ignore[method-assign]
        app.measure()
        await settle(pilot)
        assert app.screen.query_one("#confirm", Input).value == ""
        await press(pilot, "z")
        assert app.screen.query_one("#confirm", Input).value == "z"


async def test_what_is_typed_before_a_refusal_is_nowhere_later() -> None:
    backend, go_on = _backend("arm"), threading.Event()
    brief = backend.brief

    def gone(_danger: Danger, _run_id: str, _file: Path | None = None) -> Confirmation:
        go_on.wait(LONGEST_S)
        raise Refused(StopCode.UNREACHABLE, "the server is gone", "Start it.")

    backend.brief = gone  # type: ignore[assignment]
    async with opened(backend, "3") as (app, pilot):
        try:
            await pilot.press("A")
            await until(pilot, lambda: isinstance(app.screen, DangerDialog) and app.screen.is_current)
            await pilot.press("x", "y")
        finally:
            go_on.set()
        await settle(pilot)
        backend.brief, backend.switch = brief, ARMED  # type: ignore[method-assign]
        app.measure()
        await settle(pilot)
        assert app.screen.query_one("#confirm", Input).display
        assert app.screen.query_one("#confirm", Input).value == ""


@pytest.mark.parametrize("is_moved", [False, True], ids=["as before", "moved meanwhile"])
async def test_nothing_is_confirmed_while_it_is_measured_again(is_moved: bool) -> None:
    backend, go_on = _backend("arm"), threading.Event()
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        dialog, brief, asked = app.screen, backend.brief, threading.Event()

        def later(danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
            asked.set()
            go_on.wait(LONGEST_S)
            said = brief(danger, run_id, file)
            return said.model_copy(update={"n_units": 8}) if is_moved else said

        backend.brief, backend.switch = later, ARMED  # type: ignore[method-assign]
        app.measure()
        try:
            await until(pilot, asked.is_set)
            await pilot.press("ctrl+y")
            await pilot.pause()
            assert app.screen is dialog
            assert "Measuring again" in plain(dialog.query_one("#demand", Lines).shown[0])
        finally:
            go_on.set()
        await settle(pilot)

        assert _done(backend) == []
        demand = plain(dialog.query_one("#demand", Lines).shown[0])
        assert demand == ("What is shown has changed. " if is_moved else "") + f"To go ahead, type {RUN_ID}"
        await press(pilot, "ctrl+y")
        assert _done(backend) == ([] if is_moved else [f"arm {RUN_ID} {RUN_ID}"])


async def test_moves_that_come_faster_than_the_answers_leave_a_dialog_that_can_be_confirmed() -> None:
    """Each of them cancelled the measurement that was under way, and its thread went on: no answer was ever taken."""
    backend, go_on = _backend("arm"), threading.Event()
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        dialog, brief, asked = app.screen, backend.brief, list[object]()

        def later(danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
            asked.append(backend.switch)
            go_on.wait(LONGEST_S)
            return brief(danger, run_id, file)

        backend.brief = later  # type: ignore[method-assign]
        try:
            for switch in (ARMED, HOLD, ARMED, HOLD):
                backend.switch = switch
                app.measure()
                await until(pilot, lambda: app.status is not None and app.status.switch == backend.switch)
                await until(pilot, lambda: bool(asked))
            await pilot.press("ctrl+y")
            assert app.screen is dialog
            assert asked == [ARMED]
        finally:
            go_on.set()
        await settle(pilot)

        assert asked == [ARMED, HOLD], "once behind the answer, and by what is so then"
        assert plain(dialog.query_one("#demand", Lines).shown[0]) == f"To go ahead, type {RUN_ID}"
        await press(pilot, "ctrl+y")
        assert _done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


async def test_counts_that_move_with_every_status_do_not_keep_a_dialog_from_being_confirmed() -> None:
    """In a database at work they move with every refresh; whoever confirms is refused by the backend if the plan's are other ones."""
    backend = _backend("arm")
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        status, asked = backend.status, backend.calls.count("brief arm")

        def counted() -> Status:
            measured = status()
            first, *others = measured.counts
            return measured.model_copy(update={"counts": (first.model_copy(update={"rows": 4711}), *others)})

        backend.status = counted  # type: ignore[method-assign]
        app.measure()
        await settle(pilot)
        assert app.status is not None
        assert app.status.counts[0].rows == 4711
        assert backend.calls.count("brief arm") == asked
        await press(pilot, "ctrl+y")
        assert _done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("1200 rows, restored", "12 rows, restored"),
        ("system 7301, timeline 3", "system 7301, timeline 4"),
        ("127.0.0.1:5432", "127.0.0.1:5433"),
        ("a lease of 30 min", "a lease of 60 min"),
        ("imported, until 2026-03-01 14:03 UTC", "imported, until 2026-03-01 15:03 UTC"),
    ],
)
async def test_a_number_that_is_no_age_takes_away_what_was_typed(before: str, now: str) -> None:
    backend = _backend("arm")
    brief, detail = backend.brief, before

    def said(danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        briefing = brief(danger, run_id, file)
        check = briefing.checks[1].model_copy(update={"detail": detail})
        return briefing.model_copy(update={"checks": (briefing.checks[0], check)})

    backend.brief = said  # type: ignore[method-assign]
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        detail, backend.switch = now, ARMED
        app.measure()
        await settle(pilot)
        assert "What is shown has changed." in plain(app.screen.query_one("#demand", Lines).shown[0])
        assert app.screen.query_one("#confirm", Input).value == ""


async def test_a_target_that_is_not_known_while_the_console_cannot_measure_is_no_change() -> None:
    """The release of a HOLD has none of its own: the console's is named, which is known only while it measures."""
    backend = _backend("release")
    brief = backend.brief

    def said(danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        return brief(danger, run_id, file).model_copy(update={"target": None})

    backend.brief = said  # type: ignore[method-assign]
    async with opened(backend, "H", *"RELEASE") as (app, pilot):
        dialog, ask = app.screen, app.ask
        assert isinstance(dialog, DangerDialog)
        assert app.status is not None
        assert app.status.target is not None
        place = str(app.status.target.host)

        async def later(question: Callable[[Backend], T]) -> T:
            answer = await ask(question)
            app.current = False  # a measurement has failed meanwhile
            return answer

        assert place in dialog.query_one("#dialog-body", Panel).text
        app.ask = later  # type: ignore[method-assign]
        dialog.moved(app.status.model_copy(update={"switch": ARMED}))
        await settle(pilot)
        assert place not in dialog.query_one("#dialog-body", Panel).text
        assert dialog.query_one("#confirm", Input).value == "RELEASE"
        await press(pilot, "ctrl+y")
        assert _done(backend) == ["release RELEASE"]


async def test_another_target_takes_away_what_was_typed() -> None:
    backend = _backend("arm")
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        brief = backend.brief

        def promoted(danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
            said = brief(danger, run_id, file)
            assert said.target is not None
            return said.model_copy(update={"target": said.target.model_copy(update={"timeline": 4})})

        backend.brief, backend.switch = promoted, ARMED  # type: ignore[method-assign]
        app.measure()
        await settle(pilot)
        assert "What is shown has changed." in plain(app.screen.query_one("#demand", Lines).shown[0])
        assert app.screen.query_one("#confirm", Input).value == ""


async def test_a_dialog_asks_once_while_nothing_moves() -> None:
    backend = _backend("arm")
    async with opened(backend, "3", "A") as (app, pilot):
        before = backend.calls.count("brief arm")
        for _ in range(3):
            app.measure()
            await settle(pilot)
        assert backend.calls.count("brief arm") == before == 1


@pytest.mark.parametrize("name", DANGERS)
async def test_the_dialog_says_what_where_how_many_and_whether_it_can_be_undone(name: str) -> None:
    """Before it asks (sqitch: the destination is in every prompt)."""
    async with opened(_backend(name), *DANGERS[name][1]) as (app, _pilot):
        words = "\n".join(plain(spans) for spans in app.screen.query_one("#dialog-body", Panel).shown)
        for part in ("directus at db01.example.org", "7312345678901234567", "timeline 3", "7 units", "undo"):
            assert part in words
        assert ("CANNOT BE UNDONE" in words) == (name == "enact")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
@pytest.mark.parametrize("name", DANGERS)
async def test_the_question_is_on_the_screen_at_every_size(name: str, size: tuple[int, int]) -> None:
    """The body scrolls, the question and Cancel do not."""
    async with opened(_backend(name), *DANGERS[name][1], size=size) as (app, _pilot):
        for part in ("#demand", "#confirm", "#cancel", "#dialog-keys"):
            region = app.screen.query_one(part).region
            assert region.height >= 1
            assert region.bottom < size[1]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("name", DANGERS)
async def test_one_tab_leads_from_cancel_to_the_field(name: str, size: tuple[int, int]) -> None:
    """The hint names Tab for the field: the body that scrolls is not between them."""
    async with opened(_backend(name), *DANGERS[name][1], size=size) as (app, pilot):
        await press(pilot, "shift+tab")
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await press(pilot, "tab")
        assert app.focused is app.screen.query_one("#confirm", Input)


@pytest.mark.parametrize("back", [1, 0], ids=["from Cancel", "from the field"])
async def test_the_body_scrolls_whatever_has_the_focus(back: int) -> None:
    """It takes no focus, so its keys work from everywhere in the dialog."""
    async with opened(_backend("arm"), "3", "A", *["shift+tab"] * back) as (app, pilot):
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
    async with opened(_backend(name), *DANGERS[name][1]) as (app, _pilot):
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
        assert _done(backend) == []
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
                assert _done(backend) == []
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
            assert _done(backend) == started

"""An open dialog: what moves meanwhile is shown, and takes away what was typed about something else."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from textual.widgets import Input

from console.backend.api import Backend
from console.backend.backup.recipient import KeyListing, KeyPart
from console.backend.gates.backup_readiness import backup_key_check
from console.backend.gates.measurement import Measurement
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Evidence
from console.backend.model.view_models import Confirmation, Danger, Status
from console.screens.danger import DangerDialog
from console.widgets.line import plain
from console.widgets.panel import Lines, Panel
from tests.screens.conftest import opened, press, settle, until
from tests.screens.dangers import backend_of, done
from tests.support.fakes import ARMED, HOLD, NOW, RUN_ID
from tests.support.waiting import LONGEST_S

T = TypeVar("T")


async def test_an_open_dialog_shows_what_another_console_has_moved_meanwhile() -> None:
    """It stood as it was drawn, with a field and a key, while the switch was armed for another run."""
    backend = backend_of("arm")
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
        assert done(backend) == []

        backend.open_checks, backend.switch = False, HOLD
        app.measure()
        await settle(pilot)
        assert "What is shown has changed." in plain(dialog.query_one("#demand", Lines).shown[0])
        assert app.focused is dialog.query_one("#confirm", Input)
        await press(pilot, "ctrl+y")
        assert done(backend) == [], "what was typed was about something else"
        await press(pilot, *RUN_ID, "ctrl+y")
        assert done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


def _key(today: datetime) -> Measurement[KeyListing]:
    """A backup key with 80 days left on the first day."""
    part = KeyPart(primary=True, validity="u", expires=NOW + timedelta(days=80), capabilities="ecESC")
    evidence = Evidence(id="E-key", asked="key", source="/srv/gnupg", answer="listed", measured_at=today)
    return Measurement(value=KeyListing(fingerprint="A" * 40, parts=(part,), private=()), evidence=evidence)


async def test_what_is_typed_stands_while_an_age_alone_is_another_one() -> None:
    """The dialog asks again when something has moved, and takes nothing away: the key's days are the time that a check says."""
    backend = backend_of("arm")
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
        assert done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


async def test_a_dialog_that_cannot_be_measured_again_confirms_nothing() -> None:
    backend = backend_of("arm")
    async with opened(backend, "3", "A", *RUN_ID) as (app, pilot):
        dialog = app.screen

        def gone(_danger: Danger, _run_id: str, _file: Path | None = None) -> Confirmation:
            raise Refused(StopCode.UNREACHABLE, "the server is gone", "Start it.")

        backend.brief, backend.switch = gone, ARMED  # type: ignore[assignment]
        app.measure()
        await settle(pilot)
        assert "the server is gone" in dialog.query_one("#dialog-body", Panel).text
        await press(pilot, "ctrl+y")
        assert done(backend) == []
        assert app.screen is dialog


@pytest.mark.parametrize("is_moved", [False, True], ids=["as before", "moved meanwhile"])
async def test_what_was_typed_before_a_measurement_failed_confirms_nothing_else_after_it(is_moved: bool) -> None:
    """The server was gone while another console moved the run: the id still stood below another briefing."""
    backend = backend_of("arm")
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
        assert done(backend) == ([] if is_moved else [f"arm {RUN_ID} {RUN_ID}"])


async def test_what_is_typed_below_a_refusal_is_nowhere_later() -> None:
    backend = backend_of("arm")
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
    backend, go_on = backend_of("arm"), threading.Event()
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
    backend, go_on = backend_of("arm"), threading.Event()
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

        assert done(backend) == []
        demand = plain(dialog.query_one("#demand", Lines).shown[0])
        assert demand == ("What is shown has changed. " if is_moved else "") + f"To go ahead, type {RUN_ID}"
        await press(pilot, "ctrl+y")
        assert done(backend) == ([] if is_moved else [f"arm {RUN_ID} {RUN_ID}"])


async def test_moves_that_come_faster_than_the_answers_leave_a_dialog_that_can_be_confirmed() -> None:
    """Each of them cancelled the measurement that was under way, and its thread went on: no answer was ever taken."""
    backend, go_on = backend_of("arm"), threading.Event()
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
        assert done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


async def test_counts_that_move_with_every_status_do_not_keep_a_dialog_from_being_confirmed() -> None:
    """In a database at work they move with every refresh; whoever confirms is refused by the backend if the plan's are other ones."""
    backend = backend_of("arm")
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
        assert done(backend) == [f"arm {RUN_ID} {RUN_ID}"]


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
    backend = backend_of("arm")
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
    backend = backend_of("release")
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
        assert done(backend) == ["release RELEASE"]


async def test_another_target_takes_away_what_was_typed() -> None:
    backend = backend_of("arm")
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
    backend = backend_of("arm")
    async with opened(backend, "3", "A") as (app, pilot):
        before = backend.calls.count("brief arm")
        for _ in range(3):
            app.measure()
            await settle(pilot)
        assert backend.calls.count("brief arm") == before == 1

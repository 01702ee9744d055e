"""What another console moves: every screen reads again, one question at a time, and cursor, filter and typed text stay."""

import threading
from collections.abc import Callable

import pytest
from textual.widgets import Input

from console.backend.model.view_models import IntakeView
from console.screens.documents import DocumentsScreen
from console.screens.units import UnitsScreen
from console.widgets.list_rows import ListRows
from console.widgets.paged_rows import PagedRows
from tests.screens.conftest import opened, press, settle, until
from tests.support.fakes import ARMED, OFF, FakeBackend
from tests.support.waiting import LONGEST_S

READS = {
    "documents": ("2", "intake"),
    "run": ("3", "runs"),
    "approvals": ("4", "approvals"),
    "batch": ("7", "batches"),
    "units": ("8", "search_units"),
    "backups": ("9", "backups"),
    "journal": ("0", "journal_page"),
    "reports": ("ctrl+r", "reports"),
    "hold": ("h", "hold"),
}
"""The key of each screen, and the question that its list is read by."""


class _Counted(FakeBackend):
    """Holds each question of a kind until the test lets go, and counts how many are open at once."""

    def __init__(self) -> None:
        super().__init__()
        self.gate_of_it = threading.Event()
        self.gate_of_it.set()
        self.now = self.most = self.asked = 0
        self._alone = threading.Lock()

    def _held(self) -> None:
        with self._alone:
            self.now += 1
            self.asked += 1
            self.most = max(self.most, self.now)
        self.gate_of_it.wait(LONGEST_S)
        with self._alone:
            self.now -= 1


def _counted(method: str) -> _Counted:
    backend = _Counted()
    ask: Callable[..., object] = getattr(backend, method)

    def held(*arguments: object) -> object:
        backend._held()
        return ask(*arguments)

    setattr(backend, method, held)
    return backend


@pytest.mark.parametrize("name", READS)
async def test_a_move_is_read_and_a_flood_of_moves_is_one_question_at_a_time(name: str) -> None:
    backend = _counted(READS[name][1])
    async with opened(backend, READS[name][0], size=(80, 24)) as (app, pilot):
        before = backend.asked
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        assert backend.asked > before
        backend.gate_of_it.clear()
        backend.most = 0
        try:
            for number in range(6):
                backend.switch = OFF if number % 2 else ARMED
                app.measure()
                await until(pilot, lambda: not any(worker.group == "measure" for worker in app.workers))
            assert backend.most == 1
        finally:
            backend.gate_of_it.set()
        await settle(pilot)
        assert backend.most == 1


async def test_what_is_typed_into_the_form_and_the_cursor_stay_when_the_documents_are_read_again() -> None:
    backend = FakeBackend()
    async with opened(backend, "2", "down") as (app, pilot):
        screen = app.screen
        assert isinstance(screen, DocumentsScreen)
        await press(pilot, "f", *"HP-1")
        before = backend.calls.count("intake")
        new = (IntakeView(name="a-new.md", origin="file:a-new.md", bytes=1), *backend.intake())
        backend.intake = lambda: new  # type: ignore[method-assign]
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        assert before
        assert screen.query_one("#docprefix", Input).value == "HP-1"
        assert screen.chosen is not None
        assert screen.chosen.name == "hien-phap.md"
        assert app.focused is screen.query_one("#docprefix", Input)
        assert len(screen.query_one("#intake", ListRows).shown_rows) == 5


async def test_a_plan_is_compared_again_with_what_has_become_law() -> None:
    backend = FakeBackend()
    async with opened(backend, "2", "p") as (app, pilot):
        before = backend.calls.count("compare")
        backend.is_law = True
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        assert backend.calls.count("compare") == before + 1
        await press(pilot, "v")
        assert app.notice.kind == "none"


async def test_the_unit_under_the_cursor_stays_when_the_units_are_read_again() -> None:
    backend = FakeBackend()
    async with opened(backend, "8", *["down"] * 7) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, UnitsScreen)
        rows = screen.query_one("#unit-list", PagedRows)
        before = rows.chosen
        assert before is not None
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        assert rows.chosen == before


async def test_the_first_journal_of_a_root_is_shown_when_its_run_begins() -> None:
    backend = FakeBackend(no_journals=True)
    async with opened(backend, "0") as (app, pilot):
        rows = app.screen.query_one("#journal-list", PagedRows)
        assert not rows.items
        backend.no_journals = False
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        assert rows.items

"""Drift: each difference with the SQL that repairs it, printed and never run; what was not compared is not "none"."""

import pytest

from console.app.application import ConsoleApp
from console.screens.drift_text import NO_DIFFERENCE
from console.widgets.line import plain
from console.widgets.panel import Lines, Panel
from console.widgets.rows import Rows
from tests.screens.conftest import Clock, opened, press
from tests.support.fake_gates import DENIED, DIFFERENCES, DIGEST
from tests.support.fakes import FakeBackend


def _words(app: ConsoleApp) -> str:
    return "\n".join(plain(spans) for spans in app.screen.query_one("#difference", Panel).shown)


def _head(app: ConsoleApp) -> str:
    return "\n".join(plain(spans) for spans in app.screen.query_one("#drift-head", Lines).shown)


def _list(app: ConsoleApp) -> Rows:
    return app.screen.query_one("#difference-list", Rows)


async def test_a_difference_says_what_was_expected_what_is_there_and_what_mends_it() -> None:
    async with opened(FakeBackend(), "6", "down", size=(120, 40)) as (app, _pilot):
        assert _head(app) == "✗ FAIL  4 differences   measured just now"
        assert _list(app).border_title == "Differences: 4"
        said = _words(app)
        assert "trigger, unit_version_immutable on public.unit_version" in said
        assert "expected  enabled ALWAYS" in said
        assert "actual    disabled" in said
        assert "the console never runs it" in said
        assert DIFFERENCES[1].repair[0] in said


async def test_the_sql_is_reached_with_tab_and_scrolls() -> None:
    async with opened(FakeBackend(), "6", "tab") as (app, _pilot):
        assert app.focused is app.screen.query_one("#difference")


async def test_no_difference_is_said_with_the_digest() -> None:
    async with opened(FakeBackend(differences=()), "6") as (app, _pilot):
        assert _head(app).startswith("✓ PASS  0 differences")
        assert NO_DIFFERENCE in _list(app).render_line(0).text
        assert DIGEST in _words(app)


@pytest.mark.parametrize("denied", [True, False], ids=["42501", "down"])
async def test_what_could_not_be_compared_is_inconclusive_and_not_no_difference(*, denied: bool) -> None:
    """An empty list is no answer."""
    backend = FakeBackend(no_gates=DENIED) if denied else FakeBackend(down=True)
    async with opened(backend, "6") as (app, _pilot):
        assert _head(app).startswith("? INCONCLUSIVE  STOP_")
        assert "Next: " in _head(app)
        assert _list(app).render_line(0).text.strip() == "NOT KNOWN: the database could not be compared."
        assert _list(app).border_title == "Differences"


async def test_the_old_differences_stay_with_their_age_when_comparing_fails() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, "6", size=(120, 40), clock=clock) as (app, pilot):
        clock.forward(minutes=5)
        backend.no_gates = DENIED
        await press(pilot, "r")
        assert _list(app).row_count == 4
        assert "measured 5 min ago" in _head(app)
        assert "NOT MEASURED AGAIN at 14:08 UTC: STOP_GRANT_DELTA: 42501" in _head(app)


async def test_it_is_compared_at_the_first_visit_and_then_by_hand() -> None:
    backend = FakeBackend()
    async with opened(backend, "6", "1", "6") as (_app, pilot):
        assert backend.measures.count("drift") == 1
        await press(pilot, "r")
        assert backend.measures.count("drift") == 2
        assert not [call for call in backend.calls if call.startswith(("arm", "start", "revert"))]

"""What a command or another console moves is on a running console at once: two processes, one real database, no interval in between."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from console.app import following as app_following
from console.app.application import ConsoleApp
from console.backend.host.installation import Installation
from console.backend.model.states import Stage
from console.backend.model.view_models import ApprovalStatus, SwitchState
from console.backend.postgres.pulse import Pulse
from console.backend.runs import following
from console.backend.service import BackendService
from console.screens.approvals import ApprovalsScreen
from console.widgets.bars import TopBar
from tests.screens.conftest import console_on, until
from tests.support.fakes import FakeBackend
from tests.support.passage import Passage
from tests.support.waiting import LONGEST_S

At = Callable[[str], Passage]
_MAIN = "import sys; from console.cli.main import main; sys.exit(main(sys.argv[1:]))"


async def _command(passage: Passage, *words: str) -> None:
    """Give a command in a process of its own, while the console goes on."""
    root = str(passage.installation.root)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MAIN, "--root", root, *words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


@asynccontextmanager
async def _watching(passage: Passage) -> AsyncIterator[tuple[ConsoleApp, Pilot[Any]]]:
    """A read-only console that measures by itself once a day, and follows already."""
    looks, look = list[str](), following._look

    def counted(installation: Installation, pulse: Pulse) -> str:
        answer = look(installation, pulse)
        looks.append(answer)
        return answer

    backend = BackendService(passage.installation, read_only=True)
    app = ConsoleApp(backend, read_only=True, demo=False, refresh_seconds=86_400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "_look", counted)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.status is not None and len(looks) > 1)
            yield app, pilot


async def test_a_hold_that_a_command_sets_is_on_a_running_console(at: At) -> None:
    passage = at("SG_1 imported")
    async with _watching(passage) as (app, pilot):
        assert app.status is not None
        assert app.status.switch.state is SwitchState.OFF
        await _command(passage, "panic", "--reason", "seen elsewhere")
        await until(pilot, lambda: app.status is not None and app.status.switch.reason == "seen elsewhere")
        await _command(passage, "hold", "release", "--confirm", "RELEASE")
        await until(pilot, lambda: app.status is not None and app.status.switch.state is SwitchState.OFF)


async def test_a_run_that_a_command_moves_moves_on_a_running_console(at: At) -> None:
    passage = at("waits for SG_1")
    async with _watching(passage) as (app, pilot):
        await _command(passage, "run", "void", passage.run_id, "--reason", "a test")
        await until(
            pilot,
            lambda: (
                app.status is not None
                and (app.status.current_run is None or app.status.current_run.state.startswith("voided"))
            ),
        )


async def test_another_consoles_run_moves_on_this_one_with_what_its_screens_show(at: At) -> None:
    """Armed and cut through another backend; the screen of the statements has the second pause's as soon as it is drafted."""
    passage = at("SG_1 imported")
    async with _watching(passage) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen) and len(app.screen.approvals) == 1)

        def cut() -> None:
            passage.arm()
            passage.resume()

        await asyncio.to_thread(cut)
        await until(
            pilot,
            lambda: isinstance(app.screen, ApprovalsScreen) and app.screen.approvals[0].status is ApprovalStatus.USED,
        )
        at_rest = Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        await until(
            pilot,
            lambda: bool(app.status and app.status.current_run and app.status.current_run.state == at_rest),
        )


async def test_a_database_that_goes_away_is_said_at_once_and_what_is_shown_is_not_called_current(at: At) -> None:
    passage = at("SG_1 imported")
    async with _watching(passage) as (app, pilot):
        passage.execute("ALTER ROLE cutter_ro NOLOGIN")
        try:
            passage.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'cutter_ro'")
            await until(pilot, lambda: app.status is not None and app.status.target is None)
        finally:
            passage.execute("ALTER ROLE cutter_ro LOGIN")
        await until(pilot, lambda: app.status is not None and app.status.target is not None)


class _Defective(FakeBackend):
    """Ends following by a defect while the test wants it to, and else follows until it is left."""

    is_defective = True

    def follow(self, on_change: Callable[[], None], ended: Any) -> None:
        del on_change
        if self.is_defective:
            raise LookupError("a secret")
        ended.wait(LONGEST_S)


def _frame(app: ConsoleApp) -> str:
    return "".join(span.text for spans in app.screen.query_one(TopBar).shown for span in spans)


async def test_following_that_ends_by_a_defect_is_said_with_the_time_of_what_is_shown_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread ended, nobody heard of it, and what others did was shown at the next interval as if it were at once."""
    monkeypatch.setattr(app_following, "_AGAIN_S", 0.05)
    monkeypatch.setattr(app_following, "_QUIET_S", 1.0)
    backend = _Defective()
    app = console_on(backend)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: "following them ended by a defect (LookupError)" in app.notice.what)
        await until(pilot, lambda: "as of" in _frame(app))
        assert "a secret" not in app.notice.what + app.notice.next_action
        backend.is_defective = False
        await until(pilot, lambda: app.follows and app.notice.kind == "none")
        await until(pilot, lambda: "as of" not in _frame(app))


class _Restless(FakeBackend):
    """Says that something has moved, a thousand times in a row."""

    moves = 1000

    def follow(self, on_change: Callable[[], None], ended: Any) -> None:
        del ended
        for _ in range(self.moves):
            on_change()


async def test_a_flood_of_moves_is_a_handful_of_measurements() -> None:
    backend = _Restless()
    app = console_on(backend)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.status is not None and not app.workers)
        for _ in range(20):
            await pilot.pause()
        assert 1 <= backend.calls.count("status") <= 20

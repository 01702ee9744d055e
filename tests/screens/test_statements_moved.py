"""The screen of the statements reads again after whatever moves since it was opened, also if nothing was measured in between."""

from console.screens.approvals import ApprovalsScreen
from tests.screens.conftest import console_on, press, until
from tests.support.fakes import FakeBackend


async def test_the_first_move_after_the_screen_was_opened_is_read() -> None:
    backend = FakeBackend()
    backend.has_run = False
    app = console_on(backend)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.status is not None and not app.workers, 200)
        await press(pilot, "4")
        screen = app.screen
        assert isinstance(screen, ApprovalsScreen)
        await until(pilot, lambda: "approvals" in backend.calls and not app.workers, 200)
        assert screen.approvals == ()
        backend.has_run = True
        app.measure()
        await until(pilot, lambda: len(screen.approvals) == 1, 200)

"""The console as a whole: the first paint, the refresh, one operation at a time, quitting."""

import subprocess
import threading

import psycopg
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.actions.actions import registry
from console.app import launch
from console.app.application import ConsoleApp
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.readiness import BundleView
from console.backend.model.states import Phase
from console.backend.model.view_models import OnProgress, OnStep, Progress, RunView, Status, SwitchView, untold
from console.screens.help import HelpDialog
from console.screens.operation import Operation
from console.screens.overview import OverviewScreen
from console.screens.quit import QuitDialog
from console.widgets.bars import TopBar
from console.widgets.filter_bar import FilterField
from console.widgets.line import plain
from console.widgets.notice import Notice, NoticePanel
from console.widgets.panel import Panel
from tests.screens.conftest import Clock, console_on, opened, press, settle, until
from tests.support.fakes import NOW, RUN_ID, FakeBackend
from tests.support.waiting import LONGEST_S

DENIED = Refused(StopCode.EXECUTION_DISABLED, "the switch is OFF", "Arm it: A")


def _words(app: ConsoleApp, panel: str) -> str:
    return "\n".join(plain(spans) for spans in app.screen.query_one(f"#{panel}", Panel).shown)


async def test_the_whole_screen_is_drawn_again_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a wall nobody presses a key, whatever has written over it."""
    drawn: list[ConsoleApp] = []
    monkeypatch.setattr("console.app.application.DRAWN_AGAIN_S", 0.01)

    def draw(app: ConsoleApp) -> None:
        drawn.append(app)

    monkeypatch.setattr(ConsoleApp, "action_redraw", draw)
    app = ConsoleApp(FakeBackend(), read_only=True, demo=False, clock=lambda: NOW, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        # A change of the size draws it, too, once or twice at the start.
        await until(pilot, lambda: len(drawn) > 10)


def _console_that_redraws_by(monkeypatch: pytest.MonkeyPatch, *keys: str) -> tuple[ConsoleApp, list[str]]:
    """A console with other keys for drawing the screen again, and what grows with each time that it does."""
    drawn: list[str] = []
    monkeypatch.setattr(ConsoleApp, "on_resize", lambda _: None)
    monkeypatch.setattr(ConsoleApp, "action_redraw", lambda _: drawn.append("drawn"))
    known = registry(read_only=False, demo=False).with_keys({"redraw": keys})
    app = ConsoleApp(
        FakeBackend(), read_only=False, demo=False, clock=lambda: NOW, refresh_seconds=86_400, actions=known
    )
    return app, drawn


@pytest.mark.parametrize("key", ["ctrl+l", "f9"])
async def test_the_key_that_draws_the_screen_again_works_in_a_field_and_in_a_dialog(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, drawn = _console_that_redraws_by(monkeypatch, key)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "slash", "a", key)
        assert app.screen.query_one(FilterField).value == "a"
        assert len(drawn) == 1
        await press(pilot, "escape", "escape", "question_mark", key)
        assert isinstance(app.screen, HelpDialog)
        assert len(drawn) == 2


async def test_a_letter_that_draws_the_screen_again_is_text_in_a_dialog_and_the_other_key_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is typed on Cancel is put into the field; a letter of it that drew the screen would be missing there."""
    app, drawn = _console_that_redraws_by(monkeypatch, "a", "f9")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "3", "a")
        assert len(drawn) == 1
        await press(pilot, "A", "shift+tab", "a", "f9")
        assert app.screen.query_one("#confirm", Input).value == "a"
        assert len(drawn) == 2


async def test_the_screen_is_there_before_the_backend_is() -> None:
    """A backend that takes its time does not hold back the first frame."""
    gate = threading.Event()

    def slow() -> FakeBackend:
        gate.wait(10)
        return FakeBackend()

    app = ConsoleApp(slow, read_only=False, demo=False, clock=lambda: NOW, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, OverviewScreen)
        assert app.status is None
        gate.set()
        await settle(pilot)
        assert app.status is not None


class _CountingBackend(FakeBackend):
    """Measures only when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_measure = threading.Semaphore(0)

    def status(self) -> Status:
        self.may_measure.acquire(timeout=10)
        return super().status()


async def test_refreshes_that_come_during_a_measurement_become_one() -> None:
    """Five requests while one is under way make one more, not five."""
    backend = _CountingBackend()
    app = console_on(backend)
    async with app.run_test() as pilot:
        await pilot.pause()
        for _ in range(5):
            app.measure()
        backend.may_measure.release(20)
        await settle(pilot)
        assert backend.calls.count("status") == 2


class _SlowAboutRuns(FakeBackend):
    """Answers what has become of a run only when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer, self.answers = threading.Semaphore(0), 0

    @property
    def asked(self) -> int:
        return self.calls.count(f"run {RUN_ID}")

    def run(self, run_id: str) -> RunView:
        view = super().run(run_id)
        assert self.may_answer.acquire(timeout=LONGEST_S)
        self.answers += 1
        return view


async def test_notices_are_renewed_beside_the_measurements_and_once_more_behind_those_that_came_meanwhile() -> None:
    """What a notice is asked for takes its time; an answer from before the last move would stand there until the next one."""
    backend = _SlowAboutRuns()
    app = console_on(backend)

    def renewed(_run: RunView) -> Notice:
        return Notice("done", f"answer {backend.answers}", of_run=RUN_ID, renewed=renewed)

    async def measured(pilot: Pilot[int]) -> None:
        before = backend.calls.count("status")
        app.measure()
        await until(pilot, lambda: backend.calls.count("status") > before and not app._measuring)

    async with app.run_test() as pilot:
        await settle(pilot)
        app.give_notice(Notice("done", "begun", of_run=RUN_ID, renewed=renewed))
        app.measure()
        await until(pilot, lambda: backend.asked == 1)
        assert not app._measuring, "the next measurement waits for no answer about a run"
        for _ in range(3):
            await measured(pilot)
        assert backend.asked == 1, "one question at a time"
        backend.may_answer.release()
        await until(pilot, lambda: backend.asked == 2)
        backend.may_answer.release()
        await settle(pilot)
        assert (backend.asked, app.notice.what) == (2, "answer 2")
        backend.may_answer.release()
        await measured(pilot)
        await settle(pilot)
        assert (backend.asked, app.notice.what) == (3, "answer 3")


async def test_an_unchanged_measurement_draws_nothing() -> None:
    """`Static.update` would repaint; equal lines stop before it."""
    async with opened(FakeBackend()) as (app, pilot):
        before = app.screen.query_one("#counts", Panel).shown
        await press(pilot, "r")
        assert app.screen.query_one("#counts", Panel).shown is before


async def test_the_last_data_stay_with_their_age_when_the_source_is_gone() -> None:
    """Old values are shown as old values."""
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, clock=clock) as (app, pilot):
        backend.unreachable_status = True
        clock.forward(minutes=7)
        await press(pilot, "r")
        assert "information_unit" in _words(app, "counts")
        assert "7 min ago" in app.screen.query_one("#counts", Panel).title
        assert app.notice.code == "STOP_UNREACHABLE"
        assert "switch OFF 7 min ago, NOT CURRENT" in "".join(
            plain(spans) for spans in app.screen.query_one(TopBar).shown
        )


async def test_what_could_not_be_read_is_never_a_zero() -> None:
    """A permission error was shown as no rows."""
    async with opened(FakeBackend()) as (app, _pilot):
        words = _words(app, "counts")
        assert "INCONCLUSIVE" in words
        assert "42501" in words


async def test_an_error_of_an_operation_stays_until_it_is_dismissed() -> None:
    """STOP code, message and next action, in a panel and not in a toast."""
    async with opened(FakeBackend(fail_with=DENIED), "2", "p", "d") as (app, pilot):
        notice = app.screen.query_one(NoticePanel).notice
        assert (notice.code, notice.next_action) == ("STOP_EXECUTION_DISABLED", "Arm it: A")
        assert "the switch is OFF" in notice.what
        await press(pilot, "1")
        assert app.screen.query_one(NoticePanel).notice.code == "STOP_EXECUTION_DISABLED"
        await press(pilot, "escape")
        assert app.notice.kind == "none"


OUTSIDE = {
    "no room": (OSError(28, "No space left on device"), "the system refused: No space left on device"),
    "a file": (
        PermissionError(13, "Permission denied", "/var/lib/cutter/runs"),
        "/var/lib/cutter/runs: Permission denied",
    ),
    "a server": (psycopg.errors.AdminShutdown("terminating connection"), "terminating connection"),
    "a program": (subprocess.TimeoutExpired(["gpg"], 3), "gpg: it did not end within 3 s"),
    "no thread": (RuntimeError("can't start new thread"), "the system gives no further thread"),
    "no memory": (MemoryError(), "there is not enough memory"),
}
"""What the backend may end with that is no error of its own, and the words for it."""


@pytest.mark.parametrize("what", OUTSIDE)
async def test_what_the_outside_does_to_an_operation_is_told_and_ends_no_console(what: str) -> None:
    error, words = OUTSIDE[what]
    async with opened(FakeBackend(fail_with=error), "2", "p", "d") as (app, pilot):
        assert words in app.screen.query_one(NoticePanel).notice.what
        await press(pilot, "escape", "1")
        assert app.is_running
        assert app.notice.kind == "none"


@pytest.mark.parametrize("what", OUTSIDE)
async def test_what_the_outside_does_to_a_question_is_told_and_ends_no_console(what: str) -> None:
    """Each screen asks something; so do the palette's and the keys' questions."""
    backend = FakeBackend()
    async with opened(backend) as (app, pilot):
        backend.hit = OUTSIDE[what][0]
        await press(
            pilot, "2", "p", "3", "4", "c", "5", "6", "r", "1", "3", "g", "escape", "V", "escape", "o", "escape"
        )
        assert app.is_running
        backend.hit = None
        await press(pilot, "r")
        assert app.is_running


@pytest.mark.parametrize(
    ("limit", "opens"), [(100, False), (launch.LEAST_MIB - 1, False), (launch.LEAST_MIB, True), (None, True)]
)
def test_no_console_is_opened_with_less_memory_than_its_screens_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], limit: int | None, *, opens: bool
) -> None:
    """A library that gets none ended it by SIGABRT or SIGSEGV, and the terminal stayed as it was."""
    monkeypatch.setattr(launch, "refusal_here", lambda: "")
    monkeypatch.setattr(launch, "addresses_at_most", lambda: None if limit is None else limit << 20)
    monkeypatch.setattr("console.app.application.run", lambda _, **_named: 0)

    status = launch.show(FakeBackend, read_only=False, demo=True)

    assert status == (0 if opens else 7)
    assert capsys.readouterr().err.startswith("STOP_CAP_EXCEEDED: a process may have ") == (not opens)


async def test_two_operations_at_once_are_refused() -> None:
    """The second is not queued and does not cancel the first."""
    gate = threading.Event()
    backend = FakeBackend(gate=gate)
    async with opened(backend, "2", "p") as (app, pilot):
        await pilot.press("d", "d")
        await until(pilot, lambda: "start DRYRUN" in backend.calls)
        assert [call for call in backend.calls if call.startswith("start")] == ["start DRYRUN"]
        assert app.operation is not None
        gate.set()
        await settle(pilot)
        assert app.operation is None


async def test_progress_is_drawn_while_the_operation_runs() -> None:
    """A flood of progress is thinned; the latest is what stands there."""
    steps = tuple(Progress(run_id=RUN_ID, phase=Phase.MARK, step="units", done=n, total=5000) for n in range(5001))
    gate = threading.Event()
    async with opened(FakeBackend(gate=gate, progress=steps), "2", "p") as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "5,000 of 5,000" in app.notice.what)
        gate.set()


async def test_quit_asks_while_something_is_under_way() -> None:
    """Esc stays; the operation goes on."""
    gate = threading.Event()
    async with opened(FakeBackend(gate=gate), "2", "p") as (app, pilot):
        await pilot.press("d", "q")
        await pilot.pause()
        assert isinstance(app.screen, QuitDialog)
        await pilot.press("enter")
        await pilot.pause()
        assert app.is_running
        assert app.operation is not None


async def test_quit_says_of_a_bundle_what_becomes_of_a_bundle() -> None:
    """No run is interrupted by it."""
    backend = _Writing(threading.Event())
    async with opened(backend, "5") as (app, pilot):
        await pilot.press("b", "q")
        await pilot.pause()
        said = _words(app, "dialog-body")
        backend.written.set()
        assert "whole or not at all" in said
        assert "interrupted" not in said


async def test_a_bundle_that_is_written_when_its_screen_is_being_taken_down_ends_no_console() -> None:
    """As at the end of the console: the operation's answer comes when the widgets have gone."""
    backend = _Writing(threading.Event())
    async with opened(backend, "5") as (app, pilot):
        await pilot.press("b")
        screen = app.screen
        await screen.remove_children()
        screen.display = False
        backend.written.set()
        await until(pilot, lambda: app.operation is None)
        assert app.notice.what.startswith("Bundle written")
        assert app.is_running


async def test_a_stop_that_failed_is_not_hidden_by_what_else_is_done() -> None:
    """Progress and the end of an operation wait behind it until it is dismissed."""
    backend = _Writing(threading.Event())
    async with opened(backend, "5") as (app, pilot):
        await pilot.press("b", "ctrl+x", "s")
        await until(pilot, lambda: "NOT succeed" in app.notice.what)
        app.show_progress(Progress(step="02 runtime tree", done=2, total=10))
        assert "NOT succeed" in app.notice.what
        backend.written.set()
        await settle(pilot)
        assert "NOT succeed" in app.screen.query_one(NoticePanel).notice.what
        await press(pilot, "escape")
        assert app.notice.what.startswith("Bundle written")


class _Writing(FakeBackend):
    """Its bundle takes until it is told, and stopping fails."""

    def __init__(self, written: threading.Event) -> None:
        super().__init__()
        self.written = written

    def bundle(self, on_progress: OnProgress, sign_with: str = "") -> BundleView:
        self.written.wait(10)
        return super().bundle(on_progress, sign_with)

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        raise Unmeasured(StopCode.UNREACHABLE, "the database does not answer", "touch HOLD")


async def test_a_hanging_backend_does_not_keep_the_program_alive() -> None:
    """Calls run in daemon threads; leaving does not wait for them."""
    backend = _Hanging()
    app = console_on(backend)
    async with app.run_test() as pilot:
        await settle(pilot)
        app.operate(Operation("Hanging", lambda b, progress: b.resume(RUN_ID, progress), lambda _run: ""))
        await until(pilot, backend.asked.is_set)
        app.exit(0)
    left_before_the_answer = not backend.answered.is_set()
    backend.may_answer.set()
    assert left_before_the_answer


class _Hanging(FakeBackend):
    """Goes on with a run only when it may, or after a minute."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer, self.answered = threading.Event(), threading.Event(), threading.Event()

    def resume(self, run_id: str, on_progress: OnProgress) -> RunView:
        self.asked.set()
        self.may_answer.wait(60)
        self.answered.set()
        return super().resume(run_id, on_progress)


class _HalfHeld(FakeBackend):
    """Its database does not take the HOLD."""

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        super().panic(reason, on_step)
        told = {"incomplete": "the database did not take the HOLD", "complete_with": "cutter-console panic --reason x"}
        self.switch = self.switch.model_copy(update=told)
        return self.switch


async def test_a_stop_in_one_place_alone_is_told_in_the_notice_and_on_the_overview() -> None:
    """And the command that completes it stands beside it."""
    async with opened(_HalfHeld(), "1", "ctrl+x", "s") as (app, pilot):
        await settle(pilot)
        assert app.notice.what == (
            f"Stopped in part: the database did not take the HOLD. {RUN_ID} has written no unit."
        )
        assert app.notice.next_action == "cutter-console panic --reason x"
        assert app.notice.stays
        shown = _words(app, "switch")
        assert "the database did not take the HOLD" in shown
        assert "cutter-console panic --reason x" in shown


async def test_stop_is_a_key_on_every_screen() -> None:
    """One key, then one more."""
    backend = FakeBackend()
    async with opened(backend) as (_, pilot):
        for stops, screen in enumerate(("1", "2", "3", "4", "5", "6"), 1):
            await press(pilot, screen, "ctrl+x", "s")
            assert len([call for call in backend.calls if call.startswith("panic")]) == stops, screen


@pytest.mark.parametrize(
    ("screen", "panels"), [("1", ["waiting", "counts"]), ("3", ["evidence"]), ("4", ["checks", "statement"])]
)
async def test_what_can_be_longer_than_its_panel_is_reached_with_tab(screen: str, panels: list[str]) -> None:
    """And then it scrolls with the arrows: a mouse is not always there."""
    async with opened(FakeBackend(), screen) as (app, pilot):
        reached = set()
        for _ in range(4):
            await press(pilot, "tab")
            reached.add(app.focused.id if app.focused is not None else None)
        assert set(panels) <= reached

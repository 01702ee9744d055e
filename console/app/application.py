"""ConsoleApp: the screens, the refresh, signals and the crash screen."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual._dispatch_key import dispatch_key
from textual.app import App, ScreenStackError
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widget import Widget
from textual.worker import WorkerFailed

from console.actions.action import FUNCTION_KEYS
from console.actions.actions import STOPPING, Action, Registry, Scope, registry
from console.actions.keys_in_force import key_of, put_in_force
from console.actions.stopping import STOP_KEYS
from console.app.face import NO_FACE, Face
from console.app.following import FollowingApp
from console.app.key_order import KeyHandled, KeyOrder
from console.app.named_fleet import NamedFleet, no_fleet
from console.app.terminal import TerminalGuard, draws_in_ascii, in_browser, terminal_encoding
from console.app.visiting import STOP_GROUP, VisitingApp
from console.backend.host import crash
from console.backend.model.errors import CutterError
from console.backend.model.ids import is_batch
from console.backend.model.theme_names import ThemeName, wants_no_colour
from console.screens.base import ConsoleScreen
from console.screens.drawable import can_draw
from console.screens.history import History, point_of
from console.screens.overview import OverviewScreen
from console.screens.readiness_watch import ReadinessWatch
from console.widgets.formatting import shortened
from console.widgets.jobs import work
from console.widgets.line import Span, line
from console.widgets.notice import Notice, refused
from console.widgets.theme import THEMES, InAscii, WholeCells, WithoutColour, next_theme

if TYPE_CHECKING:
    from rich.console import RenderableType

    from console.backend.api import Backend
    from console.backend.model.fleet import Fleet
    from console.backend.model.view_models import OnStep, RunView, Status, StopStep, SwitchView
    from console.backend.recording import Recorder
    from console.screens.application import Application
    from console.widgets.line import Line


_REDRAW = "redraw"
DRAWN_AGAIN_S = 300.0
"""Seconds after which the whole screen is drawn again, in case another program has written into the terminal."""


def _has_priority(action: "Action", key: str) -> bool:
    """Return whether a key works in dialogs and while a field takes every other key as text: the stop key does.

    So does the one that draws the screen again, which a dialog may need most, unless it is a sign of a text.
    """
    is_text = key not in FUNCTION_KEYS and not key.startswith("ctrl+")
    return action.name in STOPPING or (action.name == _REDRAW and not is_text)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ConsoleApp(FollowingApp, VisitingApp, inherit_bindings=False):
    """The console. It adds no authority: everything goes through the backend, as it does on the command line.

    `backend` is the backend or a function that makes it, in a thread after the first paint. `clock` gives aware UTC
    times, `refresh_seconds` is the pause between measurements, `crash_folder` the folder for the log of a crash. The banner
    tells of the `recorder`, if there is one; `actions` take the place of the registry's own; `face` presents an
    installation that was opened by its name, `fleet` reads those of the Fleet screen.
    """

    TITLE = "cutter-console"
    CSS_PATH = "console.tcss"
    # The registry's palette takes its place: Textual's own would list actions that this console does not have.
    ENABLE_COMMAND_PALETTE = False
    is_replay = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        backend: "Callable[[], Backend] | Backend",
        *,
        read_only: bool,
        demo: bool,
        clock: Callable[[], datetime] = _utc_now,
        refresh_seconds: float = 10.0,
        crash_folder: Path | None = None,
        recorder: "Recorder | None" = None,
        actions: Registry | None = None,
        face: Face = NO_FACE,
        fleet: "Callable[[], Fleet] | None" = None,
    ) -> None:
        self.registry = put_in_force(actions or registry(read_only=read_only, demo=demo))
        no_colour = wants_no_colour(os.environ)
        super().__init__(backend, ansi_color=True if no_colour else None)
        if no_colour:
            self._filters.append(WithoutColour())
        elif self.console.color_system == "standard":
            # Here, because most terminals have more colours, and the first paint would wait for it.
            from console.widgets.sixteen_colours import InSixteenColours

            self._filters.append(InSixteenColours())
        is_ascii = draws_in_ascii(os.environ, encoding := terminal_encoding()) and not in_browser()
        ScrollBar.renderer = WholeCells if is_ascii else ScrollBarRender
        if is_ascii:
            self._filters.append(InAscii(encoding))
        self.read_only = read_only
        self.demo = demo
        self.clock = clock
        self.status: Status | None = None
        self.no_status = "measuring for the first time ..."
        as_screens_see_it: Application = self  # the type checker compares the two here
        self.readiness = ReadinessWatch(as_screens_see_it)
        self.guard: TerminalGuard | None = None
        self.key_order = KeyOrder(self._give_key, self.set_interval)
        self.current = True
        self.recorder = recorder
        self._history = History()
        self.face = face
        self.read_fleet = fleet or (no_fleet if demo else NamedFleet())
        self._refresh_seconds = refresh_seconds
        self._crash_folder = crash_folder
        self._measuring = False
        self._measure_again = False
        self._renewing = self._renew_again = False
        self._begin_with((face.theme or ThemeName.DARK).in_textual)
        for action in self.registry.in_scope(Scope.EVERYWHERE):
            for key in action.keys:
                self._bindings.bind(key, action.name, action.title, show=False, priority=_has_priority(action, key))

    def _begin_with(self, theme: str) -> None:
        """Take the theme before anything is parsed or drawn: to change it later parses each rule again, for the first frame too."""
        for each in THEMES:
            self.register_theme(each)
        self.set_reactive(App.theme, theme)
        kind = "dark" if self.current_theme.dark else "light"
        self.set_classes(f"-theme-{theme} -{kind}-mode")
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    @property
    def history(self) -> History:
        """Return what was measured so far."""
        return self._history

    @property
    def banner(self) -> "Line":
        """Return the banner of the installation, if it was named, and that a recording is made, or was ended by an error."""
        return (*self.face.line(), *self._recording())

    def _recording(self) -> "Line":
        if self.recorder is None:
            return ()
        stopped = self.recorder.stopped
        return line(Span(f" REC STOPPED: {stopped} ", "bad") if stopped else Span(" REC ", "accent"))

    def get_default_screen(self) -> Screen[None]:
        """Return Overview, which is painted first: as a mode from the start it would cost a second pass of the styles."""
        return OverviewScreen()

    def on_load(self) -> None:
        """Listen to signals, and to the end of threads, before the terminal is changed."""
        if self.guard is not None:
            self.guard.install(asyncio.get_running_loop())
        self._loop_of_screens = asyncio.get_running_loop()

    def on_mount(self) -> None:
        """Measure after the first paint, then regularly."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.add_mode(self.DEFAULT_MODE, OverviewScreen)
        self.measure()
        self.set_interval(self._refresh_seconds, self._tick)
        self.set_interval(DRAWN_AGAIN_S, self.action_redraw)
        self.begin_following()
        self.follow_the_fleet()
        if self.face.start_screen != self.DEFAULT_MODE:
            self.switch_mode(self.face.start_screen)

    def _tick(self) -> None:
        if not self._measuring:
            self.measure()

    def measure(self) -> None:
        """Measure soon; requests during a measurement become one further measurement."""
        if self._measuring:
            self._measure_again = True
            return
        self._measuring = True
        self.begin_work(work(self._measure), "measure")

    async def _measure(self) -> None:
        try:
            status = await self.ask(lambda backend: backend.status())
        except CutterError as error:
            self._not_measured(error)
        else:
            self._measured(status)
            if status.target is not None and self.notices.of_runs:
                self._renew()
        finally:
            self._measuring = False
        if self._measure_again:
            self._measure_again = False
            self.measure()

    def _renew(self) -> None:
        """Renew the notices soon, beside the measurements: what a notice is asked for must not delay the next one."""
        self._renew_again = self._renewing
        if not self._renewing:
            self._renewing = True
            self.begin_work(work(self._renew_notices), "notices")

    async def _renew_notices(self) -> None:
        """Ask what has become of the runs that notices speak of, and say that instead."""
        try:
            for notice in self.notices.of_runs:
                # Whether there is an answer or not: the notice stands until something else is known.
                with contextlib.suppress(CutterError):
                    self.notices.renew(notice, await self.ask(_run_of(notice)))
        finally:
            self._renewing = False
        self.show_notice()
        if self._renew_again:  # measured again meanwhile: the answers can be older than what moved
            self._renew()

    def _measured(self, status: "Status") -> None:
        self.status = status
        self.current = True
        self.offer_stop()
        self._remember()
        self.readiness.look(status)
        self.notices.measured(status.switch.state.value, status.measured_at, reached=status.target is not None)
        self._show_status()
        self.tell_dialogs(status)
        # Once after the start; later only on request, because the gates ask far more than the status does.
        if not self.readiness.board.was_asked:
            self.readiness.measure_board()

    def show_readiness(self) -> None:
        """Draw gates and drift, and the marks of measurements that are under way."""
        with self.batch_update():
            for screen in self.console_screens():
                screen.show_readiness()

    def _show_status(self) -> None:
        """Draw the last measurement, which may be old by now."""
        if self.status is None:
            return
        with self.batch_update():
            for screen in self.console_screens():
                screen.draw_frame()
                screen.show_status(self.status)

    def _remember(self) -> None:
        self._history.add(point_of(self.clock(), self.status if self.current else None, self.readiness.board.answer))

    def _not_measured(self, error: CutterError) -> None:
        self.no_status = f"NOT MEASURED: {error.message}"
        self.current = False
        self._remember()
        self.give_notice(replace(refused("Measuring", error), until_measured=True))
        self._show_status()

    def full_command(self, text: str) -> str:
        """Return the text with its commands as they must be typed for this root, or for the installation that was named."""
        if not text:
            return ""
        from console.backend.model.full_command import command_for, full_command

        if self.face.name:
            return command_for(text, self.face.name)
        return full_command(text, str(self.status.root) if self.status is not None else "")

    last_stop: "SwitchView | None" = None
    _loop_of_screens: asyncio.AbstractEventLoop | None = None
    _read_about: Notice | None = None
    """The notice whose STOP code was explained last."""

    # Actions of the registry

    def action_refresh(self) -> None:
        """Measure now; each screen measures again what only it shows."""
        self.measure()
        for screen in self.console_screens():
            screen.measure_again()

    async def action_find(self) -> None:
        """Filter the list that has the focus, or search in the text."""
        for screen in self.console_screens()[-1:]:
            await screen.find()

    def action_copy_focus(self) -> None:
        """Copy what has the focus."""
        for screen in self.console_screens()[-1:]:
            screen.send_copy(whole=False)

    def action_copy_whole(self) -> None:
        """Copy the whole list or text that has the focus."""
        for screen in self.console_screens()[-1:]:
            screen.send_copy(whole=True)

    def action_show_alone(self) -> None:
        """Show a text alone, to be marked with the mouse."""
        for screen in self.console_screens()[-1:]:
            screen.show_alone()

    def action_theme(self) -> None:
        """Change between dark, light and high contrast."""
        self.theme = next_theme(self.theme)

    def on_resize(self) -> None:
        """Take nothing for shown: a frame for the former size may have been drawn since the terminal has another one."""
        self.action_redraw()

    def action_redraw(self) -> None:
        """Draw the whole screen again: only what changes is sent, and another program may have written over the rest."""
        from console.app.steady_driver import SteadyDriver

        if isinstance(self._driver, SteadyDriver):
            self._driver.draw_again()

    def action_help(self) -> None:
        """Show the page of the STOP code in the notice, once; else the help of the focused widget and the screen."""
        from console.screens.help import HelpDialog

        notice = self.notice
        if notice.code and notice != self._read_about:
            self._read_about = notice
            self.show_guide(notice.code)
            return

        screens = self.console_screens()
        if screens:
            self.push_screen(HelpDialog(screens[-1].help_subject(), screens[-1].SCOPE))

    def action_palette(self) -> None:
        """Find an action by its name and run it."""
        from console.screens.palette import PaletteDialog

        screens = self.console_screens()
        if not screens:
            return
        screen = screens[-1]

        async def chosen(action: Action | None) -> None:
            if action is not None:
                await (self if action.scope is Scope.EVERYWHERE else screen).run_action(action.name)

        self.push_screen(PaletteDialog(screen.SCOPE), chosen)

    def action_panic(self) -> None:
        """Ask for the second key, on every screen and dialog."""
        from console.screens.panic import PanicDialog

        if not isinstance(self.screen, PanicDialog):  # The key may be held down: one dialog is enough.
            self.key_order.drop()
            of = f" of {self.face.banner or self.face.name}" if self.face.name else ""
            self.say_first(f"STOP everything{of}?  s stops now, Esc is no")
            self.push_screen(PanicDialog(), self._stop)

    def say_first(self, words: str) -> None:
        """Show these words before any frame that a slow line still has to take; then draw the whole screen again."""
        from console.app.steady_driver import SteadyDriver
        from console.backend.model.safe_text import safe_text

        if isinstance(self._driver, SteadyDriver):
            self._driver.pass_by(shortened(f" {safe_text(words)} ", self.size.width - 1))
            self.refresh()

    def _stop(self, reason: str | None) -> None:
        if reason is None:
            return
        working = (
            "Stopping: HOLD ..."
            if self.read_only
            else "Stopping: HOLD, cancel the running statement, end the lease ..."
        )
        self.give_notice(Notice("working", working, stays=True))
        self.begin_work(work(self._panic, reason), STOP_GROUP)

    async def _panic(self, reason: str) -> None:
        from console.screens.panic import stopped_notice

        # Taken before the stop: afterwards the switch names no run any more.
        run_id, was_at_work = self._run_at_stake(), self.operation is not None
        try:
            on_step = self._teller_of_stop()
            self.last_stop = await self.ask(lambda backend: backend.panic(reason, on_step))
            notice = stopped_notice(self.last_stop, releases=not self.read_only)
        except CutterError as error:
            notice, run_id = replace(refused("Stopping did NOT succeed", error), stays=True), ""
        # A dialog that is still open would cover the notice.
        await self.leave_dialogs()
        self.say_first(notice.what)
        self.give_notice(notice)
        self.action_refresh()
        if run_id:
            message = f"{notice.what} {await self._written_by(run_id, was_at_work)}"
            self.notices.rewrite(notice, replace(notice, what=message))
            self.show_notice()

    def _teller_of_stop(self) -> "OnStep":
        """Return what shows at once, from another thread, that a step of the stop was not done yet."""
        loop = asyncio.get_running_loop()

        def on_step(step: "StopStep") -> None:
            if not step.done:
                words = f"Stopping. NOT DONE YET: {step.what}: {step.detail}"
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
                    loop.call_soon_threadsafe(self.give_notice, Notice("working", words, stays=True))

        return on_step

    def _run_at_stake(self) -> str:
        """Return the run that may be writing: the one that the switch is armed for, else the current one."""
        if self.status is None:
            return ""
        current = self.status.current_run
        return self.status.switch.run_id or (current.run_id if current is not None else "")

    async def _written_by(self, run_id: str, was_at_work: bool) -> str:
        """Return a sentence about what this run has written, after the stopped operation has ended."""
        from console.screens.batch_text import written_by_batch
        from console.screens.panic import STOPPED_WITHIN_SECONDS
        from console.screens.run_text import written

        try:
            await asyncio.wait_for(self.at_rest.wait(), STOPPED_WITHIN_SECONDS)
            if is_batch(run_id):
                return written_by_batch(await self.ask(lambda backend: backend.batch(run_id)))
            return written(await self.ask(lambda backend: backend.run(run_id)), stopped=was_at_work)
        except TimeoutError:
            return f"The stopped operation has not ended yet. See what {run_id} has written: press {key_of('batch' if is_batch(run_id) else 'run')}."
        except CutterError as error:
            return f"What {run_id} has written is not known: {error.message}."

    async def action_quit(self) -> None:
        """Leave; ask first if an operation is running."""
        if self.operation is None:
            self.exit(0)
            return
        from console.screens.quit import QuitDialog

        self.push_screen(QuitDialog(self.operation.doing, self.operation.if_left), self._quit)

    def _quit(self, answer: str | None) -> None:
        if answer == "now":
            self.exit(0)
        elif answer == "when done":
            self.leave_when_done = True
            if self.operation is None:
                self.exit(0)

    # The end, orderly or not

    async def on_event(self, event: events.Event) -> None:
        """Handle an event; a key or click for a widget that does not exist yet, or no longer, does nothing."""
        if isinstance(event, events.Key) and not event.is_forwarded and event.key not in STOP_KEYS:
            # Esc is the key that dismisses it.
            if event.key != "escape" and self.notices.next_key():
                self.show_notice()
            await self.key_order.add(event)
            return
        with contextlib.suppress(NoMatches, ScreenStackError):
            await super().on_event(event)

    async def _give_key(self, key: events.Key) -> Widget | None:
        target: Widget | None = None
        with contextlib.suppress(NoMatches, ScreenStackError):
            target = self.focused or self.screen
            await super().on_event(key)
        return target if key.is_forwarded else None

    async def on_key_handled(self, message: KeyHandled) -> None:
        """Go on with the next key."""
        await self.key_order.handled(message.key)

    async def _on_key(self, event: events.Key) -> None:
        # Here, and not in the method of the same name above this class: what no binding has taken must be known.
        event.prevent_default()
        if event.is_forwarded and self.key_order.is_dropped(event):
            return
        if await self._check_bindings(event.key) or await dispatch_key(self, event):
            return
        screen = self.screen
        if not isinstance(screen, ConsoleScreen) or not event.is_printable or not event.character:
            return
        if can_draw(screen):
            screen.unheard(event.character)
        else:
            screen.cannot_yet()

    def _handle_exception(self, error: Exception) -> None:
        if self._exit:  # it ends already: a screen that was still being built then is no failure of the console
            return
        self._return_code = 1
        if self._exception is None:
            self._exception = _cause(error)
            self._exception_event.set()
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Report a crash without locals and without the error's message: they can hold secrets."""
        if not self._exit_renderables:
            error = self._exception or RuntimeError()
            words = crash.report(error, self._crash_folder, self.clock(), _outside(error))
            self._exit_renderables.append(Text(words))
        self._close_messages_no_wait()

    def thread_ended(self, ended: threading.ExceptHookArgs) -> None:
        """End the console, as an error in it does, because one of its threads has ended by one; called in that thread.

        Without it nothing more would be shown or heard. Python prints a traceback instead, into the screen.
        """
        error = ended.exc_value or ended.exc_type()
        with contextlib.suppress(RuntimeError):  # the loop is closed: it ends already
            if self._loop_of_screens is not None and isinstance(error, Exception):
                self._loop_of_screens.call_soon_threadsafe(self._handle_exception, error)

    def panic(self, *_renderables: "RenderableType") -> None:
        """Handle a crash that Textual reports; its renderables are not shown."""
        self._return_code = self._return_code or 1
        self._fatal_error()


def _outside(error: Exception) -> str:
    """Return what outside the program explains the end, with the next action, in a line each; empty if nothing does."""
    try:
        from console.backend.outside import describe_outside_error
    except (ImportError, MemoryError, SystemError):
        return "There is not enough memory.\n" if isinstance(error, MemoryError) else ""
    known = describe_outside_error(error)
    return f"{known.code}: {known.message}\nnext: {known.next_action}\n" if known is not None else ""


def _run_of(notice: Notice) -> "Callable[[Backend], RunView]":
    return lambda backend: backend.run(notice.of_run)


def run(app: ConsoleApp, *, mouse: bool = True) -> int:
    """Run the console until it ends and return the exit status: 143 after SIGTERM, 129 after a lost terminal.

    Without `mouse` the terminal is never asked to report it, and goes on marking text with it by itself; nor if a file of
    settings says so. A console that Fleet opens gets the option alone, and has settings of its own.
    """
    app.guard = TerminalGuard(app.leave)
    before, threading.excepthook = threading.excepthook, app.thread_ended
    try:
        app.has_mouse = mouse
        app.run(mouse=mouse and app.face.mouse is not False)
    except BaseException:
        # What has ended the loop itself, as no memory does, has gone by the driver: nobody else gives the terminal back.
        app.guard.give_back()
        raise
    finally:
        app.guard.release()
        threading.excepthook = before
    return app.return_code or 0


def _cause(error: Exception) -> Exception:
    """Return the error inside a worker's failure."""
    if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
        return error.error
    return error

"""BackendApp: questions to the backend in threads, one long operation at a time, and the notices."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, cast

from textual.app import App
from textual.screen import Screen
from textual.widget import AwaitMount
from textual.worker import WorkType

from console.app.small_strips import forget_lines, keep_lines_small
from console.app.steady_driver import SteadyDriver
from console.app.terminal import in_browser
from console.backend.model.errors import CutterError, StopCode
from console.screens.base import ConsoleScreen
from console.screens.drawable import can_draw
from console.widgets.jobs import in_thread, work
from console.widgets.notice import Notice, Notices, refused

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import Progress, Status
    from console.screens.operation import Operation

T = TypeVar("T")


class BackendApp(App[int], inherit_bindings=False):
    """An application with a backend, which is made in a thread at the first question."""

    def __init__(self, backend: "Callable[[], Backend] | Backend", *, ansi_color: bool | None = None) -> None:
        keep_lines_small()
        super().__init__(driver_class=None if in_browser() else SteadyDriver, ansi_color=ansi_color)
        self.notices = Notices()
        self.operation: Operation[object] | None = None
        self.at_rest = asyncio.Event()
        """Set while no operation is running."""
        self.at_rest.set()
        self.leave_when_done = False
        self.can_stop = False
        """True once there is a backend that says that a stop can set a HOLD in the database."""
        self._backend: Backend | None = None
        self._make_backend = backend
        self._making = threading.Lock()

    def _built(self) -> "Backend":
        """Return the backend, made at the first call. Called in a thread."""
        # Two questions can come at once, each in a thread of its own.
        with self._making:
            if self._backend is None:
                make = self._make_backend
                self._backend = make() if callable(make) else make
                self.can_stop = self._backend.can_stop()
            return self._backend

    @property
    def hook_trouble(self) -> str:
        """Return what is wrong with the last calls of hooks; empty if nothing is."""
        return self._backend.hook_trouble() if self._backend is not None else ""

    async def ask(self, question: "Callable[[Backend], T]") -> T:
        """Ask the backend in a thread. Raises CutterError, for failures of the outside too; any other error is a defect."""
        return await self.ask_beside(lambda: question(self._built()))

    async def ask_beside(self, question: "Callable[[], T]") -> T:
        """Ask in a thread, without the backend, for what needs none. Raises as `ask` does."""
        try:
            return await in_thread(question)
        except Exception as error:
            from console.backend.outside import describe_outside_error

            known = describe_outside_error(error)
            # Where memory or threads are missing, none is left to look at the database in, and it has no part in it.
            if known is not None and known.code is not StopCode.CAP_EXCEEDED:
                known = await self._explained(known)
            # Callers catch errors of the product. Anything else is a defect, which ends the console with a log.
            if known is None or known is error:
                raise
            raise known from error

    async def _explained(self, error: CutterError) -> CutterError:
        """Return the error, or the one that says that the database has another layout than this product's."""
        backend = self._backend
        if backend is None:
            return error
        return await in_thread(lambda: backend.explained(error))

    def console_screens(self) -> list[ConsoleScreen]:
        """Return the screens that are shown and can be drawn, the lowest first, without dialogs."""
        return [screen for screen in self.screen_stack if isinstance(screen, ConsoleScreen) and can_draw(screen)]

    async def leave_dialogs(self) -> None:
        """Close every open dialog with no, the top one first: a notice behind a dialog is not seen."""
        from console.screens.dialog import Dialog

        for _ in range(len(self.screen_stack)):
            top = self.screen
            if not isinstance(top, Dialog):
                return
            await top.dismiss(None)

    clock: Callable[[], datetime]
    """Clock that gives aware UTC times."""

    def measure(self) -> None:
        """Measure soon what every screen shows."""
        raise NotImplementedError

    def switch_mode(self, mode: str) -> AwaitMount:
        """Go to another screen; the result that was shown on this one is not taken along, except to Help, which explains it."""
        if mode not in {self.current_mode, "guide"}:
            self.notices.left()
        left = self.screen
        switched = super().switch_mode(mode)
        if left is not self.screen:
            forget_lines(left)
        return switched

    def tell_dialogs(self, status: "Status") -> None:
        """Tell the dialogs that are open of a newer status."""
        if any(screen.is_modal for screen in self.screen_stack):
            from console.screens.dialog import Dialog

            for screen in self.screen_stack:
                if isinstance(screen, Dialog) and can_draw(screen):
                    screen.moved(status)

    # The one running operation

    def operate(self, operation: "Operation[T]") -> None:
        """Start a long call; a second one is refused while the first is running."""
        if self.operation is not None:
            busy = f"{operation.doing} was not started: {self.operation.doing} is still in progress."
            self.give_notice(Notice("refused", busy, "", "Wait until it has ended, or stop everything: ^X"))
            return
        self.operation = cast("Operation[object]", operation)
        self.at_rest.clear()
        self.notices.begin(Notice("working", f"{operation.doing} ..."), self.clock())
        self.show_notice()
        self.begin_work(work(self._operate, operation), "operation")

    async def _operate(self, operation: "Operation[T]") -> None:
        from console.screens.operation import ProgressFeed

        feed = ProgressFeed(asyncio.get_running_loop(), self._post_progress)
        try:
            answer = await self.ask(lambda backend: operation.call(backend, feed))
        except CutterError as error:
            self.operation = None  # Before the notice, which would otherwise stand beside the progress.
            self.give_notice(refused(operation.doing, error))
        else:
            self.operation = None
            result = operation.done(answer)
            self.give_notice(result if isinstance(result, Notice) else Notice("done", result))
        self._after_operation()

    def _post_progress(self, progress: "Progress") -> None:
        self.call_later(self.show_progress, progress)

    def show_progress(self, progress: "Progress") -> None:
        """Draw the progress of the running operation."""
        from console.screens.operation import progress_words

        if self.operation is None:
            return
        self.give_notice(Notice("working", f"{self.operation.doing}: {progress_words(progress)}"))
        for screen in self.console_screens():
            screen.show_progress(progress)

    def open_dialog(self, dialog: Screen[T | None], answered: Callable[[T | None], None]) -> None:
        """Open a dialog over the screen and call `answered` with its answer, or None."""
        self.push_screen(dialog, answered)

    def begin_work(self, work: WorkType[None], group: str) -> None:
        """Run work beside the screens until it ends or the application does."""
        self.run_worker(work, group=group, exclusive=False)

    def _after_operation(self) -> None:
        self.at_rest.set()
        if self.leave_when_done:
            self.exit(0)
            return
        self.measure()
        for screen in self.console_screens():
            screen.reload()

    # The notice

    @property
    def notice(self) -> Notice:
        """The notice that is shown."""
        return self.notices.shown

    def give_notice(self, notice: Notice) -> None:
        """Show this notice on every screen until it is dismissed or no longer true."""
        self.notices.give(notice, self.clock(), working=self.operation is not None)
        self.show_notice()

    def show_notice(self) -> None:
        """Draw the notice that is in force."""
        for screen in self.console_screens():
            screen.draw_frame()

    def dismiss_notice(self) -> None:
        """Dismiss the notice, unless it is the progress of a running operation; the next one then shows."""
        self.notices.dismiss(working=self.operation is not None)
        self.show_notice()

"""A row of Fleet opens that installation's own console: as a process of its own, in this terminal, until it ends.

No state of this console can reach the other one: neither its connections, keys and hooks, nor what it has read. This one goes
on measuring, and telling its hooks, while it is not drawn.
"""

import asyncio
import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from console.app.child_command import console_command
from console.app.face import Face
from console.app.mode_app import ModeApp
from console.app.visited import FLEET_BEHIND, watch
from console.backend.host.signals import at_work
from console.backend.model.errors import CutterError
from console.widgets.jobs import work
from console.widgets.notice import Notice, refused

if TYPE_CHECKING:
    from console.backend.host.processes import Lifeline
    from console.backend.model.fleet import FleetRow

_END_S = 3.0
STOP_GROUP = "panic"
"""Name of the workers of a stop."""


def visit_command(name: str, *, read_only: bool, mouse: bool = True) -> list[str]:
    """Return the command of the console of an installation; one that only reads opens none that may write."""
    options = [*(["--read-only"] if read_only else []), *([] if mouse else ["--no-mouse"])]
    return console_command(*options, "-P", name)


class VisitingApp(ModeApp, inherit_bindings=False):
    """An application that lets the console of another installation have its terminal for a while, or was opened by such a one."""

    face: Face
    read_only: bool
    has_mouse: bool = True
    """False if the option leaves the mouse to the terminal, which holds for a console that is opened from here too."""
    _guest: asyncio.subprocess.Process | None = None
    """The console that has the terminal."""
    _is_away = False
    """True from the key that opens another console until that has ended."""
    _must_leave: int | None = None
    """The exit status with which this console ends as soon as the other one has given the terminal back."""

    # As the console that opens another one

    def visit(self, row: "FleetRow", instead: str) -> None:
        """Open the console of this row's installation in this terminal; or say why not, and which command does it elsewhere."""
        if self._is_away:
            return
        elsewhere = f"Open it in another terminal: {instead}"
        if busy := self._busy():
            self.give_notice(
                Notice("refused", f"{row.name} was not opened: {busy}", "", f"Wait until it has ended. {elsewhere}")
            )
        elif self._driver is None or not self._driver.can_suspend:  # that of a page of a browser cannot
            closed = f"{row.name} was not opened: Fleet opens a console only in a terminal."
            self.give_notice(Notice("refused", closed, "", elsewhere))
        else:
            self._is_away = True
            self.begin_work(work(self._visit, str(row.name), elsewhere), "visit")

    def _busy(self) -> str:
        """Return in words what is under way here: it would not be seen, and the stop key would act on the other installation."""
        if self.operation is not None:
            return f"{self.operation.doing} is still in progress in this console."
        if any(worker.group == STOP_GROUP and not worker.is_finished for worker in self.workers):
            return "a stop is under way in this console."
        return "a question is open in this console." if self.screen.is_modal else ""

    async def _visit(self, name: str, elsewhere: str) -> None:
        try:
            # Here, because a refusal of that process would be drawn over before anybody has read it.
            await self.ask_beside(lambda: _require(name))
            if busy := self._busy():
                notice: Notice | None = Notice("refused", f"{name} was not opened: {busy}", "", elsewhere)
            else:
                notice = _ended(name, await self._hosted(name), elsewhere)
        except CutterError as error:
            notice = refused("Not opened", error)
        except OSError as error:
            notice = Notice("refused", f"{name} was not opened: {os.strerror(error.errno or 0)}.", "", elsewhere)
        finally:
            self._is_away, self._guest = False, None
        if self._must_leave is not None:
            self.leave(self._must_leave)
            return
        if notice is not None:
            self.give_notice(notice)
        self.measure()

    async def _hosted(self, name: str) -> int:
        """Let the other console have the terminal until it ends, and return its exit status."""
        from console.backend.host.processes import Lifeline

        status, failed = 0, None
        with Lifeline() as lifeline, self.suspend():
            try:
                status = await self._guest_of(name, lifeline)
            except OSError as error:
                # Out of this block with it, the terminal would not be taken back.
                failed = error
        if failed is not None:
            raise failed
        return status

    async def _guest_of(self, name: str, lifeline: "Lifeline") -> int:
        environment = {**os.environ, FLEET_BEHIND: str(lifeline.for_guard)}
        try:
            # The place of the screen that both draw on is empty until the other one has begun.
            print(f"Opening the console of {name} ...", file=sys.__stderr__, flush=True)
            # In this group: it is this terminal's foreground, and gets its signals as this one does.
            self._guest = guest = await asyncio.create_subprocess_exec(
                *visit_command(name, read_only=self.read_only, mouse=self.has_mouse),
                env=environment,
                pass_fds=(lifeline.for_guard,),
            )
        finally:
            lifeline.started()
        if self._must_leave is not None:
            _end(guest)
        try:
            # A signal that ends this one waits for it, as for work of its own.
            with at_work():
                return await guest.wait()
        finally:
            if guest.returncode is None:
                _end(guest)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(guest.wait(), _END_S)

    def leave(self, exit_status: int) -> None:
        """End because of a signal or a vanished terminal: the console that has the terminal first."""
        if not self._is_away:
            self.exit(exit_status, return_code=exit_status)
            return
        self._must_leave = exit_status
        if self._guest is not None:
            _end(self._guest)

    # As the console that was opened by another one

    def follow_the_fleet(self) -> None:
        """End as soon as the console that has opened this one has ended: two of them would read from one terminal."""
        from console.app.terminal import EXIT_SIGHUP

        loop, lifeline = asyncio.get_running_loop(), self.face.fleet_behind

        def gone() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: this one has ended before
                loop.call_soon_threadsafe(self.leave, EXIT_SIGHUP)

        if lifeline is not None:
            watch(lifeline, gone)

    def step_out(self) -> bool:
        """Go back to the Fleet that has opened this console; return False if none has."""
        if self.face.fleet_behind is not None:
            self.call_later(self.action_quit)
        return self.face.fleet_behind is not None

    def action_fleet(self) -> None:
        """Go to Fleet: that of the console behind this one, if it was opened from there."""
        if not self.step_out():
            self.switch_mode("fleet")


def _end(guest: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        guest.terminate()


def _require(name: str) -> None:
    from console.backend.host.named_installations import named, require_settings

    require_settings(name, named(name))


def _ended(name: str, status: int, elsewhere: str) -> Notice | None:
    """Return the notice about another console that did not end in order, or None."""
    if status == 0:
        return None
    how = f"by signal {-status}" if status < 0 else f"with exit status {status}"
    words = f"The console of {name} ended {how}. Quit this console to read what it printed."
    return replace(Notice("refused", words, "", elsewhere), stays=True)

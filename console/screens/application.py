"""The protocol through which screens and dialogs use their application. `console.app` implements it; screens never import `console.app`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.screen import Screen

from console.screens.readiness_watch import Asking

if TYPE_CHECKING:
    from pathlib import Path

    from console.actions.actions import Registry
    from console.backend.model.fleet import Fleet, FleetRow
    from console.backend.model.view_models import SwitchView
    from console.screens.history import History
    from console.screens.operation import Operation
    from console.screens.readiness_watch import ReadinessWatch
    from console.widgets.line import Line
    from console.widgets.notice import Notice

T = TypeVar("T")


class Application(Asking, Protocol):
    """The application as its screens see it. `ConsoleApp` is checked against it by the type checker."""

    read_only: bool
    demo: bool
    is_replay: bool
    """True if a recording is shown, and no database."""
    current: bool
    """True if the last measurement succeeded; otherwise `status` is old."""
    follows: bool
    """False while what others move is seen at the next measurement alone, because following has ended by a defect."""
    no_status: str
    """The reason why there is no status yet."""
    last_stop: "SwitchView | None"
    """The answer to the last stop of this console, item by item; None if it has stopped nothing."""
    wanted_run: str
    wanted_journal: str
    wanted_batch: str
    wanted_report: str
    wanted_statement: str
    """sha256 of a statement that was just drafted."""
    wanted_import: "Path | None"
    """The statement that the next step of Overview imports."""
    wanted_drafts: str
    wanted_guide: str
    registry: "Registry"
    readiness: "ReadinessWatch"
    operation: "Operation[object] | None"

    @property
    def history(self) -> "History":
        """Return what was measured so far."""

    @property
    def hook_trouble(self) -> str:
        """Return what is wrong with the last calls of hooks; empty if nothing is."""

    @property
    def banner(self) -> "Line":
        """Return what stands before the target on every screen: that this is a recording, or that one is made."""

    @property
    def notice(self) -> "Notice":
        """Return the notice that is shown."""

    def operate(self, operation: "Operation[T]") -> None:
        """Start an operation. Only one can run at a time; a second one is refused with a notice."""

    def give_notice(self, notice: "Notice") -> None:
        """Show this notice on every screen until it is dismissed or no longer true."""

    def dismiss_notice(self) -> None:
        """Drop the notice that is shown."""

    read_fleet: "Callable[[], Fleet]"
    """Reads the named installations; called in a thread."""

    def visit(self, row: "FleetRow", instead: str) -> None:
        """Open the console of this row's installation in this terminal; or say why not, and which command does it elsewhere."""

    def step_out(self) -> bool:
        """Go back to the Fleet that has opened this console; return False if none has."""

    async def ask_beside(self, question: "Callable[[], T]") -> T:
        """Ask in a thread, without the backend, for what needs none. Raises CutterError."""

    def full_command(self, text: str) -> str:
        """Return the text with `--root` in each command, if this console needs it."""

    def show_run(self, run_id: str) -> None:
        """Go to the Run screen with this run."""

    def show_drafts(self, docprefix: str) -> None:
        """Go to the Units screen with the drafts of this document."""

    def show_journal(self, run_id: str) -> None:
        """Go to the Journal screen with the journal of this run."""

    def show_report(self, run_id: str) -> None:
        """Go to the Reports screen with the report of this run."""

    def show_guide(self, code: str) -> None:
        """Go to the page of a STOP code on the Help screen."""

    @property
    def can_leave_guide(self) -> bool:
        """True if one came to Help from another screen."""

    def leave_guide(self) -> bool:
        """Go back to where one came to Help from; return False if there is no such place."""

    def action_guide(self) -> None:
        """Go to the Help screen."""

    def show_statement(self, sha256: str) -> None:
        """Go to the Approvals screen with this statement."""

    def open_dialog(self, dialog: Screen[T | None], answered: Callable[[T | None], None]) -> None:
        """Open a dialog over the screen and call `answered` with its answer, or None."""

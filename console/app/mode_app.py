"""ModeApp: the screens by their names, and how one goes to each of them; none is loaded before it is shown."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

from console.actions.action import Scope
from console.app.backend_app import BackendApp

if TYPE_CHECKING:
    from pathlib import Path


def _documents() -> Screen[None]:
    from console.screens.documents import DocumentsScreen

    return DocumentsScreen()


def _run() -> Screen[None]:
    from console.screens.run import RunScreen

    return RunScreen()


def _approvals() -> Screen[None]:
    from console.screens.approvals import ApprovalsScreen

    return ApprovalsScreen()


def _gates() -> Screen[None]:
    from console.screens.gates import GatesScreen

    return GatesScreen()


def _drift() -> Screen[None]:
    from console.screens.drift import DriftScreen

    return DriftScreen()


def _batch() -> Screen[None]:
    from console.screens.batch import BatchScreen

    return BatchScreen()


def _units() -> Screen[None]:
    from console.screens.units import UnitsScreen

    return UnitsScreen()


def _backups() -> Screen[None]:
    from console.screens.backups import BackupsScreen

    return BackupsScreen()


def _reports() -> Screen[None]:
    from console.screens.reports import ReportsScreen

    return ReportsScreen()


def _fleet() -> Screen[None]:
    from console.screens.fleet import FleetScreen

    return FleetScreen()


def _hold() -> Screen[None]:
    from console.screens.hold import HoldScreen

    return HoldScreen()


def _journal() -> Screen[None]:
    from console.screens.journal import JournalScreen

    return JournalScreen()


def _guide() -> Screen[None]:
    from console.screens.guide import GuideScreen

    return GuideScreen()


class ModeApp(BackendApp, inherit_bindings=False):
    """An application with the screens of the console. Each keeps its place while another one is shown."""

    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        "documents": _documents,
        "run": _run,
        "approvals": _approvals,
        "gates": _gates,
        "drift": _drift,
        "batch": _batch,
        "units": _units,
        "backups": _backups,
        "reports": _reports,
        "hold": _hold,
        "journal": _journal,
        "fleet": _fleet,
        "guide": _guide,
    }
    DEFAULT_MODE = "overview"

    wanted_run: str = ""
    wanted_report: str = ""
    wanted_journal: str = ""
    wanted_batch: str = ""
    wanted_statement: str = ""
    wanted_import: "Path | None" = None
    wanted_drafts: str = ""
    wanted_guide: str = ""
    _before_guide: str = ""
    """The screen that one came to Help from."""

    def show_run(self, run_id: str) -> None:
        """Go to the Run screen with this run chosen."""
        self.wanted_run = run_id
        self.switch_mode(Scope.RUN.value)

    def show_drafts(self, docprefix: str) -> None:
        """Go to the Units screen with the drafts of this document."""
        self.wanted_drafts = docprefix
        self.action_units()

    def show_statement(self, sha256: str) -> None:
        """Go to the Approvals screen with this statement chosen."""
        self.wanted_statement = sha256
        self.switch_mode(Scope.APPROVALS.value)

    def show_journal(self, run_id: str) -> None:
        """Go to the Journal screen with the journal of this run."""
        self.wanted_journal = run_id
        self.action_journal()

    def show_report(self, run_id: str) -> None:
        """Go to the Reports screen with the report of this run."""
        self.wanted_report = run_id
        self.action_reports()

    def show_guide(self, code: str) -> None:
        """Go to the page of this STOP code."""
        self.wanted_guide = code
        self.action_guide()

    @property
    def can_leave_guide(self) -> bool:
        """True if one came to Help from another screen."""
        return bool(self._before_guide)

    def leave_guide(self) -> bool:
        """Go back to where one came to Help from; return False if it was opened first of all."""
        before, self._before_guide = self._before_guide, ""
        if before:
            self.switch_mode(before)
        return bool(before)

    def action_guide(self) -> None:
        """Go to Help; from there, to what is wanted in it."""
        if self.current_mode == "guide":
            for screen in self.console_screens():
                screen.reload()
            return
        self._before_guide = self.current_mode
        self.switch_mode("guide")

    def action_overview(self) -> None:
        """Go to Overview."""
        self.switch_mode(self.DEFAULT_MODE)

    def action_documents(self) -> None:
        """Go to Documents."""
        self.switch_mode("documents")

    def action_run(self) -> None:
        """Go to Run."""
        self._lead_to(Scope.RUN)

    def action_approvals(self) -> None:
        """Go to Approvals."""
        self._lead_to(Scope.APPROVALS)

    def action_gates(self) -> None:
        """Go to Gates."""
        self.switch_mode("gates")

    def action_drift(self) -> None:
        """Go to Drift."""
        self.switch_mode("drift")

    def action_batch(self) -> None:
        """Go to Batch."""
        self._lead_to(Scope.BATCH)

    def _lead_to(self, screen: Scope) -> None:
        for left in self.console_screens()[-1:]:
            left.lead_to(screen)
        self.switch_mode(screen.value)

    def action_units(self) -> None:
        """Go to Units."""
        self.switch_mode("units")

    def action_backups(self) -> None:
        """Go to Backups."""
        self.switch_mode("backups")

    def action_journal(self) -> None:
        """Go to Journal."""
        self.switch_mode("journal")

    def action_reports(self) -> None:
        """Go to Reports."""
        self.switch_mode("reports")

    def action_hold(self) -> None:
        """Go to HOLD and recovery."""
        self.switch_mode("hold")

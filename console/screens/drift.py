"""Drift: differences from the installed database, and the SQL that repairs them, printed and never run."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Scope
from console.screens import drift_text as words
from console.screens.base import ConsoleScreen
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.gates import SIDE_BY_SIDE
from console.widgets.list_rows import ListRows
from console.widgets.panel import Lines, Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.model.view_models import Status


class DriftScreen(ConsoleScreen):
    """The list of differences, and one of them with the SQL that repairs it."""

    CSS_PATH = ["rows.tcss", "gates.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.DRIFT
    HORIZONTAL_BREAKPOINTS = SIDE_BY_SIDE
    TITLE_WORD: ClassVar[str] = "Drift"
    HELP_TEXT: ClassVar[str] = (
        "Compares grants, owners, functions, triggers, columns and roles with those that were installed.\n\n"
        "Each difference shows what was expected, what is there, and the SQL that repairs it: read it, then "
        "run it yourself as the administrator; the console never runs it.\n\n"
        "Tab goes to the SQL, Up and Down scroll it. <refresh> compares again."
    )

    def body(self) -> ComposeResult:
        """Compose the outcome, the list, and one difference."""
        with Vertical(id="drift-screen"):
            yield Lines(id="drift-head", classes="standing")
            with Container(id="drift-board"):
                yield ListRows("Differences", empty="Comparing ...", id="difference-list")
                yield Panel("Digest", id="difference")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        self.query_one("#difference", Panel).can_focus = True
        self.query_one("#difference-list").focus()

    def reload(self) -> None:
        """Draw what is known; measure only if it was never measured."""
        if not self.console.readiness.drift.was_asked:
            self.measure_again()
        self.show_readiness()

    def measure_again(self) -> None:
        """Compare again."""
        self.console.readiness.measure_drift()

    def show_status(self, _status: "Status") -> None:
        """Draw the ages again."""
        self.show_readiness()

    def show_readiness(self) -> None:
        """Draw the newest answer; equal lines are not drawn again."""
        if not can_draw(self):
            return
        answers, now = self.console.readiness.drift, self.console.clock()
        report, full = answers.answer, self.console.full_command
        moved_at = self.console.readiness.moved_since(answers)
        self.query_one("#drift-head", Lines).show(
            words.standing(report, answers.failure, answers.failed_at, now, full, moved_at)
        )
        rows = self.query_one("#difference-list", ListRows)
        empty = words.empty(report, failed=answers.failure is not None)
        rows.show_rows(words.difference_rows(report), empty=empty)
        rows.retitle(words.list_title(report, answers.asking))
        self._draw_difference()

    @on(Rows.Moved, "#difference-list")
    def _draw_difference(self) -> None:
        report, panel = self.console.readiness.drift.answer, self.query_one("#difference", Panel)
        index = self.query_one("#difference-list", ListRows).chosen
        panel.display = report is not None
        if report is None:
            return
        if index is not None:
            panel.title = words.difference_title(index, report)
            difference = report.differences[index]
            panel.show_wrapped(lambda width: words.difference(difference, width))
        else:
            panel.title = "Digest of all that was compared"
            panel.show_wrapped(lambda width: words.digests(report, width))

    def copied(self) -> Copied | None:
        """Copy the SQL that repairs the chosen difference, to be read and run by the administrator."""
        report, index = self.console.readiness.drift.answer, self.query_one("#difference-list", ListRows).chosen
        if report is None or index is None or not report.differences[index].repair:
            return super().copied()
        difference = report.differences[index]
        repair = "\n".join(str(statement) for statement in difference.repair)
        return Copied(f"the SQL that repairs {difference.subject}", repair, "cutter-console drift")

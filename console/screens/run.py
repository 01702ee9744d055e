"""Run: all runs, the phases of one with their evidence, live progress, and the legal moves."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from console.actions import Action, Scope
from console.backend.runs.states import Move
from console.backend.views import Danger, Progress, RunSummary, RunView
from console.screens import run_text as words
from console.screens.base import ConsoleScreen
from console.screens.danger import ask_and_do
from console.screens.operation import Operation
from console.widgets.panel import Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.facade import Backend, OnProgress
    from console.backend.readiness import ReportView
    from console.backend.views import ApprovalView

LIST_LIMIT = 500
"""Runs shown; the title says when there are more."""

_EMPTY = "No run yet. Plan a document (2) and start one."

_MOVES: dict[str, frozenset[Move]] = {
    "go_on": frozenset({Move.CONTINUE}),
    "draft": frozenset({Move.IMPORT_SG_1, Move.IMPORT_SG_2}),
    "arm": frozenset({Move.ARM}),
    "enact": frozenset({Move.ENACT}),
    "revert": frozenset({Move.REVERT}),
    "void": frozenset({Move.VOID}),
    "report": frozenset({Move.REPORT}),
}


class RunScreen(ConsoleScreen):
    """The list of runs, and one of them in whole."""

    CSS_PATH = ["rows.tcss", "run.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.RUN
    TITLE_WORD: ClassVar[str] = "Run"
    HELP_TEXT: ClassVar[str] = (
        "A run passes eleven phases and rests twice, for SG_1 and for SG_2. Each phase ends in COMMIT or ROLLBACK. "
        "What is legal now stands at the top with its key; nothing else is offered. An interrupted run goes on only "
        "by your hand: read first what the database says of it. Tab goes from the runs to the phases and the evidence."
    )

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[RunSummary, ...] = ()
        self._chosen = ""
        self.run_view: RunView | None = None
        self._progress: Progress | None = None

    def body(self) -> ComposeResult:
        """The list; the head, phases and evidence of the chosen one."""
        with Vertical(id="run-screen"):
            yield Rows("Runs", empty="Reading the runs ...", id="runs")
            with Vertical(id="run-detail"):
                yield Panel("Run", id="run-head")
                with Horizontal(id="run-phases"):
                    yield Rows("Phases", empty="No run is chosen.", id="phases")
                    yield Panel("Evidence", id="evidence")

    def opened(self) -> None:
        """The list has the keys."""
        super().opened()
        self.query_one("#evidence", Panel).can_focus = True
        self.query_one("#runs").focus()

    def not_read(self) -> None:
        """What was read before stays; where nothing was, that is said."""
        self.query_one("#runs", Rows).say_empty("NOT KNOWN: the runs could not be read.")

    def reload(self) -> None:
        """The list, then the chosen run."""
        self.ask("Reading the runs", lambda backend: backend.runs(), self._loaded)

    def _loaded(self, runs: tuple[RunSummary, ...]) -> None:
        self._runs = runs[:LIST_LIMIT]
        rows = self.query_one("#runs", Rows)
        rows.show(tuple(words.run_row(run) for run in self._runs), empty=_EMPTY)
        rows.retitle(words.runs_title(len(runs), LIST_LIMIT))
        # The run that was asked for stays chosen, also when a second list comes before the run itself was read.
        self._chosen = self.console.wanted_run or self._chosen
        index = next((i for i, run in enumerate(self._runs) if run.run_id == self._chosen), rows.cursor)
        self.console.wanted_run = ""
        rows.set_reactive(Rows.cursor, min(index, max(len(self._runs) - 1, 0)))
        rows.refresh()
        self._read_chosen()

    @on(Rows.Moved, "#runs")
    def _another_run(self) -> None:
        self._read_chosen()

    def _read_chosen(self) -> None:
        index = self.query_one("#runs", Rows).cursor
        if index < len(self._runs):
            run_id = self._chosen = self._runs[index].run_id
            self.ask(f"Reading {run_id}", lambda backend: backend.run(run_id), self.draw_run)

    def draw_run(self, run: RunView) -> None:
        """Show this run, unless the cursor has gone on in the meantime."""
        index = self.query_one("#runs", Rows).cursor
        if index < len(self._runs) and self._runs[index].run_id != run.run_id:
            return
        before = self.run_view
        another = before is None or (before.run_id, before.state) != (run.run_id, run.state)
        self.run_view = run
        head = self.query_one("#run-head", Panel)
        head.title = words.head_title(run)
        head.show(words.head(run, self.console.clock(), self.shown_actions()))
        phases = self.query_one("#phases", Rows)
        phases.show(tuple(words.phase_row(view, run) for view in run.phases))
        if another:
            phases.set_reactive(Rows.cursor, words.phase_to_look_at(run))
            phases.scroll_to(y=max(0, words.phase_to_look_at(run) - 5), animate=False, force=True)
            phases.refresh()
        self._show_evidence()
        self.draw_frame()

    @on(Rows.Moved, "#phases")
    def _show_evidence(self) -> None:
        run = self.run_view
        index = self.query_one("#phases", Rows).cursor
        if run is None or index >= len(run.phases):
            return
        panel = self.query_one("#evidence", Panel)
        panel.title = f"Evidence: {run.phases[index].phase.value}"
        panel.show(words.evidence(run.phases[index], run))

    def show_progress(self, progress: Progress) -> None:
        """The phases move while the run does."""
        if self._progress is None or self._progress.phase is not progress.phase:
            self.reload()
        self._progress = progress

    def shown_actions(self) -> tuple[Action, ...]:
        """Exactly the legal moves."""
        if self.run_view is None:
            return ()
        legal = set(self.run_view.moves)
        return tuple(a for a in self.console_actions() if legal & _MOVES.get(a.name, frozenset()))

    def _legal(self, name: str) -> RunView | None:
        if self.run_view is None:
            self.cannot("No run is chosen.", "Choose one in the list")
        elif not set(self.run_view.moves) & _MOVES[name]:
            moves = ", ".join(move.value for move in self.run_view.moves) or "none"
            self.cannot(f"Not legal from {self.run_view.state.name}.", f"Legal here: {moves}")
        else:
            return self.run_view
        return None

    def action_go_on(self) -> None:
        """The next legal phase."""
        if (run := self._legal("go_on")) is None:
            return
        run_id = run.run_id

        def call(backend: "Backend", progress: "OnProgress") -> RunView:
            return backend.resume(run_id, progress)

        self.console.operate(Operation(f"Going on with {run_id}", call, lambda r: f"{r.run_id} is now {r.state.name}."))

    def action_draft(self) -> None:
        """Draft the statement, then show it."""
        if (run := self._legal("draft")) is None:
            return
        run_id = run.run_id

        def call(backend: "Backend", _progress: "OnProgress") -> "ApprovalView":
            return backend.draft_statement(run_id)

        def done(view: "ApprovalView") -> str:
            self.console.wanted_statement = view.statement_sha256
            self.console.action_approvals()
            return f"{view.kind} statement drafted: {view.statement_path}"

        self.console.operate(Operation(f"Drafting the statement of {run_id}", call, done))

    def action_report(self) -> None:
        """Write the thirteen documents."""
        if (run := self._legal("report")) is None:
            return
        run_id = run.run_id

        def call(backend: "Backend", _progress: "OnProgress") -> "ReportView":
            return backend.report(run_id)

        if_left = (
            "If you leave now, the reports are there whole or not at all; the run itself is not touched.",
            f"To write them again: cutter-console report {run_id}",
        )
        self.console.operate(Operation(f"Writing the reports of {run_id}", call, words.report_done, if_left))

    def _danger(self, name: str, danger: Danger) -> None:
        if (run := self._legal(name)) is not None:
            ask_and_do(self.console, danger, run.run_id)

    def action_arm(self) -> None:
        """Arm the switch for this run."""
        self._danger("arm", Danger.ARM)

    def action_enact(self) -> None:
        """Enact the draft units."""
        self._danger("enact", Danger.ENACT)

    def action_revert(self) -> None:
        """Revert the draft cut."""
        self._danger("revert", Danger.REVERT)

    def action_void(self) -> None:
        """Void the run."""
        self._danger("void", Danger.VOID)

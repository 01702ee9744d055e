"""Run: all runs, the phases of one with their evidence, live progress, and the allowed moves."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import keys_alone, told, with_keys
from console.backend.model.states import Phase, state_in_words
from console.backend.model.view_models import Danger, PhaseView, Progress, RunSummary, RunView, StepView, SwitchState
from console.screens import run_text as words
from console.screens.approvals_text import drafted
from console.screens.base import ConsoleScreen
from console.screens.copying import Copied
from console.screens.custody_dialogs import ask_accept, ask_hand_over
from console.screens.danger import ask_and_do
from console.screens.drawable import can_draw
from console.screens.operation import Operation
from console.screens.under_hold import allowed_in_words, split_by_hold
from console.widgets.list_rows import ListRows
from console.widgets.notice import Notice
from console.widgets.panel import Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.confirmations import RunDanger
    from console.backend.model.outcome import Check
    from console.backend.model.readiness import ReportView
    from console.backend.model.view_models import ApprovalView, OnProgress, Status, SwitchView

_EMPTY = "No run yet. Plan a document (<documents>) and start one."
_NONE_CHOSEN = "No run is chosen."


class RunScreen(ConsoleScreen):
    """The list of runs, and one of them in full."""

    CSS_PATH = ["rows.tcss", "run.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.RUN
    TITLE_WORD: ClassVar[str] = "Run"
    HELP_TEXT: ClassVar[str] = (
        f"A run passes {len(Phase)} phases and rests twice, at pause 1 for SG_1 and at pause 2 for SG_2. Each phase ends in COMMIT or "
        "ROLLBACK.\n\n"
        "What is allowed now stands at the top with its key.\n"
        "An interrupted run never continues by itself: read first what the database says of it.\n\n"
        "Tab goes from the runs to the phases and the evidence.\n"
        "<run_list> gives the whole screen to the list, with when, who and what waits; <find> filters it by "
        "any word, or by state:, document:, mode:, who:, when: and waits:, as in state:failed or "
        "!document:TEST; Enter opens the chosen run."
    )

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[RunSummary, ...] = ()
        self._chosen = ""
        self._rows = words.RunRows()
        self._is_list = False
        """True while the list has the whole screen."""
        self.run_view: RunView | None = None
        self._progress: Progress | None = None
        self._shown_phases: tuple[PhaseView | StepView, ...] = ()
        self._bundle = ""
        """The file of a bundle that was named last."""

    def body(self) -> ComposeResult:
        """Compose the list, and head, phases and evidence of the chosen run."""
        with Vertical(id="run-screen"):
            yield ListRows("Runs", empty="Reading the runs ...", id="runs")
            with Vertical(id="run-detail"):
                yield Panel("Run", id="run-head")
                with Horizontal(id="run-phases"):
                    yield ListRows("Phases", empty="Reading the runs ...", id="phases")
                    yield Panel("Evidence", id="evidence")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        self.query_one("#evidence", Panel).can_focus = True
        self.query_one("#runs").focus()

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self.query_one("#runs", Rows).say_empty("NOT KNOWN: the runs could not be read.")
        self.query_one("#phases", Rows).say_empty("NOT KNOWN: the run could not be read.")
        self._retitle()

    def _retitle(self) -> None:
        self.query_one("#runs", Rows).retitle(f"Runs{self.number_of_list(len(self._runs))}{self.age_of_list()}")

    def reload(self) -> None:
        """Read the list, then the chosen run."""
        self.ask_in_turn("Reading the runs", lambda backend: backend.runs(), self._loaded)

    def _loaded(self, runs: tuple[RunSummary, ...]) -> None:
        self._runs = runs
        self._draw_list()
        self._retitle()
        # The run that was asked for stays chosen, also when a second list comes before the run itself was read.
        wanted = self.console.wanted_run
        self._chosen = wanted or self._chosen or self._waiting_run()
        self.query_one("#runs", ListRows).choose(self._chosen, reveal=bool(wanted))
        self.console.wanted_run = ""
        if wanted and self._is_list:
            self.action_run_list()
        self._read_chosen()

    def _draw_list(self) -> None:
        status, now = self.console.status, self.console.clock()
        waits = {str(wait.run_id): str(wait.waits_for) for wait in status.waiting} if status is not None else {}
        is_armed = status is not None and status.switch.state is SwitchState.ARMED
        armed = str(status.switch.run_id) if status is not None and is_armed else ""
        rows = self._rows.rows(self._runs, waits, armed, now, in_full=self.has_class("-wide"))
        self.query_one("#runs", ListRows).show_rows(rows, empty=told(_EMPTY))

    def on_resize(self) -> None:
        """Draw the rows of the list for the new width."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        if can_draw(self) and self._runs:
            self._draw_list()

    def action_run_list(self) -> None:
        """Give the whole screen to the list, or show the chosen run again."""
        self._is_list = not self._is_list
        self.query_one("#run-screen").set_class(self._is_list, "-list")
        self._draw_head()
        self.query_one("#runs").focus()
        self.draw_frame()

    @on(Rows.Chosen, "#runs")
    def _open_run(self) -> None:
        if self._is_list:
            self.action_run_list()
        self.query_one("#phases").focus()

    @property
    def has_step_back(self) -> bool:
        """True while the list has the whole screen."""
        return self._is_list

    def go_back(self) -> bool:
        """Go back from the list to the chosen run."""
        if not self.has_step_back:
            return False
        self.action_run_list()
        return True

    def copied(self) -> Copied | None:
        """Copy the id of the chosen run; of a phase its row, of the evidence its text."""
        run_id = self.query_one("#runs", ListRows).key
        if run_id and self.focused in {None, self.query_one("#runs")}:
            return Copied(f"the run id {run_id}", run_id, f"cutter-console run show {run_id}")
        return super().copied()

    def _waiting_run(self) -> str:
        """Return the first run that waits, or the current one, to begin with. Overview leads to the one that it names."""
        status = self.console.status
        if status is None:
            return ""
        waiting = [str(wait.run_id) for wait in status.waiting if wait.run_id]
        current = [str(status.current_run.run_id)] if status.current_run is not None else []
        return next(iter((*waiting, *current)), "")

    @on(Rows.Moved, "#runs")
    def _another_run(self) -> None:
        self._read_chosen()

    def _read_chosen(self) -> None:
        run_id = self.query_one("#runs", ListRows).key
        self.query_one("#phases", Rows).say_empty(f"Reading {run_id} ..." if run_id else _NONE_CHOSEN)
        if run_id:
            self._chosen = run_id
            self.ask_in_turn(f"Reading {run_id}", lambda backend: backend.run(run_id), self.draw_run, self._read_chosen)

    def draw_run(self, run: RunView) -> None:
        """Draw this run, unless the cursor has moved to another one."""
        chosen = self.query_one("#runs", ListRows).key
        if chosen and chosen != run.run_id:
            return
        before = self.run_view
        another = before is None or (before.run_id, before.state, before.at_work) != (
            run.run_id,
            run.state,
            run.at_work,
        )
        self.run_view = run
        head = self.query_one("#run-head", Panel)
        head.title = words.head_title(run)
        self._draw_head()
        phases = self.query_one("#phases", ListRows)
        self._shown_phases = run.shown_phases
        if before is not None and before.run_id != run.run_id:
            phases.narrow("")
        phases.retitle("Steps" if run.steps else "Phases")
        phases.show_rows(words.phase_rows(run))
        if another:
            phases.set_reactive(Rows.cursor, words.phase_to_look_at(run))
            # Some of those before it are shown too, as far as there is room: a short screen has two rows or three.
            above = min(5, max(phases.size.height - 1, 0))
            phases.scroll_to(y=max(0, words.phase_to_look_at(run) - above), animate=False, force=True)
            phases.refresh()
        self._show_evidence()
        self.draw_frame()

    def _draw_head(self) -> None:
        run = self.run_view
        if run is None:
            return
        head = self.query_one("#run-head", Panel)
        waits_for = with_keys(str(run.waits_for), self.console.registry, self.SCOPE)
        waits_for = keys_alone(waits_for) if self.has_class("-short") else waits_for
        run = run.model_copy(update={"waits_for": self.console.full_command(waits_for)})
        lines = words.head(
            run,
            self.console.clock(),
            self._legal(),
            self._switch,
            is_out_of_reach=self._is_out_of_reach,
            busy=self._busy,
        )
        summary = next((each for each in self._runs if each.run_id == run.run_id), None)
        if self._is_list and summary is not None:
            lines.insert(1, words.started(summary, self.console.clock()))
        head.show(lines)

    @property
    def _switch(self) -> "SwitchView | None":
        """The switch as it is; None while that is not known: an old measurement must not say that it is armed."""
        status = self.console.status
        return status.switch if status is not None and self.console.current else None

    @on(Rows.Moved, "#phases")
    def _show_evidence(self) -> None:
        run = self.run_view
        if run is None:
            return
        index, panel = self.query_one("#phases", ListRows).chosen, self.query_one("#evidence", Panel)
        if index is None:
            panel.title = "Evidence"
            panel.show([])
        elif index < len(self._shown_phases):
            panel.title = f"Evidence: {words.name_of(self._shown_phases[index])}"
            panel.show(words.evidence(self._shown_phases[index], run))
        else:
            panel.title = "How it ended"
            panel.show(words.how_it_ended(run))

    def show_status(self, status: "Status") -> None:
        """Read again what is shown: another console may have changed it."""
        self._draw_head()
        self._retitle()
        # During an operation its progress reads the run; without an answer there is nothing to compare.
        if self.console.operation is None and self.console.current and status.target is not None:
            self.reload()

    def show_progress(self, progress: Progress) -> None:
        """Read the run again when another phase begins."""
        if self._progress is None or self._progress.phase is not progress.phase:
            self.reload()
        self._progress = progress

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the moves that are accepted now, which those are not that wait for the release of a HOLD, and what only looks."""
        looks = {"run_list"} if self._runs else set()
        if self._chosen:
            looks |= {"journal_of_run", "report_of_run"}
        if self.run_view is not None and self.run_view.can_hand_over:
            looks.add("hand_over")
        if self._is_list or not self._runs:
            looks.add("accept_run")
        if self._is_out_of_reach:
            # What is shown is of before, and each of these asks the database first.
            looks -= {"hand_over", "accept_run"}
        legal = self._legal()
        looks -= {action.name for action in legal}
        free, _waiting = split_by_hold(legal, self._switch)
        return (*free, *(action for action in self.console_actions() if action.name in looks))

    @property
    def _is_out_of_reach(self) -> bool:
        """True if the last measurement did not reach the database."""
        status = self.console.status
        return not self.console.current or (status is not None and status.target is None)

    @property
    def _busy(self) -> str:
        """Name of the work that is under way, of this console or with the run that is shown; empty if none is."""
        working, run = self.console.operation, self.run_view
        if working is not None:
            phase = self._progress.phase if self._progress is not None else None
            return phase.value if phase is not None else working.doing
        return str(run.at_work) if run is not None else ""

    def _legal(self) -> tuple[Action, ...]:
        # What was legal before is refused until the database is reached again, and while something is under way.
        if self.run_view is None or self._is_out_of_reach or self._busy:
            return ()
        return self._legal_of(self.run_view)

    def _legal_of(self, run: RunView) -> tuple[Action, ...]:
        moves = set(run.moves)
        accepts = tuple(a for a in self.console_actions() if run.is_unaccepted and a.name == "accept_run")
        return (*accepts, *(a for a in self.console_actions() if moves & words.MOVES.get(a.name, frozenset())))

    def _need_chosen(self) -> str:
        """Return the id of the chosen run; without one, or while another is asked for, say so and return an empty text."""
        if self.console.wanted_run:
            # The run that was asked for is not in the list yet: the key is not for the one before it.
            self.cannot_yet()
            return ""
        if not self._chosen:
            self.cannot(_NONE_CHOSEN, "Choose one in the list")
        return self._chosen

    def _need_run(self) -> RunView | None:
        """Return the chosen run; say so, and return None, if there is none or it is not read yet."""
        chosen = self._need_chosen()
        if chosen and self._chosen_run is None:
            self.cannot_yet()
        return self._chosen_run if chosen else None

    @property
    def _chosen_run(self) -> RunView | None:
        """The chosen run as it was read last; None while what is drawn is still the one before it."""
        run = self.run_view
        return run if run is not None and run.run_id == self._chosen else None

    def _if_legal(self, name: str, then: Callable[[RunView], None]) -> None:
        """Read the run again and act only if its state now allows it, whatever the screen shows."""
        shown = self._need_run()
        if shown is None:
            return
        run_id = shown.run_id

        def judge(run: RunView) -> None:
            self.draw_run(run)
            # Another console, or the command line, may have moved the run on since it was drawn.
            if run.at_work:
                self.cannot(f"Not allowed while {run.at_work} of {run_id} is under way.", "Wait for its end")
            elif not set(run.moves) & words.MOVES[name]:
                allowed = allowed_in_words(self._legal_of(run), self._switch)
                self.cannot(f"Not allowed while the run is {state_in_words(run.state.name)}.", allowed)
            elif self.app.screen is self:
                then(run)
            else:  # The operator has gone elsewhere while the run was read.
                self.not_done(f"{name.replace('_', ' ').capitalize()} of {run_id}")

        self.ask(f"Reading {run_id}", lambda backend: backend.run(run_id), judge)

    def action_go_on(self) -> None:
        """Resume the run."""
        self._if_legal("go_on", self._go_on)

    def _go_on(self, run: RunView) -> None:
        run_id = run.run_id

        def call(backend: "Backend", progress: "OnProgress") -> RunView:
            return backend.resume(run_id, progress)

        self.console.operate(Operation(f"Resuming {run_id}", call, words.came_to))

    def action_settle(self) -> None:
        """Ask again for the outcome of a COMMIT whose answer was lost."""
        self._if_legal("settle", self._settle)

    def _settle(self, run: RunView) -> None:
        run_id = run.run_id

        def call(backend: "Backend", _progress: "OnProgress") -> RunView:
            return backend.settle(run_id)

        self.console.operate(Operation(f"Asking what {run_id} has committed", call, words.settled))

    def action_replan(self) -> None:
        """Plan the run again for the server at hand."""
        self._if_legal("replan", self._replan)

    def _replan(self, run: RunView) -> None:
        run_id = run.run_id

        def call(backend: "Backend", progress: "OnProgress") -> RunView:
            return backend.replan(run_id, progress)

        self.console.operate(Operation(f"Planning {run_id} again", call, words.came_to))

    def action_verify_again(self) -> None:
        """Verify the drafts again on the server at hand."""
        self._if_legal("verify_again", self._verify_again)

    def _verify_again(self, run: RunView) -> None:
        run_id = run.run_id

        def call(backend: "Backend", _progress: "OnProgress") -> "tuple[Check, ...]":
            return backend.verify(run_id)

        self.console.operate(Operation(f"Verifying {run_id} again", call, words.verified_again))

    def action_draft(self) -> None:
        """Draft the statement, then show it."""
        self._if_legal("draft", self._draft)

    def _draft(self, run: RunView) -> None:
        run_id = run.run_id

        def call(backend: "Backend", _progress: "OnProgress") -> "ApprovalView":
            return backend.draft_statement(run_id)

        def done(view: "ApprovalView") -> Notice:
            self.console.show_statement(view.statement_sha256)
            return drafted(view)

        self.console.operate(Operation(f"Drafting the statement of {run_id}", call, done))

    def action_journal_of_run(self) -> None:
        """Show the journal of the chosen run."""
        if run_id := self._need_chosen():
            self.console.show_journal(run_id)

    def action_report_of_run(self) -> None:
        """Show the newest report of the chosen run."""
        if run_id := self._need_chosen():
            self.console.show_report(run_id)

    def action_report(self) -> None:
        """Write the run's reports."""
        self._if_legal("report", self._report)

    def _report(self, run: RunView) -> None:
        run_id = run.run_id

        def call(backend: "Backend", _progress: "OnProgress") -> "ReportView":
            return backend.report(run_id)

        if_left = (
            "If you leave now, the reports are written whole or not at all; the run is not changed.",
            f"To write them again: cutter-console report {run_id}",
        )
        self.console.operate(Operation(f"Writing the reports of {run_id}", call, words.report_done, if_left))

    def _danger(self, name: str, danger: "RunDanger") -> None:
        self._if_legal(name, lambda run: ask_and_do(self.console, danger, run.run_id))

    def action_arm(self) -> None:
        """Arm the switch for this run."""
        self._danger("arm", Danger.ARM)

    def action_enact(self) -> None:
        """Enact what SG_2 rules: drafts become law, or a document is repealed."""
        self._danger("enact", Danger.ENACT)

    def action_revert(self) -> None:
        """Revert the draft cut."""
        self._danger("revert", Danger.REVERT)

    def action_void(self) -> None:
        """Void the run."""
        self._danger("void", Danger.VOID)

    def action_take_over(self) -> None:
        """Hold a run of another console, whose host is gone."""
        self._danger("take_over", Danger.TAKE_OVER)

    def _remember_bundle(self, typed: str) -> None:
        self._bundle = typed

    def action_hand_over(self) -> None:
        """Hand the chosen run over to another host."""
        run = self._need_run()
        if run is not None:
            # Whether it can be is measured behind the file, and said check by check.
            ask_hand_over(self.console, run.run_id, self._bundle, self._remember_bundle)

    def action_accept_run(self) -> None:
        """Accept a run that was handed over."""
        # Of a run that was asked for and is not read yet no bundle is known, and that of the one before is not offered.
        run = None if self.console.wanted_run else self._chosen_run
        named = str(run.bundle) if run is not None and run.is_unaccepted and not self._is_list else ""
        ask_accept(self.console, named or self._bundle, self._remember_bundle)

    def action_apply_edit(self) -> None:
        """Write what the run of an edit has planned."""
        self._danger("apply_edit", Danger.APPLY)

    def action_drafts_of_run(self) -> None:
        """Show the drafts of the run, of which each can be edited."""
        self._if_legal("drafts_of_run", lambda run: self.console.show_drafts(run.docprefix))

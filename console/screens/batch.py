"""Batch: all batches, one of them with its documents, its progress and its moves, and a folder that is planned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.timer import Timer

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import key_of, told
from console.backend.model.batches import (
    BatchMove,
    BatchPlan,
    BatchSource,
    BatchView,
    MemberView,
    OnFailure,
)
from console.backend.model.profile_names import DEFAULT_PROFILE
from console.backend.model.states import Mode
from console.backend.model.view_models import Danger, Progress
from console.screens import batch_text as words
from console.screens.approvals_text import drafted
from console.screens.base import ConsoleScreen
from console.screens.batch_dialogs import PlanFolderDialog, StartBatchDialog, WithoutDialog
from console.screens.batch_feed import BatchFeed, batch_if_left
from console.screens.copying import Copied
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
    from console.backend.model.readiness import ReportView
    from console.backend.model.view_models import ApprovalView, OnProgress, Status, SwitchView

LIST_LIMIT = 50
"""Number of batches that are read and shown, the newest first; the title says if there are more."""

_HOW_TO_PLAN = "Plan a folder of documents: <batch_plan>."
_PLAN_ACTIONS = frozenset({"batch_dry", "batch_live", "batch_list"})


@dataclass(frozen=True, slots=True)
class _Planned:
    """A folder as it was planned."""

    source: BatchSource
    plan: BatchPlan


class BatchScreen(ConsoleScreen):
    """The list of batches, and one of them in full; in their place, a folder that is planned."""

    CSS_PATH = ["rows.tcss", "batch.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.BATCH
    TITLE_WORD: ClassVar[str] = "Batch"
    HELP_TEXT: ClassVar[str] = (
        "A batch takes many documents to law under one ruling each way: one backup, one SG_1, one lease, one "
        "SG_2.\n\n"
        "Each document is a run of its own, cut and enacted whole or not at all; Tab goes to the documents, "
        "Enter shows the run of one, with its moves.\n\n"
        "What is allowed now stands in the head with its key.\n"
        "Progress, rate and remaining time are those of the process that works on the batch, this console or "
        "another.\n"
        "A batch that was interrupted never continues by itself.\n\n"
        "<batch_plan> plans a folder: <batch_dry> starts dry runs, without which nothing is armed, and "
        "<batch_live> a LIVE batch."
    )

    def __init__(self) -> None:
        super().__init__()
        self._batches: tuple[BatchView, ...] = ()
        self._chosen = ""
        self._planned: _Planned | None = None
        self._most: int | None = LIST_LIMIT
        self._source: BatchSource | None = None
        """The folder that was named last."""
        self._countdown: Timer | None = None

    def body(self) -> ComposeResult:
        """Compose the list, and head and documents of the chosen batch."""
        with Vertical(id="batch-screen"):
            yield ListRows("Batches", empty="Reading the batches ...", id="batches")
            yield Panel("Batch", id="batch-head")
            with Container(id="batch-documents"):
                yield ListRows("Documents", empty="No batch is chosen.", id="members")
                yield Panel("Document", id="member")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        self.query_one("#member", Panel).can_focus = True
        self.query_one("#batches").focus()

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self.query_one("#batches", Rows).say_empty("NOT KNOWN: the batches could not be read.")
        self._retitle()

    def _retitle(self) -> None:
        title = words.batches_title(len(self._batches), self._most) if self.read_at is not None else "Batches"
        self.query_one("#batches", Rows).retitle(title + self.age_of_list())

    def reload(self) -> None:
        """Read the batches."""
        most = None if self._most is None else self._most + 1
        self.ask_in_turn("Reading the batches", lambda backend: backend.batches(most), self._loaded)

    def _loaded(self, batches: tuple[BatchView, ...]) -> None:
        self._batches = batches
        self._retitle()
        wanted = self.console.wanted_batch
        self._chosen = wanted or self._chosen or self._waiting_batch()
        self.console.wanted_batch = ""
        self._draw_list()
        self.query_one("#batches", ListRows).choose(self._chosen, reveal=bool(wanted))
        self._draw_chosen()

    @property
    def _shown(self) -> tuple[BatchView, ...]:
        return self._batches[: self._most]

    def _draw_list(self) -> None:
        wide = self.has_class("-wide")
        can_plan = self.console.registry.named("batch_plan") is not None
        empty = f"No batch yet. {told(_HOW_TO_PLAN)}" if can_plan else "No batch yet."
        self.query_one("#batches", ListRows).show_rows(words.batch_rows(self._shown, wide=wide), empty=empty)

    def _waiting_batch(self) -> str:
        """Return the first batch that somebody works on, or that waits for a step."""
        open_batches = (view for view in self._shown if view.at_work or (view.moves and not view.is_over))
        return next((view.batch_id for view in open_batches), "")

    @property
    def chosen(self) -> BatchView | None:
        """The batch under the cursor; None while a planned folder is shown in its place."""
        index = self.query_one("#batches", ListRows).chosen
        return self._shown[index] if self._planned is None and index is not None else None

    @on(Rows.Moved, "#batches")
    def _another_batch(self) -> None:
        view = self.chosen
        self._chosen = view.batch_id if view is not None else ""
        self._draw_chosen()

    @on(Rows.Chosen, "#batches")
    def _to_members(self) -> None:
        self.query_one("#members").focus()

    def _draw_chosen(self) -> None:
        """Draw head and documents of the chosen batch, or of the planned folder."""
        self._draw_head()
        members, view = self.query_one("#members", ListRows), self.chosen
        if self._planned is not None:
            members.retitle(words.plan_title(self._planned.plan))
            members.show_rows(words.planned_rows(self._planned.plan))
        elif view is not None:
            members.retitle(f"Documents, units, state: {len(view.members):,}")
            members.show_rows(words.member_rows(view, wide=self.has_class("-wide")), empty="No document is known.")
        else:
            members.retitle("Documents")
            members.show_rows((), empty="No batch is chosen.")
        self._draw_member()
        self._count_down(ticks=view is not None and (view.armed_until is not None or view.progress is not None))
        self.draw_frame()

    def _draw_head(self) -> None:
        head, view, planned = self.query_one("#batch-head", Panel), self.chosen, self._planned
        full = self.console.full_command
        if planned is not None:
            head.title = "A planned folder"
            head.show_wrapped(lambda width: words.plan_head(planned.source, planned.plan, full, width))
        elif view is not None:
            head.title = view.batch_id
            now, actions, switch = self.console.clock(), self._legal(view), self._switch
            head.show_wrapped(lambda width: words.head(view, now, actions, full, width, switch))
        else:
            head.title = "Batch"
            head.show([])

    @property
    def _switch(self) -> "SwitchView | None":
        """The switch as it is; None while that is not known."""
        status = self.console.status
        return status.switch if status is not None and self.console.current else None

    @on(Rows.Moved, "#members")
    def _draw_member(self) -> None:
        panel, view, planned = self.query_one("#member", Panel), self.chosen, self._planned
        index, full = self.query_one("#members", ListRows).chosen, self.console.full_command
        has_reason = False
        if planned is not None and index is not None:
            document = planned.plan.documents[index]
            panel.title, has_reason = document.docprefix, bool(document.detail)
            panel.show_wrapped(lambda width: words.planned_detail(document, width))
        elif view is not None and index is not None:
            member = view.members[index]
            panel.title, has_reason = member.docprefix, words.has_reason(member)
            panel.show_wrapped(lambda width: words.member_detail(member, view, full, width))
        else:
            panel.title = "Document"
            panel.show([])
        panel.set_class(has_reason, "-reason")

    def _count_down(self, *, ticks: bool) -> None:
        """Start or stop the clock, which ticks only while something is counted down."""
        if ticks and self._countdown is None:
            self._countdown = self.set_interval(1.0, self._tick)
        elif not ticks and self._countdown is not None:
            self._countdown.stop()
            self._countdown = None

    def _tick(self) -> None:
        if self.is_current and can_draw(self):
            self._draw_head()

    def on_resize(self) -> None:
        """Draw rows and head for the new width."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        if can_draw(self) and (self._batches or self._planned is not None):
            self._draw_list()
            self._draw_chosen()

    def show_status(self, status: "Status") -> None:
        """Read again: another console, or a command, may have moved a batch on."""
        self._retitle()
        if self.console.current and status.target is not None:
            self.reload()

    def show_progress(self, progress: Progress) -> None:  # noqa: ARG002 - what a batch has come to is read from its record
        """Read again as the work of this console goes on."""
        self.reload()

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the moves of the chosen batch that are accepted now, without those that wait for the release of a HOLD.

        Of a planned folder, what can be done with it.
        """
        actions = self.console_actions()
        if self._planned is not None:
            refused = self._planned.plan.n_refused
            names = {"batch_plan", "batch_list"} if refused else {"batch_plan", *_PLAN_ACTIONS}
            return tuple(action for action in actions if action.name in names)
        view = self.chosen
        free, _waiting = split_by_hold(self._legal(view) if view is not None else (), self._switch)
        always = {"batch_plan"} | ({"batch_member"} if view is not None and view.members else set())
        if len(self._shown) < len(self._batches):
            always.add("batch_list")
        return tuple(action for action in actions if action.name in always or action in free)

    def _legal(self, view: BatchView) -> tuple[Action, ...]:
        return tuple(action for action in self.console_actions() if words.moves_of(action) & set(view.moves))

    # Moves of a batch

    def _if_legal(self, moves: frozenset[BatchMove], then: Callable[[BatchView], None]) -> None:
        """Read the batch again, and act only if it is as it was drawn and allows the move."""
        drawn = self.chosen
        if self.console.wanted_batch:
            self.cannot_yet()
            return
        if drawn is None:
            self.cannot(
                "No batch is chosen.",
                told("Choose one in the list (<batch_list> leads back to it), or plan a folder: <batch_plan>"),
            )
            return

        def judge(view: BatchView) -> None:
            self._redraw(view)
            if view.at_work:
                wait = told("Wait until it has ended, or stop everything: <panic>")
                self.cannot("A process works on this batch: nothing else is done with it meanwhile.", wait)
            elif not moves & set(view.moves):
                allowed = allowed_in_words(self._legal(view), self._switch)
                self.cannot(f"Not allowed now; the batch: {view.phase}.", allowed)
            elif view.standing != drawn.standing:
                self.cannot(
                    f"The batch is not as it was drawn; now: {view.phase}.", "Look at it, then press the key again"
                )
            elif self.app.screen is self:
                then(view)
            else:  # The operator has gone elsewhere while the batch was read.
                self.not_done(f"The move of {drawn.batch_id}")

        self.ask_about(f"Reading {drawn.batch_id}", lambda backend: backend.batch(drawn.batch_id), judge)

    def _redraw(self, view: BatchView) -> None:
        self._batches = tuple(view if old.batch_id == view.batch_id else old for old in self._batches)
        self._draw_list()
        self._draw_chosen()

    def action_batch_go_on(self) -> None:
        """Resume the batch."""
        self._if_legal(frozenset({BatchMove.RESUME}), self._resume)

    def action_batch_without(self) -> None:
        """Ask, then go on without what fails."""

        def ask(view: BatchView) -> None:
            def answered(yes: bool | None) -> None:
                if yes:
                    self._go_on_without(view)

            self.console.open_dialog(WithoutDialog(view), answered)

        self._if_legal(frozenset({BatchMove.SET_ASIDE}), ask)

    def _resume(self, view: BatchView) -> None:
        batch_id, seen = view.batch_id, view.standing

        def call(backend: "Backend", progress: "OnProgress") -> BatchView:
            feed = BatchFeed(progress)
            return backend.resume_batch(batch_id, None, feed.on_batch, feed.on_progress, seen)

        self.console.operate(Operation(f"Resuming {batch_id}", call, words.came_to, batch_if_left()))

    def _go_on_without(self, view: BatchView) -> None:
        """Set aside what has failed, then resume, unless the batch has to be armed first."""
        batch_id, seen = view.batch_id, view.standing

        def call(backend: "Backend", progress: "OnProgress") -> BatchView:
            after = backend.set_aside(batch_id, seen)
            if BatchMove.RESUME not in after.moves:
                return after
            feed = BatchFeed(progress)
            return backend.resume_batch(batch_id, None, feed.on_batch, feed.on_progress, after.standing)

        self.console.operate(Operation(f"Going on with {batch_id}", call, words.came_to, batch_if_left()))

    def action_batch_draft(self) -> None:
        """Draft the statement over the batch, then show it."""
        self._if_legal(frozenset({BatchMove.DRAFT_SG_1, BatchMove.DRAFT_SG_2}), self._draft)

    def _draft(self, view: BatchView) -> None:
        batch_id = view.batch_id

        def call(backend: "Backend", _progress: "OnProgress") -> "ApprovalView":
            return backend.draft_statement(batch_id)

        def done(statement: "ApprovalView") -> Notice:
            self.console.show_statement(statement.statement_sha256)
            return drafted(statement)

        self.console.operate(Operation(f"Drafting the statement over {batch_id}", call, done))

    def action_batch_arm(self) -> None:
        """Arm the switch for this batch."""
        self._danger(BatchMove.ARM, Danger.ARM)

    def action_batch_enact(self) -> None:
        """Enact every verified document."""
        self._danger(BatchMove.ENACT, Danger.ENACT)

    def _danger(self, move: BatchMove, danger: "RunDanger") -> None:
        self._if_legal(frozenset({move}), lambda view: ask_and_do(self.console, danger, view.batch_id))

    def action_batch_report(self) -> None:
        """Write the report of the batch."""
        self._if_legal(frozenset({BatchMove.REPORT}), self._report)

    def _report(self, view: BatchView) -> None:
        batch_id = view.batch_id

        def call(backend: "Backend", _progress: "OnProgress") -> "ReportView":
            return backend.report_batch(batch_id)

        if_left = (
            "If you leave now, the report is written whole or not at all; the batch is not changed.",
            f"To write it again: cutter-console batch report {batch_id}",
        )
        self.console.operate(Operation(f"Writing the report of {batch_id}", call, words.report_done, if_left))

    # One document

    @on(Rows.Chosen, "#members")
    def _member_chosen(self) -> None:
        self.action_batch_member()

    @property
    def chosen_member(self) -> MemberView | None:
        """The document under the cursor of the chosen batch."""
        view, index = self.chosen, self.query_one("#members", ListRows).chosen
        return view.members[index] if view is not None and index is not None else None

    def copied(self) -> Copied | None:
        """Copy the id of the chosen batch, of its head the next command, of a document the id of its run."""
        view, member = self.chosen, self.chosen_member
        if isinstance(self.focused, Panel):
            return super().copied()
        if view is not None and self.focused is self.query_one("#batches"):
            return Copied(f"the batch id {view.batch_id}", view.batch_id)
        if member is not None and member.stage is not None:
            return Copied(f"the run id of {member.docprefix}", member.run_id)
        return super().copied()

    def action_batch_member(self) -> None:
        """Show the run of the chosen document on the Run screen."""
        member = self.chosen_member
        if member is None:
            self.cannot("No document of a batch is chosen.", "Choose a batch, then Tab to its documents")
        elif member.stage is None:
            self.cannot(
                f"No run was started for {member.docprefix}.", "Choose another document, or go on with the batch"
            )
        else:
            self.console.show_run(member.run_id)

    # A folder

    def action_batch_plan(self) -> None:
        """Ask for a folder, then plan it."""

        def answered(source: BatchSource | None) -> None:
            if source is not None:
                self._plan(source)

        before = self._planned.source if self._planned is not None else self._source
        self.console.open_dialog(PlanFolderDialog(before, DEFAULT_PROFILE), answered)

    def _plan(self, source: BatchSource) -> None:
        self._source = source

        def call(backend: "Backend", _progress: "OnProgress") -> BatchPlan:
            return backend.plan_batch(source)

        def done(plan: BatchPlan) -> Notice:
            self._planned = _Planned(source, plan)
            if can_draw(self):
                self._show_face()
            return Notice("done", f"{words.plan_title(plan)}. Nothing was written.")

        if_left = ("If you leave now, nothing is lost: planning writes nothing.",)
        self.console.operate(Operation(f"Planning {source.path}", call, done, if_left))

    def _show_face(self) -> None:
        self.query_one("#batches").display = self._planned is None
        members = self.query_one("#members", ListRows)
        members.narrow("")
        members.set_reactive(Rows.cursor, 0)
        self._draw_chosen()
        (members if self._planned is not None else self.query_one("#batches")).focus()

    def action_batch_list(self) -> None:
        """Go back to the list of batches; in the list, read all of them."""
        if self._planned is None:
            self._most = None
            self.reload()
            return
        self._planned = None
        self._show_face()

    def _startable(self) -> _Planned | None:
        planned = self._planned
        if planned is None:
            self.cannot("No folder is planned.", told("Press <batch_plan>, and name a folder or a queue file"))
        elif planned.plan.n_refused:
            refused = f"{planned.plan.n_refused:,} documents cannot be planned: no batch is started of them here."
            without = f"{words.start_command(planned.source)} --on-failure set-aside"
            self.cannot(refused, f"Correct them, then {key_of('batch_plan')}; or go on without them: {without}")
        else:
            return planned
        return None

    def action_batch_dry(self) -> None:
        """Start a dry run of each planned document."""
        planned = self._startable()
        if planned is not None:
            self._start(planned, Mode.DRYRUN)

    def action_batch_live(self) -> None:
        """Ask, then start a LIVE batch of what is planned."""
        planned = self._startable()
        if planned is None:
            return
        status = self.console.status

        def answered(yes: bool | None) -> None:
            if yes:
                self._start(planned, Mode.LIVE)

        target = status.target if status is not None else None
        self.console.open_dialog(StartBatchDialog(planned.source, planned.plan, target), answered)

    def _start(self, planned: _Planned, mode: Mode) -> None:
        source, seen = planned.source, planned.plan

        def call(backend: "Backend", progress: "OnProgress") -> BatchView:
            feed = BatchFeed(progress)
            return backend.start_planned_batch(source, seen, mode, OnFailure.STOP, feed.on_batch, feed.on_progress)

        def done(view: BatchView) -> str:
            self.console.wanted_batch = view.batch_id
            return words.came_to(view) + (
                told(" Next: <batch_live> starts the LIVE batch.") if mode is Mode.DRYRUN else ""
            )

        # After a dry run the plan stays: its LIVE batch is the next step. That one is watched in the list.
        if mode is Mode.LIVE:
            self.action_batch_list()
        self.console.operate(Operation(f"Starting a {mode.value} batch of {source.path}", call, done, batch_if_left()))

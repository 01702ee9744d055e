"""The dialogs of Batch: a folder to plan, a LIVE batch to start, documents that fail to be left out."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.actions.keys_in_force import told
from console.backend.model.batches import BatchPlan, BatchSource, BatchView
from console.backend.model.plan_binding import Target
from console.backend.model.safe_text import safe_text
from console.screens.batch_text import names
from console.screens.danger_text import target_words
from console.screens.dialog import Dialog
from console.widgets.field import Field
from console.widgets.formatting import plural
from console.widgets.line import Line, Span, line
from console.widgets.panel import Lines, Panel
from console.widgets.wrap import hanging
from console.widgets.yes_no import YesNo


class PlanFolderDialog(Dialog[BatchSource]):
    """A dialog that answers with the folder or queue file to plan, or None. Planning writes nothing, so Enter takes it."""

    WORDS: ClassVar[str] = "Plan a folder of documents"
    CANCEL: ClassVar[str] = "Cancel: plan nothing"
    AUTO_FOCUS = "#folder"
    FIELD: ClassVar[str] = "#folder"

    def __init__(self, before: BatchSource | None, profile: str) -> None:
        super().__init__()
        self._path = str(before.path) if before is not None else ""
        self._profile = before.profile if before is not None else profile
        self._ordinals = before.ordinals if before is not None else False

    def question(self) -> ComposeResult:
        """Compose the fields."""
        yield Lines(id="demand")
        yield Field(self._path, id="folder", placeholder="folder, or queue file .toml, on this host", compact=True)
        yield Field(self._profile, id="profile", placeholder="profile", compact=True)
        yield YesNo("repeated headings are numbered", "repeated headings are refused", id="ordinals")

    def opened(self) -> None:
        """Say what is planned, and how a queue differs from a folder."""
        super().opened()
        self.query_one("#ordinals", YesNo).value = self._ordinals
        self.body(
            [
                line("Every document below the folder is planned, and shown with its units. Nothing is written."),
                line("Its prefix is its file's name in capitals, all but letters and digits a hyphen."),
                line("A queue file (.toml) names prefix, profile and accept file of each document itself."),
            ]
        )
        self._demand("Folder, profile, ordinals:")

    def _demand(self, words: str) -> None:
        self.query_one("#demand", Lines).show([line(words)])

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(
            Span("Enter", "accent"), " plan   ", Span("Tab", "accent"), " field   ", Span("Space", "accent"),
            " yes or no   ", Span("Esc", "accent"), " no", *self.stop_hint(),
        )  # fmt: skip

    @on(Input.Submitted)
    def _plan(self, event: Input.Submitted) -> None:
        event.stop()
        typed = self.query_one("#folder", Input).value.strip()
        if not typed:
            self._demand("Type the path of a folder, or of a queue file.")
            return
        self.dismiss(
            BatchSource(
                path=Path(typed).expanduser().absolute(),
                profile=self.query_one("#profile", Input).value.strip() or self._profile,
                ordinals=self.query_one("#ordinals", YesNo).value,
            )
        )


class _Question(Dialog[bool]):
    """A dialog that answers True for yes, None for no. Enter and Esc are no."""

    TALL: ClassVar[bool] = True
    YES: ClassVar[str]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "yes", "Yes", show=False)]

    def opened(self) -> None:
        """Show what would be done."""
        super().opened()
        self.query_one("#dialog-body", Panel).show_wrapped(self.lines)

    def lines(self, width: int) -> list[Line]:
        """Return what is said before the question."""
        raise NotImplementedError

    def keys(self) -> Line:
        """Return the keys; the confirming one is not beside Enter or Esc."""
        return line(
            Span("Esc", "accent"), " no   ", Span("PgDn", "accent"), " more   ", Span("^Y", "bad"), f" {self.YES}",
            *self.stop_hint(),
        )  # fmt: skip

    def action_yes(self) -> None:
        """Answer yes."""
        self.dismiss(result=True)


class StartBatchDialog(_Question):
    """Asks before a LIVE batch is started."""

    WORDS: ClassVar[str] = "Start a LIVE batch?"
    CANCEL: ClassVar[str] = "Cancel: start nothing"
    YES: ClassVar[str] = "start LIVE"

    def __init__(self, source: BatchSource, plan: BatchPlan, target: Target | None) -> None:
        super().__init__()
        self._source, self._plan, self._target = source, plan, target

    def lines(self, width: int) -> list[Line]:
        """Return the batch that would start: documents, target, number of units, and what comes later."""
        plan = self._plan
        parts = (
            ("what     ", f"a LIVE batch of {plural(plan.n_planned, 'document')}", "strong"),
            ("from     ", f"{safe_text(str(self._source.path))}, profile {safe_text(self._source.profile)}", "plain"),
            ("where    ", target_words(self._target), "plain"),
            ("units    ", plural(plan.n_units, "unit"), "plain"),
            ("digest   ", plan.digest, "plain"),
            ("now      ", "plans each again, records the batch, takes and proves one backup, waits for SG_1", "plain"),
            ("writes   ", "no unit before the sovereign has signed SG_1 and the switch is armed", "plain"),
            ("needs    ", "a passed dry run of each document before it can be armed", "plain"),
            ("failure  ", told("stops at a document that fails; <batch_without> then goes on without it"), "plain"),
            ("undo     ", "before the cut, each document's run can be voided on the Run screen", "plain"),
        )
        return [row for label, words, tone in parts for row in hanging((Span(label, "muted"),), words, width, tone)]  # type: ignore[arg-type]


class WithoutDialog(_Question):
    """Asks before documents that fail are left out of a batch."""

    WORDS: ClassVar[str] = "Go on without a document that fails?"
    CANCEL: ClassVar[str] = "Cancel: change nothing"
    YES: ClassVar[str] = "go on without"

    def __init__(self, view: BatchView) -> None:
        super().__init__()
        self._view = view

    def lines(self, width: int) -> list[Line]:
        """Return what is left out, and what becomes of it."""
        view = self._view
        documents = f"{view.n_open:,} of {plural(len(view.members), 'document')} are before this step: {names(view)}"
        parts = (
            ("what     ", f"go on with batch {view.batch_id}"),
            ("state    ", str(view.phase)),
            ("left out ", "each document that has failed, or fails from now on, with its reason"),
            (
                "then     ",
                "it is in no later ruling of the batch; it stays whole or untouched, and is a run of its own",
            ),
            ("others   ", documents),
            ("stops    ", "still: a HOLD, a drift, no backup, the switch, which every document would meet"),
            ("undo     ", "CANNOT BE UNDONE for this batch: resume, void or revert the document by itself"),
        )
        return [row for label, words in parts for row in hanging((Span(label, "muted"),), words, width)]

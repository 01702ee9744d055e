"""Gates: the board with outcome, owner and age, the evidence of one gate, the arming checks, the bundle."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import told
from console.backend.model.gate_table import GATES
from console.backend.model.readiness import Board, BundleView, GateReport
from console.screens import gates_text as words
from console.screens.base import ConsoleScreen
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.operation import Operation
from console.screens.readiness_watch import Kept
from console.widgets.line import Line, plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import UNWRAPPED, Lines, Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress, Status

SIDE_BY_SIDE = [(0, "-narrow"), (110, "-wide"), (160, "-broad")]
"""Below 160 columns the detail stands under the list: beside it, it would be a narrow column of broken words."""
_IF_LEFT = (
    "If you leave now, the bundle is written whole or not at all.",
    "It changes nothing in the database. To write it again: cutter-console bundle",
)
_WHILE_READING = frozenset({"measure_gate"})


class GatesScreen(ConsoleScreen):
    """The board as a list; over it the evidence of one gate, or the bundle that was written."""

    CSS_PATH = ["rows.tcss", "gates.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.GATES
    HORIZONTAL_BREAKPOINTS = SIDE_BY_SIDE
    TITLE_WORD: ClassVar[str] = "Gates"
    HELP_TEXT: ClassVar[str] = (
        f"{len(GATES)} gates answer whether it is safe to act, each measured, each with an owner and the exact next "
        "action.\n\n"
        "PASS holds; PARTIAL holds but for a named step; FAIL does not hold; INCONCLUSIVE could not be "
        "measured and is never good.\n\n"
        "Measuring changes nothing.\n"
        "<refresh> measures all of them again, <measure_gate> the selected one.\n"
        "When measuring fails, the old board stays, with its age.\n"
        "<pre_board> shows the arming checks (PRE): what must hold before the switch is armed."
    )

    def __init__(self) -> None:
        super().__init__()
        self._filter = 0
        self._pre = False
        self._listed: tuple[words.Item, ...] = ()
        self._reading: words.Item | BundleView | None = None

    def body(self) -> ComposeResult:
        """Compose the summary, the list with the detail of one gate, and the panel over them."""
        with Vertical(id="gates-screen"):
            yield Lines(id="gates-head", classes="standing")
            with Container(id="gates-board"):
                yield ListRows("Gates", empty="Measuring the gates ...", id="gate-list")
                yield Panel("Detail", id="gate-detail")
        reading = Panel("Evidence", id="reading")
        reading.can_focus = True
        reading.display = False
        reading.hint = "Esc goes back"
        yield reading

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        self.query_one("#gate-detail", Panel).can_focus = True
        self.query_one("#gate-list").focus()

    def on_resize(self) -> None:
        """Wrap again for the new width."""
        self.call_after_refresh(self.show_readiness)

    def reload(self) -> None:
        """Draw what is known; measure only what was never measured."""
        self._of_this_run()
        if not self._answers.was_asked:
            self.measure_again()
        self.show_readiness()

    def measure_again(self) -> None:
        """Measure all gates, or the arming checks if those are shown."""
        watch = self.console.readiness
        if self._pre:
            watch.measure_pre()
        else:
            watch.measure_board()

    @property
    def _answers(self) -> "Kept[Board] | Kept[GateReport]":
        watch = self.console.readiness
        return watch.pre if self._pre else watch.board

    def show_status(self, _status: "Status") -> None:
        """Draw the ages again; another run has other arming checks."""
        self._of_this_run()
        self.show_readiness()

    def _of_this_run(self) -> None:
        """Measure the arming checks again if they are those of an earlier run."""
        if self._pre and self.console.readiness.pre_is_of_another_run:
            self.console.readiness.measure_pre()

    # Drawing

    def show_readiness(self) -> None:
        """Draw the newest answers; equal lines are not drawn again."""
        if not can_draw(self):
            return
        answers, now = self._answers, self.console.clock()
        moved_at = self.console.readiness.moved_since(answers)
        self.query_one("#gates-head", Lines).show(
            words.standing(answers.answer, answers.failure, answers.failed_at, now, self.console.full_command, moved_at)
        )
        self._draw_list(answers.answer)
        self._draw_detail()
        self._draw_reading()

    def _items(self, report: Board | GateReport | None) -> tuple[words.Item, ...]:
        if report is None:
            return ()
        return words.gate_items(report) if isinstance(report, Board) else words.pre_items(report)

    def _draw_list(self, report: Board | GateReport | None) -> None:
        items, chosen = self._items(report), words.FILTERS[self._filter]
        rows = self.query_one("#gate-list", ListRows)
        self._listed = items
        shown = [item for item in items if item.shows_with(chosen)]
        now, roomy = self.console.clock(), self.has_class("-wide")
        longest = max((len(item.title) for item in shown), default=0)
        rows.show_rows(
            tuple(
                words.item_row(
                    item,
                    words.pre_row(item, longest) if self._pre else words.gate_row(item, now, roomy=roomy),
                    chosen,
                )
                for item in items
            ),
            empty=words.nothing_shown(chosen, measured=report is not None),
        )
        pre = self.console.readiness.pre_run if self._pre else None
        rows.retitle(words.list_title(report, len(items), len(shown), chosen, self._answers.asking, pre=pre))

    @property
    def selected(self) -> words.Item | None:
        """The row under the cursor."""
        index = self.query_one("#gate-list", ListRows).chosen
        return self._listed[index] if index is not None else None

    def copied(self) -> Copied | None:
        """Copy the gate or check of the chosen row with what is open, and its next action."""
        item = self.selected
        if self._reading is not None or item is None or isinstance(self.focused, Panel):
            return super().copied()
        now = self.console.clock()
        text = "\n".join(plain(spans) for spans in words.detail(item, now, self.console.full_command, UNWRAPPED))
        return Copied(f"what is open in {item.words}", f"{words.evidence_title(item)}\n{text}")

    @on(Rows.Moved, "#gate-list")
    def _draw_detail(self) -> None:
        item, panel = self.selected, self.query_one("#gate-detail", Panel)
        panel.display = item is not None
        if item is None:
            return
        panel.title = words.detail_title(item)
        now, say = self.console.clock(), words.evidence if self.has_class("-broad") else words.detail
        full = self.console.full_command
        panel.show_wrapped(lambda width: say(item, now, full, width))

    def _draw_reading(self) -> None:
        panel = self.query_one("#reading", Panel)
        match self._reading:
            case None:
                return
            case BundleView() as written:
                panel.title = words.bundle_title(written)
                panel.show_wrapped(lambda width: words.bundle(written, width))
            case item:
                newest = next((i for i in self._items(self._answers.answer) if _same(i, item)), item)
                panel.title = words.evidence_title(newest)
                now, before = self.console.clock(), self._standing_if_not_new()
                full = self.console.full_command
                panel.show_wrapped(lambda width: [*before, *words.evidence(newest, now, full, width)])

    def _standing_if_not_new(self) -> list[Line]:
        """Return the lines above the evidence that say that it is not new: there is no newer answer, or something moved since."""
        answers, moved_at = self._answers, self.console.readiness.moved_since(self._answers)
        if answers.failure is None and moved_at is None:
            return []
        now, full = self.console.clock(), self.console.full_command
        return [*words.standing(answers.answer, answers.failure, answers.failed_at, now, full, moved_at), ()]

    def _read(self, subject: words.Item | BundleView | None) -> None:
        """Show an item or a bundle over the board, or the board again for None."""
        self._reading = subject
        panel = self.query_one("#reading", Panel)
        panel.display = subject is not None
        self.query_one("#gates-screen").display = subject is None
        if subject is None:
            self.query_one("#gate-list").focus()
        else:
            panel.scroll_home(animate=False)
            panel.focus()
        self.show_readiness()
        self.draw_frame()

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions of the board, or those of the evidence while it is shown."""
        if self._reading is None:
            return tuple(_back(a) if self._pre and a.name == "pre_board" else a for a in self.console_actions())
        wanted = _WHILE_READING if isinstance(self._reading, words.Item) else frozenset()
        return tuple(a for a in self.console_actions() if a.name in wanted)

    # Actions

    @on(Rows.Chosen, "#gate-list")
    def action_evidence(self) -> None:
        """Show the evidence of the selected gate over the board."""
        if self._reading is not None:
            return
        if self.selected is None:
            self.cannot(
                "No gate is selected.", told("Press <refresh> to measure, or <filter_gates> to change the filter")
            )
        else:
            self._read(self.selected)

    @property
    def has_step_back(self) -> bool:
        """True while something is read over the board."""
        return self._reading is not None

    def go_back(self) -> bool:
        """Close what is read over the board."""
        if not self.has_step_back:
            return False
        self._read(None)
        return True

    def action_measure_gate(self) -> None:
        """Measure the selected gate again."""
        item = self._reading if isinstance(self._reading, words.Item) else self.selected
        if item is None:
            self.cannot(
                "No gate is selected.", told("Press <refresh> to measure, or <filter_gates> to change the filter")
            )
        elif self._pre:
            self.console.readiness.measure_pre()
        else:
            self.console.readiness.measure_gate(item.name)

    def action_filter_gates(self) -> None:
        """Show all gates, then those that are not PASS, then each outcome."""
        self._filter = (self._filter + 1) % len(words.FILTERS)
        self.show_readiness()

    def action_pre_board(self) -> None:
        """Show the arming checks, measured now, or the gates again with their ages."""
        self._pre = not self._pre
        self._filter = 0
        if self._reading is not None:
            self._read(None)
        if self._pre:  # An answer of minutes ago is none to arm on.
            self.measure_again()
        self.reload()
        self.draw_frame()

    def action_bundle(self) -> None:
        """Write the bundle as an operation, then show its result."""

        def call(backend: "Backend", progress: "OnProgress") -> BundleView:
            return backend.bundle(progress)

        def done(written: BundleView) -> str:
            self.console.readiness.board.keep(written.board)
            if can_draw(self):
                self._read(written)
            return words.bundle_done(written)

        self.console.operate(Operation("Writing the readiness bundle", call, done, _IF_LEFT))


def _back(action: Action) -> Action:
    return replace(action, short="Gates")


def _same(first: words.Item, second: words.Item) -> bool:
    return (first.name, first.title) == (second.name, second.title)

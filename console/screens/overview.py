"""Overview: target, kill switch, gates in short, row counts, current run, and what waits."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from console.actions.actions import Action, Scope
from console.backend.model.gate_table import GATES
from console.backend.model.ids import is_batch
from console.screens.base import ConsoleScreen
from console.screens.drawable import can_draw
from console.widgets.list_panel import Block, ListPanel
from console.widgets.narrowing import Narrowed, Together
from console.widgets.notice import Notice
from console.widgets.panel import Panel

if TYPE_CHECKING:
    from console.backend.model.view_models import Status
    from console.screens.copying import Copied


_TALL = 50
"""Lines of a screen from which on Overview has room for every gate, and for the history of every table."""
_HIGH_HISTORY, _TALL_HISTORY = 4, 16
"""Lines of the history."""


class OverviewScreen(ConsoleScreen):
    """The first screen, painted before anything is measured."""

    SCOPE: ClassVar[Scope] = Scope.OVERVIEW
    TITLE_WORD: ClassVar[str] = "Overview"
    AUTO_FOCUS = ""
    HELP_TEXT: ClassVar[str] = (
        "Overview answers five questions: where am I, may anything be written, is it safe to act, what is in "
        "the database, and what waits for whom.\n\n"
        "The first line of What waits says if you may act, and the next key.\n"
        "The time of a measurement stands in the title.\n"
        "The gates are measured once after the start, and with <refresh>: <gates> shows them.\n\n"
        "On a high screen History draws what this console has measured so far: of the switch A is armed, H a "
        "HOLD, x not reached; of the gates F is a FAIL, ? INCONCLUSIVE, ~ PARTIAL; of a table its rows.\n\n"
        "INCONCLUSIVE means that it could not be measured: it is neither zero nor good.\n"
        "<find> filters what waits and the counts; <copy_focus> copies the next step."
    )

    def __init__(self) -> None:
        super().__init__()
        self._countdown: Timer | None = None

    def body(self) -> ComposeResult:
        """Compose target, switch and waiting things on the left, gates and counts on the right."""
        with Vertical(id="overview-left"):
            yield Panel("Where", id="where")
            yield Panel("Kill switch", id="switch")
            yield ListPanel("What waits", id="waiting")
            yield Panel("History", id="history")
        with Vertical(id="overview-right"):
            yield Panel("Gates", id="rollup")
            yield ListPanel("Counts", id="counts")

    def opened(self) -> None:
        """Let Tab reach each panel that can be longer than its place: the lines that do not fit are scrolled."""
        super().opened()
        for name in ("where", "switch", "waiting", "counts"):
            self.query_one(f"#{name}", Panel).can_focus = True

    def on_screen_resume(self) -> None:
        """Draw the last measurement."""
        self.draw_frame()
        if self.console.status is not None:
            self.show_status(self.console.status)

    def show_status(self, status: "Status") -> None:
        """Draw a measurement; panels whose lines are the same are not drawn again."""
        # Imported here and below: the texts need pydantic, and the first frame does not wait for it.
        from console.screens import overview_text as words

        now = self.console.clock()
        wide = self.has_class("-wide")
        self.query_one("#where", Panel).show(
            words.where(
                status,
                read_only=self.console.read_only,
                is_replay=self.console.is_replay,
                hook_trouble=self.console.hook_trouble,
                is_short=self.has_class("-short"),
            )
        )
        self._show_switch(status)
        old = f", {words_of_age}" if (words_of_age := self.old()) else ""
        for name, title in (("where", "Where"), ("switch", "Kill switch"), ("waiting", "What waits")):
            self.query_one(f"#{name}", Panel).title = f"{title}{old}"
        counts = self.query_one("#counts", ListPanel)
        counts.show_blocks(words.count_blocks(status, wide=wide))
        counts.title = words.counts_title(status, now)
        self._show_history()
        self.show_readiness()
        self._count_down(armed=status.switch.expires_at is not None)
        self.draw_frame()

    def show_readiness(self) -> None:
        """Draw the roll-up of the last board, with its age."""
        from console.screens import gates_text as words

        if not can_draw(self):
            return
        self._show_waiting()
        board, panel = self.console.readiness.board, self.query_one("#rollup", Panel)
        panel.title = words.rollup_title(board.answer, board.asking, board.failure, self.console.clock())
        # All gates where there is room for them, so that none has to be asked for.
        most = len(GATES) if self.size.height >= _TALL else 5 if self.has_class("-high") else 1
        answer, asking, failure = board.answer, board.asking, board.failure
        panel.show_wrapped(lambda width: words.rollup(answer, asking, failure, width, most))

    def _show_history(self) -> None:
        """Draw the history, where the screen is high enough for it."""
        from console.screens import history_text as words

        if not self.has_class("-high"):
            return
        points, panel = self.console.history.points, self.query_one("#history", Panel)
        panel.title = words.history_title(points)
        most = _TALL_HISTORY if self.size.height >= _TALL else _HIGH_HISTORY
        panel.show_wrapped(lambda width: words.history_lines(points, width, most))

    def _show_waiting(self) -> None:
        """Draw if the operator may act, which the gates decide too, and what waits."""
        from console.screens import gates_text, overview_text

        if (status := self.console.status) is None:
            return
        now, known = self.console.clock(), self.console.registry
        readiness = self.console.readiness
        board = readiness.board
        moved_at = readiness.moved_since(board)
        answer = overview_text.may_act(
            status,
            known,
            read_only=self.console.read_only,
            is_stopped=gates_text.stops_a_cut(board.answer),
            gates_are=overview_text.age_of_gates(moved_at, were_measured=board.answer is not None),
            is_replay=self.console.is_replay,
        )
        waits = overview_text.wait_blocks(
            status, now, known, self.console.full_command, is_short=self.has_class("-short")
        )
        current = Block(tuple(overview_text.current_run(status, now)), "always")
        self.query_one("#waiting", ListPanel).show_blocks([Block((answer,), "always"), *waits, current])

    def lead_to(self, screen: Scope) -> None:
        """Choose on that screen what the first line of What waits speaks of: the key that it names there is for that one."""
        from console.screens.overview_text import next_step

        status, console = self.console.status, self.console
        if status is None or not console.current:
            return
        step = next_step(status, read_only=console.read_only, is_replay=console.is_replay)
        if step is None:
            return
        if screen is Scope.APPROVALS:
            console.wanted_import = step.statement
        elif screen is Scope.BATCH and is_batch(step.subject):
            console.wanted_batch = step.subject
        elif screen is Scope.RUN and step.subject and not is_batch(step.subject):
            console.wanted_run = step.subject

    def go_back(self) -> bool:
        """Go back to the Fleet that has opened this console, if one has: there is no step back inside this screen."""
        return self.console.step_out()

    def find_target(self) -> Narrowed | None:
        """Filter the list that has the focus; without one, what waits and the counts together."""
        return super().find_target() or Together(
            self.query_one("#waiting", ListPanel), self.query_one("#counts", ListPanel)
        )

    def copied(self) -> "Copied | None":
        """Copy the command of the first thing that waits, or the list that has the focus."""
        from console.screens.copying import Copied

        status = self.console.status
        command = str(status.waiting[0].next_action) if status is not None and status.waiting else ""
        if self.focused is self.query_one("#counts") or not command:
            return super().copied_whole()
        step = self.console.full_command(command)
        return Copied("the next step", step, is_command=step.startswith("cutter-console"))

    def measure_again(self) -> None:
        """Measure the gates too, which are shown here."""
        self.console.readiness.measure_board()

    def on_resize(self) -> None:
        """Draw the columns for the new width."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        if self.console.status is not None:
            self.show_status(self.console.status)

    def _count_down(self, *, armed: bool) -> None:
        """Start or stop the clock, which ticks only while the switch is armed."""
        if armed and self._countdown is None:
            self._countdown = self.set_interval(1.0, self._tick)
        elif not armed and self._countdown is not None:
            self._countdown.stop()
            self._countdown = None

    def _show_switch(self, status: "Status") -> None:
        from console.screens import overview_text as words

        now, known, is_short = self.console.clock(), self.console.registry, self.has_class("-short")
        self.query_one("#switch", Panel).show(
            words.switch(status, now, known, self.console.full_command, is_short=is_short)
        )

    def _tick(self) -> None:
        if self.console.status is not None and self.is_current:
            self._show_switch(self.console.status)

    def shown_actions(self) -> tuple[Action, ...]:
        """Return disarm if the switch is armed, release if there is a HOLD."""
        status = self.console.status
        state = status.switch.state.value if status is not None else ""
        wanted = {"ARMED": {"disarm"}, "HOLD": {"release_hold"}}.get(state, set())
        return tuple(action for action in self.console_actions() if action.name in wanted)

    def action_disarm(self) -> None:
        """End the lease at once."""
        from console.screens.operation import Operation

        self.console.operate(
            Operation(
                "Switching off",
                lambda backend, _progress: backend.disarm(),
                lambda switch: Notice("done", f"The switch is {switch.state.value}.", while_switch=switch.state.value),
            )
        )

    def action_release_hold(self) -> None:
        """Clear the HOLD after its dialog."""
        from console.backend.model.view_models import Danger
        from console.screens.danger import ask_and_do

        run_id = self.console.status.switch.run_id if self.console.status is not None else ""
        ask_and_do(self.console, Danger.RELEASE_HOLD, run_id)

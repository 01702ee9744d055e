"""HOLD and recovery: what is stopped and why, what each run may do now, what a release needs and does, every HOLD that was set."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import keys_of, told
from console.backend.model.holds import HeldRun, HoldView
from console.backend.model.view_models import Danger, SwitchState
from console.screens import hold_text as words
from console.screens.copying import Copied
from console.screens.danger import ask_and_do
from console.screens.drawable import can_draw
from console.screens.faces import FacedScreen
from console.widgets.line import Line, plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import UNWRAPPED, Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.model.view_models import Status

_TITLES = {
    words.STOPPED: "What is stopped",
    words.NEEDS: "What a release needs",
    words.DOES: "What a release does",
    words.DRIFT: "Drift, and the SQL that repairs it",
    words.HISTORY: "HOLDs that were set, and their releases",
}


class HoldScreen(FacedScreen):
    """The parts of a HOLD and of what it stopped, beside one of them; below 110 columns the one or the other."""

    CSS_PATH = ["rows.tcss", "hold.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.HOLD
    TITLE_WORD: ClassVar[str] = "HOLD"
    PARTS: ClassVar[dict[str, str]] = {"list": "#hold-list", "part": "#hold-part"}
    FOCUSED: ClassVar[dict[str, str]] = PARTS
    BROAD_LIST: ClassVar[int] = 84
    HELP_TEXT: ClassVar[str] = (
        "Who set the HOLD, since when and why; below it, in parts: what panic stops, item by item, as it "
        "stands now; what a release needs, check by check, with evidence; what it does, with the statement "
        "and the call that are run; each run that was interrupted, failed or stopped, with what happened and "
        "the moves that are accepted now; the drift, with the SQL that repairs it; and every HOLD that was "
        "set, with its release.\n\n"
        "UNSETTLED: what a COMMIT came to is not known, and asking again is the only move.\n"
        "Nothing goes on by itself: <hold_release> releases, after RELEASE was typed, and <hold_run> goes to "
        "the chosen run, where its moves have their keys.\n"
        "Without a HOLD the runs and the history stay here.\n"
        "<find> filters by any word, or by part:, state:, run: and document:."
    )

    def __init__(self) -> None:
        super().__init__()
        self._view: HoldView | None = None

    def body(self) -> ComposeResult:
        """Compose head, parts and one of them."""
        with Vertical(id="hold-screen"):
            yield Panel("HOLD", id="hold-head")
            with Container(id="hold-parts"):
                yield ListRows("HOLD and recovery", empty="Measuring ...", id="hold-list")
                yield Panel("Part", id="hold-part")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        for name in ("#hold-part", "#hold-head"):
            self.query_one(name, Panel).can_focus = True
        self.query_one("#hold-head").display = False
        self.show_face("list")

    @property
    def _list(self) -> ListRows:
        return self.query_one("#hold-list", ListRows)

    def reload(self) -> None:
        """Measure again; the drift, which asks far more, only if it was never compared."""
        self.ask_in_turn("Measuring the HOLD", lambda backend: backend.hold(), self._loaded)
        if not self.console.readiness.drift.was_asked:
            self.console.readiness.measure_drift()

    def measure_again(self) -> None:
        """Measure again, the drift too."""
        self.reload()
        self.console.readiness.measure_drift()

    def not_read(self) -> None:
        """Keep what was measured before, with its age; say so if nothing was."""
        self._list.say_empty("NOT KNOWN: the HOLD could not be measured.")
        self._draw()

    def show_status(self, status: "Status") -> None:  # noqa: ARG002 - more is asked than the status has
        """Measure with the status: what it says must not differ from what is shown here."""
        self.reload()
        self._draw()

    def show_readiness(self) -> None:
        """Draw the drift."""
        self._draw()

    def _loaded(self, view: HoldView) -> None:
        self._view = view
        self._draw()

    def draw_rows(self) -> None:
        """Draw for the width there is."""
        self._draw()

    def _draw(self) -> None:
        if not can_draw(self):
            return
        view, now, rows = self._view, self.console.clock(), self._list
        head = self.query_one("#hold-head", Panel)
        head.display = view is not None
        if view is not None:
            rows.show_rows(words.rows(view, self.console.readiness.drift.answer, now, self.row_width))
            release = self.console.registry.named("hold_release")
            head.show_wrapped(lambda width: words.head(view, now, width, self.console.full_command, release))
        rows.retitle(words.list_title(view, self.age_of_list()))
        self._draw_part()

    @property
    def _run(self) -> HeldRun | None:
        key, view = self._list.key or "", self._view
        if view is None or not key.startswith(words.RUN):
            return None
        return next((run for run in view.runs if key == f"{words.RUN}{run.run_id}"), None)

    @on(Rows.Moved, "#hold-list")
    def _draw_part(self) -> None:
        panel, view = self.query_one("#hold-part", Panel), self._view
        if view is None or self._list.key is None:
            panel.title = "Part"
            panel.show([])
        else:
            run = self._run
            panel.title = str(run.run_id) if run is not None else _TITLES.get(self._list.key, "Part")
            panel.show_wrapped(lambda width: self._part(view, width))
        self.draw_frame()

    def _part(self, view: HoldView, width: int) -> list[Line]:
        console, run = self.console, self._run
        full, release = console.full_command, console.registry.named("hold_release")
        if run is not None:
            return words.run(run, lambda command: keys_of(command, console.registry), full, console.clock(), width)
        drift = console.readiness.drift
        failure = drift.failure.message if drift.failure is not None else ""
        lines: list[Line] = []
        match self._list.key:
            case words.STOPPED:
                lines = words.stopped(view, console.last_stop, full, width)
            case words.NEEDS:
                lines = words.needs(view, release, full, width)
            case words.DOES:
                lines = words.does(view, release, full, width)
            case words.HISTORY:
                lines = words.history(view, width)
            case words.DRIFT:
                lines = words.drift(drift.answer, failure, width)
        return lines

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions that make sense now."""
        names = {"hold_open"} if self.face == "list" else set()
        if self._run is not None:
            names.add("hold_run")
        if self._view is not None and self._view.switch.state is SwitchState.HOLD:
            names.add("hold_release")
        return tuple(action for action in self.console_actions() if action.name in names)

    # Actions

    @on(Rows.Chosen, "#hold-list")
    def action_hold_open(self) -> None:
        """Show the chosen part."""
        if self._list.key is None:
            self.cannot("Nothing is chosen.", told("Esc drops the filter, <refresh> measures again"))
        else:
            self.show_face("part")

    def action_hold_run(self) -> None:
        """Go to the chosen run."""
        run = self._run
        if run is None:
            self.cannot("No run is chosen.", told("Choose a row with a run, then press <hold_run>"))
        else:
            self.console.show_run(str(run.run_id))

    def action_hold_release(self) -> None:
        """Ask for RELEASE."""
        switch = self._view.switch if self._view is not None else None
        if switch is None or switch.state is not SwitchState.HOLD:
            self.cannot("There is no HOLD to release.", told("<refresh> measures again"))
        else:
            ask_and_do(self.console, Danger.RELEASE_HOLD, str(switch.run_id))

    # Copies

    def copied_whole(self) -> Copied | None:
        """Copy the chosen part whole, unless the head has the focus."""
        view = self._view
        if view is None or self._list.key is None or self.focused is not self.query_one("#hold-part"):
            return super().copied_whole()
        text = "\n".join(plain(spans).rstrip() for spans in self._part(view, UNWRAPPED))
        return Copied(self.query_one("#hold-part", Panel).title, text, "cutter-console hold plan --json")

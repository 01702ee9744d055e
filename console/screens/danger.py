"""The dialog for every action that a typed text confirms: arm, enact, revert, void, changes of hands, release HOLD."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from console.actions.keys_in_force import keys_or, told
from console.backend.model.batches import BatchMove, BatchView, command_of_batch
from console.backend.model.errors import CutterError
from console.backend.model.ids import is_batch
from console.backend.model.view_models import Confirmation, Danger, RunView, SwitchView
from console.screens.asked_in_turn import AskedInTurn
from console.screens.batch_feed import BatchFeed, batch_if_left
from console.screens.batch_text import came_to as batch_came_to
from console.screens.danger_text import TITLES, briefing_lines, refusal_line
from console.screens.dialog import Dialog
from console.screens.drawable import can_draw
from console.screens.moved import Moves, stand_without_counts
from console.screens.operation import Operation
from console.screens.run_text import came_to
from console.widgets.field import Field
from console.widgets.formatting import clock
from console.widgets.line import Line, Span, line
from console.widgets.notice import Notice, refused
from console.widgets.panel import Lines

if TYPE_CHECKING:
    from pathlib import Path

    from console.backend.api import Backend
    from console.backend.confirmations import RunDanger
    from console.backend.model.view_models import OnProgress, Status
    from console.screens.application import Application

    _WithoutFile = RunDanger | Literal[Danger.RELEASE_HOLD]

_DAYS_LEFT = re.compile(r"\b\d+ days left\b")
"""The only words of a check that time alone changes: those of the backup key."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The text and the reason that the operator typed, and the digest of the batch, bundle or HOLD that the dialog was about."""

    confirm: str
    reason: str
    seen: str = ""


class DangerDialog(Dialog[Confirmed]):
    """A dialog that explains first, then demands an exact text and a key of its own. Enter never confirms.

    The field has the focus once there is one; until then, and where a check is open, Cancel has it.
    """

    TALL: ClassVar[bool] = True
    CANCEL: ClassVar[str] = "Cancel: change nothing"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "confirm", "Confirm", show=False, priority=True)]

    def __init__(self, danger: Danger, run_id: str, file: "Path | None" = None) -> None:
        super().__init__()
        self._danger = danger
        self._file = file
        """The bundle of a hand-over or of an acceptance."""
        self._run_id = run_id
        self._typed_early = ""
        """Characters typed before the field was there."""
        self.briefing: Confirmation | None = None
        """The last measurement; None before it, and after one that failed."""
        self._shown: Confirmation | None = None
        """The briefing that was shown last, also if a measurement has failed since."""
        self._was_measured = False
        """True once a measurement has ended, also one that failed."""
        self._briefings = AskedInTurn(self, self._brief)
        self._was_early = False
        """True if it was confirmed meanwhile, which the demand says."""
        self._is_of_typed = False
        """True if the demand says what was wrong with what is typed: the next letter makes that untrue."""
        self._moves = Moves(stand_without_counts)

    def question(self) -> ComposeResult:
        """Compose the demand and its fields, which are hidden until every check is known to be PASS."""
        yield Lines(id="demand")
        with Horizontal(id="typed"):
            yield Field(id="confirm", placeholder="type it here", compact=True)
        if self._danger is Danger.VOID:
            yield Field(id="reason", placeholder="reason (it is recorded)", compact=True)

    def opened(self) -> None:
        """Ask the backend what the action would do."""
        self.query_one("#dialog").border_title = TITLES[self._danger]
        self._show_fields(available=False)
        super().opened()
        self.body([line("Measuring what this would do ...")])
        if self.console.status is not None:
            self._moves.begin(self.console.status)
        self._briefings.ask()

    def asked(self, backend: "Backend") -> tuple[Confirmation, Callable[[int], list[Line]]]:
        """Ask what the action would do, and what of it stands above the usual lines.

        Called in a thread, while the answer before is on the screen: it keeps nothing here.
        """
        return backend.brief(self._danger, self._run_id, self._file), lambda _width: []

    def moved(self, status: "Status") -> None:
        """Ask again once another console or a command has moved something: what is confirmed must be so, and must have been shown."""
        if self._moves.moved(status) and not self._answered:
            self._briefings.ask()

    async def _brief(self) -> None:
        try:
            # Asked now: the dialog must say what is so, not what was so when the screen was drawn.
            briefing, above = await self.console.ask(self.asked)
        except CutterError as error:
            if not can_draw(self):
                return
            self._measured(None)
            self.stop_code = str(error.code)
            self.body(refused("Not possible", error).lines())
            self.show_keys()
            self._demand(line(Span("Not available. ", "bad"), "See the reason above."))
            return
        if not can_draw(self):
            return
        # A HOLD without a run has no target of its own: name the database that was measured.
        if briefing.target is None and self.console.status is not None and self.console.current:
            briefing = briefing.model_copy(update={"target": self.console.status.target})
        full, before, was_available = self.console.full_command, self._shown, self.available
        self._shown, self.stop_code = briefing, ""
        self.wrapped_body(lambda width: [*above(width), *briefing_lines(briefing, full, width)])
        has_changed = before is not None and not _decide_the_same(before, briefing)
        if has_changed:
            self.query_one("#confirm", Input).value = ""
        is_other_demand = self.briefing is None or has_changed or self._was_early
        self._measured(briefing)
        if self.available and not was_available:
            self._enter_field()
        if is_other_demand:
            changed = (Span("What is shown has changed. ", "bad"),) if has_changed else ()
            words = refusal_line(briefing) if briefing.open_checks else _demand_line(briefing)
            self._demand(line(*changed, *words))
        self.show_keys()

    def _measured(self, briefing: Confirmation | None) -> None:
        """Take this as what is so now; None if it could not be measured."""
        self.briefing, self._was_measured = briefing, True
        self._was_early = False
        self._show_fields(available=self.available)
        if not self.available:
            self._typed_early = ""

    def _show_fields(self, *, available: bool) -> None:
        for field in self.query(Input):
            field.display = available
            field.disabled = not available

    def _enter_field(self) -> None:
        typed, self._typed_early = self._typed_early, ""
        self.enter("#confirm", typed)

    def on_key(self, event: events.Key) -> None:
        """Put what is typed outside a field into it; while the checks are first measured, as soon as it is there."""
        if event.is_printable and event.character is not None and (self.available or not self._was_measured):
            event.stop()
            self._typed_early += event.character
            if self.available:
                self._enter_field()

    def _demand(self, words: Line, *, is_of_typed: bool = False) -> None:
        self._is_of_typed = is_of_typed
        self.query_one("#demand", Lines).show([words])

    @property
    def available(self) -> bool:
        """Return whether the action can be confirmed: every check is PASS."""
        return self.briefing is not None and not self.briefing.open_checks

    def keys(self) -> Line:
        """Return the keys; those of the fields only if there are fields."""
        confirm = (
            (Span("   Tab", "accent"), Span(" field   "), Span("^Y", "bad"), Span(f" {self._danger.value} now"))
            if self.available
            else ()
        )
        return line(
            Span("Esc", "accent"), " no   ", Span("PgDn", "accent"), " more", *self.code_hint(), *confirm, *self.stop_hint()
        )  # fmt: skip

    def action_confirm(self) -> None:
        """Confirm if every check is PASS and the text is exactly right."""
        if not self.available or self.briefing is None:
            self.app.bell()
            return
        if self._briefings.is_due:
            self._was_early = True
            self._demand(line(Span("Measuring again: something has moved. ", "bad"), "Confirm it in a moment."))
            return
        typed = self.query_one("#confirm", Input).value
        reason = self._reason()
        if typed != self.briefing.confirm_text:
            differs = line(Span("The text differs. ", "bad"), "Type ", Span(self.briefing.confirm_text, "strong"))
            self._demand(differs, is_of_typed=True)
        elif reason is None:
            required = line(Span("A reason is required. ", "bad"), "It is recorded with the run.")
            self._demand(required, is_of_typed=True)
        else:
            self.dismiss(Confirmed(typed, reason, self.briefing.seen))

    def on_input_changed(self) -> None:
        """Demand again as at first, once what was wrong is being corrected."""
        if self._is_of_typed and self.available and self.briefing is not None:
            self._demand(line(*_demand_line(self.briefing)))

    def _reason(self) -> str | None:
        if self._danger is not Danger.VOID:
            return ""
        return self.query_one("#reason", Input).value.strip() or None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say which key confirms: Enter never does."""
        event.stop()
        self._demand(
            line(
                "Enter does not confirm. ",
                Span("^Y", "bad"),
                f" {self._danger.value} now, ",
                Span("Esc", "accent"),
                " no",
            )
        )


def _decide_the_same(before: Confirmation, now: Confirmation) -> bool:
    """Return whether all that decides is as it was: the days left of a key do not, nor a target that is known once only."""
    if before.target is None or now.target is None:
        before, now = before.model_copy(update={"target": None}), now.model_copy(update={"target": None})
    return _decisive(before) == _decisive(now)


def _decisive(briefing: Confirmation) -> Confirmation:
    checks = tuple(
        check.model_copy(update={"detail": _DAYS_LEFT.sub("", check.detail), "evidence": ()})
        for check in briefing.checks
    )
    return briefing.model_copy(update={"checks": checks})


def _demand_line(briefing: Confirmation) -> Line:
    return line("To go ahead, type ", Span(briefing.confirm_text, "strong"))


def ask_and_do(console: "Application", danger: "_WithoutFile", run_id: str) -> None:
    """Open the dialog; if it is confirmed, run the action as an operation. `run_id` can be a batch's id."""

    def answered(answer: Confirmed | None) -> None:
        if answer is not None:
            console.operate(_operation(danger, run_id, answer))

    console.open_dialog(DangerDialog(danger, run_id), answered)


_Result = RunView | SwitchView | BatchView


def _operation(danger: "_WithoutFile", run_id: str, answer: Confirmed) -> Operation[_Result]:
    def call(backend: "Backend", progress: "OnProgress") -> _Result:
        return (_do_with_batch if is_batch(run_id) else _do)(backend, danger, run_id, answer, progress)

    if_left = batch_if_left() if is_batch(run_id) else ()
    return Operation(f"{TITLES[danger]} {run_id}".strip(), call, lambda result: _done(danger, result), if_left)


def _do(backend: "Backend", danger: "_WithoutFile", run_id: str, answer: Confirmed, progress: "OnProgress") -> _Result:
    match danger:
        case Danger.ARM:
            return backend.arm(run_id, answer.confirm)
        case Danger.ENACT:
            return backend.enact(run_id, answer.confirm, progress)
        case Danger.REVERT | Danger.APPLY:
            return (backend.revert if danger is Danger.REVERT else backend.apply_edit)(run_id, answer.confirm)
        case Danger.VOID:
            return backend.void(run_id, answer.reason)
        case Danger.TAKE_OVER:
            return backend.take_over(run_id, answer.confirm)[0]
        case Danger.RELEASE_HOLD:
            return backend.release_hold(answer.confirm, answer.seen)
        case Danger.EDIT:
            raise ValueError("an edit is planned with its text")


def _do_with_batch(
    backend: "Backend", danger: "_WithoutFile", batch_id: str, answer: Confirmed, progress: "OnProgress"
) -> _Result:
    """Arm or enact; nothing else of this kind is done with a batch, but a HOLD that names one is released as any other."""
    feed = BatchFeed(progress)
    match danger:
        case Danger.ARM:
            return backend.arm_batch(batch_id, answer.confirm, answer.seen)
        case Danger.ENACT:
            return backend.enact_batch(batch_id, answer.confirm, feed.on_batch, feed.on_progress, answer.seen)
        case _:
            return _do(backend, danger, batch_id, answer, progress)


def _done(danger: Danger, result: _Result) -> Notice:
    """Return the notice of the result. A notice about the switch ends when the switch changes."""
    if isinstance(result, RunView):
        return Notice("done", came_to(result))
    if isinstance(result, BatchView):
        return Notice("done", batch_came_to(result))
    state = result.state.value
    if danger is Danger.ARM and result.expires_at is not None:
        armed = f"Armed until {clock(result.expires_at)} for {result.run_id}."
        cut = keys_or(told("<run>, then <go_on>"), f"cutter-console run resume {result.run_id}")
        if is_batch(result.run_id):
            resume = command_of_batch(BatchMove.RESUME, result.run_id)
            cut = keys_or(told("<batch>, then <batch_go_on>"), resume)
        return Notice("done", armed, "", f"Start the cut: {cut}", while_switch=state)
    if danger is Danger.RELEASE_HOLD:
        return Notice("done", f"The HOLD is released. The switch is {state}; no run was resumed.", while_switch=state)
    return Notice("done", f"The switch is {state}.", while_switch=state)

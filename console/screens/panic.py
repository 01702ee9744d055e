"""Panic: a second, distinct key stops everything; the safe answer has the focus."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.actions.keys_in_force import key_of, keys_or, told
from console.backend.model.view_models import SwitchState, SwitchView
from console.screens.dialog import Dialog
from console.widgets.field import Field
from console.widgets.formatting import day_and_clock, ended
from console.widgets.line import Line, Span, line
from console.widgets.notice import Notice
from console.widgets.panel import Lines

STOPPED_WITHIN_SECONDS = 60.0
"""Longest wait for the stopped operation to end, before the notice says what the database holds."""


_AS_STOPPER = (
    "Sets a HOLD: nothing is written until a person releases it.",
    "Ends the lease with it: the switch is off.",
    "Cancels nothing: what is running looks for the HOLD at its end,",
    "and is refused. The command on the server cancels it as well.",
    "Stopping needs no authority. It deletes nothing.",
    "",
)
"""The effects of a stop by a console that only reads, whose role may set a HOLD and nothing else."""


class PanicDialog(Dialog[str]):
    """A dialog that answers with the reason, or None for no."""

    WORDS: ClassVar[str] = "STOP everything?"
    CANCEL: ClassVar[str] = "No, go on as before"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "Stop now", show=False),
        Binding("ctrl+s", "stop", "Stop now", show=False, priority=True),
    ]

    def question(self) -> ComposeResult:
        """Compose the field for an optional reason."""
        yield Lines(id="panic-hint")
        yield Field(id="reason", placeholder="reason (may stay empty; Tab goes here)", compact=True)

    def opened(self) -> None:
        """Say what stopping does, then ask."""
        super().opened()
        running = self.console.operation
        place = self._place()
        if self.console.read_only:
            self.body([*place, *self._hold_before(), *(line(words) for words in _AS_STOPPER)])
            self.query_one("#panic-hint", Lines).show([line("Press ", Span("s", "bad"), " to stop now.")])
            return
        self.body(
            [
                *place,
                *self._hold_before(),
                line("Sets a HOLD: nothing is written until a person releases it."),
                line("Cancels the running statement: its transaction rolls back as a whole."),
                line("Ends the lease: the switch is off."),
                line("Stopping needs no authority. It deletes nothing."),
                line(""),
                line(Span("Under way: ", "muted"), running.doing if running is not None else self._from_elsewhere()),
            ]
        )
        self.query_one("#panic-hint", Lines).show([line("Press ", Span("s", "bad"), " to stop now.")])

    def _place(self) -> list[Line]:
        """Return the database that is stopped: with many consoles open, the key acts on the one that is on the screen."""
        status = self.console.status
        where = "the database has not been measured yet"
        if status is not None:
            target = status.target
            unreached = f"DATABASE NOT REACHED, root {status.root}"
            where = f"{target.database} at {target.host}" if target is not None else unreached
        return [line(Span("Database: ", "muted"), *self.console.banner, Span(where, "strong")), line("")]

    def _measured(self) -> SwitchView | None:
        """Return the switch as it was measured last; None if it is not known now."""
        status = self.console.status
        return status.switch if status is not None and self.console.current and status.target is not None else None

    def _hold_before(self) -> list[Line]:
        """Return that a HOLD stands already: whoever stops then need not, and need not think that it was theirs."""
        switch = self._measured()
        if switch is None or switch.state is not SwitchState.HOLD:
            return []
        since = f", since {day_and_clock(switch.since)}" if switch.since is not None else ""
        by = f", by {switch.by}" if switch.by else ""
        return [line(Span("A HOLD stands already", "bad"), f"{since}{by}.")]

    def _from_elsewhere(self) -> str:
        """Return what is under way from another console or a command, as far as it is known."""
        switch = self._measured()
        if switch is None:
            return "nothing from this console; NOT KNOWN what others do"
        if switch.state is not SwitchState.ARMED:
            return "nothing from this console, and the switch lets nobody write"
        is_at = f"works under the switch, to {switch.purpose}" if switch.is_taken else f"is armed to {switch.purpose}"
        return f"nothing from this console. {switch.run_id} {is_at}, by {switch.by}"

    def keys(self) -> Line:
        """Return the keys; the confirming one is distinct from the one that opened the dialog."""
        return line(
            Span("s", "bad"), " (in the field ", Span("^S", "bad"), ") stop now   ", Span("Esc", "accent"), " no"
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Return True: stopping waits for nothing."""
        return True

    def action_stop(self) -> None:
        """Stop, with the text of the field as the reason, also if the field does not exist yet."""
        typed = "".join(field.value.strip() for field in self.query(Input))
        self.dismiss(typed or "stopped from the console, no reason given")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave the field: Enter never confirms."""
        event.stop()
        self.query_one("#cancel").focus()


def stopped_notice(switch: SwitchView, *, releases: bool = True) -> Notice:
    """Return the notice after a panic; it names a missing half of the HOLD, and ends with the HOLD. `releases` is False where no key does."""
    note = f" {ended(switch.note)}" if switch.note else ""
    state = switch.state.value
    if switch.incomplete:
        sentence = f"Stopped in part: {ended(switch.incomplete)}{note}"
        return Notice("refused", sentence, "STOP_PANIC", str(switch.complete_with), stays=True, while_switch=state)
    cancelled = [
        f" {step.what.capitalize()}: {ended(step.detail)}" for step in switch.steps if step.what == "running statements"
    ]
    sentence = f"Stopped. The switch is {state}.{''.join(cancelled)}{note}"
    release = switch.clears_with or "cutter-console hold release --confirm RELEASE"
    keys = told("<hold>, then <hold_release>") if releases else ""
    next_action = f"Find the cause: {key_of('hold')}. Release the HOLD: {keys_or(keys, release)}"
    return Notice("done", sentence, "", next_action, stays=True, while_switch=state)

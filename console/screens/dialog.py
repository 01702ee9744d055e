"""The base of every dialog: a title, a body that scrolls, a fixed question, and Cancel, which has the focus at first."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from console.screens.drawable import Steady, was_built
from console.widgets.field import Field
from console.widgets.line import Line, Span, line
from console.widgets.panel import Lines, Panel

if TYPE_CHECKING:
    from console.backend.model.view_models import Status
    from console.screens.application import Application

R = TypeVar("R")


class Dialog(Steady, ModalScreen[R | None], Generic[R]):
    """Base class of the dialogs. Esc, and Enter on Cancel, dismiss with None; nothing else is bound to Enter."""

    # The body is no stop of the Tab key: one Tab leads from Cancel to the first field, and the body scrolls meanwhile.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "No", show=False, priority=True),
        Binding("question_mark", "explain", "Explain", show=False, priority=True),
        Binding("up", "scroll_body('up')", "Scroll up", show=False),
        Binding("down", "scroll_body('down')", "Scroll down", show=False),
        Binding("pageup", "scroll_body('page_up')", "Page up", show=False),
        Binding("pagedown", "scroll_body('page_down')", "Page down", show=False),
        Binding("home", "scroll_body('home')", "First line", show=False),
        Binding("end", "scroll_body('end')", "Last line", show=False),
    ]
    CSS_PATH = "dialog.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (78, "-whole")]  # noqa: RUF012
    AUTO_FOCUS = "#cancel"
    WORDS: ClassVar[str] = ""
    CANCEL: ClassVar[str] = "Cancel"
    TALL: ClassVar[bool] = False
    FIELD: ClassVar[str] = ""
    """The field that takes what is typed on Cancel; a dialog whose letters are keys has none."""
    # A key that is held down, or a second one before the dialog has closed, must not answer again.
    _answered: bool = False
    stop_code: str = ""
    """The STOP code that the dialog shows; then, and only then, `?` is a key and no letter."""

    @property
    def console(self) -> "Application":
        """Return the application, as screens see it."""
        return cast("Application", self.app)

    def question(self) -> ComposeResult:
        """Compose the fixed part between body and Cancel."""
        yield from ()

    def compose(self) -> ComposeResult:
        """Compose title, body, question, Cancel and the keys."""
        with Vertical(id="dialog", classes="-tall" if self.TALL else "") as dialog:
            dialog.border_title = self.WORDS
            yield Panel("", id="dialog-body")
            with Vertical(id="question"):
                yield from self.question()
            yield Button(self.CANCEL, id="cancel", compact=True)
            yield Lines(id="dialog-keys")

    def on_mount(self) -> None:
        """Fill the dialog, unless it was closed before it was built."""
        if was_built(self):
            self.opened()

    def opened(self) -> None:
        """Draw what does not wait for the backend."""
        self.show_keys()

    def on_key(self, event: events.Key) -> None:
        """Put what is typed on Cancel into the field: nothing that is typed vanishes."""
        if (
            self.FIELD
            and event.is_printable
            and event.character is not None
            and self.focused is self.query_one("#cancel")
        ):
            event.stop()
            self.enter(self.FIELD, event.character)

    def enter(self, name: str, typed: str) -> None:
        """Go to the field of this name, and put this behind what stands there."""
        field = self.query_one(name, Field)
        # Entering selects the text, and the next letter would replace what is there.
        field.select_on_focus = False
        self.set_focus(field)
        field.cursor_position = len(field.value)
        field.insert_text_at_cursor(typed)

    def moved(self, status: "Status") -> None:
        """Take note of a newer status; most dialogs speak of nothing that another console can move."""

    def body(self, lines: list[Line]) -> None:
        """Show these lines as the body."""
        self.query_one("#dialog-body", Panel).show(lines)

    def wrapped_body(self, lines: Callable[[int], list[Line]]) -> None:
        """Show as the body what this function makes for its width, also after the window has got another one."""
        self.query_one("#dialog-body", Panel).show_wrapped(lines)

    def show_keys(self) -> None:
        """Draw the keys below Cancel."""
        self.query_one("#dialog-keys", Lines).show([self.keys()])

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(Span("Esc", "accent"), " no", *self.code_hint(), *self.stop_hint())

    def code_hint(self) -> tuple[Span, ...]:
        """Return the hint of the key that explains the STOP code, if the dialog shows one."""
        return (Span("   "), Span("?", "accent"), Span(" explains")) if self.stop_code else ()

    def stop_hint(self) -> tuple[Span, ...]:
        """Return the hint of the stop key, which works in dialogs too, or nothing in a read-only console."""
        if self.console.registry.named("panic") is None:
            return ()
        return (Span("   "), Span("^X", "bad"), Span(" STOP everything"))

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Answer once. A second key, or a key while another dialog is on top, is ignored."""
        if self._answered or self.app.screen is not self:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    def action_scroll_body(self, how: str) -> None:
        """Scroll the body, whatever has the focus."""
        body = self.query_one("#dialog-body", Panel)
        scroll = {
            "up": body.scroll_up,
            "down": body.scroll_down,
            "page_up": body.scroll_page_up,
            "page_down": body.scroll_page_down,
            "home": body.scroll_home,
            "end": body.scroll_end,
        }[how]
        scroll(animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action may run now: there must be something to explain."""
        return (action != "explain" or bool(self.stop_code)) and super().check_action(action, parameters)

    def action_explain(self) -> None:
        """Read the page of the STOP code; the dialog stays as it is behind it."""
        self.console.show_guide(self.stop_code)

    def action_no(self) -> None:
        """Give the safe answer: no."""
        self.dismiss(None)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Close on Cancel, the only button."""
        event.stop()
        if event.button.id == "cancel":
            self.action_no()

"""The shape of every dialog: a title, a body that scrolls, a question that stays, and Cancel with the focus."""

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from console.screens.drawable import Steady, was_built
from console.widgets.line import Line, Span, line
from console.widgets.panel import Lines, Panel

if TYPE_CHECKING:
    from console.screens.application import Application

R = TypeVar("R")


class Dialog(Steady, ModalScreen[R | None], Generic[R]):
    """Esc, and Enter on Cancel, are no: they dismiss with None. Nothing else is bound to Enter."""

    # The body is no stop of the Tab key: one Tab leads from Cancel to the first field, and the body scrolls meanwhile.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "No", show=False, priority=True),
        Binding("up", "scroll_body('up')", "Scroll up", show=False),
        Binding("down", "scroll_body('down')", "Scroll down", show=False),
        Binding("pageup", "scroll_body('page_up')", "Page up", show=False),
        Binding("pagedown", "scroll_body('page_down')", "Page down", show=False),
        Binding("home", "scroll_body('home')", "First line", show=False),
        Binding("end", "scroll_body('end')", "Last line", show=False),
    ]
    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "#cancel"
    WORDS: ClassVar[str] = ""
    CANCEL: ClassVar[str] = "Cancel"
    TALL: ClassVar[bool] = False
    _answered: bool = False

    @property
    def console(self) -> "Application":
        """Return the application, as screens see it."""
        return cast("Application", self.app)

    def question(self) -> ComposeResult:
        """The fixed part between body and Cancel."""
        yield from ()

    def compose(self) -> ComposeResult:
        """Title, body, question, Cancel with the keys beside it."""
        with Vertical(id="dialog", classes="-tall" if self.TALL else "") as dialog:
            dialog.border_title = self.WORDS
            yield Panel("", id="dialog-body")
            with Vertical(id="question"):
                yield from self.question()
            yield Button(self.CANCEL, id="cancel", compact=True)
            yield Lines(id="dialog-keys")

    def on_mount(self) -> None:
        """Fill it, unless it has been left before it was built."""
        if was_built(self):
            self.opened()

    def opened(self) -> None:
        """Draw what does not wait for the backend."""
        self.show_keys()

    def body(self, lines: list[Line]) -> None:
        """Show these lines as the body."""
        self.query_one("#dialog-body", Panel).show(lines)

    def show_keys(self) -> None:
        """The keys, below Cancel."""
        self.query_one("#dialog-keys", Lines).show([self.keys()])

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(Span("Esc", "accent"), " no", *self.stop_hint())

    def stop_hint(self) -> tuple[Span, ...]:
        """The stop key works here too, where it exists."""
        if self.console.registry.named("panic") is None:
            return ()
        return (Span("   "), Span("^X", "bad"), Span(" STOP everything"))

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Give the answer once: a second key, or one that comes while another dialog stands above, gives none."""
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

    def action_no(self) -> None:
        """The safe answer."""
        self.dismiss(None)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Cancel is the only button that a key can press."""
        event.stop()
        if event.button.id == "cancel":
            self.action_no()

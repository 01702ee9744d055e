"""Quit during an operation: explains what leaving means, and stays by default."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.screens.dialog import Dialog
from console.widgets.line import Line, Span, line

_IF_A_RUN_IS_LEFT = (
    "If you leave now, the phase that is running ends by COMMIT or ROLLBACK, never in between.",
    "Nothing continues by itself: the next console shows the run as interrupted, with what",
    "the database says of it, and what can be done.",
)


class QuitDialog(Dialog[str]):
    """A dialog that answers `now`, `when done`, or None to stay."""

    WORDS: ClassVar[str] = "Quit while something is under way?"
    CANCEL: ClassVar[str] = "Stay"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "answer('when done')", "When it is done", show=False),
        Binding("ctrl+y", "answer('now')", "Now", show=False),
    ]

    def __init__(self, doing: str, if_left: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._doing = doing
        self._if_left = if_left or _IF_A_RUN_IS_LEFT

    def opened(self) -> None:
        """Say what leaving means."""
        super().opened()
        self.body(
            [
                line(Span("Under way: ", "muted"), self._doing),
                line(""),
                *(line(words) for words in self._if_left),
            ]
        )

    def keys(self) -> Line:
        """Return the keys of the three answers."""
        return line(
            Span("Esc", "accent"), " stay   ", Span("w", "accent"), " leave when it is done   ", Span("^Y", "bad"),
            " leave now", *self.stop_hint(),
        )  # fmt: skip

    def action_answer(self, answer: str) -> None:
        """Answer, and so leave now or later."""
        self.dismiss(answer)

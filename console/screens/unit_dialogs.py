"""The dialog of Units: what to search for."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from console.backend.model.as_of import moment_of
from console.backend.model.errors import UsageError
from console.backend.model.safe_text import safe_text
from console.backend.model.unit_search import UnitQuery
from console.screens.dialog import Dialog
from console.widgets.field import Field
from console.widgets.line import Line, Span, line
from console.widgets.panel import Lines


class SearchDialog(Dialog[UnitQuery]):
    """A dialog that answers with what to search for, or None. A search changes nothing, so Enter takes it."""

    WORDS: ClassVar[str] = "Search units"
    CANCEL: ClassVar[str] = "Cancel: search nothing"
    AUTO_FOCUS = "#text"
    FIELD: ClassVar[str] = "#text"

    def __init__(self, before: UnitQuery, at: str) -> None:
        super().__init__()
        self._before = before
        self._at = at

    def question(self) -> ComposeResult:
        """Compose the fields."""
        yield Lines(id="demand")
        yield Field(self._before.text, id="text", placeholder="words, or the beginning of an address", compact=True)
        yield Field(self._before.document, id="document", placeholder="document: its prefix; empty: all", compact=True)
        yield Field(
            self._at, id="at", placeholder="in force at: 2026-11-28, or a time; empty: as it stands", compact=True
        )

    def opened(self) -> None:
        """Say how the text is understood."""
        super().opened()
        self.body(
            [
                line("Every word must occur, in title or text; signs need not be typed:"),
                line('dieu finds điều. word* begins so, "two words" stand in this order.'),
                line("LAW-2026/CHAPTER is the beginning of an address."),
            ]
        )
        self._demand("Text, document, moment:")

    def _demand(self, words: str) -> None:
        self.query_one("#demand", Lines).show([line(words)])

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(
            Span("Enter", "accent"), " search   ", Span("Tab", "accent"), " field   ", Span("Esc", "accent"), " no",
            *self.stop_hint(),
        )  # fmt: skip

    @on(Input.Submitted)
    def _search(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.query_one("#at", Input).value.strip()
        try:
            moment = moment_of("The moment", at) if at else None
        except UsageError as error:
            self._demand(safe_text(error.message))
            return
        self.dismiss(
            UnitQuery(
                text=self.query_one("#text", Input).value.strip(),
                document=self.query_one("#document", Input).value.strip().upper(),
                # What is in force at a moment has no lifecycle to choose.
                lifecycles=() if moment is not None else self._before.lifecycles,
                as_of=moment,
            )
        )

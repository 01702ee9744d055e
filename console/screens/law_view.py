"""A plan beside what is law: the list of what it changes, and one of them in full."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport
from console.screens import law_text as words
from console.widgets.list_rows import ListRows
from console.widgets.narrowing import Row
from console.widgets.panel import Panel
from console.widgets.rows import Rows


class LawView(Container):
    """The list over the detail, side by side where there is room."""

    class LineChosen(Message):
        """Message: Enter was pressed on a unit of the new text."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._entries: tuple[words.Entry, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose the list and the detail."""
        yield ListRows("Against the law", empty="Nothing is compared.", id="law-list")
        yield Panel("What the text would change", id="law-detail")

    def on_mount(self) -> None:
        """Let the detail scroll."""
        self.query_one("#law-detail", Panel).can_focus = True

    def load(self, report: AmendmentReport, at: Moved | None = None) -> None:
        """Show this report from its first row, or from the row of this renumbering, stated or probable."""
        self._entries = words.entries(report)
        rows = self.query_one("#law-list", ListRows)
        rows.narrow("")
        rows.show_rows(tuple(Row(words.row(entry), str(index)) for index, entry in enumerate(self._entries)))
        pairs = (index for index, entry in enumerate(self._entries) if at is not None and words.pair_of(entry) == at)
        rows.cursor = next(pairs, 0)
        self._draw()
        rows.focus()

    @property
    def chosen(self) -> words.Entry | None:
        """The row under the cursor."""
        index = self.query_one("#law-list", ListRows).chosen
        return self._entries[index] if index is not None else None

    @on(Rows.Moved, "#law-list")
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._draw()

    @on(Rows.Chosen, "#law-list")
    def _chosen(self, event: Rows.Chosen) -> None:
        event.stop()
        number = words.line_of(self.chosen) if self.chosen is not None else None
        if number is not None:
            self.post_message(self.LineChosen(number))

    def _draw(self) -> None:
        entry = self.chosen
        if entry is None:
            return
        panel = self.query_one("#law-detail", Panel)
        panel.title = words.title(entry)
        panel.show_wrapped(lambda width: words.detail(entry, width))
        panel.scroll_home(animate=False)

"""Import: the statement's signature files, one per signer."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.actions.keys_in_force import told
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import ApprovalView
from console.screens.approvals_text import checks
from console.screens.dialog import Dialog
from console.widgets.field import Field
from console.widgets.line import Line, Span, line
from console.widgets.panel import Lines, Panel
from console.widgets.wrap import hanging


class ImportDialog(Dialog[tuple[Path, ...]]):
    """A dialog that answers with the signature files, or None for no."""

    WORDS: ClassVar[str] = "Import a signed statement"
    TALL: ClassVar[bool] = True
    CANCEL: ClassVar[str] = "Cancel: import nothing"
    FIELD: ClassVar[str] = "#more"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "import", "Import", show=False, priority=True)]

    def __init__(self, view: ApprovalView) -> None:
        super().__init__()
        self._view = view

    def question(self) -> ComposeResult:
        """Compose the field for other signature files."""
        yield Lines(id="demand")
        yield Field(id="more", placeholder="more signature files, separated by spaces (may stay empty)", compact=True)

    def opened(self) -> None:
        """Show the statement, its signatures and its checks."""
        super().opened()
        self.query_one("#dialog-body", Panel).show_wrapped(self._lines)
        self._demand("Everything is checked again before it is recorded.")

    def _lines(self, width: int) -> list[Line]:
        view = self._view
        files = [row for path in view.signature_paths for row in hanging((Span("  "),), safe_text(str(path)), width)]
        beside = "signature files found beside it:" if files else "no signature file beside it"
        writes = "records the approval in the database, if every check is PASS"
        return [
            *hanging(
                (Span("what     ", "muted"),), f"{view.kind} for {view.run_id}  {view.docprefix}", width, "strong"
            ),
            *hanging((Span("file     ", "muted"),), safe_text(str(view.statement_path)), width),
            *hanging((Span("sha256   ", "muted"),), view.statement_sha256, width),
            *hanging((Span("writes   ", "muted"),), writes, width),
            line(Span("signed   ", "muted"), beside),
            *files,
            line(""),
            *checks(view, self.console.full_command, width),
        ]

    def _demand(self, words: str) -> None:
        self.query_one("#demand", Lines).show([line(words)])

    def keys(self) -> Line:
        """Return the keys, the confirming one last."""
        return line(
            Span("Esc", "accent"),
            " no   ",
            Span("PgDn", "accent"),
            " more   ",
            Span("Tab", "accent"),
            " field   ",
            Span("^Y", "bad"),
            " import",
            *self.stop_hint(),
        )

    def action_import(self) -> None:
        """Answer, if there is at least one signature file."""
        typed = tuple(Path(word) for word in self.query_one("#more", Input).value.split())
        signatures = tuple(dict.fromkeys((*self._view.signature_paths, *typed)))
        if signatures:
            self.dismiss(signatures)
        else:
            self._demand(
                told(
                    "No signature file. Name one here, or put it beside the statement, then Esc and <import_statement>."
                )
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say which key imports: Enter never does."""
        event.stop()
        self._demand("Enter does not import; ^Y does.")

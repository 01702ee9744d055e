"""Reports: what was written of runs, batches and the installation, if it still is what was written, and its texts."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import told
from console.backend.reports.shelf import (
    ExportedReport,
    ReportEntry,
    ReportKind,
    ReportShelf,
    ReportText,
    ReportVerdict,
)
from console.screens import reports_text as words
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.faces import FacedScreen
from console.screens.operation import Operation
from console.screens.report_dialogs import FolderDialog
from console.widgets.formatting import plural, size
from console.widgets.list_rows import ListRows
from console.widgets.markdown_view import MarkdownView
from console.widgets.panel import Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress, Status

_AT_ONCE = 20
"""Reports whose files are read in one question."""
_ONLY_ITS_NAME = "Whoever changes a report can make its sums again: a signature, or its name in another place, tells."


class ReportsScreen(FacedScreen):
    """The list of reports beside one of them; below 110 columns list, files or text."""

    CSS_PATH = ["rows.tcss", "shelves.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.REPORTS
    TITLE_WORD: ClassVar[str] = "Reports"
    PARTS: ClassVar[dict[str, str]] = {"list": "#report-list", "files": "#report", "text": "#report"}
    FOCUSED: ClassVar[dict[str, str]] = {"list": "#report-list", "files": "#report-files", "text": "#report-text"}
    BROAD_LIST: ClassVar[int] = 84
    HELP_TEXT: ClassVar[str] = (
        "Every report and bundle in reports/, the one that was written last first. Each file is read again "
        "and compared with SHA256SUMS, and the sums with the name of the directory or with their signature.\n\n"
        "unchanged: as it was written.\n"
        "signed: that, and signed.\n"
        "CHANGED: not what was written, with the files named.\n"
        "BAD SIGN.: the signature does not count.\n"
        "unread: its turn comes.\n"
        "LEFT OVER and unfinished: not published.\n\n"
        f"{_ONLY_ITS_NAME}\n\n"
        "Enter opens the files, Enter on a file its text: Markdown is rendered, and no link opens.\n"
        "The title of a text says if these very bytes are those of the sums.\n"
        "<report_export> copies a report into another folder.\n"
        "<report_of_run> on Run comes here, as <reports> does everywhere.\n"
        "<find> filters by any word, or by state:, kind:, run: and published:."
    )

    def __init__(self) -> None:
        super().__init__()
        self._shelf: ReportShelf | None = None
        self._verdicts: dict[str, ReportVerdict] = {}
        self._is_reading = False
        self._shown: tuple[str, str] = ("", "")
        """The report and the file whose text is wanted."""
        self._text: ReportText | None = None
        self._wanted = ""
        """The run whose report is to be chosen, once the list was read."""

    def body(self) -> ComposeResult:
        """Compose head, list and one report with its files and a text."""
        with Vertical(id="shelf-screen"):
            yield Panel("Reports", id="shelf-head")
            with Container(id="shelf-parts"):
                yield ListRows("Reports", empty="Reading the reports ...", id="report-list")
                with Vertical(id="report"):
                    yield Panel("Report", id="report-head")
                    yield ListRows("Files", empty="No file.", id="report-files")
                    yield MarkdownView("Text", id="report-text")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        for name in ("#shelf-head", "#report-head"):
            self.query_one(name, Panel).can_focus = True
        self.query_one("#shelf-head").display = False
        self.show_face("list")

    @property
    def _list(self) -> ListRows:
        return self.query_one("#report-list", ListRows)

    @property
    def _files(self) -> ListRows:
        return self.query_one("#report-files", ListRows)

    def show_face(self, face: str) -> None:
        """Show this face; at 80x24 a text has the room of the files too."""
        super().show_face(face)
        is_alone = not self.is_wide and face == "text"
        self.query_one("#report-files").display = not is_alone
        self.query_one("#report-head").display = not is_alone
        self.query_one("#report-text").display = self.is_wide or face == "text"

    def go_back(self) -> bool:
        """Go back from the text to the files, and from them to the list."""
        if self.face == "text":
            self.show_face("files")
            return True
        return super().go_back()

    # The list

    def reload(self) -> None:
        """Read the list again; the chosen report's files too."""
        self._wanted, self.console.wanted_report = self.console.wanted_report or self._wanted, ""
        self.ask_in_turn("Reading the reports", lambda backend: backend.reports(), self._loaded)

    def measure_again(self) -> None:
        """Read every report again."""
        self._verdicts.clear()
        self.reload()

    def show_status(self, status: "Status") -> None:  # noqa: ARG002 - reports are read from the folder
        """Read the list and the chosen report again: somebody may have changed it."""
        self.reload()

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self._list.say_empty("NOT KNOWN: the reports could not be read.")
        self._draw()

    def _loaded(self, shelf: ReportShelf) -> None:
        self._shelf = shelf
        names = {entry.name for entry in shelf.reports}
        self._verdicts = {name: verdict for name, verdict in self._verdicts.items() if name in names}
        self._list.say_empty(words.nothing())
        self._draw()
        if self._wanted:
            self._choose_wanted(shelf)
        chosen = self._chosen
        self._read_next(str(chosen.name) if chosen is not None else "")

    def _choose_wanted(self, shelf: ReportShelf) -> None:
        """Put the cursor on the newest report of a run, whatever a filter hides; say so if it has none."""
        wanted, self._wanted = self._wanted, ""
        entry = next((entry for entry in shelf.reports if entry.subject == wanted), None)
        if entry is None:
            self.cannot(f"There is no report of {wanted} here yet.", f"Write it: cutter-console report {wanted}")
        else:
            self._list.choose(entry.name, reveal=True)
            self._draw()

    def _read_next(self, first: str = "") -> None:
        """Read the files of reports that were not read yet, some at a time, and of the first one in any case."""
        if self._is_reading or self._shelf is None:
            return
        unread = [entry.name for entry in self._shelf.reports if entry.name not in self._verdicts]
        names = tuple(dict.fromkeys((*([first] if first else []), *unread[:_AT_ONCE])))
        if not names:
            return
        self._is_reading = True

        def read(verdicts: tuple[ReportVerdict, ...]) -> None:
            self._is_reading = False
            self._verdicts |= {verdict.name: verdict for verdict in verdicts}
            # One that is gone by now is asked for no more before the list is read again.
            gone = set(names) - {verdict.name for verdict in verdicts}
            shelf = self._shelf
            if gone and shelf is not None:
                left = tuple(entry for entry in shelf.reports if entry.name not in gone)
                self._shelf = shelf.model_copy(update={"reports": left})
            self._draw()
            # Those that another screen hides are read when it is shown again.
            if self.app.screen is self:
                self._read_next()

        def failed() -> None:
            self._is_reading = False

        self.ask_about("Reading reports again", lambda backend: backend.verify_reports(names), read, failed)

    def draw_rows(self) -> None:
        """Draw for the width there is."""
        self._draw()

    def _draw(self) -> None:
        if not can_draw(self):
            return
        shelf, rows = self._shelf, self._list
        if shelf is not None:
            verdicts, width = self._verdicts, self.row_width
            rows.show_rows(tuple(words.row(entry, verdicts.get(entry.name), width) for entry in shelf.reports))
        rows.retitle(words.list_title(shelf, len(self._verdicts), self.age_of_list()))
        panel = self.query_one("#shelf-head", Panel)
        panel.display = shelf is not None and bool(shelf.reports)
        if shelf is not None:
            panel.show_wrapped(lambda width: words.head(shelf, self._verdicts, width))
        self._draw_report()
        self.draw_frame()

    @property
    def _chosen(self) -> ReportEntry | None:
        index = self._list.chosen
        return self._shelf.reports[index] if index is not None and self._shelf is not None else None

    # One report

    @on(Rows.Moved, "#report-list")
    def _moved(self) -> None:
        entry = self._chosen
        if entry is not None and entry.name not in self._verdicts:
            self._read_next(str(entry.name))
        self._draw_report()
        self.draw_frame()

    def _draw_report(self) -> None:
        panel, files, entry = self.query_one("#report-head", Panel), self._files, self._chosen
        if entry is None:
            panel.title, self._text = "Report", None
            panel.show([])
            files.show_rows((), empty="No report is chosen.")
            self._draw_text()
            return
        verdict, now = self._verdicts.get(entry.name), self.console.clock()
        panel.title = str(entry.name)
        panel.show_wrapped(lambda width: words.detail(entry, verdict, now, width))
        if self._shown[0] != entry.name:
            self._shown, self._text = (str(entry.name), ""), None
            files.narrow("")
            files.set_reactive(Rows.cursor, 0)
        files.retitle(words.files_title(verdict))
        width = self.row_width
        rows = tuple(words.file_row(file, width) for file in verdict.files) if verdict is not None else ()
        files.show_rows(rows, empty="Reading ..." if verdict is None else "No file.")
        self._follow_file()

    @on(Rows.Moved, "#report-files")
    def _follow_file(self) -> None:
        """Read the text of the file under the cursor, if it is seen or wanted, and again if the report has changed."""
        entry, file = self._chosen, self._files.key
        if entry is None or not file:
            self._draw_text()
            return
        verdict = self._verdicts.get(entry.name)
        state = next((each.state for each in verdict.files if each.name == file), "") if verdict is not None else ""
        is_shown = self._shown == (entry.name, file) and self._text is not None
        is_as_told = (
            is_shown and self._text is not None and (self._text.state == "as written") == (state == "as written")
        )
        if not (self.is_wide or self.face == "text") or is_as_told:
            self._draw_text()
            return
        self._shown = (str(entry.name), file)
        name = str(entry.name)

        def read(text: ReportText) -> None:
            if self._shown == (name, file):
                self._text = text
                self._draw_text()

        def unread() -> None:
            if self._shown == (name, file):
                self._text = None
                self._draw_text()

        if state == "MISSING":
            unread()
        else:
            self.ask_about(f"Reading {file}", lambda backend: backend.report_text(name, file), read, unread)

    def _draw_text(self) -> None:
        view, text = self.query_one("#report-text", MarkdownView), self._text
        view.retitle(words.text_title(text))
        if text is None:
            view.say_empty("No text is shown: Enter on a file opens it.")
            view.show_source("", is_markdown=False)
        else:
            view.say_empty("The file is empty.")
            view.show_source(text.text, is_markdown=text.file.endswith(".md"))

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions that make sense now."""
        entry = self._chosen
        names = {"report_open"} if entry is not None and self.face != "text" else set()
        if entry is not None and entry.kind is not ReportKind.DRAFT:
            names.add("report_export")
        return tuple(action for action in self.console_actions() if action.name in names)

    # Actions

    @on(Rows.Chosen, "#report-list")
    def _open(self) -> None:
        if self._chosen is not None:
            self.show_face("files")
            self._follow_file()

    @on(Rows.Chosen, "#report-files")
    def _open_file(self) -> None:
        if self._files.key:
            self.show_face("text")
            self._follow_file()

    def action_report_open(self) -> None:
        """Open the files of the chosen report, or the text of the chosen file."""
        if self._chosen is None:
            self.cannot("No report is chosen.", told("Esc drops the filter, <refresh> reads the reports again"))
        elif self.face == "list":
            self._open()
        else:
            self._open_file()

    def action_report_export(self) -> None:
        """Ask for a folder, and copy the chosen report into it."""
        entry = self._chosen
        if entry is None:
            self.cannot("No report is chosen.", told("Esc drops the filter, <refresh> reads the reports again"))
            return
        name = str(entry.name)

        def answered(folder: str | None) -> None:
            if folder:
                self._export(name, Path(folder))

        self.console.open_dialog(FolderDialog(name), answered)

    def _export(self, name: str, folder: Path) -> None:
        def call(backend: "Backend", _progress: "OnProgress") -> ExportedReport:
            return backend.export_report(name, folder)

        def done(exported: ExportedReport) -> str:
            return f"Copied {plural(exported.n_files, 'file')}, {size(exported.bytes)}, as they were written: {exported.path}"

        if_left = ("If you leave now, the copy is made whole or not at all.", "The report itself is not changed.")
        self.console.operate(Operation(f"Exporting {name}", call, done, if_left))

    # Copies

    def copied(self) -> Copied | None:
        """Copy the path of the chosen report; of a text its line."""
        entry = self._chosen
        if entry is None or isinstance(self.focused, Panel | MarkdownView):
            return super().copied()
        if self.focused is self._files and self._files.key:
            file = next((f for f in self._verdicts[entry.name].files if f.name == self._files.key), None)
            if file is not None and file.sha256:
                return Copied(f"the sum of {file.name}", f"{file.sha256}  {file.name}")
        return Copied(f"the path of {entry.name}", str(entry.path), f"cutter-console reports show {entry.name}")

    def copied_whole(self) -> Copied | None:
        """Copy the text that is shown as it was written, wherever the line in it is."""
        entry, text = self._chosen, self._text
        if entry is not None and text is not None and isinstance(self.focused, MarkdownView):
            command = f"cutter-console reports show {entry.name} --file {text.file}"
            return Copied(f"the text of {text.file}", text.text, command)
        return super().copied_whole()

"""Approvals: statements, their checks, what is signed and how, and the import."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import told
from console.backend.model.batches import BatchMove
from console.backend.model.errors import CutterError
from console.backend.model.states import Move
from console.backend.model.view_models import ApprovalStatus, ApprovalView
from console.screens import approvals_text as words
from console.screens.asked_in_turn import AskedInTurn
from console.screens.base import ConsoleScreen
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.import_dialog import ImportDialog
from console.screens.operation import Operation
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress, Status

_EMPTY = "No statement. For a run that waits for SG_1 or SG_2: <run>, then <draft>."


class ApprovalsScreen(ConsoleScreen):
    """The list of statements, and one of them in full."""

    CSS_PATH = ["rows.tcss", "approvals.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.APPROVALS
    TITLE_WORD: ClassVar[str] = "Approvals"
    HELP_TEXT: ClassVar[str] = (
        "A statement says exactly what is authorised. The sovereign signs the bytes of its file elsewhere, "
        "with a detached signature, one file per signer; the console never signs.\n\n"
        "Put the signature files beside the statement, check (<check>), then import (<import_statement>): it "
        "is recorded only if every check is PASS. A statement is used once."
    )

    def __init__(self) -> None:
        super().__init__()
        self.approvals: tuple[ApprovalView, ...] = ()
        self._chosen = ""
        """sha256 of the statement under the cursor."""
        self._moves_of: tuple[str, frozenset[Move | BatchMove]] = ("", frozenset())
        """A run or batch, and its legal moves as they were read last."""
        self._reading_moves = AskedInTurn(self, self._read_moves)

    def body(self) -> ComposeResult:
        """Compose the list, how to sign, the checks and the statement."""
        with Vertical(id="approval-screen"):
            yield ListRows("Statements", empty="Reading the statements ...", id="statements")
            with Vertical(id="approval-detail"):
                yield Panel("How to sign", id="sign")
                with Horizontal(id="approval-body"):
                    yield Panel("Checks", id="checks")
                    yield Panel("What is signed", id="statement")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        for name in ("sign", "checks", "statement"):
            self.query_one(f"#{name}", Panel).can_focus = True
        self.query_one("#statements").focus()

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self.query_one("#statements", Rows).say_empty("NOT KNOWN: the statements could not be read.")
        self._retitle()

    def _retitle(self) -> None:
        self.query_one("#statements", Rows).retitle(
            f"Statements{self.number_of_list(len(self.approvals))}{self.age_of_list()}"
        )

    def show_status(self, status: "Status") -> None:
        """Read again if a run has moved on or waits for something else: checking signatures is slow."""
        self._retitle()
        self._draw_sign()
        self.reread_if_moved(status)

    def reload(self) -> None:
        """Read all statements with their checks."""
        self.ask_in_turn("Reading the statements", lambda backend: backend.approvals(), self._loaded)

    def _loaded(self, approvals: tuple[ApprovalView, ...]) -> None:
        self._show_all(approvals)
        # A list without it that is read again at once may have been asked for before the statement was drafted.
        if not self.reads_again() or self._wanted():
            self.console.wanted_statement, self.console.wanted_import = "", None

    def _show_all(self, approvals: tuple[ApprovalView, ...]) -> None:
        self.approvals = approvals
        rows = self.query_one("#statements", ListRows)
        rows.show_rows(words.statement_rows(approvals), empty=told(_EMPTY))
        self._retitle()
        # The statement that is being read stays chosen, also if a new one comes before it in the list.
        wanted = self._wanted()
        rows.choose(wanted or self._chosen or self._next_to_import(), reveal=bool(wanted))
        self._draw_chosen()

    @property
    def _is_wanting(self) -> bool:
        """True while a statement is asked for that was not read yet: no key is for the one before it."""
        return bool(self.console.wanted_statement) or self.console.wanted_import is not None

    def _wanted(self) -> str:
        """Return the statement that is asked for, if it was read: one that was just drafted before the one that Overview names."""
        if (drafted := self.console.wanted_statement) and any(v.statement_sha256 == drafted for v in self.approvals):
            return drafted
        return self._at(self.console.wanted_import) if not drafted else ""

    def _at(self, path: Path | None) -> str:
        """Return the sha256 of the statement that was read from this file; an empty text if there is none."""
        return next((view.statement_sha256 for view in self.approvals if view.statement_path == path), "")

    def _next_to_import(self) -> str:
        """Return the first statement that waits for its import, to begin with. Overview leads to the one that it names."""
        status = self.console.status
        waiting = status.waiting if status is not None else ()
        return next(filter(None, (self._at(wait.statement) for wait in waiting)), "")

    @property
    def chosen(self) -> ApprovalView | None:
        """The statement under the cursor."""
        index = self.query_one("#statements", ListRows).chosen
        return self.approvals[index] if index is not None else None

    @on(Rows.Moved, "#statements")
    def _draw_chosen(self) -> None:
        view = self.chosen
        self._chosen = view.statement_sha256 if view is not None else ""
        checks, sign, statement = (self.query_one(f"#{n}", Panel) for n in ("checks", "sign", "statement"))
        if view is None:
            for panel in (checks, sign, statement):
                panel.show([])
        else:
            checks.title = words.checks_title(view)
            full = self.console.full_command
            checks.show_wrapped(lambda width: words.checks(view, full, width))
            statement.show(words.statement(view))
            sign.title = words.sign_title(view)
            self._draw_sign()
            self._reading_moves.ask()
        self.draw_frame()

    def _draw_sign(self) -> None:
        view, status = self.chosen, self.console.status
        if view is None:
            return
        run_id, moves = self._moves_of
        switch = status.switch if status is not None and self.console.current else None
        shown = moves if run_id == view.run_id and self.console.current else frozenset()
        lines = words.sign(view, self.console.clock(), self.console.registry, moves=shown, switch=switch)
        self.query_one("#sign", Panel).show(lines)

    async def _read_moves(self) -> None:
        """Read what an imported statement is next for: the run may have been voided or have failed, or wait for something else."""
        view = self.chosen if can_draw(self) else None
        if view is None or view.status is not ApprovalStatus.IMPORTED:
            return
        run_id = view.run_id
        try:
            moves = await self.answer(lambda backend: words.moves_now(backend, run_id))
        except CutterError:
            # Of what could not be read no key is named; what is wrong is said where the run is read.
            moves = frozenset()
        self._moves_of = (run_id, moves)
        if can_draw(self):
            self._draw_sign()

    def copied(self) -> Copied | None:
        """Copy the sha256 of the statement; of How to sign the command."""
        view = self.chosen
        if view is None or self.focused is self.query_one("#checks"):
            return super().copied()
        if self.focused is self.query_one("#sign") and view.sign_with:
            return Copied("the command that signs the statement", str(view.sign_with), is_command=True)
        return Copied(f"the sha256 of {view.statement_path.name}", view.statement_sha256)

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions for the chosen statement: one that is imported, used or expired is neither signed nor imported."""
        view = self.chosen
        if view is None:
            return ()
        is_open = view.status in {ApprovalStatus.DRAFTED, ApprovalStatus.INVALID}
        return tuple(a for a in self.console_actions() if is_open or a.name not in {"import_statement", "demo_sign"})

    def _need_statement(self) -> ApprovalView | None:
        view = self.chosen
        if self._is_wanting:
            self.cannot_yet()
            return None
        if view is None:
            self.cannot("There is no statement.", told("Draft one on the Run screen: <run>, then <draft>"))
        return view

    def action_check(self) -> None:
        """Check the chosen statement again; checking writes nothing."""
        view = self._need_statement()
        if view is not None:
            self.ask_about("Checking", lambda backend: backend.check_statement(view.statement_path), self._checked)

    def _checked(self, fresh: ApprovalView) -> None:
        self._show_all(tuple(fresh if v.statement_path == fresh.statement_path else v for v in self.approvals))

    def action_import_statement(self) -> None:
        """Check the statement again, ask for more signature files, then import it.

        Signatures come from elsewhere, and this screen is not told of them: what it has drawn may be without them.
        """
        shown = self._need_statement()
        if shown is None:
            return

        def judge(view: ApprovalView) -> None:
            self._checked(view)
            doing, chosen = f"Import of {view.statement_path.name}", self.chosen
            if chosen is None or chosen.statement_path != path:
                self.not_done(doing, "another statement was chosen meanwhile")
            elif self.app.screen is self and not self._is_wanting:
                self._ask_and_import(view)
            else:  # The operator has gone elsewhere while it was checked, or is led to another statement.
                self.not_done(doing)

        path = shown.statement_path
        self.ask_about(f"Checking {path.name}", lambda backend: backend.check_statement(path), judge)

    def _ask_and_import(self, view: ApprovalView) -> None:
        def answered(signatures: tuple[Path, ...] | None) -> None:
            if signatures is not None:
                self._import(view, signatures)

        self.console.open_dialog(ImportDialog(view), answered)

    def _import(self, before: ApprovalView, signatures: tuple[Path, ...]) -> None:
        statement = before.statement_path

        def call(backend: "Backend", _progress: "OnProgress") -> ApprovalView:
            return backend.import_statement(statement, signatures)

        self.console.operate(
            Operation(f"Importing {statement.name}", call, lambda after: words.imported(before, after))
        )

    def action_demo_sign(self) -> None:
        """Sign with the demo's throw-away key; the action exists in the demo only."""
        view = self._need_statement()
        if view is None:
            return
        statement = view.statement_path

        def call(backend: "Backend", _progress: "OnProgress") -> Path:
            return backend.sign_as_demo_sovereign(statement)

        self.console.operate(Operation("Signing as the demo sovereign", call, words.demo_signed))

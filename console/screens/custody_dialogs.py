"""Hand over and accept: the file is asked for, then the dialog shows each check and demands the run id."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.backend.model.errors import CutterError
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import Danger, RunView
from console.screens.danger import Confirmed, DangerDialog
from console.screens.drawable import can_draw
from console.screens.operation import Operation
from console.screens.run_text import came_to
from console.screens.typed import TypedDialog
from console.widgets.formatting import age, in_column, size
from console.widgets.jobs import work
from console.widgets.line import Line, Span, line
from console.widgets.list_rows import ListRows
from console.widgets.narrowing import Row
from console.widgets.notice import Notice
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress
    from console.backend.runs.bundle_shelf import BundleFile
    from console.screens.application import Application


def _whole(typed: str) -> Path:
    """Return the path with `~` as the home; that of a user who is not there stays as it was typed."""
    return Path(os.path.expanduser(typed))  # noqa: PTH111 - Path.expanduser raises for such a user


class _FileDialog(TypedDialog):
    """Asks for the file of a bundle; one that is no whole path is asked for again."""

    def take(self, typed: str) -> None:
        """Answer with a whole path, and with nothing else: a console does not show which folder it was started in."""
        if not typed or _whole(typed).is_absolute():
            super().take(typed)
        else:
            self.say(f"{typed} is no whole path: type it from / or ~ on")


class NewBundleDialog(_FileDialog):
    """Asks for the file that a run is handed over in."""

    WORDS: ClassVar[str] = "Hand the run over in which file?"
    HINT: ClassVar[str] = "a new file, from / or ~ on"
    LINES: ClassVar[tuple[str, ...]] = (
        "The run's files, statements and signatures are written into it, for another host.",
        "Nothing is done before each check is shown and the run id is typed.",
    )


class BundleDialog(_FileDialog):
    """Asks for the bundle to accept: one of those in a folder, or any that is named by its path.

    The field says what Enter takes. A row that the cursor moves to is written into it; a folder that is typed is listed.
    """

    WORDS: ClassVar[str] = "Accept a run from which bundle?"
    HINT: ClassVar[str] = "the file that was carried here, from / or ~ on"
    LINES: ClassVar[tuple[str, ...]] = (
        "It is read and verified whole; what it holds and each verdict are shown.",
        "Nothing is accepted before the run id is typed.",
        "Up and Down choose a file of the folder; a path can be typed.",
    )
    TALL: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "turn(1)", "Down", show=False, priority=True),
        Binding("up", "turn(-1)", "Up", show=False, priority=True),
    ]

    def __init__(self, before: str = "") -> None:
        super().__init__(before)
        self._files: tuple[BundleFile, ...] = ()
        self._folder: Path | None = _folder_of(before)
        self._has_moved = False
        """True once the cursor was put on a row."""

    def question(self) -> ComposeResult:
        """Compose the field and the list of bundles."""
        yield from super().question()
        yield ListRows("Bundles", empty="Reading the folder ...", id="bundles")

    def opened(self) -> None:
        """List the folder of what was typed before, or else the intake folder."""
        super().opened()
        self.query_one("#bundles").can_focus = False
        self._list()

    def _list(self) -> None:
        self.run_worker(work(self._ask, self._folder), group="bundles", exclusive=True)

    async def _ask(self, folder: Path | None) -> None:
        try:
            shelf = await self.console.ask(lambda backend: backend.bundles(folder))
        except CutterError as error:
            self._show((), f"NOT READ: {safe_text(error.message)}", "Bundles")
            return
        # Whoever goes to a row of it has its folder in the field: that is no other one.
        self._folder = self._folder or shelf.folder
        title = f"Bundles in {safe_text(str(shelf.folder))}{'' if shelf.is_whole else ', not all of them'}"
        self._show(shelf.files, "No file here begins as a bundle does. Type the path of one.", title)

    def _show(self, files: "tuple[BundleFile, ...]", empty: str, title: str) -> None:
        if not can_draw(self):
            return
        now, rows = self.console.clock(), self.query_one("#bundles", ListRows)
        self._files, self._has_moved = files, False
        rows.show_rows([Row(_row(file, now), str(file.path)) for file in files], empty=empty)
        rows.retitle(title)

    def action_turn(self, by: int) -> None:
        """Go to the next row, and write its path into the field."""
        if not self._files:
            return
        rows = self.query_one("#bundles", ListRows)
        if self._has_moved:
            rows.action_move(by)
        self._has_moved = True
        self.query_one("#typed", Input).value = str(self._files[rows.cursor].path)

    @on(Rows.Moved, "#bundles")
    def _clicked(self, event: Rows.Moved) -> None:
        if event.index < len(self._files):
            self._has_moved = True
            self.query_one("#typed", Input).value = str(self._files[event.index].path)

    @on(Input.Changed, "#typed")
    def _typed(self, event: Input.Changed) -> None:
        """List the folder of what is typed, once it is another one."""
        folder = _folder_of(event.value.strip())
        if folder is not None and folder != self._folder:
            self._folder = folder
            self._list()


def _folder_of(typed: str) -> Path | None:
    """Return the folder of a path, or the one that is named with a slash behind it; None for what is no whole path."""
    path = _whole(typed)
    if not typed or not path.is_absolute():
        return None
    return path if typed.endswith("/") else path.parent


def _row(file: "BundleFile", now: datetime) -> Line:
    return line(
        f"{in_column(str(file.name), _NAME)}",
        Span(f"{size(file.bytes):>10}  ", "muted"),
        Span(age(file.changed_at, now), "muted"),
    )


_NAME = 44


def ask_hand_over(console: "Application", run_id: str, before: str, remember: Callable[[str], None]) -> None:
    """Ask for the file, then confirm and hand the run over. `before` was typed last, and is not lost by a refusal."""
    _ask(console, NewBundleDialog(before), Danger.HAND_OVER, run_id, remember)


def ask_accept(console: "Application", before: str, remember: Callable[[str], None]) -> None:
    """Ask for the bundle, then show what it holds, confirm, and accept its run."""
    _ask(console, BundleDialog(before), Danger.ACCEPT, "", remember)


_Custody = Literal[Danger.HAND_OVER, Danger.ACCEPT]


def _ask(
    console: "Application", dialog: _FileDialog, danger: _Custody, run_id: str, remember: Callable[[str], None]
) -> None:
    def named(typed: str | None) -> None:
        if not typed:
            return
        remember(typed)
        file = _whole(typed)

        def answered(answer: Confirmed | None) -> None:
            if answer is not None:
                console.operate(_operation(danger, file, answer))

        console.open_dialog(DangerDialog(danger, run_id, file), answered)

    console.open_dialog(dialog, named)


def _operation(danger: _Custody, file: Path, answer: Confirmed) -> Operation[RunView]:
    # What was typed is the run id: the dialog takes no other text.
    run_id = answer.confirm
    if danger is Danger.HAND_OVER:
        return Operation(
            f"Handing {run_id} over", _hand_over(run_id, file), lambda _run: _handed(run_id, file), _IF_LEFT
        )
    return Operation(f"Accepting {run_id}", _accept(file, answer.seen), _accepted, _IF_LEFT)


_IF_LEFT = (
    "If you leave now, the run changes hands whole or not at all; a COMMIT without an answer is settled as everywhere.",
    "The same step can be made again: where it was done, it says so.",
)


def _hand_over(run_id: str, to: Path) -> "Callable[[Backend, OnProgress], RunView]":
    return lambda backend, _progress: backend.hand_over(run_id, to)[0]


def _accept(bundle: Path, seen: str) -> "Callable[[Backend, OnProgress], RunView]":
    return lambda backend, _progress: backend.accept_run(bundle, seen)[0]


def _accepted(run: RunView) -> str:
    return f"This console holds run {run.run_id} now. {came_to(run)}"


def _handed(run_id: str, file: Path) -> Notice:
    there = "Carry it to the next host, and accept it there: on its Run screen, or by the command run accept FILE"

    def renewed(run: RunView) -> Notice | None:
        if run.is_unaccepted:
            return notice
        if run.is_lost:
            return Notice("done", f"Run {run_id} was handed over in {file}, and then {run.elsewhere}.")
        return None  # It is held here again.

    notice = Notice("done", f"Run {run_id} is handed over, in {file}.", "", there, of_run=run_id, renewed=renewed)
    return notice

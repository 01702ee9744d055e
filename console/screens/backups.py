"""Backups: what was taken, for which run, what is proven of it, and until when it lets a run be armed; a restore test."""

import asyncio
import threading
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import key_of, told
from console.backend.model.errors import CutterError
from console.backend.model.outcome import Check
from console.backend.runs.backup_shelf import BackupShelf, KeptBackup
from console.screens import backups_text as words
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.faces import FacedScreen
from console.screens.operation import ProgressFeed
from console.widgets.line import Line, plain
from console.widgets.list_rows import ListRows
from console.widgets.panel import UNWRAPPED, Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.backend.api import Backend
    from console.backend.model.view_models import Cancelled, OnProgress, Progress, Status

    Test = Callable[[Backend, str, OnProgress, Cancelled], Check]

_MOST_TABLES = 200
_OFTEN = 500
"""Backups up to which the list is read at each measurement; more of them are read when they are asked for."""


class BackupsScreen(FacedScreen):
    """The list of backups beside one of them; below 110 columns, the one or the other."""

    CSS_PATH = ["rows.tcss", "shelves.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.BACKUPS
    TITLE_WORD: ClassVar[str] = "Backups"
    PARTS: ClassVar[dict[str, str]] = {"list": "#backup-list", "backup": "#backup"}
    FOCUSED: ClassVar[dict[str, str]] = PARTS
    HELP_TEXT: ClassVar[str] = (
        "Every backup that lies on this host or stands in the ledger, the newest first.\n\n"
        "ARMS: the arming check accepts it now.\n"
        "proven: restored and compared when it was taken; its text says why no run is armed with it, and arming "
        "takes another one by itself.\n"
        "NO FILE: the ledger has a row, and the file is not here.\n"
        "NO ROW: the ledger does not know the file.\n"
        "DIFFERS and NO RECORD: the file is not what was recorded.\n\n"
        "The list compares sizes; <backup_compare> reads the chosen file and compares its sha256; "
        "<backup_test> decrypts and restores it into a database of its own and compares every table.\n"
        "<backup_test> needs the private key, which should be on another machine: there the command that is "
        "shown does the same.\n"
        "Neither writes to the database, and what they come to is recorded nowhere but here.\n\n"
        "<backup_cancel> ends what is under way.\n"
        "<copy_focus> copies the path.\n"
        "<find> filters by any word, or by state:, run:, document: and taken:."
    )

    def __init__(self) -> None:
        super().__init__()
        self._shelf: BackupShelf | None = None
        self._tested: dict[str, words.Tested] = {}
        self._last: words.Tested | None = None
        self._progress: Progress | None = None
        self._cancel: threading.Event | None = None
        """Set to end the test that is under way; None if there is none."""

    def body(self) -> ComposeResult:
        """Compose head, list and one backup."""
        with Vertical(id="shelf-screen"):
            yield Panel("Backups", id="shelf-head")
            with Container(id="shelf-parts"):
                yield ListRows("Backups", empty="Reading the backups ...", id="backup-list")
                yield Panel("Backup", id="backup")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        for name in ("#backup", "#shelf-head"):
            self.query_one(name, Panel).can_focus = True
        self.query_one("#shelf-head").display = False
        self.show_face("list")

    def on_unmount(self) -> None:
        """End a test that nobody would see the end of."""
        self.action_backup_cancel()

    @property
    def _list(self) -> ListRows:
        return self.query_one("#backup-list", ListRows)

    # The list

    def reload(self) -> None:
        """Read files and ledger again."""
        self.ask_in_turn("Reading the backups", lambda backend: backend.backups(), self._loaded)

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self._list.say_empty("NOT KNOWN: the backups could not be read.")
        self._draw()

    def show_status(self, status: "Status") -> None:
        """Draw the ages again; read the list again, one that takes long only after a move."""
        if self._shelf is None or len(self._shelf.backups) <= _OFTEN:
            self.reload()
        else:
            self.reread_if_moved(status)
        self._draw()

    def _loaded(self, shelf: BackupShelf) -> None:
        self._shelf = shelf
        self._list.say_empty(words.nothing(shelf))
        self._draw()

    def draw_rows(self) -> None:
        """Draw for the width there is."""
        self._draw()

    def _draw(self) -> None:
        if not can_draw(self):
            return
        shelf, now, rows = self._shelf, self.console.clock(), self._list
        if shelf is not None:
            rows.show_rows(tuple(words.row(backup, now, self.row_width) for backup in shelf.backups))
        old = self.age_of_list()
        if shelf is not None and len(shelf.backups) > _OFTEN and not old and self.read_at is not None:
            old = f", read {self.read_at:%H:%M:%S}, {key_of('refresh')} reads again"
        rows.retitle(words.list_title(shelf, old))
        self._draw_head()
        self._draw_backup()

    def _draw_head(self) -> None:
        panel, shelf, now = self.query_one("#shelf-head", Panel), self._shelf, self.console.clock()
        panel.display = shelf is not None
        if shelf is not None:
            full = self.console.full_command
            progress, last = self._progress if self._cancel is not None else None, self._last
            panel.show_wrapped(lambda width: words.head(shelf, now, progress, last, full, width))

    @property
    def _chosen(self) -> KeptBackup | None:
        index = self._list.chosen
        return self._shelf.backups[index] if index is not None and self._shelf is not None else None

    @on(Rows.Moved, "#backup-list")
    def _draw_backup(self) -> None:
        panel, backup = self.query_one("#backup", Panel), self._chosen
        if backup is None:
            panel.title = "Backup"
            panel.show([])
        else:
            panel.title = str(backup.file_name)
            panel.show_wrapped(lambda width: self._detail(backup, width))
        self.draw_frame()

    def _detail(self, backup: KeptBackup, width: int) -> list[Line]:
        prove = f"cutter-console backup prove {backup.path}" if backup.record is not None else ""
        tested = self._tested.get(backup.file_name)
        now, full = self.console.clock(), self.console.full_command
        can_test = self.console.registry.named("backup_test") is not None
        return words.detail(backup, _MOST_TABLES, now, tested, prove, full, width, can_test=can_test)

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions that make sense now."""
        names: set[str] = set()
        if self._chosen is not None:
            names |= {"backup_open"} if self.face == "list" else set()
            can_test = self._cancel is None and self._chosen.record is not None
            names |= {"backup_test", "backup_compare"} if can_test else set()
        if self._cancel is not None:
            names.add("backup_cancel")
        return tuple(action for action in self.console_actions() if action.name in names)

    # Actions

    @on(Rows.Chosen, "#backup-list")
    def action_backup_open(self) -> None:
        """Show the chosen backup with its evidence."""
        if self._needs_chosen() is not None:
            self.show_face("backup")

    def _needs_chosen(self) -> KeptBackup | None:
        backup = self._chosen
        if backup is None:
            self.cannot("No backup is chosen.", told("Esc drops the filter, <refresh> reads the backups again"))
        return backup

    def action_backup_test(self) -> None:
        """Decrypt, restore and compare the chosen backup."""
        self._test("restore test", lambda backend, name, feed, cancelled: backend.prove_backup(name, feed, cancelled))

    def action_backup_compare(self) -> None:
        """Read the chosen backup's file again, and compare it with its record."""
        self._test("comparison", lambda backend, name, feed, cancelled: backend.compare_backup(name, feed, cancelled))

    def _test(self, doing: str, test: "Test") -> None:
        backup = self._needs_chosen()
        if backup is None:
            return
        if self._cancel is not None:
            self.cannot("A test is under way.", told("Wait for its end, or press <backup_cancel>"))
            return
        if backup.record is None:
            self.cannot(f"{backup.file_name} cannot be tested: {backup.problem}.", "Choose another one")
            return
        name, cancel = str(backup.file_name), threading.Event()
        self._cancel, self._progress = cancel, None
        feed = ProgressFeed(asyncio.get_running_loop(), self._draw_progress)

        def question(backend: "Backend") -> Check | CutterError:
            try:
                return test(backend, name, feed, cancel.is_set)
            except CutterError as error:
                return error

        def ended(answer: Check | CutterError) -> None:
            self._cancel = None
            self._last = self._tested[name] = words.Tested(f"{doing} of {name}", answer, self.console.clock())
            self._draw()

        def failed() -> None:
            self._cancel = None
            self._draw()

        self.ask_about(f"The {doing} of {name}", question, ended, failed)
        self._draw()

    def _draw_progress(self, progress: "Progress") -> None:
        if self._cancel is not None and can_draw(self):
            self._progress = progress
            self._draw_head()

    def action_backup_cancel(self) -> None:
        """End the test that is under way."""
        if self._cancel is not None:
            self._cancel.set()

    # Copies

    def copied(self) -> Copied | None:
        """Copy the path of the chosen backup, whole, as a word of a shell; of a text its words."""
        backup = self._chosen
        if backup is None or isinstance(self.focused, Panel):
            return super().copied()
        return Copied(f"the path of {backup.file_name}", str(backup.path), "cutter-console backup list")

    def copied_whole(self) -> Copied | None:
        """Copy all that is known of the chosen backup, unless the head has the focus."""
        backup = self._chosen
        if backup is None or self.focused is not self.query_one("#backup"):
            return super().copied_whole()
        text = "\n".join(plain(spans).rstrip() for spans in self._detail(backup, UNWRAPPED))
        return Copied(f"all of {backup.file_name}", text, "cutter-console backup list --json")

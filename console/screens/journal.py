"""Journal: what was done in a run, record by record, as it is written; filters, places, and the verdict on the chain."""

import asyncio
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import told
from console.backend.journal.journal import JournalVerdict
from console.backend.journal.journal_pages import JournalEntry, JournalPage, JournalQuery, Only
from console.backend.model.errors import CutterError, UsageError
from console.screens import journal_text as words
from console.screens.base import ConsoleScreen
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.journal_dialogs import JournalsDialog, PlaceDialog, WordDialog
from console.screens.operation import ProgressFeed
from console.widgets.formatting import clock
from console.widgets.line import Line
from console.widgets.notice import Notice
from console.widgets.paged_rows import PagedRows, Side
from console.widgets.panel import Panel
from console.widgets.plain_text import PlainText
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.backend.api import Backend
    from console.backend.model.view_models import Progress, Status
    from console.backend.runs.journals import JournalFile

PAGE = 150
"""Records of a page that is asked for."""
LOOK_SECONDS = 1.0
"""Pause between two looks at the end of the file, while the screen is shown."""
_ABOVE = 70
"""Records above the cursor that are read again with it."""
Face = Literal["list", "record"]


class JournalScreen(ConsoleScreen):
    """The records of one journal, and one of them in full: beside the list, or below 110 columns in its place."""

    CSS_PATH = ["rows.tcss", "journal.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.JOURNAL
    TITLE_WORD: ClassVar[str] = "Journal"
    HELP_TEXT: ClassVar[str] = (
        "What was done in a run, by whatever console or command: an intent before each effect, a result after "
        "it, a note for anything else, such as the transaction before its COMMIT.\n\n"
        "The newest record stands last. With the cursor on it the list follows what is written; End goes "
        "there.\n"
        "An intent without a result is marked: it is at work, or was interrupted.\n"
        "A record that is not what was written is marked DAMAGED.\n\n"
        "Whether the whole chain holds, and every anchor in the database, says <journal_verify>.\n"
        "Nothing can be changed here, and only the anchors need the database.\n\n"
        "<journal_of_run> on Run opens the chosen run's journal, <journal_run> here another one.\n"
        "<find> filters by a word; in an open record it searches there."
    )

    def __init__(self) -> None:
        super().__init__()
        self._run_id = ""
        self._page: JournalPage | None = None
        """The last answer, for what it says of the file as a whole."""
        self._begins = self._ends = 0
        """The bytes of the file that the list stands for."""
        self._only, self._word = Only.ALL, ""
        self._asked = 0
        """Number of readings so far: the answer to an earlier one is dropped."""
        self._is_searching = False
        self._is_looking = False
        self._problem: CutterError | None = None
        self._face: Face = "list"
        self._entry: JournalEntry | None = None
        """The record that is shown, with its values whole once they were read."""
        self._verdict: JournalVerdict | None = None
        self._verified_at = ""
        self._progress: Progress | None = None
        self._is_verifying = False

    def body(self) -> ComposeResult:
        """Compose head, list and record."""
        with Vertical(id="journal-screen"):
            yield Panel("Journal", id="journal-head")
            with Container(id="journal-parts"):
                yield PagedRows[JournalEntry]("Journal", self._row, empty="Reading the journal ...", id="journal-list")
                yield PlainText("Record", id="journal-record")

    def _row(self, entry: JournalEntry) -> Line:
        newest = self._page.newest if self._page is not None else None
        return words.row(entry, self._list.row_width, max(len(str(newest or 0)), 3))

    @property
    def _list(self) -> PagedRows[JournalEntry]:
        return self.query_one("#journal-list", PagedRows)

    @property
    def _is_wide(self) -> bool:
        return self.has_class("-wide")

    def opened(self) -> None:
        """Focus the list, and look at the end of the file from now on."""
        super().opened()
        self._show_face("list")
        self.set_interval(LOOK_SECONDS, self._look)

    # The journal that is shown

    def reload(self) -> None:
        """Show the journal that was asked for, or look at the one that is shown again; at first, the one that was written last."""
        wanted, self.console.wanted_journal = self.console.wanted_journal, ""
        if wanted and wanted != self._run_id:
            self._begin(wanted)
        elif self._run_id:
            self._look()
        else:
            self._read_files(self._show_newest)

    def measure_again(self) -> None:
        """Read what is shown again, also if the file looks as it did."""
        if self._page is None:
            self.reload()
        else:
            self._read_again()

    def show_status(self, status: "Status") -> None:
        """Draw the head again; after a move look at the file at once, and at first for one that was begun since."""
        self._draw_head()
        self.reread_if_moved(status)

    def _read_files(self, then: "Callable[[tuple[JournalFile, ...]], None]") -> None:
        def unanswered() -> None:
            self._list.say_empty("NOT KNOWN: the journals could not be listed.")

        self.ask_about("Listing the journals", lambda backend: backend.journals(), then, unanswered)

    def _show_newest(self, files: "tuple[JournalFile, ...]") -> None:
        if files:
            self._begin(files[0].run_id)
        else:
            root = self.console.status.root if self.console.status is not None else ""
            self._list.say_empty(words.no_journal(str(root)))

    def _begin(self, run_id: str) -> None:
        """Show another run's journal from its end."""
        self._run_id, self._page, self._problem = run_id, None, None
        self._only, self._word = Only.ALL, ""
        self._verdict, self._progress = None, None
        self._entry = None
        self._show_face("list")
        self._read_end()

    # Reading

    def _read_end(self) -> None:
        self._list.say_empty("Reading the journal ...")
        self._read(self._query())

    def _query(self) -> JournalQuery:
        return JournalQuery(run_id=self._run_id, limit=PAGE, only=self._only, word=self._word)

    def _read_again(self) -> None:
        """Read the rows around the cursor again, or the end if the list follows it."""
        rows = self._list
        if self._follows or not rows.items:
            self._read(self._query())
            return
        chosen = rows.items[rows.cursor]
        update = {"at": rows.items[max(rows.cursor - _ABOVE, 0)].offset, "limit": PAGE + _ABOVE}
        self._read(self._query().model_copy(update=update), at=chosen.offset)

    @property
    def _follows(self) -> bool:
        """True while the cursor is on the newest record."""
        rows = self._list
        return not rows.has_more(Side.BEHIND) and rows.cursor >= len(rows.items) - 1

    def _read(self, query: JournalQuery, *, at: int | None = None) -> None:
        """Read a page in place of what is shown; the cursor goes to the place that was asked for, else to this byte or the end."""
        self._asked += 1
        number = self._asked

        def read(answer: "JournalPage | CutterError") -> None:
            if number != self._asked:
                return
            if isinstance(answer, CutterError):
                self._not_readable(answer)
                return
            self._page, self._problem = answer, None
            self._begins, self._ends = answer.begins_at, answer.ends_at
            wanted = at if at is not None else answer.target
            entries = answer.entries
            index = next((i for i, entry in enumerate(entries) if wanted is not None and entry.offset >= wanted), None)
            last = max(len(entries) - 1, 0)
            rows = self._list
            rows.say_empty(words.nothing(self._only, self._word))
            rows.begin(
                entries,
                before=answer.more_before,
                behind=answer.more_behind,
                cursor=last if index is None else index,
            )
            if query.goto and answer.target is None:
                self.cannot(
                    f"Nothing lies at {query.goto} or behind it.",
                    told("The last record is shown; <journal_goto> asks again"),
                )
            self._search_on(answer, Side.BEHIND if answer.target is not None else Side.BEFORE)
            self._follow_cursor()

        def unanswered() -> None:
            self._list.say_empty("NOT KNOWN: the journal could not be read.")

        self.ask_about(f"Reading the journal of {self._run_id}", _answer_or_error(query), read, unanswered)

    def _not_readable(self, error: CutterError) -> None:
        if isinstance(error, UsageError):
            self.cannot(error.message, error.next_action)
            return
        # Rows that were read before stay, and the head says that they are not current.
        self._problem = error
        self._is_searching = False
        self._list.unanswered()
        self._list.say_empty("NOT KNOWN: see above.")
        self._draw_head()
        self.draw_frame()

    def _search_on(self, page: JournalPage, side: Side) -> None:
        """Look further if a filter has filled less than the screen yet: one question looks at a part of a long journal."""
        more = page.more_before if side is Side.BEFORE else page.more_behind
        filters = self._only is not Only.ALL or bool(self._word)
        self._is_searching = filters and more and len(self._list.items) < max(self._list.size.height, 1)
        if self._is_searching:
            self._list.say_empty("Searching ...")
            self._read_page(side)

    @on(PagedRows.Wanted)
    def _page_wanted(self, event: PagedRows.Wanted) -> None:
        if event.side is Side.FIRST:
            self._read(self._query().model_copy(update={"at": 0}), at=0)
        elif event.side is Side.LAST:
            self._read(self._query())
        else:
            self._read_page(event.side)

    def _read_page(self, side: Side) -> None:
        number, back = self._asked, side is Side.BEFORE
        query = self._query().model_copy(update={"at": self._begins if back else self._ends, "back": back})

        def read(answer: "JournalPage | CutterError") -> None:
            if number != self._asked:
                return
            if isinstance(answer, CutterError):
                self._not_readable(answer)
                return
            rows = self._list
            was_empty = not rows.items
            rows.add(side, answer.entries, more=answer.more_before if back else answer.more_behind)
            if back:
                self._begins = answer.begins_at
                self._ends = rows.items[-1].offset + rows.items[-1].length if rows.has_more(Side.BEHIND) else self._ends
            else:
                self._ends = answer.ends_at
                self._begins = rows.items[0].offset if rows.items and rows.has_more(Side.BEFORE) else self._begins
            if was_empty and back and rows.items:
                rows.cursor = len(rows.items) - 1
            if self._is_searching:
                self._search_on(answer, side)
            if not self._is_searching:
                rows.say_empty(words.nothing(self._only, self._word))
            self._follow_cursor()

        question = _answer_or_error(query)
        self.ask_about(f"Reading the journal of {self._run_id}", question, read, self._list.unanswered)

    def _look(self) -> None:
        """Look at the end of the file, and read again if anything was written, here or elsewhere."""
        if self._is_looking or not self._run_id or self.app.screen is not self:
            return
        self._is_looking = True
        run_id, before = self._run_id, self._page

        def ended() -> None:
            self._is_looking = False

        def looked(answer: "JournalPage | CutterError") -> None:
            ended()
            if run_id != self._run_id or before is not self._page:
                return
            if isinstance(answer, CutterError):
                if self._problem is None or self._problem.message != answer.message:
                    self._not_readable(answer)
                return
            self._compare(before, answer)

        query = JournalQuery(run_id=run_id, limit=1)
        self.ask_about(f"Reading the journal of {run_id}", _answer_or_error(query), looked, ended)

    def _compare(self, before: JournalPage | None, now: JournalPage) -> None:
        """Draw what has changed since the last answer; rows that the operator looks at stay under the cursor."""
        if before is None:
            self._read_end()
            return
        if now.file_id != before.file_id or now.complete < before.complete:
            self._verdict = None
            changed = "replaced by another file" if now.file_id != before.file_id else "cut off"
            message = f"The journal of {self._run_id} was {changed} while it was shown."
            self.console.give_notice(
                Notice("refused", message, "", told("It is read again from its end; <journal_verify> verifies it"))
            )
            self._read_end()
            return
        was_unreadable, self._problem = self._problem is not None, None
        state = (now.complete, now.torn_bytes, now.is_written)
        if state == (before.complete, before.torn_bytes, before.is_written) and not was_unreadable:
            return
        # An intent that had no result may have one by now.
        is_open = any(entry.lacks for entry in self._list.items)
        if self._follows or is_open or was_unreadable:
            self._read_again()
            return
        kept = {"newest", "newest_at", "complete", "torn_bytes", "is_written"}
        self._page = before.model_copy(update={name: getattr(now, name) for name in kept})
        if now.complete > before.complete:
            self._list.tell_more(Side.BEHIND)
        self._draw_head()

    # What is shown

    @on(Rows.Moved, "#journal-list")
    def _follow_cursor(self) -> None:
        """Show the record under the cursor where there is room for it."""
        chosen = self._list.chosen
        if chosen is None:
            self._entry = None
        elif self._entry is None or _differs(self._entry, chosen):
            self._entry = chosen
            if chosen.is_cut:
                self._read_whole(chosen, self._draw_record)
        self._draw_record()
        self._draw_head()
        self.draw_frame()

    def _read_whole(self, entry: JournalEntry, then: "Callable[[], None]") -> None:
        run_id = self._run_id

        def read(whole: JournalEntry) -> None:
            if self._entry is not None and self._entry.offset == whole.offset and run_id == self._run_id:
                self._entry = whole
                then()

        self.ask_about(
            f"Reading a record of {run_id}", lambda backend: backend.journal_entry(run_id, entry.offset), read
        )

    def _draw_record(self) -> None:
        record, entry = self.query_one("#journal-record", PlainText), self._entry
        record.retitle(words.record_title(entry))
        if entry is None:
            record.say_empty("No record is chosen.")
            record.show_text("")
        else:
            # The window's width, not the widget's, which may not have been laid out yet; frame, padding and scrollbar take eight cells.
            width = self.size.width // 2 if self._is_wide else self.size.width
            record.show_text("\n".join(words.record_lines(entry, width - 8)))

    def _draw_head(self) -> None:
        page, panel = self._page, self.query_one("#journal-head", Panel)
        self._list.retitle(words.list_title(page, self._run_id, self._only, self._word, self._state()))
        problem, verdict, progress, at = self._problem, self._verdict, self._progress, self._verified_at
        panel.display = page is not None or problem is not None
        if problem is not None:
            panel.title = "Journal: NOT READ" if page is None else "Journal: what is shown is NOT CURRENT"
            command = self.console.full_command(problem.next_action)
            panel.show_wrapped(lambda width: words.problem_lines(problem, command, width))
        elif page is not None:
            panel.title = "Journal"
            panel.show_wrapped(lambda width: words.head(page, verdict, at, progress, width))

    def _state(self) -> str:
        """Return the state of the list in a word: it follows, stands, or is being searched."""
        if self._problem is not None:
            return "NOT READ" if self._page is None else "NOT CURRENT"
        if self._page is None:
            return ""
        if self._is_searching:
            return "searching"
        return "following" if self._follows else "End follows"

    def _show_face(self, face: Face) -> None:
        self._face = face
        self.query_one("#journal-list").display = self._is_wide or face == "list"
        self.query_one("#journal-record").display = self._is_wide or face == "record"
        self.query_one("#journal-list" if face == "list" else "#journal-record").focus()
        self.draw_frame()

    def on_resize(self) -> None:
        """Show both or the one that was looked at, for the new width."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        if can_draw(self):
            self._show_face(self._face)
            self._list.redraw()
            self._follow_cursor()

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions that make sense now."""
        names = {"journal_run"}
        if self._page is not None:
            names |= {"journal_only", "journal_goto", "journal_verify"}
        if self._only is not Only.ALL or self._word:
            names.add("journal_all")
        if self._list.chosen is not None:
            names |= {"journal_open", "journal_next", "journal_previous"}
        return tuple(action for action in self.console_actions() if action.name in names)

    # Actions

    @property
    def has_step_back(self) -> bool:
        """True while a record is open."""
        return self._face == "record"

    def go_back(self) -> bool:
        """Go back from the record to the list; from there, drop the filters."""
        if self.has_step_back:
            self._show_face("list")
        elif self._word or self._only is not Only.ALL:
            self._filter(Only.ALL, "")
        else:
            return False
        return True

    @on(Rows.Chosen, "#journal-list")
    def action_journal_open(self) -> None:
        """Show the chosen record, whole."""
        chosen = self._chosen()
        if chosen is not None:
            self._show_face("record")
            if self._entry is None or self._entry.is_cut:
                self._read_whole(chosen, self._draw_record)

    def _chosen(self) -> JournalEntry | None:
        """Return the record under the cursor; without one, say how to come to it."""
        chosen = self._list.chosen
        if chosen is None:
            self.cannot(
                "No record is chosen.",
                told("Drop the filters with <journal_all>, or choose another run's journal with <journal_run>"),
            )
        return chosen

    def action_journal_next(self) -> None:
        """Go to the next record."""
        self._list.action_move(1)

    def action_journal_previous(self) -> None:
        """Go to the record before it."""
        self._list.action_move(-1)

    async def find(self) -> None:
        """Search in the record or the head if it has the focus; else ask for the word that records must have."""
        if self.focused in {self.query_one("#journal-record"), self.query_one("#journal-head")}:
            await super().find()
        elif self._has_journal():
            self.console.open_dialog(WordDialog(self._word), self._word_given)

    def _word_given(self, word: str | None) -> None:
        if word is not None and word != self._word:
            self._filter(self._only, word)

    def action_journal_only(self) -> None:
        """Go to the next kind."""
        if self._has_journal():
            index = words.FILTERS.index(self._only)
            self._filter(words.FILTERS[(index + 1) % len(words.FILTERS)], self._word)

    def action_journal_all(self) -> None:
        """Drop the filters."""
        if self._has_journal():
            self._filter(Only.ALL, "")

    def _filter(self, only: Only, word: str) -> None:
        self._only, self._word = only, word
        self._show_face("list")
        self._list.say_empty("Searching ...")
        self._list.begin((), before=False, behind=False)
        self._read(self._query())

    def _has_journal(self) -> bool:
        if self._page is None:
            self.cannot("No journal is shown.", told("Choose one: <journal_run>"))
        return self._page is not None

    def action_journal_goto(self) -> None:
        """Ask for a place, and go there."""

        def answered(place: str | None) -> None:
            if place:
                # Of a filtered list the rows before the place would have to be searched for: PageUp does.
                context = 0 if self._word or self._only is not Only.ALL else _ABOVE
                self._read(self._query().model_copy(update={"goto": place, "context": context}))

        if self._has_journal():
            self.console.open_dialog(PlaceDialog(), answered)

    def action_journal_run(self) -> None:
        """Ask for the run whose journal is wanted."""

        def answered(file: "JournalFile | None") -> None:
            if file is not None:
                self._begin(file.run_id)

        def listed(files: "tuple[JournalFile, ...]") -> None:
            if self.app.screen is self:
                self.console.open_dialog(JournalsDialog(files), answered)
            else:
                self.not_done("Listing the journals")

        self._read_files(listed)

    def action_journal_verify(self) -> None:
        """Verify the journal; what was verified before stays above the list until then."""
        if not self._has_journal():
            return
        if self._is_verifying:
            self.cannot("The journal is being verified already.", "Wait for the verdict above the list")
            return
        self._is_verifying = True
        run_id, feed = self._run_id, ProgressFeed(asyncio.get_running_loop(), self._draw_progress)

        def ended() -> None:
            self._is_verifying, self._progress = False, None
            self._draw_head()

        def verified(verdict: JournalVerdict) -> None:
            if run_id == self._run_id:
                self._verdict, self._verified_at = verdict, clock(self.console.clock())
            ended()

        self.ask_about(
            f"Verifying the journal of {run_id}", lambda backend: backend.verify_journal(run_id, feed), verified, ended
        )

    def _draw_progress(self, progress: "Progress") -> None:
        if self._is_verifying and progress.run_id == self._run_id and can_draw(self):
            self._progress = progress
            self._draw_head()

    def copied(self) -> Copied | None:
        """Copy the record; of the head its text."""
        entry = self._entry
        if entry is None or self.focused is self.query_one("#journal-head"):
            return super().copied()
        number = entry.number if entry.number is not None else 0
        command = self.console.full_command(
            f"cutter-console journal show {self._run_id} --from {number} --most 1 --json"
        )
        return Copied(words.record_title(entry).lower(), words.record_text(entry), command)

    def copied_whole(self) -> Copied | None:
        """Copy the whole record, wherever the line in it is."""
        return self.copied()

    def send_copy(self, *, whole: bool) -> None:
        """Copy the record, which is read first if its values were cut for the list."""
        copy = super().send_copy
        self._with_whole(lambda: copy(whole=whole))

    def show_alone(self) -> None:
        """Show the record alone, which is read first if its values were cut for the list."""
        self._with_whole(super().show_alone)

    def _with_whole(self, then: "Callable[[], None]") -> None:
        if self._entry is None or not self._entry.is_cut:
            then()
        else:
            self._read_whole(self._entry, then)


def _answer_or_error(query: JournalQuery) -> "Callable[[Backend], JournalPage | CutterError]":
    """Return the question whose error is an answer: the screen says it where the records would stand."""

    def question(backend: "Backend") -> "JournalPage | CutterError":
        try:
            return backend.journal_page(query)
        except CutterError as error:
            return error

    return question


def _differs(shown: JournalEntry, entry: JournalEntry) -> bool:
    """Return whether this is another record, or the same with another mark; the values that were read whole are no difference."""
    return (shown.offset, shown.hash, shown.fault, shown.lacks) != (entry.offset, entry.hash, entry.fault, entry.lacks)

"""Edit a draft: its title and text are written here, then compared by words, and planned as a run that is signed."""

import asyncio
import re
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea

from console.actions.keys_in_force import key_of
from console.backend.model.errors import CutterError
from console.backend.model.safe_text import NOT_INERT, safe_text
from console.backend.model.view_models import Confirmation, Danger
from console.backend.runs.draft_edits import EditView, draft_digest
from console.backend.runs.typed_edits import TypedEdit
from console.screens.danger import Confirmed, DangerDialog
from console.screens.dialog import Dialog
from console.screens.operation import Operation
from console.widgets.field import Field
from console.widgets.jobs import work
from console.widgets.line import Line, Span, line
from console.widgets.notice import Notice
from console.widgets.panel import Lines
from console.widgets.wrap import hanging

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress
    from console.screens.application import Application

MOST_CHARACTERS = 65_536
"""Longest text that is written here; a longer one is edited as a file."""
_MADE_VISIBLE = re.compile("<U\\+[0-9A-F]{4,6}>|[\u2400-\u2421]")
_KEEP_SECONDS = 2.0
"""Pause between two times at which what was typed is kept."""


class Draft(NamedTuple):
    """The draft that is edited."""

    run_id: str
    """Its cut."""
    address: str
    title: str
    body: str


class Typed(NamedTuple):
    """Title and text as they were typed."""

    title: str
    body: str


def unwritable(draft: Draft) -> str:
    """Return why a draft cannot be written here without changing more than was typed; empty if it can."""
    if len(draft.body) > MOST_CHARACTERS:
        return f"{draft.address} has {len(draft.body):,} characters; {MOST_CHARACTERS:,} are written here at most."
    hidden = NOT_INERT.search((draft.title + draft.body).replace("\n", "").replace("\t", ""))
    if hidden is not None:
        return f"{draft.address} has U+{ord(hidden.group()):04X}, which no screen shows."
    # A title comes with such characters made visible already, and would be written so.
    if _MADE_VISIBLE.search(draft.title):
        return f"The title of {draft.address} has characters that no screen shows."
    return ""


class _Body(TextArea):
    """The text that is written. Tab leaves it; nothing blinks on a slow line."""

    HELP: ClassVar[str] = "Write the text. Ctrl+Z takes back, Shift and the arrows mark, Tab goes on to the next field."


class EditDialog(Dialog[Typed]):
    """A dialog in which title and text of a draft are written. Esc keeps what was typed, and plans nothing."""

    TALL: ClassVar[bool] = True
    WORDS: ClassVar[str] = "Edit a draft"
    CANCEL: ClassVar[str] = "Leave it: what was typed is kept, nothing is planned"
    AUTO_FOCUS = "#edit-body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+y", "review", "Compare", show=False, priority=True),
        Binding("ctrl+r", "take_draft", "The draft's own text", show=False, priority=True),
    ]

    def __init__(self, flow: "EditFlow") -> None:
        super().__init__()
        self._flow = flow
        self._is_changed = False

    def question(self) -> ComposeResult:
        """Compose title and text."""
        yield Lines(id="demand")
        yield Field(self._flow.typed.title, id="edit-title", placeholder="title", compact=True)
        body = _Body(self._flow.typed.body, id="edit-body", soft_wrap=True, tab_behavior="focus", compact=True)
        body.cursor_blink = False
        yield body

    def opened(self) -> None:
        """Say what is edited, and what becomes of it."""
        super().opened()
        draft = self._flow.draft
        self.body([line(Span("draft ", "muted"), Span(safe_text(draft.address), "strong"), f"  of {draft.run_id}")])
        self._demand(self._flow.hint)
        self.set_interval(_KEEP_SECONDS, self._keep)

    def _demand(self, words: str) -> None:
        self.query_one("#demand", Lines).show([line(Span(words, "muted"))])

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(
            Span("Esc", "accent"), " leave   ", Span("Tab", "accent"), " field   ", Span("^R", "accent"), " as it was   ",
            Span("^Y", "bad"), " compare", *self.stop_hint(),
        )  # fmt: skip

    def typed(self) -> Typed:
        """Return title and text as they stand."""
        return Typed(self.query_one("#edit-title", Input).value, self.query_one("#edit-body", TextArea).text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Note that there is something to keep."""
        event.stop()
        self._is_changed = True

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Note that there is something to keep."""
        event.stop()
        self._is_changed = True

    def on_paste(self, event: events.Paste) -> None:
        """Say that a paste was cut where it was: a text that is half there looks like a whole one."""
        if len(event.text) >= MOST_CHARACTERS:
            self._demand(f"The paste was cut after {MOST_CHARACTERS:,} characters: compare it.")

    def _keep(self) -> None:
        if self._is_changed:
            self._is_changed = False
            self._flow.keep(self.typed())

    def dismiss(self, result: Typed | None = None) -> AwaitComplete:
        """Close, by whatever key or stop; what was typed is kept."""
        self._keep()
        return super().dismiss(result)

    def action_review(self) -> None:
        """Go on to the comparison."""
        self.dismiss(self.typed())

    def action_take_draft(self) -> None:
        """Take the draft's own text again; Ctrl+Z in the text brings back what was typed."""
        draft, body = self._flow.draft, self.query_one("#edit-body", TextArea)
        self.query_one("#edit-title", Input).value = draft.title
        body.replace(draft.body, body.document.start, body.document.end)
        self._demand("This is the draft as it stands.")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say which key goes on: Enter never does."""
        event.stop()
        self._demand("Enter does not go on; ^Y compares.")


class ReviewDialog(DangerDialog):
    """A dialog that shows by words what an edit changes, and demands the id of the cut before it is planned."""

    CANCEL: ClassVar[str] = "Back to the text: plan nothing"

    def __init__(self, draft: Draft, typed: Typed) -> None:
        super().__init__(Danger.EDIT, draft.run_id)
        self._draft = draft
        self._typed = typed
        self._view: EditView | None = None

    def asked(self, backend: "Backend") -> Confirmation:
        """Ask what the edit would change; called in a thread."""
        briefing = backend.brief_edit(self._run_id, self._draft.address, self._typed.body, self._typed.title)
        self._view = briefing.view
        return briefing.confirmation

    def lines(self, briefing: Confirmation, width: int) -> list[Line]:
        """Return the difference, then what is said of every dangerous action."""
        view = self._view
        changed = edit_lines(view, width) if view is not None else []
        return [*changed, line(""), *super().lines(briefing, width)]


def edit_lines(view: EditView, width: int) -> list[Line]:
    """Return the draft, what of it changes, and each change of words with what stands around it."""
    fields = ", ".join(view.changed.fields)
    lines = hanging((Span("draft    ", "muted"),), f"{view.address}: {fields}", width, "strong")
    for value in view.changed.values:
        lines += hanging((Span(f"{value.field:<9}", "muted"),), safe_text(f"[-{value.old}-]{{+{value.new}+}}"), width)
    parts = [*(str(note) for note in view.changed.notes), *(str(part) for part in view.changed.differences)]
    for number, part in enumerate(parts):
        lines += hanging((Span("         " if number else "text     ", "muted"),), part, width)
    return lines


class EditFlow:
    """One edit on its way through its dialogs, with what was typed so far."""

    def __init__(self, console: "Application", draft: Draft, before: TypedEdit | None) -> None:
        self._console = console
        self.draft = draft
        self._seen = draft_digest(draft.title, draft.body)
        self.typed = Typed(draft.title, draft.body) if before is None else Typed(before.title, before.body)
        self._writing = asyncio.Lock()
        self.hint = "Title, then text. No draft changes before this is signed and applied."
        if before is not None:
            self.hint = "Typed before and not planned; ^R takes the draft's own text."
        if before is not None and before.seen != self._seen:
            self.hint = "Typed over ANOTHER text: the draft has changed since; ^R takes it as it is."

    def write(self) -> None:
        """Let title and text be written."""
        self._console.open_dialog(EditDialog(self), self._review)

    def keep(self, typed: Typed) -> None:
        """Keep what was typed, here and beside the run."""
        self.typed = typed
        self._console.begin_work(work(self._keep), "typed")

    async def _keep(self) -> None:
        # One after the other, each with the last that was typed: an older text must not be written over it.
        async with self._writing:
            kept = TypedEdit(address=self.draft.address, title=self.typed.title, body=self.typed.body, seen=self._seen)
            try:
                await self._console.ask(lambda backend: backend.keep_typed(self.draft.run_id, kept))
            except CutterError as error:
                self._console.give_notice(
                    Notice("refused", f"What was typed is kept in this console alone: {error.message}", str(error.code))
                )

    def _review(self, typed: Typed | None) -> None:
        if typed is None:
            return
        self.typed = typed
        dialog = ReviewDialog(self.draft, typed)
        self._console.open_dialog(dialog, self._plan)

    def _plan(self, answer: Confirmed | None) -> None:
        if answer is None:
            self.write()
            return
        draft, typed = self.draft, self.typed

        def call(backend: "Backend", _progress: "OnProgress") -> EditView:
            return backend.start_edit(draft.run_id, draft.address, typed.body, typed.title, answer.seen)

        def done(view: EditView) -> Notice:
            self._console.show_run(view.edit_run)
            return Notice(
                "done",
                f"The edit of {view.address} is planned as run {view.edit_run}.",
                "",
                f"Have it signed: {key_of('run')}, then {key_of('draft')}, or: cutter-console approval draft {view.edit_run}",
            )

        self._console.operate(Operation(f"Planning the edit of {draft.address}", call, done))

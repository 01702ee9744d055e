"""Edit a draft: its title and text are written here, then compared by words, and planned as a run that is signed."""

import asyncio
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.widgets import Button, Input, TextArea

from console.actions.keys_in_force import key_of, told
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, Refused
from console.backend.model.safe_text import NOT_INERT, safe_text
from console.backend.model.view_models import Confirmation, Danger
from console.backend.runs.draft_edits import EditView, draft_digest
from console.backend.runs.typed_edits import TypedEdit
from console.screens.danger import Confirmed, DangerDialog
from console.screens.dialog import Dialog
from console.screens.drawable import can_draw
from console.screens.operation import Operation
from console.widgets.field import Field
from console.widgets.jobs import work
from console.widgets.line import Line, Span, line
from console.widgets.notice import Notice
from console.widgets.panel import Lines
from console.widgets.pasted import Pasted
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


class _Title(Field):
    """The title that is written, of one line."""

    def on_paste(self, event: events.Paste) -> None:
        """Have the dialog say what of the paste was not taken: it does not come there by itself."""
        if isinstance(self.screen, EditDialog):
            self.screen.say_what_is_missing(event, is_title=True)


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
        Binding("ctrl+r", "take_next", "The next text", show=False, priority=True),
    ]

    def __init__(self, flow: "EditFlow") -> None:
        super().__init__()
        self._flow = flow
        self._is_changed = False
        """True if something was typed since it was kept last."""
        self._was_changed = False

    def question(self) -> ComposeResult:
        """Compose title and text."""
        yield Lines(id="demand")
        yield _Title(self._flow.typed.title, id="edit-title", placeholder="title", compact=True)
        body = _Body(self._flow.typed.body, id="edit-body", soft_wrap=True, tab_behavior="focus", compact=True)
        body.cursor_blink = False
        yield body

    def opened(self) -> None:
        """Say what is edited, and what becomes of it."""
        super().opened()
        draft = self._flow.draft
        self.body([line(Span("draft ", "muted"), Span(safe_text(draft.address), "strong"), f"  of {draft.run_id}")])
        self._demand(self._flow.hint)
        if self._flow.not_kept:
            self.show_kept()
        self.set_interval(_KEEP_SECONDS, self._keep)

    def show_kept(self) -> None:
        """Say where what was typed is kept: beside the run, or, if it cannot be written there, in this console alone."""
        reason = self._flow.not_kept
        if self._flow.has_ended:
            words = "Leave it: what was typed is kept NOWHERE"
        else:
            words = (
                "Leave it: what was typed stays in THIS CONSOLE ALONE, nothing is planned" if reason else self.CANCEL
            )
        self.query_one("#cancel", Button).label = words
        if reason:
            self._demand(f"NOT KEPT beside the run: {reason}", "bad")
        else:
            self._demand("What was typed is kept beside the run again.")

    @property
    def is_open(self) -> bool:
        """True until it is answered."""
        return can_draw(self) and not self._answered

    def _demand(self, words: str, style: Literal["muted", "bad"] = "muted") -> None:
        self.query_one("#demand", Lines).show([line(Span(safe_text(words), style))])

    def keys(self) -> Line:
        """Return what the keys do here."""
        return line(
            Span("Esc", "accent"), " leave   ", Span("Tab", "accent"), " field   ", Span("^R", "accent"), " next text   ",
            Span("^Y", "bad"), " compare", *self.stop_hint(),
        )  # fmt: skip

    def typed(self) -> Typed:
        """Return title and text as they stand."""
        return Typed(self.query_one("#edit-title", Input).value, self.query_one("#edit-body", TextArea).text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Note that there is something to keep."""
        event.stop()
        self._is_changed = self._was_changed = True

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Note that there is something to keep."""
        event.stop()
        self._is_changed = self._was_changed = True

    def on_paste(self, event: events.Paste) -> None:
        """Say what of a paste was not taken: a text that is half there looks like a whole one."""
        self.say_what_is_missing(event)

    def say_what_is_missing(self, event: events.Paste, *, is_title: bool = False) -> None:
        """Say what of a paste was not taken, if anything was not."""
        if words := missing_of(event, is_title=is_title):
            self._demand(words, "bad")

    def _keep(self) -> None:
        if self._is_changed:
            self._is_changed = False
            self._flow.keep(self.typed())

    def dismiss(self, result: Typed | None = None) -> AwaitComplete:
        """Close, by whatever key or stop; what was typed is kept, also if another console has gone on with it meanwhile."""
        self._is_changed |= self._was_changed
        self._keep()
        if self._was_changed:
            self._flow.leave(self.typed())
        return super().dismiss(result)

    def action_review(self) -> None:
        """Go on to the comparison."""
        self.dismiss(self.typed())

    def action_take_next(self) -> None:
        """Take the draft's own text, or the next of those that were typed; the one before is there again after the last."""
        taken, words = self._flow.next_text(self.typed())
        body = self.query_one("#edit-body", TextArea)
        self.query_one("#edit-title", Input).value = taken.title
        body.replace(taken.body, body.document.start, body.document.end)
        self._demand(words)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say which key goes on: Enter never does."""
        event.stop()
        self._demand("Enter does not go on; ^Y compares.")


def missing_of(event: events.Paste, *, is_title: bool = False) -> str:
    """Return what of a paste was not taken, in words; empty if all of it was."""
    parts = []
    if isinstance(event, Pasted) and event.left_out:
        parts.append(f"without {counted(event.left_out, 'character')} that no screen shows")
    if isinstance(event, Pasted) and event.is_cut:
        parts.append(f"not to its end ({MOST_CHARACTERS:,} characters at most)")
    if is_title and "\n" in event.text.rstrip("\n"):
        parts.append("only its first line")
    return f"The paste was taken {', '.join(parts)}: compare it." if parts else ""


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
    """One edit on its way through its dialogs, with what was typed so far.

    `unkept` has what could not be kept beside its run, by run and address, for as long as this console runs.
    """

    def __init__(
        self,
        console: "Application",
        draft: Draft,
        before: tuple[TypedEdit, ...],
        unkept: dict[tuple[str, str], TypedEdit],
    ) -> None:
        self._console = console
        self.draft = draft
        self._seen = draft_digest(draft.title, draft.body)
        self._own = Typed(draft.title, draft.body)
        self._writer = secrets.token_hex(8)
        self._unkept = unkept
        self._key = (draft.run_id, draft.address)
        lost = unkept.get(self._key)
        texts = (lost, *(other for other in before if other.text != lost.text)) if lost is not None else before
        texts = tuple(other for other in texts if other.text != self._own)
        newest = texts[0] if texts else None
        self._instead = newest
        """The text that this edit goes on with, until its own is kept."""
        self._to_keep = self._own
        """The text that was typed last; not the draft's own."""
        self.typed = self._own if newest is None else Typed(*newest.text)
        self._texts = [*([] if newest is None else [self.typed]), self._own, *(Typed(*text.text) for text in texts[1:])]
        """The draft, and what was typed; one after the other by one key."""
        self._took_own = False
        self._writing = asyncio.Lock()
        self.not_kept = ""
        """The reason why what was typed last is kept in this console alone; empty if it is kept beside the run."""
        self.has_ended = False
        """True if the run has ended: there is no draft that a text could be kept for."""
        self._dialog: EditDialog | None = None
        self.hint = "Title, then text. No draft changes before this is signed and applied."
        if newest is not None:
            self.hint = _hint(len(texts) - 1, is_other=newest.seen != self._seen)

    def write(self) -> None:
        """Let title and text be written."""
        self._dialog = EditDialog(self)
        self._console.open_dialog(self._dialog, self._review)

    def next_text(self, now: Typed) -> tuple[Typed, str]:
        """Return the text behind this one, and what to say of it. What was typed comes before the draft, and is not lost."""
        if now not in self._texts:
            self._texts.insert(self._texts.index(self._own), now)
            self.keep(now)
        taken = self._texts[(self._texts.index(now) + 1) % len(self._texts)]
        is_own, is_alone = taken == self._own, len(self._texts) == 1
        self._took_own |= is_own
        if is_own:
            return taken, f"This is the draft as it stands.{'' if is_alone else ' ^R brings back what was typed.'}"
        return taken, "This was typed, and is not planned; ^R goes on to the next text."

    def keep(self, typed: Typed) -> None:
        """Keep what was typed, here and beside the run; the draft's own text is nothing to keep."""
        self.typed = typed
        if typed != self._own:
            self._to_keep = typed
            self._console.begin_work(work(self._keep), "typed")

    def leave(self, typed: Typed) -> None:
        """Keep nothing if all that was typed was taken back by hand. What one only looked away from, by ^R, stays kept."""
        if typed == self._own and not self._took_own:
            self._console.begin_work(work(self._drop), "typed")

    def _edit(self, typed: Typed) -> TypedEdit:
        return TypedEdit(address=self.draft.address, title=typed.title, body=typed.body, seen=self._seen)

    async def _keep(self) -> None:
        # One after the other, each with the last that was typed: an older text must not be written over it.
        async with self._writing:
            kept = self._edit(self._to_keep)
            run_id, instead = self.draft.run_id, self._instead
            try:
                await self._console.ask(lambda backend: backend.keep_typed(run_id, kept, self._writer, instead))
            except CutterError as error:
                self.not_kept, self.has_ended = error.message, isinstance(error, Refused)
                words = f"What was typed for {self.draft.address} is kept nowhere"
                if not self.has_ended:
                    self._unkept[self._key] = kept
                    words = told(_ALONE)
                self._say(Notice("refused", f"{words}: {error.message}", str(error.code), error.next_action))
            else:
                was, self.not_kept, self._instead = self.not_kept, "", kept
                self._unkept.pop(self._key, None)
                if was:
                    self._say(Notice("done", f"What was typed for {self.draft.address} is kept beside its run again."))

    async def _drop(self) -> None:
        async with self._writing:
            self._unkept.pop(self._key, None)
            if (kept := self._instead) is not None:
                run_id = self.draft.run_id
                # What cannot be removed is there again: nothing is lost by that.
                with suppress(CutterError):
                    await self._console.ask(lambda backend: backend.drop_typed(run_id, kept))

    def _say(self, notice: Notice) -> None:
        """Say it in the dialog, which covers the notices, or by a notice if it is closed."""
        if self._dialog is not None and self._dialog.is_open:
            self._dialog.show_kept()
        else:
            self._console.give_notice(notice)

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
            self._unkept.pop(self._key, None)
            self._console.show_run(view.edit_run)
            return Notice(
                "done",
                f"The edit of {view.address} is planned as run {view.edit_run}.",
                "",
                f"Have it signed: {key_of('run')}, then {key_of('draft')}, or: cutter-console approval draft {view.edit_run}",
            )

        self._console.operate(Operation(f"Planning the edit of {draft.address}", call, done))


_ALONE = "What was typed stays in this console alone, until it ends or what was typed can be written; <edit_draft> opens it again"


def _hint(n_more: int, *, is_other: bool) -> str:
    more = f" {n_more} more {'is' if n_more == 1 else 'are'} kept, behind it." if n_more else ""
    if is_other:
        return f"Typed over ANOTHER text: the draft has changed since; ^R takes it as it is.{more}"
    return f"Typed before and not planned; ^R takes the draft's own text.{more}"

"""Edit a draft: its title and text are written here, then compared by words, and planned as a run that is signed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.widgets import Button, Input, TextArea

from console.actions.keys_in_force import keys_or, told
from console.backend.model.counting import counted
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import Confirmation, Danger
from console.backend.runs.draft_edits import EditView
from console.backend.runs.typed_edits import TypedEdit
from console.screens.danger import Confirmed, DangerDialog
from console.screens.dialog import Dialog
from console.screens.drawable import can_draw
from console.screens.operation import Operation
from console.screens.typed_texts import MOST_CHARACTERS, Draft, Typed, TypedTexts
from console.widgets.field import Field
from console.widgets.line import Line, Span, line
from console.widgets.notice import Notice
from console.widgets.panel import Lines
from console.widgets.pasted import Pasted
from console.widgets.wrap import hanging

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress
    from console.screens.application import Application

_KEEP_SECONDS = 2.0
"""Pause between two times at which what was typed is kept."""


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
    FIELD: ClassVar[str] = "#edit-body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+y", "review", "Compare", show=False, priority=True),
        Binding("ctrl+r", "take_next", "The next text", show=False, priority=True),
    ]

    def __init__(self, texts: TypedTexts) -> None:
        super().__init__()
        self._texts = texts
        self._is_changed = False
        """True if something was typed since it was kept last."""
        self._was_changed = False

    def question(self) -> ComposeResult:
        """Compose title and text."""
        yield Lines(id="demand")
        yield _Title(self._texts.typed.title, id="edit-title", placeholder="title", compact=True)
        body = _Body(self._texts.typed.body, id="edit-body", soft_wrap=True, tab_behavior="focus", compact=True)
        body.cursor_blink = False
        yield body

    def opened(self) -> None:
        """Say what is edited, and what becomes of it."""
        super().opened()
        draft = self._texts.draft
        self.body([line(Span("draft ", "muted"), Span(safe_text(draft.address), "strong"), f"  of {draft.run_id}")])
        self._demand(self._texts.hint)
        if self._texts.not_kept:
            self.show_kept()
        self.set_interval(_KEEP_SECONDS, self._keep)

    def enter(self, name: str, typed: str) -> None:
        """Go to the text, and put this where its cursor was left."""
        body = self.query_one(name, TextArea)
        self.set_focus(body)
        body.insert(typed)

    def show_kept(self) -> None:
        """Say where what was typed is kept: beside the run, or, if it cannot be written there, in this console alone."""
        reason = self._texts.not_kept
        if self._texts.has_ended:
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

    def _keep(self, *, is_last: bool = False) -> None:
        if self._is_changed:
            self._is_changed = False
            self._texts.keep(self.typed(), is_last=is_last)

    def dismiss(self, result: Typed | None = None) -> AwaitComplete:
        """Close, by whatever key or stop; what was typed is kept, also if another console has gone on with it meanwhile."""
        self._is_changed |= self._was_changed
        self._keep(is_last=True)
        if self._was_changed:
            self._texts.leave(self.typed())
        return super().dismiss(result)

    def action_review(self) -> None:
        """Go on to the comparison."""
        self.dismiss(self.typed())

    def action_take_next(self) -> None:
        """Take the draft's own text, or the next of those that were typed; the one before is there again after the last."""
        taken, words = self._texts.next_text(self.typed())
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

    def asked(self, backend: "Backend") -> tuple[Confirmation, Callable[[int], list[Line]]]:
        """Ask what the edit would change; the difference stands above what is said of every dangerous action."""
        briefing = backend.brief_edit(self._run_id, self._draft.address, self._typed.body, self._typed.title)
        return briefing.confirmation, lambda width: [*edit_lines(briefing.view, width), line("")]


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
    """One edit on its way through its dialogs."""

    def __init__(
        self,
        console: "Application",
        draft: Draft,
        before: tuple[TypedEdit, ...],
        unkept: dict[tuple[str, str], TypedEdit],
    ) -> None:
        self._console = console
        self._draft = draft
        self._texts = TypedTexts(console, draft, before, unkept, self._say)
        self._dialog: EditDialog | None = None

    def write(self) -> None:
        """Let title and text be written."""
        self._dialog = EditDialog(self._texts)
        self._console.open_dialog(self._dialog, self._review)

    def _say(self, notice: Notice) -> None:
        """Say it in the dialog, which covers the notices, or by a notice if it is closed."""
        if self._dialog is not None and self._dialog.is_open:
            self._dialog.show_kept()
        else:
            self._console.give_notice(notice)

    def _review(self, typed: Typed | None) -> None:
        if typed is None:
            return
        self._texts.typed = typed
        self._console.open_dialog(ReviewDialog(self._draft, typed), self._plan)

    def _plan(self, answer: Confirmed | None) -> None:
        if answer is None:
            self.write()
            return
        draft, typed = self._draft, self._texts.typed

        def call(backend: "Backend", _progress: "OnProgress") -> EditView:
            return backend.start_edit(draft.run_id, draft.address, typed.body, typed.title, answer.seen)

        def done(view: EditView) -> Notice:
            self._texts.planned()
            self._console.show_run(view.edit_run)
            signed = keys_or(told("<run>, then <draft>"), f"cutter-console approval draft {view.edit_run}")
            return Notice(
                "done",
                f"The edit of {view.address} is planned as run {view.edit_run}.",
                "",
                f"Have it signed: {signed}",
            )

        self._console.operate(Operation(f"Planning the edit of {draft.address}", call, done))

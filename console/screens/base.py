"""The base of every screen: bars, notice, keys from the registry, filter and copy, and questions to the backend."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from console.actions.action import BACK
from console.actions.actions import Action, Scope
from console.actions.keys_in_force import keys_alone, told
from console.backend.model.errors import CutterError, StopCode
from console.screens.drawable import Steady, can_draw, was_built
from console.screens.moved import Moves
from console.widgets.bars import KeyBar, TopBar
from console.widgets.formatting import age, count
from console.widgets.jobs import work
from console.widgets.notice import Notice, NoticePanel, refused

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import Progress, Status
    from console.screens.application import Application
    from console.screens.copying import Copied
    from console.widgets.filter_bar import FilterBar
    from console.widgets.narrowing import Narrowed

T = TypeVar("T")


class ConsoleScreen(Steady, Screen[None]):
    """Base class of the screens. Subclasses provide the body between the bars, and the actions."""

    SCOPE: ClassVar[Scope]
    TITLE_WORD: ClassVar[str]
    HELP_TEXT: ClassVar[str] = ""
    FIELD_KEYS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Keys and words of the footer while a field of this screen has the focus: every letter is text there."""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss_notice", "Dismiss", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self.read_at: datetime | None = None
        """Time of the last answer of the backend to this screen."""
        self.failed_since: datetime | None = None
        """Time of the first of the failures since then."""
        self._turns: dict[Callable[[], None], bool] = {}
        """The questions of `ask_in_turn` that are under way, by what repeats them, and if that was asked for meanwhile."""
        self._n_open = 0
        """Number of questions that are under way."""
        self._was_answered = False
        self._moves = Moves()
        self._is_stale = False
        """True if something has moved since the question that is under way was asked."""
        self.filter_bar: FilterBar | None = None
        self._copied: tuple[Notice, Copied] | None = None
        """The text that was copied last, with its notice."""
        # Not in BINDINGS: a read-only console, or one that is no demo, has fewer actions.
        for action in self.console_actions():
            self._bindings.bind(",".join(action.keys), action.name, action.title, show=False)

    @property
    def console(self) -> "Application":
        """Return the application, as screens see it."""
        return cast("Application", self.app)

    def console_actions(self) -> tuple[Action, ...]:
        """Return this screen's actions that exist in this console."""
        return self.console.registry.in_scope(self.SCOPE)

    def body(self) -> ComposeResult:
        """Compose the body between the bars."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Compose bars, body and notice."""
        yield TopBar(id="top")
        with Container(id="body"):
            yield from self.body()
        yield NoticePanel()
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """Start, unless the console ended before the screen was built."""
        if was_built(self):
            self.opened()

    def opened(self) -> None:
        """Draw the bars after the first paint; data follow."""
        self.call_after_refresh(self.draw_frame)

    def on_resize(self) -> None:
        """Draw the bars for the new width."""
        self.call_after_refresh(self.draw_frame)

    def on_screen_resume(self) -> None:
        """Draw the frame and read the data again: both may be old."""
        self.draw_frame()
        # What is read now is newer than this status: the first one that differs makes it old.
        if self.console.status is not None:
            self._moves.begin(self.console.status)
        self.reload()

    def on_descendant_focus(self) -> None:
        """Draw the keys of what has the focus now."""
        if self.FIELD_KEYS:
            self.draw_frame()

    def draw_frame(self) -> None:
        """Draw bars and notice from what is known now."""
        if not can_draw(self):
            return
        console = self.console
        self.query_one(TopBar).draw(
            self.TITLE_WORD,
            console.status,
            console.no_status,
            self.old(),
            read_only=console.read_only and not console.is_replay,
            demo=console.demo,
            tabs=frozenset(action.name for action in console.registry.in_scope(Scope.EVERYWHERE)),
            banner=console.banner,
        )
        everywhere = console.registry.in_scope(Scope.EVERYWHERE)
        if self.FIELD_KEYS and self._is_typing():
            self.query_one(KeyBar).draw_in_field(everywhere, self.FIELD_KEYS)
        else:
            is_next = console.notice.kind in {"none", "working"} and self.has_step_back
            self.query_one(KeyBar).draw((*((BACK,) if is_next else ()), *self.shown_actions(), *everywhere))
        # The commands of a notice must work as they are printed, for the root of this console.
        notice = console.notice
        # Where lines are few the keys are enough: the whole command would push out what the notice is about.
        next_action = keys_alone(notice.next_action) if self.has_class("-short") else notice.next_action
        self.query_one(NoticePanel).show(
            replace(notice, next_action=console.full_command(next_action)), self.notice_hint()
        )

    def _is_typing(self) -> bool:
        # Imported here: the first frame has no field.
        from textual.widgets import Input

        return isinstance(self.focused, Input)

    def old(self) -> str:
        """Return of when the status is that is shown, in words; an empty text if what moves is seen at once."""
        console = self.console
        if console.status is None or (console.current and console.follows):
            return ""
        if not console.current:
            return f"{age(console.status.measured_at, console.clock())}, NOT CURRENT"
        return f"as of {console.status.measured_at:%H:%M:%S} UTC"

    def notice_hint(self) -> str:
        """Return what the keys do with the notice."""
        return told("<help> explains, Esc dismisses") if self.console.notice.code else "Esc dismisses"

    def age_of_list(self) -> str:
        """Return the suffix of a list's title if its rows are old, or "" while backend and database answer."""
        status = self.console.status
        reached = self.console.current and (status is None or status.target is not None)
        if self.read_at is None or (reached and self.failed_since is None):
            return ""
        return f", read {age(self.read_at, self.console.clock())}, NOT CURRENT"

    def number_of_list(self, number: int) -> str:
        """Return the suffix of a list's title with the number of its rows, or "" if it was never read: that is no zero."""
        return f": {count(number)}" if self.read_at is not None else ""

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions for the footer: those that make sense now."""
        return self.console_actions()

    def show_status(self, status: "Status") -> None:
        """Draw a new measurement."""

    def reread_if_moved(self, status: "Status") -> None:
        """Read again if the status differs from the last one in what another console can move: once, after any question under way."""
        if not self._moves.moved(status) or status.target is None:
            return
        if self._n_open:
            self._is_stale = True
        else:
            self.reread()

    def reread(self) -> None:
        """Read again after a move."""
        self.reload()

    def show_readiness(self) -> None:
        """Draw the gates or the drift, measured or being measured."""

    def show_progress(self, progress: "Progress") -> None:
        """Draw the progress of the running operation."""

    def reload(self) -> None:
        """Ask the backend again for what this screen shows."""

    def measure_again(self) -> None:
        """Measure again at the operator's request, slow questions included."""
        self.reload()

    def not_read(self) -> None:
        """Say that the backend did not answer: an empty list must not look like an answer."""

    def action_dismiss_notice(self) -> None:
        """Dismiss the notice; without one, end a filter or a search; without that, go back a step."""
        if self.console.notice.kind not in {"none", "working"} or not (self._end_filter() or self.go_back()):
            self.console.dismiss_notice()

    def _end_filter(self) -> bool:
        from console.screens import finding

        return finding.end_filter(self)

    def lead_to(self, screen: Scope) -> None:
        """Say what is to be chosen on the screen that one goes to from here."""

    @property
    def has_step_back(self) -> bool:
        """True while something is opened inside the screen that `go_back` closes."""
        return False

    def go_back(self) -> bool:
        """Go back a step inside the screen; return False if there is none."""
        return False

    def set_focus(self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False) -> None:
        """Move the focus, but not away from a filter that is being typed: its next letter would act on the screen."""
        if self.filter_bar is None or not self.filter_bar.keeps_from(widget):
            super().set_focus(widget, scroll_visible, from_app_focus)

    # Filter, search and copy

    def find_target(self) -> "Narrowed | None":
        """Return what is filtered or searched: what has the focus, or else the first list."""
        from console.screens import finding

        return finding.target_of(self)

    async def find(self) -> None:
        """Let a filter or a search be typed."""
        from console.screens import finding

        target, has_stop = self.find_target(), self.console.registry.named("panic") is not None
        if target is None:
            self.cannot(
                "There is no list here to filter, and no text to search.",
                told("Go to another screen, such as <overview> or <run>"),
            )
        else:
            self.filter_bar = await finding.find(self, target, self.filter_bar, has_stop=has_stop)

    def copied(self) -> "Copied | None":
        """Return what `y` copies: what has the focus, or else the chosen row of the first list."""
        from console.screens import finding

        return finding.copied(self, self.find_target())

    def copied_whole(self) -> "Copied | None":
        """Return what `Y` copies: the whole list or text that has the focus, without what a filter hides."""
        from console.screens import finding

        return finding.copied_whole(self, self.find_target())

    def send_copy(self, *, whole: bool) -> None:
        """Copy what has the focus into the clipboard of the terminal."""
        copied = self.copied_whole() if whole else self.copied()
        if copied is None:
            self.cannot(
                "There is nothing here to copy.", told("Choose a row, or Tab to a text, then press <copy_focus>")
            )
        else:
            self.send(copied)

    def send(self, copied: "Copied") -> None:
        """Copy this text into the clipboard of the terminal."""
        from console.screens.copying import copy_text

        self._copied = (copy_text(self, self.console, copied), copied)

    def show_alone(self) -> None:
        """Show the text that was just copied alone, or all of what has the focus."""
        from console.screens.text_alone import TextAlone

        is_told = self._copied is not None and self._copied[0].what == self.console.notice.what
        copied = self._copied[1] if self._copied is not None and is_told else self.copied_whole()
        if copied is None:
            self.cannot(
                "There is nothing here to show.", told("Choose a row, or Tab to a text, then press <show_alone>")
            )
        else:
            self.console.open_dialog(TextAlone(copied.text, is_command=copied.is_command), lambda _: None)

    def ask(self, doing: str, question: "Callable[[Backend], T]", then: Callable[[T], None]) -> None:
        """Ask the backend in a thread for the list of this screen. `then` draws the answer; an error becomes a notice."""
        self.run_worker(work(self._ask_for_list, doing, question, then), exit_on_error=True)

    def ask_in_turn(
        self,
        doing: str,
        question: "Callable[[Backend], T]",
        then: Callable[[T], None],
        again: Callable[[], None] | None = None,
    ) -> None:
        """Ask as `ask` does, one question at a time; those that come meanwhile become one `again` after the answer.

        At a slow server they do not pile up, and no older answer comes last. Without `again` it is the list that is
        read, and read again by `reload`.
        """
        repeat = again or self.reload
        if repeat in self._turns:
            self._turns[repeat] = True
        else:
            self._turns[repeat] = False
            self.run_worker(work(self._ask_in_turn, repeat, doing, question, then), exit_on_error=True)

    def reads_again(self) -> bool:
        """Return whether the list was asked for again while the answer that has come was under way."""
        return self._turns.get(self.reload, False)

    async def _ask_in_turn(
        self,
        again: Callable[[], None],
        doing: str,
        question: "Callable[[Backend], T]",
        then: Callable[[T], None],
    ) -> None:
        asks_again = False
        try:
            await self._ask_for_list(doing, question, then)
        finally:
            # However it ended, and also if there was no backend to ask.
            asks_again = self._turns.pop(again, False)
        if asks_again and can_draw(self):
            again()

    async def _ask_for_list(self, doing: str, question: "Callable[[Backend], T]", then: Callable[[T], None]) -> None:
        def read(answer: T) -> None:
            self.read_at, self.failed_since = self.console.clock(), None
            then(answer)

        def failed() -> None:
            # The first failure counts: the rows are as old as the last answer before it.
            self.failed_since = self.failed_since or self.console.clock()
            if can_draw(self):
                self.not_read()

        await self._ask(doing, question, read, failed)

    def ask_about(
        self,
        doing: str,
        question: "Callable[[Backend], T]",
        then: Callable[[T], None],
        unanswered: Callable[[], None] = lambda: None,
    ) -> None:
        """Ask about one thing: whatever the answer, the list of this screen stays as old as it is."""
        self.run_worker(work(self._ask, doing, question, then, unanswered), exit_on_error=True)

    async def _ask(
        self,
        doing: str,
        question: "Callable[[Backend], T]",
        then: Callable[[T], None],
        failed: Callable[[], None],
    ) -> None:
        self._n_open += 1
        try:
            await self._ask_backend(doing, question, then, failed)
        finally:
            self._n_open -= 1
        if self._is_stale and not self._n_open and can_draw(self):
            self._is_stale = False
            self.reread()

    async def answer(self, question: "Callable[[Backend], T]") -> T:
        """Return the backend's answer."""
        return await self.console.ask(question)

    async def _ask_backend(
        self,
        doing: str,
        question: "Callable[[Backend], T]",
        then: Callable[[T], None],
        failed: Callable[[], None],
    ) -> None:
        try:
            answer = await self.answer(question)
        except CutterError as error:
            self._was_answered = True
            # A measurement that reaches the database makes this notice untrue, and so ends it.
            unreachable = error.code is StopCode.UNREACHABLE
            self.console.give_notice(replace(refused(doing, error), until_reached=unreachable))
            failed()
            return
        self._was_answered = True
        if can_draw(self):
            with self.app.batch_update():
                then(answer)

    def cannot(self, message: str, next_action: str) -> None:
        """Say that an action is not possible now, and what makes it possible; until the next key, which may be what makes it so."""
        if self._n_open and not self._was_answered:
            self.cannot_yet()
        else:
            self.console.give_notice(Notice("refused", message, "", next_action, of_key=True))

    def cannot_yet(self) -> None:
        """Say that what a key acts on is still being read, or could not be."""
        words, then = "is still being read.", "Press the key again in a moment"
        if self._was_answered and not self._n_open:
            words, then = "could not be read: the key was not acted upon.", told("Press <refresh> to read again")
        self.console.give_notice(Notice("refused", f"{self.TITLE_WORD} {words}", "", then, of_key=True))

    def not_done(self, doing: str, because: str = "another screen or dialog was opened meanwhile") -> None:
        """Say that a key was not acted upon: its answer came when something else was on the screen."""
        message = f"{doing}: not done, because {because}."
        self.console.give_notice(Notice("refused", message, "", "Go back, then press the key again", of_key=True))

    def unheard(self, key: str) -> None:
        """Say of a key that does nothing here, pressed while something is under way that may lead to where it does something."""
        working = self.console.operation
        if working is None and not self._n_open:
            return
        doing = working.doing if working is not None else f"{self.TITLE_WORD} is being read"
        message = f"{key} does nothing on {self.TITLE_WORD}. Still under way: {doing}."
        self.console.give_notice(Notice("refused", message, "", "Press it again where it is offered", of_key=True))

    def help_subject(self) -> str:
        """Return the help of the focused widget, then of the screen."""
        focused: Widget | None = self.focused
        of_widget = getattr(focused, "HELP", "") if focused is not None else ""
        return told(f"{of_widget}\n\n{self.HELP_TEXT}".strip() if isinstance(of_widget, str) else self.HELP_TEXT)

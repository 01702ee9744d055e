"""Notices: the result or the progress of an operation, in a panel that stays until it is dismissed."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from textual.widgets import Static

from console.backend.model.errors import for_the_run
from console.widgets.line import Line, Span, content, line

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.backend.model.errors import CutterError
    from console.backend.model.view_models import RunView

Kind = Literal["none", "working", "done", "refused"]

_TITLES: dict[Kind, str] = {"none": "", "working": "Working", "done": "Done", "refused": "STOP"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to the operator: its kind, what happened, and what to do next."""

    kind: Kind = "none"
    what: str = ""
    code: str = ""
    next_action: str = ""
    stays: bool = False
    """True if it outlasts later notices: only a refusal is shown before it, until that is dismissed."""
    at: datetime | None = None
    """Time at which it was given."""
    while_switch: str = ""
    """State of the switch that it speaks of; a later measurement of another state ends it."""
    until_measured: bool = False
    """True if the next successful measurement makes it untrue."""
    until_reached: bool = False
    """True if the next measurement that reaches the database makes it untrue."""

    of_run: str = ""
    """Run that it speaks of. After each measurement `renewed` is asked of the run as it is then."""
    renewed: "Callable[[RunView], Notice | None] | None" = field(default=None, compare=False)
    """Returns the notice that is true of the run by now: this one, another in its place, or None to drop it."""

    of_key: bool = False
    """True for the answer to a key that was pressed too early: it stands until the next key, also if an operation begins just then."""

    def lines(self) -> list[Line]:
        """Return the lines of the panel."""
        head = line(Span(f"{self.code}  ", "bad"), self.what) if self.code else line(self.what)
        return [head, line(Span("Next: ", "muted"), self.next_action)] if self.next_action else [head]


def refused(doing: str, error: "CutterError") -> Notice:
    """Return the notice of a refusal: what was being done, the error's message, its code and next action."""
    return Notice("refused", f"{doing}: {error.message}", str(error.code), for_the_run(doing, error.next_action))


_ORDER = ("refused", "stays", "unread", "unmeasured", "done", "working")
"""Order in which notices are shown if there are several: refusals, then the result of a stop, then the others.

What a screen could not read because nothing answers is no refusal of anything that was asked: it waits behind a stop's result.
"""


def _place(notice: Notice) -> str:
    if notice.stays:
        return "stays"
    return "unmeasured" if notice.until_measured else "unread" if notice.until_reached else notice.kind


@dataclass
class Notices:
    """The notices in force, at most one of a kind; the most urgent is shown, the others wait behind it."""

    _by_kind: dict[str, Notice] = field(default_factory=dict)

    @property
    def shown(self) -> Notice:
        """Return the notice for the panel; one of the kind "none" if there is none."""
        return next((self._by_kind[kind] for kind in _ORDER if kind in self._by_kind), Notice())

    def give(self, notice: Notice, at: datetime, *, working: bool) -> None:
        """Replace the last notice of this kind; `working` says whether an operation is running."""
        if not working:
            self._by_kind.pop("working", None)
        # The newest result replaces an older one; the result of a stop also replaces refusals before it.
        if notice.kind != "working":
            self._by_kind.pop("done", None)
        if notice.stays:
            self._by_kind.pop("refused", None)
        self._by_kind[_place(notice)] = notice if notice.at else replace(notice, at=at)

    def rewrite(self, old: Notice, new: Notice) -> None:
        """Replace the old notice, if it is still in force."""
        self._by_kind = {
            kind: replace(new, at=notice.at) if notice.what == old.what else notice
            for kind, notice in self._by_kind.items()
        }

    def take_back(self, old: Notice) -> None:
        """Drop this notice, if it is still in force."""
        self._by_kind = {kind: notice for kind, notice in self._by_kind.items() if notice.what != old.what}

    @property
    def of_runs(self) -> tuple[Notice, ...]:
        """Return the notices that speak of a run, and ask for what has become of it."""
        return tuple(notice for notice in self._by_kind.values() if notice.of_run and notice.renewed is not None)

    def renew(self, old: Notice, run: "RunView") -> None:
        """Let the old notice, if it is still in force, say what is so of the run now, or drop it."""
        new = old.renewed(run) if old.renewed is not None else old
        if new is None:
            self.take_back(old)
        elif new.what != old.what:
            self.rewrite(old, new)

    def begin(self, notice: Notice, at: datetime) -> None:
        """Replace the result of the last operation and earlier refusals by the start of a new operation."""
        self._by_kind = {kind: old for kind, old in self._by_kind.items() if kind == "stays" or old.of_key}
        self.give(notice, at, working=True)

    def dismiss(self, *, working: bool) -> None:
        """Dismiss the notice that is shown, but not the progress of a running operation."""
        for kind in _ORDER:
            if kind in self._by_kind and not (kind == "working" and working):
                del self._by_kind[kind]
                return

    def left(self) -> None:
        """Drop the result of the last operation if it was shown: it was read on the screen that was left.

        What waits behind a refusal or another notice was not read. What is renewed stands until it is no longer so; the
        result of a stop and refusals stand until they are dismissed.
        """
        done = self._by_kind.get("done")
        if done is not None and done is self.shown and not done.of_run:
            del self._by_kind["done"]

    def next_key(self) -> bool:
        """Drop the answer to the key before; return whether there was one."""
        before = len(self._by_kind)
        self._by_kind = {kind: notice for kind, notice in self._by_kind.items() if not notice.of_key}
        return len(self._by_kind) != before

    def measured(self, switch: str, at: datetime, *, reached: bool) -> None:
        """Drop what this measurement has made untrue; `reached` says whether the database answered."""
        stands = self._by_kind.items()
        self._by_kind = {kind: notice for kind, notice in stands if not _is_over(notice, switch, at, reached=reached)}


def _is_over(notice: Notice, switch: str, at: datetime, *, reached: bool) -> bool:
    # A measurement that began before the notice was given may still have seen the state of before.
    later = notice.at is None or at >= notice.at
    another_switch = notice.while_switch not in {"", switch}
    return notice.until_measured or (later and (another_switch or (notice.until_reached and reached)))


class NoticePanel(Static):
    """A panel for the notice; it takes no room if there is none."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._notice = Notice()
        self.display = False

    def show(self, notice: Notice, hint: str) -> None:
        """Show this notice, with what the keys do with it. Its words are made inert here, because errors can quote what they refuse."""
        if notice == self._notice:
            return
        self._notice = notice
        self.display = notice.kind != "none"
        when = f" at {notice.at:%H:%M:%S} UTC" if notice.at is not None and notice.kind in {"done", "refused"} else ""
        # What has no code is the answer to a key, and stopped nothing.
        title = "Not done" if notice.kind == "refused" and not notice.code else _TITLES[notice.kind]
        self.border_title = f"{title}{when}"
        self.border_subtitle = "" if notice.kind == "working" else hint
        self.set_classes(f"-{notice.kind}")
        if notice.kind != "none":
            from console.backend.model.safe_text import safe_text as inert

            self.update(content([tuple(Span(inert(s.text), s.tone) for s in spans) for spans in notice.lines()]))

    @property
    def notice(self) -> Notice:
        """Return the notice that is shown now."""
        return self._notice

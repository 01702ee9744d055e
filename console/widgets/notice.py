"""What the last operation came to, or how far it is: a panel that stays until it is dismissed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual.widgets import Static

from console.widgets.line import Line, Span, content, line

if TYPE_CHECKING:
    from console.backend.errors import CutterError

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
    """Whether no other may take its place before it is dismissed."""

    def lines(self) -> list[Line]:
        """The words of the panel."""
        head = line(Span(f"{self.code}  ", "bad"), self.what) if self.code else line(self.what)
        return [head, line(Span("Next: ", "muted"), self.next_action)] if self.next_action else [head]


def refused(doing: str, error: "CutterError") -> Notice:
    """The notice for an error that was raised on purpose."""
    return Notice("refused", f"{doing}: {error.message}", str(error.code), error.next_action)


class NoticePanel(Static):
    """Shows a notice, and nothing at all when there is none."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._notice = Notice()
        self.display = False

    def show(self, notice: Notice) -> None:
        """Show this notice; its words are made inert here, because errors can quote what they refuse."""
        if notice == self._notice:
            return
        self._notice = notice
        self.display = notice.kind != "none"
        self.border_title = _TITLES[notice.kind]
        self.border_subtitle = "" if notice.kind == "working" else "Esc dismisses"
        self.set_classes(f"-{notice.kind}")
        if notice.kind != "none":
            from console.backend.safe_text import safe_text as inert

            self.update(content([tuple(Span(inert(s.text), s.tone) for s in spans) for spans in notice.lines()]))

    @property
    def notice(self) -> Notice:
        """What is shown now."""
        return self._notice

"""Start LIVE: explains what a LIVE run does before its first pause, and asks."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.view_models import RunRequest, own_profile_in_words
from console.screens.danger_text import labelled, target_words
from console.screens.dialog import Dialog
from console.widgets.formatting import plural, signed
from console.widgets.line import Line, Span, line


class StartLiveDialog(Dialog[bool]):
    """A dialog that answers True for a LIVE run, None for no. Enter and Esc are no."""

    WORDS: ClassVar[str] = "Start a LIVE run?"
    TALL: ClassVar[bool] = True
    CANCEL: ClassVar[str] = "Cancel: start nothing"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "yes", "Start LIVE", show=False)]

    def __init__(
        self,
        request: RunRequest,
        n_units: int,
        target: Target | None,
        law: AmendmentReport | None = None,
        deltas: tuple[TableDelta, ...] = (),
    ) -> None:
        super().__init__()
        self._deltas = deltas if law is None else law.deltas_at_cut
        self._law = law
        self._request = request
        self._n_units = n_units
        self._target = target

    def opened(self) -> None:
        """Show the run that would start: document, target, number of units, and the rows of the later cut."""
        super().opened()
        self.wrapped_body(self._lines)

    def _lines(self, width: int) -> list[Line]:
        request = self._request
        own = own_profile_in_words(request.profile_sha256)
        amends = [("amends", f"what is law: {self._law.counts}")] if self._law is not None else []
        rows = (
            *amends,
            ("from", f"{request.origin}, profile {request.profile}{own}"),
            ("where", target_words(self._target)),
            ("units", plural(self._n_units, "unit")),
            ("now", "takes and proves a backup, probes grants, then waits for SG_1"),
            ("writes", "no unit before the sovereign has signed SG_1 and the switch is armed"),
            ("needs", "a passed dry run of the same text before it can be armed"),
        )
        can = line(Span("can be undone. ", "good"))
        return [
            *labelled("what", f"a LIVE run of {request.docprefix}", width, "strong"),
            *(part for word, text in rows for part in labelled(word, text, width)),
            *labelled("undo", "Before the cut the run can be voided", width, begins=can),
            line(""),
            *labelled("rows", "what the cut will add, if it is authorised:", width),
            *(line(f"  {d.table:<48}{signed(d.rows):>8}") for d in self._deltas),
        ]

    def keys(self) -> Line:
        """Return the keys; the confirming one is not beside Enter or Esc."""
        return line(
            Span("Esc", "accent"), " no   ", Span("PgDn", "accent"), " more   ", Span("^Y", "bad"), " start LIVE",
            *self.stop_hint(),
        )  # fmt: skip

    def action_yes(self) -> None:
        """Answer yes."""
        self.dismiss(result=True)

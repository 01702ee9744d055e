"""Start LIVE: explains what a LIVE run does before its first pause, and asks."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.view_models import RunRequest, own_profile_in_words
from console.screens.danger_text import target_words
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
        request = self._request
        own = own_profile_in_words(request.profile_sha256)
        self.body(
            [
                line(Span("what     ", "muted"), Span(f"a LIVE run of {request.docprefix}", "strong")),
                *self._amends(),
                line(Span("from     ", "muted"), f"{request.origin}, profile {request.profile}{own}"),
                line(Span("where    ", "muted"), target_words(self._target)),
                line(Span("units    ", "muted"), plural(self._n_units, "unit")),
                line(Span("now      ", "muted"), "takes and proves a backup, probes grants, then waits for SG_1"),
                line(
                    Span("writes   ", "muted"), "no unit before the sovereign has signed SG_1 and the switch is armed"
                ),
                line(Span("needs    ", "muted"), "a passed dry run of the same text before it can be armed"),
                line(
                    Span("undo     ", "muted"), Span("can be undone. ", "good"), "Before the cut the run can be voided"
                ),
                line(""),
                line(Span("rows     ", "muted"), "what the cut will add, if it is authorised:"),
                *(line(f"  {d.table:<48}{signed(d.rows):>8}") for d in self._deltas),
            ]
        )

    def _amends(self) -> list[Line]:
        return [] if self._law is None else [line(Span("amends   ", "muted"), f"what is law: {self._law.counts}")]

    def keys(self) -> Line:
        """Return the keys; the confirming one is not beside Enter or Esc."""
        return line(
            Span("Esc", "accent"), " no   ", Span("PgDn", "accent"), " more   ", Span("^Y", "bad"), " start LIVE",
            *self.stop_hint(),
        )  # fmt: skip

    def action_yes(self) -> None:
        """Answer yes."""
        self.dismiss(result=True)

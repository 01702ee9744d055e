"""Start a repeal: explains what a run that repeals a document does, and asks for a dry run or a LIVE one."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.plan_binding import Target
from console.backend.model.states import Mode
from console.screens.danger_text import target_words
from console.screens.dialog import Dialog
from console.widgets.formatting import day_and_clock, plural, signed
from console.widgets.line import Line, Span, line


class StartRepealDialog(Dialog[Mode]):
    """A dialog that answers the mode of the run, None for no. Enter and Esc are no."""

    WORDS: ClassVar[str] = "Start a repeal?"
    TALL: ClassVar[bool] = True
    CANCEL: ClassVar[str] = "Cancel: start nothing"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "dry", "Dry run", show=False),
        Binding("ctrl+y", "yes", "Start LIVE", show=False),
    ]

    def __init__(self, docprefix: str, law: AmendmentReport, target: Target | None) -> None:
        super().__init__()
        self._docprefix = docprefix
        self._law = law
        self._target = target

    def opened(self) -> None:
        """Show what would be repealed, where, and the rows of the two effects."""
        super().opened()
        law, gone = self._law, plural(len(self._law.gone), "unit")
        self.body(
            [
                line(Span("what     ", "muted"), Span(f"the repeal of {self._docprefix} as a whole", "strong")),
                line(
                    Span("law      ", "muted"), f"state {law.base_state}, since {day_and_clock(law.base_in_force_from)}"
                ),
                line(Span("where    ", "muted"), target_words(self._target)),
                line(Span("units    ", "muted"), f"{gone} in force; after SG_2 none"),
                line(
                    Span("now      ", "muted"),
                    "d: a dry run, which writes nothing. LIVE: takes a backup, waits for SG_1",
                ),
                line(
                    Span("writes   ", "muted"), "no unit and no version; nothing is deleted, every text stays readable"
                ),
                line(Span("needs    ", "muted"), "a passed dry run of the repeal before it can be armed"),
                line(Span("undo     ", "muted"), Span("can be undone ", "good"), "until SG_2: voided, or reverted"),
                line(Span("         "), Span("then final: ", "bad"), "no text comes after it under this prefix"),
                line(""),
                line(Span("rows     ", "muted"), "what SG_1 will add, if it is authorised:"),
                *(line(f"  {d.table:<48}{signed(d.rows):>8}") for d in law.deltas_at_cut if d.rows),
                line(Span("         ", "muted"), "and SG_2:"),
                *(line(f"  {d.table:<48}{signed(d.rows):>8}") for d in law.deltas_at_enactment),
            ]
        )

    def keys(self) -> Line:
        """Return the keys; the confirming one is not beside Enter or Esc."""
        return line(
            Span("Esc", "accent"), " no   ", Span("PgDn", "accent"), " more   ", Span("d", "accent"), " dry run   ",
            Span("^Y", "bad"), " start LIVE", *self.stop_hint(),
        )  # fmt: skip

    def action_dry(self) -> None:
        """Answer with a dry run."""
        self.dismiss(Mode.DRYRUN)

    def action_yes(self) -> None:
        """Answer with a LIVE run."""
        self.dismiss(Mode.LIVE)

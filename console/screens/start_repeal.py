"""Start a repeal: explains what a run that repeals a document does, and asks for a dry run or a LIVE one."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.plan_binding import Target
from console.backend.model.states import Mode
from console.screens.danger_text import labelled, target_words
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
        self.wrapped_body(self._lines)

    def _lines(self, width: int) -> list[Line]:
        law, gone = self._law, plural(len(self._law.gone), "unit")
        rows = (
            ("law", f"state {law.base_state}, since {day_and_clock(law.base_in_force_from)}"),
            ("where", target_words(self._target)),
            ("units", f"{gone} in force; after SG_2 none"),
            ("now", "d: a dry run, which writes nothing. LIVE: takes a backup, waits for SG_1"),
            ("writes", "no unit and no version; nothing is deleted, every text stays readable"),
            ("needs", "a passed dry run of the repeal before it can be armed"),
        )
        can, final = line(Span("can be undone ", "good")), line(Span("then final: ", "bad"))
        return [
            *labelled("what", f"the repeal of {self._docprefix} as a whole", width, "strong"),
            *(part for word, text in rows for part in labelled(word, text, width)),
            *labelled("undo", "until SG_2: voided, or reverted", width, begins=can),
            *labelled("", "no text comes after it under this prefix", width, begins=final),
            line(""),
            *labelled("rows", "what SG_1 will add, if it is authorised:", width),
            *(line(f"  {d.table:<48}{signed(d.rows):>8}") for d in law.deltas_at_cut if d.rows),
            *labelled("", "and SG_2:", width),
            *(line(f"  {d.table:<48}{signed(d.rows):>8}") for d in law.deltas_at_enactment),
        ]

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

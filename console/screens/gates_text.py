"""The texts of Gates and of the roll-up on the Overview: pure functions of the measurement and the time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from console.actions.keys_in_force import key_of, told
from console.backend.model.errors import CutterError
from console.backend.model.full_command import Full
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.readiness import Board, BundleView, GateReport, Letter, urgency, worst_first
from console.backend.model.safe_text import safe_text
from console.widgets.formatting import age, clock, plural, shortened, took
from console.widgets.line import Line, Span, Tone, line, outcome_tone
from console.widgets.narrowing import Row
from console.widgets.wrap import hanging

_SYMBOLS = {
    Outcome.PASS: "✓",
    Outcome.PARTIAL: "~",
    Outcome.FAIL: "✗",
    Outcome.INCONCLUSIVE: "?",
    Outcome.NOT_RUN: "·",
}
_TITLE_WIDTH = 31
_HIDDEN_FAIL = " has a FAIL "


@dataclass(frozen=True)
class Filter:
    """The outcomes that show; `word` stands in the title, empty if all show."""

    word: str
    outcomes: frozenset[Outcome]


FILTERS: tuple[Filter, ...] = (
    Filter("", frozenset(Outcome)),
    Filter("not PASS", frozenset(Outcome) - {Outcome.PASS}),
    *(Filter(outcome.value, frozenset({outcome})) for outcome in Outcome),
)


@dataclass(frozen=True)
class Item:
    """One row: a gate with all its checks, or one arming check."""

    name: str
    title: str
    outcome: Outcome
    report: GateReport
    checks: tuple[Check, ...]

    @property
    def hides_a_fail(self) -> bool:
        """Return whether a check is FAIL although the outcome says only that not all could be measured."""
        return self.outcome is not Outcome.FAIL and any(check.outcome is Outcome.FAIL for check in self.checks)

    def shows_with(self, chosen: Filter) -> bool:
        """Return whether the filter shows it, by its outcome or by the FAIL that it hides."""
        return self.outcome in chosen.outcomes or (self.hides_a_fail and Outcome.FAIL in chosen.outcomes)

    @property
    def words(self) -> str:
        """Return id and title; an arming check has its id in its name."""
        return f"{self.name} {self.title}" if self.name != "PRE" else self.title


def gate_items(board: Board) -> tuple[Item, ...]:
    """Return one row per gate."""
    return tuple(Item(gate.gate, gate.title, gate.outcome, gate, gate.checks) for gate in board.gates)


def pre_items(report: GateReport) -> tuple[Item, ...]:
    """Return one row per check."""
    return tuple(Item(report.gate, check.name, check.outcome, report, (check,)) for check in report.checks)


def mark(outcome: Outcome, width: int = 0) -> Span:
    """Return symbol and word; the colour only repeats them."""
    return Span(f"{_SYMBOLS[outcome]} {outcome.value:<{width}}", outcome_tone(outcome.value))


def _titled(item: Item) -> Line:
    """Return the title in its column, with a note about a FAIL that the outcome hides."""
    if not item.hides_a_fail:
        return line(f"{shortened(item.title, _TITLE_WIDTH - 1):<{_TITLE_WIDTH}}")
    room = _TITLE_WIDTH - len(_HIDDEN_FAIL)
    return line(
        shortened(item.title, room), Span(f"{_HIDDEN_FAIL:<{_TITLE_WIDTH - min(len(item.title), room)}}", "bad")
    )


def gate_row(item: Item, now: datetime, *, roomy: bool) -> Line:
    """Return symbol, word, id, title, owner, age; if there is room also why it is not PASS."""
    gate = item.report
    return line(
        mark(item.outcome, 13),
        Span(f"{item.name:<4}", "strong"),
        *_titled(item),
        Span(f"{gate.owner.value:<12}", "muted"),
        Span(f"{age(gate.measured_at, now):<11} ", "muted"),
        Span(str(gate.urgent_detail) if roomy and item.outcome is not Outcome.PASS else ""),
    )


def pre_row(item: Item, width: int) -> Line:
    """Return symbol, word, check in a column of this width, detail."""
    return line(mark(item.outcome, 13), f"{item.title:<{width}}  ", Span(item.checks[0].detail, "muted"))


def item_row(item: Item, drawn: Line, chosen: Filter) -> Row:
    """Return the row of an item; what is not PASS is told also where a filter hides it, a FAIL before all else."""
    alarm = Outcome.FAIL.value if item.hides_a_fail else item.outcome.value if item.outcome is not Outcome.PASS else ""
    return Row(
        drawn,
        f"{item.name} {item.title}",
        alarm,
        f"{item.title} {' '.join(f'{check.name} {check.detail}' for check in item.checks)}",
        (("outcome", f"{item.outcome.value} {alarm}"), ("owner", item.report.owner.value)),
        item.shows_with(chosen),
    )


def list_title(
    report: Board | GateReport | None, items: int, shown: int, chosen: Filter, asking: str, *, pre: str | None
) -> str:
    """Return a title such as `Gates, not PASS: 3 of 11` or `Arming checks for RUN: 8`, with what is being measured."""
    title = "Gates" if pre is None else f"Arming checks for {pre}" if pre else "Arming checks without a run"
    if report is None:
        return f"{title}, measuring ..." if asking else title
    number = f"{title}, {chosen.word}: {shown} of {items}" if chosen.word else f"{title}: {items}"
    return f"{number}, measuring {asking} ..." if asking else f"{number}, took {took(report.took_ms)}"


def nothing_shown(chosen: Filter, *, measured: bool) -> str:
    """Return the text of an empty list."""
    return (
        f"None is {chosen.word}. Press {key_of('filter_gates')} to change the filter."
        if measured
        else "Nothing has been measured yet."
    )


def tally(outcomes: Iterable[Outcome]) -> Line:
    """Return counts such as `8 PASS  2 PARTIAL  1 FAIL`, without zeros."""
    counted = list(outcomes)
    spans = [
        Span(f"{counted.count(outcome)} {outcome.value}", outcome_tone(outcome.value))
        for outcome in Outcome
        if outcome in counted
    ]
    return tuple(part for span in spans for part in (span, Span("  ")))[:-1]


# A PARTIAL is a note for a person; it stops neither arming nor a cut.
_LETS_CUT = frozenset({Outcome.PASS, Outcome.PARTIAL})


def summary(outcomes: Iterable[Outcome], noun: str, stopped: str) -> Line:
    """Return `No gate stops a cut; 6 have notes.`, or the tally if one is FAIL or could not be measured.

    `noun` is what was measured, in the singular; `stopped` is what they can stop.
    """
    counted = list(outcomes)
    if not counted or not _LETS_CUT.issuperset(counted):
        return tally(counted)
    noted = counted.count(Outcome.PARTIAL)
    if not noted:
        return line(Span(f"All {plural(len(counted), noun)} PASS.", "good"))
    have = "1 has a note" if noted == 1 else f"{noted} have notes"
    return line(Span(f"No {noun} stops {stopped}; {have}.", "warn"))


def stops_a_cut(board: Board | None) -> bool:
    """Return whether a gate of the last board is red or could not be measured; False while none was measured."""
    return board is not None and not _LETS_CUT.issuperset(gate.outcome for gate in board.gates)


def standing(
    report: Board | GateReport | None,
    failure: CutterError | None,
    failed_at: datetime | None,
    now: datetime,
    full: Full,
    moved_at: datetime | None = None,
) -> list[Line]:
    """Return the lines above the list: the summary with its age, why it is not newer, and if something moved since."""
    if report is None:
        if failure is None:
            return [line(Span("Not measured yet.", "muted"))]
        return [line(Span("NOT MEASURED ", "bad"), _reason(failure)), _next(failure, full)]
    if isinstance(report, Board):
        counted = summary((gate.outcome for gate in report.gates), "gate", "a cut")
    else:
        counted = summary((check.outcome for check in report.checks), "check", "arming")
    lines = [line(*counted, Span(f"   measured {age(report.measured_at, now)}", "muted")), *before_move(moved_at)]
    if failure is not None and failed_at is not None:
        lines += [
            line(Span("NOT MEASURED AGAIN ", "bad"), f"at {clock(failed_at)}: {_reason(failure)}"),
            _next(failure, full),
        ]
    return lines


def before_move(moved_at: datetime | None) -> list[Line]:
    """Return the line which says that something moved since what is shown was measured; nothing if nothing did."""
    if moved_at is None:
        return []
    then = told("<refresh> measures again")
    return [line(Span("BEFORE THE LAST MOVE ", "warn"), f"seen at {clock(moved_at)}: {then}")]


def _reason(failure: CutterError) -> str:
    return safe_text(f"{failure.code}: {failure.message}")


def _next(failure: CutterError, full: Full) -> Line:
    return line(Span("Next: ", "muted"), full(safe_text(failure.next_action)))


def detail_title(item: Item) -> str:
    """Return the gate and who can repair it."""
    return f"{item.words}, {item.report.owner.value}"


def detail(item: Item, _now: datetime, full: Full, width: int) -> list[Line]:
    """Return the open checks, worst first, each with its next action; then the question, and what passed."""
    lines: list[Line] = []
    for check in worst_first(item.checks):
        if check.outcome is not Outcome.PASS:
            lines += _verdict(check, full, width)
    passed = [check.name for check in item.checks if check.outcome is Outcome.PASS]
    question = hanging((Span("asks  ", "muted"),), str(item.report.question), width)
    if passed:
        question += hanging((mark(Outcome.PASS), Span("  ")), ", ".join(passed), width, "muted")
    return [*lines, *question]


def _verdict(check: Check, full: Full, width: int) -> list[Line]:
    lines = hanging((mark(check.outcome), Span("  ")), f"{check.name}: {check.detail}", width)
    if check.outcome is not Outcome.PASS:
        lines += hanging((Span("  Next  ", "muted"),), full(str(check.next_action)), width, "strong")
    return lines


def evidence_title(item: Item) -> str:
    """Return a title such as `G3 Backup readiness: FAIL`."""
    return f"{item.words}: {item.outcome.value}"


def evidence(item: Item, now: datetime, full: Full, width: int) -> list[Line]:
    """Return the question, each check with its next action, and each fact that it rests on, once."""
    gate = item.report
    measured = f"{gate.owner.value}; measured {age(gate.measured_at, now)}, took {took(gate.took_ms)}"
    lines = [
        *hanging((Span("question  ", "muted"),), str(gate.question), width),
        *hanging((Span("owner     ", "muted"),), measured, width),
    ]
    shown: set[str] = set()
    for check in worst_first(item.checks):
        lines += [line(""), *_verdict(check, full, width)]
        for fact in check.evidence:
            lines += [line(Span(f"  {fact.id}, as above", "muted"))] if fact.id in shown else _fact(fact, width)
            shown.add(fact.id)
        if not check.evidence:
            lines.append(line(Span("  no evidence: nothing was measured", "muted")))
    return lines


def _fact(fact: Evidence, width: int) -> list[Line]:
    rows: tuple[tuple[str, str, Tone], ...] = (
        ("  asked  ", str(fact.asked), "plain"),
        ("  of     ", str(fact.source), "plain"),
        ("  answer ", str(fact.answer), "strong"),
        *((("  sha256 ", fact.digest, "plain"),) if fact.digest else ()),
    )
    lines = [part for label, text, tone in rows for part in hanging((Span(label, "muted"),), text, width, tone)]
    when = f", {fact.measured_at:%Y-%m-%d %H:%M:%S} UTC, took {took(fact.took_ms)}"
    return [line(Span(f"  {fact.id}", "accent"), Span(when, "muted")), *lines]


_LETTER_TONES: dict[Letter, Tone] = {Letter.A: "good", Letter.B: "warn", Letter.C: "bad"}


def bundle_title(written: BundleView) -> str:
    """Return a title such as `Bundle: outcome B`."""
    return f"Bundle: outcome {written.letter.value}"


def bundle(written: BundleView, width: int) -> list[Line]:
    """Return letter, directory, digest, and every gap."""
    signed = written.signed_by or "nobody; on the command line: cutter-console bundle --sign FPR"
    lines = [
        *hanging(
            (Span(f"{written.letter.value}  ", _LETTER_TONES[written.letter]),), str(written.headline), width, "strong"
        ),
        line(""),
        *hanging((Span("in      ", "muted"),), str(written.directory), width),
        *hanging((Span("sums    ", "muted"),), written.sums_sha256, width),
        *hanging((Span("signed  ", "muted"),), signed, width),
        line(""),
        line(Span(plural(len(written.gaps), "gap") if written.gaps else "No gaps.", "strong")),
    ]
    for gap in written.gaps:
        lines += hanging((Span("- ", "muted"),), str(gap), width)
    lines += [line(""), line(Span(plural(len(written.documents), "document"), "strong"))]
    return [*lines, *(line(Span("- ", "muted"), safe_text(name)) for name in written.documents)]


def bundle_done(written: BundleView) -> str:
    """Return the sentence for the notice."""
    gaps = plural(len(written.gaps), "gap")
    return f"Bundle written, outcome {written.letter.value}, {gaps}: {written.directory}"


def rollup_title(board: Board | None, asking: str, failure: CutterError | None, now: datetime) -> str:
    """Return the title of the roll-up; an old value is never without its age."""
    if board is None:
        return "Gates, measuring ..." if asking else "Gates"
    current = ", measuring ..." if asking else ", NOT CURRENT" if failure is not None else ""
    return f"Gates, measured {age(board.measured_at, now)}{current}"


def rollup(board: Board | None, asking: str, failure: CutterError | None, width: int, most: int) -> list[Line]:
    """Return the summary of the last board, and what is worst; every gate where there is room for all of them."""
    if board is None:
        if failure is not None:
            return [line(Span("NOT MEASURED ", "bad"), _reason(failure))]
        return [line(Span("not measured yet" + ("" if asking else told(": press <gates>")), "muted"))]
    open_gates = sorted(
        (gate for gate in board.gates if gate.outcome is not Outcome.PASS),
        key=lambda gate: urgency(gate.urgent.outcome if gate.urgent is not None else gate.outcome),
    )
    lines: list[Line] = [summary((gate.outcome for gate in board.gates), "gate", "a cut")]
    for gate in open_gates[:most]:
        words = Span(f"{_SYMBOLS[gate.outcome]} {gate.gate} ", outcome_tone(gate.outcome.value))
        lines.append(line(words, shortened(str(gate.urgent_detail), max(width - len(words.text), 12))))
    if most >= len(board.gates):
        passed = [gate for gate in board.gates if gate.outcome is Outcome.PASS]
        return [*lines, *(_passed(gate, width) for gate in passed)]
    if not open_gates:
        return [*lines, line(Span("Nothing is open.", "muted"))]
    if most > 1 and (more := len(open_gates) - most) > 0:
        lines.append(line(Span(f"and {more} more: press {key_of('gates')}", "muted")))
    return lines


def _passed(gate: GateReport, width: int) -> Line:
    words = Span(f"{_SYMBOLS[gate.outcome]} {gate.gate:<3} ", outcome_tone(gate.outcome.value))
    return line(words, Span(shortened(gate.title, max(width - len(words.text), 12)), "muted"))

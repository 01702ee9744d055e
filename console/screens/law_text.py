"""The texts of a plan beside what is law: pure functions of the report."""

from typing import Literal

from console.actions.keys_in_force import told
from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import (
    AmendmentReport,
    ChangedReport,
    RenumberingReport,
    ShiftReport,
    UnitReport,
)
from console.backend.model.plan_binding import TableDelta
from console.backend.model.safe_text import safe_text
from console.widgets.formatting import count, plural, shortened
from console.widgets.line import Line, Span, Tone, line
from console.widgets.wrap import hanging

Entry = ChangedReport | UnitReport | Moved | RenumberingReport | ShiftReport | AmendmentReport
"""A row of the list: a unit that changes, is new or gone; a stated renumbering; words that moved; the whole report."""
_TONES: dict[str, Tone] = {"changed": "warn", "new": "good", "gone": "bad", "renumbered?": "accent"}


def entries(report: AmendmentReport) -> tuple[Entry, ...]:
    """Return the rows: the whole, what changes and what is new in the order of the new text, then what is gone or moved."""
    in_text: list[ChangedReport | UnitReport] = [*report.changed, *report.new]
    in_text.sort(key=lambda unit: unit.line or 0)
    return (report, *in_text, *report.gone, *report.moved, *report.renumberings, *report.shifted)


def counts(report: AmendmentReport) -> tuple[Span | str, ...]:
    """Return the numbers of units by effect, each effect in its tone, and that what stands in none of them differs."""
    numbers: tuple[tuple[int, Literal["changed", "new", "gone"]], ...] = (
        (len(report.changed), "changed"),
        (len(report.new), "new"),
        (len(report.gone), "gone"),
    )
    parts = [Span(f", {count(number)} {name}", _TONES[name] if number else "muted") for number, name in numbers]
    between = [Span(", text between them", _TONES["changed"])] if report.between else []
    return (f"{count(report.unchanged)} unchanged", *parts, *between)


def head(report: AmendmentReport) -> Line:
    """Return the counts for the head of the plan, with the key."""
    return line(Span("against the law ", "muted"), *counts(report), Span(told("  (<compare>)"), "accent"))


def row(entry: Entry) -> Line:
    """Return one row of the list."""
    if isinstance(entry, AmendmentReport):
        return line(Span(f"{'whole text':<12}", "strong"), *counts(entry))
    if isinstance(entry, Moved):
        return line(Span(f"{'renumbered':<12}", "strong"), f"{safe_text(entry.old)} → {safe_text(entry.new)}")
    if isinstance(entry, RenumberingReport):
        return line(Span(f"{'renumbered?':<12}", "accent"), f"{entry.old} → {entry.new}")
    if isinstance(entry, ShiftReport):
        return line(Span(f"{'shifted':<12}", "accent"), f"{entry.old} → {entry.new}")
    word = _word(entry)
    name = [shortened(entry.title, 40)] if entry.title else []
    fields = [", ".join(entry.fields)] if isinstance(entry, ChangedReport) else []
    return line(Span(f"{word:<12}", _TONES[word]), f"{entry.address}  ", Span("  ".join([*name, *fields]), "muted"))


def pair_of(entry: Entry) -> Moved | None:
    """Return the renumbering, stated or probable, that a row is about, or None."""
    if isinstance(entry, RenumberingReport):
        return Moved(old=entry.old, new=entry.new)
    return entry if isinstance(entry, Moved) else None


def address_of(entry: Entry) -> str:
    """Return the address that a row is about, of a renumbering the new one; empty for the whole text."""
    if isinstance(entry, RenumberingReport | Moved | ShiftReport):
        return safe_text(entry.new)
    return entry.address if isinstance(entry, ChangedReport | UnitReport) else ""


def line_of(entry: Entry) -> int | None:
    """Return the line of the new text that a row is about, or None."""
    return entry.line if isinstance(entry, ChangedReport | UnitReport) else None


def title(entry: Entry) -> str:
    """Return the title of the detail."""
    if isinstance(entry, AmendmentReport):
        return "What the text would change"
    if isinstance(entry, ShiftReport):
        return "Words at another address"
    if isinstance(entry, Moved):
        return "Renumbering, as stated"
    return "Probable renumbering" if isinstance(entry, RenumberingReport) else f"{_word(entry)}: {entry.address}"


def detail(entry: Entry, width: int) -> list[Line]:
    """Return one row of the list in full."""
    if isinstance(entry, AmendmentReport):
        return _whole(entry, width)
    if isinstance(entry, RenumberingReport):
        return _renumbering(entry, width)
    if isinstance(entry, Moved):
        return _stated(entry, width)
    if isinstance(entry, ShiftReport):
        return [
            *hanging((Span("from    ", "muted"),), entry.old, width),
            *hanging((Span("to      ", "muted"),), entry.new, width),
            line(""),
            *hanging((), "The words are the same. An address that stays keeps its own history.", width, "muted"),
        ]
    lines = hanging((Span("title   ", "muted"),), entry.title or "-", width)
    if entry.line is not None:
        lines += hanging((Span("line    ", "muted"),), f"{entry.line} of the new text; Enter shows it", width)
    if isinstance(entry, UnitReport):
        effect = "gets a unit and a version" if entry.line is not None else "its unit is superseded at the enactment"
        return [*lines, *hanging((Span("effect  ", "muted"),), effect, width)]
    lines += hanging((Span("fields  ", "muted"),), ", ".join(entry.fields), width)
    lines += [part for note in entry.notes for part in hanging((Span("note    ", "muted"),), note, width)]
    for difference in entry.differences:
        lines += [line(""), *hanging((), difference, width)]
    return lines


def _word(entry: ChangedReport | UnitReport) -> str:
    if isinstance(entry, ChangedReport):
        return "changed"
    return "new" if entry.line is not None else "gone"


def _renumbering(entry: RenumberingReport, width: int) -> list[Line]:
    return [
        *hanging((Span("gone    ", "muted"),), entry.old, width),
        *hanging((Span("new     ", "muted"),), entry.new, width),
        *hanging((Span("title   ", "muted"),), entry.title or "-", width),
        line(""),
        *hanging(
            (),
            told(
                "The words are the same. Nothing follows from that: if it is so, state it with <state_moved>, or with"
            ),
            width,
            "muted",
        ),
        *hanging((), entry.argument, width, "strong"),
    ]


def _stated(pair: Moved, width: int) -> list[Line]:
    return [
        *hanging((Span("old     ", "muted"),), safe_text(pair.old), width),
        *hanging((Span("new     ", "muted"),), safe_text(pair.new), width),
        *hanging((Span("effect  ", "muted"),), "the old address becomes an alias of the new one", width),
        line(""),
        *hanging((), told("A run that is started now states it; <state_moved> takes it back."), width, "muted"),
    ]


def _whole(report: AmendmentReport, width: int) -> list[Line]:
    moved = [
        part
        for pair in report.moved
        for part in hanging((Span("stated        ", "muted"),), f"{pair.old} is now {pair.new}", width)
    ]
    order = f"{plural(report.reordered, 'unit')} at another place; no row is written for that alone"
    return [
        *hanging((Span("law           ", "muted"),), f"state {report.base_state}, run {report.base_run_id}", width),
        *hanging((Span("in force      ", "muted"),), f"from {report.base_in_force_from:%Y-%m-%d %H:%M:%SZ}", width),
        *hanging((Span("base digest   ", "muted"),), report.base_digest, width),
        *hanging((Span("at the cut    ", "muted"),), _rows(report.deltas_at_cut), width),
        *hanging((Span("to enact      ", "muted"),), _rows(report.deltas_at_enactment), width),
        *(hanging((Span("order         ", "muted"),), order, width) if report.reordered else []),
        *(
            part
            for text in report.between_lines
            for part in hanging((Span("between       ", "muted"),), text.strip(), width)
        ),
        *moved,
    ]


def _rows(deltas: tuple[TableDelta, ...]) -> str:
    return ", ".join(f"{delta.table.partition('.')[2]} +{count(delta.rows)}" for delta in deltas if delta.rows)

"""The texts of Drift: pure functions of the report and the time."""

from datetime import datetime

from console.backend.model.errors import CutterError
from console.backend.model.full_command import Full
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Difference, DriftReport
from console.backend.model.safe_text import safe_text
from console.screens.gates_text import before_move, mark
from console.widgets.formatting import age, clock, plural
from console.widgets.line import Line, Span, line
from console.widgets.narrowing import Row
from console.widgets.wrap import hanging

NO_DIFFERENCE = "No difference: the database is as it was installed."
NO_DIFFERENCE_ELSEWHERE = "No difference: the database is as this host has pinned it."


def standing(
    report: DriftReport | None,
    failure: CutterError | None,
    failed_at: datetime | None,
    now: datetime,
    full: Full,
    moved_at: datetime | None = None,
) -> list[Line]:
    """Return the lines above the list: the outcome with its age, why it is not newer, and if something moved since."""
    lines: list[Line] = []
    if report is not None:
        measured = Span(f"   measured {age(report.measured_at, now)}", "muted")
        lines.append(line(mark(report.outcome), f"  {plural(len(report.differences), 'difference')}", measured))
        lines += before_move(moved_at)
    if failure is None:
        return lines or [line(Span("Not measured yet.", "muted"))]
    reason = safe_text(f"{failure.code}: {failure.message}")
    if report is not None and failed_at is not None:
        lines.append(line(Span("NOT MEASURED AGAIN ", "bad"), f"at {clock(failed_at)}: {reason}"))
    else:
        lines.append(line(mark(Outcome.INCONCLUSIVE), f"  {reason}"))
    return [*lines, line(Span("Next: ", "muted"), full(safe_text(failure.next_action)))]


def list_title(report: DriftReport | None, asking: str) -> str:
    """Return `Differences: 3`, without a number if nothing was compared."""
    was_compared = report is not None and report.outcome is not Outcome.INCONCLUSIVE
    number = f": {len(report.differences)}" if report is not None and was_compared else ""
    return f"Differences{number}{', measuring ...' if asking else ''}"


def empty(report: DriftReport | None, *, failed: bool) -> str:
    """Return the text of an empty list; it must not look like an answer if there was none."""
    if report is not None and report.outcome is Outcome.PASS:
        return NO_DIFFERENCE_ELSEWHERE if report.of_another_layout else NO_DIFFERENCE
    if report is not None or failed:
        return "NOT KNOWN: the database could not be compared."
    return "Comparing the database with what was installed ..."


def difference_rows(report: DriftReport | None) -> tuple[Row, ...]:
    """Return a row for each difference; all are told also where a filter hides them."""
    if report is None:
        return ()
    alarm = report.outcome.value if report.outcome is not Outcome.PASS else "FAIL"
    return tuple(
        Row(difference_row(item), f"{item.what} {item.subject}", alarm, "", (("kind", str(item.what)),))
        for item in report.differences
    )


def difference_row(difference: Difference) -> Line:
    """Return kind, subject, expected and actual value in a line."""
    return line(
        Span(f"{difference.what:<10} ", "accent"),
        f"{difference.subject}  ",
        Span(f"{difference.expected} → {difference.actual}", "muted"),
    )


def digests(report: DriftReport, width: int) -> list[Line]:
    """Return the digests over everything that was compared."""
    same = report.schema_digest == report.pinned_digest
    lines = hanging((Span("now     ", "muted"),), report.schema_digest or "not known", width, "strong")
    lines += hanging((Span("pinned  ", "muted"),), report.pinned_digest or "not known", width, "strong")
    return [*lines, line(Span("the same" if same else "not the same", "good" if same else "bad"))]


def difference(item: Difference, width: int) -> list[Line]:
    """Return expected, actual, and the SQL that repairs it, for the administrator to run."""
    lines = [
        *hanging((Span("what      ", "muted"),), f"{item.what}, {item.subject}", width),
        *hanging((Span("expected  ", "muted"),), str(item.expected), width),
        *hanging((Span("actual    ", "muted"),), str(item.actual), width, "strong"),
        line(""),
    ]
    if not item.repair:
        return [*lines, line(Span("No statement repairs this.", "muted"))]
    head = "Run this as the administrator; the console never runs it:"
    return [
        *lines,
        *hanging((), head, width, "muted"),
        *(part for statement in item.repair for part in hanging((), str(statement), width)),
    ]


def difference_title(index: int, report: DriftReport) -> str:
    """Return `Difference 2 of 5`."""
    return f"Difference {index + 1} of {len(report.differences)}"

"""The texts of a dangerous dialog: the action, its target, its rows, whether it can be undone, and the open checks."""

from functools import partial

from console.backend.model.full_command import Full
from console.backend.model.ids import is_batch
from console.backend.model.outcome import Check, Outcome
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.view_models import Confirmation, Danger
from console.widgets import wrap
from console.widgets.formatting import plural, signed
from console.widgets.line import Line, Span, Tone, line, outcome_tone
from console.widgets.wrap import hanging

TITLES = {
    Danger.ARM: "Arm the switch",
    Danger.ENACT: "Enact what SG_2 rules",
    Danger.REVERT: "Revert the draft cut",
    Danger.VOID: "Void the run",
    Danger.TAKE_OVER: "Take the run over",
    Danger.HAND_OVER: "Hand the run over",
    Danger.ACCEPT: "Accept the run",
    Danger.EDIT: "Plan an edit of a draft",
    Danger.APPLY: "Write the signed edit",
    Danger.RELEASE_HOLD: "Release the HOLD",
}

labelled = partial(wrap.labelled, column=9)
"""Makes the lines of a dialog: a label, and a text behind it."""


def target_words(target: Target | None) -> str:
    """Return the target in full."""
    if target is None:
        return "not known: the database was not reached at the last measurement"
    return f"{target.database} at {target.host}, system {target.system_identifier}, timeline {target.timeline}"


def briefing_lines(briefing: Confirmation, full: Full, width: int) -> list[Line]:
    """Return what is said before the question: a summary, then each table and each check."""
    units = "" if briefing.n_units is None else f" ({plural(briefing.n_units, 'unit')})"
    lines = [
        *labelled("what", f"{TITLES[briefing.danger]}{units}", width, "strong"),
        *labelled(
            "batch" if is_batch(briefing.run_id) else "run",
            f"{briefing.run_id or 'none'}  {briefing.docprefix}",
            width,
        ),
        *labelled("where", target_words(briefing.target), width),
        *_first_refusal(briefing, full, width),
        *_undo(briefing, width),
    ]
    for number, effect in enumerate(briefing.effects):
        lines += labelled("" if number else "effect", str(effect), width)
    lines += [*_rows_in_short(briefing.deltas, width), *_checks_in_short(briefing, width)]
    first = next(iter(briefing.open_checks), None)
    for check in briefing.checks:
        if check.outcome is not Outcome.PASS and check is not first:
            lines += check_lines(check, full, width)
    lines += _table_by_table(briefing.deltas)
    lines += [line(""), line(Span("Checks, one by one", "strong"))]
    return [*lines, *(part for check in briefing.checks for part in check_lines(check, full, width))]


_CANNOT = "CANNOT BE UNDONE"


def _undo(briefing: Confirmation, width: int) -> list[Line]:
    reversal = str(briefing.reversal)
    reversal = reversal[:1].upper() + reversal[1:]
    if briefing.reversible:
        return labelled("undo", reversal, width, begins=line(Span("can be undone. ", "good")))
    # The backend's sentence begins with the words that are shown in red before it.
    reason = reversal.removeprefix(_CANNOT).lstrip(":. ")
    return labelled("undo", reason, width, begins=line(Span(f"{_CANNOT}: ", "bad")))


def _rows_in_short(deltas: tuple[TableDelta, ...], width: int) -> list[Line]:
    changed = [delta for delta in deltas if delta.rows]
    if not changed:
        return [line(Span("rows     ", "muted"), "no table changes")]
    by_table = ", ".join(f"{delta.table.rpartition('.')[2]} {signed(delta.rows)}" for delta in changed)
    total = sum(delta.rows for delta in changed)
    words = f"{signed(total)} in {plural(len(changed), 'table')}: {by_table}"
    return labelled("rows", words, width)


def _table_by_table(deltas: tuple[TableDelta, ...]) -> list[Line]:
    if not deltas:
        return []
    width = max(len(delta.table) for delta in deltas) + 2
    return [
        line(""),
        line(Span("Rows, table by table", "strong")),
        *(line(f"{delta.table:<{width}}{signed(delta.rows):>10}") for delta in deltas),
    ]


def _checks_in_short(briefing: Confirmation, width: int) -> list[Line]:
    """Return how many checks are PASS, then those that allow it with notes, then the names of the others."""
    checks, stop = briefing.checks, briefing.open_checks
    passed = [check.name for check in checks if check.outcome is Outcome.PASS]
    noted = [check for check in checks if check.outcome is not Outcome.PASS and check not in stop]
    tone: Tone = "good" if len(passed) == len(checks) else "bad" if stop else "warn"
    begins = [Span(f"{len(passed)} of {len(checks)} PASS", tone)]
    if noted:
        begins.append(Span(f", {', '.join(f'{check.name} {check.outcome.value}' for check in noted)}", "warn"))
    if not passed:
        return [line(Span("checks   ", "muted"), *begins)]
    return labelled("checks", ", ".join(passed), width, begins=line(*begins, Span(": ")))


def _first_refusal(briefing: Confirmation, full: Full, width: int) -> list[Line]:
    """Return the first check that is not PASS: it stands where it is seen without scrolling, its reason first."""
    if not briefing.open_checks:
        return []
    check = briefing.open_checks[0]
    lines = hanging((_outcome(check), Span(f"{check.name}: ")), str(check.detail), width)
    if check.next_action:
        lines += hanging((Span("     Next: ", "muted"),), full(str(check.next_action)), width, "strong")
    return lines


def _outcome(check: Check) -> Span:
    return Span(f"{check.outcome.value} ", outcome_tone(check.outcome.value))


_SHORT_REASON = 2
"""Lines of a reason that are read before what to do about it; a longer one would push that out of sight."""


def check_lines(check: Check, full: Full, width: int) -> list[Line]:
    """Return one check: outcome, name, the reason, and what to do about it; a long reason stands behind that."""
    reason = hanging((Span("     "),), str(check.detail), width, "muted") if check.detail else []
    action: list[Line] = []
    if check.next_action and check.outcome is not Outcome.PASS:
        action = hanging((Span("     Next: ", "muted"),), full(str(check.next_action)), width, "strong")
    parts = (reason, action) if len(reason) <= _SHORT_REASON else (action, reason)
    return [line(_outcome(check), check.name), *(shown for part in parts for shown in part)]


def refusal_line(briefing: Confirmation) -> Line:
    """Return why it cannot be confirmed; each check has its own next action."""
    names = ", ".join(check.name for check in briefing.open_checks)
    return line(Span("Not available: ", "bad"), f"{plural(len(briefing.open_checks), 'check')} not PASS ({names}).")

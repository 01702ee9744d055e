"""The words of a dangerous dialog: what, where, how many, reversible or not, what stands in the way."""

from console.backend.outcome import Check, Outcome
from console.backend.views import Briefing, Danger
from console.backend.world import Target
from console.widgets.line import Line, Span, line, outcome_tone
from console.widgets.words import count, plural, signed

TITLES = {
    Danger.ARM: "Arm the switch",
    Danger.ENACT: "Enact the draft units",
    Danger.REVERT: "Revert the draft cut",
    Danger.VOID: "Void the run",
    Danger.RELEASE_HOLD: "Release the HOLD",
}


def target_words(target: Target | None) -> str:
    """The target in full (incident 27)."""
    if target is None:
        return "the database could not be reached"
    return f"{target.database} at {target.host}, system {target.system_identifier}, timeline {target.timeline}"


def briefing_lines(briefing: Briefing) -> list[Line]:
    """Everything that is said before the question."""
    units = "" if briefing.n_units is None else f" ({plural(briefing.n_units, 'unit')})"
    lines = [
        line(Span("what     ", "muted"), Span(f"{TITLES[briefing.danger]}{units}", "strong")),
        line(Span("run      ", "muted"), f"{briefing.run_id or 'none'}  {briefing.docprefix}"),
        line(Span("where    ", "muted"), target_words(briefing.target)),
        _reversible(briefing),
    ]
    lines += [
        line(Span("effect   " if not i else "         ", "muted"), str(e)) for i, e in enumerate(briefing.effects)
    ]
    lines += _checks(briefing.checks)
    lines += _deltas(briefing)
    return lines


def _reversible(briefing: Briefing) -> Line:
    word = Span("can be undone. ", "good") if briefing.reversible else Span("CANNOT BE UNDONE. ", "bad")
    return line(Span("undo     ", "muted"), word, str(briefing.reversal))


def _deltas(briefing: Briefing) -> list[Line]:
    if not briefing.deltas:
        return [line(""), line(Span("rows     ", "muted"), "no table changes")]
    width = max(len(delta.table) for delta in briefing.deltas) + 2
    total = sum(delta.rows for delta in briefing.deltas)
    changed = [delta for delta in briefing.deltas if delta.rows]
    head = f"{signed(total)} over {plural(len(changed), 'table')}; {count(len(briefing.deltas) - len(changed))} stay as they are"
    return [
        line(""),
        line(Span("rows     ", "muted"), head),
        *(line(f"  {delta.table:<{width}}{signed(delta.rows):>10}") for delta in briefing.deltas),
    ]


def _checks(checks: tuple[Check, ...]) -> list[Line]:
    ordered = sorted(checks, key=lambda check: check.outcome is Outcome.PASS)
    passed = sum(check.outcome is Outcome.PASS for check in checks)
    lines = [line(""), line(Span("checks   ", "muted"), f"{passed} of {len(checks)} PASS")]
    for check in ordered:
        lines += check_lines(check)
    return lines


def check_lines(check: Check) -> list[Line]:
    """One check: the word, the name, why, and what to do about it."""
    word = Span(f"{check.outcome.value} ", outcome_tone(check.outcome.value))
    lines = [line(word, check.name)]
    if check.detail:
        lines.append(line(Span(f"     {check.detail}", "muted")))
    if check.next_action and check.outcome is not Outcome.PASS:
        lines.append(line(Span("     Next: ", "muted"), str(check.next_action)))
    return lines


def refusal_line(briefing: Briefing) -> Line:
    """Why it cannot be confirmed."""
    names = ", ".join(check.name for check in briefing.open_checks)
    return line(Span("Not available: ", "bad"), f"{plural(len(briefing.open_checks), 'check')} not PASS ({names}).")

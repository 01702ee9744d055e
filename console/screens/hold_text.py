"""Texts of HOLD and recovery: pure functions of what was measured, and of the time."""

from collections.abc import Callable, Iterable
from datetime import datetime

from console.actions.actions import Action, key_name
from console.actions.keys_in_force import keys_or, told
from console.backend.model.full_command import Full
from console.backend.model.holds import HeldRun, HoldView
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import DriftReport
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import StopStep, SwitchState, SwitchView
from console.screens.danger_text import check_lines
from console.screens.drift_text import difference
from console.widgets.formatting import age, clock, count, day_and_clock, plural, shortened
from console.widgets.line import Line, Span, Tone, line
from console.widgets.narrowing import Row
from console.widgets.wrap import hanging, labelled

STOPPED, NEEDS, DOES, DRIFT, HISTORY, RUN = "stopped", "needs", "does", "drift", "history", "run "
"""Keys of the rows; a run's is `run ` and its id."""
RELEASE = "cutter-console hold release --confirm RELEASE"
_LABEL = 10


def head(view: HoldView, now: datetime, width: int, full: Full, release: Action | None = None) -> list[Line]:
    """Return whether there is a HOLD, by whom, since when, where and why, what is open under it, and the key that releases."""
    switch = view.switch
    if switch.state is SwitchState.UNREADABLE:
        return hanging((Span("NOT KNOWN  ", "warn"),), f"if a HOLD is set: {switch.reason}", width)
    if switch.state is not SwitchState.HOLD:
        sentence = f"The switch is {switch.state}. {_needing(view)}"
        return hanging((Span("NO HOLD  ", "good"),), sentence, width)
    since = f" since {day_and_clock(switch.since)}, {age(switch.since, now)}," if switch.since is not None else ""
    lines = hanging((Span("HOLD  ", "bad"),), f"set by {switch.by}{since} {_place(switch)}", width)
    lines += hanging((Span("why   ", "muted"),), str(switch.reason), width, "strong")
    if switch.incomplete:
        lines += hanging(
            (Span("PART  ", "bad"),), f"{switch.incomplete}. Next: {full(str(switch.complete_with))}", width
        )
    open_items = [f"{step.what}: {step.detail}" for step in view.stopped if not step.done]
    if open_items and not switch.incomplete:
        lines += hanging((Span("OPEN  ", "bad"),), "; ".join(open_items), width)
    return [*lines, *hanging((Span("next  ", "muted"),), _next(view, release), width)]


def _place(switch: SwitchView) -> str:
    where = [name for name, is_set in (("file", switch.in_file), ("database", switch.in_database)) if is_set]
    return f"in {' and '.join(where)}" if where else "where is not known"


def _needing(view: HoldView) -> str:
    if view.runs_unread:
        return f"The runs are not known: {view.runs_unread}"
    number = len(view.runs) + view.more_runs
    return f"{plural(number, 'run')} to decide about." if number else "No run was interrupted, stopped, or has failed."


def _next(view: HoldView, release: Action | None) -> str:
    if view.unsettled:
        return f"Settle {view.unsettled[0].run_id} first: what it committed is not known."
    if view.release.open_checks:
        return f"A release is not possible yet: {', '.join(check.name for check in view.release.open_checks)}."
    releases = key_name(release.keys[0]) if release is not None else ""
    return f"{_needing(view)} Find the cause; then {f'{releases} releases' if releases else 'release'}."


def rows(view: HoldView, drift: DriftReport | None, now: datetime, width: int) -> tuple[Row, ...]:
    """Return the parts: what was stopped, what a release needs and does, each run, the drift, the history."""
    made: list[Row] = []
    if view.switch.state is SwitchState.HOLD:
        made += [_stopped_row(view), _needs_row(view), _does_row(view)]
    elif view.switch.state is SwitchState.UNREADABLE:
        made.append(_stopped_row(view))
    made += [_run_row(run, width) for run in view.runs]
    if view.runs_unread:
        made.append(_part("runs", "NOT KNOWN", "warn", str(view.runs_unread), RUN))
    return (*made, _drift_row(drift), _history_row(view, now))


def _part(name: str, word: str, tone: Tone, rest: str, key: str) -> Row:
    spans = line(Span(f"{name:<16} "), Span(word, tone), Span(f"  {rest}" if rest else "", "muted"))
    return Row(spans, key, word if tone == "bad" else "", rest, (("part", name), ("state", word)))


def _stopped_row(view: HoldView) -> Row:
    done = sum(step.done for step in view.stopped)
    all_done = done == len(view.stopped)
    names = ", ".join(step.what for step in view.stopped if step.done is all_done)
    return _part("what is stopped", f"{done} of {len(view.stopped)}", "good" if all_done else "bad", names, STOPPED)


def _needs_row(view: HoldView) -> Row:
    checks = view.release.checks
    passed = sum(check.outcome is Outcome.PASS for check in checks)
    open_names = ", ".join(check.name for check in view.release.open_checks)
    tone: Tone = "bad" if open_names else "good"
    return _part("release needs", f"{passed} of {len(checks)} PASS", tone, open_names, NEEDS)


def _does_row(view: HoldView) -> Row:
    return _part("release does", plural(len(view.steps), "step"), "plain", "with what is run", DOES)


def _run_row(run: HeldRun, width: int) -> Row:
    word, tone = _state(run)
    moves = ", ".join(move.move for move in run.moves) or "not known"
    spans = line(
        Span(f"{word:<12}", tone),
        f"…{run.run_id[-8:]} ",
        f"{shortened(str(run.docprefix), 16)} ",
        Span(shortened(moves, max(width - 40, 12)), "muted"),
    )
    columns = (
        ("part", "run"),
        ("state", f"{word} {run.state} {run.in_words}"),
        ("run", str(run.run_id)),
        ("document", str(run.docprefix)),
    )
    return Row(
        spans, f"{RUN}{run.run_id}", word if tone == "bad" else "", f"{run.run_id} {run.state} {run.in_words}", columns
    )


def _state(run: HeldRun) -> tuple[str, Tone]:
    if run.unread:
        return "NOT KNOWN", "warn"
    if run.interruption is not None:
        return ("INTERRUPTED", "bad") if run.interruption.is_settled else ("UNSETTLED", "bad")
    word = str(run.state).partition("_")[0]
    return (word.upper(), "bad") if word in {"failed", "stopped"} else ("at rest", "plain")


def _drift_row(drift: DriftReport | None) -> Row:
    if drift is None:
        return _part("drift", "not compared", "muted", "", DRIFT)
    number = len(drift.differences)
    tone: Tone = "good" if drift.outcome is Outcome.PASS else "bad"
    return _part("drift", drift.outcome.value, tone, plural(number, "difference"), DRIFT)


def _history_row(view: HoldView, now: datetime) -> Row:
    if view.history_unread:
        return _part("HOLDs set", "NOT KNOWN", "warn", str(view.history_unread), HISTORY)
    number = sum(event.is_set for event in view.history)
    last = f"the last entry {age(view.history[0].at, now)}" if view.history else "none was ever set"
    return _part("HOLDs set", plural(number, "HOLD"), "plain", last, HISTORY)


def stopped(view: HoldView, last_stop: SwitchView | None, full: Full, width: int) -> list[Line]:
    """Return what panic does, item by item, as it stands; and what the stop of this console came to, if there was one."""
    lines = [line(Span("As it stands now", "strong"))]
    lines += [part for step in view.stopped for part in _step_lines(step, "stopped", "OPEN", width)]
    if last_stop is not None and last_stop.steps:
        lines += [line(""), line(Span("As this console's stop came to its end", "strong"))]
        lines += [part for step in last_stop.steps for part in _step_lines(step, "done", "NOT DONE", width)]
    if view.switch.incomplete:
        lines += [line(""), *hanging((Span("Next: ", "muted"),), full(str(view.switch.complete_with)), width, "strong")]
    return lines


def _step_lines(step: StopStep, done: str, missing: str, width: int) -> list[Line]:
    word = Span(f"{done if step.done else missing:<9} ", "good" if step.done else "bad")
    return hanging((word,), f"{step.what}: {step.detail}", width)


def needs(view: HoldView, release: Action | None, full: Full, width: int) -> list[Line]:
    """Return the checks of a release with their evidence, and how it is released."""
    lines = _how(view, release, full, width)
    for check in view.release.checks:
        lines += [line(""), *check_lines(check, full, width)]
        for fact in check.evidence:
            words = f"{fact.asked}: {fact.answer} ({clock(fact.measured_at)}, {fact.source})"
            lines += hanging((Span("     evidence: ", "muted"),), safe_text(words), width, "muted")
    return lines


def does(view: HoldView, release: Action | None, full: Full, width: int) -> list[Line]:
    """Return each step of a release in words, with the statement or call that is run."""
    lines = _how(view, release, full, width)
    for number, step in enumerate(view.steps, 1):
        lines += [line(""), *hanging((Span(f"{number}. ", "muted"),), str(step.effect), width)]
        lines += hanging((Span("   runs ", "muted"),), str(step.runs), width, "accent")
    of_steps = {step.effect for step in view.steps}
    for effect in view.release.effects:
        if effect not in of_steps:
            lines += [line(""), *hanging((), str(effect), width)]
    return [*lines, line(""), *hanging((Span("undo  ", "muted"),), str(view.release.reversal), width)]


def _how(view: HoldView, release: Action | None, full: Full, width: int) -> list[Line]:
    if release is None:
        command = full(RELEASE)
        return hanging((Span("This console releases nothing. ", "warn"),), f"On the server: {command}", width)
    if view.release.open_checks:
        return [line(Span("A release is not possible yet: see the checks.", "bad"))]
    key = key_name(release.keys[0])
    return [line(Span(key, "bad"), f" releases; {view.release.confirm_text} is typed in its dialog.")]


def run(held: HeldRun, keys: Callable[[str], str], full: Full, now: datetime, width: int) -> list[Line]:
    """Return what happened to a run, the moves that are accepted now, and the plan after a failure behind a COMMIT."""
    lines: list[Line] = []

    def put(label: str, text: str, tone: Tone = "plain") -> None:
        lines.extend(labelled(label, safe_text(text), width, tone, column=_LABEL))

    put("state", f"{held.mode}, {held.docprefix}, {held.in_words}")
    if held.interruption is not None:
        cut = held.interruption
        put("happened", f"INTERRUPTED in {cut.what}, {day_and_clock(cut.since)}, {age(cut.since, now)}", "bad")
        put("database", f"says: {cut.database_says}", "strong")
    for fact in held.happened:
        put("happened" if held.interruption is None else "", str(fact))
    if held.unread:
        put("NOT KNOWN", str(held.unread), "warn")
        return lines
    lines += [(), line(Span("Accepted now", "strong"))]
    for move in held.moves:
        put(f" {move.move}", keys_or(keys(str(move.command)), full(str(move.command))), "accent")
        for effect in move.effects:
            put("", str(effect))
        if move.runs:
            put("", f"runs: {move.runs}", "accent")
    if held.plan:
        lines += [(), line(Span("If it has failed for good", "strong"))]
        put("left there", held.left_behind)
        for number, step in enumerate(held.plan, 1):
            put(f" {number}.", str(step.purpose))
            put("", full(str(step.command)), "accent")
    return lines


def drift(report: DriftReport | None, failure: str, width: int) -> list[Line]:
    """Return the differences from the installed database, each with the SQL that repairs it."""
    if report is None:
        return hanging((), f"NOT KNOWN: {failure}" if failure else told("Not compared yet. <refresh> compares."), width)
    if not report.differences:
        return [line(Span(f"{report.outcome.value}  ", "good"), "No difference: nothing is to be repaired.")]
    parts = [[*difference(item, width), line("")] for item in report.differences]
    return [part for lines in parts for part in lines]


def history(view: HoldView, width: int) -> list[Line]:
    """Return the HOLDs that were set and their releases, the newest first."""
    if view.history_unread:
        return hanging((Span("NOT KNOWN  ", "warn"),), str(view.history_unread), width)
    if not view.history:
        return [line(Span("No HOLD was ever set in this database.", "muted"))]
    return list(_history(view, width))


def _history(view: HoldView, width: int) -> Iterable[Line]:
    for event in view.history:
        word = Span("set      ", "bad") if event.is_set else Span("released ", "good")
        run_id = f", {event.run_id}" if event.run_id else ""
        yield from hanging((Span(f"{day_and_clock(event.at)}  ", "muted"), word), f"{event.by}{run_id}", width)
        yield from hanging((Span(" " * 4),), f"{event.reason} (as {event.role})", width, "muted")


def list_title(view: HoldView | None, old: str) -> str:
    """Return the number of runs that need a decision, if they were read, and the age of the list if it is old."""
    if view is None or view.runs_unread:
        return f"HOLD and recovery{old}"
    return f"HOLD and recovery: {count(len(view.runs) + view.more_runs)} to decide{old}"

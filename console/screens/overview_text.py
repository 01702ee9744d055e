"""The words of the Overview: pure functions of one measurement and the time."""

from datetime import datetime

from console.backend.outcome import Outcome
from console.backend.views import CountView, RunSummary, Status, SwitchState, WaitView
from console.widgets.bars import switch_tone
from console.widgets.line import Line, Span, Tone, line, outcome_tone
from console.widgets.words import (
    UNKNOWN,
    age,
    clock,
    coarse_left,
    count,
    day_and_clock,
    left,
    plural,
    shortened,
    signed,
)

_LABEL = 10


def field(label: str, value: str | Span) -> Line:
    """A label and its value, in two columns."""
    return line(Span(f"{label:<{_LABEL}}", "muted"), value)


def where(status: Status, *, read_only: bool) -> list[Line]:
    """Who am I: the one database, the role, the root, and what this console may do."""
    mode = [field("console", "READ-ONLY")] if read_only or status.read_only else []
    demo = [field("data", Span("DEMO, throw-away", "accent"))] if status.demo else []
    if status.target is None:
        return [
            field("database", Span("NOT REACHED", "bad")),
            field("reason", str(status.unreachable) or UNKNOWN),
            field("root", str(status.root)),
            *mode,
            *demo,
        ]
    target = status.target
    return [
        field("host", str(target.host)),
        field("database", Span(str(target.database), "strong")),
        field("system id", target.system_identifier),
        field("timeline", f"{target.timeline}  PostgreSQL {status.server_version or UNKNOWN}"),
        field("role", str(status.role) or UNKNOWN),
        field("root", str(status.root)),
        *mode,
        *demo,
    ]


_MEANING = {
    SwitchState.OFF: "OFF: nothing may be written",
    SwitchState.ARMED: "ARMED: one run may write",
    SwitchState.HOLD: "HOLD: everything is stopped",
    SwitchState.UNREADABLE: "UNREADABLE: counts as off",
}


def switch(status: Status, now: datetime) -> list[Line]:
    """The switch in words: state, until when, for which run, by whom, since when, why, what clears it."""
    view = status.switch
    lines = [line(Span(_MEANING[view.state], switch_tone(view.state.value)))]
    if view.expires_at is not None:
        lines.append(field("ends in", Span(left(view.expires_at, now), "warn")))
    if view.run_id:
        lines.append(line(view.run_id))
    if view.by or view.since:
        since = f", {age(view.since, now)}" if view.since is not None else ""
        lines.append(field("by", f"{view.by or UNKNOWN}{since}"))
    if view.reason:
        lines.append(field("because", str(view.reason)))
    if view.purpose:
        lines.append(field("for", view.purpose))
    if view.clears_with:
        lines.append(field("clears by", view.clears_with))
    if view.incomplete:
        lines.append(line(Span(str(view.incomplete), "bad")))
        lines.append(field("whole by", str(view.complete_with)))
    return lines


def counts_title(status: Status, now: datetime) -> str:
    """`Counts, measured 14:03 UTC` and, when that is a while ago, how long."""
    old = (now - status.measured_at).total_seconds() >= 60
    return f"Counts, measured {clock(status.measured_at)}{f', {age(status.measured_at, now)}' if old else ''}"


def counts(status: Status, *, wide: bool) -> list[Line]:
    """Rows beside the baseline, schema by schema; what could not be read says so and why."""
    if not status.counts:
        return [line(Span("INCONCLUSIVE", "warn"), "  no count could be read"), line(str(status.unreachable))]
    name_width = max(len(_table(c)) for c in status.counts) + 1
    name_width = name_width if wide else min(name_width, 28)
    baseline = f"{'baseline':>9}" if wide else ""
    lines = [line(Span(f"{'table':<{name_width}}{'rows':>7}{baseline}{'delta':>6}", "muted"))]
    schema = ""
    for view in status.counts:
        if (found := view.table.rpartition(".")[0]) != schema:
            schema = found
            lines.append(line(Span(schema, "accent")))
        lines.extend(_count(view, name_width, wide=wide))
    return lines


def _table(view: CountView) -> str:
    return view.table.rpartition(".")[2]


def _count(view: CountView, name_width: int, *, wide: bool) -> list[Line]:
    name = f"{shortened(_table(view), name_width - 1):<{name_width}}"
    if view.rows is None:
        reason = [line(Span(f"  {view.detail}", "muted"))] if view.detail else []
        return [line(name, Span(f"{view.outcome.value:>13}", outcome_tone(view.outcome.value))), *reason]
    baseline = f"{UNKNOWN if view.baseline is None else count(view.baseline):>9}" if wide else ""
    delta = "?" if view.delta is None else signed(view.delta)
    tone: Tone = "warn" if view.outcome is not Outcome.PASS else "plain"
    numbers = line(name, f"{count(view.rows):>7}{baseline}", Span(f"{delta:>6}", tone))
    if view.outcome is Outcome.PASS:
        return [numbers]
    return [numbers, line(Span(f"  {view.outcome.value} ", outcome_tone(view.outcome.value)), str(view.detail))]


def run_line(run: RunSummary) -> Line:
    """One run in a line: mode, document, state."""
    mark = [Span(" INTERRUPTED", "bad")] if run.interrupted else []
    return line(
        Span(run.mode.value, "warn" if run.mode.value == "LIVE" else "muted"), f" {run.docprefix} ", run.state, *mark
    )


def current_run(status: Status, now: datetime) -> list[Line]:
    """The run that is on its way."""
    run = status.current_run
    if run is None and status.target is None:
        return [line(Span("NOT KNOWN ", "warn"), "whether a run is on its way")]
    if run is None:
        return [line(Span("No run is on its way.", "muted"))]
    units = "units not known" if run.n_units is None else plural(run.n_units, "unit")
    return [
        line(Span("Current run", "strong")),
        line(run.run_id),
        run_line(run),
        line(Span(f"{units}, by {run.operator}, {age(run.started_at, now)}", "muted")),
    ]


def waiting(status: Status, now: datetime) -> list[Line]:
    """What waits, for whom, since when, and what to do about it (incident 23)."""
    if status.target is None:
        return [line(Span("NOT KNOWN ", "warn"), "what waits: the database was not reached"), line("")]
    if not status.waiting:
        return [line(Span("Nothing waits for a decision.", "muted")), line("")]
    return [part for view in status.waiting for part in (*_wait(view, now), line(""))]


def _wait(view: WaitView, now: datetime) -> list[Line]:
    when = [f"since {day_and_clock(view.since)}"] if view.since is not None else []
    if view.expires_at is not None:
        when.append(f"expires in {coarse_left(view.expires_at, now)}")
    return [
        line(Span(str(view.what), "strong")),
        line(Span("waits for ", "muted"), str(view.waits_for)),
        line(Span("Next: ", "muted"), str(view.next_action)),
        *([line(Span(", ".join(when), "muted"))] if when else []),
    ]

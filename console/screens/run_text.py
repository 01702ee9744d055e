"""The words of Run: pure functions of a run."""

from datetime import datetime

from console.actions import Action, key_name
from console.backend.outcome import Evidence
from console.backend.readiness import ReportView
from console.backend.runs.states import Family, Move
from console.backend.views import PhaseStatus, PhaseView, RunSummary, RunView
from console.screens.danger_text import target_words
from console.widgets.line import Line, Span, Tone, line, outcome_tone
from console.widgets.words import age, count, day_and_clock, plural, took

_STATUS_TONES: dict[PhaseStatus, Tone] = {
    PhaseStatus.DONE: "plain",
    PhaseStatus.RUNNING: "accent",
    PhaseStatus.FAILED: "bad",
    PhaseStatus.PENDING: "muted",
    PhaseStatus.NOT_RUN: "muted",
}


def runs_title(number: int, limit: int) -> str:
    """How many, and that there are more when there are."""
    return f"Runs: {limit} of {count(number)}" if number > limit else f"Runs: {count(number)}"


def run_row(run: RunSummary) -> Line:
    """Id, mode, document, state; interrupted is said before the state."""
    mark = [Span("INTERRUPTED ", "bad")] if run.interrupted else []
    mode = Span(f"{run.mode.value:<7}", "warn" if run.mode.value == "LIVE" else "muted")
    return line(Span(f"{run.run_id} ", "plain"), mode, *mark, f"{run.docprefix} ", Span(run.state, "muted"))


def head_title(run: RunView) -> str:
    """The run's id."""
    return run.run_id


def head(run: RunView, now: datetime, actions: tuple[Action, ...]) -> list[Line]:
    """State, what it waits for, what is legal; for an interrupted one, what the database says."""
    units = "units not known" if run.n_units is None else plural(run.n_units, "unit")
    lines = [
        line(
            Span(run.mode.value, "warn" if run.mode.value == "LIVE" else "muted"),
            f"  {run.docprefix}, {units}  ",
            Span("state ", "muted"),
            Span(run.state.name, _state_tone(run)),
        )
    ]
    if run.interruption is not None:
        cut = run.interruption
        lines.append(line(Span(f"INTERRUPTED in {cut.what}, {age(cut.since, now)}. ", "bad")))
        lines.append(line(Span("The database says: ", "strong"), str(cut.database_says)))
    if run.waits_for:
        lines.append(line(Span("waits for ", "muted"), str(run.waits_for)))
    return [*lines, moves(run, actions)]


def report_done(written: ReportView) -> str:
    """Where the documents lie, and whether anything in them is new."""
    were_there = ", byte for byte as they were" if written.unchanged else ""
    return f"{plural(len(written.documents), 'document')}{were_there}: {written.directory}"


def _state_tone(run: RunView) -> Tone:
    return {Family.FAILED: "bad", Family.STOPPED: "warn"}.get(run.state.family, "strong")  # type: ignore[return-value]


def moves(run: RunView, actions: tuple[Action, ...]) -> Line:
    """The legal moves with their keys."""
    spans = [Span("legal now ", "muted")]
    for action in actions:
        spans += [Span(f"{key_name(action.keys[0])} ", "accent"), Span(f"{action.short}  ")]
    others = [move for move in run.moves if move in {Move.REPORT}]
    if not actions:
        spans.append(
            Span("nothing more: this run is at its end" if others or not run.moves else "not from this console")
        )
    return tuple(spans)


def phase_to_look_at(run: RunView) -> int:
    """The index of the phase that runs or failed; else the last one done."""
    wanted = {PhaseStatus.RUNNING, PhaseStatus.FAILED}
    for index, view in enumerate(run.phases):
        if view.status in wanted:
            return index
    done = [index for index, view in enumerate(run.phases) if view.status is PhaseStatus.DONE]
    return done[-1] if done else 0


def phase_row(view: PhaseView, run: RunView) -> Line:
    """Number, name, status and outcome in words."""
    status = (
        "interrupted" if run.interruption is not None and run.interruption.what == view.phase else view.status.value
    )
    tone: Tone = "bad" if status == "interrupted" else _STATUS_TONES[view.status]
    outcome = "" if view.outcome.value == "NOT_RUN" else view.outcome.value
    return line(
        Span(f"{view.phase.number:>2} ", "muted"),
        Span(f"{view.phase.value:<18}", tone),
        Span(f"{status:<12}", tone),
        Span(outcome, outcome_tone(view.outcome.value)),
    )


def evidence(view: PhaseView, run: RunView) -> list[Line]:
    """What the phase came to, and each fact that it rests on."""
    lines = [line(Span(f"{view.outcome.value} ", outcome_tone(view.outcome.value)), str(view.detail))]
    if view.started_at is not None:
        duration = f", took {took(view.took_ms)}" if view.took_ms is not None else ""
        lines.append(line(Span(f"began {day_and_clock(view.started_at)}{duration}", "muted")))
    if not view.evidence:
        lines.append(line(Span("No evidence: this phase has not measured anything.", "muted")))
    for fact in view.evidence:
        lines += _fact(fact)
    return [*lines, line(""), *_about(run)]


def _fact(fact: Evidence) -> list[Line]:
    return [
        line(""),
        line(str(fact.asked)),
        line(Span(str(fact.answer), "strong")),
        line(Span(f"{fact.id}, {fact.source}, {took(fact.took_ms)}", "muted")),
    ]


def _about(run: RunView) -> list[Line]:
    return [
        line(Span("The run", "strong")),
        line(Span("from     ", "muted"), f"{run.origin}, {run.profile}"),
        line(Span("where    ", "muted"), target_words(run.target)),
        line(Span("operator ", "muted"), str(run.operator)),
        line(Span("plan     ", "muted"), run.plan_digest or "no digest yet"),
        line(Span("content  ", "muted"), run.content_digest or "no digest yet"),
        line(Span("journal  ", "muted"), str(run.journal) or "not known"),
    ]

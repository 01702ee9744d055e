"""The texts of Run: pure functions of a run."""

from collections.abc import Mapping
from datetime import datetime

from rich.cells import cell_len

from console.actions.actions import Action, key_name
from console.actions.keys_in_force import key_of, told
from console.backend.model.amendment import amendment_in_words
from console.backend.model.ended_runs import counts_now, when_it_counts
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.readiness import ReportView
from console.backend.model.states import (
    BEFORE_CUT,
    ENACTED_STAGES,
    PAUSES,
    Family,
    Mode,
    Move,
    Stage,
    state_in_words,
)
from console.backend.model.view_models import (
    PhaseStatus,
    PhaseView,
    RunSummary,
    RunView,
    StepView,
    SwitchState,
    SwitchView,
    own_profile_in_words,
)
from console.screens.danger_text import target_words
from console.screens.under_hold import has_hold, split_by_hold
from console.widgets.formatting import age, clock, day_and_clock, in_column, plural, took
from console.widgets.line import Line, Span, Tone, line, outcome_tone
from console.widgets.narrowing import Row

_ENDED = frozenset({PhaseStatus.DONE, PhaseStatus.CHECKED})
_STATUS_TONES: dict[PhaseStatus, Tone] = {
    PhaseStatus.DONE: "plain",
    PhaseStatus.CHECKED: "plain",
    PhaseStatus.RUNNING: "accent",
    PhaseStatus.FAILED: "bad",
    PhaseStatus.PENDING: "muted",
    PhaseStatus.NOT_RUN: "muted",
}

MOVES: dict[str, frozenset[Move]] = {
    "go_on": frozenset({Move.CONTINUE}),
    "settle": frozenset({Move.SETTLE}),
    "replan": frozenset({Move.REPLAN}),
    "verify_again": frozenset({Move.VERIFY}),
    "draft": frozenset({Move.IMPORT_SG_1, Move.IMPORT_SG_2}),
    "arm": frozenset({Move.ARM}),
    "enact": frozenset({Move.ENACT}),
    "revert": frozenset({Move.REVERT}),
    "void": frozenset({Move.VOID}),
    "take_over": frozenset({Move.TAKE_OVER}),
    "report": frozenset({Move.REPORT}),
    "apply_edit": frozenset({Move.APPLY}),
    "drafts_of_run": frozenset({Move.EDIT}),
}
"""Moves that an action makes, by its name."""


class RunRows:
    """The rows of the list of runs. It is made again at every refresh, and a row that is as it was is not."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[tuple[object, ...], Row]] = {}

    def rows(
        self, runs: tuple[RunSummary, ...], waits: Mapping[str, str], armed: str, now: datetime, *, in_full: bool
    ) -> tuple[Row, ...]:
        """Return a row for each run; `waits` are the things that runs wait for, by run id, `armed` the run that may write.

        A run that has failed, stopped or was interrupted is told also where a filter hides it. `in_full` has columns for
        when, who and what waits, for a wide list.
        """
        widths = _widths(runs) if in_full and runs else None
        made = {}
        for run in runs:
            began = age(run.started_at, now) if in_full else ""
            shown = (run, waits.get(run.run_id, ""), _alarm(run, armed), began, widths)
            before = self._made.get(run.run_id)
            made[run.run_id] = before if before is not None and before[0] == shown else (shown, _run_row(*shown))
        self._made = made
        return tuple(row for _, row in made.values())


def _widths(runs: tuple[RunSummary, ...]) -> tuple[int, int, int]:
    return (
        min(max(cell_len(run.docprefix) for run in runs), 24),
        min(max(cell_len(run.in_words) for run in runs), _WIDEST_STATE),
        min(max(cell_len(run.operator) for run in runs), 14),
    )


def _run_row(run: RunSummary, waits: str, alarm: str, began: str, widths: tuple[int, int, int] | None) -> Row:
    when = day_and_clock(run.started_at)
    return Row(
        run_row(run) if widths is None else _full_row(run, waits, began, widths),
        run.run_id,
        alarm,
        f"{run.state} {_in_short(run)} {when} {run.operator} {waits} {alarm}",
        (
            ("run", run.run_id),
            ("mode", run.mode.value),
            ("document", run.docprefix),
            ("state", f"{run.state} {run.in_words} {alarm}"),
            ("who", str(run.operator)),
            ("when", when),
            ("waits", waits),
        ),
    )


def _alarm(run: RunSummary, armed: str) -> str:
    """Return the word that is counted if a filter hides the run."""
    if run.state.startswith(Family.FAILED.value) or run.gone:
        return Outcome.FAIL.value
    if run.unsettled:
        return "UNSETTLED"
    if run.interrupted:
        return "INTERRUPTED"
    if run.state.startswith(Family.STOPPED.value):
        return "STOPPED"
    return "ARMED" if run.run_id == armed else ""


def _full_row(run: RunSummary, waits: str, began: str, widths: tuple[int, int, int]) -> Line:
    document, state, who = widths
    mark = [Span("INTERRUPTED ", "bad")] if run.interrupted else []
    place = [Span(f"  elsewhere: {run.elsewhere}", "accent")] if run.elsewhere else []
    return line(
        f"{run.run_id} ",
        Span(f"{run.mode.value:<7}", "warn" if run.mode.value == "LIVE" else "muted"),
        f"{in_column(run.docprefix, document)}  ",
        Span(f"{in_column(run.in_words, state)}  ", "muted"),
        f"{began:<12}",
        f"{in_column(str(run.operator), who)}  ",
        *mark,
        Span(f"waits for {waits}" if waits else "", "strong"),
        *place,
    )


def started(run: RunSummary, now: datetime) -> Line:
    """Return by whom and when a run was started."""
    return line(
        Span("started ", "muted"), f"{day_and_clock(run.started_at)}, {age(run.started_at, now)}, by {run.operator}"
    )


def run_row(run: RunSummary) -> Line:
    """Return id, mode, document and state; INTERRUPTED stands before the document."""
    mark = [Span("INTERRUPTED ", "bad")] if run.interrupted else []
    mode = Span(f"{run.mode.value:<7}", "warn" if run.mode.value == "LIVE" else "muted")
    place = [Span(f" elsewhere: {run.elsewhere}", "accent")] if run.elsewhere else []
    state = Span(_in_short(run), "muted")
    return line(Span(f"{run.run_id} ", "plain"), mode, *mark, f"{run.docprefix} ", state, *place)


_WIDEST_STATE = 39
"""Of `was repealed until 2026-12-31 23:00 UTC`, the longest words for what became of a closed run."""
_IN_SHORT = {stage.value: f"at {pause}" for stage, pause in PAUSES.items()}
"""The pauses as a row of 80 columns has room for them; the run's own panel says what it waits for."""


def _in_short(run: RunSummary) -> str:
    # All times are of UTC, which has no room in 80 columns.
    return _IN_SHORT.get(run.state, run.in_words.replace(" UTC", ""))


def head_title(run: RunView) -> str:
    """Return the run's id."""
    return run.run_id


def head(
    run: RunView,
    now: datetime,
    actions: tuple[Action, ...],
    switch: SwitchView | None,
    *,
    is_out_of_reach: bool = False,
    busy: str = "",
) -> list[Line]:
    """Return state, what the run waits for, and the allowed moves; if interrupted, what the database says.

    `is_out_of_reach` says that the database does not answer: the run is shown as it was, and nothing is allowed. `busy` is
    what is under way: until it has ended, no move is allowed either.
    """
    units = "units not known" if run.n_units is None else plural(run.n_units, "unit")
    suspects = f", {plural(run.n_suspects, 'suspect')}" if run.n_suspects else ""
    accepted = f", {run.n_acceptances:,} accepted" if run.n_acceptances else ""
    dropped = f", {run.n_dropped:,} dropped" if run.n_dropped else ""
    lines = [
        line(
            Span(run.mode.value, "warn" if run.mode.value == "LIVE" else "muted"),
            f"  {run.docprefix}, {units}{suspects}{accepted}{dropped}  ",
            Span("state ", "muted"),
            Span(run.in_words, _state_tone(run)),
        )
    ]
    if run.amendment is not None:
        word = "repeals" if run.is_repeal else "amends"
        lines.append(line(Span(f"{word} ", "muted"), f"what is law: {amendment_in_words(run.amendment)}"))
    if run.interruption is not None:
        cut = run.interruption
        lines.append(line(Span(f"INTERRUPTED in {cut.what}, {age(cut.since, now)}. ", "bad")))
        lines.append(line(Span("The database says: ", "strong"), str(cut.database_says)))
    if run.is_unaccepted:
        file = f" to {run.bundle}" if run.bundle else ""
        lines.append(line(Span(f"HANDED OVER{file} ", "bad"), str(run.elsewhere).removeprefix("handed over ")))
    elif run.is_lost:
        lines.append(line(Span("ANOTHER CONSOLE HAS IT: ", "bad"), str(run.elsewhere)))
    if run.take_over:
        lines.append(line(Span("if taken over: ", "muted"), str(run.take_over)))
    if run.displaced:
        lines.append(line(Span("ANOTHER SERVER: ", "bad"), str(run.displaced)))
    if run.bar is not None:
        lines.append(line(Span("ANOTHER RUN: ", "bad" if run.bar.is_for_good else "warn"), str(run.bar.said)))
    armed = armed_words(run.run_id, switch, has_key=any(action.name == "go_on" for action in actions))
    if armed and Move.SETTLE not in run.moves:
        lines.append(line(Span(armed, "warn")))
    elif run.waits_for:
        lines.append(line(Span("waits for ", "muted"), str(run.waits_for)))
    if is_out_of_reach:
        out_of_reach = Span("nothing while the database is not reached: this is the run as it was read before", "warn")
        return [*lines, line(Span("allowed now  ", "muted"), out_of_reach)]
    if busy:
        until_then = Span(f"nothing while {busy} is under way", "warn")
        return [*lines, line(Span("allowed now  ", "muted"), until_then)]
    if has_hold(switch) and run.moves and run.moves != (Move.REPORT,):
        lines.append(line(Span("HOLD: ", "bad"), told("no unit is written before its release: <hold>")))
        free, waiting = split_by_hold(actions, switch)
        behind = [line(Span("after it     ", "muted"), *keys_and_words(waiting))] if waiting else []
        return [*lines, *([moves(run, free)] if free or not waiting else []), *behind]
    return [*lines, moves(run, actions)]


def armed_words(run_id: str, switch: SwitchView | None, *, has_key: bool = True) -> str:
    """Return `armed until 21:26 UTC, g to cut` if the switch is armed for this run, else "".

    Armed to enact or to revert, that is under way: whoever arms it does it at once, and no key goes on with it.
    """
    if switch is None or switch.state is not SwitchState.ARMED or switch.run_id != run_id or switch.expires_at is None:
        return ""
    goes_on = (
        (told("<go_on> to cut") if has_key else "to cut")
        if switch.purpose == Purpose.CUT
        else f"to {switch.purpose}: in progress"
    )
    return f"armed until {clock(switch.expires_at)}, {goes_on}"


def name_of(view: PhaseView | StepView) -> str:
    """Return the name of a phase or of a step."""
    return view.name if isinstance(view, StepView) else view.phase.value


def ending(run: RunView) -> Line:
    """Return the last row of a voided or reverted run; nothing for others."""
    if not run.is_taken_back:
        return ()
    return line(Span("   "), Span(f"{run.state.family.value:<18}", "strong"), Span(str(run.state.reason), "muted"))


def how_it_ended(run: RunView) -> list[Line]:
    """Return how a voided or reverted run ended, and what became of its drafts."""
    if run.state.family is Family.VOIDED:
        units = line("It has written no unit. Its statements and its plan can no longer be used.")
        return [line(Span("voided ", "strong"), str(run.state.reason)), units, line(""), *_about(run)]
    taken_back = "Its drafts are superseded, each with a log row; nothing was deleted. The addresses stay in use."
    if run.amendment is not None:
        taken_back = (
            "Its draft versions are superseded; nothing was deleted. The law is as it was, and can be amended again."
        )
    if run.is_repeal:
        taken_back = "It has written no unit. The law is as it was, and can be amended or repealed again."
    units = line(taken_back)
    return [line(Span("reverted ", "strong"), f"from {run.state.stage.value}"), units, line(""), *_about(run)]


def written(run: RunView, *, stopped: bool = False) -> str:
    """Return in a sentence what the run has written. `stopped`: this console worked on it, and has ended."""
    units = "units" if run.n_units is None else plural(run.n_units, "unit")
    if run.mode is Mode.DRYRUN:
        return f"{run.run_id} is a dry run: it writes nothing."
    if run.interruption is not None:
        return f"{run.run_id} was interrupted in {run.interruption.what}. The database says: {run.interruption.database_says}."
    if any(view.status is PhaseStatus.RUNNING for view in run.phases):
        return f"A phase of {run.run_id} is running: what it writes is not known yet."
    if run.is_repeal and run.state.stage not in BEFORE_CUT:
        return _repeal_at_rest(run, units)
    return _at_rest(run, units, stopped=stopped)


def _repeal_at_rest(run: RunView, units: str) -> str:
    if run.state.family is Family.REVERTED:
        return f"The repeal by {run.run_id} was taken back before."
    if run.state.stage in ENACTED_STAGES:
        if not counts_now(run.became):
            return f"The repeal of {units} of {run.docprefix} was enacted before{when_it_counts(run.became)}."
        return f"{run.docprefix} was repealed before: {units} went out of force."
    return f"The repeal of {run.docprefix} was sealed before, and waits {state_in_words(run.state.name)}; {units} are still in force."


def _at_rest(run: RunView, units: str, *, stopped: bool) -> str:
    if run.is_edit and run.state.stage in ENACTED_STAGES:
        return f"{units} of {run.docprefix} got another text before, as a draft."
    if run.state.family is Family.REVERTED:
        return f"The drafts of {run.run_id} were reverted before."
    if run.state.stage in BEFORE_CUT:
        return f"{run.run_id} has written no unit{': the open transaction was rolled back' if stopped else ''}."
    if run.state.stage in ENACTED_STAGES:
        when = ", and are law" if counts_now(run.became) else when_it_counts(run.became)
        return f"{units} of {run.docprefix} were enacted before{when}."
    if run.amendment is not None:
        units = plural(run.amendment.drafts, "draft version")
        return f"{units} of {run.docprefix} were committed before, and are still there; the run is {state_in_words(run.state.name)}."
    return f"{units} of {run.docprefix} were committed before as drafts, and are still there; the run is {state_in_words(run.state.name)}."


# Of closed runs whose effect does not count now: it begins later, or has ended.
_REPEAL_ENACTED = "The repeal of {units} of {docprefix} is enacted{when}."
_TEXT_ENACTED = "The new text of {docprefix} is enacted{when}; none of its {units} has changed."
_REPEAL_CAME_TO = {
    Stage.CLOSEOUT_REPORTED: "{docprefix} is repealed: {units} went out of force.",
    Stage.AWAITING_CUT_AUTHORIZATION: "The repeal of {units} of {docprefix} is planned. Next: SG_1 (<run>, then <draft>).",
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: "The repeal of {units} of {docprefix} is sealed and verified. Next: SG_2, the ruling to enact (<run>, then <draft>).",
}


_TEXT_CAME_TO = {
    Stage.CLOSEOUT_REPORTED: "The new text of {docprefix} is law; none of its {units} has changed.",
    Stage.AWAITING_CUT_AUTHORIZATION: "The new text of {docprefix} is planned; none of its {units} changes. Next: SG_1 (<run>, then <draft>).",
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: "The new text of {docprefix} is sealed and verified. Next: SG_2, the ruling to enact (<run>, then <draft>).",
}
"""Of an amendment that has an effect on no unit, and writes no draft."""


def came_to(run: RunView) -> str:
    """Return the result of a step in one sentence, with the next step if the run pauses."""
    units = "units" if run.n_units is None else plural(run.n_units, "unit")
    if run.interruption is not None or run.state.family is not Family.ACTIVE:
        return _off_the_way(run)
    if run.is_repeal and run.mode is Mode.LIVE and run.state.stage in _REPEAL_CAME_TO:
        return _filled(_of_stage(_REPEAL_CAME_TO, _REPEAL_ENACTED, run), run, units)
    if run.is_edit and run.state.stage in _EDIT_CAME_TO:
        return _filled(_EDIT_CAME_TO[run.state.stage], run, units)
    if run.amendment is not None and run.mode is Mode.LIVE:
        if run.amendment.touched == 0 and run.state.stage in _TEXT_CAME_TO:
            return _filled(_of_stage(_TEXT_CAME_TO, _TEXT_ENACTED, run), run, units)
        units = plural(run.amendment.touched, "change")
    return _came_to(run, units)


def _of_stage(sentences: dict[Stage, str], enacted: str, run: RunView) -> str:
    counts = run.state.stage is not Stage.CLOSEOUT_REPORTED or counts_now(run.became)
    return sentences[run.state.stage] if counts else enacted


def _filled(sentence: str, run: RunView, units: str) -> str:
    # Not by `format`: a key can be a brace. And the document last, because its name is from outside.
    return (
        told(sentence)
        .replace("{units}", units)
        .replace("{when}", when_it_counts(run.became))
        .replace("{docprefix}", str(run.docprefix))
    )


_EDIT_CAME_TO = {
    Stage.CLOSEOUT_REPORTED: "{units} of {docprefix} has another text, read back. Verify its cut again (<run>, the cut, <verify_again>), then draft its SG_2.",
    Stage.AWAITING_CUT_AUTHORIZATION: "The edit of {units} of {docprefix} is planned. Next: SG_1, the ruling to edit (<run>, then <draft>).",
}


def _came_to(run: RunView, units: str) -> str:
    match run.state.stage:
        case Stage.CLOSEOUT_REPORTED if run.mode is Mode.DRYRUN:
            live = key_of("repeal" if run.is_repeal else "start_live")
            subject = f"the repeal of {run.docprefix}" if run.is_repeal else run.docprefix
            planned = f"{units} to go out of force" if run.is_repeal else f"{units} planned"
            return f"The dry run of {subject} passed: {planned}, nothing written. Next: the LIVE run ({key_of('documents')}, then {live})."
        case Stage.CLOSEOUT_REPORTED:
            verb = "is" if units.startswith("1 ") else "are"
            state = "law" if counts_now(run.became) else f"enacted{when_it_counts(run.became)}"
            return f"{units} of {run.docprefix} {verb} {state}."
        case Stage.AWAITING_CUT_AUTHORIZATION:
            return f"{units} of {run.docprefix} planned. Next: SG_1, the ruling to cut ({key_of('run')}, then {key_of('draft')})."
        case Stage.AWAITING_LIFECYCLE_AUTHORIZATION:
            return f"{units} of {run.docprefix} written as drafts and verified. Next: SG_2, the ruling to enact ({key_of('run')}, then {key_of('draft')})."
        case _:
            return _off_the_way(run)


def _off_the_way(run: RunView) -> str:
    """Return the result of a step that ended neither at a pause nor in law."""
    state = run.state
    if run.interruption is not None:
        return f"{run.run_id} was interrupted in {run.interruption.what}: {run.interruption.database_says}."
    match state.family:
        case Family.REVERTED:
            return f"{run.run_id} was reverted: {'its repeal is' if run.is_repeal else 'its drafts are'} taken back."
        case Family.VOIDED | Family.STOPPED:
            return f"{run.run_id} is {state.family.value}: {state.reason.replace('_', ' ')}."
        case Family.FAILED:
            return f"{run.run_id} failed in {state.reason}."
        case Family.ACTIVE:
            return f"{run.run_id} has come as far as {state_in_words(state.name)}."


def settled(run: RunView) -> str:
    """Return what was committed, and the state of the run."""
    return f"The outcome is known. {written(run)} The run is {state_in_words(run.state.name)}."


def verified_again(checks: tuple[Check, ...]) -> str:
    """Return the verdict of a verification in one sentence, with the next step."""
    bad = [check for check in checks if check.outcome is not Outcome.PASS]
    if bad:
        return f"{bad[0].outcome.value}: {bad[0].name}: {bad[0].detail}"
    return f"{plural(len(checks), 'check')} PASS, recorded for this server. Next: SG_2 ({key_of('draft')})."


def report_done(written: ReportView) -> str:
    """Return the directory of the documents, and whether anything changed."""
    were_there = ", the same bytes as before" if written.unchanged else ""
    return f"{plural(len(written.documents), 'document')}{were_there}: {written.directory}"


def _state_tone(run: RunView) -> Tone:
    return {Family.FAILED: "bad", Family.STOPPED: "warn"}.get(run.state.family, "strong")  # type: ignore[return-value]


def keys_and_words(actions: tuple[Action, ...]) -> list[Span]:
    """Return each action's key and word."""
    pairs = ((key_name(action.keys[0]), action.short) for action in actions)
    return [span for key, word in pairs for span in (Span(f"{key} ", "accent"), Span(f"{word}  "))]


def moves(run: RunView, actions: tuple[Action, ...]) -> Line:
    """Return the allowed moves with their keys."""
    spans = [Span("allowed now  ", "muted"), *keys_and_words(actions)]
    other_moves = [move for move in run.moves if move in {Move.REPORT}]
    if not actions:
        spans.append(
            Span("nothing more: this run has ended" if other_moves or not run.moves else "nothing from this console")
        )
    return tuple(spans)


def phase_to_look_at(run: RunView) -> int:
    """Return the index of the running, failed or interrupted phase; else of the last one done, or of the ending."""
    if run.is_taken_back:
        return len(run.shown_phases)
    wanted = {PhaseStatus.RUNNING, PhaseStatus.FAILED}
    shown, cut_short = run.shown_phases, run.interruption.what if run.interruption is not None else ""
    for index, view in enumerate(shown):
        if view.status in wanted or name_of(view) == cut_short:
            return index
    done = [index for index, view in enumerate(shown) if view.status in _ENDED]
    return done[-1] if done else 0


def phase_rows(run: RunView) -> tuple[Row, ...]:
    """Return a row for each phase that is shown, and for how the run ended; what failed is told also where it is hidden."""
    rows = [
        Row(_step_row(view, number), view.name, Outcome.FAIL.value if view.status is PhaseStatus.FAILED else "")
        if isinstance(view, StepView)
        else Row(phase_row(view, run), view.phase.value, _phase_alarm(view, run))
        for number, view in enumerate(run.shown_phases, 1)
    ]
    return (*rows, Row(ended, "ending")) if (ended := ending(run)) else tuple(rows)


def _step_row(view: StepView, number: int) -> Line:
    tone = _STATUS_TONES[view.status]
    return line(Span(f"{number:>2} ", "muted"), Span(f"{view.name:<18}", tone), Span(view.status.value, tone))


def _phase_alarm(view: PhaseView, run: RunView) -> str:
    if run.interruption is not None and run.interruption.what == view.phase:
        return "INTERRUPTED"
    if view.status is PhaseStatus.FAILED:
        return Outcome.FAIL.value
    return view.outcome.value if view.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE} else ""


def phase_row(view: PhaseView, run: RunView) -> Line:
    """Return number, name, status and outcome of a phase."""
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


def evidence(view: PhaseView | StepView, run: RunView) -> list[Line]:
    """Return the result of the phase, or of the step of an edit, and each fact that it rests on."""
    if isinstance(view, StepView):
        phase = next((phase for phase in run.phases if phase.phase is view.phase), None)
        if phase is None or view.status is not phase.status:
            return [*_step(view), line(""), *_about(run)]
        view = phase
    lines = [line(Span(f"{view.outcome.value} ", outcome_tone(view.outcome.value)), str(view.detail))]
    if view.started_at is not None:
        duration = f", took {took(view.took_ms)}" if view.took_ms is not None else ""
        lines.append(line(Span(f"began {day_and_clock(view.started_at)}{duration}", "muted")))
    if not view.evidence:
        lines.append(line(Span("No evidence: this phase has not measured anything.", "muted")))
    for fact in view.evidence:
        lines += _fact(fact)
    return [*lines, line(""), *_about(run)]


def _step(view: StepView) -> list[Line]:
    when = [line(Span(day_and_clock(view.at), "muted"))] if view.at is not None else []
    detail = [line(str(view.detail))] if view.detail else []
    return [line(Span(view.status.value, _STATUS_TONES[view.status])), *detail, *when]


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
        line(Span("from     ", "muted"), f"{run.origin}, {run.profile}{own_profile_in_words(run.profile_sha256)}"),
        line(Span("where    ", "muted"), target_words(run.target)),
        line(Span("operator ", "muted"), str(run.operator)),
        *([line(Span("held     ", "muted"), run.elsewhere_in_words)] if run.elsewhere else []),
        line(Span("plan     ", "muted"), run.plan_digest or "no digest yet"),
        line(Span("content  ", "muted"), run.content_digest or "no digest yet"),
        line(Span("journal  ", "muted"), str(run.journal) or "not known"),
    ]

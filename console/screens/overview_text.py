"""The texts of the Overview: pure functions of one measurement and the time."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from rich.cells import cell_len

from console.actions.actions import Registry
from console.actions.keys_in_force import key_of, keys_alone, keys_of, keys_or, told, with_keys
from console.backend.model.full_command import Full
from console.backend.model.ids import is_batch
from console.backend.model.line import Reach
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.view_models import CountView, RunSummary, Status, SwitchState, WaitView
from console.screens.run_text import armed_words
from console.widgets.bars import switch_tone
from console.widgets.formatting import (
    UNKNOWN,
    age,
    clock,
    coarse_left,
    count,
    day_and_clock,
    in_column,
    left,
    plural,
    signed,
)
from console.widgets.line import Line, Span, Tone, line, outcome_tone
from console.widgets.list_panel import Block, block_lines

_LABEL = 10


def field(label: str, value: str | Span) -> Line:
    """Return a label and its value, in two columns."""
    return line(Span(f"{label:<{_LABEL}}", "muted"), value)


def where(
    status: Status, *, read_only: bool, is_replay: bool = False, hook_trouble: str = "", is_short: bool = False
) -> list[Line]:
    """Return the target, the role, the root, whether this console is read-only or shows a recording, and hooks that failed.

    On a short screen the root, which can take several lines, stands last.
    """
    mode = [field("console", "READ-ONLY")] if read_only or status.read_only else []
    mode = [field("console", Span("RECORDING", "accent"))] if is_replay else mode
    demo = [field("data", Span("DEMO, throw-away", "accent"))] if status.demo else []
    hooks = [field("hooks", Span(hook_trouble, "warn"))] if hook_trouble else []
    if status.target is None:
        return [
            field("database", Span("NOT REACHED", "bad")),
            field("reason", str(status.unreachable) or UNKNOWN),
            field("root", str(status.root)),
            *mode,
            *demo,
            *hooks,
        ]
    target = status.target
    root = [field("root", str(status.root))]
    first, last = ([], root) if is_short else (root, [])
    return [
        field("host", str(target.host)),
        field("database", Span(str(target.database), "strong")),
        field("system id", target.system_identifier),
        field("timeline", f"{target.timeline}  PostgreSQL {status.server_version or UNKNOWN}"),
        field("role", str(status.role) or UNKNOWN),
        *_line_and_standbys(status),
        *([field("layout", Span(str(status.layout), "warn"))] if status.layout else []),
        *first,
        *mode,
        *demo,
        *hooks,
        *last,
    ]


def _line_and_standbys(status: Status) -> list[Line]:
    """Return how a server that is not this host is reached; and what a COMMIT could lose, if there is a standby or one is named."""
    reached, measured = status.line, status.replication
    lines = []
    if reached is not None and reached.reach is Reach.NETWORK:
        lines.append(_judged("line", reached.outcome, reached.sentence))
    if measured is not None and (measured.standbys or measured.synchronous_standby_names):
        lines.append(_judged("standbys", measured.outcome, measured.sentence))
    return lines


def _judged(label: str, outcome: Outcome, sentence: str) -> Line:
    return field(label, Span(str(sentence), "plain" if outcome is Outcome.PASS else outcome_tone(outcome.value)))


_PLAN = "cutter-console plan FILE"
_RELEASE = "cutter-console hold release"
_GO_ON = "cutter-console run resume RUN"
_BATCH_GOES_ON = "cutter-console batch resume BATCH"

_MEANING = {
    SwitchState.OFF: "OFF: nothing may be written",
    SwitchState.ARMED: "ARMED: one run may write",
    SwitchState.HOLD: "HOLD: everything is stopped",
    SwitchState.UNREADABLE: "UNREADABLE: counts as off",
}


def switch(status: Status, now: datetime, known: Registry, full: Full, *, is_short: bool = False) -> list[Line]:
    """Return the switch in words: state, expiry, run, operator, reason, and what clears it; the keys alone on a short screen."""
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
        lines.append(field("reason", _not_again(str(view.reason), status)))
    if view.purpose:
        cuts = view.state is SwitchState.ARMED and view.purpose == Purpose.CUT
        goes_on = _BATCH_GOES_ON if is_batch(str(view.run_id)) else _GO_ON
        keys = keys_of(goes_on, known) if cuts else ""
        lines.append(field("for", f"{view.purpose}{f': {keys}' if keys else ''}"))
    if view.clears_with:
        clears = with_keys(view.clears_with, known)
        lines.append(field("clear by", full(keys_alone(clears) if is_short else clears)))
    if view.incomplete:
        lines.append(line(Span(str(view.incomplete), "bad")))
        lines.append(field("finish by", full(str(view.complete_with))))
    return lines


def counts_title(status: Status, now: datetime) -> str:
    """Return `Counts, measured 14:03 UTC`, with the age from one minute on."""
    old = (now - status.measured_at).total_seconds() >= 60
    return f"Counts, measured {clock(status.measured_at)}{f', {age(status.measured_at, now)}' if old else ''}"


def counts(status: Status, *, wide: bool) -> list[Line]:
    """Return rows and baseline of each table, by schema; a table that could not be counted says why."""
    return block_lines(count_blocks(status, wide=wide))


def count_blocks(status: Status, *, wide: bool) -> list[Block]:
    """Return a block for each table, below its schema; one that is not PASS is told also where a filter hides it."""
    if not status.counts:
        # Why it was not reached stands once on the screen, where the database is.
        return [Block((line(Span("NOT KNOWN ", "warn"), "rows could not be counted"),), "always")]
    views = sorted(status.counts, key=lambda view: (_schema(view) != "public", _schema(view)))
    columns = _Columns.of(views, wide=wide)
    blocks = [Block((columns.row("table", "rows", "baseline", Span("delta", "muted"), tone="muted"),), "always")]
    reasons = Counter(str(view.detail) for view in views if view.rows is None and view.detail)
    shared = [reason for reason, tables in reasons.items() if tables > 1]
    # A reason that several tables have stands once, and not here if it is why the database was not reached.
    blocks += [
        Block(
            (
                line(
                    Span("NOT KNOWN ", "warn"),
                    f"the rows of {plural(reasons[reason], 'table')}: {_not_again(reason, status)}",
                ),
            ),
            "always",
        )
        for reason in shared
    ]
    schema = ""
    for view in views:
        if (view_schema := _schema(view)) != schema:
            schema = view_schema
            blocks.append(Block((line(Span(schema, "accent")),), "heading"))
        alarm = view.outcome.value if view.outcome is not Outcome.PASS else ""
        is_said = view.rows is None and str(view.detail) in shared
        shown = view.model_copy(update={"detail": ""}) if is_said else view
        blocks.append(Block(tuple(_count(shown, columns)), alarm=alarm))
    return blocks


def _not_again(reason: str, status: Status) -> str:
    """Return the reason, or that the database was not reached if the panel of the database says this text already."""
    return "the database was not reached" if status.unreachable and reason in str(status.unreachable) else reason


_ROOM, _ROOM_WIDE = 41, 57
"""Cells inside the panel of the counts: its width without border, padding and scrollbar."""


@dataclass(frozen=True)
class _Columns:
    """The widths of the columns, with the gap before each."""

    name: int
    rows: int
    baseline: int
    delta: int

    @classmethod
    def of(cls, views: list[CountView], *, wide: bool) -> Self:
        """Return columns as wide as their longest values. If room is short, names are cut, never numbers."""
        rows = max([6, *(len(count(view.rows)) for view in views if view.rows is not None)]) + 2
        baseline = max([8, *(len(_baseline(view)) for view in views)]) + 2 if wide else 0
        delta = max([5, *(len(_delta(view)) for view in views)]) + 2
        room = (_ROOM_WIDE if wide else _ROOM) - rows - baseline - delta
        longest = max(cell_len(_table(view)) for view in views)
        return cls(name=min(longest, max(room, 8)), rows=rows, baseline=baseline, delta=delta)

    def row(self, name: str, rows: str, baseline: str, delta: Span, tone: Tone = "plain") -> Line:
        """Return one line of the table."""
        middle = f"{baseline:>{self.baseline}}" if self.baseline else ""
        first = Span(f"{in_column(name, self.name)}{rows:>{self.rows}}{middle}", tone)
        return line(first, Span(f"{delta.text:>{self.delta}}", delta.tone))


def _schema(view: CountView) -> str:
    return view.table.rpartition(".")[0]


def _table(view: CountView) -> str:
    return view.table.rpartition(".")[2]


def _baseline(view: CountView) -> str:
    return UNKNOWN if view.baseline is None else count(view.baseline)


def _delta(view: CountView) -> str:
    return "?" if view.delta is None else signed(view.delta)


def _count(view: CountView, columns: _Columns) -> list[Line]:
    if view.rows is None:
        name = in_column(_table(view), columns.name)
        reason = [line(Span(f"  {view.detail}", "muted"))] if view.detail else []
        word = f"{view.outcome.value:>{max(columns.rows + columns.delta, 14)}}"
        return [line(name, Span(word, outcome_tone(view.outcome.value))), *reason]
    tone: Tone = "warn" if view.outcome is not Outcome.PASS else "plain"
    numbers = columns.row(_table(view), count(view.rows), _baseline(view), Span(_delta(view), tone))
    if view.outcome is Outcome.PASS:
        return [numbers]
    return [numbers, line(Span(f"  {view.outcome.value} ", outcome_tone(view.outcome.value)), str(view.detail))]


def run_line(run: RunSummary) -> Line:
    """Return mode, document and state of a run in a line."""
    mark = [Span(" INTERRUPTED", "bad")] if run.interrupted else []
    mark += [Span(f" elsewhere: {run.elsewhere}", "accent")] if run.elsewhere else []
    return line(
        Span(run.mode.value, "warn" if run.mode.value == "LIVE" else "muted"), f" {run.docprefix} ", run.in_words, *mark
    )


def current_run(status: Status, now: datetime) -> list[Line]:
    """Return the run that is in progress."""
    run = status.current_run
    if run is None and status.target is None:
        return [line(Span("NOT KNOWN ", "warn"), "the current run")]
    if run is None and status.layout:
        return []
    if run is None:
        return [line(Span("No run is in progress.", "muted"))]
    units = "units not known" if run.n_units is None else plural(run.n_units, "unit")
    return [
        line(Span("Current run", "strong")),
        line(run.run_id),
        run_line(run),
        line(Span(f"{units}, by {run.operator}, {age(run.started_at, now)}", "muted")),
    ]


@dataclass(frozen=True)
class NextStep:
    """The next step that the first line of What waits names: what does it, in words, and what it is for."""

    action: str
    """The command, which the key is found by."""
    does: str
    subject: str = ""
    """The run or the batch that it is for; empty if it is for none."""
    statement: Path | None = None
    """The statement that it imports."""


def next_step(status: Status, *, read_only: bool, is_replay: bool = False) -> NextStep | None:
    """Return the next step; None while there is none here: nobody may act, or a run writes now.

    The first line draws it, and its key leads to its subject (`OverviewScreen.lead_to`).
    """
    if _why_nothing(status, read_only=read_only, is_replay=is_replay) is not None:
        return None
    switch = status.switch
    match switch.state:
        case SwitchState.HOLD:
            return NextStep(_RELEASE, "releases it")
        case SwitchState.ARMED if switch.purpose == Purpose.CUT:
            goes_on = _BATCH_GOES_ON if is_batch(str(switch.run_id)) else _GO_ON
            return NextStep(goes_on, "go on with what is armed", str(switch.run_id))
        case SwitchState.OFF if status.waiting:
            return _step_of(status.waiting)
        case SwitchState.OFF:
            return NextStep(_PLAN, "plan a document")
        case _:
            return None


def _step_of(waiting: tuple[WaitView, ...]) -> NextStep:
    first, number = waiting[0], len(waiting)
    batch = next((word for word in first.next_action.split() if is_batch(word)), "")
    does = f"{plural(number, 'thing')} {'waits' if number == 1 else 'wait'}"
    return NextStep(str(first.next_action), does, batch or str(first.run_id), first.statement)


def may_act(
    status: Status, known: Registry, *, read_only: bool, is_stopped: bool, gates_are: str = "", is_replay: bool = False
) -> Line:
    """Return one sentence: whether the operator may act here now, and the next step with its key.

    `is_stopped` is True if a gate stops a cut; what comes before a cut can still be done. `gates_are` says why the gates
    tell nothing of now; then neither is known.
    """
    refusal = _why_nothing(status, read_only=read_only, is_replay=is_replay)
    return refusal if refusal is not None else _by_switch(status, known, is_stopped=is_stopped, gates_are=gates_are)


def age_of_gates(moved_at: datetime | None, *, were_measured: bool) -> str:
    """Return why the gates tell nothing of now: none was measured yet, or something has moved since; else nothing."""
    if not were_measured:
        return "no gate was measured yet"
    return f"the gates are of BEFORE THE LAST MOVE, {clock(moved_at)}" if moved_at is not None else ""


def _why_nothing(status: Status, *, read_only: bool, is_replay: bool) -> Line | None:
    """Return why nothing can be done here, whatever the switch says; None if the switch decides."""
    if is_replay:
        return line(Span("You look back", "strong"), ": this is a recording, not the database.")
    if status.target is None:
        return _refusal("the database was not reached")
    if status.layout:
        return line(Span("You may look, not act", "strong"), ": this console only reads this database.")
    if read_only or status.read_only:
        return line(Span("You may look, not act", "strong"), ": this console is read-only.")
    return None


def _by_switch(status: Status, known: Registry, *, is_stopped: bool, gates_are: str) -> Line:
    state, step = status.switch.state, next_step(status, read_only=False)
    if step is None:
        if state is SwitchState.UNREADABLE:
            return _refusal("the switch cannot be read, and counts as off")
        return line(Span("A run writes now", "warn"), f": armed to {status.switch.purpose}.")
    keys = keys_of(step.action, known)
    if state is SwitchState.HOLD:
        return _refusal("a HOLD stops everything", f" {keys} {step.does}." if keys else "")
    may = Span("You may act", "good")
    if gates_are:
        may = Span(told(f"NOT KNOWN if you may act: {gates_are} (<refresh> measures)"), "warn")
    elif is_stopped and state is SwitchState.OFF:
        may = Span(told("A gate stops a cut (<gates>)"), "warn")
    if not keys:
        return line(may, f": {step.does}.")
    return line(may, ". Next: ", Span(keys, "strong"), f" ({step.does}).")


def _refusal(reason: str, after: str = "") -> Line:
    return line(Span("You may not act", "bad"), f": {reason}.{after}")


def waiting(status: Status, now: datetime, known: Registry, full: Full) -> list[Line]:
    """Return what waits, for whom, since when, and what to do: the key and the whole command."""
    return block_lines(wait_blocks(status, now, known, full))


def wait_blocks(status: Status, now: datetime, known: Registry, full: Full, *, is_short: bool = False) -> list[Block]:
    """Return a block for each thing that waits; what is armed is told also where a filter hides it.

    On a short screen the keys of the next step stand without its command.
    """
    if status.target is None:
        unknown = line(Span("NOT KNOWN ", "warn"), "what waits: the database was not reached")
        return [Block((unknown, line("")), "always")]
    waits = [
        Block(
            (*_wait(view, status, now, known, full, is_short=is_short), line("")), alarm="ARMED" if view.goes_on else ""
        )
        for view in status.waiting
    ]
    if status.not_measured:
        return [*waits, Block(tuple(_not_measured(status, full)), "always")]
    return waits or [Block((line(Span("Nothing waits for a decision.", "muted")), line("")), "always")]


def _not_measured(status: Status, full: Full) -> list[Line]:
    """Return what the layout of the database does not let be measured: no empty panel may look like an answer."""
    lines = [line(Span("NOT MEASURED", "warn"), " in this database:")]
    for missing in status.not_measured:
        lines += [
            line(Span(str(missing.subject), "strong"), f": {missing.reason}"),
            line(Span("Next: ", "muted"), full(str(missing.next_action))),
        ]
    return [*lines, line("")]


def _wait(view: WaitView, status: Status, now: datetime, known: Registry, full: Full, *, is_short: bool) -> list[Line]:
    when = [f"since {day_and_clock(view.since)}"] if view.since is not None else []
    if view.expires_at is not None:
        when.append(f"expires in {coarse_left(view.expires_at, now)}")
    armed = armed_words(str(view.run_id), status.switch) if view.goes_on and keys_of(_GO_ON, known) else ""
    if armed:
        command = "" if is_short else f": {view.next_action}"
        next_step = f"{armed} ({key_of('run')}){command}"
    else:
        keys = keys_of(str(view.next_action), known)
        next_step = keys_or(keys, str(view.next_action))
    if is_short:
        next_step = keys_alone(next_step)
    return [
        line(Span(str(view.what), "strong")),
        line(Span("waits for ", "muted"), full(str(view.waits_for))),
        line(Span("Next: ", "muted"), full(next_step)),
        *([line(Span(", ".join(when), "muted"))] if when else []),
    ]

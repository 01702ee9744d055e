"""hold plan: what a HOLD stopped, what each run may do, what a release does and needs, and every HOLD that was set."""

from collections.abc import Iterable

from console.backend.model.errors import ExitStatus
from console.backend.model.holds import HeldRun, HoldView
from console.backend.model.shown_time import shown_time
from console.backend.model.view_models import SwitchState
from console.cli.arguments import Options
from console.cli.installation import backend_of
from console.cli.output import as_typed, report
from console.cli.watching import Watching


def plan(options: Options, _request: Watching) -> ExitStatus:
    """Print all that there is to know before a HOLD is released; nothing is changed."""
    seen = backend_of(options).hold()
    status = report(options, "hold plan", seen.outcome, _lines(options, seen), seen)
    return ExitStatus.HOLD if seen.switch.state is SwitchState.HOLD else status


def _lines(options: Options, seen: HoldView) -> Iterable[str]:
    switch = seen.switch
    yield f"switch     {switch.state}{f'  by {switch.by}' if switch.by else ''}{f'  since {shown_time(switch.since)}' if switch.since else ''}"
    if switch.reason:
        yield f"reason     {switch.reason}"
    if switch.incomplete:
        yield f"incomplete {switch.incomplete}; next: {as_typed(options, switch.complete_with)}"
    for step in seen.stopped:
        yield f"{'stopped' if step.done else 'OPEN':<10} {step.what}: {step.detail}"
    if seen.runs_unread:
        yield f"NOT KNOWN  the runs: {seen.runs_unread}"
    for run in seen.runs:
        yield from _run_lines(options, run)
    if seen.more_runs:
        yield f"           and {seen.more_runs} more runs: {as_typed(options, 'cutter-console run list')}"
    for check in seen.release.checks:
        next_action = f"  next: {as_typed(options, check.next_action)}" if check.next_action else ""
        yield f"{check.outcome:<13} {check.name}: {check.detail}{next_action}"
    for number, release_step in enumerate(seen.steps, 1):
        yield f"release {number}  {release_step.effect}"
        yield f"           {release_step.runs}"
    if seen.history_unread:
        yield f"NOT KNOWN  the history: {seen.history_unread}"
    for event in seen.history:
        word = "set" if event.is_set else "released"
        of_run = f"  {event.run_id}" if event.run_id else ""
        yield f"{shown_time(event.at)}  {word:<8}  {event.by} as {event.role}{of_run}  {event.reason}"


def _run_lines(options: Options, run: HeldRun) -> Iterable[str]:
    yield f"run        {run.run_id}  {run.mode}  {run.docprefix}  {run.in_words}"
    if run.interruption is not None:
        cut = run.interruption
        yield f"           INTERRUPTED in {cut.what} since {shown_time(cut.since)}; the database says: {cut.database_says}"
    for fact in run.happened:
        yield f"           {fact}"
    if run.unread:
        yield f"           NOT KNOWN: {run.unread}"
    for move in run.moves:
        yield f"           {move.move:<12} {as_typed(options, move.command)}"
        for effect in move.effects:
            yield f"                        {effect}"
        if move.runs:
            yield f"                        {move.runs}"
    if run.left_behind:
        yield f"           may be there: {run.left_behind}"
    for number, step in enumerate(run.plan, 1):
        yield f"           {number}. {step.purpose}: {as_typed(options, step.command)}"

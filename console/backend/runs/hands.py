"""Changes of hands before they are made: what keeps a run from being handed over, and what a take-over would come to."""

from collections.abc import Iterable

from console.backend.journal.journal import verify_journal
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import is_ended
from console.backend.postgres.records import EventRow, RunRow
from console.backend.runs.custody import held_elsewhere, is_here, not_the_holder
from console.backend.runs.run_state import anchored_events
from console.backend.runs.workspace import RunRequestFile, Workspace


def refusal_of_hand_over(
    workspace: Workspace, request: RunRequestFile, row: RunRow | None, *, has_files: bool
) -> Refused | None:
    """Return why a run is not handed over from this directory; None if nothing of the run speaks against it."""
    run_id = workspace.run_id
    look = f"Look at it: cutter-console run show {run_id}"
    code, action = StopCode.REFUSED_INPUT, look
    if row is None:
        message = f"run {run_id} is not in the database: a dry run is started where it is wanted"
    elif held := held_elsewhere(workspace.directory, row):
        return not_the_holder(run_id, held)
    elif not is_here(workspace.directory, row):
        message = f"the files of run {run_id} are not here: {row.operator} started it on {row.host}"
    elif is_ended(row.stage, row.family):
        code, message = StopCode.EXECUTION_DISABLED, f"run {run_id} is over: {row.state.name}"
    elif request.batch_id:
        message = f"run {run_id} is a member of batch {request.batch_id}, whose files are those of all its members"
        action = f"See: cutter-console batch status {request.batch_id}"
    elif not has_files:
        message = f"the files of run {run_id} are not whole here: nobody could go on with them"
    else:
        return None
    return Refused(code, message, action)


def begins_anew(workspace: Workspace, recorded: Iterable[EventRow]) -> bool:
    """Return whether a take-over begins another journal: the one here is not the run's, or lacks what was written elsewhere."""
    events = anchored_events(tuple(recorded), workspace.directory, all_of_it=True)
    # A journal that began with an earlier take-over has its events already; one that has just begun has none of them.
    verdict = verify_journal(workspace.journal, tuple(event for event in events if event.is_ours), workspace.run_id)
    return verdict.outcome is Outcome.FAIL


def take_over_in_words(workspace: Workspace, recorded: Iterable[EventRow], *, has_files: bool) -> str:
    """Return what a take-over by this console would come to, in a sentence: the run goes on here, or can but be ended."""
    ends = "here it can then only be ended: voided, reverted or, once it is law, closed"
    if not workspace.directory.is_dir():
        return f"Its files are not here: {ends}. It goes on once its bundle is accepted, if nothing of it moved."
    if begins_anew(workspace, recorded):
        return f"The files here are from before it went on elsewhere: {ends}. To go on with it, have it handed over instead."
    if not has_files:
        return f"Its files are not whole here: {ends}."
    return "Its files are whole here, with all that was done in it: it goes on here."

"""Operations on a run that began and did not finish, and the database's answer about them."""

from datetime import datetime

from console.backend.host.installation import Installation
from console.backend.journal.journal import read_journal
from console.backend.journal.journal_record import Record
from console.backend.model.errors import CutterError
from console.backend.model.states import Mode
from console.backend.model.view_models import Interruption
from console.backend.runs.operations import attempts_of, unfinished
from console.backend.runs.run_state import is_running
from console.backend.runs.settling import Fate, Verdict, fate_of, look
from console.backend.runs.workspace import RunRequestFile, Workspace


def records_at_rest(workspace: Workspace) -> tuple[Record, ...]:
    """Return the journal's records unless a process is writing it; nothing if it is missing or damaged, which the run's own line shows."""
    if is_running(workspace.journal):
        return ()
    try:
        return read_journal(workspace.journal)
    except CutterError:
        return ()


def interruption(
    installation: Installation, request: RunRequestFile, records: tuple[Record, ...]
) -> Interruption | None:
    """Return what was interrupted, without settling it; None if nothing was."""
    begun = unfinished(records)
    if begun is None:
        return None
    if request.mode is Mode.DRYRUN:
        verdict = Verdict(fate=Fate.ROLLED_BACK, said="a dry run writes nothing")
    else:
        verdict = fate_of(attempts_of(records, begun), lambda attempt: look(installation, request.run_id, attempt))
        if any(record.value("settled") == Fate.UNKNOWN for record in records[begun.sequence :]):
            # The monitoring role cannot see if a standby has the COMMIT, so an unknown result stays unknown until it is settled.
            verdict = verdict.model_copy(update={"fate": Fate.UNKNOWN})
    return Interruption(
        what=begun.phase,
        since=datetime.fromisoformat(begun.time),
        is_settled=verdict.fate is not Fate.UNKNOWN,
        database_says=f"{verdict.fate}: {verdict.said}",
    )

"""Something that was begun with a run, that nobody is at and nobody finished; with what the database says of it."""

from datetime import datetime

from console.backend.errors import CutterError
from console.backend.journal import read_journal
from console.backend.journal_record import Record
from console.backend.runs.operations import attempt_of, unfinished
from console.backend.runs.settling import Fate, Verdict, look
from console.backend.runs.site import Site
from console.backend.runs.standing import is_running
from console.backend.runs.states import Mode
from console.backend.runs.workspace import RunRequestFile, Workspace
from console.backend.views import Interruption


def records_at_rest(workspace: Workspace) -> tuple[Record, ...]:
    """What the journal says, where nobody is at it; nothing where it is missing or damaged: the run's own line says so."""
    if is_running(workspace.journal):
        return ()
    try:
        return read_journal(workspace.journal)
    except CutterError:
        return ()


def interruption(site: Site, request: RunRequestFile, records: tuple[Record, ...]) -> Interruption | None:
    """What was interrupted, looked at and not settled; None where nothing was."""
    begun = unfinished(records)
    if begun is None:
        return None
    attempt = attempt_of(records, begun)
    if request.mode is Mode.DRYRUN:
        verdict = Verdict(fate=Fate.ROLLED_BACK, said="a dry run writes nothing")
    elif attempt is None:
        verdict = Verdict(fate=Fate.ROLLED_BACK, said="no COMMIT was sent: nothing of it is in the database")
    elif any(record.value("settled") == Fate.UNKNOWN for record in records[begun.sequence :]):
        # Whether a standby has it too cannot be seen from here: it was not known, and is asked for by those who may.
        verdict = look(site, request.run_id, attempt)
        verdict = Verdict(fate=Fate.UNKNOWN, said=verdict.said)
    else:
        verdict = look(site, request.run_id, attempt)
    return Interruption(
        what=begun.phase,
        since=datetime.fromisoformat(begun.time),
        is_settled=verdict.fate is not Fate.UNKNOWN,
        database_says=f"{verdict.fate}: {verdict.said}" if attempt is not None else verdict.said,
    )

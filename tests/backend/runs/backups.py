"""The backup of a run, taken again as `backup take RUN` does."""

from console.backend.runs.backups import take_run_backup
from console.backend.runs.known_run import known_run
from console.backend.runs.phase_context import PhaseContext
from tests.support.passage import Passage


def take_backup(passage: Passage) -> None:
    """Take, prove and record it."""
    known = known_run(passage.installation, passage.run_id)
    take_run_backup(PhaseContext(passage.installation, known.workspace, known.request, lambda *_: None))

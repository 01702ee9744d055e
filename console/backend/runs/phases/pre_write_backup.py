"""Phase 4: a proven backup of every table that the run can touch; a dry run sees whether one could be taken."""

from console.backend.outcome import Check
from console.backend.runs.backups import backup_possible, take_run_backup
from console.backend.runs.states import Phase
from console.backend.runs.step import PhaseWork, Step


class PreWriteBackup(PhaseWork):
    """Fails closed: no key, no program, no proof, no cut."""

    phase = Phase.PRE_WRITE_BACKUP

    def prepare(self, step: Step) -> tuple[Check, ...]:
        return take_run_backup(step) if step.is_live else backup_possible(step)

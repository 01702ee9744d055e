"""Request for a backup, and its progress reports."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from pydantic import Field, field_validator

from console.backend.model.plan_binding import Target
from console.backend.model.value import Value

COMPRESSION = 0
"""gzip level of a dump. Level 1 makes a third of the size, but then pg_dump alone takes longer than the restore that
proves the dump; gpg never compresses."""


class BackupPhase(StrEnum):
    """Progress of a backup, for a screen."""

    CHECK = "check key and programs"
    SCRATCH = "start scratch cluster"
    STREAM = "dump, encrypt, restore"
    COMPARE = "compare digests"
    STORE = "store"


OnBackupProgress = Callable[[BackupPhase, int], None]
"""Called with the phase and the bytes dumped so far, in the caller's thread."""


def silent(_phase: BackupPhase, _moved: int) -> None:
    """Ignore the progress."""


class BackupRequest(Value):
    """Tables to back up, for which run, and where to."""

    conninfo: str = Field(repr=False)
    target: Target
    """As measured by the caller; it is copied into the record."""
    tables: tuple[str, ...] = Field(min_length=1)
    """`schema.table`, exactly those that a run can touch."""
    backups: Path
    recipient: str
    """BACKUP_GPG_FPR: the full fingerprint."""
    gnupg_home: Path | None = None
    programs: str = ""
    """Folder of pg_dump and pg_restore that is looked into first."""
    scratch_parents: tuple[Path, ...] = ()
    """Directories for the scratch cluster if memory has no room; default: the temporary directories."""
    compression: int = Field(default=COMPRESSION, ge=0, le=9)
    """gzip level of the dump, 0 to 9."""
    timeout_s: float = Field(default=3600.0, gt=0)
    stall_s: float = Field(default=60.0, gt=0)
    """A program that moves no byte for so long has hung, and is ended."""

    @field_validator("tables")
    @classmethod
    def _qualified(cls, tables: tuple[str, ...]) -> tuple[str, ...]:
        if unqualified := [table for table in tables if table.count(".") != 1]:
            raise ValueError(f"not schema.table: {unqualified}")
        return tables

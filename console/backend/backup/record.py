"""Record of one backup, and the rule when it lets a cut start."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from console.backend.backup.failures import BackupNotProven
from console.backend.host.durable import replace_file
from console.backend.host.regular_file import read_regular, sha256_file
from console.backend.model.canonical_json import canonical_json
from console.backend.model.outcome import Evidence, Milliseconds
from console.backend.model.plan_binding import Target
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

FRESH_FOR = timedelta(minutes=60)
SUFFIX = ".dump.gpg"


class BackupState(StrEnum):
    """Stage that a backup has reached; only FRESH lets a cut start."""

    MISSING = "MISSING"
    TAKEN = "TAKEN"
    HASHED = "HASHED"
    RESTORED = "RESTORED"
    DIGESTS_EQUAL = "DIGESTS_EQUAL"
    FRESH = "FRESH"


class TableProof(Value):
    """Rows of one table and the digest of its content, as read in the snapshot that was dumped."""

    table: SafeText
    rows: int
    digest: str


class BackupRecord(Value):
    """One backup: the file, what is in it, who can read it, how it was made and how far it is proven."""

    id: str
    file_name: str
    sha256: str
    """Of the encrypted file, read back after fsync."""
    bytes: int
    tables: tuple[TableProof, ...]
    target: Target
    server_version: int
    dump_program: SafeText
    gpg_version: SafeText
    recipient: str
    taken_at: datetime
    """Time of the snapshot: what was committed by then is in the backup."""
    took_ms: Milliseconds
    state: BackupState
    evidence: tuple[Evidence, ...]


class ListedBackup(Value):
    """One line of the list of backups; `problem` is empty only if the file supports the state."""

    file_name: SafeText
    record: BackupRecord | None
    state: BackupState
    problem: SafeText = ""


def freshness(record: BackupRecord | None, now: datetime, fresh_for: timedelta = FRESH_FOR) -> BackupState:
    """Return FRESH if the digests were equal and the snapshot is not older than `fresh_for`, nor from the future."""
    if record is None:
        return BackupState.MISSING
    young = timedelta(0) <= now - record.taken_at <= fresh_for
    return BackupState.FRESH if record.state is BackupState.DIGESTS_EQUAL and young else record.state


def record_path(backups: Path, record: BackupRecord) -> Path:
    """Return the path of the record, beside its backup file."""
    return backups / f"{record.file_name}.json"


def write_record(backups: Path, record: BackupRecord) -> None:
    """Store the record durably, mode 0640."""
    replace_file(record_path(backups, record), canonical_json(record))


def list_backups(backups: Path, now: datetime, *, rehash: bool = False) -> tuple[ListedBackup, ...]:
    """List every backup file and every record, the newest name first; a record without its file, or with another, is MISSING.

    `rehash` reads the files again and compares their sha256; without it only their sizes are compared.
    """
    # A hidden name is that of a file which is still being written.
    names = {path.name.removesuffix(".json") for path in backups.glob(f"*{SUFFIX}*") if path.name[0] != "."}
    return tuple(_listed(backups, name, now, rehash) for name in sorted(names, reverse=True))


def read_record(file: Path) -> BackupRecord:
    """Read the record beside a backup file. Raises BackupNotProven if there is none, or it cannot be read."""
    path = file.parent / f"{file.name}.json"
    try:
        return BackupRecord.model_validate_json(read_regular(path))
    except FileNotFoundError as error:
        raise BackupNotProven(f"{file.name} has no record: it was never proven", "take a new backup") from error
    except ValidationError as error:
        problem = safe_text(str(error.errors()[0]["msg"]))
        raise BackupNotProven(f"{path.name} is not a record: {problem}", "take a new backup") from error


def _listed(backups: Path, name: str, now: datetime, rehash: bool) -> ListedBackup:
    try:
        record = read_record(backups / name)
    except BackupNotProven as error:
        return ListedBackup(file_name=name, record=None, state=BackupState.TAKEN, problem=error.message)
    if problem := _contradiction(backups / name, record, rehash):
        return ListedBackup(file_name=name, record=record, state=BackupState.MISSING, problem=problem)
    return ListedBackup(file_name=name, record=record, state=freshness(record, now))


def _contradiction(file: Path, record: BackupRecord, rehash: bool) -> str:
    if record.file_name != file.name:
        return f"the record speaks of {record.file_name}"
    if not file.is_file():
        return "the file is gone"
    if file.stat().st_size != record.bytes:
        return f"the file has {file.stat().st_size} bytes, the record says {record.bytes}"
    if rehash and (file_sha256 := sha256_file(file)) != record.sha256:
        return f"the file's sha256 is {file_sha256}, the record says {record.sha256}"
    return ""

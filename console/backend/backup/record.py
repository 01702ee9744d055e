"""Request for a backup, its record, the decision that it is proven, and the rule when it lets a cut start."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime, Field, ValidationError, field_validator

from console.backend.backup.recipient import Recipient
from console.backend.host.durable import replace_file
from console.backend.host.programs import PostgresPrograms
from console.backend.host.regular_file import read_regular, sha256_file
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Evidence, Milliseconds
from console.backend.model.plan_binding import Target
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value
from console.backend.postgres.document_rows import Standing


class BackupNotProven(Refused):
    """The backup was not made, or not shown to restore; a file that was begun has been removed."""

    def __init__(self, problem: str, next_action: str = "remove the cause and take the backup again") -> None:
        super().__init__(StopCode.BACKUP_NOT_PROVEN, problem, next_action)


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
    documents: tuple[str, ...] = ()
    """Documents whose rows are backed up, the others being proven by what stands of them; empty for all rows."""
    organisation: tuple[str, ...] = ()
    """Those of the tables that are not this product's: one that no dump of it alone restores is copied in plain columns."""
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
    documents: tuple[str, ...] = ()
    """Documents whose rows it holds; empty if it holds all rows of the tables."""
    standing: Standing | None = None
    """Of a backup by document: what stood of all documents in the snapshot, for the rows that it does not hold."""
    target: Target
    server_version: int
    dump_program: SafeText
    gpg_version: SafeText
    recipient: str
    taken_at: AwareDatetime
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

    `rehash` reads the files again and compares their sha256; without it only their sizes are compared. Raises OSError
    for a folder that cannot be read: glob would take it for an empty one.
    """
    # A hidden name is that of a file which is still being written.
    names = {name.removesuffix(".json") for name in _names(backups) if SUFFIX in name and name[0] != "."}
    return tuple(_listed(backups, name, now, rehash) for name in sorted(names, reverse=True))


def _names(backups: Path) -> list[str]:
    try:
        return os.listdir(backups)  # noqa: PTH208 - names alone
    except FileNotFoundError:
        return []


_TAKE = "Take a new one: cutter-console backup take RUN"


def read_record(file: Path) -> BackupRecord:
    """Read the record beside a backup file. Raises BackupNotProven if there is none, or it cannot be read."""
    path = file.parent / f"{file.name}.json"
    try:
        return BackupRecord.model_validate_json(read_regular(path))
    except FileNotFoundError as error:
        raise _without_record(file) from error
    except ValidationError as error:
        problem = safe_text(str(error.errors()[0]["msg"]))
        raise BackupNotProven(f"{path.name} is not a record: {problem}", _TAKE) from error


def _without_record(file: Path) -> BackupNotProven:
    see = "See the backups that there are: cutter-console backup list"
    if not os.path.lexists(file):
        return BackupNotProven(f"there is no file {safe_text(str(file))}", see)
    if not file.is_file():
        return BackupNotProven(f"{safe_text(str(file))} is no file, but a directory or the like", see)
    return BackupNotProven(f"{file.name} has no record: it was never proven", _TAKE)


def _listed(backups: Path, name: str, now: datetime, rehash: bool) -> ListedBackup:
    try:
        record = read_record(backups / name)
        problem = _contradiction(backups / name, record, rehash)
    except BackupNotProven as error:
        return ListedBackup(file_name=name, record=None, state=BackupState.TAKEN, problem=error.message)
    except OSError as error:
        # What cannot be read, or has gone since it was listed, proves nothing.
        reason = f"it cannot be read: {error.strerror}"
        return ListedBackup(file_name=name, record=None, state=BackupState.MISSING, problem=reason)
    if problem:
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


@dataclass(frozen=True)
class Begun:
    """The name and the time of one backup."""

    id: str
    taken_at: datetime


@dataclass(frozen=True)
class Tools:
    """Programs and keys that a backup was made with."""

    programs: PostgresPrograms
    key: Recipient
    server_version: int


@dataclass(frozen=True)
class Made:
    """Facts that the stream left behind, ready to be judged."""

    expected: tuple[TableProof, ...]
    standing: Standing | None
    restored: tuple[TableProof, ...]
    sha256: str
    bytes: int
    took_ms: int


def unequal(expected: tuple[TableProof, ...], restored: tuple[TableProof, ...]) -> tuple[str, ...]:
    """Return one line for each table that differs between the two sides; pure."""
    by_name = {proof.table: proof for proof in restored}
    return tuple(
        f"{proof.table}: {proof.rows} rows {proof.digest[:12]}…, restored {_shown(by_name.get(proof.table))}"
        for proof in expected
        if by_name.get(proof.table) != proof
    )


def _shown(proof: TableProof | None) -> str:
    return f"{proof.rows} rows {proof.digest[:12]}…" if proof else "nothing"


def judge(request: BackupRequest, begun: Begun, tools: Tools, made: Made, now: datetime) -> BackupRecord:
    """Return the record of a backup whose digests are equal; pure. Raises BackupNotProven naming the tables that differ."""
    if differences := unequal(made.expected, made.restored):
        raise BackupNotProven(f"what was restored is not what was dumped: {'; '.join(differences)}")
    return BackupRecord(
        id=begun.id,
        file_name=f"{begun.id}{SUFFIX}",
        sha256=made.sha256,
        bytes=made.bytes,
        tables=made.expected,
        documents=request.documents,
        standing=made.standing,
        target=request.target,
        server_version=tools.server_version,
        dump_program=f"pg_dump {tools.programs.version} ({tools.programs.origin}, {tools.programs.bin_dir})",
        gpg_version=tools.key.gpg_version,
        recipient=tools.key.fingerprint,
        taken_at=begun.taken_at,
        took_ms=made.took_ms,
        state=BackupState.DIGESTS_EQUAL,
        evidence=_evidence(request, begun, made, now),
    )


def _evidence(request: BackupRequest, begun: Begun, made: Made, now: datetime) -> tuple[Evidence, ...]:
    rows = sum(proof.rows for proof in made.expected)
    covered = f" of {', '.join(request.documents)}" if request.documents else ""
    facts = (
        (
            "exit statuses of pg_dump, gpg, pg_restore, and gpg's status lines",
            "the pipeline",
            "0, 0, 0, END_ENCRYPTION",
        ),
        (
            "rows and digest of every table, source and restored",
            "snapshot and scratch database",
            f"equal for {len(made.expected)} tables, {rows} rows{covered}",
        ),
        *(
            [
                (
                    "what stands of the documents whose rows are not in it",
                    "the snapshot",
                    f"readers' digest {made.standing.readers_digest}, {sum(count.rows for count in made.standing.rows)} rows in the large tables",
                )
            ]
            if made.standing
            else []
        ),
        ("sha256 of the encrypted file, after fsync", f"{begun.id}{SUFFIX}", made.sha256),
    )
    return tuple(
        Evidence(id=f"{begun.id}/{number}", asked=question, source=source, answer=answer, measured_at=now)
        for number, (question, source, answer) in enumerate(facts, 1)
    )

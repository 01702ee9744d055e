"""Decision, from the results of a backup, if it is proven; and its record. Pure."""

from dataclasses import dataclass
from datetime import datetime

from console.backend.backup.failures import BackupNotProven
from console.backend.backup.recipient import Recipient
from console.backend.backup.record import SUFFIX, BackupRecord, BackupState, TableProof
from console.backend.backup.request import BackupRequest
from console.backend.host.programs import PostgresPrograms
from console.backend.model.outcome import Evidence


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
        target=request.target,
        server_version=tools.server_version,
        dump_program=f"pg_dump {tools.programs.version} ({tools.programs.origin}, {tools.programs.bin_dir})",
        gpg_version=tools.key.gpg_version,
        recipient=tools.key.fingerprint,
        taken_at=begun.taken_at,
        took_ms=made.took_ms,
        state=BackupState.DIGESTS_EQUAL,
        evidence=_evidence(begun, made, now),
    )


def _evidence(begun: Begun, made: Made, now: datetime) -> tuple[Evidence, ...]:
    rows = sum(proof.rows for proof in made.expected)
    facts = (
        (
            "exit statuses of pg_dump, gpg, pg_restore, and gpg's status lines",
            "the pipeline",
            "0, 0, 0, END_ENCRYPTION",
        ),
        (
            "rows and digest of every table, source and restored",
            "snapshot and scratch database",
            f"equal for {len(made.expected)} tables, {rows} rows",
        ),
        ("sha256 of the encrypted file, after fsync", f"{begun.id}{SUFFIX}", made.sha256),
    )
    return tuple(
        Evidence(id=f"{begun.id}/{number}", asked=question, source=source, answer=answer, measured_at=now)
        for number, (question, source, answer) in enumerate(facts, 1)
    )

"""Second proof of an encrypted backup, on the machine with the private key: not the host that takes backups."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

import psycopg

from console.backend.backup.pipeline import STALL_S, Member, Tee, Watch, never
from console.backend.backup.record import (
    BackupNotProven,
    BackupRecord,
    TableProof,
    read_record,
    unequal,
)
from console.backend.backup.scratch import Prepare, Scratch, scratch_database
from console.backend.host.context import Context
from console.backend.host.gpg import gpg_command
from console.backend.host.processes import PIPE
from console.backend.host.programs import installed_programs, pick_dump_programs
from console.backend.host.regular_file import regular_parts
from console.backend.model.canonical_json import sha256_of
from console.backend.model.errors import Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.safe_text import safe_text
from console.backend.model.shell_word import shell_word


class ProofPhase(StrEnum):
    """Progress of a restore test, for a screen."""

    READ = "read the file, compare its sha256"
    SCRATCH = "start scratch cluster"
    RESTORE = "decrypt, restore"
    COMPARE = "compare digests"


OnProofProgress = Callable[[ProofPhase, int], None]
"""Called with the phase and the bytes read or decrypted so far, in the caller's thread."""


def silent(_phase: ProofPhase, _moved: int) -> None:
    """Ignore the progress."""


_WHOLE = frozenset({"DECRYPTION_OKAY", "GOODMDC"})
"""Status lines that gpg writes only if it has read the message to its end and found it unaltered."""
_EXPAND = 8
"""Bytes of content that room is looked for, for each byte of the encrypted file."""


def prove(
    file: Path,
    context: Context,
    *,
    gnupg_home: Path | None = None,
    programs: str = "",
    scratch_parents: tuple[Path, ...] = (),
    prepare: Prepare | None = None,
    on_progress: OnProofProgress = silent,
    cancelled: Callable[[], bool] = never,
    timeout_s: float = 3600.0,
    stall_s: float = STALL_S,
) -> Check:
    """Decrypt, restore and compare with the digests of the record beside the file. Returns a PASS with its evidence.

    `programs` is a folder that is searched for pg_restore first. Raises BackupNotProven naming what failed.
    """
    record = read_record(file)
    watch = Watch(timeout_s, cancelled, stall_s=stall_s, subject="restore test")
    compare_file(file, record.sha256, watch, on_progress)
    on_progress(ProofPhase.SCRATCH, 0)
    major, names = record.server_version // 10000, tuple(table.table for table in record.tables)
    try:
        program = pick_dump_programs(major, installed_programs(programs)).program("pg_restore")
        with scratch_database(major, names, scratch_parents, prepare, _EXPAND * record.bytes) as scratch:
            restored = _restore(file, gnupg_home, str(program), scratch, watch, names, on_progress)
    except Unmeasured as error:
        raise BackupNotProven(error.message, error.next_action) from error
    except psycopg.Error as error:
        raise BackupNotProven(f"the scratch database failed: {safe_text(str(error))}") from error
    if differences := unequal(record.tables, restored):
        raise BackupNotProven(f"what was restored is not what was dumped: {'; '.join(differences)}")
    return _passed(record, context)


def compare_file(file: Path, sha256: str, watch: Watch, on_progress: OnProofProgress = silent) -> None:
    """Read the file, which is as long as anybody's, and compare. Raises BackupNotProven for another digest."""

    def parts() -> Iterator[bytes]:
        read = 0
        for part in regular_parts(file, sys.maxsize):
            watch.check()
            read += len(part)
            on_progress(ProofPhase.READ, read)
            yield part

    if (file_sha256 := sha256_of(parts())) != sha256:
        raise BackupNotProven(f"{file.name} has sha256 {file_sha256}, the record says {sha256}", "fetch it again")


def _restore(
    file: Path,
    home: Path | None,
    program: str,
    scratch: Scratch,
    watch: Watch,
    names: tuple[str, ...],
    on_progress: OnProofProgress,
) -> tuple[TableProof, ...]:
    command = gpg_command(home, "--status-fd", "{status}", "--decrypt", str(file))
    with (
        ThreadPoolExecutor(max_workers=1) as pool,
        Member("gpg", command, stdout=PIPE, with_status=True) as gpg,
        Member("pg_restore", scratch.restore_command(program), stdin=PIPE) as restore,
    ):
        tee = Tee(gpg, (restore,))
        watch.on_tick = lambda: on_progress(ProofPhase.RESTORE, tee.moved)
        watch.pump(pool, tee)
        # Nobody reads gpg's output any more: it would wait for ever on a full pipe.
        if tee.gone is not None:
            gpg.kill()
        for member in (gpg, restore):
            watch.wait(member)
        keywords = gpg.status_keywords()
        missing_keywords = _WHOLE - keywords
        failures = [member.verdict() for member in (gpg, restore) if member.failed]
        # If the reader has gone, gpg was ended before its last lines, and the reader's error is the cause.
        if tee.gone is None and missing_keywords:
            failures.insert(0, f"gpg did not report {', '.join(sorted(missing_keywords))}")
        if "NO_SECKEY" in keywords and "DECRYPTION_OKAY" not in keywords:
            raise _no_key(file)
        if failures or tee.gone is not None:
            raise BackupNotProven("; ".join(failures) or "pg_restore stopped reading before the end of the dump")
    on_progress(ProofPhase.COMPARE, tee.moved)
    return scratch.proofs(names)


def _no_key(file: Path) -> BackupNotProven:
    message = "the file is the recorded one, byte for byte; its private key is not in the key ring here, so it was not decrypted"
    action = f"Where its private key is: cutter-console backup prove {shell_word(str(file))}"
    return BackupNotProven(message, action)


def _passed(record: BackupRecord, context: Context) -> Check:
    rows = sum(table.rows for table in record.tables)
    answer = f"equal for {len(record.tables)} tables, {rows} rows; gpg: {', '.join(sorted(_WHOLE))}"
    return Check(
        name="backup proven",
        outcome=Outcome.PASS,
        detail=f"{record.file_name} decrypts, restores, and its digests are those of the record",
        evidence=(
            Evidence(
                id=f"{record.id}/prove",
                asked="rows and digest of every table, restored from the encrypted file, against the record",
                source=record.file_name,
                answer=answer,
                measured_at=context.now(),
            ),
        ),
    )

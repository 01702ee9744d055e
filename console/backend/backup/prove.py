"""Second proof of an encrypted backup, on the machine with the private key: not the host that takes backups."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from console.backend.backup.pipeline import STALL_S, Member, Tee, Watch, never
from console.backend.backup.record import BackupNotProven, BackupRecord, TableProof, read_record, unequal
from console.backend.backup.scratch import Prepare, Scratch, scratch_database
from console.backend.host.context import Context
from console.backend.host.gpg import gpg_command
from console.backend.host.processes import PIPE
from console.backend.host.programs import installed_programs, pick_dump_programs
from console.backend.host.regular_file import sha256_file
from console.backend.model.errors import Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.safe_text import safe_text

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
    cancelled: Callable[[], bool] = never,
    timeout_s: float = 3600.0,
    stall_s: float = STALL_S,
) -> Check:
    """Decrypt, restore and compare with the digests of the record beside the file. Returns a PASS with its evidence.

    `programs` is a folder that is searched for pg_restore first. Raises BackupNotProven naming what failed.
    """
    record = read_record(file)
    watch = Watch(timeout_s, cancelled, stall_s=stall_s)
    if (file_sha256 := sha256_file(file)) != record.sha256:
        raise BackupNotProven(
            f"{file.name} has sha256 {file_sha256}, the record says {record.sha256}", "fetch it again"
        )
    major, names = record.server_version // 10000, tuple(table.table for table in record.tables)
    try:
        program = pick_dump_programs(major, installed_programs(programs)).program("pg_restore")
        with scratch_database(major, names, scratch_parents, prepare, _EXPAND * record.bytes) as scratch:
            restored = _restore(file, gnupg_home, str(program), scratch, watch, names)
    except Unmeasured as error:
        raise BackupNotProven(error.message, error.next_action) from error
    except psycopg.Error as error:
        raise BackupNotProven(f"the scratch database failed: {safe_text(str(error))}") from error
    if differences := unequal(record.tables, restored):
        raise BackupNotProven(f"what was restored is not what was dumped: {'; '.join(differences)}")
    return _passed(record, context)


def _restore(
    file: Path, home: Path | None, program: str, scratch: Scratch, watch: Watch, names: tuple[str, ...]
) -> tuple[TableProof, ...]:
    command = gpg_command(home, "--status-fd", "{status}", "--decrypt", str(file))
    with (
        ThreadPoolExecutor(max_workers=1) as pool,
        Member("gpg", command, stdout=PIPE, with_status=True) as gpg,
        Member("pg_restore", scratch.restore_command(program), stdin=PIPE) as restore,
    ):
        tee = Tee(gpg, (restore,))
        watch.pump(pool, tee)
        # Nobody reads gpg's output any more: it would wait for ever on a full pipe.
        if tee.gone is not None:
            gpg.kill()
        for member in (gpg, restore):
            watch.wait(member)
        missing_keywords = _WHOLE - gpg.status_keywords()
        failures = [member.verdict() for member in (gpg, restore) if member.failed]
        # If the reader has gone, gpg was ended before its last lines, and the reader's error is the cause.
        if tee.gone is None and missing_keywords:
            failures.insert(0, f"gpg did not report {', '.join(sorted(missing_keywords))}")
        if failures or tee.gone is not None:
            raise BackupNotProven("; ".join(failures) or "pg_restore stopped reading before the end of the dump")
    return scratch.proofs(names)


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

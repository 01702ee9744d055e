"""Taking a backup: dump, encryption and restore proof as one stream; nothing counts unless all of it succeeded."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from console.backend.backup.pipeline import Member, Tee, Watch, never
from console.backend.backup.recipient import ENCRYPT, check_recipient
from console.backend.backup.record import (
    SUFFIX,
    BackupNotProven,
    BackupPhase,
    BackupRecord,
    BackupRequest,
    Begun,
    Made,
    OnBackupProgress,
    TableProof,
    Tools,
    judge,
    silent,
    write_record,
)
from console.backend.backup.scratch import Prepare, Scratch, scratch_database
from console.backend.backup.source import (
    LOCK_TIMEOUT_S,
    Snapshot,
    dump_command,
    dump_environment,
    exported_snapshot,
    settle,
)
from console.backend.backup.table_digest import document_proofs, table_proofs
from console.backend.host.context import Context
from console.backend.host.durable import partial_file, put_in_place, sync_file
from console.backend.host.gpg import gpg_command
from console.backend.host.processes import PIPE
from console.backend.host.programs import NoFittingProgram, PostgresPrograms, installed_programs, pick_dump_programs
from console.backend.host.regular_file import sha256_file
from console.backend.model.errors import Unmeasured
from console.backend.model.outcome import whole_ms
from console.backend.model.safe_text import safe_text
from console.backend.postgres.document_rows import copy_plain, copy_rows, standing, text_bytes
from console.backend.postgres.plain_rows import needing_more
from console.backend.postgres.sessions import open_session

_LEDGER_BYTES = 64 << 20
"""Room for the rows of a backup by document that are not its texts."""

_WITHOUT_TLS = "SSL support is not compiled in"
"""Words of a `pg_dump` that was built without TLS, as that of the extra `embedded` is, of a line that demands it."""
_NEEDS_TLS = (
    "install the PostgreSQL client packages of the system, whose pg_dump has TLS, and name their folder with `postgres_programs`;"
    " then take the backup again"
)


@dataclass(frozen=True)
class _Work:
    """State that the steps of one backup share."""

    request: BackupRequest
    context: Context
    watch: Watch
    progress: OnBackupProgress
    pool: ThreadPoolExecutor
    plain: tuple[str, ...]
    """Tables whose rows are copied in plain columns."""

    @property
    def is_staged(self) -> bool:
        """Return whether rows are copied aside before they are dumped."""
        return bool(self.request.documents or self.plain)


def take_backup(
    request: BackupRequest,
    context: Context,
    *,
    on_progress: OnBackupProgress = silent,
    cancelled: Callable[[], bool] = never,
    prepare: Prepare | None = None,
    rehearse: Callable[[str], None] | None = None,
) -> BackupRecord:
    """Dump, encrypt, restore and compare. Returns the record of a backup whose digests were equal.

    `prepare` readies the scratch database for tables that need more than themselves; `rehearse` is called
    with its connection string after the digests were found equal, before it is removed. Raises RecipientUnusable,
    BackupNotProven, Unmeasured; no file of this backup is left then, and no process ever.
    """
    started, wait_s = time.monotonic(), min(LOCK_TIMEOUT_S, request.timeout_s)
    on_progress(BackupPhase.CHECK, 0)
    key = check_recipient(request.recipient, request.gnupg_home, context.now())
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=3, thread_name_prefix="backup"))
        snapshot = stack.enter_context(exported_snapshot(request.conninfo, request.tables, wait_s))
        now = context.now()
        begun = Begun(f"bkp-{now:%Y%m%dT%H%M%SZ}-{context.token_hex(4)}", now)
        watch = Watch(request.timeout_s, cancelled, stall_s=request.stall_s)
        plain = _plain(snapshot, request)
        work = _Work(request, context, watch, on_progress, pool, plain)
        programs = _programs(snapshot.server_version // 10000, request.programs)
        on_progress(BackupPhase.SCRATCH, 0)
        if not work.is_staged:
            # Read in the dump's own snapshot, while the dump runs: rows that change meanwhile make no difference.
            expected = pool.submit(table_proofs, snapshot.connection, request.tables)
            stack.callback(settle, snapshot, expected)
        scratch = stack.enter_context(_scratch(work, snapshot, prepare))
        if work.is_staged:
            expected = _staged(work, programs, snapshot, scratch)
            stack.callback(settle, snapshot, expected)
        partial = stack.enter_context(partial_file(request.backups / f"{begun.id}{SUFFIX}"))
        with _blaming_the_source(expected):
            _stream(work, programs, snapshot, scratch, partial)
        made = _measure(work, scratch, partial, expected, started)
        if request.documents:
            made = replace(made, standing=standing(snapshot.connection))
        record = judge(request, begun, Tools(programs, key, snapshot.server_version), made, context.now())
        if rehearse is not None:
            rehearse(scratch.conninfo)
        on_progress(BackupPhase.STORE, record.bytes)
        # The file before its record: a record whose file is missing would be listed as a lost backup.
        put_in_place(partial, request.backups / record.file_name)
        write_record(request.backups, record)
    return record


def _staged(
    work: _Work, programs: PostgresPrograms, snapshot: Snapshot, scratch: Scratch
) -> Future[tuple[TableProof, ...]]:
    """Copy the rows of the documents, or of all, as they are in the snapshot, into empty tables beside the scratch database.

    From there they are dumped like any others: pg_dump cannot choose rows. Their digests are read in the snapshot itself,
    so that rows which are lost on the way are missed by the proof.
    """
    request = work.request
    as_they_are = tuple(table for table in request.tables if table not in work.plain)
    command = dump_command(
        str(programs.program("pg_dump")), snapshot.conninfo, snapshot.name, as_they_are, request.compression
    )
    try:
        scratch.stage(request.tables)
        with (
            Member(
                "pg_dump",
                [*command, "--section=pre-data"],
                stdout=PIPE,
                environment=dump_environment(snapshot.conninfo),
            ) as dump,
            Member(
                "pg_restore",
                scratch.restore_command(str(programs.program("pg_restore")), scratch.staged),
                stdin=PIPE,
            ) as restore,
        ):
            _run(work, Tee(dump, (restore,)), (dump, restore))
        with open_session(scratch.staged, application="cutter-console backup", statement_timeout_s=0) as into:
            moved = 0
            for table in request.tables:
                work.watch.check()
                if table in work.plain:
                    moved += copy_plain(snapshot.connection, into, table)
                else:
                    moved += copy_rows(snapshot.connection, into, table, request.documents)
                work.progress(BackupPhase.SCRATCH, moved)
    except psycopg.Error as error:
        raise BackupNotProven(f"the rows cannot be copied: {safe_text(str(error))}") from error
    return work.pool.submit(document_proofs, snapshot.connection, request.tables, request.documents, work.plain)


def _plain(snapshot: Snapshot, request: BackupRequest) -> tuple[str, ...]:
    try:
        return needing_more(snapshot.connection, request.organisation)
    except psycopg.Error as error:
        raise BackupNotProven(f"the tables cannot be looked at: {safe_text(str(error))}") from error


def _programs(server_major: int, folder: str) -> PostgresPrograms:
    try:
        return pick_dump_programs(server_major, installed_programs(folder))
    except NoFittingProgram as error:
        raise BackupNotProven(error.message, error.next_action) from error


@contextmanager
def _scratch(work: _Work, snapshot: Snapshot, prepare: Prepare | None) -> Iterator[Scratch]:
    request = work.request
    parents, major = request.scratch_parents, snapshot.server_version // 10000
    content = snapshot.content_bytes
    if request.documents:
        # Versions, manifests and what is beside them in the ledger, twice: as copied and as restored.
        content = min(content, 6 * text_bytes(snapshot.connection, request.documents) + _LEDGER_BYTES)
    elif work.plain:
        content *= 2
    with ExitStack() as stack:
        try:
            scratch = stack.enter_context(scratch_database(major, request.tables, parents, prepare, content))
        except Unmeasured as error:
            raise BackupNotProven(f"no scratch cluster: {error.message}", error.next_action) from error
        except psycopg.Error as error:
            raise BackupNotProven(f"the scratch database cannot be prepared: {safe_text(str(error))}") from error
        yield scratch


@contextmanager
def _blaming_the_source(reading: Future[tuple[TableProof, ...]]) -> Iterator[None]:
    """Name the failed read as the cause: it ends the snapshot, and pg_dump with it."""
    try:
        yield
    except BackupNotProven as error:
        if reading.done() and isinstance(cause := reading.exception(), psycopg.Error):
            raise BackupNotProven(f"the source cannot be read: {safe_text(str(cause))}") from error
        raise


def _stream(work: _Work, programs: PostgresPrograms, snapshot: Snapshot, scratch: Scratch, partial: Path) -> None:
    """Run the three programs on one stream. Raises BackupNotProven naming the members that failed."""
    request = work.request
    source, name = (scratch.staged, "") if work.is_staged else (snapshot.conninfo, snapshot.name)
    command = dump_command(str(programs.program("pg_dump")), source, name, request.tables, request.compression)
    encrypt = gpg_command(request.gnupg_home, *ENCRYPT, "--recipient", request.recipient, "--encrypt")
    with (
        partial.open("wb") as file,
        Member("pg_dump", command, stdout=PIPE, environment=dump_environment(source)) as dump,
        Member("gpg", encrypt, stdin=PIPE, stdout=file.fileno(), with_status=True) as gpg,
        Member("pg_restore", scratch.restore_command(str(programs.program("pg_restore"))), stdin=PIPE) as restore,
    ):
        tee = Tee(dump, (gpg, restore))
        work.watch.on_tick = lambda: work.progress(BackupPhase.STREAM, tee.moved)
        _run(work, tee, (dump, gpg, restore))
        if "END_ENCRYPTION" not in gpg.status_keywords():
            raise BackupNotProven(f"gpg did not report the end of the encryption; {gpg.verdict()}")


def _run(work: _Work, tee: Tee, members: tuple[Member, ...]) -> None:
    dump = members[0]
    work.watch.pump(work.pool, tee)
    # The tee no longer reads from the dump, which would wait for ever on a full pipe.
    if tee.gone is not None:
        dump.kill()
    for member in members:
        work.watch.wait(member)
    # The reader that went away comes first: the others failed because of it.
    failed = sorted((member for member in members if member.failed), key=lambda member: member is not tee.gone)
    if failed:
        verdicts = "; ".join(member.verdict() for member in failed)
        raise BackupNotProven(verdicts, _NEEDS_TLS) if _WITHOUT_TLS in verdicts else BackupNotProven(verdicts)
    if tee.gone is not None:
        raise BackupNotProven(f"{tee.gone.name} stopped reading before the end of the dump")


def _measure(
    work: _Work, scratch: Scratch, partial: Path, expected: Future[tuple[TableProof, ...]], started: float
) -> Made:
    work.watch.on_tick = lambda: work.progress(BackupPhase.COMPARE, partial.stat().st_size)
    work.watch.check()
    # The three readings run at once: the scratch database, the file and, if it has not ended yet, the source.
    restored = work.pool.submit(scratch.proofs, work.request.tables)
    digest = work.pool.submit(_sync_and_hash, partial)
    try:
        return Made(
            work.watch.result(expected),
            None,
            work.watch.result(restored),
            work.watch.result(digest),
            partial.stat().st_size,
            whole_ms(time.monotonic() - started),
        )
    except psycopg.Error as error:
        raise BackupNotProven(f"the tables cannot be compared: {safe_text(str(error))}") from error


def _sync_and_hash(partial: Path) -> str:
    # Synced first: the digest is that of bytes which a power failure does not take away.
    sync_file(partial)
    return sha256_file(partial)

"""The backup of a run: taken as the verifying role, proven by restore, and looked at again before the cut."""

from datetime import timedelta

import psycopg

from console.backend.backup.recipient import check_known_recipient
from console.backend.backup.record import BackupPhase, BackupRecord, BackupRequest, BackupState, freshness, list_backups
from console.backend.backup.take import take_backup
from console.backend.host.installation import Installation
from console.backend.host.programs import installed_programs, pick_dump_programs, pick_server_programs
from console.backend.host.site_files import tables_of_a_run, tables_of_others
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan_binding import Target
from console.backend.model.tables import RUN_TABLES
from console.backend.postgres import ledger
from console.backend.postgres.batches import documents_of_batch
from console.backend.postgres.connections import connect
from console.backend.postgres.document_rows import are_most, large_rows
from console.backend.postgres.effects import Effect, EffectKind
from console.backend.postgres.kept_sessions import close_idle
from console.backend.postgres.measure import measure_identity
from console.backend.postgres.records import require_run
from console.backend.runs.known_run import requested
from console.backend.runs.phase_context import PhaseContext, Role
from console.backend.runs.run_ids import require_live
from console.backend.runs.settling import commit_alone
from console.backend.runs.workspace import RunRequestFile, Workspace

_MARGIN = timedelta(seconds=30)
"""A backup whose age limit would pass while the cut runs is taken again before it."""


def take_run_backup(context: PhaseContext) -> tuple[Check, ...]:
    """Dump, encrypt, restore, compare. Raises BackupNotProven or RecipientUnusable: no proof, no cut."""
    installation = context.installation
    # Before the dump: the database takes no proof for a run that it does not have.
    require_live(installation, context.run_id)
    documents = _by_document(context)
    request = BackupRequest(
        conninfo=installation.settings.database.verifier,
        target=_target(context),
        tables=tables_of_a_run(installation),
        documents=documents,
        organisation=tables_of_others(installation),
        backups=installation.backups,
        recipient=installation.settings.backup_gpg_fpr,
        gnupg_home=installation.gnupg_home,
        programs=installation.settings.postgres_programs,
        scratch_parents=(),
        stall_s=installation.settings.backup_stall_seconds,
    )

    def on_progress(phase: BackupPhase, moved: int) -> None:
        context.report(phase.value, moved, None)

    # Its snapshot and pg_dump are two sessions, and the role may be allowed no more.
    close_idle(request.conninfo)
    record = take_backup(request, installation.context, on_progress=on_progress)

    def prove(connection: psycopg.Connection) -> Effect:
        ledger.record_backup(connection, context.run_id, _proof(record))
        return Effect(kind=EffectKind.BACKUP_PROOF, key=record.sha256)

    commit_alone(installation, "backup proof", prove, role=Role.VERIFIER)
    return (context.passed("backup proven", _describe(record), f"restore of {record.file_name}"),)


def _by_document(context: PhaseContext) -> tuple[str, ...]:
    """Return the run's document if the database is too large to be dumped whole for each run; otherwise nothing.

    Of a member of a batch: the documents of all members, whose backup it is. Where they are most of what there is, the whole
    is dumped: its rows are not copied aside first. A run can change no row of another document: its writes are those of its sealed manifest, and the guards see to it.
    """
    installation = context.installation
    if tables_of_a_run(installation) != RUN_TABLES:
        # The organisation's rows are not known by this console's documents.
        return ()
    with connect(installation.settings.database.verifier, read_only=True, purpose="rows") as connection:
        if large_rows(connection) <= installation.settings.backup_whole_rows:
            return ()
        members = documents_of_batch(connection, context.request.batch_id) if context.request.batch_id else ()
        documents = members or (context.request.docprefix,)
        return () if are_most(connection, documents) else documents


def _target(context: PhaseContext) -> Target:
    """Return the database that the run was planned for; without a plan's file, the one that has the run, for its revert."""
    facts = context.workspace.plan_facts()
    if facts is not None:
        return facts.target
    with connect(context.installation.settings.database.verifier, read_only=True, purpose="target") as connection:
        require_run(connection, context.run_id)
        return measure_identity(connection, context.installation.context.host).target


def _proof(record: BackupRecord) -> ledger.BackupProof:
    return ledger.BackupProof(
        file_name=record.file_name,
        sha256=record.sha256,
        bytes=record.bytes,
        recipient=record.recipient,
        tables=tuple({"table": table.table, "rows": table.rows, "digest": table.digest} for table in record.tables),
        documents=record.documents or None,
        standing=record.standing,
    )


def ensure_backup(context: PhaseContext) -> tuple[Check, ...]:
    """Check that the database has a backup proof that is fresh by its own clock; otherwise take the backup again."""
    with connect(context.installation.settings.database.verifier, read_only=True, purpose="backup age") as connection:
        age = ledger.backup_age(connection, context.run_id)
    # A negative age means that the database's clock was set back since: such a proof is not fresh.
    if age is None or not 0 <= age <= (_limit(context.installation) - _MARGIN).total_seconds():
        return take_run_backup(context)
    return fresh_backup(context)


def backup_possible(context: PhaseContext) -> tuple[Check, ...]:
    """Return what a dry run can know: a usable key and fitting programs. It takes no backup."""
    installation, plan = context.installation, context.workspace.plan()
    key = check_known_recipient(
        installation.settings.backup_gpg_fpr, installation.gnupg_home, installation.context.now()
    )
    major = (plan.world.server_version if plan.world else 0) // 10000
    programs = installed_programs(installation.settings.postgres_programs)
    dump, server = pick_dump_programs(major, programs), pick_server_programs(major, programs)
    days = "no expiry" if key.days_left is None else f"{counted(key.days_left, 'day')} left"
    return (
        context.passed("backup key", f"{key.fingerprint}, {days}, gpg {key.gpg_version}", "gpg --list-keys"),
        context.passed("backup programs", f"{dump}; scratch cluster: {server}", "PATH and the embedded wheel"),
    )


def fresh_backup(context: PhaseContext) -> tuple[Check, ...]:
    """Check that the run's newest backup file is fresh by this host's clock; otherwise take the backup again."""
    record = _newest(context.installation, context.workspace, context.request)
    if (
        record is None
        or freshness(record, context.installation.context.now(), _limit(context.installation)) is not BackupState.FRESH
    ):
        return take_run_backup(context)
    return (context.passed("backup fresh", _describe(record), record.file_name),)


def newest_of_run(installation: Installation, run_id: str) -> BackupRecord | None:
    """Return the newest proven backup of the plan's database since this run began, if its file is there with its size."""
    return _newest(installation, *requested(installation, run_id))


def _newest(installation: Installation, workspace: Workspace, request: RunRequestFile) -> BackupRecord | None:
    facts, since = workspace.plan_facts(), request.started_at
    target = facts.target if facts else None
    for listed in list_backups(installation.backups, installation.context.now()):
        record = listed.record
        if record is not None and not listed.problem and (record.target, record.taken_at >= since) == (target, True):
            return record
    return None


def backup_check(installation: Installation, run_id: str) -> Check:
    """Check whether the run's backup still lets a cut start; a stale one is taken again by the cut itself."""
    now = installation.context.now()
    try:
        record = newest_of_run(installation, run_id)
    except CutterError as error:
        return Check(name="backup", outcome=Outcome.INCONCLUSIVE, detail=error.message, next_action=error.next_action)
    state = freshness(record, now, _limit(installation))
    answer = f"{state}: {_describe(record)}" if record else f"{state}: no proven backup of this run"
    evidence = Evidence(id="E-backup", asked="backup of this run", source="backups/", answer=answer, measured_at=now)
    is_good = state in {BackupState.FRESH, BackupState.DIGESTS_EQUAL}
    advice = "" if is_good else f"cutter-console backup take {run_id}"
    return Check(
        name="backup",
        outcome=Outcome.PASS if is_good else Outcome.FAIL,
        detail=answer,
        evidence=(evidence,),
        next_action=advice,
    )


def _limit(installation: Installation) -> timedelta:
    return timedelta(minutes=installation.settings.backup_max_age_minutes)


def _describe(record: BackupRecord) -> str:
    rows = sum(table.rows for table in record.tables)
    of = f" of {', '.join(record.documents)}, the other documents by their standing digest" if record.documents else ""
    return f"{record.file_name}, {record.bytes} bytes, {len(record.tables)} tables, {counted(rows, 'row')}{of}, restored, digests equal, {record.taken_at:%Y-%m-%d %H:%M:%S} UTC"

"""backup selftest|take|prove|list: checks keys and programs, takes dumps, proves and lists them."""

from collections.abc import Callable

from console.backend.backup.prove import prove as prove_file
from console.backend.backup.recipient import check_recipient
from console.backend.backup.selftest import selftest as gpg_selftest
from console.backend.host.programs import installed_programs
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Check, worst
from console.backend.model.shown_time import shown_time
from console.backend.model.value import Value
from console.backend.runs.backup_shelf import KeptBackup, shelf_of
from console.backend.runs.backups import take_run_backup
from console.backend.runs.known_run import known_run
from console.backend.runs.phase_context import PhaseContext
from console.cli.arguments import Options
from console.cli.evidence_requests import OneFile
from console.cli.installation import installation_of
from console.cli.one_run import OneRun
from console.cli.operations import Nothing
from console.cli.output import narrate, narrating, report
from console.cli.settings import found_path
from console.cli.watching import Watching


class Checks(Value):
    """The checks, and the PostgreSQL programs that were found."""

    checks: tuple[Check, ...]
    programs: tuple[str, ...] = ()


def selftest(options: Options, _request: Nothing) -> ExitStatus:
    """Encrypt and decrypt with a throw-away key, and check the backup key."""
    installation = installation_of(options)
    key = check_recipient(installation.settings.backup_gpg_fpr, installation.gnupg_home, installation.context.now())
    checks = (gpg_selftest(installation.context, installation.gnupg_home),)
    programs = tuple(
        str(programs_found) for programs_found in installed_programs(installation.settings.postgres_programs)
    )
    days = "does not expire" if key.days_left is None else f"{counted(key.days_left, 'day')} left"
    lines = [
        *_check_lines(checks),
        f"backup key {key.fingerprint}, {days}",
        *(f"programs   {text}" for text in programs),
    ]
    return report(
        options,
        "backup selftest",
        worst([check.outcome for check in checks]),
        lines,
        Checks(checks=checks, programs=programs),
    )


def take(options: Options, request: OneRun) -> ExitStatus:
    """Take, encrypt and prove a backup for a run."""
    installation = installation_of(options)
    known = known_run(installation, request.run)
    step = PhaseContext(installation, known.workspace, known.request, _progress())
    checks = take_run_backup(step)
    return report(
        options, "backup take", worst([check.outcome for check in checks]), _check_lines(checks), Checks(checks=checks)
    )


def _progress() -> Callable[[str, int, int | None], None]:
    """Return what narrates a step with what of it is counted."""
    tell = narrating(str)
    return lambda name, done, _total: tell(f"{name} {done or ''}".rstrip())


def prove(options: Options, request: OneFile) -> ExitStatus:
    """Decrypt and restore a backup, and compare it with the record beside it. Needs the private key of the backup."""
    installation = installation_of(options)
    check = prove_file(
        found_path(options, request.file),
        installation.context,
        gnupg_home=installation.gnupg_home,
        programs=installation.settings.postgres_programs,
        stall_s=installation.settings.backup_stall_seconds,
    )
    return report(options, "backup prove", check.outcome, _check_lines((check,)), Checks(checks=(check,)))


def list_all(options: Options, _request: Watching) -> ExitStatus:
    """List every backup with its state and what the ledger has of it; files are hashed again."""
    shelf = shelf_of(installation_of(options), rehash=True)
    lines = [line for backup in shelf.backups for line in _lines(backup)] or ["no backups"]
    status = report(options, "backup list", shelf.outcome, lines, shelf)
    if shelf.unread:
        narrate(f"the ledger was not read: {shelf.unread}")
    return status


def _lines(backup: KeptBackup) -> list[str]:
    lines = [f"{backup.use:<14} {backup.file_name}  {_taken(backup)}  {backup.problem}".rstrip()]
    if backup.record is not None:
        covered = ", ".join(backup.record.documents) or "the whole database"
        lines.append(f"{'':<14} {covered}, {backup.record.bytes} bytes, to {backup.record.recipient}")
    lines += [f"{'':<14} proven for {proof.run_id} at {shown_time(proof.recorded_at)}" for proof in backup.proofs]
    counts = f"until {shown_time(backup.counts_until)}" if backup.counts_until else f"no: {backup.counts_not}"
    return [*lines, *(f"{'':<14} {words}" for words in backup.disagreements), f"{'':<14} lets a run be armed: {counts}"]


def _taken(backup: KeptBackup) -> str:
    return f"taken {shown_time(backup.record.taken_at)}" if backup.record else "without a record"


def _check_lines(checks: tuple[Check, ...]) -> list[str]:
    return [f"{check.outcome:<13} {check.name}: {check.detail}" for check in checks]

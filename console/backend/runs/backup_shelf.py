"""The backups that this host and the ledger know of: where the two disagree, for which run they count, and their proofs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from console.backend.backup.pipeline import Watch
from console.backend.backup.prove import OnProofProgress, ProofPhase, compare_file, prove
from console.backend.backup.recipient import FINGERPRINT, list_key
from console.backend.backup.record import (
    FRESH_FOR,
    BackupRecord,
    BackupState,
    ListedBackup,
    list_backups,
    read_record,
)
from console.backend.host.gpg import GpgUnanswered
from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, StopCode, Unmeasured, UsageError
from console.backend.model.outcome import Check, Evidence, Outcome, worst_known
from console.backend.model.plan_binding import Target
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.shell_word import shell_word
from console.backend.model.value import Value
from console.backend.model.view_models import Cancelled, OnProgress, Progress
from console.backend.postgres.backup_proofs import LedgerProof, backup_proofs
from console.backend.postgres.connections import connect
from console.backend.postgres.kept_sessions import with_kept_sessions
from console.backend.postgres.measure import measure_identity
from console.backend.postgres.records import open_runs, run_places
from console.backend.runs.answers import Answers

_COMPARE_S = 3600.0
_KEYS_ASKED = 4
"""Recipients whose private key is looked for: gpg is asked for each, and a host has one or two."""


class BackupUse(StrEnum):
    """Use of a backup of the list: of its file, its record and its row in the ledger together."""

    ARMS = "ARMS"
    """The arming check accepts it now."""
    PROVEN = "proven"
    """Restored and compared when it was taken; `counts_not` says why it does not arm."""
    NO_FILE = "NO FILE"
    """The ledger has a row, and the file is not here."""
    NO_ROW = "NO ROW"
    """The ledger does not know the file."""
    DIFFERS = "DIFFERS"
    """The file is not what was recorded."""
    NO_RECORD = "NO RECORD"


NOT_READ = "not known: the ledger was not read"
"""The reason of each backup while the ledger cannot be read; the shelf says once why it could not."""


class KeptBackup(ListedBackup):
    """A backup of the list, with what the ledger has of it."""

    outcome: Outcome
    """FAIL if the file does not support its record, or the ledger has another one; PARTIAL for a row or a file that stands alone."""
    path: SafeText
    """The file, as a word of a shell."""
    proofs: tuple[LedgerProof, ...] = ()
    disagreements: tuple[SafeText, ...] = ()
    """Differences of file and ledger, and what only one of the two has."""
    counts_until: datetime | None = None
    """Moment until which it satisfies the arming check of an open run; None if it satisfies none now."""
    counts_not: SafeText = ""
    """Reason why it satisfies none."""
    key_is_here: bool | None = None
    """True if the key ring of this host can decrypt it; None if that was not asked, or not answered."""

    @property
    def runs(self) -> tuple[str, ...]:
        """Return the runs that the ledger names it for, the newest first."""
        return tuple(dict.fromkeys(proof.run_id for proof in self.proofs))

    @property
    def is_read(self) -> bool:
        """True if the ledger's rows for it were read; without them nothing is known of its runs."""
        return self.counts_not != NOT_READ

    @property
    def use(self) -> BackupUse:
        """Return what the backup is good for, in the word that list and screen show."""
        if self.counts_until is not None:
            return BackupUse.ARMS
        if self.record is None:
            return BackupUse.NO_FILE if self.outcome is Outcome.PARTIAL else BackupUse.NO_RECORD
        if self.outcome is Outcome.FAIL:
            return BackupUse.DIFFERS
        return BackupUse.NO_ROW if self.disagreements else BackupUse.PROVEN


class BackupShelf(Value):
    """The backups, the newest first. `unread` is the reason why the ledger could not be read; empty if it was."""

    backups: tuple[KeptBackup, ...]
    unread: SafeText = ""
    folder: SafeText
    max_age_minutes: int
    """Age up to which a proof lets a cut start."""

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of the backups, INCONCLUSIVE without the ledger."""
        outcomes = [backup.outcome for backup in self.backups]
        return worst_known([*outcomes, Outcome.INCONCLUSIVE if self.unread else Outcome.PASS])


@dataclass(frozen=True)
class Ledger:
    """The answer of the database, or the reason why there is none."""

    proofs: tuple[LedgerProof, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """The host that each run was started on."""
    open_runs: frozenset[str] = frozenset()
    target: Target | None = None
    unread: str = ""


class BackupAnswers(Answers):
    """The answers of a backend about backups. None of them writes to the database."""

    @with_kept_sessions
    def backups(self) -> BackupShelf:
        """Return the backups of this host and of the ledger; see `shelf_of`."""
        return shelf_of(self.installation)

    def compare_backup(self, file_name: str, on_progress: OnProgress, cancelled: Cancelled) -> Check:
        """Read a backup's file again, and compare it with its record; see `compare_backup`."""
        return compare_backup(self.installation, _file(self.installation, file_name), on_progress, cancelled)

    def prove_backup(self, file_name: str, on_progress: OnProgress, cancelled: Cancelled) -> Check:
        """Decrypt, restore and compare a backup; see `prove_backup`. Refused to a console that only reads."""
        self._require_writable()
        return prove_backup(self.installation, _file(self.installation, file_name), on_progress, cancelled)


def shelf_of(installation: Installation, *, rehash: bool = False) -> BackupShelf:
    """Return every file, record and row. Raises Unmeasured if the folder cannot be read; without the ledger it says so.

    `rehash` reads the files again; without it only their sizes are compared.
    """
    now, folder = installation.context.now(), installation.backups
    try:
        listed = list_backups(folder, now, rehash=rehash)
    except OSError as error:
        message = f"{folder} cannot be read: {error.strerror}"
        action = "Look at its owner and mode, or open the console as its owner."
        raise Unmeasured(StopCode.INVARIANT_FAILED, message, action) from error
    ledger, limit = _ledger(installation), timedelta(minutes=installation.settings.backup_max_age_minutes)
    by_name: dict[str, list[LedgerProof]] = {}
    for proof in ledger.proofs:
        by_name.setdefault(proof.file_name, []).append(proof)
    keys, paths = _keys_here(installation, listed), _paths(folder)
    kept = [
        _kept(
            paths.get(backup.file_name, folder / backup.file_name),
            backup,
            tuple(by_name.pop(backup.file_name, ())),
            ledger,
            keys,
            now,
            limit,
        )
        for backup in listed
    ]
    kept += [_row_alone(installation, name, tuple(proofs), ledger) for name, proofs in by_name.items()]
    return BackupShelf(
        backups=tuple(sorted(kept, key=lambda backup: backup.file_name, reverse=True)),
        unread=ledger.unread,
        folder=str(folder),
        max_age_minutes=installation.settings.backup_max_age_minutes,
    )


def _ledger(installation: Installation) -> Ledger:
    try:
        with connect(installation.settings.database.monitor, read_only=True, timeout_s=5, purpose="backups") as session:
            return Ledger(
                proofs=backup_proofs(session),
                places=run_places(session),
                open_runs=frozenset(run.run_id for run in open_runs(session)),
                target=measure_identity(session, installation.context.host, standby=True).target,
            )
    except CutterError as error:
        return Ledger(unread=error.message)


def _keys_here(installation: Installation, listed: tuple[ListedBackup, ...]) -> dict[str, bool]:
    """Return for the newest recipients whether a private half of the key lies in the key ring of this host."""
    recipients = dict.fromkeys(backup.record.recipient for backup in listed if backup.record is not None)
    fingerprints = [recipient for recipient in recipients if FINGERPRINT.fullmatch(recipient)][:_KEYS_ASKED]
    keys = {}
    for recipient in fingerprints:
        try:
            keys[recipient] = bool(list_key(recipient, installation.gnupg_home).private)
        except GpgUnanswered:
            continue
    return keys


def _paths(folder: Path) -> dict[str, Path]:
    """Return the files by their names as they are shown; the name itself may be no text."""
    return {safe_text(path.name): path for path in folder.iterdir()} if folder.is_dir() else {}


def _kept(
    path: Path,
    backup: ListedBackup,
    proofs: tuple[LedgerProof, ...],
    ledger: Ledger,
    keys: dict[str, bool],
    now: datetime,
    limit: timedelta,
) -> KeptBackup:
    until, reason = counting(backup, proofs, ledger, now, limit)
    record = backup.record
    differences = disagreements(record, proofs, is_read=not ledger.unread)
    is_wrong = backup.problem or any(record is None or not _is_of(proof, record) for proof in proofs)
    return KeptBackup(
        **dict(backup),
        outcome=Outcome.FAIL if is_wrong else Outcome.PARTIAL if differences else Outcome.PASS,
        path=shell_word(str(path)),
        proofs=proofs,
        disagreements=differences,
        counts_until=until,
        counts_not=reason,
        key_is_here=keys.get(record.recipient) if record is not None else None,
    )


def disagreements(record: BackupRecord | None, proofs: tuple[LedgerProof, ...], *, is_read: bool) -> tuple[str, ...]:
    """Return the differences of a file's record from the rows of the ledger; pure."""
    if not is_read:
        return ()
    if not proofs:
        return ("a file without its row: the ledger has no proof of it",)
    if record is None:
        return ("the ledger has it as proven, and its record cannot be read",)
    return tuple(
        f"the ledger has sha256 {proof.sha256} and {proof.bytes} bytes for {proof.run_id}, the record {record.sha256} and {record.bytes}"
        for proof in proofs
        if not _is_of(proof, record)
    )


def _is_of(proof: LedgerProof, record: BackupRecord) -> bool:
    return (proof.sha256, proof.bytes) == (record.sha256, record.bytes)


def counting(
    backup: ListedBackup, proofs: tuple[LedgerProof, ...], ledger: Ledger, now: datetime, limit: timedelta
) -> tuple[datetime | None, str]:
    """Return until when a backup satisfies the arming check of an open run, or why it satisfies none; pure."""
    record, open_proofs = backup.record, [proof for proof in proofs if proof.run_id in ledger.open_runs]
    if backup.problem or record is None:
        return None, backup.problem or "it has no record"
    reason = ""
    if ledger.unread:
        reason = NOT_READ
    elif not open_proofs:
        reason = "the ledger has it for no run" if not proofs else "each run that it was taken for is over"
    elif ledger.target is not None and _server(record.target) != _server(ledger.target):
        reason = "it is of another database, server or timeline"
    elif record.taken_at > now:
        reason = "it is from the future by this host's clock"
    if reason:
        return None, reason
    until = min(record.taken_at + limit, max(proof.recorded_at for proof in open_proofs) + FRESH_FOR)
    if until < now:
        return None, f"it counted until {until:%Y-%m-%d %H:%M} UTC; arming takes another one by itself"
    return until, ""


def _server(target: Target) -> tuple[str, str, int]:
    return target.database, target.system_identifier, target.timeline


def _row_alone(installation: Installation, name: str, proofs: tuple[LedgerProof, ...], ledger: Ledger) -> KeptBackup:
    """Return a row without its file, which another host may have, and which may have been removed here."""
    place = ledger.places.get(proofs[0].run_id, "")
    is_elsewhere = place not in {"", installation.context.host}
    where = f"a row without its file: the run was started on {place}, which keeps it" if is_elsewhere else ""
    lacks = where or "a row without its file: neither the file nor its record is in the folder"
    return KeptBackup(
        file_name=name,
        record=None,
        state=BackupState.MISSING,
        problem="the file is not here",
        outcome=Outcome.PARTIAL,
        path=shell_word(str(installation.backups / name)),
        proofs=proofs,
        disagreements=(lacks,),
        counts_not="the file is not here",
    )


def _file(installation: Installation, file_name: str) -> Path:
    """Return the path of a listed backup by the name that is shown. Raises UsageError if there is none."""
    path = _paths(installation.backups).get(file_name)
    if path is not None:
        return path
    message = f"{file_name} is not in {installation.backups}: it was removed, or never was there"
    raise UsageError(StopCode.REFUSED_INPUT, message, "See those that are there: cutter-console backup list")


def compare_backup(installation: Installation, file: Path, on_progress: OnProgress, cancelled: Cancelled) -> Check:
    """Read the file again, and compare it with the record beside it. Raises BackupNotProven for a difference."""
    record = read_record(file)
    watch = Watch(_COMPARE_S, cancelled, subject="comparison")
    compare_file(file, record.sha256, watch, _told(on_progress, file, record.bytes))
    evidence = Evidence(
        id=f"{record.id}/compare",
        asked="sha256 of the encrypted file, read again",
        source=str(file),
        answer=record.sha256,
        measured_at=installation.context.now(),
    )
    detail = f"{record.file_name} is the recorded file, byte for byte; it was not decrypted"
    return Check(name="backup file", outcome=Outcome.PASS, detail=detail, evidence=(evidence,))


def prove_backup(installation: Installation, file: Path, on_progress: OnProgress, cancelled: Cancelled) -> Check:
    """Decrypt, restore and compare, as `backup prove` does. Raises BackupNotProven naming what failed. Records nothing."""
    return prove(
        file,
        installation.context,
        gnupg_home=installation.gnupg_home,
        programs=installation.settings.postgres_programs,
        on_progress=_told(on_progress, file, read_record(file).bytes),
        cancelled=cancelled,
        stall_s=installation.settings.backup_stall_seconds,
    )


def _told(on_progress: OnProgress, file: Path, total: int) -> OnProofProgress:
    def tell(phase: ProofPhase, moved: int) -> None:
        # What is decrypted is longer than the file: only what is read of the file itself has a known end.
        known = total if phase is ProofPhase.READ else None
        on_progress(Progress(run_id=safe_text(file.name), step=phase.value, done=moved, total=known))

    return tell

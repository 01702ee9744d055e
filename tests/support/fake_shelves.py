"""The backups and reports of the fake backend, by hand, for what the screens draw."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from console.backend.backup.record import BackupNotProven, BackupRecord, BackupState, TableProof
from console.backend.model.errors import CutterError, Drifted, StopCode, Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan_binding import Target
from console.backend.model.view_models import Cancelled, OnProgress, Progress
from console.backend.postgres.backup_proofs import LedgerProof
from console.backend.reports.shelf import (
    ExportedReport,
    ReportEntry,
    ReportFile,
    ReportKind,
    ReportShelf,
    ReportText,
    ReportVerdict,
)
from console.backend.runs.backup_shelf import BackupShelf, KeptBackup
from tests.support.fake_gates import NOW, FakeReadiness

BACKUPS = "/var/lib/cutter/backups"
KEY = "3F2A91C05B7D0E44A1B2C3D4E5F60718293A4B5C"
BACKED_UP_RUN = "ictr-20260301T135200Z-9f3c21ab"
OLDER_RUN = "ictr-20260228T090000Z-00c0ffee"
_TARGET = Target(host="db01.example.org", database="directus", system_identifier="7312345678901234567", timeline=3)
_TABLES = ("public.information_unit", "public.unit_version", "public.iu_lifecycle_log", "cutter_governance.run")


def record_of(name: str, taken: datetime, documents: tuple[str, ...] = (), hostile: str = "") -> BackupRecord:
    """The record of a proven backup."""
    backup_id = name.partition(".")[0]
    return BackupRecord(
        id=backup_id,
        file_name=name,
        sha256="5f70bf18" * 8,
        bytes=4_398_046,
        tables=tuple(
            TableProof(table=table + hostile, rows=158 + number, digest="d1" * 32)
            for number, table in enumerate(_TABLES)
        ),
        documents=documents,
        target=_TARGET,
        server_version=160_004,
        dump_program=f"pg_dump 16.4 (PATH, /usr/lib/postgresql/16/bin){hostile}",
        gpg_version="2.4.4",
        recipient=KEY,
        taken_at=taken,
        took_ms=3_214,
        state=BackupState.DIGESTS_EQUAL,
        evidence=(
            Evidence(id="E/1", asked="exit statuses", source="the pipeline", answer="0, 0, 0" + hostile, measured_at=taken),
            Evidence(id="E/2", asked="sha256 of the encrypted file", source=name, answer="5f70bf18" * 8, measured_at=taken),
        ),
    )  # fmt: skip


def proof_of(record: BackupRecord, run_id: str) -> LedgerProof:
    """Its row in the ledger."""
    return LedgerProof(
        run_id=run_id,
        file_name=record.file_name,
        sha256=record.sha256,
        bytes=record.bytes,
        recipient=record.recipient,
        recorded_by="cutter_verify",
        recorded_at=record.taken_at + timedelta(seconds=4),
    )


@dataclass
class FakeShelves(FakeReadiness):
    """The part of the fake backend that answers about backups; a test may set the fields while the console runs."""

    n_backups: int = 5
    """0 for none; up to 5 states of their own, then copies of the oldest."""
    backups_fail: CutterError | None = None
    ledger_unread: str = ""
    key_is_here: bool | None = False
    proof_waits: threading.Event | None = None
    """A restore test waits for it, or for its cancelling."""
    calls: list[str] = field(default_factory=list)

    def backups(self) -> BackupShelf:
        """As the scenario has it; without a database the ledger is not read."""
        self.calls.append("backups")
        if self.backups_fail is not None:
            raise self.backups_fail
        unread = self.ledger_unread or ("connection to db01.example.org:5432 refused" if self.down else "")
        kept = [self._backup(number, unread) for number in range(self.n_backups)]
        return BackupShelf(backups=tuple(kept), unread=unread, folder=BACKUPS, max_age_minutes=60)

    def _backup(self, number: int, unread: str) -> KeptBackup:
        taken = NOW - timedelta(minutes=11) - timedelta(hours=5) * number
        name = f"bkp-{taken:%Y%m%dT%H%M%SZ}-{number:08x}.dump.gpg"
        record = record_of(name, taken, ("BDSG-2018", "POL") if number == 1 else (), self.hostile)
        proof = proof_of(record, (BACKED_UP_RUN if number == 0 else OLDER_RUN) + self.hostile)
        whole = KeptBackup(
            file_name=name + self.hostile,
            record=record,
            state=BackupState.FRESH if number == 0 else BackupState.DIGESTS_EQUAL,
            outcome=Outcome.PASS,
            path=f"{BACKUPS}/{name}",
            proofs=() if unread else (proof,),
            counts_until=NOW + timedelta(minutes=49) if number == 0 and not unread else None,
            counts_not=f"not known, the ledger was not read: {unread}" if unread else "" if number == 0 else "each run that it was taken for is over",
            key_is_here=self.key_is_here,
        )  # fmt: skip
        return whole if unread and number != 2 else whole.model_copy(update=_differing(number, whole))

    def compare_backup(self, file_name: str, on_progress: OnProgress, cancelled: Cancelled) -> Check:
        """Equal."""
        self.calls.append(f"compare {file_name}")
        on_progress(
            Progress(run_id=file_name, step="read the file, compare its sha256", done=2_000_000, total=4_398_046)
        )
        return self._proven(file_name, "is the recorded file, byte for byte; it was not decrypted")

    def prove_backup(self, file_name: str, on_progress: OnProgress, cancelled: Cancelled) -> Check:
        """Proven where the private key is."""
        self.calls.append(f"prove {file_name}")
        on_progress(Progress(run_id=file_name, step="decrypt, restore", done=2_000_000))
        while self.proof_waits is not None and not self.proof_waits.wait(0.01):
            if cancelled():
                raise BackupNotProven("the restore test was cancelled", "begin it again when wanted")
        if not self.key_is_here:
            raise BackupNotProven(
                "the file is the recorded one, byte for byte; its private key is not in the key ring here, so it was not decrypted"
                + self.hostile,
                f"Where its private key is: cutter-console backup prove {BACKUPS}/{file_name}",
            )
        return self._proven(file_name, "decrypts, restores, and its digests are those of the record")

    def _proven(self, file_name: str, words: str) -> Check:
        fact = Evidence(id="E/prove", asked="rows and digest", source=file_name, answer="equal", measured_at=NOW)
        return Check(name="backup proven", outcome=Outcome.PASS, detail=f"{file_name} {words}", evidence=(fact,))


def _differing(number: int, whole: KeptBackup) -> dict[str, object]:
    """One of each disagreement: a file that was cut, a row without its file, a file without its row."""
    lone = "a row without its file: neither the file nor its record is in the folder"
    gone = {"record": None, "problem": "the file is not here", "counts_not": "the file is not here"}
    differing: dict[int, dict[str, object]] = {
        2: {"outcome": Outcome.FAIL, "problem": "the file has 12 bytes, the record says 4398046", "counts_not": "the file has 12 bytes, the record says 4398046"},
        3: {"outcome": Outcome.PARTIAL, "disagreements": (lone,), **gone},
        4: {"outcome": Outcome.PARTIAL, "disagreements": ("a file without its row: the ledger has no proof of it",), "proofs": (), "counts_not": "the ledger has it for no run"},
    }  # fmt: skip
    return differing.get(number, {})


UNREADABLE = Unmeasured(
    StopCode.INVARIANT_FAILED,
    f"{BACKUPS} cannot be read: Permission denied",
    "Look at its owner and mode, or open the console as its owner.",
)


REPORTS = "/var/lib/cutter/reports"
SIGNER = "9A1B2C3D4E5F60718293A4B5C3F2A91C05B7D0E4"
_PAGE = """# 04 Approval

| check | outcome | evidence | next action |
|---|---|---|---|
| statement is canonical | PASS | `E1` bytes equal their canonical form | |
| signed by the policy's keys | FAIL | `E2` 0 of 1 signatures | Have the sovereign sign the file: `cutter-console approval draft RUN` |

**Nothing was written.** The run waits for SG_1; see [the guide](https://example.org/guide) and <b>no markup</b>.

1. Draft the statement.
2. Have it signed.

```
cutter-console approval import STATEMENT
```
"""


@dataclass
class FakeReports(FakeReadiness):
    """The part of the fake backend that answers about reports."""

    n_reports: int = 4
    """0 for none; up to 4 kinds of their own, then copies of the first."""
    changed: str = ""
    """Name of a file of the first report that was changed on disk."""
    reports_fail: CutterError | None = None
    gone: set[str] = field(default_factory=set)
    """Reports that are removed by the time they are read."""
    calls: list[str] = field(default_factory=list)

    def reports(self) -> ReportShelf:
        """A run's report, a signed bundle, a batch's, one that a crash left."""
        self.calls.append("reports")
        if self.reports_fail is not None:
            raise self.reports_fail
        entries = tuple(self._entry(number) for number in range(self.n_reports))
        return ReportShelf(folder=REPORTS, reports=tuple(e for e in entries if e.name not in self.gone))

    def _entry(self, number: int) -> ReportEntry:
        kinds = (
            (ReportKind.RUN, BACKED_UP_RUN, f"{BACKED_UP_RUN}-5f70bf18"),
            (ReportKind.BUNDLE, "", "20260301T120300Z-readiness"),
            (ReportKind.BATCH, "ictb-20260301T113000Z-0badcafe", "ictb-20260301T113000Z-0badcafe-5f70bf18"),
            (ReportKind.DRAFT, OLDER_RUN, f".{OLDER_RUN}-00c0ffee.part"),
        )
        kind, subject, name = (
            kinds[number] if number < len(kinds) else (ReportKind.RUN, OLDER_RUN, f"{OLDER_RUN}-{number:08x}")
        )
        return ReportEntry(
            name=name + self.hostile,
            kind=kind,
            subject=subject,
            written_at=NOW - timedelta(hours=number),
            is_signed=kind is ReportKind.BUNDLE,
            is_abandoned=kind is ReportKind.DRAFT,
            path=f"{REPORTS}/{name}",
        )  # fmt: skip

    def verify_reports(self, names: tuple[str, ...]) -> tuple[ReportVerdict, ...]:
        """As the scenario has it."""
        self.calls.append(f"reread {len(names)}")
        return tuple(self._verdict(name) for name in names if name not in self.gone)

    def _verdict(self, name: str) -> ReportVerdict:
        if name.startswith("."):
            detail = "it has no name yet: it is being written, or a crash left it"
            return ReportVerdict(name=name, outcome=Outcome.PARTIAL, detail=detail, signature="not published", files=())
        is_changed = bool(self.changed) and name.startswith(BACKED_UP_RUN)
        files = tuple(
            ReportFile(
                name=file + self.hostile,
                state="ALTERED" if is_changed and file == self.changed else "as written",
                sha256="d1" * 32,
                bytes=1_000 + 17 * number,
            )
            for number, file in enumerate(("04-approval.md", "12-close.md", "off-host/INSTRUCTIONS.md", "report.json"))
        )
        detail = f"NOT AS IT WAS WRITTEN: altered: {self.changed}" if is_changed else "4 files as SHA256SUMS has them"
        return ReportVerdict(
            name=name,
            outcome=Outcome.FAIL if is_changed else Outcome.PASS,
            detail=detail + self.hostile,
            signature=f"signed by {SIGNER}" if "readiness" in name else "not signed",
            files=files,
            sums_sha256="5f70bf18" * 8,
        )

    def report_text(self, name: str, file: str) -> ReportText:
        """A page, or JSON."""
        self.calls.append(f"text {file}")
        if name in self.gone:
            raise Unmeasured(
                StopCode.INVARIANT_FAILED, f"{REPORTS}/{name} cannot be read: No such file", "See the list"
            )
        text = _PAGE + self.hostile if ".md" in file else '{"run_id": "ictr"}\n' + self.hostile
        is_changed = self.changed != "" and file == self.changed and name.startswith(BACKED_UP_RUN)
        state = "ALTERED since it was written" if is_changed else "as written"
        return ReportText(file=file, text=text, state=state, is_whole=True)

    def export_report(self, name: str, folder: Path) -> ExportedReport:
        """Copied, unless it was changed."""
        self.calls.append(f"export {name} {folder}")
        if self.changed and name.startswith(BACKED_UP_RUN):
            raise Drifted(
                StopCode.DRIFT,
                f"{name} is not exported: altered: {self.changed}",
                f"cutter-console reports show {name}",
            )
        return ExportedReport(name=name, path=f"{folder}/{name}", n_files=6, bytes=48_000)

"""The journals of the fake backend: real files in a folder of its own, read by what reads them on a host; their path is pinned."""

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from console.backend.journal.journal import JournalVerdict, verify_journal
from console.backend.journal.journal_pages import JournalEntry, JournalPage, JournalQuery, read_entry, read_page
from console.backend.journal.journal_record import BEGINNING, AnchoredEvent, Body, Field, Record, RecordKind
from console.backend.model.canonical_json import canonical_json, digest
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.states import Phase
from console.backend.model.view_models import OnProgress, Progress
from console.backend.runs.journals import JournalFile
from tests.support.fake_gates import NOW, FakeReadiness

JOURNAL_RUN = "ictr-20260301T135200Z-9f3c21ab"
OTHER_RUN = "ictr-20260228T090000Z-00c0ffee"
_BEGUN = NOW - timedelta(minutes=10)


def journal_lines(
    run_id: str, n_records: int, *, hostile: str = "", sequence: int = 0, previous: str = BEGINNING
) -> Iterator[bytes]:
    """Lines of a sound journal: per phase an intent, the transaction, the result; a second between two."""
    phases = list(Phase)
    for number in range(sequence, sequence + n_records):
        phase = phases[(number - 1) // 3 % len(phases)]
        if number == 0:
            kind, name, values = RecordKind.NOTE, "journal", {"run_id": run_id, "nonce": "c0ffee" * 5}
        elif number % 3 == 1:
            kind, name, values = RecordKind.INTENT, phase.value, {"mode": "LIVE" + hostile}
        elif number % 3 == 2:
            kind, name, values = (
                RecordKind.NOTE,
                phase.value,
                {"xid": str(700 + number), "role": "cutter_exec", "event": "none"},
            )
        else:
            kind, name = RecordKind.RESULT, phase.value
            values = {"outcome": "PASS", "detail": f"{phase.value} ended: điều {number}, 3 checks passed{hostile}"}
        body = Body(
            sequence=number,
            time=(_BEGUN + timedelta(seconds=number)).isoformat(timespec="microseconds"),
            previous=previous,
            kind=kind,
            phase=name,
            fields=tuple(Field(key=key, value=value) for key, value in values.items()),
        )
        record = Record(**dict(body), hash=digest(body))
        previous = record.hash
        yield canonical_json(record) + b"\n"


def last_record(path: Path) -> Record:
    """The last record of a journal whose last line is whole."""
    return Record.model_validate_json(path.read_bytes().splitlines()[-1])


@dataclass
class FakeJournals(FakeReadiness):
    """Answers about journals; a test may set the fields before, and change the files while the console runs."""

    n_records: int = 62
    """Of the newest journal; 62 ends with an intent's note, 61 with a result."""
    no_journals: bool = False
    damage: str = ""
    """`edited`, `torn`, `garbage`, or empty."""
    journal_is_elsewhere: bool = False
    journal_is_written: bool = False
    journal_fails: CutterError | None = None
    calls: list[str] = field(default_factory=list)
    _folder: Path | None = field(default=None, repr=False)

    def journal_path(self, run_id: str = JOURNAL_RUN) -> Path:
        """The file, which is made at the first question."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="fake-journals-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / f"{run_id}.jsonl"
        if not path.exists():
            n_records = self.n_records if run_id == JOURNAL_RUN else 7
            lines = list(journal_lines(run_id, n_records, hostile=self.hostile))
            if self.damage == "edited":
                lines[-5] = lines[-5].replace(b"T13:", b"T12:")
            if self.damage == "garbage":
                lines.insert(-2, b"\x00\xff\x1b[31m not a record\n")
            path.write_bytes(b"".join(lines) + (b'{"fields":[{"key"' if self.damage == "torn" else b""))
        return path

    def grow(self, n_records: int) -> None:
        """Append records, as another console does."""
        last = last_record(self.journal_path())
        with self.journal_path().open("ab") as stream:
            stream.writelines(journal_lines(JOURNAL_RUN, n_records, sequence=last.sequence + 1, previous=last.hash))

    def journals(self) -> tuple[JournalFile, ...]:
        """Two of them, unless there are none; no database is asked."""
        self.calls.append("journals")
        if self.no_journals:
            return ()
        runs = {JOURNAL_RUN: NOW - timedelta(minutes=3), OTHER_RUN: NOW - timedelta(days=1)}
        return tuple(
            JournalFile(run_id=run_id, bytes=self.journal_path(run_id).stat().st_size, written_at=at)
            for run_id, at in runs.items()
        )

    def journal_page(self, query: JournalQuery) -> JournalPage:
        """Read from the file."""
        self.calls.append(f"journal {query.at} {query.back} {query.goto} {query.only} {query.word}".strip())
        if self.journal_fails is not None:
            raise self.journal_fails
        if self.journal_is_elsewhere:
            raise Refused(
                StopCode.REFUSED_INPUT,
                f"no journal of {query.run_id} below /var/lib/cutter/runs: the files of the run are not there: "
                "bert started it on db02.example.org, and it goes on there",
                f"Look at it: cutter-console run show {query.run_id}",
            )
        run_id = query.run_id
        page = read_page(self.journal_path(run_id), query)
        pinned = f"/var/lib/cutter/runs/{run_id}/journal.jsonl"
        return page.model_copy(update={"path": pinned, "is_written": self.journal_is_written})

    def journal_entry(self, run_id: str, offset: int) -> JournalEntry:
        """One record, whole."""
        self.calls.append(f"record {offset}")
        entry = read_entry(self.journal_path(run_id), offset)
        assert entry is not None
        return entry

    def verify_journal(self, run_id: str, on_progress: OnProgress) -> JournalVerdict:
        """As on a host, with the last sound record anchored; without the database the anchors are not read."""
        self.calls.append(f"verify journal {run_id}")
        records = [Record.model_validate_json(line) for line in journal_lines(JOURNAL_RUN, self.n_records)]
        event = AnchoredEvent(
            id=7,
            phase="rest",
            sequence=records[-1].sequence,
            hash=records[-1].hash,
            is_ours=True,
            actor="cutter_exec",
            at="then",
        )
        events = () if self.down else (event,)
        on_progress(Progress(run_id=run_id, step="bytes verified", done=1, total=2))
        return verify_journal(
            self.journal_path(),
            events,
            JOURNAL_RUN,
            unread="connection to db01.example.org refused" if self.down else "",
        )

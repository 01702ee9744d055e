"""The run's journal: append-only JSON lines chained by hash, one write and one fsync a record."""

import errno
import fcntl
import os
import secrets
import stat
import threading
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Self

from console.backend.host.cluster_directory import hidden_name
from console.backend.host.context import Context
from console.backend.host.durable import sync_directory, write_new_file
from console.backend.journal.journal_record import (
    BEGINNING,
    GENESIS_PHASE,
    MAX_RECORD_BYTES,
    Acknowledged,
    Anchor,
    AnchoredEvent,
    Body,
    Field,
    OnRecord,
    Record,
    RecordKind,
    Scan,
    acknowledged,
    scan,
)
from console.backend.model.canonical_json import canonical_json, digest
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.redaction import redact_texts, refuse_secret_keys
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

__all__ = ["Anchor", "Field", "Journal", "JournalVerdict", "Record", "RecordKind", "read_journal", "verify_journal"]

_NOT_A_REGULAR_FILE = {errno.ELOOP, errno.EISDIR, errno.ENXIO}
"""Errors of opening a link without following it, a directory for writing, and a socket."""
REPLACES = "replaces"
"""The field of a journal that stands in for a damaged one."""
_ADVICE = "Keep the file as it is, compare it with the anchors in the database, and decide by evidence."


class JournalVerdict(Value):
    """Verdict on a journal as a record."""

    outcome: Outcome
    """PASS only if every record is anchored; an intact chain without an anchor is PARTIAL: it may have lost its end."""
    detail: SafeText
    records: int = 0
    run_id: str = ""
    head: Anchor | None = None
    first_bad: int | None = None
    """Sequence of the first record that is not what was written, counted from 0."""
    torn_bytes: int = 0
    first_false: SafeText = ""
    """The first event of this journal's writer whose record is not in the journal as anchored; empty if there is none."""
    strangers: tuple[SafeText, ...] = ()
    """Events that were written without the journal's key; they say nothing about the journal."""
    gone: tuple[SafeText, ...] = ()
    """Records that the journal has acknowledged and the database does not have: a failover or a restore lost them."""
    unanchored: int = 0
    """Records after the last anchor: nothing outside of the file vouches for them yet."""


class Journal:
    """The one writer of a journal; the lock on the file dies with its holder.

    Made by `create` or `resume`; close it, or use it in a `with` block.
    """

    def __init__(self, path: Path, descriptor: int, context: Context, head: Anchor | None) -> None:
        self.path = path
        self._descriptor = descriptor
        self._context = context
        self._head = head
        self._mutex = threading.Lock()
        self._size: int | None = None
        self.anchored: Anchor | None = None
        """The last anchor as it was when the journal was opened, if it was asked for."""

    @classmethod
    def create(cls, path: Path, run_id: str, context: Context) -> Self:
        """Begin a journal: it appears under its name with its first record in it, or not at all.

        The first record holds the run id and a nonce, so that no other journal can take its place.
        Raises Refused (LOCKED) if the path is taken.
        """
        draft = path.with_name(hidden_name(path.name))
        journal = cls(draft, os.open(draft, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o640), context, None)
        try:
            # The mode given to open() is reduced by the umask.
            os.fchmod(journal._descriptor, 0o640)
            _lock(journal._descriptor, path)
            fields = (Field(key="run_id", value=run_id), Field(key="nonce", value=context.token_hex(16)))
            journal.append(RecordKind.NOTE, GENESIS_PHASE, fields)
            # A link fails if the name is taken; a rename would replace the journal that has it.
            os.link(draft, path)
        except FileExistsError as error:
            journal.close()
            raise Refused(StopCode.LOCKED, f"{path} exists already", "Resume the run that it belongs to.") from error
        except (CutterError, OSError):
            journal.close()
            raise
        finally:
            draft.unlink()
        journal.path = path
        sync_directory(path.parent)
        return journal

    @classmethod
    def resume(
        cls,
        path: Path,
        run_id: str,
        context: Context,
        last_anchor: Callable[[], Anchor | None] | None = None,
        *,
        collected: list[Record] | None = None,
    ) -> Self:
        """Go on with a journal after verifying all of it, against the last anchor, which is asked for under its lock.

        `collected` gets the records that were verified, as `read_journal` returns them, so that nobody reads it again for them.

        A torn tail is moved aside to `<name>.torn-<sequence>` and a note says so; nothing else is
        repaired. Raises Refused (LOCKED) while another writer has it, Drifted
        (INVARIANT_FAILED) if it is missing or naming its first bad record, Unmeasured if it cannot be read.
        """
        try:
            descriptor = open_journal_file(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError as error:
            raise _broken(path, "is missing") from error
        except OSError as error:
            raise Unmeasured(StopCode.INVARIANT_FAILED, f"{path}: {error.strerror}", "Look at its owner.") from error
        try:
            # Locked before it is read, so that no other writer appends behind what was verified.
            _lock(descriptor, path)
            anchor = None if last_anchor is None else last_anchor()
            scanned = _scan_descriptor(descriptor, anchor, collected=collected)
            _require_sound(path, run_id, scanned)
            journal = cls(path, descriptor, context, scanned.head)
            journal.anchored = anchor
            journal._size = scanned.good_bytes + scanned.torn_bytes
            if scanned.torn_bytes:
                journal._move_torn_tail_aside(scanned)
        except (CutterError, OSError):
            os.close(descriptor)
            raise
        return journal

    @classmethod
    def replace(cls, path: Path, run_id: str, context: Context, reason: str) -> Self:
        """Begin another journal if the old one is missing or damaged, so that the run can be ended.

        The old file is kept beside it, `<name>.damaged-<hex>`, and the new journal's second record says so. It does not
        pass for the old one: its events do not stand under the old one's anchors.
        """
        aside = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
        with suppress(FileNotFoundError):
            path.rename(aside)
        journal = cls.create(path, run_id, context)
        journal.append(
            RecordKind.NOTE, GENESIS_PHASE, (Field(key=REPLACES, value=aside.name), Field(key="because", value=reason))
        )
        return journal

    @property
    def head(self) -> Anchor:
        """The last record's sequence and hash: what is anchored in the database with the effect it covers."""
        assert self._head is not None
        return self._head

    def append(self, kind: RecordKind, phase: str, fields: Iterable[Field] = ()) -> Anchor:
        """Write one record, durably, and return the new head.

        Values are redacted and made inert. Raises Refused for a key that names a secret and for a record over
        MAX_RECORD_BYTES, Drifted if the file is not as this writer left it, Unmeasured if it cannot be written.
        """
        given = tuple(fields)
        texts = redact_texts(field.value for field in given)
        clean = tuple(Field(key=field.key, value=safe_text(text)) for field, text in zip(given, texts, strict=True))
        refuse_secret_keys({field.key: "" for field in clean}, f"the record {phase} of {self.path.name}")
        with self._mutex:
            sequence = 0 if self._head is None else self._head.sequence + 1
            body = Body(
                sequence=sequence,
                time=self._context.now().astimezone(UTC).isoformat(timespec="microseconds"),
                previous=BEGINNING if self._head is None else self._head.hash,
                kind=kind,
                phase=phase,
                fields=clean,
            )
            record = Record(**dict(body), hash=digest(body))
            self._write(canonical_json(record) + b"\n")
            self._head = Anchor(sequence=sequence, hash=record.hash)
            return self._head

    def _write(self, line: bytes) -> None:
        if len(line) > MAX_RECORD_BYTES:
            raise Refused(StopCode.CAP_EXCEEDED, f"a journal record of {len(line)} bytes", "Record a digest instead.")
        size = self._untouched_size()
        try:
            # One call: a record written by two would be torn by a kill between them.
            written = os.write(self._descriptor, line)
            if written == len(line):
                os.fsync(self._descriptor)
                self._size = size + written
                return
            # The disk is full: the half line goes, or the next record would stand on the same line.
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            raise self._unwritten(error.strerror or "error") from error
        raise self._unwritten(f"{written} of {len(line)} bytes")

    def _unwritten(self, cause: str) -> Unmeasured:
        return Unmeasured(
            StopCode.INVARIANT_FAILED,
            f"{self.path} could not be written: {cause}",
            f"Make room on the disk; then: cutter-console run settle {self.path.parent.name}",
        )

    def _untouched_size(self) -> int:
        """Return the file's size. Raises Drifted if it was removed, replaced or changed since this writer's last record."""
        opened = os.fstat(self._descriptor)
        # The first record goes into the hidden draft, to which only this writer has the name.
        if self._head is None:
            return opened.st_size
        try:
            named = self.path.lstat()
        except FileNotFoundError as error:
            raise _broken(self.path, "was removed while it was written") from error
        if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
            raise _broken(self.path, "was replaced while it was written")
        if opened.st_size != (opened.st_size if self._size is None else self._size):
            raise _broken(self.path, f"was changed by another hand after record {self._head.sequence}")
        return opened.st_size

    def _move_torn_tail_aside(self, scanned: Scan) -> None:
        assert scanned.head is not None
        aside = self.path.with_name(f"{self.path.name}.torn-{scanned.head.sequence + 1}-{secrets.token_hex(4)}")
        # The copy is durable before the journal is cut, so a crash in between loses no byte; the random part of the
        # name lets the next attempt make its own copy.
        tail = os.pread(self._descriptor, scanned.torn_bytes, scanned.good_bytes)
        write_new_file(aside, tail)
        os.ftruncate(self._descriptor, scanned.good_bytes)
        os.fsync(self._descriptor)
        self._size = scanned.good_bytes
        fields = (Field(key="torn_bytes", value=str(scanned.torn_bytes)), Field(key="moved_to", value=aside.name))
        self.append(RecordKind.NOTE, GENESIS_PHASE, fields)

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


OnBytes = Callable[[int, int], None]
"""Called now and then with the bytes that were verified, and all of them."""
_TOLD_EVERY = 500
"""Records between two calls of it."""


def verify_journal(
    path: Path,
    events: tuple[AnchoredEvent, ...] = (),
    run_id: str = "",
    on_bytes: OnBytes = lambda _done, _total: None,
    *,
    unread: str = "",
    collected: list[Record] | None = None,
) -> JournalVerdict:
    """Compare the journal with its own chain and with every event that the database has of it.

    Finds edits, deletions, reordering, and with events also truncation and replacement. A missing journal is FAIL, an
    unreadable one INCONCLUSIVE; nothing is raised. `unread` says why the events could not be read: an intact chain is
    then INCONCLUSIVE. Of the records only those are kept that the verdict names; `collected` gets all, as `read_journal`
    returns them, and none of a journal whose chain is broken.
    """
    witness, records = _Witness(events, on_bytes), None if collected is None else list[Record]()
    try:
        descriptor = open_journal_file(path)
    except FileNotFoundError:
        return JournalVerdict(outcome=Outcome.FAIL, detail=f"{path} is missing", first_bad=0)
    except Drifted as error:
        return JournalVerdict(outcome=Outcome.FAIL, detail=error.message, first_bad=0)
    except OSError as error:
        return JournalVerdict(outcome=Outcome.INCONCLUSIVE, detail=f"{path}: {error.strerror}")
    try:
        witness.total = os.fstat(descriptor).st_size
        scanned = _scan_descriptor(descriptor, None, witness.take, collected=records)
    except OSError as error:
        return JournalVerdict(outcome=Outcome.INCONCLUSIVE, detail=f"{path}: {error.strerror}")
    finally:
        os.close(descriptor)
    if collected is not None and not scanned.wrong:
        collected += records or ()
    gone = () if unread else tuple(_named(effect) for effect in witness.acknowledged.effects)
    return _verdict(scanned, witness.hashes, events, run_id, gone, unread)


class _Witness:
    """Keeps of the records, as they pass, the few facts that the verdict needs."""

    def __init__(self, events: tuple[AnchoredEvent, ...], on_bytes: OnBytes) -> None:
        self.acknowledged = Acknowledged({event.anchor for event in events})
        self.hashes: dict[int, str] = {}
        """Hashes of the records that events name."""
        self.total = 0
        self._named = {event.sequence for event in events}
        self._on_bytes = on_bytes

    def take(self, record: Record, behind: int) -> None:
        self.acknowledged.take(record)
        if record.sequence in self._named:
            self.hashes[record.sequence] = record.hash
        if record.sequence % _TOLD_EVERY == 0:
            self._on_bytes(behind, self.total)


def acknowledged_and_gone(records: Iterable[Record], anchors: Container[Anchor]) -> tuple[str, ...]:
    """Pure: the acknowledged effects whose events are not among those that the database has."""
    return tuple(
        _named(effect)
        for effect in acknowledged(records)
        if Anchor(sequence=effect.sequence, hash=effect.hash) not in anchors
    )


def _named(effect: Record) -> str:
    return f"{effect.phase} (transaction {effect.value('xid')}, record {effect.sequence} of {effect.time})"


def read_journal(path: Path) -> tuple[Record, ...]:
    """Return the records of a sound journal, in order, without a torn tail.

    Raises Drifted naming the first bad record, or if the file is missing or cannot be read.
    """
    try:
        descriptor = open_journal_file(path)
    except OSError as error:
        raise _broken(path, f"cannot be read: {error.strerror}") from error
    records: list[Record] = []
    try:
        scanned = _scan_descriptor(descriptor, None, collected=records)
    finally:
        os.close(descriptor)
    _require_sound(path, "", scanned)
    return tuple(records)


def _verdict(
    scanned: Scan,
    hashes: dict[int, str],
    events: tuple[AnchoredEvent, ...],
    run_id: str,
    gone: tuple[str, ...],
    unread: str,
) -> JournalVerdict:
    """Pure: a fault of the chain first, then the first false anchor, then lost effects, then records that no anchor covers."""
    false_events = [event for event in events if hashes.get(event.sequence) != event.hash]
    first_false = next((event for event in false_events if event.is_ours), None)
    strangers = tuple(str(event) for event in false_events if not (event.is_ours or event.is_elsewhere))
    anchored = max((event.sequence for event in events if event.is_ours and event not in false_events), default=-1)
    # Without any anchor of ours the number would be that of all records, which `_sound` says in other words.
    unanchored = scanned.records - 1 - anchored if anchored >= 0 else 0
    broken = scanned.wrong or _other_run(scanned, run_id)
    first_bad: int | None = scanned.first_bad if scanned.wrong else 0
    if not broken and first_false is not None:
        lost = first_false.sequence not in hashes
        first_bad = scanned.records if lost else first_false.sequence
        fault = (
            "is missing: the journal was cut off" if lost else "is another one: the journal was replaced or rewritten"
        )
        broken = f"record {first_bad} {fault}, says {first_false}"
    if not broken and gone:
        broken, first_bad = f"acknowledged, and gone from the database: {'; '.join(gone)}", None
    if broken:
        outcome, detail = Outcome.FAIL, broken
    elif unread:
        outcome, detail = Outcome.INCONCLUSIVE, f"{_intact(scanned)}; its anchors could not be read: {unread}"
    else:
        outcome, detail = _sound(scanned, events, unanchored, strangers)
    return JournalVerdict(
        outcome=outcome,
        detail=detail,
        records=scanned.records,
        run_id=scanned.run_id,
        head=scanned.head,
        first_bad=first_bad if broken else None,
        torn_bytes=scanned.torn_bytes,
        first_false=str(first_false) if first_false is not None else "",
        strangers=strangers,
        gone=gone,
        unanchored=unanchored,
    )


def _sound(
    scanned: Scan, events: tuple[AnchoredEvent, ...], unanchored: int, strangers: tuple[str, ...]
) -> tuple[Outcome, str]:
    """Judge an intact chain: PASS if every record is anchored and every event is the journal's own, else PARTIAL."""
    ours = [event for event in events if event.is_ours]
    notes = []
    if not ours:
        notes.append("no anchor to compare with: a lost end cannot be seen")
    if unanchored:
        notes.append(f"the last {unanchored} are newer than the last anchor, and nothing vouches for them yet")
    if strangers:
        notes.append(f"written by somebody else, not by this journal's console: {'; '.join(strangers)}")
    if scanned.torn_bytes:
        notes.append(f"a torn tail of {counted(scanned.torn_bytes, 'byte')}, which the next writer moves aside")
    detail = _intact(scanned)
    if ours:
        last = ours[-1].sequence
        detail += (
            f", its anchor at {last} equal"
            if len(ours) == 1
            else f", all {len(ours)} anchors equal, the last at {last}"
        )
    return (Outcome.PARTIAL if notes else Outcome.PASS), "; ".join((detail, *notes))


def _intact(scanned: Scan) -> str:
    return f"{counted(scanned.records, 'record')}, chain intact"


def _other_run(scanned: Scan, run_id: str) -> str:
    return f"it belongs to run {scanned.run_id}, not to {run_id}" if run_id and scanned.run_id != run_id else ""


def _require_sound(path: Path, run_id: str, scanned: Scan) -> None:
    if problem := scanned.wrong or _other_run(scanned, run_id):
        raise _broken(path, problem)


def _broken(path: Path, fault: str) -> Drifted:
    return Drifted(StopCode.INVARIANT_FAILED, f"the journal {path} {fault}", _ADVICE)


def open_journal_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open the journal without following a link. Raises OSError, and Drifted for anything but a regular file."""
    try:
        # O_NONBLOCK: to open a FIFO in the journal's place would wait for its other end.
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NOT_A_REGULAR_FILE:
            raise _broken(path, "is not a regular file") from error
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise _broken(path, "is not a regular file")


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        # /proc/locks is there on every Linux; lslocks is a package of its own on some.
        holder = f"Use that console, or end it first (its process is in: grep ':{os.fstat(descriptor).st_ino} ' /proc/locks)."
        raise Refused(StopCode.LOCKED, f"another console writes {path}", holder) from error


def _scan_descriptor(
    descriptor: int, anchor: Anchor | None, on_record: OnRecord | None = None, *, collected: list[Record] | None = None
) -> Scan:
    # A duplicate: the stream closes its own descriptor, and the lock must outlive it.
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        stream.seek(0)
        return scan(stream, anchor, on_record, collected)

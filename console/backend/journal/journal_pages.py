"""Pages of a journal, read from the file by their place: no more of it is held than one page, however long it is.

A page shows what lies there, sound or not: each record is proved by itself and against the line before it, and an intent
without a result is marked. Only `verify_journal` proves the whole chain.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from console.backend.journal.journal import open_journal_file
from console.backend.journal.journal_record import (
    MAX_RECORD_BYTES,
    Anchor,
    Record,
    RecordKind,
    changed,
    parse_line,
    unchained,
)
from console.backend.model.as_of import place_in_time
from console.backend.model.counting import counted
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

MOST_OF_A_PAGE = 500
"""Records of a page at most."""
_BLOCK = 64 * 1024
_MOST_LOOKED_AT = 20_000
"""Lines that one question looks at for a word; whoever asks goes on from where it ended."""
_MOST_PROVED = 4_000
"""The same where each line must be proved to be filtered."""
_MOST_AHEAD = 200
"""Records behind an intent in which its result is looked for."""
_MOST_SHOWN = 400
"""Characters of a value on a page; `journal_entry` has it whole."""
_MOST_FIELDS = 40
_MOST_BYTES = 8 << 20
"""Bytes of the records of one page; a longer page ends after the record that reaches it."""
_RECORD = re.compile(r"#?(\d{1,15})", re.ASCII)
_PART = re.compile(r"\w+")


class Only(StrEnum):
    """The records that are wanted; MARKED are those that are wrong, and intents without a result."""

    ALL = "all"
    INTENT = "intent"
    RESULT = "result"
    NOTE = "note"
    MARKED = "marked"


class EntryField(Value):
    """A named value of a record, inert."""

    key: SafeText
    value: SafeText


class JournalEntry(Value):
    """One line of a journal as it lies in the file; `number`, `kind` and `at` are None for a line that is no record."""

    offset: int
    """Byte of the file at which it begins."""
    length: int
    number: int | None = None
    kind: RecordKind | None = None
    at: datetime | None = None
    phase: SafeText = ""
    fields: tuple[EntryField, ...] = ()
    previous: SafeText = ""
    hash: SafeText = ""
    fault: SafeText = ""
    """The first fault, of the line by itself or behind the line before it; empty if there is none."""
    lacks: SafeText = ""
    """For an intent without a result, the reason; else empty."""
    is_cut: bool = False
    """True if values are longer than a page shows them."""


class JournalQuery(Value):
    """The page that is wanted: from `at` on or, with `back`, the one that ends there; None is the end of the journal."""

    run_id: str
    at: int | None = None
    back: bool = False
    goto: str = ""
    """A record's number, a time of day, a day or a time with its offset: the page begins there instead."""
    context: int = 0
    """Records before that place that are wanted too."""
    limit: int = 150
    whole: bool = False
    """True if values are wanted whole, however long they are."""
    only: Only = Only.ALL
    word: str = ""
    """Occurs in the record as it is shown, such as `xid 702`; in any case of its letters."""


class JournalPage(Value):
    """Records in the order of the file, and where it stands as a whole."""

    run_id: str
    path: SafeText
    entries: tuple[JournalEntry, ...]
    begins_at: int
    ends_at: int
    """The bytes that were looked at lie between the two."""
    complete: int
    """The byte behind the last whole line."""
    torn_bytes: int
    """Bytes behind it: a record that was not written to its end."""
    target: int | None = None
    """The byte of the first record at the place that was asked for, or behind it."""
    newest: int | None = None
    """Number of the last record; None if the last line is none."""
    newest_at: datetime | None = None
    file_id: str
    """Differs if another file has taken the journal's name."""
    is_written: bool = False
    """True while a process has the journal open to write it."""

    @property
    def more_before(self) -> bool:
        """True if there is more before the bytes that were looked at."""
        return self.begins_at > 0

    @property
    def more_behind(self) -> bool:
        """True if there is more behind the bytes that were looked at."""
        return self.ends_at < self.complete


def read_page(path: Path, query: JournalQuery) -> JournalPage:
    """Return a page. Raises OSError, Drifted for anything but a regular file, UsageError for a place that is none."""
    descriptor = open_journal_file(path)
    try:
        return _File(descriptor).page(path, query)
    finally:
        os.close(descriptor)


def read_entry(path: Path, offset: int) -> JournalEntry | None:
    """Return the line at this byte with all its values whole; None if nothing begins there any more. Raises as `read_page`."""
    descriptor = open_journal_file(path)
    try:
        file = _File(descriptor)
        line = next(file.lines(offset), None)
        return None if line is None else file.entry(*line, whole=True)
    finally:
        os.close(descriptor)


class _File:
    """The file as long as it was when it was opened."""

    def __init__(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self._descriptor = descriptor
        self.size = status.st_size
        self.id = f"{status.st_dev}:{status.st_ino}"
        self.complete = self._last_line_end()
        self._before: tuple[int, Record | None] | None = None
        """The byte behind the line that was read last, and its record."""

    def _last_line_end(self) -> int:
        """Return the byte behind the last line end; what has none in the length of a record is no torn tail, but a line."""
        position = self.size
        while position > 0 and self.size - position <= MAX_RECORD_BYTES:
            begin = max(position - _BLOCK, 0)
            place = os.pread(self._descriptor, position - begin, begin).rfind(b"\n")
            if place >= 0:
                return begin + place + 1
            position = begin
        return 0 if self.size <= MAX_RECORD_BYTES else self.size

    # Lines

    def lines(self, at: int) -> Iterator[tuple[int, int, bytes]]:
        """Give place, length and bytes of each line from this byte on; a line that is too long for a record gives none."""
        position, rest = at, b""
        dropped = 0
        begins = at
        while position < self.complete:
            block = os.pread(self._descriptor, min(_BLOCK, self.complete - position), position)
            if not block:
                return
            position += len(block)
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                length = dropped + len(line) + 1
                yield begins, length, b"" if dropped or length > MAX_RECORD_BYTES else line + b"\n"
                begins, dropped = begins + length, 0
            if len(rest) > MAX_RECORD_BYTES:
                dropped, rest = dropped + len(rest), b""
        if rest or dropped:
            yield begins, dropped + len(rest), b""

    def lines_before(self, at: int) -> Iterator[tuple[int, int, bytes]]:
        """Give the lines that end before this byte, the last one first."""
        ends = at
        # The line's own end is left out; what follows is cut at the ends of the lines before it.
        position = at - 1 if at and os.pread(self._descriptor, 1, at - 1) == b"\n" else at
        rest, dropped = b"", 0
        while position > 0:
            begin = max(position - _BLOCK, 0)
            rest, *whole = (os.pread(self._descriptor, position - begin, begin) + rest).split(b"\n")
            position = begin
            for line in reversed(whole):
                length = dropped + len(line) + 1
                yield ends - length, length, b"" if dropped or length > MAX_RECORD_BYTES else line + b"\n"
                ends, dropped = ends - length, 0
            if len(rest) > MAX_RECORD_BYTES:
                dropped, rest = dropped + len(rest), b""
        if ends > 0:
            yield 0, ends, b"" if dropped or ends > MAX_RECORD_BYTES else rest + b"\n"

    # One entry

    def entry(self, offset: int, length: int, line: bytes, *, whole: bool = False) -> JournalEntry:
        """Return what the line says, proved by itself and behind the line before it."""
        if not line:
            fault = f"it is not a journal record: {counted(length, 'byte')} without a line end of the journal's"
            self._before = (offset + length, None)
            return JournalEntry(offset=offset, length=length, fault=fault)
        record, fault = parse_line(line)
        head = self._record_before(offset)
        self._before = (offset + length, record)
        if record is None:
            text = line.decode("utf-8", "replace").rstrip("\n")
            shown = text if whole else text[:_MOST_SHOWN]
            fields = (EntryField(key="as it stands in the file", value=shown),)
            return JournalEntry(offset=offset, length=length, fields=fields, fault=fault, is_cut=len(shown) < len(text))
        if head is not None or offset == 0:
            fault = unchained(record, None if head is None else Anchor(sequence=head.sequence, hash=head.hash))
        shown_fields = tuple(
            EntryField(key=field.key, value=field.value if whole else field.value[:_MOST_SHOWN])
            for field in (record.fields if whole else record.fields[:_MOST_FIELDS])
        )
        is_cut = len(shown_fields) < len(record.fields) or any(
            len(field.value) > _MOST_SHOWN for field in record.fields
        )
        return JournalEntry(
            offset=offset,
            length=length,
            number=record.sequence,
            kind=record.kind,
            at=_moment(record),
            phase=record.phase,
            fields=shown_fields,
            previous=record.previous,
            hash=record.hash,
            fault=fault or changed(record),
            lacks=self._lacks(offset + length) if record.kind is RecordKind.INTENT else "",
            is_cut=is_cut and not whole,
        )

    def _record_before(self, offset: int) -> Record | None:
        if self._before is not None and self._before[0] == offset:
            return self._before[1]
        line = next(self.lines_before(offset), None)
        return parse_line(line[2])[0] if line is not None and line[2] else None

    def _lacks(self, behind: int) -> str:
        """Return why the intent before this byte has no result, as `runs.operations.unfinished` understands it; empty if it has one."""
        for looked_at, (_, _, line) in enumerate(self.lines(behind)):
            if looked_at == _MOST_AHEAD:
                return f"no result in the {_MOST_AHEAD} records behind it"
            record, _ = parse_line(line) if line else (None, "")
            if record is not None and record.kind is RecordKind.RESULT:
                return ""
            if record is not None and record.kind is RecordKind.INTENT:
                return "no result: the next operation began without it"
        return "no result: it is at work, or was interrupted"

    # Places

    def _begin_of(self, query: JournalQuery) -> int | None:
        """Return the first record at the place that is asked for; None if it asks for none, or nothing is there."""
        goto = query.goto.strip()
        if not goto:
            return None
        if number := _RECORD.fullmatch(goto):
            return self._first(lambda record: record.sequence >= int(number[1]))
        moment = self._moment_of(goto)
        return self._first(lambda record: (_moment(record) or datetime.max.replace(tzinfo=UTC)) >= moment)

    def _moment_of(self, text: str) -> datetime:
        newest = self._newest()
        last = (_moment(newest) if newest is not None else None) or datetime.now(UTC)
        return place_in_time("The place", text, last)

    def _first(self, is_there: Callable[[Record], bool]) -> int | None:
        """Return the byte of the first record for which this is so, by halves: numbers and times grow along the file."""
        low, high, place = 0, self.complete, None
        while low < high:
            middle = (low + high) // 2
            record, offset, behind = self._record_from(middle, high)
            if record is None or is_there(record):
                place, high = (offset if record is not None else place), middle
            else:
                low = behind
        return place

    def _record_from(self, at: int, end: int) -> tuple[Record | None, int, int]:
        """Return the first record that begins at this byte or behind it, its place, and the byte behind it."""
        # A line that begins before `at` is passed over, unless `at` is a line's beginning.
        begin = at if at == 0 or os.pread(self._descriptor, 1, at - 1) == b"\n" else None
        for offset, length, line in self.lines(at):
            if offset >= end:
                break
            if begin is None and offset == at:
                continue
            record = parse_line(line)[0] if line else None
            if record is not None:
                return record, offset, offset + length
        return None, end, end

    def _newest(self) -> Record | None:
        line = next(self.lines_before(self.complete), None)
        return parse_line(line[2])[0] if line is not None and line[2] else None

    # A page

    def page(self, path: Path, query: JournalQuery) -> JournalPage:
        target = self._begin_of(query)
        begins, ends, entries = self._entries(query, target)
        newest = self._newest()
        return JournalPage(
            run_id=query.run_id,
            path=str(path),
            entries=entries,
            begins_at=begins,
            ends_at=ends,
            complete=self.complete,
            torn_bytes=self.size - self.complete,
            target=target,
            newest=newest.sequence if newest is not None else None,
            newest_at=_moment(newest) if newest is not None else None,
            file_id=self.id,
        )

    def _entries(self, query: JournalQuery, target: int | None) -> tuple[int, int, tuple[JournalEntry, ...]]:
        limit = max(1, min(query.limit, MOST_OF_A_PAGE))
        if query.goto and target is None:
            return self._walk_back(query, self.complete, limit)
        if target is None and (query.at is None or query.back):
            return self._walk_back(query, self.complete if query.at is None else min(query.at, self.complete), limit)
        begin = min(target if target is not None else query.at or 0, self.complete)
        begins, _, before = (begin, begin, ()) if not query.context else self._walk_back(query, begin, query.context)
        self._before = None
        entries, looked_at, ends = list(before), 0, begin
        for line in self.lines(begin):
            if len(entries) == limit + len(before) or looked_at == _most(query) or _is_full(entries):
                break
            looked_at, ends = looked_at + 1, line[0] + line[1]
            if (entry := self._wanted(query, *line)) is not None:
                entries.append(entry)
        return begins, ends, tuple(entries)

    def _walk_back(self, query: JournalQuery, end: int, limit: int) -> tuple[int, int, tuple[JournalEntry, ...]]:
        entries: list[JournalEntry] = []
        begins, looked_at = end, 0
        for line in self.lines_before(end):
            if len(entries) == limit or looked_at == _most(query) or _is_full(entries):
                break
            begins, looked_at = line[0], looked_at + 1
            if (entry := self._wanted(query, *line)) is not None:
                entries.append(entry)
        return begins, end, tuple(reversed(entries))

    def _wanted(self, query: JournalQuery, offset: int, length: int, line: bytes) -> JournalEntry | None:
        if not _may_match(query, line):
            return None
        entry = self.entry(offset, length, line, whole=query.whole)
        record = self._before[1] if self._before is not None else None
        return entry if _matches(query, entry, record) else None


def _is_full(entries: list[JournalEntry]) -> bool:
    return sum(entry.length for entry in entries) >= _MOST_BYTES


def _most(query: JournalQuery) -> int:
    return _MOST_PROVED if query.only is Only.MARKED else _MOST_LOOKED_AT


def _may_match(query: JournalQuery, line: bytes) -> bool:
    """Return whether the line, which is JSON, may say what is asked for, before it is proved, which takes far longer."""
    if query.word and line:
        text = line.decode("utf-8", "replace").casefold()
        if not all(part in text for part in _PART.findall(query.word.casefold())):
            return False
    kind = _KINDS.get(query.only)
    return kind is None or f'"kind":"{kind}"'.encode() in line


def _matches(query: JournalQuery, entry: JournalEntry, record: Record | None) -> bool:
    if query.word and record is not None and not _has_word(record, query.word.casefold()):
        return False
    if query.only is Only.MARKED:
        return bool(entry.fault or entry.lacks)
    return query.only is Only.ALL or entry.kind is _KINDS[query.only]


def _has_word(record: Record, word: str) -> bool:
    values = ", ".join(f"{field.key} {field.value}" for field in record.fields)
    return any(word in text.casefold() for text in (f"{record.kind} {record.phase} {values}", record.time, record.hash))


_KINDS = {Only.INTENT: RecordKind.INTENT, Only.RESULT: RecordKind.RESULT, Only.NOTE: RecordKind.NOTE}


def _moment(record: Record) -> datetime | None:
    try:
        moment = datetime.fromisoformat(record.time)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None

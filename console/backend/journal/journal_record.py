"""Records of the journal as they lie on disk, and the one pass that reads and proves them."""

from collections.abc import Callable, Container, Iterable
from enum import StrEnum
from typing import BinaryIO

from pydantic import ValidationError

from console.backend.model.canonical_json import canonical_json, digest
from console.backend.model.value import Value

BEGINNING = "0" * 64
"""Predecessor that the first record names."""
GENESIS_PHASE = "journal"
MAX_RECORD_BYTES = 1024 * 1024


class RecordKind(StrEnum):
    """An intent before each effect, a result after it, a note for anything else."""

    INTENT = "intent"
    RESULT = "result"
    NOTE = "note"


class Field(Value):
    """One named value of a record; the journal redacts it on writing."""

    key: str
    value: str


class Anchor(Value):
    """A record's place and hash, kept outside the journal: it fixes everything up to and including that record."""

    sequence: int
    hash: str


class AnchoredEvent(Value):
    """An event of the database and the journal record that it names."""

    id: int
    phase: str
    sequence: int
    hash: str
    is_ours: bool
    """True if the journal's writer recorded it; see `anchored_events`."""
    actor: str
    at: str
    is_elsewhere: bool = False
    """True if it names a record of another console's journal, which began when that console took the run over."""

    @property
    def anchor(self) -> Anchor:
        """The record that it names."""
        return Anchor(sequence=self.sequence, hash=self.hash)

    def __str__(self) -> str:
        return f"event {self.id} ({self.phase}, by {self.actor} at {self.at}), which names record {self.sequence}"


def last_of_ours(events: tuple[AnchoredEvent, ...]) -> Anchor | None:
    """Return the last record that the database vouches for; None if it vouches for none."""
    return next((event.anchor for event in reversed(events) if event.is_ours), None)


class Body(Value):
    """Fields that a record's hash covers; through `previous` it covers all records before it."""

    sequence: int
    time: str
    previous: str
    kind: RecordKind
    phase: str
    fields: tuple[Field, ...]


class Record(Body):
    """One line of the journal."""

    hash: str

    def value(self, key: str) -> str:
        """Return the first value under this key; empty if there is none."""
        return next((field.value for field in self.fields if field.key == key), "")


NO_EVENT = Field(key="event", value="none")
"""Marks a noted transaction that writes no event of the run: an import, an armed switch."""
EFFECT_STANDS = Field(key="effect", value="stands")
"""Marks the result of an operation that failed after its transaction was committed."""


class Acknowledged:
    """Takes records in order and keeps the notes of transactions whose effect a later result acknowledges: by PASS, or by EFFECT_STANDS.

    Those that are `known` are left out, so that little is kept of a long journal.
    """

    def __init__(self, known: Container[Anchor] = frozenset()) -> None:
        self.effects: list[Record] = []
        self._known = known
        self._noted: dict[str, Record] = {}

    def take(self, record: Record) -> None:
        """Take the next record."""
        match record.kind:
            case RecordKind.INTENT:
                self._noted = {}
            case RecordKind.NOTE if record.value("xid"):
                self._noted[record.phase] = record
            case RecordKind.RESULT:
                effect = self._noted.pop(record.phase, None)
                is_there = record.value("outcome") == "PASS" or EFFECT_STANDS in record.fields
                if effect is not None and is_there and NO_EVENT not in effect.fields and not self._is_known(effect):
                    self.effects.append(effect)
            case RecordKind.NOTE:
                pass

    def _is_known(self, effect: Record) -> bool:
        return Anchor(sequence=effect.sequence, hash=effect.hash) in self._known


def acknowledged(records: Iterable[Record]) -> tuple[Record, ...]:
    """Pure: the notes of transactions whose effect a later result acknowledges; see `Acknowledged`."""
    taken = Acknowledged()
    for record in records:
        taken.take(record)
    return tuple(taken.effects)


class Scan(Value):
    """Result of one pass over a journal."""

    records: int
    head: Anchor | None
    run_id: str
    good_bytes: int
    torn_bytes: int = 0
    first_bad: int | None = None
    wrong: str = ""
    """The first fault, with the number of its record; empty if there is none."""


OnRecord = Callable[[Record, int], None]
"""Called with each good record and the byte behind it."""


def scan(
    stream: BinaryIO, anchor: Anchor | None, on_record: OnRecord | None = None, collected: list[Record] | None = None
) -> Scan:
    """Read the journal from its start, to the first bad record or the end; `on_record` or `collected` gets each good record.

    Bytes after the last line end are a torn tail: no fault of the chain, and not a record.
    """
    head: Anchor | None = None
    run_id, good_bytes, torn_bytes, problem = "", 0, 0, ""
    while not problem and (line := stream.readline(MAX_RECORD_BYTES + 1)):
        # A line over the limit is no torn tail: the writer refuses such records, so it is a fault.
        if not line.endswith(b"\n") and len(line) <= MAX_RECORD_BYTES:
            torn_bytes = len(line)
            break
        record, problem = _prove(line, head, anchor)
        if record is None:
            break
        head, good_bytes = Anchor(sequence=record.sequence, hash=record.hash), good_bytes + len(line)
        run_id = run_id or record.value("run_id")
        if on_record is not None:
            on_record(record, good_bytes)
        if collected is not None:
            collected.append(record)
    records = 0 if head is None else head.sequence + 1
    problem = problem or _missing_end(head, anchor)
    named = f"record {records}: {problem}" if problem else ""
    return Scan(
        records=records,
        head=head,
        run_id=run_id,
        good_bytes=good_bytes,
        torn_bytes=torn_bytes,
        first_bad=records if problem else None,
        wrong=named,
    )


def parse_line(line: bytes) -> tuple[Record | None, str]:
    """Return the record of a line with its line end, or None and what is wrong with the line."""
    try:
        record = Record.model_validate_json(line)
    except ValidationError:
        return None, "it is not a journal record"
    # The hash covers the values; without this, the same values in another spelling would pass.
    if canonical_json(record) + b"\n" != line:
        return None, "it is not written as the journal writes"
    return record, ""


_HASH = frozenset({"hash"})
"""Field of a record that its hash does not cover."""


def changed(record: Record) -> str:
    """Return what is wrong with the record's hash; empty if it is that of the content."""
    if digest(record, _HASH) != record.hash:
        return "its content was changed after it was written"
    return ""


def _prove(line: bytes, head: Anchor | None, anchor: Anchor | None) -> tuple[Record | None, str]:
    record, problem = parse_line(line)
    if record is None:
        return None, problem
    if problem := unchained(record, head):
        return None, problem
    if problem := changed(record):
        return None, problem
    if anchor is not None and record.sequence == anchor.sequence and record.hash != anchor.hash:
        return None, "it is not the record that was anchored: the journal was replaced or rewritten"
    return record, ""


def unchained(record: Record, head: Anchor | None) -> str:
    """Return why the record cannot follow this head, or be the first if there is none; empty if it can."""
    sequence, previous = (0, BEGINNING) if head is None else (head.sequence + 1, head.hash)
    if record.sequence != sequence:
        return f"number {record.sequence} is in its place: records were removed, moved or inserted"
    if record.previous != previous:
        return "it does not follow the record before it"
    if head is None and (record.phase, record.kind) != (GENESIS_PHASE, RecordKind.NOTE):
        return "the journal does not begin with its first record"
    return ""


def _missing_end(head: Anchor | None, anchor: Anchor | None) -> str:
    if head is None:
        return "it is missing: the journal is empty"
    if anchor is not None and anchor.sequence > head.sequence:
        return f"it is missing: the journal was cut off before the anchored record {anchor.sequence}"
    return ""

"""Holder of a run: the console that has its files and the key of its journal. It changes by a hand-over, or by a take-over.

The database fences the former holder: after a change of hands it takes no event without the new holder's key. What is
decided here is what a console shows and offers; the journal of a run that was taken over without its files is another one.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from console.backend.host.installation import Installation
from console.backend.host.regular_file import open_regular
from console.backend.journal.journal_key import JournalKey
from console.backend.journal.journal_record import MAX_RECORD_BYTES, Anchor, Record, RecordKind, parse_line
from console.backend.model.errors import Refused, StopCode
from console.backend.model.purposes import CHANGES_OF_HANDS, Operation
from console.backend.model.value import Value
from console.backend.postgres.custody import ChangedHands
from console.backend.postgres.records import EventRow, RunRow
from console.backend.runs.workspace import SOURCE, Workspace

TAKEN = "taken over"
"""Key of the record, behind the first one, of a journal that begins with a take-over."""
_WORDS = {Operation.HAND_OVER: "handed over", Operation.ACCEPT: "accepted", Operation.TAKE_OVER: "taken over"}


class ChangeOfHands(Value):
    """The record of an event by which a run changes hands, as the database makes it."""

    operator: str
    host: str
    journal: str
    """Hash of the first record of the journal that goes on."""
    begins: bool
    """True if that journal is another one than before."""
    bundle: str | None
    number: int
    lock: str | None


def change_of_hands(row: EventRow) -> ChangeOfHands | None:
    """Return how the run changed hands by this event; None if it did not."""
    if row.phase not in CHANGES_OF_HANDS:
        return None
    try:
        return ChangeOfHands.model_validate_json(row.record)
    except ValidationError:
        return None


def changing_hands(installation: Installation, workspace: Workspace, anchor: Anchor) -> ChangedHands:
    """Return a change of hands by this console as it asks the database for it; `anchor` is the record of its transaction."""
    return ChangedHands(
        run_id=workspace.run_id,
        operator=installation.operator,
        host=installation.context.host,
        journal=first_hash(workspace.journal),
        anchor=anchor,
    )


def in_this_journal(rows: Iterable[EventRow], directory: Path, *, all_of_it: bool = False) -> tuple[bool, ...]:
    """Return for each event of a run if the journal in this directory is the one whose record it names.

    A journal that begins with a take-over has the events from there on, until another journal goes on. All others belong
    to the run's first journal, which no event names; so does a missing journal. A directory that lost the run has none of
    the events since; `all_of_it` asks as if it held the run, as of a journal that was just handed over.
    """
    rows = tuple(rows)
    first = first_hash(Workspace(directory).journal)
    changes = {number: change for number, row in enumerate(rows) if (change := change_of_hands(row)) is not None}
    begun = {change.journal for change in changes.values() if change.begins}
    own, current, answers = first if first in begun else "", "", []
    lost_at = len(rows) if all_of_it else _lost_at(rows, changes, directory)
    for number in range(len(rows)):
        if number in changes:
            current = changes[number].journal if changes[number].journal in begun else ""
        answers.append(current == own and number < lost_at)
    return tuple(answers)


def _lost_at(rows: tuple[EventRow, ...], changes: Mapping[int, ChangeOfHands], directory: Path) -> int:
    """Return the number of the first event that this directory had no part in; that of all of them if it holds the run."""
    taken = [number for number, change in changes.items() if _has_key(directory, change.number, change.lock)]
    last_taken = taken[-1] if taken else -1
    later = next((number for number in changes if number > last_taken), None)
    if later is None:
        return len(rows)
    return later + 1 if rows[later].phase == Operation.HAND_OVER else later


def is_here(directory: Path, row: RunRow) -> bool:
    """Return whether a directory is the run's own.

    One that was begun for a take-over, of a run that never changed hands, is none: that take-over was not committed.
    """
    return directory.is_dir() and (row.held_by_way_of is not None or not was_begun_to_take_over(directory))


def was_begun_to_take_over(directory: Path) -> bool:
    """Return whether the journal in a directory says that it began with a take-over, without the run's files."""
    if (directory / SOURCE).exists():
        return False
    try:
        with os.fdopen(open_regular(Workspace(directory).journal), "rb") as stream:
            lines = [stream.readline(MAX_RECORD_BYTES + 1) for _ in range(2)]
    except OSError:
        return False
    records = (parse_line(line)[0] for line in lines)
    return any(record is not None and bool(record.value(TAKEN)) for record in records)


def is_of_a_take_over_that_never_was(directory: Path, rows: Iterable[EventRow]) -> bool:
    """Return whether the journal in a directory was begun for a take-over that none of these events of the run records."""
    return was_begun_to_take_over(directory) and is_in_no_change_of_hands(Workspace(directory).journal, rows)


def is_in_no_change_of_hands(journal: Path, rows: Iterable[EventRow]) -> bool:
    """Return whether no change of hands among these events of the run names this journal, by the hash of its first record."""
    changes = (change_of_hands(row) for row in rows)
    return first_hash(journal) not in {change.journal for change in changes if change is not None}


def first_hash(journal: Path) -> str:
    """Return the hash of the journal's first record; empty without one."""
    try:
        with os.fdopen(open_regular(journal), "rb") as stream:
            record, _problem = parse_line(stream.readline(MAX_RECORD_BYTES + 1))
    except OSError:
        return ""
    return "" if record is None else record.hash


def held_elsewhere(directory: Path, row: RunRow) -> str:
    """Return in words who holds a run that has changed hands; empty if this directory holds it, or it never changed hands."""
    if row.held_by_way_of is None or row.held_since is None or _is_holder(directory, row):
        return ""
    return _in_words(row.held_by_way_of, row.holder or "", row.holder_host or "", row.held_since)


def held_by_another(directory: Path, rows: Iterable[EventRow]) -> str:
    """Return as `held_elsewhere` does, by the run's events."""
    last = next((row for row in reversed(tuple(rows)) if row.phase in CHANGES_OF_HANDS), None)
    change = None if last is None else change_of_hands(last)
    if last is None or change is None or _has_key(directory, change.number, change.lock):
        return ""
    return _in_words(last.phase, change.operator, change.host, last.at)


def is_unaccepted(row: RunRow) -> bool:
    """Return whether the run was handed over and nobody has accepted it: no console holds it."""
    return row.held_by_way_of == Operation.HAND_OVER


def bundle_of_hand_over(records: Iterable[Record], rows: Iterable[EventRow]) -> str:
    """Return the file of the run's last hand-over; empty unless these records of a journal have that very hand-over."""
    event = next((row for row in reversed(tuple(rows)) if row.phase == Operation.HAND_OVER), None)
    to = ""
    for record in records:
        if record.kind is RecordKind.INTENT and record.phase == Operation.HAND_OVER:
            to = record.value("to")
        if event is not None and (record.sequence, record.hash) == (event.journal_seq, event.journal_head):
            return to
    return ""


def is_held_here(directory: Path, row: RunRow) -> bool:
    """Return whether the run has changed hands, and this directory has the key of its holder."""
    return row.held_by_way_of is not None and _is_holder(directory, row)


def require_holder(directory: Path, row: RunRow) -> None:
    """Raise Refused if somebody else holds the run since it changed hands, or nobody does."""
    if held := held_elsewhere(directory, row):
        raise not_the_holder(row.run_id, held)


def not_the_holder(run_id: str, held: str) -> Refused:
    """Return the refusal of a step on a run that another console holds."""
    action = f"Look at it: cutter-console run show {run_id}"
    return Refused(StopCode.LOCKED, f"this console does not hold run {run_id}: {held}", action)


def _in_words(phase: str, operator: str, host: str, at: datetime) -> str:
    not_yet = ", not accepted by anybody yet" if phase == Operation.HAND_OVER else ""
    return f"{_WORDS[Operation(phase)]} by {operator} on {host} at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC{not_yet}"


def _is_holder(directory: Path, row: RunRow) -> bool:
    return _has_key(directory, row.holder_number, row.holder_lock)


def _has_key(directory: Path, number: int | None, lock: str | None) -> bool:
    if lock is None or number is None:
        return False
    try:
        return JournalKey.load(directory).lock(number) == lock
    except (OSError, Refused):
        return False

"""Texts of the Backups screen."""

from datetime import datetime
from typing import NamedTuple, Protocol

from console.actions.keys_in_force import key_of, told
from console.backend.model.errors import CutterError
from console.backend.model.full_command import Full
from console.backend.model.outcome import Check, Outcome
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import Progress
from console.backend.runs.backup_shelf import BackupShelf, BackupUse, KeptBackup
from console.widgets.formatting import age, clock, coarse_left, count, day_and_clock, plural, shortened, size, took
from console.widgets.line import Line, Span, Tone, line
from console.widgets.narrowing import Row
from console.widgets.wrap import hanging, labelled

_ROOMY = 96
"""Columns of a row from which on it names the year."""
_WHOLE_RUN = 75
"""Columns of a row from which on it names the run in full."""
_LABEL = 10
_TAKEN_FORM = "%Y-%m-%d %H:%M"


_TONES: dict[BackupUse, Tone] = {
    BackupUse.ARMS: "good",
    BackupUse.PROVEN: "plain",
    BackupUse.NO_FILE: "warn",
    BackupUse.NO_ROW: "warn",
    BackupUse.DIFFERS: "bad",
    BackupUse.NO_RECORD: "bad",
}


class _Put(Protocol):
    """Adds a labelled text to the lines."""

    def __call__(self, label: str, text: str, tone: Tone = "plain") -> None: ...


class Tested(NamedTuple):
    """Answer of a restore test, or of a comparison of the file, with its time."""

    doing: str
    answer: Check | CutterError
    at: datetime


def state(backup: KeptBackup) -> tuple[str, Tone]:
    """Return the state of a backup in a word or two, with its tone."""
    return backup.use.value, _TONES[backup.use]


def covers(backup: KeptBackup) -> str:
    """Return what the backup covers, in some words."""
    record = backup.record
    if record is None:
        return "not known"
    return "whole database" if not record.documents else ", ".join(record.documents)


def row(backup: KeptBackup, now: datetime, width: int) -> Row:
    """Return state, time, age, size, coverage and run."""
    word, tone = state(backup)
    record = backup.record
    taken = f"{record.taken_at:{_TAKEN_FORM}}" if record is not None else "-"
    is_roomy, is_narrow = width >= _ROOMY, width < _WHOLE_RUN
    old = age(record.taken_at, now) if record is not None else "-"
    length = size(record.bytes) if record is not None else size(backup.proofs[0].bytes) if backup.proofs else "-"
    run = backup.runs[0] if backup.runs else "no run" if backup.is_read else "NOT KNOWN"
    spans = (
        Span(f"{word:<9} ", tone),
        Span(f"{taken:<16} " if is_roomy else f"{taken[5:] or '-':<11} "),
        Span(f"{old:<13} " if is_roomy else f"{old.removesuffix(' ago'):<9} ", "muted"),
        Span(f"{length:>8} "),
        # The end of a run's id is what tells it from others of its day.
        Span(f"…{run[-8:]} " if is_narrow and len(run) > 8 else f"{run:<33}" + ("  " if is_roomy else "")),
        *((Span(covers(backup), "muted"),) if is_narrow or is_roomy else ()),
    )
    columns = (("state", word), ("run", " ".join(backup.runs)), ("document", covers(backup)), ("taken", taken))
    more = " ".join((backup.file_name, record.recipient if record is not None else "", *backup.runs))
    alarm = word if tone == "bad" else ""
    return Row(spans, key=backup.file_name, alarm=alarm, more=more, columns=columns)


def list_title(shelf: BackupShelf | None, old: str) -> str:
    """Return the number of backups, and the age of the list if it is old."""
    return f"Backups: {count(len(shelf.backups))}{old}" if shelf is not None else f"Backups{old}"


def nothing(shelf: BackupShelf) -> str:
    """Return the words of an empty list."""
    known = "the ledger was not read" if shelf.unread else "none in the ledger"
    return f"No backup here, and {known}: a LIVE run takes its own."


def head(
    shelf: BackupShelf, now: datetime, progress: Progress | None, tested: Tested | None, full: Full, width: int
) -> list[Line]:
    """Return whether a run can be armed with what is there, what disagrees, and the test that is under way or ended last."""
    lines: list[Line] = []
    if progress is not None:
        lines += hanging(
            (Span("working  ", "accent"),), f"{_progress(progress)}; {key_of('backup_cancel')} cancels", width
        )
    elif tested is not None:
        lines += tested_lines(tested, full, width)
    arming = next((backup for backup in shelf.backups if backup.counts_until is not None), None)
    if arming is not None and arming.counts_until is not None:
        until = f"until {clock(arming.counts_until)}, {coarse_left(arming.counts_until, now)} left"
        lines += hanging((Span("ARMS  ", "good"),), f"{arming.runs[0]} {until}", width)
    elif shelf.unread:
        lines += hanging((Span("NOT KNOWN  ", "warn"),), f"the ledger was not read: {shelf.unread}", width)
    else:
        sentence = f"No backup lets a run be armed now ({shelf.max_age_minutes} min are the limit): arming takes one by itself."
        lines += hanging((), sentence, width)
    return lines + _disagreeing(shelf, width)


def _disagreeing(shelf: BackupShelf, width: int) -> list[Line]:
    words: dict[str, int] = {}
    for backup in shelf.backups:
        word, tone = state(backup)
        if tone in {"bad", "warn"}:
            words[word] = words.get(word, 0) + 1
    if not words:
        return []
    numbers = ", ".join(f"{count(number)} {word}" for word, number in words.items())
    worst: Tone = "bad" if shelf.outcome is Outcome.FAIL else "warn"
    return hanging((Span(f"{numbers}  ", worst),), told("files and ledger disagree: <find> state:WORD"), width)


def _progress(progress: Progress) -> str:
    moved = f", {size(progress.done)}" if progress.done else ""
    of = f" of {size(progress.total)}" if progress.total is not None else ""
    return f"{progress.run_id}: {progress.step}{moved}{of}"


def tested_lines(tested: Tested, full: Full, width: int) -> list[Line]:
    """Return what a test came to; nothing of it is recorded anywhere else."""
    answer, at = tested.answer, f" ({tested.doing}, {clock(tested.at)}, recorded nowhere)"
    if isinstance(answer, Check):
        return hanging((Span(f"{answer.outcome}  ", "good"),), f"{answer.detail}{at}", width)
    lines = hanging((Span("NOT PROVEN  ", "bad"),), f"{safe_text(answer.message)}{at}", width)
    return lines + hanging((Span("next: ", "muted"),), full(safe_text(answer.next_action)), width)


def detail(
    backup: KeptBackup,
    limit: int,
    now: datetime,
    tested: Tested | None,
    proves: str,
    full: Full,
    width: int,
    *,
    can_test: bool = True,
) -> list[Line]:
    """Return all that is known of a backup, with its evidence; `proves` is the command that proves it elsewhere.

    `can_test` is False in a console that only reads: it has no key for a restore test.
    """
    lines: list[Line] = []

    def put(label: str, text: str, tone: Tone = "plain") -> None:
        lines.extend(labelled(label, safe_text(text), width, tone, column=_LABEL))

    word, tone = state(backup)
    put("state", word, tone)
    put("arming", _arming(backup, now), "good" if backup.counts_until is not None else "plain")
    if backup.problem:
        put("file", backup.problem, "bad" if backup.outcome is Outcome.FAIL else "warn")
    for disagreement in backup.disagreements:
        put("differs", disagreement, "bad" if backup.outcome is Outcome.FAIL else "warn")
    put("path", backup.path)
    _told_of_record(backup, now, put)
    for proof in backup.proofs:
        put("ledger", f"proven for {proof.run_id} at {day_and_clock(proof.recorded_at)}, by {proof.recorded_by}")
    lines.append(())
    put("here", _possible(backup, can_test=can_test))
    if proves:
        put("elsewhere", full(proves))
    if tested is not None:
        lines.extend(tested_lines(tested, full, width))
    return [*lines, *_evidence(backup, width), *_tables(backup, limit, width)]


def _arming(backup: KeptBackup, now: datetime) -> str:
    if backup.counts_until is None:
        return f"lets no run be armed: {backup.counts_not}"
    until = f"{day_and_clock(backup.counts_until)}, {coarse_left(backup.counts_until, now)} left"
    return f"lets {backup.runs[0]} be armed until {until}"


def _told_of_record(backup: KeptBackup, now: datetime, put: _Put) -> None:
    record = backup.record
    if record is None:
        for proof in backup.proofs[:1]:
            put("size", f"{count(proof.bytes)} bytes, sha256 {proof.sha256}, as the ledger has it")
            put("encrypted", f"for {proof.recipient}, as the ledger has it")
        return
    rows = sum(table.rows for table in record.tables)
    put("taken", f"{day_and_clock(record.taken_at)}, {age(record.taken_at, now)}, in {took(record.took_ms)}")
    whole = f"the whole database: {plural(len(record.tables), 'table')}, {plural(rows, 'row')}, each by its digest"
    part = (
        f"{', '.join(record.documents)}: {plural(rows, 'row')} of {plural(len(record.tables), 'table')}, each by its digest; "
        "the other documents by what stood of them: readers' digest and numbers of rows"
    )
    put("covers", part if record.documents else whole)
    put("proof", f"{record.state}: restored when it was taken, and compared with the snapshot that was dumped")
    put("size", f"{size(record.bytes)}, {count(record.bytes)} bytes")
    put("sha256", record.sha256)
    put("encrypted", f"for {record.recipient}")
    target = record.target
    put(
        "database", f"{target.database} at {target.host}, system {target.system_identifier}, timeline {target.timeline}"
    )
    put("made with", f"{record.dump_program}, gpg {record.gpg_version}")


def _possible(backup: KeptBackup, *, can_test: bool) -> str:
    if backup.record is None:
        return "nothing can be tested: without file and record there is nothing to compare"
    compared = told("<backup_compare> reads the file again and compares its sha256")
    if not can_test:
        return f"{compared}. This console only reads, and restores nothing"
    if backup.key_is_here is None:
        return f"{compared}; {key_of('backup_test')} decrypts and restores it, if this host has the private key, which is not known"
    if backup.key_is_here:
        return f"{compared}; {key_of('backup_test')} decrypts and restores it: the private key is in this host's key ring, where it should not be"
    return (
        f"{compared}. {key_of('backup_test')} cannot decrypt it: the private key is not on this host, as it should be"
    )


def _evidence(backup: KeptBackup, width: int) -> list[Line]:
    if backup.record is None:
        return []
    lines: list[Line] = [(), line(Span("Evidence, from when it was taken", "strong"))]
    for fact in backup.record.evidence:
        lines += hanging((Span("asked     ", "muted"),), safe_text(fact.asked), width)
        lines += hanging((Span("  answer  ", "muted"),), safe_text(fact.answer), width)
    return lines


def _tables(backup: KeptBackup, most: int, width: int) -> list[Line]:
    if backup.record is None:
        return []
    tables = backup.record.tables
    longest = max((len(table.table) for table in tables[:most]), default=0)
    room = max(width - longest - 13, 8)
    rows = [
        line(
            f"{table.table:<{longest}}  {count(table.rows):>9}  ",
            Span(shortened(safe_text(table.digest), room), "muted"),
        )
        for table in tables[:most]
    ]
    more = [line(Span(f"and {count(len(tables) - most)} more", "muted"))] if len(tables) > most else []
    return [(), line(Span("Tables: rows and digest", "strong")), *rows, *more]

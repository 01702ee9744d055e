"""Operations on a run, one at a time: under its journal's lock, with an intent before and a result after each.

Whatever was left unfinished is settled first, by whichever operation comes next, so that none begins on a guess.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.signals import at_work
from console.backend.journal.journal import REPLACES, Journal, acknowledged_and_gone, read_journal
from console.backend.journal.journal_key import JournalKey
from console.backend.journal.journal_record import EFFECT_STANDS, Anchor, Field, Record, RecordKind, last_of_ours
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import CHANGES_OF_HANDS
from console.backend.model.states import Mode
from console.backend.postgres import ledger
from console.backend.postgres.asking import Asking, Question
from console.backend.postgres.connections import CommitUnknown, connect
from console.backend.postgres.effects import Effect
from console.backend.postgres.records import EventRow
from console.backend.runs.anchoring import come_to_rest
from console.backend.runs.custody import held_by_another, not_the_holder
from console.backend.runs.kill_switch import stop_under_hold
from console.backend.runs.phase_context import Role, conninfo_of
from console.backend.runs.run_state import anchored_events, events_of_run
from console.backend.runs.settling import (
    Attempt,
    Fate,
    Verdict,
    effect_fields,
    fate_of,
    measure_attempt,
    not_known_yet,
    rolled_back,
    settle,
)
from console.backend.runs.typed_edits import drop_all_typed
from console.backend.runs.workspace import RunRequestFile, Workspace


@contextmanager
def open_journal(installation: Installation, workspace: Workspace, request: RunRequestFile) -> Iterator[Journal]:
    """Open the run's journal: locked, verified against its last anchor, with nothing unfinished in it.

    Raises NotKnownYet if an earlier COMMIT cannot be settled in time, Held, and sets a HOLD, if something that
    was acknowledged is gone from the database, and what `Journal.resume` raises.
    """
    journal, rows, records = _open_settled(installation, workspace, request)
    with journal:
        events = anchored_events(rows, workspace.directory)
        lost = acknowledged_and_gone(records, {event.anchor for event in events})
        if lost:
            message = f"run {request.run_id}: acknowledged, and gone from the database: {'; '.join(lost)}"
            stop_under_hold(installation, StopCode.DRIFT, message, request.run_id)
        yield journal


def _open_settled(
    installation: Installation, workspace: Workspace, request: RunRequestFile
) -> tuple[Journal, tuple[EventRow, ...], tuple[Record, ...]]:
    """Return the journal, and the run's events and the journal's records as they were read after it was locked and settled."""
    if not workspace.journal.exists():
        held = held_by_another(workspace.directory, events_of_run(installation, request))
        if held:
            raise not_the_holder(request.run_id, held)
    workspace.restore_request(request)
    rows: tuple[EventRow, ...] = ()

    def last_anchor() -> Anchor | None:
        nonlocal rows
        # Under the journal's lock: whatever is acknowledged in it is in the database by then.
        rows = events_of_run(installation, request)
        return last_of_ours(anchored_events(rows, workspace.directory))

    records: list[Record] = []
    journal = Journal.resume(workspace.journal, request.run_id, installation.context, last_anchor, collected=records)
    with _closed_on_failure(journal):
        if settle_unfinished(installation, workspace, request, journal, tuple(records)):
            rows = events_of_run(installation, request)
            records = list(read_journal(workspace.journal))
        if held := held_by_another(workspace.directory, rows):
            raise not_the_holder(request.run_id, held)
    return journal, rows, tuple(records)


@contextmanager
def _closed_on_failure(journal: Journal) -> Iterator[None]:
    """Close the journal if the block fails, also by a signal: open, it would keep its lock for as long as this process lives."""
    try:
        yield
    except BaseException:
        journal.close()
        raise


def open_former(installation: Installation, workspace: Workspace, request: RunRequestFile) -> Journal:
    """Open the journal of a run that this console need not hold yet: locked, with nothing unfinished in it.

    Only for what makes this console the holder. Raises as `open_journal` does, but for what is gone from the database.
    """
    workspace.restore_request(request)
    journal = Journal.resume(workspace.journal, request.run_id, installation.context)
    with _closed_on_failure(journal):
        settle_unfinished(installation, workspace, request, journal)
    return journal


def settle_run(installation: Installation, workspace: Workspace, request: RunRequestFile) -> None:
    """Settle what is unfinished, and anchor the answer. Raises NotKnownYet, and what `Journal.resume` raises.

    Who does not hold the run any more settles what it had begun, and learns who holds it.
    """
    with open_journal(installation, workspace, request) as journal:
        come_to_rest(installation, workspace, request, journal)


@contextmanager
def open_to_end(installation: Installation, workspace: Workspace, request: RunRequestFile) -> Iterator[Journal]:
    """Open the journal for what ends a run, which no missing or damaged file of it can prevent.

    A journal that is missing or damaged is kept as it is, beside a new one that names it; so is an unusable key. The
    run's request is written again if the database has it.
    """
    # A key of another length is refused by whoever reads it, so it would stop the end of the run.
    if not JournalKey.is_usable(workspace.directory):
        workspace.set_key_aside()
    try:
        journal, _, _ = _open_settled(installation, workspace, request)
    except Drifted as damaged:
        if damaged.code is not StopCode.INVARIANT_FAILED:
            raise
        _require_no_change_of_hands(installation, workspace, request, damaged)
        journal = _replacement(installation, workspace, request, damaged)
        with _closed_on_failure(journal):
            settle_unfinished(installation, workspace, request, journal)
    with journal:
        yield journal


def _require_no_change_of_hands(
    installation: Installation, workspace: Workspace, request: RunRequestFile, damaged: Drifted
) -> None:
    """Raise Refused if the run has changed hands: the database takes nothing of it from a journal that begins now."""
    rows = events_of_run(installation, request)
    if held := held_by_another(workspace.directory, rows):
        raise not_the_holder(request.run_id, held) from damaged
    if any(row.phase in CHANGES_OF_HANDS for row in rows):
        action = f"cutter-console run take-over {request.run_id} --confirm {request.run_id}"
        raise Refused(StopCode.INVARIANT_FAILED, damaged.message, action) from damaged


def _replacement(
    installation: Installation, workspace: Workspace, request: RunRequestFile, damaged: Drifted
) -> Journal:
    """Return the journal that replaces the damaged one: a replacement begun earlier, or a new one."""
    try:
        # Its second record says so: the first one is that of any journal.
        stands_in = any(record.value(REPLACES) for record in read_journal(workspace.journal)[:2])
    except Drifted:
        stands_in = False
    if stands_in:
        return Journal.resume(workspace.journal, request.run_id, installation.context)
    # With the old key the new journal's events would pass for events of the damaged one.
    workspace.set_key_aside()
    return Journal.replace(workspace.journal, request.run_id, installation.context, damaged.message)


def settle_unfinished(
    installation: Installation,
    workspace: Workspace,
    request: RunRequestFile,
    journal: Journal,
    verified: tuple[Record, ...] | None = None,
    *,
    at_own_end: bool = False,
) -> bool:
    """Close an intent without a result by the server's answer about its transactions; False if there is none. Raises NotKnownYet.

    `verified` are the records, if the journal was opened just before; they are read otherwise. `at_own_end` is said by the
    process that is being ended: nobody is told by it, so whoever looks next is, see `interruption`.
    """
    records = read_journal(workspace.journal) if verified is None else verified
    begun = unfinished(records)
    if begun is None:
        return False
    if request.mode is Mode.DRYRUN:
        more = interrupted_by(Fate.ROLLED_BACK) if at_own_end else ()
        close(journal, begun.phase, Outcome.INCONCLUSIVE, f"{_INTERRUPTED}{DRY_RUN_SAID}", *more)
        return True
    verdict = _settled_fate(installation, request, records, begun)
    if verdict.fate is Fate.UNKNOWN:
        raise not_known_yet(request.run_id, begun.phase, verdict.said)
    outcome = Outcome.PASS if verdict.fate is Fate.COMMITTED else Outcome.INCONCLUSIVE
    more = interrupted_by(verdict.fate) if at_own_end else ()
    close(journal, begun.phase, outcome, f"{_INTERRUPTED}{verdict.said}", *more)
    return True


_INTERRUPTED, _FATE = "interrupted; ", "interrupted"
DRY_RUN_SAID = "a dry run writes nothing"


def interrupted_by(fate: Fate) -> tuple[Field, ...]:
    """Return the mark of a result that was written by a process at its own end."""
    return (Field(key=_FATE, value=fate),)


def ended_within(records: tuple[Record, ...]) -> tuple[Record, str] | None:
    """Pure: the last intent that has a result, if its process was ended and wrote that itself, with the database's answer.

    None if the result is another one: whatever began later was begun by somebody who could see this.
    """
    begun: Record | None = None
    ended: tuple[Record, str] | None = None
    for record in records:
        if record.kind is RecordKind.INTENT:
            begun = record
        elif record.kind is RecordKind.RESULT and begun is not None:
            fate = record.value(_FATE)
            answer = record.value("detail").removeprefix(_INTERRUPTED)
            ended = (begun, f"{fate}: {answer}") if fate else None
            begun = None
    return ended


def _settled_fate(
    installation: Installation,
    request: RunRequestFile,
    records: tuple[Record, ...],
    begun: Record,
    *,
    once: bool = False,
) -> Verdict:
    return fate_of(
        attempts_of(records, begun), lambda attempt: settle(installation, request.run_id, attempt, once=once)
    )


def unfinished(records: tuple[Record, ...]) -> Record | None:
    """Pure: the last intent, if no result follows it."""
    begun: Record | None = None
    for record in records:
        if record.kind is RecordKind.INTENT:
            begun = record
        elif record.kind is RecordKind.RESULT:
            begun = None
    return begun


def attempts_of(records: tuple[Record, ...], begun: Record) -> tuple[Attempt, ...]:
    """Pure: the transactions that the journal names behind this intent, in order."""
    behind = (Attempt.of(record) for record in records if record.sequence > begun.sequence)
    return tuple(attempt for attempt in behind if attempt is not None)


def close(journal: Journal, name: str, outcome: Outcome, detail: str, *more: Field) -> None:
    """Append the result of an intent."""
    fields = (Field(key="outcome", value=outcome), Field(key="detail", value=detail), *more)
    journal.append(RecordKind.RESULT, name, fields)


@contextmanager
def operation(
    installation: Installation,
    workspace: Workspace,
    request: RunRequestFile,
    name: str,
    fields: tuple[Field, ...] = (),
    *,
    ends: bool = False,
    require: Callable[[], None] = lambda: None,
) -> Iterator[Journal]:
    """Run an operation that is not a phase: an intent, the block, a result, and the journal's end anchored.

    `require` raises Refused if it is not allowed; it is asked under the journal's lock, and before the intent, so that a
    refusal leaves no record. A failure of the block is its result, unless its transaction had been committed before. What
    is not known yet, and what a signal or a crash ends, has none: the next operation settles it. `ends` says that it ends
    the run, see `open_to_end`. Raises Unmeasured, saying that the effect stands, if the disk has no room for the result.
    """
    with at_work(), (open_to_end if ends else open_journal)(installation, workspace, request) as journal:
        try:
            require()
            with intended(installation, request, journal, name, fields):
                yield journal
        except Refused:
            # A run that is over may have no operation after this one that would anchor the record of the refusal.
            come_to_rest(installation, workspace, request, journal)
            raise
        come_to_rest(installation, workspace, request, journal)
        if ends:
            drop_all_typed(workspace)


@contextmanager
def intended(
    installation: Installation, request: RunRequestFile, journal: Journal, name: str, fields: tuple[Field, ...] = ()
) -> Iterator[None]:
    """Run an intent, the block and a result for a caller that holds the journal already; see `operation`."""
    journal.append(RecordKind.INTENT, name, fields)
    try:
        yield
    # No result: the intent stays open, and the next operation settles it.
    except CommitUnknown:
        raise
    except CutterError as error:
        _close_failed(installation, request, journal, name, error)
        raise
    try:
        close(journal, name, Outcome.PASS, "done")
    except CutterError as error:
        raise effect_stands(request.run_id, name, error) from error


def _close_failed(
    installation: Installation, request: RunRequestFile, journal: Journal, name: str, error: CutterError
) -> None:
    """Record the result of an operation that raised: what it had committed by then stands, and is not called failed.

    If the server cannot be asked, or the journal cannot be written, there is none: the next operation settles it.
    """
    failure = f"{error.code}: {error.message}"
    try:
        records = read_journal(journal.path)
        begun = unfinished(records)
        if begun is None:
            return
        attempts = attempts_of(records, begun)
        # A server that was just unreachable is asked once only, so that the error is not delayed by LIMIT_S.
        verdict = _settled_fate(installation, request, records, begun, once=error.code is StopCode.UNREACHABLE)
        match verdict.fate:
            case Fate.COMMITTED:
                outcome = Outcome.PASS if isinstance(error, Unmeasured) else Outcome.FAIL
                close(journal, name, outcome, f"{verdict.said}; afterwards {failure}", EFFECT_STANDS)
            case Fate.IN_PART:
                # The first of several transactions is the operation's own; later ones follow it up.
                first = settle(installation, request.run_id, attempts[0], once=True).fate is Fate.COMMITTED
                more = (EFFECT_STANDS,) if first else ()
                close(journal, name, Outcome.INCONCLUSIVE, f"{verdict.said}; {failure}", *more)
            case Fate.UNKNOWABLE:
                close(journal, name, Outcome.INCONCLUSIVE, f"{verdict.said}; {failure}")
            case Fate.ROLLED_BACK:
                close(journal, name, Outcome.FAIL, f"{failure}; {verdict.said}")
            case Fate.UNKNOWN:
                return
    except CutterError as second:
        raise error from second


def effect_stands(run_id: str, name: str, error: CutterError) -> Unmeasured:
    """Return the error of an operation whose effect is there and whose record is missing."""
    return Unmeasured(
        error.code,
        f"{name} of run {run_id} is committed; its result is missing in the records: {error.message}",
        f"Make room on the disk, then: cutter-console run settle {run_id}",
    )


@dataclass(frozen=True)
class Promise:
    """Open transaction that the journal names already."""

    connection: psycopg.Connection
    head: Anchor
    turn: ledger.Turn | None = None
    """State of the run's chain of keys, for the first event of the transaction; None if it is to write none."""


@contextmanager
def committing(
    installation: Installation,
    journal: Journal,
    run_id: str,
    name: str,
    *,
    role: Role = Role.EXECUTOR,
    timeout_s: float = 30.0,
    write: Question[Effect] | None = None,
) -> Iterator[Promise]:
    """Run one transaction of this role, noted in the journal before its COMMIT, and settled if that is not answered.

    Its event names the note; with `write` it has none, see `commit_without_event`. The block ends normally if the
    transaction is found to be committed. Raises Unmeasured if it was rolled back, NotKnownYet if that could not be
    decided in time, and the errors of PostgreSQL before COMMIT.
    """
    attempt: Attempt | None = None
    try:
        with at_work(), connect(conninfo_of(installation, role), timeout_s=timeout_s, purpose=name) as connection:
            if write is None:
                attempt, turn = note_event(connection, journal, run_id, name, role)
                yield Promise(connection, attempt.anchor, turn)
            else:
                attempt = note_attempt(connection, journal, name, role, write)
                yield Promise(connection, attempt.anchor)
    except CommitUnknown as lost:
        if attempt is None:
            raise
        settle_lost(installation, journal, run_id, attempt, lost)


def commit_without_event(
    installation: Installation,
    journal: Journal,
    run_id: str,
    name: str,
    write: Question[Effect],
    *,
    role: Role = Role.EXECUTOR,
) -> None:
    """Run one transaction that writes no event of the run, as `committing` runs one that does.

    `write` returns the row that shows it, and is called once more for each of its statements. The journal names that row
    before COMMIT, together with the transaction.
    """
    with committing(installation, journal, run_id, name, role=role, write=write):
        pass


def note_attempt(
    connection: psycopg.Connection, journal: Journal, name: str, role: Role, write: Question[Effect]
) -> Attempt:
    """Write what has no event, and name the open transaction in the journal with the row that shows it, in one exchange."""
    with Asking(connection) as asking:
        effect, fields = asking.ask(write), asking.ask(partial(measure_attempt, role=role))
    return _noted(journal, name, (*fields.value, *effect_fields(effect.value)))


def note_event(
    connection: psycopg.Connection, journal: Journal, run_id: str, name: str, role: Role
) -> tuple[Attempt, ledger.Turn]:
    """Name the open transaction in the journal, and return how far the chain of keys is that its event goes on.

    The event names the anchor of that record.
    """
    with Asking(connection) as asking:
        fields = asking.ask(partial(measure_attempt, role=role))
        turn = asking.ask(partial(ledger.turn_of, run_id=run_id))
    return _noted(journal, name, fields.value), turn.value


def _noted(journal: Journal, name: str, fields: tuple[Field, ...]) -> Attempt:
    attempt = Attempt.named(fields, journal.append(RecordKind.NOTE, name, fields), name)
    assert attempt is not None
    return attempt


def settle_lost(
    installation: Installation, journal: Journal, run_id: str, attempt: Attempt, lost: CommitUnknown
) -> str:
    """Settle a transaction whose COMMIT was not answered. Returns, if it is committed, how that is known, in words.

    The answer is noted in the journal if that can be written. Raises Unmeasured if the transaction was rolled back,
    NotKnownYet if that is not decided in time.
    """
    verdict = settle(installation, run_id, attempt)
    fields = (
        Field(key="lost", value=lost.message),
        Field(key="settled", value=verdict.fate),
        Field(key="detail", value=verdict.said),
    )
    with suppress(CutterError):  # A full disk must not hide what became of it.
        journal.append(RecordKind.NOTE, attempt.what, fields)
    match verdict.fate:
        case Fate.COMMITTED | Fate.IN_PART:
            return verdict.said
        case Fate.ROLLED_BACK:
            raise rolled_back(lost, verdict.said) from lost
        case Fate.UNKNOWN | Fate.UNKNOWABLE:
            raise not_known_yet(run_id, attempt.what, verdict.said) from lost

"""Settling of a COMMIT that was sent and not answered: the session that sent it is ended, then the server is asked.

A line that is lost at COMMIT may still deliver it seconds later. So the answer counts only once nobody can send it any
more: the old session, known by its backend's pid and start time, is terminated and waited for. What cannot be decided
in time is not known yet, and is asked again; nothing is guessed.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import partial
from typing import Self, assert_never

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.signals import at_work
from console.backend.journal.journal_record import NO_EVENT, Anchor, Field, Record
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import APPLICATION, CommitUnknown, connect
from console.backend.postgres.effects import Effect, EffectKind, has_effect
from console.backend.postgres.kept_sessions import close_idle, standing_session
from console.backend.postgres.records import has_event, transaction_status
from console.backend.postgres.transactions import (
    end_session,
    is_session_there,
    name_transaction,
    server_position,
    waits_for_standby,
    write_behind,
)
from console.backend.runs.phase_context import Role, conninfo_of

LIMIT_S = 20.0
"""Seconds of trying before the answer is "not known yet"."""
_PAUSE_S = 0.2
# Shorter than LIMIT_S, so that one slow answer leaves time to ask again.
_ASK_S = 5.0
# Of the session that asks a standby to confirm: a message behind the COMMIT in question.
_CONFIRM = "confirm"


class Attempt(Value):
    """A transaction that is about to be committed, as the journal names it beforehand."""

    xid: str
    role: Role
    pid: str = ""
    """Process id of the backend; empty in journals of older releases, whose sessions cannot be told from others."""
    started: str = ""
    """Start of that backend, by the server's clock."""
    system_identifier: str = ""
    timeline: str = ""
    anchor: Anchor
    """The journal's record of it, which the event in the database names."""
    what: str = ""
    """Name of the work: a phase, or another operation."""
    has_event: bool = True
    """True if it writes an event of the run; an import, an armed switch and work without a run write none."""
    effect: Effect | None = None
    """The row that shows it instead of an event; None in journals that name none."""

    @classmethod
    def of(cls, record: Record) -> Self | None:
        """Read an attempt from a journal's record; None if the record names no transaction."""
        return cls.named(record.fields, Anchor(sequence=record.sequence, hash=record.hash), record.phase)

    @classmethod
    def named(cls, fields: Iterable[Field], anchor: Anchor, work: str) -> Self | None:
        """Make an attempt from the fields of `measure_attempt` and `effect_fields`."""
        values = {field.key: field.value for field in fields}
        if not values.get("xid"):
            return None
        role = values.get("role", "")
        kind = next((kind for kind in EffectKind if kind in values), None)
        return cls(
            xid=values["xid"],
            role=Role(role) if role in set(Role) else Role.EXECUTOR,
            pid=values.get("pid", ""),
            started=values.get("backend_start", ""),
            system_identifier=values.get("system_identifier", ""),
            timeline=values.get("timeline", ""),
            anchor=anchor,
            what=work,
            has_event=values.get(NO_EVENT.key) != NO_EVENT.value,
            effect=None if kind is None else Effect(kind=kind, key=values[kind]),
        )


def measure_attempt(connection: psycopg.Connection, role: Role) -> tuple[Field, ...]:
    """Assign the open transaction its id, and return the fields that identify it later."""
    named = name_transaction(connection)._asdict()
    return (Field(key="role", value=role), *(Field(key=key, value=str(value)) for key, value in named.items()))


def effect_fields(effect: Effect | None) -> tuple[Field, ...]:
    """Return the fields that name the row by which a transaction is known; none if its event shows it."""
    return () if effect is None else (NO_EVENT, Field(key=effect.kind, value=effect.key))


class Fate(StrEnum):
    """Outcome of a transaction."""

    COMMITTED = "committed"
    IN_PART = "committed in part"
    """Result of several transactions: some are committed, some were rolled back."""
    ROLLED_BACK = "rolled back"
    UNKNOWABLE = "cannot be known any more"
    """Neither an event nor another row is named that would tell, as in journals of earlier builds. Done again, it does no harm."""
    UNKNOWN = "not known yet"


class Verdict(Value):
    """Outcome of a transaction, and its source."""

    fate: Fate
    said: SafeText


class NotKnownYet(CommitUnknown):
    """It could not be decided in time whether a transaction was committed; the one move is to ask again."""


def not_known_yet(run_id: str, work: str, reason: str) -> NotKnownYet:
    """Return the error of a COMMIT that is not decided yet, with the command that asks again."""
    return NotKnownYet(
        StopCode.UNREACHABLE,
        f"{work} of run {run_id}: not known yet whether it was committed: {reason}",
        f"Ask again: cutter-console run settle {run_id}",
    )


def rolled_back(lost: CutterError, reason: str) -> Unmeasured:
    """Return the error of a transaction that is known to have had no effect."""
    return Unmeasured(lost.code, f"{lost.message}; {reason}: nothing was written", "Do it again.")


def fate_of(attempts: Sequence[Attempt], ask: Callable[[Attempt], Verdict]) -> Verdict:
    """Return the result of all transactions behind one intent; without any, no COMMIT was sent."""
    if not attempts:
        return Verdict(fate=Fate.ROLLED_BACK, said="no COMMIT was sent: nothing of it is in the database")
    verdicts = [ask(attempt) for attempt in attempts]
    fates = {verdict.fate for verdict in verdicts}
    if len(attempts) == 1:
        return verdicts[0]
    details = "; ".join(f"{attempt.what}: {verdict.said}" for attempt, verdict in zip(attempts, verdicts, strict=True))
    # The least certain of them decides for the whole operation.
    order = (Fate.UNKNOWN, Fate.UNKNOWABLE)
    open_fate = next((fate for fate in order if fate in fates), None)
    return Verdict(fate=open_fate or (fates.pop() if len(fates) == 1 else Fate.IN_PART), said=details)


def commit_alone(
    installation: Installation,
    work: str,
    write: Callable[[psycopg.Connection], Effect | None],
    *,
    role: Role = Role.EXECUTOR,
    replicated: bool = True,
    timeout_s: float = 30.0,
    at_once: bool = False,
) -> Effect | None:
    """Run one transaction that is in no run's journal, and settle it if its COMMIT is not answered.

    `write` returns the row that shows it, or None if nothing was to be written; so does this. `replicated` off waits for
    no standby, as the operator's stops do not. `at_once` sends what it writes together with what identifies the
    transaction, for a `write` that is a question. Raises Unmeasured if it was rolled back, NotKnownYet if that is not
    decided in time: done again, it does no harm.
    """
    fields: tuple[Field, ...] = ()
    effect: Effect | None = None
    try:
        conninfo = conninfo_of(installation, role)
        with (
            at_work(),
            connect(conninfo, purpose=work, replicated=replicated, timeout_s=timeout_s) as connection,
        ):
            if at_once:
                with Asking(connection) as asking:
                    named, written = asking.ask(partial(measure_attempt, role=role)), asking.ask(write)
                fields, effect = named.value, written.value
            else:
                fields, effect = measure_attempt(connection, role), write(connection)
    except CommitUnknown as lost:
        # Committed or not, it is the same.
        if effect is None:
            return None
        # No journal has a record of it, so it has no anchor that an event could name.
        attempt = Attempt.named((*fields, *effect_fields(effect)), Anchor(sequence=0, hash=""), work)
        assert attempt is not None, "nothing is committed that was not measured before"
        verdict = settle(installation, "", attempt, replicated=replicated)
        match verdict.fate:
            case Fate.COMMITTED | Fate.IN_PART:
                return effect
            case Fate.ROLLED_BACK:
                raise rolled_back(lost, verdict.said) from lost
            case Fate.UNKNOWN | Fate.UNKNOWABLE:
                message = f"{work}: not known yet whether it was committed: {verdict.said}"
                raise NotKnownYet(
                    StopCode.UNREACHABLE, message, "Do it again: it is a no-op where it was done."
                ) from lost
    return effect


def settle(
    installation: Installation, run_id: str, attempt: Attempt, *, replicated: bool = True, once: bool = False
) -> Verdict:
    """End the session of the attempt and ask until it is decided, for LIMIT_S at most, or once.

    Never raises for what the server says. `replicated` off asks for no synchronous standby's word.
    """
    deadline = time.monotonic() + (0.0 if once else LIMIT_S)
    while True:
        verdict = _ask(installation, run_id, attempt)
        # A COMMIT that only this server has is lost if a standby is promoted: it does not count yet.
        if verdict.fate is Fate.COMMITTED and replicated:
            return _confirm_by_standby(installation, attempt, verdict, deadline)
        if verdict.fate is not Fate.UNKNOWN or time.monotonic() >= deadline:
            return verdict
        time.sleep(_PAUSE_S)


def _confirm_by_standby(installation: Installation, attempt: Attempt, verdict: Verdict, deadline: float) -> Verdict:
    """Return the verdict if the synchronous standby has what was committed, else that it is not known yet.

    Asked once: a question that is not answered stays at the server. While another one is under way, it is waited for.
    """
    unconfirmed = Verdict(
        fate=Fate.UNKNOWN, said="it is committed on this server, and no synchronous standby confirms it"
    )
    while True:
        try:
            with connect(
                conninfo_of(installation, attempt.role), timeout_s=_ASK_S, commit_limit_s=_ASK_S, purpose=_CONFIRM
            ) as connection:
                is_asked = waits_for_standby(connection, f"{APPLICATION} {_CONFIRM}")
                if not is_asked:
                    write_behind(connection)
        except CommitUnknown:
            return unconfirmed
        except CutterError as error:
            return Verdict(fate=Fate.UNKNOWN, said=error.message)
        if not is_asked:
            return verdict
        if time.monotonic() >= deadline:
            return unconfirmed
        time.sleep(_PAUSE_S)


def look(installation: Installation, run_id: str, attempt: Attempt) -> Verdict:
    """Look at the attempt as the monitoring role, which ends no session."""
    database = installation.settings.database
    close_idle(conninfo_of(installation, attempt.role))
    try:
        with connect(database.monitor, read_only=True, timeout_s=_ASK_S, purpose="evidence") as connection:
            if (elsewhere := _decide_elsewhere(connection, run_id, attempt)) is not None:
                return elsewhere
            role = _ROLE_NAMES[attempt.role]
            if attempt.pid and is_session_there(connection, attempt.pid, role, attempt.started):
                return Verdict(fate=Fate.UNKNOWN, said=f"the session that sent it, {attempt.pid}, is still there")
            return _status(connection, run_id, attempt)
    except CutterError as error:
        return Verdict(fate=Fate.UNKNOWN, said=error.message)


_ROLE_NAMES = {Role.EXECUTOR: "cutter_exec", Role.VERIFIER: "cutter_verify"}


def _ask(installation: Installation, run_id: str, attempt: Attempt) -> Verdict:
    conninfo = conninfo_of(installation, attempt.role)
    # One that this command has kept may be the attempt's own.
    close_idle(conninfo)
    try:
        with connect(conninfo, timeout_s=_ASK_S, purpose="settle") as connection:
            return _asked(connection, run_id, attempt)
    except CutterError as error:
        unknown = Verdict(fate=Fate.UNKNOWN, said=error.message)
        if isinstance(error.__cause__, psycopg.errors.ConnectionTimeout):
            # Nothing answers: what stands open there would be waited for as long again.
            return unknown
    # A role of two sessions has no third: that of the lease and the unanswered one count until this one is ended.
    standing = standing_session(conninfo)
    if standing is None:
        return unknown
    try:
        return _asked(standing, run_id, attempt)
    except (CutterError, psycopg.Error):
        return unknown


def _asked(connection: psycopg.Connection, run_id: str, attempt: Attempt) -> Verdict:
    """End the session of the attempt, and return what the server says of it."""
    if (elsewhere := _decide_elsewhere(connection, run_id, attempt)) is not None:
        return elsewhere
    # Before the status is asked: while the session lives, it may still deliver the COMMIT.
    if attempt.pid:
        problem = end_session(connection, attempt.pid, attempt.started)
        if problem is not None:
            return Verdict(fate=Fate.UNKNOWN, said=f"its session, {attempt.pid}, {problem}")
    return _status(connection, run_id, attempt)


def _decide_elsewhere(connection: psycopg.Connection, run_id: str, attempt: Attempt) -> Verdict | None:
    """Decide by what the attempt wrote if this is another server or timeline: the id may belong to another transaction there."""
    position = server_position(connection)
    # Journals of older releases name no server: theirs is taken to be this one.
    if not attempt.system_identifier or position == (attempt.system_identifier, attempt.timeline):
        return None
    # Nothing is decided on a standby: it may not have received the COMMIT yet.
    if position.timeline == "":
        return Verdict(fate=Fate.UNKNOWN, said="the server at hand is a standby")
    place = f"this is server {position.system_identifier}, timeline {position.timeline}; it was sent to {attempt.system_identifier}, timeline {attempt.timeline}"
    return _decide_by_effect(connection, run_id, attempt, place)


def _status(connection: psycopg.Connection, run_id: str, attempt: Attempt) -> Verdict:
    match transaction_status(connection, attempt.xid):
        case "committed":
            return _whose_commit(connection, run_id, attempt)
        case "aborted":
            return Verdict(fate=Fate.ROLLED_BACK, said=f"transaction {attempt.xid} was rolled back")
        case "in progress":
            return Verdict(fate=Fate.UNKNOWN, said=f"transaction {attempt.xid} is in progress")
        case "unknown":
            return _decide_by_effect(
                connection, run_id, attempt, f"transaction {attempt.xid} is too old for the server to know"
            )
        case other:
            assert_never(other)


def _whose_commit(connection: psycopg.Connection, run_id: str, attempt: Attempt) -> Verdict:
    """Decide if it is the attempt that is committed under this id.

    The id of a transaction that was lost in a crash, before anything of it was on the disk, is given again.
    """
    # Journals of older releases, which name no session, can have a committed transaction without such an event.
    if not attempt.pid:
        return Verdict(fate=Fate.COMMITTED, said=f"transaction {attempt.xid} is committed")
    verdict = _decide_by_effect(connection, run_id, attempt, f"transaction {attempt.xid} is committed")
    if verdict.fate is Fate.ROLLED_BACK:
        reused = f"the server crashed and gave {attempt.xid} to another transaction; {_missing(attempt)}"
        return Verdict(fate=Fate.ROLLED_BACK, said=reused)
    if verdict.fate is Fate.COMMITTED:
        return Verdict(fate=Fate.COMMITTED, said=f"transaction {attempt.xid} is committed")
    return verdict


def _decide_by_effect(connection: psycopg.Connection, run_id: str, attempt: Attempt, reason: str) -> Verdict:
    """Decide by what the transaction wrote: its event, or the row that is named instead of one."""
    if attempt.effect is not None:
        is_there = has_effect(connection, attempt.effect)
    elif attempt.has_event:
        is_there = has_event(connection, run_id, attempt.anchor)
    else:
        return Verdict(fate=Fate.UNKNOWABLE, said=f"{reason}, and no event shows its outcome")
    if is_there is None:
        return Verdict(fate=Fate.UNKNOWN, said=f"{reason}; this role cannot see its {_shown_by(attempt)}")
    if is_there:
        return Verdict(fate=Fate.COMMITTED, said=f"{reason}; its {_shown_by(attempt)} is there")
    return Verdict(fate=Fate.ROLLED_BACK, said=f"{reason}; {_missing(attempt)}")


def _shown_by(attempt: Attempt) -> str:
    return "event" if attempt.effect is None else attempt.effect.kind.value


def _missing(attempt: Attempt) -> str:
    return f"its {_shown_by(attempt)} is not there"

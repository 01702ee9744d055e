"""Finds out what became of a COMMIT that was sent and not answered: ends the session that sent it, then asks the server.

A line that is lost at COMMIT may still deliver it seconds later. So the answer counts only once nobody can send it any
more: the old session, known by its backend's pid and start time, is terminated and waited for. What cannot be decided
in time is not known yet, and is asked again; nothing is guessed.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Self, assert_never

import psycopg

from console.backend.database.connections import CommitUnknown, connect
from console.backend.database.records import has_event, transaction_status
from console.backend.errors import CutterError, StopCode, Unmeasured
from console.backend.journal_record import Anchor, Field, Record
from console.backend.runs.site import Site
from console.backend.runs.step import Role
from console.backend.safe_text import SafeText
from console.backend.value import Value

LIMIT_S = 20.0
"""How long it is tried before the answer is: not known yet."""
_PAUSE_S = 0.2
_ASK_S = 5.0
_ATTEMPT = """
    SELECT pg_current_xact_id()::text, pg_backend_pid()::text, (SELECT s.backend_start::text FROM pg_stat_activity s WHERE s.pid = pg_backend_pid()),
           c.system_identifier::text, (('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int)::text
      FROM pg_control_system() c
"""
_SERVER = """
    SELECT c.system_identifier::text, CASE WHEN pg_is_in_recovery() THEN '' ELSE (('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int)::text END
      FROM pg_control_system() c
"""
# A session that waits for a synchronous standby has committed already; ending it would only make the wait look like a success.
_FENCE = """
    SELECT CASE WHEN s.wait_event = 'SyncRep' THEN 'waits for a synchronous standby'
                WHEN pg_terminate_backend(s.pid) THEN 'is being ended' ELSE 'could not be ended' END
      FROM pg_stat_activity s WHERE s.pid = %s::integer AND s.backend_start = %s::timestamptz
"""
_STILL_THERE = (
    "SELECT 1 FROM pg_stat_activity s WHERE s.pid = %s::integer AND s.usename = %s AND s.datname = current_database()"
)
# A message in the WAL, behind the COMMIT in question: the standby that confirms the one has the other.
_BEHIND_IT = "SELECT pg_logical_emit_message(true, 'cutter-console', 'settled')"


class Attempt(Value):
    """A transaction that is about to be committed, as the journal names it beforehand."""

    xid: str
    role: Role
    pid: str = ""
    """Of the backend; empty in journals of older releases, whose sessions cannot be told from others."""
    started: str = ""
    """When that backend started, by the server's clock."""
    system_identifier: str = ""
    timeline: str = ""
    anchor: Anchor
    """The journal's record of it, which the event in the database names."""

    @classmethod
    def of(cls, record: Record) -> Self | None:
        """Read it out of a journal's record; None where the record names no transaction."""
        values = {field.key: field.value for field in record.fields}
        return cls.named(values, Anchor(sequence=record.sequence, hash=record.hash))

    @classmethod
    def named(cls, values: Mapping[str, str], anchor: Anchor) -> Self | None:
        """The same, out of what `measure_attempt` gave."""
        if not values.get("xid"):
            return None
        role = values.get("role", "")
        return cls(
            xid=values["xid"],
            role=Role(role) if role in set(Role) else Role.EXECUTOR,
            pid=values.get("pid", ""),
            started=values.get("backend_start", ""),
            system_identifier=values.get("system_identifier", ""),
            timeline=values.get("timeline", ""),
            anchor=anchor,
        )


def measure_attempt(connection: psycopg.Connection, role: Role) -> tuple[Field, ...]:
    """Give the open transaction its id, and say by what it will be known."""
    row = connection.execute(_ATTEMPT).fetchone()
    assert row is not None
    named = zip(("xid", "pid", "backend_start", "system_identifier", "timeline"), row, strict=True)
    return (Field(key="role", value=role), *(Field(key=key, value=str(value)) for key, value in named))


class Fate(StrEnum):
    """What became of a transaction."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    UNKNOWN = "not known yet"


class Verdict(Value):
    """What became of a transaction, and how that is known."""

    fate: Fate
    said: SafeText


class NotKnownYet(CommitUnknown):
    """It could not be decided in time whether a transaction was committed; the one move is to ask again."""


def not_known_yet(run_id: str, what: str, said: str) -> NotKnownYet:
    """The error that says so, with the command that asks again."""
    return NotKnownYet(
        StopCode.UNREACHABLE,
        f"{what} of run {run_id}: not known yet whether it was committed: {said}",
        f"Ask again: cutter-console run settle {run_id}",
    )


def rolled_back(lost: CutterError, said: str) -> Unmeasured:
    """The error of a transaction that is known to have had no effect."""
    return Unmeasured(lost.code, f"{lost.message}; {said}: nothing was written", "Do it again.")


@contextmanager
def committing_alone(
    site: Site, what: str, *, role: Role = Role.EXECUTOR, replicated: bool = True
) -> Iterator[psycopg.Connection]:
    """One transaction that is in no run's journal, settled where its COMMIT is not answered.

    `replicated` off waits for no standby, as what stops never does. Raises Unmeasured where it was rolled back,
    NotKnownYet where that is not decided in time: done again, it does no harm.
    """
    fields: tuple[Field, ...] = ()
    try:
        with connect(_conninfo(site, role), purpose=what, replicated=replicated) as connection:
            fields = measure_attempt(connection, role)
            yield connection
    except CommitUnknown as lost:
        attempt = Attempt.named({field.key: field.value for field in fields}, Anchor(sequence=0, hash=""))
        if attempt is None:
            raise
        verdict = settle(site, "", attempt)
        match verdict.fate:
            case Fate.COMMITTED:
                return
            case Fate.ROLLED_BACK:
                raise rolled_back(lost, verdict.said) from lost
            case Fate.UNKNOWN:
                message = f"{what}: not known yet whether it was committed: {verdict.said}"
                raise NotKnownYet(
                    StopCode.UNREACHABLE, message, "Do it again: it is a no-op where it was done."
                ) from lost


def settle(site: Site, run_id: str, attempt: Attempt) -> Verdict:
    """End the session of the attempt and ask until it is decided, for LIMIT_S at most. Never raises for what the server says."""
    until = time.monotonic() + LIMIT_S
    while True:
        verdict = _ask(site, run_id, attempt)
        if verdict.fate is not Fate.UNKNOWN or time.monotonic() >= until:
            return verdict
        time.sleep(_PAUSE_S)


def look(site: Site, run_id: str, attempt: Attempt) -> Verdict:
    """What can be said of it as the monitoring role, which ends nobody's session."""
    database = site.settings.database
    try:
        with connect(database.monitor, read_only=True, timeout_s=_ASK_S, purpose="evidence") as connection:
            if (elsewhere := _elsewhere(connection, run_id, attempt)) is not None:
                return elsewhere
            role = _ROLE_NAMES[attempt.role]
            if attempt.pid and connection.execute(_STILL_THERE, (attempt.pid, role)).fetchone() is not None:
                return Verdict(fate=Fate.UNKNOWN, said=f"the session that sent it, {attempt.pid}, is still there")
            return _status(connection, run_id, attempt)
    except CutterError as error:
        return Verdict(fate=Fate.UNKNOWN, said=error.message)


_ROLE_NAMES = {Role.EXECUTOR: "cutter_exec", Role.VERIFIER: "cutter_verify"}


def _conninfo(site: Site, role: Role) -> str:
    database = site.settings.database
    return database.verifier if role is Role.VERIFIER else database.executor


def _ask(site: Site, run_id: str, attempt: Attempt) -> Verdict:
    conninfo = _conninfo(site, attempt.role)
    try:
        with connect(conninfo, timeout_s=_ASK_S, purpose="settle") as connection:
            if (elsewhere := _elsewhere(connection, run_id, attempt)) is not None:
                return elsewhere
            if attempt.pid:
                row = connection.execute(_FENCE, (attempt.pid, attempt.started)).fetchone()
                if row is not None:
                    return Verdict(fate=Fate.UNKNOWN, said=f"its session, {attempt.pid}, {row[0]}")
            verdict = _status(connection, run_id, attempt)
        if verdict.fate is Fate.COMMITTED:
            with connect(conninfo, timeout_s=_ASK_S, commit_limit_s=_ASK_S, purpose="settle") as connection:
                connection.execute(_BEHIND_IT)
    except CommitUnknown:
        return Verdict(fate=Fate.UNKNOWN, said="it is committed on this server, and no synchronous standby confirms it")
    except CutterError as error:
        return Verdict(fate=Fate.UNKNOWN, said=error.message)
    return verdict


def _elsewhere(connection: psycopg.Connection, run_id: str, attempt: Attempt) -> Verdict | None:
    """On another server or timeline the id may belong to another transaction: there the run's events decide."""
    row = connection.execute(_SERVER).fetchone()
    assert row is not None
    here = (str(row[0]), str(row[1]))
    if not attempt.system_identifier or here == (attempt.system_identifier, attempt.timeline):
        return None
    if here[1] == "":
        return Verdict(fate=Fate.UNKNOWN, said="the server at hand is a standby")
    where = f"this is server {here[0]}, timeline {here[1]}; it was sent to {attempt.system_identifier}, timeline {attempt.timeline}"
    return _by_rows(connection, run_id, attempt, where)


def _status(connection: psycopg.Connection, run_id: str, attempt: Attempt) -> Verdict:
    match transaction_status(connection, attempt.xid):
        case "committed":
            return Verdict(fate=Fate.COMMITTED, said=f"transaction {attempt.xid} is committed")
        case "aborted":
            return Verdict(fate=Fate.ROLLED_BACK, said=f"transaction {attempt.xid} was rolled back")
        case "in progress":
            return Verdict(fate=Fate.UNKNOWN, said=f"transaction {attempt.xid} is in progress")
        case "unknown":
            return _by_rows(connection, run_id, attempt, f"transaction {attempt.xid} is too old to be asked for")
        case other:
            assert_never(other)


def _by_rows(connection: psycopg.Connection, run_id: str, attempt: Attempt, why: str) -> Verdict:
    if has_event(connection, run_id, attempt.anchor):
        return Verdict(fate=Fate.COMMITTED, said=f"{why}; its event is there")
    return Verdict(fate=Fate.ROLLED_BACK, said=f"{why}; its event is not there")

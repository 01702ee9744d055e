"""Changes of hands of a run as the database records them, and the sessions that a former holder has left at the server."""

from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from console.backend.journal.journal_key import JournalKey
from console.backend.journal.journal_record import Anchor
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Operation
from console.backend.postgres.connections import scalar


class ChangedHands(NamedTuple):
    """A change of hands as a console asks for it."""

    run_id: str
    operator: str
    host: str
    journal: str
    """Hash of the first record of the journal that goes on."""
    anchor: Anchor
    """The record of that journal that names the transaction."""


class FormerSession(NamedTuple):
    """A session at the server, as `end_session` knows it."""

    pid: str
    started: str


_USED = "SELECT count(*) FROM cutter_governance.run_event WHERE run_id = %s AND vouched"
_HAND_OVER = "SELECT cutter_console.fn_run_hand_over(%s, %s, %s, %s, %s, %s)"
_ACCEPT = "SELECT cutter_console.fn_run_accept(%s, %s, %s, %s, %s, %s)"
_TAKE_OVER = "SELECT cutter_console.fn_run_take_over(%s, %s, %s, %s, %s, %s)"
# The session that holds a lease has its id in its name. Whoever has written the run's row in an open transaction is its
# xmax; a lock of several transactions at once has none that could be looked up, and is waited for instead.
_FORMER = """
    SELECT s.pid::text, s.backend_start::text
      FROM pg_stat_activity s
     WHERE s.datname = current_database() AND s.pid <> pg_backend_pid()
       AND s.usename = current_user
       AND (s.application_name IN (SELECT 'cutter-console lease ' || l.id FROM cutter_governance.v_lease l
                                    WHERE coalesce(l.run_id, l.batch_id) IN
                                          (%(run)s, (SELECT m.batch_id FROM cutter_governance.batch_member m WHERE m.run_id = %(run)s)))
            OR s.pid IN (SELECT k.pid FROM pg_locks k, cutter_governance.run r
                          WHERE r.run_id = %(run)s AND k.locktype = 'transactionid' AND k.mode = 'ExclusiveLock'
                            AND k.transactionid = r.xmax))
     ORDER BY s.pid
"""


def former_sessions(connection: psycopg.Connection, run_id: str) -> tuple[FormerSession, ...]:
    """Return the sessions of the connection's role that hold the run's lease, or have its row in an open transaction."""
    with connection.cursor() as cursor:
        rows = cursor.execute(_FORMER, {"run": run_id}).fetchall()
    return tuple(FormerSession(*map(str, row)) for row in rows)


def hand_over(connection: psycopg.Connection, change: ChangedHands, key: JournalKey, bundle: str) -> None:
    """Record that this console hands the run over in the bundle of this sha256; nobody holds it then."""
    number = _used(connection, change.run_id)
    event = _event(Operation.HAND_OVER, change.anchor, number, {"key": key.key(number)})
    connection.execute(_HAND_OVER, (change.run_id, change.operator, change.host, bundle, change.journal, event))


def accept(connection: psycopg.Connection, change: ChangedHands, key: JournalKey, bundle: str) -> None:
    """Record that this console holds the run that was handed over in the bundle of this sha256."""
    number = _used(connection, change.run_id)
    event = _event(Operation.ACCEPT, change.anchor, number, {"lock": key.lock(number)})
    connection.execute(_ACCEPT, (change.run_id, change.operator, change.host, bundle, change.journal, event))


def take_over(connection: psycopg.Connection, change: ChangedHands, key: JournalKey, *, begins: bool) -> None:
    """Record that this console holds the run, whoever has held it; `begins` says that its journal is another one."""
    number = _used(connection, change.run_id)
    event = _event(Operation.TAKE_OVER, change.anchor, number, {"lock": key.lock(number)})
    connection.execute(_TAKE_OVER, (change.run_id, change.operator, change.host, change.journal, begins, event))


def _used(connection: psycopg.Connection, run_id: str) -> int:
    return int(str(scalar(connection, _USED, run_id)))


def _event(operation: Operation, anchor: Anchor, number: int, secrets: dict[str, str]) -> Jsonb:
    return Jsonb(
        {
            "phase": operation.value,
            "outcome": Outcome.NOT_RUN.value,
            "record": {},
            "seq": anchor.sequence,
            "head": anchor.hash,
            "number": number,
            **secrets,
        }
    )

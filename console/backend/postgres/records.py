"""Reads of the record: runs, events, approvals, switch and documents, as typed rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from console.backend.journal.journal_record import Anchor
from console.backend.model.errors import Refused, StopCode
from console.backend.model.purposes import RunOperation
from console.backend.model.states import Family, RunState, Stage, is_over
from console.backend.model.value import Value
from console.backend.postgres.connections import read_column

TransactionStatus = Literal["committed", "aborted", "in progress", "unknown"]
_STATUSES: tuple[TransactionStatus, ...] = ("committed", "aborted", "in progress")


class RunRow(Value):
    """A LIVE run as it is recorded in the database."""

    run_id: str
    operation: RunOperation
    docprefix: str
    origin: str
    profile: str
    stage: Stage
    family: Family
    reason: str
    operator: str
    host: str
    source_sha256: str | None
    canonical_sha256: str | None
    plan_digest: str | None
    content_digest: str | None
    n_units: int | None
    baseline_digest: str | None
    started_at: datetime
    changed_at: datetime
    held_by_way_of: str | None = None
    """The last change of hands, as `Operation` names it; None while the console that started the run holds it."""
    holder: str | None = None
    """The operator who made that change."""
    holder_host: str | None = None
    holder_lock: str | None = None
    """Lock that the holder's key opens; None if the run was handed over and nobody has accepted it."""
    holder_number: int | None = None
    """The number of the event that this lock is for."""
    held_since: datetime | None = None

    @property
    def state(self) -> RunState:
        """Return stage, family and reason as one value."""
        return RunState(stage=self.stage, family=self.family, reason=self.reason)


class EventRow(Value):
    """One recorded step of a run; `record` is the phase's result as JSON."""

    id: int
    phase: str
    stage: str
    outcome: str
    record: str
    journal_seq: int
    journal_head: str
    actor: str
    at: datetime
    vouched: bool | None
    """True if the writer held the journal's key; None if version 0.2.0 recorded it."""
    family: str


class ApprovalRow(Value):
    """An imported statement and what it was used for."""

    statement_sha256: str
    kind: str
    run_id: str
    plan_digest: str
    expires: datetime
    signers: tuple[str, ...]
    imported_by: str
    imported_at: datetime
    used_for: str | None
    used_at: datetime | None
    review_decision_id: str | None
    purpose: str | None
    """Purpose of the ruling; None if version 0.2.0 imported it, whose rulings authorise nothing new."""
    timeline: int
    """The timeline that it was signed for; on another one it authorises nothing but a revert."""
    batch_ruling: str | None = None
    """sha256 of the statement over the batch that carried it; None if it was signed by itself."""


class LeaseRow(Value):
    """The open lease."""

    run_id: str
    """The run that it is for, or the batch."""
    purpose: str
    operator: str
    host: str
    armed_at: datetime
    expires_at: datetime
    taken_at: datetime | None = None
    """Time when the session that works under it took it up; None while none does."""


class HoldRow(Value):
    """The HOLD that is set."""

    reason: str
    by: str
    run_id: str | None
    at: datetime


class DocumentRow(Value):
    """A registered document; `live_query` is None unless its text lives in the database."""

    docprefix: str
    origin: str
    profile: str
    live_query: str | None


_RUN_PLACES = "SELECT run_id, host FROM cutter_governance.v_run"
_LAST_OF_ORIGINS = """
    SELECT DISTINCT ON (origin) origin, docprefix FROM cutter_governance.v_run ORDER BY origin, started_at DESC, run_id DESC
"""
_OF_DOCUMENT = "SELECT * FROM cutter_governance.v_run WHERE docprefix = %s ORDER BY started_at DESC, run_id DESC"
_OPEN_RUNS = """
    SELECT * FROM cutter_governance.v_run WHERE stage <> 'closeout_reported' AND family NOT IN ('voided', 'reverted')
     ORDER BY started_at DESC, run_id DESC
"""


def all_runs(connection: psycopg.Connection) -> tuple[RunRow, ...]:
    """Return every LIVE run, the newest first."""
    with connection.cursor(row_factory=class_row(RunRow)) as cursor:
        return tuple(
            cursor.execute("SELECT * FROM cutter_governance.v_run ORDER BY started_at DESC, run_id DESC").fetchall()
        )


def runs_of_document(connection: psycopg.Connection, docprefix: str) -> tuple[RunRow, ...]:
    """Return every LIVE run of a document, the newest first."""
    with connection.cursor(row_factory=class_row(RunRow)) as cursor:
        return tuple(cursor.execute(_OF_DOCUMENT, (docprefix,)).fetchall())


def open_runs(connection: psycopg.Connection) -> tuple[RunRow, ...]:
    """Return the LIVE runs that are neither closed nor voided nor reverted, the newest first; the others are at their end."""
    with connection.cursor(row_factory=class_row(RunRow)) as cursor:
        return tuple(cursor.execute(_OPEN_RUNS).fetchall())


def run_places(connection: psycopg.Connection) -> dict[str, str]:
    """Return the host that each LIVE run was started on."""
    return {str(run_id): str(host) for run_id, host in connection.execute(_RUN_PLACES.encode())}


def recorded_run_ids(connection: psycopg.Connection) -> frozenset[str]:
    """Return the ids of all runs of the database."""
    return frozenset(read_column(connection, "SELECT run_id FROM cutter_governance.v_run"))


def recorded_runs(connection: psycopg.Connection, run_ids: Iterable[str]) -> frozenset[str]:
    """Return those of these ids that the database has a run of."""
    query = "SELECT run_id FROM cutter_governance.v_run WHERE run_id = ANY (%s)"
    # No run has an id beyond ASCII, and the name of a directory can be no text, which could not be sent.
    return frozenset(read_column(connection, query, ([run_id for run_id in run_ids if run_id.isascii()],)))


def find_run(connection: psycopg.Connection, run_id: str) -> RunRow | None:
    """Return one run, or None if the database has none of that id."""
    with connection.cursor(row_factory=class_row(RunRow)) as cursor:
        return cursor.execute("SELECT * FROM cutter_governance.v_run WHERE run_id = %s", (run_id,)).fetchone()


def runs_of(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, RunRow]:
    """Return those of these runs that the database has, by id."""
    with connection.cursor(row_factory=class_row(RunRow)) as cursor:
        rows = cursor.execute("SELECT * FROM cutter_governance.v_run WHERE run_id = ANY (%s)", (list(run_ids),))
        return {row.run_id: row for row in rows}


def not_recorded(run_id: str) -> Refused:
    """Return the answer for a run id that is not in the database."""
    message = f"no run {run_id} in this database"
    return Refused(StopCode.REFUSED_INPUT, message, "See the runs there are: cutter-console run list")


def require_run(connection: psycopg.Connection, run_id: str) -> RunRow:
    """Return one run. Raises Refused if the database has none of that id."""
    row = find_run(connection, run_id)
    if row is None:
        raise not_recorded(run_id)
    return row


def events(connection: psycopg.Connection, run_id: str) -> tuple[EventRow, ...]:
    """Return the recorded steps of a run, in order."""
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT id, phase, stage, outcome, record::text AS record, journal_seq, journal_head, actor, at, vouched, family"
                " FROM cutter_governance.v_run_event WHERE run_id = %s ORDER BY id",
                (run_id,),
            ).fetchall()
        )


def events_of(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, tuple[EventRow, ...]]:
    """Return the recorded steps of these runs by run id, in order, without their evidence but for changes of hands."""
    query = (
        "SELECT run_id, id, phase, stage, outcome, CASE WHEN phase IN ('hand over', 'accept', 'take over') THEN record::text"
        " ELSE '' END AS record, journal_seq, journal_head, actor, at, vouched, family"
        " FROM cutter_governance.v_run_event WHERE run_id = ANY (%s) ORDER BY id"
    )
    by_run: dict[str, list[EventRow]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(query.encode(), (list(run_ids),)):
            by_run.setdefault(str(row.pop("run_id")), []).append(EventRow.model_validate(row))
    return {run_id: tuple(rows) for run_id, rows in by_run.items()}


_APPROVALS = sql.SQL(
    "SELECT statement_sha256, kind, run_id, plan_digest, expires, signers, imported_by, imported_at, used_for, used_at,"
    " review_decision_id::text, purpose, timeline, batch_ruling FROM cutter_governance.v_approval WHERE run_id = %s OR %s = '' ORDER BY imported_at DESC"
)


def approvals(connection: psycopg.Connection, run_id: str = "") -> tuple[ApprovalRow, ...]:
    """Return the imported statements of one run, or of all if `run_id` is empty, the newest first; one row per use."""
    with connection.cursor(row_factory=class_row(ApprovalRow)) as cursor:
        return tuple(cursor.execute(_APPROVALS, (run_id, run_id)).fetchall())


def open_lease(connection: psycopg.Connection) -> LeaseRow | None:
    """Return the lease that has neither ended nor expired, or None."""
    with connection.cursor(row_factory=class_row(LeaseRow)) as cursor:
        return cursor.execute(
            "SELECT coalesce(run_id, batch_id) AS run_id, purpose, operator, host, armed_at, expires_at, taken_at"
            " FROM cutter_governance.v_lease"
        ).fetchone()


def current_hold(connection: psycopg.Connection) -> HoldRow | None:
    """Return the HOLD recorded in the database, or None."""
    with connection.cursor(row_factory=class_row(HoldRow)) as cursor:
        return cursor.execute("SELECT reason, by, run_id, at FROM cutter_governance.v_hold").fetchone()


def documents(connection: psycopg.Connection) -> tuple[DocumentRow, ...]:
    """Return the registered documents, by prefix."""
    with connection.cursor(row_factory=class_row(DocumentRow)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT docprefix, origin, profile, live_query FROM cutter_governance.v_document ORDER BY docprefix"
            ).fetchall()
        )


def last_of_origins(connection: psycopg.Connection) -> dict[str, str]:
    """Return the prefix under which each origin was started last: the registry keeps the first origin of a document alone."""
    return dict(connection.execute(_LAST_OF_ORIGINS).fetchall())


def anchors_by_run(connection: psycopg.Connection, rows: Iterable[RunRow]) -> dict[str, frozenset[Anchor]]:
    """Return the journal records that the events name, by run id, for each of these runs that is not over."""
    query = "SELECT run_id, journal_seq, journal_head FROM cutter_governance.v_run_event WHERE run_id = ANY (%s)"
    by_run: dict[str, set[Anchor]] = {}
    for run_id, sequence, head in connection.execute(query, ([row.run_id for row in rows if not is_over(row.state)],)):
        by_run.setdefault(str(run_id), set()).add(Anchor(sequence=int(sequence), hash=str(head)))
    return {run_id: frozenset(anchors) for run_id, anchors in by_run.items()}


def has_event(connection: psycopg.Connection, run_id: str, anchor: Anchor) -> bool:
    """Return whether the database has the event that names this record of the run's journal."""
    query = "SELECT 1 FROM cutter_governance.v_run_event WHERE run_id = %s AND journal_seq = %s AND journal_head = %s"
    return connection.execute(query, (run_id, anchor.sequence, anchor.hash)).fetchone() is not None


def transaction_status(connection: psycopg.Connection, xid: str) -> TransactionStatus:
    """Return the status of a transaction; `unknown` if it is too old, or the server has not assigned the id yet."""
    try:
        # In a savepoint: an id of the future raises, which would abort the caller's transaction.
        with connection.transaction():
            row = connection.execute("SELECT pg_xact_status(%s::xid8)", (xid,)).fetchone()
    except psycopg.errors.InvalidParameterValue:
        return "unknown"
    return next((status for status in _STATUSES if row == (status,)), "unknown")

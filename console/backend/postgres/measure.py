"""Measurements of the database: its identity, its rows, its digests. Each is measured now, none is remembered."""

import psycopg

from console.backend.model.errors import Drifted, StopCode
from console.backend.model.plan_binding import PlanBinding, TableCount, Target
from console.backend.model.value import Value
from console.backend.postgres.batches import readers_digest_without_batch, without_companions
from console.backend.postgres.connections import scalar

_IDENTITY = """
    SELECT current_database()::text, c.system_identifier::text, pg_is_in_recovery(), current_setting('server_version_num')::int,
           current_setting('server_version'), current_user::text, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
      FROM pg_control_system() c
"""
_TIMELINE = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"
_CAN_WRITE = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'cutter_governance') AND c.relkind = 'r'
       AND (has_table_privilege(c.oid, 'DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
"""
_CAN_EXECUTE = """
    SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname IN ('public', 'cutter_governance') AND p.provolatile = 'v' AND p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE')
"""

REGISTRIES = frozenset(
    {"cutter_governance.source_document_registry", "cutter_governance.source_document_version_registry"}
)
"""Written when any run pins its source, before its plan: another run that starts is no drift of this one."""


class Identity(Value):
    """Identity of a database, and the role of the connection."""

    target: Target
    server_version_num: int
    server_version: str
    role: str
    superuser: bool


def measure_identity(connection: psycopg.Connection, host: str) -> Identity:
    """Return the identity of the database and the connection's role.

    Raises Drifted on a server in recovery: nothing can be cut there.
    """
    row = connection.execute(_IDENTITY).fetchone()
    if row is None or row[2]:
        raise Drifted(StopCode.IDENTITY_MISMATCH, "the server is in recovery: a standby", "Connect to the primary.")
    # From the WAL: pg_control keeps the old timeline until the first checkpoint after a promotion.
    timeline = scalar(connection, _TIMELINE)
    return Identity(
        target=Target(host=host, database=row[0], system_identifier=row[1], timeline=int(str(timeline))),
        server_version_num=row[3],
        server_version=row[4],
        role=row[5],
        superuser=row[6],
    )


def privileges_to_write(connection: psycopg.Connection) -> int:
    """Count the tables that the role may change and the functions that write for it; 0 for a monitoring role."""
    return int(str(scalar(connection, _CAN_WRITE))) + int(str(scalar(connection, _CAN_EXECUTE)))


def measure_counts(connection: psycopg.Connection) -> tuple[TableCount, ...]:
    """Return the present number of rows of every table that a run can touch."""
    rows = connection.execute("SELECT table_name, rows FROM cutter_governance.v_row_count").fetchall()
    return tuple(TableCount(table=table, rows=count) for table, count in rows)


def measure_baseline(connection: psycopg.Connection) -> tuple[TableCount, ...]:
    """Return the numbers of rows that were pinned when the last run closed, or at installation."""
    rows = connection.execute("SELECT table_name, rows FROM cutter_governance.v_baseline").fetchall()
    return tuple(TableCount(table=table, rows=count) for table, count in rows)


def readers_digest(connection: psycopg.Connection, without_run: str | None = None) -> str:
    """Return the sha256 over the units that readers see, optionally without those of one run."""
    return str(scalar(connection, "SELECT cutter_governance.fn_readers_digest(%s)", without_run))


def readers_digest_without(connection: psycopg.Connection, addresses: list[str]) -> str:
    """Return the sha256 over the units that readers see, without these addresses."""
    return str(scalar(connection, "SELECT cutter_governance.fn_readers_digest_without(%s)", addresses))


def revert_digest(connection: psycopg.Connection, run_id: str) -> str:
    """Return the readers' digest that a revert of this run must lead to."""
    return str(scalar(connection, "SELECT cutter_governance.fn_revert_digest(%s)", run_id))


def measure_world(
    connection: psycopg.Connection, host: str, *, with_rows: bool = True, member: str = ""
) -> PlanBinding:
    """Measure the state of the database that a plan depends on, to pin it or to compare it with the pinned one.

    Without the rows for a comparison that leaves them out, because the run itself has changed them. For a run that is a
    member of a batch: without exactly what the other members were signed to write.
    """
    identity = measure_identity(connection, host)
    return PlanBinding(
        target=identity.target,
        server_version=identity.server_version_num,
        schema_digest=str(scalar(connection, "SELECT cutter_governance.fn_schema_digest()")),
        baseline_digest=_readers_digest(connection, member) if with_rows else "",
        counts=_counts(connection, member) if with_rows else (),
    )


def _readers_digest(connection: psycopg.Connection, member: str) -> str:
    return readers_digest_without_batch(connection, member) if member else readers_digest(connection)


def _counts(connection: psycopg.Connection, member: str) -> tuple[TableCount, ...]:
    counts = measure_counts(connection)
    kept = without_companions(connection, member, counts) if member else counts
    return tuple(count for count in kept if count.table not in REGISTRIES)


def world_differences(planned: PlanBinding, now: PlanBinding, *, own_run_wrote: bool) -> tuple[str, ...]:
    """Pure: one line for each difference from the planned state.

    `own_run_wrote` leaves counts and readers' view out: the run's own rows would differ from the plan.
    """
    lines = [
        f"{name}: planned {old}, now {new}"
        for name, old, new in (
            ("host", planned.target.host, now.target.host),
            ("database", planned.target.database, now.target.database),
            ("system identifier", planned.target.system_identifier, now.target.system_identifier),
            ("timeline", planned.target.timeline, now.target.timeline),
            ("server version", planned.server_version, now.server_version),
            ("grants, functions and triggers", planned.schema_digest, now.schema_digest),
        )
        if old != new
    ]
    if not own_run_wrote:
        if planned.baseline_digest != now.baseline_digest:
            lines.append(f"readers' view: planned {planned.baseline_digest}, now {now.baseline_digest}")
        lines += _count_differences(planned.counts, now.counts)
    return tuple(lines)


def _count_differences(planned: tuple[TableCount, ...], now: tuple[TableCount, ...]) -> list[str]:
    rows = {count.table: count.rows for count in now}
    return [
        f"{old.table}: planned {old.rows} rows, now {rows.get(old.table, 'none')}"
        for old in planned
        if rows.get(old.table) != old.rows
    ]

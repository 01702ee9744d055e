"""Measurements of the database: its identity, its rows, its digests. Each is measured now, none is remembered."""

from functools import partial
from typing import NamedTuple

import psycopg

from console.backend.model.errors import Drifted, StopCode
from console.backend.model.plan_binding import PlanBinding, TableCount, Target
from console.backend.model.schema_names import LEDGER, UNITS
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking, Question
from console.backend.postgres.connections import read_row, scalar
from console.backend.postgres.inventory import schema_digest
from console.backend.postgres.rendering import schema_names

_IDENTITY = """
    SELECT current_database()::text, c.system_identifier::text, pg_is_in_recovery(), current_setting('server_version_num')::int,
           current_setting('server_version'), current_user::text, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
           -- From the WAL: pg_control keeps the old timeline until the first checkpoint after a promotion.
           CASE WHEN NOT pg_is_in_recovery() THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
      FROM pg_control_system() c
"""
# What a standby has replayed: its own files name a timeline only at the next restart point.
_REPLAYED = "SELECT greatest(k.timeline_id, r.min_recovery_end_timeline) FROM pg_control_checkpoint() k, pg_control_recovery() r"
_CAN_WRITE = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE (n.nspname IN ('public', 'cutter_governance', 'cutter_console') OR n.nspname = ANY (%s)) AND c.relkind = 'r'
       AND (has_table_privilege(c.oid, 'DELETE, TRUNCATE') OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
"""
_CAN_EXECUTE = """
    SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname IN ('public', 'cutter_governance', 'cutter_console') AND p.provolatile = 'v' AND p.prosecdef AND has_function_privilege(p.oid, 'EXECUTE')
"""
_CAN_HOLD = """
    SELECT count(*) FROM pg_proc p
     WHERE p.oid = to_regprocedure('cutter_console.fn_hold_ensure(text, text)') AND has_function_privilege(p.oid, 'EXECUTE')
"""
_STATE = """
    SELECT cutter_console.fn_readers_digest(), cutter_console.fn_effect_rows(),
           (SELECT coalesce(max(e.id), 0) FROM cutter_governance.v_run_effect e)
"""
_STATE_SINCE = """
    SELECT cutter_console.fn_readers_digest_since(%(effects)s, %(docprefix)s), cutter_console.fn_effect_rows(),
           cutter_console.fn_rows_since(%(effects)s, %(run_id)s)
"""
_ROWS_SINCE = "SELECT cutter_console.fn_rows_since(%s, %s)"

REGISTRIES = frozenset(
    {"cutter_governance.source_document_registry", "cutter_governance.source_document_version_registry"}
)
"""Written when any run pins its source, before its plan: another run that starts is no drift of this one."""


class _State(NamedTuple):
    readers_digest: str
    counts: dict[str, int]
    effects: int


class _StateSince(NamedTuple):
    readers_digest: str
    counts: dict[str, int]
    added: dict[str, int]


class Identity(Value):
    """Identity of a database, and the role of the connection."""

    target: Target
    server_version_num: int
    server_version: str
    role: str
    superuser: bool
    in_recovery: bool = False
    """True for a standby, whose timeline is the one that it replays."""


def measure_identity(connection: psycopg.Connection, host: str, *, standby: bool = False) -> Identity:
    """Return the identity of the database and the connection's role.

    Raises Drifted on a server in recovery, where nothing can be cut, unless `standby` says that it is only looked at.
    """
    row = connection.execute(_IDENTITY).fetchone()
    if row is None or (row[2] and not standby):
        raise Drifted(StopCode.IDENTITY_MISMATCH, "the server is in recovery: a standby", "Connect to the primary.")
    timeline = scalar(connection, _REPLAYED) if row[2] else row[7]
    return Identity(
        target=Target(host=host, database=row[0], system_identifier=row[1], timeline=int(str(timeline))),
        server_version_num=row[3],
        server_version=row[4],
        role=row[5],
        superuser=row[6],
        in_recovery=row[2],
    )


def privileges_to_write(connection: psycopg.Connection) -> int:
    """Count the tables that the role may change and the functions that write for it; 0 for a monitoring role."""
    # Beside an organisation's tables of the same names those count, too: the values keep these names.
    return int(str(scalar(connection, _CAN_WRITE, [UNITS, LEDGER]))) + int(str(scalar(connection, _CAN_EXECUTE)))


def privileges_beyond_a_hold(connection: psycopg.Connection) -> int:
    """Count what the role may write but for the HOLD that `cutter_stop` may set; 0 for that role."""
    return privileges_to_write(connection) - int(str(scalar(connection, _CAN_HOLD)))


def measure_counts(connection: psycopg.Connection) -> tuple[TableCount, ...]:
    """Return the present number of rows of every table that a run can touch."""
    rows = connection.execute("SELECT table_name, rows FROM cutter_governance.v_row_count").fetchall()
    names = schema_names(connection)
    return tuple(TableCount(table=names.as_written(table), rows=count) for table, count in rows)


def measure_baseline(connection: psycopg.Connection) -> tuple[TableCount, ...]:
    """Return the numbers of rows that were pinned when the last run closed, or at installation."""
    rows = connection.execute("SELECT table_name, rows FROM cutter_governance.v_baseline").fetchall()
    names = schema_names(connection)
    return tuple(TableCount(table=names.as_written(table), rows=count) for table, count in rows)


def readers_digest(connection: psycopg.Connection, without_run: str | None = None) -> str:
    """Return the sha256 over the units that readers see, optionally without those of one run."""
    return str(scalar(connection, "SELECT cutter_console.fn_readers_digest(%s)", without_run))


def readers_digest_without(connection: psycopg.Connection, addresses: list[str]) -> str:
    """Return the sha256 over the units that readers see, without these addresses."""
    return str(scalar(connection, "SELECT cutter_console.fn_readers_digest_without(%s)", addresses))


def revert_digest(connection: psycopg.Connection, run_id: str) -> str:
    """Return the readers' digest that a revert of this run must lead to."""
    return str(scalar(connection, "SELECT cutter_console.fn_revert_digest(%s)", run_id))


def measure_world(connection: psycopg.Connection, host: str, schema: Question[str] = schema_digest) -> PlanBinding:
    """Measure the state of the database, to pin it into a plan. `schema` answers with the schema's digest."""
    with Asking(connection) as asking:
        place = asking.ask(partial(measure_identity, host=host))
        # One statement, and so one snapshot: an effect is in all of it or in none.
        state, digest = asking.ask(partial(read_row, row=_State, query=_STATE)), asking.ask(schema)
    identity, row = place.value, state.value
    return PlanBinding(
        target=identity.target,
        server_version=identity.server_version_num,
        schema_digest=digest.value,
        baseline_digest=row.readers_digest,
        counts=_table_counts(row.counts),
        effects=row.effects,
    )


class WorldSince(Value):
    """The state of the database now, beside what other runs have recorded since a plan was made."""

    now: PlanBinding
    """The readers' view is that of the plan's time in the documents that other runs have changed by recorded effects."""
    added: tuple[TableCount, ...]
    """Rows that other runs have added to each table."""


def measure_world_since(
    connection: psycopg.Connection,
    host: str,
    planned: PlanBinding,
    run_id: str,
    docprefix: str,
    *,
    with_rows: bool,
    schema: Question[str] = schema_digest,
) -> WorldSince:
    """Measure the state of the database for a comparison with a plan's, telling apart what other runs have recorded since.

    Without the rows for a comparison that leaves them out, because the run itself has changed them. `schema` answers with
    the schema's digest; a caller that has measured it a moment ago gives it.
    """
    if not with_rows:
        with Asking(connection) as asking:
            place, digest = asking.ask(partial(measure_identity, host=host)), asking.ask(schema)
        now = PlanBinding(
            target=place.value.target,
            server_version=place.value.server_version_num,
            schema_digest=digest.value,
            baseline_digest="",
            counts=(),
        )
        return WorldSince(now=now, added=())
    values = {"effects": planned.effects, "docprefix": docprefix, "run_id": run_id}
    with Asking(connection) as asking:
        place = asking.ask(partial(measure_identity, host=host))
        state = asking.ask(partial(read_row, row=_StateSince, query=_STATE_SINCE, parameters=values))
        digest = asking.ask(schema)
    identity, row = place.value, state.value
    now = PlanBinding(
        target=identity.target,
        server_version=identity.server_version_num,
        schema_digest=digest.value,
        baseline_digest=row.readers_digest,
        counts=_table_counts(row.counts),
    )
    return WorldSince(now=now, added=_table_counts(row.added))


def rows_added_since(connection: psycopg.Connection, effects: int, run_id: str) -> tuple[TableCount, ...]:
    """Return the rows that effects of other runs have added to each table since that effect."""
    return _table_counts(read_row(connection, dict[str, int], _ROWS_SINCE, (effects, run_id)))


def readers_digest_without_run_since(connection: psycopg.Connection, effects: int, docprefix: str, run_id: str) -> str:
    """Return the sha256 as `readers_digest_since` does, without the units of this run's manifest."""
    query = (
        "SELECT cutter_console.fn_readers_digest_since(%s, %s,"
        " (SELECT array_agg(b.address) FROM cutter_governance.manifest_unit_block b WHERE b.run_id = %s))"
    )
    return str(scalar(connection, query, effects, docprefix, run_id))


def readers_digest_since(connection: psycopg.Connection, effects: int, docprefix: str, addresses: list[str]) -> str:
    """Return the sha256 over the units that readers see, with what others have changed since that effect as it was before.

    The units of the document itself are those of now, without these addresses.
    """
    query = "SELECT cutter_console.fn_readers_digest_since(%s, %s, %s)"
    return str(scalar(connection, query, effects, docprefix, addresses))


def _table_counts(rows: dict[str, int]) -> tuple[TableCount, ...]:
    """Return the rows by the names that the tables have in this database, as a plan names them."""
    return tuple(TableCount(table=table, rows=rows[table]) for table in sorted(rows))


def world_differences(
    planned: PlanBinding, now: PlanBinding, *, with_rows: bool, added: tuple[TableCount, ...] = ()
) -> tuple[str, ...]:
    """Pure: one line for each difference from the planned state, beside the rows that other runs have added since.

    Without `with_rows` counts and readers' view are left out: once a run has written, its own rows differ from the plan.
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
    if with_rows:
        if planned.baseline_digest != now.baseline_digest:
            lines.append(f"readers' view: planned {planned.baseline_digest}, now {now.baseline_digest}")
        lines += _count_differences(planned.counts, now.counts, {count.table: count.rows for count in added})
    return tuple(lines)


def _count_differences(
    planned: tuple[TableCount, ...], now: tuple[TableCount, ...], added: dict[str, int]
) -> list[str]:
    rows = {count.table: count.rows for count in now}
    return [
        f"{old.table}: planned {old.rows} rows{_by_others(added.get(old.table, 0))}, now {rows.get(old.table, 'none')}"
        for old in planned
        if rows.get(old.table) != old.rows + added.get(old.table, 0)
    ]


def _by_others(rows: int) -> str:
    return f" and {rows} recorded by other runs since" if rows else ""

"""A fingerprint of a database by means that are not the product's: what stands in it, whose it is, and which function a call reaches."""

import subprocess
from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.host.programs import installed_programs, pick_dump_programs
from tests.conftest import Database

_TABLES = """
    SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1, 2
"""
_OBJECTS = """
    SELECT 'function', p.oid::bigint, format('%s owner %s acl %s', pg_get_functiondef(p.oid), p.proowner::regrole, p.proacl)
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('public', 'cutter_governance', 'cutter_console') AND p.prokind = 'f'
    UNION ALL
    SELECT 'relation', c.oid::bigint, format('%s %s owner %s acl %s file %s', c.oid::regclass, c.relkind, c.relowner::regrole, c.relacl, c.relfilenode)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'cutter_governance', 'cutter_console')
    UNION ALL
    SELECT 'trigger', t.oid::bigint, format('%s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t
    UNION ALL
    SELECT 'constraint', c.oid::bigint, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
     WHERE n.nspname IN ('public', 'cutter_governance', 'cutter_console')
    UNION ALL
    SELECT 'schema', n.oid::bigint, format('%s owner %s acl %s', n.nspname, n.nspowner::regrole, n.nspacl) FROM pg_namespace n
     WHERE n.nspname IN ('public', 'cutter_governance', 'cutter_console')
    UNION ALL
    SELECT 'role', r.oid::bigint, format('%s %s', r.rolname, to_jsonb(r)) FROM pg_roles r WHERE r.rolname IN
           ('directus', 'workflow_admin', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop', 'watcher')
    ORDER BY 1, 2
"""
_CREATE = ["'A'", "'B'", "'C'", "'D'", "'law_unit'", "'section'", "'library'", "'internal'", "NULL"]
_ENACT = ["'A'", "'B'", "NULL", "'enacted'", "NULL", "''", "''", "true"]
CALLS = (
    *(f"fn_iu_create({', '.join(_CREATE[:number])})" for number in range(4, 10)),
    *(f"public.fn_iu_create({', '.join(_CREATE[:number])})" for number in (4, 9)),
    *(f"fn_iu_enact({', '.join(_ENACT[:number])})" for number in range(3, 9)),
    "fn_iu_create(p_address => 'A', p_title => 'B', p_body => 'C', p_actor => 'D', p_parent => NULL)",
    "fn_iu_enact(p_address => 'A', p_actor => 'B', p_review_decision_id => NULL, p_dry_run => true)",
    "fn_library_add('A', 'B', 'C')",
)
"""Calls as the organisation's programs write them: by position and by name, with and without the arguments that have a default."""


class Fingerprint(NamedTuple):
    """Everything that must stay as it is; two of them are compared part by part."""

    objects: tuple[tuple[object, ...], ...]
    """Each existing object: kind, oid, definition with owner and privileges."""
    calls: tuple[tuple[str, int | str], ...]
    """The oid of the function that each call reaches, or the SQLSTATE that it meets."""
    rows: tuple[tuple[str, int, str], ...]
    """Number and digest of the rows of each table, with the transactions that wrote them."""
    dump: str
    """The schema as pg_dump prints it."""


def fingerprint(database: Database) -> Fingerprint:
    """Take the fingerprint as the superuser."""
    with database.connect() as connection:
        return Fingerprint(
            objects=tuple(connection.execute(_OBJECTS).fetchall()),
            calls=tuple((call, _reached(connection, call)) for call in CALLS),
            rows=tuple(_rows(connection, schema, table) for schema, table in connection.execute(_TABLES).fetchall()),
            dump=_dump(database),
        )


def existing_part(before: Fingerprint, now: Fingerprint) -> Fingerprint:
    """What of `now` was there before: new objects are left out, changed ones are not."""
    known = {(kind, oid) for kind, oid, _ in before.objects}
    tables = {table for table, _, _ in before.rows}
    return Fingerprint(
        objects=tuple(row for row in now.objects if row[:2] in known),
        calls=now.calls,
        rows=tuple(row for row in now.rows if row[0] in tables),
        dump=before.dump,
    )


def _reached(connection: psycopg.Connection, call: str) -> int | str:
    """The server's own answer: a view depends on the function that its query calls."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"CREATE TEMP VIEW reached AS SELECT {call} AS answer".encode())
            row = connection.execute(
                "SELECT d.refobjid::bigint FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid"
                " WHERE w.ev_class = 'pg_temp.reached'::regclass AND d.refclassid = 'pg_proc'::regclass"
            ).fetchone()
            assert row is not None, call
            return int(row[0])
    except psycopg.Error as error:
        return error.sqlstate or type(error).__name__


def _rows(connection: psycopg.Connection, schema: str, table: str) -> tuple[str, int, str]:
    query = sql.SQL(
        "SELECT count(*), coalesce(encode(sha256(convert_to(string_agg(xmin::text || t::text, chr(10) ORDER BY t::text), 'UTF8')), 'hex'), '') FROM {} t"
    ).format(sql.Identifier(schema, table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return (f"{schema}.{table}", row[0], row[1])


def _dump(database: Database) -> str:
    program = pick_dump_programs(database.cluster.major, installed_programs()).program("pg_dump")
    dump = subprocess.run(
        [program, "--schema-only", "--dbname", database.conninfo()], capture_output=True, text=True, check=True
    ).stdout
    # Newer ones print a key of this one dump.
    return "\n".join(line for line in dump.split("\n") if not line.startswith(("\\restrict", "\\unrestrict")))

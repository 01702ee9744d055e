"""Reads of triggers: the guards of the product's tables, and triggers of others on units."""

from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_column, read_rows
from console.backend.postgres.rendering import schema_names


class TriggerRow(NamedTuple):
    """A trigger: its table with its schema, its name, its state (`O` is skipped by a replica's session, `D` is disabled), its function."""

    table: str
    name: str
    state: str
    function: str


ENABLED_ALWAYS = "A"
"""The state of a trigger that fires whatever session_replication_role says."""
_TRIGGERS = """
    SELECT n.nspname || '.' || c.relname, t.tgname::text, t.tgenabled::text,
           CASE WHEN p.pronamespace = to_regnamespace('cutter_console') THEN p.proname::text
                ELSE format('%s.%s', p.pronamespace::regnamespace, p.proname) END
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_proc p ON p.oid = t.tgfoid
     WHERE n.nspname IN ('public', 'cutter_governance') AND NOT t.tgisinternal
"""
_ON_UNITS = """
    SELECT c.oid::regclass::text || '.' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
     WHERE c.oid IN ('public.information_unit'::regclass, 'public.unit_version'::regclass)
       AND NOT t.tgisinternal AND NOT (t.tgname ~ '^(guard|keep)_' AND p.pronamespace = to_regnamespace('cutter_console'))
"""


def triggers(connection: psycopg.Connection) -> tuple[TriggerRow, ...]:
    """Return every trigger of the product's schemas; their tables are named as statements write them."""
    names = schema_names(connection)
    rows = read_rows(connection, TriggerRow, _TRIGGERS)
    return tuple(row._replace(table=names.as_written(row.table)) for row in rows)


def foreign_unit_triggers(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return triggers on units and versions that are not the product's, as `table.trigger`."""
    return read_column(connection, _ON_UNITS)

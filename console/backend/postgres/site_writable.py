"""Facts that keep an organisation's tables and functions from being written through, asked before an administrator runs anything."""

from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.model.site_mapping import Refers, SiteMapping
from console.backend.postgres.connections import read_rows
from console.backend.postgres.site_roles import ODD_TABLES

_FUNCTION = """
    SELECT p.prokind::text, p.provariadic <> 0, p.prosecdef, p.prorettype = 'void'::regtype,
           has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) = %s
"""
_READ_BY_VIEWS = """
    SELECT n.nspname || '.' || c.relname, string_agg(DISTINCT s.nspname || '.' || t.relname, ', ')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_rewrite w ON w.ev_class = c.oid
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
      JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace s ON s.oid = t.relnamespace
     WHERE n.nspname || '.' || c.relname = ANY (%s) AND c.relkind IN ('v', 'm') GROUP BY 1 ORDER BY 1
"""


class _FunctionRow(NamedTuple):
    kind: str
    variadic: bool
    definer: bool
    void: bool
    executable: bool


class _OddRow(NamedTuple):
    table: str
    reason: str


class _ViewRow(NamedTuple):
    view: str
    tables: str


def may_execute(connection: psycopg.Connection, signature: str) -> bool:
    """Return whether the connection's role may execute the function of this signature; False if there is none."""
    return any(row.executable for row in _function(connection, signature))


def function_faults(connection: psycopg.Connection, signature: str) -> tuple[str, ...]:
    """Return why the function of this signature is never called for a run; nothing of one that is not there."""
    return tuple(fault for row in _function(connection, signature) for fault in _faults(row))


def _function(connection: psycopg.Connection, signature: str) -> tuple[_FunctionRow, ...]:
    return read_rows(connection, _FunctionRow, _FUNCTION, (signature,))


def _faults(row: _FunctionRow) -> list[str]:
    faults = (
        (
            row.kind != "f",
            "is no function but a procedure, an aggregate or a window function, and none of these is called",
        ),
        (row.variadic, "is VARIADIC, and a call by the names of its arguments does not reach it"),
        (
            row.kind == "f" and not row.definer,
            "is not SECURITY DEFINER, so that it would run with no right of its owner",
        ),
        (row.void, "returns nothing, so that it cannot say what it did"),
    )
    return [words for is_fault, words in faults if is_fault]


def odd_tables(connection: psycopg.Connection, tables: tuple[str, ...]) -> dict[str, str]:
    """Return why the rows of a table cannot be counted on, by table: what stops the printed script, and every write."""
    query = sql.SQL(ODD_TABLES).format(tables=sql.Placeholder())
    odd = {row.table: row.reason for row in read_rows(connection, _OddRow, query, (list(tables),))}
    views = read_rows(connection, _ViewRow, _READ_BY_VIEWS, (list(odd),)) if odd else ()
    return odd | {row.view: f"{odd[row.view]}: it is a view, which reads {row.tables}" for row in views}


def writing_faults(connection: psycopg.Connection, mapping: SiteMapping) -> list[str]:
    """Return what keeps units from being written by a mapping: its functions and its tables as they are."""
    functions = (mapping.functions.create, mapping.functions.enact)
    faults = [f"{signature} {fault}" for signature in functions for fault in function_faults(connection, signature)]
    odd = odd_tables(connection, mapping.counted)
    return [*faults, *(f"{table} {reason}" for table, reason in odd.items())]


def lacking_parts(mapping: SiteMapping) -> list[str]:
    """Pure: the parts that writing needs and that a mapping does not name."""
    units, versions = mapping.units, mapping.versions
    parts: dict[str, object] = {
        "a table of versions": versions,
        "the versions' body": versions and versions.body,
        "the versions' title": versions and versions.title,
        "the units' lifecycle": units.lifecycle,
        "the units' parent": units.parent is not None and units.parent.refers_to in {Refers.UNIT_ID, Refers.ADDRESS},
        "the units' version": units.version is not None and units.version.refers_to is Refers.VERSION_ID,
        "the lifecycle's log": mapping.log,
        "the function that creates": mapping.functions.create,
        "the function that enacts": mapping.functions.enact,
    }
    return [f"it names no {name.removeprefix('a ')}" for name, part in parts.items() if not part]

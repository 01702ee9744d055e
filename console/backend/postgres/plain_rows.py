"""The rows of a table that is not this product's, in columns of PostgreSQL's own types, which any server can restore.

A dump of a table alone holds none of the types, functions, sequences and parts that the table may need, so that it is restored nowhere
but in its own database; the hash of a value of such a type can be another one in another database. So a value of
any other type counts, and is copied, as its text.
"""

from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.postgres.connections import read_column, read_rows
from console.backend.postgres.rendering import AsItIs
from console.backend.postgres.row_hashes import RowHashes, row_hashes_of

PLAIN_COLUMNS = """
    SELECT a.attname::text AS name, a.attnum AS place,
           format(CASE WHEN p.plain THEN 't.%I' ELSE 't.%I::text' END, a.attname)
           -- Of texts that a collation calls equal, each is another one.
           || CASE WHEN p.plain AND a.attcollation = 0 THEN '' ELSE ' COLLATE pg_catalog."C"' END AS value,
           CASE WHEN p.plain THEN format_type(a.atttypid, a.atttypmod) ELSE 'text' END AS type
      FROM pg_attribute a
      JOIN pg_type y ON y.oid = a.atttypid
      JOIN pg_namespace n ON n.oid = y.typnamespace
     CROSS JOIN LATERAL (SELECT n.nspname = 'pg_catalog' AND y.typtype = 'b' AND y.typname IN (
           'bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', 'bpchar', 'uuid', 'bytea', 'jsonb',
           'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'inet', 'cidr', 'macaddr') AS plain) p
     WHERE a.attnum > 0 AND NOT a.attisdropped"""
"""Columns of each table, in no order: name, place, the value of a row `t`, and the type that such a value has."""
_COLUMNS = """
    SELECT c.name, c.value, c.type FROM ({columns} AND a.attrelid = to_regclass(%s)) c ORDER BY c.place
""".replace("{columns}", PLAIN_COLUMNS.replace("%", "%%"))
_NEEDING_MORE = """
    WITH named AS (
        SELECT t.name, c.* FROM unnest(%s::text[]) AS t (name)
          JOIN pg_class c ON c.oid = to_regclass(format('%%I.%%I', split_part(t.name, '.', 1), split_part(t.name, '.', 2)))
    )
    SELECT t.name FROM named t
     WHERE t.relkind <> 'r' OR t.reloftype <> 0 OR EXISTS (SELECT FROM pg_inherits i WHERE t.oid IN (i.inhparent, i.inhrelid))
        OR EXISTS (SELECT FROM pg_am m WHERE m.oid = t.relam AND m.amname <> 'heap')
        OR EXISTS (SELECT FROM ({columns} AND a.attrelid = t.oid
                     AND (NOT p.plain OR a.attcompression <> '' OR a.attcollation NOT IN (0, y.typcollation)
                          -- A copy of the rows cannot give it its value.
                          OR a.attgenerated <> '')) c)
        -- Defaults and checks that need an object which somebody has made.
        OR EXISTS (SELECT FROM pg_depend d
                    WHERE (d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT f.oid FROM pg_attrdef f WHERE f.adrelid = t.oid)
                           OR d.classid = 'pg_constraint'::regclass
                              AND d.objid IN (SELECT k.oid FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c'))
                      AND d.refobjid >= 16384 AND NOT (d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid)
                      AND NOT (d.refclassid = 'pg_class'::regclass
                               AND EXISTS (SELECT FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = d.refobjid
                                              AND o.refclassid = 'pg_class'::regclass AND o.refobjid = t.oid AND o.deptype IN ('a', 'i'))))
        OR EXISTS (SELECT FROM pg_depend o JOIN pg_class s ON s.oid = o.objid AND s.relkind = 'S'
                    WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid = t.oid
                      AND o.deptype IN ('a', 'i') AND NOT has_table_privilege(s.oid, 'SELECT'))
     ORDER BY 1
""".replace("{columns}", PLAIN_COLUMNS.replace("%", "%%"))
_HASHED = sql.SQL("(SELECT {} FROM {} AS t)")
_COPY_OUT = sql.SQL("COPY (SELECT {} FROM {} AS t) TO STDOUT (FORMAT binary)")


class PlainColumn(NamedTuple):
    """One column: its name, the value of a row `t` as SQL, and the type of that value."""

    name: str
    value: str
    type: str


def needing_more(connection: psycopg.Connection, tables: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the tables that a dump of them alone does not restore elsewhere, or that the role may not dump."""
    return read_column(connection, _NEEDING_MORE, (list(tables),)) if tables else ()


def plain_columns(connection: psycopg.Connection, table: str) -> tuple[PlainColumn, ...]:
    """Return the columns of a table in their order."""
    return read_rows(connection, PlainColumn, _COLUMNS, (_name(table).as_string(connection),))


def plain_hashes(connection: psycopg.Connection, table: str) -> RowHashes:
    """Return the hashes of the rows of a table, which those of a plain copy of it are equal to."""
    return row_hashes_of(connection, _HASHED.format(_values(plain_columns(connection, table)), _name(table)))


def create_plain(connection: psycopg.Connection, table: str, columns: tuple[PlainColumn, ...]) -> None:
    """Create a table of this name with these columns, and nothing else."""
    named = (sql.SQL("{} {}").format(sql.Identifier(column.name), AsItIs(column.type)) for column in columns)
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(_name(table), sql.SQL(", ").join(named)))


def plain_rows(table: str, columns: tuple[PlainColumn, ...]) -> sql.Composed:
    """Return the COPY that sends the rows of a table as a plain copy of it takes them."""
    return _COPY_OUT.format(_values(columns), _name(table))


def _values(columns: tuple[PlainColumn, ...]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(AsItIs(column.value), sql.Identifier(column.name)) for column in columns
    )


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))

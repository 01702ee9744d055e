"""The catalogue of a database that was there before: tables, columns, triggers, functions and rights, as any role may read them."""

import re
from functools import partial
from typing import NamedTuple

import psycopg

from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import read_column, read_row, read_rows

UNIT_TABLE, VERSION_TABLE = "information_unit", "unit_version"
KNOWN_TABLES = (UNIT_TABLE, VERSION_TABLE, "iu_lifecycle_vocab", "iu_lifecycle_log", "dot_config")
"""Names by which the tables with units are looked for, in any schema."""
KNOWN_FUNCTIONS = ("fn_iu_create", "fn_iu_enact")
GOVERNANCE = "cutter_governance"
_BEFORE_INSERT = re.compile(r"^CREATE TRIGGER .+? BEFORE (?:\w+ OR )*INSERT .*? FOR EACH ROW ")


class LayoutRow(NamedTuple):
    """Counts of relations: of this product's own ones, and of tables of units in any schema."""

    own: int
    units: int


class _NamesRow(NamedTuple):
    database: str
    role: str
    search_path: list[str]


class ColumnRow(NamedTuple):
    """One column; `filled` is true if a row can be written without naming it, `given` if it takes a value.

    `base` is the type beneath its domains; the same as `type` if that is no domain.
    """

    table: str
    name: str
    type: str
    filled: bool
    readable: bool
    given: bool
    base: str


class TableRow(NamedTuple):
    """One table; `guarded` is true if row security decides which rows the role sees, `is_part` if its rows are those of a partitioned one."""

    name: str
    owner: str
    kind: str
    readable: bool
    guarded: bool
    is_part: bool


class TriggerRow(NamedTuple):
    """One trigger or rule of a table, as PostgreSQL prints its definition."""

    table: str
    name: str
    definition: str
    enabled: str


class FunctionRow(NamedTuple):
    """One function, its arguments as they are called; `public` is true if everybody may execute it."""

    signature: str
    arguments: str
    result: str
    owner: str
    definer: bool
    public: bool


class Catalogue(Value):
    """Facts that the proposal of a mapping is made from, read in one transaction."""

    database: str
    role: str
    tables: tuple[TableRow, ...]
    columns: tuple[ColumnRow, ...]
    triggers: tuple[TriggerRow, ...]
    functions: tuple[FunctionRow, ...]
    search_path: tuple[str, ...] = ()
    """Schemas in which sessions of this database look for names, if nothing else was said; those that are there."""

    def table(self, name: str) -> TableRow | None:
        """Return the table of this name, with its schema, or None."""
        return next((table for table in self.tables if table.name == name), None)

    def is_filled_by_a_trigger(self, table: str) -> bool:
        """Return whether a trigger of the table can give a value to a column before a row is inserted."""
        return any(
            row.table == table and row.enabled in {"O", "A"} and _BEFORE_INSERT.search(row.definition) is not None
            for row in self.triggers
        )

    def of_others(self, owner: str) -> "Catalogue":
        """Return the same without the tables and functions of this owner."""
        tables = tuple(row for row in self.tables if row.owner != owner)
        names = {row.name for row in tables}
        return self.model_copy(
            update={
                "tables": tables,
                "columns": tuple(row for row in self.columns if row.table in names),
                "triggers": tuple(row for row in self.triggers if row.table in names),
                "functions": tuple(row for row in self.functions if row.owner != owner),
            }
        )

    def columns_of(self, table: str) -> dict[str, ColumnRow]:
        """Return the columns of a table by name, in their order."""
        return {column.name: column for column in self.columns if column.table == table}


# By the catalogue, not by to_regclass: a role without USAGE on a schema would get an error instead of an answer.
_LAYOUT = """
    -- By their owner, too: where the marks of the schemas are gone, a lease may still stand in them.
    SELECT count(*) FILTER (WHERE (n.nspname = 'cutter_governance' OR pg_get_userbyid(c.relowner) = 'cutter_owner')
                              AND c.relname IN ('v_schema_pin', 'v_run', 'execution_lease')),
           count(*) FILTER (WHERE (c.relname = 'information_unit' OR n.nspname || '.' || c.relname = %(mapped)s) AND c.relkind IN ('r', 'p', 'f', 'v', 'm'))
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
"""
_NAMES = """
    SELECT current_database()::text, current_user::text,
           -- As sessions of this database begin: this one has set its own, and the monitoring role may begin with another one.
           ARRAY(SELECT n.nspname::text
                   FROM unnest(string_to_array(coalesce(
                            (SELECT substr(c.setting, 13)
                               FROM pg_db_role_setting d CROSS JOIN LATERAL unnest(d.setconfig) AS c (setting)
                              WHERE d.setrole = 0 AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
                                AND c.setting LIKE 'search\\_path=%'
                              ORDER BY d.setdatabase DESC LIMIT 1),
                            (SELECT CASE WHEN EXISTS (SELECT FROM pg_db_role_setting d CROSS JOIN LATERAL unnest(d.setconfig) AS c (setting)
                                                       WHERE d.setrole = s.role AND c.setting LIKE 'search\\_path=%') THEN s.boot_val ELSE s.reset_val END
                               FROM (SELECT boot_val, reset_val, (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user) AS role
                                       FROM pg_settings WHERE name = 'search_path') s)), ',')) WITH ORDINALITY AS p (name, place)
                   JOIN pg_namespace n ON n.nspname = CASE WHEN btrim(p.name) LIKE '"%"' THEN replace(btrim(btrim(p.name), '"'), '""', '"')
                                                           ELSE lower(btrim(p.name)) END
                  WHERE n.nspname NOT LIKE 'pg\\_%'
                  ORDER BY p.place)
"""
_CHOSEN = """
    WITH chosen AS MATERIALIZED (
        SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relowner, c.relkind, c.relispartition,
               has_schema_privilege(n.oid, 'USAGE') AS usable
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
           AND strpos(n.nspname, '.') = 0 AND strpos(c.relname, '.') = 0
           AND (c.relname = ANY (%(names)s) OR n.nspname = %(governance)s AND c.relkind IN ('r', 'p')
                OR n.nspname || '.' || c.relname = ANY (%(tables)s))
    )
"""
_TABLES = """
    {chosen}
    SELECT name, pg_get_userbyid(relowner)::text, relkind::text,
           usable AND (has_table_privilege(oid, 'SELECT') OR has_any_column_privilege(oid, 'SELECT')), row_security_active(oid), relispartition
      FROM chosen ORDER BY name COLLATE "C"
""".replace("{chosen}", _CHOSEN)
_COLUMNS = """
    {chosen}
    SELECT c.name, a.attname::text, format_type(a.atttypid, a.atttypmod),
           NOT (a.attnotnull OR d.is_needed) OR a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' OR d.has_default,
           c.usable AND has_column_privilege(c.oid, a.attnum, 'SELECT'), a.attgenerated = '' AND a.attidentity <> 'a', d.base
      FROM chosen c JOIN pg_attribute a ON a.attrelid = c.oid
     -- A domain, and each that it is one of, may want a value or give one.
     CROSS JOIN LATERAL (
           WITH RECURSIVE beneath AS (
               SELECT a.atttypid AS type, a.atttypmod AS modifier, false AS is_needed, false AS has_default, 0 AS depth
                UNION ALL
               SELECT y.typbasetype, y.typtypmod, y.typnotnull, y.typdefault IS NOT NULL, b.depth + 1
                 FROM beneath b JOIN pg_type y ON y.oid = b.type WHERE y.typtype = 'd')
           SELECT (array_agg(format_type(b.type, b.modifier) ORDER BY b.depth DESC))[1] AS base, bool_or(b.is_needed) AS is_needed,
                  bool_or(b.has_default) AS has_default FROM beneath b) d
     WHERE a.attnum > 0 AND NOT a.attisdropped
     ORDER BY c.name COLLATE "C", a.attnum
""".replace("{chosen}", _CHOSEN)
_TRIGGERS = """
    {chosen}
    SELECT c.name, t.tgname::text, pg_get_triggerdef(t.oid), t.tgenabled::text FROM chosen c JOIN pg_trigger t ON t.tgrelid = c.oid
     WHERE NOT t.tgisinternal
    UNION ALL
    SELECT c.name, w.rulename::text, pg_get_ruledef(w.oid), w.ev_enabled::text FROM chosen c JOIN pg_rewrite w ON w.ev_class = c.oid
     WHERE w.rulename <> '_RETURN'
     ORDER BY 1, 2
""".replace("{chosen}", _CHOSEN)
_FUNCTIONS = """
    SELECT format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), pg_get_function_arguments(p.oid),
           pg_get_function_result(p.oid), pg_get_userbyid(p.proowner)::text, p.prosecdef,
           EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x WHERE x.grantee = 0 AND x.privilege_type = 'EXECUTE')
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.proname = ANY (%s) AND p.prokind = 'f' AND n.nspname NOT LIKE 'pg\\_%%'
     ORDER BY 1
"""


_RIGHTS = """
    SELECT r.privilege || ' on ' || format('%%I.%%I', n.nspname, c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS r (privilege)
     WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'f', 'v')
       AND CASE WHEN r.privilege IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(c.oid, r.privilege) ELSE has_table_privilege(c.oid, r.privilege) END
    UNION ALL
    -- What everybody may execute is no reason for another role: each one would have it too.
    SELECT 'EXECUTE on ' || format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = ANY (%(schemas)s) AND p.provolatile = 'v' AND p.prosecdef AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
                    WHERE x.grantee <> 0 AND x.privilege_type = 'EXECUTE' AND pg_has_role(x.grantee, 'USAGE'))
     ORDER BY 1
"""


def rights_to_write(connection: psycopg.Connection, schemas: tuple[str, ...]) -> tuple[str, ...]:
    """Return the privileges by which the connection's role could write in these schemas, each `PRIVILEGE on OBJECT`."""
    return read_column(connection, _RIGHTS, {"schemas": list(schemas)})


def is_of_another_layout(connection: psycopg.Connection, mapped: str = "") -> bool:
    """Return whether the database has units, and nothing of this product's own: it was there before.

    A table of units is known by its name, or as the one that the site mapping of this host names, `mapped`.
    """
    row = read_row(connection, LayoutRow, _LAYOUT, {"mapped": mapped})
    return row.own == 0 and row.units > 0


def read_catalogue(connection: psycopg.Connection, tables: tuple[str, ...] = ()) -> Catalogue:
    """Read the tables with a known name, those of the governance schema, and `tables`, which a mapping names."""
    # Of the organisation, whose schema has the name that this console's own has elsewhere.
    values = {"names": list(KNOWN_TABLES), "tables": list(tables), "governance": GOVERNANCE}
    with Asking(connection) as asking:
        names = asking.ask(partial(read_row, row=_NamesRow, query=_NAMES))
        of_tables = asking.ask(partial(read_rows, row=TableRow, query=_TABLES, parameters=values))
        of_columns = asking.ask(partial(read_rows, row=ColumnRow, query=_COLUMNS, parameters=values))
        of_triggers = asking.ask(partial(read_rows, row=TriggerRow, query=_TRIGGERS, parameters=values))
        of_functions = asking.ask(
            partial(read_rows, row=FunctionRow, query=_FUNCTIONS, parameters=(list(KNOWN_FUNCTIONS),))
        )
    return Catalogue(
        database=names.value.database,
        role=names.value.role,
        tables=of_tables.value,
        columns=of_columns.value,
        triggers=of_triggers.value,
        functions=of_functions.value,
        search_path=tuple(names.value.search_path),
    )

"""The rights that the printed script gives on an organisation's objects, and takes back once the mapping needs them no more.

On an organisation's object a right is this console's own if the script has given it: of each that its grantee did not have
already, the database keeps a record. No other is revoked there. PostgreSQL does not keep apart two grants of one right by the
owner of an object. On what the script itself has made nobody keeps a right that the script does not give: EXECUTE on its
functions is left to `CALLED`, and of its `site_` tables nothing but SELECT, whoever gave more.
"""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.model.errors import Refused, StopCode
from console.backend.model.site_governance import Governance
from console.backend.model.site_mapping import INSPECT, SiteMapping
from console.backend.postgres.connections import read_column
from console.backend.postgres.rendering import AsItIs
from console.backend.postgres.site_proposal import identifier
from console.backend.postgres.site_roles import SITE_CALLER, SITE_READER, SITE_ROLES, SITE_WRITER

_MARKS = ("$site$", "$wire$", "$prepare$")
_CALLERS = ("cutter_exec", "cutter_verify")
_READERS = (*_CALLERS, "cutter_ro")
CALLED = {
    "fn_site_counts": _READERS,
    "fn_site_differences": _READERS,
    "fn_site_standing": _READERS,
    "fn_site_try": ("cutter_exec",),
    "fn_site_try_units": ("cutter_exec",),
    "fn_site_try_move": ("cutter_exec",),
    "fn_draft_differences": _READERS,
}
"""Functions of the script that roles besides the owner of the console's tables may call."""
GRANTEES = (*SITE_ROLES, *_CALLERS)
"""Roles that have rights for what is written there."""
SCHEMA, TABLE, SEQUENCE, FUNCTION = "SCHEMA", "TABLE", "SEQUENCE", "FUNCTION"


_SEQUENCES = """
    SELECT DISTINCT o.nspname || '.' || s.relname FROM pg_depend d
      JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
      JOIN pg_namespace o ON o.oid = s.relnamespace
     WHERE d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.refobjid = ANY (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                              WHERE n.nspname || '.' || c.relname = ANY (%s))
"""


# A value is cast to the type of its column by name, for which the schema must be open to whoever casts.
_TYPE_SCHEMAS = """
    SELECT DISTINCT m.nspname::text FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type y ON y.oid = a.atttypid JOIN pg_namespace m ON m.oid = y.typnamespace
      JOIN unnest(%s::text[], %s::text[]) AS g (table_name, column_name)
        ON g.table_name = n.nspname || '.' || c.relname AND g.column_name = a.attname
     WHERE a.attnum > 0 AND m.nspname <> 'pg_catalog'
     ORDER BY 1
"""


class Right(NamedTuple):
    """One privilege of a role on an object; `column` is empty if it is one on the whole."""

    kind: str
    object: str
    """A schema; schema and table or sequence with a dot between them; a function as `regprocedure` prints it, with its arguments' names."""
    privilege: str
    grantee: str
    column: str = ""


_HELD = """
                SELECT r.rolname::text AS grantee, 'SCHEMA' AS kind, n.nspname::text AS object, '' AS column_name, x.privilege_type AS privilege,
                       n.oid AS object_id, format('%I', n.nspname) AS named
                  FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) x JOIN pg_roles r ON r.oid = x.grantee
                UNION
                SELECT r.rolname, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname || '.' || c.relname, a.name, a.privilege,
                       c.oid, format('%I.%I', n.nspname, c.relname)
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 CROSS JOIN LATERAL (SELECT '' AS name, x.grantee, x.privilege_type AS privilege FROM aclexplode(c.relacl) x
                                      UNION ALL
                                     SELECT t.attname, x.grantee, x.privilege_type FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) x
                                      WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped) a
                  JOIN pg_roles r ON r.oid = a.grantee
                UNION
                SELECT r.rolname, 'FUNCTION', s.signature, '', x.privilege_type, p.oid, s.signature
                  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                 CROSS JOIN LATERAL (SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature) s
                 CROSS JOIN LATERAL aclexplode(p.proacl) x JOIN pg_roles r ON r.oid = x.grantee"""
OWNED = """
-- Run statement by statement, an earlier script has left functions and tables to whoever ran it.
DO $wire$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT 'FUNCTION' AS kind, p.oid::regprocedure::text AS name, p.proowner AS owner
               FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'cutter_console'
              UNION ALL
             SELECT 'TABLE', c.oid::regclass::text, c.relowner
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cutter_console' AND c.relkind = 'r' LOOP
        IF pg_get_userbyid(o.owner) <> ALL (ARRAY[{owners}]) THEN
            EXECUTE format('ALTER %s %s OWNER TO %I', o.kind, o.name, {owner});
        END IF;
    END LOOP;
    -- What is made as an administrator is born with the rights of his default privileges: each is called by whom this script lets call it.
    FOR o IN SELECT p.oid::regprocedure::text AS name, pg_get_userbyid(x.grantee) AS grantee
               FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN LATERAL aclexplode(p.proacl) x
              WHERE n.nspname = 'cutter_console' AND x.grantee NOT IN (0, p.proowner)
                AND p.proname ~ '^(fn|keep|guard)_site_|^fn_(draft_differences|backup_tables|table_digest)$'
                AND pg_get_userbyid(x.grantee) <> {owner}
                AND (p.proname::text, pg_get_userbyid(x.grantee)::text) NOT IN (VALUES {called}) LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I CASCADE', o.name, o.grantee);
        RAISE INFO 'taken back: EXECUTE on % from %', o.name, o.grantee;
    END LOOP;
END $wire$;
"""
RIGHTS = """
CREATE TABLE IF NOT EXISTS {schema}.site_grant (
    grantee     text NOT NULL,
    kind        text NOT NULL,
    object      text NOT NULL,
    column_name text NOT NULL,
    privilege   text NOT NULL,
    object_id   oid NOT NULL,
    granted_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    revoked_at  timestamptz,
    PRIMARY KEY (grantee, kind, object, column_name, privilege, object_id)
);
COMMENT ON TABLE {schema}.site_grant IS 'The rights on the organisation''s objects that this script has given; whoever had one before keeps it.';
COMMENT ON COLUMN {schema}.site_grant.grantee IS 'The role.';
COMMENT ON COLUMN {schema}.site_grant.kind IS 'SCHEMA, TABLE, SEQUENCE or FUNCTION.';
COMMENT ON COLUMN {schema}.site_grant.object IS 'Its name as it was then.';
COMMENT ON COLUMN {schema}.site_grant.column_name IS 'The column; empty for a right on the whole.';
COMMENT ON COLUMN {schema}.site_grant.privilege IS 'The privilege.';
COMMENT ON COLUMN {schema}.site_grant.object_id IS 'Its number in the catalogue: another object of the name is another object.';
COMMENT ON COLUMN {schema}.site_grant.granted_at IS 'When it was given.';
COMMENT ON COLUMN {schema}.site_grant.revoked_at IS 'When it was taken back; NULL as long as it is given.';
ALTER TABLE {schema}.site_grant OWNER TO {owner};
REVOKE ALL ON {schema}.site_grant FROM PUBLIC;
DO $wire$
DECLARE
    mine record;
    columns text;
BEGIN
    -- Tables that an administrator makes are born with the rights of his default privileges: their owner alone writes these.
    FOR mine IN
        SELECT c.relname AS name, x.privilege_type AS privilege, pg_get_userbyid(x.grantee) AS grantee
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) x
         WHERE n.nspname = {schema_name} AND c.relkind = 'r' AND starts_with(c.relname, 'site_')
           AND x.privilege_type <> 'SELECT' AND x.grantee NOT IN (0, c.relowner)
    LOOP
        EXECUTE format('REVOKE %s ON TABLE %I.%I FROM %I CASCADE', mine.privilege, {schema_name}, mine.name, mine.grantee);
        RAISE INFO 'taken back: % on %.% from %', mine.privilege, {schema_name}, mine.name, mine.grantee;
    END LOOP;
    FOR mine IN
        SELECT g.*, h.named
          FROM {schema}.site_grant g
          JOIN ({held}) h USING (grantee, kind, object, column_name, privilege, object_id)
         WHERE g.revoked_at IS NULL AND g.grantee = ANY (ARRAY[{grantees}]::text[])
           AND (g.kind, g.object, g.privilege, g.grantee, g.column_name) NOT IN (VALUES {needed})
    LOOP
        -- A right on the whole takes those on columns with it, which may be somebody else's.
        SELECT string_agg(format('%I', t.attname), ', ') INTO columns
          FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) x
         WHERE mine.kind = 'TABLE' AND mine.column_name = '' AND t.attrelid = mine.object_id
           AND pg_get_userbyid(x.grantee) = mine.grantee AND x.privilege_type = mine.privilege;
        EXECUTE format('REVOKE %s%s ON %s %s FROM %I', mine.privilege,
                       CASE WHEN mine.column_name <> '' THEN format(' (%I)', mine.column_name) ELSE '' END,
                       mine.kind, mine.named, mine.grantee);
        RAISE INFO 'taken back: % on % from %', mine.privilege, mine.named, mine.grantee;
        IF columns IS NOT NULL THEN
            EXECUTE format('GRANT %s (%s) ON %s TO %I', mine.privilege, columns, mine.named, mine.grantee);
        END IF;
        UPDATE {schema}.site_grant g SET revoked_at = now()
         WHERE (g.grantee, g.kind, g.object, g.column_name, g.privilege, g.object_id)
             = (mine.grantee, mine.kind, mine.object, mine.column_name, mine.privilege, mine.object_id);
    END LOOP;
    INSERT INTO {schema}.site_grant (grantee, kind, object, column_name, privilege, object_id)
    SELECT w.grantee, w.kind, w.object, w.column_name, w.privilege, o.object_id
      FROM (VALUES {given}) w (kind, object, privilege, grantee, column_name)
      JOIN (SELECT 'SCHEMA' AS kind, n.nspname::text AS object, n.oid AS object_id FROM pg_namespace n
             UNION ALL
            SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname || '.' || c.relname, c.oid
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             UNION ALL
            SELECT 'FUNCTION', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.oid
              FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace) o USING (kind, object)
     WHERE NOT EXISTS (SELECT FROM ({held}) h
                        WHERE (h.grantee, h.kind, h.column_name, h.privilege, h.object_id)
                            = (w.grantee, w.kind, w.column_name, w.privilege, o.object_id))
        ON CONFLICT (grantee, kind, object, column_name, privilege, object_id) DO UPDATE SET granted_at = now(), revoked_at = NULL;
END $wire$;
"""


def owned_sql(owner: str) -> sql.Composable:
    """Return the SQL that leaves what stands in the console's schema to its own roles; run by an administrator."""
    owners = sql.SQL(", ").join(map(sql.Literal, (owner, *SITE_ROLES)))
    called = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(role))
        for name, roles in CALLED.items()
        for role in roles
    )
    return sql.SQL(OWNED).format(owner=sql.Literal(owner), owners=owners, called=called)


def calls_sql(*names: str) -> sql.Composable:
    """Return the SQL that lets the roles of `CALLED` call these functions."""
    return sql.Composed(
        [
            sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {};\n").format(
                sql.Identifier("cutter_console", name), sql.SQL(", ").join(map(sql.Identifier, CALLED[name]))
            )
            for name in names
        ]
    )


def refuse_marks(text: str, bodies: Iterable[str]) -> None:
    """Raise Refused if a script has more of these marks than the bodies that it is made of.

    A name or a value of the organisation's with one would end the body of a function, and go on as SQL of the administrator.
    """
    parts = tuple(bodies)
    if any(text.count(mark) != sum(part.count(mark) for part in parts) for mark in _MARKS):
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"the name of the database, or a name or a value of the site mapping, contains {' or '.join(_MARKS)}, which ends the body of a function",
            f"Complete the site mapping: {INSPECT}",
        )


def rights_sql(
    schema: str, owner: str, grantees: Iterable[str], given: tuple[Right, ...], kept: tuple[Right, ...] = ()
) -> sql.Composable:
    """Return the SQL that gives rights, and takes back those of the grantees that it gave once and that are needed no more.

    Those of `kept` are needed, and given already by somebody.
    """
    needed = dict.fromkeys((*given, *kept))
    parts: list[sql.Composable] = [
        sql.SQL(RIGHTS).format(
            schema=sql.Identifier(schema),
            schema_name=sql.Literal(schema),
            owner=sql.Identifier(owner),
            held=sql.SQL(_HELD),
            grantees=sql.SQL(", ").join(map(sql.Literal, grantees)),
            needed=_values(needed),
            given=_values(given),
        ),
        *_granted(given),
    ]
    return sql.Composed(parts)


def _values(rights: Iterable[Right]) -> sql.Composable:
    rows: list[sql.Composable] = [
        sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, right))) for right in rights
    ]
    # Without any, one that is nobody's.
    return sql.SQL(", ").join(rows or [sql.SQL("('', '', '', '', '')")])


def _granted(rights: tuple[Right, ...]) -> list[sql.Composable]:
    """Return one statement for each object and role."""
    together: dict[tuple[str, str, str], list[Right]] = {}
    for right in rights:
        together.setdefault((right.kind, right.object, right.grantee), []).append(right)
    return [
        sql.SQL("GRANT {} ON {}{} TO {};\n").format(
            _privileges(each),
            sql.SQL("" if kind == TABLE else f"{kind} "),
            _object(kind, name),
            sql.Identifier(grantee),
        )
        for (kind, name, grantee), each in together.items()
    ]


def _privileges(rights: list[Right]) -> sql.Composable:
    columns: dict[str, list[str]] = {}
    for right in rights:
        columns.setdefault(right.privilege, []).extend([right.column] if right.column else [])
    parts: list[sql.Composable] = [
        sql.SQL("{} ({})").format(sql.SQL(privilege), sql.SQL(", ").join(map(sql.Identifier, names)))
        if names
        else sql.SQL(privilege)
        for privilege, names in columns.items()
    ]
    return sql.SQL(", ").join(parts)


def _object(kind: str, name: str) -> sql.Composable:
    if kind == SCHEMA:
        return sql.Identifier(name)
    # `format` prints a signature quoted where it must be.
    return AsItIs(name) if kind == FUNCTION else identifier(name)


def writing_rights(mapping: SiteMapping, called: Iterable[str]) -> tuple[Right, ...]:
    """Return the privileges that are needed to read the mapped tables, to call the two functions, and, of the verifier, to dump.

    `called` has the schemas of the two functions and of the types of their arguments, as the catalogue has them: a signature has them quoted.
    """
    functions = [mapping.functions.create, mapping.functions.enact]
    read = (*mapping.written, *([mapping.config.table] if mapping.config else []))
    rights = [
        *(Right(SCHEMA, name, "USAGE", SITE_READER) for name in mapping.schemas),
        *(Right(TABLE, name, "SELECT", SITE_READER) for name in mapping.tables),
        *(Right(SCHEMA, name, "USAGE", SITE_CALLER) for name in dict.fromkeys(called)),
        *(Right(FUNCTION, name, "EXECUTE", SITE_CALLER) for name in functions),
    ]
    # The executor asks before a cut what is there; the verifier takes the backup of what the functions write.
    for role in _CALLERS:
        rights += [Right(SCHEMA, name, "USAGE", role) for name in dict.fromkeys(t.partition(".")[0] for t in read)]
        rights += [Right(TABLE, name, "SELECT", role) for name in read]
    return tuple(dict.fromkeys(rights))


def governance_rights(connection: psycopg.Connection, governance: Governance) -> tuple[Right, ...]:
    """Return the rights of the role that writes: to read the tables, and to add to their mapped columns."""
    columns: dict[str, dict[str, None]] = {}
    for _, governed in governance.parts:
        columns.setdefault(governed.table, {}).update(dict.fromkeys(column.column for column in governed.columns))
    cast = [(table, name) for table, names in columns.items() for name in names]
    of_types = read_column(connection, _TYPE_SCHEMAS, tuple(map(list, zip(*cast, strict=True))))
    rights = [
        Right(SCHEMA, name, "USAGE", SITE_WRITER)
        for name in dict.fromkeys((*(table.partition(".")[0] for table in columns), *of_types))
    ]
    for table, names in columns.items():
        rights.append(Right(TABLE, table, "SELECT", SITE_WRITER))
        rights += [Right(TABLE, table, "INSERT", SITE_WRITER, name) for name in names]
    for name in read_column(connection, _SEQUENCES, (list(columns),)):
        # A backup of the tables reads their sequences too.
        rights += [Right(SEQUENCE, name, "USAGE", SITE_WRITER), Right(SEQUENCE, name, "SELECT", "cutter_verify")]
    return tuple(rights)

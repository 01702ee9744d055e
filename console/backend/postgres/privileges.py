"""Reads of roles and privileges from the catalogue: who could write, delete, arm or dump."""

from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_column, read_row, read_rows


class CurrentRole(NamedTuple):
    """The role of a connection."""

    name: str
    superuser: bool


class ArmingRight(NamedTuple):
    """One of the product's roles: superuser, itself or as a member of one, and allowed to open a lease."""

    role: str
    superuser: bool
    arms: bool


class DumpRights(NamedTuple):
    """The server's `server_version_num`, and what a role lacks to dump tables, a phrase each."""

    server_version: int
    missing: list[str]


class DeletingGrant(NamedTuple):
    """Privileges to delete or truncate that a role other than the owner has on a table of the product."""

    role: str
    table: str
    privileges: str


class Membership(NamedTuple):
    """A role that is a member of another."""

    member: str
    role: str


class FunctionRight(NamedTuple):
    """A function, and the connection's right to execute it."""

    function: str
    allowed: bool


class WritingSession(NamedTuple):
    """A session of this database that could write units without the product's functions."""

    pid: int
    role: str
    superuser: bool


_CURRENT_ROLE = "SELECT rolname::text, rolsuper FROM pg_roles WHERE rolname = current_user"
_CURRENT_ROLE_AS_MEMBER = """
    SELECT current_user::text, EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolsuper AND pg_has_role(current_user, r.oid, 'MEMBER'))
"""
_ARMING = """
    SELECT r.rolname, r.rolsuper OR EXISTS (SELECT 1 FROM pg_roles s WHERE s.rolsuper AND pg_has_role(r.oid, s.oid, 'MEMBER')),
           has_function_privilege(r.oid, 'cutter_console.fn_lease_arm(text, text, text, text, integer)', 'EXECUTE')
      FROM pg_roles r WHERE r.rolname IN ('cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop')
"""
_DUMP = """
    WITH named AS (
        SELECT t.name, to_regclass(format('%%I.%%I', split_part(t.name, '.', 1), split_part(t.name, '.', 2))) AS id
          FROM unnest(%(tables)s::text[]) AS t (name)
    )
    SELECT current_setting('server_version_num')::int, coalesce((SELECT array_agg(what ORDER BY what) FROM (
        SELECT t.name || ' is missing' AS what FROM named t WHERE t.id IS NULL
        UNION ALL
        SELECT 'SELECT on ' || t.name FROM named t WHERE t.id IS NOT NULL AND NOT has_table_privilege(%(role)s, t.id, 'SELECT')
        UNION ALL
        SELECT 'SELECT on ' || d.objid::regclass FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
          JOIN named t ON t.id = d.refobjid AND t.name <> ALL (%(copied)s::text[])
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
           -- That of sequences complains of an index, if it happens to be asked before the kind is.
           AND NOT has_table_privilege(%(role)s, d.objid, 'SELECT')
        UNION ALL
        SELECT 'USAGE on schema ' || n FROM (SELECT DISTINCT split_part(name, '.', 1) FROM named) s (n)
         WHERE NOT has_schema_privilege(%(role)s, n, 'USAGE')) closed), '{}')
"""
_DELETING = """
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, format('%I.%I', n.nspname, c.relname),
           string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
     WHERE c.relkind IN ('r', 'p') AND x.grantee <> 'cutter_owner'::regrole AND x.privilege_type IN ('DELETE', 'TRUNCATE')
       AND (n.nspname = 'cutter_governance' OR n.nspname = 'public' AND c.relname IN
            ('information_unit', 'unit_version', 'iu_lifecycle_vocab', 'iu_lifecycle_log', 'dot_config'))
     GROUP BY 1, 2 ORDER BY 2, 1
"""
_WRITING_MEMBERS = """
    SELECT quote_ident(pg_get_userbyid(m.member)), quote_ident(pg_get_userbyid(m.roleid)) FROM pg_auth_members m
     WHERE pg_get_userbyid(m.roleid) IN ('cutter_owner', 'pg_write_all_data') ORDER BY 1, 2
"""
_CUT_FUNCTIONS = """
    SELECT f, has_function_privilege(f::regprocedure, 'EXECUTE')
      FROM unnest(ARRAY['cutter_console.fn_cut_apply(text, bytea, bytea, jsonb)', 'cutter_console.fn_cut_record(text, jsonb)',
           'cutter_console.fn_cut_enact(text, jsonb)', 'cutter_console.fn_cut_revert(text, jsonb)']) AS f
"""
_DIRECT_WRITES = """
    SELECT r.rolname || ' on ' || t.name FROM pg_roles r,
           (VALUES ('public.information_unit'), ('public.unit_version'), ('public.iu_lifecycle_log')) AS t (name)
     WHERE r.rolname IN ('cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop')
       AND (has_table_privilege(r.oid, t.name, 'DELETE, TRUNCATE') OR has_any_column_privilege(r.oid, t.name, 'INSERT, UPDATE'))
"""
_WRITING_SESSIONS = """
    SELECT a.pid, a.usename::text, r.rolsuper FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
     WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
       AND (r.rolsuper OR pg_has_role(r.oid, 'cutter_owner', 'MEMBER') OR EXISTS (
            SELECT 1 FROM (VALUES ('public.information_unit'), ('public.unit_version'), ('public.iu_lifecycle_log')) t (name)
             WHERE has_table_privilege(r.oid, t.name, 'DELETE, TRUNCATE') OR has_any_column_privilege(r.oid, t.name, 'INSERT, UPDATE')))
     ORDER BY a.pid
"""


def current_role(connection: psycopg.Connection) -> CurrentRole:
    """Return the connection's role, a superuser only by itself."""
    return read_row(connection, CurrentRole, _CURRENT_ROLE)


def current_role_as_member(connection: psycopg.Connection) -> CurrentRole:
    """Return the connection's role, a superuser by itself or as a member of one."""
    return read_row(connection, CurrentRole, _CURRENT_ROLE_AS_MEMBER)


def arming_rights(connection: psycopg.Connection) -> tuple[ArmingRight, ...]:
    """Return, for each of the product's roles that log in, if it is a superuser and if it may open a lease."""
    return read_rows(connection, ArmingRight, _ARMING)


def dump_rights(
    connection: psycopg.Connection, tables: tuple[str, ...], role: str, copied: tuple[str, ...] = ()
) -> DumpRights:
    """Return what `role` lacks to dump these tables with their sequences; those of `copied` are copied if it may not read a sequence."""
    return read_row(connection, DumpRights, _DUMP, {"tables": list(tables), "role": role, "copied": list(copied)})


def deleting_grants(connection: psycopg.Connection) -> tuple[DeletingGrant, ...]:
    """Return every grant of DELETE or TRUNCATE on the product's tables."""
    return read_rows(connection, DeletingGrant, _DELETING)


def writing_members(connection: psycopg.Connection) -> tuple[Membership, ...]:
    """Return the members of roles that can write past the product's functions."""
    return read_rows(connection, Membership, _WRITING_MEMBERS)


def cut_function_rights(connection: psycopg.Connection) -> tuple[FunctionRight, ...]:
    """Return the functions of a cut, each with the connection's right to execute it."""
    return read_rows(connection, FunctionRight, _CUT_FUNCTIONS)


def direct_writes(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return each role of the product that can write units without the functions, with the table: `role on table`."""
    return read_column(connection, _DIRECT_WRITES)


def writing_sessions(connection: psycopg.Connection) -> tuple[WritingSession, ...]:
    """Return the other sessions of this database that could write units without the functions."""
    return read_rows(connection, WritingSession, _WRITING_SESSIONS)

"""The inventory of a database of another layout: what stands in the schemas of the mapped tables, line by line."""

from datetime import UTC, datetime
from typing import NamedTuple

import psycopg

from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Difference, DriftReport
from console.backend.postgres.connections import read_column, read_row
from console.backend.postgres.drift import subject, value_in_words
from console.backend.postgres.inventory import Change, Inventory

_ACCEPT = "Only where it is right: cutter-console init --pin --repin"

# The same form as `fn_schema_line`: [what, object, part, role, value], of which the first four are the key.
_LINES = """
    WITH chosen AS MATERIALIZED (
        SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_namespace n WHERE n.nspname = ANY (%(schemas)s)
    ), relation AS MATERIALIZED (
        SELECT c.oid, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.relpersistence,
               CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END
               || format(' %%I.%%I', n.nspname, c.relname) AS object
          FROM pg_class c JOIN chosen n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'S', 'm', 'f', 'p')
    ), routine AS MATERIALIZED (
        SELECT p.*, format('%%s %%I.%%I(%%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
               n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS object
          FROM pg_proc p JOIN chosen n ON n.oid = p.pronamespace
    ), granted AS (
        SELECT format('SCHEMA %%I', nspname) AS object, '' AS part, nspowner AS owner, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM chosen
        UNION ALL
        SELECT object, '', relowner, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)) FROM relation
        UNION ALL
        SELECT object, '', proowner, coalesce(proacl, acldefault('f', proowner)) FROM routine
        UNION ALL
        SELECT r.object, quote_ident(a.attname), r.relowner, a.attacl FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid WHERE a.attacl IS NOT NULL
    ), named AS MATERIALIZED (
        SELECT DISTINCT oid FROM (SELECT owner FROM granted UNION SELECT x.grantee FROM granted g CROSS JOIN LATERAL aclexplode(g.acl) x) r (oid)
    ), fact (what, object, part, role, value) AS (
        SELECT 'owner', format('SCHEMA %%I', nspname), '', '', quote_ident(pg_get_userbyid(nspowner)) FROM chosen
        UNION ALL
        SELECT 'owner', object, '', '', quote_ident(pg_get_userbyid(relowner)) FROM relation
        UNION ALL
        SELECT 'owner', object, '', '', quote_ident(pg_get_userbyid(proowner)) FROM routine
        UNION ALL
        SELECT 'grant', g.object, g.part, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
               string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY x.privilege_type COLLATE "C", x.is_grantable)
          FROM granted g CROSS JOIN LATERAL (SELECT DISTINCT grantee, privilege_type, is_grantable FROM aclexplode(g.acl)) x
         GROUP BY g.object, g.part, x.grantee
        UNION ALL
        SELECT 'relation', object, '', '', concat(relkind, relpersistence) FROM relation
        UNION ALL
        SELECT 'row security', object, '', '', CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'enabled' END FROM relation WHERE relrowsecurity OR relforcerowsecurity
        UNION ALL
        SELECT 'policy', r.object, quote_ident(y.polname), '', concat_ws(' ', y.polcmd, y.polpermissive, y.polroles::regrole[]::text,
               pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid)) FROM pg_policy y JOIN relation r ON r.oid = y.polrelid
        UNION ALL
        SELECT 'column', r.object, quote_ident(a.attname), '', format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
               || CASE a.attidentity WHEN '' THEN '' ELSE ' IDENTITY ' || a.attidentity::text END || CASE WHEN a.attgenerated <> '' THEN ' GENERATED' ELSE '' END
               || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
          FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE r.relkind <> 'S' AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT 'view', object, '', '', encode(sha256(convert_to(pg_get_viewdef(oid), 'UTF8')), 'hex') FROM relation WHERE relkind IN ('v', 'm')
        UNION ALL
        SELECT 'rule', r.object, quote_ident(w.rulename), '', concat_ws(' ', w.ev_enabled, pg_get_ruledef(w.oid))
          FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
        UNION ALL
        SELECT 'constraint', r.object, quote_ident(c.conname), '', pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid
         WHERE c.contype NOT IN ('n', 't')
        UNION ALL
        SELECT 'index', r.object, i.indexrelid::regclass::text, '', pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN relation r ON r.oid = i.indrelid
        UNION ALL
        SELECT 'trigger', r.object, quote_ident(t.tgname), '', pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'trigger state', r.object, quote_ident(t.tgname), '', t.tgenabled::text FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'function', object, 'definition', '', encode(sha256(convert_to(concat_ws(chr(10), prosrc, probin, prosqlbody::text), 'UTF8')), 'hex') FROM routine
        UNION ALL
        SELECT 'function', object, 'form', '', format('%%s %%s%%s%%s%%s', (SELECT l.lanname FROM pg_language l WHERE l.oid = prolang), 'returns ' || pg_get_function_result(oid),
               ' ' || provolatile::text, CASE WHEN proisstrict THEN ' STRICT' ELSE '' END, CASE WHEN prosecdef THEN ' SECURITY DEFINER' ELSE '' END) FROM routine
        UNION ALL
        SELECT 'function', object, 'settings', '', coalesce((SELECT string_agg(c, '; ' ORDER BY c COLLATE "C") FROM unnest(proconfig) c), 'none') FROM routine
        UNION ALL
        SELECT 'function', object, 'arguments', '', pg_get_function_arguments(oid) FROM routine
        UNION ALL
        SELECT 'event trigger', quote_ident(e.evtname), '', '', format('%%s enabled %%s function %%s owner %%I', e.evtevent, e.evtenabled, e.evtfoid::regproc, pg_get_userbyid(e.evtowner))
          FROM pg_event_trigger e
        UNION ALL
        SELECT 'role', quote_ident(r.rolname), '', '', concat_ws(' ', CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
               CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END) FROM pg_roles r JOIN named USING (oid)
        UNION ALL
        SELECT 'membership', quote_ident(pg_get_userbyid(m.roleid)), quote_ident(pg_get_userbyid(m.grantor)), quote_ident(pg_get_userbyid(m.member)), 'member'
          FROM pg_auth_members m WHERE m.roleid IN (SELECT oid FROM named)
    )
    SELECT json_build_array(what, object, part, role, value)::text FROM fact
"""
_DATABASE = "SELECT current_database()::text, quote_ident(current_database())"


class _Names(NamedTuple):
    database: str
    quoted: str


def site_lines(connection: psycopg.Connection, schemas: tuple[str, ...], mapping_sha256: str) -> tuple[str, ...]:
    """Return the lines of these schemas, and one of the host's site mapping; any role may ask. Raises psycopg.Error."""
    lines = read_column(connection, _LINES, {"schemas": list(schemas)})
    return (*lines, f'["site mapping", "this host", "", "", "{mapping_sha256 or "none"}"]')


def site_drift(connection: psycopg.Connection, pinned: tuple[str, ...], now: tuple[str, ...]) -> DriftReport:
    """Compare the lines with the pinned ones. What the organisation changed is its own: no SQL is offered against it."""
    names = read_row(connection, _Names, _DATABASE)
    inventory = Inventory(pinned, now, names.database, names.quoted, ())
    listed = tuple(_difference(change) for change in inventory.changes())
    return DriftReport(
        outcome=Outcome.FAIL if listed else Outcome.PASS,
        schema_digest=inventory.digest,
        pinned_digest=inventory.pinned_digest,
        differences=listed,
        measured_at=datetime.now(UTC),
        of_another_layout=True,
    )


def _difference(change: Change) -> Difference:
    return Difference(
        what=change.key.what,
        subject=subject(change.key),
        expected="absent" if change.expected is None else value_in_words(change.key, change.expected),
        actual="missing" if change.actual is None else value_in_words(change.key, change.actual),
        repair=(f"-- Find out who changed it, and when. {_ACCEPT}",),
    )

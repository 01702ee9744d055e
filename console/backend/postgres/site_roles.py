"""The SQL of the roles that touch an organisation's objects for the console: one reads, one calls, one inserts.

Reading a table runs code of its owner, who may put a view, a policy or an index with a function of theirs in its place at any
time; calling a function runs the defaults of its arguments. Such code has the rights of who reads or calls. So nothing of the
organisation's is touched as the owner of the console's tables: one role reads, one calls, and one inserts; the last may
also read the tables that it adds to.
"""

from psycopg import sql

from console.backend.model.site_mapping import Column, Reference, Refers
from console.backend.postgres.session_settings import OF_CALLERS, SETTINGS

SITE_READER = "cutter_site_reader"
SITE_CALLER = "cutter_site_caller"
SITE_WRITER = "cutter_site"
INDEXED = frozenset({"uuid", "text", "integer", "bigint"})
"""Types of keys whose comparison is PostgreSQL's own, and says of two values what that of their texts says."""
SITE_ROLES = (SITE_READER, SITE_CALLER, SITE_WRITER)

_SCOPE = "\n    ".join(f"SET {name} = '{SETTINGS[name]}'" for name in OF_CALLERS)
_AS_CALLED = "\n    ".join(f"SET LOCAL {name} TO DEFAULT;" for name in OF_CALLERS)


def as_called(text: str) -> str:
    """Return the text of a function that lets code of the organisation run, with the settings of its other callers.

    From `{as_called}` on they are as a session of the database begins with them. What a body sets ends with it only where a
    clause, `{scope}`, has set it before.
    """
    return text.replace("{scope}", _SCOPE).replace("{as_called}", _AS_CALLED)


ROLE = """
DO $site$ BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = {name}
                  AND (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls OR r.rolreplication
                       OR EXISTS (SELECT FROM pg_catalog.pg_auth_members a WHERE a.member = r.oid)
                       OR EXISTS (SELECT FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles m ON m.oid = a.member
                                   WHERE a.roleid = r.oid AND NOT m.rolsuper AND m.rolname <> CURRENT_USER))) THEN
        RAISE EXCEPTION 'the role % is there already, and somebody else''s: it may more than it must, or somebody is a member', {name};
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {name}) THEN
        CREATE ROLE {role} NOLOGIN NOINHERIT;
    END IF;
END $site$;
"""
UNIT = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_unit(p_address text) RETURNS TABLE (
    unit_id text, parent text, unit_kind text, section_type text, lifecycle text, version_of text, version_lifecycle text,
    title text, body_sha256 text, content_hash text, versions bigint
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = on AS $site$
    SELECT u.{id}::text, {parent}, {kind}, {section_type}, u.{lifecycle}::text, v.{version_unit}::text, {version_lifecycle},
           v.{title}::text, encode(sha256(convert_to(v.{body}::text, 'UTF8')), 'hex'), {content_hash},
           (SELECT count(*) FROM {versions} w WHERE {of_unit})
      FROM {units} u
      LEFT JOIN {versions} v ON {anchored}
      {parents}
     -- By the column's own collation, which an index has, and byte by byte: it may call another address equal.
     WHERE u.{address}::text = p_address AND u.{address}::text COLLATE "C" = p_address
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_unit IS 'A unit as the organisation''s own tables have it, by the site mapping.';
"""
ODD_TABLES = """
    WITH RECURSIVE named AS (
        SELECT c.oid, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname || '.' || c.relname = ANY ({tables})
        UNION
        SELECT i.inhrelid, t.name FROM named t JOIN pg_inherits i ON i.inhparent = t.oid
    )
    SELECT DISTINCT t.name, CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'is no plain table, or a part of it is none'
                                 WHEN c.relrowsecurity THEN 'has row security' ELSE 'is not kept in a crash' END AS reason
      FROM named t JOIN pg_class c ON c.oid = t.oid
     WHERE c.relkind NOT IN ('r', 'p') OR c.relrowsecurity OR c.relpersistence <> 'p'
"""
"""Tables whose rows cannot be counted on, each with the reason, by the catalogue alone."""
COUNTS = as_called(
    """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_counts() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT jsonb_build_object({counts})
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_counts IS 'The number of rows of each table of the organisation that the site mapping names.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_odd_tables() RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT string_agg(format('%s %s', o.name, o.reason), '; ' ORDER BY o.name, o.reason) FROM ({odd}) o
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_odd_tables IS
    'The tables of the organisation whose rows cannot be counted on, with the reasons; NULL if there are none.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_table_digest(p_table text, OUT rows bigint, OUT digest text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET intervalstyle = 'postgres' SET timezone = 'UTC' SET bytea_output = 'hex' SET extra_float_digits = 3 AS $site$
DECLARE
    named text := format('%I.%I', split_part(p_table, '.', 1), split_part(p_table, '.', 2));
    columns text;
    sums record;
BEGIN
    SELECT string_agg(format('%s AS %I', c.value, c.name), ', ' ORDER BY c.place) INTO columns
      FROM ({plain_columns} AND a.attrelid = named::regclass) c;
    EXECUTE format('SELECT count(*) AS n, coalesce(sum(hash_record_extended(t.*, 0)), 0)::text AS a,'
                   ' coalesce(sum(hash_record_extended(t.*, 25214903917)), 0)::text AS b FROM (SELECT %s FROM %s AS t) AS t', columns, named) INTO sums;
    rows := sums.n;
    digest := encode(sha256(convert_to(concat_ws(':', sums.n, sums.a, sums.b), 'UTF8')), 'hex');
END $site$;
CREATE OR REPLACE FUNCTION cutter_console.fn_site_settle() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = on
    {scope} AS $site$
DECLARE
    all_of_them text;
    later_ones text;
BEGIN
    -- Before version 18 a deferred trigger runs with the rights of whoever lets it fire.
    SELECT 'SET CONSTRAINTS ' || string_agg(DISTINCT format('%I.%I', n.nspname, c.conname), ', ') || ' IMMEDIATE',
           'SET CONSTRAINTS ' || string_agg(DISTINCT format('%I.%I', n.nspname, c.conname), ', ') FILTER (WHERE c.condeferred) || ' DEFERRED'
      INTO all_of_them, later_ones
      FROM pg_constraint c
      JOIN pg_class r ON r.oid = c.conrelid
      JOIN pg_namespace n ON n.oid = c.connamespace
     WHERE c.condeferrable AND pg_get_userbyid(r.relowner) <> {owner} AND has_schema_privilege(n.oid, 'USAGE')
       AND (n.oid = pg_my_temp_schema() OR NOT starts_with(n.nspname, 'pg_temp_'));
    {as_called}
    {looking}IF all_of_them IS NOT NULL THEN
        EXECUTE all_of_them;
    END IF;
    IF later_ones IS NOT NULL THEN
        EXECUTE later_ones;
    END IF;
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_settle IS 'Has the organisation''s deferred constraints and triggers fire now.';
COMMENT ON FUNCTION cutter_console.fn_site_table_digest IS 'Rows and digest of one table of the organisation, as a backup proof has them.';
""".replace("{odd}", ODD_TABLES)
)
REQUIRE = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_require(p_before jsonb, p_expected jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    wrong text;
BEGIN
    -- Counted already, none of them can be replaced until the transaction ends.
    wrong := cutter_console.fn_site_odd_tables();
    IF wrong IS NOT NULL THEN
        PERFORM cutter_console.fn_stop('STOP_DRIFT', 'CU005', wrong, 'Nothing was committed. Find out who changed it.');
    END IF;
    SELECT string_agg(format('%s %s, expected %s', n.key, n.value::bigint - (p_before ->> n.key)::bigint,
                             coalesce(p_expected ->> n.key, '0')), '; ' ORDER BY n.key)
      INTO wrong
      FROM jsonb_each_text(cutter_console.fn_site_counts()) n
     WHERE n.value::bigint - (p_before ->> n.key)::bigint IS DISTINCT FROM coalesce(p_expected ->> n.key, '0')::bigint;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_console.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('rows of the organisation''s tables: %s', wrong),
                                  'Nothing was committed.');
    END IF;
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_require IS 'Stops if the organisation''s tables have gained other numbers of rows than expected.';
"""
DIFFERENCES = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_differences(p_run_id text) RETURNS TABLE (address text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT b.address,
           CASE WHEN s.unit_id IS NULL THEN 'written, and not in the organisation''s table'
                WHEN s.lifecycle IS DISTINCT FROM u.lifecycle_status
                    THEN format('is %s here, and %s in the organisation''s table', u.lifecycle_status, s.lifecycle)
                WHEN s.version_of IS DISTINCT FROM s.unit_id THEN 'its version belongs to another unit in the organisation''s table'
                WHEN s.body_sha256 IS DISTINCT FROM b.body_sha256 THEN 'another body than signed in the organisation''s table'
                WHEN s.title IS DISTINCT FROM b.title THEN 'another title than signed in the organisation''s table'
                WHEN s.parent IS DISTINCT FROM b.parent_address THEN 'another parent than signed in the organisation''s table'
                ELSE 'not as signed in the organisation''s table' END
      FROM cutter_governance.manifest_unit_block b
      JOIN cutter_governance.manifest_seal m ON m.run_id = b.run_id
      LEFT JOIN public.information_unit u ON u.id = b.unit_id
      LEFT JOIN LATERAL cutter_console.fn_site_unit(b.address) s ON true
     WHERE b.run_id = p_run_id
       AND (s.unit_id IS NULL
            OR (s.lifecycle, s.version_of, s.body_sha256, s.title, s.parent, s.versions)
               IS DISTINCT FROM (u.lifecycle_status, s.unit_id, b.body_sha256, b.title, b.parent_address, 1::bigint)
            OR {has_version_lifecycle} AND s.version_lifecycle IS DISTINCT FROM u.lifecycle_status
            OR {has_kind} AND s.unit_kind IS DISTINCT FROM b.unit_kind
            OR {has_section_type} AND s.section_type IS DISTINCT FROM b.section_type)
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_differences IS
    'Every unit of a sealed manifest that the organisation''s tables do not have as it was signed.';
"""
CALLS = as_called("""
CREATE OR REPLACE FUNCTION cutter_console.fn_site_create(
    p_address text, p_title text, p_body text, p_kind text, p_section_type text, p_parent text
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = on
    {scope} AS $site$
DECLARE
    answer jsonb;
BEGIN
    {as_called}
    {looking}SELECT pg_catalog.to_jsonb(a) INTO answer FROM {create}({created}) AS a;
    -- A status alone, or one with more beside it.
    RETURN CASE WHEN pg_catalog.jsonb_typeof(answer) OPERATOR(pg_catalog.=) 'string'
                THEN pg_catalog.jsonb_build_object('status', answer) ELSE answer END;
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_create IS 'Calls the function of the organisation that makes a unit, and returns its answer.';

-- Its result and its arguments were others once, and those of a function cannot be replaced.
DROP FUNCTION IF EXISTS cutter_console.fn_site_enact(text, text, text, text);
CREATE OR REPLACE FUNCTION cutter_console.fn_site_enact(
    p_run_id text, p_address text, p_decision text, p_target text, p_change_set text
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = on
    {scope} AS $site$
DECLARE
    answer jsonb;
BEGIN
    {as_called}
    {looking}SELECT pg_catalog.to_jsonb(a) INTO answer FROM {enact}({enacted}) AS a;
    RETURN answer;
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_enact IS 'Calls the function of the organisation that enacts a unit or takes it back, and returns its answer.';
""")


def search_path_of(schemas: tuple[str, ...]) -> str:
    """Return the `search_path` of what belongs to the organisation: PostgreSQL's own names come first, temporary ones last."""
    return ", ".join(["pg_catalog", *(sql.Identifier(name).as_string() for name in schemas), "pg_temp"])


def looking(schemas: tuple[str, ...]) -> sql.Composable:
    """Return the statement of a function, until whose end the organisation's functions and triggers look there for names.

    Behind it every function and operator is named with `pg_catalog`. That it comes first in the path is not enough: a name
    of theirs whose arguments fit better, or whose second one is of the first one's type, would stand for PostgreSQL's.
    """
    if not schemas:
        return sql.SQL("")
    return sql.SQL("PERFORM pg_catalog.set_config('search_path', {}, true);\n    ").format(
        sql.Literal(search_path_of(schemas))
    )


def role_sql(name: str) -> sql.Composed:
    """Return the SQL that makes one of the roles, or refuses one of the name that somebody else can use."""
    return sql.SQL(ROLE).format(role=sql.Identifier(name), name=sql.Literal(name))


def given_to(name: str, callers: str, functions: tuple[str, ...]) -> sql.Composable:
    """Return the SQL that makes the role the owner of functions, which only `callers` may call."""
    return sql.Composed(
        [
            sql.SQL(
                "REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC;\n"
                "GRANT EXECUTE ON FUNCTION {function} TO {callers};\n"
                "ALTER FUNCTION {function} OWNER TO {role};\n"
            ).format(
                function=sql.SQL(f"cutter_console.{function}"), callers=sql.SQL(callers), role=sql.Identifier(name)
            )
            for function in functions
        ]
    )


def parent_value(parent: Reference, address: str) -> sql.Composable:
    """Return what the function that creates is given as the parent of a unit: the key of the unit of this address, or the address."""
    if parent.refers_to is Refers.UNIT_ID:
        return sql.SQL("(SELECT p.unit_id FROM cutter_console.fn_site_unit({}) p)").format(sql.SQL(address))
    return sql.SQL(address)


def equal(left: tuple[str, Column], right: tuple[str, Column]) -> sql.Composable:
    """Return the comparison of two columns by their aliases: of one usual type as they are, so that an index serves it, else as texts.

    Without an index each unit costs a reading of the whole table.
    """
    sides = [sql.Identifier(alias, column.column) for alias, column in (left, right)]
    as_they_are = left[1].type == right[1].type and left[1].type in INDEXED
    return sql.SQL("{} = {}" if as_they_are else "{}::text = {}::text").format(*sides)

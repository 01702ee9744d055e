"""The SQL that passes each unit of a cut on to the organisation's own functions, in the transaction that writes it.

It stands behind the console's own functions: these check lease, ruling, backup and HOLD, seal the manifest and write their
rows. Triggers on those rows call the organisation's functions, unit by unit, and read back what came of it. Whatever the
organisation's side answers or refuses takes the whole leg back.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan_binding import TableCount
from console.backend.model.site_mapping import INSPECT, Column, Refers, SiteMapping
from console.backend.postgres.connections import read_row, read_rows
from console.backend.postgres.definitions import definition_of
from console.backend.postgres.plain_rows import PLAIN_COLUMNS
from console.backend.postgres.rendering import AsItIs, composed, schema_names
from console.backend.postgres.site_catalogue import read_catalogue
from console.backend.postgres.site_creation_trial import CREATION_TRIAL, creation_trial_sql
from console.backend.postgres.site_decisions import DECISIONS, moving
from console.backend.postgres.site_functions import (
    ANSWERED,
    ArgumentRow,
    arguments_of,
    meaning_of,
    schemas_of,
    where_said,
)
from console.backend.postgres.site_governance import (
    BODIES,
    GOVERNED,
    STANDING,
    UNGOVERNED,
    governance_faults,
    governance_sql,
)
from console.backend.postgres.site_governance_trial import TRIAL, UNTRIED, trial_sql
from console.backend.postgres.site_grants import (
    GRANTEES,
    OWNED,
    RIGHTS,
    calls_sql,
    governance_rights,
    owned_sql,
    refuse_marks,
    rights_sql,
    writing_rights,
)
from console.backend.postgres.site_move_trial import MOVE_TRIAL, move_trial_sql
from console.backend.postgres.site_planned_rows import PLANNED, UNPLANNED, planned_sql
from console.backend.postgres.site_proposal import identifier
from console.backend.postgres.site_roles import (
    CALLS,
    COUNTS,
    DIFFERENCES,
    REQUIRE,
    ROLE,
    SITE_CALLER,
    SITE_READER,
    SITE_ROLES,
    SITE_WRITER,
    UNIT,
    equal,
    given_to,
    looking,
    parent_value,
    role_sql,
)
from console.backend.postgres.site_writable import lacking_parts, writing_faults

_BY_HAND = f"Complete the site mapping: {INSPECT}"

_HEAD = """
-- Ties this console's own tables to the functions that write the organisation's units, so that a cut, an enactment and a revert
-- call them. It makes functions in the schema cutter_console and triggers on this console's own tables. Of the organisation's
-- objects none is altered: of three roles that may not log in, one is given SELECT, one EXECUTE, and one, if the mapping has a section
-- [governance], SELECT and INSERT; executor and verifier are given SELECT. Of these rights, those that it has given itself and that the
-- mapping does not need any more are taken back; of the functions and tables that it makes, every right that it does not give.
-- Afterwards accept the inventory. See its digest: cutter-console drift. Then: cutter-console migrate --accept DIGEST
"""
_MAPPING = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_mapping() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $site$SELECT {sha256}::text$site$;
COMMENT ON FUNCTION cutter_console.fn_site_mapping IS 'The sha256 of the site mapping by which units are passed on.';
"""
_TIED = """
    SELECT substring(p.prosrc FROM '[0-9a-f]{64}') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'cutter_console' AND p.proname = 'fn_site_mapping'
"""
_OWN_RIGHTS = """-- One that runs as who calls it would have no right there.
    IF EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = {function_schema} AND p.proname = {function_name} AND NOT p.prosecdef) THEN
        PERFORM cutter_console.fn_stop('STOP_DRIFT', 'CU005', format('%I.%I is not SECURITY DEFINER', {function_schema}, {function_name}),
                                  'Nothing was written. Find out who changed it.');
    END IF;"""
_CREATE = """
CREATE OR REPLACE FUNCTION cutter_console.keep_site_created() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    before jsonb := cutter_console.fn_site_counts();
    n bigint := 0;
    answer jsonb;
    b record;
    wrong record;
BEGIN
    {own_rights}
    IF EXISTS (SELECT FROM made v
                 LEFT JOIN public.information_unit u ON u.id = v.unit_id AND u.version_anchor_ref = v.id
                                                    AND u.lifecycle_status = 'draft'
                WHERE u.id IS NULL OR v.version_seq <> 1) THEN
        PERFORM cutter_console.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004', 'only first versions of new units are written through the organisation''s functions',
            'Nothing was written. Edit and amend through the organisation''s own programs.');
    END IF;
    -- A parent is made before what stands below it: the manifest lists it first.
    FOR b IN SELECT m.* FROM made v JOIN cutter_governance.manifest_unit_block m ON m.version_id = v.id ORDER BY m.run_id, m.seq LOOP
        n := n + 1;
        answer := cutter_console.fn_site_create(b.address, b.title, b.body, b.unit_kind, b.section_type, {parent_value});
        IF answer ->> 'status' IS DISTINCT FROM 'created' THEN
            PERFORM cutter_console.fn_stop(
                CASE WHEN starts_with(coalesce(answer ->> 'status', ''), 'exists_') THEN 'STOP_REPLAY_CONFLICT' ELSE 'STOP_INVARIANT_FAILED' END,
                'CU004', format('%s: {answered} %s', b.address,
                                concat_ws(': ', coalesce(answer ->> 'status', 'nothing'), left(answer::text, 500))),
                'Nothing was written. An address is never written twice: use another document prefix.');
        END IF;
    END LOOP;
    IF n <> (SELECT count(*) FROM made) THEN
        PERFORM cutter_console.fn_stop('STOP_INVARIANT_FAILED', 'CU004', 'a unit is written that no manifest has', 'Nothing was written.');
    END IF;
    PERFORM cutter_console.fn_site_settle();
    PERFORM cutter_console.fn_site_require(before, jsonb_build_object({units_name}, n, {versions_name}, n));
    SELECT d.* INTO wrong
      FROM (SELECT DISTINCT m.run_id FROM made v JOIN cutter_governance.manifest_unit_block m ON m.version_id = v.id) r
     CROSS JOIN LATERAL cutter_console.fn_site_differences(r.run_id) d LIMIT 1;
    IF FOUND THEN
        PERFORM cutter_console.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('%s: %s', wrong.address, wrong.difference),
                                  'Nothing was committed.');
    END IF;
    RETURN NULL;
END $site$;
COMMENT ON FUNCTION cutter_console.keep_site_created IS 'Has each unit of a cut made by the organisation''s own function, and reads it back.';
CREATE OR REPLACE FUNCTION cutter_console.guard_site_operation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
BEGIN
    IF NEW.operation <> 'cut' THEN
        PERFORM cutter_console.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004', format('operation %s is not written through the organisation''s functions', NEW.operation),
            'Nothing was written. Only a cut is; amend and repeal through the organisation''s own programs.');
    END IF;
    RETURN NEW;
END $site$;
COMMENT ON FUNCTION cutter_console.guard_site_operation IS 'Refuses, before anything is written, what the organisation''s functions are not used for.';
"""
_MOVE = """
CREATE TABLE IF NOT EXISTS cutter_console.site_move (
    run_id         text NOT NULL,
    step           text NOT NULL,
    table_name     text NOT NULL,
    rows_added     bigint NOT NULL,
    mapping_sha256 text NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, step)
);
COMMENT ON TABLE cutter_console.site_move IS 'The rows that each enactment and each revert has added to the log of the organisation''s units.';
COMMENT ON COLUMN cutter_console.site_move.run_id IS 'The run that moved them.';
COMMENT ON COLUMN cutter_console.site_move.step IS 'enact or revert.';
COMMENT ON COLUMN cutter_console.site_move.table_name IS 'The log, by the site mapping.';
COMMENT ON COLUMN cutter_console.site_move.rows_added IS 'Units that the step moved; the log, counted before and after, gained as many rows.';
COMMENT ON COLUMN cutter_console.site_move.mapping_sha256 IS 'The site mapping by which they were moved.';
COMMENT ON COLUMN cutter_console.site_move.recorded_at IS 'When it was recorded, by the clock of the server.';
CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cutter_console.site_move FOR EACH STATEMENT
    EXECUTE FUNCTION cutter_console.guard_refuse('the ledger is append-only');
ALTER TABLE cutter_console.site_move ENABLE ALWAYS TRIGGER guard_append_only;
REVOKE ALL ON cutter_console.site_move FROM PUBLIC;
GRANT SELECT ON cutter_console.site_move TO cutter_exec, cutter_verify, cutter_ro;

CREATE OR REPLACE FUNCTION cutter_console.keep_site_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    before jsonb;
    n bigint := 0;
    answer jsonb;
    differing text;
    stands boolean;
    referred boolean;
    b record;
    s record;
    t record;
BEGIN
    {own_rights}
    {decided}before := cutter_console.fn_site_counts();
    FOR b IN SELECT a.canonical_address AS address, o.lifecycle_status AS was, a.lifecycle_status AS target, d.id AS decision,
                    m.title, m.body_sha256, m.parent_address, m.run_id
               FROM after_it a
               JOIN before_it o ON o.id = a.id
               LEFT JOIN cutter_governance.manifest_unit_block m ON m.unit_id = a.id
               LEFT JOIN LATERAL (SELECT x.id FROM cutter_governance.review_decision x
                                   WHERE x.run_id = m.run_id
                                     AND x.verdict = CASE a.lifecycle_status WHEN 'enacted' THEN 'enact' ELSE 'revert' END
                                   ORDER BY x.decided_at DESC LIMIT 1) d ON true
              WHERE a IS DISTINCT FROM o
              ORDER BY m.run_id, m.seq LOOP
        n := n + 1;
        IF b.was IS DISTINCT FROM 'draft' OR b.target NOT IN ('enacted', 'superseded') OR b.decision IS NULL THEN
            PERFORM cutter_console.fn_stop(
                'STOP_REFUSED_INPUT', 'CU004',
                format('%s: from %s to %s is not written through the organisation''s functions', b.address, b.was, b.target),
                'Nothing was written. Only drafts of a cut are enacted or taken back.');
        END IF;
        SELECT * INTO s FROM cutter_console.fn_site_unit(b.address);
        -- What was changed since may be taken back, and never become law.
        IF s.unit_id IS NULL OR s.lifecycle IS DISTINCT FROM 'draft'
           OR b.target = 'enacted' AND (s.title, s.body_sha256, s.parent, s.version_of, s.versions)
              IS DISTINCT FROM (b.title, b.body_sha256, b.parent_address, s.unit_id, 1::bigint) THEN
            PERFORM cutter_console.fn_stop(
                'STOP_DRIFT', 'CU005', format('%s is not in the organisation''s tables as it was signed and written', b.address),
                'See which: cutter-console verify RUN. Find out what changed it.');
        END IF;
        {call}
        SELECT * INTO t FROM cutter_console.fn_site_unit(b.address);
        IF t.lifecycle IS DISTINCT FROM b.target OR ({has_version_lifecycle} AND t.version_lifecycle IS DISTINCT FROM b.target)
           OR (t.unit_id, t.title, t.body_sha256, t.parent, t.versions)
              IS DISTINCT FROM (s.unit_id, s.title, s.body_sha256, s.parent, s.versions) THEN
            PERFORM cutter_console.fn_stop(
                'STOP_INVARIANT_FAILED', 'CU004',
                format('%s: the organisation''s function was to make it %s, and it is %s; it answered %s', b.address, b.target,
                       t.lifecycle, coalesce(left(answer::text, 500), 'nothing')),
                'Nothing was written.');
        END IF;
    END LOOP;
    PERFORM cutter_console.fn_site_settle();
    PERFORM cutter_console.fn_site_require(before, jsonb_build_object({log_name}, n));
    -- Counted just now; what a run has moved, and no other unit, is in this statement.
    INSERT INTO cutter_console.site_move (run_id, step, table_name, rows_added, mapping_sha256)
    SELECT m.run_id, CASE a.lifecycle_status WHEN 'enacted' THEN 'enact' ELSE 'revert' END, {log_name}, count(*),
           cutter_console.fn_site_mapping()
      FROM after_it a
      JOIN before_it o ON o.id = a.id AND o IS DISTINCT FROM a
      JOIN cutter_governance.manifest_unit_block m ON m.unit_id = a.id
     GROUP BY 1, 2;
    RETURN NULL;
END $site$;
COMMENT ON FUNCTION cutter_console.keep_site_moved IS 'Has each enactment and each revert made by the organisation''s own function, and reads it back.';
"""
_WIRING = """
DO $wire$ BEGIN
    IF to_regprocedure('cutter_console.fn_own_differences(text)') IS NULL THEN
        ALTER FUNCTION cutter_console.fn_draft_differences(text) RENAME TO fn_own_differences;
    END IF;
END $wire$;
CREATE OR REPLACE FUNCTION cutter_console.fn_draft_differences(p_run_id text) RETURNS TABLE (address text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT d.address, d.difference FROM cutter_console.fn_own_differences(p_run_id) d
    UNION ALL
    SELECT s.address, s.difference FROM cutter_console.fn_site_differences(p_run_id) s
{governed}$site$;
CREATE OR REPLACE FUNCTION cutter_console.fn_site_standing(p_run_id text)
RETURNS TABLE (table_name text, known_by text, recorded bigint, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT w.name, w.known_by, count(b.seq), coalesce(sum(CASE w.name WHEN {units_name} THEN (s.unit_id IS NOT NULL)::int ELSE s.versions END), 0)::bigint
      FROM (VALUES ({units_name}, {address_name}), ({versions_name}, {version_unit_name})) w (name, known_by)
      LEFT JOIN cutter_governance.manifest_unit_block b ON b.run_id = p_run_id
      LEFT JOIN LATERAL cutter_console.fn_site_unit(b.address) s ON true
     GROUP BY w.name, w.known_by
{standing}$site$;
COMMENT ON FUNCTION cutter_console.fn_site_standing IS
    'The rows of a run that stand in the organisation''s tables now, by their keys, beside the numbers that were recorded.';
COMMENT ON FUNCTION cutter_console.fn_draft_differences IS
    'The units that are not, row for row, what was signed, in the console''s own tables or in the organisation''s.';
-- The proof of a backup must hold the organisation's rows too.
DO $wire$ BEGIN
    IF to_regprocedure('cutter_console.fn_own_backup_tables()') IS NULL THEN
        ALTER FUNCTION cutter_console.fn_backup_tables() RENAME TO fn_own_backup_tables;
    END IF;
END $wire$;
CREATE OR REPLACE FUNCTION cutter_console.fn_backup_tables() RETURNS SETOF text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $site$
    SELECT t FROM cutter_console.fn_own_backup_tables() t
    UNION ALL
    SELECT unnest(ARRAY[{written}])
$site$;
COMMENT ON FUNCTION cutter_console.fn_backup_tables IS 'The tables that only a leased write changes, and those of the organisation that it writes.';
DO $wire$ BEGIN
    IF to_regprocedure('cutter_console.fn_own_table_digest(text)') IS NULL THEN
        ALTER FUNCTION cutter_console.fn_table_digest(text) RENAME TO fn_own_table_digest;
    END IF;
END $wire$;
CREATE OR REPLACE FUNCTION cutter_console.fn_table_digest(p_table text, OUT rows bigint, OUT digest text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT d.* FROM cutter_console.fn_site_table_digest(p_table) d WHERE p_table = ANY (ARRAY[{written}])
    UNION ALL
    SELECT d.* FROM cutter_console.fn_own_table_digest(p_table) d WHERE p_table <> ALL (ARRAY[{written}])
$site$;
COMMENT ON FUNCTION cutter_console.fn_table_digest IS 'Rows and digest of one table, the console''s own or the organisation''s.';
CREATE OR REPLACE TRIGGER keep_site_created AFTER INSERT ON public.unit_version REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION cutter_console.keep_site_created();
CREATE OR REPLACE TRIGGER keep_site_moved AFTER UPDATE ON public.information_unit
    REFERENCING OLD TABLE AS before_it NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION cutter_console.keep_site_moved();
CREATE OR REPLACE TRIGGER guard_site_operation BEFORE INSERT ON cutter_governance.manifest_envelope
    FOR EACH ROW EXECUTE FUNCTION cutter_console.guard_site_operation();
ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER keep_site_created;
ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER keep_site_moved;
ALTER TABLE cutter_governance.manifest_envelope ENABLE ALWAYS TRIGGER guard_site_operation;
REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_mapping, cutter_console.fn_site_differences, cutter_console.fn_site_require,
    cutter_console.keep_site_created, cutter_console.keep_site_moved, cutter_console.guard_site_operation, cutter_console.fn_draft_differences,
    cutter_console.fn_site_standing, cutter_console.fn_backup_tables, cutter_console.fn_table_digest FROM PUBLIC;
"""
# By the catalogue alone: reading one of their tables would run code of its owner in the administrator's session.
_PLAIN = """
DO $wire$
DECLARE
    wrong text := cutter_console.fn_site_odd_tables();
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'nothing can be written there: %', wrong;
    END IF;
END $wire$;
"""
_MADE = re.compile(r"^CREATE OR REPLACE FUNCTION ([\w.]+)\(.*?\$site\$(.*?)\$site\$;?$", re.DOTALL | re.MULTILINE)
_ACTOR = 'SESSION_USER::text COLLATE "default"'
"""A name is ordered by "C", and one argument is enough for a whole function to compare its texts so: by no index of its tables."""
_RENAMED = {
    "cutter_console.fn_own_differences": "cutter_console.fn_draft_differences",
    "cutter_console.fn_own_backup_tables": "cutter_console.fn_backup_tables",
    "cutter_console.fn_own_table_digest": "cutter_console.fn_table_digest",
}
"""Functions of the migrations by the names that the script gives them."""
_BODIES = (
    ROLE,
    ROLE,
    RIGHTS,
    UNIT,
    COUNTS,
    CALLS,
    OWNED,
    REQUIRE,
    DIFFERENCES,
    _MAPPING,
    _CREATE,
    _MOVE,
    _WIRING,
    CREATION_TRIAL,
    MOVE_TRIAL,
    _PLAIN,
)


def tied_mapping(connection: psycopg.Connection) -> str | None:
    """Return the sha256 of the mapping by which units are passed on; None if they are written into the console's tables alone."""
    row = connection.execute(_TIED).fetchone()
    return str(row[0]) if row is not None else None


def site_counts(connection: psycopg.Connection) -> tuple[TableCount, ...]:
    """Return the rows of the organisation's tables by the mapping that units are passed on by; none if no mapping is tied."""
    if tied_mapping(connection) is None:
        return ()
    rows = read_row(connection, dict[str, int], "SELECT cutter_console.fn_site_counts()")
    return tuple(TableCount(table=table, rows=rows[table]) for table in sorted(rows))


class Standing(NamedTuple):
    """Rows of a run in one of the organisation's tables: those that were recorded, and those that stand there now."""

    table: str
    known_by: str
    """Columns by which they are known."""
    recorded: int
    rows: int


def site_standing(connection: psycopg.Connection, run_id: str) -> tuple[Standing, ...]:
    """Return the rows of a run that stand in the organisation's tables; none if no mapping is tied."""
    if tied_mapping(connection) is None:
        return ()
    return read_rows(connection, Standing, "SELECT * FROM cutter_console.fn_site_standing(%s) ORDER BY 1", (run_id,))


def tied_bodies(connection: psycopg.Connection, mapping: SiteMapping, sha256: str) -> dict[str, str]:
    """Return the sha256 of the body of each function that the script of this mapping makes or renames, by name."""
    bodies = {name: sha256_hex(body.encode()) for name, body in _MADE.findall(gateway_sql(connection, mapping, sha256))}
    names = schema_names(connection)
    for renamed, name in _RENAMED.items():
        definition = definition_of(f"FUNCTION {name}", names)
        if definition is not None:
            bodies[renamed] = definition.body_sha256
    return bodies


def gateway_sql(connection: psycopg.Connection, mapping: SiteMapping, sha256: str) -> str:
    """Return the SQL that ties the console's own tables to the organisation's functions; run by an administrator.

    Raises Refused, naming each part, if the mapping lacks what writing needs.
    """
    lacking = lacking_parts(mapping)
    create, enact = (
        arguments_of(connection, signature) if signature else ()
        for signature in (mapping.functions.create, mapping.functions.enact)
    )
    functions = mapping.functions
    named = {functions.create: create, functions.enact: enact}
    lacking += [f"there is no function {name}" for name, arguments in named.items() if name and not arguments]
    given_to_create, given_to_enact = _created_values(mapping), _moved_values(mapping, enact)
    lacking += _not_given("create", create, given_to_create) + _not_given("enact", enact, given_to_enact)
    lacking += writing_faults(connection, mapping)
    if mapping.governance is not None:
        lacking += governance_faults(read_catalogue(connection, mapping.tables), mapping)
    if lacking:
        raise Refused(
            StopCode.REFUSED_INPUT, f"units cannot be written by this mapping: {'; '.join(lacking)}", _BY_HAND
        )
    owner = sql.Identifier(CONSOLE_SCHEMA_OWNER)
    governance: tuple[sql.Composable, sql.Composable] = (sql.SQL(""), sql.SQL(UNGOVERNED + UNTRIED + UNPLANNED))
    if mapping.governance is not None:
        as_administrator, as_owner = governance_sql(mapping, mapping.governance)
        tried = trial_sql(mapping, mapping.governance) + planned_sql(mapping.governance)
        governance = (as_administrator, as_owner + tried)
    names, rights = _names(mapping), writing_rights(mapping, schemas_of(create + enact))
    if mapping.governance is not None:
        rights = (*rights, *governance_rights(connection, mapping.governance))
    parts = [
        sql.SQL(_HEAD),
        *(role_sql(role) for role in SITE_ROLES if role != SITE_WRITER or mapping.governance is not None),
        rights_sql("cutter_console", CONSOLE_SCHEMA_OWNER, GRANTEES, rights),
        sql.SQL(UNIT).format(**names),
        sql.SQL(COUNTS).format(**names),
        sql.SQL(CALLS).format(
            create=_function(create),
            created=_arguments(create, given_to_create),
            enact=_function(enact),
            enacted=_arguments(enact, given_to_enact),
            looking=names["looking"],
        ),
        calls_sql("fn_site_counts"),
        given_to(
            SITE_READER,
            CONSOLE_SCHEMA_OWNER,
            ("fn_site_unit", "fn_site_odd_tables", "fn_site_table_digest", "fn_site_settle", "fn_site_counts"),
        ),
        given_to(SITE_CALLER, CONSOLE_SCHEMA_OWNER, ("fn_site_create", "fn_site_enact")),
        governance[0],
        owned_sql(CONSOLE_SCHEMA_OWNER),
        sql.SQL("SET LOCAL ROLE {};\n").format(owner),
        sql.SQL(_MAPPING).format(sha256=sql.Literal(sha256)),
        *(sql.SQL(text).format(**names) for text in (REQUIRE, DIFFERENCES)),
        sql.SQL(_CREATE).format(**names, own_rights=_own_rights(create)),
        sql.SQL(_MOVE).format(
            **names,
            own_rights=_own_rights(enact),
            **moving(mapping.governance),
        ),
        # The functions that are wired name those of the governance section.
        governance[1],
        sql.SQL(_WIRING).format(
            **names,
            governed=sql.SQL(GOVERNED if mapping.governance else ""),
            standing=sql.SQL(STANDING if mapping.governance else ""),
        ),
        calls_sql("fn_site_differences", "fn_draft_differences", "fn_site_standing"),
        creation_trial_sql(names, mapping),
        move_trial_sql(names, mapping),
        sql.SQL(_PLAIN),
        sql.SQL("RESET ROLE;\n"),
    ]
    text = composed(schema_names(connection), sql.Composed(parts)).as_string(connection)
    refuse_marks(
        text,
        (
            *_BODIES,
            *(
                (*BODIES, *([DECISIONS] if mapping.governance.decision else []), TRIAL, PLANNED)
                if mapping.governance is not None
                else ()
            ),
        ),
    )
    return text


def _created_values(mapping: SiteMapping) -> dict[str, sql.Composable]:
    functions = mapping.functions
    values: dict[str, sql.Composable] = {
        "address": sql.SQL("p_address"),
        "title": sql.SQL("p_title"),
        "body": sql.SQL("p_body"),
        "actor": sql.SQL(_ACTOR),
        "kind": sql.SQL("p_kind"),
        "section_type": sql.SQL("p_section_type"),
        "parent": sql.SQL("p_parent"),
    }
    constants = {"owner": functions.owner, "publication": functions.publication}
    return values | {name: sql.Literal(value) for name, value in constants.items() if value}


def _moved_values(mapping: SiteMapping, arguments: tuple[ArgumentRow, ...]) -> dict[str, sql.Composable]:
    # Without rows of a change set there, none can be named: a default says so, or NULL.
    named = mapping.governance is not None or any(
        meaning_of(row) == "change_set" and not row.has_default for row in arguments
    )
    change_set: dict[str, sql.Composable] = {"change_set": sql.SQL("p_change_set")} if named else {}
    return change_set | {
        "address": sql.SQL("p_address"),
        "actor": sql.SQL(_ACTOR),
        "decision": sql.SQL("p_decision"),
        "target": sql.SQL("p_target"),
        "reason": sql.SQL("pg_catalog.format('run %s', p_run_id)"),
        "tool": sql.SQL("'cutter-console'"),
        "dry_run": sql.SQL("false"),
    }


def _not_given(name: str, arguments: tuple[ArgumentRow, ...], values: Mapping[str, object]) -> list[str]:
    return [
        f"the function that {name}s must be given {row.name or row.type}{where_said(row)}"
        for row in arguments
        if not row.has_default and (not row.name or meaning_of(row) not in values)
    ]


def _own_rights(arguments: tuple[ArgumentRow, ...]) -> sql.Composable:
    schema, name = sql.Literal(arguments[0].schema), sql.Literal(arguments[0].function)
    return sql.SQL(_OWN_RIGHTS).format(function_schema=schema, function_name=name)


def _function(arguments: tuple[ArgumentRow, ...]) -> sql.Composable:
    return sql.Identifier(arguments[0].schema, arguments[0].function)


def _arguments(arguments: tuple[ArgumentRow, ...], values: Mapping[str, sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(
        # The type is written as `format_type` prints it, which quotes what needs it.
        sql.SQL("{} => ({})::{}").format(sql.Identifier(row.name), values[meaning_of(row)], AsItIs(row.type))
        for row in arguments
        if row.name and meaning_of(row) in values
    )


def _names(mapping: SiteMapping) -> dict[str, sql.Composable]:
    units, versions, parent = mapping.units, mapping.versions, mapping.units.parent
    assert versions is not None
    assert parent is not None
    assert units.version is not None
    by_id = parent.refers_to is Refers.UNIT_ID
    parents = sql.SQL("LEFT JOIN {} p ON {}").format(identifier(units.table), equal(("p", units.id), ("u", parent)))
    tables = mapping.counted
    counts = [sql.SQL("{}, (SELECT count(*) FROM {})").format(sql.Literal(name), identifier(name)) for name in tables]
    return {
        "units": identifier(units.table),
        "versions": identifier(versions.table),
        "units_name": sql.Literal(units.table),
        "versions_name": sql.Literal(versions.table),
        "log_name": sql.Literal(mapping.log),
        "address_name": sql.Literal(units.address.column),
        "version_unit_name": sql.Literal(versions.unit.column),
        "written": sql.SQL(", ").join(map(sql.Literal, mapping.written)),
        "counts": sql.SQL(", ").join(counts),
        "looking": looking(mapping.functions.search_path),
        "plain_columns": sql.SQL(PLAIN_COLUMNS),
        "tables": sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(map(sql.Literal, tables))),
        "owner": sql.Literal(CONSOLE_SCHEMA_OWNER),
        "parent_value": parent_value(parent, "b.parent_address"),
        "answered": sql.SQL(ANSWERED.replace("'", "''")),
        "id": sql.Identifier(units.id.column),
        "address": sql.Identifier(units.address.column),
        "anchored": equal(("v", versions.id), ("u", units.version)),
        "of_unit": equal(("w", versions.unit), ("u", units.id)),
        "lifecycle": _identifier(units.lifecycle),
        "version_unit": sql.Identifier(versions.unit.column),
        "title": _identifier(versions.title),
        "body": _identifier(versions.body),
        "parent": _text("p" if by_id else "u", units.address if by_id else parent),
        "parents": parents if by_id else sql.SQL(""),
        "kind": _text("u", units.kind),
        "section_type": _text("u", units.section_type),
        "version_lifecycle": _text("v", versions.lifecycle),
        "content_hash": _text("v", versions.content_hash),
        "has_kind": sql.Literal(units.kind is not None),
        "has_section_type": sql.Literal(units.section_type is not None),
        "has_version_lifecycle": sql.Literal(versions.lifecycle is not None),
    }


def _identifier(column: Column | None) -> sql.Identifier:
    assert column is not None
    return sql.Identifier(column.column)


def _text(alias: str, column: Column | None) -> sql.Composable:
    return (
        sql.SQL("{}::text").format(sql.Identifier(alias, column.column))
        if column is not None
        else sql.SQL("NULL::text")
    )

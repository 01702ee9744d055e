"""The SQL that tries the rows of a run in the organisation's governance tables, and always takes them back.

It fills the columns of a probe's rows by the very expressions by which those of a run are filled, and hands them to the same
function of the same role, part by part; the values are a probe's. Everything happens in a block that ends with an error: whoever calls it, and commits, has
written nothing.
"""

import json

import psycopg
from psycopg import sql

from console.backend.model.site_governance import Governance, GovernedTable, Part
from console.backend.model.site_mapping import SiteMapping
from console.backend.model.site_trial import Trial
from console.backend.postgres.connections import scalar
from console.backend.postgres.site_decisions import SIGNERS
from console.backend.postgres.site_governance import OWN_UUID
from console.backend.postgres.site_grants import calls_sql
from console.backend.postgres.site_planned_rows import tried_value
from console.backend.postgres.site_roles import parent_value
from console.backend.postgres.site_trials import SAYS_NOTHING

LAST_STEPS = ("enact", "revert")
"""Steps of which a run has one: each is tried behind a cut and a verification."""
_DIGEST = "encode(sha256(convert_to(p_token, 'UTF8')), 'hex')"
_BY = "SESSION_USER::text"


def _uuid(of: str) -> str:
    return OWN_UUID.format(of=of, key="p_token")


_DECISION, _OF_VERDICT = (
    OWN_UUID.format(of="decision", key=f"{verdict} || p_token") for verdict in ("'cut'", "v.verdict")
)
_DECIDED = "(VALUES ('record', 'cut'), ('enact', 'enact'), ('revert', 'revert')) v (step, verdict)"
_NOTED = (
    "(VALUES ('record', 'open', 1, 'cut into draft; waits for SG_2'), ('enact', 'done', 2, 'enacted under SG_2'),"
    " ('revert', 'withdrawn', 2, 'the cut was reverted')) v (step, status, ordinal, note)"
)
# In the form of a run's own: what checks the form must not refuse a probe alone.
_RUN_ID = "format('ictr-%s-%s', to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"'), left(md5(p_token), 8))"
_DECIDED_BY = f"coalesce({SIGNERS}, ARRAY[repeat('0', 40)])"
_RUN = (
    f"(SELECT {_RUN_ID} AS run_id, p_token AS docprefix, 'file:probe'::text AS origin, {_DIGEST} AS source_sha256) r"
    f" CROSS JOIN (SELECT {_DIGEST} AS plan_digest, 1 AS n_units, {_BY} AS created_by, clock_timestamp() AS created_at,"
    f" {_uuid('version')}::uuid AS source_version_id) e"
    f" CROSS JOIN (SELECT {_DIGEST} AS manifest_digest) m"
    f" CROSS JOIN (SELECT {_uuid('change set')} AS id, {_BY} AS created_by, clock_timestamp() AS created_at) c"
    f" CROSS JOIN (SELECT {_DECISION} AS id, {_DIGEST} AS statement_sha256, {_DECIDED_BY} AS decided_by,"
    " 'cut'::text AS verdict) d"
)
_UNIT = (
    " CROSS JOIN (SELECT p_address AS address, 1 AS seq, p_kind AS unit_kind, p_section_type AS section_type,"
    " 'Probe'::text AS title, encode(sha256(convert_to(p_body, 'UTF8')), 'hex') AS body_sha256) x"
)
_RECORD, _VERIFY = "'record' = ANY (p_steps)", "'verify' = ANY (p_steps)"
_PROBES: dict[Part, tuple[str, str]] = {
    Part.DOCUMENT: (f" CROSS JOIN (SELECT {_BY} AS registered_by, clock_timestamp() AS registered_at) x", _RECORD),
    Part.DOCUMENT_VERSION: (f" CROSS JOIN (SELECT {_BY} AS pinned_by, clock_timestamp() AS pinned_at) x", _RECORD),
    Part.ENVELOPE: ("", _RECORD),
    Part.UNIT: (_UNIT, _RECORD),
    Part.DECISION: (
        f" CROSS JOIN {_DECIDED} CROSS JOIN LATERAL (SELECT v.step, v.verdict, {_OF_VERDICT} AS id,"
        f" {_DIGEST} AS statement_sha256, {_DECIDED_BY} AS decided_by, clock_timestamp() AS decided_at) x",
        "x.step = ANY (p_steps)",
    ),
    Part.CHANGE_SET: ("", _RECORD),
    Part.AFFECTED_ROW: (_UNIT, _RECORD),
    Part.SIGNATURE: (
        f" CROSS JOIN (SELECT {_uuid('signature')} AS id, {_DIGEST} AS signed_digest, {_BY} AS signed_by,"
        " clock_timestamp() AS signed_at) x",
        _RECORD,
    ),
    Part.ENTRY: (
        f" CROSS JOIN (SELECT {_uuid('entry')} AS id, format('enact the 1 units of %s', p_token) AS subject, clock_timestamp() AS created_at) x",
        _RECORD,
    ),
    Part.ENTRY_STEP: (
        f" CROSS JOIN (SELECT {_uuid('entry')} AS id) y CROSS JOIN {_NOTED} CROSS JOIN LATERAL"
        " (SELECT v.step, v.status, v.ordinal, v.note, clock_timestamp() AS at) x",
        "x.step = ANY (p_steps)",
    ),
    Part.VERIFICATION: (
        f" CROSS JOIN (SELECT {_uuid('verification')} AS id, 'PASS'::text AS outcome, 'cutter_verify'::text AS verified_by,"
        " clock_timestamp() AS verified_at) x",
        _VERIFY,
    ),
    Part.VERIFICATION_SIGNATURE: (
        f" CROSS JOIN (SELECT {_uuid('verification')} AS id, 'PASS'::text AS outcome) v"
        f" CROSS JOIN (SELECT {_uuid('verification signature')} AS id, {_DIGEST} AS signed_digest,"
        " 'cutter_verify'::text AS signed_by, clock_timestamp() AS signed_at) x",
        _VERIFY,
    ),
}
"""Rows of a probe in the place of the console's own, with the same names of their columns, and the steps that add them."""
TRIAL = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_probe(
    p_steps text[], p_token text, p_address text, p_body text, p_kind text, p_section_type text
) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT jsonb_build_object({rows})
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_probe IS 'The governance rows of a probe, made as those of a run are, by part.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_try(
    p_token text, p_address text, p_kind text, p_section_type text, p_parent text, p_last text
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    body constant text := 'Probe of the site mapping. It is taken back.';
    tried jsonb := '[]';
    steps jsonb := '[]';
    before jsonb;
    given jsonb;
    answer jsonb;
    a record;
    step text;
    n bigint;
    state text;
    message text;
    broken text;
    in_schema text;
    in_table text;
    context text;
    differs text;
    finished boolean := false;
BEGIN
    PERFORM cutter_console.fn_assert_no_hold();
    IF p_last IS NULL OR p_last NOT IN ('enact', 'revert') THEN
        PERFORM cutter_console.fn_stop('STOP_REFUSED_INPUT', 'CU004', 'only an enactment or a revert is tried', 'Nothing was written.');
    END IF;
    BEGIN
        FOREACH step IN ARRAY ARRAY['cut', 'record', 'verify', p_last] LOOP
            before := cutter_console.fn_site_counts();
            given := cutter_console.fn_site_probe(ARRAY[step], p_token, p_address, body, p_kind, p_section_type);
            FOR a IN SELECT v.* FROM (VALUES (-1, 'create', {units_name}), {parts}, (1000, 'settle', '')) v (n, part, table_name)
                      WHERE CASE v.part WHEN 'create' THEN step = 'cut' WHEN 'settle' THEN step <> 'cut'
                                        ELSE jsonb_array_length(coalesce(given -> v.part, '[]')) > 0 END
                      ORDER BY v.n LOOP
                SELECT NULL, '', '', '', '', '', '', '' INTO n, state, message, broken, in_schema, in_table, context, differs;
                BEGIN
                    IF a.part = 'create' THEN
                        answer := cutter_console.fn_site_create(p_address, 'Probe', body, p_kind, p_section_type, {parent_value});
                        message := coalesce(answer ->> 'status', 'nothing');
                        n := CASE message WHEN 'created' THEN 1 ELSE 0 END;
                    ELSIF a.part <> 'settle' THEN
                        n := cutter_console.fn_site_govern(jsonb_build_object(a.part, given -> a.part)) ->> a.part;
                        SELECT coalesce(string_agg(d.difference, '; '), '') INTO differs
                          FROM cutter_console.fn_site_ungoverned(jsonb_build_object(a.part, given -> a.part)) d;
                    END IF;
                    IF a.part IN ('create', 'settle') THEN
                        PERFORM cutter_console.fn_site_settle();
                    END IF;
                -- OTHERS is every condition but a failed ASSERT and a cancelled statement.
                EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, broken = CONSTRAINT_NAME,
                        in_schema = SCHEMA_NAME, in_table = TABLE_NAME, context = PG_EXCEPTION_CONTEXT;
                    -- These say nothing of the rows: a lost line, a lock, a server that only reads, or is full.
                    IF {says_nothing} THEN
                        RAISE;
                    END IF;
                    n := NULL;
                END;
                SELECT tried || jsonb_build_object(
                    'step', step, 'part', a.part, 'table', a.table_name, 'rows', jsonb_array_length(coalesce(given -> a.part, '[0]')),
                    'added', n, 'state', state, 'message', message, 'constraint', broken,
                    'place', CASE WHEN in_table = '' THEN '' ELSE in_schema || '.' || in_table END, 'context', context,
                    'difference', differs,
                    'triggers', (SELECT coalesce(jsonb_object_agg(t.name, t.calls), '{{}}') FROM (
                                     SELECT g.tgname AS name, n.nspname || '.' || p.proname AS calls
                                       FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
                                      WHERE g.tgrelid = o.oid AND NOT g.tgisinternal AND g.tgtype & 4 = 4 AND g.tgenabled <> 'D'
                                      UNION ALL
                                     SELECT w.rulename, 'a rule' FROM pg_rewrite w WHERE w.ev_class = o.oid AND w.ev_type = '3') t)
                ) INTO tried
                  FROM (SELECT (SELECT c.oid FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
                                 WHERE s.nspname || '.' || c.relname = a.table_name) AS oid) o;
            END LOOP;
            steps := steps || jsonb_build_object(
                'step', step, 'odd', coalesce(cutter_console.fn_site_odd_tables(), ''),
                'moved', (SELECT coalesce(jsonb_object_agg(c.key, c.value::bigint - (before ->> c.key)::bigint), '{{}}')
                            FROM jsonb_each_text(cutter_console.fn_site_counts()) c
                           WHERE c.value::bigint <> (before ->> c.key)::bigint));
        END LOOP;
        finished := true;
        RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'tried, and taken back';
    EXCEPTION WHEN SQLSTATE 'CU000' THEN
        NULL;
    END;
    -- Whoever raises the same code, as a trigger of theirs may, ends it early.
    RETURN jsonb_build_object('tried', tried, 'steps', steps, 'finished', finished);
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_try IS
    'Tries the rows of a cut, a verification and one more step in the organisation''s tables; everything is taken back.';
REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_probe, cutter_console.fn_site_try FROM PUBLIC;
""".replace("{says_nothing}", SAYS_NOTHING)
UNTRIED = """DROP FUNCTION IF EXISTS cutter_console.fn_site_try(text, text, text, text, text, text);
DROP FUNCTION IF EXISTS cutter_console.fn_site_probe(text[], text, text, text, text, text);
"""
_TRY = "SELECT cutter_console.fn_site_try(%s, %s, %s, %s, %s, %s)::text"
_MAY_TRY = """
    SELECT has_function_privilege(p.oid, 'EXECUTE')
      FROM pg_proc p WHERE p.oid = to_regprocedure('cutter_console.fn_site_try(text, text, text, text, text, text)')
"""


def trial_sql(mapping: SiteMapping, governance: Governance) -> sql.Composable:
    """Return the functions that try the rows, made as the owner of the console's functions."""
    parent = mapping.units.parent
    assert parent is not None
    functions = sql.SQL(TRIAL).format(
        rows=sql.SQL(",\n        ").join(_rows(part, table) for part, table in governance.parts),
        parts=sql.SQL(", ").join(
            sql.SQL("({}, {}, {})").format(*map(sql.Literal, (number, part.value, table.table)))
            for number, (part, table) in enumerate(governance.parts)
        ),
        units_name=sql.Literal(mapping.units.table),
        parent_value=parent_value(parent, "p_parent"),
    )
    return functions + calls_sql("fn_site_try")


def _rows(part: Part, table: GovernedTable) -> sql.Composable:
    joined, condition = _PROBES[part]
    values = sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(column.column), tried_value(part, column)) for column in table.columns
    )
    return sql.SQL(
        "{part}, (SELECT coalesce(jsonb_agg(jsonb_build_object({values})), '[]') FROM {source} WHERE {condition})"
    ).format(part=sql.Literal(part.value), values=values, source=sql.SQL(_RUN + joined), condition=sql.SQL(condition))


def may_try(connection: psycopg.Connection) -> bool | None:
    """Return whether the role may have the rows tried; None if the database has no function for it."""
    row = connection.execute(_MAY_TRY).fetchone()
    return None if row is None else bool(row[0])


def try_rows(
    connection: psycopg.Connection, token: str, address: str, kind: str | None, section: str | None, parent: str | None
) -> tuple[Trial, ...]:
    """Try the rows of a cut and a verification twice, with an enactment and with a revert behind them; nothing stays written."""
    answers = (scalar(connection, _TRY, token, address, kind, section, parent, last) for last in LAST_STEPS)
    return tuple(Trial.model_validate(json.loads(str(answer)), strict=False) for answer in answers)

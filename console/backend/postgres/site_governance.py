"""The SQL that writes the rows of leg B into the organisation's governance tables, in the transaction that records them.

A trigger behind the record of each effect reads the console's own rows, and has them inserted and read back by functions
of a role that may do nothing else: triggers of those tables must not run with the rights of the console's owner.
"""

from psycopg import sql

from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER
from console.backend.model.run_tables import RunTables
from console.backend.model.site_governance import MADE_BY, STEPS, Filled, Governance, GovernedTable, Part, Source
from console.backend.model.site_mapping import SiteMapping
from console.backend.postgres.rendering import AsItIs
from console.backend.postgres.site_catalogue import Catalogue
from console.backend.postgres.site_decisions import decisions_sql, governing, signers_of
from console.backend.postgres.site_proposal import identifier
from console.backend.postgres.site_roles import INDEXED, ROLE, SITE_READER, SITE_WRITER, as_called, given_to, looking

_OF_THE_RUN = (
    "cutter_governance.run r JOIN cutter_governance.manifest_envelope e ON e.run_id = r.run_id"
    " JOIN cutter_governance.manifest_seal m ON m.run_id = r.run_id"
)
_CHANGE_SET = " JOIN cutter_governance.cut_change_set c ON c.run_id = r.run_id"
_DECISION = " JOIN cutter_governance.review_decision d ON d.id = c.review_decision_id"
_BLOCK = " JOIN cutter_governance.manifest_unit_block x ON x.run_id = r.run_id"
_NEWEST = (
    "(NOT p_newest OR {v}.id = (SELECT w.id FROM cutter_governance.verify_result w"
    " WHERE w.run_id = r.run_id ORDER BY w.verified_at DESC LIMIT 1))"
)
_RECORD, _VERIFY = "'record' = ANY (p_steps)", "'verify' = ANY (p_steps)"
_ROWS: dict[Part, tuple[str, str]] = {
    Part.DOCUMENT: (" JOIN cutter_governance.source_document_registry x ON x.docprefix = r.docprefix", _RECORD),
    Part.DOCUMENT_VERSION: (
        " JOIN cutter_governance.source_document_version_registry x ON x.id = e.source_version_id",
        _RECORD,
    ),
    Part.ENVELOPE: ("", _RECORD),
    Part.UNIT: (_BLOCK, _RECORD),
    Part.DECISION: (
        " JOIN cutter_governance.review_decision x ON x.run_id = r.run_id",
        "CASE x.verdict WHEN 'cut' THEN 'record' ELSE x.verdict END = ANY (p_steps)",
    ),
    Part.CHANGE_SET: (_CHANGE_SET + _DECISION, _RECORD),
    Part.AFFECTED_ROW: (_CHANGE_SET + _BLOCK, _RECORD),
    Part.SIGNATURE: (
        _CHANGE_SET + _DECISION + " JOIN cutter_governance.dot_pair_signature x ON x.change_set_id = c.id",
        _RECORD,
    ),
    Part.ENTRY: (" JOIN cutter_governance.decision_backlog_entry x ON x.run_id = r.run_id", _RECORD),
    Part.ENTRY_STEP: (
        " JOIN cutter_governance.decision_backlog_entry y ON y.run_id = r.run_id"
        " JOIN cutter_governance.decision_backlog_history x ON x.entry_id = y.id",
        "CASE x.status WHEN 'open' THEN 'record' WHEN 'done' THEN 'enact' ELSE 'revert' END = ANY (p_steps)",
    ),
    Part.VERIFICATION: (
        _CHANGE_SET + " JOIN cutter_governance.verify_result x ON x.run_id = r.run_id",
        f"{_VERIFY} AND {_NEWEST.format(v='x')}",
    ),
    Part.VERIFICATION_SIGNATURE: (
        " JOIN cutter_governance.verify_result v ON v.run_id = r.run_id"
        " JOIN cutter_governance.dot_pair_signature x ON x.verify_result_id = v.id",
        f"{_VERIFY} AND {_NEWEST.format(v='v')}",
    ),
}
"""The console's own rows of each part, and the steps of a run by which they are there."""
OWN_UUID = "substring(encode(sha256(convert_to('{of} ' || {key}, 'UTF8')), 'hex') FOR 32)::uuid::text"
_DOCUMENT_ID = (
    f"coalesce(cutter_console.fn_site_document(r.docprefix), {OWN_UUID.format(of='document', key='r.docprefix')})"
)
_VALUES: dict[Source, str] = {
    Source.RUN: "r.run_id",
    Source.DOCUMENT: "r.docprefix",
    Source.ORIGIN: "r.origin",
    Source.SOURCE_SHA256: "r.source_sha256",
    Source.PLAN_DIGEST: "e.plan_digest",
    Source.MANIFEST_DIGEST: "m.manifest_digest",
    Source.UNITS: "e.n_units",
    Source.ACTOR: "e.created_by",
    Source.TIME: "e.created_at",
    Source.DOCUMENT_ID: _DOCUMENT_ID,
    Source.ENVELOPE_ID: OWN_UUID.format(of="envelope", key="r.run_id"),
    Source.CHANGE_SET_ID: "c.id",
    Source.DECISION_ID: "d.id",
    Source.STATEMENT_SHA256: "d.statement_sha256",
    Source.SIGNERS: signers_of("d.decided_by"),
    Source.VERDICT: "d.verdict",
    Source.SIGNATURE_ID: "x.id",
    Source.SIGNED_DIGEST: "x.signed_digest",
    Source.ENTRY_ID: "x.id",
    Source.VERIFICATION_ID: "x.id",
    Source.OUTCOME: "x.outcome",
    Source.ADDRESS: "x.address",
    Source.ORDINAL: "x.seq",
    Source.KIND: "x.unit_kind",
    Source.SECTION_TYPE: "x.section_type",
    Source.TITLE: "x.title",
    Source.CONTENT_HASH: "x.body_sha256",
    Source.SUBJECT: "x.subject",
    Source.STATUS: "x.status",
    Source.NOTE: "x.note",
}
_OF_PART: dict[Part, dict[Source, str]] = {
    Part.DOCUMENT: {Source.ACTOR: "x.registered_by", Source.TIME: "x.registered_at"},
    Part.DOCUMENT_VERSION: {Source.ACTOR: "x.pinned_by", Source.TIME: "x.pinned_at"},
    Part.DECISION: {
        Source.DECISION_ID: "x.id",
        Source.STATEMENT_SHA256: "x.statement_sha256",
        Source.SIGNERS: signers_of("x.decided_by"),
        Source.VERDICT: "x.verdict",
        Source.TIME: "x.decided_at",
    },
    Part.CHANGE_SET: {Source.ACTOR: "c.created_by", Source.TIME: "c.created_at"},
    Part.AFFECTED_ROW: {Source.ACTOR: "c.created_by", Source.TIME: "c.created_at"},
    Part.SIGNATURE: {Source.ACTOR: "x.signed_by", Source.TIME: "x.signed_at"},
    Part.ENTRY: {Source.TIME: "x.created_at"},
    Part.ENTRY_STEP: {
        Source.ENTRY_ID: "y.id",
        Source.TIME: "x.at",
        Source.ORDINAL: "(SELECT count(*) FROM cutter_governance.decision_backlog_history h"
        " WHERE h.entry_id = x.entry_id AND h.at <= x.at)",
    },
    Part.VERIFICATION: {Source.ACTOR: "x.verified_by", Source.TIME: "x.verified_at"},
    Part.VERIFICATION_SIGNATURE: {
        Source.ACTOR: "x.signed_by",
        Source.TIME: "x.signed_at",
        Source.VERIFICATION_ID: "v.id",
        Source.OUTCOME: "v.outcome",
    },
}
_HEAD = """
-- Writes the rows of leg B, of a verification, an enactment and a revert into the governance tables that the site mapping names.
-- Rows are added there, and never changed or deleted. They are inserted and read back by functions of the role {writer}, which may
-- read those tables and add to the mapped columns, and nothing else; it may not log in, and only the console's owner may call them.
"""
_WRITER_FUNCTIONS = as_called("""
CREATE OR REPLACE FUNCTION cutter_console.fn_site_document(p_docprefix text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$SELECT {document}$site$;
COMMENT ON FUNCTION cutter_console.fn_site_document IS 'The key of a document in the organisation''s table; NULL if it is not there.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_document_version(p_document text, p_sha256 text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$SELECT {document_version}$site$;
COMMENT ON FUNCTION cutter_console.fn_site_document_version IS
    'The key of a version of a document in the organisation''s table; NULL if it is not there.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_govern(p_rows jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = on
    {scope} AS $site$
DECLARE
    n bigint;
    added jsonb := '{{}}';
BEGIN
    -- A value is given in a form that these do not change, and read back by the function below.
    {as_called}
    {looking}{inserts}
    RETURN added;
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_govern IS 'Adds rows to the organisation''s governance tables, and returns their numbers by part.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_ungoverned(p_rows jsonb) RETURNS TABLE (table_name text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC' AS $site$
{differences}
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_ungoverned IS 'Rows that do not stand exactly once, as given, in the organisation''s governance tables.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_rows_there(p_rows jsonb) RETURNS TABLE (part text, table_name text, known_by text, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC' AS $site$
{there}
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_rows_there IS
    'Rows that stand in the organisation''s governance tables under the keys of those that are given.';
""")
_UNIT_KEYS = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_unit_keys(p_address text) RETURNS TABLE (unit_id text, version_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT u.{id}::text, u.{version}::text FROM {units} u
     WHERE u.{address}::text = p_address AND u.{address}::text COLLATE "C" = p_address
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_unit_keys IS 'The keys of a unit and its version in the organisation''s tables.';
"""
_INSERT = """    n := 0;
    -- Without rows their statement triggers and their privileges have no say.
    IF pg_catalog.jsonb_array_length(coalesce(p_rows OPERATOR(pg_catalog.->) {part}, '[]')) OPERATOR(pg_catalog.>) 0 THEN
        INSERT INTO {table} ({columns})
        SELECT {values}
          FROM pg_catalog.jsonb_array_elements(p_rows OPERATOR(pg_catalog.->) {part}) e{unless};
        GET DIAGNOSTICS n = ROW_COUNT;
    END IF;
    added := added OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object({part}, n);
"""
_DIFFERENCE = """    SELECT {name}::text, format('%s: %s rows of the %s are not there once, as they were recorded', {name}, count(*), {words})
      FROM jsonb_array_elements(p_rows -> {part}) e
      LEFT JOIN (SELECT {theirs} AS k, count(*) AS n FROM {table} t WHERE {among} GROUP BY 1) s ON s.k = {ours}
     WHERE s.n IS DISTINCT FROM 1
    HAVING count(*) > 0"""
_THERE = """    SELECT {part}::text, {name}::text, {keys}::text, count(*) FROM {table} t
     WHERE {among} AND {theirs} IN (SELECT {ours} FROM jsonb_array_elements(p_rows -> {part}) e)"""
_OWNER_FUNCTIONS = """
CREATE TABLE IF NOT EXISTS cutter_console.site_effect (
    effect         bigint PRIMARY KEY REFERENCES cutter_governance.run_effect (id),
    run_id         text NOT NULL,
    step           text NOT NULL,
    mapping_sha256 text NOT NULL,
    rows_added     jsonb NOT NULL,
    left_out       text NOT NULL DEFAULT '',
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE cutter_console.site_effect IS 'The rows that each effect has added to the organisation''s governance tables.';
COMMENT ON COLUMN cutter_console.site_effect.effect IS 'The effect, in the console''s own record.';
COMMENT ON COLUMN cutter_console.site_effect.run_id IS 'The run that had the effect.';
COMMENT ON COLUMN cutter_console.site_effect.step IS 'record (leg B), verify, enact or revert.';
COMMENT ON COLUMN cutter_console.site_effect.mapping_sha256 IS 'The site mapping by which they were written.';
COMMENT ON COLUMN cutter_console.site_effect.rows_added IS 'Rows that were added to each table.';
COMMENT ON COLUMN cutter_console.site_effect.left_out IS 'Of a revert: why nothing was added; empty otherwise.';
ALTER TABLE cutter_console.site_effect ADD COLUMN IF NOT EXISTS compared_with text NOT NULL DEFAULT '';
COMMENT ON COLUMN cutter_console.site_effect.compared_with IS
    'sha256 of the signed statement whose numbers these rows were compared with; empty where none was.';
COMMENT ON COLUMN cutter_console.site_effect.recorded_at IS 'When it was recorded, by the clock of the server.';
CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cutter_console.site_effect FOR EACH STATEMENT
    EXECUTE FUNCTION cutter_console.guard_refuse('the ledger is append-only');
ALTER TABLE cutter_console.site_effect ENABLE ALWAYS TRIGGER guard_append_only;
REVOKE ALL ON cutter_console.site_effect FROM PUBLIC;
GRANT SELECT ON cutter_console.site_effect TO cutter_exec, cutter_verify, cutter_ro;

CREATE OR REPLACE FUNCTION cutter_console.fn_site_governance(p_run_id text, p_steps text[], p_newest boolean) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT jsonb_build_object({rows})
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_governance IS 'The rows of a run''s steps as the organisation''s governance tables are to have them, by part.';

CREATE OR REPLACE FUNCTION cutter_console.fn_site_governance_differences(p_run_id text) RETURNS TABLE (table_name text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT d.table_name, d.difference
      FROM (SELECT array_agg(DISTINCT s.step) AS steps FROM cutter_console.site_effect s
             WHERE s.run_id = p_run_id AND s.left_out = '') w
     CROSS JOIN LATERAL cutter_console.fn_site_ungoverned(cutter_console.fn_site_governance(p_run_id, w.steps, false)) d
     WHERE w.steps IS NOT NULL
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_governance_differences IS
    'Governance rows of a run that the organisation''s tables do not have as they were recorded; none of a run that has written none there.';

CREATE OR REPLACE FUNCTION cutter_console.keep_site_governed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    before jsonb;
    given jsonb;
    added jsonb;
    expected jsonb;
    wrong text;
    ruling text;{is_decided}
BEGIN
    IF NEW.step NOT IN ('record', 'verify', 'enact', 'revert') THEN
        RETURN NULL;
    END IF;
    -- What began without the organisation's tables ends without them, and nobody has signed anything else.
    IF NEW.step <> 'record' AND NOT EXISTS (SELECT FROM cutter_console.site_effect s
                                             WHERE s.run_id = NEW.run_id AND s.step = 'record') THEN
        SELECT string_agg(format('%s 0, signed %s', x.value ->> 'table', x.value ->> 'rows'), '; ' ORDER BY x.value ->> 'table')
          INTO wrong
          FROM cutter_governance.review_decision d
          JOIN cutter_governance.approval a ON a.statement_sha256 = d.statement_sha256
         CROSS JOIN LATERAL jsonb_array_elements(convert_from(a.statement, 'UTF8')::jsonb -> 'expected_deltas') x
         WHERE NEW.step = 'enact'
           AND d.run_id = NEW.run_id
           AND d.verdict = 'enact'
           AND x.value ->> 'rows' <> '0'
           AND x.value ->> 'table' <> ALL (ARRAY[{elsewhere}]);
        IF wrong IS NOT NULL THEN
            PERFORM cutter_console.fn_stop('STOP_APPROVAL_INVALID', 'CU004',
                                      format('leg B of this run has no rows in the organisation''s governance tables: %s', wrong),
                                      'Nothing was committed. Have a statement signed that names none: cutter-console approval draft RUN');
        END IF;
        RETURN NULL;
    END IF;
    SELECT string_agg(d.difference, '; ') INTO wrong FROM cutter_console.fn_site_governance_differences(NEW.run_id) d;
    IF wrong IS NOT NULL AND NEW.step = 'enact' THEN
        PERFORM cutter_console.fn_stop('STOP_DRIFT', 'CU005', wrong,
                                  'See which: cutter-console verify RUN. Find out what changed them.');
    END IF;
    -- Drafts can always be taken back; what the new rows would refer to may be gone.
    IF wrong IS NOT NULL AND NEW.step = 'revert' THEN
        INSERT INTO cutter_console.site_effect (effect, run_id, step, mapping_sha256, rows_added, left_out)
        VALUES (NEW.id, NEW.run_id, NEW.step, cutter_console.fn_site_mapping(), '{{}}', wrong);
        RETURN NULL;
    END IF;
    before := cutter_console.fn_site_counts();
    given := cutter_console.fn_site_governance(NEW.run_id, ARRAY[NEW.step], true);
    {govern}
    PERFORM cutter_console.fn_site_settle();
    SELECT jsonb_object_agg(t.table_name, t.n) INTO expected
      FROM (SELECT p.table_name,
                   sum(CASE p.part WHEN 'document' THEN least((added ->> 'document')::bigint, 1)
                                   WHEN 'document_version' THEN least((added ->> 'document_version')::bigint, 1)
                                   WHEN 'unit' THEN e.n_units
                                   WHEN 'affected_row' THEN e.n_units
                                   ELSE 1 END) AS n
              FROM (VALUES {expected}) p (part, table_name, step)
              JOIN cutter_governance.manifest_envelope e ON e.run_id = NEW.run_id
             WHERE p.step = NEW.step
             GROUP BY 1) t;
    PERFORM cutter_console.fn_site_require(before, coalesce(expected, '{{}}'));
    -- A revert needs no ruling of its own, and no ruling is over a verification. Units, versions and log are counted where they are written.
    IF NEW.step IN ('record', 'enact') THEN
        SELECT max(s.statement_sha256),
               string_agg(format('%s %s, signed %s', coalesce(t.table_name, s.name), coalesce(expected ->> t.table_name, '0'),
                                 coalesce(s.signed, 'nothing')), '; ' ORDER BY coalesce(t.table_name, s.name))
               FILTER (WHERE s.signed IS DISTINCT FROM coalesce(expected ->> t.table_name, '0')
                             AND (t.table_name IS NOT NULL OR s.signed <> '0'))
          INTO ruling, wrong
          FROM (SELECT DISTINCT p.table_name FROM (VALUES {expected}) p (part, table_name, step) WHERE p.step = NEW.step) t
          FULL JOIN (SELECT x.value ->> 'table' AS name, x.value ->> 'rows' AS signed, d.statement_sha256
                       FROM cutter_governance.review_decision d
                       JOIN cutter_governance.approval a ON a.statement_sha256 = d.statement_sha256
                      CROSS JOIN LATERAL jsonb_array_elements(convert_from(a.statement, 'UTF8')::jsonb -> 'expected_deltas') x
                      WHERE d.run_id = NEW.run_id AND d.verdict = CASE NEW.step WHEN 'record' THEN 'cut' ELSE NEW.step END
                        AND x.value ->> 'table' <> ALL (ARRAY[{elsewhere}])) s
            ON s.name = t.table_name;
        IF wrong IS NOT NULL THEN
            PERFORM cutter_console.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('rows of the organisation''s tables: %s', wrong),
                                      'Nothing was committed. Take the drafts back, and have another plan signed.');
        END IF;
    END IF;
    SELECT string_agg(d.difference, '; ') INTO wrong FROM cutter_console.fn_site_ungoverned(given) d;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_console.fn_stop('STOP_COUNT_MISMATCH', 'CU006', wrong, 'Nothing was committed.');
    END IF;
    INSERT INTO cutter_console.site_effect (effect, run_id, step, mapping_sha256, rows_added, compared_with)
    VALUES (NEW.id, NEW.run_id, NEW.step, cutter_console.fn_site_mapping(), coalesce(expected, '{{}}'), coalesce(ruling, ''));
    RETURN NULL;
END $site$;
COMMENT ON FUNCTION cutter_console.keep_site_governed IS
    'Has the governance rows of each effect written into the organisation''s tables, counts them and reads them back.';
CREATE OR REPLACE TRIGGER keep_site_governed AFTER INSERT ON cutter_governance.run_effect
    FOR EACH ROW EXECUTE FUNCTION cutter_console.keep_site_governed();
ALTER TABLE cutter_governance.run_effect ENABLE ALWAYS TRIGGER keep_site_governed;
REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_governance, cutter_console.fn_site_governance_differences,
    cutter_console.keep_site_governed FROM PUBLIC;
"""
GOVERNED = """    UNION ALL
    SELECT g.table_name, g.difference FROM cutter_console.fn_site_governance_differences(p_run_id) g
"""
STANDING = """    UNION ALL
    SELECT t.table_name, string_agg(DISTINCT t.known_by, '; '), r.recorded,
           sum(CASE WHEN t.part IN ('document', 'document_version') THEN least(t.n, r.recorded) ELSE t.n END)::bigint
      FROM (SELECT array_agg(DISTINCT s.step) AS steps FROM cutter_console.site_effect s
             WHERE s.run_id = p_run_id AND s.left_out = '') w
     CROSS JOIN LATERAL cutter_console.fn_site_rows_there(cutter_console.fn_site_governance(p_run_id, w.steps, false)) t
     CROSS JOIN LATERAL (SELECT coalesce(sum((s.rows_added ->> t.table_name)::bigint), 0)::bigint AS recorded
                           FROM cutter_console.site_effect s WHERE s.run_id = p_run_id) r
     WHERE w.steps IS NOT NULL
     GROUP BY t.table_name, r.recorded
"""
UNGOVERNED = "DROP TRIGGER IF EXISTS keep_site_governed ON cutter_governance.run_effect;\n"
BODIES = (ROLE, _WRITER_FUNCTIONS, _UNIT_KEYS, _OWNER_FUNCTIONS)
"""Texts with the marks of functions' bodies."""
_OF_WRITER = (
    "fn_site_document",
    "fn_site_document_version",
    "fn_site_govern",
    "fn_site_ungoverned",
    "fn_site_rows_there",
)
"""Functions that run as the role that inserts."""
_ASSIGNED = ("text", "character varying", "character(", "character")
"""Beginnings of types that a text is assigned to, so that what is too long is refused; a cast would cut it off."""


def governance_sql(mapping: SiteMapping, governance: Governance) -> tuple[sql.Composable, sql.Composable]:
    """Return what the administrator runs, and what follows as the owner of the console's functions."""
    assert mapping.units.version is not None
    parts = governance.parts
    document, version = dict(parts).get(Part.DOCUMENT), dict(parts).get(Part.DOCUMENT_VERSION)
    as_administrator = sql.Composed(
        [
            sql.SQL(_HEAD).format(writer=sql.Identifier(SITE_WRITER)),
            sql.SQL(_WRITER_FUNCTIONS).format(
                document=key_of(document, Source.DOCUMENT_ID, {Source.DOCUMENT: "p_docprefix"}),
                document_version=key_of(
                    version,
                    Source.DOCUMENT_VERSION_ID,
                    {Source.DOCUMENT_ID: "p_document", Source.SOURCE_SHA256: "p_sha256"},
                ),
                looking=looking(mapping.functions.search_path),
                inserts=sql.SQL("").join(_insert(part, table) for part, table in parts),
                differences=sql.SQL("\n    UNION ALL\n").join(_difference(part, table) for part, table in parts),
                there=sql.SQL("\n    UNION ALL\n").join(_there(part, table) for part, table in parts),
            ),
            sql.SQL(_UNIT_KEYS).format(
                units=identifier(mapping.units.table),
                id=sql.Identifier(mapping.units.id.column),
                version=sql.Identifier(mapping.units.version.column),
                address=sql.Identifier(mapping.units.address.column),
            ),
            given_to(SITE_WRITER, CONSOLE_SCHEMA_OWNER, _OF_WRITER),
            given_to(SITE_READER, CONSOLE_SCHEMA_OWNER, ("fn_site_unit_keys",)),
        ]
    )
    as_owner = sql.SQL(_OWNER_FUNCTIONS).format(
        rows=sql.SQL(",\n        ").join(_rows(part, table) for part, table in parts),
        expected=sql.SQL(", ").join(
            sql.SQL("({}, {}, {})").format(*map(sql.Literal, (part.value, table.table, step)))
            for part, table in parts
            for step in STEPS[part]
        ),
        elsewhere=sql.SQL(", ").join(map(sql.Literal, sorted(RunTables.of(mapping).not_governed))),
        **governing(governance),
    )
    return as_administrator, decisions_sql(governance) + as_owner


def governance_faults(catalogue: Catalogue, mapping: SiteMapping) -> tuple[str, ...]:
    """Pure: what of the governance section is not so in the catalogue; each type is written into the script as it is there."""
    faults = []
    for part, governed in mapping.governance.parts if mapping.governance is not None else ():
        row, columns = catalogue.table(governed.table), catalogue.columns_of(governed.table)
        if row is None:
            faults.append(f"governance.{part}: there is no table {governed.table}")
            continue
        if row.kind not in "rp":
            faults.append(f"governance.{part}: {governed.table} is no plain table")
        for mapped in governed.columns:
            there = columns.get(mapped.column)
            if there is None or there.type != mapped.type:
                is_now = there.type if there is not None else "not there"
                faults.append(
                    f"governance.{part}: {governed.table}.{mapped.column} is {is_now}, mapped as {mapped.type}"
                )
            elif not there.given:
                faults.append(f"governance.{part}: {governed.table}.{mapped.column} is generated, and takes no value")
        faults += [
            f"governance.{part}: {governed.table}.{name}, which a trigger fills, is no column"
            for name in governed.by_trigger
            if name not in columns
        ]
        named = {*(mapped.column for mapped in governed.columns), *governed.by_trigger}
        if needed := [name for name, column in columns.items() if not column.filled and name not in named]:
            faults.append(f"governance.{part}: {governed.table} must be given {', '.join(needed)}")
    return tuple(faults)


def key_of(table: GovernedTable | None, key: Source, by: dict[Source, str]) -> sql.Composable:
    """Return the question for the key of a row that may be there already."""
    column = table.by_source(key) if table is not None else None
    if table is None or column is None:
        return sql.SQL("NULL::text")
    conditions = [
        sql.SQL("t.{}::text = ").format(sql.Identifier(mapped.column)) + sql.SQL(value)
        for source, value in by.items()
        if (mapped := table.by_source(source)) is not None
    ]
    return sql.SQL("(SELECT t.{}::text FROM {} t WHERE {})").format(
        sql.Identifier(column.column), identifier(table.table), sql.SQL(" AND ").join(conditions)
    )


def cast_of(column: Filled, value: sql.Composable) -> sql.Composable:
    """Return the value as the column takes it; a text that is too long for it is refused by the assignment."""
    if column.type.startswith(_ASSIGNED):
        return value
    return sql.SQL("({})::{}").format(value, AsItIs(column.type))


def _given(column: Filled) -> sql.Composable:
    return sql.SQL("(e OPERATOR(pg_catalog.->>) {})").format(sql.Literal(column.column))


def _known_by(part: Part, table: GovernedTable) -> tuple[Filled, ...]:
    """Return the columns by which a row is found again: all of them, or of one that may be there already its key.

    A document that is there may have another title than its prefix, which fills that column too.
    """
    keys = {
        Part.DOCUMENT: (Source.DOCUMENT,),
        Part.DOCUMENT_VERSION: (Source.DOCUMENT_ID, Source.SOURCE_SHA256),
    }.get(part)
    if keys is None:
        return table.columns
    return tuple(column for source in keys if (column := table.by_source(source)) is not None)


def _insert(part: Part, table: GovernedTable) -> sql.Composable:
    unless: sql.Composable = sql.SQL("")
    if part in {Part.DOCUMENT, Part.DOCUMENT_VERSION}:
        unless = sql.SQL("\n         WHERE NOT EXISTS (SELECT FROM {} t WHERE {} OPERATOR(pg_catalog.=) {})").format(
            identifier(table.table), *_sides(_known_by(part, table))
        )
    return sql.SQL(_INSERT).format(
        table=identifier(table.table),
        columns=sql.SQL(", ").join(sql.Identifier(column.column) for column in table.columns),
        values=sql.SQL(", ").join(cast_of(column, _given(column)) for column in table.columns),
        part=sql.Literal(part.value),
        unless=unless,
    )


def _sides(columns: tuple[Filled, ...]) -> tuple[sql.Composable, sql.Composable]:
    """Return the text of a row of theirs, and that of the row that was given."""
    theirs, ours = [], []
    for column in columns:
        theirs.append(sql.SQL("t.{}::text").format(sql.Identifier(column.column)))
        value = _given(column)
        # A moment is compared as the column keeps it, everything else letter by letter.
        ours.append(
            sql.SQL("({})::{}::text").format(value, AsItIs(column.type)) if column.source is Source.TIME else value
        )
    return tuple(
        sql.SQL("pg_catalog.jsonb_build_array({})").format(sql.SQL(", ").join(side)) for side in (theirs, ours)
    )  # type: ignore[return-value]


def _difference(part: Part, table: GovernedTable) -> sql.Composable:
    theirs, ours = _sides(_known_by(part, table))
    return sql.SQL(_DIFFERENCE).format(
        name=sql.Literal(table.table),
        words=sql.Literal(part.value.replace("_", " ")),
        part=sql.Literal(part.value),
        theirs=theirs,
        table=identifier(table.table),
        ours=ours,
        among=_among(part, table),
    )


def _among(part: Part, table: GovernedTable) -> sql.Composable:
    """Return the condition that leaves out most rows of other runs by an index, where there is one."""
    (key, *_) = _counted_by(part, table)
    if key.type not in INDEXED:
        return sql.SQL("true")
    return sql.SQL("t.{} = ANY (ARRAY(SELECT {} FROM jsonb_array_elements(p_rows -> {}) e))").format(
        sql.Identifier(key.column), cast_of(key, _given(key)), sql.Literal(part.value)
    )


def _counted_by(part: Part, table: GovernedTable) -> tuple[Filled, ...]:
    """Return the columns by which the rows of a part are counted: of units the key of the whole, of others their own key.

    So a unit that somebody has added to the envelope of a run is counted with those of the run.
    """
    groups = {Part.UNIT: (Source.ENVELOPE_ID, Source.RUN), Part.AFFECTED_ROW: (Source.CHANGE_SET_ID, Source.RUN)}
    own = tuple(source for source, maker in MADE_BY.items() if maker is part)
    sources = groups.get(part, () if part in {Part.DOCUMENT, Part.DOCUMENT_VERSION} else (*own, Source.SIGNATURE_ID))
    keys = (table.by_source(source) for source in sources)
    key = next((column for column in keys if column is not None), None)
    return (key,) if key is not None else _known_by(part, table)


def _there(part: Part, table: GovernedTable) -> sql.Composable:
    columns = _counted_by(part, table)
    theirs, ours = _sides(columns)
    return sql.SQL(_THERE).format(
        part=sql.Literal(part.value),
        name=sql.Literal(table.table),
        keys=sql.Literal(", ".join(column.column for column in columns)),
        table=identifier(table.table),
        theirs=theirs,
        ours=ours,
        among=_among(part, table),
    )


def _rows(part: Part, table: GovernedTable) -> sql.Composable:
    joined, condition = _ROWS[part]
    values = sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(column.column), value_of(part, column)) for column in table.columns
    )
    return sql.SQL(
        "{part}, (SELECT coalesce(jsonb_agg(jsonb_build_object({values})), '[]') FROM {source} WHERE r.run_id = p_run_id AND {condition})"
    ).format(
        part=sql.Literal(part.value),
        values=values,
        source=sql.SQL(_OF_THE_RUN + joined),
        condition=sql.SQL(condition),
    )


def value_of(part: Part, column: Filled) -> sql.Composable:
    """Return the expression of a column's value, over the rows of a run by their aliases; in the organisation's words."""
    value = _own_value(part, column)
    if not column.values:
        return value
    words = (
        sql.SQL(" WHEN {} THEN {}").format(sql.Literal(own), sql.Literal(theirs))
        for own, theirs in column.values.items()
    )
    return sql.SQL("CASE ({0})::text{1} ELSE ({0})::text END").format(value, sql.SQL("").join(words))


def _own_value(part: Part, column: Filled) -> sql.Composable:
    if column.source is Source.LITERAL:
        return sql.SQL("{}::text").format(sql.Literal(column.literal))
    if column.source in {Source.UNIT_ID, Source.VERSION_ID}:
        key = "unit_id" if column.source is Source.UNIT_ID else "version_id"
        return sql.SQL("(SELECT k.{} FROM cutter_console.fn_site_unit_keys(x.address) k)").format(sql.Identifier(key))
    if column.source is Source.DOCUMENT_VERSION_ID:
        document = _DOCUMENT_ID
        return sql.SQL(
            "coalesce(cutter_console.fn_site_document_version("
            + document
            + ", r.source_sha256), e.source_version_id::text)"
        )
    return sql.SQL(_OF_PART.get(part, {}).get(column.source, _VALUES[column.source]))

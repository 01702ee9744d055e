"""The SQL of the governance rows that a run would add, made before its ruling as those of its leg B are.

What is known by then is the run's own: document and version, plan, manifest, units, and the ruling once it is imported. Before
that, signers are as many of the pinned policy as it needs, and the statement's digest is one of nothing. The ids that leg B
draws by chance are others here, and the moment is that of the trial.
"""

from psycopg import sql

from console.backend.model.site_governance import PER_UNIT, STEPS, Filled, Governance, GovernedTable, Part, Source
from console.backend.postgres.site_decisions import SIGNERS
from console.backend.postgres.site_governance import OWN_UUID, value_of

_BY = "SESSION_USER::text"


def _id(of: str) -> str:
    return OWN_UUID.format(of=f"planned {of}", key="r.run_id")


_OF_THE_RUN = """(SELECT q.run_id, q.docprefix, q.origin, q.source_sha256, q.plan_digest, q.n_units FROM cutter_governance.run q
             WHERE q.run_id = p_run ->> 'run_id') r
        CROSS JOIN LATERAL (SELECT r.plan_digest, r.n_units, {by} AS created_by, now() AS created_at,
                                   (SELECT v.id FROM cutter_governance.source_document_version_registry v
                                     WHERE v.docprefix = r.docprefix AND v.sha256 = r.source_sha256) AS source_version_id) e
        CROSS JOIN (SELECT p_run ->> 'manifest_digest' AS manifest_digest) m
        CROSS JOIN LATERAL (SELECT {change_set} AS id, {by} AS created_by, now() AS created_at) c
         LEFT JOIN LATERAL (SELECT g.statement_sha256, g.signers FROM cutter_governance.approval g
                             WHERE g.run_id = r.run_id AND g.purpose = 'cut' ORDER BY g.imported_at DESC LIMIT 1) a ON true
        CROSS JOIN LATERAL (SELECT {decision} AS id, 'cut'::text AS verdict,
                                   coalesce(a.statement_sha256, encode(sha256(convert_to(r.run_id, 'UTF8')), 'hex')) AS statement_sha256,
                                   coalesce(a.signers, {signers}, ARRAY[repeat('0', 40)]) AS decided_by) d"""
_RUN = (
    _OF_THE_RUN.replace("{by}", _BY)
    .replace("{signers}", SIGNERS)
    .replace("{change_set}", _id("change set"))
    .replace("{decision}", _id("decision"))
)
_UNIT = (
    " CROSS JOIN (SELECT g.address, g.ordinal AS seq, g.kind AS unit_kind, g.section_type, g.title,"
    " encode(sha256(convert_to(g.body, 'UTF8')), 'hex') AS body_sha256 FROM jsonb_to_recordset(p_units)"
    " AS g (address text, title text, body text, kind text, section_type text, ordinal integer)) x"
)
_PLANNED: dict[Part, str] = {
    Part.DOCUMENT: " JOIN cutter_governance.source_document_registry x ON x.docprefix = r.docprefix",
    Part.DOCUMENT_VERSION: " JOIN cutter_governance.source_document_version_registry x ON x.id = e.source_version_id",
    Part.ENVELOPE: "",
    Part.UNIT: _UNIT,
    Part.DECISION: (
        " CROSS JOIN LATERAL (SELECT d.id, d.verdict, d.statement_sha256, d.decided_by, now() AS decided_at) x"
    ),
    Part.CHANGE_SET: "",
    Part.AFFECTED_ROW: _UNIT,
    Part.SIGNATURE: (
        f" CROSS JOIN LATERAL (SELECT {_id('signature')} AS id, m.manifest_digest AS signed_digest, {_BY} AS signed_by,"
        " now() AS signed_at) x"
    ),
    Part.ENTRY: (
        f" CROSS JOIN LATERAL (SELECT {_id('entry')} AS id, now() AS created_at,"
        " format('enact the %s units of %s', r.n_units, r.docprefix) AS subject) x"
    ),
    Part.ENTRY_STEP: (
        f" CROSS JOIN LATERAL (SELECT {_id('entry')} AS id) y CROSS JOIN (SELECT 'open'::text AS status, 1 AS ordinal,"
        " 'cut into draft; waits for SG_2'::text AS note, now() AS at) x"
    ),
}
"""Rows that leg B would find in the console's own ledger, with the names of their columns."""
PLANNED = """
CREATE OR REPLACE FUNCTION cutter_console.fn_site_planned(p_run jsonb, p_units jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
    SELECT jsonb_build_object({rows})
$site$;
COMMENT ON FUNCTION cutter_console.fn_site_planned IS 'The governance rows of leg B of a run that waits for its ruling, by part, as far as they are known.';
REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_planned FROM PUBLIC;
"""
_TRIED = """        -- Leg B of the run: part by part, so that the table that refuses is known, and in the order in which a run adds them.
        IF p_run IS NOT NULL THEN
            before := cutter_console.fn_site_counts();
            of_part := 'plan';
            given := cutter_console.fn_site_planned(p_run, p_units);
            FOR u IN SELECT * FROM (VALUES {parts}) v (number, part, table_name, is_of_unit) ORDER BY v.number LOOP
                of_part := u.part;
                place := u.table_name;
                added := added || jsonb_build_object(u.part, cutter_console.fn_site_govern(jsonb_build_object(u.part, given -> u.part)) -> u.part);
            END LOOP;
            of_part := 'end';
            place := '';
            PERFORM cutter_console.fn_site_settle();
            PERFORM cutter_console.fn_site_require(before, (
                SELECT jsonb_object_agg(t.table_name, t.n)
                  FROM (SELECT v.table_name,
                               sum(CASE WHEN v.is_of_unit THEN jsonb_array_length(p_units)
                                        WHEN v.part IN ('document', 'document_version') THEN least((added ->> v.part)::bigint, 1)
                                        ELSE 1 END) AS n
                          FROM (VALUES {parts}) v (number, part, table_name, is_of_unit) GROUP BY 1) t));
            SELECT d.table_name, d.difference INTO place, refused FROM cutter_console.fn_site_ungoverned(given) d LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'read back otherwise';
            END IF;
        END IF;
"""
"""Block that adds the rows of leg B behind the units, where the mapping has tables for them."""
UNPLANNED = "DROP FUNCTION IF EXISTS cutter_console.fn_site_planned(jsonb, jsonb);\n"


def recorded_parts(governance: Governance) -> tuple[tuple[Part, GovernedTable], ...]:
    """Return the mapped parts of which leg B adds rows, in its order."""
    return tuple((part, table) for part, table in governance.parts if "record" in STEPS[part])


def tried_value(part: Part, column: Filled) -> sql.Composable:
    """Return the expression of a column's value in rows that are tried, over aliases as those of a run have them."""
    # Of a run it is counted among the rows of the console's own ledger, in which what is tried has none.
    if part is Part.ENTRY_STEP and column.source is Source.ORDINAL:
        return sql.SQL("x.ordinal")
    return value_of(part, column)


def planned_sql(governance: Governance) -> sql.Composable:
    """Return the function that makes the rows, made as the owner of the console's functions."""
    return sql.SQL(PLANNED).format(
        rows=sql.SQL(",\n        ").join(_rows(part, table) for part, table in recorded_parts(governance))
    )


def rows_tried_sql(governance: Governance) -> sql.Composable:
    """Return what adds the rows of leg B behind the units, in the body of the function that tries them."""
    parts = sql.SQL(", ").join(
        sql.SQL("({}, {}, {}, {})").format(*map(sql.Literal, (number, part.value, table.table, part in PER_UNIT)))
        for number, (part, table) in enumerate(recorded_parts(governance))
    )
    return sql.SQL(_TRIED).format(parts=parts)


def _rows(part: Part, table: GovernedTable) -> sql.Composable:
    values = sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(column.column), tried_value(part, column)) for column in table.columns
    )
    return sql.SQL("{part}, (SELECT coalesce(jsonb_agg(jsonb_build_object({values})), '[]') FROM {source})").format(
        part=sql.Literal(part.value), values=values, source=sql.SQL(_RUN + _PLANNED[part])
    )

"""The SQL that writes the decision of an enactment or a revert into the organisation's table before its function is called.

The function may look the decision up, or its log may refer to it; so it is there before the first unit is moved, and not with the
other rows of the step.
"""

from psycopg import sql

from console.backend.model.site_governance import Governance

SIGNERS = """(SELECT array_agg(s.fingerprint ORDER BY s.place)
                  FROM (SELECT convert_from(q.policy, 'UTF8')::jsonb AS policy
                          FROM cutter_governance.policy_pin q ORDER BY q.id DESC LIMIT 1) w
                 CROSS JOIN LATERAL (SELECT g.value ->> 'fingerprint' AS fingerprint, g.place
                                       FROM jsonb_array_elements(w.policy -> 'signers') WITH ORDINALITY g (value, place)) s
                 WHERE s.place <= (w.policy #>> ARRAY['thresholds', 'SG_1'])::bigint)"""
"""As many signers of the pinned policy as it needs; NULL if none is pinned."""
_NOBODY = "ARRAY['nobody: a probe that is rolled back']"
"""Signers in the ruling of the probes of migration 0013."""


def signers_of(decided_by: str) -> str:
    """Return the signers of a decision as one text; of a probe, in the form of a run's, which a check there may ask for."""
    return f"array_to_string(CASE WHEN {decided_by} = {_NOBODY} THEN coalesce({SIGNERS}, {decided_by}) ELSE {decided_by} END, ', ')"


_CALL = """answer := cutter_console.fn_site_enact(b.run_id, b.address, b.decision::text, b.target, {change_set});"""
_RECORDED = """(SELECT c.id::text FROM cutter_governance.cut_change_set c JOIN cutter_console.site_effect e ON e.run_id = c.run_id
             WHERE c.run_id = b.run_id AND e.step = 'record')"""
_CALL_DECIDED = """answer := cutter_console.fn_site_enact(b.run_id, b.address, CASE WHEN stands OR NOT referred THEN b.decision::text END, b.target,
            CASE WHEN stands THEN (SELECT c.id::text FROM cutter_governance.cut_change_set c WHERE c.run_id = b.run_id) END);"""
_AS_RECORDED = """-- The function may look one of these rows up: what differs is told as that, and not as its refusal.
    SELECT string_agg(DISTINCT g.difference, '; ') INTO differing
      FROM (SELECT DISTINCT m.run_id
               FROM after_it a
               JOIN before_it o ON o.id = a.id AND o IS DISTINCT FROM a
               JOIN cutter_governance.manifest_unit_block m ON m.unit_id = a.id
              WHERE a.lifecycle_status = 'enacted') w
     CROSS JOIN LATERAL cutter_console.fn_site_governance_differences(w.run_id) g;
    IF differing IS NOT NULL THEN
        PERFORM cutter_console.fn_stop('STOP_DRIFT', 'CU005', differing,
                                  'See which: cutter-console verify RUN. Find out what changed them.');
    END IF;
    """
_DECIDED = """SELECT coalesce(bool_and(cutter_console.fn_site_decide(w.run_id, w.step)), false) INTO stands
      FROM (SELECT DISTINCT m.run_id, CASE a.lifecycle_status WHEN 'enacted' THEN 'enact' ELSE 'revert' END AS step
               FROM after_it a
               JOIN before_it o ON o.id = a.id AND o IS DISTINCT FROM a
               JOIN cutter_governance.manifest_unit_block m ON m.unit_id = a.id) w;
    -- Of a run without leg B none can stand there, and what refers to decisions takes the id of none.
    referred := EXISTS (SELECT FROM pg_constraint k
                          JOIN pg_class d ON d.oid = k.confrelid
                          JOIN pg_namespace dn ON dn.oid = d.relnamespace
                          JOIN pg_class c ON c.oid = k.conrelid
                          JOIN pg_namespace cn ON cn.oid = c.relnamespace
                         -- A part of a partitioned table has a row of its own for a foreign key of the whole.
                         WHERE k.contype = 'f' AND k.conparentid = 0 AND dn.nspname || '.' || d.relname = {table}
                           AND cn.nspname || '.' || c.relname <> ALL (ARRAY[{governed}]));
    """
DECISIONS = """
CREATE TABLE IF NOT EXISTS cutter_console.site_decision (
    run_id      text NOT NULL,
    step        text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, step)
);
COMMENT ON TABLE cutter_console.site_decision IS 'The decisions that were written into the organisation''s table before its function was called.';
COMMENT ON COLUMN cutter_console.site_decision.run_id IS 'The run.';
COMMENT ON COLUMN cutter_console.site_decision.step IS 'enact or revert.';
COMMENT ON COLUMN cutter_console.site_decision.recorded_at IS 'When it was recorded, by the clock of the server.';
CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cutter_console.site_decision FOR EACH STATEMENT
    EXECUTE FUNCTION cutter_console.guard_refuse('the ledger is append-only');
ALTER TABLE cutter_console.site_decision ENABLE ALWAYS TRIGGER guard_append_only;
REVOKE ALL ON cutter_console.site_decision FROM PUBLIC;
GRANT SELECT ON cutter_console.site_decision TO cutter_exec, cutter_verify, cutter_ro;

CREATE OR REPLACE FUNCTION cutter_console.fn_site_decide(p_run_id text, p_step text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $site$
DECLARE
    before jsonb;
BEGIN
    -- A probe, which is rolled back, has recorded its leg B by no effect.
    IF NOT EXISTS (SELECT FROM cutter_governance.run_effect f WHERE f.run_id = p_run_id)
       AND EXISTS (SELECT FROM cutter_governance.cut_change_set c WHERE c.run_id = p_run_id) THEN
        PERFORM cutter_console.fn_site_govern(cutter_console.fn_site_governance(p_run_id, ARRAY['record'], true));
    -- What the decision would refer to may not be there: then it is written by no step, or the step is refused later.
    ELSIF NOT EXISTS (SELECT FROM cutter_console.site_effect s WHERE s.run_id = p_run_id AND s.step = 'record')
       OR EXISTS (SELECT FROM cutter_console.fn_site_governance_differences(p_run_id)) THEN
        RETURN false;
    END IF;
    before := cutter_console.fn_site_counts();
    PERFORM cutter_console.fn_site_govern(
        jsonb_build_object('decision', cutter_console.fn_site_governance(p_run_id, ARRAY[p_step], true) -> 'decision'));
    PERFORM cutter_console.fn_site_require(before, jsonb_build_object({table}, 1));
    INSERT INTO cutter_console.site_decision (run_id, step) VALUES (p_run_id, p_step);
    RETURN true;
END $site$;
COMMENT ON FUNCTION cutter_console.fn_site_decide IS
    'Writes the decision of an enactment or a revert into the organisation''s table, before its function is called; false if it cannot stand there.';
REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_decide FROM PUBLIC;
"""
_ALL = "added := cutter_console.fn_site_govern(given);"
_OTHERS = """added := cutter_console.fn_site_govern(CASE WHEN decided THEN given - 'decision' ELSE given END);
    IF decided THEN
        before := before || jsonb_build_object({table}, (before ->> {table})::bigint - 1);
    END IF;"""
_IS_DECIDED = """
    decided constant boolean := EXISTS (SELECT FROM cutter_console.site_decision d WHERE d.run_id = NEW.run_id AND d.step = NEW.step);"""


def decisions_sql(governance: Governance) -> sql.Composable:
    """Return the table and the function of the decisions; nothing if none is mapped."""
    if governance.decision is None:
        return sql.SQL("")
    return sql.SQL(DECISIONS).format(table=sql.Literal(governance.decision.table))


def moving(governance: Governance | None) -> dict[str, sql.Composable]:
    """Return what calls the function for a unit `b`, with what is done before the first call."""
    if governance is None:
        return {"decided": sql.SQL(""), "call": sql.SQL(_CALL).format(change_set=sql.SQL("NULL::text"))}
    if governance.decision is None:
        return {"decided": sql.SQL(_AS_RECORDED), "call": sql.SQL(_CALL).format(change_set=sql.SQL(_RECORDED))}
    decided = sql.SQL(_DECIDED).format(
        table=sql.Literal(governance.decision.table),
        governed=sql.SQL(", ").join(map(sql.Literal, governance.tables)),
    )
    return {"decided": sql.SQL(_AS_RECORDED) + decided, "call": sql.SQL(_CALL_DECIDED)}


def governing(governance: Governance) -> dict[str, sql.Composable]:
    """Return what adds the rows of a step, of which a decision is counted as added if it was written before."""
    if governance.decision is None:
        return {"is_decided": sql.SQL(""), "govern": sql.SQL(_ALL)}
    return {
        "is_decided": sql.SQL(_IS_DECIDED),
        "govern": sql.SQL(_OTHERS).format(table=sql.Literal(governance.decision.table)),
    }

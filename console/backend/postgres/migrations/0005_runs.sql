-- schema: cutter_governance
-- The record of a run: its document, its stages, its events and its approvals.

CREATE OR REPLACE FUNCTION fn_document_register(p_docprefix text, p_origin text, p_profile text, p_live_query text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_docprefix = 'ICX-CONST' OR p_docprefix LIKE 'DIEU%' THEN
        PERFORM cutter_governance.fn_stop('STOP_REFUSED_INPUT', 'CU004', format('the document prefix %s is reserved', p_docprefix), 'Choose another prefix.');
    END IF;
    -- A registered query is run by the console: only the owner's side may register one.
    IF p_live_query IS NOT NULL AND NOT pg_has_role(session_user, 'cutter_owner', 'MEMBER') THEN
        PERFORM cutter_governance.fn_stop('STOP_GRANT_DELTA', 'CU004', 'live queries are registered by an administrator', 'Use: cutter-console document register');
    END IF;
    INSERT INTO cutter_governance.source_document_registry (docprefix, origin, profile, live_query)
    VALUES (p_docprefix, p_origin, p_profile, p_live_query) ON CONFLICT (docprefix) DO NOTHING;
    IF NOT FOUND AND p_live_query IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_REPLAY_CONFLICT', 'CU004', format('the document %s is registered', p_docprefix), 'A registered document keeps its query; choose another prefix.');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION fn_run_create(p_run_id text, p_operation text, p_docprefix text, p_origin text, p_profile text, p_operator text, p_host text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cutter_governance.run (run_id, operation, docprefix, origin, profile, operator, host)
    VALUES (p_run_id, p_operation, p_docprefix, p_origin, p_profile, p_operator, p_host)
$$;

CREATE OR REPLACE FUNCTION fn_source_pin(p_run_id text, p_raw_bytes bigint, p_sha256 text, p_canonical_sha256 text, p_canon_rule text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cutter_governance.run SET source_sha256 = p_sha256, canonical_sha256 = p_canonical_sha256
     WHERE run_id = p_run_id AND stage = 'created' AND source_sha256 IS NULL;
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s has a source already', p_run_id), 'Start another run.');
    END IF;
    INSERT INTO cutter_governance.source_document_version_registry (docprefix, origin, raw_bytes, sha256, canonical_sha256, canon_rule)
    SELECT docprefix, origin, p_raw_bytes, p_sha256, p_canonical_sha256, p_canon_rule FROM cutter_governance.run WHERE run_id = p_run_id
    ON CONFLICT (docprefix, sha256) DO NOTHING;
END $$;

CREATE OR REPLACE FUNCTION fn_run_plan(p_run_id text, p_plan_digest text, p_content_digest text, p_n_units integer, p_baseline_digest text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cutter_governance.run SET plan_digest = p_plan_digest, content_digest = p_content_digest, n_units = p_n_units, baseline_digest = p_baseline_digest
     WHERE run_id = p_run_id AND stage = 'marked' AND plan_digest IS NULL;
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s has a plan already, or is not at the stage for one', p_run_id), 'A plan is immutable; start another run.');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION fn_next_stage(p_stage text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.stages[array_position(s.stages, p_stage) + 1] FROM (SELECT ARRAY['created', 'source_pinned', 'marked', 'cutplan_ok',
        'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization', 'cut_leg_a_committed', 'structural_verified',
        'leg_b_recorded', 'write_verified', 'awaiting_lifecycle_authorization', 'lifecycle_enacted', 'closeout_reported'] AS stages) s
$$;

-- One step along the way. The stages of an effect are reached only by the function that has the effect.
CREATE OR REPLACE FUNCTION fn_run_advance(p_run_id text, p_to text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_to IN ('cut_leg_a_committed', 'leg_b_recorded', 'write_verified', 'lifecycle_enacted') THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('%s is reached by its effect only', p_to), 'Use the function of that phase.');
    END IF;
    UPDATE cutter_governance.run SET stage = p_to, changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND family = 'active' AND cutter_governance.fn_next_stage(stage) = p_to;
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s cannot go to %s from where it is', p_run_id, p_to), 'See: cutter-console run show RUN');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION fn_run_leave(p_run_id text, p_family text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cutter_governance.run r SET family = p_family, reason = p_reason, changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND stage <> 'closeout_reported' AND p_reason <> ''
       AND CASE p_family WHEN 'voided' THEN family IN ('active', 'stopped', 'failed') WHEN 'failed' THEN family IN ('active', 'stopped')
                         WHEN 'stopped' THEN family IN ('active', 'stopped') END
       AND (p_family <> 'voided' OR NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = r.run_id));
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s cannot be %s from where it is', p_run_id, p_family),
            'A run that has cut units is reverted, not voided.');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION fn_run_return(p_run_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cutter_governance.run SET family = 'active', reason = '', changed_at = clock_timestamp() WHERE run_id = p_run_id AND family = 'stopped';
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s is not stopped', p_run_id), 'See: cutter-console run show RUN');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION fn_run_event(p_run_id text, p_phase text, p_outcome text, p_record jsonb, p_journal_seq bigint, p_journal_head text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cutter_governance.run_event (run_id, phase, stage, family, reason, outcome, record, journal_seq, journal_head)
    SELECT run_id, p_phase, stage, family, reason, p_outcome, p_record, p_journal_seq, p_journal_head FROM cutter_governance.run WHERE run_id = p_run_id
    RETURNING id
$$;

-- Only the verifying role may import: the executor's password alone cannot bring an approval into being.
CREATE OR REPLACE FUNCTION fn_approval_import(p_kind text, p_run_id text, p_plan_digest text, p_manifest_digest text, p_policy_sha256 text,
    p_baseline_digest text, p_draft_digest text, p_review_decision_id uuid, p_n_units integer, p_database text, p_system_identifier text,
    p_timeline integer, p_not_before timestamptz, p_expires timestamptz, p_signers text[], p_statement bytea, p_signatures bytea[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    digest text := encode(sha256(p_statement), 'hex');
BEGIN
    IF p_review_decision_id IS NOT NULL AND EXISTS (SELECT 1 FROM cutter_governance.review_decision WHERE id = p_review_decision_id) THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_USED', 'CU004', 'the review decision has been used; SG_2 needs its own', 'Draft a new SG_2.');
    END IF;
    IF encode(p_statement, 'escape') ~ 'kb:approval-(sovereign-prod-write-1|u-w4b-grant-1)' THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_INVALID', 'CU004', 'the statement names a placeholder approval', 'Have a real statement signed.');
    END IF;
    INSERT INTO cutter_governance.approval (statement_sha256, kind, run_id, plan_digest, manifest_digest, policy_sha256, baseline_digest, draft_digest,
        review_decision_id, n_units, database, system_identifier, timeline, not_before, expires, signers, statement, signatures)
    VALUES (digest, p_kind, p_run_id, p_plan_digest, p_manifest_digest, p_policy_sha256, p_baseline_digest, p_draft_digest,
        p_review_decision_id, p_n_units, p_database, p_system_identifier, p_timeline, p_not_before, p_expires, p_signers, p_statement, p_signatures)
    ON CONFLICT (statement_sha256) DO NOTHING;
    RETURN digest;
END $$;

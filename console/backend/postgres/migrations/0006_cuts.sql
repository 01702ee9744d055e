-- schema: cutter_governance
-- What writes units: the cut, set-based and one by one, leg B, verification, enactment and soft revert.

-- One line a unit; the import recomputes the same digest from the signed plan, fn_cut_apply from the rows.
CREATE OR REPLACE FUNCTION fn_manifest_digest(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(chr(31), seq, address, coalesce(parent_address, ''), unit_kind, section_type, section_code,
               title, byte_start, byte_end, line_start, line_end, body_sha256), chr(10) ORDER BY seq), ''), 'UTF8')), 'hex')
      FROM cutter_governance.manifest_unit_block WHERE run_id = p_run_id
$$;

-- The draft rows as they stand, bodies hashed anew: what SG_2 is bound to.
CREATE OR REPLACE FUNCTION fn_draft_digest(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(chr(31), b.seq, u.canonical_address, coalesce(u.parent_or_container_ref, ''), u.unit_kind,
               u.section_type, u.section_code, u.lifecycle_status, v.version_seq, v.title, v.lifecycle_status,
               encode(sha256(convert_to(v.body, 'UTF8')), 'hex')), chr(10) ORDER BY b.seq, v.version_seq), ''), 'UTF8')), 'hex')
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.id = b.unit_id
      JOIN public.unit_version v ON v.unit_id = u.id
     WHERE b.run_id = p_run_id
$$;

-- What readers see: every unit that is neither superseded nor retired, with its anchored version.
CREATE OR REPLACE VIEW v_reader AS
    SELECT u.canonical_address, u.doc_code, u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code,
           u.lifecycle_status, v.version_seq, v.title, v.body
      FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status IN ('draft', 'enacted') AND u.deleted_at IS NULL;

CREATE OR REPLACE FUNCTION fn_readers_digest(p_without_run text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(chr(31), canonical_address, coalesce(parent_or_container_ref, ''), unit_kind, section_type,
               section_code, lifecycle_status, version_seq, title, encode(sha256(convert_to(body, 'UTF8')), 'hex')), chr(10)
               ORDER BY canonical_address COLLATE "C"), ''), 'UTF8')), 'hex')
      FROM cutter_governance.v_reader r
     WHERE canonical_address NOT IN (SELECT b.address FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_without_run)
$$;

-- Marks the approval as used, in the transaction of the effect, and records the decision behind it.
CREATE OR REPLACE FUNCTION fn_approval_spend(a cutter_governance.approval, p_purpose text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cutter_governance.approval_use (statement_sha256, purpose, run_id) VALUES (a.statement_sha256, p_purpose, a.run_id)
$$;

-- The manifest is the run's, and it is the signed one: envelope, number, every body's sha256, vocabulary, digest.
CREATE OR REPLACE FUNCTION fn_manifest_check(p_run_id text, a cutter_governance.approval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e cutter_governance.manifest_envelope;
    r cutter_governance.run;
    bad record;
    unknown text;
BEGIN
    SELECT * INTO e FROM cutter_governance.manifest_envelope WHERE run_id = p_run_id;
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id;
    IF e IS NULL OR (e.plan_digest, e.n_units) IS DISTINCT FROM (a.plan_digest, a.n_units)
       OR (e.docprefix, e.operation, e.content_digest) IS DISTINCT FROM (r.docprefix, r.operation, r.content_digest) THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_INVALID', 'CU004', format('the manifest of run %s is not that of the signed plan', p_run_id), 'Start again from the plan.');
    END IF;
    SELECT count(*) AS n, min(seq) FILTER (WHERE encode(sha256(convert_to(body, 'UTF8')), 'hex') <> body_sha256) AS hash,
           min(seq) FILTER (WHERE address NOT LIKE e.docprefix || '/%') AS outside INTO bad
      FROM cutter_governance.manifest_unit_block WHERE run_id = p_run_id;
    IF bad.n <> e.n_units OR bad.hash IS NOT NULL OR bad.outside IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format(
            'the manifest does not hold: %s blocks of %s, first body with another sha256: block %s, first address outside %s: block %s',
            bad.n, e.n_units, coalesce(bad.hash::text, 'none'), e.docprefix, coalesce(bad.outside::text, 'none')), 'Start again from the plan.');
    END IF;
    IF cutter_governance.fn_manifest_digest(p_run_id) <> a.manifest_digest THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', 'the manifest differs from the one that was signed', 'Start again from the plan.');
    END IF;
    SELECT string_agg(DISTINCT format('%s/%s', b.unit_kind, b.section_type), ', ') INTO unknown
      FROM (SELECT DISTINCT unit_kind, section_type FROM cutter_governance.manifest_unit_block WHERE run_id = p_run_id) b
      LEFT JOIN cutter_governance.unit_vocabulary w USING (unit_kind, section_type) WHERE w.unit_kind IS NULL;
    IF unknown IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_REFUSED_INPUT', 'CU004', 'not in the vocabulary: ' || unknown, 'Correct the profile.');
    END IF;
    RETURN e.n_units;
END $$;

-- The same, and the document is uncut.
CREATE OR REPLACE FUNCTION fn_cut_check(p_run_id text, a cutter_governance.approval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n integer := cutter_governance.fn_manifest_check(p_run_id, a);
    cut text;
BEGIN
    SELECT r.docprefix INTO cut FROM cutter_governance.run r JOIN public.information_unit u ON u.doc_code = r.docprefix WHERE r.run_id = p_run_id LIMIT 1;
    IF cut IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_REPLAY_CONFLICT', 'CU004', format('the document %s has been cut', cut),
            'A document is cut once; a revised text needs a document prefix of its own.');
    END IF;
    RETURN n;
END $$;

CREATE OR REPLACE FUNCTION fn_cut_apply(p_run_id text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'cut');
    n integer := cutter_governance.fn_cut_check(p_run_id, a);
    prefix text;
    writer text := session_user;
    units bigint;
    versions bigint;
BEGIN
    UPDATE cutter_governance.run SET stage = 'cut_leg_a_committed', changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND family = 'active' AND stage = 'awaiting_cut_authorization' AND operation = 'cut' RETURNING docprefix INTO prefix;
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s does not wait for its cut', p_run_id), 'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_approval_spend(a, 'cut');
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, section_code, doc_code, owner_ref, publication_type,
            parent_or_container_ref, version_anchor_ref, content_anchor_ref, created_by)
    SELECT unit_id, address, unit_kind, section_type, section_code, prefix, 'sovereign', 'cut',
           parent_address, version_id, body_sha256, writer
      FROM cutter_governance.manifest_unit_block WHERE run_id = p_run_id;
    GET DIAGNOSTICS units = ROW_COUNT;
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, review_state, created_by)
    SELECT version_id, unit_id, 1, title, body, body_sha256, 'cut', writer
      FROM cutter_governance.manifest_unit_block WHERE run_id = p_run_id;
    GET DIAGNOSTICS versions = ROW_COUNT;
    PERFORM cutter_governance.fn_assert_no_hold();
    IF units <> n OR versions <> n THEN
        PERFORM cutter_governance.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('%s units and %s versions written, %s planned', units, versions, n), 'Nothing was committed.');
    END IF;
    RETURN jsonb_build_object('status', 'cut', 'units', units, 'versions', versions);
END $$;

-- Leg B: the decision, the change set with its rows, the signature over it and the backlog's entry; 5 + N rows.
CREATE OR REPLACE FUNCTION fn_cut_record(p_run_id text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval;
    r cutter_governance.run;
    decision uuid := gen_random_uuid();
    change_set uuid := gen_random_uuid();
    entry uuid := gen_random_uuid();
    affected bigint;
BEGIN
    PERFORM cutter_governance.fn_assert_no_hold();
    PERFORM 1 FROM cutter_governance.execution_lock FOR UPDATE NOWAIT;
    IF NOT EXISTS (SELECT 1 FROM cutter_governance.execution_lease WHERE run_id = p_run_id AND purpose = 'cut' AND ended_at IS NULL AND expires_at > clock_timestamp()) THEN
        PERFORM cutter_governance.fn_stop('STOP_EXECUTION_DISABLED', 'CU004', format('the switch is not armed for run %s', p_run_id), 'Arm it: cutter-console arm RUN --confirm RUN');
    END IF;
    SELECT ap.* INTO a FROM cutter_governance.approval ap JOIN cutter_governance.approval_use u USING (statement_sha256)
     WHERE u.run_id = p_run_id AND u.purpose = 'cut';
    UPDATE cutter_governance.run SET stage = 'leg_b_recorded', changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND family = 'active' AND stage = 'structural_verified' RETURNING * INTO r;
    IF r IS NULL OR a IS NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s has no verified cut to record', p_run_id), 'See: cutter-console run show RUN');
    END IF;
    INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    VALUES (decision, p_run_id, 'cut', 'cut_authorised', a.statement_sha256, a.signers);
    INSERT INTO cutter_governance.cut_change_set (id, run_id, docprefix, plan_digest, review_decision_id, n_units)
    VALUES (change_set, p_run_id, r.docprefix, r.plan_digest, decision, r.n_units);
    INSERT INTO cutter_governance.cut_change_set_affected_row (change_set_id, seq, unit_id, version_id)
    SELECT change_set, seq, unit_id, version_id FROM cutter_governance.manifest_unit_block WHERE run_id = p_run_id;
    GET DIAGNOSTICS affected = ROW_COUNT;
    IF affected <> r.n_units THEN
        PERFORM cutter_governance.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('%s rows recorded, %s planned', affected, r.n_units), 'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.dot_pair_signature (change_set_id, signed_digest) VALUES (change_set, a.manifest_digest);
    INSERT INTO cutter_governance.decision_backlog_entry (id, run_id, subject) VALUES (entry, p_run_id, format('enact the %s units of %s', r.n_units, r.docprefix));
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note) VALUES (entry, 'open', 'cut into draft; waits for SG_2');
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'recorded', 'affected', affected);
END $$;

CREATE OR REPLACE FUNCTION fn_verify_record(p_run_id text, p_outcome text, p_checks jsonb) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result uuid := gen_random_uuid();
BEGIN
    PERFORM cutter_governance.fn_assert_no_hold();
    UPDATE cutter_governance.run SET stage = 'write_verified', changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND family = 'active' AND stage = 'leg_b_recorded' AND p_outcome = 'PASS';
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s does not wait for its verification, or it is not PASS', p_run_id), 'See: cutter-console run show RUN');
    END IF;
    INSERT INTO cutter_governance.verify_result (id, run_id, outcome, checks) VALUES (result, p_run_id, p_outcome, p_checks);
    INSERT INTO cutter_governance.dot_pair_signature (verify_result_id, signed_digest) VALUES (result, cutter_governance.fn_draft_digest(p_run_id));
    RETURN result;
END $$;

CREATE OR REPLACE FUNCTION fn_cut_enact(p_run_id text, p_dry_run boolean DEFAULT true) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval;
    units bigint;
    versions bigint;
    n integer;
BEGIN
    IF p_dry_run THEN
        a := cutter_governance.fn_approval_for(p_run_id, 'enact');
    ELSE
        a := cutter_governance.fn_authorise(p_run_id, 'enact');
    END IF;
    SELECT count(*) INTO n FROM cutter_governance.manifest_unit_block b JOIN public.information_unit u ON u.id = b.unit_id
     WHERE b.run_id = p_run_id AND u.lifecycle_status = 'draft';
    IF n <> a.n_units OR cutter_governance.fn_draft_digest(p_run_id) <> a.draft_digest THEN
        PERFORM cutter_governance.fn_stop('STOP_DRIFT', 'CU005', format('the drafts are not the ones that were signed: %s drafts of %s', n, a.n_units),
            'Something has changed the drafts since; draft a new SG_2 after finding out what.');
    END IF;
    IF p_dry_run THEN
        RETURN jsonb_build_object('status', 'would enact', 'units', n);
    END IF;
    UPDATE cutter_governance.run SET stage = 'lifecycle_enacted', changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND family = 'active' AND stage = 'awaiting_lifecycle_authorization';
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s does not wait for its enactment', p_run_id), 'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_approval_spend(a, 'enact');
    INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    VALUES (a.review_decision_id, p_run_id, 'enact', 'enactment_authorised', a.statement_sha256, a.signers);
    UPDATE public.unit_version v SET lifecycle_status = 'enacted', enacted_at = now(), review_state = 'enacted'
      FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id AND v.unit_id = b.unit_id AND v.lifecycle_status = 'draft';
    GET DIAGNOSTICS versions = ROW_COUNT;
    UPDATE public.information_unit u SET lifecycle_status = 'enacted', updated_by = session_user, updated_at = now()
      FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id AND u.id = b.unit_id AND u.lifecycle_status = 'draft';
    GET DIAGNOSTICS units = ROW_COUNT;
    IF units <> a.n_units OR versions < units THEN
        PERFORM cutter_governance.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('%s units enacted, %s signed', units, a.n_units), 'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
    SELECT id, 'done', 'enacted under SG_2' FROM cutter_governance.decision_backlog_entry WHERE run_id = p_run_id;
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'enacted', 'units', units, 'versions', versions);
END $$;

CREATE OR REPLACE FUNCTION fn_cut_revert(p_run_id text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'revert');
    units bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM cutter_governance.manifest_unit_block b JOIN public.information_unit u ON u.id = b.unit_id
                WHERE b.run_id = p_run_id AND u.lifecycle_status <> 'draft') THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s has units that are no drafts; enacted units are never reverted', p_run_id),
            'Supersede them by a new version instead.');
    END IF;
    UPDATE cutter_governance.run SET family = 'reverted', reason = '', changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND family IN ('active', 'stopped', 'failed') AND stage IN ('cut_leg_a_committed', 'structural_verified',
           'leg_b_recorded', 'write_verified', 'awaiting_lifecycle_authorization');
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('run %s has no draft cut to revert', p_run_id), 'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_approval_spend(a, 'revert');
    INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    VALUES (gen_random_uuid(), p_run_id, 'revert', 'cut_reverted', a.statement_sha256, a.signers);
    UPDATE public.unit_version v SET lifecycle_status = 'superseded', review_state = 'reverted'
      FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id AND v.unit_id = b.unit_id AND v.lifecycle_status = 'draft';
    UPDATE public.information_unit u SET lifecycle_status = 'superseded', updated_by = session_user, updated_at = now()
      FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id AND u.id = b.unit_id;
    GET DIAGNOSTICS units = ROW_COUNT;
    IF units <> a.n_units THEN
        PERFORM cutter_governance.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('%s units reverted, %s cut', units, a.n_units), 'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
    SELECT id, 'withdrawn', 'the cut was reverted' FROM cutter_governance.decision_backlog_entry WHERE run_id = p_run_id;
    RETURN jsonb_build_object('status', 'reverted', 'units', units);
END $$;

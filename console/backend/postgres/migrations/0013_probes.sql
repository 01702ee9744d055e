-- schema: cutter_governance
-- The probes again, for sealed manifests. What 0010 says of them holds:
-- every write stands in one block that always raises, EXECUTE is cutter_verify's alone, and nothing of it is left.
-- They go past the authorisation on purpose, by the same functions that have the effect (fn_cut_write, fn_record_write,
-- fn_revert_write): a ruling cannot be forged here any more, and these rows exist in the subtransaction alone.

-- N units in a tree, of every kind and section type of the vocabulary in turn,
-- with bodies of several lengths and alphabets, as a plan has them.
CREATE OR REPLACE FUNCTION fn_probe_plan(p_docprefix text, p_n integer, OUT manifest bytea, OUT canonical bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH kind AS (
        SELECT unit_kind, section_type,
               row_number() OVER (ORDER BY unit_kind COLLATE "C", section_type COLLATE "C") - 1 AS k,
               count(*) OVER () AS kinds
          FROM cutter_governance.unit_vocabulary
    ),
         unit AS (
             SELECT i, v.unit_kind, v.section_type,
                    format('%s. Điều § ', i) || repeat('text ', 1 + i % 11) || chr(10) AS body
               FROM generate_series(1, p_n) i
               JOIN kind v ON v.k = (i - 1) % v.kinds
         ),
         placed AS (SELECT u.*, sum(octet_length(convert_to(u.body, 'UTF8'))) OVER (ORDER BY u.i) AS ends FROM unit u)
    SELECT convert_to(
               string_agg(
                   concat_ws(chr(31), i, format('%s/%s', p_docprefix, i),
                             CASE WHEN i > 1 THEN format('%s/%s', p_docprefix, i / 2) ELSE '' END,
                             unit_kind, section_type, i, format('Unit %s', i),
                             ends - octet_length(convert_to(body, 'UTF8')), ends, i, i,
                             encode(sha256(convert_to(body, 'UTF8')), 'hex')),
                   chr(10) ORDER BY i),
               'UTF8'),
           convert_to(string_agg(body, '' ORDER BY i), 'UTF8')
      FROM placed
$$;

-- For each size: a synthetic document is planned, cut, recorded and verified,
-- and with p_revert taken back; then all of it is rolled back.
CREATE OR REPLACE FUNCTION fn_probe_cut(p_sizes integer[], p_revert boolean DEFAULT false) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    refused jsonb := cutter_governance.fn_probe_refusal();
    results jsonb := '[]';
    one jsonb;
    n integer;
    made text;
    prefix text;
    zero text := repeat('0', 64);
    baseline text;
    plan record;
    a cutter_governance.approval;
    r cutter_governance.run;
    verified uuid;
    logged text := pg_get_serial_sequence('public.iu_lifecycle_log', 'id');
    before record;
    violated text;
    others text[] := ARRAY['another transaction is writing', 'the switch is already armed %', 'a HOLD is set: %'];
BEGIN
    IF refused IS NOT NULL THEN
        RETURN refused;
    END IF;
    IF cardinality(p_sizes) NOT BETWEEN 1 AND 8
       OR 1 > ANY (p_sizes)
       OR 1000 < ANY (p_sizes)
       OR array_position(p_sizes, NULL) IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_CAP_EXCEEDED', 'CU004',
            'a probe has 1 to 8 sizes of 1 to 1000 units',
            'Ask for fewer.');
    END IF;
    FOREACH n IN ARRAY p_sizes LOOP
        one := jsonb_build_object('n', n);
        BEGIN
            PERFORM set_config('lock_timeout', '500ms', true);
            made := 'ictr-19700101T000000Z-' || substr(md5(gen_random_uuid()::text), 1, 8);
            prefix := 'PROBE-' || upper(substr(md5(gen_random_uuid()::text), 1, 24));
            plan := cutter_governance.fn_probe_plan(prefix, n);
            baseline := CASE WHEN p_revert THEN cutter_governance.fn_readers_digest() ELSE zero END;
            PERFORM cutter_governance.fn_document_register(prefix, 'probe', 'probe');
            INSERT INTO cutter_governance.source_document_version_registry (
                docprefix, origin, raw_bytes, sha256, canonical_sha256, canon_rule)
            VALUES (prefix, 'probe', octet_length(plan.canonical), encode(sha256(plan.canonical), 'hex'),
                    encode(sha256(plan.canonical), 'hex'), 'probe');
            INSERT INTO cutter_governance.run (
                run_id, operation, docprefix, origin, profile, operator, host, stage, source_sha256, canonical_sha256,
                plan_digest, content_digest, n_units, baseline_digest)
            VALUES (made, 'cut', prefix, 'probe', 'probe', 'probe', 'probe', 'awaiting_cut_authorization',
                    encode(sha256(plan.canonical), 'hex'), encode(sha256(plan.canonical), 'hex'), zero, zero, n,
                    baseline)
            RETURNING * INTO r;
            INSERT INTO cutter_governance.approval (
                statement_sha256, kind, purpose, run_id, plan_digest, manifest_digest, canonical_sha256, policy_sha256,
                baseline_digest, n_units, database, system_identifier, timeline, not_before, expires, signers,
                statement, signatures)
            SELECT encode(sha256(convert_to(made, 'UTF8')), 'hex'), 'SG_1', 'cut', made, zero,
                   encode(sha256(plan.manifest), 'hex'), r.canonical_sha256, zero, baseline, n, t.database,
                   t.system_identifier, t.timeline, now(), clock_timestamp() + interval '1 minute',
                   ARRAY['nobody: a probe that is rolled back'], convert_to(made, 'UTF8'), ARRAY[''::bytea]
              FROM cutter_governance.fn_target() t
            RETURNING * INTO a;
            -- The lease comes first: where one is open the execution lock is not asked for.
            UPDATE cutter_governance.execution_lease l
               SET ended_at = clock_timestamp(), end_reason = 'over'
             WHERE ended_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM cutter_governance.v_lease s WHERE s.id = l.id);
            INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)
            VALUES (made, 'cut', 'probe', 'probe', clock_timestamp() + interval '1 minute');
            PERFORM cutter_governance.fn_write_lock();
            one := one || jsonb_build_object('begun', cutter_governance.fn_probe_rows());
            PERFORM cutter_governance.fn_cut_write(r, a, plan.manifest, plan.canonical);
            -- The deferred guards look at COMMIT, which a probe never reaches: they are asked here.
            SET CONSTRAINTS ALL IMMEDIATE;
            SET CONSTRAINTS ALL DEFERRED;
            one := one || jsonb_build_object('leg_a', cutter_governance.fn_probe_rows());
            PERFORM cutter_governance.fn_record_write(r, a);
            one := one || jsonb_build_object('leg_b', cutter_governance.fn_probe_rows());
            INSERT INTO cutter_governance.verify_result (run_id, outcome, checks)
            VALUES (made, 'PASS', '{}')
            RETURNING id INTO verified;
            INSERT INTO cutter_governance.dot_pair_signature (verify_result_id, signed_digest)
            VALUES (verified, cutter_governance.fn_draft_digest(made));
            one := one || jsonb_build_object(
                'verified', cutter_governance.fn_probe_rows(),
                'histogram', (SELECT jsonb_object_agg(h.kind, h.units)
                                FROM (SELECT u.unit_kind || '/' || u.section_type AS kind, count(*) AS units
                                        FROM public.information_unit u
                                       WHERE u.doc_code = prefix
                                       GROUP BY 1) h),
                'sound', n - (SELECT count(*) FROM cutter_governance.fn_draft_differences(made)));
            IF p_revert THEN
                PERFORM cutter_governance.fn_lease_end('probe');
                INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)
                VALUES (made, 'revert', 'probe', 'probe', clock_timestamp() + interval '1 minute');
                -- A sequence is not rolled back, so it is set back to this below.
                IF logged IS NOT NULL THEN
                    EXECUTE format('SELECT last_value, is_called FROM %s', logged) INTO before;
                END IF;
                one := one || jsonb_build_object('without', baseline, 'full', cutter_governance.fn_readers_digest());
                PERFORM cutter_governance.fn_revert_write(made, a);
                SET CONSTRAINTS ALL IMMEDIATE;
                one := one || jsonb_build_object(
                    'inside', cutter_governance.fn_readers_digest(),
                    'reverted', cutter_governance.fn_probe_rows(),
                    'entries', (SELECT count(*) FROM cutter_governance.decision_backlog_entry WHERE run_id = made));
                PERFORM setval(logged, before.last_value, before.is_called) WHERE logged IS NOT NULL;
            END IF;
            one := one || jsonb_build_object('done', true);
            RAISE EXCEPTION 'a probe is always rolled back' USING ERRCODE = 'CUP00';
        EXCEPTION
            WHEN SQLSTATE 'CUP00' THEN
                NULL;
            WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
                IF SQLSTATE = '55P03' OR violated = 'execution_lease_one_open' OR SQLERRM LIKE ANY (others) THEN
                    RETURN jsonb_build_object('refused', 'BUSY', 'detail', SQLERRM);
                END IF;
                one := one || jsonb_build_object('failed', format('%s: %s', SQLSTATE, SQLERRM));
        END;
        IF p_revert THEN
            one := one || jsonb_build_object('after', cutter_governance.fn_readers_digest());
        END IF;
        results := results || one;
    END LOOP;
    RETURN jsonb_build_object('probes', results, 'xid', pg_current_xact_id_if_assigned()::text);
END $$;

-- The newest draft cut that is small enough is taken back under the ruling that it was cut by, and then rolled back.
CREATE OR REPLACE FUNCTION fn_probe_revert() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    refused jsonb := cutter_governance.fn_probe_refusal();
    one jsonb := '{}';
    draft record;
    a cutter_governance.approval;
    logged text := pg_get_serial_sequence('public.iu_lifecycle_log', 'id');
    before record;
    violated text;
    others text[] := ARRAY['another transaction is writing', 'the switch is already armed %', 'a HOLD is set: %'];
BEGIN
    IF refused IS NOT NULL THEN
        RETURN refused;
    END IF;
    SELECT r.run_id, r.n_units INTO draft
      FROM cutter_governance.run r
     WHERE r.operation = 'cut'
       AND r.family IN ('active', 'stopped', 'failed')
       AND r.n_units <= 1000
       AND r.stage IN ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded', 'write_verified',
                       'awaiting_lifecycle_authorization')
     ORDER BY r.changed_at DESC LIMIT 1;
    IF draft IS NULL THEN
        RETURN jsonb_build_object('probes', '[]'::jsonb, 'xid', NULL);
    END IF;
    one := jsonb_build_object('n', draft.n_units, 'run_id', draft.run_id);
    BEGIN
        PERFORM set_config('lock_timeout', '500ms', true);
        SELECT p.* INTO a
          FROM cutter_governance.approval p
          JOIN cutter_governance.approval_use u USING (statement_sha256)
         WHERE u.run_id = draft.run_id
           AND u.purpose = 'cut';
        UPDATE cutter_governance.execution_lease l
           SET ended_at = clock_timestamp(), end_reason = 'over'
         WHERE ended_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM cutter_governance.v_lease s WHERE s.id = l.id);
        INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)
        VALUES (draft.run_id, 'revert', 'probe', 'probe', clock_timestamp() + interval '1 minute');
        PERFORM cutter_governance.fn_write_lock();
        IF logged IS NOT NULL THEN
            EXECUTE format('SELECT last_value, is_called FROM %s', logged) INTO before;
        END IF;
        one := one || jsonb_build_object('begun', cutter_governance.fn_probe_rows(),
                                         'full', cutter_governance.fn_readers_digest(),
                                         'without', cutter_governance.fn_readers_digest(draft.run_id));
        PERFORM cutter_governance.fn_revert_write(draft.run_id, a);
        SET CONSTRAINTS ALL IMMEDIATE;
        one := one || jsonb_build_object(
            'inside', cutter_governance.fn_readers_digest(),
            'reverted', cutter_governance.fn_probe_rows(),
            'entries', (SELECT count(*) FROM cutter_governance.decision_backlog_entry WHERE run_id = draft.run_id));
        PERFORM setval(logged, before.last_value, before.is_called) WHERE logged IS NOT NULL;
        one := one || jsonb_build_object('done', true);
        RAISE EXCEPTION 'a probe is always rolled back' USING ERRCODE = 'CUP00';
    EXCEPTION
        WHEN SQLSTATE 'CUP00' THEN
            NULL;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
            IF SQLSTATE = '55P03' OR violated = 'execution_lease_one_open' OR SQLERRM LIKE ANY (others) THEN
                RETURN jsonb_build_object('refused', 'BUSY', 'detail', SQLERRM);
            END IF;
            one := one || jsonb_build_object('failed', format('%s: %s', SQLSTATE, SQLERRM));
    END;
    one := one || jsonb_build_object('after', cutter_governance.fn_readers_digest());
    RETURN jsonb_build_object('probes', jsonb_build_array(one), 'xid', pg_current_xact_id_if_assigned()::text);
END $$;

REVOKE ALL ON FUNCTION fn_probe_plan(text, integer), fn_probe_cut(integer[], boolean), fn_probe_revert() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fn_probe_cut(integer[], boolean), fn_probe_revert() TO cutter_verify;

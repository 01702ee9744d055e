-- schema: cutter_governance
-- Probes: what the gates prove by doing it, with the product's own functions and guards, and never keep.

-- Why no row can be left behind, and no authority be forged by these functions:
--  * Every write stands in one inner block with an EXCEPTION clause, which is a subtransaction. Its last statement raises the private
--    SQLSTATE CUP00, on success too; any other error rolls it back as well, and what OTHERS does not catch (a cancelled statement) aborts
--    the caller's whole transaction. There is no way through the block that keeps it. Behind it nothing writes.
--  * The synthetic approval and lease exist in that subtransaction alone. No other session ever sees them, and the caller's session runs
--    nothing of its own meanwhile: the parameters are numbers and a boolean, the search_path is pinned, no dynamic SQL takes a value.
--  * The caller gets counts, digests, and the words of an error; no row, and no id that is of use afterwards. approval_use is matched by the
--    transaction's id: its row is gone with the subtransaction, so a write of the caller later on finds no ruling. A transaction that has
--    written already is refused, so that a probe cannot stand between a caller's own effects.
--  * lock_timeout and SET CONSTRAINTS are put back with the subtransaction. The guards stay on.
--  * EXECUTE is cutter_verify's alone, which may import rulings but may neither arm nor cut. The executor gains nothing.
-- Why a cut is never disturbed: the lease comes first. While a lease is open the probe is refused; while the probe has its own, arming waits
-- for the milliseconds that it takes. So the execution lock is asked for only when nobody can be asking for it with a lease.
-- What stays: dead row versions, transaction ids, and nothing else. The one sequence that moves (the lifecycle log's) is set back while the
-- execution lock is held, so that the log's numbers have no gap that nobody could explain.

CREATE OR REPLACE FUNCTION fn_probe_refusal() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('refused', why.code, 'detail', why.detail) FROM (
        SELECT 1 AS seq, 'WRITTEN' AS code, 'this transaction has written already' AS detail WHERE pg_current_xact_id_if_assigned() IS NOT NULL
        UNION ALL
        SELECT 2, 'READ_ONLY', 'the transaction, or the server, only reads' WHERE current_setting('transaction_read_only')::boolean
        UNION ALL
        SELECT 3, 'COUNTERS', 'track_counts is off: rows cannot be counted' WHERE NOT current_setting('track_counts')::boolean
        UNION ALL
        SELECT 4, 'HOLD', 'a HOLD is set: ' || cutter_governance.fn_hold_reason() WHERE cutter_governance.fn_hold_reason() IS NOT NULL
        UNION ALL
        SELECT 5, 'ARMED', format('the switch is armed for run %s to %s', run_id, purpose)
          FROM cutter_governance.execution_lease WHERE ended_at IS NULL AND expires_at > clock_timestamp()
        ORDER BY 1 LIMIT 1) why
$$;

-- Rows that this transaction has inserted, updated and deleted so far, table by table, rolled back or not.
CREATE OR REPLACE FUNCTION fn_probe_rows() RETURNS jsonb
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_object_agg(t.name, t.rows) FILTER (WHERE t.rows <> '[0, 0, 0]') FROM (
        SELECT n.nspname || '.' || c.relname AS name, jsonb_build_array(pg_stat_get_xact_tuples_inserted(c.oid),
               pg_stat_get_xact_tuples_updated(c.oid), pg_stat_get_xact_tuples_deleted(c.oid)) AS rows
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND (n.nspname = 'cutter_governance' OR n.nspname = 'public' AND c.relname IN ('information_unit', 'unit_version', 'iu_lifecycle_log'))) t
$$;

-- N units in a tree, of every kind and section type of the vocabulary in turn, with bodies of several lengths and alphabets.
CREATE OR REPLACE FUNCTION fn_probe_block(p_run_id text, p_docprefix text, p_n integer) RETURNS SETOF cutter_governance.manifest_unit_block
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH kind AS (
        SELECT unit_kind, section_type, row_number() OVER (ORDER BY unit_kind COLLATE "C", section_type COLLATE "C") - 1 AS k,
               count(*) OVER () AS kinds FROM cutter_governance.unit_vocabulary
    )
    SELECT p_run_id, i, format('%s/%s', p_docprefix, i), CASE WHEN i > 1 THEN format('%s/%s', p_docprefix, i / 2) END, v.unit_kind, v.section_type,
           i::text, format('Unit %s', i), b.body, encode(sha256(convert_to(b.body, 'UTF8')), 'hex'), 100 * i::bigint, 100 * i::bigint + 99, i, i,
           md5(format('unit %s/%s', p_run_id, i))::uuid, md5(format('version %s/%s', p_run_id, i))::uuid
      FROM generate_series(1, p_n) i JOIN kind v ON v.k = (i - 1) % v.kinds
     CROSS JOIN LATERAL (SELECT format('%s. Điều § ', i) || repeat('text ', 1 + i % 11) || chr(10) AS body) b
$$;

-- For each size: a synthetic document is planned, cut, recorded and verified, and with p_revert taken back; then all of it is rolled back.
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
    signed text;
    stage text;
    logged text := pg_get_serial_sequence('public.iu_lifecycle_log', 'id');
    before record;
    violated text;
    others text[] := ARRAY['another transaction is writing', 'the switch is already armed %', 'a HOLD is set: %'];
BEGIN
    IF refused IS NOT NULL THEN
        RETURN refused;
    END IF;
    IF cardinality(p_sizes) NOT BETWEEN 1 AND 8 OR 1 > ANY (p_sizes) OR 1000 < ANY (p_sizes) OR array_position(p_sizes, NULL) IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_CAP_EXCEEDED', 'CU004', 'a probe has 1 to 8 sizes of 1 to 1000 units', 'Ask for fewer.');
    END IF;
    FOREACH n IN ARRAY p_sizes LOOP
        one := jsonb_build_object('n', n);
        BEGIN
            PERFORM set_config('lock_timeout', '500ms', true);
            made := 'ictr-19700101T000000Z-' || substr(md5(gen_random_uuid()::text), 1, 8);
            prefix := 'PROBE-' || upper(substr(md5(gen_random_uuid()::text), 1, 24));
            baseline := CASE WHEN p_revert THEN cutter_governance.fn_readers_digest() ELSE zero END;
            PERFORM cutter_governance.fn_document_register(prefix, 'probe', 'probe');
            PERFORM cutter_governance.fn_run_create(made, 'cut', prefix, 'probe', 'probe', 'probe', 'probe');
            PERFORM cutter_governance.fn_source_pin(made, 100 * n, zero, zero, 'probe');
            PERFORM cutter_governance.fn_run_advance(made, 'source_pinned'), cutter_governance.fn_run_advance(made, 'marked');
            PERFORM cutter_governance.fn_run_plan(made, zero, zero, n, baseline);
            FOREACH stage IN ARRAY ARRAY['cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization'] LOOP
                PERFORM cutter_governance.fn_run_advance(made, stage);
            END LOOP;
            -- The digest that is signed is made from the plan, not from the rows that fn_cut_apply looks at.
            SELECT encode(sha256(convert_to(string_agg(concat_ws(chr(31), b.seq, b.address, coalesce(b.parent_address, ''), b.unit_kind, b.section_type,
                       b.section_code, b.title, b.byte_start, b.byte_end, b.line_start, b.line_end, b.body_sha256), chr(10) ORDER BY b.seq), 'UTF8')), 'hex')
              INTO signed FROM cutter_governance.fn_probe_block(made, prefix, n) b;
            PERFORM cutter_governance.fn_approval_import('SG_1', made, zero, signed, zero, baseline, NULL, NULL, n, current_database()::text,
                        (SELECT system_identifier::text FROM pg_control_system()), ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int,
                        clock_timestamp() - interval '1 minute', clock_timestamp() + interval '1 minute', ARRAY['nobody: a probe that is rolled back'],
                        convert_to('a probe that is rolled back: ' || made, 'UTF8'), ARRAY[''::bytea]);
            PERFORM cutter_governance.fn_lease_arm(made, 'cut', 'probe', 'probe', 1);
            one := one || jsonb_build_object('begun', cutter_governance.fn_probe_rows());
            INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest, content_digest, n_units)
            SELECT made, 'cut', prefix, s.id, zero, zero, n FROM cutter_governance.source_document_version_registry s WHERE s.docprefix = prefix;
            INSERT INTO cutter_governance.manifest_unit_block SELECT * FROM cutter_governance.fn_probe_block(made, prefix, n);
            PERFORM cutter_governance.fn_cut_apply(made);
            SET CONSTRAINTS ALL IMMEDIATE;
            SET CONSTRAINTS ALL DEFERRED;
            one := one || jsonb_build_object('leg_a', cutter_governance.fn_probe_rows());
            PERFORM cutter_governance.fn_run_advance(made, 'structural_verified');
            PERFORM cutter_governance.fn_cut_record(made);
            one := one || jsonb_build_object('leg_b', cutter_governance.fn_probe_rows());
            PERFORM cutter_governance.fn_verify_record(made, 'PASS', '{}');
            one := one || jsonb_build_object('verified', cutter_governance.fn_probe_rows(),
                'histogram', (SELECT jsonb_object_agg(h.kind, h.units) FROM (SELECT u.unit_kind || '/' || u.section_type AS kind, count(*) AS units
                                FROM public.information_unit u WHERE u.doc_code = prefix GROUP BY 1) h),
                'sound', (SELECT count(*) FROM cutter_governance.fn_probe_block(made, prefix, n) b JOIN public.information_unit u ON u.canonical_address = b.address
                            JOIN public.unit_version v ON v.id = u.version_anchor_ref AND v.unit_id = u.id
                           WHERE u.lifecycle_status = 'draft' AND v.lifecycle_status = 'draft' AND v.version_seq = 1 AND v.body = b.body AND v.title = b.title
                             AND v.content_hash = encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AND u.content_anchor_ref = v.content_hash
                             AND u.parent_or_container_ref IS NOT DISTINCT FROM b.parent_address AND u.unit_kind = b.unit_kind AND u.section_type = b.section_type
                             AND (b.parent_address IS NULL OR EXISTS (SELECT 1 FROM public.information_unit p WHERE p.canonical_address = b.parent_address))));
            IF p_revert THEN
                PERFORM cutter_governance.fn_lease_end('probe');
                PERFORM cutter_governance.fn_lease_arm(made, 'revert', 'probe', 'probe', 1);
                IF logged IS NOT NULL THEN
                    EXECUTE format('SELECT last_value, is_called FROM %s', logged) INTO before;
                END IF;
                one := one || jsonb_build_object('without', baseline, 'full', cutter_governance.fn_readers_digest());
                PERFORM cutter_governance.fn_cut_revert(made);
                SET CONSTRAINTS ALL IMMEDIATE;
                one := one || jsonb_build_object('inside', cutter_governance.fn_readers_digest(), 'reverted', cutter_governance.fn_probe_rows(),
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

-- The newest draft cut that is small enough is taken back under its own ruling, for real, and then rolled back. Nothing is forged here.
CREATE OR REPLACE FUNCTION fn_probe_revert() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    refused jsonb := cutter_governance.fn_probe_refusal();
    one jsonb := '{}';
    draft record;
    logged text := pg_get_serial_sequence('public.iu_lifecycle_log', 'id');
    before record;
    violated text;
    others text[] := ARRAY['another transaction is writing', 'the switch is already armed %', 'a HOLD is set: %'];
BEGIN
    IF refused IS NOT NULL THEN
        RETURN refused;
    END IF;
    SELECT r.run_id, r.n_units INTO draft FROM cutter_governance.run r
     WHERE r.operation = 'cut' AND r.family IN ('active', 'stopped', 'failed') AND r.n_units <= 1000
       AND r.stage IN ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded', 'write_verified', 'awaiting_lifecycle_authorization')
     ORDER BY r.changed_at DESC LIMIT 1;
    IF draft IS NULL THEN
        RETURN jsonb_build_object('probes', '[]'::jsonb, 'xid', NULL);
    END IF;
    one := jsonb_build_object('n', draft.n_units, 'run_id', draft.run_id);
    BEGIN
        PERFORM set_config('lock_timeout', '500ms', true);
        PERFORM cutter_governance.fn_lease_arm(draft.run_id, 'revert', 'probe', 'probe', 1);
        PERFORM 1 FROM cutter_governance.execution_lock FOR UPDATE NOWAIT;
        IF logged IS NOT NULL THEN
            EXECUTE format('SELECT last_value, is_called FROM %s', logged) INTO before;
        END IF;
        one := one || jsonb_build_object('begun', cutter_governance.fn_probe_rows(), 'full', cutter_governance.fn_readers_digest(),
                                         'without', cutter_governance.fn_readers_digest(draft.run_id));
        PERFORM cutter_governance.fn_cut_revert(draft.run_id);
        SET CONSTRAINTS ALL IMMEDIATE;
        one := one || jsonb_build_object('inside', cutter_governance.fn_readers_digest(), 'reverted', cutter_governance.fn_probe_rows(),
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

REVOKE ALL ON FUNCTION fn_probe_refusal(), fn_probe_rows(), fn_probe_block(text, text, integer), fn_probe_cut(integer[], boolean), fn_probe_revert() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fn_probe_cut(integer[], boolean), fn_probe_revert() TO cutter_verify;

-- schema: cutter_governance
-- The kill switch, HOLD and the one authorisation that every write function asks first (design sections 4 and 8).

CREATE OR REPLACE FUNCTION fn_stop(code text, class text, message text, hint text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = class, DETAIL = code, HINT = hint;
END $$;

CREATE OR REPLACE FUNCTION fn_hold_reason() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.reason || ' (set by ' || h.by || ' at ' || h.at || ')'
      FROM (SELECT * FROM cutter_governance.hold_event ORDER BY id DESC LIMIT 1) h WHERE h.action = 'set'
$$;

CREATE OR REPLACE FUNCTION fn_assert_no_hold() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held text := cutter_governance.fn_hold_reason();
BEGIN
    IF held IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_HOLD', 'CU006', 'a HOLD is set: ' || held,
            'Find out why, then release it by typing: cutter-console hold release');
    END IF;
END $$;

-- The statement whose ruling covers this purpose for this run. Raises when none is valid or it has been used.
CREATE OR REPLACE FUNCTION fn_approval_for(p_run_id text, p_purpose text) RETURNS cutter_governance.approval
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted text := CASE WHEN p_purpose IN ('cut', 'edit', 'revert') THEN 'SG_1' ELSE 'SG_2' END;
    a cutter_governance.approval;
    world record;
BEGIN
    SELECT * INTO a FROM cutter_governance.approval
     WHERE run_id = p_run_id AND kind = wanted ORDER BY imported_at DESC, statement_sha256 LIMIT 1;
    IF a IS NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_REQUIRED', 'CU003', format('run %s has no %s', p_run_id, wanted),
            'Have the statement signed elsewhere, then: cutter-console approval import');
    END IF;
    IF EXISTS (SELECT 1 FROM cutter_governance.approval_use u
                WHERE u.statement_sha256 = a.statement_sha256
                  AND (u.purpose = p_purpose AND u.xid IS DISTINCT FROM pg_current_xact_id_if_assigned() OR wanted = 'SG_2' AND u.purpose <> p_purpose)) THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_USED', 'CU004',
            format('%s of run %s has been used for %s', wanted, p_run_id, p_purpose), 'A statement is used once; nothing is to be done again.');
    END IF;
    -- A revert takes back what was cut while the ruling was valid; it may come later than the ruling's expiry.
    IF p_purpose <> 'revert' AND (a.expires <= clock_timestamp() OR a.not_before > clock_timestamp()) THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_INVALID', 'CU004',
            format('%s of run %s is valid from %s to %s', wanted, p_run_id, a.not_before, a.expires), 'Draft a new statement and have it signed.');
    END IF;
    SELECT current_database()::text AS database, c.system_identifier::text AS system_identifier,
           ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline INTO world FROM pg_control_system() c;
    -- Taking back must stay possible after a failover; nothing else survives one.
    IF (a.database, a.system_identifier, CASE WHEN p_purpose = 'revert' THEN world.timeline ELSE a.timeline END)
       IS DISTINCT FROM (world.database, world.system_identifier, world.timeline) THEN
        PERFORM cutter_governance.fn_stop('STOP_IDENTITY_MISMATCH', 'CU005',
            format('%s was signed for %s/%s, timeline %s; this is %s/%s, timeline %s', wanted, a.database, a.system_identifier, a.timeline,
                   world.database, world.system_identifier, world.timeline),
            'This is another database; connect to the one that the statement names.');
    END IF;
    RETURN a;
END $$;

-- Lease, approval and HOLD, in the database, before any write; returns the approval that covers it.
CREATE OR REPLACE FUNCTION fn_authorise(p_run_id text, p_purpose text) RETURNS cutter_governance.approval
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval;
    r cutter_governance.run;
BEGIN
    PERFORM cutter_governance.fn_assert_no_hold();
    BEGIN
        PERFORM 1 FROM cutter_governance.execution_lock FOR UPDATE NOWAIT;
    EXCEPTION WHEN lock_not_available THEN
        PERFORM cutter_governance.fn_stop('STOP_LOCKED', 'CU004', 'another transaction is writing', 'Wait for it, or stop it: cutter-console panic');
    END;
    IF NOT EXISTS (SELECT 1 FROM cutter_governance.execution_lease
                    WHERE run_id = p_run_id AND purpose = p_purpose AND ended_at IS NULL AND expires_at > clock_timestamp()) THEN
        PERFORM cutter_governance.fn_stop('STOP_EXECUTION_DISABLED', 'CU004',
            format('the switch is not armed for run %s to %s', p_run_id, p_purpose), 'Arm it: cutter-console arm RUN --confirm RUN');
    END IF;
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id;
    IF r.family <> 'active' AND p_purpose <> 'revert' THEN
        PERFORM cutter_governance.fn_stop('STOP_EXECUTION_DISABLED', 'CU004', format('run %s is %s: %s', p_run_id, r.family, r.reason), 'See: cutter-console run show RUN');
    END IF;
    a := cutter_governance.fn_approval_for(p_run_id, p_purpose);
    IF (a.plan_digest, a.n_units, a.baseline_digest) IS DISTINCT FROM (r.plan_digest, r.n_units, r.baseline_digest) THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_INVALID', 'CU004',
            format('the statement is for plan %s, run %s has plan %s', a.plan_digest, p_run_id, r.plan_digest), 'Draft a statement for this plan.');
    END IF;
    RETURN a;
END $$;

CREATE OR REPLACE FUNCTION fn_lease_arm(p_run_id text, p_purpose text, p_operator text, p_host text, p_minutes integer) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leased uuid;
    held text;
    now_at timestamptz := clock_timestamp();
BEGIN
    PERFORM cutter_governance.fn_assert_no_hold();
    IF NOT EXISTS (SELECT 1 FROM cutter_governance.run r WHERE r.run_id = p_run_id
          AND (r.family IN ('active', 'stopped') OR r.family = 'failed' AND p_purpose = 'revert') AND CASE p_purpose
            WHEN 'cut' THEN r.operation = 'cut' AND r.stage = 'awaiting_cut_authorization'
                 OR r.stage IN ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded')
            WHEN 'edit' THEN r.operation = 'edit' AND r.stage = 'awaiting_cut_authorization'
            WHEN 'enact' THEN r.stage = 'awaiting_lifecycle_authorization' AND r.operation = 'cut'
            WHEN 'revert' THEN r.stage IN ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded', 'write_verified', 'awaiting_lifecycle_authorization')
            ELSE r.stage = 'closeout_reported' END) THEN
        PERFORM cutter_governance.fn_stop('STOP_EXECUTION_DISABLED', 'CU004',
            format('run %s is not at a stage from which it can %s', p_run_id, p_purpose), 'See: cutter-console run show RUN');
    END IF;
    IF NOT (p_purpose = 'cut' AND EXISTS (SELECT 1 FROM cutter_governance.approval_use WHERE run_id = p_run_id AND purpose = 'cut')) THEN
        PERFORM cutter_governance.fn_approval_for(p_run_id, p_purpose);
    END IF;
    UPDATE cutter_governance.execution_lease SET ended_at = clock_timestamp(), end_reason = 'expired'
     WHERE ended_at IS NULL AND expires_at <= clock_timestamp();
    SELECT format('%s to %s, by %s', run_id, purpose, operator) INTO held FROM cutter_governance.execution_lease WHERE ended_at IS NULL;
    IF held IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_LOCKED', 'CU004', 'the switch is already armed for ' || held, 'End that lease first: cutter-console disarm');
    END IF;
    INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, armed_at, expires_at)
    VALUES (p_run_id, p_purpose, p_operator, p_host, now_at, now_at + make_interval(mins => p_minutes)) RETURNING id INTO leased;
    RETURN leased;
END $$;

CREATE OR REPLACE FUNCTION fn_lease_end(p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    UPDATE cutter_governance.execution_lease SET ended_at = clock_timestamp(), end_reason = p_reason WHERE ended_at IS NULL;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;

CREATE OR REPLACE FUNCTION fn_hold_set(p_reason text, p_by text, p_run_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cutter_governance.hold_event (action, reason, by, run_id) VALUES ('set', p_reason, p_by, p_run_id)
$$;

CREATE OR REPLACE FUNCTION fn_hold_release(p_reason text, p_by text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cutter_governance.fn_hold_reason() IS NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_HOLD', 'CU006', 'no HOLD is set in the database', 'Nothing is to be released.');
    END IF;
    INSERT INTO cutter_governance.hold_event (action, reason, by) VALUES ('release', p_reason, p_by);
END $$;

-- schema: cutter_governance
-- After the promotion of a standby: what was verified or planned on the old primary is verified or planned again on the
-- new one, and signed again.

-- The server of each verification; what was checked is in the run's events.
CREATE OR REPLACE VIEW v_verification AS
    SELECT id, run_id, outcome, verified_by, verified_at, system_identifier, timeline FROM verify_result;
COMMENT ON VIEW v_verification IS 'Verifications of drafts, each with the server and timeline that it was made on.';

-- A standby writes no timeline: it has the one that it replays, which its files name at the next restart point only.
CREATE OR REPLACE VIEW v_server_at_hand AS
    SELECT current_database()::text AS database, c.system_identifier::text AS system_identifier,
           CASE WHEN pg_is_in_recovery() THEN greatest(k.timeline_id, r.min_recovery_end_timeline)
                ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline,
           pg_is_in_recovery() AS is_standby
      FROM pg_control_system() c, pg_control_checkpoint() k, pg_control_recovery() r;
COMMENT ON VIEW v_server_at_hand IS 'Identity and timeline of the server that answers, also of a standby.';

-- Back to the pinned source, from which the run is marked, planned, backed up and probed again: on the new primary, or
-- wherever it is. What was signed over the old plan authorises nothing more. Only before anything is written; a plan
-- that is part of a batch's stays.
CREATE OR REPLACE FUNCTION fn_run_replan(p_run_id text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Whoever waits for the lock of a run that is being written looks afterwards at what was committed.
    PERFORM 1 FROM cutter_governance.run WHERE run_id = p_run_id FOR NO KEY UPDATE;
    UPDATE cutter_governance.run r
       SET stage = 'source_pinned', family = 'active', reason = '', plan_digest = NULL, content_digest = NULL,
           n_units = NULL, baseline_digest = NULL, base_digest = NULL, changed_at = clock_timestamp()
     WHERE run_id = p_run_id
       AND operation IN ('cut', 'amend', 'repeal')
       AND family IN ('active', 'stopped')
       AND stage IN ('cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization')
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = r.run_id)
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.manifest_unit_block b WHERE b.run_id = r.run_id)
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.batch_member m WHERE m.run_id = r.run_id);
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s cannot be planned again from where it is', p_run_id),
            'See: cutter-console run show ' || coalesce(p_run_id, 'RUN'));
    END IF;
    UPDATE cutter_governance.execution_lease
       SET ended_at = clock_timestamp(), end_reason = 'the run is planned again'
     WHERE id IN (SELECT l.id
                    FROM cutter_governance.execution_lease l
                   WHERE l.run_id = p_run_id
                     AND l.ended_at IS NULL
                     FOR UPDATE SKIP LOCKED);
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;
COMMENT ON FUNCTION fn_run_replan IS
    'Takes the plan of a run that has written nothing away, so that it is planned again from its pinned source.';

REVOKE ALL ON v_verification, v_server_at_hand FROM PUBLIC;
REVOKE ALL ON FUNCTION fn_run_replan FROM PUBLIC;
GRANT SELECT ON v_verification, v_server_at_hand TO cutter_ro, cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_run_replan TO cutter_exec;

-- schema: cutter_governance
-- After the promotion of a standby: what was verified or planned on the old primary is verified or planned again on the
-- new one, and signed again.

-- The server of each verification; what was checked is in the run's events.
CREATE OR REPLACE VIEW v_verification AS
    SELECT id, run_id, outcome, verified_by, verified_at, system_identifier, timeline FROM verify_result;
COMMENT ON VIEW v_verification IS 'Verifications of drafts, each with the server and timeline that it was made on.';

REVOKE ALL ON v_verification FROM PUBLIC;
GRANT SELECT ON v_verification TO cutter_ro, cutter_exec, cutter_verify;

-- schema: cutter_governance
-- The history of HOLDs, for whoever watches.

CREATE OR REPLACE VIEW v_hold_event AS SELECT id, action, reason, run_id, by, role, at FROM hold_event;
COMMENT ON VIEW v_hold_event IS 'HOLDs that were set, and their releases, in the order of their numbers.';

REVOKE ALL ON v_hold_event FROM PUBLIC;
GRANT SELECT ON v_hold_event TO cutter_ro, cutter_exec, cutter_verify;

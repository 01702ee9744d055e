-- schema: cutter_console
-- What a question costs does not grow with the documents, nor with the sessions, that it is not about.

-- A text that is in force later than its enactment is looked up by its moment, and not in each document.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS approval_to_come ON cutter_governance.approval (in_force_from)
    WHERE in_force_from IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS review_decision_enacted ON cutter_governance.review_decision (decided_at)
    WHERE verdict = 'enact';

-- As in 0015. What begins later has a moment, or a decision, that is still to come: those are few, and found by an
-- index. The states of all documents were computed for one unit.
CREATE OR REPLACE VIEW cutter_governance.v_in_force WITH (security_barrier) AS
    SELECT u.canonical_address, u.doc_code AS docprefix, u.parent_or_container_ref AS parent, u.unit_kind,
           u.section_type, u.section_code, v.version_seq, coalesce(v.title, '') AS title, v.body
      FROM public.information_unit u
      JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status = 'enacted'
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.approval p
                         JOIN cutter_governance.approval_use n USING (statement_sha256)
                         JOIN cutter_governance.run r ON r.run_id = p.run_id
                        WHERE p.in_force_from > now()
                          AND n.purpose = 'enact'
                          AND r.docprefix = u.doc_code)
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.review_decision e
                         JOIN cutter_governance.run r ON r.run_id = e.run_id
                        WHERE e.decided_at > now()
                          AND e.verdict = 'enact'
                          AND r.docprefix = u.doc_code)
    UNION ALL
    SELECT u.address, s.docprefix, u.parent, u.unit_kind, u.section_type, u.section_code, v.version_seq,
           coalesce(v.title, ''), v.body
      FROM (SELECT r.docprefix
              FROM cutter_governance.approval p
              JOIN cutter_governance.approval_use n USING (statement_sha256)
              JOIN cutter_governance.run r ON r.run_id = p.run_id
             WHERE p.in_force_from > now()
               AND n.purpose = 'enact'
            UNION
            SELECT r.docprefix
              FROM cutter_governance.review_decision e
              JOIN cutter_governance.run r ON r.run_id = e.run_id
             WHERE e.decided_at > now()
               AND e.verdict = 'enact') l
     CROSS JOIN LATERAL (
               SELECT d.docprefix, d.run_id
                 FROM cutter_governance.v_document_state d
                WHERE d.docprefix = l.docprefix
                  AND d.in_force_from <= now()
                  AND d.in_force_until > now()
               OFFSET 0) s
     CROSS JOIN LATERAL cutter_console.fn_state_units(s.run_id) u
      JOIN public.unit_version v ON v.id = u.version_id;

-- As in 0018. The holder of a lease is one session: pg_stat_activity joins all sessions with all databases and roles
-- for it, and each phase begins with this question, as does each function that writes. Without a number the function
-- returns all sessions.
CREATE OR REPLACE VIEW cutter_governance.v_lease_standing AS
    SELECT l.*
      FROM cutter_governance.execution_lease l
     WHERE l.ended_at IS NULL
       AND l.server_started = pg_postmaster_start_time()
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.hold_event h WHERE h.action = 'set' AND h.at >= l.armed_at)
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.run r WHERE r.run_id = l.run_id AND r.family = 'voided')
       AND (l.taken_at IS NULL
            OR EXISTS (SELECT 1
                         FROM pg_stat_get_activity(l.holder_pid) s
                        WHERE s.pid = l.holder_pid
                          AND s.usesysid = l.holder_role
                          AND s.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                          AND s.application_name = 'cutter-console lease ' || l.id))
    OFFSET 0;

-- As in 0010. Only a lease that stands can write: one whose holder is gone, whose run was voided, or from before a HOLD
-- or a restart of the server keeps its row until somebody ends it. A probe ends such a row in its own subtransaction,
-- and the execution lock keeps it from a transaction that is still at work.
CREATE OR REPLACE FUNCTION cutter_console.fn_probe_refusal() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('refused', why.code, 'detail', why.detail)
      FROM (SELECT 1 AS seq, 'WRITTEN' AS code, 'this transaction has written already' AS detail
             WHERE pg_current_xact_id_if_assigned() IS NOT NULL
            UNION ALL
            SELECT 2, 'READ_ONLY', 'the transaction, or the server, only reads'
             WHERE current_setting('transaction_read_only')::boolean
            UNION ALL
            SELECT 3, 'COUNTERS', 'track_counts is off: rows cannot be counted'
             WHERE NOT current_setting('track_counts')::boolean
            UNION ALL
            SELECT 4, 'HOLD', 'a HOLD is set: ' || cutter_console.fn_hold_reason()
             WHERE cutter_console.fn_hold_reason() IS NOT NULL
            UNION ALL
            SELECT 5, 'ARMED',
                   format('the switch is armed for %s to %s',
                          coalesce('run ' || l.run_id, 'batch ' || l.batch_id), l.purpose)
              FROM cutter_governance.v_lease l
            ORDER BY 1 LIMIT 1) why
$$;

-- schema: cutter_governance
-- The guards: no unit row changes without an approval_use row of the same transaction, enacted rows are immutable,
-- the ledger is append-only. All of them ENABLE ALWAYS, so that replica mode does not skip them (incident 31).

CREATE OR REPLACE FUNCTION guard_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: %', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'CU004', DETAIL = 'STOP_INVARIANT_FAILED',
              HINT = 'Use the functions of the product; nothing is deleted and the ledger only grows.';
END $$;

CREATE OR REPLACE FUNCTION guard_write() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user <> 'cutter_owner' OR NOT EXISTS (
        SELECT 1 FROM cutter_governance.approval_use WHERE xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION '% on %.% is refused: no approval is used in this transaction', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'CU004', DETAIL = 'STOP_APPROVAL_REQUIRED',
                  HINT = 'Units are written by the functions fn_iu_* and fn_cut_*, under a lease and a signed approval.';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_manifest() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT run_id FROM new_row) n
                WHERE NOT EXISTS (SELECT 1 FROM cutter_governance.execution_lease l
                                   WHERE l.run_id = n.run_id AND l.ended_at IS NULL AND l.purpose IN ('cut', 'edit')
                                     AND l.expires_at > clock_timestamp())) THEN
        RAISE EXCEPTION 'INSERT on %.% is refused: the run holds no lease to cut', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'CU004', DETAIL = 'STOP_EXECUTION_DISABLED', HINT = 'Arm the switch for this run.';
    END IF;
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT run_id FROM new_row) n
                WHERE NOT EXISTS (SELECT 1 FROM cutter_governance.manifest_envelope e
                                   WHERE e.run_id = n.run_id AND e.xid = pg_current_xact_id())) THEN
        RAISE EXCEPTION 'INSERT on %.% is refused: the run has no envelope of this transaction', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'CU004', DETAIL = 'STOP_INVARIANT_FAILED', HINT = 'Envelope, blocks and cut are one transaction.';
    END IF;
    RETURN NULL;
END $$;

-- At COMMIT: a manifest is there only together with what was cut from it.
CREATE OR REPLACE FUNCTION guard_manifest_used() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u
                    WHERE u.run_id = NEW.run_id AND u.purpose IN ('cut', 'edit') AND u.xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'the manifest of run % is refused: nothing was cut from it', NEW.run_id
            USING ERRCODE = 'CU004', DETAIL = 'STOP_INVARIANT_FAILED', HINT = 'Envelope, blocks and cut are one transaction.';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_transition_log() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.iu_lifecycle_log (unit_id, from_status, to_status, run_id, review_decision_id, actor)
    SELECT n.id, o.lifecycle_status, n.lifecycle_status, u.run_id,
           (SELECT d.id FROM cutter_governance.review_decision d
             WHERE d.run_id = u.run_id AND d.verdict = u.purpose), session_user
      FROM old_row o JOIN new_row n USING (id)
     CROSS JOIN (SELECT run_id, purpose FROM cutter_governance.approval_use
                  WHERE xid = pg_current_xact_id() ORDER BY used_at DESC LIMIT 1) u
     WHERE o.lifecycle_status IS DISTINCT FROM n.lifecycle_status;
    RETURN NULL;
END $$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['public.information_unit', 'public.unit_version'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER guard_write BEFORE INSERT OR UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_write()', t);
        EXECUTE format('CREATE OR REPLACE TRIGGER guard_no_delete BEFORE DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_refuse(%L)', t, 'units are superseded, never deleted');
        EXECUTE format('CREATE OR REPLACE TRIGGER guard_transition BEFORE UPDATE ON %s FOR EACH ROW WHEN (OLD.lifecycle_status IS DISTINCT FROM NEW.lifecycle_status AND (OLD.lifecycle_status, NEW.lifecycle_status) NOT IN ((''draft'', ''enacted''), (''draft'', ''superseded''), (''enacted'', ''superseded''), (''superseded'', ''retired''))) EXECUTE FUNCTION cutter_governance.guard_refuse(%L)', t, 'this lifecycle transition is not legal');
    END LOOP;
END $$;

CREATE OR REPLACE TRIGGER guard_immutable BEFORE UPDATE ON public.information_unit FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.canonical_address, OLD.unit_kind, OLD.section_type, OLD.section_code, OLD.doc_code,
               OLD.parent_or_container_ref, OLD.created_by, OLD.created_at)
          IS DISTINCT FROM
          ROW (NEW.id, NEW.canonical_address, NEW.unit_kind, NEW.section_type, NEW.section_code, NEW.doc_code,
               NEW.parent_or_container_ref, NEW.created_by, NEW.created_at)
       OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at
       OR (OLD.lifecycle_status <> 'draft' AND
           ROW (OLD.owner_ref, OLD.publication_type, OLD.identity_profile, OLD.version_anchor_ref,
                OLD.content_anchor_ref, OLD.conformance_status)
           IS DISTINCT FROM
           ROW (NEW.owner_ref, NEW.publication_type, NEW.identity_profile, NEW.version_anchor_ref,
                NEW.content_anchor_ref, NEW.conformance_status)))
    EXECUTE FUNCTION guard_refuse('a unit''s identity never changes, and an enacted unit is immutable');

CREATE OR REPLACE TRIGGER guard_immutable BEFORE UPDATE ON public.unit_version FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.unit_id, OLD.version_seq, OLD.title, OLD.body, OLD.content_hash, OLD.content_profile,
               OLD.created_by, OLD.created_at)
          IS DISTINCT FROM
          ROW (NEW.id, NEW.unit_id, NEW.version_seq, NEW.title, NEW.body, NEW.content_hash, NEW.content_profile,
               NEW.created_by, NEW.created_at)
       OR (OLD.enacted_at IS NOT NULL AND NEW.enacted_at IS DISTINCT FROM OLD.enacted_at))
    EXECUTE FUNCTION guard_refuse('a version is never edited; an edit is a new version');

CREATE OR REPLACE TRIGGER guard_transition_log AFTER UPDATE ON public.information_unit
    REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row
    FOR EACH STATEMENT EXECUTE FUNCTION guard_transition_log();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['public.iu_lifecycle_log', 'public.iu_lifecycle_vocab', 'cutter_governance.unit_vocabulary',
        'cutter_governance.source_document_registry', 'cutter_governance.source_document_version_registry',
        'cutter_governance.run_event', 'cutter_governance.manifest_envelope', 'cutter_governance.manifest_unit_block',
        'cutter_governance.approval', 'cutter_governance.approval_use', 'cutter_governance.hold_event',
        'cutter_governance.baseline_pin', 'cutter_governance.review_decision', 'cutter_governance.cut_change_set',
        'cutter_governance.cut_change_set_affected_row', 'cutter_governance.verify_result',
        'cutter_governance.dot_pair_signature', 'cutter_governance.canonical_address_alias',
        'cutter_governance.decision_backlog_entry', 'cutter_governance.decision_backlog_history'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_refuse(%L)', t, 'the ledger is append-only');
    END LOOP;
    FOREACH t IN ARRAY ARRAY['cutter_governance.run', 'cutter_governance.execution_lease', 'cutter_governance.execution_lock'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER guard_no_delete BEFORE DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_refuse(%L)', t, 'the record is never deleted');
    END LOOP;
    CREATE OR REPLACE TRIGGER guard_run_identity BEFORE UPDATE ON cutter_governance.run FOR EACH ROW
        WHEN (ROW (OLD.run_id, OLD.operation, OLD.docprefix, OLD.origin, OLD.operator, OLD.host, OLD.started_at)
              IS DISTINCT FROM ROW (NEW.run_id, NEW.operation, NEW.docprefix, NEW.origin, NEW.operator, NEW.host, NEW.started_at)
           OR OLD.family IN ('voided', 'reverted')
           OR (OLD.plan_digest IS NOT NULL AND ROW (OLD.plan_digest, OLD.content_digest, OLD.n_units, OLD.baseline_digest)
              IS DISTINCT FROM ROW (NEW.plan_digest, NEW.content_digest, NEW.n_units, NEW.baseline_digest)))
        EXECUTE FUNCTION cutter_governance.guard_refuse('a run keeps its identity and its plan, and an ended run stays ended');
    CREATE OR REPLACE TRIGGER guard_lease_ends_once BEFORE UPDATE ON cutter_governance.execution_lease FOR EACH ROW
        WHEN (OLD.ended_at IS NOT NULL OR ROW (OLD.id, OLD.run_id, OLD.purpose, OLD.operator, OLD.host, OLD.armed_by, OLD.armed_at, OLD.expires_at)
              IS DISTINCT FROM ROW (NEW.id, NEW.run_id, NEW.purpose, NEW.operator, NEW.host, NEW.armed_by, NEW.armed_at, NEW.expires_at))
        EXECUTE FUNCTION cutter_governance.guard_refuse('a lease is never extended or reopened');
END $$;

CREATE OR REPLACE TRIGGER guard_manifest AFTER INSERT ON cutter_governance.manifest_envelope
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_manifest();
CREATE OR REPLACE TRIGGER guard_manifest AFTER INSERT ON cutter_governance.manifest_unit_block
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_manifest();
DROP TRIGGER IF EXISTS guard_manifest_used ON cutter_governance.manifest_envelope;
CREATE CONSTRAINT TRIGGER guard_manifest_used AFTER INSERT ON cutter_governance.manifest_envelope DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION cutter_governance.guard_manifest_used();

DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT c.oid::regclass AS tbl, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
              WHERE t.tgname LIKE 'guard\_%' AND NOT t.tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r.tbl, r.tgname);
    END LOOP;
END $$;

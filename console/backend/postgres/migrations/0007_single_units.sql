-- schema: public
-- The same writes unit by unit, under the same authorisation; a transaction that does not complete its plan cannot commit.

CREATE OR REPLACE FUNCTION cutter_governance.fn_leased_run(p_purpose text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leased text;
BEGIN
    SELECT run_id INTO leased FROM cutter_governance.execution_lease
     WHERE purpose = p_purpose AND ended_at IS NULL AND expires_at > clock_timestamp();
    IF leased IS NULL THEN
        PERFORM cutter_governance.fn_stop('STOP_EXECUTION_DISABLED', 'CU004', format('the switch is not armed to %s', p_purpose), 'Arm it: cutter-console arm RUN --confirm RUN');
    END IF;
    RETURN leased;
END $$;

-- The planned block for this address and body, authorised; the approval is spent once for the whole transaction.
CREATE OR REPLACE FUNCTION cutter_governance.fn_planned_block(p_purpose text, p_address text, p_title text, p_body text) RETURNS cutter_governance.manifest_unit_block
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leased text := cutter_governance.fn_leased_run(p_purpose);
    a cutter_governance.approval := cutter_governance.fn_authorise(leased, p_purpose);
    b cutter_governance.manifest_unit_block;
BEGIN
    SELECT * INTO b FROM cutter_governance.manifest_unit_block WHERE run_id = leased AND address = p_address;
    IF b IS NULL OR b.title IS DISTINCT FROM p_title OR b.body_sha256 <> encode(sha256(convert_to(p_body, 'UTF8')), 'hex') THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_INVALID', 'CU004', format('%s with this title and body is not in the signed plan', p_address), 'Write what was signed, and nothing else.');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use WHERE statement_sha256 = a.statement_sha256 AND purpose = p_purpose) THEN
        IF p_purpose = 'cut' THEN
            PERFORM cutter_governance.fn_cut_check(leased, a);
        ELSE
            PERFORM cutter_governance.fn_manifest_check(leased, a);
        END IF;
        PERFORM cutter_governance.fn_approval_spend(a, p_purpose);
    END IF;
    RETURN b;
END $$;

CREATE OR REPLACE FUNCTION fn_iu_create(p_address text, p_title text, p_body text, p_actor text, p_unit_kind text, p_section_type text,
    p_owner_ref text, p_publication_type text, p_parent_ref text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    b cutter_governance.manifest_unit_block := cutter_governance.fn_planned_block('cut', p_address, p_title, p_body);
    health text;
BEGIN
    IF (b.unit_kind, b.section_type, b.parent_address, 'sovereign', 'cut') IS DISTINCT FROM (p_unit_kind, p_section_type, p_parent_ref, p_owner_ref, p_publication_type) THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_INVALID', 'CU004', format('%s has another kind, section type, parent, owner or publication in the signed plan', p_address), 'Write what was signed, and nothing else.');
    END IF;
    SELECT CASE WHEN v.id IS NULL THEN 'exists_missing_version' WHEN v.content_hash <> b.body_sha256 THEN 'exists_other_body' ELSE 'exists_complete' END
      INTO health FROM public.information_unit u LEFT JOIN public.unit_version v ON v.id = u.version_anchor_ref WHERE u.canonical_address = p_address;
    IF health IS NOT NULL THEN
        RETURN jsonb_build_object('status', health, 'address', p_address);
    END IF;
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, section_code, doc_code, owner_ref, publication_type,
            parent_or_container_ref, version_anchor_ref, content_anchor_ref, created_by)
    VALUES (b.unit_id, b.address, b.unit_kind, b.section_type, b.section_code, split_part(b.address, '/', 1), p_owner_ref, p_publication_type,
            b.parent_address, b.version_id, b.body_sha256, p_actor);
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, review_state, created_by)
    VALUES (b.version_id, b.unit_id, 1, p_title, p_body, b.body_sha256, 'cut', p_actor);
    RETURN jsonb_build_object('status', 'created', 'address', p_address, 'unit_id', b.unit_id, 'version_id', b.version_id);
END $$;

CREATE OR REPLACE FUNCTION fn_iu_apply_edit_draft(p_address text, p_title text, p_body text, p_actor text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    b cutter_governance.manifest_unit_block := cutter_governance.fn_planned_block('edit', p_address, p_title, p_body);
    u public.information_unit;
    next_seq integer;
BEGIN
    SELECT * INTO u FROM public.information_unit WHERE canonical_address = p_address FOR UPDATE;
    IF u IS NULL OR u.lifecycle_status <> 'draft' THEN
        PERFORM cutter_governance.fn_stop('STOP_INVARIANT_FAILED', 'CU004', format('%s is no draft', p_address), 'Only drafts are edited; an enacted unit is superseded.');
    END IF;
    SELECT max(version_seq) + 1 INTO next_seq FROM public.unit_version WHERE unit_id = u.id;
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, review_state, created_by)
    VALUES (b.version_id, u.id, next_seq, p_title, p_body, b.body_sha256, 'edited', p_actor);
    UPDATE public.information_unit SET version_anchor_ref = b.version_id, content_anchor_ref = b.body_sha256, updated_by = p_actor, updated_at = now() WHERE id = u.id;
    RETURN jsonb_build_object('status', 'edited', 'address', p_address, 'version_seq', next_seq);
END $$;

-- One lifecycle step of one unit of the leased run, under the ruling and the review decision that SG_2 names.
CREATE OR REPLACE FUNCTION cutter_governance.fn_iu_step(p_address text, p_purpose text, p_from text, p_to text, p_review_decision_id uuid, p_dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leased text := cutter_governance.fn_leased_run(p_purpose);
    a cutter_governance.approval := cutter_governance.fn_authorise(leased, p_purpose);
    target uuid;
BEGIN
    SELECT u.id INTO target FROM public.information_unit u JOIN cutter_governance.manifest_unit_block b ON b.unit_id = u.id
     WHERE u.canonical_address = p_address AND b.run_id = leased AND u.lifecycle_status = p_from;
    IF target IS NULL OR a.review_decision_id IS DISTINCT FROM p_review_decision_id THEN
        PERFORM cutter_governance.fn_stop('STOP_APPROVAL_INVALID', 'CU004', format('%s is not a unit of run %s that is %s, or SG_2 names another decision', p_address, leased, p_from), 'See: cutter-console run show RUN');
    END IF;
    IF p_dry_run THEN
        RETURN jsonb_build_object('status', 'would be ' || p_to, 'address', p_address);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use WHERE statement_sha256 = a.statement_sha256 AND purpose = p_purpose) THEN
        IF p_purpose = 'enact' AND cutter_governance.fn_draft_digest(leased) <> a.draft_digest THEN
            PERFORM cutter_governance.fn_stop('STOP_DRIFT', 'CU005', 'the drafts are not the ones that were signed', 'Draft a new SG_2 after finding out what changed them.');
        END IF;
        PERFORM cutter_governance.fn_approval_spend(a, p_purpose);
        INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
        VALUES (a.review_decision_id, leased, p_purpose, p_purpose || '_authorised', a.statement_sha256, a.signers);
    END IF;
    UPDATE public.unit_version SET lifecycle_status = p_to, enacted_at = CASE WHEN p_to = 'enacted' THEN now() ELSE enacted_at END
     WHERE unit_id = target AND lifecycle_status = p_from;
    UPDATE public.information_unit SET lifecycle_status = p_to, updated_by = session_user, updated_at = now() WHERE id = target;
    RETURN jsonb_build_object('status', p_to, 'address', p_address);
END $$;

CREATE OR REPLACE FUNCTION fn_iu_enact(p_address text, p_review_decision_id uuid, p_actor text, p_dry_run boolean DEFAULT true) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_iu_step(p_address, 'enact', 'draft', 'enacted', p_review_decision_id, p_dry_run)
$$;

CREATE OR REPLACE FUNCTION fn_iu_supersede(p_address text, p_review_decision_id uuid, p_actor text, p_dry_run boolean DEFAULT true) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_iu_step(p_address, 'supersede', 'enacted', 'superseded', p_review_decision_id, p_dry_run)
$$;

CREATE OR REPLACE FUNCTION fn_iu_retire(p_address text, p_review_decision_id uuid, p_actor text, p_dry_run boolean DEFAULT true) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_iu_step(p_address, 'retire', 'superseded', 'retired', p_review_decision_id, p_dry_run)
$$;

-- At COMMIT: a spent approval means that the whole plan is in, and that the run's stage says so in the same transaction.
CREATE OR REPLACE FUNCTION cutter_governance.guard_all_or_nothing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    planned integer;
    done bigint;
    reached text;
BEGIN
    SELECT n_units, stage INTO planned, reached FROM cutter_governance.run WHERE run_id = NEW.run_id;
    SELECT CASE NEW.purpose
        WHEN 'edit' THEN (SELECT count(*) FROM cutter_governance.manifest_unit_block b JOIN public.unit_version v ON v.id = b.version_id WHERE b.run_id = NEW.run_id)
        ELSE (SELECT count(*) FROM cutter_governance.manifest_unit_block b JOIN public.information_unit u ON u.id = b.unit_id
               WHERE b.run_id = NEW.run_id AND u.lifecycle_status = CASE NEW.purpose WHEN 'cut' THEN 'draft' WHEN 'enact' THEN 'enacted'
                     WHEN 'retire' THEN 'retired' ELSE 'superseded' END) END INTO done;
    IF done IS DISTINCT FROM planned::bigint THEN
        PERFORM cutter_governance.fn_stop('STOP_COUNT_MISMATCH', 'CU006', format('%s of %s units of run %s: all or none', done, planned, NEW.run_id), 'Nothing was committed.');
    END IF;
    UPDATE cutter_governance.run SET changed_at = clock_timestamp(),
           stage = CASE NEW.purpose WHEN 'cut' THEN 'cut_leg_a_committed' WHEN 'enact' THEN 'lifecycle_enacted' ELSE 'closeout_reported' END
     WHERE run_id = NEW.run_id AND stage = CASE NEW.purpose WHEN 'enact' THEN 'awaiting_lifecycle_authorization' ELSE 'awaiting_cut_authorization' END
       AND NEW.purpose IN ('cut', 'edit', 'enact');
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS guard_all_or_nothing ON cutter_governance.approval_use;
CREATE CONSTRAINT TRIGGER guard_all_or_nothing AFTER INSERT ON cutter_governance.approval_use DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION cutter_governance.guard_all_or_nothing();
ALTER TABLE cutter_governance.approval_use ENABLE ALWAYS TRIGGER guard_all_or_nothing;

-- A likeness of a database that was there before the console: units, versions, log, write gateway and governance tables of an
-- organisation, in its own shape. Run by a superuser in an empty database of a cluster of its own, because it creates roles.

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['directus', 'workflow_admin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', v_role);
        END IF;
    END LOOP;
    FOREACH v_role IN ARRAY ARRAY['cutter_exec', 'cutter_verify'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 2', v_role);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cutter_ro') THEN
        CREATE ROLE cutter_ro NOLOGIN;
    END IF;
    -- The role of the monitoring console: it may read what cutter_ro may read, and nothing else.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'watcher') THEN
        CREATE ROLE watcher LOGIN IN ROLE cutter_ro;
    END IF;
END
$$;

GRANT CREATE, USAGE ON SCHEMA public TO directus;
CREATE SCHEMA cutter_governance AUTHORIZATION workflow_admin;

SET ROLE directus;

CREATE TABLE public.dot_config (
    key text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE public.iu_lifecycle_vocab (
    code text PRIMARY KEY,
    name text NOT NULL,
    description text,
    sort_order integer NOT NULL DEFAULT 0
);

CREATE TABLE public.information_unit (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    canonical_address text NOT NULL UNIQUE,
    unit_kind text NOT NULL,
    owner_ref text NOT NULL,
    created_by text NOT NULL,
    updated_by text NOT NULL,
    identity_profile jsonb NOT NULL DEFAULT '{}',
    parent_or_container_ref uuid REFERENCES public.information_unit (id),
    version_anchor_ref uuid,
    content_anchor_ref text,
    lifecycle_status text NOT NULL DEFAULT 'draft' REFERENCES public.iu_lifecycle_vocab (code),
    conformance_status text NOT NULL DEFAULT 'open',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    doc_code text,
    section_type text,
    section_code text,
    publication_type text
);

CREATE TABLE public.unit_version (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    unit_id uuid NOT NULL REFERENCES public.information_unit (id),
    version_seq integer NOT NULL,
    title text,
    body text NOT NULL,
    content_hash text NOT NULL,
    lifecycle_status text NOT NULL DEFAULT 'draft' REFERENCES public.iu_lifecycle_vocab (code),
    enacted_at timestamptz,
    review_state text NOT NULL DEFAULT 'unreviewed',
    content_profile jsonb NOT NULL DEFAULT '{}',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    previous_version_ref uuid REFERENCES public.unit_version (id),
    superseded_at timestamptz,
    tool_revision text,
    UNIQUE (unit_id, version_seq)
);

ALTER TABLE public.information_unit ADD CONSTRAINT information_unit_version_anchor_fkey
    FOREIGN KEY (version_anchor_ref) REFERENCES public.unit_version (id) DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE public.iu_lifecycle_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    unit_id uuid NOT NULL REFERENCES public.information_unit (id),
    version_id uuid REFERENCES public.unit_version (id),
    from_status text,
    to_status text NOT NULL,
    actor text NOT NULL,
    reason text,
    review_decision_id uuid,
    change_set_id uuid,
    logged_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO public.iu_lifecycle_vocab (code, name, description, sort_order) VALUES
    ('draft', 'Draft', 'Written, not law', 10), ('enacted', 'Enacted', 'Law', 20),
    ('superseded', 'Superseded', 'Replaced by another version', 30), ('retired', 'Retired', 'Taken out of the law', 40);

INSERT INTO public.dot_config (key, value) VALUES
    ('vocab.unit_kind.design_doc_section', 'Section of a design document'), ('vocab.unit_kind.law_unit', 'Unit of a law'),
    ('vocab.section_type.section', 'Section'), ('vocab.section_type.article', 'Article'),
    ('vocab.section_type.principle', 'Principle'), ('vocab.publication_type.internal', 'Internal'),
    ('iu_create.gateway.enabled', 'true'), ('iu_create.gateway.marker', 'iu.gateway'),
    ('iu_create.gateway.layers', 'address,content');

-- The gateway: a direct write is refused unless one of the functions below has set the marker in its own transaction.
CREATE FUNCTION public.fn_iu_gateway_write_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('iu.gateway', true) IS DISTINCT FROM 'open' THEN
        RAISE EXCEPTION 'direct write to % is refused: use the gateway', TG_TABLE_NAME USING ERRCODE = '42501';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER trg_aa_iu_gateway_write_guard BEFORE INSERT OR UPDATE OR DELETE ON public.information_unit
    FOR EACH ROW EXECUTE FUNCTION public.fn_iu_gateway_write_guard();
CREATE TRIGGER trg_aa_iu_gateway_write_guard BEFORE INSERT OR UPDATE OR DELETE ON public.unit_version
    FOR EACH ROW EXECUTE FUNCTION public.fn_iu_gateway_write_guard();

-- The birth gates of two layers: the address and its kind, then the content at the end of the transaction.
CREATE FUNCTION public.fn_iu_birth_gate_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.canonical_address !~ '^[A-Z0-9-]+(/.+)?$' THEN
        RAISE EXCEPTION 'birth gate 1: % is no address', NEW.canonical_address USING ERRCODE = '23514';
    END IF;
    IF NOT EXISTS (SELECT FROM public.dot_config WHERE key = 'vocab.unit_kind.' || NEW.unit_kind) THEN
        RAISE EXCEPTION 'birth gate 1: unit kind % is not in the vocabulary', NEW.unit_kind USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_ab_iu_birth_gate_address BEFORE INSERT ON public.information_unit
    FOR EACH ROW EXECUTE FUNCTION public.fn_iu_birth_gate_address();

CREATE FUNCTION public.fn_iu_birth_gate_content() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
                    WHERE u.id = NEW.id AND u.content_anchor_ref = v.id::text) THEN
        RAISE EXCEPTION 'birth gate 2: % has no anchored version', NEW.canonical_address USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER trg_zz_iu_birth_gate_content AFTER INSERT ON public.information_unit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.fn_iu_birth_gate_content();

-- Immutability: what is law keeps its text and its address.
CREATE FUNCTION public.fn_uv_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.lifecycle_status <> 'draft' AND (NEW.title, NEW.body, NEW.content_hash) IS DISTINCT FROM (OLD.title, OLD.body, OLD.content_hash) THEN
        RAISE EXCEPTION 'version % of unit % is immutable', OLD.version_seq, OLD.unit_id USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_uv_immutable BEFORE UPDATE ON public.unit_version FOR EACH ROW EXECUTE FUNCTION public.fn_uv_immutable();

CREATE FUNCTION public.fn_iu_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.canonical_address <> OLD.canonical_address OR NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'address % is immutable', OLD.canonical_address USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_iu_immutable BEFORE UPDATE ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.fn_iu_immutable();

CREATE FUNCTION public.fn_iu_create(
    p_address text, p_title text, p_body text, p_actor text, p_unit_kind text DEFAULT 'law_unit', p_section_type text DEFAULT 'section',
    p_owner_ref text DEFAULT 'library', p_publication_type text DEFAULT 'internal', p_parent uuid DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_unit public.information_unit;
    v_version uuid := gen_random_uuid();
    v_id uuid := gen_random_uuid();
BEGIN
    SELECT * INTO v_unit FROM public.information_unit WHERE canonical_address = p_address;
    IF FOUND THEN
        RETURN jsonb_build_object('id', v_unit.id, 'status', CASE
            WHEN v_unit.version_anchor_ref IS NULL THEN 'exists_missing_version'
            WHEN v_unit.content_anchor_ref IS NULL THEN 'exists_missing_content_anchor'
            ELSE 'exists_complete' END);
    END IF;
    PERFORM set_config('iu.gateway', 'open', true);
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, owner_ref, publication_type,
        parent_or_container_ref, created_by, updated_by, version_anchor_ref, content_anchor_ref, doc_code)
    VALUES (v_id, p_address, p_unit_kind, p_section_type, p_owner_ref, p_publication_type, p_parent, p_actor, p_actor,
        v_version, v_version::text, split_part(p_address, '/', 1));
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, created_by)
    VALUES (v_version, v_id, 1, p_title, p_body, encode(sha256(convert_to(p_body, 'UTF8')), 'hex'), p_actor);
    PERFORM set_config('iu.gateway', '', true);
    RETURN jsonb_build_object('id', v_id, 'version_id', v_version, 'status', 'created');
END
$$;

CREATE FUNCTION public.fn_iu_enact(
    p_address text, p_actor text, p_review_decision_id uuid, p_target text DEFAULT 'enacted', p_change_set_id uuid DEFAULT NULL,
    p_reason text DEFAULT '', p_tool_revision text DEFAULT '', p_dry_run boolean DEFAULT true
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_unit public.information_unit;
BEGIN
    SELECT * INTO v_unit FROM public.information_unit WHERE canonical_address = p_address FOR UPDATE;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('status', 'unknown_address');
    END IF;
    IF p_dry_run THEN
        RETURN jsonb_build_object('status', 'would_change', 'from', v_unit.lifecycle_status, 'to', p_target);
    END IF;
    PERFORM set_config('iu.gateway', 'open', true);
    UPDATE public.unit_version SET lifecycle_status = p_target, enacted_at = now(), tool_revision = p_tool_revision
     WHERE id = v_unit.version_anchor_ref;
    UPDATE public.information_unit SET lifecycle_status = p_target, updated_by = p_actor, updated_at = now() WHERE id = v_unit.id;
    PERFORM set_config('iu.gateway', '', true);
    INSERT INTO public.iu_lifecycle_log (unit_id, version_id, from_status, to_status, actor, reason, review_decision_id, change_set_id)
    VALUES (v_unit.id, v_unit.version_anchor_ref, v_unit.lifecycle_status, p_target, p_actor, p_reason, p_review_decision_id, p_change_set_id);
    RETURN jsonb_build_object('status', 'changed', 'from', v_unit.lifecycle_status, 'to', p_target);
END
$$;

-- Callers that must go on as they are: a view of the readers, and a function that calls the gateway with few arguments.
CREATE VIEW public.v_units_in_force AS
    SELECT u.canonical_address, v.title, v.body FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status = 'enacted' AND u.deleted_at IS NULL;

CREATE FUNCTION public.fn_library_add(p_address text, p_title text, p_body text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN fn_iu_create(p_address, p_title, p_body, 'library') ->> 'status';
END
$$;

REVOKE EXECUTE ON FUNCTION public.fn_iu_create, public.fn_iu_enact, public.fn_library_add FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.fn_iu_create, public.fn_iu_enact TO cutter_exec;
GRANT SELECT ON public.information_unit, public.unit_version, public.iu_lifecycle_vocab, public.iu_lifecycle_log, public.dot_config
   TO cutter_ro, cutter_exec, cutter_verify, workflow_admin;
GRANT REFERENCES ON public.information_unit, public.unit_version TO workflow_admin;

-- 158 units, 165 versions, 60 log rows.
SELECT set_config('iu.gateway', 'open', false);

BEGIN;
INSERT INTO public.information_unit (id, canonical_address, unit_kind, owner_ref, created_by, updated_by, parent_or_container_ref,
    version_anchor_ref, content_anchor_ref, lifecycle_status, doc_code, section_type, section_code, publication_type)
SELECT md5('unit ' || n)::uuid, CASE WHEN n = 1 THEN 'LIB-RULES' ELSE format('LIB-RULES/S%s', lpad((n - 1)::text, 3, '0')) END,
       CASE WHEN n % 3 = 0 THEN 'design_doc_section' ELSE 'law_unit' END, 'library', 'seed', 'seed',
       CASE WHEN n > 1 THEN md5('unit 1')::uuid END, md5('version ' || n)::uuid, md5('version ' || n)::uuid::text,
       CASE WHEN n <= 60 THEN 'enacted' ELSE 'draft' END, 'LIB-RULES', CASE WHEN n = 1 THEN 'section' ELSE 'article' END,
       CASE WHEN n > 1 THEN (n - 1)::text END, 'internal'
  FROM generate_series(1, 158) n;
INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, lifecycle_status, enacted_at, review_state, created_by)
SELECT md5('version ' || n)::uuid, md5('unit ' || n)::uuid, CASE WHEN n <= 7 THEN 2 ELSE 1 END, format('Rule %s', n), format('Text of rule %s.', n),
       encode(sha256(convert_to(format('Text of rule %s.', n), 'UTF8')), 'hex'),
       CASE WHEN n <= 60 THEN 'enacted' ELSE 'draft' END, CASE WHEN n <= 60 THEN now() END, 'reviewed', 'seed'
  FROM generate_series(1, 158) n;
INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, lifecycle_status, review_state, created_by)
SELECT md5('old version ' || n)::uuid, md5('unit ' || n)::uuid, 1, format('Rule %s', n), format('Old text of rule %s.', n),
       encode(sha256(convert_to(format('Old text of rule %s.', n), 'UTF8')), 'hex'), 'superseded', 'reviewed', 'seed'
  FROM generate_series(1, 7) n;
INSERT INTO public.iu_lifecycle_log (id, unit_id, version_id, from_status, to_status, actor, reason)
SELECT md5('log ' || n)::uuid, md5('unit ' || n)::uuid, md5('version ' || n)::uuid, 'draft', 'enacted', 'seed', 'first edition'
  FROM generate_series(1, 60) n;
COMMIT;

SELECT set_config('iu.gateway', '', false);
RESET ROLE;

SET ROLE workflow_admin;

CREATE TABLE cutter_governance.source_document_registry (
    source_document_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), doc_code text NOT NULL UNIQUE, title text NOT NULL,
    registered_by text NOT NULL, registered_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE cutter_governance.source_document_version_registry (
    source_document_version_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    source_document_id uuid NOT NULL REFERENCES cutter_governance.source_document_registry, source_hash text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(), UNIQUE (source_document_id, source_hash));
CREATE TABLE cutter_governance.manifest_envelope (
    envelope_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    source_document_version_id uuid NOT NULL REFERENCES cutter_governance.source_document_version_registry,
    manifest_digest text NOT NULL, unit_count integer NOT NULL CHECK (unit_count >= 0), created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE cutter_governance.manifest_unit_block (
    envelope_id uuid NOT NULL REFERENCES cutter_governance.manifest_envelope, unit_local_id text NOT NULL, canonical_address text NOT NULL,
    body_digest text NOT NULL, PRIMARY KEY (envelope_id, unit_local_id));
CREATE TABLE cutter_governance.review_decision (
    review_decision_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), envelope_id uuid REFERENCES cutter_governance.manifest_envelope,
    verdict text NOT NULL, decided_by text NOT NULL, decided_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE cutter_governance.cut_change_set (
    change_set_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), envelope_id uuid NOT NULL REFERENCES cutter_governance.manifest_envelope,
    review_decision_id uuid REFERENCES cutter_governance.review_decision, state text NOT NULL DEFAULT 'open',
    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE cutter_governance.cut_change_set_affected_row (
    change_set_id uuid NOT NULL REFERENCES cutter_governance.cut_change_set, unit_id uuid NOT NULL REFERENCES public.information_unit (id),
    effect text NOT NULL, PRIMARY KEY (change_set_id, unit_id));
CREATE TABLE cutter_governance.verify_result (
    verify_result_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), change_set_id uuid NOT NULL REFERENCES cutter_governance.cut_change_set,
    outcome text NOT NULL, verified_by text NOT NULL, verified_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE cutter_governance.dot_pair_signature (
    signature_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), change_set_id uuid REFERENCES cutter_governance.cut_change_set,
    verify_result_id uuid REFERENCES cutter_governance.verify_result, signed_by text NOT NULL, signature text NOT NULL,
    CHECK (num_nonnulls(change_set_id, verify_result_id) = 1));
CREATE TABLE cutter_governance.canonical_address_alias (
    alias_address text PRIMARY KEY, unit_id uuid NOT NULL REFERENCES public.information_unit (id), reason text NOT NULL);
CREATE TABLE cutter_governance.decision_backlog_entry (
    entry_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), subject text NOT NULL, state text NOT NULL DEFAULT 'open',
    opened_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE cutter_governance.decision_backlog_history (
    entry_id uuid NOT NULL REFERENCES cutter_governance.decision_backlog_entry, step integer NOT NULL, note text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (entry_id, step));

CREATE FUNCTION cutter_governance.fn_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER trg_append_only BEFORE UPDATE OR DELETE ON cutter_governance.dot_pair_signature
    FOR EACH ROW EXECUTE FUNCTION cutter_governance.fn_append_only();

GRANT USAGE ON SCHEMA cutter_governance TO cutter_ro, cutter_exec, cutter_verify;
GRANT SELECT ON ALL TABLES IN SCHEMA cutter_governance TO cutter_ro, cutter_exec, cutter_verify;
GRANT INSERT ON ALL TABLES IN SCHEMA cutter_governance TO cutter_exec;
GRANT INSERT ON cutter_governance.verify_result, cutter_governance.dot_pair_signature TO cutter_verify;

INSERT INTO cutter_governance.source_document_registry (doc_code, title, registered_by) VALUES ('LIB-RULES', 'Rules of the library', 'seed');
INSERT INTO cutter_governance.decision_backlog_entry (subject) VALUES ('Opening hours'), ('Fees');
RESET ROLE;

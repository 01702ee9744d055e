-- schema: cutter_governance
-- What each role may see and do. GRANTs are the boundary (design section 4).

CREATE OR REPLACE VIEW v_row_count AS
    SELECT 'public.information_unit' AS table_name, count(*) AS rows FROM public.information_unit
    UNION ALL SELECT 'public.unit_version', count(*) FROM public.unit_version
    UNION ALL SELECT 'public.iu_lifecycle_log', count(*) FROM public.iu_lifecycle_log
    UNION ALL SELECT 'cutter_governance.source_document_registry', count(*) FROM source_document_registry
    UNION ALL SELECT 'cutter_governance.source_document_version_registry', count(*) FROM source_document_version_registry
    UNION ALL SELECT 'cutter_governance.manifest_envelope', count(*) FROM manifest_envelope
    UNION ALL SELECT 'cutter_governance.manifest_unit_block', count(*) FROM manifest_unit_block
    UNION ALL SELECT 'cutter_governance.review_decision', count(*) FROM review_decision
    UNION ALL SELECT 'cutter_governance.cut_change_set', count(*) FROM cut_change_set
    UNION ALL SELECT 'cutter_governance.cut_change_set_affected_row', count(*) FROM cut_change_set_affected_row
    UNION ALL SELECT 'cutter_governance.dot_pair_signature', count(*) FROM dot_pair_signature
    UNION ALL SELECT 'cutter_governance.verify_result', count(*) FROM verify_result
    UNION ALL SELECT 'cutter_governance.canonical_address_alias', count(*) FROM canonical_address_alias
    UNION ALL SELECT 'cutter_governance.decision_backlog_entry', count(*) FROM decision_backlog_entry
    UNION ALL SELECT 'cutter_governance.decision_backlog_history', count(*) FROM decision_backlog_history;

CREATE OR REPLACE VIEW v_run AS SELECT * FROM run;
CREATE OR REPLACE VIEW v_run_event AS SELECT * FROM run_event;
CREATE OR REPLACE VIEW v_document AS SELECT docprefix, origin, profile, live_query, registered_at FROM source_document_registry;
CREATE OR REPLACE VIEW v_approval AS
    SELECT a.*, u.purpose AS used_for, u.used_at FROM approval a LEFT JOIN approval_use u USING (statement_sha256);
CREATE OR REPLACE VIEW v_lease AS
    SELECT * FROM execution_lease WHERE ended_at IS NULL AND expires_at > clock_timestamp();
CREATE OR REPLACE VIEW v_hold AS
    SELECT h.* FROM (SELECT * FROM hold_event ORDER BY id DESC LIMIT 1) h WHERE h.action = 'set';
CREATE OR REPLACE VIEW v_baseline AS
    SELECT DISTINCT ON (table_name) table_name, rows, run_id, pinned_at FROM baseline_pin ORDER BY table_name, id DESC;

-- Everything that decides what may be done here, as text lines: grants, ownership, definitions, guards, roles.
-- A function, because names and definitions are printed by the search_path of whoever asks.
CREATE OR REPLACE FUNCTION fn_grants(acl aclitem[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(g, ' ' ORDER BY g COLLATE "C") FROM (
        SELECT format('%s=%s%s', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END, x.privilege_type,
                      CASE WHEN x.is_grantable THEN '*' ELSE '' END) AS g FROM aclexplode(acl) x) s
$$;

CREATE OR REPLACE FUNCTION fn_schema_line() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH product AS (
        SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'v', 'S') AND (n.nspname = 'cutter_governance' OR n.nspname = 'public' AND c.relname IN
               ('information_unit', 'unit_version', 'iu_lifecycle_vocab', 'iu_lifecycle_log', 'dot_config', 'iu_lifecycle_log_id_seq'))
    )
    SELECT format('schema %s owner %s grants %s', nspname, pg_get_userbyid(nspowner), cutter_governance.fn_grants(nspacl))
      FROM pg_namespace WHERE nspname IN ('cutter_governance', 'public')
    UNION ALL
    SELECT format('%s %s owner %s grants %s row security %s %s', CASE relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END, name,
                  pg_get_userbyid(relowner), cutter_governance.fn_grants(relacl), relrowsecurity, relforcerowsecurity) FROM product
    UNION ALL
    SELECT format('column %s.%s grants %s', p.name, a.attname, cutter_governance.fn_grants(a.attacl))
      FROM pg_attribute a JOIN product p ON p.oid = a.attrelid WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT format('definition of view %s %s', name, md5(pg_get_viewdef(oid))) FROM product WHERE relkind = 'v'
    UNION ALL
    SELECT format('rule %s.%s enabled %s %s', p.name, r.rulename, r.ev_enabled, md5(pg_get_ruledef(r.oid)))
      FROM pg_rewrite r JOIN product p ON p.oid = r.ev_class WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT format('policy %s.%s', p.name, y.polname) FROM pg_policy y JOIN product p ON p.oid = y.polrelid
    UNION ALL
    SELECT format('constraint %s.%s %s', p.name, c.conname, pg_get_constraintdef(c.oid))
      FROM pg_constraint c JOIN product p ON p.oid = c.conrelid WHERE c.contype NOT IN ('n', 't')
    UNION ALL
    SELECT format('unique index %s', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN product p ON p.oid = i.indrelid WHERE i.indisunique
    UNION ALL
    SELECT format('function %s.%s(%s) owner %s definer %s settings %s source %s grants %s', n.nspname, p.proname,
                  pg_get_function_identity_arguments(p.oid), pg_get_userbyid(p.proowner), p.prosecdef, p.proconfig,
                  encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), cutter_governance.fn_grants(coalesce(p.proacl, acldefault('f', p.proowner))))
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'cutter_governance' OR n.nspname = 'public' AND p.proname LIKE 'fn\_iu\_%'
    UNION ALL
    SELECT format('trigger enabled %s %s', t.tgenabled, pg_get_triggerdef(t.oid))
      FROM pg_trigger t JOIN product p ON p.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT format('role %s super %s createrole %s createdb %s login %s replication %s bypassrls %s', r.rolname, r.rolsuper, r.rolcreaterole,
                  r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls)
      FROM pg_roles r WHERE r.rolname IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro')
    UNION ALL
    SELECT format('role %s is a member of %s', pg_get_userbyid(m.member), pg_get_userbyid(m.roleid)) FROM pg_auth_members m
      JOIN pg_roles r ON r.oid IN (m.member, m.roleid) WHERE r.rolname IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro')
$$;
CREATE OR REPLACE VIEW v_schema_line AS SELECT line FROM fn_schema_line() AS line;

-- The lines as the last migration left them; `drift` compares.
CREATE TABLE IF NOT EXISTS schema_pin (
    batch     integer NOT NULL,
    line      text NOT NULL,
    pinned_at timestamptz NOT NULL DEFAULT now()
);
CREATE OR REPLACE VIEW v_schema_pin AS SELECT line, pinned_at FROM schema_pin WHERE batch = (SELECT max(batch) FROM schema_pin);

CREATE OR REPLACE FUNCTION fn_schema_digest() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(string_agg(line, chr(10) ORDER BY line COLLATE "C"), 'UTF8')), 'hex') FROM cutter_governance.v_schema_line
$$;

CREATE OR REPLACE FUNCTION fn_baseline_pin(p_run_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cutter_governance.baseline_pin (run_id, table_name, rows) SELECT p_run_id, table_name, rows FROM cutter_governance.v_row_count
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA cutter_governance FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cutter_governance FROM PUBLIC;
REVOKE ALL ON FUNCTION public.fn_iu_create(text, text, text, text, text, text, text, text, text), public.fn_iu_apply_edit_draft(text, text, text, text),
    public.fn_iu_enact(text, uuid, text, boolean), public.fn_iu_supersede(text, uuid, text, boolean), public.fn_iu_retire(text, uuid, text, boolean) FROM PUBLIC;
GRANT USAGE ON SCHEMA cutter_governance TO cutter_exec, cutter_verify, cutter_ro;

GRANT SELECT ON v_row_count, v_run, v_run_event, v_document, v_approval, v_lease, v_hold, v_baseline, v_reader, v_schema_line, v_schema_pin TO cutter_ro, cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_readers_digest, fn_schema_digest, fn_schema_line, fn_grants, fn_hold_reason, fn_next_stage TO cutter_ro, cutter_exec, cutter_verify;

GRANT SELECT ON ALL TABLES IN SCHEMA cutter_governance TO cutter_exec, cutter_verify;
GRANT SELECT ON public.information_unit, public.unit_version, public.iu_lifecycle_vocab, public.iu_lifecycle_log, public.dot_config TO cutter_exec, cutter_verify;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA cutter_governance TO cutter_verify;
GRANT SELECT ON SEQUENCE public.iu_lifecycle_log_id_seq TO cutter_verify;

GRANT INSERT (run_id, operation, docprefix, source_version_id, plan_digest, content_digest, n_units) ON manifest_envelope TO cutter_exec;
GRANT INSERT (run_id, seq, address, parent_address, unit_kind, section_type, section_code, title, body, body_sha256, byte_start, byte_end, line_start, line_end,
    unit_id, version_id) ON manifest_unit_block TO cutter_exec;
GRANT EXECUTE ON FUNCTION fn_manifest_digest, fn_draft_digest, fn_assert_no_hold, fn_run_advance, fn_run_leave, fn_run_event, fn_lease_end, fn_hold_set TO cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_document_register, fn_run_create, fn_source_pin, fn_run_plan, fn_run_return, fn_lease_arm, fn_hold_release, fn_baseline_pin,
    fn_cut_apply, fn_cut_record, fn_cut_enact, fn_cut_revert TO cutter_exec;
GRANT EXECUTE ON FUNCTION public.fn_iu_create(text, text, text, text, text, text, text, text, text), public.fn_iu_apply_edit_draft(text, text, text, text),
    public.fn_iu_enact(text, uuid, text, boolean), public.fn_iu_supersede(text, uuid, text, boolean), public.fn_iu_retire(text, uuid, text, boolean) TO cutter_exec;
GRANT EXECUTE ON FUNCTION fn_approval_import, fn_verify_record TO cutter_verify;

CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON schema_pin FOR EACH STATEMENT EXECUTE FUNCTION guard_refuse('the ledger is append-only');
ALTER TABLE schema_pin ENABLE ALWAYS TRIGGER guard_append_only;
CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON schema_migration FOR EACH STATEMENT EXECUTE FUNCTION guard_refuse('the ledger is append-only');
ALTER TABLE schema_migration ENABLE ALWAYS TRIGGER guard_append_only;

-- schema: cutter_console
-- A text that differs from the law in the order of its units, or in what stands in no unit (a title, the date of the
-- last change, a signature), is another text: it is made law by an amendment that has an effect on no unit. Such an
-- amendment writes no draft, and leaves the digest of the units as it was.

-- As in 0026, and an amendment that writes no draft, because no unit differs, holds its document as a repeal does.
CREATE OR REPLACE FUNCTION cutter_console.fn_amend_refusal(p_docprefix text, p_base_digest text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    repealed text := cutter_console.fn_repealed_by(p_docprefix);
    draft text;
    held text;
BEGIN
    IF repealed IS NOT NULL THEN
        RETURN format('%s was repealed by run %s', p_docprefix, repealed);
    END IF;
    IF NOT EXISTS (SELECT 1
                     FROM public.information_unit u
                    WHERE u.doc_code = p_docprefix
                      AND u.lifecycle_status = 'enacted') THEN
        RETURN format('nothing of %s is law', p_docprefix);
    END IF;
    -- Joined, and not asked of each unit: of a large document that is law there is none.
    SELECT min(d.canonical_address) INTO draft
      FROM (SELECT u.canonical_address
              FROM public.information_unit u
             WHERE u.doc_code = p_docprefix
               AND u.lifecycle_status = 'draft'
            UNION ALL
            SELECT u.canonical_address
              FROM public.information_unit u
              JOIN public.unit_version v ON v.unit_id = u.id
             WHERE u.doc_code = p_docprefix
               AND v.lifecycle_status = 'draft') d;
    IF draft IS NOT NULL THEN
        RETURN format('%s has drafts of another run, first %s', p_docprefix, draft);
    END IF;
    -- A repeal writes no draft, nor does an amendment of which no unit differs: its sealed manifest holds the document
    -- until its enactment or its revert.
    SELECT format('its %s by run %s waits for its enactment',
                  CASE r.operation WHEN 'repeal' THEN 'repeal' ELSE 'amendment' END, r.run_id)
      INTO held
      FROM cutter_governance.run r
      JOIN cutter_governance.manifest_seal s USING (run_id)
     WHERE r.docprefix = p_docprefix
       AND r.operation IN ('repeal', 'amend')
       AND r.family <> 'reverted'
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.approval_use n
                        WHERE n.run_id = r.run_id
                          AND n.purpose = 'enact')
     ORDER BY r.run_id
     LIMIT 1;
    IF held IS NOT NULL THEN
        RETURN held;
    END IF;
    IF p_base_digest IS NOT NULL AND p_base_digest IS DISTINCT FROM cutter_console.fn_base_digest(p_docprefix) THEN
        RETURN format('%s is not the law that the run was planned against: its digest is %s',
                      p_docprefix, cutter_console.fn_base_digest(p_docprefix));
    END IF;
    RETURN NULL;
END $$;

-- As in 0016. The units of two texts can be the same, and their digest with them: the signed statement names the
-- enactment, too, that the run was planned against.
CREATE OR REPLACE FUNCTION cutter_console.fn_amend_write(
    r cutter_governance.run, a cutter_governance.approval, p_manifest bytea, p_canonical bytea
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
DECLARE
    n integer;
    units bigint;
    versions bigint;
    refused text := cutter_console.fn_amend_refusal(r.docprefix, r.base_digest);
    newest text := (SELECT s.run_id FROM cutter_console.fn_newest_state(r.docprefix) s);
    at timestamptz := clock_timestamp();
BEGIN
    IF refused IS NULL
       AND newest IS DISTINCT FROM cutter_console.fn_statement(a.statement) #>> '{amendment,base_run_id}' THEN
        refused := format('run %s has made another text of %s law since', newest, r.docprefix);
    END IF;
    IF refused IS NOT NULL OR r.base_digest IS NULL THEN
        PERFORM cutter_console.fn_stop(
            'STOP_DRIFT', 'CU005',
            format('run %s is not written: %s', r.run_id, coalesce(refused, 'it has no base')),
            'Void the run, and plan it again, against the law of today.');
    END IF;
    IF r.operation = 'repeal'
       AND a.n_units IS DISTINCT FROM (SELECT count(*) FROM cutter_console.fn_base_lines(r.docprefix)) THEN
        PERFORM cutter_console.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s units of %s are signed to be repealed, and another number is law', a.n_units, r.docprefix),
            'Nothing was committed.');
    END IF;
    -- Versions and what is touched are compared with the rows that are added; what is to be left alone is the rest.
    IF (SELECT sum((cutter_console.fn_statement(a.statement) #>> ARRAY['amendment', f])::bigint)
          FROM unnest(ARRAY['unchanged', 'changed', 'new']) f)
       IS DISTINCT FROM (CASE r.operation WHEN 'repeal' THEN 0 ELSE a.n_units END)::numeric THEN
        PERFORM cutter_console.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('the units that are signed as unchanged, changed and new are not the %s of the text of run %s',
                   a.n_units, r.run_id),
            'Void the run, and plan it again.');
    END IF;
    PERFORM cutter_console.fn_approval_spend(a, 'cut');
    n := cutter_console.fn_manifest_seal(r, a, p_manifest, p_canonical);
    SELECT min(u.canonical_address) INTO refused
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.canonical_address = b.address
     WHERE b.run_id = r.run_id
       AND (u.id <> b.unit_id OR u.lifecycle_status NOT IN ('enacted', 'superseded'));
    IF refused IS NOT NULL THEN
        PERFORM cutter_console.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('%s is of another document, or retired', refused),
            'A retired address stays retired; give the unit another number.');
    END IF;
    INSERT INTO public.unit_version (
        id, unit_id, version_seq, title, body, content_hash, review_state, created_by, created_at)
    SELECT b.version_id, b.unit_id, coalesce(s.last, 0) + 1, b.title, b.body, b.body_sha256, 'cut', session_user, at
      FROM cutter_governance.manifest_unit_block b
      LEFT JOIN (SELECT v.unit_id, max(v.version_seq) AS last
                   FROM public.unit_version v
                   JOIN public.information_unit u ON u.id = v.unit_id
                  WHERE u.doc_code = r.docprefix
                  GROUP BY v.unit_id) s
             ON s.unit_id = b.unit_id
     WHERE b.run_id = r.run_id
       AND NOT EXISTS (SELECT 1 FROM public.unit_version v WHERE v.id = b.version_id);
    GET DIAGNOSTICS versions = ROW_COUNT;
    INSERT INTO public.information_unit (
        id, canonical_address, unit_kind, section_type, section_code, doc_code, owner_ref, publication_type,
        parent_or_container_ref, version_anchor_ref, content_anchor_ref, created_by, created_at)
    SELECT unit_id, address, unit_kind, section_type, section_code, r.docprefix, 'sovereign', 'cut', parent_address,
           version_id, body_sha256, session_user, at
      FROM cutter_governance.manifest_unit_block b
     WHERE b.run_id = r.run_id
       AND NOT EXISTS (SELECT 1 FROM public.information_unit u WHERE u.id = b.unit_id);
    GET DIAGNOSTICS units = ROW_COUNT;
    RETURN jsonb_build_object('status', CASE r.operation WHEN 'repeal' THEN 'sealed' ELSE 'amended' END,
                              'units', units, 'versions', versions);
END $$;

-- What stands in no unit of a state: with the units it is the whole text, and where it differs that is said.
CREATE OR REPLACE FUNCTION cutter_console.fn_state_between(p_run_id text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.other_text
      FROM cutter_governance.manifest_seal s
     WHERE s.run_id = p_run_id
       AND EXISTS (SELECT 1
                     FROM cutter_governance.approval_use n
                    WHERE n.run_id = s.run_id
                      AND n.purpose = 'enact')
$$;
COMMENT ON FUNCTION cutter_console.fn_state_between IS
    'The bytes of a state that stand in no unit, in their order; NULL where they were not kept.';

REVOKE ALL ON FUNCTION cutter_console.fn_state_between FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cutter_console.fn_state_between TO cutter_ro, cutter_exec, cutter_verify;

-- schema: cutter_console
-- What is written and compared of a large document is looked up in the order that costs least. The rows of a run are
-- new to the planner, which expects one of them and looks up each by its index; what is asked stays the same.

-- As in 0026. CASE keeps the share of units that are law, which is out of date when they have just become law, out of
-- what the planner expects.
CREATE OR REPLACE FUNCTION cutter_console.fn_base_rows(p_docprefix text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
    SELECT encode(sha256(convert_to(
               concat_ws(':', t.system_identifier, t.timeline, p_docprefix, p.n, p.a, p.b), 'UTF8')), 'hex')
      FROM cutter_console.fn_target() t
     CROSS JOIN (SELECT count(*) AS n,
                        sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 0)) AS a,
                        sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 25214903917)) AS b
                   FROM public.information_unit u
                   JOIN public.unit_version v ON v.id = u.version_anchor_ref
                  WHERE u.doc_code = p_docprefix
                    AND CASE WHEN u.lifecycle_status = 'enacted' THEN true END) p
$$;

-- As in 0026, and above.
CREATE OR REPLACE FUNCTION cutter_console.fn_keep_base(p_docprefix text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
DECLARE
    -- Before they are read: a row that changes meanwhile is another one afterwards.
    rows_read text := cutter_console.fn_base_rows(p_docprefix);
    lines text[];
    is_sound boolean;
    seen bigint;
    readers text;
    root text;
BEGIN
    SELECT array_agg(l.line), bool_and(l.content_hash = l.body_sha256), count(*) FILTER (WHERE l.deleted_at IS NULL),
           encode(sha256(convert_to(
               coalesce(string_agg(l.seen, chr(10)) FILTER (WHERE l.deleted_at IS NULL), ''), 'UTF8')), 'hex')
      INTO lines, is_sound, seen, readers
      FROM (SELECT v.content_hash, h.body_sha256, u.deleted_at,
                   concat_ws(chr(9), u.canonical_address, coalesce(u.parent_or_container_ref, ''), u.unit_kind,
                             u.section_type, coalesce(u.section_code, ''), coalesce(v.title, ''),
                             h.body_sha256) AS line,
                   concat_ws(chr(31), u.canonical_address, coalesce(u.parent_or_container_ref, ''), u.unit_kind,
                             u.section_type, u.section_code, u.lifecycle_status, v.version_seq, v.title,
                             h.body_sha256) AS seen
              FROM public.information_unit u
              JOIN public.unit_version v ON v.id = u.version_anchor_ref
             CROSS JOIN LATERAL (
                       SELECT encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS body_sha256 OFFSET 0) h
             WHERE u.doc_code = p_docprefix
               AND CASE WHEN u.lifecycle_status = 'enacted' THEN true END
             ORDER BY u.canonical_address COLLATE "C") l;
    root := CASE WHEN is_sound THEN cutter_console.fn_merkle_root(lines) END;
    UPDATE cutter_governance.kept_document
       SET base_digest = root, base_units = seen, base_readers = readers,
           base_seal = cutter_console.fn_base_seal(rows_read, root, seen, readers)
     WHERE docprefix = p_docprefix;
END $$;

-- As in 0027; the last number of a version is asked for where one is written, and not of each unit of the document.
-- A row under the signed id that is another document's is refused as that, and not by what is compared behind it.
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
       AND (u.id <> b.unit_id OR u.doc_code IS DISTINCT FROM r.docprefix
            OR u.lifecycle_status NOT IN ('enacted', 'superseded'));
    IF refused IS NOT NULL THEN
        PERFORM cutter_console.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('%s is of another document, or retired', refused),
            'A retired address stays retired; give the unit another number.');
    END IF;
    INSERT INTO public.unit_version (
        id, unit_id, version_seq, title, body, content_hash, review_state, created_by, created_at)
    SELECT b.version_id, b.unit_id,
           coalesce((SELECT max(s.version_seq) FROM public.unit_version s WHERE s.unit_id = b.unit_id), 0) + 1,
           b.title, b.body, b.body_sha256, 'cut', session_user, at
      FROM cutter_governance.manifest_unit_block b
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

-- Every version of a document's units that is a draft; a function of its own, because what compares an amendment
-- forbids the planner to look up row by row, which a small document is better read by. A unit of another document at an
-- address of this one is told without them.
CREATE OR REPLACE FUNCTION cutter_console.fn_document_drafts(p_docprefix text)
RETURNS TABLE (unit_id uuid, version_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = on AS $$
    SELECT v.unit_id, v.id
      FROM public.information_unit u
      JOIN public.unit_version v ON v.unit_id = u.id
     WHERE u.doc_code = p_docprefix
       AND v.lifecycle_status = 'draft'
$$;
COMMENT ON FUNCTION cutter_console.fn_document_drafts IS 'Every version of a document''s units that is a draft.';

-- As in 0026; the drafts of all units are read together, and not unit by unit.
CREATE OR REPLACE FUNCTION cutter_console.fn_amend_differences(p_run_id text)
RETURNS TABLE (address text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
    WITH r AS MATERIALIZED (
             SELECT i.*, (SELECT k.digest FROM cutter_console.fn_base_known(i.docprefix) k) AS base_known
               FROM cutter_governance.run i
              WHERE i.run_id = p_run_id
         ),
         present AS NOT MATERIALIZED (
             SELECT u.*, b.seq, b.address, b.unit_id AS signed_id, b.version_id AS signed_version,
                    b.parent_address, b.unit_kind AS signed_kind, b.section_type AS signed_type,
                    b.section_code AS signed_code, b.title AS signed_title, b.body_sha256 AS signed_sha256,
                    v.unit_id AS version_of, v.title, v.content_hash, v.lifecycle_status AS version_status,
                    CASE WHEN (SELECT base_known IS NOT NULL FROM r)
                          AND (u.lifecycle_status, u.doc_code) = ('enacted', (SELECT docprefix FROM r))
                          AND u.version_anchor_ref = v.id THEN v.content_hash
                         ELSE encode(sha256(convert_to(v.body, 'UTF8')), 'hex') END AS body_sha256
               FROM (SELECT * FROM cutter_governance.manifest_unit_block m WHERE m.run_id = p_run_id) b
               LEFT JOIN public.information_unit u ON u.canonical_address = b.address
               LEFT JOIN public.unit_version v ON v.id = b.version_id
         )
    SELECT coalesce((SELECT docprefix FROM r), p_run_id),
           format('run %s has no sealed manifest of the signed digest', p_run_id)
     WHERE NOT EXISTS (SELECT 1
                         FROM cutter_governance.manifest_seal s
                        WHERE s.run_id = p_run_id
                          AND s.manifest_digest = (SELECT cutter_console.fn_manifest_digest(p_run_id))
                          AND s.n_units = (
                              SELECT count(*) FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id))
    UNION ALL
    SELECT (SELECT docprefix FROM r),
           format('the law that it is to %s is not the one that was signed', (SELECT operation FROM r))
     WHERE (SELECT base_digest FROM r)
               IS DISTINCT FROM (SELECT coalesce(base_known, cutter_console.fn_base_digest(docprefix)) FROM r)
    UNION ALL
    SELECT p.address,
           CASE WHEN p.id IS NULL THEN 'signed, and not there'
                WHEN (p.id, p.doc_code, p.deleted_at)
                         IS DISTINCT FROM (p.signed_id, (SELECT docprefix FROM r), NULL::timestamptz)
                    THEN 'another unit stands under the address'
                WHEN p.version_of IS DISTINCT FROM p.id THEN 'the signed version is not there'
                WHEN p.title IS DISTINCT FROM p.signed_title THEN 'another title than signed'
                WHEN p.body_sha256 IS DISTINCT FROM p.signed_sha256
                  OR p.content_hash IS DISTINCT FROM p.signed_sha256 THEN 'another body than signed'
                ELSE format('is %s, its version %s, and not what an amendment leaves before its enactment',
                            p.lifecycle_status, p.version_status) END
      FROM present p
     WHERE ROW (p.id, p.doc_code, p.version_of, p.title, p.body_sha256, p.content_hash, p.deleted_at)
               IS DISTINCT FROM ROW (p.signed_id, (SELECT docprefix FROM r), p.signed_id, p.signed_title,
                                     p.signed_sha256, p.signed_sha256, NULL::timestamptz)
        OR (CASE WHEN p.lifecycle_status = 'draft'
                     THEN ROW (p.version_anchor_ref, p.content_anchor_ref, p.version_status, p.owner_ref,
                               p.publication_type, p.parent_or_container_ref, p.unit_kind, p.section_type,
                               p.section_code)
                              IS DISTINCT FROM ROW (p.signed_version, p.signed_sha256, 'draft', 'sovereign', 'cut',
                                                    p.parent_address, p.signed_kind, p.signed_type, p.signed_code)
                 WHEN p.version_anchor_ref = p.signed_version
                     THEN (p.lifecycle_status, p.version_status) IS DISTINCT FROM ('enacted', 'enacted')
                 ELSE p.lifecycle_status NOT IN ('enacted', 'superseded') OR p.version_status <> 'draft' END)
    UNION ALL
    SELECT u.canonical_address, 'there, and not signed'
      FROM cutter_console.fn_document_units((SELECT docprefix FROM r)) u
      LEFT JOIN cutter_governance.manifest_unit_block b ON b.run_id = p_run_id AND b.unit_id = u.id
      LEFT JOIN cutter_console.fn_document_drafts((SELECT docprefix FROM r)) v ON v.unit_id = u.id
     WHERE (b.unit_id IS NULL AND u.lifecycle_status = 'draft'
            OR v.version_id IS DISTINCT FROM b.version_id AND v.version_id IS NOT NULL
            OR u.doc_code IS DISTINCT FROM (SELECT docprefix FROM r))
$$;

-- Of a document that is a small part of the database each row is looked up, and the rows of the others are not read.
CREATE OR REPLACE FUNCTION cutter_console.fn_is_small_part(p_run_id text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT r.n_units * 20::bigint < k.rows
                       FROM cutter_governance.run r
                      CROSS JOIN cutter_governance.kept_count k
                      WHERE r.run_id = p_run_id
                        AND r.operation <> 'edit'
                        AND k.table_name = 'public.unit_version'), false)
$$;
COMMENT ON FUNCTION cutter_console.fn_is_small_part IS
    'Whether a run is no edit and its units are less than a twentieth of all versions: then each row is looked up.';

-- As in 0016. The settings are this function's, and end with it.
CREATE OR REPLACE FUNCTION cutter_console.fn_draft_rows(p_run_id text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET work_mem = '64MB' SET enable_nestloop = on SET enable_hashjoin = on SET enable_mergejoin = on
    SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    rows_read text;
BEGIN
    IF cutter_console.fn_is_small_part(p_run_id) THEN
        PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    END IF;
    WITH r AS (SELECT * FROM cutter_governance.run WHERE run_id = p_run_id),
         manifest AS (
             SELECT p_run_id AS run_id
             UNION
             SELECT e.run_id
               FROM cutter_governance.run e
              WHERE e.docprefix = (SELECT docprefix FROM r)
                AND e.operation = 'edit'
         ),
         unit AS MATERIALIZED (
             SELECT u.id, u.ctid AS place, u.xmin AS writer
               FROM public.information_unit u
              WHERE u.doc_code = (SELECT docprefix FROM r)
             UNION ALL
             SELECT u.id, u.ctid, u.xmin
               FROM public.information_unit u
              WHERE split_part(u.canonical_address, '/', 1) = (SELECT docprefix FROM r)
                AND split_part(u.canonical_address, '/', 1) IS DISTINCT FROM u.doc_code
         ),
         present AS (
             SELECT 'unit' AS kind, u.place, u.writer FROM unit u
             UNION ALL
             SELECT 'version', v.ctid, v.xmin FROM unit u JOIN public.unit_version v ON v.unit_id = u.id
             UNION ALL
             SELECT 'block', b.ctid, b.xmin
               FROM manifest m
               JOIN cutter_governance.manifest_unit_block b USING (run_id)
             UNION ALL
             SELECT 'seal', s.ctid, s.xmin FROM manifest m JOIN cutter_governance.manifest_seal s USING (run_id)
         )
    SELECT encode(sha256(convert_to(
               concat_ws(':', (SELECT c.system_identifier FROM pg_control_system() c), r.operation, r.docprefix,
                         coalesce(r.base_digest, ''), p.rows),
               'UTF8')), 'hex')
      INTO rows_read
      FROM r
     CROSS JOIN (SELECT string_agg(concat_ws(',', k.kind, k.n, k.a, k.b), ':' ORDER BY k.kind COLLATE "C") AS rows
                   FROM (SELECT t.kind, count(*) AS n,
                                sum(hash_record_extended(ROW (t.place, t.writer), 0)) AS a,
                                sum(hash_record_extended(ROW (t.place, t.writer), 25214903917)) AS b
                           FROM present t
                          GROUP BY t.kind) k) p;
    RETURN rows_read;
END $$;

-- As in 0016. Of an amendment the manifest is compared above, and CASE keeps its digest from being computed here as
-- well: of two conditions the planner may ask the second first. The settings are this function's, and end with it; what
-- compares an amendment has its own.
CREATE OR REPLACE FUNCTION cutter_console.fn_draft_differences(p_run_id text)
RETURNS TABLE (address text, difference text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET work_mem = '64MB' SET enable_nestloop = on SET enable_hashjoin = on SET enable_mergejoin = on
    SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    IF cutter_console.fn_is_small_part(p_run_id)
       AND EXISTS (SELECT 1 FROM cutter_governance.run c WHERE c.run_id = p_run_id AND c.operation = 'cut') THEN
        PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    END IF;
    RETURN QUERY
    WITH r AS (SELECT * FROM cutter_governance.run WHERE run_id = p_run_id),
         signed AS MATERIALIZED (SELECT * FROM cutter_console.fn_draft_signed(p_run_id)),
         present AS MATERIALIZED (
             SELECT u.*, v.id AS version_id, v.unit_id AS version_of, v.title, v.content_hash,
                    v.lifecycle_status AS version_status,
                    encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS body_sha256,
                    (SELECT count(*) FROM public.unit_version w WHERE w.unit_id = u.id) AS versions
               FROM (SELECT d.id FROM cutter_console.fn_document_units((SELECT docprefix FROM r)) d
                     UNION
                     SELECT b.unit_id FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id) c
               JOIN public.information_unit u ON u.id = c.id
               LEFT JOIN public.unit_version v ON v.id = u.version_anchor_ref
         )
    SELECT coalesce((SELECT docprefix FROM r), p_run_id),
           format('run %s has no sealed manifest of the signed digest', p_run_id)
     WHERE CASE WHEN (SELECT operation FROM r) IN ('amend', 'repeal') THEN false
                ELSE NOT EXISTS (SELECT 1
                                   FROM cutter_governance.manifest_seal s
                                  WHERE s.run_id = p_run_id
                                    AND s.manifest_digest = (SELECT cutter_console.fn_manifest_digest(p_run_id))
                                    AND s.n_units = (SELECT count(*)
                                                       FROM cutter_governance.manifest_unit_block b
                                                      WHERE b.run_id = p_run_id)) END
    UNION ALL
    SELECT coalesce(s.address, p.canonical_address),
           CASE WHEN p.id IS NULL THEN 'signed, and not there'
                WHEN s.address IS NULL THEN 'there, and not signed'
                WHEN (p.id, p.doc_code) IS DISTINCT FROM (s.unit_id, (SELECT docprefix FROM r))
                    THEN 'another unit stands under the address'
                WHEN (p.owner_ref, p.publication_type) IS DISTINCT FROM ('sovereign', 'cut')
                    THEN 'another owner than the sovereign, or not of a cut'
                WHEN p.parent_or_container_ref IS DISTINCT FROM s.parent THEN 'another parent than signed'
                WHEN (p.unit_kind, p.section_type, p.section_code)
                         IS DISTINCT FROM (s.unit_kind, s.section_type, s.section_code)
                    THEN 'another kind, section type or number than signed'
                WHEN (p.version_id, p.version_of, p.versions) IS DISTINCT FROM (s.version_id, s.unit_id, 1 + s.edits)
                    THEN 'another version than signed'
                WHEN p.title IS DISTINCT FROM s.title THEN 'another title than signed'
                WHEN p.body_sha256 IS DISTINCT FROM s.body_sha256
                  OR p.content_hash IS DISTINCT FROM s.body_sha256
                  OR p.content_anchor_ref IS DISTINCT FROM s.body_sha256
                    THEN 'another body than signed'
                ELSE format('is %s, its version %s, not a draft', p.lifecycle_status, p.version_status) END
      FROM signed s
      FULL JOIN present p ON p.canonical_address = s.address
     WHERE (SELECT operation FROM r) NOT IN ('amend', 'repeal') IS NOT FALSE
       AND (p.id IS NULL
        OR s.address IS NULL
        OR ROW (p.id, p.doc_code, p.owner_ref, p.publication_type, p.parent_or_container_ref,
                p.unit_kind, p.section_type, p.section_code,
                p.version_id, p.version_of, p.versions, p.title,
                p.body_sha256, p.content_hash, p.content_anchor_ref,
                p.lifecycle_status, p.version_status, p.deleted_at)
            IS DISTINCT FROM ROW (s.unit_id, (SELECT docprefix FROM r), 'sovereign', 'cut', s.parent,
                                  s.unit_kind, s.section_type, s.section_code,
                                  s.version_id, s.unit_id, 1 + s.edits, s.title,
                                  s.body_sha256, s.body_sha256, s.body_sha256,
                                  'draft', 'draft', NULL::timestamptz))
    UNION ALL
    SELECT d.address, d.difference
      FROM r
     CROSS JOIN LATERAL cutter_console.fn_amend_differences(r.run_id) d
     WHERE r.operation IN ('amend', 'repeal');
END $$;

-- The units of an amendment's text that stand as its cut, its enactment or its revert leaves them. The setting is this
-- function's, and ends with it.
CREATE OR REPLACE FUNCTION cutter_console.fn_amended_standing(p_run_id text, p_purpose text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = on
    SET work_mem = '64MB' SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    standing bigint;
BEGIN
    -- Of a small part of a large table each row is looked up.
    IF (SELECT s.n_units > 1000 AND s.n_units * 20::bigint > (SELECT k.rows
                                                                FROM cutter_governance.kept_count k
                                                               WHERE k.table_name = 'public.unit_version')
          FROM cutter_governance.manifest_seal s
         WHERE s.run_id = p_run_id) THEN
        PERFORM set_config('enable_nestloop', 'off', true);
    END IF;
    SELECT count(*) FILTER (
               WHERE CASE p_purpose
                     WHEN 'cut' THEN v.lifecycle_status = 'draft'
                                     OR v.lifecycle_status = 'enacted' AND v.id = u.version_anchor_ref
                     WHEN 'enact' THEN u.lifecycle_status = 'enacted' AND v.lifecycle_status = 'enacted'
                                       AND v.id = u.version_anchor_ref
                     ELSE v.lifecycle_status <> 'draft' AND u.lifecycle_status <> 'draft' END)
      INTO standing
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.id = b.unit_id
      JOIN public.unit_version v ON v.id = b.version_id AND v.unit_id = u.id
     WHERE b.run_id = p_run_id;
    RETURN standing;
END $$;
COMMENT ON FUNCTION cutter_console.fn_amended_standing IS
    'Number of an amendment''s units that stand as its cut, enactment or revert leaves them.';

-- As in 0016, but asks that function of an amendment.
CREATE OR REPLACE FUNCTION cutter_console.guard_all_or_nothing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    planned bigint := (SELECT n_units FROM cutter_governance.manifest_seal WHERE run_id = NEW.run_id);
    done bigint;
BEGIN
    -- Of a revert: what is there is superseded.
    -- A unit may be gone, or was superseded by somebody else, and the rest is taken back all the same.
    IF EXISTS (SELECT 1 FROM cutter_governance.run r WHERE r.run_id = NEW.run_id AND r.operation = 'repeal') THEN
        -- A repeal has an effect on units in its enactment alone: every one that was recorded is superseded, with the
        -- version that was law, and none of the document is law.
        SELECT r.n_units,
               (SELECT count(*)
                  FROM cutter_governance.cut_change_set c
                  JOIN cutter_governance.cut_change_set_affected_row f ON f.change_set_id = c.id
                  JOIN public.information_unit u ON u.id = f.unit_id AND u.lifecycle_status = 'superseded'
                  JOIN public.unit_version v ON v.id = f.version_id AND v.lifecycle_status = 'superseded'
                 WHERE c.run_id = r.run_id)
               + (SELECT count(*)
                    FROM public.information_unit u
                   WHERE u.doc_code = r.docprefix
                     AND u.lifecycle_status = 'enacted')
          INTO planned, done
          FROM cutter_governance.run r
         WHERE r.run_id = NEW.run_id
           AND NEW.purpose = 'enact';
    ELSIF EXISTS (SELECT 1 FROM cutter_governance.run r WHERE r.run_id = NEW.run_id AND r.operation = 'amend') THEN
        done := cutter_console.fn_amended_standing(NEW.run_id, NEW.purpose);
        IF NEW.purpose = 'revert' THEN
            SELECT count(*) INTO planned
              FROM cutter_governance.manifest_unit_block b
              JOIN public.information_unit u ON u.id = b.unit_id
              JOIN public.unit_version v ON v.id = b.version_id AND v.unit_id = u.id
             WHERE b.run_id = NEW.run_id;
        END IF;
    ELSIF NEW.purpose = 'revert' THEN
        SELECT count(*), count(*) FILTER (WHERE u.lifecycle_status = 'superseded') INTO planned, done
          FROM cutter_governance.manifest_unit_block b
          JOIN public.information_unit u ON u.id = b.unit_id
         WHERE b.run_id = NEW.run_id;
    ELSIF NEW.purpose = 'edit' THEN
        SELECT count(*) INTO done
          FROM cutter_governance.manifest_unit_block b
          JOIN public.unit_version v ON v.id = b.version_id
         WHERE b.run_id = NEW.run_id;
    ELSE
        SELECT count(*) INTO done
          FROM cutter_governance.manifest_unit_block b
          JOIN public.information_unit u ON u.id = b.unit_id
         WHERE b.run_id = NEW.run_id
           AND u.lifecycle_status = CASE NEW.purpose WHEN 'cut' THEN 'draft' WHEN 'enact' THEN 'enacted' END;
    END IF;
    IF done IS DISTINCT FROM planned THEN
        PERFORM cutter_console.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s of %s units of run %s: all or none', done, planned, NEW.run_id),
            'Nothing was committed.');
    END IF;
    -- A HOLD that was set between the effect and its COMMIT,
    -- and a lease that was ended, or lost the session that held it.
    PERFORM cutter_console.fn_assert_no_hold();
    -- A transaction sees the sessions as it first saw them: one that has ended since would still seem to be there.
    PERFORM pg_stat_clear_snapshot();
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.v_lease_standing l
                    WHERE l.purpose = NEW.purpose
                      AND coalesce(l.run_id, l.batch_id)
                          IN (NEW.run_id, cutter_console.fn_batch_of(NEW.run_id))) THEN
        PERFORM cutter_console.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('the lease of run %s to %s ended before COMMIT', NEW.run_id, NEW.purpose),
            'Nothing was committed. Arm it again: cutter-console arm RUN --confirm RUN');
    END IF;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION cutter_console.fn_document_drafts, cutter_console.fn_amended_standing,
    cutter_console.fn_is_small_part FROM PUBLIC;

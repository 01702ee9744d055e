-- schema: cutter_console
-- An amendment of a large law reads it less often. The digest of a document as it is law is kept with a seal over the
-- place and the writer of each of its rows: while no row has moved, no body is read and hashed again for it. Where one
-- has, whoever moved it, everything is read, as before.

-- ---------------------------------------------------------------------------------------------------------------------
-- What is kept of a document as it is law
-- ---------------------------------------------------------------------------------------------------------------------

ALTER TABLE cutter_governance.kept_document
    ADD COLUMN IF NOT EXISTS base_digest text CHECK (base_digest ~ '^[0-9a-f]{64}$'),
    ADD COLUMN IF NOT EXISTS base_units bigint,
    ADD COLUMN IF NOT EXISTS base_readers text CHECK (base_readers ~ '^[0-9a-f]{64}$'),
    ADD COLUMN IF NOT EXISTS base_seal text CHECK (base_seal ~ '^[0-9a-f]{64}$');
COMMENT ON COLUMN cutter_governance.kept_document.base_digest IS
    'Digest of the document as it is law (fn_base_digest), computed of the rows; NULL if it was not.';
COMMENT ON COLUMN cutter_governance.kept_document.base_units IS 'Units of what is law that readers see.';
COMMENT ON COLUMN cutter_governance.kept_document.base_readers IS
    'Digest of what readers see of it, drafts left out, computed of the same rows.';
COMMENT ON COLUMN cutter_governance.kept_document.base_seal IS
    'These bound to the rows that they were computed of; they count only while none of them has moved.';

-- The rows of a document that are law, and their versions, by place and writer, as in fn_draft_rows; with server and
-- timeline: a copy elsewhere reads its own rows.
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
                    AND u.lifecycle_status = 'enacted') p
$$;
COMMENT ON FUNCTION cutter_console.fn_base_rows IS
    'One digest over the rows of a document that are law, by place and writer: equal if no row has changed.';

CREATE OR REPLACE FUNCTION cutter_console.fn_base_seal(p_rows text, p_digest text, p_units bigint, p_readers text)
RETURNS text
LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(p_rows || ':' || p_digest || ':' || p_units || ':' || p_readers, 'UTF8')), 'hex')
$$;
COMMENT ON FUNCTION cutter_console.fn_base_seal IS 'Binds what is kept of a law to the rows that it was computed of.';

-- What is kept of a document as it is law, if no row has moved since it was computed; no row otherwise. While it
-- counts, each unit that is law has a version whose content_hash is the sha256 of its body (fn_keep_base).
CREATE OR REPLACE FUNCTION cutter_console.fn_base_known(p_docprefix text)
RETURNS TABLE (digest text, units bigint, readers text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.base_digest, k.base_units, k.base_readers
      FROM cutter_governance.kept_document k
     WHERE k.docprefix = p_docprefix
       AND k.base_seal = cutter_console.fn_base_seal(
               cutter_console.fn_base_rows(p_docprefix), k.base_digest, k.base_units, k.base_readers)
$$;
COMMENT ON FUNCTION cutter_console.fn_base_known IS
    'Digests of a document as it is law, as they were computed last, if no row has moved since.';

-- Reads every body, whatever is kept. Nothing is kept of a law of which a version states another sha256 than its
-- body's: its rows are read each time, and what is wrong is found. The lines are those of fn_base_lines, and of
-- fn_document_digest.
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
               AND u.lifecycle_status = 'enacted'
             ORDER BY u.canonical_address COLLATE "C") l;
    root := CASE WHEN is_sound THEN cutter_console.fn_merkle_root(lines) END;
    UPDATE cutter_governance.kept_document
       SET base_digest = root, base_units = seen, base_readers = readers,
           base_seal = cutter_console.fn_base_seal(rows_read, root, seen, readers)
     WHERE docprefix = p_docprefix;
END $$;
COMMENT ON FUNCTION cutter_console.fn_keep_base IS
    'Reads a document as it is law, and keeps its digests with the places of its rows.';

-- As in 0017, with the digest of what is law, if it is not known any more.
CREATE OR REPLACE FUNCTION cutter_console.fn_keep_documents() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    prefix text;
    computed record;
BEGIN
    FOR prefix IN SELECT k.docprefix FROM cutter_governance.kept_document k WHERE k.digest IS NULL LOOP
        PERFORM 1
           FROM cutter_governance.kept_document k
          WHERE k.docprefix = prefix
            AND k.digest IS NULL
            FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            IF NOT EXISTS (SELECT 1 FROM cutter_console.fn_base_known(prefix)) THEN
                PERFORM cutter_console.fn_keep_base(prefix);
            END IF;
            SELECT * INTO computed FROM cutter_console.fn_document_known(prefix);
            UPDATE cutter_governance.kept_document
               SET units = computed.units, digest = computed.digest, kept_at = clock_timestamp()
             WHERE docprefix = prefix;
        END IF;
    END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Reading what is law: by the sha256 that its versions state while that is known to be the one of their bodies
-- ---------------------------------------------------------------------------------------------------------------------

-- As in 0016, but takes content_hash while fn_base_known answers.
CREATE OR REPLACE FUNCTION cutter_console.fn_base_lines(p_docprefix text)
RETURNS TABLE (seq bigint, address text, unit_id uuid, version_id uuid, line text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
    SELECT row_number() OVER (ORDER BY u.canonical_address COLLATE "C"), u.canonical_address, u.id, v.id,
           concat_ws(chr(9), u.canonical_address, coalesce(u.parent_or_container_ref, ''), u.unit_kind, u.section_type,
                     coalesce(u.section_code, ''), coalesce(v.title, ''),
                     CASE WHEN EXISTS (SELECT 1 FROM cutter_console.fn_base_known(p_docprefix)) THEN v.content_hash
                          ELSE encode(sha256(convert_to(v.body, 'UTF8')), 'hex') END)
      FROM public.information_unit u
      JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.doc_code = p_docprefix
       AND u.lifecycle_status = 'enacted'
$$;

CREATE OR REPLACE FUNCTION cutter_console.fn_base_digest(p_docprefix text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT k.digest FROM cutter_console.fn_base_known(p_docprefix) k),
        cutter_console.fn_merkle_root(
            (SELECT array_agg(l.line ORDER BY l.seq) FROM cutter_console.fn_base_lines(p_docprefix) l)))
$$;

-- As in 0016, with another way to the drafts.
CREATE OR REPLACE FUNCTION cutter_console.fn_amend_refusal(p_docprefix text, p_base_digest text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    draft text := cutter_console.fn_repealed_by(p_docprefix);
BEGIN
    IF draft IS NOT NULL THEN
        RETURN format('%s was repealed by run %s', p_docprefix, draft);
    END IF;
    IF NOT EXISTS (SELECT 1
                     FROM public.information_unit u
                    WHERE u.doc_code = p_docprefix
                      AND u.lifecycle_status = 'enacted') THEN
        RETURN format('nothing of %s is law', p_docprefix);
    END IF;
    -- A repeal writes no draft: its sealed manifest holds the document until its enactment or its revert.
    SELECT min(r.run_id) INTO draft
      FROM cutter_governance.run r
      JOIN cutter_governance.manifest_seal s USING (run_id)
     WHERE r.docprefix = p_docprefix
       AND r.operation = 'repeal'
       AND r.family <> 'reverted'
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.approval_use n
                        WHERE n.run_id = r.run_id
                          AND n.purpose = 'enact');
    IF draft IS NOT NULL THEN
        RETURN format('its repeal by run %s waits for its enactment', draft);
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
    IF p_base_digest IS NOT NULL AND p_base_digest IS DISTINCT FROM cutter_console.fn_base_digest(p_docprefix) THEN
        RETURN format('%s is not the law that the run was planned against: its digest is %s',
                      p_docprefix, cutter_console.fn_base_digest(p_docprefix));
    END IF;
    RETURN NULL;
END $$;

-- As in 0016, but takes content_hash of what is law while fn_base_known answers; any other version is hashed.
CREATE OR REPLACE FUNCTION cutter_console.fn_draft_lines(p_run_id text)
RETURNS TABLE (seq bigint, address text, title text, body_sha256 text, unit_id uuid, line text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET work_mem = '64MB' SET enable_nestloop = on AS $$
    WITH base AS MATERIALIZED (
        SELECT r.docprefix, EXISTS (SELECT 1 FROM cutter_console.fn_base_known(r.docprefix)) AS known
          FROM cutter_governance.run r
         WHERE r.run_id = p_run_id
           AND r.operation IN ('amend', 'repeal')
    )
    SELECT row_number() OVER (ORDER BY d.place, d.canonical_address COLLATE "C"),
           d.canonical_address, d.title, d.body_sha256, d.id,
           concat_ws(chr(9), d.canonical_address, coalesce(d.parent_or_container_ref, ''), d.unit_kind, d.section_type,
                     coalesce(d.section_code, ''), coalesce(d.title, ''), d.body_sha256)
      FROM (SELECT u.id, u.canonical_address, u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code,
                   v.title, encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS body_sha256, b.place
              FROM (SELECT c.id, min(c.seq) AS place
                      FROM (SELECT m.unit_id AS id, m.seq
                              FROM cutter_governance.manifest_unit_block m
                             WHERE m.run_id = p_run_id
                            UNION ALL
                            SELECT i.id, NULL
                              FROM cutter_console.fn_document_units(
                                       (SELECT r.docprefix FROM cutter_governance.run r WHERE r.run_id = p_run_id)) i
                             WHERE i.lifecycle_status = 'draft') c
                     GROUP BY c.id) b
              JOIN public.information_unit u ON u.id = b.id
              JOIN public.unit_version v ON v.id = u.version_anchor_ref
             WHERE NOT EXISTS (SELECT 1
                                 FROM cutter_governance.run a
                                WHERE a.run_id = p_run_id
                                  AND a.operation IN ('amend', 'repeal'))
               AND u.lifecycle_status = 'draft'
            UNION ALL
            SELECT b.unit_id, u.canonical_address, b.parent_address, b.unit_kind, b.section_type, b.section_code,
                   v.title,
                   CASE WHEN (SELECT k.known FROM base k)
                             AND (u.lifecycle_status, u.doc_code) = ('enacted', (SELECT k.docprefix FROM base k))
                             AND u.version_anchor_ref = v.id THEN v.content_hash
                        ELSE encode(sha256(convert_to(v.body, 'UTF8')), 'hex') END, b.seq
              FROM cutter_governance.manifest_unit_block b
              JOIN public.information_unit u ON u.id = b.unit_id
              JOIN public.unit_version v ON v.id = b.version_id AND v.unit_id = u.id
             WHERE b.run_id = p_run_id
               -- As a condition of its own it is asked once: of a cut, no row is read here.
               AND EXISTS (SELECT 1
                             FROM cutter_governance.run a
                            WHERE a.run_id = p_run_id
                              AND a.operation = 'amend')
            UNION ALL
            SELECT u.id, u.canonical_address, u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code,
                   v.title,
                   CASE WHEN (SELECT k.known FROM base k) THEN v.content_hash
                        ELSE encode(sha256(convert_to(v.body, 'UTF8')), 'hex') END, NULL
              FROM cutter_governance.run a
              JOIN public.information_unit u ON u.doc_code = a.docprefix AND u.lifecycle_status = 'enacted'
              JOIN public.unit_version v ON v.id = u.version_anchor_ref
             WHERE a.run_id = p_run_id
               AND a.operation = 'repeal') d
$$;

-- As in 0016, but takes content_hash of what is law while fn_base_known answers. The manifest's digest stands in a
-- SELECT of its own, or the planner would compute it too, to estimate.
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
      LEFT JOIN LATERAL (
               SELECT w.id
                 FROM public.unit_version w
                WHERE w.unit_id = u.id
                  AND w.lifecycle_status = 'draft'
               OFFSET 0) v ON true
     WHERE (b.unit_id IS NULL AND u.lifecycle_status = 'draft'
            OR v.id IS NOT NULL AND v.id IS DISTINCT FROM b.version_id
            OR u.doc_code IS DISTINCT FROM (SELECT docprefix FROM r))
$$;

-- As in 0016; the rows alone are asked for, and not their lines.
CREATE OR REPLACE FUNCTION cutter_console.fn_gone_units(p_run_id text)
RETURNS TABLE (address text, unit_id uuid, version_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
    SELECT u.canonical_address, u.id, v.id
      FROM cutter_governance.run r
      JOIN public.information_unit u ON u.doc_code = r.docprefix AND u.lifecycle_status = 'enacted'
      JOIN public.unit_version v ON v.id = u.version_anchor_ref
      LEFT JOIN cutter_governance.manifest_unit_block b ON b.run_id = p_run_id AND b.unit_id = u.id
     WHERE r.run_id = p_run_id
       AND b.unit_id IS NULL
$$;

-- As in 0016. Drafts in which no difference was found have the lines of the manifests that they were compared with, and
-- are not read once more.
CREATE OR REPLACE FUNCTION cutter_console.fn_verify_record(
    p_run_id text, p_outcome text, p_checks jsonb, p_event jsonb
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result uuid := gen_random_uuid();
    cut_under cutter_governance.approval;
    found text;
    at_stage text;
    begun jsonb;
    rows_read text;
    drafts text[];
    digest text;
    file_sha256 text;
BEGIN
    PERFORM cutter_console.fn_write_lock(true);
    begun := cutter_console.fn_effect_begin(p_run_id, 'verify');
    SELECT stage INTO at_stage
      FROM cutter_governance.run
     WHERE run_id = p_run_id
       AND operation IN ('cut', 'amend', 'repeal')
       AND family = 'active'
       FOR NO KEY UPDATE;
    IF at_stage IS NULL
       OR coalesce(p_outcome, '') NOT IN ('PASS', 'FAIL')
       OR at_stage NOT IN ('leg_b_recorded', 'awaiting_lifecycle_authorization')
       OR at_stage = 'leg_b_recorded' AND p_outcome <> 'PASS'
       OR p_checks IS NULL
       OR octet_length(p_checks::text) > 8388608 THEN
        PERFORM cutter_console.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s does not wait for its verification, or it is not PASS', p_run_id),
            'See: cutter-console run show RUN');
    END IF;
    -- Before they are read: a row that changes meanwhile is another one afterwards.
    rows_read := cutter_console.fn_draft_rows(p_run_id);
    SELECT d.address || ': ' || d.difference INTO found
      FROM cutter_console.fn_draft_differences(p_run_id) d
     ORDER BY d.address LIMIT 1;
    IF p_outcome = 'PASS' AND found IS NOT NULL THEN
        PERFORM cutter_console.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('the drafts of run %s are not what was signed: %s', p_run_id, found),
            'See which: cutter-console verify RUN. Revert the draft cut: cutter-console revert RUN --confirm RUN');
    END IF;
    SELECT a.* INTO cut_under
      FROM cutter_governance.approval_use u
      JOIN cutter_governance.approval a USING (statement_sha256)
     WHERE u.run_id = p_run_id
       AND u.purpose = 'cut';
    -- As for a revert: the timeline may be a later one.
    PERFORM cutter_console.fn_assert_target(cut_under, 'revert');
    PERFORM cutter_console.fn_run_step(
        p_run_id, ARRAY['leg_b_recorded', 'awaiting_lifecycle_authorization'], 'awaiting_lifecycle_authorization',
        p_event);
    IF found IS NULL THEN
        SELECT array_agg(l.line ORDER BY l.seq) INTO drafts FROM cutter_console.fn_draft_signed_lines(p_run_id) l;
    ELSE
        SELECT array_agg(l.line ORDER BY l.seq) INTO drafts FROM cutter_console.fn_draft_lines(p_run_id) l;
    END IF;
    digest := cutter_console.fn_merkle_root(drafts);
    file_sha256 := encode(sha256(convert_to(array_to_string(drafts, chr(10)), 'UTF8')), 'hex');
    INSERT INTO cutter_governance.verify_result (
        id, run_id, outcome, checks, verified_at, system_identifier, timeline, draft_file_sha256, n_drafts, draft_seal)
    SELECT result, p_run_id, p_outcome, p_checks, clock_timestamp(), t.system_identifier, t.timeline, file_sha256,
           cardinality(drafts),
           CASE WHEN p_outcome = 'PASS'
                    THEN cutter_console.fn_draft_seal(rows_read, digest, file_sha256, cardinality(drafts)) END
      FROM cutter_console.fn_target() t;
    INSERT INTO cutter_governance.dot_pair_signature (verify_result_id, signed_digest) VALUES (result, digest);
    PERFORM cutter_console.fn_effect_end(
        p_run_id, 'verify', begun,
        jsonb_build_object('cutter_governance.verify_result', 1, 'cutter_governance.dot_pair_signature', 1));
    RETURN result;
END $$;

-- The same as fn_document_digest (0017), out of what is kept where all that readers see is law, or without these
-- addresses would be. Whoever compares what is kept with the rows asks the other one, which reads every body.
CREATE OR REPLACE FUNCTION cutter_console.fn_document_known(
    p_docprefix text, p_without text[] DEFAULT NULL, OUT units bigint, OUT digest text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT k.units, k.readers INTO units, digest
      FROM cutter_console.fn_base_known(p_docprefix) k
     WHERE NOT EXISTS (SELECT 1
                         FROM public.information_unit i
                        WHERE i.doc_code = p_docprefix
                          AND i.deleted_at IS NULL
                          AND CASE WHEN i.lifecycle_status = 'draft'
                                       THEN i.canonical_address NOT IN (SELECT unnest(p_without))
                                   WHEN i.lifecycle_status = 'enacted'
                                       THEN i.canonical_address IN (SELECT unnest(p_without)) END);
    IF digest IS NULL THEN
        SELECT d.units, d.digest INTO units, digest
          FROM cutter_console.fn_document_digest(p_docprefix, p_without) d;
    END IF;
END $$;
COMMENT ON FUNCTION cutter_console.fn_document_known IS
    'Units and digest of one document as readers see it, as fn_document_digest, as they are kept if no row has moved.';

-- As in 0017, but asks fn_document_known.
CREATE OR REPLACE FUNCTION cutter_console.fn_readers_leaves(p_documents text[], p_without text[], p_skip text[])
RETURNS TABLE (docprefix text, units bigint, digest text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH kept AS (
        SELECT k.docprefix, k.units, k.digest
          FROM cutter_governance.kept_document k
         WHERE NOT EXISTS (SELECT 1 FROM unnest(p_skip) s WHERE s = k.docprefix)
    )
    SELECT k.docprefix, k.units, k.digest
      FROM kept k
     WHERE k.digest IS NOT NULL
       AND k.docprefix <> ALL (coalesce(p_documents, '{}'))
       AND (SELECT c.rows > 50000
              FROM cutter_governance.kept_count c
             WHERE c.table_name = 'public.information_unit')
    UNION ALL
    SELECT d.docprefix, f.units, f.digest
      FROM (SELECT o.docprefix
              FROM kept o
             WHERE o.digest IS NULL
                OR o.docprefix = ANY (coalesce(p_documents, '{}'))
                OR (SELECT c.rows <= 50000
                      FROM cutter_governance.kept_count c
                     WHERE c.table_name = 'public.information_unit')
            UNION ALL
            SELECT n FROM cutter_console.fn_documents_not_kept() n) d
     CROSS JOIN LATERAL cutter_console.fn_document_known(
               d.docprefix,
               CASE WHEN d.docprefix = ANY (coalesce(p_documents, '{}')) THEN p_without END) f
$$;

REVOKE ALL ON FUNCTION cutter_console.fn_base_rows, cutter_console.fn_base_seal, cutter_console.fn_base_known,
    cutter_console.fn_keep_base, cutter_console.fn_document_known FROM PUBLIC;

-- What is law today.
SELECT cutter_console.fn_keep_base(k.docprefix) FROM cutter_governance.kept_document k;

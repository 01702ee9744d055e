-- schema: cutter_governance
-- Amendments: a document that is law is cut again from a revised text, and keeps its addresses. The manifest lists the
-- whole new document; written are the differences: a draft version for each changed unit, unit and version for each new
-- one. What is in force does not change before the enactment, which supersedes the old versions, and the units that are
-- gone. Whether a unit is unchanged, changed or new is decided here, from the rows, and not taken from whoever calls.

-- Two constraints are replaced by wider ones, which no row can break; the tables have a row a run.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid

-- ---------------------------------------------------------------------------------------------------------------------
-- What is new in the ledger
-- ---------------------------------------------------------------------------------------------------------------------

ALTER TABLE run DROP CONSTRAINT IF EXISTS run_operation_check;
ALTER TABLE run ADD CONSTRAINT run_operation_check CHECK (operation IN ('cut', 'edit', 'amend', 'repeal'));
ALTER TABLE manifest_envelope DROP CONSTRAINT IF EXISTS manifest_envelope_operation_check;
ALTER TABLE manifest_envelope ADD CONSTRAINT manifest_envelope_operation_check
    CHECK (operation IN ('cut', 'edit', 'amend', 'repeal'));
-- The manifest of a repeal is sealed too, and has no unit: nothing can be added to it.
ALTER TABLE manifest_envelope DROP CONSTRAINT IF EXISTS manifest_envelope_n_units_check;
ALTER TABLE manifest_envelope ADD CONSTRAINT manifest_envelope_n_units_check
    CHECK (n_units > 0 AND operation <> 'repeal' OR n_units = 0 AND operation = 'repeal');
ALTER TABLE run ADD COLUMN IF NOT EXISTS base_digest text CHECK (base_digest ~ '^[0-9a-f]{64}$');
COMMENT ON COLUMN run.base_digest IS
    'Of an amendment or a repeal: Merkle root over the document as it was law when it was planned (fn_base_digest).';
CREATE OR REPLACE TRIGGER guard_run_base BEFORE UPDATE ON run FOR EACH ROW
    WHEN (OLD.base_digest IS DISTINCT FROM NEW.base_digest
          AND NOT (NEW.stage = 'source_pinned' AND num_nulls(NEW.base_digest, NEW.plan_digest) = 2)
          AND (OLD.base_digest IS NOT NULL OR OLD.plan_digest IS NOT NULL OR OLD.operation NOT IN ('amend', 'repeal')))
    EXECUTE FUNCTION guard_refuse('an amendment keeps the base that it was planned against');
ALTER TABLE run ENABLE ALWAYS TRIGGER guard_run_base;

-- ---------------------------------------------------------------------------------------------------------------------
-- What an enactment of an amendment may change of a unit, and nothing else may
-- ---------------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION guard_amended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.approval_use u
                     JOIN cutter_governance.run r USING (run_id)
                    WHERE u.xid = pg_current_xact_id_if_assigned()
                      AND u.purpose = 'enact'
                      AND (r.operation = 'amend'
                           OR r.operation = 'repeal' AND NEW.lifecycle_status = 'superseded')
                      AND r.docprefix = NEW.doc_code) THEN
        RAISE EXCEPTION
            '% on %.% is refused: a unit that is law changes by the enactment of an amendment or a repeal only',
            TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'CU004',
                  DETAIL = 'STOP_INVARIANT_FAILED',
                  HINT = 'Plan an amendment of the document; it is signed, cut and enacted like the first text.';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION guard_amended IS
    'Lets the enactment of an amendment, or of a repeal, alone change units that are law.';

CREATE OR REPLACE TRIGGER guard_immutable BEFORE UPDATE ON public.information_unit FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.canonical_address, OLD.doc_code, OLD.created_by, OLD.created_at, OLD.deleted_at)
              IS DISTINCT FROM ROW (NEW.id, NEW.canonical_address, NEW.doc_code, NEW.created_by, NEW.created_at,
                                    NEW.deleted_at)
          OR (OLD.lifecycle_status = 'draft'
              AND ROW (OLD.unit_kind, OLD.section_type, OLD.section_code, OLD.parent_or_container_ref)
                  IS DISTINCT FROM ROW (NEW.unit_kind, NEW.section_type, NEW.section_code,
                                        NEW.parent_or_container_ref))
          OR (OLD.lifecycle_status <> 'draft'
              AND ROW (OLD.owner_ref, OLD.publication_type, OLD.identity_profile, OLD.conformance_status)
                  IS DISTINCT FROM ROW (NEW.owner_ref, NEW.publication_type, NEW.identity_profile,
                                        NEW.conformance_status)))
    EXECUTE FUNCTION guard_refuse('a unit''s identity never changes, and an enacted unit is immutable');
CREATE OR REPLACE TRIGGER guard_amended BEFORE UPDATE ON public.information_unit FOR EACH ROW
    WHEN (OLD.lifecycle_status <> 'draft'
          AND (ROW (OLD.unit_kind, OLD.section_type, OLD.section_code, OLD.parent_or_container_ref,
                    OLD.version_anchor_ref, OLD.content_anchor_ref)
                   IS DISTINCT FROM ROW (NEW.unit_kind, NEW.section_type, NEW.section_code,
                                         NEW.parent_or_container_ref, NEW.version_anchor_ref, NEW.content_anchor_ref)
               OR NEW.lifecycle_status IN ('enacted', 'superseded') AND OLD.lifecycle_status <> NEW.lifecycle_status))
    EXECUTE FUNCTION guard_amended();
CREATE OR REPLACE TRIGGER guard_transition BEFORE UPDATE ON public.information_unit FOR EACH ROW
    WHEN (OLD.lifecycle_status IS DISTINCT FROM NEW.lifecycle_status
          AND (OLD.lifecycle_status, NEW.lifecycle_status)
              NOT IN (('draft', 'enacted'), ('draft', 'superseded'), ('enacted', 'superseded'),
                      ('superseded', 'retired'), ('superseded', 'enacted')))
    EXECUTE FUNCTION guard_refuse('this lifecycle transition is not legal');
ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER guard_immutable;
ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER guard_amended;
ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER guard_transition;

-- ---------------------------------------------------------------------------------------------------------------------
-- The rows of one document, by index whatever else there is
-- ---------------------------------------------------------------------------------------------------------------------

-- A unit whose address begins with another document than its own: there is none, and so the index is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS information_unit_elsewhere ON public.information_unit (split_part(canonical_address, '/', 1))
    WHERE split_part(canonical_address, '/', 1) IS DISTINCT FROM doc_code;

-- Units that are of this document, or stand under its addresses. What asks for the rows of one document has nested
-- loops on, also below a function that has them off: rows are found by index, and not among those of all documents.
CREATE OR REPLACE FUNCTION fn_document_units(p_docprefix text) RETURNS SETOF public.information_unit
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.* FROM public.information_unit u WHERE u.doc_code = p_docprefix
    UNION ALL
    SELECT u.*
      FROM public.information_unit u
     WHERE split_part(u.canonical_address, '/', 1) = p_docprefix
       AND split_part(u.canonical_address, '/', 1) IS DISTINCT FROM u.doc_code
$$;
COMMENT ON FUNCTION fn_document_units IS 'Units that are of a document, or stand under its addresses.';

-- ---------------------------------------------------------------------------------------------------------------------
-- The base: the document as it is law, whether its newest text counts already or begins later
-- ---------------------------------------------------------------------------------------------------------------------

-- The newest enactment of a document; no row if none of it is law.
CREATE OR REPLACE FUNCTION fn_newest_state(p_docprefix text) RETURNS cutter_governance.v_document_state
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.* FROM cutter_governance.v_document_state s
     WHERE s.docprefix = p_docprefix
     ORDER BY s.state DESC LIMIT 1
$$;
COMMENT ON FUNCTION fn_newest_state IS 'The newest enactment of a document.';

-- The run that has repealed a document, also if the repeal counts from a later moment; NULL if none has.
CREATE OR REPLACE FUNCTION fn_repealed_by(p_docprefix text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.run_id FROM cutter_governance.v_document_state s
     WHERE s.docprefix = p_docprefix
       AND s.operation = 'repeal'
     ORDER BY s.state DESC LIMIT 1
$$;
COMMENT ON FUNCTION fn_repealed_by IS 'The run that has repealed a document; NULL if none has.';

-- Its units by address, from the rows: one line a unit, fields split by TAB as in fn_draft_lines. Nested loops stay on
-- here: the rows are committed, and those of one document are few beside those of a million others.
CREATE OR REPLACE FUNCTION fn_base_lines(p_docprefix text)
RETURNS TABLE (seq bigint, address text, unit_id uuid, version_id uuid, line text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT row_number() OVER (ORDER BY u.canonical_address COLLATE "C"), u.canonical_address, u.id, v.id,
           concat_ws(chr(9), u.canonical_address, coalesce(u.parent_or_container_ref, ''), u.unit_kind, u.section_type,
                     coalesce(u.section_code, ''), coalesce(v.title, ''),
                     encode(sha256(convert_to(v.body, 'UTF8')), 'hex'))
      FROM public.information_unit u
      JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.doc_code = p_docprefix
       AND u.lifecycle_status = 'enacted'
$$;
COMMENT ON FUNCTION fn_base_lines IS 'The units of a document that are law, by address, one line each.';

CREATE OR REPLACE FUNCTION fn_base_digest(p_docprefix text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_merkle_root(
        (SELECT array_agg(l.line ORDER BY l.seq) FROM cutter_governance.fn_base_lines(p_docprefix) l))
$$;
COMMENT ON FUNCTION fn_base_digest IS
    'Merkle root over the units of a document that are law; an amendment is bound to it.';

-- Why this document cannot be amended or repealed now; NULL where it can.
CREATE OR REPLACE FUNCTION fn_amend_refusal(p_docprefix text, p_base_digest text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    draft text := cutter_governance.fn_repealed_by(p_docprefix);
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
    SELECT min(u.canonical_address) INTO draft
      FROM public.information_unit u
     WHERE u.doc_code = p_docprefix
       AND (u.lifecycle_status = 'draft'
            OR EXISTS (SELECT 1
                         FROM public.unit_version v
                        WHERE v.unit_id = u.id
                          AND v.lifecycle_status = 'draft'));
    IF draft IS NOT NULL THEN
        RETURN format('%s has drafts of another run, first %s', p_docprefix, draft);
    END IF;
    IF p_base_digest IS NOT NULL AND p_base_digest IS DISTINCT FROM cutter_governance.fn_base_digest(p_docprefix) THEN
        RETURN format('%s is not the law that the run was planned against: its digest is %s',
                      p_docprefix, cutter_governance.fn_base_digest(p_docprefix));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION fn_amend_refusal IS 'Why a document cannot be amended or repealed now; NULL where it can.';

-- The base that an amendment or a repeal is planned against, before its plan is recorded.
CREATE OR REPLACE FUNCTION fn_run_base(p_run_id text, p_base_digest text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    prefix text;
    refused text;
BEGIN
    UPDATE cutter_governance.run
       SET base_digest = p_base_digest
     WHERE run_id = p_run_id
       AND operation IN ('amend', 'repeal')
       AND stage = 'marked'
       AND plan_digest IS NULL
       AND p_base_digest IS NOT NULL
    RETURNING docprefix INTO prefix;
    refused := CASE WHEN prefix IS NULL THEN format('run %s waits for no base', p_run_id)
                    ELSE cutter_governance.fn_amend_refusal(prefix, p_base_digest) END;
    IF refused IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_DRIFT', 'CU005',
            format('run %s cannot be planned: %s', p_run_id, refused),
            'Void the run, and plan it again, against the law of today: cutter-console run start');
    END IF;
END $$;
COMMENT ON FUNCTION fn_run_base IS 'Records the law that an amendment or a repeal is planned against.';

-- The units of an amendment with what becomes of each: unchanged, changed, new or returns, from the rows as they are.
CREATE OR REPLACE FUNCTION fn_amended_units(p_run_id text)
RETURNS TABLE (seq integer, address text, unit_id uuid, version_id uuid, effect text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
    SELECT b.seq, b.address, b.unit_id, b.version_id,
           CASE WHEN b.version_id = u.version_anchor_ref AND u.lifecycle_status <> 'draft' THEN 'unchanged'
                WHEN u.lifecycle_status = 'enacted' THEN 'changed'
                WHEN u.lifecycle_status = 'draft' THEN 'new'
                ELSE 'returns' END
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.id = b.unit_id
     WHERE b.run_id = p_run_id
$$;
COMMENT ON FUNCTION fn_amended_units IS
    'The units of an amendment before its enactment: unchanged, changed, new or back again.';

-- The units that are law and not in the new text.
CREATE OR REPLACE FUNCTION fn_gone_units(p_run_id text) RETURNS TABLE (address text, unit_id uuid, version_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
    SELECT l.address, l.unit_id, l.version_id
      FROM cutter_governance.run r
     CROSS JOIN LATERAL cutter_governance.fn_base_lines(r.docprefix) l
      LEFT JOIN cutter_governance.manifest_unit_block b ON b.run_id = r.run_id AND b.unit_id = l.unit_id
     WHERE r.run_id = p_run_id
       AND b.unit_id IS NULL
$$;
COMMENT ON FUNCTION fn_gone_units IS
    'The units that are law before the enactment of an amendment, and not in its text.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Drafts: those of an amendment are the whole document as it will be
-- ---------------------------------------------------------------------------------------------------------------------

-- As in 0012; of an amendment every unit of the new text, read back from the rows, so that SG_2 names the whole result.
-- Of a repeal every unit that goes out of force, as in fn_base_lines: SG_2 names them, and their digest is the base's.
CREATE OR REPLACE FUNCTION fn_draft_lines(p_run_id text)
RETURNS TABLE (seq bigint, address text, title text, body_sha256 text, unit_id uuid, line text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET work_mem = '64MB' SET enable_nestloop = on AS $$
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
                              FROM cutter_governance.fn_document_units(
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
                   v.title, encode(sha256(convert_to(v.body, 'UTF8')), 'hex'), b.seq
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
                   v.title, encode(sha256(convert_to(v.body, 'UTF8')), 'hex'), NULL
              FROM cutter_governance.run a
              JOIN public.information_unit u ON u.doc_code = a.docprefix AND u.lifecycle_status = 'enacted'
              JOIN public.unit_version v ON v.id = u.version_anchor_ref
             WHERE a.run_id = p_run_id
               AND a.operation = 'repeal') d
$$;

-- The rows of this run's drafts, their versions and manifests, by place and writer. PostgreSQL writes a row that
-- changes to another place, under the id of the transaction, whoever changes it, with guards and triggers or without.
-- So equal answers at two moments mean that no row was changed, added or removed in between. No text is read, which
-- takes a tenth of the time. The id of the server is in it: a database that was restored counts transactions afresh.
CREATE OR REPLACE FUNCTION fn_draft_rows(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET work_mem = '64MB' SET enable_nestloop = on AS $$
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
      FROM r
     CROSS JOIN (SELECT string_agg(concat_ws(',', k.kind, k.n, k.a, k.b), ':' ORDER BY k.kind COLLATE "C") AS rows
                   FROM (SELECT t.kind, count(*) AS n,
                                sum(hash_record_extended(ROW (t.place, t.writer), 0)) AS a,
                                sum(hash_record_extended(ROW (t.place, t.writer), 25214903917)) AS b
                           FROM present t
                          GROUP BY t.kind) k) p
$$;
COMMENT ON FUNCTION fn_draft_rows IS
    'One digest over the rows of a run''s drafts and manifests, by place and writer: equal if no row has changed.';

-- A verification's digests bound to the rows that they were computed of.
CREATE OR REPLACE FUNCTION fn_draft_seal(p_rows text, p_digest text, p_file_sha256 text, p_n integer) RETURNS text
LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(p_rows || ':' || p_digest || ':' || p_file_sha256 || ':' || p_n, 'UTF8')), 'hex')
$$;
COMMENT ON FUNCTION fn_draft_seal IS 'Binds the digests that a verification has computed to the rows of the drafts.';

-- Digests and number of this run's drafts, if the last verification of them on this server and timeline passed and no
-- row has moved since; no row otherwise. A promoted standby has the same rows in the same places, and they were not
-- verified there. fn_verify_record compared each draft with what was signed, and took the rows' places before it did.
CREATE OR REPLACE FUNCTION fn_draft_known(p_run_id text)
RETURNS TABLE (digest text, file_sha256 text, n integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.signed_digest, w.draft_file_sha256, w.n_drafts
      FROM cutter_governance.fn_target() t
     CROSS JOIN LATERAL (SELECT * FROM cutter_governance.verify_result v
                          WHERE v.run_id = p_run_id
                            AND (v.system_identifier, v.timeline) = (t.system_identifier, t.timeline)
                          ORDER BY v.verified_at DESC, v.id LIMIT 1) w
      JOIN cutter_governance.dot_pair_signature g ON g.verify_result_id = w.id
     WHERE w.outcome = 'PASS'
       AND w.draft_seal IS NOT NULL
       AND w.draft_seal = cutter_governance.fn_draft_seal(
               cutter_governance.fn_draft_rows(p_run_id), g.signed_digest, w.draft_file_sha256, w.n_drafts)
$$;
COMMENT ON FUNCTION fn_draft_known IS
    'Digests and number of a run''s drafts as they were verified, if no row has moved since.';

-- The lines of drafts that are known, out of the manifests that they were compared with; whoever takes them compares
-- their digest. The text of a repeal has none, and its lines are read.
CREATE OR REPLACE FUNCTION fn_draft_signed_lines(p_run_id text) RETURNS TABLE (seq bigint, line text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
    SELECT s.seq, concat_ws(chr(9), s.address, coalesce(s.parent, ''), s.unit_kind, s.section_type,
                            coalesce(s.section_code, ''), coalesce(s.title, ''), s.body_sha256)
      FROM cutter_governance.run r
     CROSS JOIN LATERAL cutter_governance.fn_draft_signed(r.run_id) s
     WHERE r.run_id = p_run_id
       AND r.operation = 'cut'
    UNION ALL
    SELECT b.seq, concat_ws(chr(9), b.address, coalesce(b.parent_address, ''), b.unit_kind, b.section_type,
                            coalesce(b.section_code, ''), coalesce(b.title, ''), b.body_sha256)
      FROM cutter_governance.run r
      JOIN cutter_governance.manifest_unit_block b USING (run_id)
     WHERE r.run_id = p_run_id
       AND r.operation = 'amend'
    UNION ALL
    SELECT l.seq, l.line
      FROM cutter_governance.run r
     CROSS JOIN LATERAL cutter_governance.fn_draft_lines(r.run_id) l
     WHERE r.run_id = p_run_id
       AND r.operation NOT IN ('cut', 'amend')
$$;
COMMENT ON FUNCTION fn_draft_signed_lines IS
    'The lines of drafts that stand as they were signed, out of the manifests; to be compared with their digest.';

-- Every unit of an amended document that is not, row for row, what was signed: address and reason. The text of a repeal
-- has none: compared are its empty manifest, and the law that it ends.
-- The manifest's digest stands in a SELECT of its own, or the planner would compute it too, to estimate.
CREATE OR REPLACE FUNCTION fn_amend_differences(p_run_id text) RETURNS TABLE (address text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
    WITH r AS (SELECT * FROM cutter_governance.run WHERE run_id = p_run_id),
         present AS MATERIALIZED (
             SELECT u.*, b.seq, b.address, b.unit_id AS signed_id, b.version_id AS signed_version,
                    b.parent_address, b.unit_kind AS signed_kind, b.section_type AS signed_type,
                    b.section_code AS signed_code, b.title AS signed_title, b.body_sha256 AS signed_sha256,
                    v.unit_id AS version_of, v.title, v.content_hash, v.lifecycle_status AS version_status,
                    encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS body_sha256
               FROM (SELECT * FROM cutter_governance.manifest_unit_block m WHERE m.run_id = p_run_id) b
               LEFT JOIN public.information_unit u ON u.canonical_address = b.address
               LEFT JOIN public.unit_version v ON v.id = b.version_id
         )
    SELECT coalesce((SELECT docprefix FROM r), p_run_id),
           format('run %s has no sealed manifest of the signed digest', p_run_id)
     WHERE NOT EXISTS (SELECT 1
                         FROM cutter_governance.manifest_seal s
                        WHERE s.run_id = p_run_id
                          AND s.manifest_digest = (SELECT cutter_governance.fn_manifest_digest(p_run_id))
                          AND s.n_units = (
                              SELECT count(*) FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id))
    UNION ALL
    SELECT (SELECT docprefix FROM r),
           format('the law that it is to %s is not the one that was signed', (SELECT operation FROM r))
     WHERE (SELECT base_digest FROM r) IS DISTINCT FROM cutter_governance.fn_base_digest((SELECT docprefix FROM r))
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
      FROM cutter_governance.fn_document_units((SELECT docprefix FROM r)) u
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
COMMENT ON FUNCTION fn_amend_differences IS 'Every unit of an amended document that is not what was signed.';

-- As in 0012, and of an amendment the differences above.
CREATE OR REPLACE FUNCTION fn_draft_differences(p_run_id text) RETURNS TABLE (address text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET work_mem = '64MB' SET enable_nestloop = on AS $$
    WITH r AS (SELECT * FROM cutter_governance.run WHERE run_id = p_run_id),
         signed AS MATERIALIZED (SELECT * FROM cutter_governance.fn_draft_signed(p_run_id)),
         present AS MATERIALIZED (
             SELECT u.*, v.id AS version_id, v.unit_id AS version_of, v.title, v.content_hash,
                    v.lifecycle_status AS version_status,
                    encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS body_sha256,
                    (SELECT count(*) FROM public.unit_version w WHERE w.unit_id = u.id) AS versions
               FROM (SELECT d.id FROM cutter_governance.fn_document_units((SELECT docprefix FROM r)) d
                     UNION
                     SELECT b.unit_id FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id) c
               JOIN public.information_unit u ON u.id = c.id
               LEFT JOIN public.unit_version v ON v.id = u.version_anchor_ref
         )
    SELECT coalesce((SELECT docprefix FROM r), p_run_id),
           format('run %s has no sealed manifest of the signed digest', p_run_id)
     WHERE (SELECT operation FROM r) NOT IN ('amend', 'repeal') IS NOT FALSE
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.manifest_seal s
                        WHERE s.run_id = p_run_id
                          AND s.manifest_digest = (SELECT cutter_governance.fn_manifest_digest(p_run_id))
                          AND s.n_units = (
                              SELECT count(*) FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id))
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
     CROSS JOIN LATERAL cutter_governance.fn_amend_differences(r.run_id) d
     WHERE r.operation IN ('amend', 'repeal')
$$;

-- What taking the drafts of this run back must come to; of an amendment the new units alone are seen by anybody.
CREATE OR REPLACE FUNCTION fn_revert_digest(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_readers_digest_without(
        (SELECT array_agg(l.address)
           FROM cutter_governance.fn_draft_lines(p_run_id) l
           JOIN public.information_unit u ON u.id = l.unit_id
          WHERE u.lifecycle_status = 'draft'))
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Runs and rulings
-- ---------------------------------------------------------------------------------------------------------------------

-- As in 0012; an edit is of drafts that are no amendment of law, and of a repealed document no run begins.
CREATE OR REPLACE FUNCTION fn_run_create(
    p_run_id text, p_operation text, p_docprefix text, p_origin text, p_profile text, p_operator text, p_host text,
    p_event jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF 4096 < ANY (ARRAY[length(p_origin), length(p_profile), length(p_operator), length(p_host)]) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'origin, profile, operator and host of a run have at most 4096 characters each',
            'Use the console.');
    END IF;
    IF cutter_governance.fn_repealed_by(p_docprefix) IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REPLAY_CONFLICT', 'CU004',
            format('%s was repealed by run %s, for good', p_docprefix, cutter_governance.fn_repealed_by(p_docprefix)),
            'Its addresses stay what they meant: a new text needs a document prefix of its own.');
    END IF;
    IF p_operation = 'edit'
       AND EXISTS (SELECT 1
                     FROM public.information_unit u
                    WHERE u.doc_code = p_docprefix
                      AND u.lifecycle_status <> 'draft') THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            format('%s is law, or was: drafts of an amendment are not edited', p_docprefix),
            'Revert the amendment, correct the text, and amend again.');
    END IF;
    INSERT INTO cutter_governance.run (run_id, operation, docprefix, origin, profile, operator, host, journal_lock)
    VALUES (p_run_id, p_operation, p_docprefix, p_origin, p_profile, p_operator, p_host,
            encode(sha256(decode(p_event ->> 'key', 'hex')), 'hex'));
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;

-- A statement, as fn_approval_import takes it: signed itself, or named by the signed statement over a batch, whose
-- signers were verified by whoever calls (fn_batch_import). A ruling over an amendment says so, and names the law
-- that it amends.
CREATE OR REPLACE FUNCTION fn_approval_take(
    p_statement bytea, p_signatures bytea[], p_batch_ruling text, p_signers text[]
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET timezone = 'UTC' AS $$
DECLARE
    s jsonb := cutter_governance.fn_statement(p_statement);
    n cutter_governance.approval;
    old cutter_governance.approval;
    r cutter_governance.run;
    t record;
    current_policy text := (SELECT policy_sha256 FROM cutter_governance.policy_pin ORDER BY id DESC LIMIT 1);
    wrong text;
    refused text;
    drafts record;
BEGIN
    wrong := CASE WHEN s ->> 'schema' IS DISTINCT FROM 'cutter-console/statement/2'
                      THEN format('its schema is %s, not cutter-console/statement/2', s ->> 'schema')
                  WHEN (s ->> 'kind', s ->> 'purpose')
                           NOT IN (('SG_1', 'cut'), ('SG_1', 'edit'), ('SG_1', 'revert'), ('SG_2', 'enact'))
                           IS NOT FALSE
                      THEN format('%s is no ruling to %s', s ->> 'kind', s ->> 'purpose')
                  WHEN s ->> 'allowance' IS DISTINCT FROM 'explicit' THEN 'its allowance is not explicit'
                  WHEN encode(p_statement, 'escape') ~* 'approval-(sovereign-prod-write-1|u-w4b-grant-1)'
                      THEN 'it names a placeholder approval'
                  WHEN s ->> 'policy_sha256' IS DISTINCT FROM current_policy
                      THEN format('it names policy %s; pinned in this database is %s',
                                  s ->> 'policy_sha256', coalesce(current_policy, 'none'))
                  WHEN coalesce(s ->> 'not_before', '') !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'
                    OR coalesce(s ->> 'expires', '') !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'
                      THEN 'its times are not written as 2026-01-31T08:00:00Z'
                  WHEN coalesce(s ->> 'in_force_from', '2026-01-31T08:00:00Z')
                           !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'
                      THEN 'the moment from which it is in force is not written as 2026-01-31T08:00:00Z'
                  WHEN (s ->> 'manifest_digest' IS NULL) IS DISTINCT FROM (s ->> 'purpose' IN ('enact', 'revert'))
                      THEN 'a ruling to cut or to edit names the manifest, no other does'
                  WHEN (s ->> 'draft_digest' IS NULL) IS DISTINCT FROM (s ->> 'purpose' IN ('cut', 'edit'))
                      THEN 'a ruling over drafts names their digest, no other does'
                  WHEN (s ->> 'review_decision_id' IS NULL) IS DISTINCT FROM (s ->> 'kind' = 'SG_1')
                      THEN 'SG_2 has a review decision of its own, SG_1 has none' END;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            'the statement is refused: ' || wrong,
            'Draft it again: cutter-console approval draft RUN');
    END IF;
    -- Not FOR UPDATE: an import that is left open would keep everybody waiting whose row refers to the run.
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = s ->> 'run_id' FOR NO KEY UPDATE;
    SELECT * INTO t FROM cutter_governance.fn_target();
    BEGIN
        n.statement_sha256 := encode(sha256(p_statement), 'hex');
        n.kind := s ->> 'kind';
        n.purpose := s ->> 'purpose';
        n.run_id := r.run_id;
        n.plan_digest := s ->> 'plan_digest';
        n.manifest_digest := coalesce(
            s ->> 'manifest_digest',
            (SELECT m.manifest_digest FROM cutter_governance.manifest_seal m WHERE m.run_id = r.run_id),
            '');
        n.policy_sha256 := s ->> 'policy_sha256';
        n.baseline_digest := s ->> 'baseline_digest';
        n.draft_digest := s ->> 'draft_digest';
        n.review_decision_id := (s ->> 'review_decision_id')::uuid;
        n.n_units := (s ->> 'n_units')::integer;
        n.database := s #>> '{target,database}';
        n.system_identifier := s #>> '{target,system_identifier}';
        n.timeline := (s #>> '{target,timeline}')::integer;
        n.not_before := (s ->> 'not_before')::timestamptz;
        n.expires := (s ->> 'expires')::timestamptz;
        n.canonical_sha256 := s ->> 'canonical_sha256';
        n.in_force_from := (s ->> 'in_force_from')::timestamptz;
    EXCEPTION WHEN data_exception THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            'the statement is refused: a number, a time or an id in it is none',
            'Draft it again: cutter-console approval draft RUN');
    END;
    wrong := CASE WHEN r.run_id IS NULL THEN format('no run %s in this database', s ->> 'run_id')
                  WHEN (n.plan_digest, n.baseline_digest, s ->> 'source_sha256', n.canonical_sha256,
                        s #>> '{document,docprefix}', s #>> '{document,origin}')
                           IS DISTINCT FROM (r.plan_digest, r.baseline_digest, r.source_sha256, r.canonical_sha256,
                                             r.docprefix, r.origin)
                      THEN format('it is not about the plan of run %s', r.run_id)
                  WHEN n.purpose <> 'revert' AND n.n_units IS DISTINCT FROM r.n_units
                      THEN format('it is about %s units, run %s has %s', n.n_units, r.run_id, r.n_units)
                  WHEN n.purpose <> CASE WHEN n.purpose IN ('enact', 'revert') AND r.operation <> 'edit' THEN n.purpose
                                         WHEN r.operation IN ('amend', 'repeal') THEN 'cut'
                                         ELSE r.operation END
                      THEN format('run %s is no run to %s', r.run_id, n.purpose)
                  WHEN coalesce(s ->> 'operation', CASE WHEN n.purpose = 'edit' THEN 'edit' ELSE 'cut' END)
                           IS DISTINCT FROM r.operation
                      THEN format('it does not say that run %s is to %s', r.run_id, r.operation)
                  WHEN s #>> '{amendment,base_digest}' IS DISTINCT FROM r.base_digest
                      THEN format('it does not name the law that run %s is to %s, digest %s',
                                  r.run_id, r.operation, coalesce(r.base_digest, 'none'))
                  WHEN n.in_force_from IS NOT NULL AND (n.kind <> 'SG_2' OR n.in_force_from <= clock_timestamp())
                      THEN 'a text is in force from its enactment, or from a later moment that SG_2 names'
                  WHEN n.purpose = 'enact'
                   AND coalesce(n.in_force_from, clock_timestamp())
                       < (SELECT l.in_force_from FROM cutter_governance.fn_newest_state(r.docprefix) l)
                      THEN 'the text that it follows is in force from a later moment'
                  WHEN (n.database, n.system_identifier, n.timeline)
                           IS DISTINCT FROM (t.database, t.system_identifier, t.timeline)
                      THEN format('it was made for %s/%s, timeline %s; this is %s/%s, timeline %s',
                                  n.database, n.system_identifier, n.timeline, t.database, t.system_identifier,
                                  t.timeline)
                  WHEN n.expires <= n.not_before
                    OR n.expires - n.not_before
                           > CASE n.kind WHEN 'SG_1' THEN interval '24 hours' ELSE interval '12 hours' END
                      THEN 'it is valid for longer than such a ruling may be'
                  WHEN n.expires <= clock_timestamp() OR n.not_before > clock_timestamp() + interval '2 minutes'
                      THEN format('it is valid from %s to %s', n.not_before, n.expires) END;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            CASE WHEN wrong LIKE 'it was made for%' THEN 'STOP_IDENTITY_MISMATCH' ELSE 'STOP_APPROVAL_INVALID' END,
            CASE WHEN wrong LIKE 'it was made for%' THEN 'CU005' ELSE 'CU004' END,
            'the statement is refused: ' || wrong,
            'Draft a statement for this run as it is now: cutter-console approval draft RUN');
    END IF;
    SELECT * INTO old FROM cutter_governance.approval WHERE statement_sha256 = n.statement_sha256;
    IF old.statement_sha256 IS NULL THEN
        IF EXISTS (SELECT 1
                     FROM cutter_governance.approval_use u
                    WHERE u.run_id = n.run_id
                      AND u.purpose = n.purpose) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_APPROVAL_USED', 'CU004',
                format('run %s has been ruled on to %s, and that is done; it takes no other ruling',
                       n.run_id, n.purpose),
                'See: cutter-console run show RUN');
        END IF;
        IF EXISTS (SELECT 1 FROM cutter_governance.review_decision WHERE id = n.review_decision_id) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_APPROVAL_USED', 'CU004',
                'the review decision has been used; SG_2 needs its own',
                'Draft a new SG_2.');
        END IF;
        IF n.purpose IN ('enact', 'revert') THEN
            -- Read once: they are compared by digest, by the file's digest and by their number.
            SELECT * INTO drafts FROM cutter_governance.fn_draft_reading(n.run_id);
            refused := coalesce(
                CASE WHEN n.purpose = 'enact' THEN drafts.refused END,
                CASE WHEN n.draft_digest <> drafts.digest
                         THEN 'the drafts are not those that the statement names'
                     WHEN s #> '{drafts,units}' IS NOT NULL
                      AND s #> '{drafts,units}' IS DISTINCT FROM cutter_governance.fn_draft_units(n.run_id)
                         THEN 'the units that the statement lists are not the drafts'
                     WHEN s #>> '{drafts,file_sha256}' IS DISTINCT FROM drafts.file_sha256
                         THEN 'the file of units that the statement names is not of the drafts'
                     WHEN drafts.n IS DISTINCT FROM n.n_units
                       OR s #> '{drafts,count}' IS DISTINCT FROM to_jsonb(n.n_units)
                         THEN 'it is about another number of drafts'
                     WHEN n.purpose = 'enact'
                      AND s ->> 'sg1_sha256'
                          IS DISTINCT FROM (SELECT u.statement_sha256
                                              FROM cutter_governance.approval_use u
                                             WHERE u.run_id = n.run_id
                                               AND u.purpose = 'cut')
                         THEN 'it names another SG_1 than the one that was used' END);
            IF refused IS NOT NULL THEN
                PERFORM cutter_governance.fn_stop(
                    'STOP_DRIFT', 'CU005',
                    'the statement is refused: ' || refused,
                    'See which: cutter-console verify RUN. Then draft a new statement.');
            END IF;
        END IF;
    END IF;
    n.signers := CASE WHEN p_batch_ruling IS NULL
                          THEN cutter_governance.fn_signers(
                              p_statement, p_signatures, n.policy_sha256, n.kind, n.not_before, n.expires)
                      ELSE p_signers END;
    IF old.statement_sha256 IS NOT NULL THEN
        IF (old.kind, old.purpose, old.run_id, old.plan_digest, old.manifest_digest, old.policy_sha256,
            old.baseline_digest, old.draft_digest, old.review_decision_id, old.n_units, old.database,
            old.system_identifier, old.timeline, old.not_before, old.expires, old.canonical_sha256, old.in_force_from,
            old.statement)
            IS DISTINCT FROM (n.kind, n.purpose, n.run_id, n.plan_digest, n.manifest_digest, n.policy_sha256,
                              n.baseline_digest, n.draft_digest, n.review_decision_id, n.n_units, n.database,
                              n.system_identifier, n.timeline, n.not_before, n.expires, n.canonical_sha256,
                              n.in_force_from, p_statement) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_REPLAY_CONFLICT', 'CU004',
                format('statement %s is recorded already, with other columns than its bytes say (by %s)',
                       n.statement_sha256, old.imported_by),
                'Somebody has tampered. Set a HOLD, keep the database as it is, and call the sovereign: cutter-console panic');
        END IF;
        -- The recorded signatures are what a write verifies:
        -- a row with others would be taken here and refused later on.
        IF old.signers IS DISTINCT FROM cutter_governance.fn_approval_signers(old) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_REPLAY_CONFLICT', 'CU004',
                format('statement %s is recorded already, with other signers than its signatures prove (by %s)',
                       n.statement_sha256, old.imported_by),
                'Somebody has tampered. Set a HOLD, keep the database as it is, and call the sovereign: cutter-console panic');
        END IF;
        RETURN n.statement_sha256;
    END IF;
    INSERT INTO cutter_governance.approval (
        statement_sha256, kind, run_id, plan_digest, manifest_digest, policy_sha256, baseline_digest, draft_digest,
        review_decision_id, n_units, database, system_identifier, timeline, not_before, expires, signers, statement,
        signatures, purpose, canonical_sha256, in_force_from, batch_ruling)
    VALUES (n.statement_sha256, n.kind, n.run_id, n.plan_digest, n.manifest_digest, n.policy_sha256, n.baseline_digest,
            n.draft_digest, n.review_decision_id, n.n_units, n.database, n.system_identifier, n.timeline, n.not_before,
            n.expires, n.signers, p_statement, p_signatures, n.purpose, n.canonical_sha256, n.in_force_from,
            p_batch_ruling);
    RETURN n.statement_sha256;
END $$;
COMMENT ON FUNCTION fn_approval_take IS
    'Records a statement that is signed, or that the signed statement over a batch names, with every column of its bytes.';

-- As in 0012: a statement with its own signatures.
CREATE OR REPLACE FUNCTION fn_approval_import(p_statement bytea, p_signatures bytea[]) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_approval_take(p_statement, p_signatures, NULL, NULL)
$$;

-- As in 0012; an amendment or a repeal is armed where a cut is.
CREATE OR REPLACE FUNCTION fn_lease_arm(
    p_run_id text, p_purpose text, p_operator text, p_host text, p_minutes integer
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cut_under cutter_governance.approval;
BEGIN
    PERFORM cutter_governance.fn_write_lock(true);
    IF p_minutes IS NULL
       OR p_minutes NOT BETWEEN 1 AND 60
       OR coalesce(length(p_operator), 0) NOT BETWEEN 1 AND 200
       OR coalesce(length(p_host), 0) NOT BETWEEN 1 AND 200 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'a lease is for 1 to 60 minutes, and names operator and host',
            'Use: cutter-console arm RUN --confirm RUN');
    END IF;
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.run r
                    WHERE r.run_id = p_run_id
                      AND (r.family IN ('active', 'stopped') OR r.family = 'failed' AND p_purpose = 'revert')
                      AND CASE p_purpose
                          WHEN 'cut'
                              THEN r.operation IN ('cut', 'amend', 'repeal')
                                   AND r.stage IN ('awaiting_cut_authorization', 'cut_leg_a_committed',
                                                   'structural_verified', 'leg_b_recorded')
                          WHEN 'edit' THEN r.operation = 'edit' AND r.stage = 'awaiting_cut_authorization'
                          WHEN 'enact'
                              THEN r.operation IN ('cut', 'amend', 'repeal')
                                   AND r.stage = 'awaiting_lifecycle_authorization'
                          WHEN 'revert'
                              THEN r.operation IN ('cut', 'amend', 'repeal')
                                   AND r.stage IN ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded',
                                                   'write_verified', 'awaiting_lifecycle_authorization')
                          ELSE false END) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('run %s is not at a stage from which it can %s', p_run_id, p_purpose),
            'See: cutter-console run show RUN');
    END IF;
    -- What is left of a cut that is committed is done under the ruling that it was cut under.
    SELECT a.* INTO cut_under
      FROM cutter_governance.run r
      JOIN cutter_governance.approval_use u USING (run_id)
      JOIN cutter_governance.approval a USING (statement_sha256)
     WHERE r.run_id = p_run_id
       AND p_purpose = 'cut'
       AND u.purpose = 'cut'
       AND r.stage <> 'awaiting_cut_authorization';
    IF cut_under.statement_sha256 IS NULL THEN
        PERFORM cutter_governance.fn_ruling(p_run_id, p_purpose);
    ELSE
        PERFORM cutter_governance.fn_assert_target(cut_under, 'cut');
    END IF;
    PERFORM cutter_governance.fn_assert_backup(p_run_id);
    RETURN cutter_governance.fn_lease_open(p_run_id, NULL, p_purpose, p_operator, p_host, p_minutes);
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Writes
-- ---------------------------------------------------------------------------------------------------------------------

-- As in 0012, with the text between the units; of an amendment a unit that is there keeps its id, and its version if it
-- is law as the new text has it. Of a repeal manifest and text are empty: what is sealed is that nothing is left.
CREATE OR REPLACE FUNCTION fn_manifest_seal(
    r cutter_governance.run, a cutter_governance.approval, p_manifest bytea, p_canonical bytea
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
DECLARE
    n bigint;
    bad record;
    unknown text;
    planned integer := CASE r.operation WHEN 'repeal' THEN 0 ELSE r.n_units END;
BEGIN
    IF encode(sha256(p_manifest), 'hex') IS DISTINCT FROM a.manifest_digest
       OR encode(sha256(p_canonical), 'hex') IS DISTINCT FROM a.canonical_sha256
       OR a.canonical_sha256 IS DISTINCT FROM r.canonical_sha256
       OR a.n_units IS DISTINCT FROM r.n_units
       OR a.purpose IS DISTINCT FROM (
              CASE WHEN r.operation IN ('amend', 'repeal') THEN 'cut' ELSE r.operation END)
       OR r.operation = 'repeal' AND octet_length(p_manifest || p_canonical) > 0 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            format('manifest or text of run %s is not the one that was signed', r.run_id),
            'Start again from the plan.');
    END IF;
    IF EXISTS (SELECT 1 FROM cutter_governance.manifest_envelope WHERE run_id = r.run_id)
       OR EXISTS (SELECT 1 FROM cutter_governance.manifest_unit_block WHERE run_id = r.run_id) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has a manifest already', r.run_id),
            'A manifest is sealed once; start another run.');
    END IF;
    INSERT INTO cutter_governance.manifest_envelope (
        run_id, operation, docprefix, source_version_id, plan_digest, content_digest, n_units)
    SELECT r.run_id, r.operation, r.docprefix, v.id, r.plan_digest, r.content_digest, planned
      FROM cutter_governance.source_document_version_registry v
     WHERE v.docprefix = r.docprefix
       AND v.sha256 = r.source_sha256;
    -- The ids are UUIDs of version 8 (RFC 9562) out of one sha256:
    -- two random ones for each row would take as long as the rest of it.
    INSERT INTO cutter_governance.manifest_unit_block (
        run_id, seq, address, parent_address, unit_kind, section_type, section_code, title, byte_start, byte_end,
        line_start, line_end, body_sha256, body, unit_id, version_id)
    SELECT r.run_id, l.f[1]::integer, l.f[2], nullif(l.f[3], ''), l.f[4], l.f[5], l.f[6], l.f[7], l.f[8]::bigint,
           l.f[9]::bigint, l.f[10]::integer, l.f[11]::integer, l.f[12],
           convert_from(substring(p_canonical FROM l.f[8]::integer + 1 FOR l.f[9]::integer - l.f[8]::integer), 'UTF8'),
           coalesce(u.id, overlay(overlay(left(l.h, 32) PLACING '8' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1)::uuid),
           coalesce(w.version_id,
                    overlay(overlay(right(l.h, 32) PLACING '8' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1)::uuid)
      FROM (SELECT string_to_array(m.line, chr(31)) AS f,
                   encode(sha256(convert_to(r.run_id || '/' || m.place, 'UTF8')), 'hex') AS h
              FROM string_to_table(convert_from(p_manifest, 'UTF8'), chr(10)) WITH ORDINALITY AS m (line, place)
            -- OFFSET keeps the two apart: otherwise each line would be split once for each of its fields.
            OFFSET 0) l
      LEFT JOIN (SELECT i.id, i.canonical_address
                   FROM public.information_unit i
                  WHERE r.operation = 'amend'
                    AND i.doc_code = r.docprefix) u
             ON u.canonical_address = l.f[2]
      LEFT JOIN cutter_governance.fn_base_lines(CASE r.operation WHEN 'amend' THEN r.docprefix END) w
             ON w.line = concat_ws(chr(9), l.f[2], l.f[3], l.f[4], l.f[5], l.f[6], l.f[7], l.f[12]);
    GET DIAGNOSTICS n = ROW_COUNT;
    SELECT min(b.seq) FILTER (WHERE b.seq <> b.place) AS number,
           min(b.seq) FILTER (WHERE NOT starts_with(b.address, r.docprefix || '/')) AS outside,
           min(b.seq) FILTER (WHERE NOT b.is_intact) AS hash,
           min(b.seq) FILTER (WHERE b.byte_start < coalesce(b.before, 0)
                              OR b.byte_end <= b.byte_start
                              OR b.byte_end > octet_length(p_canonical)) AS span,
           min(b.seq) FILTER (WHERE b.again > 1) AS twice
      INTO bad
      FROM (SELECT i.*,
                   row_number() OVER (ORDER BY i.seq) AS place,
                   lag(i.byte_end) OVER (ORDER BY i.seq) AS before,
                   count(*) OVER (PARTITION BY i.address) AS again
              FROM (SELECT m.seq, m.address, m.byte_start, m.byte_end,
                           encode(sha256(convert_to(m.body, 'UTF8')), 'hex') = m.body_sha256 AS is_intact
                      FROM cutter_governance.manifest_unit_block m
                     WHERE m.run_id = r.run_id
                    OFFSET 0) i) b;
    -- The rows are compared too: a field too many, or a number that is spelt in another way, would mean the same row.
    IF n IS DISTINCT FROM planned OR num_nonnulls(bad.number, bad.outside, bad.hash, bad.span, bad.twice) > 0
       OR cutter_governance.fn_manifest_digest(r.run_id) IS DISTINCT FROM a.manifest_digest THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format(
                'the manifest does not hold: %s blocks of %s; first block out of number %s, outside of %s/ %s, with another sha256 %s, out of the text %s, of an address named twice %s',
                n, planned, coalesce(bad.number::text, 'none'), r.docprefix, coalesce(bad.outside::text, 'none'),
                coalesce(bad.hash::text, 'none'), coalesce(bad.span::text, 'none'), coalesce(bad.twice::text, 'none')),
            'Start again from the plan.');
    END IF;
    SELECT string_agg(DISTINCT format('%s/%s', b.unit_kind, b.section_type), ', ') INTO unknown
      FROM (SELECT DISTINCT unit_kind, section_type
              FROM cutter_governance.manifest_unit_block
             WHERE run_id = r.run_id) b
      LEFT JOIN cutter_governance.unit_vocabulary w USING (unit_kind, section_type)
     WHERE w.unit_kind IS NULL;
    IF unknown IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'not in the vocabulary: ' || unknown,
            'Correct the profile.');
    END IF;
    -- A new unit has an address as the console makes them,
    -- stands below a unit of its own manifest, and has a title of one line.
    SELECT string_agg(m.seq::text, ', ' ORDER BY m.seq) INTO unknown
      FROM cutter_governance.manifest_unit_block m
      LEFT JOIN cutter_governance.manifest_unit_block p ON p.run_id = r.run_id AND p.address = m.parent_address
     WHERE m.run_id = r.run_id
       AND (m.title || m.section_code ~ E'[\x01-\x1f\x7f]'
            OR r.operation IN ('cut', 'amend')
               AND (m.address !~ '^[A-Z0-9-]{3,32}(/[A-Z0-9][A-Z0-9._-]*)+$'
                    OR m.parent_address IS NOT NULL AND coalesce(p.seq >= m.seq, true)));
    IF unknown IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('the manifest does not hold: address, parent, number or title of block %s', left(unknown, 200)),
            'Start again from the plan.');
    END IF;
    INSERT INTO cutter_governance.manifest_seal (run_id, statement_sha256, manifest_digest, n_units, other_text)
    SELECT r.run_id, a.statement_sha256, a.manifest_digest, n,
           coalesce(string_agg(substring(p_canonical FROM b.before + 1 FOR b.byte_start - b.before), ''
                               ORDER BY b.seq) FILTER (WHERE b.byte_start > b.before), '')
           || substring(p_canonical FROM coalesce(max(b.byte_end), 0) + 1)
      FROM (SELECT m.seq, m.byte_start::integer, m.byte_end::integer,
                   lag(m.byte_end::integer, 1, 0) OVER (ORDER BY m.seq) AS before
              FROM cutter_governance.manifest_unit_block m
             WHERE m.run_id = r.run_id) b;
    RETURN n;
END $$;

-- Leg A of an amendment after the authorisation: seal, spend, write the differences. Returns their numbers. A repeal
-- seals that nothing is left, and writes no unit and no version.
CREATE OR REPLACE FUNCTION fn_amend_write(
    r cutter_governance.run, a cutter_governance.approval, p_manifest bytea, p_canonical bytea
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
DECLARE
    n integer;
    units bigint;
    versions bigint;
    refused text := cutter_governance.fn_amend_refusal(r.docprefix, r.base_digest);
    at timestamptz := clock_timestamp();
BEGIN
    IF refused IS NOT NULL OR r.base_digest IS NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_DRIFT', 'CU005',
            format('run %s is not written: %s', r.run_id, coalesce(refused, 'it has no base')),
            'Void the run, and plan it again, against the law of today.');
    END IF;
    IF r.operation = 'repeal'
       AND a.n_units IS DISTINCT FROM (SELECT count(*) FROM cutter_governance.fn_base_lines(r.docprefix)) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s units of %s are signed to be repealed, and another number is law', a.n_units, r.docprefix),
            'Nothing was committed.');
    END IF;
    PERFORM cutter_governance.fn_approval_spend(a, 'cut');
    n := cutter_governance.fn_manifest_seal(r, a, p_manifest, p_canonical);
    SELECT min(u.canonical_address) INTO refused
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.canonical_address = b.address
     WHERE b.run_id = r.run_id
       AND (u.id <> b.unit_id OR u.lifecycle_status NOT IN ('enacted', 'superseded'));
    IF refused IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
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
COMMENT ON FUNCTION fn_amend_write IS
    'Writes the drafts of an amendment, or seals a repeal, in the transaction that authorised it.';

CREATE OR REPLACE FUNCTION fn_cut_apply(p_run_id text, p_manifest bytea, p_canonical bytea, p_event jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'cut');
    begun jsonb := cutter_governance.fn_effect_begin(p_run_id, 'cut');
    r cutter_governance.run;
    n integer;
    written jsonb;
BEGIN
    SELECT * INTO r
      FROM cutter_governance.run
     WHERE run_id = p_run_id
       AND operation IN ('cut', 'amend', 'repeal');
    PERFORM cutter_governance.fn_run_step(
        p_run_id, ARRAY['awaiting_cut_authorization'], 'cut_leg_a_committed', p_event);
    IF r.operation IN ('amend', 'repeal') THEN
        written := cutter_governance.fn_amend_write(r, a, p_manifest, p_canonical);
    ELSE
        n := cutter_governance.fn_cut_write(r, a, p_manifest, p_canonical);
        written := jsonb_build_object('status', 'cut', 'units', n, 'versions', n);
    END IF;
    PERFORM cutter_governance.fn_effect_end(
        p_run_id, 'cut', begun,
        jsonb_build_object('public.information_unit', written -> 'units',
                           'public.unit_version',
                           CASE r.operation WHEN 'cut' THEN a.n_units
                                            ELSE cutter_governance.fn_signed_units(a, 'drafts') END,
                           'cutter_governance.manifest_envelope', 1,
                           'cutter_governance.manifest_unit_block',
                           CASE r.operation WHEN 'repeal' THEN 0 ELSE a.n_units END));
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN written;
END $$;

-- As in 0012; of an amendment a row for each unit that it touches: those that it writes, and then those that are gone.
-- Of a repeal all are gone.
CREATE OR REPLACE FUNCTION fn_record_write(r cutter_governance.run, a cutter_governance.approval) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    decision uuid := gen_random_uuid();
    change_set uuid := gen_random_uuid();
    entry uuid := gen_random_uuid();
    affected bigint;
BEGIN
    INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    VALUES (decision, r.run_id, 'cut', 'cut_authorised', a.statement_sha256, a.signers);
    INSERT INTO cutter_governance.cut_change_set (id, run_id, docprefix, plan_digest, review_decision_id, n_units)
    VALUES (change_set, r.run_id, r.docprefix, r.plan_digest, decision, r.n_units);
    INSERT INTO cutter_governance.cut_change_set_affected_row (change_set_id, seq, unit_id, version_id)
    SELECT change_set, b.seq, b.unit_id, b.version_id
      FROM cutter_governance.manifest_unit_block b
     WHERE b.run_id = r.run_id
       AND r.operation NOT IN ('amend', 'repeal')
    UNION ALL
    SELECT change_set, m.seq, m.unit_id, m.version_id
      FROM cutter_governance.fn_amended_units(r.run_id) m
     WHERE r.operation = 'amend'
       AND m.effect <> 'unchanged'
    UNION ALL
    SELECT change_set, (r.n_units + row_number() OVER (ORDER BY g.address COLLATE "C"))::integer,
           g.unit_id, g.version_id
      FROM cutter_governance.fn_gone_units(r.run_id) g
     WHERE r.operation IN ('amend', 'repeal');
    GET DIAGNOSTICS affected = ROW_COUNT;
    IF r.operation <> 'amend' AND affected <> r.n_units THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s rows recorded, %s planned', affected, r.n_units),
            'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.dot_pair_signature (change_set_id, signed_digest)
    VALUES (change_set, a.manifest_digest);
    INSERT INTO cutter_governance.decision_backlog_entry (id, run_id, subject)
    VALUES (entry, r.run_id, format(CASE r.operation WHEN 'repeal' THEN 'repeal the %s units of %s'
                                                     ELSE 'enact the %s units of %s' END,
                                    r.n_units, r.docprefix));
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
    VALUES (entry, 'open', CASE r.operation WHEN 'repeal' THEN 'sealed; waits for SG_2'
                                            ELSE 'cut into draft; waits for SG_2' END);
    RETURN affected;
END $$;

-- The verification names the server that it was made on. That is the server of the cut, on its timeline or, after a
-- promotion, on a later one: a copy under another system identifier is another database.
CREATE OR REPLACE FUNCTION fn_verify_record(p_run_id text, p_outcome text, p_checks jsonb, p_event jsonb) RETURNS uuid
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
    PERFORM cutter_governance.fn_write_lock(true);
    begun := cutter_governance.fn_effect_begin(p_run_id, 'verify');
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
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s does not wait for its verification, or it is not PASS', p_run_id),
            'See: cutter-console run show RUN');
    END IF;
    -- Before they are read: a row that changes meanwhile is another one afterwards.
    rows_read := cutter_governance.fn_draft_rows(p_run_id);
    SELECT d.address || ': ' || d.difference INTO found
      FROM cutter_governance.fn_draft_differences(p_run_id) d
     ORDER BY d.address LIMIT 1;
    IF p_outcome = 'PASS' AND found IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
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
    PERFORM cutter_governance.fn_assert_target(cut_under, 'revert');
    PERFORM cutter_governance.fn_run_step(
        p_run_id, ARRAY['leg_b_recorded', 'awaiting_lifecycle_authorization'], 'awaiting_lifecycle_authorization',
        p_event);
    SELECT array_agg(l.line ORDER BY l.seq) INTO drafts FROM cutter_governance.fn_draft_lines(p_run_id) l;
    digest := cutter_governance.fn_merkle_root(drafts);
    file_sha256 := encode(sha256(convert_to(array_to_string(drafts, chr(10)), 'UTF8')), 'hex');
    INSERT INTO cutter_governance.verify_result (
        id, run_id, outcome, checks, verified_at, system_identifier, timeline, draft_file_sha256, n_drafts, draft_seal)
    SELECT result, p_run_id, p_outcome, p_checks, clock_timestamp(), t.system_identifier, t.timeline, file_sha256,
           cardinality(drafts),
           CASE WHEN p_outcome = 'PASS'
                    THEN cutter_governance.fn_draft_seal(rows_read, digest, file_sha256, cardinality(drafts)) END
      FROM cutter_governance.fn_target() t;
    INSERT INTO cutter_governance.dot_pair_signature (verify_result_id, signed_digest) VALUES (result, digest);
    PERFORM cutter_governance.fn_effect_end(
        p_run_id, 'verify', begun,
        jsonb_build_object('cutter_governance.verify_result', 1, 'cutter_governance.dot_pair_signature', 1));
    RETURN result;
END $$;

-- The enactment of an amendment after the authorisation: the old versions and what is gone are superseded, the new ones
-- law, and the anchors moved. A log row for each unit that is touched; a changed one stays law. A repeal ends them all.
CREATE OR REPLACE FUNCTION fn_amend_enact_write(
    r cutter_governance.run, a cutter_governance.approval, p_at timestamptz
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
DECLARE
    changed uuid[];
    gone uuid[];
    moved jsonb;
    units bigint;
    versions bigint;
    old bigint;
    other bigint;
    aliases bigint;
BEGIN
    SELECT array_agg(m.unit_id) INTO changed
      FROM cutter_governance.fn_amended_units(r.run_id) m
     WHERE m.effect = 'changed';
    SELECT array_agg(g.unit_id) INTO gone FROM cutter_governance.fn_gone_units(r.run_id) g;
    UPDATE public.unit_version v
       SET lifecycle_status = 'superseded'
      FROM public.information_unit u
     WHERE v.id = u.version_anchor_ref
       AND v.lifecycle_status = 'enacted'
       AND (u.id = ANY (changed) OR u.id = ANY (gone));
    GET DIAGNOSTICS old = ROW_COUNT;
    UPDATE public.unit_version v
       SET lifecycle_status = 'enacted', enacted_at = p_at, review_state = 'enacted'
      FROM cutter_governance.manifest_unit_block b
     WHERE b.run_id = r.run_id
       AND v.id = b.version_id
       AND v.lifecycle_status = 'draft';
    GET DIAGNOSTICS versions = ROW_COUNT;
    UPDATE public.information_unit u
       SET lifecycle_status = 'enacted',
           unit_kind = b.unit_kind,
           section_type = b.section_type,
           section_code = b.section_code,
           parent_or_container_ref = b.parent_address,
           version_anchor_ref = b.version_id,
           content_anchor_ref = b.body_sha256,
           updated_by = session_user,
           updated_at = p_at
      FROM cutter_governance.manifest_unit_block b
     WHERE b.run_id = r.run_id
       AND u.id = b.unit_id
       AND (u.lifecycle_status <> 'enacted' OR u.version_anchor_ref <> b.version_id);
    GET DIAGNOSTICS units = ROW_COUNT;
    UPDATE public.information_unit u
       SET lifecycle_status = 'superseded', updated_by = session_user, updated_at = p_at
     WHERE u.id = ANY (gone)
       AND u.lifecycle_status = 'enacted';
    GET DIAGNOSTICS other = ROW_COUNT;
    INSERT INTO public.iu_lifecycle_log (unit_id, from_status, to_status, run_id, review_decision_id, actor)
    SELECT c, 'enacted', 'enacted', r.run_id, a.review_decision_id, session_user FROM unnest(changed) c;
    -- A renumbering is what the signed statement says, and nothing that is guessed here.
    moved := coalesce(cutter_governance.fn_statement(a.statement) #> '{amendment,moved}', '[]');
    INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address, run_id)
    SELECT m.old, m.new, r.run_id
      FROM jsonb_to_recordset(moved) AS m (old text, new text)
      JOIN public.information_unit o ON o.canonical_address = m.old AND o.id = ANY (gone)
      JOIN cutter_governance.manifest_unit_block b ON b.run_id = r.run_id AND b.address = m.new;
    GET DIAGNOSTICS aliases = ROW_COUNT;
    IF versions <> units OR other <> coalesce(cardinality(gone), 0) OR aliases <> jsonb_array_length(moved)
       OR old <> coalesce(cardinality(changed), 0) + coalesce(cardinality(gone), 0)
       OR r.operation = 'repeal' AND (other, units) IS DISTINCT FROM (a.n_units::bigint, 0::bigint) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s units and %s versions enacted, %s of %s units gone, %s of %s renumbered',
                   units, versions, other, coalesce(cardinality(gone), 0), aliases, jsonb_array_length(moved)),
            'Nothing was committed.');
    END IF;
    RETURN jsonb_build_object('status', CASE r.operation WHEN 'repeal' THEN 'repealed' ELSE 'amended' END,
                              'units', units + other, 'versions', versions);
END $$;
COMMENT ON FUNCTION fn_amend_enact_write IS
    'Makes an amendment law, or ends what is repealed, in the transaction that authorised it.';

CREATE OR REPLACE FUNCTION fn_cut_enact(p_run_id text, p_event jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'enact');
    begun jsonb := cutter_governance.fn_effect_begin(p_run_id, 'enact');
    refused text;
    drafts record;
    r cutter_governance.run;
    units bigint;
    versions bigint;
    enacted jsonb;
    signed_units uuid[];
    signed_versions uuid[];
    at timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO drafts FROM cutter_governance.fn_draft_reading(p_run_id);
    refused := drafts.refused;
    IF refused IS NULL AND a.draft_digest IS DISTINCT FROM drafts.digest THEN
        refused := 'the drafts are not the ones that SG_2 names';
    END IF;
    IF refused IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_DRIFT', 'CU005',
            format('run %s is not enacted: %s', p_run_id, refused),
            'See which: cutter-console verify RUN. Find out what changed them; then a new SG_2, or a revert.');
    END IF;
    PERFORM cutter_governance.fn_run_step(
        p_run_id, ARRAY['awaiting_lifecycle_authorization'], 'lifecycle_enacted', p_event);
    PERFORM cutter_governance.fn_approval_spend(a, 'enact');
    INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    VALUES (a.review_decision_id, p_run_id, 'enact', 'enactment_authorised', a.statement_sha256, a.signers);
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id;
    IF r.operation IN ('amend', 'repeal') THEN
        enacted := cutter_governance.fn_amend_enact_write(r, a, at);
        INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
        SELECT id, 'done', 'enacted under SG_2' FROM cutter_governance.decision_backlog_entry WHERE run_id = p_run_id;
        PERFORM cutter_governance.fn_effect_end(
            p_run_id, 'enact', begun,
            cutter_governance.fn_step_rows(p_run_id, cutter_governance.fn_signed_units(a, 'touched'))
            || jsonb_build_object('cutter_governance.canonical_address_alias',
                                  cutter_governance.fn_signed_units(a, 'moved')));
        PERFORM cutter_governance.fn_assert_no_hold();
        RETURN enacted;
    END IF;
    -- By their ids, which an index finds: a join could read the units of all documents.
    SELECT array_agg(d.unit_id), array_agg(d.version_id) INTO signed_units, signed_versions
      FROM cutter_governance.fn_draft_signed(p_run_id) d;
    UPDATE public.unit_version v
       SET lifecycle_status = 'superseded'
     WHERE v.unit_id = ANY (signed_units)
       AND v.id NOT IN (SELECT unnest(signed_versions))
       AND v.lifecycle_status = 'draft';
    UPDATE public.unit_version v
       SET lifecycle_status = 'enacted', enacted_at = at, review_state = 'enacted'
     WHERE v.id = ANY (signed_versions)
       AND v.lifecycle_status = 'draft';
    GET DIAGNOSTICS versions = ROW_COUNT;
    UPDATE public.information_unit u
       SET lifecycle_status = 'enacted', updated_by = session_user, updated_at = at
     WHERE u.id = ANY (signed_units)
       AND u.lifecycle_status = 'draft';
    GET DIAGNOSTICS units = ROW_COUNT;
    IF units <> a.n_units OR versions <> a.n_units THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s units and %s versions enacted, %s signed', units, versions, a.n_units),
            'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
    SELECT id, 'done', 'enacted under SG_2' FROM cutter_governance.decision_backlog_entry WHERE run_id = p_run_id;
    PERFORM cutter_governance.fn_effect_end(
        p_run_id, 'enact', begun, cutter_governance.fn_step_rows(p_run_id, a.n_units));
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'enacted', 'units', units, 'versions', versions);
END $$;

-- The soft revert of an amendment after the authorisation: its draft versions and its new units become superseded, what
-- is law stays as it is.
CREATE OR REPLACE FUNCTION fn_amend_revert_write(r cutter_governance.run, a cutter_governance.approval) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    taken uuid[];
    units bigint;
    versions bigint;
BEGIN
    IF a.purpose IS NOT DISTINCT FROM 'revert'
       AND a.draft_digest IS DISTINCT FROM cutter_governance.fn_draft_digest(r.run_id) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_DRIFT', 'CU005',
            format('the drafts of run %s are not those that the signed revert names', r.run_id),
            'Draft another one: cutter-console approval draft RUN --revert');
    END IF;
    SELECT array_agg(m.version_id) INTO taken
      FROM cutter_governance.fn_amended_units(r.run_id) m
     WHERE m.effect <> 'unchanged';
    PERFORM cutter_governance.fn_approval_spend(a, 'revert');
    INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    VALUES (gen_random_uuid(), r.run_id, 'revert', 'cut_reverted', a.statement_sha256, a.signers);
    UPDATE public.information_unit u
       SET lifecycle_status = 'superseded', updated_by = session_user, updated_at = clock_timestamp()
      FROM cutter_governance.manifest_unit_block b
     WHERE b.run_id = r.run_id
       AND u.id = b.unit_id
       AND u.lifecycle_status = 'draft';
    GET DIAGNOSTICS units = ROW_COUNT;
    UPDATE public.unit_version v
       SET lifecycle_status = 'superseded', review_state = 'reverted'
     WHERE v.id = ANY (taken)
       AND v.lifecycle_status = 'draft';
    GET DIAGNOSTICS versions = ROW_COUNT;
    IF versions <> coalesce(cardinality(taken), 0) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s versions reverted, %s are drafts', versions, coalesce(cardinality(taken), 0)),
            'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
    SELECT id, 'withdrawn', CASE r.operation WHEN 'repeal' THEN 'the repeal was reverted'
                                             ELSE 'the amendment was reverted' END
      FROM cutter_governance.decision_backlog_entry
     WHERE run_id = r.run_id;
    RETURN versions;
END $$;
COMMENT ON FUNCTION fn_amend_revert_write IS
    'Takes the drafts of an amendment back, in the transaction that authorised it.';

CREATE OR REPLACE FUNCTION fn_cut_revert(p_run_id text, p_event jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'revert');
    begun jsonb := cutter_governance.fn_effect_begin(p_run_id, 'revert');
    r cutter_governance.run;
    units bigint;
    made bigint;
BEGIN
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id;
    -- The units that an amendment made are drafts; those that it changed stay law, and have no log row.
    SELECT count(*) INTO made
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.id = b.unit_id
     WHERE b.run_id = p_run_id
       AND u.lifecycle_status = 'draft';
    IF r.operation NOT IN ('amend', 'repeal') AND EXISTS (SELECT 1
                 FROM cutter_governance.manifest_unit_block b
                 JOIN public.information_unit u ON u.id = b.unit_id
                WHERE b.run_id = p_run_id
                  AND u.lifecycle_status NOT IN ('draft', 'superseded')) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has units that are no drafts; enacted units are never reverted', p_run_id),
            'Supersede them by a new version instead.');
    END IF;
    units := CASE WHEN r.operation IN ('amend', 'repeal') THEN cutter_governance.fn_amend_revert_write(r, a)
                  ELSE cutter_governance.fn_revert_write(p_run_id, a) END;
    UPDATE cutter_governance.run
       SET family = 'reverted', reason = '', changed_at = clock_timestamp()
     WHERE run_id = p_run_id
       AND operation IN ('cut', 'amend', 'repeal')
       AND family IN ('active', 'stopped', 'failed')
       AND stage IN ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded', 'write_verified',
                     'awaiting_lifecycle_authorization');
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has no draft cut to revert', p_run_id),
            'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_effect_end(
        p_run_id, 'revert', begun,
        cutter_governance.fn_step_rows(
            p_run_id, CASE WHEN r.operation IN ('amend', 'repeal') THEN made ELSE units END));
    PERFORM cutter_governance.fn_baseline_write(p_run_id);
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'reverted', 'units', units);
END $$;

-- As in 0012, and the same of an amendment, whose effect is told by its versions, and of a repeal.
CREATE OR REPLACE FUNCTION guard_all_or_nothing() RETURNS trigger
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
        SELECT count(*) FILTER (
                   WHERE CASE NEW.purpose
                         WHEN 'cut' THEN v.lifecycle_status = 'draft'
                                         OR v.lifecycle_status = 'enacted' AND v.id = u.version_anchor_ref
                         WHEN 'enact' THEN u.lifecycle_status = 'enacted' AND v.lifecycle_status = 'enacted'
                                           AND v.id = u.version_anchor_ref
                         ELSE v.lifecycle_status <> 'draft' AND u.lifecycle_status <> 'draft' END)
          INTO done
          FROM cutter_governance.manifest_unit_block b
          JOIN public.information_unit u ON u.id = b.unit_id
          JOIN public.unit_version v ON v.id = b.version_id AND v.unit_id = u.id
         WHERE b.run_id = NEW.run_id;
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
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s of %s units of run %s: all or none', done, planned, NEW.run_id),
            'Nothing was committed.');
    END IF;
    -- A HOLD that was set between the effect and its COMMIT,
    -- and a lease that was ended, or lost the session that held it.
    PERFORM cutter_governance.fn_assert_no_hold();
    -- A transaction sees the sessions as it first saw them: one that has ended since would still seem to be there.
    PERFORM pg_stat_clear_snapshot();
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.v_lease_standing l
                    WHERE l.purpose = NEW.purpose
                      AND coalesce(l.run_id, l.batch_id)
                          IN (NEW.run_id, cutter_governance.fn_batch_of(NEW.run_id))) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('the lease of run %s to %s ended before COMMIT', NEW.run_id, NEW.purpose),
            'Nothing was committed. Arm it again: cutter-console arm RUN --confirm RUN');
    END IF;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION guard_amended, fn_document_units, fn_newest_state, fn_repealed_by, fn_base_lines, fn_base_digest,
    fn_amend_refusal, fn_run_base, fn_amended_units, fn_gone_units, fn_amend_differences, fn_amend_write,
    fn_amend_enact_write, fn_amend_revert_write, fn_approval_take, fn_draft_rows, fn_draft_seal, fn_draft_known,
    fn_draft_signed_lines FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fn_base_lines, fn_base_digest, fn_amend_refusal, fn_repealed_by, fn_amended_units,
    fn_gone_units, fn_draft_known, fn_draft_signed_lines TO cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_run_base TO cutter_exec;

-- Each guard of units once more, from its own printed definition, as at the end of 0012.
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT g.tgrelid::regclass AS tbl, g.tgname, pg_get_triggerdef(g.oid) AS definition
          FROM pg_trigger g
         WHERE g.tgname IN ('guard_immutable', 'guard_amended', 'guard_transition', 'guard_run_base')
           AND g.tgrelid IN ('public.information_unit'::regclass, 'cutter_governance.run'::regclass)
           AND NOT g.tgisinternal LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.tbl);
        EXECUTE t.definition;
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.tbl, t.tgname);
    END LOOP;
END $$;

-- schema: cutter_governance
-- A database of a million units is answered for as fast as a small one: numbers of rows and the digest of what readers
-- see are kept, by triggers in the transaction that changes them; nobody has a privilege to write what is kept, and it
-- can be compared with the rows at any time. What is asked of one document reads that document's rows, by index.

-- ---------------------------------------------------------------------------------------------------------------------
-- Numbers of rows of the five large tables; only the writer under the execution lock adds to them
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS kept_count (
    table_name text PRIMARY KEY,
    rows       bigint NOT NULL
);
COMMENT ON TABLE kept_count IS 'Rows of each large table, kept by its triggers.';
COMMENT ON COLUMN kept_count.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN kept_count.rows IS 'Its rows, as of the transaction that wrote last.';

CREATE OR REPLACE FUNCTION keep_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    added bigint := 0;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT count(*) INTO added FROM new_row;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT -count(*) INTO added FROM old_row;
    END IF;
    UPDATE cutter_governance.kept_count k
       SET rows = CASE TG_OP WHEN 'TRUNCATE' THEN 0 ELSE k.rows + added END
     WHERE k.table_name = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME
       AND (added <> 0 OR TG_OP = 'TRUNCATE');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_count IS 'Keeps the number of rows of a table, in the transaction that changes it.';

-- ---------------------------------------------------------------------------------------------------------------------
-- What readers see, a digest a document
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS kept_document (
    docprefix text PRIMARY KEY,
    units     bigint,
    digest    text CHECK (digest ~ '^[0-9a-f]{64}$'),
    kept_at   timestamptz,
    CHECK ((units IS NULL) = (digest IS NULL) AND (kept_at IS NULL) = (digest IS NULL))
);
COMMENT ON TABLE kept_document IS
    'Of each document the digest of what readers see of it, kept by the triggers of units.';
COMMENT ON COLUMN kept_document.docprefix IS 'The document; empty for units of none.';
COMMENT ON COLUMN kept_document.units IS 'Units that readers see.';
COMMENT ON COLUMN kept_document.digest IS
    'Digest over them (fn_document_digest); NULL from a change until it is computed.';
COMMENT ON COLUMN kept_document.kept_at IS 'When the digest was computed of the rows.';

CREATE OR REPLACE FUNCTION keep_document() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO cutter_governance.kept_document AS k (docprefix)
        SELECT DISTINCT coalesce(doc_code, '') FROM old_row
        ON CONFLICT (docprefix) DO UPDATE SET units = NULL, digest = NULL, kept_at = NULL WHERE k.digest IS NOT NULL;
    ELSE
        INSERT INTO cutter_governance.kept_document AS k (docprefix)
        SELECT DISTINCT coalesce(doc_code, '') FROM new_row
        ON CONFLICT (docprefix) DO UPDATE SET units = NULL, digest = NULL, kept_at = NULL WHERE k.digest IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_document IS 'Marks the documents whose units change: their digest is computed again.';

-- One document as readers see it, of the rows, without these addresses; v_reader is the same for all documents.
CREATE OR REPLACE FUNCTION fn_document_digest(
    p_docprefix text, p_without text[] DEFAULT NULL, OUT units bigint, OUT digest text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
    SELECT count(*),
           encode(sha256(convert_to(coalesce(string_agg(l.line, chr(10)), ''), 'UTF8')), 'hex')
      FROM (SELECT concat_ws(chr(31), u.canonical_address, coalesce(u.parent_or_container_ref, ''), u.unit_kind,
                             u.section_type, u.section_code, u.lifecycle_status, v.version_seq, v.title,
                             encode(sha256(convert_to(v.body, 'UTF8')), 'hex')) AS line
              FROM (SELECT * FROM public.information_unit i WHERE i.doc_code = p_docprefix
                    UNION ALL
                    SELECT * FROM public.information_unit i WHERE p_docprefix = '' AND i.doc_code IS NULL) u
             CROSS JOIN LATERAL (
                       SELECT w.version_seq, w.title, w.body
                         FROM public.unit_version w
                        WHERE w.id = u.version_anchor_ref
                       OFFSET 0) v
             WHERE u.lifecycle_status IN ('draft', 'enacted')
               AND u.deleted_at IS NULL
               AND u.canonical_address NOT IN (SELECT unnest(p_without))
             ORDER BY u.canonical_address COLLATE "C") l
$$;
COMMENT ON FUNCTION fn_document_digest IS
    'Units and digest of one document as readers see it, computed of the rows, without these addresses.';

-- The documents that have units and no row in kept_document; there are none, and it is found by going from one to the
-- next in the index.
CREATE OR REPLACE FUNCTION fn_documents_not_kept() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE d (prefix) AS (
        (SELECT min(u.doc_code) FROM public.information_unit u)
        UNION ALL
        SELECT (SELECT min(u.doc_code) FROM public.information_unit u WHERE u.doc_code > d.prefix)
          FROM d
         WHERE d.prefix IS NOT NULL
    )
    SELECT a.prefix
      FROM (SELECT d.prefix FROM d WHERE d.prefix IS NOT NULL
            UNION ALL
            SELECT '' WHERE EXISTS (SELECT 1 FROM public.information_unit u WHERE u.doc_code IS NULL)) a
     WHERE NOT EXISTS (SELECT 1 FROM cutter_governance.kept_document k WHERE k.docprefix = a.prefix)
$$;
COMMENT ON FUNCTION fn_documents_not_kept IS 'Documents that have units, and of which no digest is kept.';

-- The documents as readers see them: a kept digest each, computed now of those that have changed, of those that are not
-- kept, and of p_documents without p_without. In a database of up to 50,000 units all are computed: it takes no longer
-- than half a second, and what was changed past the triggers shows at once. Those in p_skip are left out.
CREATE OR REPLACE FUNCTION fn_readers_leaves(p_documents text[], p_without text[], p_skip text[])
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
            SELECT n FROM cutter_governance.fn_documents_not_kept() n) d
     CROSS JOIN LATERAL cutter_governance.fn_document_digest(
               d.docprefix,
               CASE WHEN d.docprefix = ANY (coalesce(p_documents, '{}')) THEN p_without END) f
$$;
COMMENT ON FUNCTION fn_readers_leaves IS
    'Units and digest of each document as readers see it, of some of them without these addresses.';

-- Merkle root over the documents. One of which readers see nothing has no leaf, so that a revert leads back to the same
-- root.
CREATE OR REPLACE FUNCTION fn_readers_root(p_documents text[], p_without text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_merkle_root(
        (SELECT array_agg(concat_ws(chr(9), d.docprefix, d.units, d.digest) ORDER BY d.docprefix COLLATE "C")
           FROM cutter_governance.fn_readers_leaves(p_documents, p_without, NULL) d
          WHERE d.units > 0))
$$;
COMMENT ON FUNCTION fn_readers_root IS
    'Merkle root over the documents as readers see them, of some of them without these addresses.';

CREATE OR REPLACE FUNCTION fn_readers_digest(p_without_run text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_readers_root(
        (SELECT ARRAY[r.docprefix] FROM cutter_governance.run r WHERE r.run_id = p_without_run),
        (SELECT array_agg(b.address) FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_without_run))
$$;

CREATE OR REPLACE FUNCTION fn_readers_digest_without(p_addresses text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_readers_root(
        (SELECT array_agg(DISTINCT coalesce(u.doc_code, ''))
           FROM unnest(p_addresses) a
          CROSS JOIN LATERAL (
                    SELECT i.doc_code FROM public.information_unit i WHERE i.canonical_address = a OFFSET 0) u),
        p_addresses)
$$;

-- Computes the digests of the documents that have changed; one that another session changes at the moment stays
-- for later. The row is locked first: whoever changes the document after the lock marks it again.
CREATE OR REPLACE FUNCTION fn_keep_documents() RETURNS void
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
            SELECT * INTO computed FROM cutter_governance.fn_document_digest(prefix);
            UPDATE cutter_governance.kept_document
               SET units = computed.units, digest = computed.digest, kept_at = clock_timestamp()
             WHERE docprefix = prefix;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION fn_keep_documents IS 'Computes and keeps the digests of the documents that have changed.';

-- As in 0012, when the digests of what the run changed are computed too.
CREATE OR REPLACE FUNCTION fn_baseline_write(p_run_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO cutter_governance.baseline_pin (run_id, table_name, rows)
    SELECT p_run_id, table_name, rows
      FROM cutter_governance.v_row_count;
    PERFORM cutter_governance.fn_keep_documents();
END $$;

-- A verification has read all drafts of its document, and is where a run can rest: whoever measures then does not read
-- them again.
CREATE OR REPLACE FUNCTION keep_verified() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM cutter_governance.fn_keep_documents();
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_verified IS
    'Computes the digests of the documents that have changed, when drafts were verified.';

-- ---------------------------------------------------------------------------------------------------------------------
-- What is kept, filled and guarded
-- ---------------------------------------------------------------------------------------------------------------------
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['public.information_unit', 'public.unit_version', 'public.iu_lifecycle_log',
                             'cutter_governance.manifest_unit_block',
                             'cutter_governance.cut_change_set_affected_row'] LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER keep_count_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_row
             FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.keep_count()', t);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER keep_count_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_row
             FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.keep_count()', t);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER keep_count_truncated AFTER TRUNCATE ON %s
             FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.keep_count()', t);
        EXECUTE format(
            'INSERT INTO cutter_governance.kept_count (table_name, rows) SELECT %L, count(*) FROM %s
             ON CONFLICT (table_name) DO UPDATE SET rows = excluded.rows', t, t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['kept_count', 'kept_document'] LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER guard_no_delete BEFORE DELETE OR TRUNCATE ON cutter_governance.%I
             FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_refuse(%L)', t, 'the record is never deleted');
        EXECUTE format('ALTER TABLE cutter_governance.%I ENABLE ALWAYS TRIGGER guard_no_delete', t);
    END LOOP;
END $$;
CREATE OR REPLACE TRIGGER keep_document_inserted AFTER INSERT ON public.information_unit
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION keep_document();
CREATE OR REPLACE TRIGGER keep_document_updated AFTER UPDATE ON public.information_unit
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION keep_document();
CREATE OR REPLACE TRIGGER keep_document_deleted AFTER DELETE ON public.information_unit
    REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION keep_document();
CREATE OR REPLACE TRIGGER keep_verified AFTER INSERT ON verify_result
    FOR EACH STATEMENT EXECUTE FUNCTION keep_verified();
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT tgrelid::regclass AS tbl, tgname FROM pg_trigger WHERE tgname LIKE 'keep\_%' AND NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.tbl, t.tgname);
    END LOOP;
END $$;
INSERT INTO kept_document (docprefix)
SELECT DISTINCT coalesce(doc_code, '') FROM public.information_unit
ON CONFLICT (docprefix) DO UPDATE SET units = NULL, digest = NULL, kept_at = NULL;
SELECT fn_keep_documents();

CREATE OR REPLACE VIEW v_row_count AS
    SELECT table_name, rows FROM kept_count
    UNION ALL SELECT 'cutter_governance.source_document_registry', count(*) FROM source_document_registry
    UNION ALL SELECT 'cutter_governance.source_document_version_registry', count(*)
                FROM source_document_version_registry
    UNION ALL SELECT 'cutter_governance.manifest_envelope', count(*) FROM manifest_envelope
    UNION ALL SELECT 'cutter_governance.review_decision', count(*) FROM review_decision
    UNION ALL SELECT 'cutter_governance.cut_change_set', count(*) FROM cut_change_set
    UNION ALL SELECT 'cutter_governance.dot_pair_signature', count(*) FROM dot_pair_signature
    UNION ALL SELECT 'cutter_governance.verify_result', count(*) FROM verify_result
    UNION ALL SELECT 'cutter_governance.canonical_address_alias', count(*) FROM canonical_address_alias
    UNION ALL SELECT 'cutter_governance.decision_backlog_entry', count(*) FROM decision_backlog_entry
    UNION ALL SELECT 'cutter_governance.decision_backlog_history', count(*) FROM decision_backlog_history;

-- ---------------------------------------------------------------------------------------------------------------------
-- What is kept beside the rows: for a gate, which compares some of it at a time
-- ---------------------------------------------------------------------------------------------------------------------

-- The rows of one of the five tables, kept and counted now, in one snapshot.
CREATE OR REPLACE FUNCTION fn_count_audit(p_table text, OUT kept bigint, OUT counted bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t regclass := (SELECT k.table_name::regclass FROM cutter_governance.kept_count k WHERE k.table_name = p_table);
BEGIN
    IF t IS NOT NULL THEN
        EXECUTE format(
            'SELECT (SELECT k.rows FROM cutter_governance.kept_count k WHERE k.table_name = %L),
                    (SELECT count(*) FROM %s)',
            p_table, t) INTO kept, counted;
    END IF;
END $$;
COMMENT ON FUNCTION fn_count_audit IS 'The rows of a large table as they are kept, and counted now.';

-- The documents of which a digest is kept, the newest first.
CREATE OR REPLACE VIEW v_kept_document AS SELECT docprefix, units, digest, kept_at FROM kept_document;
COMMENT ON VIEW v_kept_document IS 'Of each document the digest of what readers see of it, as it is kept.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Backups by document: the rows of the run's document restored and compared, the rest proven by its standing digest
-- ---------------------------------------------------------------------------------------------------------------------
ALTER TABLE backup_proof ADD COLUMN IF NOT EXISTS documents text[];
ALTER TABLE backup_proof ADD COLUMN IF NOT EXISTS standing jsonb;
COMMENT ON COLUMN backup_proof.documents IS
    'The documents whose rows the backup holds; NULL if it holds all rows.';
COMMENT ON COLUMN backup_proof.standing IS
    'Of a backup by document: digest of what readers see and rows of each large table, of all documents, at that moment.';

-- Rows and digest of one table as fn_table_digest computes them, of these documents alone (document_rows.py has the
-- same conditions).
CREATE OR REPLACE FUNCTION fn_document_rows_digest(p_table text, p_documents text[], OUT rows bigint, OUT digest text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET intervalstyle = 'postgres' SET timezone = 'UTC' SET bytea_output = 'hex' SET extra_float_digits = 3 AS $$
DECLARE
    sums record;
BEGIN
    EXECUTE format(
        'SELECT count(*) AS n, coalesce(sum(hash_record_extended(t.*, 0)), 0)::text AS a, coalesce(sum(hash_record_extended(t.*, 25214903917)), 0)::text AS b FROM %s AS t WHERE %s',
        p_table::regclass,
        CASE p_table
            WHEN 'public.information_unit' THEN 't.doc_code = ANY ($1)'
            WHEN 'public.unit_version'
                THEN 't.unit_id IN (SELECT u.id FROM public.information_unit u WHERE u.doc_code = ANY ($1))'
            WHEN 'cutter_governance.cut_change_set_affected_row'
                THEN 't.change_set_id IN (
                          SELECT s.id
                            FROM cutter_governance.cut_change_set s
                            JOIN cutter_governance.run r USING (run_id)
                           WHERE r.docprefix = ANY ($1))'
            WHEN 'cutter_governance.decision_backlog_history'
                THEN 't.entry_id IN (
                          SELECT e.id
                            FROM cutter_governance.decision_backlog_entry e
                            JOIN cutter_governance.run r USING (run_id)
                           WHERE r.docprefix = ANY ($1))'
            ELSE 't.run_id IN (SELECT r.run_id FROM cutter_governance.run r WHERE r.docprefix = ANY ($1))' END)
       INTO sums
      USING p_documents;
    rows := sums.n;
    digest := encode(sha256(convert_to(concat_ws(':', sums.n, sums.a, sums.b), 'UTF8')), 'hex');
END $$;
COMMENT ON FUNCTION fn_document_rows_digest IS 'Rows and digest of one table, of these documents alone.';

-- What a backup by document says of all other documents: their readers' digest and the rows of the large tables.
CREATE OR REPLACE FUNCTION fn_standing() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('readers_digest', cutter_governance.fn_readers_digest(),
                              'rows', (SELECT jsonb_agg(jsonb_build_object('table', k.table_name, 'rows', k.rows)
                                                        ORDER BY k.table_name COLLATE "C")
                                         FROM cutter_governance.kept_count k))
$$;
COMMENT ON FUNCTION fn_standing IS 'Digest of what readers see, and the rows of each large table, of all documents.';

-- As in 0012; a backup by document must be of the run's own, and what it says of the others must be so now. The proof
-- keeps the last effect whose rows it holds.
CREATE OR REPLACE FUNCTION fn_backup_record(p_run_id text, p_proof jsonb) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    other text;
    t record;
    at timestamptz;
    documents text[];
BEGIN
    IF coalesce(p_proof ->> 'file_name', '') = ''
       OR coalesce(p_proof ->> 'recipient', '') !~ '^[0-9A-F]{40}$'
       OR jsonb_typeof(p_proof -> 'tables') IS DISTINCT FROM 'array'
       OR coalesce(jsonb_typeof(p_proof -> 'documents'), 'null') NOT IN ('null', 'array')
       OR octet_length(p_proof::text) > 65536 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_BACKUP_NOT_PROVEN', 'CU004',
            'the proof names no file, no recipient or no tables',
            'Take a backup: cutter-console backup take RUN');
    END IF;
    PERFORM cutter_governance.fn_lock(true);
    IF jsonb_typeof(p_proof -> 'documents') = 'array' THEN
        documents := ARRAY(SELECT jsonb_array_elements_text(p_proof -> 'documents'));
        IF NOT EXISTS (SELECT 1
                         FROM cutter_governance.run r
                        WHERE r.run_id = p_run_id
                          AND r.docprefix = ANY (documents)) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_BACKUP_NOT_PROVEN', 'CU004',
                format('the backup does not hold the document of run %s', p_run_id),
                'Take another backup: cutter-console backup take RUN');
        END IF;
        IF p_proof -> 'standing' IS DISTINCT FROM cutter_governance.fn_standing() THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_BACKUP_NOT_PROVEN', 'CU004',
                'the documents that are not in the backup are not as it says any more',
                'Take another backup: cutter-console backup take RUN');
        END IF;
    END IF;
    SELECT string_agg(n, ', ') INTO other
      FROM cutter_governance.fn_backup_tables() n
     CROSS JOIN LATERAL (
               SELECT * FROM cutter_governance.fn_table_digest(n) WHERE documents IS NULL
               UNION ALL
               SELECT * FROM cutter_governance.fn_document_rows_digest(n, documents) WHERE documents IS NOT NULL) d
     WHERE NOT EXISTS (SELECT 1
                         FROM jsonb_array_elements(p_proof -> 'tables') p
                        WHERE p ->> 'table' = n
                          AND p ->> 'digest' = d.digest
                          AND (p ->> 'rows')::bigint = d.rows);
    IF other IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_BACKUP_NOT_PROVEN', 'CU004',
            'the backup does not hold these tables as they are: ' || other,
            'Take another backup: cutter-console backup take RUN');
    END IF;
    SELECT * INTO t FROM cutter_governance.fn_target();
    INSERT INTO cutter_governance.backup_proof (
        run_id, file_name, file_sha256, file_bytes, recipient, tables, system_identifier, timeline, documents, standing,
        effect)
    VALUES (p_run_id, p_proof ->> 'file_name', p_proof ->> 'sha256', (p_proof ->> 'bytes')::bigint,
            p_proof ->> 'recipient', p_proof -> 'tables', t.system_identifier, t.timeline, documents,
            CASE WHEN documents IS NOT NULL THEN p_proof -> 'standing' END,
            (SELECT coalesce(max(e.id), 0) FROM cutter_governance.run_effect e))
    RETURNING recorded_at INTO at;
    RETURN at;
END $$;

REVOKE ALL ON kept_count, kept_document, v_kept_document FROM PUBLIC;
REVOKE ALL ON FUNCTION keep_count, keep_document, keep_verified, fn_document_digest, fn_readers_leaves, fn_readers_root,
    fn_keep_documents, fn_count_audit, fn_documents_not_kept, fn_document_rows_digest, fn_standing FROM PUBLIC;
GRANT SELECT ON v_kept_document TO cutter_ro, cutter_exec, cutter_verify;
GRANT SELECT ON kept_count, kept_document TO cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_document_digest, fn_count_audit, fn_documents_not_kept
    TO cutter_ro, cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_standing TO cutter_verify;

-- schema: cutter_governance
-- Each effect on the rows is recorded with the rows of every table at its beginning, under the writer's lock, and those
-- that it added, which must be exactly the signed ones. So a plan is bound to its own document, and not to the whole
-- database: what the runs of other documents have recorded since it was made is told apart from everything else.

CREATE TABLE IF NOT EXISTS run_effect (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id        text NOT NULL REFERENCES run (run_id),
    docprefix     text NOT NULL,
    batch_id      text,
    step          text NOT NULL CHECK (step IN ('cut', 'record', 'verify', 'edit', 'enact', 'revert')),
    rows_before   jsonb NOT NULL CHECK (jsonb_typeof(rows_before) = 'object'),
    rows_added    jsonb NOT NULL CHECK (jsonb_typeof(rows_added) = 'object'),
    units_before  bigint,
    digest_before text CHECK (digest_before ~ '^[0-9a-f]{64}$'),
    others_digest text CHECK (others_digest ~ '^[0-9a-f]{64}$'),
    xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((digest_before IS NULL) = (step IN ('record', 'verify'))
           AND (others_digest IS NULL) = (digest_before IS NULL)
           AND (units_before IS NULL) = (digest_before IS NULL))
);
CREATE INDEX IF NOT EXISTS run_effect_run ON run_effect (run_id, id);
COMMENT ON TABLE run_effect IS 'Effects on the rows, one for each transaction, in the order of their COMMITs.';
COMMENT ON COLUMN run_effect.id IS 'The key of the row; the writer''s lock makes it grow in the order of the COMMITs.';
COMMENT ON COLUMN run_effect.run_id IS 'The run that had the effect.';
COMMENT ON COLUMN run_effect.docprefix IS 'The document of the run.';
COMMENT ON COLUMN run_effect.batch_id IS 'The batch of the run; NULL if it is in none.';
COMMENT ON COLUMN run_effect.step IS 'cut, record (leg B), verify, edit, enact or revert.';
COMMENT ON COLUMN run_effect.rows_before IS 'Rows of each table at the beginning, under the lock.';
COMMENT ON COLUMN run_effect.rows_added IS 'Rows that were added to each table; tables without are left out.';
COMMENT ON COLUMN run_effect.units_before IS
    'Units of the document that readers saw at the beginning; NULL if the step changes no unit.';
COMMENT ON COLUMN run_effect.digest_before IS
    'Digest of the document as readers saw it at the beginning; NULL if the step changes no unit.';
COMMENT ON COLUMN run_effect.others_digest IS
    'Digest over all other documents, the same at the beginning and at the end; NULL if the step changes no unit.';
COMMENT ON COLUMN run_effect.xid IS 'The transaction that wrote the row.';
COMMENT ON COLUMN run_effect.recorded_at IS 'When it was recorded, by the clock of the server.';
CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON run_effect FOR EACH STATEMENT
    EXECUTE FUNCTION guard_refuse('the ledger is append-only');
ALTER TABLE run_effect ENABLE ALWAYS TRIGGER guard_append_only;

ALTER TABLE backup_proof ADD COLUMN IF NOT EXISTS effect bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN backup_proof.effect IS 'The last effect whose rows the backup holds; 0 for none.';

-- ---------------------------------------------------------------------------------------------------------------------
-- The beginning and the end of an effect
-- ---------------------------------------------------------------------------------------------------------------------

-- The registries grow when any run pins its source, which needs no lock.
CREATE OR REPLACE FUNCTION fn_effect_rows() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_object_agg(c.table_name, c.rows)
      FROM cutter_governance.v_row_count c
     WHERE c.table_name NOT IN ('cutter_governance.source_document_registry',
                                'cutter_governance.source_document_version_registry')
$$;
COMMENT ON FUNCTION fn_effect_rows IS 'Rows of each table that only an effect adds to.';

-- As they are kept, which the triggers of units see to; those that have changed and are not kept yet are computed.
CREATE OR REPLACE FUNCTION fn_others_digest(p_without text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(
               coalesce(string_agg(concat_ws(chr(9), d.docprefix, d.units, d.digest), chr(10)
                                   ORDER BY d.docprefix COLLATE "C"), ''),
               'UTF8')), 'hex')
      FROM (SELECT k.docprefix, k.units, k.digest
              FROM cutter_governance.kept_document k
             WHERE k.digest IS NOT NULL
            UNION ALL
            SELECT k.docprefix, f.units, f.digest
              FROM (SELECT n.docprefix FROM cutter_governance.kept_document n WHERE n.digest IS NULL) k
             CROSS JOIN LATERAL cutter_governance.fn_document_digest(k.docprefix) f) d
     WHERE d.docprefix <> ALL (p_without)
       AND d.units > 0
$$;
COMMENT ON FUNCTION fn_others_digest IS 'Digest over all documents but these, as readers see them.';

-- Called under the writer's lock, before the first row is written; what it returns is for fn_effect_end alone.
CREATE OR REPLACE FUNCTION fn_effect_begin(p_run_id text, p_step text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    prefix text := (SELECT r.docprefix FROM cutter_governance.run r WHERE r.run_id = p_run_id);
    document record;
    own text[] := ARRAY[prefix];
BEGIN
    IF p_step IN ('record', 'verify') THEN
        RETURN jsonb_build_object('rows', cutter_governance.fn_effect_rows());
    END IF;
    -- Units that somebody has added to the run may be of another document, or of none: a signed revert names them.
    IF p_step = 'revert' THEN
        own := own || ARRAY(SELECT DISTINCT coalesce(u.doc_code, '')
                              FROM cutter_governance.fn_draft_lines(p_run_id) l
                              JOIN public.information_unit u ON u.id = l.unit_id);
    END IF;
    SELECT k.units, k.digest INTO document
      FROM cutter_governance.kept_document k
     WHERE k.docprefix = prefix
       AND k.digest IS NOT NULL;
    IF NOT FOUND THEN
        SELECT f.units, f.digest INTO document FROM cutter_governance.fn_document_digest(prefix) f;
    END IF;
    RETURN jsonb_build_object('rows', cutter_governance.fn_effect_rows(),
                              'own', to_jsonb(own),
                              'others', cutter_governance.fn_others_digest(own),
                              'units', document.units, 'digest', document.digest);
END $$;
COMMENT ON FUNCTION fn_effect_begin IS 'The state that an effect begins with, under the writer''s lock.';

-- The rows that were added must be those that are expected, table by table, and no other document may have changed.
CREATE OR REPLACE FUNCTION fn_effect_end(p_run_id text, p_step text, p_begun jsonb, p_expected jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r cutter_governance.run;
    added jsonb;
    wrong text;
BEGIN
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id;
    SELECT coalesce(jsonb_object_agg(n.key, n.value::bigint - (p_begun -> 'rows' ->> n.key)::bigint)
                    FILTER (WHERE n.value::bigint <> (p_begun -> 'rows' ->> n.key)::bigint), '{}'),
           string_agg(format('%s: %s rows, then %s, %s expected', n.key, p_begun -> 'rows' ->> n.key, n.value,
                             (p_begun -> 'rows' ->> n.key)::bigint + coalesce(e.value::bigint, 0)), '; '
                      ORDER BY n.key)
               FILTER (WHERE n.value::bigint IS DISTINCT FROM (p_begun -> 'rows' ->> n.key)::bigint
                                                              + coalesce(e.value::bigint, 0))
      INTO added, wrong
      FROM jsonb_each_text(cutter_governance.fn_effect_rows()) n
      LEFT JOIN jsonb_each_text(p_expected) e USING (key);
    IF wrong IS NULL AND p_step NOT IN ('record', 'verify')
       AND p_begun ->> 'others' IS DISTINCT FROM cutter_governance.fn_others_digest(
               ARRAY(SELECT jsonb_array_elements_text(p_begun -> 'own'))) THEN
        wrong := 'another document has changed';
    END IF;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('run %s to %s: %s', p_run_id, p_step, wrong),
            'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.run_effect (
        run_id, docprefix, batch_id, step, rows_before, rows_added, units_before, digest_before, others_digest)
    VALUES (p_run_id, r.docprefix, cutter_governance.fn_batch_of(p_run_id), p_step, p_begun -> 'rows', added,
            (p_begun ->> 'units')::bigint, p_begun ->> 'digest', p_begun ->> 'others');
END $$;
COMMENT ON FUNCTION fn_effect_end IS
    'Records an effect, if it added exactly the expected rows and changed no other document; raises otherwise.';

-- Of an amendment or a repeal, as its statement says: units touched, draft versions written, or renumberings.
CREATE OR REPLACE FUNCTION fn_signed_units(a cutter_governance.approval, p_of text) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE p_of
           WHEN 'touched' THEN (s.m ->> 'changed')::integer + (s.m ->> 'new')::integer + (s.m ->> 'gone')::integer
           WHEN 'drafts' THEN (s.m ->> 'changed')::integer + (s.m ->> 'new')::integer
           WHEN 'moved' THEN coalesce(jsonb_array_length(s.m -> 'moved'), 0) END
      FROM (SELECT cutter_governance.fn_statement(a.statement) -> 'amendment' AS m) s
$$;
COMMENT ON FUNCTION fn_signed_units IS 'Numbers of an amendment, read out of its signed statement.';

CREATE OR REPLACE FUNCTION fn_step_rows(p_run_id text, p_units bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
               'public.iu_lifecycle_log', p_units,
               'cutter_governance.review_decision', 1,
               'cutter_governance.decision_backlog_history',
               (SELECT count(*) FROM cutter_governance.decision_backlog_entry e WHERE e.run_id = p_run_id))
$$;
COMMENT ON FUNCTION fn_step_rows IS 'The rows that an enactment or a revert of so many units adds.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Effects of others since a plan was made
-- ---------------------------------------------------------------------------------------------------------------------

-- What readers saw after the effect p_effect, of every document that others have changed since by recorded effects;
-- of p_docprefix what they see now, without these addresses. Whatever else has changed since shows.
CREATE OR REPLACE FUNCTION fn_readers_digest_since(
    p_effect bigint, p_docprefix text, p_without text[] DEFAULT NULL
) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH moved AS (
        SELECT DISTINCT ON (e.docprefix) e.docprefix, e.units_before AS units, e.digest_before AS digest
          FROM cutter_governance.run_effect e
         WHERE e.id > p_effect
           AND e.digest_before IS NOT NULL
           AND e.docprefix <> p_docprefix
         ORDER BY e.docprefix, e.id
    )
    SELECT cutter_governance.fn_merkle_root(
        (SELECT array_agg(concat_ws(chr(9), d.docprefix, d.units, d.digest) ORDER BY d.docprefix COLLATE "C")
           FROM (SELECT l.docprefix, l.units, l.digest
                   FROM cutter_governance.fn_readers_leaves(
                            ARRAY[p_docprefix], p_without, (SELECT array_agg(m.docprefix) FROM moved m)) l
                 UNION ALL
                 SELECT m.docprefix, m.units, m.digest FROM moved m) d
          WHERE d.units > 0))
$$;
COMMENT ON FUNCTION fn_readers_digest_since IS
    'What readers see, with the documents that other runs have changed since an effect as they were before.';

CREATE OR REPLACE FUNCTION fn_rows_since(p_effect bigint, p_run_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(a.table_name, a.rows), '{}')
      FROM (SELECT r.key AS table_name, sum(r.value::bigint) AS rows
              FROM cutter_governance.run_effect e
             CROSS JOIN LATERAL jsonb_each_text(e.rows_added) r
             WHERE e.id > p_effect
               AND e.run_id <> p_run_id
             GROUP BY r.key) a
$$;
COMMENT ON FUNCTION fn_rows_since IS 'Rows that other runs have added to each table since an effect.';

CREATE OR REPLACE VIEW v_run_effect AS
    SELECT id, run_id, docprefix, batch_id, step, rows_before, rows_added, recorded_at FROM run_effect;
COMMENT ON VIEW v_run_effect IS 'The recorded effects, each with the rows at its beginning and those that it added.';

-- ---------------------------------------------------------------------------------------------------------------------
-- A backup holds the state before the write
-- ---------------------------------------------------------------------------------------------------------------------

-- As in 0012; a proof that was recorded for one member, after the batch was, counts for each member whose rows it
-- holds: all of them, if it holds whole tables. One from before an effect of another run, outside of the batch, counts
-- no more, because it does not hold the rows of that effect; a verification changes nothing that a backup is for.
CREATE OR REPLACE FUNCTION fn_backup_age(p_run_id text) RETURNS double precision
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT extract(epoch FROM clock_timestamp() - max(p.recorded_at))::double precision
      FROM cutter_governance.backup_proof p, cutter_governance.fn_target() t
     WHERE (p.run_id = p_run_id
            OR EXISTS (SELECT 1
                         FROM cutter_governance.batch_member m
                         JOIN cutter_governance.batch b USING (batch_id)
                         JOIN cutter_governance.batch_member o USING (batch_id)
                        WHERE m.run_id = p_run_id
                          AND o.run_id = p.run_id
                          AND p.recorded_at >= b.recorded_at
                          AND (p.documents IS NULL
                               OR EXISTS (SELECT 1
                                            FROM cutter_governance.run r
                                           WHERE r.run_id = p_run_id
                                             AND r.docprefix = ANY (p.documents)))))
       AND p.system_identifier = t.system_identifier
       AND p.timeline = t.timeline
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.run_effect e
                        WHERE e.id > p.effect
                          AND e.step <> 'verify'
                          AND e.run_id <> p_run_id
                          AND (e.batch_id IS NULL
                               OR e.batch_id IS DISTINCT FROM (SELECT cutter_governance.fn_batch_of(p_run_id))))
$$;

-- As in 0012; where there is a proof that does not count any more, the refusal says why.
CREATE OR REPLACE FUNCTION fn_assert_backup(p_run_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    age double precision := cutter_governance.fn_backup_age(p_run_id);
BEGIN
    IF age IS NULL OR age NOT BETWEEN 0 AND 3600 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_BACKUP_NOT_PROVEN', 'CU004',
            CASE WHEN age IS NOT NULL
                     THEN format('the proven backup of run %s is %s minutes old; 60 is the limit',
                                 p_run_id, floor(age / 60))
                 WHEN EXISTS (SELECT 1 FROM cutter_governance.backup_proof p WHERE p.run_id = p_run_id)
                     THEN format('the proven backup of run %s does not hold what was written since', p_run_id)
                 ELSE format('no backup of run %s is recorded as proven', p_run_id) END,
            'Take one: cutter-console backup take RUN');
    END IF;
END $$;

REVOKE ALL ON run_effect, v_run_effect FROM PUBLIC;
REVOKE ALL ON FUNCTION fn_effect_rows, fn_others_digest, fn_effect_begin, fn_effect_end, fn_signed_units, fn_step_rows,
    fn_readers_digest_since, fn_rows_since FROM PUBLIC;
GRANT SELECT ON v_run_effect TO cutter_ro, cutter_exec, cutter_verify;
GRANT SELECT ON run_effect TO cutter_exec, cutter_verify;
GRANT SELECT ON SEQUENCE run_effect_id_seq TO cutter_verify;
GRANT EXECUTE ON FUNCTION fn_effect_rows, fn_readers_digest_since, fn_rows_since TO cutter_exec, cutter_verify;

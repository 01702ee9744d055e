-- schema: cutter_governance
-- Every state that a document has had in force, out of what is recorded already: the enactments, the sealed manifests
-- and the versions. Nothing is stored twice for it; only the text between the units was not in the database, and is
-- kept with the seal from here on, so that the whole text of a state is composed of the rows that are law.

ALTER TABLE manifest_seal ADD COLUMN IF NOT EXISTS other_text bytea;
COMMENT ON COLUMN manifest_seal.other_text IS
    'The bytes of the canonical text that stand in no unit, in their order; NULL if version 0.2.0 sealed it.';

-- A text may be in force later than its enactment, as its SG_2 says.
ALTER TABLE approval ADD COLUMN IF NOT EXISTS in_force_from timestamptz;
COMMENT ON COLUMN approval.in_force_from IS
    'Of SG_2: the later moment from which the text is in force; NULL for the moment of the enactment.';

-- One row for each enactment: from when to when what it enacted was in force. A state that begins in the future is
-- listed too; in_force_until is NULL for the last one. In the state that a repeal makes, no unit is in force. Their
-- order is that of the decisions' times: a database that was restored from a dump gives smaller transaction ids than
-- those that it has recorded.
CREATE OR REPLACE VIEW v_document_state AS
    SELECT r.docprefix, r.run_id, r.operation, r.profile,
           CASE r.operation WHEN 'repeal' THEN 0 ELSE r.n_units END AS n_units, r.source_sha256, r.canonical_sha256,
           a.statement_sha256, d.id AS review_decision_id, d.decided_by, d.decided_at AS enacted_at, d.in_force_from,
           lead(d.in_force_from) OVER (PARTITION BY r.docprefix ORDER BY d.decided_at, u.xid) AS in_force_until,
           row_number() OVER (PARTITION BY r.docprefix ORDER BY d.decided_at, u.xid) AS state,
           u.xid AS enacted_in
      FROM (SELECT e.*, greatest(p.in_force_from, e.decided_at) AS in_force_from
              FROM review_decision e
              JOIN approval p USING (statement_sha256)
             WHERE e.verdict = 'enact') d
      JOIN approval a ON a.statement_sha256 = d.statement_sha256
      JOIN approval_use u ON u.statement_sha256 = a.statement_sha256 AND u.purpose = 'enact'
      JOIN run r ON r.run_id = d.run_id;
COMMENT ON VIEW v_document_state IS
    'Every state of a document that was enacted: by which run and ruling, in force from when to when.';

-- The units of a run as they were enacted, or wait to be: its manifest, overlaid by the edits that were signed between
-- its cut and its enactment. The order is that of the rulings' uses: the upgrade sealed all manifests of version 0.2.0
-- in one transaction.
CREATE OR REPLACE FUNCTION fn_state_units(p_run_id text)
RETURNS TABLE (
    seq integer, address text, parent text, unit_kind text, section_type text, section_code text,
    byte_start bigint, byte_end bigint, line_start integer, line_end integer, unit_id uuid, version_id uuid,
    edited_by text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
    WITH edited AS (
        SELECT DISTINCT ON (b.address) b.address, b.version_id, e.run_id
          FROM cutter_governance.run c
          JOIN cutter_governance.approval_use s ON s.run_id = c.run_id AND s.purpose = 'cut'
          LEFT JOIN cutter_governance.approval_use n ON n.run_id = c.run_id AND n.purpose = 'enact'
          JOIN cutter_governance.run e ON e.docprefix = c.docprefix AND e.operation = 'edit'
          JOIN cutter_governance.manifest_seal f ON f.run_id = e.run_id
          JOIN cutter_governance.approval_use w ON w.run_id = e.run_id AND w.purpose = 'edit'
           AND w.xid > s.xid AND (n.xid IS NULL OR w.xid < n.xid)
        -- By the index of the edit's run: a join could read every manifest for the few rows of an edit.
         CROSS JOIN LATERAL (
                   SELECT m.address, m.version_id
                     FROM cutter_governance.manifest_unit_block m
                    WHERE m.run_id = e.run_id
                   OFFSET 0) b
         WHERE c.run_id = p_run_id
         ORDER BY b.address, w.xid DESC
    )
    SELECT b.seq, b.address, b.parent_address, b.unit_kind, b.section_type, b.section_code,
           b.byte_start, b.byte_end, b.line_start, b.line_end, b.unit_id, coalesce(e.version_id, b.version_id), e.run_id
      FROM cutter_governance.manifest_unit_block b
      JOIN cutter_governance.manifest_seal s ON s.run_id = b.run_id
      LEFT JOIN edited e ON e.address = b.address
     WHERE b.run_id = p_run_id
$$;
COMMENT ON FUNCTION fn_state_units IS 'The units of a run as they were enacted, or wait to be.';

-- The bodies of a state that was enacted, with the text between them: of its versions, or of its manifest as it was
-- cut. NULL where that text was not kept, and for what was never enacted: drafts that were taken back are nobody's to
-- read here. Versions are looked up by index: otherwise a small document's text would read the versions of all others.
CREATE OR REPLACE FUNCTION fn_state_bytes(p_run_id text, p_as_cut boolean) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- The text of a repeal is empty: its sealed manifest has no units.
    SELECT (SELECT coalesce(string_agg(
                       substring(s.other_text FROM p.between_end - p.between + 1 FOR p.between)
                       || convert_to(p.body, 'UTF8'), '' ORDER BY p.seq), CASE s.n_units WHEN 0 THEN ''::bytea END)
                   || substring(s.other_text FROM coalesce(max(p.between_end), 0) + 1)
              FROM (SELECT g.seq, g.body, g.between, (sum(g.between) OVER (ORDER BY g.seq))::integer AS between_end
                      FROM (SELECT t.seq, t.body,
                                   (t.byte_start - lag(t.byte_end, 1, 0::bigint) OVER (ORDER BY t.seq))::integer
                                       AS between
                              FROM (SELECT b.seq, b.body, b.byte_start, b.byte_end
                                      FROM cutter_governance.manifest_unit_block b
                                     WHERE p_as_cut
                                       AND b.run_id = p_run_id
                                    UNION ALL
                                    SELECT u.seq, v.body, u.byte_start, u.byte_end
                                      FROM cutter_governance.fn_state_units(p_run_id) u
                                      JOIN public.unit_version v ON v.id = u.version_id
                                     WHERE NOT p_as_cut) t) g) p)
      FROM cutter_governance.manifest_seal s
     WHERE s.run_id = p_run_id
       AND s.other_text IS NOT NULL
       AND EXISTS (SELECT 1
                     FROM cutter_governance.approval_use n
                    WHERE n.run_id = s.run_id
                      AND n.purpose = 'enact')
$$;
COMMENT ON FUNCTION fn_state_bytes IS
    'The bodies of a state with the text between them, as they are or as they were cut.';

-- The whole text of a state.
CREATE OR REPLACE FUNCTION fn_state_text(p_run_id text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_state_bytes(p_run_id, false)
$$;
COMMENT ON FUNCTION fn_state_text IS
    'The canonical text of a state, composed of its versions; NULL where the text between its units was not kept.';

-- Equal addresses are looked for in the order of bytes, which is that of a manifest but for its numbers.
CREATE INDEX IF NOT EXISTS manifest_unit_block_address ON manifest_unit_block (address COLLATE "C");

-- The units of a state with their texts, in the order of the document; none for what was never enacted.
CREATE OR REPLACE FUNCTION fn_state_versions(p_run_id text)
RETURNS TABLE (
    seq integer, address text, parent text, unit_kind text, section_type text, section_code text, line_start integer,
    version_seq integer, title text, body text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.seq, u.address, u.parent, u.unit_kind, u.section_type, u.section_code, u.line_start, v.version_seq,
           coalesce(v.title, ''), v.body
      FROM cutter_governance.fn_state_units(p_run_id) u
      JOIN public.unit_version v ON v.id = u.version_id
     WHERE EXISTS (SELECT 1
                     FROM cutter_governance.approval_use n
                    WHERE n.run_id = p_run_id
                      AND n.purpose = 'enact')
$$;
COMMENT ON FUNCTION fn_state_versions IS 'The units of a state that was enacted, with their texts.';

-- The sha256 of the text of a run's sealed manifest, as it was cut: of a state whose units were edited afterwards this
-- must be the pinned one, and not that of its text.
CREATE OR REPLACE FUNCTION fn_state_cut_sha256(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(cutter_governance.fn_state_bytes(p_run_id, true)), 'hex')
$$;
COMMENT ON FUNCTION fn_state_cut_sha256 IS
    'The sha256 of the text of a run''s sealed manifest, as it was before edits; NULL where other_text was not kept.';

-- The units of a state whose title or body is not the one of the sealed manifest that it came in by. Of a state whose
-- whole text cannot be compared with the pinned one, because a unit was edited or version 0.2.0 sealed it, this can be.
CREATE OR REPLACE FUNCTION fn_state_altered(p_run_id text) RETURNS TABLE (seq integer, address text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.seq, u.address
      FROM cutter_governance.fn_state_units(p_run_id) u
      JOIN cutter_governance.manifest_unit_block b
        ON b.run_id = coalesce(u.edited_by, p_run_id) AND b.address COLLATE "C" = u.address
      LEFT JOIN public.unit_version v ON v.id = u.version_id
     WHERE (v.title, encode(sha256(convert_to(v.body, 'UTF8')), 'hex')) IS DISTINCT FROM (b.title, b.body_sha256)
       AND EXISTS (SELECT 1
                     FROM cutter_governance.approval_use n
                    WHERE n.run_id = p_run_id
                      AND n.purpose = 'enact')
$$;
COMMENT ON FUNCTION fn_state_altered IS
    'The units of a state whose title or body is not the one of the sealed manifest that it came in by.';

-- Every state that one unit was, is or will be law in, with its text there. By the index alone, whatever the number of
-- units and documents.
CREATE OR REPLACE FUNCTION fn_unit_states(p_address text)
RETURNS TABLE (
    state bigint, seq integer, parent text, unit_kind text, section_type text, section_code text,
    version_seq integer, title text, body text, edited_by text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.state, b.seq, b.parent_address, b.unit_kind, b.section_type, b.section_code,
           v.version_seq, coalesce(v.title, ''), v.body, e.run_id
      FROM cutter_governance.manifest_unit_block b
      JOIN cutter_governance.manifest_seal m ON m.run_id = b.run_id
      JOIN cutter_governance.v_document_state d
        ON d.run_id = b.run_id AND d.docprefix = split_part(p_address, '/', 1)
      LEFT JOIN LATERAL (
               SELECT c.run_id, c.version_id
                 FROM cutter_governance.manifest_unit_block c
                 JOIN cutter_governance.manifest_seal f ON f.run_id = c.run_id
                 JOIN cutter_governance.approval_use w ON w.run_id = c.run_id AND w.purpose = 'edit'
                 JOIN cutter_governance.approval_use s ON s.run_id = b.run_id AND s.purpose = 'cut'
                WHERE c.address COLLATE "C" = p_address
                  AND w.xid > s.xid
                  AND w.xid < d.enacted_in
                ORDER BY w.xid DESC
                LIMIT 1) e ON true
      JOIN public.unit_version v ON v.id = coalesce(e.version_id, b.version_id)
     WHERE b.address COLLATE "C" = p_address
$$;
COMMENT ON FUNCTION fn_unit_states IS 'Every state that one unit was, is or will be law in, with its text there.';

-- Every version of one unit and the run that wrote it, also of drafts. A text is there only if v_reader shows it as a
-- draft: what was taken back before it was law is nobody's to read here.
CREATE OR REPLACE FUNCTION fn_unit_versions(p_address text)
RETURNS TABLE (
    version_seq integer, run_id text, operation text, statement_sha256 text, lifecycle_status text,
    created_at timestamptz, draft_title text, draft_body text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.version_seq, w.run_id, w.operation, w.statement_sha256, v.lifecycle_status, v.created_at,
           CASE WHEN d.is_draft THEN coalesce(v.title, '') END, CASE WHEN d.is_draft THEN v.body END
      FROM public.information_unit u
      JOIN public.unit_version v ON v.unit_id = u.id
      LEFT JOIN LATERAL (
               SELECT b.run_id, r.operation, a.statement_sha256
                 FROM cutter_governance.manifest_unit_block b
                 JOIN cutter_governance.run r ON r.run_id = b.run_id
                 JOIN cutter_governance.approval_use a ON a.run_id = b.run_id AND a.purpose IN ('cut', 'edit')
                WHERE b.address COLLATE "C" = p_address
                  AND b.version_id = v.id
                ORDER BY a.xid
                LIMIT 1) w ON true
     CROSS JOIN LATERAL (
               SELECT u.lifecycle_status = 'draft'
                      AND u.deleted_at IS NULL
                      AND v.id = u.version_anchor_ref) d (is_draft)
     WHERE u.canonical_address = p_address
$$;
COMMENT ON FUNCTION fn_unit_versions IS
    'Every version of one unit and the run that wrote it; with text only of the draft that readers see.';

CREATE OR REPLACE VIEW v_address_alias AS
    SELECT a.alias, a.canonical_address, a.run_id, a.created_at FROM canonical_address_alias a;
COMMENT ON VIEW v_address_alias IS 'Addresses that a unit had, and the address that it has since.';

-- What was, is or will be in force at a moment: one row a unit. Not the drafts, and not what begins later.
CREATE OR REPLACE FUNCTION fn_in_force(p_at timestamptz)
RETURNS TABLE (
    canonical_address text, docprefix text, run_id text, seq integer, parent text, unit_kind text, section_type text,
    section_code text, version_seq integer, title text, body text, in_force_from timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.address, s.docprefix, s.run_id, u.seq, u.parent, u.unit_kind, u.section_type, u.section_code,
           v.version_seq, coalesce(v.title, ''), v.body, s.in_force_from
      FROM cutter_governance.v_document_state s
     CROSS JOIN LATERAL cutter_governance.fn_state_units(s.run_id) u
      JOIN public.unit_version v ON v.id = u.version_id
     WHERE s.in_force_from <= p_at
       AND (s.in_force_until IS NULL OR s.in_force_until > p_at)
$$;
COMMENT ON FUNCTION fn_in_force IS 'The units that are in force at a moment, with the version that counts then.';

-- What is in force now. Where the newest enactment counts already, the units' own anchors say it, found by any index;
-- where it begins later, the state before it is looked up.
-- A security barrier, or a cheap function in a query's condition would hear drafts before they are left out.
CREATE OR REPLACE VIEW v_in_force WITH (security_barrier) AS
    SELECT u.canonical_address, u.doc_code AS docprefix, u.parent_or_container_ref AS parent, u.unit_kind,
           u.section_type, u.section_code, v.version_seq, coalesce(v.title, '') AS title, v.body
      FROM public.information_unit u
      JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status = 'enacted'
       AND NOT EXISTS (SELECT 1
                         FROM v_document_state s
                        WHERE s.docprefix = u.doc_code
                          AND s.in_force_from > now())
    UNION ALL
    SELECT u.address, s.docprefix, u.parent, u.unit_kind, u.section_type, u.section_code, v.version_seq,
           coalesce(v.title, ''), v.body
      FROM v_document_state s
     CROSS JOIN LATERAL fn_state_units(s.run_id) u
      JOIN public.unit_version v ON v.id = u.version_id
     WHERE s.in_force_from <= now()
       AND s.in_force_until > now()
       AND EXISTS (SELECT 1
                     FROM v_document_state l
                    WHERE l.docprefix = s.docprefix
                      AND l.in_force_from > now());
COMMENT ON VIEW v_in_force IS 'The units that are in force now, for readers: no drafts, and nothing that begins later.';

REVOKE ALL ON v_document_state, v_in_force, v_address_alias FROM PUBLIC;
REVOKE ALL ON FUNCTION fn_state_bytes, fn_state_units, fn_state_text, fn_state_versions, fn_state_cut_sha256,
    fn_state_altered, fn_unit_states, fn_unit_versions, fn_in_force
    FROM PUBLIC;
GRANT SELECT ON v_document_state, v_in_force, v_address_alias TO cutter_ro, cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_state_units, fn_state_text, fn_state_versions, fn_state_cut_sha256, fn_state_altered,
    fn_unit_states, fn_unit_versions, fn_in_force
    TO cutter_ro, cutter_exec, cutter_verify;

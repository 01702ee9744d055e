-- schema: cutter_console
-- What stands in no unit of a state by its places: two texts can have the same between their units, at other places.
-- And where the unit of an address went that was given up more than once.

-- Behind which unit each piece stands, in the order of the text; in front of every unit it is behind the empty address.
-- The beginning has a row, and each place where something stands. piece is NULL where version 0.2.0 kept nothing of it;
-- no row for what was never enacted.
CREATE OR REPLACE FUNCTION cutter_console.fn_state_pieces(p_run_id text)
RETURNS TABLE (seq integer, address text, piece bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- The last piece goes to the end of what is kept: how long the whole text is, no row says.
    SELECT p.seq, p.address,
           CASE WHEN p.bytes IS NULL THEN substring(s.other_text FROM p.starts + 1)
                ELSE substring(s.other_text FROM p.starts + 1 FOR p.bytes) END
      FROM cutter_governance.manifest_seal s
     CROSS JOIN LATERAL (
               SELECT g.seq, g.address, g.bytes,
                      coalesce(sum(g.bytes) OVER (ORDER BY g.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                               0)::integer AS starts
                 FROM (SELECT t.seq, t.address,
                              (lead(t.byte_start) OVER (ORDER BY t.seq) - t.byte_end)::integer AS bytes
                         FROM (SELECT 0 AS seq, '' AS address, 0::bigint AS byte_start, 0::bigint AS byte_end
                               UNION ALL
                               SELECT b.seq, b.address, b.byte_start, b.byte_end
                                 FROM cutter_governance.manifest_unit_block b
                                WHERE b.run_id = p_run_id) t) g) p
     WHERE s.run_id = p_run_id
       AND (p.seq = 0 OR coalesce(p.bytes, 1) > 0 AND s.other_text IS NOT NULL)
       AND EXISTS (SELECT 1
                     FROM cutter_governance.approval_use n
                    WHERE n.run_id = s.run_id
                      AND n.purpose = 'enact')
$$;
COMMENT ON FUNCTION cutter_console.fn_state_pieces IS
    'The bytes of a state that stand in no unit, each by the unit that it stands behind; NULL where they were not kept.';

-- It had them joined; no release has had it.
-- squawk-ignore ban-drop-function
DROP FUNCTION IF EXISTS cutter_console.fn_state_between(text);

REVOKE ALL ON FUNCTION cutter_console.fn_state_pieces FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cutter_console.fn_state_pieces TO cutter_ro, cutter_exec, cutter_verify;

-- An address can be given up twice: its unit is renumbered, another one comes to stand under it, and is renumbered too.
-- Each amendment says so once for an address.
-- squawk-ignore ban-drop-constraint
ALTER TABLE cutter_governance.canonical_address_alias DROP CONSTRAINT IF EXISTS canonical_address_alias_pkey;
-- It has been so by the key.
-- squawk-ignore adding-not-nullable-field
ALTER TABLE cutter_governance.canonical_address_alias ALTER COLUMN alias SET NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX IF NOT EXISTS canonical_address_alias_once
    ON cutter_governance.canonical_address_alias (alias, coalesce(run_id, ''));

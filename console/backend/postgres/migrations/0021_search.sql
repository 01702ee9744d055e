-- schema: cutter_governance
-- Units by address and by word, page by page, at any number of them. A page goes on behind an address, or ends before
-- one: never after a number of rows, which would read all of those again.

-- The indexes are built while nobody writes: a migration is one transaction.
-- squawk-ignore-file require-concurrent-index-creation

-- A text as it is searched: without accents, ligatures and punctuation. NFC and NFD, and Vietnamese or German with and
-- without their signs, come to the same. unaccent does not serve: it may be missing, and it leaves NFD as it is.
CREATE OR REPLACE FUNCTION fn_folded(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT regexp_replace(
               CASE WHEN octet_length(p_text) = length(p_text) THEN p_text
                    ELSE replace(replace(replace(replace(replace(replace(replace(replace(
                             regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f]+', '', 'g'),
                             'đ', 'd'), 'Đ', 'D'), 'ß', 'ss'), 'æ', 'ae'), 'Æ', 'Ae'), 'ø', 'o'), 'Ø', 'O'), 'ł', 'l')
               END,
               '[\u0001-\u001f!-/:-@\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u2000-\u206f\u3000-\u303f]+',
               ' ', 'g')
$$;
COMMENT ON FUNCTION fn_folded IS
    'A text as it is searched: without accents, ligatures and punctuation; the same of NFC and NFD.';

-- What a unit is found by. Of a long text the beginning: a tsvector holds a megabyte, and what is too long for one must
-- not make a cut fail.
CREATE OR REPLACE FUNCTION fn_search_vector(p_title text, p_body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_tsvector('simple', left(cutter_governance.fn_folded(
               left(coalesce(p_title, '') || ' ' || p_body, 100000)), 100000))
$$;
COMMENT ON FUNCTION fn_search_vector IS
    'What a unit is found by: the words of its title and of the first 100,000 characters of its text.';

-- Every part must occur: a word, words in this order, or, with * at its end, what begins so. NULL if there is no word.
CREATE OR REPLACE FUNCTION fn_search_query(p_parts text[]) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg('(' || q.query || CASE WHEN q.part LIKE '%*' THEN ':*' ELSE '' END || ')', ' & ')::tsquery
      FROM (SELECT p.part, phraseto_tsquery('simple', cutter_governance.fn_folded(p.part))::text AS query
              FROM unnest(p_parts) AS p (part)) q
     WHERE q.query <> ''
$$;
COMMENT ON FUNCTION fn_search_query IS
    'The query for units that have every one of these parts: a word, a phrase, or the beginning of a word with *.';

-- fastupdate: a cut adds its units to a list, and not word by word to the index. No statistics of it: ANALYZE would
-- split thousands of texts into words, and fn_unit_page decides by the number of units that it finds.
CREATE INDEX IF NOT EXISTS unit_version_words ON public.unit_version
    USING gin (fn_search_vector(title, body)) WITH (fastupdate = on);
ALTER INDEX public.unit_version_words ALTER COLUMN 1 SET STATISTICS 0;
-- A version is written as a draft and once more when it becomes law. With room for that on its page no index gets a
-- second entry, and its words are looked for once; without, the table takes the same room in the end.
ALTER TABLE public.unit_version SET (fillfactor = 50);
-- In the order of the tree: / before every other character, so that a unit stands before those below it, a document in
-- one piece, and a page of either is a range.
CREATE INDEX IF NOT EXISTS information_unit_place ON public.information_unit
    (replace(canonical_address, '/', chr(1)) COLLATE "C");

-- The units with these words, by the index alone; at most so many of them, or every one for NULL.
CREATE OR REPLACE FUNCTION fn_units_with(p_words tsquery, p_most integer)
RETURNS TABLE (unit_id uuid, version_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
    SELECT v.unit_id, v.id
      FROM public.unit_version v
     WHERE cutter_governance.fn_search_vector(v.title, v.body) @@ p_words
     LIMIT p_most
$$;
COMMENT ON FUNCTION fn_units_with IS 'Units and versions with the words of a query, at most so many, by the index.';

-- A page of units: those whose address begins with p_prefix, of the document, with every one of p_parts if there are
-- any. Behind p_after or, if p_before is given, the last ones before it, in descending order. At p_at what is in force
-- at that moment; else as the units stand, of these lifecycles: drafts, law, and of what has ended only what was law.
-- The conditions are put together of constants; every value is a parameter. The order is that of an index, whatever the
-- planner knows of the tables. Of a common word the first units are looked at before all that have it are sorted.
CREATE OR REPLACE FUNCTION fn_unit_page(
    p_parts text[], p_prefix text, p_document text, p_lifecycles text[], p_at timestamptz, p_after text, p_before text,
    p_limit integer
)
RETURNS TABLE (
    address text, document text, lifecycle text, unit_kind text, section_type text, number text, title text,
    parent text, excerpt text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_sort = on AS $$
DECLARE
    common constant integer := 20000;
    most constant integer := least(coalesce(p_limit, 0), 1000);
    walked constant integer := 4 * most;
    words constant tsquery := cutter_governance.fn_search_query(p_parts);
    place constant text := 'replace(u.canonical_address, ''/'', chr(1)) COLLATE "C"';
    -- $1 the words, $2 the lifecycles, $3 the moment, $4 the prefix, $5 the document, $6 and $7 the bounds of the page.
    bounds constant text := place || ' > $6 AND ' || place || ' < $7'
        || CASE WHEN coalesce(p_prefix, '') = '' THEN '' ELSE
            ' AND ' || place || ' >= $4 AND ' || place || ' < $4 || chr(1114111)' END
        || CASE WHEN coalesce(p_document, '') = '' THEN '' ELSE
            ' AND ' || place || ' >= $5 AND ' || place || ' < $5 || chr(2)' END;
    way constant text := CASE WHEN p_before IS NULL THEN '' ELSE ' DESC' END;
    shape constant text := CASE WHEN p_at IS NULL THEN
        'SELECT u.canonical_address, u.doc_code, u.lifecycle_status, u.unit_kind, u.section_type, u.section_code,
                t.title, u.parent_or_container_ref, CASE WHEN $1 IS NOT NULL THEN left(t.body, 20000) END
           FROM %s u
           JOIN public.unit_version t ON t.id = u.version_anchor_ref
          WHERE u.lifecycle_status = ANY ($2)
            AND u.deleted_at IS NULL
            AND (u.lifecycle_status IN (''draft'', ''enacted'') OR t.enacted_at IS NOT NULL)
            AND %s ORDER BY %s LIMIT $8'
        ELSE
        'SELECT u.canonical_address, u.doc_code, ''enacted''::text, t.unit_kind, t.section_type, t.section_code,
                t.title, t.parent, CASE WHEN $1 IS NOT NULL THEN left(t.body, 20000) END
           FROM %s u
          CROSS JOIN LATERAL (
                    SELECT s.*
                      FROM cutter_governance.fn_unit_states(u.canonical_address) s
                      JOIN cutter_governance.v_document_state d
                        ON d.docprefix = split_part(u.canonical_address, ''/'', 1) AND d.state = s.state
                     WHERE d.in_force_from <= $3
                       AND (d.in_force_until IS NULL OR d.in_force_until > $3)
                     LIMIT 1) t
          WHERE $2 IS NOT NULL AND %s ORDER BY %s LIMIT $8' END;
    matching constant text := 'cutter_governance.fn_search_vector(t.title, t.body) @@ $1';
    first_units constant text :=
        format('(SELECT u.* FROM public.information_unit u WHERE %s ORDER BY %s LIMIT %s)',
               bounds, place || way, walked);
    with_words constant text :=
        format('(SELECT u.*, %s AS place
                   FROM (SELECT DISTINCT m.unit_id%s FROM cutter_governance.fn_units_with($1, NULL) m) w
                  CROSS JOIN LATERAL (SELECT * FROM public.information_unit i WHERE i.id = w.unit_id OFFSET 0) u
                  WHERE %s AND %s ORDER BY %s OFFSET 0)', place,
               CASE WHEN p_at IS NULL THEN ', m.version_id' ELSE '' END,
               CASE WHEN p_at IS NULL THEN 'u.version_anchor_ref = w.version_id' ELSE 'true' END, bounds, place || way);
    low text := replace(coalesce(p_after, ''), '/', chr(1));
    high text := coalesce(nullif(replace(p_before, '/', chr(1)), ''), chr(1114111));
    far text;
    n bigint;
    left_over integer := most;
BEGIN
    PERFORM set_config('enable_sort', 'off', true);
    IF p_parts IS NULL THEN
        RETURN QUERY EXECUTE format(shape, 'public.information_unit', bounds, place || way)
            USING words, p_lifecycles, p_at, replace(p_prefix, '/', chr(1)), p_document, low, high, left_over;
        RETURN;
    END IF;
    IF words IS NULL THEN
        RETURN;
    END IF;
    IF (SELECT count(*) > common FROM cutter_governance.fn_units_with(words, common + 1)) THEN
        RETURN QUERY EXECUTE format(shape, first_units, matching, place || way)
            USING words, p_lifecycles, p_at, replace(p_prefix, '/', chr(1)), p_document, low, high, left_over;
        GET DIAGNOSTICS n = ROW_COUNT;
        -- The rest stands behind the last unit that was looked at.
        EXECUTE format('SELECT %s(%s) FROM %s u HAVING count(*) = %s',
                       CASE WHEN p_before IS NULL THEN 'max' ELSE 'min' END, place, first_units, walked)
            INTO far
            USING words, p_lifecycles, p_at, replace(p_prefix, '/', chr(1)), p_document, low, high;
        IF n = most OR far IS NULL THEN
            RETURN;
        END IF;
        left_over := most - n;
        IF p_before IS NULL THEN
            low := far;
        ELSE
            high := far;
        END IF;
    END IF;
    PERFORM set_config('enable_sort', 'on', true);
    RETURN QUERY EXECUTE
        format(shape, with_words, CASE WHEN p_at IS NULL THEN 'true' ELSE matching END, 'u.place' || way)
        USING words, p_lifecycles, p_at, replace(p_prefix, '/', chr(1)), p_document, low, high, left_over;
END $$;
COMMENT ON FUNCTION fn_unit_page IS
    'A page of units by address, word, document and lifecycle, or as in force at a moment.';

REVOKE ALL ON FUNCTION fn_folded, fn_search_vector, fn_search_query, fn_units_with, fn_unit_page FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fn_unit_page TO cutter_ro, cutter_exec, cutter_verify;

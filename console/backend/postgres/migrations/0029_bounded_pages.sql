-- schema: cutter_console
-- A page of units takes a bounded amount of work, whatever is asked for. What does not fill a page within it says how
-- far it has looked, and the next call goes on there: no words, filter or moment reads all units for one page.

-- Units that are no law stand among many that are. An entry is made for a draft, and none when it becomes law.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS information_unit_not_law ON public.information_unit
    (lifecycle_status, (replace(canonical_address, '/', chr(1)) COLLATE "C")) WHERE lifecycle_status <> 'enacted';

-- As in 0012. It had an OFFSET, which made PostgreSQL read every unit to find one. A barrier keeps only those
-- conditions out of the view that could tell somebody what it leaves out.
CREATE OR REPLACE VIEW cutter_governance.v_reader WITH (security_barrier) AS
    SELECT u.canonical_address, u.doc_code, u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code,
           u.lifecycle_status, v.version_seq, v.title, v.body
      FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status IN ('draft', 'enacted') AND u.deleted_at IS NULL;

-- As fn_in_force, of one document: a condition on that one's answer is asked of every unit that is in force.
CREATE OR REPLACE FUNCTION cutter_console.fn_document_in_force(p_docprefix text, p_at timestamptz)
RETURNS TABLE (
    canonical_address text, docprefix text, run_id text, seq integer, parent text, unit_kind text, section_type text,
    section_code text, version_seq integer, title text, body text, in_force_from timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.address, s.docprefix, s.run_id, u.seq, u.parent, u.unit_kind, u.section_type, u.section_code,
           v.version_seq, coalesce(v.title, ''), v.body, s.in_force_from
      FROM cutter_governance.v_document_state s
     CROSS JOIN LATERAL cutter_console.fn_state_units(s.run_id) u
      JOIN public.unit_version v ON v.id = u.version_id
     WHERE s.docprefix = p_docprefix
       AND s.in_force_from <= p_at
       AND (s.in_force_until IS NULL OR s.in_force_until > p_at)
$$;
COMMENT ON FUNCTION cutter_console.fn_document_in_force IS
    'The units of one document that are in force at a moment, with the version that counts then.';

-- As in 0021, with memory for a bitmap of every page of a large table: one that is too large for its memory knows pages
-- and no rows, and each text on them would be split into words again.
CREATE OR REPLACE FUNCTION cutter_console.fn_units_with(p_words tsquery, p_most integer)
RETURNS TABLE (unit_id uuid, version_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET work_mem = '64MB' AS $$
    SELECT v.unit_id, v.id
      FROM public.unit_version v
     WHERE cutter_console.fn_search_vector(v.title, v.body) @@ p_words
     LIMIT p_most
$$;

-- Of these units, or these versions, those with the words, by both indexes: no other row of the table is read. What the
-- planner would take for the number of rows with some words has nothing to do with it, and a row that it would read has
-- no price that it would pay: so it joins the indexes, whatever it knows.
CREATE OR REPLACE FUNCTION cutter_console.fn_units_among(p_words tsquery, p_units uuid[], p_versions uuid[])
RETURNS TABLE (unit_id uuid, version_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_indexscan = off SET plan_cache_mode = force_generic_plan SET cpu_tuple_cost = 1000000
SET work_mem = '64MB' AS $$
BEGIN
    IF p_versions IS NULL THEN
        RETURN QUERY
            SELECT v.unit_id, v.id
              FROM public.unit_version v
             WHERE v.unit_id = ANY (p_units)
               AND cutter_console.fn_search_vector(v.title, v.body) @@ p_words;
    ELSE
        RETURN QUERY
            SELECT v.unit_id, v.id
              FROM public.unit_version v
             WHERE v.id = ANY (p_versions)
               AND cutter_console.fn_search_vector(v.title, v.body) @@ p_words;
    END IF;
END $$;
COMMENT ON FUNCTION cutter_console.fn_units_among IS
    'Of these units or versions, those with the words of a query, by the indexes.';

-- The state of each document, or of one, that is in force at a moment: its run, and the transaction that enacted it.
CREATE OR REPLACE FUNCTION cutter_console.fn_states_at(p_at timestamptz, p_document text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(d.docprefix, jsonb_build_array(d.run_id, d.enacted_in::text) ORDER BY d.state),
                    '{}')
      FROM cutter_governance.v_document_state d
      JOIN cutter_governance.manifest_seal m USING (run_id)
     WHERE (coalesce(p_document, '') = '' OR d.docprefix = p_document)
       AND d.in_force_from <= p_at
       AND (d.in_force_until IS NULL OR d.in_force_until > p_at)
$$;
COMMENT ON FUNCTION cutter_console.fn_states_at IS
    'The run, and the transaction of its enactment, of each document''s state that is in force at a moment.';

-- Where a text or a repeal is enacted and begins later, the rows of units and versions are those of then. Of these
-- documents, or of one, the state that is in force until then, as fn_states_at has it; empty where nothing is.
CREATE OR REPLACE FUNCTION cutter_console.fn_states_meanwhile(p_document text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(l.docprefix, coalesce(
               cutter_console.fn_states_at(now(), l.docprefix) -> l.docprefix, '[]')), '{}')
      FROM (SELECT r.docprefix
              FROM cutter_governance.approval p
              JOIN cutter_governance.approval_use n USING (statement_sha256)
              JOIN cutter_governance.run r ON r.run_id = p.run_id
             WHERE p.in_force_from > now()
               AND n.purpose = 'enact'
            UNION
            SELECT r.docprefix
              FROM cutter_governance.review_decision e
              JOIN cutter_governance.run r ON r.run_id = e.run_id
             WHERE e.decided_at > now()
               AND e.verdict = 'enact') l
     WHERE coalesce(p_document, '') = '' OR l.docprefix = p_document
$$;
COMMENT ON FUNCTION cutter_console.fn_states_meanwhile IS
    'Of documents whose newest text or repeal begins later: the state that is in force until then.';

-- The parts of a search that the index can be asked for. It has each word for itself, and goes through all that begin
-- alike in one pass, which no limit of time and no cancel interrupts. So the beginning of a word that many begin with
-- is left out; the words before it stay. How many begin so is taken from a sample of texts, as there are no statistics
-- of words. What many different words begin with, many units have: they are met soon where texts are read in order.
CREATE OR REPLACE FUNCTION cutter_console.fn_parts_of_few(p_parts text[], p_most_words integer) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- The bounds of the sample: blocks, and bytes of one text and of all.
    most_blocks constant integer := 24;
    of_each constant integer := 5000;
    most_text constant integer := 200000;
    all_blocks constant bigint := greatest(
        pg_relation_size('public.unit_version') / current_setting('block_size')::bigint, 1);
    -- What the last word of a part begins with; NULL of a part that is no beginning of a word.
    ends constant text[] := ARRAY(
        SELECT CASE WHEN p.part LIKE '%*'
                    THEN substring(lower(rtrim(cutter_console.fn_folded(p.part))) FROM '\S*$') END
          FROM unnest(p_parts) WITH ORDINALITY AS p (part, n)
         ORDER BY p.n);
    words text[] := '{}';
    block bigint := -1;
    blocks integer := 0;
    taken bigint := 0;
    whole bigint := 0;
    times double precision;
    r record;
BEGIN
    -- An index of so few words is gone through at once: each takes at least 24 bytes of it.
    IF array_remove(ends, NULL) = '{}' OR pg_relation_size('public.unit_version_words') < 24 * p_most_words THEN
        RETURN p_parts;
    END IF;
    -- Repeated, so that the same question has the same answer.
    FOR r IN SELECT (v.ctid::text::point)[0]::bigint AS block, v.title, left(v.body, of_each) AS text,
                    octet_length(v.body) AS bytes
               FROM public.unit_version v
            TABLESAMPLE SYSTEM (least(100.0 * most_blocks / all_blocks, 100)) REPEATABLE (0)
    LOOP
        words := words || ARRAY(
            SELECT w
              FROM unnest(tsvector_to_array(cutter_console.fn_search_vector(r.title, r.text))) w
             WHERE w ^@ ANY (ends));
        blocks := blocks + (r.block <> block)::integer;
        block := r.block;
        taken := taken + octet_length(r.text);
        whole := whole + r.bytes;
        EXIT WHEN taken > most_text;
    END LOOP;
    times := (all_blocks / greatest(blocks, 1)::double precision) * (whole / greatest(taken, 1)::double precision);
    RETURN ARRAY(
        SELECT CASE WHEN times * (SELECT count(DISTINCT w) FROM unnest(words) w WHERE w ^@ p.ending) > p_most_words
                    THEN regexp_replace(rtrim(cutter_console.fn_folded(p.part)), '\S*$', '')
                    ELSE p.part END
          FROM unnest(p_parts, ends) WITH ORDINALITY AS p (part, ending, n)
         ORDER BY p.n);
END $$;
COMMENT ON FUNCTION cutter_console.fn_parts_of_few IS
    'The parts of a search without the beginnings of words that, by a sample, a great many words begin with.';

-- It returned units alone; no release has had it.
-- squawk-ignore ban-drop-function
DROP FUNCTION IF EXISTS cutter_console.fn_unit_page(text[], text, text, text[], timestamptz, text, text, integer);

-- A page of units: those whose address begins with p_prefix, of the document, with every one of p_parts if there are
-- any. Behind p_after or, if p_before is given, the last ones before it, in descending order. At p_at what is in force
-- at that moment; else as the units stand now, of these lifecycles: drafts, law, and of what has ended only what was
-- law. Law is what is in force, whatever is enacted for later; a unit of which nothing is until then begins later.
--
-- It goes through the units in their order, piece by piece. Of words the first piece is read, and the next one, if by
-- what was seen so far the page will soon be full. Else the index, which goes through all entries of the words each
-- time, says which units have them: if those are few, they are all that is looked at, else those among the next piece.
-- The index knows no order of words, so that a phrase is looked for in each text that has its words. It is not asked
-- for what a great many words begin with; where nothing else is asked for, texts are read in order, as many as one call
-- may.
-- If one of the bounds is reached before the page is full, and a unit is left to be looked at, a last row without an
-- address says how far it has looked. That is the address of a unit that can be one that is not shown, such as a draft
-- that was taken back: its address is told, and nothing else of it.
--
-- The conditions are put together of constants; every value is a parameter. The order is that of an index, whatever the
-- planner knows of the tables.
CREATE OR REPLACE FUNCTION cutter_console.fn_unit_page(
    p_parts text[], p_prefix text, p_document text, p_lifecycles text[], p_at timestamptz, p_after text, p_before text,
    p_limit integer
)
RETURNS TABLE (
    address text, document text, lifecycle text, unit_kind text, section_type text, number text, title text,
    parent text, excerpt text, looked_to text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
SET enable_sort = on SET work_mem = '64MB' AS $$
DECLARE
    most constant integer := least(coalesce(p_limit, 0), 1000);
    -- The bounds of one call: units, units that the index finds, and bytes of text that are split into words.
    most_units constant integer := 100000;
    few constant integer := 20000;
    -- Words that begin alike: the index takes some tenths of a second for so many.
    alike constant integer := 500000;
    soon constant integer := 4 * most;
    most_text constant integer := 2000000;
    most_read constant integer := greatest(soon, 2000);
    -- On a server with much to do that can take longer than the statement may: then half of its time is the bound.
    lasts constant interval := current_setting('statement_timeout')::interval;
    ends_at constant timestamptz := CASE WHEN lasts = interval '0' THEN 'infinity'
        ELSE statement_timestamp() + lasts / 2 END;
    words constant tsquery := cutter_console.fn_search_query(p_parts);
    loose constant tsquery := regexp_replace(words::text, '<(-|\d+)>', '&', 'g')::tsquery;
    of_document constant text := coalesce(
        nullif(p_document, ''), CASE WHEN p_prefix LIKE '%/%' THEN split_part(p_prefix, '/', 1) END);
    -- The states that texts are taken from: of each document at a moment, and now of those whose rows are of later.
    states constant jsonb := CASE WHEN p_at IS NOT NULL THEN cutter_console.fn_states_at(p_at, of_document)
        ELSE cutter_console.fn_states_meanwhile(of_document) END;
    is_plain constant boolean := p_at IS NULL AND states = '{}';
    way constant text := CASE WHEN p_before IS NULL THEN '' ELSE ' DESC' END;
    place constant text := 'replace(u.canonical_address, ''/'', chr(1)) COLLATE "C"';
    -- $1 the lifecycles, $2 the prefix, $3 the document, $4 and $5 the bounds of the page.
    bounds constant text := place || ' > $4 AND ' || place || ' < $5'
        || CASE WHEN coalesce(p_prefix, '') = '' THEN '' ELSE
            ' AND ' || place || ' >= $2 AND ' || place || ' < $2 || chr(1114111)' END
        || CASE WHEN coalesce(p_document, '') = '' THEN '' ELSE
            ' AND ' || place || ' >= $3 AND ' || place || ' < $3 || chr(2)' END
        || CASE WHEN p_at IS NULL AND cardinality(p_lifecycles) = 1 AND p_lifecycles[1] <> 'enacted' THEN
            ' AND u.lifecycle_status = ($1)[1] AND u.lifecycle_status <> ''enacted''' ELSE '' END;
    -- $7 the states.
    has_state constant text := '$7 ? split_part(u.canonical_address, ''/'', 1)';
    shown constant text := CASE WHEN p_at IS NOT NULL THEN 'true' ELSE
        '(u.lifecycle_status = ANY ($1) AND u.deleted_at IS NULL'
        || CASE WHEN is_plain THEN '' ELSE ' OR ' || has_state END || ')' END;
    -- $8 the versions with the words: the unit's must be one of them, another version of it can have them too.
    counts constant text := CASE WHEN p_at IS NOT NULL THEN 'true' ELSE
        '(u.version_anchor_ref = ANY ($8)' || CASE WHEN is_plain THEN '' ELSE ' OR ' || has_state END || ')' END;
    -- $6 the number of units.
    piece constant text := format(
        'SELECT array_agg(p.id) FILTER (WHERE p.shown),
                array_agg(p.version_anchor_ref) FILTER (WHERE p.shown), count(*), %s(p.place)
           FROM (SELECT u.id, u.version_anchor_ref, %s AS shown, %s AS place
                   FROM public.information_unit u
                  WHERE %s ORDER BY %s LIMIT $6) p',
        CASE WHEN p_before IS NULL THEN 'max' ELSE 'min' END, shown, place, bounds, place || way);
    -- The unit's place and version in the state of its document, if it is in one.
    state constant text :=
        '(SELECT $7 -> split_part(u.canonical_address, ''/'', 1) AS of_document OFFSET 0) s
           LEFT JOIN cutter_governance.manifest_unit_block b
             ON b.address COLLATE "C" = u.canonical_address AND b.run_id = s.of_document ->> 0
           LEFT JOIN LATERAL (
                    SELECT c.version_id
                      FROM cutter_governance.manifest_unit_block c
                      JOIN cutter_governance.manifest_seal f ON f.run_id = c.run_id
                      JOIN cutter_governance.approval_use w ON w.run_id = c.run_id AND w.purpose = ''edit''
                      JOIN cutter_governance.approval_use o ON o.run_id = b.run_id AND o.purpose = ''cut''
                     WHERE c.address COLLATE "C" = u.canonical_address
                       AND w.xid > o.xid
                       AND w.xid < (s.of_document ->> 1)::xid8
                     ORDER BY w.xid DESC
                     LIMIT 1) e ON true';
    -- What is read of each unit, in the order of the page, while there is room on it.
    texts constant text := CASE WHEN is_plain THEN
        'SELECT u.lifecycle_status AS lifecycle, u.unit_kind, u.section_type, u.section_code,
                u.parent_or_container_ref AS parent, v.title, v.body, false AS is_of_state
           FROM public.unit_version v
          WHERE v.id = u.version_anchor_ref
            AND (u.lifecycle_status IN (''draft'', ''enacted'') OR v.enacted_at IS NOT NULL)'
        WHEN p_at IS NOT NULL THEN
        'SELECT ''enacted''::text AS lifecycle, b.unit_kind, b.section_type, b.section_code,
                b.parent_address AS parent, coalesce(v.title, '''') AS title, v.body, true AS is_of_state
           FROM ' || state || '
           JOIN public.unit_version v ON v.id = coalesce(e.version_id, b.version_id)
          WHERE b.run_id IS NOT NULL'
        ELSE
        'SELECT l.lifecycle, p.*, coalesce(v.title, '''') AS title, v.body, s.of_document IS NOT NULL AS is_of_state
           FROM ' || state || '
          CROSS JOIN LATERAL (
                    SELECT b.unit_kind, b.section_type, b.section_code, b.parent_address AS parent
                     WHERE b.run_id IS NOT NULL
                    UNION ALL
                    SELECT u.unit_kind, u.section_type, u.section_code, u.parent_or_container_ref
                     WHERE b.run_id IS NULL) p
          CROSS JOIN LATERAL (
                    SELECT CASE WHEN b.run_id IS NOT NULL THEN ''enacted''
                                WHEN u.lifecycle_status = ''enacted'' AND s.of_document IS NOT NULL
                                THEN ''begins later''
                                ELSE u.lifecycle_status END) l (lifecycle)
           JOIN public.unit_version v ON v.id = coalesce(e.version_id, b.version_id, u.version_anchor_ref)
          WHERE CASE l.lifecycle WHEN ''begins later'' THEN ''enacted'' ELSE l.lifecycle END = ANY ($1)
            AND (b.run_id IS NOT NULL OR u.deleted_at IS NULL)
            AND (l.lifecycle NOT IN (''superseded'', ''retired'') OR v.enacted_at IS NOT NULL)' END;
    -- $6 the units.
    units constant text := format(
        'SELECT u.canonical_address, u.doc_code, t.*, u.place
           FROM (SELECT u.*, %s AS place
                   FROM (SELECT i.* FROM public.information_unit i WHERE i.id = ANY ($6) OFFSET 0) u
                  WHERE %s AND %s AND %s ORDER BY %s OFFSET 0) u
          CROSS JOIN LATERAL (%s OFFSET 0) t', place, bounds, shown, counts, place || way, texts);
    prefix constant text := replace(p_prefix, '/', chr(1));
    low text := replace(coalesce(p_after, ''), '/', chr(1));
    high text := coalesce(nullif(replace(p_before, '/', chr(1)), ''), chr(1114111));
    r record;
    ids uuid[];
    versions uuid[];
    far text;
    seen text;
    n bigint;
    looked bigint := 0;
    spent bigint := 0;
    left_over integer := most;
    size integer := most;
    is_read boolean := p_parts IS NOT NULL;
    are_all boolean := false;
    is_over boolean := false;
    has_begun boolean := false;
    asks_index boolean := false;
    -- What the index is asked for: NULL where it has nothing that it could be asked for.
    asked tsquery := loose;
    is_weighed boolean := false;
    missing numeric;
BEGIN
    IF p_parts IS NOT NULL AND words IS NULL OR most < 1 OR p_at IS NOT NULL AND states = '{}' THEN
        RETURN;
    END IF;
    LOOP
        IF are_all THEN
            far := NULL;
        ELSE
            -- The order of an index, and no sort of what the planner takes for little.
            PERFORM set_config('enable_sort', 'off', true);
            EXECUTE piece INTO ids, versions, n, far
                USING p_lifecycles, prefix, p_document, low, high, size, states;
            PERFORM set_config('enable_sort', 'on', true);
            looked := looked + n;
            IF asks_index THEN
                SELECT array_agg(w.unit_id), array_agg(w.version_id) INTO ids, versions
                  FROM cutter_console.fn_units_among(asked, ids, CASE WHEN is_plain THEN versions END) w;
            END IF;
        END IF;
        seen := CASE WHEN p_before IS NULL THEN low ELSE high END;
        FOR r IN EXECUTE units USING p_lifecycles, prefix, p_document, low, high, ids, states, versions LOOP
            -- In front of the next unit, so that nothing is over behind the last one; of each call one is looked at.
            is_over := has_begun AND (spent > most_text OR clock_timestamp() > ends_at);
            IF is_over THEN
                far := seen;
                EXIT;
            END IF;
            IF is_read OR p_parts IS NOT NULL AND r.is_of_state THEN
                spent := spent + least(octet_length(r.body), 100000) + 100;
            END IF;
            IF NOT is_read AND (p_parts IS NULL OR NOT r.is_of_state)
               OR cutter_console.fn_search_vector(r.title, r.body) @@ words THEN
                address := r.canonical_address;
                document := r.doc_code;
                lifecycle := r.lifecycle;
                unit_kind := r.unit_kind;
                section_type := r.section_type;
                number := r.section_code;
                title := r.title;
                parent := r.parent;
                excerpt := CASE WHEN words IS NOT NULL THEN left(r.body, 20000) END;
                RETURN NEXT;
                left_over := left_over - 1;
                IF left_over = 0 THEN
                    RETURN;
                END IF;
            END IF;
            seen := r.place;
            has_begun := true;
        END LOOP;
        IF NOT is_over AND (are_all OR n < size) THEN
            RETURN;
        END IF;
        is_over := is_over OR spent > most_text;
        IF p_before IS NULL THEN
            low := far;
        ELSE
            high := far;
        END IF;
        IF p_parts IS NOT NULL AND NOT asks_index AND NOT is_over THEN
            -- The units among which the rest of the page will be, if the next ones have the words as often.
            missing := 1.25 * left_over * looked / nullif(most - left_over, 0);
            asks_index := coalesce(missing > soon, true);
            IF asks_index AND NOT is_weighed THEN
                is_weighed := true;
                asked := regexp_replace(
                    cutter_console.fn_search_query(cutter_console.fn_parts_of_few(p_parts, alike))::text,
                    '<(-|\d+)>', '&', 'g')::tsquery;
            END IF;
            asks_index := asks_index AND asked IS NOT NULL;
            IF asks_index THEN
                SELECT array_agg(w.unit_id), array_agg(w.version_id) INTO ids, versions
                  FROM cutter_console.fn_units_with(asked, few + 1) w;
                are_all := coalesce(cardinality(ids), 0) <= few;
                is_read := p_at IS NOT NULL OR asked::text <> words::text;
            END IF;
        END IF;
        IF is_over OR NOT are_all AND (looked >= most_units OR clock_timestamp() > ends_at) THEN
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, replace(far, chr(1), '/')
              INTO address, document, lifecycle, unit_kind, section_type, number, title, parent, excerpt, looked_to;
            RETURN NEXT;
            RETURN;
        END IF;
        size := CASE WHEN p_parts IS NOT NULL AND NOT asks_index
                THEN least(ceil(coalesce(missing, most_read)), most_read)
            ELSE least(greatest(4 * size, most_units / 10), most_units / 2, most_units - looked) END;
    END LOOP;
END $$;
COMMENT ON FUNCTION cutter_console.fn_unit_page IS
    'A page of units by address, word, document and lifecycle, or as in force at a moment, and how far it has looked.';

REVOKE ALL ON FUNCTION cutter_console.fn_units_among, cutter_console.fn_states_at, cutter_console.fn_parts_of_few,
    cutter_console.fn_unit_page, cutter_console.fn_document_in_force, cutter_console.fn_states_meanwhile FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cutter_console.fn_unit_page, cutter_console.fn_document_in_force
    TO cutter_ro, cutter_exec, cutter_verify;

-- schema: cutter_console
-- What a question costs does not grow with the words that begin alike, nor with the documents that it is not about.

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
REVOKE ALL ON FUNCTION cutter_console.fn_parts_of_few FROM PUBLIC;

-- As in 0029, but that the index is not asked for a beginning of a great many words. Where nothing else is asked for,
-- texts are read in order, as many as one call may read.
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
    states constant jsonb := CASE WHEN p_at IS NOT NULL THEN cutter_console.fn_states_at(p_at,
        coalesce(nullif(p_document, ''), CASE WHEN p_prefix LIKE '%/%' THEN split_part(p_prefix, '/', 1) END)) END;
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
    shown constant text := CASE WHEN p_at IS NULL THEN 'u.lifecycle_status = ANY ($1) AND u.deleted_at IS NULL'
        ELSE 'true' END;
    -- $8 the versions with the words: the unit's must be one of them, another version of it can have them too.
    counts constant text := CASE WHEN p_at IS NULL THEN 'u.version_anchor_ref = ANY ($8)' ELSE 'true' END;
    -- $6 the number of units.
    piece constant text := format(
        'SELECT array_agg(p.id) FILTER (WHERE p.shown),
                array_agg(p.version_anchor_ref) FILTER (WHERE p.shown), count(*), %s(p.place)
           FROM (SELECT u.id, u.version_anchor_ref, %s AS shown, %s AS place
                   FROM public.information_unit u
                  WHERE %s ORDER BY %s LIMIT $6) p',
        CASE WHEN p_before IS NULL THEN 'max' ELSE 'min' END, shown, place, bounds, place || way);
    -- What is read of each unit, in the order of the page, while there is room on it.
    texts constant text := CASE WHEN p_at IS NULL THEN
        'SELECT u.lifecycle_status AS lifecycle, u.unit_kind, u.section_type, u.section_code,
                u.parent_or_container_ref AS parent, v.title, v.body
           FROM public.unit_version v
          WHERE v.id = u.version_anchor_ref
            AND (u.lifecycle_status IN (''draft'', ''enacted'') OR v.enacted_at IS NOT NULL)'
        ELSE
        'SELECT ''enacted''::text AS lifecycle, b.unit_kind, b.section_type, b.section_code,
                b.parent_address AS parent, coalesce(v.title, '''') AS title, v.body
           FROM (SELECT $7 -> split_part(u.canonical_address, ''/'', 1) AS of_document OFFSET 0) s
           JOIN cutter_governance.manifest_unit_block b
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
                     LIMIT 1) e ON true
           JOIN public.unit_version v ON v.id = coalesce(e.version_id, b.version_id)' END;
    -- $6 the units, $7 the states at the moment.
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
    IF p_parts IS NOT NULL AND words IS NULL OR most < 1 OR states = '{}' THEN
        RETURN;
    END IF;
    LOOP
        IF are_all THEN
            far := NULL;
        ELSE
            -- The order of an index, and no sort of what the planner takes for little.
            PERFORM set_config('enable_sort', 'off', true);
            EXECUTE piece INTO ids, versions, n, far USING p_lifecycles, prefix, p_document, low, high, size;
            PERFORM set_config('enable_sort', 'on', true);
            looked := looked + n;
            IF asks_index THEN
                SELECT array_agg(w.unit_id), array_agg(w.version_id) INTO ids, versions
                  FROM cutter_console.fn_units_among(asked, ids, CASE WHEN p_at IS NULL THEN versions END) w;
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
            IF is_read THEN
                spent := spent + least(octet_length(r.body), 100000) + 100;
            END IF;
            IF NOT is_read OR cutter_console.fn_search_vector(r.title, r.body) @@ words THEN
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

-- A text that is in force later than its enactment is looked up by its moment, and not in each document.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS approval_to_come ON cutter_governance.approval (in_force_from)
    WHERE in_force_from IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS review_decision_enacted ON cutter_governance.review_decision (decided_at)
    WHERE verdict = 'enact';

-- As in 0015. What begins later has a moment, or a decision, that is still to come: those are few, and found by an
-- index. The states of all documents were computed for one unit.
CREATE OR REPLACE VIEW cutter_governance.v_in_force WITH (security_barrier) AS
    SELECT u.canonical_address, u.doc_code AS docprefix, u.parent_or_container_ref AS parent, u.unit_kind,
           u.section_type, u.section_code, v.version_seq, coalesce(v.title, '') AS title, v.body
      FROM public.information_unit u
      JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status = 'enacted'
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.approval p
                         JOIN cutter_governance.approval_use n USING (statement_sha256)
                         JOIN cutter_governance.run r ON r.run_id = p.run_id
                        WHERE p.in_force_from > now()
                          AND n.purpose = 'enact'
                          AND r.docprefix = u.doc_code)
       AND NOT EXISTS (SELECT 1
                         FROM cutter_governance.review_decision e
                         JOIN cutter_governance.run r ON r.run_id = e.run_id
                        WHERE e.decided_at > now()
                          AND e.verdict = 'enact'
                          AND r.docprefix = u.doc_code)
    UNION ALL
    SELECT u.address, s.docprefix, u.parent, u.unit_kind, u.section_type, u.section_code, v.version_seq,
           coalesce(v.title, ''), v.body
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
     CROSS JOIN LATERAL (
               SELECT d.docprefix, d.run_id
                 FROM cutter_governance.v_document_state d
                WHERE d.docprefix = l.docprefix
                  AND d.in_force_from <= now()
                  AND d.in_force_until > now()
               OFFSET 0) s
     CROSS JOIN LATERAL cutter_console.fn_state_units(s.run_id) u
      JOIN public.unit_version v ON v.id = u.version_id;

-- As in 0018. The holder of a lease is one session: pg_stat_activity joins all sessions with all databases and roles
-- for it, and each phase begins with this question, as does each function that writes. Without a number the function
-- returns all sessions.
CREATE OR REPLACE VIEW cutter_governance.v_lease_standing AS
    SELECT l.*
      FROM cutter_governance.execution_lease l
     WHERE l.ended_at IS NULL
       AND l.server_started = pg_postmaster_start_time()
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.hold_event h WHERE h.action = 'set' AND h.at >= l.armed_at)
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.run r WHERE r.run_id = l.run_id AND r.family = 'voided')
       AND (l.taken_at IS NULL
            OR EXISTS (SELECT 1
                         FROM pg_stat_get_activity(l.holder_pid) s
                        WHERE s.pid = l.holder_pid
                          AND s.usesysid = l.holder_role
                          AND s.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                          AND s.application_name = 'cutter-console lease ' || l.id))
    OFFSET 0;

-- schema: cutter_console
-- Who holds a run: the console that has its files and the key of its journal. It can hand a run over, another one can
-- accept what was handed over, and a console that has nothing of a lost host can take its runs over. From the first of
-- these on, a run is written only by who holds it.

ALTER TABLE cutter_governance.run ADD COLUMN IF NOT EXISTS holder_event bigint;
COMMENT ON COLUMN cutter_governance.run.holder_event IS
    'The event by which the run changed hands last; NULL while the console that started it holds it.';

-- As in 0008, with the last change of hands.
CREATE OR REPLACE VIEW cutter_governance.v_run AS
    SELECT r.run_id, r.operation, r.docprefix, r.origin, r.profile, r.stage, r.family, r.reason, r.operator, r.host,
           r.source_sha256, r.canonical_sha256, r.plan_digest, r.content_digest, r.n_units, r.baseline_digest,
           r.started_at, r.changed_at, e.phase AS held_by_way_of, e.record ->> 'operator' AS holder,
           e.record ->> 'host' AS holder_host, e.record ->> 'lock' AS holder_lock,
           (e.record ->> 'number')::bigint AS holder_number, e.at AS held_since
      FROM cutter_governance.run r
      LEFT JOIN cutter_governance.run_event e ON e.id = r.holder_event;

-- An event as a console sends it, of a run whose row is locked from here on.
CREATE OR REPLACE FUNCTION cutter_console.fn_event_run(p_run_id text, p_event jsonb) RETURNS cutter_governance.run
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r cutter_governance.run;
BEGIN
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id FOR NO KEY UPDATE;
    IF r.run_id IS NULL
       OR jsonb_typeof(p_event) IS DISTINCT FROM 'object'
       OR coalesce(p_event ->> 'phase', '') !~ '^[a-zA-Z0-9_: .-]{1,64}$'
       OR coalesce(p_event ->> 'outcome', '') NOT IN ('PASS', 'PARTIAL', 'FAIL', 'INCONCLUSIVE', 'NOT_RUN')
       OR coalesce(p_event ->> 'head', '') !~ '^[0-9a-f]{64}$'
       OR coalesce(p_event ->> 'seq', '') !~ '^[0-9]{1,15}$'
       OR coalesce(p_event ->> 'lock', repeat('0', 64)) !~ '^[0-9a-f]{64}$'
       OR coalesce(p_event ->> 'key', repeat('0', 64)) !~ '^[0-9a-f]{64}$'
       OR p_event -> 'record' IS NULL
       OR octet_length(p_event::text) > 8388608 THEN
        PERFORM cutter_console.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('the event of run %s is not one', p_run_id),
            'Use the console; a change and its event are one.');
    END IF;
    RETURN r;
END $$;
COMMENT ON FUNCTION cutter_console.fn_event_run IS
    'Locks the run of an event and returns it; raises if the event is not one.';

-- As in 0012, with the fence: a run that has changed hands takes no event without the key of who holds it, and every
-- effect on it has an event. Changes of hands have functions of their own.
CREATE OR REPLACE FUNCTION cutter_console.fn_event_write(p_run_id text, p_event jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r cutter_governance.run;
    h cutter_governance.run_event;
    seq bigint;
    last bigint;
    is_vouched boolean;
    written bigint;
BEGIN
    r := cutter_console.fn_event_run(p_run_id, p_event);
    IF p_event ->> 'phase' IN ('hand over', 'accept', 'take over') THEN
        PERFORM cutter_console.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('%s of run %s is recorded by its own function only', p_event ->> 'phase', p_run_id),
            'See: cutter-console run show ' || p_run_id);
    END IF;
    seq := (p_event ->> 'seq')::bigint;
    is_vouched := coalesce(encode(sha256(decode(p_event ->> 'key', 'hex')), 'hex') = r.journal_lock, false);
    IF r.holder_event IS NOT NULL AND NOT is_vouched THEN
        SELECT * INTO h FROM cutter_governance.run_event WHERE id = r.holder_event;
        PERFORM cutter_console.fn_stop(
            'STOP_LOCKED', 'CU004',
            format('this console does not hold run %s: %s by %s on %s at %s UTC', p_run_id,
                   CASE h.phase WHEN 'hand over' THEN 'handed over' WHEN 'accept' THEN 'accepted' ELSE 'taken over' END,
                   h.record ->> 'operator', h.record ->> 'host',
                   to_char(h.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')),
            'See who holds it: cutter-console run show ' || p_run_id);
    END IF;
    IF is_vouched THEN
        SELECT max(journal_seq) INTO last FROM cutter_governance.run_event WHERE run_id = p_run_id AND vouched;
        -- Who took a run over without its files has begun another journal, with numbers of its own.
        IF r.holder_event IS NOT NULL THEN
            SELECT max(e.journal_seq) INTO last
              FROM cutter_governance.run_event e
             WHERE e.run_id = p_run_id
               AND (e.vouched AND e.id > r.holder_event OR e.id = r.holder_event);
        END IF;
        IF seq <= last OR p_event ->> 'lock' IS NULL THEN
            PERFORM cutter_console.fn_stop(
                'STOP_INVARIANT_FAILED', 'CU004',
                format('journal record %s does not extend the chain of run %s, which is anchored at %s',
                       seq, p_run_id, last),
                'Compare the journal with its anchors: cutter-console journal verify RUN');
        END IF;
    END IF;
    IF is_vouched OR r.journal_lock IS NULL THEN
        UPDATE cutter_governance.run SET journal_lock = p_event ->> 'lock' WHERE run_id = p_run_id;
    END IF;
    INSERT INTO cutter_governance.run_event (
        run_id, phase, stage, family, reason, outcome, record, journal_seq, journal_head, vouched)
    SELECT run_id, p_event ->> 'phase', stage, family, reason, p_event ->> 'outcome', p_event -> 'record', seq,
           p_event ->> 'head', is_vouched
      FROM cutter_governance.run
     WHERE run_id = p_run_id
    RETURNING id INTO written;
    RETURN written;
END $$;

-- A change of hands: its event, whose record is made here, the lock of the new holder's next event, and the end of the
-- lease. p_journal is the hash of the first record of the journal that goes on; p_begins says that it is another one
-- than before.
CREATE OR REPLACE FUNCTION cutter_console.fn_custody_write(
    r cutter_governance.run, p_phase text, p_operator text, p_host text, p_bundle text, p_journal text,
    p_begins boolean, p_event jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number bigint;
    is_handed boolean := p_phase = 'hand over';
    written bigint;
BEGIN
    IF coalesce(length(p_operator), 0) NOT BETWEEN 1 AND 200
       OR coalesce(length(p_host), 0) NOT BETWEEN 1 AND 200
       OR coalesce(p_journal, '') !~ '^[0-9a-f]{64}$'
       OR (p_phase <> 'take over') AND coalesce(p_bundle, '') !~ '^[0-9a-f]{64}$'
       OR p_begins IS NULL
       OR p_event ->> 'phase' IS DISTINCT FROM p_phase
       OR NOT is_handed AND p_event ->> 'lock' IS NULL THEN
        PERFORM cutter_console.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            format('the change of hands of run %s names no operator, host, journal, bundle or key', r.run_id),
            'Use the console.');
    END IF;
    IF r.stage = 'closeout_reported' OR r.family IN ('voided', 'reverted') THEN
        PERFORM cutter_console.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s is over: %s', r.run_id, CASE r.family WHEN 'active' THEN r.stage ELSE r.family END),
            'See: cutter-console run show ' || r.run_id);
    END IF;
    UPDATE cutter_governance.execution_lease
       SET ended_at = clock_timestamp(), end_reason = 'the run changed hands'
     WHERE id IN (SELECT l.id
                    FROM cutter_governance.execution_lease l
                   WHERE l.ended_at IS NULL
                     AND coalesce(l.run_id, l.batch_id) IN (r.run_id, cutter_console.fn_batch_of(r.run_id))
                     FOR UPDATE);
    SELECT count(*) INTO number
      FROM cutter_governance.run_event e
     WHERE e.run_id = r.run_id
       AND e.vouched;
    -- The number of the key that the console has looked up before it had the lock.
    IF p_event ->> 'number' IS DISTINCT FROM number::text THEN
        PERFORM cutter_console.fn_stop(
            'STOP_LOCKED', 'CU004',
            format('run %s went on while it changed hands', r.run_id),
            'Look at it, then do it again: cutter-console run show ' || r.run_id);
    END IF;
    INSERT INTO cutter_governance.run_event (
        run_id, phase, stage, family, reason, outcome, record, journal_seq, journal_head, vouched)
    VALUES (r.run_id, p_phase, r.stage, r.family, r.reason, 'NOT_RUN',
            jsonb_build_object('operator', p_operator, 'host', p_host, 'journal', p_journal, 'begins', p_begins,
                               'bundle', p_bundle, 'number', number, 'lock',
                               CASE WHEN NOT is_handed THEN p_event ->> 'lock' END),
            (p_event ->> 'seq')::bigint, p_event ->> 'head', is_handed)
    RETURNING id INTO written;
    UPDATE cutter_governance.run
       SET holder_event = written, journal_lock = CASE WHEN NOT is_handed THEN p_event ->> 'lock' END
     WHERE run_id = r.run_id;
END $$;
COMMENT ON FUNCTION cutter_console.fn_custody_write IS
    'Records a change of hands, gives the run the lock of its new holder, and ends its lease.';

-- By who holds the run: nobody holds it then, until somebody accepts the bundle of exactly this digest.
CREATE OR REPLACE FUNCTION cutter_console.fn_run_hand_over(
    p_run_id text, p_operator text, p_host text, p_bundle text, p_journal text, p_event jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    r cutter_governance.run;
    is_ours boolean;
BEGIN
    r := cutter_console.fn_event_run(p_run_id, p_event);
    is_ours := coalesce(encode(sha256(decode(p_event ->> 'key', 'hex')), 'hex') = r.journal_lock, false);
    IF NOT is_ours THEN
        PERFORM cutter_console.fn_stop(
            'STOP_LOCKED', 'CU004',
            format('run %s is handed over by the console that holds its journal', p_run_id),
            'See who holds it: cutter-console run show ' || p_run_id);
    END IF;
    IF cutter_console.fn_batch_of(p_run_id) IS NOT NULL THEN
        PERFORM cutter_console.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            format('run %s is a member of a batch, whose files are those of all its members', p_run_id),
            'A run by itself is handed over.');
    END IF;
    IF EXISTS (SELECT 1 FROM cutter_governance.v_lease l WHERE l.run_id = p_run_id AND l.taken_at IS NOT NULL) THEN
        PERFORM cutter_console.fn_stop(
            'STOP_LOCKED', 'CU004',
            format('a session works under the lease of run %s', p_run_id),
            'Wait for it, or end the lease: cutter-console disarm');
    END IF;
    PERFORM cutter_console.fn_custody_write(
        r, 'hand over', p_operator, p_host, p_bundle, p_journal, false, p_event);
END $$;
COMMENT ON FUNCTION cutter_console.fn_run_hand_over IS
    'Records that the holder of a run hands it over in a bundle; nobody holds it until it is accepted.';

-- Only the bundle that was handed over last, by whoever has it, and only if nothing of the run went on since. A run
-- that was taken over without its files meanwhile is one of which nothing went on.
CREATE OR REPLACE FUNCTION cutter_console.fn_run_accept(
    p_run_id text, p_operator text, p_host text, p_bundle text, p_journal text, p_event jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    r cutter_governance.run;
    handed cutter_governance.run_event;
BEGIN
    r := cutter_console.fn_event_run(p_run_id, p_event);
    SELECT * INTO handed
      FROM cutter_governance.run_event
     WHERE run_id = p_run_id
       AND phase = 'hand over'
     ORDER BY id DESC LIMIT 1;
    IF handed.record ->> 'bundle' IS DISTINCT FROM p_bundle
       OR handed.id IS NULL
       OR handed.record ->> 'journal' IS DISTINCT FROM p_journal
       OR (handed.stage, handed.family) IS DISTINCT FROM (r.stage, r.family)
       OR EXISTS (SELECT 1
                    FROM cutter_governance.run_event e
                   WHERE e.run_id = p_run_id
                     AND e.id > handed.id
                     AND (e.phase = 'accept' OR e.phase = 'take over' AND NOT (e.record ->> 'begins')::boolean)) THEN
        PERFORM cutter_console.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            format('run %s is not waiting for the bundle of sha256 %s', p_run_id, p_bundle),
            'See who holds it: cutter-console run show ' || coalesce(p_run_id, 'RUN'));
    END IF;
    PERFORM cutter_console.fn_custody_write(r, 'accept', p_operator, p_host, p_bundle, p_journal, false, p_event);
END $$;
COMMENT ON FUNCTION cutter_console.fn_run_accept IS
    'Records that a console holds a run now, whose bundle it has verified.';

-- Of a run whose holder is gone. Whoever waits here for a transaction of the former holder looks at what it committed;
-- what it sends later finds another lock.
CREATE OR REPLACE FUNCTION cutter_console.fn_run_take_over(
    p_run_id text, p_operator text, p_host text, p_journal text, p_begins boolean, p_event jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    r cutter_governance.run;
BEGIN
    r := cutter_console.fn_event_run(p_run_id, p_event);
    PERFORM cutter_console.fn_custody_write(r, 'take over', p_operator, p_host, NULL, p_journal, p_begins, p_event);
END $$;
COMMENT ON FUNCTION cutter_console.fn_run_take_over IS
    'Records that another console holds the run from now on: the former holder writes nothing of it any more.';

REVOKE ALL ON FUNCTION cutter_console.fn_event_run, cutter_console.fn_custody_write, cutter_console.fn_run_hand_over,
    cutter_console.fn_run_accept, cutter_console.fn_run_take_over FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cutter_console.fn_run_hand_over, cutter_console.fn_run_accept,
    cutter_console.fn_run_take_over TO cutter_exec;

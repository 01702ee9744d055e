-- schema: cutter_governance
-- Batches: many documents under one ruling each way. Each member is an ordinary run, with a statement, an approval,
-- a use and a sealed manifest of its own; every check of a run is made of it. What is new is the signature: the
-- sovereign signs one statement over the batch, which names every member's statement by its sha256, so that signing the
-- list signs each of them. One lease may cover a batch, and the proof of one backup.

-- A lease names a run or a batch: the two constraints are replaced by one that no row can break.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-not-null
-- squawk-ignore-file ban-drop-constraint, adding-foreign-key-constraint

-- ---------------------------------------------------------------------------------------------------------------------
-- What is new in the ledger
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS batch (
    batch_id    text PRIMARY KEY CHECK (batch_id ~ '^ictb-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$'),
    n_members   integer NOT NULL CHECK (n_members BETWEEN 1 AND 5000),
    operator    text NOT NULL CHECK (length(operator) BETWEEN 1 AND 200),
    host        text NOT NULL CHECK (length(host) BETWEEN 1 AND 200),
    recorded_by text NOT NULL DEFAULT session_user,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE batch IS 'Documents that are ruled on together; written once, when all of them are planned.';
COMMENT ON COLUMN batch.batch_id IS 'ictb-, the moment of its start, and eight hex digits.';
COMMENT ON COLUMN batch.n_members IS 'The number of its members.';
COMMENT ON COLUMN batch.operator IS 'Who started it.';
COMMENT ON COLUMN batch.host IS 'Where it was started.';
COMMENT ON COLUMN batch.recorded_by IS 'The role that recorded it.';
COMMENT ON COLUMN batch.recorded_at IS 'When it was recorded; a backup that was proven later counts for each member.';

CREATE TABLE IF NOT EXISTS batch_member (
    batch_id text NOT NULL REFERENCES batch,
    position integer NOT NULL CHECK (position > 0),
    run_id   text NOT NULL UNIQUE REFERENCES run,
    PRIMARY KEY (batch_id, position)
);
COMMENT ON TABLE batch_member IS 'The runs of a batch, in their order; a run is in one batch at most.';
COMMENT ON COLUMN batch_member.batch_id IS 'The batch.';
COMMENT ON COLUMN batch_member.position IS 'The place of the run in the batch, from 1.';
COMMENT ON COLUMN batch_member.run_id IS 'The run that cuts the document of this place.';

CREATE TABLE IF NOT EXISTS batch_ruling (
    statement_sha256 text PRIMARY KEY,
    batch_id         text NOT NULL REFERENCES batch,
    purpose          text NOT NULL CHECK (purpose IN ('cut', 'enact')),
    statement        bytea NOT NULL,
    members          bytea NOT NULL,
    signatures       bytea[] NOT NULL,
    signers          text[] NOT NULL CHECK (cardinality(signers) > 0),
    imported_by      text NOT NULL DEFAULT session_user,
    imported_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (statement_sha256 = encode(sha256(statement), 'hex')),
    CHECK (cardinality(signatures) = cardinality(signers))
);
COMMENT ON TABLE batch_ruling IS 'The signed statements over batches, each with the list of what it rules on.';
COMMENT ON COLUMN batch_ruling.statement_sha256 IS 'sha256 of the signed bytes.';
COMMENT ON COLUMN batch_ruling.batch_id IS 'The batch that it is over.';
COMMENT ON COLUMN batch_ruling.purpose IS 'cut (SG_1) or enact (SG_2).';
COMMENT ON COLUMN batch_ruling.statement IS 'The signed bytes.';
COMMENT ON COLUMN batch_ruling.members IS 'The list whose sha256 is signed: a line for each member that is ruled on.';
COMMENT ON COLUMN batch_ruling.signatures IS 'The detached signatures over the statement.';
COMMENT ON COLUMN batch_ruling.signers IS 'The primary keys that signed.';
COMMENT ON COLUMN batch_ruling.imported_by IS 'The role that imported it.';
COMMENT ON COLUMN batch_ruling.imported_at IS 'When it was imported.';

ALTER TABLE approval ADD COLUMN IF NOT EXISTS batch_ruling text REFERENCES batch_ruling;
COMMENT ON COLUMN approval.batch_ruling IS
    'The statement over a batch that names this one and carries the signatures; NULL if this one was signed itself.';

ALTER TABLE execution_lease ADD COLUMN IF NOT EXISTS batch_id text REFERENCES batch;
ALTER TABLE execution_lease ALTER COLUMN run_id DROP NOT NULL;
ALTER TABLE execution_lease DROP CONSTRAINT IF EXISTS execution_lease_of_one;
ALTER TABLE execution_lease ADD CONSTRAINT execution_lease_of_one CHECK (num_nonnulls(run_id, batch_id) = 1);
COMMENT ON COLUMN execution_lease.run_id IS 'The run that it is for; NULL if it is for a batch.';
COMMENT ON COLUMN execution_lease.batch_id IS 'The batch that it is for; NULL if it is for one run.';
CREATE OR REPLACE TRIGGER guard_lease_batch BEFORE UPDATE ON execution_lease FOR EACH ROW
    WHEN (OLD.batch_id IS DISTINCT FROM NEW.batch_id)
    EXECUTE FUNCTION guard_refuse('a lease is never extended, reopened or handed on');
ALTER TABLE execution_lease ENABLE ALWAYS TRIGGER guard_lease_batch;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['cutter_governance.batch', 'cutter_governance.batch_member',
                             'cutter_governance.batch_ruling'] LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_refuse(%L)',
            t, 'the ledger is append-only');
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER guard_append_only', t);
    END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The batch and its members
-- ---------------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION fn_batch_of(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.batch_id FROM cutter_governance.batch_member m WHERE m.run_id = p_run_id
$$;
COMMENT ON FUNCTION fn_batch_of IS 'The batch of a run; NULL if it is in none.';

-- Over the plan digests in the order of the members: position, run, document, plan digest and number of units a line,
-- fields split by TAB. NULL for a batch that is not there.
CREATE OR REPLACE FUNCTION fn_batch_digest(p_batch_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(string_agg(
               concat_ws(chr(9), m.position, m.run_id, r.docprefix, r.plan_digest, r.n_units), chr(10)
               ORDER BY m.position), 'UTF8')), 'hex')
      FROM cutter_governance.batch_member m
      JOIN cutter_governance.run r USING (run_id)
     WHERE m.batch_id = p_batch_id
$$;
COMMENT ON FUNCTION fn_batch_digest IS 'sha256 over the plan digests of a batch, in the order of its members.';

-- Planned runs become a batch, once, in this order.
CREATE OR REPLACE FUNCTION fn_batch_record(
    p_batch_id text, p_run_ids text[], p_operator text, p_host text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n integer := coalesce(cardinality(p_run_ids), 0);
    wrong text;
BEGIN
    PERFORM cutter_governance.fn_write_lock(true);
    IF EXISTS (SELECT 1 FROM cutter_governance.batch b WHERE b.batch_id = p_batch_id) THEN
        IF p_run_ids IS DISTINCT FROM (SELECT array_agg(m.run_id ORDER BY m.position)
                                         FROM cutter_governance.batch_member m
                                        WHERE m.batch_id = p_batch_id) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_REPLAY_CONFLICT', 'CU004',
                format('batch %s is recorded with other members', p_batch_id),
                'A batch keeps its members; start another one.');
        END IF;
        RETURN cutter_governance.fn_batch_digest(p_batch_id);
    END IF;
    SELECT string_agg(coalesce(w.run_id, 'NULL'), ', ' ORDER BY w.place) INTO wrong
      FROM unnest(p_run_ids) WITH ORDINALITY AS w (run_id, place)
      LEFT JOIN cutter_governance.run r USING (run_id)
     WHERE (r.operation, r.family, r.stage) IS DISTINCT FROM ('cut', 'active', 'cutplan_ok')
        OR cutter_governance.fn_batch_of(w.run_id) IS NOT NULL;
    wrong := CASE WHEN coalesce(p_batch_id, '') !~ '^ictb-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$'
                    OR coalesce(length(p_operator), 0) NOT BETWEEN 1 AND 200
                    OR coalesce(length(p_host), 0) NOT BETWEEN 1 AND 200
                    OR n NOT BETWEEN 1 AND 5000
                      THEN 'it names an id, 1 to 5000 runs, an operator and a host'
                  WHEN wrong IS NOT NULL
                      THEN format('no planned cuts that are in no batch: %s', left(wrong, 300))
                  WHEN n <> (SELECT count(DISTINCT r.docprefix)
                               FROM cutter_governance.run r
                              WHERE r.run_id = ANY (p_run_ids))
                      THEN 'a document is in it twice' END;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'the batch is not recorded: ' || wrong,
            'Start it again: cutter-console batch start FOLDER --live');
    END IF;
    INSERT INTO cutter_governance.batch (batch_id, n_members, operator, host)
    VALUES (p_batch_id, n, p_operator, p_host);
    INSERT INTO cutter_governance.batch_member (batch_id, position, run_id)
    SELECT p_batch_id, w.place, w.run_id FROM unnest(p_run_ids) WITH ORDINALITY AS w (run_id, place);
    RETURN cutter_governance.fn_batch_digest(p_batch_id);
END $$;
COMMENT ON FUNCTION fn_batch_record IS 'Records planned runs as a batch, in this order; returns its digest.';

-- The members that wait for a ruling to this purpose, in their order.
CREATE OR REPLACE FUNCTION fn_batch_waiting(p_batch_id text, p_purpose text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(m.run_id ORDER BY m.position)
      FROM cutter_governance.batch_member m
      JOIN cutter_governance.run r USING (run_id)
     WHERE m.batch_id = p_batch_id
       AND r.family = 'active'
       AND r.stage = CASE p_purpose WHEN 'cut' THEN 'awaiting_cut_authorization'
                                    WHEN 'enact' THEN 'awaiting_lifecycle_authorization' END
$$;
COMMENT ON FUNCTION fn_batch_waiting IS 'The members of a batch that wait for a ruling to a purpose, in their order.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Rulings over a batch
-- ---------------------------------------------------------------------------------------------------------------------

-- The signed list of a ruling over a batch: position, run, document, number of units, plan digest, digest of the
-- manifest or of the drafts, and sha256 of the member's statement; fields split by TAB.
CREATE OR REPLACE FUNCTION fn_batch_listed(p_members bytea)
RETURNS TABLE (place bigint, f text[])
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.place, string_to_array(l.line, chr(9))
      FROM string_to_table(convert_from(p_members, 'UTF8'), chr(10)) WITH ORDINALITY AS l (line, place)
$$;
COMMENT ON FUNCTION fn_batch_listed IS 'The lines of the signed list of a ruling over a batch, split into fields.';

-- The primary keys that signed an approval: its own statement, or the statement over the batch that names it. Asked
-- before each lease and each write, and all of it is read out of the signed bytes and recomputed from the rows again.
CREATE OR REPLACE FUNCTION fn_approval_signers(a cutter_governance.approval) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET timezone = 'UTC' AS $$
DECLARE
    b cutter_governance.batch_ruling;
    s jsonb;
BEGIN
    IF a.batch_ruling IS NULL THEN
        RETURN cutter_governance.fn_signers(
            a.statement, a.signatures, a.policy_sha256, a.kind, a.not_before, a.expires);
    END IF;
    SELECT * INTO b FROM cutter_governance.batch_ruling WHERE statement_sha256 = a.batch_ruling;
    s := cutter_governance.fn_statement(b.statement);
    IF s ->> 'schema' IS DISTINCT FROM 'cutter-console/batch-statement/1'
       OR (s ->> 'kind', s ->> 'purpose', s ->> 'policy_sha256', (s ->> 'not_before')::timestamptz,
           (s ->> 'expires')::timestamptz)
           IS DISTINCT FROM (a.kind, a.purpose, a.policy_sha256, a.not_before, a.expires)
       OR s #>> '{members,file_sha256}' IS DISTINCT FROM encode(sha256(b.members), 'hex')
       OR s ->> 'batch_digest' IS DISTINCT FROM cutter_governance.fn_batch_digest(s ->> 'batch_id')
       OR NOT EXISTS (SELECT 1
                        FROM cutter_governance.fn_batch_listed(b.members) l
                        JOIN cutter_governance.batch_member m
                          ON m.batch_id = s ->> 'batch_id' AND m.position::text = l.f[1] AND m.run_id = l.f[2]
                       WHERE m.run_id = a.run_id
                         AND l.f[7] = encode(sha256(a.statement), 'hex')) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            format('the statement over the batch does not name the one of run %s as it is', a.run_id),
            'Somebody has tampered. Set a HOLD, keep the database as it is, and call the sovereign: cutter-console panic');
    END IF;
    RETURN cutter_governance.fn_signers(
        b.statement, b.signatures, s ->> 'policy_sha256', s ->> 'kind', (s ->> 'not_before')::timestamptz,
        (s ->> 'expires')::timestamptz);
END $$;
COMMENT ON FUNCTION fn_approval_signers IS
    'The primary keys that signed an approval, or the statement over a batch that names it; raises if it does not.';

-- As cutter_verify: one signed statement over a batch, its list, and the statement of each member that it names. The
-- signatures are verified once; every member's statement is taken by the function that takes those of single runs, with
-- all of its checks. It must be over all members that wait for this ruling, in their order: none is left out.
CREATE OR REPLACE FUNCTION fn_batch_import(
    p_statement bytea, p_members bytea, p_statements bytea[], p_signatures bytea[]
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET timezone = 'UTC' AS $$
DECLARE
    s jsonb := cutter_governance.fn_statement(p_statement);
    digest text := encode(sha256(p_statement), 'hex');
    b cutter_governance.batch;
    old cutter_governance.batch_ruling;
    t record;
    line record;
    wrong text;
    signed_by text[];
    taken cutter_governance.approval;
    begins timestamptz;
    ends timestamptz;
BEGIN
    SELECT * INTO b FROM cutter_governance.batch WHERE batch_id = s ->> 'batch_id';
    SELECT * INTO t FROM cutter_governance.fn_target();
    wrong := CASE WHEN s ->> 'schema' IS DISTINCT FROM 'cutter-console/batch-statement/1'
                      THEN format('its schema is %s, not cutter-console/batch-statement/1', s ->> 'schema')
                  WHEN (s ->> 'kind', s ->> 'purpose') NOT IN (('SG_1', 'cut'), ('SG_2', 'enact')) IS NOT FALSE
                      THEN format('%s is no ruling over a batch to %s', s ->> 'kind', s ->> 'purpose')
                  WHEN s ->> 'allowance' IS DISTINCT FROM 'explicit' THEN 'its allowance is not explicit'
                  WHEN encode(p_statement, 'escape') ~* 'approval-(sovereign-prod-write-1|u-w4b-grant-1)'
                      THEN 'it names a placeholder approval'
                  WHEN coalesce(s ->> 'not_before', '') !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'
                    OR coalesce(s ->> 'expires', '') !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'
                      THEN 'its times are not written as 2026-01-31T08:00:00Z'
                  WHEN b.batch_id IS NULL THEN format('no batch %s in this database', s ->> 'batch_id')
                  WHEN s ->> 'batch_digest' IS DISTINCT FROM cutter_governance.fn_batch_digest(b.batch_id)
                    OR s -> 'n_members' IS DISTINCT FROM to_jsonb(b.n_members)
                      THEN format('it is not about the plans of batch %s', b.batch_id)
                  WHEN (s #>> '{target,database}', s #>> '{target,system_identifier}', s #> '{target,timeline}')
                           IS DISTINCT FROM (t.database, t.system_identifier, to_jsonb(t.timeline))
                      THEN 'it was made for another database or timeline'
                  WHEN coalesce(octet_length(p_members), 0) NOT BETWEEN 1 AND 4194304
                    OR s #>> '{members,file_sha256}' IS DISTINCT FROM encode(sha256(p_members), 'hex')
                      THEN 'the list of its members is not the one that it names' END;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            CASE WHEN wrong LIKE 'it was made for%' THEN 'STOP_IDENTITY_MISMATCH' ELSE 'STOP_APPROVAL_INVALID' END,
            CASE WHEN wrong LIKE 'it was made for%' THEN 'CU005' ELSE 'CU004' END,
            'the statement is refused: ' || wrong,
            'Draft it again: cutter-console approval draft BATCH');
    END IF;
    begins := (s ->> 'not_before')::timestamptz;
    ends := (s ->> 'expires')::timestamptz;
    -- Imports of one batch wait for each other, and for its members' steps.
    PERFORM 1
       FROM cutter_governance.run r
       JOIN cutter_governance.batch_member m USING (run_id)
      WHERE m.batch_id = b.batch_id
      ORDER BY m.position FOR NO KEY UPDATE OF r;
    SELECT * INTO old FROM cutter_governance.batch_ruling WHERE statement_sha256 = digest;
    IF old.statement_sha256 IS NULL
       AND (SELECT array_agg(l.f[2] ORDER BY l.place) FROM cutter_governance.fn_batch_listed(p_members) l)
           IS DISTINCT FROM cutter_governance.fn_batch_waiting(b.batch_id, s ->> 'purpose') THEN
        wrong := format('its list is not that of the members of batch %s that wait to be ruled on, in their order',
                        b.batch_id);
    ELSIF s #> '{members,count}'
              IS DISTINCT FROM (SELECT to_jsonb(count(*)) FROM cutter_governance.fn_batch_listed(p_members))
       OR s #> '{members,count}' IS DISTINCT FROM to_jsonb(coalesce(cardinality(p_statements), 0)) THEN
        wrong := 'it counts other members than it lists, or they come without their statements';
    END IF;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            'the statement is refused: ' || wrong,
            'Draft it again: cutter-console approval draft BATCH');
    END IF;
    signed_by := cutter_governance.fn_signers(
        p_statement, p_signatures, s ->> 'policy_sha256', s ->> 'kind', begins, ends);
    IF old.statement_sha256 IS NULL THEN
        INSERT INTO cutter_governance.batch_ruling (
            statement_sha256, batch_id, purpose, statement, members, signatures, signers)
        VALUES (digest, b.batch_id, s ->> 'purpose', p_statement, p_members, p_signatures, signed_by);
    ELSIF (old.batch_id, old.purpose, old.members) IS DISTINCT FROM (b.batch_id, s ->> 'purpose', p_members) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REPLAY_CONFLICT', 'CU004',
            format('statement %s is recorded already, with other columns than its bytes say (by %s)',
                   digest, old.imported_by),
            'Somebody has tampered. Set a HOLD, keep the database as it is, and call the sovereign: cutter-console panic');
    END IF;
    FOR line IN SELECT l.place, l.f FROM cutter_governance.fn_batch_listed(p_members) l ORDER BY l.place LOOP
        IF cardinality(line.f) <> 7
           OR line.f[7] IS DISTINCT FROM encode(sha256(p_statements[line.place]), 'hex') THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_APPROVAL_INVALID', 'CU004',
                format('the statement is refused: line %s of its list does not name the statement that comes with it',
                       line.place),
                'Draft it again: cutter-console approval draft BATCH');
        END IF;
        PERFORM cutter_governance.fn_approval_take(p_statements[line.place], p_signatures, digest, signed_by);
        SELECT * INTO taken FROM cutter_governance.approval WHERE statement_sha256 = line.f[7];
        IF (taken.run_id, taken.kind, taken.purpose, taken.policy_sha256, taken.not_before, taken.expires,
            taken.n_units::text, taken.plan_digest, coalesce(taken.draft_digest, taken.manifest_digest),
            taken.batch_ruling)
            IS DISTINCT FROM (line.f[2], s ->> 'kind', s ->> 'purpose', s ->> 'policy_sha256', begins, ends,
                              line.f[4], line.f[5], line.f[6], digest)
           OR NOT EXISTS (SELECT 1
                            FROM cutter_governance.batch_member m
                            JOIN cutter_governance.run r USING (run_id)
                           WHERE m.batch_id = b.batch_id
                             AND (m.position::text, m.run_id, r.docprefix) = (line.f[1], line.f[2], line.f[3])) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_APPROVAL_INVALID', 'CU004',
                format('the statement is refused: line %s of its list says something else than the statement of run %s',
                       line.place, taken.run_id),
                'Draft it again: cutter-console approval draft BATCH');
        END IF;
    END LOOP;
    RETURN digest;
END $$;
COMMENT ON FUNCTION fn_batch_import IS
    'As cutter_verify: records a signed statement over a batch, and with it the statement of every member it names.';

-- ---------------------------------------------------------------------------------------------------------------------
-- The switch for a batch
-- ---------------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW v_lease_standing AS
    SELECT l.*
      FROM execution_lease l
     WHERE l.ended_at IS NULL
       AND l.server_started = pg_postmaster_start_time()
       AND NOT EXISTS (SELECT 1 FROM hold_event h WHERE h.action = 'set' AND h.at >= l.armed_at)
       AND NOT EXISTS (SELECT 1 FROM run r WHERE r.run_id = l.run_id AND r.family = 'voided')
       AND (l.taken_at IS NULL
            OR EXISTS (SELECT 1
                         FROM pg_stat_activity s
                        WHERE s.pid = l.holder_pid
                          AND s.usesysid = l.holder_role
                          AND s.datname = current_database()
                          AND s.application_name = 'cutter-console lease ' || l.id))
    OFFSET 0;
CREATE OR REPLACE VIEW v_lease AS
    SELECT l.* FROM v_lease_standing l WHERE l.expires_at > clock_timestamp() OFFSET 0;

-- A lease for a batch is one for each of its members, and for nobody else.
CREATE OR REPLACE FUNCTION fn_assert_leased(p_run_id text, p_purpose text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.v_lease l
                    WHERE l.purpose = p_purpose
                      AND coalesce(l.run_id, l.batch_id) IN (p_run_id, cutter_governance.fn_batch_of(p_run_id))) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('the switch is not armed for run %s to %s', p_run_id, p_purpose),
            'Arm it: cutter-console arm RUN --confirm RUN');
    END IF;
END $$;

-- As in 0003, with the lease of a batch. A HOLD ends the lease, and is the reason then.
CREATE OR REPLACE FUNCTION guard_manifest() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM cutter_governance.fn_assert_no_hold();
    IF EXISTS (SELECT 1
                 FROM (SELECT DISTINCT run_id FROM new_row) n
                WHERE NOT EXISTS (SELECT 1
                                    FROM cutter_governance.execution_lease l
                                   WHERE coalesce(l.run_id, l.batch_id)
                                         IN (n.run_id, (SELECT m.batch_id
                                                          FROM cutter_governance.batch_member m
                                                         WHERE m.run_id = n.run_id))
                                     AND l.ended_at IS NULL
                                     AND l.purpose IN ('cut', 'edit')
                                     AND l.expires_at > clock_timestamp())) THEN
        RAISE EXCEPTION 'INSERT on %.% is refused: the run holds no lease to cut', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'CU004', DETAIL = 'STOP_EXECUTION_DISABLED', HINT = 'Arm the switch for this run.';
    END IF;
    IF EXISTS (SELECT 1
                 FROM (SELECT DISTINCT run_id FROM new_row) n
                WHERE NOT EXISTS (SELECT 1
                                    FROM cutter_governance.manifest_envelope e
                                   WHERE e.run_id = n.run_id
                                     AND e.xid = pg_current_xact_id())) THEN
        RAISE EXCEPTION 'INSERT on %.% is refused: the run has no envelope of this transaction',
            TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'CU004',
                  DETAIL = 'STOP_INVARIANT_FAILED',
                  HINT = 'Envelope, blocks and cut are one transaction.';
    END IF;
    RETURN NULL;
END $$;

-- The one place where a lease is opened, after whatever it needs was found. Leases that are over are ended first.
CREATE OR REPLACE FUNCTION fn_lease_open(
    p_run_id text, p_batch_id text, p_purpose text, p_operator text, p_host text, p_minutes integer
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leased uuid;
    held text;
    now_at timestamptz;
BEGIN
    UPDATE cutter_governance.execution_lease e
       SET ended_at = clock_timestamp(),
           end_reason = CASE WHEN expires_at <= clock_timestamp() THEN 'expired'
                             WHEN EXISTS (SELECT 1
                                            FROM cutter_governance.hold_event h
                                           WHERE h.action = 'set'
                                             AND h.at >= e.armed_at)
                                 THEN 'a HOLD was set'
                             ELSE 'the session that held it is gone' END
     WHERE id IN (SELECT l.id
                    FROM cutter_governance.execution_lease l
                   WHERE l.ended_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM cutter_governance.v_lease s WHERE s.id = l.id)
                     FOR UPDATE OF l SKIP LOCKED);
    SELECT format('%s to %s, by %s', coalesce(run_id, batch_id), purpose, operator) INTO held
      FROM cutter_governance.execution_lease
     WHERE ended_at IS NULL;
    IF held IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_LOCKED', 'CU004',
            'the switch is already armed for ' || held,
            'End that lease first: cutter-console disarm');
    END IF;
    now_at := clock_timestamp();
    INSERT INTO cutter_governance.execution_lease (run_id, batch_id, purpose, operator, host, armed_at, expires_at)
    VALUES (p_run_id, p_batch_id, p_purpose, p_operator, p_host, now_at, now_at + make_interval(mins => p_minutes))
    RETURNING id INTO leased;
    RETURN leased;
END $$;
COMMENT ON FUNCTION fn_lease_open IS 'Opens a lease for a run or for a batch; raises if another one is open.';

-- For every member that has something left to be cut, or to be enacted, the ruling must be there; at least for one.
CREATE OR REPLACE FUNCTION fn_batch_arm(
    p_batch_id text, p_purpose text, p_operator text, p_host text, p_minutes integer
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member record;
    a cutter_governance.approval;
    verified text[] := '{}';
    n integer := 0;
BEGIN
    PERFORM cutter_governance.fn_write_lock(true);
    IF p_minutes IS NULL
       OR p_minutes NOT BETWEEN 1 AND 60
       OR coalesce(length(p_operator), 0) NOT BETWEEN 1 AND 200
       OR coalesce(length(p_host), 0) NOT BETWEEN 1 AND 200
       OR coalesce(p_purpose, '') NOT IN ('cut', 'enact') THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'a batch is armed to cut or to enact, for 1 to 60 minutes, and the lease names operator and host',
            'Use: cutter-console arm BATCH --confirm BATCH');
    END IF;
    FOR member IN
        SELECT r.run_id, r.stage
          FROM cutter_governance.batch_member m
          JOIN cutter_governance.run r USING (run_id)
         WHERE m.batch_id = p_batch_id
           AND (r.family = 'active'
                -- What was stopped may be left behind: it is no reason to keep the others from going on.
                OR r.family = 'stopped'
                   AND (r.stage NOT IN ('awaiting_cut_authorization', 'awaiting_lifecycle_authorization')
                        OR EXISTS (SELECT 1
                                     FROM cutter_governance.approval p
                                    WHERE p.run_id = r.run_id
                                      AND p.purpose = p_purpose
                                      AND p.expires > clock_timestamp())))
           AND CASE p_purpose
               WHEN 'cut' THEN r.stage IN ('awaiting_cut_authorization', 'cut_leg_a_committed', 'structural_verified',
                                           'leg_b_recorded')
               ELSE r.stage = 'awaiting_lifecycle_authorization' END
         ORDER BY m.position LOOP
        n := n + 1;
        IF member.stage IN ('awaiting_cut_authorization', 'awaiting_lifecycle_authorization') THEN
            a := cutter_governance.fn_ruling_found(member.run_id, p_purpose);
            -- The signatures of one statement are verified once here, and for each member again before its write.
            IF a.batch_ruling IS NULL OR a.batch_ruling <> ALL (verified) THEN
                PERFORM cutter_governance.fn_approval_signers(a);
                verified := verified || a.batch_ruling;
            END IF;
        ELSE
            SELECT p.* INTO a
              FROM cutter_governance.approval p
              JOIN cutter_governance.approval_use u USING (statement_sha256)
             WHERE u.run_id = member.run_id
               AND u.purpose = 'cut';
            PERFORM cutter_governance.fn_assert_target(a, 'cut');
        END IF;
        PERFORM cutter_governance.fn_assert_backup(member.run_id);
    END LOOP;
    IF n = 0 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('batch %s has no member at a stage from which it can %s', p_batch_id, p_purpose),
            'See: cutter-console batch status BATCH');
    END IF;
    RETURN cutter_governance.fn_lease_open(NULL, p_batch_id, p_purpose, p_operator, p_host, p_minutes);
END $$;
COMMENT ON FUNCTION fn_batch_arm IS
    'Opens the lease of a batch for one purpose, if every member that waits for it has its ruling.';

-- As in 0012; p_run_id is a run, or a batch.
CREATE OR REPLACE FUNCTION fn_lease_take(p_run_id text, p_purpose text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leased uuid;
BEGIN
    PERFORM cutter_governance.fn_assert_leased(p_run_id, p_purpose);
    UPDATE cutter_governance.execution_lease
       SET holder_pid = pg_backend_pid(),
           holder_role = (SELECT u.oid FROM pg_roles u WHERE u.rolname = session_user),
           taken_at = clock_timestamp()
     WHERE coalesce(run_id, batch_id) = p_run_id
       AND purpose = p_purpose
       AND ended_at IS NULL
       AND taken_at IS NULL
    RETURNING id INTO leased;
    IF leased IS NULL THEN
        SELECT l.id INTO leased
          FROM cutter_governance.v_lease l
         WHERE coalesce(l.run_id, l.batch_id) = p_run_id
           AND l.purpose = p_purpose
           AND l.holder_pid = pg_backend_pid();
    END IF;
    IF leased IS NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_LOCKED', 'CU004',
            format('another session holds the lease of run %s to %s', p_run_id, p_purpose),
            'Use that console, or end the lease: cutter-console disarm');
    END IF;
    PERFORM set_config('application_name', 'cutter-console lease ' || leased, false);
    RETURN leased;
END $$;

-- As in 0012; p_run_id is a run, or a batch.
CREATE OR REPLACE FUNCTION fn_lease_end_of(p_run_id text, p_reason text, p_holder integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    UPDATE cutter_governance.execution_lease
       SET ended_at = clock_timestamp(), end_reason = left(coalesce(p_reason, ''), 500)
     WHERE id IN (SELECT l.id
                    FROM cutter_governance.execution_lease l
                   WHERE coalesce(l.run_id, l.batch_id) = p_run_id
                     AND l.ended_at IS NULL
                     AND (l.taken_at IS NULL
                          OR l.holder_pid = p_holder
                          OR NOT EXISTS (SELECT 1 FROM cutter_governance.v_lease_standing s WHERE s.id = l.id))
                     FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Who may do what
-- ---------------------------------------------------------------------------------------------------------------------
CREATE OR REPLACE VIEW v_approval AS
    SELECT a.statement_sha256, a.kind, a.run_id, a.plan_digest, a.manifest_digest, a.policy_sha256, a.baseline_digest,
           a.draft_digest, a.review_decision_id, a.n_units, a.database, a.system_identifier, a.timeline, a.not_before,
           a.expires, a.signers, a.statement, a.signatures, a.imported_by, a.imported_at, u.purpose AS used_for,
           u.used_at, a.purpose, a.batch_ruling, coalesce(b.statement, a.statement) AS signed
      FROM approval a
      LEFT JOIN batch_ruling b ON b.statement_sha256 = a.batch_ruling
      LEFT JOIN approval_use u ON u.statement_sha256 = a.statement_sha256;
CREATE OR REPLACE VIEW v_batch AS
    SELECT b.batch_id, b.n_members, b.operator, b.host, b.recorded_at, fn_batch_digest(b.batch_id) AS digest
      FROM batch b;
COMMENT ON VIEW v_batch IS 'The batches, each with its digest.';
CREATE OR REPLACE VIEW v_batch_member AS
    SELECT m.batch_id, m.position, r.run_id, r.docprefix, r.stage, r.family, r.reason, r.n_units, r.plan_digest,
           r.changed_at
      FROM batch_member m
      JOIN run r USING (run_id);
COMMENT ON VIEW v_batch_member IS 'The members of the batches, each with the state of its run.';
CREATE OR REPLACE VIEW v_batch_ruling AS
    SELECT statement_sha256, batch_id, purpose, signers, imported_by, imported_at FROM batch_ruling;
COMMENT ON VIEW v_batch_ruling IS 'The imported rulings over batches.';

REVOKE ALL ON batch, batch_member, batch_ruling, v_batch, v_batch_member, v_batch_ruling FROM PUBLIC;
REVOKE ALL ON FUNCTION fn_batch_of, fn_batch_digest, fn_batch_record, fn_batch_waiting, fn_batch_listed,
    fn_approval_signers, fn_batch_import, fn_lease_open, fn_batch_arm FROM PUBLIC;
GRANT SELECT ON v_batch, v_batch_member, v_batch_ruling TO cutter_ro, cutter_exec, cutter_verify;
GRANT SELECT ON batch, batch_member, batch_ruling TO cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_batch_digest, fn_batch_waiting TO cutter_ro, cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_batch_record, fn_batch_arm TO cutter_exec;
GRANT EXECUTE ON FUNCTION fn_batch_import TO cutter_verify;

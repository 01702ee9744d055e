-- schema: cutter_governance
-- Sealed manifests, rulings that are read out of their signed bytes, events that extend the journal, backup proofs.
-- Every row that records something is derived here from what was signed or measured; no role has INSERT on any table.

-- ---------------------------------------------------------------------------------------------------------------------
-- What is new in the ledger
-- ---------------------------------------------------------------------------------------------------------------------

-- The policy whose signers the database believes:
-- pinned by an administrator, with the keys of its signers. The last row counts.
CREATE TABLE IF NOT EXISTS policy_pin (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy_sha256 text NOT NULL,
    policy        bytea NOT NULL,
    pinned_by     text NOT NULL DEFAULT session_user,
    pinned_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (policy_sha256 = encode(sha256(policy), 'hex'))
);

-- A seal closes a manifest: its rows are those of the digest that was signed, and none is added.
CREATE TABLE IF NOT EXISTS manifest_seal (
    run_id           text PRIMARY KEY REFERENCES run,
    statement_sha256 text NOT NULL REFERENCES approval,
    manifest_digest  text NOT NULL,
    n_units          integer NOT NULL CHECK (n_units >= 0),
    xid              xid8 NOT NULL DEFAULT pg_current_xact_id(),
    sealed_by        text NOT NULL DEFAULT session_user,
    sealed_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A proven backup, as cutter_verify recorded it; the digests were those of the tables at recorded_at.
CREATE TABLE IF NOT EXISTS backup_proof (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id            text NOT NULL REFERENCES run,
    file_name         text NOT NULL,
    file_sha256       text NOT NULL CHECK (file_sha256 ~ '^[0-9a-f]{64}$'),
    file_bytes        bigint NOT NULL CHECK (file_bytes > 0),
    recipient         text NOT NULL,
    tables            jsonb NOT NULL,
    system_identifier text NOT NULL,
    timeline          integer NOT NULL,
    recorded_by       text NOT NULL DEFAULT session_user,
    recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS backup_proof_run ON backup_proof (run_id, id);

-- Rows of version 0.2.0 have none of these: they stay as evidence and authorise nothing new.
ALTER TABLE approval ADD COLUMN IF NOT EXISTS purpose text CHECK (purpose IN ('cut', 'edit', 'enact', 'revert'));
ALTER TABLE approval ADD COLUMN IF NOT EXISTS canonical_sha256 text;

-- One ruling, one purpose, once: a purpose that a run has been through takes no second use.
CREATE UNIQUE INDEX IF NOT EXISTS approval_use_once ON approval_use (run_id, purpose)
    WHERE purpose IN ('cut', 'edit', 'enact', 'revert');

-- What a verification that passed has read, so that it is not read again where no row has moved (0016, fn_draft_known).
ALTER TABLE verify_result
    ADD COLUMN IF NOT EXISTS draft_file_sha256 text CHECK (draft_file_sha256 ~ '^[0-9a-f]{64}$'),
    ADD COLUMN IF NOT EXISTS n_drafts integer CHECK (n_drafts >= 0),
    ADD COLUMN IF NOT EXISTS draft_seal text CHECK (draft_seal ~ '^[0-9a-f]{64}$');

-- The server on which the drafts were verified: after a promotion they are verified again, on the new one.
ALTER TABLE verify_result ADD COLUMN IF NOT EXISTS system_identifier text;
ALTER TABLE verify_result ADD COLUMN IF NOT EXISTS timeline integer;

-- The journal's lock: sha256 of the key that only the holder of the run's directory can name next.
ALTER TABLE run ADD COLUMN IF NOT EXISTS journal_lock text CHECK (journal_lock ~ '^[0-9a-f]{64}$');
-- True: the writer named the journal's key.
-- False: somebody without the run's directory. NULL: recorded by version 0.2.0.
ALTER TABLE run_event ADD COLUMN IF NOT EXISTS vouched boolean;

-- A lease ends with the server that it was armed on, and, once a session has taken it up, with that session.
-- A lease of version 0.2.0 names no server, and so is over.
ALTER TABLE execution_lease
    ADD COLUMN IF NOT EXISTS server_started timestamptz,
    ADD COLUMN IF NOT EXISTS holder_pid integer,
    ADD COLUMN IF NOT EXISTS holder_role oid,
    ADD COLUMN IF NOT EXISTS taken_at timestamptz;
ALTER TABLE execution_lease ALTER COLUMN server_started SET DEFAULT pg_postmaster_start_time();
CREATE OR REPLACE TRIGGER guard_lease_ends_once BEFORE UPDATE ON execution_lease FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL
          OR ROW (OLD.id, OLD.run_id, OLD.purpose, OLD.operator, OLD.host, OLD.armed_by, OLD.armed_at,
                  OLD.expires_at, OLD.server_started)
              IS DISTINCT FROM ROW (NEW.id, NEW.run_id, NEW.purpose, NEW.operator, NEW.host, NEW.armed_by, NEW.armed_at,
                                    NEW.expires_at, NEW.server_started)
          OR (OLD.taken_at IS NOT NULL
              AND ROW (OLD.holder_pid, OLD.holder_role, OLD.taken_at)
                  IS DISTINCT FROM ROW (NEW.holder_pid, NEW.holder_role, NEW.taken_at)))
    EXECUTE FUNCTION guard_refuse('a lease is never extended, reopened or handed on');
ALTER TABLE execution_lease ENABLE ALWAYS TRIGGER guard_lease_ends_once;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['cutter_governance.policy_pin', 'cutter_governance.manifest_seal',
                             'cutter_governance.backup_proof'] LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_refuse(%L)',
            t, 'the ledger is append-only');
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER guard_append_only', t);
    END LOOP;
END $$;

-- An ended run stays ended; only the journal of it is still anchored.
CREATE OR REPLACE TRIGGER guard_run_identity BEFORE UPDATE ON run FOR EACH ROW
    WHEN (ROW (OLD.run_id, OLD.operation, OLD.docprefix, OLD.origin, OLD.operator, OLD.host, OLD.started_at)
              IS DISTINCT FROM ROW (NEW.run_id, NEW.operation, NEW.docprefix, NEW.origin, NEW.operator, NEW.host,
                                    NEW.started_at)
          OR (OLD.family IN ('voided', 'reverted')
              AND ROW (OLD.stage, OLD.family, OLD.reason, OLD.changed_at)
                  IS DISTINCT FROM ROW (NEW.stage, NEW.family, NEW.reason, NEW.changed_at))
          OR (OLD.source_sha256 IS NOT NULL
              AND ROW (OLD.source_sha256, OLD.canonical_sha256)
                  IS DISTINCT FROM ROW (NEW.source_sha256, NEW.canonical_sha256))
          OR (OLD.plan_digest IS NOT NULL
              AND ROW (OLD.plan_digest, OLD.content_digest, OLD.n_units, OLD.baseline_digest)
                  IS DISTINCT FROM ROW (NEW.plan_digest, NEW.content_digest, NEW.n_units, NEW.baseline_digest)
              -- Planned again, before anything is written: the whole plan is gone, and the run is back at its source.
              AND NOT (NEW.stage = 'source_pinned'
                       AND OLD.stage IN ('cutplan_ok', 'pre_write_backup_taken', 'grants_probed',
                                         'awaiting_cut_authorization')
                       AND num_nulls(NEW.plan_digest, NEW.content_digest, NEW.n_units, NEW.baseline_digest) = 4)))
    EXECUTE FUNCTION guard_refuse('a run keeps its identity, its source and its plan, and an ended run stays ended');
ALTER TABLE run ENABLE ALWAYS TRIGGER guard_run_identity;

-- ---------------------------------------------------------------------------------------------------------------------
-- Functions that are gone:
-- single units (a plan is signed whole), free events and baselines, columns beside a statement.
-- ---------------------------------------------------------------------------------------------------------------------
-- Their callers are programs of older releases, which refuse a database of a newer one.
-- squawk-ignore-file ban-drop-function
DROP FUNCTION IF EXISTS public.fn_iu_create(text, text, text, text, text, text, text, text, text),
    public.fn_iu_apply_edit_draft(text, text, text, text), public.fn_iu_enact(text, uuid, text, boolean),
    public.fn_iu_supersede(text, uuid, text, boolean), public.fn_iu_retire(text, uuid, text, boolean);
DROP FUNCTION IF EXISTS fn_iu_step(text, text, text, text, uuid, boolean), fn_planned_block(text, text, text, text),
    fn_leased_run(text);
DROP FUNCTION IF EXISTS fn_probe_cut(integer[], boolean), fn_probe_revert(), fn_probe_block(text, text, integer);
DROP FUNCTION IF EXISTS fn_approval_import(
    text, text, text, text, text, text, text, uuid, integer, text, text, integer, timestamptz, timestamptz, text[],
    bytea, bytea[]);
DROP FUNCTION IF EXISTS fn_cut_check(text, approval), fn_manifest_check(text, approval), fn_authorise(text, text),
    fn_approval_for(text, text);
DROP FUNCTION IF EXISTS fn_run_event(text, text, text, jsonb, bigint, text), fn_baseline_pin(text),
    fn_run_create(text, text, text, text, text, text, text), fn_source_pin(text, bigint, text, text, text),
    fn_run_plan(text, text, text, integer, text), fn_run_advance(text, text), fn_run_leave(text, text, text),
    fn_run_return(text), fn_cut_apply(text), fn_cut_record(text), fn_cut_enact(text, boolean), fn_cut_revert(text),
    fn_verify_record(text, text, jsonb);
REVOKE INSERT ON manifest_envelope, manifest_unit_block FROM cutter_exec;
REVOKE INSERT (run_id, operation, docprefix, source_version_id, plan_digest, content_digest, n_units)
    ON manifest_envelope FROM cutter_exec;
REVOKE INSERT (run_id, seq, address, parent_address, unit_kind, section_type, section_code, title, body, body_sha256,
               byte_start, byte_end, line_start, line_end, unit_id, version_id)
    ON manifest_unit_block FROM cutter_exec;

-- ---------------------------------------------------------------------------------------------------------------------
-- Small things
-- ---------------------------------------------------------------------------------------------------------------------

-- The canonical form of a JSON value, as the console writes it: sorted keys, no space, integers only.
CREATE OR REPLACE FUNCTION fn_canonical_json(p_value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE jsonb_typeof(p_value)
        WHEN 'object'
            THEN '{'
                 || coalesce(
                     (SELECT string_agg(to_json(e.key)::text || ':' || cutter_governance.fn_canonical_json(e.value),
                                        ',' ORDER BY e.key COLLATE "C")
                        FROM jsonb_each(p_value) e),
                     '')
                 || '}'
        WHEN 'array'
            THEN '['
                 || coalesce(
                     (SELECT string_agg(cutter_governance.fn_canonical_json(e.value), ',' ORDER BY e.ordinality)
                        FROM jsonb_array_elements(p_value) WITH ORDINALITY e),
                     '')
                 || ']'
        WHEN 'string' THEN to_json(p_value #>> '{}')::text
        WHEN 'number' THEN trunc(p_value::numeric)::text
        ELSE p_value::text END;
END $$;

-- Merkle tree hash over the leaves in order (RFC 6962, section 2.1): the root that a second ruling names.
CREATE OR REPLACE FUNCTION fn_merkle_root(p_leaves text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leaf bytea := decode('00', 'hex');
    node bytea := decode('01', 'hex');
    level bytea[];
BEGIN
    SELECT array_agg(sha256(leaf || convert_to(l, 'UTF8')) ORDER BY i) INTO level
      FROM unnest(p_leaves) WITH ORDINALITY u (l, i);
    IF level IS NULL THEN
        RETURN encode(sha256(decode('', 'hex')), 'hex');
    END IF;
    WHILE cardinality(level) > 1 LOOP
        SELECT array_agg(CASE WHEN s.right_hash IS NULL THEN s.h ELSE sha256(node || s.h || s.right_hash) END
                         ORDER BY s.i)
          INTO level
          FROM (SELECT h, i, lead(h) OVER (ORDER BY i) AS right_hash FROM unnest(level) WITH ORDINALITY u (h, i)) s
         WHERE s.i % 2 = 1;
    END LOOP;
    RETURN encode(level[1], 'hex');
END $$;

CREATE OR REPLACE FUNCTION fn_hold_reason() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET timezone = 'UTC' AS $$
    SELECT h.reason || ' (set by ' || h.by || ' at ' || h.at || ')'
      FROM (SELECT * FROM cutter_governance.hold_event ORDER BY id DESC LIMIT 1) h WHERE h.action = 'set'
$$;

-- The database at hand, as a ruling, a verification and a backup proof name it; a standby writes no timeline.
CREATE OR REPLACE FUNCTION fn_target(OUT database text, OUT system_identifier text, OUT timeline integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT current_database()::text, c.system_identifier::text,
           CASE WHEN NOT pg_is_in_recovery()
                    THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
      FROM pg_control_system() c
$$;

-- The execution lock, under settings by which a check looks at rows as they are and foreign keys are asked.
-- A writer does not wait for it; who arms or records waits:
-- a probe (0013) holds it for moments, and gives way to a run instead of stopping it.
CREATE OR REPLACE FUNCTION fn_lock(p_wait boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed'
       OR current_setting('session_replication_role') <> 'origin' THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format(
                'a write needs isolation read committed and session_replication_role origin; here they are %s and %s',
                current_setting('transaction_isolation'), current_setting('session_replication_role')),
            'Use the console, or reset the two settings.');
    END IF;
    BEGIN
        IF p_wait THEN
            PERFORM 1 FROM cutter_governance.execution_lock FOR UPDATE;
        ELSE
            PERFORM 1 FROM cutter_governance.execution_lock FOR UPDATE NOWAIT;
        END IF;
    EXCEPTION WHEN lock_not_available THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_LOCKED', 'CU004',
            'another transaction is writing',
            'Wait for it, or stop it: cutter-console panic');
    END;
END $$;

-- One writer at a time, and none under a HOLD; the HOLD is looked for first, so that it is what is said.
CREATE OR REPLACE FUNCTION fn_write_lock(p_wait boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM cutter_governance.fn_assert_no_hold();
    PERFORM cutter_governance.fn_lock(p_wait);
    PERFORM cutter_governance.fn_assert_no_hold();
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Events: written by the function that has the effect; they extend the journal's chain of keys
-- ---------------------------------------------------------------------------------------------------------------------

-- p_event: {"phase", "outcome", "record", "seq", "head", "key", "lock"}.
-- The key opens the run's lock and the new lock takes its place: only who holds the run's directory can name it,
-- so a row that was written without it is told apart and never stands for the journal.
CREATE OR REPLACE FUNCTION fn_event_write(p_run_id text, p_event jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r cutter_governance.run;
    seq bigint;
    last bigint;
    is_vouched boolean;
    written bigint;
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
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('the event of run %s is not one', p_run_id),
            'Use the console; a change and its event are one.');
    END IF;
    seq := (p_event ->> 'seq')::bigint;
    is_vouched := coalesce(encode(sha256(decode(p_event ->> 'key', 'hex')), 'hex') = r.journal_lock, false);
    IF is_vouched THEN
        SELECT max(journal_seq) INTO last FROM cutter_governance.run_event WHERE run_id = p_run_id AND vouched;
        IF seq <= last OR p_event ->> 'lock' IS NULL THEN
            PERFORM cutter_governance.fn_stop(
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

-- ---------------------------------------------------------------------------------------------------------------------
-- Rulings
-- ---------------------------------------------------------------------------------------------------------------------

-- As an administrator: the policy, and each signer's public key as gpg exports it.
-- The keys are proven by fn_signing_key_pin.
CREATE OR REPLACE FUNCTION fn_policy_pin(p_policy bytea, p_exports bytea[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    policy jsonb := convert_from(p_policy, 'UTF8')::jsonb;
    signers text[] := ARRAY(SELECT s ->> 'fingerprint' FROM jsonb_array_elements(policy -> 'signers') s);
    operators text[] := ARRAY(SELECT o #>> '{}' FROM jsonb_array_elements(policy -> 'operators') o);
    able integer;
    wrong text;
BEGIN
    able := (SELECT count(DISTINCT s) FROM unnest(signers) s WHERE policy -> 'solo' = 'true' OR s <> ALL (operators));
    wrong := CASE WHEN policy ->> 'schema' IS DISTINCT FROM 'cutter-console/policy/1'
                    OR convert_to(cutter_governance.fn_canonical_json(policy), 'UTF8') <> p_policy
                      THEN 'it is not a policy in canonical form'
                  WHEN jsonb_typeof(policy -> 'solo') IS DISTINCT FROM 'boolean'
                      THEN 'it does not say whether an operator may sign (solo)'
                  WHEN able IS NULL OR able = 0 THEN 'it names nobody who may sign'
                  WHEN (SELECT count(*) FROM unnest(signers)) <> (SELECT count(DISTINCT s) FROM unnest(signers) s)
                      THEN 'it names a key twice'
                  WHEN NOT coalesce((policy #>> '{thresholds,SG_1}')::integer BETWEEN 1 AND able
                                    AND (policy #>> '{thresholds,SG_2}')::integer BETWEEN 1 AND able,
                                    false)
                      THEN 'its thresholds cannot be met'
                  WHEN cardinality(p_exports) IS DISTINCT FROM cardinality(signers)
                      THEN 'not one exported key for each signer' END;
    IF wrong IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_POLICY_UNSATISFIABLE', 'CU004',
            'the policy is refused: ' || wrong,
            'Correct the policy, and pin it again: cutter-console policy pin');
    END IF;
    FOR i IN 1 .. cardinality(signers) LOOP
        -- By this export, and not by what was pinned earlier: the owner may have revoked the key since.
        SELECT string_agg(DISTINCT CASE WHEN e.fingerprint IS NOT NULL THEN 'withdrawn' ELSE k.verdict END, ', ')
               FILTER (WHERE e.fingerprint IS NOT NULL OR k.verdict NOT IN ('pinned', 'present')),
               count(*) FILTER (WHERE e.fingerprint IS NULL AND k.verdict IN ('pinned', 'present')) INTO wrong, able
          FROM cutter_governance.fn_signing_key_pin(p_exports[i], signers[i]) k
          LEFT JOIN cutter_governance.signing_key_end e ON e.fingerprint IN (k.fingerprint, signers[i]);
        IF able = 0 THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_POLICY_UNSATISFIABLE', 'CU004',
                format('key %s has no part that the database can verify with (RSA 2048 to 4096 or Ed25519): %s',
                       signers[i], wrong),
                'Have the signer make such a key, and a policy that names it.');
        END IF;
    END LOOP;
    INSERT INTO cutter_governance.policy_pin (policy_sha256, policy) VALUES (encode(sha256(p_policy), 'hex'), p_policy);
    RETURN encode(sha256(p_policy), 'hex');
END $$;

-- The primary keys whose good signatures stand under these bytes.
-- Raises where one signature is bad, foreign, doubled or of another time,
-- and where there are fewer than the policy asks.
CREATE OR REPLACE FUNCTION fn_signers(
    p_statement bytea, p_signatures bytea[], p_policy_sha256 text, p_kind text, p_not_before timestamptz,
    p_expires timestamptz
) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    policy jsonb := (SELECT convert_from(p.policy, 'UTF8')::jsonb
                       FROM cutter_governance.policy_pin p
                      WHERE p.policy_sha256 = p_policy_sha256 LIMIT 1);
    found text[] := '{}';
    one record;
    wrong text;
BEGIN
    IF policy IS NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_POLICY_UNSATISFIABLE', 'CU004',
            format('policy %s is not pinned in this database', p_policy_sha256),
            'As an administrator, with the policy that the statement names: cutter-console policy pin');
    END IF;
    IF coalesce(cardinality(p_signatures), 0) NOT BETWEEN 1 AND 64 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_REQUIRED', 'CU003',
            'the statement comes with no signature, or with more than 64',
            'Have it signed elsewhere.');
    END IF;
    FOR i IN 1 .. cardinality(p_signatures) LOOP
        one := cutter_governance.fn_openpgp_check(p_signatures[i], p_statement);
        wrong := CASE WHEN one.verdict IS DISTINCT FROM 'good' THEN coalesce(one.verdict, 'not a signature')
                      WHEN NOT EXISTS (SELECT 1
                                         FROM jsonb_array_elements(policy -> 'signers') s
                                        WHERE s ->> 'fingerprint' = one.primary_fingerprint)
                          THEN format('key %s is not in the policy', one.primary_fingerprint)
                      WHEN policy -> 'solo' IS DISTINCT FROM 'true'
                       AND policy -> 'operators' @> to_jsonb(one.primary_fingerprint)
                          THEN format('key %s is the operator''s, and the policy does not declare solo',
                                      one.primary_fingerprint)
                      WHEN one.primary_fingerprint = ANY (found)
                          THEN format('key %s signs twice', one.primary_fingerprint)
                      WHEN one.created < p_not_before - interval '2 minutes'
                        OR one.created > p_expires
                        OR one.created > clock_timestamp() + interval '2 minutes'
                          THEN format('made at %s, outside of the time of the statement', one.created) END;
        IF wrong IS NOT NULL THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_APPROVAL_INVALID', 'CU004',
                format('signature %s does not count: %s', i, wrong),
                'Have the signer sign this statement''s file; leave signatures out that do not count.');
        END IF;
        found := found || one.primary_fingerprint;
    END LOOP;
    IF cardinality(found) < (policy #>> ARRAY['thresholds', p_kind])::integer THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_REQUIRED', 'CU003',
            format('%s of %s signatures', cardinality(found), policy #>> ARRAY['thresholds', p_kind]),
            'Have the missing signers sign.');
    END IF;
    RETURN found;
END $$;

-- The statement in these bytes, in its one canonical form. Raises for anything else.
CREATE OR REPLACE FUNCTION fn_statement(p_statement bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s jsonb;
BEGIN
    IF coalesce(octet_length(p_statement), 0) NOT BETWEEN 2 AND 65536 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            'a statement has 2 to 65536 bytes',
            'Draft it again: cutter-console approval draft RUN');
    END IF;
    BEGIN
        s := convert_from(p_statement, 'UTF8')::jsonb;
        s := CASE WHEN convert_to(cutter_governance.fn_canonical_json(s), 'UTF8') = p_statement THEN s END;
    EXCEPTION WHEN data_exception OR statement_too_complex THEN
        s := NULL;
    END;
    IF s IS NULL OR jsonb_typeof(s) <> 'object' THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            'these bytes are not a statement in canonical form',
            'Draft it again: cutter-console approval draft RUN');
    END IF;
    RETURN s;
END $$;

-- Where many rows are joined nested loops are off: rows of the same transaction have no statistics,
-- and 100,000 would be looked through 100,000 times.

-- The lines that a ruling over drafts is about: one unit a line, fields split by TAB, in the manifest's order;
-- the last field is the body's sha256.
CREATE OR REPLACE FUNCTION fn_draft_lines(p_run_id text)
RETURNS TABLE (seq bigint, address text, title text, body_sha256 text, unit_id uuid, line text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
    SELECT row_number() OVER (ORDER BY d.place, d.canonical_address COLLATE "C"),
           d.canonical_address, d.title, d.body_sha256, d.id,
           concat_ws(chr(9), d.canonical_address, coalesce(d.parent_or_container_ref, ''), d.unit_kind, d.section_type,
                     coalesce(d.section_code, ''), coalesce(d.title, ''), d.body_sha256)
      FROM (SELECT u.id, u.canonical_address, u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code,
                   v.title, encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS body_sha256, b.place
              FROM public.information_unit u
              JOIN public.unit_version v ON v.id = u.version_anchor_ref
              LEFT JOIN (SELECT m.unit_id, min(m.seq) AS place
                           FROM cutter_governance.manifest_unit_block m
                          WHERE m.run_id = p_run_id
                          GROUP BY m.unit_id) b
                     ON b.unit_id = u.id
             WHERE u.lifecycle_status = 'draft'
               AND (b.place IS NOT NULL
                    OR u.doc_code = (SELECT r.docprefix FROM cutter_governance.run r WHERE r.run_id = p_run_id)
                    OR starts_with(u.canonical_address,
                                   (SELECT r.docprefix FROM cutter_governance.run r WHERE r.run_id = p_run_id)
                                   || '/'))) d
$$;

-- What SG_2 and a signed revert are bound to: the Merkle root over those lines, read back from the rows.
CREATE OR REPLACE FUNCTION fn_draft_digest(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_merkle_root(
        (SELECT array_agg(l.line ORDER BY l.seq) FROM cutter_governance.fn_draft_lines(p_run_id) l))
$$;

-- The same units as a statement lists them.
CREATE OR REPLACE FUNCTION fn_draft_units(p_run_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_agg(jsonb_build_object('address', l.address,
                                        'title', coalesce(l.title, ''),
                                        'body_sha256', l.body_sha256)
                     ORDER BY l.seq)
      FROM cutter_governance.fn_draft_lines(p_run_id) l
$$;

-- The drafts as they were signed: the sealed manifest of the cut,
-- overlaid by the sealed manifests of the edits of the document.
CREATE OR REPLACE FUNCTION fn_draft_signed(p_run_id text)
RETURNS TABLE (
    seq integer, address text, parent text, unit_kind text, section_type text, section_code text, title text,
    body_sha256 text, unit_id uuid, version_id uuid, edits bigint
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
    WITH edited AS (
        SELECT DISTINCT ON (b.address)
               b.address, b.title, b.body_sha256, b.version_id,
               count(*) OVER (PARTITION BY b.address) AS edits
          FROM cutter_governance.run c
          JOIN cutter_governance.run e ON e.docprefix = c.docprefix AND e.operation = 'edit'
          JOIN cutter_governance.manifest_seal s ON s.run_id = e.run_id
        -- By the index of the edit's run: a join could read every manifest for the few rows of an edit.
         CROSS JOIN LATERAL (
                   SELECT m.address, m.title, m.body_sha256, m.version_id
                     FROM cutter_governance.manifest_unit_block m
                    WHERE m.run_id = e.run_id
                   OFFSET 0) b
         WHERE c.run_id = p_run_id
         ORDER BY b.address, s.xid DESC
    )
    SELECT b.seq, b.address, b.parent_address, b.unit_kind, b.section_type, b.section_code,
           coalesce(e.title, b.title), coalesce(e.body_sha256, b.body_sha256),
           b.unit_id, coalesce(e.version_id, b.version_id), coalesce(e.edits, 0)
      FROM cutter_governance.manifest_unit_block b
      JOIN cutter_governance.manifest_seal s ON s.run_id = b.run_id
      LEFT JOIN edited e ON e.address = b.address
     WHERE b.run_id = p_run_id
$$;

-- Every unit of the document that is not, row for row, what was signed:
-- address and reason. Empty for a sound draft cut.
CREATE OR REPLACE FUNCTION fn_draft_differences(p_run_id text) RETURNS TABLE (address text, difference text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
    WITH r AS (SELECT * FROM cutter_governance.run WHERE run_id = p_run_id),
         signed AS MATERIALIZED (SELECT * FROM cutter_governance.fn_draft_signed(p_run_id)),
         present AS MATERIALIZED (
             SELECT u.*, v.id AS version_id, v.unit_id AS version_of, v.title, v.content_hash,
                    v.lifecycle_status AS version_status,
                    encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS body_sha256,
                    (SELECT count(*) FROM public.unit_version w WHERE w.unit_id = u.id) AS versions
               FROM public.information_unit u
               LEFT JOIN public.unit_version v ON v.id = u.version_anchor_ref
              WHERE u.doc_code = (SELECT docprefix FROM r)
                 OR starts_with(u.canonical_address, (SELECT docprefix FROM r) || '/')
                 OR u.id IN (SELECT b.unit_id FROM cutter_governance.manifest_unit_block b WHERE b.run_id = p_run_id)
         )
    SELECT coalesce((SELECT docprefix FROM r), p_run_id),
           format('run %s has no sealed manifest of the signed digest', p_run_id)
     WHERE NOT EXISTS (SELECT 1
                         FROM cutter_governance.manifest_seal s
                        WHERE s.run_id = p_run_id
                          AND s.manifest_digest = cutter_governance.fn_manifest_digest(p_run_id)
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
     WHERE p.id IS NULL
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
                                  'draft', 'draft', NULL::timestamptz)
$$;

-- What readers see without these units.
CREATE OR REPLACE FUNCTION fn_readers_digest_without(p_addresses text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(coalesce(
               string_agg(
                   concat_ws(chr(31), canonical_address, coalesce(parent_or_container_ref, ''), unit_kind,
                             section_type, section_code, lifecycle_status, version_seq, title,
                             encode(sha256(convert_to(body, 'UTF8')), 'hex')),
                   chr(10) ORDER BY canonical_address COLLATE "C"),
               ''), 'UTF8')), 'hex')
      FROM cutter_governance.v_reader
     WHERE canonical_address NOT IN (SELECT unnest(p_addresses))
$$;

-- What taking the drafts of this run back must come to.
CREATE OR REPLACE FUNCTION fn_revert_digest(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cutter_governance.fn_readers_digest_without(
        (SELECT array_agg(l.address) FROM cutter_governance.fn_draft_lines(p_run_id) l))
$$;

-- The drafts of this run by their digests, and why they can not be enacted now; NULL where they can. One reason, naming
-- the first units. Where no row has moved since a verification that passed read all of them, its digests are taken
-- (0016); otherwise they are read, once, and their lines are returned too. What is asked of each draft is found by
-- index: a small document does not wait for the others.
-- The verification that counts is one on this server and timeline: a promoted standby may lack what the other had, and
-- clocks of two servers differ, so one from here goes before a later one from elsewhere.
CREATE OR REPLACE FUNCTION fn_draft_reading(
    p_run_id text, OUT refused text, OUT digest text, OUT file_sha256 text, OUT n integer, OUT lines text[]
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found bigint;
    named text;
    v record;
    t record;
    changed timestamptz;
BEGIN
    SELECT k.digest, k.file_sha256, k.n INTO digest, file_sha256, n FROM cutter_governance.fn_draft_known(p_run_id) k;
    IF digest IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT * INTO t FROM cutter_governance.fn_target();
    SELECT array_agg(l.line ORDER BY l.seq), greatest(max(u.created_at), max(u.updated_at), max(w.created_at))
      INTO lines, changed
      FROM cutter_governance.fn_draft_lines(p_run_id) l
     CROSS JOIN LATERAL (
               SELECT i.created_at, i.updated_at FROM public.information_unit i WHERE i.id = l.unit_id OFFSET 0) u
     CROSS JOIN LATERAL (
               SELECT max(x.created_at) AS created_at FROM public.unit_version x WHERE x.unit_id = l.unit_id) w;
    digest := cutter_governance.fn_merkle_root(lines);
    file_sha256 := encode(sha256(convert_to(array_to_string(lines, chr(10)), 'UTF8')), 'hex');
    n := coalesce(cardinality(lines), 0);
    SELECT count(*),
           string_agg(d.address || ': ' || d.difference, '; ' ORDER BY d.address COLLATE "C") FILTER (WHERE d.n <= 5)
      INTO found, named
      FROM (SELECT *, row_number() OVER (ORDER BY address COLLATE "C") AS n
              FROM cutter_governance.fn_draft_differences(p_run_id)) d;
    IF found > 0 THEN
        refused := format('%s units are not what was signed: %s', found, named);
        RETURN;
    END IF;
    SELECT w.outcome, w.verified_at, w.verified_by, w.system_identifier, w.timeline, g.signed_digest INTO v
      FROM cutter_governance.verify_result w
      LEFT JOIN cutter_governance.dot_pair_signature g ON g.verify_result_id = w.id
     WHERE w.run_id = p_run_id
     ORDER BY (w.system_identifier, w.timeline) IS NOT DISTINCT FROM (t.system_identifier, t.timeline) DESC,
              w.verified_at DESC, w.id LIMIT 1;
    refused := CASE WHEN v.outcome IS NULL THEN 'the drafts were never verified'
                    WHEN v.outcome <> 'PASS' THEN format(
                        'the last verification, by %s, is %s', v.verified_by, v.outcome)
                    WHEN v.verified_at <= changed THEN 'a unit has changed since the drafts were verified'
                    WHEN v.signed_digest IS DISTINCT FROM digest
                        THEN 'the drafts are not those that were verified'
                    WHEN (v.system_identifier, v.timeline) IS DISTINCT FROM (t.system_identifier, t.timeline)
                        THEN format(
                            'the drafts were verified on server %s, timeline %s; this is server %s, timeline %s',
                                    coalesce(v.system_identifier, 'unknown'), coalesce(v.timeline::text, 'unknown'),
                                    t.system_identifier, coalesce(t.timeline::text, 'of a standby')) END;
END $$;

COMMENT ON FUNCTION fn_draft_reading IS
    'The digests of a run''s drafts, and why they can not be enacted now, NULL where they can; the lines if they were read.';

CREATE OR REPLACE FUNCTION fn_draft_refusal(p_run_id text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.refused FROM cutter_governance.fn_draft_reading(p_run_id) d
$$;

-- As cutter_verify: a statement and its signatures.
-- Every column is read out of the signed bytes, and the signatures are verified here.
CREATE OR REPLACE FUNCTION fn_approval_import(p_statement bytea, p_signatures bytea[]) RETURNS text
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
                  WHEN n.purpose IN ('cut', 'edit') AND n.purpose <> r.operation
                    OR n.purpose IN ('enact', 'revert') AND r.operation <> 'cut'
                      THEN format('run %s is no run to %s', r.run_id, n.purpose)
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
            refused := CASE WHEN n.purpose = 'enact' THEN cutter_governance.fn_draft_refusal(n.run_id) END;
            refused := coalesce(
                refused,
                CASE WHEN n.draft_digest <> cutter_governance.fn_draft_digest(n.run_id)
                         THEN 'the drafts are not those that the statement names'
                     WHEN s #> '{drafts,units}' IS NOT NULL
                      AND s #> '{drafts,units}' IS DISTINCT FROM cutter_governance.fn_draft_units(n.run_id)
                         THEN 'the units that the statement lists are not the drafts'
                     WHEN s #>> '{drafts,file_sha256}' IS DISTINCT FROM (
                         SELECT encode(sha256(convert_to(string_agg(l.line, chr(10) ORDER BY l.seq), 'UTF8')), 'hex')
                           FROM cutter_governance.fn_draft_lines(n.run_id) l)
                         THEN 'the file of units that the statement names is not of the drafts'
                     WHEN (SELECT count(*)::integer FROM cutter_governance.fn_draft_lines(n.run_id))
                              IS DISTINCT FROM n.n_units
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
    n.signers := cutter_governance.fn_signers(
        p_statement, p_signatures, n.policy_sha256, n.kind, n.not_before, n.expires);
    IF old.statement_sha256 IS NOT NULL THEN
        IF (old.kind, old.purpose, old.run_id, old.plan_digest, old.manifest_digest, old.policy_sha256,
            old.baseline_digest, old.draft_digest, old.review_decision_id, old.n_units, old.database,
            old.system_identifier, old.timeline, old.not_before, old.expires, old.canonical_sha256, old.statement)
            IS DISTINCT FROM (n.kind, n.purpose, n.run_id, n.plan_digest, n.manifest_digest, n.policy_sha256,
                              n.baseline_digest, n.draft_digest, n.review_decision_id, n.n_units, n.database,
                              n.system_identifier, n.timeline, n.not_before, n.expires, n.canonical_sha256,
                              p_statement) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_REPLAY_CONFLICT', 'CU004',
                format('statement %s is recorded already, with other columns than its bytes say (by %s)',
                       n.statement_sha256, old.imported_by),
                'Somebody has tampered. Set a HOLD, keep the database as it is, and call the sovereign: cutter-console panic');
        END IF;
        -- The recorded signatures are what a write verifies:
        -- a row with others would be taken here and refused later on.
        IF old.signers
            IS DISTINCT FROM cutter_governance.fn_signers(
                old.statement, old.signatures, old.policy_sha256, old.kind, old.not_before, old.expires) THEN
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
        signatures, purpose, canonical_sha256)
    VALUES (n.statement_sha256, n.kind, n.run_id, n.plan_digest, n.manifest_digest, n.policy_sha256, n.baseline_digest,
            n.draft_digest, n.review_decision_id, n.n_units, n.database, n.system_identifier, n.timeline, n.not_before,
            n.expires, n.signers, p_statement, p_signatures, n.purpose, n.canonical_sha256);
    RETURN n.statement_sha256;
END $$;

-- The ruling that covers this purpose for this run, its signatures verified again against the keys of today.
-- Raises where there is none. A ruling is for one database, on one timeline.
-- Taking back must stay possible after a failover; nothing else survives one.
CREATE OR REPLACE FUNCTION fn_assert_target(a cutter_governance.approval, p_purpose text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
BEGIN
    SELECT * INTO t FROM cutter_governance.fn_target();
    IF (a.database, a.system_identifier, CASE WHEN p_purpose = 'revert' THEN t.timeline ELSE a.timeline END)
        IS DISTINCT FROM (t.database, t.system_identifier, t.timeline) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_IDENTITY_MISMATCH', 'CU005',
            format('%s was signed for %s/%s, timeline %s; this is %s/%s, timeline %s',
                   a.kind, a.database, a.system_identifier, a.timeline, t.database, t.system_identifier, t.timeline),
            CASE WHEN (a.database, a.system_identifier) IS DISTINCT FROM (t.database, t.system_identifier)
                     THEN 'This is another database; connect to the one that the statement names.'
                 WHEN p_purpose = 'enact'
                     THEN format('A standby was promoted. Verify the drafts here: cutter-console verify %s. '
                                 || 'Then have a new SG_2 signed: cutter-console approval draft %s',
                                 a.run_id, a.run_id)
                 ELSE 'A standby was promoted. See what the run can do here: cutter-console run show ' || a.run_id END);
    END IF;
END $$;

-- An SG_1 to cut also covers the soft revert of exactly that cut, once, later than its own end;
-- a signed revert goes before it.
CREATE OR REPLACE FUNCTION fn_ruling_found(p_run_id text, p_purpose text) RETURNS cutter_governance.approval
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET timezone = 'UTC' AS $$
DECLARE
    a cutter_governance.approval;
    wanted text := CASE WHEN p_purpose = 'enact' THEN 'SG_2' ELSE 'SG_1' END;
    takes_back boolean;
    current_policy text := (SELECT policy_sha256 FROM cutter_governance.policy_pin ORDER BY id DESC LIMIT 1);
BEGIN
    IF EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = p_run_id AND u.purpose = p_purpose) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_USED', 'CU004',
            format('the ruling of run %s to %s has been used', p_run_id, p_purpose),
            'A purpose is served once; nothing is to be done again.');
    END IF;
    SELECT * INTO a
      FROM cutter_governance.approval
     WHERE run_id = p_run_id
       AND purpose = p_purpose
       AND expires > clock_timestamp()
     ORDER BY imported_at DESC, statement_sha256 LIMIT 1;
    IF a.statement_sha256 IS NULL AND p_purpose = 'revert' THEN
        SELECT p.* INTO a
          FROM cutter_governance.approval p
          JOIN cutter_governance.approval_use u USING (statement_sha256)
         WHERE u.run_id = p_run_id
           AND u.purpose = 'cut';
    END IF;
    IF a.statement_sha256 IS NULL THEN
        -- None is valid now: the newest of all, so that the refusal below can say why.
        SELECT * INTO a
          FROM cutter_governance.approval
         WHERE run_id = p_run_id
           AND purpose = p_purpose
         ORDER BY imported_at DESC, statement_sha256 LIMIT 1;
    END IF;
    IF a.statement_sha256 IS NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_REQUIRED', 'CU003',
            format('run %s has no %s to %s', p_run_id, wanted, p_purpose)
            || CASE WHEN EXISTS (SELECT 1
                                   FROM cutter_governance.approval
                                  WHERE run_id = p_run_id
                                    AND kind = wanted
                                    AND purpose IS NULL)
                        THEN '; the one that version 0.2.0 imported was never verified by the database'
                    ELSE '' END,
            'Draft a statement, have it signed elsewhere, then: cutter-console approval import');
    END IF;
    takes_back := p_purpose = 'revert' AND coalesce(a.purpose, 'cut') = 'cut';
    IF NOT takes_back
       AND (a.expires <= clock_timestamp() OR a.not_before > clock_timestamp() + interval '2 minutes') THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            format('%s of run %s is valid from %s to %s', wanted, p_run_id, a.not_before, a.expires),
            'Draft a new statement and have it signed.');
    END IF;
    PERFORM cutter_governance.fn_assert_target(a, p_purpose);
    IF NOT takes_back AND a.policy_sha256 IS DISTINCT FROM current_policy THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_POLICY_UNSATISFIABLE', 'CU004',
            format('%s of run %s was signed under policy %s; pinned today is %s',
                   wanted, p_run_id, a.policy_sha256, coalesce(current_policy, 'none')),
            'Draft a new statement and have it signed.');
    END IF;
    RETURN a;
END $$;

COMMENT ON FUNCTION fn_ruling_found IS
    'The ruling that covers a purpose for a run, without its signatures; raises if there is none.';

-- The ruling as it was found, with its signatures verified (fn_approval_signers).
CREATE OR REPLACE FUNCTION fn_ruling(p_run_id text, p_purpose text) RETURNS cutter_governance.approval
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET timezone = 'UTC' AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_ruling_found(p_run_id, p_purpose);
BEGIN
    PERFORM cutter_governance.fn_approval_signers(a);
    RETURN a;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Backup proofs
-- ---------------------------------------------------------------------------------------------------------------------

-- Rows and digest of one table, as the backup computes them (backup/table_digest.py); under settings of its own.
CREATE OR REPLACE FUNCTION fn_table_digest(p_table text, OUT rows bigint, OUT digest text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD'
    SET intervalstyle = 'postgres' SET timezone = 'UTC' SET bytea_output = 'hex' SET extra_float_digits = 3 AS $$
DECLARE
    sums record;
BEGIN
    EXECUTE format(
        'SELECT count(*) AS n, coalesce(sum(hash_record_extended(t.*, 0)), 0)::text AS a, coalesce(sum(hash_record_extended(t.*, 25214903917)), 0)::text AS b FROM %s AS t',
        p_table::regclass) INTO sums;
    rows := sums.n;
    digest := encode(sha256(convert_to(concat_ws(':', sums.n, sums.a, sums.b), 'UTF8')), 'hex');
END $$;

-- The tables that only a leased write changes: a proof's digests are compared with them when it is recorded.
CREATE OR REPLACE FUNCTION fn_backup_tables() RETURNS SETOF text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT unnest(ARRAY['public.information_unit',
                        'public.unit_version',
                        'public.iu_lifecycle_log',
                        'cutter_governance.manifest_envelope',
                        'cutter_governance.manifest_unit_block',
                        'cutter_governance.manifest_seal',
                        'cutter_governance.approval_use',
                        'cutter_governance.review_decision',
                        'cutter_governance.cut_change_set',
                        'cutter_governance.cut_change_set_affected_row',
                        'cutter_governance.canonical_address_alias',
                        'cutter_governance.decision_backlog_entry',
                        'cutter_governance.decision_backlog_history'])
$$;

-- As cutter_verify: a backup that was restored and compared. Its digests must be those of the tables now.
CREATE OR REPLACE FUNCTION fn_backup_record(p_run_id text, p_proof jsonb) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    other text;
    t record;
    at timestamptz;
BEGIN
    IF coalesce(p_proof ->> 'file_name', '') = ''
       OR coalesce(p_proof ->> 'recipient', '') !~ '^[0-9A-F]{40}$'
       OR jsonb_typeof(p_proof -> 'tables') IS DISTINCT FROM 'array'
       OR octet_length(p_proof::text) > 65536 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_BACKUP_NOT_PROVEN', 'CU004',
            'the proof names no file, no recipient or no tables',
            'Take a backup: cutter-console backup take RUN');
    END IF;
    PERFORM cutter_governance.fn_lock(true);
    SELECT string_agg(n, ', ') INTO other
      FROM cutter_governance.fn_backup_tables() n
     WHERE NOT EXISTS (SELECT 1
                         FROM jsonb_array_elements(p_proof -> 'tables') p,
                              LATERAL cutter_governance.fn_table_digest(n) d
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
        run_id, file_name, file_sha256, file_bytes, recipient, tables, system_identifier, timeline)
    VALUES (p_run_id, p_proof ->> 'file_name', p_proof ->> 'sha256', (p_proof ->> 'bytes')::bigint,
            p_proof ->> 'recipient', p_proof -> 'tables', t.system_identifier, t.timeline)
    RETURNING recorded_at INTO at;
    RETURN at;
END $$;

-- Seconds since the newest proof of this run on this server and timeline was recorded,
-- by the database's clock; NULL where there is none.
CREATE OR REPLACE FUNCTION fn_backup_age(p_run_id text) RETURNS double precision
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT extract(epoch FROM clock_timestamp() - max(p.recorded_at))::double precision
      FROM cutter_governance.backup_proof p, cutter_governance.fn_target() t
     WHERE p.run_id = p_run_id
       AND p.system_identifier = t.system_identifier
       AND p.timeline = t.timeline
$$;

CREATE OR REPLACE FUNCTION fn_assert_backup(p_run_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    age double precision := cutter_governance.fn_backup_age(p_run_id);
BEGIN
    IF age IS NULL OR age NOT BETWEEN 0 AND 3600 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_BACKUP_NOT_PROVEN', 'CU004',
            CASE WHEN age IS NULL THEN format('no backup of run %s is recorded as proven', p_run_id)
                 ELSE format('the proven backup of run %s is %s minutes old; 60 is the limit',
                             p_run_id, floor(age / 60)) END,
            'Take one: cutter-console backup take RUN');
    END IF;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The switch
-- ---------------------------------------------------------------------------------------------------------------------

-- A lease stands until it was ended, the server was started again, a HOLD has been set since, its run was voided,
-- or, where a session has taken it up, that session is gone.
-- HOLD and void are asked for here, because whoever sets them may find the lease's row locked by somebody
-- and does not wait: a stop that can be kept waiting is none.
-- pg_stat_activity shows everybody pid, role, database and application name,
-- and no role can give its session another role's id.
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
-- And until it has expired: nothing begins under a lease that has, while a write that began before may still COMMIT.
CREATE OR REPLACE VIEW v_lease AS
    SELECT l.* FROM v_lease_standing l WHERE l.expires_at > clock_timestamp() OFFSET 0;

CREATE OR REPLACE FUNCTION fn_assert_leased(p_run_id text, p_purpose text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM cutter_governance.v_lease WHERE run_id = p_run_id AND purpose = p_purpose) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('the switch is not armed for run %s to %s', p_run_id, p_purpose),
            'Arm it: cutter-console arm RUN --confirm RUN');
    END IF;
END $$;

-- Lock, HOLD, lease, backup, ruling, in the database, before any write; returns the ruling that covers it.
-- One transaction has one effect:
-- the log of lifecycles, the seals and the guards tell effects apart by the transaction's id.
CREATE OR REPLACE FUNCTION fn_authorise(p_run_id text, p_purpose text) RETURNS cutter_governance.approval
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval;
    r cutter_governance.run;
BEGIN
    PERFORM cutter_governance.fn_write_lock();
    IF EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.xid = pg_current_xact_id_if_assigned()) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            'this transaction has had its effect; another one needs a transaction of its own',
            'Commit, then go on.');
    END IF;
    PERFORM cutter_governance.fn_assert_leased(p_run_id, p_purpose);
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id FOR NO KEY UPDATE;
    IF r.family <> 'active' AND p_purpose <> 'revert' THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('run %s is %s: %s', p_run_id, r.family, r.reason),
            'See: cutter-console run show RUN');
    END IF;
    a := cutter_governance.fn_ruling(p_run_id, p_purpose);
    PERFORM cutter_governance.fn_assert_backup(p_run_id);
    IF (a.plan_digest, a.baseline_digest) IS DISTINCT FROM (r.plan_digest, r.baseline_digest)
       OR a.purpose IS DISTINCT FROM 'revert' AND a.n_units <> r.n_units THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_APPROVAL_INVALID', 'CU004',
            format('the statement is for plan %s, run %s has plan %s', a.plan_digest, p_run_id, r.plan_digest),
            'Draft a statement for this plan.');
    END IF;
    RETURN a;
END $$;

CREATE OR REPLACE FUNCTION fn_lease_arm(
    p_run_id text, p_purpose text, p_operator text, p_host text, p_minutes integer
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    leased uuid;
    held text;
    now_at timestamptz;
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
                              THEN r.operation = 'cut'
                                   AND r.stage IN ('awaiting_cut_authorization', 'cut_leg_a_committed',
                                                   'structural_verified', 'leg_b_recorded')
                          WHEN 'edit' THEN r.operation = 'edit' AND r.stage = 'awaiting_cut_authorization'
                          WHEN 'enact' THEN r.operation = 'cut' AND r.stage = 'awaiting_lifecycle_authorization'
                          WHEN 'revert'
                              THEN r.operation = 'cut'
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
    SELECT format('%s to %s, by %s', run_id, purpose, operator) INTO held
      FROM cutter_governance.execution_lease
     WHERE ended_at IS NULL;
    IF held IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_LOCKED', 'CU004',
            'the switch is already armed for ' || held,
            'End that lease first: cutter-console disarm');
    END IF;
    now_at := clock_timestamp();
    INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, armed_at, expires_at)
    VALUES (p_run_id, p_purpose, p_operator, p_host, now_at, now_at + make_interval(mins => p_minutes))
    RETURNING id INTO leased;
    RETURN leased;
END $$;

-- The session that calls this holds the lease from now on: when it ends, by whatever, the lease is over.
-- It is called as a transaction of its own, in a session that does nothing else, and may be called again by it;
-- its application name is what the lease is known by.
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
     WHERE run_id = p_run_id
       AND purpose = p_purpose
       AND ended_at IS NULL
       AND taken_at IS NULL
    RETURNING id INTO leased;
    IF leased IS NULL THEN
        SELECT l.id INTO leased
          FROM cutter_governance.v_lease l
         WHERE l.run_id = p_run_id
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

-- Never waits: a lease that somebody else is ending, or pretends to be ending, is left to them and not counted.
-- Whoever ends reads the switch back.
CREATE OR REPLACE FUNCTION fn_lease_end(p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    UPDATE cutter_governance.execution_lease
       SET ended_at = clock_timestamp(), end_reason = left(coalesce(p_reason, ''), 500)
     WHERE id IN (SELECT l.id FROM cutter_governance.execution_lease l WHERE l.ended_at IS NULL FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;

-- The lease of one run, where it comes to rest:
-- unless another session has taken it up, which is at work under it then. Never waits either.
CREATE OR REPLACE FUNCTION fn_lease_end_of(p_run_id text, p_reason text, p_holder integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    UPDATE cutter_governance.execution_lease
       SET ended_at = clock_timestamp(), end_reason = left(coalesce(p_reason, ''), 500)
     WHERE id IN (SELECT l.id
                    FROM cutter_governance.execution_lease l
                   WHERE l.run_id = p_run_id
                     AND l.ended_at IS NULL
                     AND (l.taken_at IS NULL
                          OR l.holder_pid = p_holder
                          OR NOT EXISTS (SELECT 1 FROM cutter_governance.v_lease_standing s WHERE s.id = l.id))
                     FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;

-- A HOLD ends the lease that is open: nobody writes under it who was armed before it.
CREATE OR REPLACE FUNCTION fn_hold_set(p_reason text, p_by text, p_run_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(length(p_reason), 0) NOT BETWEEN 1 AND 500
       OR coalesce(length(p_by), 0) NOT BETWEEN 1 AND 200
       OR length(p_run_id) > 200 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'a HOLD has a reason of 1 to 500 characters and names who sets it',
            'Shorten the reason.');
    END IF;
    INSERT INTO cutter_governance.hold_event (action, reason, by, run_id) VALUES ('set', p_reason, p_by, p_run_id);
    PERFORM cutter_governance.fn_lease_end('a HOLD was set');
END $$;

CREATE OR REPLACE FUNCTION fn_hold_release(p_reason text, p_by text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cutter_governance.fn_hold_reason() IS NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_HOLD', 'CU006',
            'no HOLD is set in the database',
            'There is no HOLD to release.');
    END IF;
    IF coalesce(length(p_reason), 0) NOT BETWEEN 1 AND 500 OR coalesce(length(p_by), 0) NOT BETWEEN 1 AND 200 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'a release has a reason of 1 to 500 characters and names who releases',
            'Shorten the reason.');
    END IF;
    INSERT INTO cutter_governance.hold_event (action, reason, by) VALUES ('release', p_reason, p_by);
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The passage of a run: each step with its event
-- ---------------------------------------------------------------------------------------------------------------------

-- Moves the run from one of these stages to another, with the event; raises where it is elsewhere.
CREATE OR REPLACE FUNCTION fn_run_step(p_run_id text, p_from text[], p_to text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cutter_governance.run
       SET stage = p_to, changed_at = clock_timestamp()
     WHERE run_id = p_run_id
       AND family = 'active'
       AND stage = ANY (p_from);
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s cannot go to %s from where it is', p_run_id, p_to),
            'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;

-- What others read of a document is short: a name of a hundred megabytes would stop every screen that lists it.
CREATE OR REPLACE FUNCTION fn_document_register(
    p_docprefix text, p_origin text, p_profile text, p_live_query text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_docprefix = 'ICX-CONST' OR p_docprefix LIKE 'DIEU%' THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            format('the document prefix %s is reserved', p_docprefix),
            'Choose another prefix.');
    END IF;
    IF 4096 < ANY (ARRAY[length(p_origin), length(p_profile)]) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'origin and profile of a document have at most 4096 characters each',
            'Use the console.');
    END IF;
    -- A registered query is run by the console: only the owner's side may register one.
    IF p_live_query IS NOT NULL AND NOT pg_has_role(session_user, 'cutter_owner', 'MEMBER') THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_GRANT_DELTA', 'CU004',
            'live queries are registered by an administrator',
            'Use: cutter-console document register');
    END IF;
    INSERT INTO cutter_governance.source_document_registry (docprefix, origin, profile, live_query)
    VALUES (p_docprefix, p_origin, p_profile, p_live_query) ON CONFLICT (docprefix) DO NOTHING;
    IF NOT FOUND AND p_live_query IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REPLAY_CONFLICT', 'CU004',
            format('the document %s is registered', p_docprefix),
            'A registered document keeps its query; choose another prefix.');
    END IF;
END $$;

-- The first event is the journal's where it names a lock:
-- it is written with the run, before anybody else can know the run.
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
    INSERT INTO cutter_governance.run (run_id, operation, docprefix, origin, profile, operator, host, journal_lock)
    VALUES (p_run_id, p_operation, p_docprefix, p_origin, p_profile, p_operator, p_host,
            encode(sha256(decode(p_event ->> 'key', 'hex')), 'hex'));
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;

CREATE OR REPLACE FUNCTION fn_source_pin(
    p_run_id text, p_raw_bytes bigint, p_sha256 text, p_canonical_sha256 text, p_canon_rule text, p_event jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(p_sha256, '') !~ '^[0-9a-f]{64}$'
       OR coalesce(p_canonical_sha256, '') !~ '^[0-9a-f]{64}$'
       OR coalesce(p_raw_bytes, -1) < 0
       -- A repeal alone has no text, and it never has one.
       OR (p_raw_bytes = 0) IS DISTINCT FROM coalesce(
              (SELECT r.operation = 'repeal' FROM cutter_governance.run r WHERE r.run_id = p_run_id), false)
       OR coalesce(length(p_canon_rule), 0) NOT BETWEEN 1 AND 200 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'a source has two sha256 digests, a size and a rule',
            'Use the console.');
    END IF;
    UPDATE cutter_governance.run
       SET source_sha256 = p_sha256, canonical_sha256 = p_canonical_sha256
     WHERE run_id = p_run_id
       AND stage = 'created'
       AND source_sha256 IS NULL;
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has a source already', p_run_id),
            'Start another run.');
    END IF;
    INSERT INTO cutter_governance.source_document_version_registry (
        docprefix, origin, raw_bytes, sha256, canonical_sha256, canon_rule)
    SELECT docprefix, origin, p_raw_bytes, p_sha256, p_canonical_sha256, p_canon_rule
      FROM cutter_governance.run
     WHERE run_id = p_run_id
    ON CONFLICT (docprefix, sha256) DO NOTHING;
    -- The same bytes have one size and one canonical text:
    -- a row that says otherwise was planted, and the manifest would refer to it.
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.source_document_version_registry v
                     JOIN cutter_governance.run r USING (docprefix)
                    WHERE r.run_id = p_run_id
                      AND (v.sha256, v.raw_bytes, v.canonical_sha256, v.canon_rule)
                          = (p_sha256, p_raw_bytes, p_canonical_sha256, p_canon_rule)) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REPLAY_CONFLICT', 'CU004',
            format('source %s of run %s is recorded already with another size, rule or canonical text',
                   p_sha256, p_run_id),
            'Find out who recorded it, and cut the text under another document prefix.');
    END IF;
    PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['created'], 'source_pinned', p_event);
END $$;

CREATE OR REPLACE FUNCTION fn_run_plan(
    p_run_id text, p_plan_digest text, p_content_digest text, p_n_units integer, p_baseline_digest text, p_event jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(p_plan_digest, '') !~ '^[0-9a-f]{64}$'
       OR coalesce(p_content_digest, '') !~ '^[0-9a-f]{64}$'
       OR coalesce(p_baseline_digest, '') !~ '^[0-9a-f]{64}$'
       OR coalesce(p_n_units, 0) < 1 THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REFUSED_INPUT', 'CU004',
            'a plan has three digests and at least one unit',
            'Use the console.');
    END IF;
    UPDATE cutter_governance.run
       SET plan_digest = p_plan_digest,
           content_digest = p_content_digest,
           n_units = p_n_units,
           baseline_digest = p_baseline_digest
     WHERE run_id = p_run_id
       AND stage = 'marked'
       AND plan_digest IS NULL;
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has a plan already, or is not at the stage for one', p_run_id),
            'A plan is immutable; start another run.');
    END IF;
    PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['marked'], 'cutplan_ok', p_event);
END $$;

-- The steps that have no effect beside the step itself; a backup must have been proven where one is claimed.
CREATE OR REPLACE FUNCTION fn_run_advance(p_run_id text, p_to text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE p_to
        WHEN 'marked' THEN PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['source_pinned'], p_to, p_event);
        WHEN 'pre_write_backup_taken' THEN
            PERFORM cutter_governance.fn_assert_backup(p_run_id);
            PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['cutplan_ok'], p_to, p_event);
        WHEN 'awaiting_cut_authorization' THEN
            PERFORM cutter_governance.fn_run_step(
                p_run_id, ARRAY['pre_write_backup_taken', 'grants_probed'], p_to, p_event);
        ELSE
            PERFORM cutter_governance.fn_stop(
                'STOP_INVARIANT_FAILED', 'CU004',
                format('%s is reached by its effect only', coalesce(p_to, 'nothing')),
                'Use the function of that phase.');
    END CASE;
END $$;

-- As cutter_verify: the rows of a cut were found in their places.
CREATE OR REPLACE FUNCTION fn_structure_record(p_run_id text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found text;
BEGIN
    PERFORM cutter_governance.fn_write_lock(true);
    SELECT d.address || ': ' || d.difference INTO found
      FROM cutter_governance.fn_draft_differences(p_run_id) d
     ORDER BY d.address LIMIT 1;
    IF found IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('the drafts of run %s are not what was signed: %s', p_run_id, found),
            'Revert the draft cut: cutter-console revert RUN --confirm RUN');
    END IF;
    PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['cut_leg_a_committed'], 'structural_verified', p_event);
END $$;

-- Off the way. A run is voided only while nothing of it was written; what was written is reverted.
CREATE OR REPLACE FUNCTION fn_run_leave(p_run_id text, p_family text, p_reason text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Whoever waits for the lock of a run that is being written looks afterwards at what was committed:
    -- the statement below has a snapshot of its own.
    PERFORM 1 FROM cutter_governance.run WHERE run_id = p_run_id FOR NO KEY UPDATE;
    UPDATE cutter_governance.run r
       SET family = p_family, reason = p_reason, changed_at = clock_timestamp()
     WHERE run_id = p_run_id
       AND stage <> 'closeout_reported'
       AND length(p_reason) BETWEEN 1 AND 500
       AND CASE p_family
           WHEN 'voided' THEN family IN ('active', 'stopped', 'failed')
           WHEN 'failed' THEN family IN ('active', 'stopped')
           WHEN 'stopped' THEN family IN ('active', 'stopped') END
       AND (p_family <> 'voided'
            OR NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = r.run_id)
               AND NOT EXISTS (SELECT 1 FROM cutter_governance.manifest_unit_block b WHERE b.run_id = r.run_id));
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s cannot be %s from where it is', p_run_id, p_family),
            'See: cutter-console run show RUN');
    END IF;
    IF p_family = 'voided' THEN
        UPDATE cutter_governance.execution_lease
           SET ended_at = clock_timestamp(), end_reason = 'the run was voided'
         WHERE id IN (SELECT l.id
                        FROM cutter_governance.execution_lease l
                       WHERE l.run_id = p_run_id
                         AND l.ended_at IS NULL
                         FOR UPDATE SKIP LOCKED);
    END IF;
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;

-- A stopped run goes on. So does one whose closeout failed: its units are law, and there is no other way to its end.
CREATE OR REPLACE FUNCTION fn_run_return(p_run_id text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cutter_governance.run SET family = 'active', reason = '', changed_at = clock_timestamp()
     WHERE run_id = p_run_id AND (family = 'stopped' OR family = 'failed' AND stage = 'lifecycle_enacted');
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s is not stopped', p_run_id),
            'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;

-- The end of the journal, anchored when the console lets go of the run; only who holds the run's directory can say it.
CREATE OR REPLACE FUNCTION fn_run_rest(p_run_id text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.run
                    WHERE run_id = p_run_id
                      AND journal_lock = encode(sha256(decode(p_event ->> 'key', 'hex')), 'hex')) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('the key of the journal of run %s was not named', p_run_id),
            'Use the console on the host that holds the run''s directory.');
    END IF;
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;

-- The counts of today become the baseline, only where a run that changed them ends.
CREATE OR REPLACE FUNCTION fn_baseline_write(p_run_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cutter_governance.baseline_pin (run_id, table_name, rows)
    SELECT p_run_id, table_name, rows
      FROM cutter_governance.v_row_count
$$;

CREATE OR REPLACE FUNCTION fn_run_close(p_run_id text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['lifecycle_enacted'], 'closeout_reported', p_event);
    PERFORM cutter_governance.fn_baseline_write(p_run_id);
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Writes
-- ---------------------------------------------------------------------------------------------------------------------

-- The one way into a manifest. The rows are read out of the bytes whose sha256 was signed, one line a unit, fields
-- split by US as in fn_manifest_digest; the bodies are slices of the canonical text, whose sha256 was signed too.
-- Returns their number; the manifest is sealed.
CREATE OR REPLACE FUNCTION fn_manifest_seal(
    r cutter_governance.run, a cutter_governance.approval, p_manifest bytea, p_canonical bytea
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
DECLARE
    n bigint;
    bad record;
    unknown text;
BEGIN
    IF encode(sha256(p_manifest), 'hex') IS DISTINCT FROM a.manifest_digest
       OR encode(sha256(p_canonical), 'hex') IS DISTINCT FROM a.canonical_sha256
       OR a.canonical_sha256 IS DISTINCT FROM r.canonical_sha256
       OR a.purpose IS DISTINCT FROM r.operation THEN
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
    SELECT r.run_id, r.operation, r.docprefix, v.id, r.plan_digest, r.content_digest, a.n_units
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
           overlay(overlay(left(l.h, 32) PLACING '8' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1)::uuid,
           overlay(overlay(right(l.h, 32) PLACING '8' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1)::uuid
      FROM (SELECT string_to_array(m.line, chr(31)) AS f,
                   encode(sha256(convert_to(r.run_id || '/' || m.place, 'UTF8')), 'hex') AS h
              FROM string_to_table(convert_from(p_manifest, 'UTF8'), chr(10)) WITH ORDINALITY AS m (line, place)
            -- OFFSET keeps the two apart: otherwise each line would be split once for each of its fields.
            OFFSET 0) l;
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
    IF n <> a.n_units OR n <> r.n_units OR num_nonnulls(bad.number, bad.outside, bad.hash, bad.span, bad.twice) > 0
       OR cutter_governance.fn_manifest_digest(r.run_id) IS DISTINCT FROM a.manifest_digest THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format(
                'the manifest does not hold: %s blocks of %s; first block out of number %s, outside of %s/ %s, with another sha256 %s, out of the text %s, of an address named twice %s',
                n, a.n_units, coalesce(bad.number::text, 'none'), r.docprefix, coalesce(bad.outside::text, 'none'),
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
            OR r.operation = 'cut'
               AND (m.address !~ '^[A-Z0-9-]{3,32}(/[A-Z0-9][A-Z0-9._-]*)+$'
                    OR m.parent_address IS NOT NULL AND coalesce(p.seq >= m.seq, true)));
    IF unknown IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('the manifest does not hold: address, parent, number or title of block %s', left(unknown, 200)),
            'Start again from the plan.');
    END IF;
    INSERT INTO cutter_governance.manifest_seal (run_id, statement_sha256, manifest_digest, n_units)
    VALUES (r.run_id, a.statement_sha256, a.manifest_digest, n);
    RETURN n;
END $$;

-- Leg A after the authorisation: seal, spend, write.
CREATE OR REPLACE FUNCTION fn_cut_write(
    r cutter_governance.run, a cutter_governance.approval, p_manifest bytea, p_canonical bytea
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off
    SET work_mem = '64MB' AS $$
DECLARE
    n integer;
    units bigint;
    versions bigint;
    at timestamptz := clock_timestamp();
BEGIN
    IF EXISTS (SELECT 1 FROM public.information_unit u WHERE u.doc_code = r.docprefix) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REPLAY_CONFLICT', 'CU004',
            format('the document %s has been cut', r.docprefix),
            'A document is cut once; a revised text needs a document prefix of its own.');
    END IF;
    PERFORM cutter_governance.fn_approval_spend(a, 'cut');
    n := cutter_governance.fn_manifest_seal(r, a, p_manifest, p_canonical);
    INSERT INTO public.information_unit (
        id, canonical_address, unit_kind, section_type, section_code, doc_code, owner_ref, publication_type,
        parent_or_container_ref, version_anchor_ref, content_anchor_ref, created_by, created_at)
    SELECT unit_id, address, unit_kind, section_type, section_code, r.docprefix, 'sovereign', 'cut', parent_address,
           version_id, body_sha256, session_user, at
      FROM cutter_governance.manifest_unit_block
     WHERE run_id = r.run_id;
    GET DIAGNOSTICS units = ROW_COUNT;
    INSERT INTO public.unit_version (
        id, unit_id, version_seq, title, body, content_hash, review_state, created_by, created_at)
    SELECT version_id, unit_id, 1, title, body, body_sha256, 'cut', session_user, at
      FROM cutter_governance.manifest_unit_block
     WHERE run_id = r.run_id;
    GET DIAGNOSTICS versions = ROW_COUNT;
    IF units <> n OR versions <> n THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s units and %s versions written, %s planned', units, versions, n),
            'Nothing was committed.');
    END IF;
    RETURN n;
END $$;

CREATE OR REPLACE FUNCTION fn_cut_apply(p_run_id text, p_manifest bytea, p_canonical bytea, p_event jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'cut');
    r cutter_governance.run;
    n integer;
BEGIN
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id AND operation = 'cut';
    PERFORM cutter_governance.fn_run_step(
        p_run_id, ARRAY['awaiting_cut_authorization'], 'cut_leg_a_committed', p_event);
    n := cutter_governance.fn_cut_write(r, a, p_manifest, p_canonical);
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'cut', 'units', n, 'versions', n);
END $$;

-- A signed edit of drafts: a new version for each unit of the manifest,
-- which must be a draft of this document and keep place and kind.
CREATE OR REPLACE FUNCTION fn_edit_apply(
    p_run_id text, p_manifest bytea, p_canonical bytea, p_event jsonb
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'edit');
    begun jsonb := cutter_governance.fn_effect_begin(p_run_id, 'edit');
    r cutter_governance.run;
    n integer;
    other text;
    units bigint;
    at timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id AND operation = 'edit';
    PERFORM cutter_governance.fn_approval_spend(a, 'edit');
    n := cutter_governance.fn_manifest_seal(r, a, p_manifest, p_canonical);
    SELECT min(b.address) INTO other
      FROM cutter_governance.manifest_unit_block b
      LEFT JOIN public.information_unit u ON u.canonical_address = b.address
     WHERE b.run_id = p_run_id
       AND (u.doc_code, u.lifecycle_status, u.unit_kind, u.section_type, u.section_code,
            coalesce(u.parent_or_container_ref, ''))
           IS DISTINCT FROM (r.docprefix, 'draft', b.unit_kind, b.section_type, b.section_code,
                             coalesce(b.parent_address, ''));
    IF other IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('%s is no draft of %s in its place', other, r.docprefix),
            'Only drafts are edited; an enacted unit is superseded.');
    END IF;
    INSERT INTO public.unit_version (
        id, unit_id, version_seq, title, body, content_hash, review_state, created_by, created_at)
    SELECT b.version_id, u.id,
           (SELECT max(v.version_seq) + 1 FROM public.unit_version v WHERE v.unit_id = u.id),
           b.title, b.body, b.body_sha256, 'edited', session_user, at
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.canonical_address = b.address
     WHERE b.run_id = p_run_id;
    UPDATE public.information_unit u
       SET version_anchor_ref = b.version_id,
           content_anchor_ref = b.body_sha256,
           updated_by = session_user,
           updated_at = at
      FROM cutter_governance.manifest_unit_block b
     WHERE b.run_id = p_run_id
       AND u.canonical_address = b.address;
    GET DIAGNOSTICS units = ROW_COUNT;
    IF units <> n THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s units edited, %s signed', units, n),
            'Nothing was committed.');
    END IF;
    PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['awaiting_cut_authorization'], 'closeout_reported', p_event);
    PERFORM cutter_governance.fn_effect_end(
        p_run_id, 'edit', begun,
        jsonb_build_object('public.unit_version', a.n_units, 'cutter_governance.manifest_envelope', 1,
                           'cutter_governance.manifest_unit_block', a.n_units));
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'edited', 'units', n);
END $$;

-- Leg B after the authorisation: the decision, the change set with its rows,
-- the signature over it and the backlog's entry; 5 + N rows.
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
    SELECT change_set, seq, unit_id, version_id FROM cutter_governance.manifest_unit_block WHERE run_id = r.run_id;
    GET DIAGNOSTICS affected = ROW_COUNT;
    IF affected <> r.n_units THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s rows recorded, %s planned', affected, r.n_units),
            'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.dot_pair_signature (change_set_id, signed_digest)
    VALUES (change_set, a.manifest_digest);
    INSERT INTO cutter_governance.decision_backlog_entry (id, run_id, subject)
    VALUES (entry, r.run_id, format('enact the %s units of %s', r.n_units, r.docprefix));
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
    VALUES (entry, 'open', 'cut into draft; waits for SG_2');
    RETURN affected;
END $$;

CREATE OR REPLACE FUNCTION fn_cut_record(p_run_id text, p_event jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval;
    r cutter_governance.run;
    affected bigint;
    begun jsonb;
BEGIN
    PERFORM cutter_governance.fn_write_lock();
    begun := cutter_governance.fn_effect_begin(p_run_id, 'record');
    PERFORM cutter_governance.fn_assert_leased(p_run_id, 'cut');
    PERFORM cutter_governance.fn_assert_backup(p_run_id);
    SELECT ap.* INTO a
      FROM cutter_governance.approval ap
      JOIN cutter_governance.approval_use u USING (statement_sha256)
     WHERE u.run_id = p_run_id
       AND u.purpose = 'cut';
    IF a.statement_sha256 IS NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has no cut to record', p_run_id),
            'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_assert_target(a, 'cut');
    PERFORM cutter_governance.fn_run_step(p_run_id, ARRAY['structural_verified'], 'leg_b_recorded', p_event);
    SELECT * INTO r FROM cutter_governance.run WHERE run_id = p_run_id;
    affected := cutter_governance.fn_record_write(r, a);
    PERFORM cutter_governance.fn_effect_end(
        p_run_id, 'record', begun,
        jsonb_build_object('cutter_governance.review_decision', 1,
                           'cutter_governance.cut_change_set', 1,
                           'cutter_governance.cut_change_set_affected_row',
                           CASE r.operation WHEN 'amend' THEN cutter_governance.fn_signed_units(a, 'touched')
                                            ELSE a.n_units END,
                           'cutter_governance.dot_pair_signature', 1,
                           'cutter_governance.decision_backlog_entry', 1,
                           'cutter_governance.decision_backlog_history', 1));
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'recorded', 'affected', affected);
END $$;

-- As cutter_verify. A PASS is only taken where the database finds the drafts as signed;
-- at the second pause a verification is repeated.
CREATE OR REPLACE FUNCTION fn_verify_record(p_run_id text, p_outcome text, p_checks jsonb, p_event jsonb) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result uuid := gen_random_uuid();
    found text;
    at_stage text;
BEGIN
    PERFORM cutter_governance.fn_write_lock(true);
    SELECT stage INTO at_stage
      FROM cutter_governance.run
     WHERE run_id = p_run_id
       AND operation = 'cut'
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
    SELECT d.address || ': ' || d.difference INTO found
      FROM cutter_governance.fn_draft_differences(p_run_id) d
     ORDER BY d.address LIMIT 1;
    IF p_outcome = 'PASS' AND found IS NOT NULL THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('the drafts of run %s are not what was signed: %s', p_run_id, found),
            'See which: cutter-console verify RUN. Revert the draft cut: cutter-console revert RUN --confirm RUN');
    END IF;
    PERFORM cutter_governance.fn_run_step(
        p_run_id, ARRAY['leg_b_recorded', 'awaiting_lifecycle_authorization'], 'awaiting_lifecycle_authorization',
        p_event);
    INSERT INTO cutter_governance.verify_result (id, run_id, outcome, checks, verified_at)
    VALUES (result, p_run_id, p_outcome, p_checks, clock_timestamp());
    INSERT INTO cutter_governance.dot_pair_signature (verify_result_id, signed_digest)
    VALUES (result, cutter_governance.fn_draft_digest(p_run_id));
    RETURN result;
END $$;

-- As cutter_verify: the edited drafts were read back. The database looks too, and takes one such event.
CREATE OR REPLACE FUNCTION fn_edit_verify_record(p_run_id text, p_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    other text;
BEGIN
    PERFORM cutter_governance.fn_write_lock(true);
    IF NOT EXISTS (SELECT 1
                     FROM cutter_governance.run
                    WHERE run_id = p_run_id
                      AND operation = 'edit'
                      AND stage = 'closeout_reported')
       OR EXISTS (SELECT 1
                    FROM cutter_governance.run_event
                   WHERE run_id = p_run_id
                     AND phase = 'write_verify'
                     AND vouched) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has no edit to verify', p_run_id),
            'See: cutter-console run show RUN');
    END IF;
    SELECT min(b.address) INTO other
      FROM cutter_governance.manifest_unit_block b
      LEFT JOIN public.information_unit u ON u.canonical_address = b.address
      LEFT JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE b.run_id = p_run_id
       AND (v.id, v.title, encode(sha256(convert_to(v.body, 'UTF8')), 'hex'))
           IS DISTINCT FROM (b.version_id, b.title, b.body_sha256);
    IF other IS NOT NULL AND p_event ->> 'outcome' = 'PASS' THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s is not as its edit was signed', other),
            'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
END $$;

-- Draft to law: only what was signed to be cut and edited, verified since, and named by SG_2.
CREATE OR REPLACE FUNCTION fn_cut_enact(p_run_id text, p_event jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'enact');
    refused text := cutter_governance.fn_draft_refusal(p_run_id);
    units bigint;
    versions bigint;
    at timestamptz := clock_timestamp();
BEGIN
    IF refused IS NULL AND a.draft_digest IS DISTINCT FROM cutter_governance.fn_draft_digest(p_run_id) THEN
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
    UPDATE public.unit_version v SET lifecycle_status = 'superseded' FROM cutter_governance.fn_draft_signed(p_run_id) d
     WHERE v.unit_id = d.unit_id AND v.id <> d.version_id AND v.lifecycle_status = 'draft';
    UPDATE public.unit_version v
       SET lifecycle_status = 'enacted', enacted_at = at, review_state = 'enacted'
      FROM cutter_governance.fn_draft_signed(p_run_id) d
     WHERE v.id = d.version_id
       AND v.lifecycle_status = 'draft';
    GET DIAGNOSTICS versions = ROW_COUNT;
    UPDATE public.information_unit u
       SET lifecycle_status = 'enacted', updated_by = session_user, updated_at = at
      FROM cutter_governance.fn_draft_signed(p_run_id) d
     WHERE u.id = d.unit_id
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
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'enacted', 'units', units, 'versions', versions);
END $$;

-- The soft revert after the authorisation: every draft of the run, and nothing else, becomes superseded.
CREATE OR REPLACE FUNCTION fn_revert_write(p_run_id text, a cutter_governance.approval) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
    taken uuid[];
    other text;
    units bigint;
BEGIN
    SELECT array_agg(l.unit_id),
           min(l.address) FILTER (WHERE NOT EXISTS (SELECT 1
                                                      FROM cutter_governance.fn_draft_signed(p_run_id) d
                                                     WHERE d.unit_id = l.unit_id))
      INTO taken, other
      FROM cutter_governance.fn_draft_lines(p_run_id) l;
    IF a.purpose IS NOT DISTINCT FROM 'revert' THEN
        IF a.draft_digest IS DISTINCT FROM cutter_governance.fn_draft_digest(p_run_id) THEN
            PERFORM cutter_governance.fn_stop(
                'STOP_DRIFT', 'CU005',
                format('the drafts of run %s are not those that the signed revert names', p_run_id),
                'Draft another one: cutter-console approval draft RUN --revert');
        END IF;
    ELSIF other IS NOT NULL OR coalesce(cardinality(taken), 0) <> a.n_units THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s drafts stand under run %s, %s were signed to be cut; not signed: %s',
                   coalesce(cardinality(taken), 0), p_run_id, a.n_units, coalesce(other, 'none')),
            'A signed revert names exactly the rows: cutter-console approval draft RUN --revert');
    END IF;
    PERFORM cutter_governance.fn_approval_spend(a, 'revert');
    INSERT INTO cutter_governance.review_decision (id, run_id, verdict, marker, statement_sha256, decided_by)
    VALUES (gen_random_uuid(), p_run_id, 'revert', 'cut_reverted', a.statement_sha256, a.signers);
    UPDATE public.unit_version v
       SET lifecycle_status = 'superseded', review_state = 'reverted'
     WHERE v.unit_id = ANY (taken)
       AND v.lifecycle_status = 'draft';
    UPDATE public.information_unit u
       SET lifecycle_status = 'superseded', updated_by = session_user, updated_at = clock_timestamp()
     WHERE u.id = ANY (taken)
       AND u.lifecycle_status = 'draft';
    GET DIAGNOSTICS units = ROW_COUNT;
    IF units <> a.n_units THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_COUNT_MISMATCH', 'CU006',
            format('%s units reverted, %s signed', units, a.n_units),
            'Nothing was committed.');
    END IF;
    INSERT INTO cutter_governance.decision_backlog_history (entry_id, status, note)
    SELECT id, 'withdrawn', 'the cut was reverted'
      FROM cutter_governance.decision_backlog_entry
     WHERE run_id = p_run_id;
    RETURN units;
END $$;

CREATE OR REPLACE FUNCTION fn_cut_revert(p_run_id text, p_event jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a cutter_governance.approval := cutter_governance.fn_authorise(p_run_id, 'revert');
    units bigint;
BEGIN
    IF EXISTS (SELECT 1
                 FROM cutter_governance.manifest_unit_block b
                 JOIN public.information_unit u ON u.id = b.unit_id
                WHERE b.run_id = p_run_id
                  AND u.lifecycle_status NOT IN ('draft', 'superseded')) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has units that are no drafts; enacted units are never reverted', p_run_id),
            'Supersede them by a new version instead.');
    END IF;
    units := cutter_governance.fn_revert_write(p_run_id, a);
    UPDATE cutter_governance.run
       SET family = 'reverted', reason = '', changed_at = clock_timestamp()
     WHERE run_id = p_run_id
       AND operation = 'cut'
       AND family IN ('active', 'stopped', 'failed')
       AND stage IN ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded', 'write_verified',
                     'awaiting_lifecycle_authorization');
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_INVARIANT_FAILED', 'CU004',
            format('run %s has no draft cut to revert', p_run_id),
            'See: cutter-console run show RUN');
    END IF;
    PERFORM cutter_governance.fn_baseline_write(p_run_id);
    PERFORM cutter_governance.fn_event_write(p_run_id, p_event);
    PERFORM cutter_governance.fn_assert_no_hold();
    RETURN jsonb_build_object('status', 'reverted', 'units', units);
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Second belts: nothing is added to a sealed manifest, and a spent ruling means the whole of its effect
-- ---------------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION guard_sealed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM cutter_governance.manifest_seal s WHERE s.run_id IN (SELECT run_id FROM new_row)) THEN
        RAISE EXCEPTION 'INSERT on %.% is refused: the manifest is sealed', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'CU004',
                  DETAIL = 'STOP_INVARIANT_FAILED',
                  HINT = 'A manifest is sealed once, with its cut; start another run.';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER guard_sealed AFTER INSERT ON manifest_envelope
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT
    EXECUTE FUNCTION guard_sealed();
CREATE OR REPLACE TRIGGER guard_sealed AFTER INSERT ON manifest_unit_block
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT
    EXECUTE FUNCTION guard_sealed();
ALTER TABLE manifest_envelope ENABLE ALWAYS TRIGGER guard_sealed;
ALTER TABLE manifest_unit_block ENABLE ALWAYS TRIGGER guard_sealed;

CREATE OR REPLACE FUNCTION guard_all_or_nothing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    planned bigint := (SELECT n_units FROM cutter_governance.manifest_seal WHERE run_id = NEW.run_id);
    done bigint;
BEGIN
    -- Of a revert: what is there is superseded.
    -- A unit may be gone, or was superseded by somebody else, and the rest is taken back all the same.
    IF NEW.purpose = 'revert' THEN
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
                    WHERE l.run_id = NEW.run_id
                      AND l.purpose = NEW.purpose) THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_EXECUTION_DISABLED', 'CU004',
            format('the lease of run %s to %s ended before COMMIT', NEW.run_id, NEW.purpose),
            'Nothing was committed. Arm it again: cutter-console arm RUN --confirm RUN');
    END IF;
    RETURN NULL;
END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What version 0.2.0 has left: manifests that hold are sealed as they are;
-- the others can only be reverted, by a signed revert
-- ---------------------------------------------------------------------------------------------------------------------
INSERT INTO manifest_seal (run_id, statement_sha256, manifest_digest, n_units)
SELECT e.run_id, a.statement_sha256, a.manifest_digest, e.n_units
  FROM manifest_envelope e
  JOIN approval_use u ON u.run_id = e.run_id AND u.purpose IN ('cut', 'edit')
  JOIN approval a ON a.statement_sha256 = u.statement_sha256
 WHERE a.manifest_digest = fn_manifest_digest(e.run_id)
   AND a.n_units = e.n_units
   AND e.n_units = (SELECT count(*)
                      FROM manifest_unit_block b
                     WHERE b.run_id = e.run_id
                       AND starts_with(b.address, e.docprefix || '/')
                       AND encode(sha256(convert_to(b.body, 'UTF8')), 'hex') = b.body_sha256)
   AND NOT EXISTS (SELECT 1
                     FROM manifest_unit_block b
                    WHERE b.run_id = e.run_id
                      AND NOT starts_with(b.address, e.docprefix || '/'))
ON CONFLICT DO NOTHING;

-- ---------------------------------------------------------------------------------------------------------------------
-- Who may do what
-- ---------------------------------------------------------------------------------------------------------------------
CREATE OR REPLACE VIEW v_run_event AS SELECT * FROM run_event;
CREATE OR REPLACE VIEW v_approval AS
    SELECT a.statement_sha256, a.kind, a.run_id, a.plan_digest, a.manifest_digest, a.policy_sha256, a.baseline_digest,
           a.draft_digest, a.review_decision_id, a.n_units, a.database, a.system_identifier, a.timeline, a.not_before,
           a.expires, a.signers, a.statement, a.signatures, a.imported_by, a.imported_at, u.purpose AS used_for,
           u.used_at, a.purpose
      FROM approval a
      LEFT JOIN approval_use u USING (statement_sha256);
-- OFFSET keeps conditions of a query out of the view:
-- a cheap function in one would hear the bodies that are no longer in force before they are left out.
CREATE OR REPLACE VIEW v_reader AS
    SELECT u.canonical_address, u.doc_code, u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code,
           u.lifecycle_status, v.version_seq, v.title, v.body
      FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.lifecycle_status IN ('draft', 'enacted') AND u.deleted_at IS NULL OFFSET 0;
CREATE OR REPLACE VIEW v_policy_pin AS
    SELECT p.policy_sha256, p.pinned_by, p.pinned_at
      FROM policy_pin p
     ORDER BY p.id DESC LIMIT 1;
CREATE OR REPLACE VIEW v_backup_proof AS
    SELECT id, run_id, file_name, file_sha256, file_bytes, recipient, recorded_by, recorded_at
      FROM backup_proof;
CREATE OR REPLACE VIEW v_manifest_seal AS
    SELECT run_id, statement_sha256, manifest_digest, n_units, sealed_by, sealed_at
      FROM manifest_seal;

REVOKE ALL ON policy_pin, manifest_seal, backup_proof, v_policy_pin, v_backup_proof, v_manifest_seal FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cutter_governance FROM PUBLIC;
GRANT SELECT ON v_policy_pin, v_backup_proof, v_manifest_seal TO cutter_ro, cutter_exec, cutter_verify;
GRANT SELECT ON policy_pin, manifest_seal, backup_proof TO cutter_exec, cutter_verify;
GRANT SELECT ON SEQUENCE policy_pin_id_seq, backup_proof_id_seq TO cutter_verify;
GRANT EXECUTE ON FUNCTION fn_draft_lines, fn_draft_units, fn_draft_differences, fn_draft_refusal, fn_draft_reading,
    fn_revert_digest, fn_readers_digest_without, fn_backup_age, fn_merkle_root TO cutter_exec, cutter_verify;
GRANT EXECUTE ON FUNCTION fn_run_create, fn_source_pin, fn_run_plan, fn_run_advance, fn_run_leave, fn_run_return,
    fn_run_rest, fn_run_close, fn_lease_arm, fn_lease_take, fn_lease_end_of, fn_cut_apply, fn_edit_apply, fn_cut_record,
    fn_cut_enact, fn_cut_revert TO cutter_exec;
GRANT EXECUTE ON FUNCTION fn_approval_import, fn_structure_record, fn_verify_record, fn_edit_verify_record,
    fn_backup_record TO cutter_verify;

-- Each guard once more, from its own printed definition:
-- PostgreSQL prints a row comparison in another way after it has read it back.
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT g.tgrelid::regclass AS tbl, g.tgname, pg_get_triggerdef(g.oid) AS definition
          FROM pg_trigger g
          JOIN pg_proc p ON p.oid = g.tgfoid
         WHERE g.tgname LIKE 'guard\_%'
           AND g.tgenabled = 'A'
           AND NOT g.tgisinternal
           AND p.pronamespace = 'cutter_governance'::regnamespace LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.tbl);
        EXECUTE t.definition;
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.tbl, t.tgname);
    END LOOP;
END $$;

-- schema: cutter_governance
-- The governance rows (leg B): append-only, one passage of one plan after the other.

CREATE TABLE IF NOT EXISTS source_document_registry (
    docprefix     text PRIMARY KEY CHECK (docprefix ~ '^[A-Z0-9][A-Z0-9-]{1,30}[A-Z0-9]$'),
    origin        text NOT NULL,
    profile       text NOT NULL,
    live_query    text,
    registered_by text NOT NULL DEFAULT session_user,
    registered_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS source_document_version_registry (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    docprefix        text NOT NULL REFERENCES source_document_registry,
    origin           text NOT NULL,
    raw_bytes        bigint NOT NULL,
    sha256           text NOT NULL,
    canonical_sha256 text NOT NULL,
    canon_rule       text NOT NULL,
    pinned_by        text NOT NULL DEFAULT session_user,
    pinned_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (docprefix, sha256)
);

CREATE TABLE IF NOT EXISTS unit_vocabulary (
    unit_kind    text NOT NULL,
    section_type text NOT NULL,
    PRIMARY KEY (unit_kind, section_type)
);

CREATE TABLE IF NOT EXISTS run (
    run_id           text PRIMARY KEY CHECK (run_id ~ '^ictr-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$'),
    operation        text NOT NULL CHECK (operation IN ('cut', 'edit')),
    docprefix        text NOT NULL REFERENCES source_document_registry,
    origin           text NOT NULL,
    profile          text NOT NULL,
    stage            text NOT NULL DEFAULT 'created',
    family           text NOT NULL DEFAULT 'active' CHECK (family IN ('active', 'failed', 'stopped', 'voided', 'reverted')),
    reason           text NOT NULL DEFAULT '',
    operator         text NOT NULL,
    host             text NOT NULL,
    source_sha256    text,
    canonical_sha256 text,
    plan_digest      text,
    content_digest   text,
    n_units          integer,
    baseline_digest  text,
    started_at       timestamptz NOT NULL DEFAULT now(),
    changed_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS run_event (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id       text NOT NULL REFERENCES run,
    phase        text NOT NULL,
    stage        text NOT NULL,
    family       text NOT NULL,
    reason       text NOT NULL DEFAULT '',
    outcome      text NOT NULL,
    record       jsonb NOT NULL,
    journal_seq  bigint NOT NULL,
    journal_head text NOT NULL,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor        text NOT NULL DEFAULT session_user,
    at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS run_event_run ON run_event (run_id, id);

CREATE TABLE IF NOT EXISTS manifest_envelope (
    run_id            text PRIMARY KEY REFERENCES run,
    operation         text NOT NULL CHECK (operation IN ('cut', 'edit')),
    docprefix         text NOT NULL,
    source_version_id uuid NOT NULL REFERENCES source_document_version_registry,
    plan_digest       text NOT NULL,
    content_digest    text NOT NULL,
    n_units           integer NOT NULL CHECK (n_units > 0),
    xid               xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_by        text NOT NULL DEFAULT session_user,
    created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS manifest_unit_block (
    run_id         text NOT NULL,
    seq            integer NOT NULL,
    address        text NOT NULL,
    parent_address text,
    unit_kind      text NOT NULL,
    section_type   text NOT NULL,
    section_code   text NOT NULL,
    title          text NOT NULL,
    body           text NOT NULL,
    body_sha256    text NOT NULL,
    byte_start     bigint NOT NULL,
    byte_end       bigint NOT NULL,
    line_start     integer NOT NULL,
    line_end       integer NOT NULL,
    unit_id        uuid NOT NULL DEFAULT gen_random_uuid(),
    version_id     uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (run_id, seq)
);

CREATE TABLE IF NOT EXISTS approval (
    statement_sha256   text PRIMARY KEY,
    kind               text NOT NULL CHECK (kind IN ('SG_1', 'SG_2')),
    run_id             text NOT NULL REFERENCES run,
    plan_digest        text NOT NULL,
    manifest_digest    text NOT NULL,
    policy_sha256      text NOT NULL,
    baseline_digest    text NOT NULL,
    draft_digest       text,
    review_decision_id uuid,
    n_units            integer NOT NULL,
    database           text NOT NULL,
    system_identifier  text NOT NULL,
    timeline           integer NOT NULL,
    not_before         timestamptz NOT NULL,
    expires            timestamptz NOT NULL,
    signers            text[] NOT NULL CHECK (cardinality(signers) > 0),
    statement          bytea NOT NULL,
    signatures         bytea[] NOT NULL,
    imported_by        text NOT NULL DEFAULT session_user,
    imported_at        timestamptz NOT NULL DEFAULT now(),
    CHECK (statement_sha256 = encode(sha256(statement), 'hex')),
    CHECK (cardinality(signatures) = cardinality(signers)),
    CHECK ((kind = 'SG_2') = (draft_digest IS NOT NULL AND review_decision_id IS NOT NULL))
);

CREATE TABLE IF NOT EXISTS approval_use (
    statement_sha256 text NOT NULL REFERENCES approval,
    purpose          text NOT NULL CHECK (purpose IN ('cut', 'edit', 'revert', 'enact', 'supersede', 'retire')),
    run_id           text NOT NULL REFERENCES run,
    xid              xid8 NOT NULL DEFAULT pg_current_xact_id(),
    used_by          text NOT NULL DEFAULT session_user,
    used_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (statement_sha256, purpose)
);
CREATE INDEX IF NOT EXISTS approval_use_xid ON approval_use (xid);

CREATE TABLE IF NOT EXISTS execution_lease (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    run_id     text NOT NULL REFERENCES run,
    purpose    text NOT NULL CHECK (purpose IN ('cut', 'edit', 'revert', 'enact', 'supersede', 'retire')),
    operator   text NOT NULL,
    host       text NOT NULL,
    armed_by   text NOT NULL DEFAULT session_user,
    armed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    end_reason text,
    CHECK (expires_at > armed_at AND expires_at <= armed_at + interval '60 minutes'),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS execution_lease_one_open ON execution_lease ((true)) WHERE ended_at IS NULL;

CREATE TABLE IF NOT EXISTS execution_lock (
    is_single boolean PRIMARY KEY DEFAULT true CHECK (is_single)
);
INSERT INTO execution_lock DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS hold_event (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action text NOT NULL CHECK (action IN ('set', 'release')),
    reason text NOT NULL,
    run_id text,
    by     text NOT NULL,
    role   text NOT NULL DEFAULT session_user,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS baseline_pin (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id        text,
    table_name    text NOT NULL,
    rows          bigint NOT NULL,
    pinned_by     text NOT NULL DEFAULT session_user,
    pinned_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS review_decision (
    id               uuid PRIMARY KEY,
    run_id           text NOT NULL REFERENCES run,
    verdict          text NOT NULL CHECK (verdict IN ('cut', 'edit', 'enact', 'revert', 'supersede', 'retire')),
    marker           text NOT NULL,
    statement_sha256 text NOT NULL REFERENCES approval,
    decided_by       text[] NOT NULL,
    decided_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS cut_change_set (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    run_id             text NOT NULL UNIQUE REFERENCES run,
    docprefix          text NOT NULL,
    plan_digest        text NOT NULL,
    review_decision_id uuid NOT NULL REFERENCES review_decision,
    n_units            integer NOT NULL,
    created_by         text NOT NULL DEFAULT session_user,
    created_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS cut_change_set_affected_row (
    change_set_id uuid NOT NULL,
    seq           integer NOT NULL,
    unit_id       uuid NOT NULL,
    version_id    uuid NOT NULL,
    PRIMARY KEY (change_set_id, seq)
);

CREATE TABLE IF NOT EXISTS verify_result (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    run_id      text NOT NULL REFERENCES run,
    outcome     text NOT NULL,
    checks      jsonb NOT NULL,
    verified_by text NOT NULL DEFAULT session_user,
    verified_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS dot_pair_signature (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    change_set_id    uuid REFERENCES cut_change_set,
    verify_result_id uuid REFERENCES verify_result,
    signed_digest    text NOT NULL,
    signed_by        text NOT NULL DEFAULT session_user,
    signed_at        timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(change_set_id, verify_result_id) = 1)
);

CREATE TABLE IF NOT EXISTS canonical_address_alias (
    alias             text PRIMARY KEY,
    canonical_address text NOT NULL,
    run_id            text,
    created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS decision_backlog_entry (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    run_id     text NOT NULL REFERENCES run,
    subject    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS decision_backlog_history (
    id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entry_id uuid NOT NULL REFERENCES decision_backlog_entry,
    status   text NOT NULL,
    note     text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
